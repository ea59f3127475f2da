package teller

import (
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// namedAlerts finds alerts by the bank's name for them. What is said of one may
// overtake the news that it came, so that a strange name is waited for.
var namedAlerts = product{
	atBank:    (*store.Query).AlertsAtBank,
	onTheWire: func(*store.Query) (bool, error) { return true, nil },
}

// readPromptPay decides about one callback of the product promptpay: that an
// alert came in, or where a request to pay stands.
func readPromptPay(tx *store.Tx, c store.Callback, body []byte) (claim, error) {
	said, err := krungsri.ParseAlertCallback(body)
	switch {
	case err != nil:
		r := newClaim(tx, c, namedAlerts, body)
		r.BankReference = krungsri.ClaimedReference(body)
		err = r.quarantine(reasonMalformed)
		return r, err
	case said.Incoming != nil:
		return readArrival(newClaim(tx, c, namedAlerts, body), said.EventID, *said.Incoming)
	}
	ours, err := isRequestOfOurs(tx.Query, *said.Status)
	if ours || err != nil {
		r := newClaim(tx, c, namedRequests, body)
		if err == nil {
			r, err = readRequestStatus(r, said.EventID, *said.Status)
		}
		return r, err
	}
	return readAlertStatus(newClaim(tx, c, namedAlerts, body), said.EventID, *said.Status)
}

// arrival is one callback that tells of an alert while it is being read.
type arrival struct {
	claim
	said krungsri.IncomingAlert
}

// arrivalStatus is what a callback that tells of an alert says of it.
const arrivalStatus = "ALERT"

func readArrival(c claim, event string, said krungsri.IncomingAlert) (claim, error) {
	r := arrival{claim: c, said: said}
	r.BankReference, r.Status = said.RTPReference, arrivalStatus
	var at time.Time
	if said.SentAt != nil {
		at = said.SentAt.Time
		r.SaidAt = &at
	}
	r.EventKey = eventKey(event, said.RTPReference, arrivalStatus, at)
	err := r.read()
	return r.claim, err
}

// read finds out which id of ours the alert was sent to, and keeps it.
func (r *arrival) read() error {
	if !r.c.Genuine() {
		return r.quarantine(r.c.Refusal)
	}
	receiver, err := promptpay.FromBank(string(r.said.ReceiverType), r.said.ReceiverValue)
	if err != nil {
		return r.quarantine(reasonUnknown)
	}
	ours, err := r.tx.AlertReceivers(string(receiver.Kind), receiver.Value)
	switch {
	case err != nil:
		return err
	case len(ours) == 0:
		return r.quarantine(reasonUnknown)
	case len(ours) > 1:
		return r.quarantine(reasonOtherMerchant)
	}
	sender, err := promptpay.FromBank(string(r.said.SenderType), r.said.SenderValue)
	if err != nil {
		return r.quarantine(reasonMalformed)
	}
	known, err := r.tx.AlertsAtBank(r.said.RTPReference)
	switch {
	case err != nil:
		return err
	case len(known) > 0 && known[0].MerchantID != ours[0].MerchantID:
		return r.quarantine(reasonOtherMerchant)
	}
	r.Merchant = ours[0].MerchantID
	r.tx = r.tx.For(r.Merchant)
	if len(known) > 0 {
		return r.again(known[0].ID, sender)
	}
	return r.keep(ours[0].ID, sender)
}

// again takes what the bank tells once more of an alert that we have.
func (r *arrival) again(id store.ID, sender promptpay.ID) error {
	a, err := r.tx.AlertItself(id)
	if err != nil {
		return err
	}
	r.Subject = store.About("alert", id)
	if a.SenderKind != string(sender.Kind) || a.SenderValue != sender.Value || a.AmountSatang != int64(r.said.Amount) || a.SenderName != r.said.SenderName ||
		a.Reference1 != r.said.BillReference1 || a.Reference2 != r.said.BillReference2 || a.Message != r.said.Message || !a.ExpiresAt.Equal(r.said.ExpiresAt.Time) {
		return r.quarantine(reasonMismatch)
	}
	r.State = store.CallbackDuplicate
	return r.tx.ReadCallback(r.c, r.CallbackReading)
}

// keep stores the alert with what is odd about it.
func (r *arrival) keep(receiver store.ID, sender promptpay.ID) error {
	a := store.Alert{
		ID: store.NewID(), Reference: r.said.RTPReference, PromptPayID: receiver, SenderKind: string(sender.Kind), SenderValue: sender.Value, SenderName: r.said.SenderName,
		AmountSatang: int64(r.said.Amount), Reference1: r.said.BillReference1, Reference2: r.said.BillReference2, Message: r.said.Message,
		ExpiresAt: r.said.ExpiresAt.Time, ArrivedAt: r.c.ReceivedAt, CallbackID: r.c.ID,
	}
	r.Subject, r.State = store.About("alert", a.ID), store.CallbackProcessed
	if err := r.tx.ReadCallback(r.c, r.CallbackReading); err != nil {
		return err
	}
	var err error
	if a.Suspicions, err = judgeAlert(r.tx.Query, a); err != nil {
		return err
	}
	return r.tx.AddAlert(a)
}

// standing is one callback about where an alert stands while it is being read.
type standing struct {
	claim
	said krungsri.AlertStatusCallback
}

func readAlertStatus(c claim, event string, said krungsri.AlertStatusCallback) (claim, error) {
	r := standing{claim: c, said: said}
	r.BankReference, r.Status, r.SaidAt = said.RTPReference, string(said.Status), &said.At.Time
	r.EventKey = eventKey(event, said.RTPReference, string(said.Status), said.At.Time)
	err := r.take(r.about)
	return r.claim, err
}

func (r *standing) end(state, reason string) error {
	r.State, r.Reason = state, reason
	return r.tx.ReadCallback(r.c, r.CallbackReading)
}

// about takes what the bank tells of an alert of ours.
func (r *standing) about(merchant, id store.ID) error {
	r.Merchant, r.Subject = merchant, store.About("alert", id)
	r.tx = r.tx.For(merchant)
	a, asked, err := lockAlert(r.tx, id)
	if err != nil {
		return err
	}
	told, err := r.tx.SubjectToldBefore(r.Subject, r.c, r.EventKey)
	if err != nil {
		return err
	}
	news := alertNews(a, r.said.Status)
	unknown := asked != nil && asked.State == store.Unknown
	switch {
	case told:
		return r.end(store.CallbackDuplicate, "")
	case r.said.Amount != nil && int64(*r.said.Amount) != a.AmountSatang:
		return r.quarantine(reasonMismatch)
	case news == reasonContradicts:
		return r.quarantine(reasonContradicts)
	case news != newsMoves && unknown:
		return r.ask(id)
	case news != newsMoves:
		return r.end(store.CallbackIgnored, news)
	}
	if err := r.end(store.CallbackProcessed, ""); err != nil {
		return err
	}
	if err := r.tx.AlertTold(id, alertWord(r.said.Status, r.said.PaidAt, r.said.PaymentReference, store.AlertWord{Callback: r.c.ID})); err != nil {
		return err
	}
	if !unknown {
		return nil
	}
	return r.inquire(id)
}

// ask has the bank asked about an answer that is unknown: its word in a
// callback settles none.
func (r *standing) ask(id store.ID) error {
	if err := r.end(store.CallbackProcessed, reasonAsked); err != nil {
		return err
	}
	return r.inquire(id)
}

func (r *standing) inquire(id store.ID) error {
	if asking, err := r.tx.Asking(r.Subject); err != nil || asking {
		return err
	}
	return askAlert(r.tx, id)
}
