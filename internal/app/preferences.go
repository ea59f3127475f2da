package app

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"

	"portal/internal/store"
	"portal/web/text"
)

// languageCookie says in which language this browser shows pages. It holds
// nothing secret, so that it needs no prefix, and is read before anybody has
// signed in.
const languageCookie = "language"

func cookieValue(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

const aYear = 365 * 24 * 60 * 60

func (a *App) setDisplayCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever the origin allows it
		Name: name, Value: value, Path: "/", MaxAge: aYear, HttpOnly: true, Secure: a.cookies.secure, SameSite: http.SameSiteLaxMode,
	})
}

// chooseLanguage sets the language of this browser, signed in or not. It is a
// link, so it changes nothing but the browser's own cookie.
func (a *App) chooseLanguage(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	back := a.ownPathOr(f.raw("return"), "/")
	// The form for signing in is no page to be sent to, except for its reader.
	if next, ok := strings.CutPrefix(f.raw("return"), "/sign-in?next="); ok {
		if next, err := url.QueryUnescape(next); err == nil {
			back = signInPath(a.ownPathOr(next, ""))
		}
	}
	if err := f.check(); err != nil {
		return err
	}
	lang, ok := text.ParseLang(r.PathValue("lang"))
	if !ok {
		return store.ErrNotFound
	}
	a.setDisplayCookie(w, languageCookie, string(lang))
	return a.seeOther(w, r, u, back, text.Message{})
}

// setPreferences changes what was sent of language, era, theme, row height and keys,
// and goes back to where the person was.
func (a *App) setPreferences(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	lang := f.choice("lang", "th", "en")
	era := f.choice("era", "be", "ce")
	theme := f.choice("theme", "system", "light", "dark")
	density := f.choice("density", "compact", "comfortable")
	keys := f.choice("keys", "on", "off")
	back := a.ownPathOr(f.raw("return"), "/")
	if err := f.check(); err != nil {
		return err
	}
	p := u.person.Preferences
	if lang != "" {
		p.Lang = lang
	}
	if era != "" {
		p.BuddhistEra = era == "be"
	}
	if theme != "" {
		p.Theme = theme
	}
	if density != "" {
		p.Roomy = density == "comfortable"
	}
	if p != u.person.Preferences {
		err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.SetPreferences(p) })
		if err != nil {
			return err
		}
	}
	if lang != "" {
		a.setDisplayCookie(w, languageCookie, lang)
	}
	if keys != "" {
		a.setDisplayCookie(w, keysCookie, keys)
	}
	return a.seeOther(w, r, u, back, text.Message{})
}

// switchMerchant makes the person act for another of their merchants, under a
// new session token.
func (a *App) switchMerchant(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	merchant := f.id("merchant")
	if err := f.check(); err != nil {
		return err
	}
	for _, m := range u.memberships {
		if m.Merchant != merchant {
			continue
		}
		u.session.Values[switchKey] = merchant
		if err := u.session.Save(r, w); err != nil {
			return err
		}
		delete(u.session.Values, switchKey)
		return a.seeOther(w, r, u, "/", text.Msg("edge.switched", "merchant", merchantName(r.Context(), m)))
	}
	return store.ErrNotFound
}

// ownPath returns s if it leads to one of our own pages, and nowhere else,
// however a browser may read it.
func (a *App) ownPath(s string) (string, bool) {
	if len(s) > 2000 || !strings.HasPrefix(s, "/") {
		return "", false
	}
	for _, r := range s {
		if r <= ' ' || r == '\\' || r >= unicode.MaxASCII {
			return "", false
		}
	}
	u, err := url.ParseRequestURI(s)
	if err != nil || u.RawPath != "" || path.Clean(u.Path) != u.Path || !a.isPage(u.Path) {
		return "", false
	}
	return u.RequestURI(), true
}

func (a *App) ownPathOr(s, other string) string {
	if own, ok := a.ownPath(s); ok {
		return own
	}
	return other
}
