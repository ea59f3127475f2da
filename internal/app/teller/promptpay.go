package teller

import (
	"portal/internal/krungsri"
	"portal/internal/store"
)

// The declarations of PromptPay Alert, each by itself.

// A request to pay is named by the bank, and by our own reference before that.
var createRequest = instruction("promptpay.create", (*krungsri.Client).RequestPayment,
	payRequest,
	func(r krungsri.RequestedPayment) string { return r.RTPReference }, naming)

// Where a request to pay stands, ours or one that came in.
var _ = inquiry(inquireAlerts, (*krungsri.Client).InquireAlerts, learnAlerts, notKnown)

// What we say to the sender of an alert.
var acknowledgeAlert = instruction("promptpay.acknowledge", (*krungsri.Client).AcknowledgeAlert,
	acknowledgement,
	func(r krungsri.AcknowledgedAlert) string { return r.RTPReference })

// Whose alerts to an id of ours are not delivered. A block names nothing new: it
// is known by its two PromptPay ids.
var (
	blockSender    = instruction("promptpay.block", (*krungsri.Client).BlockSender, blockedPair, blockNamed)
	unblockSender  = instruction("promptpay.unblock", (*krungsri.Client).UnblockSender, blockedPair, blockNamed)
	blockedSenders = inquiry("promptpay.blocked", (*krungsri.Client).BlockedSenders, learnBlocked, everyBlocked)
)

// inquireAlerts asks where requests to pay stand; its answers may have it asked again.
const inquireAlerts = "promptpay.inquire"

// learnAlerts records what the bank answered, by what it was asked about.
func learnAlerts(tx *store.Tx, i store.Inquiry, said krungsri.Alerts) error {
	switch i.Subject.Kind() {
	case "alert":
		return learnAlert(tx, i, said)
	case "request":
		return learnRequest(tx, i, said)
	}
	return answered(tx, i, said)
}

// answered records that the bank answered, and concludes nothing from it.
func answered[Resp any](tx *store.Tx, i store.Inquiry, _ Resp) error {
	i.State, i.Came = store.InquiryAnswered, "answered"
	return tx.AnswerInquiry(i)
}
