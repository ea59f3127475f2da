package sandbox_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

// partner is a portal that notes what it is told.
type partner struct {
	t        *testing.T
	bank     *sandbox.Bank
	answer   int
	statuses []krungsri.PresentmentStatus // of what was signed well and could be read
	refused  []error
	events   map[string]int
}

const partnerKey = "the key both know"

func newPartner(t *testing.T) (*partner, *caller) {
	t.Helper()
	p := &partner{t: t, answer: http.StatusOK, events: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		err := krungsri.CallbackKeys{partnerKey}.Verify(r.URL.Path, r.Header, body, clock())
		if err == nil {
			var c krungsri.PresentmentCallback
			if c, err = krungsri.ParsePresentmentCallback(body); err == nil {
				p.statuses = append(p.statuses, c.Status)
				p.events[c.EventID]++
			}
		}
		if err != nil {
			p.refused = append(p.refused, err)
		}
		w.WriteHeader(p.answer)
	}))
	t.Cleanup(server.Close)
	c := open(t, func(c *sandbox.Config) {
		c.CallbackURL, c.CallbackKey = server.URL+"/callbacks/krungsri/presentment", partnerKey
	})
	p.bank = c.bank
	return p, c
}

func (p *partner) deliver() {
	p.t.Helper()
	if err := p.bank.Deliver(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *partner) decide(reference string, status krungsri.PresentmentStatus, remark string) {
	p.t.Helper()
	if err := p.bank.Decide(reference, status, remark); err != nil {
		p.t.Fatal(err)
	}
}

func (p *partner) heard(want ...krungsri.PresentmentStatus) {
	p.t.Helper()
	if !slices.Equal(p.statuses, want) {
		p.t.Errorf("the partner heard %v, want %v", p.statuses, want)
	}
}

func TestTheBankTellsWhatTheBuyerDecided(t *testing.T) {
	t.Parallel()
	p, c := newPartner(t)
	shown := func(o object) { o["hasAttachment"] = false }
	one, two := c.created("INV-1", shown), c.created("INV-2", shown)
	p.decide(one, krungsri.StatusAccepted, "")
	p.decide(two, krungsri.StatusDisputed, "ราคาไม่ตรง")
	p.decide(one, krungsri.StatusPaid, "")
	p.deliver()
	p.deliver() // taken is taken
	p.heard(krungsri.StatusAccepted, krungsri.StatusDisputed, krungsri.StatusPaid)
	if err := c.bank.Tell(two); err != nil {
		t.Fatal(err)
	}
	p.deliver()
	p.heard(krungsri.StatusAccepted, krungsri.StatusDisputed, krungsri.StatusPaid, krungsri.StatusDisputed)
}

func TestTheBankTriesAgainWithGrowingGapsAndGivesUp(t *testing.T) {
	t.Parallel()
	p, c := newPartner(t)
	p.answer = http.StatusServiceUnavailable
	p.decide(c.created("INV-1", func(o object) { o["hasAttachment"] = false }), krungsri.StatusAccepted, "")
	for n, gap := range []time.Duration{0, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 24 * time.Hour} {
		if err := c.bank.Advance(gap - time.Second); err != nil {
			t.Fatal(err)
		}
		before := len(p.statuses)
		p.deliver()
		if n > 0 && n < 5 && len(p.statuses) != before {
			t.Errorf("it came a second too early, after %v", gap)
		}
		if err := c.bank.Advance(time.Second); err != nil {
			t.Fatal(err)
		}
		p.deliver()
	}
	if d := c.bank.Deliveries()[0]; len(d.Tries) != 5 || !d.Done || d.Taken() {
		t.Errorf("the delivery is %+v", d)
	}
}

func TestCallbacksGoWrongAsAsked(t *testing.T) {
	t.Parallel()
	p, c := newPartner(t)
	shown := func(o object) { o["hasAttachment"] = false }
	spoil := func(f sandbox.CallbackFault) {
		t.Helper()
		p.statuses, p.refused = nil, nil
		if err := c.bank.SetCallbackFault(f); err != nil {
			t.Fatal(err)
		}
	}

	spoil(sandbox.CallbackLate)
	p.decide(c.created("L-1", shown), krungsri.StatusAccepted, "")
	p.deliver()
	p.heard()
	if err := c.bank.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	p.deliver()
	p.heard(krungsri.StatusAccepted)

	spoil(sandbox.CallbackTwice)
	p.decide(c.created("T-1", shown), krungsri.StatusAccepted, "")
	p.deliver()
	p.heard(krungsri.StatusAccepted, krungsri.StatusAccepted)

	spoil(sandbox.CallbackDisordered)
	reference := c.created("O-1", shown)
	p.decide(reference, krungsri.StatusAccepted, "")
	p.deliver()
	p.heard()
	p.decide(reference, krungsri.StatusPaid, "")
	p.deliver()
	p.heard(krungsri.StatusPaid, krungsri.StatusAccepted)

	spoil(sandbox.CallbackForged)
	p.decide(c.created("F-1", shown), krungsri.StatusAccepted, "")
	p.deliver()
	if len(p.refused) != 1 || !errors.Is(p.refused[0], krungsri.ErrCallbackSignature) {
		t.Errorf("the forged one: %v", p.refused)
	}

	spoil(sandbox.CallbackMalformed)
	p.decide(c.created("M-1", shown), krungsri.StatusAccepted, "")
	p.deliver()
	if len(p.refused) != 1 || !errors.Is(p.refused[0], krungsri.ErrMalformed) {
		t.Errorf("the malformed one: %v", p.refused)
	}

	spoil(sandbox.CallbackEarly)
	c.created("E-1", shown)
	p.heard(krungsri.StatusAccepted) // before the answer was read
	if err := c.bank.SetCallbackFault("nonsense"); err == nil {
		t.Error("a fault that there is not was set")
	}
}
