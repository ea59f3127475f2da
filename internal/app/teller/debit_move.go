package teller

import (
	"context"
	"errors"
	"time"

	"portal/internal/store"
)

// MoveDebit takes back what asks for a debit, in the version that was seen, and
// asks for it on another day: one act, so that it is never out of the way in
// between, and one approval, since what was approved was approved for its day.
// Nothing was sent, so that nothing is cancelled at the bank. Only whoever asked
// may take it back. still refuses where the day is no longer what was seen; the
// same key answers with the same lead all the same.
func (t *Teller) MoveDebit(ctx context.Context, a store.Actor, id store.ID, version int, to time.Time, reason, key string, still func(*store.Query) error) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockDebit(id); err != nil {
			return err
		}
		if lead, err = before(tx.Query, key, createDebit.id, store.About("debit", id)); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := still(tx.Query); err != nil {
			return err
		}
		d, err := tx.Debit(id)
		switch {
		case err != nil:
			return err
		case !d.InstructionID.Valid, d.State != store.DebitSubmitted && d.State != store.DebitApproved:
			return ErrNotPending
		case d.Version != version:
			return store.ErrStale
		}
		if err := withdraw(tx, d.InstructionID.UUID, reason); err != nil {
			return err
		}
		if d, err = tx.Debit(id); err != nil {
			return err
		}
		d.DebitOn = to
		if err := tx.ChangeDebit(d); err != nil {
			return err
		}
		lead, err = askForDebit(tx, id, d.Version+1, key)
		return err
	})
	point("moved")
	return lead, debitRefused(err)
}
