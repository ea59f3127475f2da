package app

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"portal/internal/app/company"
	"portal/internal/app/notify"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// Config is what the edge needs from the program around it.
type Config struct {
	Store *store.Store
	Clock func() time.Time
	Log   *slog.Logger
	// Teller carries out what people ask of the bank.
	Teller *teller.Teller
	// Origin is the one address the portal answers under, such as
	// "https://portal.example.co.th". Requests for another host are refused.
	Origin string
	// TrustedHops is how many proxies of our own stand before this process.
	// Only so many entries at the end of X-Forwarded-For are believed.
	TrustedHops int
	// Trial says in a banner that no money moves, so that nobody takes a test
	// system for the real one.
	Trial bool
	// Dev adds the page that shows the kit of pieces.
	Dev bool
	// Mails says that there is a mail server, so that what people choose about
	// mails has an effect. Outbox is what stands in for one in a trial, and is
	// shown to everybody; nil in production.
	Mails  bool
	Outbox *notify.Outbox
	// Scanner looks for viruses in files that come from outside; nil if there is
	// none, which the pages then say.
	Scanner Scanner
	// MapTiles is the address of a server of map pictures, with {z}, {x} and {y};
	// without one the map is the outline of the provinces.
	MapTiles string
	// DeviceKey signs the cookie by which a browser that signed in before is
	// known again; at least 32 bytes, the same in every process.
	DeviceKey []byte
	// TrailKeys and WitnessKeys are the public keys that a box of evidence
	// brings along, one a line, for whoever compares them.
	TrailKeys, WitnessKeys string
	// MarkKey makes the blind marks by which the trail tells whose id somebody
	// saw; at least 32 bytes, the same in every process, and never another one:
	// with it goes the answer to who saw what.
	MarkKey []byte
	// CallbackKeys tell the bank's callbacks from everybody else's. Without any,
	// none is the bank's.
	CallbackKeys krungsri.CallbackKeys
	// BankHost is the host of the bank that the workers call, for people to see;
	// BankIsLocal says that it is a stand-in on this machine.
	BankHost    string
	BankIsLocal bool
	// RequireFactor leads whoever has no second factor to set one up before
	// anything else; otherwise it is offered.
	RequireFactor bool
	// DeviceWait is how long a person may look but not approve in a browser in
	// which they signed in for the first time.
	DeviceWait time.Duration
	// SSO is the company's own sign-in; nil without one.
	SSO *company.SignIn
	// Observer is told of every request; nil for nobody.
	Observer Observer
	// SessionIdle and SessionLifetime end a session after so long without a
	// request, and after so long in all. Zero means one hour and ten hours.
	SessionIdle     time.Duration
	SessionLifetime time.Duration
}

// Scanner names the virus in a file, or nothing for a clean one. An error means
// that it cannot say.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) (found string, err error)
}

// App is the web edge.
type App struct {
	Config
	origin   *url.URL
	sessions *sessionStore
	seen     *sightings
	cookies  cookieNames
	passkeys *webauthn.WebAuthn // nil where browsers have none
	sealing  cipher.AEAD        // seals forms on their way round by a proof
	hashing  chan struct{}
	uploads  turns // how many files are taken in at a time
	told     turns // how many callbacks are taken in at a time
	logos    logoShelf
	routes   []route
	mux      *http.ServeMux
	draining atomic.Bool
	fallback []byte // the page for when even the error page fails
}

// New returns an edge that is ready to serve.
func New(c Config) (*App, error) {
	origin, err := url.Parse(c.Origin)
	if err != nil || origin.Host == "" || (origin.Scheme != "http" && origin.Scheme != "https") || origin.Path != "" {
		return nil, fmt.Errorf("the origin must be like https://portal.example.co.th, not %q", c.Origin)
	}
	if len(c.DeviceKey) < 32 {
		return nil, errors.New("the device key must have at least 32 bytes")
	}
	if len(c.MarkKey) < 32 {
		return nil, errors.New("the key of blind marks must have at least 32 bytes")
	}
	if c.SessionIdle == 0 {
		c.SessionIdle = time.Hour
	}
	if c.SessionLifetime == 0 {
		c.SessionLifetime = 10 * time.Hour
	}
	a := &App{
		Config:  c,
		origin:  origin,
		cookies: namesFor(origin),
		hashing: make(chan struct{}, 2),
		uploads: make(turns, maxUploads),
		told:    make(turns, maxCallbacks),
		seen:    &sightings{key: c.MarkKey, store: c.Store, log: c.Log, recent: make(map[string]time.Time)},
	}
	if a.passkeys, err = newPasskeys(origin); err != nil {
		return nil, err
	}
	if a.sealing, err = newKeptSeal(c.DeviceKey); err != nil {
		return nil, err
	}
	a.sessions = newSessionStore(c.Store, a.cookies, c.SessionIdle, c.SessionLifetime)
	a.routes = a.table()
	a.mux = a.newMux(a.routes)
	if a.fallback, err = renderFallback(); err != nil {
		return nil, fmt.Errorf("rendering the fallback page: %w", err)
	}
	return a, nil
}

// Handler returns the whole edge.
//
// The order of the layers, from the outside in: every request is named first,
// so that whatever happens to it can be found; it is counted and
// logged once, when all is over; every answer has its security headers, whoever writes it; compression
// stands outside of the recovery, so that the page for a panic goes the same
// way as any other; and nothing behind the two refusals sees a request for
// another host or from another site.
func (a *App) Handler() http.Handler {
	return chain(http.HandlerFunc(a.dispatch),
		a.identify,
		a.observed,
		a.logAccess,
		a.secureHeaders,
		compress,
		a.recover,
		a.requireHost,
		a.requireSameOrigin,
	)
}

// Drain makes /readyz say no, so that a balancer sends nothing new while the
// server finishes what it has.
func (a *App) Drain() { a.draining.Store(true) }

// NewServer returns a server for h that slow clients cannot exhaust. Routes
// that take files allow themselves more time to read.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
