package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"portal/internal/app/password"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// Where links that were mailed lead. What stands in one is part of the query,
// which no log repeats.
const (
	forgottenPath  = "/sign-in/forgotten"
	invitationPath = "/invitation"
	resetPath      = "/reset"
	recoveryPath   = "/recovery"
)

// forgottenTime is how long asking for a link takes, whether or not anybody has
// the address: more than it ever needs.
const forgottenTime = 300 * time.Millisecond

// The limits on asking for links: mails are no weapon either.
const (
	resetsPerAccount = 5
	resetsPerNetwork = 30
)

// newForgotten asks for the address of whoever forgot their password.
func (a *App) newForgotten(w http.ResponseWriter, r *http.Request, _ user) error {
	f := readQuery(r)
	sent := f.flag("sent")
	if err := f.check(); err != nil {
		return err
	}
	return a.forgottenPage(w, r, http.StatusOK, templates.ForgottenView{Sent: sent})
}

func (a *App) forgottenPage(w http.ResponseWriter, r *http.Request, status int, v templates.ForgottenView) error {
	v.Bare = a.bare(r.Context(), text.T(r.Context(), "factor.forgotten"), forgottenPath)
	v.Mails = a.Mails
	return a.respond(w, r, status, templates.Forgotten(v))
}

// createForgotten has a link mailed to the address, if somebody signs in with
// it. Whether anybody does is told neither by the answer nor by its time.
func (a *App) createForgotten(w http.ResponseWriter, r *http.Request, u user) error {
	enough := time.NewTimer(forgottenTime)
	defer enough.Stop()
	f := readForm(r)
	email := strings.ToLower(f.text("email", required, maxLen(254)))
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.forgottenPage(w, r, http.StatusUnprocessableEntity, templates.ForgottenView{
			Email: f.raw("email"), EmailError: f.errorOf(r.Context(), "email"), Errors: f.summary(r.Context()),
		})
	}
	err := a.mailReset(r, u, email)
	select {
	case <-enough.C:
	case <-r.Context().Done():
		return r.Context().Err()
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, forgottenPath+"?sent=1", text.Message{})
}

func (a *App) mailReset(r *http.Request, u user, email string) error {
	ctx := r.Context()
	sum := sha256.Sum256([]byte(email))
	limits := []store.GuessLimit{
		{Bucket: "reset account " + hex.EncodeToString(sum[:]), Most: resetsPerAccount, Within: time.Hour},
		{Bucket: "reset network " + networkOf(u.address), Most: resetsPerNetwork, Within: time.Hour},
	}
	visitor := store.Actor{Request: u.request, Address: u.address}
	err := a.Store.Write(ctx, visitor, func(tx *store.Tx) error {
		_, err := tx.ReserveGuess(limits...)
		return err
	})
	if err != nil {
		return err
	}
	account, err := a.Store.Account(ctx, email)
	known := err == nil && !account.Disabled && len(account.Memberships) > 0
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return a.Store.Write(ctx, visitor, func(tx *store.Tx) error {
		if err := tx.ResetAsked(account.ID, hintOf(email)); err != nil || !known {
			return err
		}
		if err := tx.RevokeLinks(store.LinkReset, account.ID); err != nil {
			return err
		}
		_, err := tx.MakeLink(store.NewLink{Purpose: store.LinkReset, Person: account.ID, Email: email, Life: store.ResetLife, Mail: true})
		return err
	})
}

// linkIn is the link whose token a request carries, if it is for this purpose
// and works. Looking at it uses nothing up: scanners of mail look, too.
func (a *App) linkIn(r *http.Request, token, purpose string) (store.Link, error) {
	if len(token) != len(store.NewLinkToken()) {
		return store.Link{}, store.ErrNotFound
	}
	l, err := a.Store.LinkOf(r.Context(), store.HashLinkToken(token))
	if err == nil && (l.Purpose != purpose || !l.Person.Valid) {
		err = store.ErrNotFound
	}
	return l, err
}

// deadLink says that a link works no more, and what to do.
func (a *App) deadLink(w http.ResponseWriter, r *http.Request, purpose string) error {
	v := templates.DeadLinkView{Bare: a.bare(r.Context(), text.T(r.Context(), "factor.link_over"), "/sign-in"), Reset: purpose == store.LinkReset}
	return a.respond(w, r, http.StatusGone, templates.DeadLink(v))
}

// newReset asks for a new password.
func (a *App) newReset(w http.ResponseWriter, r *http.Request, _ user) error {
	f := readQuery(r)
	token := f.raw("t")
	if err := f.check(); err != nil {
		return err
	}
	l, err := a.linkIn(r, token, store.LinkReset)
	if errors.Is(err, store.ErrNotFound) {
		return a.deadLink(w, r, store.LinkReset)
	}
	if err != nil {
		return err
	}
	return a.resetPage(w, r, http.StatusOK, templates.ResetView{Token: token, Email: l.Email})
}

func (a *App) resetPage(w http.ResponseWriter, r *http.Request, status int, v templates.ResetView) error {
	v.Bare = a.bare(r.Context(), text.T(r.Context(), "edge.password_new"), "/sign-in")
	v.MinLength = password.MinLength
	return a.respond(w, r, status, templates.Reset(v))
}

// createReset sets the password and ends all sessions of the person. Their
// second factor stays: the link alone lets nobody in.
func (a *App) createReset(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	token := f.raw("t")
	chosen := f.secret("new", required)
	if err := f.check(); err != nil {
		return err
	}
	l, err := a.linkIn(r, token, store.LinkReset)
	if errors.Is(err, store.ErrNotFound) {
		return a.deadLink(w, r, store.LinkReset)
	}
	if err != nil {
		return err
	}
	if f.valid() {
		if m := passwordFault(password.Check(chosen)); !m.IsZero() {
			f.fail("new", m)
		}
	}
	if !f.valid() {
		return a.resetPage(w, r, http.StatusUnprocessableEntity, templates.ResetView{
			Token: token, Email: l.Email, NewError: f.errorOf(r.Context(), "new"), Errors: f.summary(r.Context()),
		})
	}
	var hash string
	if err := a.inTurn(r, func() error { hash = password.Hash(chosen); return nil }); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), actorFor(u, l.Person.UUID), func(tx *store.Tx) error {
		if err := tx.UseLink(l.ID); err != nil {
			return err
		}
		return tx.ChangePassword(l.Person.UUID, hash, nil)
	})
	if errors.Is(err, store.ErrStale) || store.Violated(err, store.LinkTooLate) {
		return a.deadLink(w, r, store.LinkReset)
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, user{}, "/sign-in?done=password", text.Message{})
}

// newRecovery explains what the link does that two administrators agreed on.
func (a *App) newRecovery(w http.ResponseWriter, r *http.Request, _ user) error {
	f := readQuery(r)
	token := f.raw("t")
	if err := f.check(); err != nil {
		return err
	}
	l, err := a.linkIn(r, token, store.LinkRecovery)
	if errors.Is(err, store.ErrNotFound) {
		return a.deadLink(w, r, store.LinkRecovery)
	}
	if err != nil {
		return err
	}
	return a.recoveryPage(w, r, http.StatusOK, templates.RecoveryView{Token: token, Email: l.Email})
}

func (a *App) recoveryPage(w http.ResponseWriter, r *http.Request, status int, v templates.RecoveryView) error {
	v.Bare = a.bare(r.Context(), text.T(r.Context(), "factor.recovery"), "/sign-in")
	return a.respond(w, r, status, templates.Recover(v))
}

// createRecovery takes the second factors of somebody who has lost them, knows
// their password and holds the link.
func (a *App) createRecovery(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	token := f.raw("t")
	typed := f.secret("password", required)
	if err := f.check(); err != nil {
		return err
	}
	l, err := a.linkIn(r, token, store.LinkRecovery)
	if errors.Is(err, store.ErrNotFound) {
		return a.deadLink(w, r, store.LinkRecovery)
	}
	if err != nil {
		return err
	}
	if f.valid() {
		err := a.recoverBy(r, u, l, typed)
		switch {
		case err == nil:
			return a.seeOther(w, r, user{}, "/sign-in?done=recovery", text.Message{})
		case errors.Is(err, store.ErrStale), store.Violated(err, store.LinkTooLate):
			return a.deadLink(w, r, store.LinkRecovery)
		case !errors.Is(err, errWrongPassword):
			return err
		}
		f.fail("password", text.Msg("edge.password_wrong"))
	}
	return a.recoveryPage(w, r, http.StatusUnprocessableEntity, templates.RecoveryView{
		Token: token, Email: l.Email, PasswordError: f.errorOf(r.Context(), "password"), Errors: f.summary(r.Context()),
	})
}

func (a *App) recoverBy(r *http.Request, u user, l store.Link, typed string) error {
	return a.inTurn(r, func() error {
		account, guess, err := a.authenticate(r, u, l.Email, typed)
		if err != nil {
			return err
		}
		if account.ID != l.Person.UUID {
			return errWrongPassword
		}
		return a.Store.Write(r.Context(), actorFor(u, account.ID), func(tx *store.Tx) error {
			if err := tx.UseLink(l.ID); err != nil {
				return err
			}
			return errors.Join(tx.ForgiveGuess(guess), tx.DropFactors())
		})
	})
}
