package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// secondStepPath is where the second factor is asked for.
const secondStepPath = "/sign-in/code"

// stepTime is how long somebody has for it.
const stepTime = 10 * time.Minute

// secondStep is what a browser remembers between the password and the second
// factor. Its cookie opens nothing else, and never becomes a session's.
type secondStep struct {
	Email     string          `json:"email"`
	Next      string          `json:"next"`
	Challenge json.RawMessage `json:"challenge,omitempty"` // for a passkey

	token  string
	person store.ID
}

// beginSecondStep asks for the second factor of somebody whose password, or
// whose company's word, was right. That attempt is forgiven; wrong codes are
// counted by themselves.
func (a *App) beginSecondStep(w http.ResponseWriter, r *http.Request, u user, account store.Account, guess store.Guess, s secondStep) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keeping a sign-in: %w", err)
	}
	token := newToken()
	err = a.Store.Write(r.Context(), actorFor(u, account.ID), func(tx *store.Tx) error {
		if err := tx.ForgiveGuess(guess); err != nil {
			return err
		}
		return tx.BeginStep(hashToken(token), store.SignInStep{Person: account.ID, Data: data}, stepTime)
	})
	if err != nil {
		return err
	}
	http.SetCookie(w, a.stepCookie(token, 0))
	return a.seeOther(w, r, user{}, secondStepPath, text.Message{})
}

// actorFor is a person who is about to be signed in.
func actorFor(u user, person store.ID) store.Actor {
	return store.Actor{Person: person, Request: u.request, Address: u.address}
}

func (a *App) stepCookie(token string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever the origin allows it
		Name: a.cookies.step, Value: token, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: a.cookies.secure, SameSite: http.SameSiteLaxMode,
	}
}

// stepOf is the sign-in that the browser is in the middle of.
func (a *App) stepOf(r *http.Request) (secondStep, error) {
	token := cookieValue(r, a.cookies.step)
	if len(token) != len(newToken()) {
		return secondStep{}, store.ErrNotFound
	}
	found, err := a.Store.SignInStep(r.Context(), hashToken(token))
	if err != nil {
		return secondStep{}, err
	}
	if found.Person == store.NoID {
		return secondStep{}, store.ErrNotFound
	}
	s := secondStep{token: token, person: found.Person}
	if err := json.Unmarshal(found.Data, &s); err != nil {
		return secondStep{}, fmt.Errorf("reading a sign-in: %w", err)
	}
	return s, nil
}

// showSecondStep asks for a code, or sends whoever has shown no password back
// to where that is asked.
func (a *App) showSecondStep(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	s, err := a.stepOf(r)
	if errors.Is(err, store.ErrNotFound) {
		return a.seeOther(w, r, u, "/sign-in", text.Message{})
	}
	if err != nil {
		return err
	}
	return a.secondStepPage(w, r, http.StatusOK, s, templates.SecondStepView{})
}

func (a *App) secondStepPage(w http.ResponseWriter, r *http.Request, status int, s secondStep, v templates.SecondStepView) error {
	v.Bare = a.bare(r.Context(), text.T(r.Context(), "factor.second_step"), secondStepPath)
	v.Email, v.Passkeys = s.Email, a.passkeys != nil
	return a.respond(w, r, status, templates.SecondStep(v))
}

// createSecondStep takes a code and begins the session.
func (a *App) createSecondStep(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	passkey, typed := f.raw("credential"), ""
	if passkey == "" {
		typed = f.text("code", required, maxLen(40))
	}
	if err := f.check(); err != nil {
		return err
	}
	s, err := a.stepOf(r)
	if errors.Is(err, store.ErrNotFound) {
		return a.signInPage(w, r, http.StatusUnprocessableEntity, templates.SignInView{TooLate: true})
	}
	if err != nil {
		return err
	}
	if f.valid() {
		show := a.takeCode(typed)
		if passkey != "" {
			show = a.takePasskey(s.Challenge, passkey)
		}
		err := a.finish(w, r, u, s, show)
		m := refusedCode(err)
		if m.IsZero() {
			return err
		}
		f.fail("code", m)
	}
	return a.secondStepPage(w, r, http.StatusUnprocessableEntity, s, templates.SecondStepView{
		CodeError: f.errorOf(r.Context(), "code"), Errors: f.summary(r.Context()),
	})
}

// finish begins the session of somebody who shows their second factor. The step
// is over in the same transaction, so that two answers begin one session.
func (a *App) finish(w http.ResponseWriter, r *http.Request, u user, s secondStep, show shown) error {
	factor, left := "", 0
	err := a.guessing(r, actorFor(u, s.person), "sign-in", a.codeLimits(r, u, s), func(guess store.Guess) error {
		account, err := a.Store.Account(r.Context(), s.Email)
		if err != nil {
			return err
		}
		if account.ID != s.person || account.Disabled {
			return store.ErrNotFound
		}
		return a.begin(w, r, u, account, s.Email, guess, func(tx *store.Tx) (_ string, err error) {
			if factor, err = show(tx); err != nil {
				return "", err
			}
			if factor == store.Recovery {
				if left, err = tx.RecoveryCodesLeft(); err != nil {
					return "", err
				}
			}
			return factor, tx.FinishStep(hashToken(s.token))
		})
	})
	if err != nil {
		return err
	}
	http.SetCookie(w, a.stepCookie("", -1))
	if factor == store.Recovery {
		u.person.ID = s.person // so that the message finds them
		return a.seeOther(w, r, u, factorsPath, text.Msg("factor.recovery_used", "left", left))
	}
	return a.seeOther(w, r, user{}, orHome(s.Next), text.Message{})
}

// codeLimits are those of passwords, counted apart: whoever guesses codes knows
// the password, and must not use up what its owner has in their own browser.
func (a *App) codeLimits(r *http.Request, u user, s secondStep) []store.GuessLimit {
	if device, ok := a.deviceOf(r, s.Email); ok {
		return []store.GuessLimit{{Bucket: "code device " + device, Most: guessesPerDevice, Within: time.Hour}}
	}
	sum := sha256.Sum256([]byte(s.person.String()))
	return []store.GuessLimit{
		{Bucket: "code account " + hex.EncodeToString(sum[:]), Most: guessesPerAccount, Within: time.Hour},
		{Bucket: "code network " + networkOf(u.address), Most: guessesPerNetwork, Within: time.Hour},
	}
}
