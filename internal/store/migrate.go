package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"portal/migrations"
)

// migrationLock is the advisory lock that lets several processes start at once:
// one migrates, the others wait for it instead of polling.
const migrationLock = 7_221_042

// Migrate brings the schema of the database up to date, as the owner. It
// returns how many migrations it applied.
func Migrate(ctx context.Context, dsn string) (applied int, err error) {
	connector, err := newConnector(dsn, Owner, false)
	if err != nil {
		return 0, err
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.Conn(ctx)
	if err != nil {
		return 0, fmt.Errorf("connecting to migrate: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	// A session lock: it ends with the connection, whatever happens. The wait
	// for another migration may be long.
	if _, err := lock.ExecContext(ctx, `SET lock_timeout = 0; SET statement_timeout = 0`); err != nil {
		return 0, fmt.Errorf("waiting to migrate: %w", err)
	}
	if _, err := lock.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrationLock); err != nil {
		return 0, fmt.Errorf("waiting to migrate: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, fmt.Errorf("reading migrations: %w", err)
	}
	results, err := p.Up(withActor(ctx, Actor{}))
	if err != nil {
		return len(results), fmt.Errorf("migrating: %w", err)
	}
	return len(results), nil
}

// ErrSchemaOutdated means that migrations are waiting to be run.
var ErrSchemaOutdated = errors.New("the schema is not up to date: run `portal migrate`")

// CheckSchema reports ErrSchemaOutdated unless every migration has been applied.
func CheckSchema(ctx context.Context, dsn string) (err error) {
	connector, err := newConnector(dsn, Owner, false)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	pending, err := p.HasPending(withActor(ctx, Actor{}))
	if err != nil {
		return fmt.Errorf("checking the schema: %w", err)
	}
	if pending {
		return ErrSchemaOutdated
	}
	return nil
}
