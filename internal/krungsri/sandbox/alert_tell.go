package sandbox

import (
	"encoding/json"
	"fmt"

	"portal/internal/krungsri"
)

// The product under which requests to pay are told.
const alertProduct = "promptpay"

// tellAlert queues a callback about how a request stands.
func (b *Bank) tellAlert(a *alert) {
	if b.config.CallbackURL == "" {
		return
	}
	told := struct {
		EventID string `json:"eventIdentification"`
		krungsri.AlertStatusCallback
	}{AlertStatusCallback: krungsri.AlertStatusCallback{
		RTPReference: a.RTP, Reference: a.Reference, Status: a.Status, Acknowledgement: a.Acknowledgement, Amount: new(a.Amount), At: krungsri.Instant{Time: a.Since},
		PaymentReference: a.Payment, PaidAt: instant(a.PaidAt), FailureCode: a.Failure, FailureReason: a.failureReason(),
	}}
	told.EventID = b.nextEvent()
	b.queueAlert(a.RTP, string(a.Status), told)
}

// tellIncoming queues the alert itself, for whom it is addressed to.
func (b *Bank) tellIncoming(a *alert) {
	if b.config.CallbackURL == "" {
		return
	}
	told := struct {
		EventID string `json:"eventIdentification"`
		krungsri.IncomingAlert
	}{IncomingAlert: krungsri.IncomingAlert{
		RTPReference: a.RTP, SenderType: a.Sender.Type, SenderValue: a.Sender.Value, SenderName: a.SenderName,
		ReceiverType: a.Receiver.Type, ReceiverValue: a.Receiver.Value, Amount: a.Amount, BillReference1: a.Bill1, BillReference2: a.Bill2,
		Message: a.Message, SentAt: instant(a.SentAt), ExpiresAt: krungsri.Instant{Time: a.ExpiresAt},
	}}
	told.EventID = b.nextEvent()
	b.queueAlert(a.RTP, "ALERT", told)
}

func (b *Bank) queueAlert(reference, status string, told any) {
	body, err := json.Marshal(told)
	if err != nil {
		panic(fmt.Sprintf("sandbox: callback cannot be encoded: %v", err)) // our own types: a mistake in this package
	}
	b.queue(Delivery{Product: alertProduct, Reference: reference, Status: status, Body: body})
}

// TellAlert has the bank tell once more of a request: of one that came in the whole of it, and how it stands if that has changed.
func (b *Bank) TellAlert(rtp string) error {
	return b.playing(func() error {
		a, ok := b.state.byRTP[rtp]
		if !ok {
			return fmt.Errorf("sandbox: no request to pay %q", rtp)
		}
		if a.Incoming {
			b.tellIncoming(a)
		}
		if !a.Incoming || a.Status != krungsri.AlertSent {
			b.tellAlert(a)
		}
		return nil
	})
}
