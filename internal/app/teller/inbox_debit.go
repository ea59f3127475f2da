package teller

import (
	"context"
	"fmt"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// readDebit decides about one callback of the product directdebit: of a
// registration, or of a debit.
func (n *Inbox) readDebit(ctx context.Context, tx *store.Tx, c store.Callback, body []byte) error {
	r := reading{tx: tx, c: c, CallbackReading: store.CallbackReading{Masked: string(krungsri.Mask(krungsri.CallbackOperation, body))}}
	said, err := krungsri.ParseDebitCallback(body)
	if err != nil {
		r.BankReference = krungsri.ClaimedReference(body)
		return r.quarantine(reasonMalformed)
	}
	switch {
	case said.Registration != nil:
		g := said.Registration
		r.BankReference, r.Status, r.SaidAt = g.JourneyID, string(g.Status), &g.At.Time
	case said.Transaction != nil:
		d := said.Transaction
		r.BankReference, r.Status = d.TransactionID, string(d.Status)
		if d.ProcessedAt != nil {
			r.SaidAt = &d.ProcessedAt.Time
		}
	}
	r.EventKey = debitEventKey(said.EventID, r.CallbackReading)
	n.log.WarnContext(ctx, "inbox: a callback needs a person", "callback", c.ID, "reason", reasonUnknown, "refusal", c.Refusal, "reference", r.BankReference)
	return r.quarantine(reasonUnknown)
}

// debitEventKey is what makes two callbacks the same event.
func debitEventKey(event string, r store.CallbackReading) string {
	if event != "" {
		return "event " + event
	}
	at := ""
	if r.SaidAt != nil {
		at = r.SaidAt.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("%s %s %s", r.BankReference, r.Status, at)
}
