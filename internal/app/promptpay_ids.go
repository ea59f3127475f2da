package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"portal/internal/app/promptpay"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// listPromptPayIDs shows our own PromptPay ids, with what waits for a decision.
func (a *App) listPromptPayIDs(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.promptPayPage(w, r, u, http.StatusOK, templates.PromptPayIDsView{Form: templates.PromptPayIDForm{Sends: true, Receives: true}})
}

func (a *App) promptPayPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.PromptPayIDsView) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.PromptPayIDs()
		for _, i := range list {
			v.Rows = append(v.Rows, promptPayRow(ctx, u, i))
		}
		return err
	})
	if err != nil {
		return err
	}
	v.Frame, v.MayPropose = a.alertTabs(ctx, u, "/promptpay-ids"), u.can(store.Admin)
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.PromptPayIDs(v))
}

func promptPayRow(ctx context.Context, u user, i store.PromptPayID) templates.PromptPayIDRow {
	id := promptpay.ID{Kind: promptpay.Kind(i.Kind), Value: i.Value}
	row := templates.PromptPayIDRow{ID: i.ID.String(), Label: i.Label, Kind: kindName(ctx, id.Kind), Value: id.Format(), By: i.ProposedByName, At: i.ProposedAt}
	var uses []string
	if i.Sends {
		uses = append(uses, text.T(ctx, "request.id_sends"))
	}
	if i.Receives {
		uses = append(uses, text.T(ctx, "request.id_receives"))
	}
	row.Uses = strings.Join(uses, " · ")
	switch {
	case i.Decision == nil:
		row.Status = ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "request.id_state.proposed")}
		row.MayDecide = u.can(store.Checker) && i.ProposedBy != u.person.ID
		row.MayWithdraw = i.ProposedBy == u.person.ID
	case i.ActiveFrom == nil:
		row.Status = ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, text.Prefix("request.id_state.")+*i.Decision)}
	case i.EndedAt != nil:
		row.Status = ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "request.id_state.ended")}
	case i.EndAskedBy.Valid:
		row.Status = ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "request.id_state.ending")}
		row.MayEnd = u.can(store.Checker) && i.EndAskedBy.UUID != u.person.ID
		row.MayKeep = u.can(store.Checker) || i.EndAskedBy.UUID == u.person.ID
	default:
		row.Status = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "request.id_state.active")}
		row.MayAskEnd = u.can(store.Admin)
	}
	return row
}

// proposePromptPayID has the acting administrator name an id of ours.
func (a *App) proposePromptPayID(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readForm(r)
	typed, label, uses := f.text("value", required, maxLen(40)), f.text("label", required, maxLen(80)), f.list("uses")
	if err := f.check(); err != nil {
		return err
	}
	id, err := promptpay.Parse(typed)
	switch {
	case typed == "":
	case err != nil:
		f.fail("value", promptPayFault(err))
	case id.Kind == promptpay.EWallet:
		f.fail("value", text.Msg("request.error.ewallet"))
	}
	sends, receives := slices.Contains(uses, "sends"), slices.Contains(uses, "receives")
	if !sends && !receives {
		f.fail("uses", text.Msg("request.error.uses"))
	}
	v := templates.PromptPayIDsView{Form: templates.PromptPayIDForm{
		Value: templates.Input{Value: f.raw("value"), Error: f.errorOf(ctx, "value")}, Label: templates.Input{Value: f.raw("label"), Error: f.errorOf(ctx, "label")},
		Sends: sends, Receives: receives, Uses: f.errorOf(ctx, "uses"), Errors: f.summary(ctx),
	}}
	if !f.valid() {
		return a.promptPayPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		all, err := tx.PromptPayIDs()
		if err != nil {
			return err
		}
		for _, i := range all {
			if i.Value == id.Value && i.Active() {
				return errPromptPayKnown
			}
		}
		_, err = tx.ProposePromptPayID(store.PromptPayID{Kind: string(id.Kind), Value: id.Value, Label: label, Sends: sends, Receives: receives})
		return err
	})
	if errors.Is(err, errPromptPayKnown) || store.Violated(err, "one_open_promptpay_id_proposal") {
		v.Refusal = text.T(ctx, "request.refused.id_known")
		return a.promptPayPage(w, r, u, http.StatusConflict, v)
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/promptpay-ids", text.Msg("request.id_proposed"))
}

var errPromptPayKnown = errors.New("the PromptPay id is known already")

func (a *App) approvePromptPayID(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changePromptPay(w, r, u, text.Msg("request.id_approved"), func(tx *store.Tx, id store.ID) error {
		return tx.DecidePromptPayID(id, store.ProposalApproved)
	})
}

func (a *App) rejectPromptPayID(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changePromptPay(w, r, u, text.Msg("request.id_rejected"), func(tx *store.Tx, id store.ID) error {
		return tx.DecidePromptPayID(id, store.ProposalRejected)
	})
}

func (a *App) withdrawPromptPayID(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changePromptPay(w, r, u, text.Msg("request.id_withdrawn"), func(tx *store.Tx, id store.ID) error {
		return tx.DecidePromptPayID(id, store.ProposalWithdrawn)
	})
}

func (a *App) askPromptPayEnd(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changePromptPay(w, r, u, text.Msg("request.id_end_asked"), func(tx *store.Tx, id store.ID) error { return tx.AskPromptPayEnd(id, true) })
}

func (a *App) keepPromptPayID(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changePromptPay(w, r, u, text.Msg("request.id_kept"), func(tx *store.Tx, id store.ID) error { return tx.AskPromptPayEnd(id, false) })
}

func (a *App) endPromptPayID(w http.ResponseWriter, r *http.Request, u user) error {
	return a.changePromptPay(w, r, u, text.Msg("request.id_ended"), (*store.Tx).EndPromptPayID)
}

func (a *App) changePromptPay(w http.ResponseWriter, r *http.Request, u user, said text.Message, do func(*store.Tx, store.ID) error) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.PromptPayID(id); err != nil {
			return err
		}
		return do(tx, id)
	})
	refused := func(status int, key string) error {
		return a.promptPayPage(w, r, u, status, templates.PromptPayIDsView{Refusal: text.T(r.Context(), key)})
	}
	switch {
	case err == nil:
		return a.seeOther(w, r, u, "/promptpay-ids", said)
	case errors.Is(err, store.ErrStale), store.Violated(err, "promptpay_id_stays_as_proposed"):
		return refused(http.StatusConflict, text.K("request.refused.id_moved"))
	case store.Violated(err, "promptpay_id_is_kept_once"):
		return refused(http.StatusConflict, text.K("request.refused.id_taken"))
	case store.Violated(err, "promptpay_id_is_decided_by_another"), store.Violated(err, "promptpay_id_ends_by_two"),
		store.Violated(err, "promptpay_id_is_confirmed_on_duty"), store.Violated(err, "promptpay_id_end_is_asked_for"):
		return refused(http.StatusForbidden, text.K("request.refused.id_own"))
	}
	return err
}
