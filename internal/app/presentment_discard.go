package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// newDiscard asks whether a draft shall be put out of the way.
func (a *App) newDiscard(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var p store.Presentment
	var v templates.DiscardView
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if p, err = q.Presentment(id); err != nil {
			return err
		}
		m, err := q.Merchant()
		v = templates.DiscardView{ID: id.String(), Version: p.Version, Paper: paperOf(p, m), Author: p.CreatedByName}
		return err
	})
	if err != nil {
		return err
	}
	if p.State != store.PresentmentDraft {
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.not_draft"))
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPresentments}, templates.Discard(v))
}

// createDiscard puts the draft out of the way, in the version that was seen.
func (a *App) createDiscard(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	version := f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	err = a.discard(r.Context(), u, id, version)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, billHref(id), text.Msg("presentment.discarded"))
	case errors.Is(err, store.ErrStale):
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.discard_stale"))
	case store.Violated(err, "replacement_is_not_discarded"):
		return a.billConflict(w, r, u, id, text.Msg("batch.why.replacement"))
	}
	return err
}

func (a *App) discard(ctx context.Context, u user, id store.ID, version int) error {
	return a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockPresentment(id); err != nil {
			return err
		}
		return tx.DiscardPresentment(id, version)
	})
}

// createRestoration makes a draft of what was discarded.
func (a *App) createRestoration(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	err = a.restore(ctx, u, id)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, billHref(id), text.Msg("presentment.restored"))
	case errors.Is(err, store.ErrStale):
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.not_discarded"))
	case store.Violated(err, "presentment_number_is_unique"):
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.number_taken"))
	}
	return err
}

func (a *App) restore(ctx context.Context, u user, id store.ID) error {
	return a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockPresentment(id); err != nil {
			return err
		}
		return tx.RestorePresentment(id)
	})
}

func billsToDiscard(_ context.Context, _ *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	return bills(q, ids, func(b store.BatchBill) (string, text.Message) {
		seen := strconv.Itoa(b.Version)
		switch {
		case b.State == store.PresentmentDiscarded:
			return seen, text.Msg("batch.why.discarded")
		case b.State != store.PresentmentDraft:
			return seen, text.Msg("batch.why.not_draft")
		case b.Replaces:
			return seen, text.Msg("batch.why.replacement")
		}
		return seen, text.Message{}
	})
}

func discardBefore(ctx context.Context, _ *App, _ *store.Query, _ user, _ []batchItem) ([]string, error) {
	return []string{text.T(ctx, "presentment.discard_hides"), text.T(ctx, "presentment.discard_frees"), text.T(ctx, "presentment.discard_keeps")}, nil
}

func discardStep(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, _ string) (store.ID, error) {
	version, err := strconv.Atoi(row.Seen)
	if err != nil {
		return store.NoID, err
	}
	err = a.discard(ctx, u, row.ItemID, version)
	if store.Violated(err, "replacement_is_not_discarded") {
		err = &rowRefusedError{store.RowRefused, text.Msg("batch.why.replacement")}
	}
	return store.NoID, a.unlessDone(ctx, u, b, row, store.PresentmentDiscarded, err)
}

// unlessDone forgets that a row is no longer as it was seen if that is what
// this very batch has done, in a try whose outcome was lost.
func (a *App) unlessDone(ctx context.Context, u user, b store.Batch, row store.BatchRow, state string, err error) error {
	if !errors.Is(err, store.ErrStale) {
		return err
	}
	var p store.Presentment
	if err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		p, err = q.Presentment(row.ItemID)
		return err
	}); err != nil {
		return err
	}
	if p.State == state && strconv.Itoa(p.Version) == row.Seen && b.StartedAt != nil && !p.StateSince.Before(*b.StartedAt) {
		return nil
	}
	return err
}

func billsToRestore(_ context.Context, _ *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	return bills(q, ids, func(b store.BatchBill) (string, text.Message) {
		seen := strconv.Itoa(b.Version)
		if b.State != store.PresentmentDiscarded {
			return seen, text.Msg("batch.why.not_discarded")
		}
		return seen, text.Message{}
	})
}

func restoreBefore(ctx context.Context, _ *App, _ *store.Query, _ user, _ []batchItem) ([]string, error) {
	return []string{text.T(ctx, "batch.restore.back"), text.T(ctx, "batch.restore.number")}, nil
}

func restoreStep(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, _ string) (store.ID, error) {
	err := a.restore(ctx, u, row.ItemID)
	if store.Violated(err, "presentment_number_is_unique") {
		err = &rowRefusedError{store.RowRefused, text.Msg("batch.why.number_taken")}
	}
	return store.NoID, a.unlessDone(ctx, u, b, row, store.PresentmentDraft, err)
}
