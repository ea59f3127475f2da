// Package debs unpacks Debian packages into a folder of our own, so that a
// machine with nothing but Go, git and make can run the development database
// and the browser tests. It needs no root, and it must never change the
// system: it keeps its own package lists, installs nothing and runs no
// package's scripts.
package debs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrInstalled says that apt has nothing to fetch: the system already has the
// package and everything it needs.
var ErrInstalled = errors.New("already installed on this system")

// Set is one program with the packages it needs.
type Set struct {
	// Package is the name apt knows.
	Package string

	// Skip names dependencies that the program can do without: a name skips
	// every package that starts with it, "-name" every package that ends so.
	Skip []string

	// Check proves that an unpacked tree works. A cached tree that fails it
	// (the system under it was upgraded, say) is fetched again.
	Check func(ctx context.Context, root string) error

	// Cache overrides the cache folder.
	Cache string

	// Log receives one line before a slow step; nil is silent.
	Log func(format string, args ...any)
}

// Cached returns the tree unpacked earlier, if it still passes Check.
func (s Set) Cached(ctx context.Context) (root string, ok bool) {
	root, err := s.root()
	if err != nil {
		return "", false
	}
	if _, err := os.Stat(root); err != nil {
		return "", false
	}
	return root, s.check(ctx, root) == nil
}

// Unpack returns the tree's root, and fetches it first if the cache has none.
// Any number of processes may call it at once: one fetches, the others wait.
func (s Set) Unpack(ctx context.Context) (root string, err error) {
	root, err = s.root()
	if err != nil {
		return "", err
	}
	lock, err := Lock(ctx, root+".lock")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	if cached, ok := s.Cached(ctx); ok {
		return cached, nil
	}
	work := root + ".part"
	if err := os.RemoveAll(work); err != nil {
		return "", fmt.Errorf("clear an unfinished fetch: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	tree, err := s.fetch(ctx, work)
	if err != nil {
		return "", err
	}
	if err := s.check(ctx, tree); err != nil {
		return "", fmt.Errorf("%s was unpacked but does not run: %w", s.Package, err)
	}
	if err := os.RemoveAll(root); err != nil {
		return "", fmt.Errorf("clear an outdated tree: %w", err)
	}
	// The rename is the last step, so a tree that exists is a tree that is whole.
	if err := os.Rename(tree, root); err != nil {
		return "", fmt.Errorf("keep the unpacked tree: %w", err)
	}
	return root, nil
}

func (s Set) root() (string, error) {
	cache := s.Cache
	if cache == "" {
		var err error
		if cache, err = CacheDir(); err != nil {
			return "", err
		}
	}
	return filepath.Join(cache, s.Package+"-"+release()), nil
}

func (s Set) check(ctx context.Context, root string) error {
	if s.Check == nil {
		return nil
	}
	return s.Check(ctx, root)
}

func (s Set) logf(format string, args ...any) {
	if s.Log != nil {
		s.Log(format, args...)
	}
}

// fetch downloads and unpacks into folders below work and returns the tree.
func (s Set) fetch(ctx context.Context, work string) (string, error) {
	apt, err := newApt(work)
	if err != nil {
		return "", err
	}
	s.logf("Fetching %s with apt into %s; this happens once.", s.Package, filepath.Dir(work))

	// One unreachable third-party list must not stop us: whether the update
	// was good enough shows in the next step.
	_, updateErr := apt.run(ctx, "update")
	plan, err := apt.run(ctx, "--simulate", "--no-install-recommends", "install", s.Package)
	if err != nil {
		return "", fmt.Errorf("ask apt for %s: %w", s.Package, errors.Join(err, updateErr))
	}
	names := s.needed(plan)
	if len(names) == 0 {
		return "", fmt.Errorf("%s: %w", s.Package, ErrInstalled)
	}
	if _, err := apt.run(ctx, append([]string{"download"}, names...)...); err != nil {
		return "", fmt.Errorf("download %s with apt: %w", s.Package, err)
	}
	archives, err := filepath.Glob(filepath.Join(apt.downloads, "*.deb"))
	if err != nil {
		return "", fmt.Errorf("list downloads: %w", err)
	}
	tree := filepath.Join(work, "tree")
	for _, archive := range archives {
		if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", archive, tree).CombinedOutput(); err != nil {
			return "", fmt.Errorf("unpack %s: %w: %s", filepath.Base(archive), err, lastLine(out))
		}
	}
	return tree, nil
}

// needed reads the packages this machine lacks from apt's plan.
func (s Set) needed(plan []byte) []string {
	// A C library beside the system's own breaks every program that finds it.
	skip := append([]string{"libc6", "libc-bin"}, s.Skip...)
	var names []string
	for line := range strings.Lines(string(plan)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "Inst" {
			continue
		}
		if !slices.ContainsFunc(skip, func(rule string) bool { return matches(fields[1], rule) }) {
			names = append(names, fields[1])
		}
	}
	return names
}

func matches(name, rule string) bool {
	if strings.HasPrefix(rule, "-") {
		return strings.HasSuffix(name, rule)
	}
	return strings.HasPrefix(name, rule)
}

// LibraryPath lists the tree's library folders for LD_LIBRARY_PATH.
func LibraryPath(root string) string {
	var dirs []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu*", "lib/*-linux-gnu*"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err == nil { // only a malformed pattern fails, and ours are constants
			dirs = append(dirs, found...)
		}
	}
	return strings.Join(dirs, string(os.PathListSeparator))
}

// apt runs apt-get on lists and archives of our own.
type apt struct {
	config    string
	downloads string
}

func newApt(work string) (*apt, error) {
	for _, tool := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("find apt: %w", err)
		}
	}
	a := &apt{config: filepath.Join(work, "apt.conf"), downloads: filepath.Join(work, "downloads")}
	dirs := []string{a.downloads, filepath.Join(work, "lists", "partial"), filepath.Join(work, "cache", "archives", "partial")}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("prepare apt's folders: %w", err)
		}
	}
	// The hooks are cleared because as root they would refresh the system's
	// own caches. The sandbox user could not read our folders.
	config := fmt.Sprintf(`Dir::State::lists %q;
Dir::Cache %q;
Dir::Cache::archives %q;
Debug::NoLocking "1";
APT::Sandbox::User "";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`, filepath.Join(work, "lists"), filepath.Join(work, "cache"), filepath.Join(work, "cache", "archives"))
	if err := os.WriteFile(a.config, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("write apt's settings: %w", err)
	}
	return a, nil
}

func (a *apt) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-c", a.config, "-q"}, args...)...)
	cmd.Dir = a.downloads
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("apt-get %s: %w: %s", args[0], err, lastLine([]byte(complaints.String())))
	}
	return out, nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
