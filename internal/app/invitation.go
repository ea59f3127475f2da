package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"portal/internal/app/password"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// invitationsPerNetwork is how many links one network may try in an hour. There
// is nothing to guess in 256 bits; this keeps a flood from the database.
const invitationsPerNetwork = 120

// showInvitation shows whoever holds the link what they are invited to. It
// uses nothing up: programs that look at mails open the links in them.
func (a *App) showInvitation(w http.ResponseWriter, r *http.Request, _ user) error {
	f := readQuery(r)
	token := f.raw("t")
	if err := f.check(); err != nil {
		return err
	}
	l, err := a.invitationOf(r.Context(), token)
	if errors.Is(err, store.ErrNotFound) {
		return a.invitationPage(w, r, http.StatusGone, store.Link{}, templates.InvitationView{Over: true})
	}
	if err != nil {
		return err
	}
	return a.invitationPage(w, r, http.StatusOK, l, templates.InvitationView{Token: token})
}

func (a *App) invitationOf(ctx context.Context, token string) (store.Link, error) {
	if len(token) != len(store.NewLinkToken()) {
		return store.Link{}, store.ErrNotFound
	}
	l, err := a.Store.LinkOf(ctx, store.HashLinkToken(token))
	if err == nil && l.Purpose != store.LinkInvitation {
		return store.Link{}, store.ErrNotFound
	}
	return l, err
}

func (a *App) invitationPage(w http.ResponseWriter, r *http.Request, status int, l store.Link, v templates.InvitationView) error {
	ctx := r.Context()
	back := "/sign-in"
	if !v.Over {
		back = invitationPath + "?t=" + v.Token
		v.Name, v.Email, v.Known, v.MinLength = l.Name, l.Email, l.Account.Valid, password.MinLength
		v.Merchant = l.NameTH
		if text.From(ctx).Lang == text.EN {
			v.Merchant = l.NameEN
		}
		v.Duties, v.Products = dutyNames(ctx, dutiesInOrder(asDuties(l.Duties)), ""), productNames(ctx, l.Products)
	}
	v.Bare = a.bare(ctx, text.T(ctx, "people.invitation"), back)
	return a.respond(w, r, status, templates.Invitation(v))
}

// acceptInvitation makes whoever holds the link a member: with a password of
// their own choice or, if they sign in with this address already, with the one
// they have. They sign in as everybody does then, second factor and all.
func (a *App) acceptInvitation(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	token := f.raw("t")
	typed := f.secret("password", required)
	again := f.secret("again")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	var guess store.Guess
	err := a.Store.Write(ctx, store.Actor{Request: u.request, Address: u.address}, func(tx *store.Tx) (err error) {
		guess, err = tx.ReserveGuess(store.GuessLimit{Bucket: "links " + networkOf(u.address), Most: invitationsPerNetwork, Within: time.Hour})
		return err
	})
	if err != nil {
		return err
	}
	l, err := a.invitationOf(ctx, token)
	if errors.Is(err, store.ErrNotFound) {
		return a.invitationPage(w, r, http.StatusGone, store.Link{}, templates.InvitationView{Over: true})
	}
	if err != nil {
		return err
	}
	person, hash := store.NewID(), ""
	switch {
	case !f.valid():
	case l.Account.Valid:
		person = l.Account.UUID
		if err := a.proveInvited(r, u, l, typed); errors.Is(err, errWrongPassword) {
			f.fail("password", text.Msg("edge.password_wrong"))
		} else if err != nil {
			return err
		}
	default:
		if m := passwordFault(password.Check(typed)); !m.IsZero() {
			f.fail("password", m)
		} else if typed != again {
			f.fail("again", text.Msg("people.error.again"))
		}
	}
	if !f.valid() {
		return a.invitationPage(w, r, http.StatusUnprocessableEntity, l, templates.InvitationView{
			Token: token, PasswordError: f.errorOf(ctx, "password"), AgainError: f.errorOf(ctx, "again"), Errors: f.summary(ctx),
		})
	}
	if !l.Account.Valid {
		if err := a.inTurn(r, func() error { hash = password.Hash(typed); return nil }); err != nil {
			return err
		}
	}
	actor := store.Actor{Merchant: l.Merchant.UUID, Person: person, Request: u.request, Address: u.address}
	err = a.Store.Write(ctx, actor, func(tx *store.Tx) error {
		if err := tx.AcceptInvitation(l, store.HashLinkToken(token), hash, string(text.From(ctx).Lang)); err != nil {
			return err
		}
		return tx.ForgiveGuess(guess)
	})
	if over(err) {
		return a.invitationPage(w, r, http.StatusGone, store.Link{}, templates.InvitationView{Over: true})
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, user{}, "/sign-in", text.Message{})
}

// proveInvited looks at the password of somebody who signs in already, under
// the limits of signing in.
func (a *App) proveInvited(r *http.Request, u user, l store.Link, typed string) error {
	return a.inTurn(r, func() error {
		account, guess, err := a.authenticate(r, u, l.Email, typed)
		if err != nil {
			return err
		}
		if account.ID != l.Account.UUID {
			return errWrongPassword
		}
		return a.Store.Write(r.Context(), store.Actor{Request: u.request, Address: u.address}, func(tx *store.Tx) error { return tx.ForgiveGuess(guess) })
	})
}

// over reports whether err says that an invitation was used, ended or came to
// nothing since its page was shown.
func over(err error) bool {
	for _, rule := range []string{store.LinkTooLate, store.LinkHandedOut, store.InvitationOfAnother, store.MemberAlready, store.StaffNumberTaken, "account_email_is_unique"} {
		if store.Violated(err, rule) {
			return true
		}
	}
	return false
}
