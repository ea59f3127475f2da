package sandbox

import (
	"context"
	"encoding/json"
	"fmt"

	"portal/internal/krungsri"
)

// The product under which direct debit is told.
const debitProduct = "directdebit"

// tellMandate queues a callback about a registration, or the token it led to, as it stands.
func (b *Bank) tellMandate(m *mandate) {
	if b.config.CallbackURL == "" {
		return
	}
	told := struct {
		EventID string `json:"eventIdentification"`
		krungsri.RegistrationCallback
	}{RegistrationCallback: krungsri.RegistrationCallback{
		JourneyID: m.Journey, PaymentToken: m.Token, Status: m.Status, Ref1: m.Ref1, Ref2: m.Ref2, At: krungsri.Instant{Time: m.Since},
		RejectCode: m.Reject, RejectReason: rejections[m.Reject],
	}}
	if m.Token != "" {
		told.DrawerAccount = maskedAccount(m.Drawer.Number)
	}
	told.EventID = b.nextEvent()
	b.queueDebit(m.Journey, string(m.Status), told)
}

// tellDebit queues a callback about a debit as it stands.
func (b *Bank) tellDebit(d *debit) {
	if b.config.CallbackURL == "" {
		return
	}
	told := struct {
		EventID string `json:"eventIdentification"`
		krungsri.TransactionCallback
	}{TransactionCallback: krungsri.TransactionCallback{
		Debit: d.said(), CreditorAccount: d.Creditor, ScheduleID: d.Schedule, PaymentToken: d.Token, Ref1: d.Ref1, Ref2: d.Ref2,
	}}
	told.EventID = b.nextEvent()
	b.queueDebit(d.ID, string(d.Status), told)
}

func (b *Bank) nextEvent() string {
	b.state.Sequence++
	return fmt.Sprintf("EVT%s%06d", b.now().Format("20060102"), b.state.Sequence)
}

func (b *Bank) queueDebit(reference, status string, told any) {
	body, err := json.Marshal(told)
	if err != nil {
		panic(fmt.Sprintf("sandbox: callback cannot be encoded: %v", err)) // our own types: a mistake in this package
	}
	b.queue(Delivery{Product: debitProduct, Reference: reference, Status: status, Body: body})
}

// TellDebit has the bank tell once more where a registration, a payment token or a debit stands.
func (b *Bank) TellDebit(id string) error {
	return b.playing(func() error {
		if m, ok := b.state.byJourney[id]; ok {
			b.tellMandate(m)
			return nil
		}
		if m, ok := b.state.byToken[id]; ok {
			b.tellMandate(m)
			return nil
		}
		if d, ok := b.state.byTransaction[id]; ok {
			b.tellDebit(d)
			return nil
		}
		return fmt.Errorf("sandbox: no registration and no debit %q", id)
	})
}

// earlyDebit calls back before the answer, if that is the fault of the day and there is something about a debit or a request to
// pay to tell.
func (b *Bank) earlyDebit(ctx context.Context) {
	b.mu.Lock()
	armed := false
	if n := len(b.state.Deliveries); n > 0 && b.state.CallbackFault == CallbackEarly {
		last := b.state.Deliveries[n-1]
		armed = (last.Product == debitProduct || last.Product == alertProduct) && !last.Done && len(last.Tries) == 0
	}
	if armed {
		b.state.CallbackFault = ""
	}
	b.mu.Unlock()
	if armed {
		_ = b.Deliver(ctx) // a memory that cannot be written is said by the answer itself
	}
}
