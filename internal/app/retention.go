package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// holdsShown is how many holds the page shows, those that ended among them.
const holdsShown = 50

// showRetention tells how long what is kept, and what is held longer.
func (a *App) showRetention(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.retentionPage(w, r, u, http.StatusOK, templates.RetentionView{})
}

func (a *App) retentionPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.RetentionView) error {
	ctx := r.Context()
	v.MayAsk = u.can(store.Admin) || u.can(store.Auditor)
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.Holds(holdsShown)
		for _, h := range list {
			v.Holds = append(v.Holds, holdRow(ctx, u, h, v.MayAsk))
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.Retention(v))
}

func holdRow(ctx context.Context, u user, h store.Hold, mayDecide bool) templates.HoldRow {
	row := templates.HoldRow{
		ID: h.ID.String(), From: h.From, To: h.To, Reason: h.Reason, AskedBy: h.AskedByName, AskedAt: h.AskedAt, DecidedBy: h.DecidedBy,
		LiftReason: h.LiftReason, LiftAskedBy: h.LiftAskedName, LiftDecidedBy: h.LiftDecidedBy,
	}
	mine := h.AskedLast() == u.person.ID
	stage, meaning := "holds", ui.Good
	switch {
	case h.Decision == "":
		stage, meaning = "asked", ui.Warning
		row.MayConfirm, row.MayWithdraw = mayDecide && !mine, mine
	case !h.Binds():
		stage, meaning = "over", ui.Neutral
		if h.Decision != store.HoldConfirmed {
			stage = h.Decision
		}
	case h.Lifting():
		stage, meaning = "lifting", ui.Warning
		row.MayLift, row.MayKeep = mayDecide && !mine, mayDecide
	default:
		row.MayAskLift = mayDecide
	}
	row.Status = ui.Status{Meaning: meaning, Label: text.T(ctx, text.Prefix("retention.stage.")+stage)}
	return row
}

// createHold has the documents of some days held.
func (a *App) createHold(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := templates.RetentionView{From: f.raw("from"), To: f.raw("to"), Reason: f.raw("reason")}
	today := a.today()
	from, to := f.day("from", today, required), f.day("to", today, required)
	v.FromMeant, v.ToMeant = readings(v.From, today), readings(v.To, today)
	reason := f.paragraph("reason", required, maxLen(500))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if f.valid() && to.Compare(from) < 0 {
		f.fail("to", text.Msg("retention.error.order"))
	}
	if f.valid() && len([]rune(reason)) < 10 {
		f.fail("reason", text.Msg("retention.error.reason"))
	}
	if !f.valid() {
		v.Errors = f.summary(ctx)
		return a.retentionPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		_, err := tx.AskHold(from.Time(), to.Time(), reason)
		return err
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/admin/retention", text.Msg("retention.asked"))
}

// confirmHold agrees to a hold that somebody else asked for.
func (a *App) confirmHold(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changeHold(w, r, u, "retention.confirmed", func(tx *store.Tx, id store.ID) error { return tx.DecideHold(id, store.HoldConfirmed) })
}

// refuseHold ends a hold that was asked for.
func (a *App) refuseHold(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changeHold(w, r, u, "retention.refused", func(tx *store.Tx, id store.ID) error { return tx.DecideHold(id, store.HoldRefused) })
}

// withdrawHold has whoever asked take it back.
func (a *App) withdrawHold(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changeHold(w, r, u, "retention.withdrawn", func(tx *store.Tx, id store.ID) error { return tx.DecideHold(id, store.HoldWithdrawn) })
}

// liftHold ends a hold, as somebody else asked.
func (a *App) liftHold(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changeHold(w, r, u, "retention.lifted", func(tx *store.Tx, id store.ID) error { return tx.DecideLift(id, store.HoldLifted) })
}

// keepHold has a hold go on.
func (a *App) keepHold(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changeHold(w, r, u, "retention.kept", func(tx *store.Tx, id store.ID) error { return tx.DecideLift(id, store.HoldKept) })
}

// askLift asks that a hold end.
func (a *App) askLift(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	raw := f.raw("reason")
	reason := f.paragraph("reason", required, maxLen(500))
	if err := f.check(); err != nil {
		return err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	if f.valid() && len([]rune(reason)) < 10 {
		f.fail("reason", text.Msg("retention.error.reason"))
	}
	if !f.valid() {
		v := templates.RetentionView{Lift: id.String(), LiftReason: raw, LiftError: f.errorOf(ctx, "reason")}
		return a.retentionPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	return a.moveHold(w, r, u, id, "retention.lift_asked", func(tx *store.Tx, id store.ID) error { return tx.AskLift(id, reason) })
}

func (a *App) changeHold(w http.ResponseWriter, r *http.Request, u user, said string, change func(*store.Tx, store.ID) error) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.moveHold(w, r, u, id, said, change)
}

func (a *App) moveHold(w http.ResponseWriter, r *http.Request, u user, id store.ID, said string, change func(*store.Tx, store.ID) error) error {
	ctx := r.Context()
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if _, err := tx.Hold(id); err != nil {
			return err
		}
		return change(tx, id)
	})
	switch {
	case err == nil:
		return a.seeOther(w, r, u, "/admin/retention", text.Msg(said))
	case errors.Is(err, store.ErrStale), store.Violated(err, "hold_never_changes"):
		return a.retentionPage(w, r, u, http.StatusConflict, templates.RetentionView{Refused: text.T(ctx, "retention.refused.decided")})
	case store.Violated(err, "hold_is_confirmed_by_another"), store.Violated(err, "hold_is_lifted_by_another"):
		return a.retentionPage(w, r, u, http.StatusForbidden, templates.RetentionView{Refused: text.T(ctx, "retention.refused.own")})
	}
	return err
}
