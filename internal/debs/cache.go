package debs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// CacheDir returns the folder for everything fetched once, and makes it. As
// root it lies under /var/tmp, because the unprivileged server that root
// starts could not read anything below /root.
func CacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return ownedDir("/var/tmp/merchant-portal")
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a cache folder: %w", err)
	}
	return ownedDir(filepath.Join(base, "merchant-portal"))
}

// ownedDir makes dir and refuses one that somebody else could have filled:
// programs are started from it, and /var/tmp belongs to everybody.
func ownedDir(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("look at the cache folder: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(owner.Uid) != os.Geteuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("the cache folder %s is not a folder that only this user can write to: remove it and try again", dir)
	}
	if os.Geteuid() == 0 { // root's umask must not hide the tree from the server
		if err := os.Chmod(dir, 0o755); err != nil {
			return "", fmt.Errorf("open the cache folder: %w", err)
		}
	}
	return dir, nil
}

// release names the running system, for example "debian12": a tree holds only
// what that system lacks, so the next release needs a tree of its own.
func release() string {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "unknown"
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			fields[name] = strings.Trim(value, `"`)
		}
	}
	return filepath.Base(fields["ID"] + fields["VERSION_ID"])
}
