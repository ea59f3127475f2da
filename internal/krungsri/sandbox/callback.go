package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// CallbackFault is a way for the bank's next callback to go wrong.
type CallbackFault string

const (
	CallbackEarly      CallbackFault = "early"           // the bank calls before it answers the request that caused it
	CallbackLate       CallbackFault = "late"            // an hour of bank time later
	CallbackTwice      CallbackFault = "twice"           // the same event two times
	CallbackDisordered CallbackFault = "out-of-order"    // after the next event of the same entry
	CallbackForged     CallbackFault = "wrong-signature" // by another key
	CallbackMalformed  CallbackFault = "malformed"       // signed well, but cut in the middle
)

// CallbackFaults lists them in the order of the page.
var CallbackFaults = []CallbackFault{CallbackEarly, CallbackLate, CallbackTwice, CallbackDisordered, CallbackForged, CallbackMalformed}

// lateness is how much later than the event a late callback is sent.
const lateness = time.Hour

// callbackGaps are how long the bank waits before it tries again, by its own clock. After the last one it gives up. [inferred]
var callbackGaps = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}

// Delivery is one callback: what is to be told, and how the tries went.
type Delivery struct {
	Product   string    `json:"product"` // of krungsri.CallbackProducts
	Reference string    `json:"reference"`
	Status    string    `json:"status"`
	Body      []byte    `json:"body"` // until it is done
	Forged    bool      `json:"forged"`
	Held      bool      `json:"held"` // until the next event of the entry is on its way
	Due       time.Time `json:"due"`  // by the bank's clock
	Tries     []Try     `json:"tries"`
	Done      bool      `json:"done"` // taken, or given up
}

// Try is one HTTP request of a delivery.
type Try struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // 0 when no answer came
}

// Taken reports whether the partner has taken it.
func (d Delivery) Taken() bool {
	return len(d.Tries) > 0 && d.Tries[len(d.Tries)-1].Status/100 == 2
}

// Last is the status of the last try, 0 before any.
func (d Delivery) Last() int {
	if len(d.Tries) == 0 {
		return 0
	}
	return d.Tries[len(d.Tries)-1].Status
}

// SetCallbackFault spoils the next callback; empty spoils none.
func (b *Bank) SetCallbackFault(f CallbackFault) error {
	if f != "" && !slices.Contains(CallbackFaults, f) {
		return fmt.Errorf("sandbox: no such fault of a callback: %q", f)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state.CallbackFault = f
	return b.save()
}

// Deliveries lists the callbacks, oldest first.
func (b *Bank) Deliveries() []Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Delivery, 0, len(b.state.Deliveries))
	for _, d := range b.state.Deliveries {
		all = append(all, *d)
	}
	return all
}

// Tell has the bank tell once more where an entry stands, as its staff might after a telephone call.
func (b *Bank) Tell(reference string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.state.byReference[reference]
	if !ok {
		return fmt.Errorf("sandbox: no presentment %q", reference)
	}
	b.tell(p, b.now())
	return b.save()
}

// tell queues a callback about an entry as it stands. A bank that was given no address of ours tells nobody.
func (b *Bank) tell(p *presentment, at time.Time) {
	if b.config.CallbackURL == "" {
		return
	}
	b.state.Sequence++
	told := krungsri.PresentmentCallback{
		EventID: fmt.Sprintf("EVT%s%06d", b.now().Format("20060102"), b.state.Sequence), PresentmentReference: p.Reference, Status: p.Status,
		Remark: p.Remark, At: krungsri.Instant{Time: at}, PartnerReference: p.Partner, DocumentNumber: p.Number,
		TotalAmount: new(p.Total), SellerTaxID: p.Seller.TaxID,
	}
	if p.Paid > 0 {
		told.PaidAmount, told.PaymentReference = new(p.Paid), p.PaymentReference
	}
	body, err := json.Marshal(told)
	if err != nil {
		panic(fmt.Sprintf("sandbox: callback cannot be encoded: %v", err)) // our own types: a mistake in this package
	}
	b.queue(Delivery{Product: "presentment", Reference: p.Reference, Status: string(p.Status), Body: body})
}

// queue puts what is to be told behind what is told already, spoiled if that is the fault of the day.
func (b *Bank) queue(told Delivery) {
	d := &told
	d.Due = b.now()
	fault := b.state.CallbackFault
	if fault != CallbackEarly {
		b.state.CallbackFault = ""
	}
	switch fault {
	case CallbackLate:
		d.Due = d.Due.Add(lateness)
	case CallbackTwice:
		again := *d
		b.state.Deliveries = append(b.state.Deliveries, &again)
	case CallbackDisordered:
		d.Held = true
	case CallbackForged:
		d.Forged = true
	case CallbackMalformed:
		d.Body = d.Body[:len(d.Body)-20]
	}
	b.state.Deliveries = append(b.state.Deliveries, d)
	if !d.Held {
		b.letGo(d)
	}
	select {
	case b.kick <- struct{}{}:
	default: // it will look anyway
	}
}

// letGo puts what was held back behind the event that came after it.
func (b *Bank) letGo(after *Delivery) {
	for n, d := range b.state.Deliveries {
		if d.Held && d.Reference == after.Reference && d != after {
			d.Held, d.Due = false, after.Due
			b.state.Deliveries = append(slices.Delete(b.state.Deliveries, n, n+1), d)
			return
		}
	}
}

// Run delivers callbacks as they come due, until ctx ends.
func (b *Bank) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := b.Deliver(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-b.kick:
		}
	}
}

// Deliver sends every callback that is due by the bank's clock, once each, in their order. One that is not taken stays for later.
func (b *Bank) Deliver(ctx context.Context) error {
	b.delivering.Lock()
	defer b.delivering.Unlock()
	b.proceedAll()
	for _, d := range b.due() {
		status := b.send(ctx, d)
		if ctx.Err() != nil {
			return nil // the bank closes; what was not taken is tried again
		}
		b.mu.Lock()
		d.Tries = append(d.Tries, Try{b.now(), status})
		switch {
		case status/100 == 2, len(d.Tries) > len(callbackGaps):
			d.Done, d.Body = true, nil
		default:
			d.Due = b.now().Add(callbackGaps[len(d.Tries)-1])
		}
		err := b.save()
		b.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Bank) due() (due []*Delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.state.Deliveries {
		if !d.Done && !d.Held && !d.Due.After(b.now()) {
			due = append(due, d)
		}
	}
	return due
}

// callbackTime is how long the bank waits for our answer. [inferred]
const callbackTime = 5 * time.Second

// send makes one request, and returns the status of its answer, or 0.
func (b *Bank) send(ctx context.Context, d *Delivery) int {
	ctx, cancel := context.WithTimeout(ctx, callbackTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.callbackAddress(d.Product), bytes.NewReader(d.Body))
	if err != nil {
		return 0
	}
	key := b.config.CallbackKey
	if d.Forged {
		key = "somebody else's key"
	}
	r.Header = krungsri.SignCallback(key, r.URL.Path, d.Body, b.config.Clock())
	res, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, formLimit)) // only the status counts
	_ = res.Body.Close()
	return res.StatusCode
}

// callbackAddress is where the partner wants to be told of a product: its products stand side by side.
func (b *Bank) callbackAddress(product string) string {
	if product == "" {
		return b.config.CallbackURL // of a memory from before there were several
	}
	return b.config.CallbackURL[:strings.LastIndexByte(b.config.CallbackURL, '/')+1] + product
}

// early calls back before the answer, if that is the fault of the day: an entry that has just been shown is accepted, and a tax
// document made, at once.
func (b *Bank) early(ctx context.Context, answer reply) {
	b.earlyDebit(ctx)
	b.mu.Lock()
	n := len(b.state.Effects)
	armed := b.state.CallbackFault == CallbackEarly && answer.status == http.StatusOK && n > 0
	if !armed {
		b.mu.Unlock()
		return
	}
	reference := b.state.Effects[n-1].BankReference
	p, ok := b.state.byReference[reference]
	if d, made := b.state.byTaxReference[reference]; made && d.Status == krungsri.TaxAccepted {
		b.state.CallbackFault, ok = "", true
		b.step(d, krungsri.TaxGenerated)
	} else if ok && p.Status == krungsri.StatusPresented {
		b.state.CallbackFault = ""
		p.Status = krungsri.StatusAccepted
		b.tell(p, b.now())
	}
	b.mu.Unlock()
	if ok {
		_ = b.Deliver(ctx) // a memory that cannot be written is said by the answer itself
	}
}

// checkCallbacks refuses what could not be called or signed.
func checkCallbacks(c Config) error {
	if c.CallbackURL == "" {
		return nil
	}
	u, err := url.Parse(c.CallbackURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("sandbox: the address for callbacks is not a URL")
	}
	if c.CallbackKey == "" {
		return errors.New("sandbox: callbacks need a key")
	}
	return nil
}
