package app

import (
	"errors"
	"net/http"
	"time"

	"portal/internal/app/onetime"
	"portal/internal/app/password"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// Why a code is refused.
var (
	errWrongCode = errors.New("not a code of this person")
)

// takeCode uses up a code that the acting person typed: of their authenticator
// app, or one for recovery.
func (a *App) takeCode(typed string) shown {
	return func(tx *store.Tx) (string, error) {
		if onetime.LooksLikeRecovery(typed) {
			err := tx.UseRecoveryCode(onetime.RecoveryHash(typed))
			if errors.Is(err, store.ErrNotFound) {
				err = errWrongCode
			}
			return store.Recovery, err
		}
		app, err := tx.App(true)
		if errors.Is(err, store.ErrNotFound) {
			return "", errWrongCode
		}
		if err != nil {
			return "", err
		}
		step, ok := onetime.Step(app.Secret, typed, a.Clock())
		if !ok {
			return "", errWrongCode
		}
		return store.TOTP, tx.UseApp(app.ID, step)
	}
}

// refusedCode says what is wrong with a code; zero for errors that are not
// about codes.
func refusedCode(err error) text.Message {
	switch {
	case errors.Is(err, errWrongCode):
		return text.Msg("factor.code_wrong")
	case errors.Is(err, store.ErrUsedCode):
		return text.Msg("factor.code_used")
	case errors.Is(err, errWrongPasskey):
		return text.Msg("factor.passkey_wrong")
	}
	return text.Message{}
}

// newProof asks somebody signed in to show once more who they are, before
// something that matters.
func (a *App) newProof(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	next := a.ownPathOr(f.raw("next"), "")
	if err := f.check(); err != nil {
		return err
	}
	return a.proofPage(w, r, u, http.StatusOK, templates.ProofView{Next: next})
}

func (a *App) proofPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.ProofView) error {
	v.Name, v.Enrolled, v.Passkeys = u.person.Name, u.enrolled, a.passkeys != nil
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Status: status}, templates.Proof(v))
}

// createProof takes the second factor, or the password of whoever has none, and
// notes when.
func (a *App) createProof(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	typed, passkey := readProof(f, u)
	next := a.ownPathOr(f.raw("next"), "")
	if err := f.check(); err != nil {
		return err
	}
	if f.valid() {
		done, err := a.prove(w, r, u, f, typed, passkey)
		if err != nil {
			return err
		}
		if done {
			return a.seeOther(w, r, u, orHome(next), text.Message{})
		}
	}
	v := templates.ProofView{Next: next}
	v.Faults(f.errorOf(r.Context(), "password"), f.errorOf(r.Context(), "code"), f.summary(r.Context()))
	return a.proofPage(w, r, u, http.StatusUnprocessableEntity, v)
}

// readProof reads what a person shows: their passkey's answer, or what they
// typed into their field.
func readProof(f *form, u user) (typed, passkey string) {
	passkey = f.raw("credential")
	switch {
	case !u.enrolled:
		typed = f.secret("password", required)
	case passkey == "":
		typed = f.text("code", required, maxLen(40))
	}
	return typed, passkey
}

// proofField is where u shows who they are.
func proofField(u user) string {
	if u.enrolled {
		return "code"
	}
	return "password"
}

func (a *App) prove(w http.ResponseWriter, r *http.Request, u user, f *form, typed, passkey string) (done bool, err error) {
	if !u.enrolled {
		right, err := a.provePassword(r, u, typed)
		if err != nil || !right {
			f.fail("password", text.Msg("edge.password_wrong"))
			return false, err
		}
		return true, a.renew(w, r, u, func(*store.Tx) (string, error) { return store.Password, nil })
	}
	show := a.takeCode(typed)
	if passkey != "" {
		show = a.takePasskey(memoryOf(u.session).Challenge, passkey)
	}
	err = a.renewShowing(w, r, u, show)
	if m := refusedCode(err); !m.IsZero() {
		f.fail("code", m)
		return false, nil
	}
	return err == nil, err
}

// renewShowing renews the session by a second factor. Wrong ones count, so that
// a session left open is no place for guessing.
func (a *App) renewShowing(w http.ResponseWriter, r *http.Request, u user, show shown) error {
	limit := store.GuessLimit{Bucket: "proof " + u.person.ID.String(), Most: guessesPerDevice, Within: time.Hour}
	return a.guessing(r, u.actor(), "step-up", []store.GuessLimit{limit}, func(guess store.Guess) error {
		return a.renew(w, r, u, func(tx *store.Tx) (string, error) {
			factor, err := show(tx)
			if err != nil {
				return "", err
			}
			return factor, tx.ForgiveGuess(guess)
		})
	})
}

// guessing runs try as one attempt at a second factor: counted before it is
// looked at, and on record if it was wrong.
func (a *App) guessing(r *http.Request, actor store.Actor, purpose string, limits []store.GuessLimit, try func(store.Guess) error) error {
	ctx := r.Context()
	var guess store.Guess
	err := a.Store.Write(ctx, actor, func(tx *store.Tx) (err error) {
		guess, err = tx.ReserveGuess(limits...)
		return err
	})
	if err != nil {
		return err
	}
	err = try(guess)
	if refusedCode(err).IsZero() {
		return err
	}
	infoOf(r).noteRefusal(err)
	return errors.Join(err, a.Store.Write(ctx, actor, func(tx *store.Tx) error { return tx.CodeRefused(purpose) }))
}

// provePassword reports whether typed is the password of whoever is signed in.
// Wrong ones count, so that a session left open is no place for guessing.
func (a *App) provePassword(r *http.Request, u user, typed string) (right bool, err error) {
	ctx := r.Context()
	limit := store.GuessLimit{Bucket: "person " + u.person.ID.String(), Most: guessesPerDevice, Within: time.Hour}
	err = a.inTurn(r, func() error {
		var hash string
		var guess store.Guess
		err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) (err error) {
			if guess, err = tx.ReserveGuess(limit); err != nil {
				return err
			}
			hash, err = tx.PasswordHash()
			return err
		})
		if err != nil {
			return err
		}
		if right, err = password.Matches(hash, typed); err != nil || !right {
			infoOf(r).noteRefusal(errWrongPassword)
			return err
		}
		return a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return tx.ForgiveGuess(guess) })
	})
	return right, err
}
