package devdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clusterMajor returns the PostgreSQL version that made data, empty if there
// is no cluster yet.
func clusterMajor(data string) (string, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the version of the kept data: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// initCluster makes run/data. The locale is C.UTF-8 and not C: under plain C
// pg_trgm finds no letters in Thai text.
func initCluster(ctx context.Context, bin *binaries, user account, run string) error {
	data := filepath.Join(run, "data")
	part := data + ".part"
	if err := os.RemoveAll(part); err != nil {
		return fmt.Errorf("clear an unfinished cluster: %w", err)
	}
	cmd := bin.command(context.WithoutCancel(ctx), run, "initdb",
		"-D", part, "-U", Superuser, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	p, err := startProcess(cmd, user)
	if err != nil {
		return fmt.Errorf("start initdb: %w", err)
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("make a database cluster: %w", ctx.Err()), p.stop())
	}
	if p.err != nil {
		return fmt.Errorf("make a database cluster: %w:\n%s", p.err, p.log.String())
	}
	// The rename is the last step, so a cluster that exists is whole.
	if err := os.Rename(part, data); err != nil {
		return fmt.Errorf("keep the database cluster: %w", err)
	}
	return nil
}

// retireOld ends a server that a killed process left behind on run, and
// removes its marks. The caller holds the home's lock, so nobody living looks
// after that server; it may be shutting down by itself already.
func retireOld(ctx context.Context, run string, log func(string, ...any)) error {
	data := filepath.Join(run, "data")
	socket := filepath.Join(run, ".s.PGSQL."+port)
	marks := []string{filepath.Join(data, "postmaster.pid"), socket + ".lock", socket}
	for _, mark := range marks[:2] {
		pid := firstNumber(mark)
		if pid <= 1 || !serves(ctx, pid, data) {
			continue // long dead; its number may belong to any process by now
		}
		log("Stopping the database server that an earlier run left behind.")
		if err := endServer(ctx, pid, data); err != nil {
			return err
		}
	}
	for _, mark := range marks {
		if err := os.Remove(mark); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what an earlier server left: %w", err)
		}
	}
	return nil
}

func firstNumber(file string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	n, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0
	}
	return n
}

// serves tells whether pid is a server of ours on data. The command line is
// what even root in a container may read of a process of another user, and a
// dead process that nobody collected has none.
func serves(ctx context.Context, pid int, data string) bool {
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		return slices.Contains(strings.Split(string(line), "\x00"), data)
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		return false
	}
	out, err := exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), data)
}

// endServer asks more firmly each time: fast shutdown, immediate shutdown,
// kill.
func endServer(ctx context.Context, pid int, data string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the old database server, process %d: %w", pid, err)
		}
		deadline := time.NewTimer(6 * time.Second)
		for waiting := true; waiting; {
			if !serves(ctx, pid, data) {
				deadline.Stop()
				return nil
			}
			select {
			case <-ctx.Done():
				deadline.Stop()
				return fmt.Errorf("wait for the old database server: %w", ctx.Err())
			case <-deadline.C:
				waiting = false
			case <-tick.C:
			}
		}
	}
	return fmt.Errorf("the old database server, process %d, does not end", pid)
}
