package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

const (
	// consentPath is where the bank's consent page returns to.
	consentPath = "/mandates/consent"
	// returnTime is for how long somebody may take on the bank's page: longer
	// than the bank keeps it open.
	returnTime = 20 * time.Minute
	// appReturnPath is where the bank's app returns to, on the payer's telephone.
	appReturnPath = "/registered"
	// maxLinks is how many payers are sent a link at once.
	maxLinks = 500
	// longest are the bounds of what the bank's page hands over.
	longestState, longestCode = 100, 2000
)

func (a *App) consentReturn() string { return a.origin.Scheme + "://" + a.origin.Host + consentPath }

// consentNonce ties the way to the bank's page, and back, to this session: it
// follows from the session's own token, so that it is kept nowhere.
func consentNonce(u user, mandate store.ID) string {
	mac := hmac.New(sha256.New, []byte("consent "+u.session.ID))
	mac.Write(mandate[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// newMandate asks in which way a payer is to be registered.
func (a *App) newMandate(w http.ResponseWriter, r *http.Request, u user) error {
	return a.mandateNewPage(w, r, u, http.StatusOK, templates.MandateNewView{Channel: store.ByDeepLink, Mail: true})
}

func (a *App) mandateNewPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.MandateNewView) error {
	p, err := a.payer(r, u)
	if err != nil {
		return err
	}
	if p.State != store.PayerActive {
		return a.seeOther(w, r, u, payerHref(p.ID), text.Message{})
	}
	ctx := r.Context()
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		v.Merchant, v.Account = inLanguage(ctx, m.NameTH, m.NameEN), m.AccountNumber
		homes, err := q.HomeBranches()
		if err != nil {
			return err
		}
		v.Branches = homeRows(ctx, homes)
		list, err := q.MandatesOfPayer(p.ID, payerMandatesShown)
		for _, m := range list {
			switch {
			case m.InForce() && m.CreditorAccount == v.Account:
				v.Stands, v.StandsWhy = mandateHref(m.ID), standingAdvice(ctx, m, a.today())
				if v.MayAsk = isOver(m, a.today()) && m.BankToken != ""; !v.MayAsk {
					ending, err := teller.MandateEnding(q, m)
					if err != nil {
						return err
					}
					v.MayCancel = ending == nil && teller.Cancellable(m)
				}
			case m.State == store.MandateWaiting && v.Waits == "":
				v.Waits = mandateHref(m.ID)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	v.Href, v.Payer, v.Code, v.Email = payerHref(p.ID), p.Name, p.Code, p.Email
	v.Mail = v.Mail && p.Email != ""
	header := ui.Header{Title: text.T(ctx, "mandate.new_title", "payer", p.Name), Crumbs: []ui.Crumb{
		{Label: text.T(ctx, "payer.title"), Href: "/payers"}, {Label: p.Name, Href: v.Href},
	}}
	return a.page(w, r, u, shell{Header: header, Area: areaDebits, Status: status}, templates.MandateNew(v))
}

// createMandate begins a registration.
func (a *App) createMandate(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	channel, mail, anew := f.choice("channel", store.ByDeepLink, store.ByConsent), f.flag("mail"), f.flag("anew")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.MandateNewView{Channel: channel, Mail: mail}
	if channel == "" {
		v.Refusal = text.T(ctx, "mandate.choose_way")
		return a.mandateNewPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	mandate, err := a.Teller.Register(ctx, u.actor(), teller.Registration{
		Payer: id, Channel: channel, Return: a.origin.Scheme + "://" + a.origin.Host + appReturnPath, Mail: mail && channel == store.ByDeepLink, Anew: anew,
	})
	switch {
	case errors.Is(err, teller.ErrRegistering):
		return a.seeOther(w, r, u, mandateHref(mandate), text.Msg("mandate.waits_already"))
	case errors.Is(err, teller.ErrMandateStands): // the page says so, and what to do
		return a.mandateNewPage(w, r, u, http.StatusConflict, v)
	case errors.Is(err, teller.ErrNoAddress):
		v.Refusal = text.T(ctx, "mandate.refused.no_address")
	case errors.Is(err, teller.ErrPayerArchived):
		return a.payerPage(w, r, u, id, http.StatusConflict, text.T(ctx, "payer.refused.archived"))
	case err != nil:
		return err
	}
	if v.Refusal != "" {
		return a.mandateNewPage(w, r, u, http.StatusConflict, v)
	}
	if channel == store.ByConsent {
		err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
			return tx.GoToConsent(mandate, u.sessionID, consentNonce(u, mandate), tx.Now().Add(returnTime))
		})
		if err != nil {
			return err
		}
	}
	return a.seeOther(w, r, u, mandateHref(mandate), text.Msg("mandate.started"))
}

// returnFromConsent takes in whoever comes back from the bank's consent page.
// What the bank handed over is kept sealed; the worker exchanges it.
func (a *App) returnFromConsent(w http.ResponseWriter, r *http.Request, u user) error {
	query := r.URL.Query()
	state, code, refused := query.Get("state"), query.Get("code"), query.Get("error")
	if state == "" || len(state) > longestState || len(code) > longestCode || len(refused) > longestState {
		return a.consentProblem(w, r, u, http.StatusBadRequest, text.K("mandate.return.unknown"))
	}
	var mandate store.ID
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		if mandate, err = tx.ComeBack(state, code, u.sessionID); err != nil {
			return err
		}
		held, err := tx.LockMandate(mandate)
		if err != nil || held != store.MandateWaiting {
			return err // the bank has told us of it already
		}
		if code == "" {
			return tx.RefuseMandate(mandate, "declined")
		}
		return teller.ExchangeConsent(tx, mandate, a.consentReturn())
	})
	switch {
	case err == nil, errors.Is(err, store.ErrReturnUsed), errors.Is(err, store.ErrAsking):
		return a.seeOther(w, r, u, mandateHref(mandate), text.Message{})
	case errors.Is(err, store.ErrReturnUnknown):
		return a.consentProblem(w, r, u, http.StatusForbidden, text.K("mandate.return.unknown"))
	case errors.Is(err, store.ErrReturnForeign):
		return a.consentProblem(w, r, u, http.StatusForbidden, text.K("mandate.return.foreign"))
	case errors.Is(err, store.ErrReturnLate):
		return a.mandatePageOf(w, r, u, mandate, http.StatusGone, templates.MandateView{Refusal: text.T(r.Context(), "mandate.return.late")})
	}
	return err
}

// consentProblem says why somebody who came back is not let on, and what to do.
func (a *App) consentProblem(w http.ResponseWriter, r *http.Request, u user, status int, why string) error {
	ctx := r.Context()
	header := ui.Header{Title: text.T(ctx, "mandate.return.title"), Crumbs: []ui.Crumb{{Label: text.T(ctx, "mandate.title"), Href: "/mandates"}}}
	return a.page(w, r, u, shell{Header: header, Area: areaDebits, Status: status}, templates.ConsentProblem(text.T(ctx, why)))
}

// thankPayer is what a payer sees who comes back from the bank's app. It knows
// nothing of anybody, and changes nothing.
func (a *App) thankPayer(w http.ResponseWriter, r *http.Request, _ user) error {
	return a.respond(w, r, http.StatusOK, templates.Registered())
}

// createLinks begins a registration by link for each of the chosen payers.
func (a *App) createLinks(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	every, at := f.flag("all"), payerPlace{State: store.PayerActive, Sort: store.PayersByName}
	if values, err := url.ParseQuery(strings.TrimPrefix(f.raw("list"), "?")); err == nil {
		at, _ = readPayerPlace(formOf(values))
	}
	var ids []store.ID
	for _, s := range f.list("id") {
		id, err := parseID(s)
		if err != nil {
			return &requestError{"no id of a payer"}
		}
		ids = append(ids, id)
	}
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if every {
		err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
			rows, _, err := q.Payers(at.filter(store.PayerCursor{}, maxLinks))
			ids = nil
			for _, p := range rows {
				ids = append(ids, p.ID)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(ids) == 0 || len(ids) > maxLinks {
		return a.payerListPage(w, r, u, at, store.PayerCursor{}, http.StatusUnprocessableEntity, text.T(ctx, "payer.links_none", "max", text.Int(maxLinks)))
	}
	started, left, err := a.Teller.RegisterMany(ctx, u.actor(), ids, a.origin.Scheme+"://"+a.origin.Host+appReturnPath)
	if err != nil {
		return err
	}
	reasons := map[error]int{}
	for _, why := range left {
		reasons[why]++
	}
	return a.seeOther(w, r, u, "/mandates?state=waiting", text.Msg("mandate.links_started", "n", started, "stands", reasons[teller.ErrMandateStands],
		"waits", reasons[teller.ErrRegistering], "without", reasons[teller.ErrNoAddress]))
}
