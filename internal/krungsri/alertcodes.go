package krungsri

import (
	"net/http"
	"slices"
	"time"
)

// ProxyType says what a PromptPay ID is. The first four names are seen in public code for the interbank switch; that these
// operations use them is [inferred].
type ProxyType string

const (
	ProxyMobile   ProxyType = "MSISDN"      // [inferred] ten digits, beginning with 0
	ProxyIdentity ProxyType = "NATID"       // [inferred] thirteen digits: of a citizen, or the tax identification of a business
	ProxyEWallet  ProxyType = "EWALLETID"   // [inferred] fifteen digits
	ProxyAccount  ProxyType = "BANKACCOUNT" // [inferred] three digits of the bank, and the account's
	ProxyBiller   ProxyType = "BILLERID"    // [inferred] fifteen digits: a tax identification and a suffix
)

var proxyTypes = []ProxyType{ProxyMobile, ProxyIdentity, ProxyEWallet, ProxyAccount, ProxyBiller}

// String is the bank's name.
func (t ProxyType) String() string { return string(t) }

// Known reports whether the type is in the table.
func (t ProxyType) Known() bool { return slices.Contains(proxyTypes, t) }

// AlertStatus is where a request to pay stands, whoever sent it. [inferred]
type AlertStatus string

const (
	AlertScheduled    AlertStatus = "SCHEDULED"    // [inferred] waits for its time
	AlertSent         AlertStatus = "SENT"         // [inferred] with the one who is to pay
	AlertAcknowledged AlertStatus = "ACKNOWLEDGED" // [inferred] taken note of, or going to be paid
	AlertPaid         AlertStatus = "PAID"         // [inferred]
	AlertRejected     AlertStatus = "REJECTED"     // [inferred] refused by the one who was to pay
	AlertExpired      AlertStatus = "EXPIRED"      // [inferred] past its time, unpaid
	AlertFailed       AlertStatus = "FAILED"       // [inferred] could not be delivered
	AlertBlocked      AlertStatus = "BLOCKED"      // [inferred] its receiver takes no alerts from its sender
)

var alertStatuses = []AlertStatus{
	AlertScheduled, AlertSent, AlertAcknowledged, AlertPaid, AlertRejected, AlertExpired, AlertFailed, AlertBlocked,
}

// String is the bank's word.
func (s AlertStatus) String() string { return string(s) }

// Known reports whether the status is in the table. Nothing may be concluded from another.
func (s AlertStatus) Known() bool { return slices.Contains(alertStatuses, s) }

// Acknowledgement is what a receiver says of an alert. [inferred]
type Acknowledgement string

const (
	AlertReceived Acknowledgement = "RCVD" // [inferred] seen; one of the other two may follow
	AlertWillPay  Acknowledgement = "ACCP" // [inferred]
	AlertRefused  Acknowledgement = "RJCT" // [inferred]
)

var acknowledgements = []Acknowledgement{AlertReceived, AlertWillPay, AlertRefused}

// String is the bank's four letters.
func (a Acknowledgement) String() string { return string(a) }

// Known reports whether it is in the table. Nothing may be concluded from another.
func (a Acknowledgement) Known() bool { return slices.Contains(acknowledgements, a) }

// BlockStatus is what the bank says after a sender was blocked or let in again. [inferred]
type BlockStatus string

const (
	SenderBlocked   BlockStatus = "BLOCKED"   // [inferred]
	SenderUnblocked BlockStatus = "UNBLOCKED" // [inferred]
)

// Limits of one request to pay: in satang, and how long it may wait to be sent and, once sent, to be paid. They are contractual:
// the merchant's own settings may be narrower. [inferred: the public page of another bank]
const (
	LargestAlert = Baht(200_000_00)
	AlertDays    = 30
)

// AlertHour is when a request is sent that is for a later day and names no time. [inferred]
const AlertHour = 8

// AlertArrives is how long a request may take to come in at the bank: what it does not know after that was never sent. The
// database holds to the same. [inferred]
const AlertArrives = 5 * time.Minute

// Lengths of a request's texts, in characters. [inferred]
const (
	LongestAlertReference = 36
	LongestBillReference  = 20
	LongestAlertMessage   = 140
)

// Codes of requests to pay. [inferred]
const (
	CodeReceiverUnknown   = "B021"
	CodeReceiverTakesNone = "B022"
	CodeSenderNotOurs     = "B023"
	CodeOverAlertLimit    = "B024"
	CodeNotDelivered      = "B025"
	CodeRefusedByReceiver = "B026"
	CodeBlockedByReceiver = "B027"
)

// AlertFailure is a row of the table that says why a request to pay was not taken, or came to nothing.
type AlertFailure struct {
	Code     string
	Name     string // ours, stable
	Meaning  string
	Standing Standing
}

var alertFailures = []AlertFailure{
	{CodeReceiverUnknown, "receiver_unknown", "the receiver is not registered with PromptPay", Inferred},
	{CodeReceiverTakesNone, "receiver_takes_none", "the receiver does not take requests to pay", Inferred},
	{CodeSenderNotOurs, "sender_not_ours", "the sender's PromptPay ID is not registered for this partner", Inferred},
	{CodeOverAlertLimit, "over_limit", "above the limit of one request", Inferred},
	{CodeNotDelivered, "not_delivered", "the receiver's bank did not take the request", Inferred},
	{CodeRefusedByReceiver, "refused", "the receiver has refused to pay", Inferred},
	{CodeBlockedByReceiver, "blocked", "the receiver takes no requests from this sender", Inferred},
}

// AlertFailures lists the table. The slice is the caller's to keep.
func AlertFailures() []AlertFailure { return slices.Clone(alertFailures) }

// AlertFailureByCode finds the row of a code. A failure without a row is still a failure.
func AlertFailureByCode(code string) (AlertFailure, bool) {
	for _, row := range alertFailures {
		if row.Code == code {
			return row, true
		}
	}
	return AlertFailure{}, false
}

// alertErrorCodes are the rows of errorCodes that belong to PromptPay Alert.
func alertErrorCodes() []ErrorCode {
	var rows []ErrorCode
	for _, m := range []struct{ code, member string }{
		{"I301", "rtpReference"},
		{"I302", "senderProxyType"},
		{"I303", "senderProxyValue"},
		{"I304", "receiverProxyType"},
		{"I305", "receiverProxyValue"},
		{"I306", "instructionDate"},
		{"I307", "instructionTime"},
		{"I308", "expiryDateTime"},
		{"I309", "billReference1"},
		{"I310", "billReference2"},
		{"I311", "message"},
		{"I312", "acknowledgementStatus"},
		{"I313", "reason"},
	} {
		rows = append(rows, ErrorCode{http.StatusBadRequest, m.code, "invalid " + m.member, m.member, Refused, Inferred})
	}
	for _, f := range alertFailures {
		rows = append(rows, ErrorCode{http.StatusUnprocessableEntity, f.Code, f.Meaning, "", Refused, f.Standing})
	}
	return rows
}
