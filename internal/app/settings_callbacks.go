package app

import (
	"crypto/rand"
	"net/http"

	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showCallbackSecrets shows by what the bank's callbacks are told from
// everybody else's.
func (a *App) showCallbackSecrets(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.callbackSecretsPage(w, r, u, http.StatusOK, templates.CallbackSecretsView{})
}

func (a *App) callbackSecretsPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.CallbackSecretsView) error {
	ctx := r.Context()
	v.Admin, v.Installed = u.can(store.Admin), len(a.CallbackKeys) > 0
	for _, p := range krungsri.CallbackProducts() {
		v.Addresses = append(v.Addresses, a.origin.String()+p.Path)
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.CallbackSecrets(settingsPast)
		for _, s := range list {
			shown := templates.CallbackSecretShown{
				ID: s.ID.String(), Ends: s.SecretEnds, Note: s.Note, ProposedBy: s.ProposedName, At: s.ProposedAt, Mine: s.ProposedBy == u.person.ID,
			}
			switch {
			case s.Open():
				v.Open = &shown
			case s.Believed(a.Clock()):
				shown.Until = s.BelievedUntil
				v.Believed = append(v.Believed, shown)
			default:
				v.Past = append(v.Past, ui.Event{
					Sentence: text.T(ctx, text.Prefix("settings.secret_past.")+*s.Decision, "ends", s.SecretEnds), Person: s.ProposedName, At: s.ProposedAt, Note: s.Note,
				})
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.CallbackSecrets(v))
}

// makeCallbackSecret makes a secret and shows it this once, so that it can be
// given to the bank.
func (a *App) makeCallbackSecret(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := templates.CallbackSecretsView{Note: f.raw("note")}
	note := f.paragraph("note", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		v.Errors = f.summary(ctx)
		return a.callbackSecretsPage(w, r, u, http.StatusUnprocessableEntity, v)
	}
	secret := rand.Text() + rand.Text() // 260 bits
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		_, err := tx.ProposeCallbackSecret(secret, note)
		return err
	})
	if err != nil {
		status, why, refused := settingRefused(ctx, err)
		if !refused {
			return err
		}
		v.Refused = why
		return a.callbackSecretsPage(w, r, u, status, v)
	}
	// Shown this once, and so not after a redirect.
	return a.callbackSecretsPage(w, r, u, http.StatusOK, templates.CallbackSecretsView{Secret: secret})
}

// confirmCallbackSecret has a secret believed that another made.
func (a *App) confirmCallbackSecret(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideCallbackSecret(w, r, u, "settings.secret_confirmed", func(tx *store.Tx, s store.CallbackSecret) error {
		return tx.DecideCallbackSecret(s, store.SettingConfirmed)
	})
}

// declineCallbackSecret ends one before it is believed.
func (a *App) declineCallbackSecret(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideCallbackSecret(w, r, u, "settings.secret_declined", func(tx *store.Tx, s store.CallbackSecret) error {
		return tx.DecideCallbackSecret(s, store.SettingDeclined)
	})
}

// withdrawCallbackSecret has whoever made it take it back.
func (a *App) withdrawCallbackSecret(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideCallbackSecret(w, r, u, "settings.withdrawn", func(tx *store.Tx, s store.CallbackSecret) error {
		return tx.DecideCallbackSecret(s, store.SettingWithdrawn)
	})
}

// endCallbackSecret has one that was replaced believed no more, at once.
func (a *App) endCallbackSecret(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideCallbackSecret(w, r, u, "settings.secret_ended", func(tx *store.Tx, s store.CallbackSecret) error {
		return tx.EndCallbackSecret(s.ID)
	})
}

func (a *App) decideCallbackSecret(w http.ResponseWriter, r *http.Request, u user, said string, decide func(*store.Tx, store.CallbackSecret) error) error {
	f := readForm(r)
	id := f.id("id")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		s, err := tx.CallbackSecret(id)
		if err != nil {
			return err
		}
		return decide(tx, s)
	})
	if err == nil {
		return a.seeOther(w, r, u, callbackSecretsPath, text.Msg(said))
	}
	status, why, refused := settingRefused(ctx, err)
	if !refused {
		return err
	}
	return a.callbackSecretsPage(w, r, u, status, templates.CallbackSecretsView{Refused: why})
}
