package teller

import (
	"context"

	"portal/internal/krungsri"
	"portal/internal/store"
)

const sweepBatch = 50

// Settle looks after what nobody else will: attempts whose worker died, and
// instructions that were not decided in time.
func (w *Worker) Settle(ctx context.Context) error {
	err := w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		overdue, err := tx.OverdueAttempts(sweepBatch)
		if err != nil {
			return err
		}
		for _, o := range overdue {
			own := tx.For(o.MerchantID)
			r, err := fromEvidence(own, o)
			if err != nil {
				return err
			}
			if err := endAttempt(own, o.Instruction, o.AttemptID, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		expiring, err := tx.Expiring(sweepBatch)
		if err != nil {
			return err
		}
		for _, i := range expiring {
			own := tx.For(i.MerchantID)
			parts, err := own.LockParts(i.LeadID)
			if err != nil {
				return err
			}
			if err := move(own, parts, i.State, store.Expired, store.ReasonOverdue); err != nil {
				return err
			}
		}
		return nil
	})
}

// fromEvidence says what became of an attempt whose worker did not report,
// from what the journal holds: no request begun means nothing was sent, and
// the schema will let none begin any more; a recorded answer speaks for
// itself; a request without an answer is unknown.
func fromEvidence(tx *store.Tx, o store.Overdue) (store.AttemptResult, error) {
	if !o.ExchangeID.Valid {
		return store.AttemptResult{Outcome: store.NotSent, Code: "worker_gone"}, nil
	}
	x, err := tx.Exchange(o.ExchangeID.UUID)
	if err != nil {
		return store.AttemptResult{}, err
	}
	lost := store.AttemptResult{Outcome: store.Unknown, Code: "worker_gone"}
	if x.Outcome == nil {
		return lost, nil
	}
	switch krungsri.Outcome(*x.Outcome) {
	case krungsri.NotSent:
		return store.AttemptResult{Outcome: store.NotSent, Code: "worker_gone"}, nil
	case krungsri.Refused:
		return store.AttemptResult{Outcome: store.Failed, Code: "worker_gone", Message: *x.Error}, nil
	case krungsri.Done:
		answer, err := tx.Answer(x.ID)
		if err != nil || answer == nil {
			return lost, err
		}
		reference, err := operations[o.Operation].reference(answer)
		if err != nil {
			return lost, nil //nolint:nilerr // an answer that cannot be read is an unknown outcome
		}
		return store.AttemptResult{Outcome: store.Done, BankReference: reference}, nil
	}
	return lost, nil
}
