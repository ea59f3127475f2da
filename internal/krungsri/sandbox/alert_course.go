package sandbox

import (
	"cmp"
	"time"

	"portal/internal/krungsri"
)

// How long the rules have a receiver take.
const (
	answerTime  = time.Minute
	paymentTime = 10 * time.Minute
)

// sendAlert hands a request of the partner's to its receiver, at its time, and lays down what is going to become of it.
func (b *Bank) sendAlert(a *alert, at time.Time) {
	a.Status, a.SentAt, a.Since = krungsri.AlertSent, at, at
	if rule := alertRuleOf(a.Receiver, a.Amount); rule != nil {
		for _, step := range rule.course {
			a.Course = append(a.Course, alertStep{step.to, at.Add(step.after)})
		}
	}
	b.state.indexAlert(a)
	b.tellAlert(a)
}

// stepAlert is what becomes of a request, at its time.
func (b *Bank) stepAlert(a *alert, s alertStep) {
	if len(a.Course) > 0 && a.Course[0] == s {
		a.Course = a.Course[1:]
	}
	if s.To == krungsri.AlertSent {
		b.sendAlert(a, s.At)
		return
	}
	b.moveAlert(a, s.To, s.At, "")
}

// endings are the codes of what came to nothing.
var endings = map[krungsri.AlertStatus]string{
	krungsri.AlertFailed: krungsri.CodeNotDelivered, krungsri.AlertRejected: krungsri.CodeRefusedByReceiver, krungsri.AlertBlocked: krungsri.CodeBlockedByReceiver,
}

// moveAlert takes an open request on and tells of it.
func (b *Bank) moveAlert(a *alert, to krungsri.AlertStatus, at time.Time, words string) {
	a.Status, a.Since, a.Failure, a.Words = to, at, endings[to], words
	switch {
	case to == krungsri.AlertPaid:
		a.Payment, a.PaidAt = b.nextPayment(at), at
		b.state.Transfers = append(b.state.Transfers, a.paid())
	case a.Incoming:
	case to == krungsri.AlertAcknowledged:
		a.Acknowledgement = krungsri.AlertReceived
	case to == krungsri.AlertRejected:
		a.Acknowledgement = krungsri.AlertRefused
	}
	if !a.open() {
		a.Course = nil
	}
	b.state.indexAlert(a)
	b.tellAlert(a)
}

// nextPayment names a bill payment: A and fourteen digits.
func (b *Bank) nextPayment(at time.Time) string {
	b.state.Sequence++
	return "A" + at.In(krungsri.Bangkok).Format("06010215") + sixDigits(b.state.Sequence)
}

// paid is the line of the statement of the partner's account: money in for what it asked, money out for what it was asked. The
// second reference is the request's.
func (a *alert) paid() *Transfer {
	t := &Transfer{
		BankReference: a.Payment, At: a.PaidAt, Seller: a.Sender.holder(), Amount: a.Amount, Payer: a.ReceiverName,
		Reference1: cmp.Or(a.Bill1, a.Reference), Reference2: a.RTP, Description: "รับชำระตามคำขอ PromptPay", Channel: "PromptPay Alert",
	}
	if a.Incoming {
		t.Seller, t.Amount, t.Payer, t.Reference1 = a.Receiver.holder(), -a.Amount, a.SenderName, a.Bill1
		t.Description = "จ่ายตามใบแจ้ง PromptPay"
	}
	return t
}
