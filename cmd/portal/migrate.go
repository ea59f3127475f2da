package main

import (
	"context"
	"errors"
	"fmt"

	"portal/internal/store"
)

// migrate brings the schema up to date, as the owner. It runs in the release
// step, while the previous release is still serving.
func (p *program) migrate(ctx context.Context, args []string) error {
	if err := parse(p.flags("migrate"), args, 0); err != nil {
		return err
	}
	c, err := load("migrate", p.lookup)
	if err != nil {
		return err
	}
	owner, err := c.ownerDatabase()
	if err != nil {
		return err
	}
	applied, err := store.Migrate(ctx, owner)
	if err != nil {
		return err
	}
	if err := store.DeclareBank(ctx, owner, !c.production); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%d migrations applied; the schema is up to date.\n", applied)
	return nil
}

// ownerDatabase is where the owner of the schema signs in.
func (c config) ownerDatabase() (string, error) {
	if dsn := c.databaseFor(c.databaseOwner); dsn != "" {
		return dsn, nil
	}
	return "", errors.New("DATABASE_OWNER_URL or DATABASE_URL is needed")
}
