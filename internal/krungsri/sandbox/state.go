package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"portal/internal/krungsri"
)

// state is all the stand-in remembers; its JSON form is the state file.
type state struct {
	Offset        time.Duration        `json:"offset"`
	Sequence      int                  `json:"sequence"`
	Tokens        map[string]time.Time `json:"tokens"` // SHA-256 of a token, and when it ends
	Presentments  []*presentment       `json:"presentments"`
	Transfers     []*Transfer          `json:"transfers"` // in the order in which they came in
	Receipts      []*receipt           `json:"receipts"`
	TaxDocuments  []*taxDocument       `json:"taxDocuments"`
	Effects       []Effect             `json:"effects"`
	Requests      []*SeenRequest       `json:"requests"`
	Faults        map[string]Fault     `json:"faults"`
	Mandates      []*mandate           `json:"mandates"`
	Payers        int                  `json:"payers"`    // how many were played all at once
	Customers     map[string]customer  `json:"customers"` // SHA-256 of a payer's token, and whose it is
	Debits        []*debit             `json:"debits"`
	Schedules     []*schedule          `json:"schedules"`
	Alerts        []*alert             `json:"alerts"`  // requests to pay, sent and come in
	Stopped       []*alert             `json:"stopped"` // what came in from senders who are blocked
	Senders       int                  `json:"senders"` // how many were played all at once
	Blocks        []*block             `json:"blocks"`
	Deliveries    []*Delivery          `json:"deliveries"`
	CallbackFault CallbackFault        `json:"callbackFault"` // of the next callback
	index
}

type seenKey struct {
	operation string
	reference krungsri.Reference
}

// customer is a payer's own token: good for one question, about one journey.
type customer struct {
	Journey string    `json:"journey"`
	Until   time.Time `json:"until"` // by the real clock, as our own tokens
}

// Effect is something that happened at the bank. Two with the same business key would be money asked for twice.
type Effect struct {
	Operation     string             `json:"operation"`
	Reference     krungsri.Reference `json:"reference"` // the partner's
	BusinessKey   string             `json:"businessKey"`
	BankReference string             `json:"bankReference"`
	At            time.Time          `json:"at"`
	RequestSHA256 string             `json:"requestSHA256"`
}

// SeenRequest counts the HTTP requests of one operation and partner reference, good or bad, answered or cut.
type SeenRequest struct {
	Operation  string             `json:"operation"` // an operation's id, krungsri.TokenOperation, or empty for an unlisted path
	Reference  krungsri.Reference `json:"reference"`
	Count      int                `json:"count"`
	LastStatus int                `json:"lastStatus"` // 0 when the last one got no answer
	LastAt     time.Time          `json:"lastAt"`
}

func newState() state {
	return state{
		Tokens:    map[string]time.Time{},
		Customers: map[string]customer{},
		Faults:    map[string]Fault{},
		index:     newIndex(),
	}
}

// Effects lists what happened, oldest first.
func (b *Bank) Effects() []Effect {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Effect(nil), b.state.Effects...)
}

// Requests lists the counts of requests seen, in the order of their first.
func (b *Bank) Requests() []SeenRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]SeenRequest, 0, len(b.state.Requests))
	for _, r := range b.state.Requests {
		all = append(all, *r)
	}
	return all
}

// saw counts a request on arrival, so that one that gets no answer counts too.
func (b *Bank) saw(operation string, reference krungsri.Reference) *SeenRequest {
	key := seenKey{operation, reference}
	r, ok := b.state.seen[key]
	if !ok {
		r = &SeenRequest{Operation: operation, Reference: reference}
		b.state.seen[key] = r
		b.state.Requests = append(b.state.Requests, r)
	}
	r.Count++
	r.LastStatus, r.LastAt = 0, b.now()
	return r
}

func (s *state) load(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	if err := json.Unmarshal(data, s); err != nil {
		return fmt.Errorf("state file %s: %w", path, err)
	}
	s.rebuild()
	return nil
}

// store replaces the file as a whole, so that a crash leaves the old memory or the new one.
func (s *state) store(path string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("state file: %w", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("state file: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
