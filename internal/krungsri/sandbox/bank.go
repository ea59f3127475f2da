// Package sandbox is a stand-in for the bank: one http.Handler with tokens, signatures, field checks, duplicate rules, state, a
// movable clock, a ledger of effects, and faults on demand.
//
// It is a bank and not a mock: it says no wherever the bank would, and a request that fails a check changes nothing. It must
// never be more forgiving than the bank, and it must never be taken for it: it holds no real customer's data and its page says
// what it is.
package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"portal/internal/krungsri"
)

// Config says whom the stand-in knows and how it keeps its memory.
type Config struct {
	ClientID     string
	ClientSecret krungsri.Secret
	SignatureKey krungsri.Secret  // the client secret, if empty
	TokenLife    time.Duration    // an hour if zero
	CallbackURL  string           // where the partner wants to be told; nobody is told without it
	CallbackKey  krungsri.Secret  // signs what is told
	ReturnTo     string           // the origin that payers' browsers are sent back to; any, if empty
	StateFile    string           // memory survives a restart if set
	Fonts        fs.FS            // sarabun-thai-400.woff2 and so on, for its own page; a machine may have no Thai font
	Clock        func() time.Time // time.Now if nil
}

// Bank is the stand-in. It is safe for use by several goroutines.
type Bank struct {
	config Config
	pages  http.Handler

	mu    sync.Mutex
	state state

	kick       chan struct{} // a callback was queued
	delivering sync.Mutex    // one at a time, so that they arrive in their order
}

// New opens the stand-in, with the memory of its state file if there is one.
func New(c Config) (*Bank, error) {
	if c.ClientID == "" || c.ClientSecret == "" {
		return nil, errors.New("sandbox: client id and client secret are both needed")
	}
	if c.SignatureKey == "" {
		c.SignatureKey = c.ClientSecret
	}
	if c.TokenLife <= 0 {
		c.TokenLife = time.Hour
	}
	if c.Clock == nil {
		c.Clock = time.Now //nolint:forbidigo // the default of a clock that callers pass in
	}
	if err := checkCallbacks(c); err != nil {
		return nil, err
	}
	b := &Bank{config: c, state: newState(), kick: make(chan struct{}, 1)}
	if c.StateFile != "" {
		if err := b.state.load(c.StateFile); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	b.pages = b.newPages()
	return b, nil
}

// ServeHTTP answers the bank's API, and the stand-in's own page under /sandbox/.
func (b *Bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == krungsri.AuthorizePath || strings.HasPrefix(r.URL.Path, appPath) || r.URL.Path == "/" || r.URL.Path == "/sandbox" || strings.HasPrefix(r.URL.Path, "/sandbox/") {
		b.pages.ServeHTTP(w, r)
		return
	}
	b.serveAPI(w, r)
}

// Now is the bank's business time: its clock, moved.
func (b *Bank) Now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now()
}

func (b *Bank) now() time.Time { return b.config.Clock().Add(b.state.Offset).In(krungsri.Bangkok) }

func (b *Bank) today() krungsri.Date { return krungsri.DateOf(b.now()) }

// Advance moves business time. Tokens and signatures stay on the real clock, as both ends must agree on it.
func (b *Bank) Advance(d time.Duration) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state.Offset += d
	b.passTime()
	return b.save()
}

// Set moves business time to t; it runs on from there.
func (b *Bank) Set(t time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state.Offset = t.Sub(b.config.Clock())
	b.passTime()
	return b.save()
}

// Clear forgets entries, transfers, receipts, registrations, debits, requests to pay, blocks, effects, requests and faults.
// Tokens, the clock and the count of references stay, so that a reference is never given twice.
func (b *Bank) Clear() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	fresh := newState()
	fresh.Tokens, fresh.Offset, fresh.Sequence, fresh.Payers, fresh.Senders = b.state.Tokens, b.state.Offset, b.state.Sequence, b.state.Payers, b.state.Senders
	b.state = fresh
	return b.save()
}

func (b *Bank) save() error {
	if b.config.StateFile == "" {
		return nil
	}
	return b.state.store(b.config.StateFile)
}
