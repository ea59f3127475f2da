package app

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"portal/internal/app/onetime"
	"portal/internal/app/qrcode"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// factorsPath is where people see to their second factors.
const factorsPath = "/account/factors"

// listFactors shows a person's second factors, and how to get one.
func (a *App) listFactors(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	v := templates.FactorListView{Required: a.RequireFactor, Passkeys: a.passkeys != nil}
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		factors, err := q.Factors()
		if err != nil {
			return err
		}
		for _, f := range factors {
			row := templates.FactorRow{ID: f.ID.String(), Name: f.Name, Passkey: f.Kind == store.Passkey, Since: f.CreatedAt, Used: f.UsedAt}
			row.Stays = a.RequireFactor && len(factors) == 1
			v.Factors = append(v.Factors, row)
		}
		if v.CodesLeft, err = q.RecoveryCodesLeft(); err != nil {
			return err
		}
		devices, err := q.Devices()
		for _, d := range devices {
			v.Devices = append(v.Devices, templates.DeviceRow{ID: d.ID.String(), Name: d.Name, Browser: browserName(d.UserAgent), First: d.FirstSeen, Last: d.LastSeen})
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context())}, templates.FactorList(v))
}

// beginApp makes the secret of a new authenticator app. The app before, if any,
// counts until a code of the new one was typed.
func (a *App) beginApp(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	name := text.T(r.Context(), "factor.app")
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.BeginApp(name, onetime.NewSecret()) })
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, factorsPath+"/app", text.Message{})
}

// showApp shows the secret as a code to scan and as a key to type.
func (a *App) showApp(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.appPage(w, r, u, http.StatusOK, templates.FactorAppView{})
}

func (a *App) appPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.FactorAppView) error {
	var app store.App
	var email string
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		if app, err = q.App(false); err != nil {
			return err
		}
		email, err = q.Email()
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return a.seeOther(w, r, u, factorsPath, text.Message{})
	}
	if err != nil {
		return err
	}
	v.Key = onetime.Typed(app.Secret)
	v.QR = qrcode.Modules(onetime.Address(app.Secret, a.appName(r.Context()), email))
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Status: status}, templates.FactorApp(v))
}

// appName is what the app calls the portal, in letters that make a small QR
// code: a trial must not be taken for the real one there either.
func (a *App) appName(ctx context.Context) string {
	name := text.T(text.With(ctx, text.Locale{Lang: text.EN}), "product.name")
	if a.Trial {
		name += " (" + a.origin.Hostname() + ")"
	}
	return name
}

// confirmApp makes the new app count, because a code of it was typed.
func (a *App) confirmApp(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	typed := f.text("code", required, maxLen(40))
	if err := f.check(); err != nil {
		return err
	}
	var codes []string
	if f.valid() {
		err := a.renewShowing(w, r, u, func(tx *store.Tx) (string, error) {
			app, err := tx.App(false)
			if errors.Is(err, store.ErrNotFound) {
				return "", store.ErrStale
			}
			if err != nil {
				return "", err
			}
			step, ok := onetime.Step(app.Secret, typed, a.Clock())
			if !ok {
				return "", errWrongCode
			}
			if codes, err = firstCodes(tx); err != nil {
				return "", err
			}
			return store.TOTP, tx.ConfirmApp(app.ID, step)
		})
		m := refusedCode(err)
		switch {
		case err == nil:
			return a.afterFactor(w, r, u, codes)
		case m.IsZero():
			return err
		}
		f.fail("code", m)
	}
	return a.appPage(w, r, u, http.StatusUnprocessableEntity, templates.FactorAppView{
		CodeError: f.errorOf(r.Context(), "code"), Errors: f.summary(r.Context()),
	})
}

// firstCodes makes recovery codes for somebody who has none left.
func firstCodes(tx *store.Tx) ([]string, error) {
	left, err := tx.RecoveryCodesLeft()
	if err != nil || left > 0 {
		return nil, err
	}
	return newCodes(tx)
}

func newCodes(tx *store.Tx) ([]string, error) {
	codes := onetime.NewRecoveryCodes()
	hashes := make([][]byte, len(codes))
	for i, c := range codes {
		hashes[i] = onetime.RecoveryHash(c)
	}
	return codes, tx.ReplaceRecoveryCodes(hashes)
}

// afterFactor leads on from a new factor: to the recovery codes, if there are
// new ones.
func (a *App) afterFactor(w http.ResponseWriter, r *http.Request, u user, codes []string) error {
	if len(codes) == 0 {
		return a.seeOther(w, r, u, factorsPath, text.Msg("factor.added"))
	}
	a.carryCodes(w, codes)
	return a.seeOther(w, r, u, factorsPath+"/codes", text.Msg("factor.added"))
}

// carryCodes hands recovery codes to the page that shows them. They are nowhere
// but in the browser that is about to show them, and gone from it within
// minutes.
func (a *App) carryCodes(w http.ResponseWriter, codes []string) {
	http.SetCookie(w, a.codesCookie(base64.RawURLEncoding.EncodeToString([]byte(strings.Join(codes, " "))), 120))
}

func (a *App) codesCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever the origin allows it
		Name: a.cookies.codes, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: a.cookies.secure, SameSite: http.SameSiteStrictMode,
	}
}

// createCodes makes new recovery codes in place of all before.
func (a *App) createCodes(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	if !u.enrolled {
		return store.ErrNotFound
	}
	var codes []string
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		codes, err = newCodes(tx)
		return err
	})
	if err != nil {
		return err
	}
	a.carryCodes(w, codes)
	return a.seeOther(w, r, u, factorsPath+"/codes", text.Message{})
}

// showCodes shows new recovery codes, once.
func (a *App) showCodes(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookieValue(r, a.cookies.codes))
	if err != nil || len(raw) == 0 {
		return a.seeOther(w, r, u, factorsPath, text.Message{})
	}
	var codes []string
	for code := range strings.FieldsSeq(string(raw)) {
		if onetime.LooksLikeRecovery(code) && len(codes) < onetime.RecoveryCodes {
			codes = append(codes, code)
		}
	}
	http.SetCookie(w, a.codesCookie("", -1))
	v := templates.FactorCodesView{Codes: codes, Name: u.person.Name, Host: a.origin.Host}
	return a.page(w, r, u, shell{Header: v.Header(r.Context())}, templates.FactorCodes(v))
}

// removeFactor takes one of the person's factors away.
func (a *App) removeFactor(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.RemoveFactor(id, a.RequireFactor) })
	if errors.Is(err, store.ErrLastFactor) {
		return a.seeOther(w, r, u, factorsPath, text.Msg("factor.last"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, factorsPath, text.Msg("factor.removed"))
}
