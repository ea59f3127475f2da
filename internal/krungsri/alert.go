package krungsri

import (
	"cmp"
	"context"
	"fmt"
)

// A request to pay is what PromptPay calls an alert: one party asks another, by PromptPay IDs, to pay a bill. The operations,
// and that requests are sent at once or scheduled, are read on the bank's page (P7); all members are [inferred], after the
// contract's §2.5.

// RequestPaymentRequest asks somebody to pay us. Reference is ours, one per request: at most LongestAlertReference letters,
// digits and dashes. The bank does a second request with the same one only as far as telling what came of the first. A request
// that was sent cannot be withdrawn.
type RequestPaymentRequest struct {
	Reference      string    `json:"transactionIdentification"`
	SenderType     ProxyType `json:"senderProxyType"` // us
	SenderValue    string    `json:"senderProxyValue"`
	ReceiverType   ProxyType `json:"receiverProxyType"` // who is to pay
	ReceiverValue  string    `json:"receiverProxyValue"`
	Amount         Baht      `json:"amount"`
	On             Date      `json:"instructionDate"` // a day that is past is refused
	At             string    `json:"instructionTime,omitempty"`
	ExpiresAt      Instant   `json:"expiryDateTime"`
	BillReference1 string    `json:"billReference1,omitempty"`
	BillReference2 string    `json:"billReference2,omitempty"`
	Message        string    `json:"message,omitempty"` // the receiver reads it
}

// RequestedPayment names the request, which is sent, or waits for ScheduledAt.
type RequestedPayment struct {
	Reference     string      `json:"transactionIdentification"`
	RTPReference  string      `json:"rtpReference"`
	Status        AlertStatus `json:"transactionStatus"`
	Amount        Baht        `json:"amount"`
	ScheduledAt   *Instant    `json:"scheduledDateTime,omitempty"`
	FailureCode   string      `json:"failureCode,omitempty"`
	FailureReason string      `json:"failureReason,omitempty"`
}

// InquireAlertsRequest asks about one request to pay, by the bank's name for it or by ours, or about those of some days. Without
// a page it is the first.
type InquireAlertsRequest struct {
	RTPReference string `json:"rtpReference,omitempty"`
	Reference    string `json:"transactionIdentification,omitempty"`
	From         *Date  `json:"startDate,omitempty"`
	To           *Date  `json:"endDate,omitempty"` // included
	Page         int    `json:"pageNumber,omitempty"`
	PageSize     int    `json:"pageSize,omitempty"` // LargestPage, if zero
}

// Alerts is a page of what was found, oldest first.
type Alerts struct {
	Alerts []Alert `json:"transactions"`
	Total  int     `json:"totalRecords"`
}

// Alert is a request to pay as the bank keeps it: one that we sent, or one that came in for us. The last five say how it ended.
type Alert struct {
	RTPReference     string          `json:"rtpReference"`
	Reference        string          `json:"transactionIdentification,omitempty"` // ours, if we sent it
	Status           AlertStatus     `json:"transactionStatus"`
	Acknowledgement  Acknowledgement `json:"acknowledgementStatus,omitempty"` // the receiver's last word
	SenderType       ProxyType       `json:"senderProxyType"`
	SenderValue      string          `json:"senderProxyValue"`
	SenderName       string          `json:"senderName,omitempty"`
	ReceiverType     ProxyType       `json:"receiverProxyType"`
	ReceiverValue    string          `json:"receiverProxyValue"`
	ReceiverName     string          `json:"receiverName,omitempty"`
	Amount           Baht            `json:"amount"`
	BillReference1   string          `json:"billReference1,omitempty"`
	BillReference2   string          `json:"billReference2,omitempty"`
	Message          string          `json:"message,omitempty"`
	CreatedAt        Instant         `json:"createDateTime"`
	ScheduledAt      *Instant        `json:"scheduledDateTime,omitempty"`
	SentAt           *Instant        `json:"sentDateTime,omitempty"`
	ExpiresAt        Instant         `json:"expiryDateTime"`
	StatusAt         Instant         `json:"statusDateTime"`
	PaymentReference string          `json:"paymentReferenceIdentification,omitempty"`
	PaidAt           *Instant        `json:"paidDateTime,omitempty"`
	FailureCode      string          `json:"failureCode,omitempty"`
	FailureReason    string          `json:"failureReason,omitempty"` // of a refusal, the receiver's words
}

// AcknowledgeAlertRequest says to a sender what becomes of the alert that came in.
type AcknowledgeAlertRequest struct {
	RTPReference    string          `json:"rtpReference"`
	Acknowledgement Acknowledgement `json:"acknowledgementStatus"`
	Reason          string          `json:"reason,omitempty"` // the sender reads it
}

// AcknowledgedAlert confirms it. One that was said before is answered in the same way.
type AcknowledgedAlert struct {
	RTPReference    string          `json:"rtpReference"`
	Status          AlertStatus     `json:"transactionStatus"`
	Acknowledgement Acknowledgement `json:"acknowledgementStatus,omitempty"`
}

// BlockSenderRequest names one sender and one PromptPay ID of ours. It stops, or lets in again, what that sender addresses to
// that ID, and says nothing about the sender otherwise.
type BlockSenderRequest struct {
	ReceiverType  ProxyType `json:"receiverProxyType"` // us
	ReceiverValue string    `json:"receiverProxyValue"`
	SenderType    ProxyType `json:"senderProxyType"`
	SenderValue   string    `json:"senderProxyValue"`
}

// BlockedSenderAnswer confirms a block or its end. Blocking twice, or unblocking a sender who is not blocked, is answered in the
// same way; BlockedAt is then that of the first block, or missing.
type BlockedSenderAnswer struct {
	BlockSenderRequest
	Status    BlockStatus `json:"blockStatus"`
	BlockedAt *Instant    `json:"blockedDateTime,omitempty"`
}

// BlockedSendersRequest asks who is blocked for one PromptPay ID of ours. Without a page it is the first.
type BlockedSendersRequest struct {
	ReceiverType  ProxyType `json:"receiverProxyType"`
	ReceiverValue string    `json:"receiverProxyValue"`
	Page          int       `json:"pageNumber,omitempty"`
	PageSize      int       `json:"pageSize,omitempty"` // LargestBlockedPage, if zero
}

// LargestBlockedPage is larger than LargestPage: its rows are short. [inferred]
const LargestBlockedPage = 1000

// BlockedSenders is a page of the list, in the order in which they were blocked.
type BlockedSenders struct {
	ReceiverType  ProxyType       `json:"receiverProxyType"`
	ReceiverValue string          `json:"receiverProxyValue"`
	Senders       []BlockedSender `json:"blockedSenders"`
	Total         int             `json:"totalRecords"`
}

// BlockedSender is a row of the list.
type BlockedSender struct {
	Type      ProxyType `json:"senderProxyType"`
	Value     string    `json:"senderProxyValue"`
	BlockedAt Instant   `json:"blockedDateTime"`
}

// RequestPayment sends a request to pay, or has the bank send it at its time. It succeeds once the bank has taken it; a request
// that it reports as failed or blocked at once is Refused with the code of the failure. An Unknown is settled by InquireAlerts
// with our reference.
func (c *Client) RequestPayment(ctx context.Context, ref Reference, r RequestPaymentRequest) (RequestedPayment, error) {
	return write(ctx, c, requestPayment, ref, r, func(a RequestedPayment) error {
		if err := matches(same("transactionIdentification", a.Reference, r.Reference), same("amount", a.Amount, r.Amount)); err != nil {
			return err
		}
		switch a.Status {
		case AlertScheduled:
			if a.ScheduledAt == nil || a.ScheduledAt.IsZero() {
				return fmt.Errorf("%w: scheduledDateTime is missing", ErrMalformed)
			}
			return has("rtpReference", a.RTPReference)
		case AlertFailed, AlertBlocked:
			return &declined{cmp.Or(a.FailureCode, string(a.Status)), a.FailureReason}
		}
		// One that was acknowledged or paid already was asked for before.
		return matches(has("rtpReference", a.RTPReference), among("transactionStatus", a.Status, AlertSent, AlertAcknowledged, AlertPaid))
	})
}

// InquireAlerts asks where requests to pay stand, ours and those that came in. Statuses that are not Known are passed on as they
// came; a request that the bank has never heard of is Refused with CodeNotFound.
func (c *Client) InquireAlerts(ctx context.Context, r InquireAlertsRequest) (Alerts, error) {
	return read(ctx, c, inquireAlerts, r, func(a Alerts) error {
		checks := []error{fits(len(a.Alerts), a.Total, LargestPage)}
		for _, one := range a.Alerts {
			if r.RTPReference != "" {
				checks = append(checks, same("rtpReference", one.RTPReference, r.RTPReference))
			}
			if r.Reference != "" {
				checks = append(checks, same("transactionIdentification", one.Reference, r.Reference))
			}
			checks = append(checks, one.sound())
		}
		if one := r.RTPReference != "" || r.Reference != ""; one && len(a.Alerts) != 1 {
			checks = append(checks, fmt.Errorf("%w: %d transactions of one reference", ErrMismatch, len(a.Alerts)))
		}
		return matches(checks...)
	})
}

// sound reports what makes an alert unusable.
func (a Alert) sound() error {
	err := matches(
		has("rtpReference", a.RTPReference),
		has("transactionStatus", string(a.Status)),
		proxy("sender", a.SenderType, a.SenderValue),
		proxy("receiver", a.ReceiverType, a.ReceiverValue),
		dated("expiryDateTime", a.ExpiresAt),
		dated("statusDateTime", a.StatusAt),
	)
	switch {
	case err != nil:
	case a.Amount <= 0:
		err = fmt.Errorf("%w: amount %s", ErrMalformed, a.Amount)
	case a.Status == AlertPaid:
		err = paid(a.PaymentReference, a.PaidAt)
	case a.Status == AlertScheduled && (a.ScheduledAt == nil || a.ScheduledAt.IsZero()):
		err = fmt.Errorf("%w: scheduledDateTime is missing", ErrMalformed)
	}
	return err
}

// paid demands what a payment is found by.
func paid(reference string, at *Instant) error {
	if at == nil || at.IsZero() {
		return fmt.Errorf("%w: paidDateTime is missing", ErrMalformed)
	}
	return has("paymentReferenceIdentification", reference)
}

// proxy takes a PromptPay ID as far as it can be kept: a type that is not Known is passed on.
func proxy(whose string, t ProxyType, value string) error {
	return matches(has(whose+"ProxyType", string(t)), has(whose+"ProxyValue", value))
}

// AcknowledgeAlert tells the sender of an alert what becomes of it. An Unknown is settled by InquireAlerts, where the alert
// bears the receiver's last word.
func (c *Client) AcknowledgeAlert(ctx context.Context, ref Reference, r AcknowledgeAlertRequest) (AcknowledgedAlert, error) {
	expected := AlertAcknowledged
	if r.Acknowledgement == AlertRefused {
		expected = AlertRejected
	}
	return write(ctx, c, acknowledgeAlert, ref, r, func(a AcknowledgedAlert) error {
		err := matches(same("rtpReference", a.RTPReference, r.RTPReference), among("transactionStatus", a.Status, expected))
		if err == nil && a.Acknowledgement != "" {
			err = same("acknowledgementStatus", a.Acknowledgement, r.Acknowledgement)
		}
		return err
	})
}

// BlockSender stops what a sender addresses to a PromptPay ID of ours. An Unknown is settled by BlockedSenders.
func (c *Client) BlockSender(ctx context.Context, ref Reference, r BlockSenderRequest) (BlockedSenderAnswer, error) {
	return write(ctx, c, blockSender, ref, r, func(a BlockedSenderAnswer) error {
		if err := matches(same("the pair of IDs", a.BlockSenderRequest, r), among("blockStatus", a.Status, SenderBlocked)); err != nil {
			return err
		}
		if a.BlockedAt == nil || a.BlockedAt.IsZero() {
			return fmt.Errorf("%w: blockedDateTime is missing", ErrMalformed)
		}
		return nil
	})
}

// UnblockSender lets in again what a sender addresses to a PromptPay ID of ours. An Unknown is settled by BlockedSenders.
func (c *Client) UnblockSender(ctx context.Context, ref Reference, r BlockSenderRequest) (BlockedSenderAnswer, error) {
	return write(ctx, c, unblockSender, ref, r, func(a BlockedSenderAnswer) error {
		return matches(same("the pair of IDs", a.BlockSenderRequest, r), among("blockStatus", a.Status, SenderUnblocked))
	})
}

// BlockedSenders asks who is blocked for a PromptPay ID of ours.
func (c *Client) BlockedSenders(ctx context.Context, r BlockedSendersRequest) (BlockedSenders, error) {
	return read(ctx, c, blockedSenders, r, func(a BlockedSenders) error {
		checks := []error{
			fits(len(a.Senders), a.Total, LargestBlockedPage),
			same("receiverProxyType", a.ReceiverType, r.ReceiverType), same("receiverProxyValue", a.ReceiverValue, r.ReceiverValue),
		}
		for _, s := range a.Senders {
			checks = append(checks, proxy("sender", s.Type, s.Value), dated("blockedDateTime", s.BlockedAt))
		}
		return matches(checks...)
	})
}
