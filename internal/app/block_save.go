package app

import (
	"errors"
	"net/http"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// createBlock keeps a new draft.
func (a *App) createBlock(w http.ResponseWriter, r *http.Request, u user) error {
	return a.saveBlock(w, r, u, store.NoID)
}

// updateBlock replaces the content of a draft.
func (a *App) updateBlock(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.saveBlock(w, r, u, id)
}

func (a *App) saveBlock(w http.ResponseWriter, r *http.Request, u user, id store.ID) error {
	ctx := r.Context()
	b := a.readBlockForm(readForm(r))
	key := b.key()
	if err := b.check(); err != nil {
		return err
	}
	fresh := id == store.NoID
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if !fresh {
			if _, err := q.Block(id); err != nil {
				return err
			}
		}
		if b.alert != store.NoID {
			from, err := q.AlertItself(b.alert)
			if err != nil {
				return err
			}
			// Somebody typed another sender into the form of an alert.
			if from.SenderKind != b.draft.SenderKind || from.SenderValue != b.draft.SenderValue {
				b.draft.AlertID = store.NullID(store.NoID)
			}
		}
		if err := b.lookUp(ctx, q); err != nil || b.sender.IsZero() || b.draft.ProxyID == store.NoID {
			return err
		}
		open, err := q.OpenBlock(b.draft.ProxyID, b.draft.SenderKind, b.draft.SenderValue)
		if err == nil && open.ID != id && open.ID != store.BlockOfKey(u.person.ID, key) {
			b.fail("sender", text.Msg("block.error.open"))
			b.missed.Open = blockHref(open.ID)
		}
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if b.do == "look" || !b.valid() {
		v, status := b.view(ctx), http.StatusOK
		if !fresh {
			v.ID = id.String()
		}
		if !b.valid() {
			status = http.StatusUnprocessableEntity
		}
		return a.blockFormPage(w, r, u, status, v)
	}
	b.draft.ID, b.draft.Version = id, b.version
	if fresh {
		b.draft.ID = store.BlockOfKey(u.person.ID, key)
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if fresh {
			return tx.AddBlocks(b.draft)
		}
		return tx.ChangeBlock(b.draft)
	})
	switch {
	case fresh && store.Violated(err, "blocks_pkey"): // a second click
	case errors.Is(err, store.ErrStale):
		return a.blockPage(w, r, u, id, http.StatusConflict, templates.BlockView{Refusal: text.T(ctx, "presentment.refused.stale")})
	case store.Violated(err, "block_comes_from_its_alert"):
		b.fail("sender", text.Msg("block.error.of_alert"))
		v := b.view(ctx)
		v.ID = id.String()
		return a.blockFormPage(w, r, u, http.StatusUnprocessableEntity, v)
	case store.Violated(err, "one_open_block"):
		b.fail("sender", text.Msg("block.error.open"))
		return a.blockFormPage(w, r, u, http.StatusConflict, b.view(ctx))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, blockHref(b.draft.ID), text.Msg("block.saved"))
}
