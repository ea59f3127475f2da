// Package devdb runs a private PostgreSQL server for development and tests:
// on a Unix socket only, as root or as an ordinary user, from whichever
// PostgreSQL the machine has or can fetch. It must never be given production
// data: it trusts everybody who can reach its socket folder.
package devdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/lib/pq" // the ping that tells when the server is ready

	"portal/internal/debs"
)

// Superuser is the role that owns the cluster.
const Superuser = "portal"

// port only names the socket file; nothing listens on TCP.
const port = "5432"

// Options says what kind of server to start. The zero value is a temporary,
// durable one.
type Options struct {
	// Dir is the folder kept between runs. Empty means a temporary one that
	// Stop removes.
	Dir string

	// Fast gives up durability and prefers a folder in memory: for tests.
	Fast bool

	// Log receives a line before a slow step; nil is silent.
	Log func(format string, args ...any)
}

// Server is a running PostgreSQL.
type Server struct {
	home      string   // lock file, and run
	run       string   // data and socket; belongs to the server's user
	lock      *os.File // says that this process looks after home
	temporary bool
	process   *process

	stopOnce sync.Once
	stopErr  error
}

// Start starts a server and returns when it answers. ctx bounds the start
// only; the server then runs until Stop, or until this process ends.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	user, err := serverUser()
	if err != nil {
		return nil, err
	}
	s := &Server{temporary: o.Dir == ""}
	if err := s.claim(ctx, o, user); err != nil {
		return nil, err
	}
	if err := s.start(ctx, o, user); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// DSN returns the address of database for user, as a URL.
func (s *Server) DSN(user, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(user),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {s.run}, "port": {port}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// Done is closed when the server has ended, asked or not.
func (s *Server) Done() <-chan struct{} { return s.process.done }

// Stop ends the server, closing open sessions, and removes a temporary
// folder. It takes 3 seconds at most and may be called more than once.
func (s *Server) Stop() error {
	s.stopOnce.Do(func() {
		if s.process != nil {
			s.stopErr = s.process.stop()
		}
		if s.temporary {
			s.stopErr = errors.Join(s.stopErr, os.RemoveAll(s.home))
		}
		s.stopErr = errors.Join(s.stopErr, s.lock.Close())
	})
	return s.stopErr
}

func (s *Server) start(ctx context.Context, o Options, user account) error {
	data := filepath.Join(s.run, "data")
	kept, err := clusterMajor(data)
	if err != nil {
		return err
	}
	bin, err := findBinaries(ctx, kept, o.Log)
	if err != nil {
		return err
	}
	if kept != "" && kept != bin.major {
		return fmt.Errorf("the data in %s were made by PostgreSQL %s but %s is PostgreSQL %s: remove that folder to start afresh, or set PORTAL_PG_BIN to the bin folder of a PostgreSQL %s",
			s.home, kept, bin.dir, bin.major, kept)
	}
	if err := user.mustReach(filepath.Join(bin.dir, "postgres")); err != nil {
		return err
	}
	if err := retireOld(ctx, s.run, o.Log); err != nil {
		return err
	}
	if kept == "" {
		if err := initCluster(ctx, bin, user, s.run); err != nil {
			return err
		}
	}
	// The server outlives the context of its start.
	cmd := bin.command(context.WithoutCancel(ctx), s.run, "postgres", serverFlags(data, s.run, o.Fast)...)
	if s.process, err = startProcess(cmd, user); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	return s.awaitReady(ctx)
}

func serverFlags(data, socketDir string, fast bool) []string {
	settings := []string{"listen_addresses=", "port=" + port, "max_connections=100", "timezone=UTC"}
	if fast {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	flags := []string{"-D", data, "-k", socketDir}
	for _, setting := range settings {
		flags = append(flags, "-c", setting)
	}
	return flags
}

func (s *Server) awaitReady(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // crash recovery can take a while
	defer cancel()
	db, err := sql.Open("postgres", s.DSN(Superuser, "postgres"))
	if err != nil {
		return fmt.Errorf("open the private database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		pingErr := db.PingContext(ctx)
		if pingErr == nil {
			return nil
		}
		select {
		case <-s.process.done:
			return fmt.Errorf("postgres ended before it was ready:\n%s", s.process.log.String())
		case <-ctx.Done():
			return fmt.Errorf("wait for postgres: %w (last answer: %w)\n%s", ctx.Err(), pingErr, s.process.log.String())
		case <-tick.C:
		}
	}
}

// DevDir returns the folder for the development data of one checkout, so that
// two checkouts never share a database.
func DevDir(checkout string) (string, error) {
	path, err := filepath.Abs(checkout)
	if err != nil {
		return "", fmt.Errorf("resolve the checkout: %w", err)
	}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	cache, err := debs.CacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "dev", shortHash(path)), nil
}
