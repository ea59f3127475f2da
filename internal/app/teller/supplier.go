package teller

import (
	"context"

	"portal/internal/store"
)

// KeepSupplier stores a supplier anew, or for the first time where there was
// none before, and looks again at the alerts that have to do with it. Settle,
// which may be nil, completes it in the same transaction.
func (t *Teller) KeepSupplier(ctx context.Context, a store.Actor, s *store.Supplier, was *store.Supplier, settle func(*store.Query) error) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if settle != nil {
			if err := settle(tx.Query); err != nil {
				return err
			}
		}
		about := []store.SupplierName{nameOf(*s)}
		if was == nil {
			if err := tx.AddSupplier(*s); err != nil {
				return err
			}
			return Rejudge(tx, about...)
		}
		if err := tx.ChangeSupplier(*s); err != nil {
			return err
		}
		return Rejudge(tx, append(about, nameOf(*was))...)
	})
}

// MoveSupplier takes a supplier out of use, or back into it, in the version that
// was seen.
func (t *Teller) MoveSupplier(ctx context.Context, a store.Actor, s store.Supplier, version int, state string) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := tx.MoveSupplier(s.ID, version, state); err != nil {
			return err
		}
		return Rejudge(tx, nameOf(s))
	})
}

func nameOf(s store.Supplier) store.SupplierName {
	return store.SupplierName{Kind: s.ProxyKind, Value: s.ProxyValue, Name: s.Name}
}
