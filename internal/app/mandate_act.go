package app

import (
	"errors"
	"net/http"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// askMandate puts the question how the mandate stands to the bank.
func (a *App) askMandate(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Teller.AskMandate(r.Context(), u.actor(), id)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, mandateHref(id)+"#inquiry", text.Msg("mandate.asked"))
	case errors.Is(err, store.ErrAsking):
		return a.mandatePage(w, r, u, http.StatusConflict, text.T(r.Context(), "mandate.refused.asking"))
	case errors.Is(err, teller.ErrNoReference):
		return a.mandatePage(w, r, u, http.StatusConflict, text.T(r.Context(), "mandate.refused.unnamed"))
	}
	return err
}

// mailMandate has the link sent to the payer.
func (a *App) mailMandate(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		state, err := tx.LockMandate(id)
		if err != nil {
			return err
		}
		m, err := tx.Mandate(id)
		if err != nil {
			return err
		}
		p, err := tx.Payer(m.PayerID)
		if err != nil {
			return err
		}
		if state != store.MandateWaiting || m.Channel != store.ByDeepLink || m.Link == "" || p.Email == "" {
			return store.ErrStale
		}
		return tx.QueuePayerMail(p.ID, teller.MailLink, store.About("mandate", id), p.Email)
	})
	if errors.Is(err, store.ErrStale) {
		return a.mandatePage(w, r, u, http.StatusConflict, text.T(r.Context(), "mandate.refused.not_mailable"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, mandateHref(id)+"#link", text.Msg("mandate.mailed"))
}

// abandonMandate gives a registration up.
func (a *App) abandonMandate(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		state, err := tx.LockMandate(id)
		if err == nil && state != store.MandateWaiting {
			err = store.ErrStale
		}
		if err != nil {
			return err
		}
		return tx.AbandonMandate(id, "given_up")
	})
	if errors.Is(err, store.ErrStale) {
		return a.mandatePage(w, r, u, http.StatusConflict, text.T(r.Context(), "mandate.refused.not_waiting"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, mandateHref(id), text.Msg("mandate.given_up"))
}

// newMandateCancellation asks for the reason why a mandate is to end, and shows
// what that will stop.
func (a *App) newMandateCancellation(w http.ResponseWriter, r *http.Request, u user) error {
	return a.mandateCancelPage(w, r, u, http.StatusOK, templates.MandateCancelView{Key: newKey()})
}

func (a *App) mandateCancelPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.MandateCancelView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	cancellable := false
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		m, err := q.Mandate(id)
		if err != nil {
			return err
		}
		ending, err := teller.MandateEnding(q, m)
		if err != nil {
			return err
		}
		cancellable = ending == nil && teller.Cancellable(m)
		v.Href, v.Payer, v.Code, v.Account = mandateHref(id), m.PayerName, m.PayerCode, m.DrawerAccount
		if v.Panels, err = panelsOfMandate(ctx, q, u, m); err != nil {
			return err
		}
		names, err := q.CheckersBesides([]store.ID{u.person.ID})
		v.Approvers = someNames(ctx, names)
		return err
	})
	if err != nil {
		return err
	}
	if !cancellable {
		return a.mandatePage(w, r, u, http.StatusConflict, text.T(ctx, "mandate.refused.not_cancellable"))
	}
	header := ui.Header{Title: text.T(ctx, "mandate.cancel_title", "payer", v.Payer), Crumbs: []ui.Crumb{
		{Label: text.T(ctx, "mandate.title"), Href: "/mandates"}, {Label: v.Payer, Href: v.Href},
	}}
	return a.page(w, r, u, shell{Header: header, Area: areaDebits, Status: status}, templates.MandateCancel(v))
}

// createMandateCancellation asks for approval of ending the mandate at the bank.
func (a *App) createMandateCancellation(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	typed := f.raw("reason")
	key, reason := f.key(), f.paragraph("reason", required, maxLen(140))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		return a.mandateCancelPage(w, r, u, http.StatusUnprocessableEntity, templates.MandateCancelView{
			Key: key, Reason: templates.Input{Value: typed, Error: f.errorOf(ctx, "reason")}, Errors: f.summary(ctx),
		})
	}
	_, err = a.Teller.RequestMandateCancellation(ctx, u.actor(), id, reason, key)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, mandateHref(id), text.Msg("mandate.cancel_submitted"))
	case errors.Is(err, teller.ErrNotCancellable):
		return a.mandatePage(w, r, u, http.StatusConflict, text.T(ctx, "mandate.refused.not_cancellable"))
	case errors.Is(err, teller.ErrKeyReused):
		return a.mandateCancelPage(w, r, u, http.StatusConflict, templates.MandateCancelView{
			Key: newKey(), Reason: templates.Input{Value: typed}, Refusal: text.T(ctx, "etax.refused.key"),
		})
	}
	return err
}
