package bench

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	_ "github.com/lib/pq" // superuser connections

	"portal/internal/devdb"
)

// cluster is the private Postgres of the bench. It is durable like a real one:
// the cost of a commit is what many goals are about.
type cluster struct {
	*devdb.Server
	dir    string
	super  *sql.DB // the superuser in "postgres"
	memory string  // shared_buffers
}

// startCluster starts the server kept in dir. Its settings are written once,
// before any data is there, and need one more start.
func startCluster(ctx context.Context, dir string, log func(string, ...any)) (*cluster, error) {
	c := &cluster{dir: dir, memory: sharedBuffers()}
	for {
		var err error
		if c.Server, err = devdb.Start(ctx, devdb.Options{Dir: dir, Log: log}); err != nil {
			return nil, fmt.Errorf("start the bench's Postgres: %w", err)
		}
		if c.super, err = sql.Open("postgres", c.DSN(devdb.Superuser, "postgres")); err != nil {
			return nil, errors.Join(err, c.Stop())
		}
		var now string
		if err := c.super.QueryRowContext(ctx, `SELECT setting::bigint * 8 / 1024 || 'MB' FROM pg_settings WHERE name = 'shared_buffers'`).Scan(&now); err != nil {
			return nil, errors.Join(fmt.Errorf("read the server's settings: %w", err), c.close())
		}
		if now == c.memory {
			return c, nil
		}
		for _, setting := range []string{"shared_buffers = '" + c.memory + "'", "max_wal_size = '8GB'", "maintenance_work_mem = '512MB'"} {
			if _, err := c.super.ExecContext(ctx, "ALTER SYSTEM SET "+setting); err != nil {
				return nil, errors.Join(fmt.Errorf("set %s: %w", setting, err), c.close())
			}
		}
		if err := c.close(); err != nil {
			return nil, err
		}
	}
}

func (c *cluster) close() error { return errors.Join(c.super.Close(), c.Stop()) }

// sharedBuffers is an eighth of the memory, from 128 MB to 2 GB.
func sharedBuffers() string {
	text, err := os.ReadFile("/proc/meminfo")
	total := 1024
	if err == nil {
		if value, ok := bytes.CutPrefix(text, []byte("MemTotal:")); ok {
			line, _, _ := bytes.Cut(value, []byte("kB"))
			if n, err := strconv.Atoi(string(bytes.TrimSpace(line))); err == nil {
				total = n >> 10
			}
		}
	}
	return strconv.Itoa(min(max(total/8, 128), 2048)) + "MB"
}

// admin runs one statement as the superuser.
func (c *cluster) admin(ctx context.Context, statement string) error {
	if _, err := c.super.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func (c *cluster) exists(ctx context.Context, database string) (yes bool, err error) {
	err = c.super.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, database).Scan(&yes)
	return yes, err
}

// keep returns a database that fill fills once: later runs find it ready. What
// was made by other code or another schema goes under another name, and is
// removed here.
func (c *cluster) keep(ctx context.Context, kind, key string, fill func(dsn string) error) (dsn string, err error) {
	name := kind + "_" + key
	dsn = c.DSN(devdb.Superuser, name)
	if ready, err := c.exists(ctx, name); err != nil || ready {
		return dsn, err
	}
	if err := c.dropAll(ctx, kind+`\_%`); err != nil {
		return "", err
	}
	// A half-filled one must not be taken for a whole one.
	making := kind + "_making"
	if err := c.admin(ctx, "CREATE DATABASE "+making); err != nil {
		return "", err
	}
	if err := fill(c.DSN(devdb.Superuser, making)); err != nil {
		return "", err
	}
	if err := c.admin(ctx, "CHECKPOINT"); err != nil {
		return "", err
	}
	return dsn, c.admin(ctx, "ALTER DATABASE "+making+" RENAME TO "+name)
}

// copied makes a database for one measurement, as a copy of another.
func (c *cluster) copied(ctx context.Context, of, name string) (dsn string, drop func() error, err error) {
	from, err := url.Parse(of)
	if err != nil {
		return "", nil, err
	}
	if err := c.admin(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
		return "", nil, err
	}
	if err := c.admin(ctx, "CREATE DATABASE "+name+" TEMPLATE "+strings.TrimPrefix(from.Path, "/")+" STRATEGY FILE_COPY"); err != nil {
		return "", nil, err
	}
	drop = func() error {
		return c.admin(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
	}
	return c.DSN(devdb.Superuser, name), drop, nil
}

func (c *cluster) dropAll(ctx context.Context, like string) error {
	names, err := column[string](ctx, c.super, `SELECT datname FROM pg_database WHERE datname LIKE $1`, like)
	if err != nil {
		return fmt.Errorf("list old databases: %w", err)
	}
	for _, name := range names {
		if err := c.admin(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return err
		}
	}
	return nil
}

// Dir is where the bench of a checkout keeps its databases.
func Dir(checkout string) (string, error) {
	dir, err := devdb.DevDir(checkout)
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(filepath.Dir(dir)), "bench", filepath.Base(dir)), nil
}
