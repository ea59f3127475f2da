package devdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// Tools are PostgreSQL's own programs for backups.
type Tools struct {
	dir, libs string
	major     int
}

// FindTools finds pg_dump and pg_restore where Start finds its server. They can
// read servers of their own version and older ones, so newest is the version
// they must have at least.
func FindTools(ctx context.Context, newest int, log func(string, ...any)) (*Tools, error) {
	if log == nil {
		log = func(string, ...any) {}
	}
	return defaultSources(log).tools(ctx, newest)
}

func (s sources) tools(ctx context.Context, newest int) (*Tools, error) {
	var problems []error
	try := func(dir, libs string) *Tools {
		t, err := toolsIn(ctx, dir, libs)
		if err == nil && t.major < newest {
			err = fmt.Errorf("%s is of PostgreSQL %d, and the server is of %d", dir, t.major, newest)
		}
		if err != nil {
			problems = append(problems, err)
			return nil
		}
		return t
	}
	if s.chosen != "" {
		if t := try(s.chosen, ""); t != nil {
			return t, nil
		}
		return nil, fmt.Errorf("PORTAL_PG_BIN is set: %w", errors.Join(problems...))
	}
	dirs, _ := filepath.Glob(s.system) // a bad pattern finds nothing
	if found, err := s.path("pg_dump"); err == nil {
		dirs = append(dirs, filepath.Dir(found))
	}
	for _, dir := range dirs {
		if t := try(dir, ""); t != nil {
			return t, nil
		}
	}
	root, cached := s.deb.Cached(ctx)
	if !cached {
		var err error
		if root, err = s.deb.Unpack(ctx); err != nil {
			problems = append(problems, err)
		}
	}
	if bin, err := inTree(ctx, root); err == nil {
		if t := try(bin.dir, bin.libs); t != nil {
			return t, nil
		}
	}
	return nil, fmt.Errorf("no pg_dump and pg_restore of PostgreSQL %d or newer was found: install postgresql-client, or set PORTAL_PG_BIN to the folder that has them: %w", newest, errors.Join(problems...))
}

func toolsIn(ctx context.Context, dir, libs string) (*Tools, error) {
	t := &Tools{dir: dir, libs: libs}
	for _, program := range []string{"pg_restore", "pg_dump"} {
		out, err := t.Command(ctx, program, nil, "--version").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("ask %s in %s for its version: %w: %s", program, dir, err, bytes.TrimSpace(out))
		}
		version := majorVersion.FindSubmatch(out)
		if version == nil {
			return nil, fmt.Errorf("%s in %s calls itself %q", program, dir, bytes.TrimSpace(out))
		}
		if t.major, err = strconv.Atoi(string(version[1])); err != nil {
			return nil, fmt.Errorf("%s in %s: %w", program, dir, err)
		}
	}
	return t, nil
}

// Command runs one of the programs with these variables and little else of our
// environment.
func (t *Tools) Command(ctx context.Context, program string, environment []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(t.dir, program), args...)
	cmd.Env = append([]string{"PATH=" + t.dir + ":/usr/bin:/bin", "HOME=" + os.TempDir(), "LC_ALL=C", "TZ=UTC"}, environment...)
	if t.libs != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+t.libs)
	}
	return cmd
}
