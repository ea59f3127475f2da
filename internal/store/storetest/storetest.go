// Package storetest gives each test a migrated database of its own on a real
// Postgres. It never mocks the store, and it skips only on a laptop: with CI
// set, a missing Postgres fails the test.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"portal/internal/devdb"
	"portal/internal/store"
	"portal/migrations"
)

// DB is a database of one test, dropped when the test ends.
type DB struct {
	// DSN connects as the superuser, who owns everything.
	DSN string
	// Super is a pool of the superuser: what an attacker or an operator with
	// all rights would use.
	Super *sql.DB
	t     testing.TB
}

// cluster is where the databases are made. It holds on to a server of its own,
// whose lock would otherwise be collected as garbage, and the server be taken
// for abandoned; the server ends with this process.
type cluster struct {
	dsn string
	own *devdb.Server
}

// server is one Postgres for all tests of a binary that was not given one.
var server = sync.OnceValues(func() (cluster, error) {
	if dsn := os.Getenv("TEST_DATABASE_URL"); dsn != "" {
		return cluster{dsn: dsn}, nil
	}
	s, err := devdb.Start(context.Background(), devdb.Options{Fast: true})
	if err != nil {
		return cluster{}, err
	}
	return cluster{dsn: s.DSN("portal", "postgres"), own: s}, nil
})

// MarkKey makes the blind marks in every test's database, as the edge of apptest does.
var MarkKey = bytes.Repeat([]byte("m"), 32)

// sealKey seals in every test's database.
var sealKey = bytes.Repeat([]byte("s"), 32)

// New clones the migrated template.
func New(t testing.TB) *DB {
	t.Helper()
	c, err := server()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no Postgres: %v", err)
		}
		t.Skipf("no Postgres: %v", err)
	}
	admin := c.dsn
	tmpl, err := template(admin)
	if err != nil {
		t.Fatalf("making the template database: %v", err)
	}
	name := "t_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	exec(t, admin, "CREATE DATABASE "+name+" TEMPLATE "+tmpl+" STRATEGY FILE_COPY")
	d := &DB{DSN: withDatabase(admin, name), t: t}
	d.Super, err = sql.Open("postgres", d.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Super.Close(); err != nil {
			t.Error(err)
		}
		exec(t, admin, "DROP DATABASE "+name+" WITH (FORCE)")
	})
	return d
}

// Store opens the test's database as role.
func (d *DB) Store(role store.Role) *store.Store {
	d.t.Helper()
	return d.StoreWith(role, store.Options{})
}

// StoreWith opens the test's database as role, with options besides the key.
func (d *DB) StoreWith(role store.Role, o store.Options) *store.Store {
	d.t.Helper()
	seal, err := store.NewSeal(sealKey)
	if err != nil {
		d.t.Fatal(err)
	}
	o.Seal, o.MarkKey, o.PrepareOnUse = seal, MarkKey, true
	s, err := store.Open(d.t.Context(), d.DSN, role, o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			d.t.Error(err)
		}
	})
	return s
}

// Exec runs SQL as the superuser and fails the test if it is refused.
func (d *DB) Exec(query string, args ...any) {
	d.t.Helper()
	if _, err := d.Super.ExecContext(d.t.Context(), query, args...); err != nil {
		d.t.Fatalf("%s: %v", query, err)
	}
}

// template makes the migrated database that all tests clone, once per set of
// migrations, whichever package comes first.
var template = func() func(string) (string, error) {
	var once sync.Once
	var name string
	var err error
	return func(admin string) (string, error) {
		once.Do(func() { name, err = makeTemplate(context.Background(), admin) })
		return name, err
	}
}()

func makeTemplate(ctx context.Context, admin string) (string, error) {
	name, err := templateName()
	if err != nil {
		return "", err
	}
	db, err := sql.Open("postgres", admin)
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // ends the lock
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(hashtext('portal template'))"); err != nil {
		return "", err
	}
	var done bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&done); err != nil || done {
		return name, err
	}
	making := name + "_making" // a half-migrated template must not be taken for a whole one
	for _, q := range []string{"DROP DATABASE IF EXISTS " + making, "CREATE DATABASE " + making} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return "", err
		}
	}
	if _, err := store.Migrate(ctx, withDatabase(admin, making)); err != nil {
		return "", err
	}
	if err := takeUpKey(ctx, withDatabase(admin, making)); err != nil {
		return "", err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+making+" RENAME TO "+name)
	return name, err
}

// takeUpKey does what the first process of a new installation does.
func takeUpKey(ctx context.Context, dsn string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, "SELECT take_up_first_seal_key($1)", store.KeyID(sealKey)); err != nil {
		return err
	}
	// What `portal migrate` declares outside production, without its leaf: tests
	// count from an empty trail.
	_, err = db.ExecContext(ctx, "INSERT INTO stand_in_bank DEFAULT VALUES")
	return err
}

func templateName() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(migrations.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.Files, path)
		fmt.Fprintf(h, "%s\x00%s\x00", path, text)
		return err
	})
	return "template_" + hex.EncodeToString(h.Sum(nil)[:8]), err
}

func withDatabase(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		panic(err) // the DSN is our own server's, or the developer's typing error
	}
	u.Path = "/" + name
	return u.String()
}

func exec(t testing.TB, dsn, query string) {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(context.Background(), query); err != nil {
		if e, ok := err.(*pq.Error); !ok || e.Code != "3D000" { //nolint:errorlint // straight from the driver
			t.Fatalf("%s: %v", query, err)
		}
	}
}
