package app

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"portal/internal/app/password"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// newSession shows the form for signing in.
func (a *App) newSession(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	next, done := a.ownPathOr(f.raw("next"), ""), f.choice("done", "password", "recovery")
	if err := f.check(); err != nil {
		return err
	}
	if u.signedIn() {
		return a.seeOther(w, r, u, orHome(next), text.Message{})
	}
	return a.signInPage(w, r, http.StatusOK, templates.SignInView{Next: next, Done: done})
}

func (a *App) signInPage(w http.ResponseWriter, r *http.Request, status int, v templates.SignInView) error {
	v.Bare = a.bare(r.Context(), text.T(r.Context(), "edge.sign_in"), signInPath(v.Next))
	if a.SSO != nil {
		v.Company = ssoPath
		if v.Next != "" {
			v.Company += "?next=" + url.QueryEscape(v.Next)
		}
	}
	return a.respond(w, r, status, templates.SignIn(v))
}

// signInPath is the form for signing in that leads to next, unless it is "".
func signInPath(next string) string {
	if next == "" {
		return "/sign-in"
	}
	return "/sign-in?next=" + url.QueryEscape(next)
}

func orHome(next string) string {
	if next == "" {
		return "/"
	}
	return next
}

// createSession signs a person in. Whether the address is unknown, the
// password wrong or the person disabled, the work and the answer are the same.
func (a *App) createSession(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	email := strings.ToLower(f.text("email", required, maxLen(254)))
	typed := f.secret("password", required)
	next := a.ownPathOr(f.raw("next"), "")
	if err := f.check(); err != nil {
		return err
	}
	view := templates.SignInView{Email: f.raw("email"), Next: next}
	if !f.valid() {
		view.EmailError, view.PasswordError = f.errorOf(r.Context(), "email"), f.errorOf(r.Context(), "password")
		view.Errors = f.summary(r.Context())
		return a.signInPage(w, r, http.StatusUnprocessableEntity, view)
	}
	var account store.Account
	var guess store.Guess
	err := a.inTurn(r, func() (err error) {
		account, guess, err = a.authenticate(r, u, email, typed)
		return err
	})
	if errors.Is(err, errWrongPassword) {
		view.Refused = true
		return a.signInPage(w, r, http.StatusUnprocessableEntity, view)
	}
	if err != nil {
		return err
	}
	if account.Enrolled {
		return a.beginSecondStep(w, r, u, account, guess, secondStep{Email: email, Next: next})
	}
	if err := a.begin(w, r, u, account, email, guess, nil); err != nil {
		return err
	}
	return a.seeOther(w, r, user{}, orHome(next), text.Message{})
}

var errWrongPassword = errors.New("wrong address or password")

// authenticate finds the account whose password was typed. The attempt is
// counted before the password is looked at.
func (a *App) authenticate(r *http.Request, u user, email, typed string) (store.Account, store.Guess, error) {
	ctx := r.Context()
	var guess store.Guess
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) (err error) {
		guess, err = tx.ReserveGuess(a.guessLimits(r, u, email)...)
		return err
	})
	if err != nil {
		return store.Account{}, store.Guess{}, err
	}
	account, err := a.Store.Account(ctx, email)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Account{}, store.Guess{}, err
	}
	if !known {
		account.PasswordHash = password.Dummy
	}
	right, err := password.Matches(account.PasswordHash, typed)
	if err != nil {
		return store.Account{}, store.Guess{}, err
	}
	if known && right && !account.Disabled {
		return account, guess, nil
	}
	infoOf(r).noteRefusal(errWrongPassword)
	err = a.Store.Write(ctx, store.Actor{Request: u.request, Address: u.address}, func(tx *store.Tx) error {
		return tx.SignInFailed(account.ID, hintOf(email))
	})
	return store.Account{}, store.Guess{}, errors.Join(errWrongPassword, err)
}

// turnWait is how long somebody waits for their turn to show a password.
const turnWait = 2 * time.Second

// inTurn runs f when it is its turn: a hash takes 19 MiB and a core for 25 ms,
// and counting guesses a connection. A flood of sign-ins waits at this door,
// where it costs nothing, and is then told to come back.
func (a *App) inTurn(r *http.Request, f func() error) error {
	t := time.NewTimer(turnWait)
	defer t.Stop()
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
		return f()
	case <-t.C:
		return errHashingBusy
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// begin starts the session at the person's first merchant, and marks the browser
// as one that knew how to sign in to the account.
func (a *App) begin(w http.ResponseWriter, r *http.Request, u user, account store.Account, email string, guess store.Guess, show shown) error {
	actor := store.Actor{Person: account.ID, Session: store.NewID().String(), Request: u.request, Address: u.address}
	if len(account.Memberships) > 0 {
		actor.Merchant = account.Memberships[0].Merchant
	}
	mark, known := a.deviceOf(r, email)
	if !known {
		mark = rand.Text()
	}
	u.session.Values[beginKey] = beginning{actor: actor, guess: guess, mark: mark, shown: show}
	u.session.Values[memoryKey] = memory{Proven: a.Clock()}
	if err := u.session.Save(r, w); err != nil {
		return err
	}
	if !known {
		a.setDeviceCookie(w, mark, email)
	}
	return nil
}

// The limits on failed sign-ins. A browser that signed in to the account
// before has an allowance of its own, so that whoever uses up the account's by
// guessing keeps strangers out, not the owner.
const (
	guessesPerAccount = 15
	guessesPerDevice  = 5
	guessesPerNetwork = 60
)

func (a *App) guessLimits(r *http.Request, u user, email string) []store.GuessLimit {
	network := store.GuessLimit{Bucket: "network " + networkOf(u.address), Most: guessesPerNetwork, Within: time.Hour}
	if device, ok := a.deviceOf(r, email); ok {
		return []store.GuessLimit{{Bucket: "device " + device, Most: guessesPerDevice, Within: time.Hour}}
	}
	sum := sha256.Sum256([]byte(email))
	return []store.GuessLimit{{Bucket: "account " + hex.EncodeToString(sum[:]), Most: guessesPerAccount, Within: time.Hour}, network}
}

// networkOf is what one household or office is likely to share.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return address
	}
	return p.String()
}

// setDeviceCookie marks this browser as one that knew the account's password.
func (a *App) setDeviceCookie(w http.ResponseWriter, device, email string) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever the origin allows it
		Name: a.cookies.device, Value: device + "." + a.signDevice(device, email),
		Path: "/", MaxAge: aYear, HttpOnly: true, Secure: a.cookies.secure, SameSite: http.SameSiteStrictMode,
	})
}

// deviceOf returns the name of a browser that signed in to this account before.
func (a *App) deviceOf(r *http.Request, email string) (string, bool) {
	device, signature, ok := strings.Cut(cookieValue(r, a.cookies.device), ".")
	if !ok || !hmac.Equal([]byte(signature), []byte(a.signDevice(device, email))) {
		return "", false
	}
	return device, true
}

func (a *App) signDevice(device, email string) string {
	mac := hmac.New(sha256.New, a.DeviceKey)
	mac.Write([]byte("portal device v1\x00" + device + "\x00" + email))
	return hex.EncodeToString(mac.Sum(nil))
}

// hintOf makes an address unreadable and still recognisable to its owner. A
// password typed into the wrong field must not end up in the audit trail.
func hintOf(email string) string {
	name, domain, ok := strings.Cut(email, "@")
	if !ok || name == "" {
		return "…"
	}
	return clip(name, 3)[:1] + "…@" + clip(domain, 60)
}

// endSession signs out: the session's row goes, and what the browser kept of
// the pages with it.
func (a *App) endSession(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	if err := f.check(); err != nil {
		return err
	}
	if u.session != nil && !u.session.IsNew {
		u.session.Options.MaxAge = -1
		if err := u.session.Save(r, w); err != nil {
			return err
		}
	}
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return a.seeOther(w, r, user{}, "/sign-in", text.Message{})
}
