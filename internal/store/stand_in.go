package store

import (
	"context"
	"errors"
	"fmt"
)

var (
	sqlDeclareStandIn = statement(`INSERT INTO stand_in_bank DEFAULT VALUES ON CONFLICT DO NOTHING`)
	sqlDeclareReal    = statement(`DELETE FROM stand_in_bank`)
)

// DeclareBank writes down, as the owner of the schema, whether the bank of this
// installation is a stand-in. Only with one may operations be tried out.
func DeclareBank(ctx context.Context, dsn string, standIn bool) (err error) {
	owner, err := Open(ctx, dsn, Owner, Options{MaxConns: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, owner.Close()) }()
	declared := sqlDeclareReal
	if standIn {
		declared = sqlDeclareStandIn
	}
	return owner.Write(ctx, Actor{}, func(t *Tx) error {
		n, err := t.exec(declared)
		if err != nil {
			return fmt.Errorf("declaring whether the bank is a stand-in: %w", err)
		}
		if n == 0 {
			return nil // as it was
		}
		return t.Audit("bank.declared", "bank/krungsri", map[string]any{"stand_in": standIn})
	})
}
