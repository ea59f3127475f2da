package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// newBlockSubmission asks once more before people are asked to agree.
func (a *App) newBlockSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.blockAskPage(w, r, u, http.StatusOK, templates.BlockAskView{Key: newKey()})
}

// newBlockLift asks why the sender's alerts are to be let in again.
func (a *App) newBlockLift(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.blockAskPage(w, r, u, http.StatusOK, templates.BlockAskView{Key: newKey(), Lift: true})
}

func (a *App) blockAskPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.BlockAskView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var b store.Block
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if b, err = q.Block(id); err != nil {
			return err
		}
		v.BlockRow, v.Full, v.Note, v.Version = blockRow(ctx, b), proxyOf(b.SenderKind, b.SenderValue).Format(), b.Note, b.Version
		files, err := q.BlockFiles(id)
		if err != nil {
			return err
		}
		v.Files = len(files)
		if v.Missed, err = missedView(ctx, q, b.SenderKind, b.SenderValue); err != nil {
			return err
		}
		v.Missed.Before = nil
		v.Approvers, err = approversBesides(ctx, q, u)
		return err
	})
	switch {
	case err != nil:
		return err
	case v.Lift && b.State != store.BlockInForce:
		return a.blockPage(w, r, u, id, http.StatusConflict, templates.BlockView{Refusal: text.T(ctx, "block.refused.not_in_force")})
	case !v.Lift && !b.Editable():
		return a.blockPage(w, r, u, id, http.StatusConflict, templates.BlockView{Refusal: text.T(ctx, "block.refused.not_editable")})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.BlockAsk(v))
}

// approversBesides says who will be asked, other than the reader.
func approversBesides(ctx context.Context, q *store.Query, u user) (string, error) {
	names, err := q.CheckersBesides(store.IDs{u.person.ID})
	return askedOf(ctx, names), err
}

// createBlockSubmission asks for approval of the block in the version that was
// seen.
func (a *App) createBlockSubmission(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	key, version := f.key(), f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	_, err = a.Teller.SubmitBlock(r.Context(), u.actor(), id, version, key)
	if err == nil {
		return a.seeOther(w, r, u, blockHref(id), text.Msg("block.submitted"))
	}
	return a.blockRefusal(w, r, u, id, err)
}

// createBlockLift asks for approval of the end of a block.
func (a *App) createBlockLift(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := f.raw("why")
	key, why := f.key(), f.paragraph("why", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		return a.blockAskPage(w, r, u, http.StatusUnprocessableEntity, templates.BlockAskView{
			Key: key, Lift: true, Why: templates.Input{Value: typed, Error: f.errorOf(ctx, "why")}, Errors: f.summary(ctx),
		})
	}
	_, err = a.Teller.LiftBlock(ctx, u.actor(), id, why, key)
	if err == nil {
		return a.seeOther(w, r, u, blockHref(id), text.Msg("block.lift_submitted"))
	}
	return a.blockRefusal(w, r, u, id, err)
}

// blockRefusals are what pages say of the teller's reasons.
var blockRefusals = []struct {
	reason error
	key    string
}{
	{store.ErrStale, text.K("presentment.refused.stale")},
	{teller.ErrKeyReused, text.K("presentment.refused.key")},
	{teller.ErrNotEditable, text.K("block.refused.not_editable")},
	{teller.ErrNotInForce, text.K("block.refused.not_in_force")},
	{teller.ErrSenderBlocked, text.K("block.error.open")},
	{teller.ErrIDNotInUse, text.K("block.refused.id")},
	{teller.ErrUnreadableID, text.K("block.unreadable")},
	{teller.ErrNotUnknown, text.K("block.refused.not_unknown")},
	{store.ErrAsking, text.K("block.comparing")},
}

func (a *App) blockRefusal(w http.ResponseWriter, r *http.Request, u user, id store.ID, err error) error {
	for _, c := range blockRefusals {
		if errors.Is(err, c.reason) {
			return a.blockPage(w, r, u, id, http.StatusConflict, templates.BlockView{Refusal: text.T(r.Context(), c.key)})
		}
	}
	return err
}

// discardBlock puts a draft out of the way.
func (a *App) discardBlock(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	version := f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockBlock(id); err != nil {
			return err
		}
		return tx.DiscardBlock(id, version)
	})
	if err != nil {
		return a.blockRefusal(w, r, u, id, err)
	}
	return a.seeOther(w, r, u, "/blocks", text.Msg("block.discarded"))
}

// askBlock asks the bank whether it has a block whose outcome is unclear.
func (a *App) askBlock(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	if err := a.Teller.AskBlock(r.Context(), u.actor(), id); err != nil {
		return a.blockRefusal(w, r, u, id, err)
	}
	return a.seeOther(w, r, u, blockHref(id), text.Msg("block.asked"))
}

// keepBlock changes of a block in force what is ours alone.
func (a *App) keepBlock(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	ctx := r.Context()
	version := f.hidden("version")
	form := templates.BlockKeepForm{Open: true, Review: templates.Input{Value: f.raw("review_on")}, Owner: templates.Input{Value: f.raw("owner")}, Note: templates.Input{Value: f.raw("note")}}
	b := store.Block{ID: id, Version: version, OwnerID: requiredID(f, "owner"), Note: f.paragraph("note", maxLen(500))}
	on := readReview(f, a.today())
	b.ReviewOn = midnight(on)
	if err := f.check(); err != nil {
		return err
	}
	if f.valid() {
		err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
			if _, err := tx.LockBlock(id); err != nil {
				return err
			}
			return tx.KeepBlock(b)
		})
		switch {
		case store.Violated(err, "block_is_owned_by_one_of_us"), store.Violated(err, "blocks_owner_id_fkey"):
			f.fail("owner", text.Msg("block.error.choose"))
		case err != nil:
			return a.blockRefusal(w, r, u, id, err)
		default:
			return a.seeOther(w, r, u, blockHref(id), text.Msg("block.kept"))
		}
	}
	form.Review.Error, form.Owner.Error, form.Note.Error = f.errorOf(ctx, "review_on"), f.errorOf(ctx, "owner"), f.errorOf(ctx, "note")
	return a.blockPage(w, r, u, id, http.StatusUnprocessableEntity, templates.BlockView{Keep: form, Errors: f.summary(ctx)})
}

// compareBlocks asks for the bank's list of each of our ids.
func (a *App) compareBlocks(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	err := a.Teller.CompareBlocks(r.Context(), u.actor())
	if err != nil && !errors.Is(err, store.ErrAsking) {
		return err
	}
	return a.seeOther(w, r, u, "/block-differences", text.Msg("block.comparing"))
}
