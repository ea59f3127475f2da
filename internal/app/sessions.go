package app

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/sessions"

	"portal/internal/store"
)

// cookieNames are the cookies that only the server reads. Over https, and on
// loopback, which browsers trust as much, they carry the __Host- prefix: no
// other host can plant them.
type cookieNames struct {
	session string
	step    string // of a sign-in that is not finished
	device  string
	flash   string
	codes   string // recovery codes on their way to the page that shows them once
	secure  bool
}

func namesFor(origin *url.URL) cookieNames {
	if origin.Scheme == "https" || isLoopback(origin.Hostname()) {
		return cookieNames{
			session: "__Host-session", step: "__Host-step", device: "__Host-device", flash: "__Host-flash", codes: "__Host-codes", secure: true,
		}
	}
	return cookieNames{session: "session", step: "step", device: "device", flash: "flash", codes: "codes"}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// sessionStore keeps gorilla sessions in Postgres. The cookie holds a random
// token, which is the session's ID here; the table holds its hash.
type sessionStore struct {
	store    *store.Store
	options  sessions.Options
	idle     time.Duration
	lifetime time.Duration
}

func newSessionStore(s *store.Store, names cookieNames, idle, lifetime time.Duration) *sessionStore {
	return &sessionStore{
		store: s,
		options: sessions.Options{
			Path: "/", HttpOnly: true, Secure: names.secure, SameSite: http.SameSiteLaxMode,
			// No MaxAge: the cookie goes with the browser, and the table decides.
		},
		idle: idle, lifetime: lifetime,
	}
}

// valueKey marks what this store keeps in a session's Values.
type valueKey int

const (
	foundKey  valueKey = iota // store.SessionUser, as read from the table
	memoryKey                 // memory, written back by Save
	beginKey                  // beginning, of the session that Save begins
	switchKey                 // store.ID of the merchant that Save switches to
	renewKey                  // shown, by which the session deserves a new token
)

// shown takes, within a transaction, what a person shows to prove who they are,
// and says what it was.
type shown func(*store.Tx) (factor string, err error)

// beginning is a session about to begin.
type beginning struct {
	actor store.Actor
	guess store.Guess // which was right after all
	mark  string      // of the browser
	shown shown       // besides the password; nil for nothing
}

// memory is what a session remembers between requests. Rights are not among
// it: they are read anew each time.
type memory struct {
	Proven time.Time `json:"proven"`
	// Challenge is what a passkey is to answer next.
	Challenge json.RawMessage `json:"challenge,omitempty"`
}

// provenSince reports whether the person showed who they are after at.
func (m memory) provenSince(at time.Time) bool { return m.Proven.After(at) }

func foundIn(s *sessions.Session) (store.SessionUser, bool) {
	if s == nil {
		return store.SessionUser{}, false
	}
	found, ok := s.Values[foundKey].(store.SessionUser)
	return found, ok
}

func memoryOf(s *sessions.Session) memory {
	if s == nil {
		return memory{}
	}
	m, _ := s.Values[memoryKey].(memory)
	return m
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// newToken has 256 bits.
func newToken() string { return rand.Text() + rand.Text() }

// Get returns the request's session, reading it from the table once.
func (s *sessionStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New returns the session that the request's cookie names. A cookie that
// names none is ignored: whoever planted it gains nothing, because a session
// gets its token only when it begins.
func (s *sessionStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	options := s.options
	session.Options = &options
	session.IsNew = true
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) != len(newToken()) {
		return session, nil //nolint:nilerr // no cookie is no error
	}
	found, err := s.store.SessionUser(r.Context(), hashToken(c.Value), s.idle)
	if errors.Is(err, store.ErrNotFound) {
		return session, nil
	}
	if err != nil {
		return session, fmt.Errorf("reading the session: %w", err)
	}
	var m memory
	if err := json.Unmarshal(found.Data, &m); err != nil {
		return session, fmt.Errorf("reading the session's memory: %w", err)
	}
	session.ID, session.IsNew = c.Value, false
	session.Values[foundKey], session.Values[memoryKey] = found, m
	return session, nil
}

// Save begins, renews, remembers or ends the session in the table and sets its
// cookie. A session begins, and moves to another merchant, under a new token.
func (s *sessionStore) Save(r *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	data, err := json.Marshal(memoryOf(session))
	if err != nil {
		return fmt.Errorf("keeping the session's memory: %w", err)
	}
	b, begins := session.Values[beginKey].(beginning)
	actor := b.actor
	if !begins {
		actor = s.actor(r, session)
	}
	old := session.ID
	err = s.store.Write(r.Context(), actor, func(tx *store.Tx) error {
		merchant, switches := session.Values[switchKey].(store.ID)
		show, renews := session.Values[renewKey].(shown)
		switch {
		case session.Options.MaxAge < 0:
			session.ID = ""
			return tx.SignOut(hashToken(old))
		case begins:
			session.ID = newToken()
			return s.begin(tx, r, session.ID, old, data, b)
		case switches:
			session.ID = newToken()
			return tx.SwitchMerchant(hashToken(old), hashToken(session.ID), merchant, data)
		case renews:
			session.ID = newToken()
			factor, err := show(tx)
			if err != nil {
				return err
			}
			return tx.RenewSession(hashToken(old), hashToken(session.ID), data, factor)
		default:
			return tx.SetSessionData(hashToken(old), data)
		}
	})
	if err != nil {
		session.ID = old
		return err
	}
	if session.ID != old {
		http.SetCookie(w, sessions.NewCookie(session.Name(), session.ID, session.Options))
	}
	return nil
}

func (s *sessionStore) begin(tx *store.Tx, r *http.Request, token, old string, data []byte, b beginning) (err error) {
	n := store.NewSession{TokenHash: hashToken(token), Data: data, UserAgent: clip(r.UserAgent(), 200), Lifetime: s.lifetime}
	if b.shown != nil {
		if n.Factor, err = b.shown(tx); err != nil {
			return err
		}
	}
	if old != "" {
		if err := tx.SignOut(hashToken(old)); err != nil {
			return err
		}
	}
	if err := tx.ForgiveGuess(b.guess); err != nil {
		return err
	}
	if n.Device, err = tx.KnowDevice(hashToken(b.mark), n.UserAgent); err != nil {
		return err
	}
	return tx.SignIn(n)
}

func (s *sessionStore) actor(r *http.Request, session *sessions.Session) store.Actor {
	info := infoOf(r)
	found, _ := foundIn(session)
	m, _ := found.Membership()
	return store.Actor{Merchant: m.Merchant, Person: found.ID, Session: found.Session.String(), Request: info.id, Address: info.address}
}

// remember changes what the session remembers.
func (a *App) remember(w http.ResponseWriter, r *http.Request, u user, change func(*memory)) error {
	m := memoryOf(u.session)
	change(&m)
	u.session.Values[memoryKey] = m
	return u.session.Save(r, w)
}

// renew gives the session a new token because of what the person shows, and
// notes when that was. Nothing is renewed if it is not right.
func (a *App) renew(w http.ResponseWriter, r *http.Request, u user, show shown) error {
	m := memoryOf(u.session)
	m.Proven, m.Challenge = a.Clock(), nil
	return a.replaceToken(w, r, u, m, show)
}

// replaceToken gives the session a new token without any proof.
func (a *App) replaceToken(w http.ResponseWriter, r *http.Request, u user, m memory, show shown) error {
	u.session.Values[memoryKey], u.session.Values[renewKey] = m, show
	defer delete(u.session.Values, renewKey)
	return u.session.Save(r, w)
}
