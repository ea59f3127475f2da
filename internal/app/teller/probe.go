package teller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// TryOut asks that a request be sent to the stand-in bank just as it was
// written. Nothing follows from its answer but the record of it, whether it
// asks or changes something there.
func (t *Teller) TryOut(ctx context.Context, a store.Actor, operation string, body json.RawMessage) (id store.ID, err error) {
	if _, ok := krungsri.OperationByID(operation); !ok {
		return store.NoID, fmt.Errorf("%q: %w", operation, store.ErrNotFound)
	}
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Admin); err != nil {
			return err
		}
		id, err = tx.AskProbe(operation, body)
		return err
	})
	return id, err
}

// triedKey carries the name of the exchange that a probe makes to the journal.
type triedKey struct{}

// exchangeFor is the id that the next exchange gets: the one that a probe was
// given before, or a new one.
func exchangeFor(ctx context.Context, operation string) store.ID {
	if id, ok := ctx.Value(triedKey{}).(store.ID); ok && operation != krungsri.TokenOperation {
		return id
	}
	return store.NewID()
}

// TryOut sends the probes that wait, one after another. The client refuses them
// where the bank is the real one.
func (w *Worker) TryOut(ctx context.Context) error {
	for ctx.Err() == nil {
		var next store.Probe
		err := w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) (err error) {
			if err := tx.EndLostProbes(); err != nil {
				return err
			}
			next, err = tx.NextProbe(w.patience)
			if errors.Is(err, store.ErrNotFound) {
				next.ID, err = store.NoID, nil
			}
			return err
		})
		if err != nil || next.ID == store.NoID {
			return err
		}
		if err := w.tryOne(context.WithoutCancel(ctx), next); err != nil {
			return fmt.Errorf("probe %s: %w", next.ID, err)
		}
	}
	return nil
}

func (w *Worker) tryOne(ctx context.Context, t store.Probe) error {
	came := string(krungsri.NotSent)
	bank, err := w.bankOf(ctx, t.MerchantID)
	if err == nil {
		err = krungsri.Try(context.WithValue(ctx, triedKey{}, t.ExchangeID.UUID), bank, t.Operation, t.Body)
		came = string(krungsri.Done)
		if e, ok := errors.AsType[*krungsri.Error](err); ok {
			came = string(e.Outcome)
		} else if err != nil {
			came = string(krungsri.Unknown)
		}
	}
	err = w.store.Write(ctx, w.actor(t.MerchantID), func(tx *store.Tx) error { return tx.EndProbe(t.ID, came) })
	if errors.Is(err, store.ErrStale) {
		return nil // given up meanwhile
	}
	return err
}
