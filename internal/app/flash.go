package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"portal/web/text"
)

// flash is one message kept over a redirect. The browser keeps it, since a row
// of its own would be one more write to disk for each decision. It is signed
// with the session's token: what nobody but the portal said in this session is
// not said at all, and it ends with the session.
type flash struct {
	Good  bool   `json:"good"`
	Key   string `json:"key"`
	Pairs []any  `json:"pairs,omitempty"`
}

// maxFlash is what browsers surely keep. A longer message is left unsaid: the
// page that follows shows what was done.
const maxFlash = 3000

// seeOther redirects to path and has m said there, if it is not zero.
func (a *App) seeOther(w http.ResponseWriter, r *http.Request, u user, path string, m text.Message) error {
	if !m.IsZero() && u.signedIn() {
		if err := a.keepFlash(w, u, flash{Good: true, Key: m.Key, Pairs: m.Pairs}); err != nil {
			return err
		}
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

func (a *App) keepFlash(w http.ResponseWriter, u user, f flash) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("keeping a message: %w", err)
	}
	if len(raw) <= maxFlash {
		http.SetCookie(w, a.flashCookie(base64.RawURLEncoding.EncodeToString(append(signFlash(u, raw), raw...)), 0))
	}
	return nil
}

func (a *App) flashCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever the origin allows it
		Name: a.cookies.flash, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: a.cookies.secure, SameSite: http.SameSiteLaxMode,
	}
}

func signFlash(u user, raw []byte) []byte {
	mac := hmac.New(sha256.New, []byte("flash "+u.session.ID))
	mac.Write(raw)
	return mac.Sum(nil)
}

// takeFlash returns the message kept for this page, once. Its words are those
// of the page's language.
func (a *App) takeFlash(ctx context.Context, w http.ResponseWriter, r *http.Request, u user) (message string, good bool) {
	value := cookieValue(r, a.cookies.flash)
	if value == "" || !u.signedIn() {
		return "", false
	}
	http.SetCookie(w, a.flashCookie("", -1))
	kept, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(kept) < sha256.Size {
		return "", false
	}
	raw := kept[sha256.Size:]
	var f flash
	if !hmac.Equal(kept[:sha256.Size], signFlash(u, raw)) || json.Unmarshal(raw, &f) != nil {
		return "", false
	}
	for i, p := range f.Pairs {
		if n, ok := p.(float64); ok { // what JSON made of a count
			f.Pairs[i] = int64(n)
		}
	}
	return text.T(ctx, f.Key, f.Pairs...), f.Good
}
