package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"portal/internal/krungsri"
)

// bankTakes is how long the bank of the bench thinks about each debit.
const bankTakes = 5 * time.Millisecond

// anchorRef is the reference of the calls that are made for comparison.
const anchorRef = "ANCHOR"

// bank takes every debit after a moment, and remembers each by the name of the
// transaction and by its own.
type bank struct {
	server *http.Server
	addr   string

	mu    sync.Mutex
	keys  map[string]bool // "transaction reference"
	named map[string]bool // the transactions and references on their own
	twice int
	seen  chan struct{} // closed with the first debit that is watched for
	count int           // since then
}

func openBank(ctx context.Context) (*bank, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for debits: %w", err)
	}
	b := &bank{addr: l.Addr().String(), keys: map[string]bool{}, named: map[string]bool{}}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = b.server.Serve(l) }() // until it is closed
	return b, nil
}

func (b *bank) close() error { return b.server.Close() }

func (b *bank) config() krungsri.Config {
	return krungsri.Config{BaseURL: "http://" + b.addr, ClientID: "bench", ClientSecret: "bench"}
}

// ServeHTTP implements http.Handler.
func (b *bank) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if strings.HasSuffix(r.URL.Path, krungsri.TokenPath) {
		_, _ = w.Write([]byte(`{"access_token":"bench","token_type":"Bearer","expires_in":3600}`))
		return
	}
	// A worker asks more than that, by night and by itself. A bank that is away
	// for all else says nothing about anybody's mandate.
	if !takesDebits(r) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var asked struct {
		ID     string          `json:"transactionIdentification"`
		Ref1   string          `json:"ref1"`
		Amount json.RawMessage `json:"amount"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	select {
	case <-time.After(bankTakes):
	case <-r.Context().Done():
	}
	b.take(asked.ID, asked.Ref1)
	_ = json.NewEncoder(w).Encode(map[string]any{ // a caller that hung up is the only way this fails
		"transactionIdentification": asked.ID, "transactionStatus": krungsri.TransactionSucceeded, "bankReferenceNumber": "B" + asked.ID,
		"amount": asked.Amount, "feeAmount": "0.00",
	})
}

func takesDebits(r *http.Request) bool {
	return slices.ContainsFunc(krungsri.Operations(), func(o krungsri.Operation) bool {
		return o.ID == "debit.create" && o.Method == r.Method && o.Path == r.URL.Path
	})
}

func (b *bank) take(id, ref string) {
	if ref == anchorRef {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.named[id] || b.named[ref] {
		b.twice++
	}
	b.keys[id+" "+ref], b.named[id], b.named[ref] = true, true, true
	b.count++
	if b.seen != nil {
		close(b.seen)
		b.seen, b.count = nil, 0
	}
}

var errNoDebit = errors.New("no debit came (what the worker says about it is in servers.log of the bench's folder)")

// watch waits for a debit, and tells how many a second came from then on.
func (b *bank) watch(ctx context.Context, clock func() time.Time, long time.Duration) (float64, error) {
	seen := make(chan struct{})
	b.mu.Lock()
	b.seen = seen
	b.mu.Unlock()
	select {
	case <-seen:
	case <-time.After(20 * time.Second):
		return 0, errNoDebit
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	began := clock()
	select {
	case <-time.After(long):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return float64(b.count) / clock().Sub(began).Seconds(), nil
}

// taken are all debits, and how many came again.
func (b *bank) taken() (keys map[string]bool, twice int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.keys, b.twice
}
