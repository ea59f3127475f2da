// Package notify tells people what they should know: it follows the published
// audit trail, gives each person the notices that concern them, and mails
// them. It must never decide anything about a bill or an instruction, never
// put an amount into a subject line, and never send a link that has any power
// of its own, but for the one that lets somebody in who cannot sign in yet.
package notify

import (
	"context"
	"maps"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// The kinds of notices.
const (
	Waiting      = "waiting"       // an instruction waits for this checker
	ExpiringHalf = "expiring_half" // half of its time is over
	ExpiringSoon = "expiring_soon" // nine tenths are
	Rejected     = "rejected"      // a checker said no
	Expired      = "expired"       // nobody decided in time
	Approved     = "approved"      // it will be sent
	Refused      = "refused"       // the bank said no
	Unknown      = "unknown"       // nobody knows what the bank did
	Proposed     = "proposed"      // somebody proposed how to settle that
	Settled      = "settled"       // and somebody confirmed or declined
	Incomplete   = "incomplete"    // a bill is at the bank without all its documents
	Presented    = "presented"     // a bill is at the bank
	Cancelled    = "cancelled"     // and was taken back
	Disputed     = "disputed"      // the buyer disputes it
	Accepted     = "accepted"      // the buyer accepts it
	Unanswered   = "unanswered"    // the buyer said nothing in time
	Paid         = "paid"          // the buyer has paid
	Unsent       = "unsent"        // it was approved, and was not sent
	Hopeless     = "hopeless"      // too few are left who may approve it
	Issued       = "issued"        // the bank has a receipt for good
	Unreceipted  = "unreceipted"   // a receipt is at the bank without its document
	Unmatched    = "unmatched"     // money came in, and nobody knows what for
	EtaxFailed   = "etax_failed"   // the bank or the Revenue Department did not go on with a tax document
	Quarantined  = "quarantined"   // what the bank told contradicts what is known
	DebitFailed  = "debit_failed"  // the bank took nothing from a payer
	AlertArrived = "alert_arrived" // somebody asks us to pay
	AlertEnding  = "alert_ending"  // the time to answer runs out today
	BlockReview  = "block_review"  // a sender is blocked, and it is time to look at that again
	BlockDiffers = "block_differs" // the bank's list of blocked senders is not ours

	RequestPaid   = "request_paid"   // who was asked has paid
	RequestEnded  = "request_ended"  // who was asked refused, blocked us, or let it run out
	RequestSilent = "request_silent" // the bank has nothing new of it, and is asked no more by itself

	MandateRegistered = "mandate_registered" // a payer agreed to be debited
	MandateRefused    = "mandate_refused"    // or did not
	MandateEnded      = "mandate_ended"      // a mandate is no longer in force

	PolicyProposed = "policy_proposed" // somebody proposed who approves what
	PolicyApproved = "policy_approved" // what this administrator proposed is in force
	PolicyRejected = "policy_rejected" // or is not to be
	Rules          = "rules"           // who approves what has changed

	Delegated          = "delegated"           // somebody asks to be stood in for
	DelegationAccepted = "delegation_accepted" // who was asked agreed
	DelegationDeclined = "delegation_declined" // or did not
	DelegationRevoked  = "delegation_revoked"  // one of the two ended it

	PersonProposed    = "person_proposed"    // another administrator proposed a change about somebody
	PersonConfirmed   = "person_confirmed"   // what this administrator proposed is in force
	PersonDeclined    = "person_declined"    // or is not to be
	BankProposed      = "bank_proposed"      // the bank let new credentials in, and they wait to be confirmed
	BankRefused       = "bank_refused"       // it did not, or said nothing clear
	BankConfirmed     = "bank_confirmed"     // they are in force
	BankDeclined      = "bank_declined"      // or are not to be
	SecretProposed    = "secret_proposed"    // a callback secret waits to be confirmed
	SecretConfirmed   = "secret_confirmed"   // it is believed
	SecretDeclined    = "secret_declined"    // or is not to be
	PromptPayProposed = "promptpay_proposed" // a PromptPay id waits for a checker
	PromptPayApproved = "promptpay_approved" // it may be used
	PromptPayRejected = "promptpay_rejected" // or may not

	SessionsEnded = "sessions_ended" // an administrator signed them out everywhere
)

// Topics are what a person chooses about, in the order of the settings.
var Topics = []string{"waiting", "expiring", "asked", "returned", "trouble", "disputed", "alerts", "requests", "blocks", "mandates", "unmatched", "rules", "approved", "presented", "paid", "registered", "debits"}

var topicOf = map[string]string{
	Waiting: "waiting", ExpiringHalf: "expiring", ExpiringSoon: "expiring", Rejected: "returned", Expired: "returned", Approved: "approved",
	Refused: "trouble", Unknown: "trouble", Proposed: "trouble", Settled: "trouble", Incomplete: "trouble", Unsent: "trouble", Hopeless: "trouble", Quarantined: "trouble", EtaxFailed: "trouble",
	Unmatched: "unmatched", Unreceipted: "trouble", Issued: "presented", Presented: "presented", Cancelled: "presented", Disputed: "disputed", Unanswered: "disputed", Accepted: "paid", Paid: "paid",
	AlertArrived: "alerts", AlertEnding: "alerts", RequestPaid: "paid", RequestEnded: "requests", RequestSilent: "trouble", BlockReview: "blocks", BlockDiffers: "blocks",
	PersonProposed: "asked", BankProposed: "asked", SecretProposed: "asked", PromptPayProposed: "asked", BankRefused: "trouble",
	PersonConfirmed: "rules", PersonDeclined: "rules", BankConfirmed: "rules", BankDeclined: "rules",
	SecretConfirmed: "rules", SecretDeclined: "rules", PromptPayApproved: "rules", PromptPayRejected: "rules",
	PolicyProposed: "asked", Delegated: "asked", PolicyApproved: "rules", PolicyRejected: "rules", Rules: "rules",
	DebitFailed: "debits", MandateRegistered: "registered", MandateRefused: "mandates", MandateEnded: "mandates",
	DelegationAccepted: "rules", DelegationDeclined: "rules", DelegationRevoked: "rules", SessionsEnded: "rules",
}

// What a person can choose about a topic.
const (
	Now    = "now"    // in the portal, and a mail at once
	Digest = "digest" // in the portal, and in the mail of the next morning
	Off    = "off"    // not at all
)

// Choices lists them in the order of the settings.
var Choices = []string{Now, Digest, Off}

// usual is what holds for whoever never chose: at once what somebody waits
// for or has to repair, the next morning what is good to know. What merely goes
// as it should is told to whoever asks for it: it comes once for every bill,
// and would bury the rest.
var usual = store.NoticeChoices{
	"waiting": Now, "expiring": Now, "asked": Now, "returned": Now, "trouble": Now, "disputed": Now,
	"alerts": Now, "requests": Digest, "blocks": Digest, "mandates": Digest, "unmatched": Digest, "rules": Digest, "approved": Off, "presented": Off, "paid": Off, "registered": Off, "debits": Off,
}

// Usual are the settings of a person who never chose.
func Usual() store.NoticeSettings {
	return store.NoticeSettings{Mail: true, Choices: maps.Clone(usual), QuietFrom: 20, QuietTo: 7}
}

// choiceOf is what holds for a kind of notice.
func choiceOf(s store.NoticeSettings, kind string) string {
	topic := topicOf[kind]
	if choice, ok := s.Choices[topic]; ok {
		return choice
	}
	return usual[topic]
}

// quiet returns the end of the quiet hours if now is in them, else now.
func quiet(s store.NoticeSettings, now time.Time) time.Time {
	hour := now.In(thai.Bangkok).Hour()
	from, to := s.QuietFrom, s.QuietTo
	inside := from <= hour && hour < to
	if from > to {
		inside = hour >= from || hour < to
	}
	if !inside || from == to {
		return now
	}
	end := atHour(now, to)
	if !end.After(now) {
		end = end.AddDate(0, 0, 1)
	}
	return end
}

// digestHour is when the mails of the morning are sent.
const digestHour = 8

// nextDigest is when the next mail of the morning is sent. The one of the
// coming minute takes nothing more: its worker may be at it already.
func nextDigest(now time.Time) time.Time {
	at := atHour(now, digestHour)
	if !at.After(now.Add(time.Minute)) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// atHour is the full hour of now's day in Bangkok.
func atHour(now time.Time, hour int) time.Time {
	y, m, d := now.In(thai.Bangkok).Date()
	return time.Date(y, m, d, hour, 0, 0, 0, thai.Bangkok)
}

// Sentence says in the reader's language what a notice tells.
func Sentence(ctx context.Context, n store.Notice) string {
	key := text.Prefix("notice.kind.") + n.Kind
	if cancellation := text.Prefix("notice.cancellation.") + n.Kind; n.Words["operation"] == "presentment.cancel" && text.Has(cancellation) {
		key = cancellation
	}
	until, first, last := "", "", ""
	if at, err := time.Parse(time.RFC3339, n.Words["until"]); err == nil {
		until = text.DateTime(ctx, at)
	}
	if day, err := time.Parse(time.DateOnly, n.Words["first"]); err == nil {
		first = text.Date(ctx, day)
	}
	if day, err := time.Parse(time.DateOnly, n.Words["last"]); err == nil {
		last = text.Date(ctx, day)
	}
	return text.T(ctx, key,
		"title", orDash(n.Words["title"]), "by", orElse(n.Words["by"], text.T(ctx, "notice.portal")), "until", until, "first", first, "last", last)
}

// Headline is the short form of it, without anybody's name: it may stand where
// strangers look.
func Headline(ctx context.Context, n store.Notice) string {
	return text.T(ctx, text.Prefix("notice.headline.")+n.Kind)
}

// Path is the page that a notice leads to.
func Path(n store.Notice) string {
	id := n.Subject.ID().String()
	switch {
	case n.Kind == SessionsEnded:
		return "/account"
	case n.Subject.Kind() == "presentment":
		return "/presentments/" + id
	case n.Subject.Kind() == "receipt":
		return "/receipts/" + id
	case n.Subject.Kind() == "payment":
		return "/payments/" + id
	case n.Subject.Kind() == "import":
		return "/payments?import=" + id + "&state=" + store.PaymentWaiting
	case n.Subject.Kind() == "debit":
		return "/debits/" + id
	case n.Subject.Kind() == "request":
		return "/requests/" + id
	case n.Subject.Kind() == "mandate":
		return "/mandates/" + id
	case n.Subject.Kind() == "schedule":
		return "/schedules/" + id
	case n.Subject.Kind() == "etax":
		return "/etax/" + id
	case n.Subject.Kind() == "callback":
		return "/callbacks/" + id
	case n.Subject.Kind() == "alert":
		return "/alerts/" + id
	case n.Subject.Kind() == "block":
		return "/blocks/" + id
	case n.Kind == BlockDiffers:
		return "/block-differences"
	case n.Kind == Unknown || n.Kind == Proposed || n.Kind == Settled:
		return "/unknown/" + id
	case n.Subject.Kind() == "instruction":
		return "/approvals/" + id
	case n.Subject.Kind() == "delegation":
		return "/approvals/delegations"
	case n.Subject.Kind() == "person_change":
		return "/admin/people"
	case n.Subject.Kind() == "bank_credentials":
		return "/admin/settings/bank"
	case n.Subject.Kind() == "callback_secret":
		return "/admin/settings/callbacks"
	case n.Subject.Kind() == "promptpayid":
		return "/promptpay-ids"
	}
	return "/admin/policies"
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func orDash(s string) string { return orElse(s, "–") }
