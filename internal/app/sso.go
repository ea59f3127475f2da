package app

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"portal/internal/app/company"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

const (
	ssoPath     = "/sign-in/company"
	ssoBackPath = "/sign-in/company/back"
)

// errSSONobody: the company means nobody who works here.
var errSSONobody = errors.New("the company's sign-in names nobody who works here")

// ssoStep is what a browser remembers while it is at the company's sign-in. That
// stands in the place of the password, never of the second factor, and lets in
// only who is here.
type ssoStep struct {
	company.Question
	Next string `json:"next"`
}

// beginSSO sends the browser to the company's sign-in. It is a link and no form,
// which may lead to our own pages only.
func (a *App) beginSSO(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	next := a.ownPathOr(f.raw("next"), "")
	if err := f.check(); err != nil {
		return err
	}
	if a.SSO == nil {
		return store.ErrNotFound
	}
	s := ssoStep{Question: company.Question{State: newToken(), Nonce: newToken(), Verifier: company.NewVerifier()}, Next: next}
	at, err := a.SSO.Address(r.Context(), s.Question, a.origin.String()+ssoBackPath)
	if err != nil {
		return a.ssoFailed(w, r, err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keeping a sign-in: %w", err)
	}
	token := newToken()
	err = a.Store.Write(r.Context(), store.Actor{Request: u.request, Address: u.address}, func(tx *store.Tx) error {
		return tx.BeginStep(hashToken(token), store.SignInStep{Data: data}, stepTime)
	})
	if err != nil {
		return err
	}
	http.SetCookie(w, a.stepCookie(token, 0))
	w.Header().Set("Location", at)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// finishSSO takes what the company's sign-in says of the browser that it sends
// back: the very browser that was sent, and once.
func (a *App) finishSSO(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	state, code := f.raw("state"), f.raw("code")
	for _, also := range []string{"iss", "session_state", "scope", "authuser", "prompt", "hd", "error", "error_description", "error_uri"} {
		f.raw(also)
	}
	if err := f.check(); err != nil {
		return err
	}
	if a.SSO == nil {
		return store.ErrNotFound
	}
	s, err := a.ssoStepOf(r, u, state)
	if err == nil && code == "" {
		err = company.ErrRefused
	}
	var account store.Account
	if err == nil {
		account, err = a.ssoAccount(r, u, s, code)
	}
	if err != nil {
		return a.ssoFailed(w, r, err)
	}
	email := account.Email
	if account.Enrolled {
		return a.beginSecondStep(w, r, u, account, store.Guess{}, secondStep{Email: email, Next: s.Next})
	}
	show := func(*store.Tx) (string, error) { return store.SSO, nil }
	if err := a.begin(w, r, u, account, email, store.Guess{}, show); err != nil {
		return err
	}
	http.SetCookie(w, a.stepCookie("", -1))
	return a.seeOther(w, r, user{}, orHome(s.Next), text.Message{})
}

// ssoStepOf ends the step that the browser is in, if the state is its own.
func (a *App) ssoStepOf(r *http.Request, u user, state string) (ssoStep, error) {
	token := cookieValue(r, a.cookies.step)
	var s ssoStep
	found, err := a.Store.SignInStep(r.Context(), hashToken(token))
	if errors.Is(err, store.ErrNotFound) || err == nil && found.Person != store.NoID {
		return s, company.ErrRefused
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(found.Data, &s); err != nil {
		return s, fmt.Errorf("reading a sign-in: %w", err)
	}
	if s.State == "" || subtle.ConstantTimeCompare([]byte(s.State), []byte(state)) != 1 {
		return s, company.ErrRefused
	}
	err = a.Store.Write(r.Context(), store.Actor{Request: u.request, Address: u.address}, func(tx *store.Tx) error {
		return tx.FinishStep(hashToken(token))
	})
	if errors.Is(err, store.ErrStale) {
		err = company.ErrRefused
	}
	return s, err
}

// ssoAccount is the person whom the company's sign-in means: known by their
// subject, or, the first time, by an address that it has verified.
func (a *App) ssoAccount(r *http.Request, u user, s ssoStep, code string) (store.Account, error) {
	who, err := a.SSO.Who(r.Context(), s.Question, a.origin.String()+ssoBackPath, code, a.Clock)
	if err != nil {
		return store.Account{}, err
	}
	return a.subjectAccount(r.Context(), u, who)
}

func (a *App) subjectAccount(ctx context.Context, u user, who company.Person) (store.Account, error) {
	email, err := a.Store.SubjectEmail(ctx, who.Issuer, who.Subject)
	known := err == nil
	if errors.Is(err, store.ErrNotFound) {
		email, err = who.Verified, nil
	}
	if err != nil {
		return store.Account{}, err
	}
	account, err := a.Store.Account(ctx, email)
	if errors.Is(err, store.ErrNotFound) || err == nil && account.Disabled {
		return store.Account{}, errSSONobody
	}
	if err != nil || known {
		return account, err
	}
	err = a.Store.Write(ctx, actorFor(u, account.ID), func(tx *store.Tx) error { return tx.LinkSubject(who.Issuer, who.Subject) })
	if store.Violated(err, "person_has_one_subject") {
		err = errSSONobody // the address was given to somebody else at the company
	}
	return account, err
}

// ssoFailed says on the page for signing in why the company's did not help.
func (a *App) ssoFailed(w http.ResponseWriter, r *http.Request, err error) error {
	v := templates.SignInView{}
	switch {
	case errors.Is(err, company.ErrAway):
		v.CompanyProblem = text.T(r.Context(), "factor.sso_away")
	case errors.Is(err, errSSONobody):
		v.CompanyProblem = text.T(r.Context(), "factor.sso_nobody")
	case errors.Is(err, company.ErrRefused):
		v.CompanyProblem = text.T(r.Context(), "factor.sso_refused")
	default:
		return err
	}
	infoOf(r).err, infoOf(r).signIn = err, notCompany
	return a.signInPage(w, r, http.StatusUnprocessableEntity, v)
}
