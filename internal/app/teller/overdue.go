package teller

import (
	"context"
	"errors"
	"fmt"

	"portal/internal/krungsri"
	"portal/internal/store"
)

const sweepBatch = 50

// Settle looks after what nobody else will: attempts whose worker died,
// instructions that were not decided in time, and forms left half typed. Each is a transaction of its own,
// so that one that cannot be settled does not hold up the others.
func (w *Worker) Settle(ctx context.Context) error {
	var overdue []store.ID
	var expiring []store.Expiring
	var stale bool
	err := w.store.Read(ctx, w.actor(store.NoID), func(q *store.Query) (err error) {
		if overdue, err = q.OverdueAttempts(sweepBatch); err != nil {
			return err
		}
		if expiring, err = q.Expiring(sweepBatch); err != nil {
			return err
		}
		stale, err = q.StaleScratches()
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, attempt := range overdue {
		if err := w.settleOverdue(ctx, attempt); err != nil {
			errs = append(errs, fmt.Errorf("attempt %s: %w", attempt, err))
		}
	}
	for _, e := range expiring {
		if err := w.expire(ctx, e); err != nil {
			errs = append(errs, fmt.Errorf("instruction %s: %w", e.ID, err))
		}
	}
	if stale {
		err := w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
			_, err := tx.ExpireScratches()
			return err
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("forgetting what was typed and never saved: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (w *Worker) settleOverdue(ctx context.Context, attempt store.ID) error {
	return w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		o, err := tx.LockOverdue(attempt)
		if errors.Is(err, store.ErrNotFound) {
			return nil // somebody else was quicker
		}
		if err != nil {
			return err
		}
		own := tx.For(o.MerchantID)
		r, err := w.fromEvidence(ctx, own, o.Instruction, attempt)
		if err != nil {
			return err
		}
		return endAttempts(own, store.Ended{Instruction: o.Instruction, Attempt: attempt, AttemptResult: r})
	})
}

func (w *Worker) expire(ctx context.Context, e store.Expiring) error {
	return w.store.Write(ctx, w.actor(e.MerchantID), func(tx *store.Tx) error {
		parts, err := tx.LockParts(e.ID)
		if err != nil {
			return err
		}
		switch lead := parts[0]; lead.State {
		case store.Pending, store.Approved:
			return move(tx, parts, lead.State, store.Expired, store.ReasonOverdue)
		}
		return nil // decided or claimed meanwhile
	})
}

// fromEvidence says what became of an attempt whose worker did not report,
// from what the journal holds: no request begun means nothing was sent, and
// the schema will let none begin any more; a recorded answer speaks for
// itself; a request without a readable answer is unknown.
func (w *Worker) fromEvidence(ctx context.Context, tx *store.Tx, i store.Instruction, attempt store.ID) (store.AttemptResult, error) {
	const gone = "worker_gone"
	lost := store.AttemptResult{Outcome: store.Unknown, Code: gone}
	id, err := tx.ExchangeOfAttempt(attempt)
	if errors.Is(err, store.ErrNotFound) {
		return store.AttemptResult{Outcome: store.NotSent, Code: gone}, nil
	}
	if err != nil {
		return lost, err
	}
	x, err := tx.Exchange(id)
	if err != nil || x.Outcome == nil {
		return lost, err
	}
	r := judged(krungsri.Outcome(*x.Outcome), *x.Code, *x.Error, "")
	if r.Outcome != store.Done {
		return r, nil
	}
	answer, err := tx.Answer(id)
	if err == nil {
		r.BankReference, err = referenceIn(i.Operation, answer)
	}
	if err != nil {
		// It was done, but under which name cannot be read any more: people
		// find out.
		w.log.ErrorContext(ctx, "worker: a recorded answer cannot be read", "attempt", attempt, "exchange", id, "err", err)
		return lost, nil
	}
	return r, nil
}
