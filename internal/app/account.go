package app

import (
	"cmp"
	"errors"
	"net/http"

	"portal/internal/app/password"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// showAccount shows a person's own settings and where they are signed in.
func (a *App) showAccount(w http.ResponseWriter, r *http.Request, u user) error {
	return a.accountPage(w, r, u, http.StatusOK, templates.AccountView{})
}

func (a *App) accountPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.AccountView) error {
	var open []store.OpenSession
	var branches []store.HomeBranch
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		if branches, err = q.HomeBranches(); err != nil {
			return err
		}
		open, err = q.OpenSessions(a.SessionIdle)
		return err
	})
	if err != nil {
		return err
	}
	v.Name, v.Preferences, v.Roomy, v.MinLength = u.person.Name, accountPreferences(u), u.roomy, password.MinLength
	v.Enrolled = u.enrolled
	v.Branches = homeRows(r.Context(), branches)
	for _, s := range open {
		v.Sessions = append(v.Sessions, templates.AccountSession{
			ID: s.ID.String(), Address: s.Address, Browser: cmp.Or(s.Device, browserName(s.UserAgent)), Since: s.CreatedAt, Seen: s.SeenAt, This: s.ID == u.sessionID,
		})
	}
	for _, m := range u.memberships {
		v.Memberships = append(v.Memberships, templates.AccountMembership{
			Merchant: merchantName(r.Context(), m), Duties: dutyNames(r.Context(), m.Duties, ""),
		})
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Status: status}, templates.Account(v))
}

func accountPreferences(u user) templates.AccountPreferences {
	p := u.person.Preferences
	return templates.AccountPreferences{Lang: p.Lang, BuddhistEra: p.BuddhistEra, Theme: p.Theme}
}

// changePassword replaces the person's password and ends all their other
// sessions.
func (a *App) changePassword(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	old := f.secret("old", required)
	chosen := f.secret("new", required)
	if err := f.check(); err != nil {
		return err
	}
	if u.enrolled { // the password alone does not prove who they are
		if err := a.demand(u, freshProof); err != nil {
			return err
		}
	}
	if f.valid() {
		if m := passwordFault(password.Check(chosen)); !m.IsZero() {
			f.fail("new", m)
		}
	}
	if f.valid() {
		right, err := a.provePassword(r, u, old)
		if err != nil {
			return err
		}
		if !right {
			f.fail("old", text.Msg("edge.password_wrong"))
		}
	}
	if !f.valid() {
		ctx := r.Context()
		return a.accountPage(w, r, u, http.StatusUnprocessableEntity, templates.AccountView{
			OldError: f.errorOf(ctx, "old"), NewError: f.errorOf(ctx, "new"), Errors: f.summary(ctx),
		})
	}
	var hash string
	err := a.inTurn(r, func() error { hash = password.Hash(chosen); return nil })
	if err != nil {
		return err
	}
	keep := hashToken(u.session.ID)
	err = a.replaceToken(w, r, u, memoryOf(u.session), func(tx *store.Tx) (string, error) {
		return store.Password, tx.ChangePassword(u.person.ID, hash, keep)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/account", text.Msg("edge.password_changed"))
}

func passwordFault(err error) text.Message {
	switch {
	case err == nil:
		return text.Message{}
	case errors.Is(err, password.ErrTooLong):
		return text.Msg("edge.field.long", "max", password.MaxBytes)
	case errors.Is(err, password.ErrTooShort):
		return text.Msg("edge.password_short", "min", password.MinLength)
	default:
		return text.Msg("edge.password_plain")
	}
}

// endOneSession ends one of the person's own sessions.
func (a *App) endOneSession(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	if err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.EndSession(id) }); err != nil {
		return err
	}
	if id == u.sessionID {
		u = user{}
	}
	return a.seeOther(w, r, u, "/account", text.Msg("edge.session_ended"))
}

// endOtherSessions signs the person out everywhere else.
func (a *App) endOtherSessions(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		return tx.EndOtherSessions(u.person.ID, hashToken(u.session.ID))
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/account", text.Msg("edge.sessions_ended"))
}
