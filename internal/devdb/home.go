package devdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"portal/internal/debs"
)

const (
	lockName = "lock"

	// A temporary home carries its final name only once its lock is held, so
	// that the sweep of another process can tell new from forgotten.
	tempName  = "portal-pg-"
	unborn    = "portal-pgnew-"
	maxSocket = 107 // bytes the kernel allows in a socket's path
)

// claim makes the home, takes its lock and makes the server's folder in it.
func (s *Server) claim(ctx context.Context, o Options, user account) error {
	var err error
	if s.temporary {
		err = s.claimTemporary(ctx, o, user)
	} else {
		err = s.claimKept(o.Dir)
	}
	if err != nil {
		return err
	}
	if err := s.makeRun(user); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

func (s *Server) claimKept(dir string) error {
	home, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("resolve %s: %w", dir, err)
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	s.home = home
	s.lock, err = debs.TryLock(filepath.Join(home, lockName))
	if errors.Is(err, debs.ErrLocked) {
		return fmt.Errorf("the database in %s is in use by another run of this checkout: stop that one first: %w", home, err)
	}
	return err
}

func (s *Server) claimTemporary(ctx context.Context, o Options, user account) error {
	parent, err := temporaryParent(o.Fast, user)
	if err != nil {
		return err
	}
	sweep(ctx, parent, o.Log)
	dir, err := os.MkdirTemp(parent, unborn)
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	s.lock, err = debs.TryLock(filepath.Join(dir, lockName))
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	s.home = filepath.Join(parent, tempName+strings.TrimPrefix(filepath.Base(dir), unborn))
	if err := os.Rename(dir, s.home); err != nil {
		return errors.Join(fmt.Errorf("name the temporary folder: %w", err), os.RemoveAll(dir), s.lock.Close())
	}
	return nil
}

// makeRun makes the folder that belongs to the server's user alone: whoever
// can enter it can use the database without a password.
func (s *Server) makeRun(user account) error {
	s.run = filepath.Join(s.home, "run")
	if socket := filepath.Join(s.run, ".s.PGSQL."+port); len(socket) > maxSocket {
		return fmt.Errorf("the folder name %s is too long for a Unix socket: choose a shorter one", s.home)
	}
	if err := os.MkdirAll(s.run, 0o700); err != nil {
		return fmt.Errorf("make the server's folder: %w", err)
	}
	if !user.other {
		return nil
	}
	if err := os.Chmod(s.home, 0o711); err != nil {
		return fmt.Errorf("open the way to the server's folder: %w", err)
	}
	if err := os.Chown(s.run, user.uid, user.gid); err != nil {
		return fmt.Errorf("hand the server its folder: %w", err)
	}
	return user.mustReach(s.run)
}

// temporaryParent prefers memory for a fast server: creating a database from a
// template is tens of times faster there when the disk is busy.
func temporaryParent(fast bool, user account) (string, error) {
	candidates := []string{os.TempDir(), "/var/tmp"}
	if fast {
		candidates = append([]string{"/dev/shm"}, candidates...)
	}
	var problems []error
	for i, dir := range candidates {
		if fast && i == 0 && !roomyMemory(dir) {
			continue
		}
		err := errors.Join(writable(dir), user.mustReach(dir))
		if err == nil {
			return dir, nil
		}
		problems = append(problems, err)
	}
	return "", fmt.Errorf("find a folder for a temporary database: %w", errors.Join(problems...))
}

func writable(dir string) error {
	probe, err := os.MkdirTemp(dir, unborn)
	if err != nil {
		return fmt.Errorf("try to write in %s: %w", dir, err)
	}
	return os.Remove(probe)
}

// sweep removes temporary homes whose process was killed before it could stop
// its server. It is a courtesy: what it cannot remove stays.
func sweep(ctx context.Context, parent string, log func(string, ...any)) {
	homes, err := filepath.Glob(filepath.Join(parent, tempName+"*"))
	if err != nil {
		return
	}
	for _, home := range homes {
		if err := sweepOne(ctx, home, log); err != nil && !errors.Is(err, debs.ErrLocked) && !errors.Is(err, fs.ErrNotExist) {
			log("Left a forgotten database in %s: %v", home, err)
		}
	}
}

func sweepOne(ctx context.Context, home string, log func(string, ...any)) error {
	info, err := os.Lstat(filepath.Join(home, lockName))
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || int(owner.Uid) != os.Geteuid() {
		return nil // another user's, who will sweep it
	}
	lock, err := debs.TryLock(filepath.Join(home, lockName))
	if err != nil {
		return err
	}
	err = retireOld(ctx, filepath.Join(home, "run"), log)
	if err == nil {
		err = os.RemoveAll(home)
	}
	return errors.Join(err, lock.Close())
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
