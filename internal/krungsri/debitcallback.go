package krungsri

import (
	"encoding/json"
	"errors"
	"fmt"
)

// DebitCallback is what the bank tells of direct debit by itself: of one journey or of one debit, never of both.
type DebitCallback struct {
	EventID      string
	Registration *RegistrationCallback
	Transaction  *TransactionCallback
}

// RegistrationCallback tells where a journey, or the token it led to, stands. Members: [inferred], after the contract's §3.2.
type RegistrationCallback struct {
	JourneyID     string      `json:"journeyIdentifier"`
	PaymentToken  string      `json:"paymentToken,omitempty"` // missing where the journey led to none
	Status        TokenStatus `json:"paymentTokenStatus"`
	Ref1          string      `json:"ref1"`
	Ref2          string      `json:"ref2,omitempty"`
	DrawerAccount string      `json:"drawerAccountNumber,omitempty"` // masked by the bank
	At            Instant     `json:"statusDateTime"`
	RejectCode    string      `json:"rejectReasonCode,omitempty"`
	RejectReason  string      `json:"rejectReason,omitempty"`
}

// TransactionCallback tells what became of a debit. A run of a schedule has a transaction that we hear of first in this way.
// Members: [inferred], after the contract's §3.2.
type TransactionCallback struct {
	Debit
	CreditorAccount string `json:"creditorAccountNumber"`
	ScheduleID      string `json:"scheduleIdentification,omitempty"`
	PaymentToken    string `json:"paymentToken,omitempty"`
	Ref1            string `json:"ref1,omitempty"`
	Ref2            string `json:"ref2,omitempty"`
}

// ParseDebitCallback reads a callback of the product directdebit. Members it does not know are ignored; one that lacks what it
// needs, or has a status that is not Known, is ErrMalformed.
func ParseDebitCallback(body []byte) (DebitCallback, error) {
	var which struct {
		EventID     string          `json:"eventIdentification"`
		Journey     json.RawMessage `json:"journeyIdentifier"`
		Transaction json.RawMessage `json:"transactionIdentification"`
	}
	err := decode(body, &which)
	if err != nil {
		return DebitCallback{}, err
	}
	c := DebitCallback{EventID: which.EventID}
	switch {
	case which.Journey != nil && which.Transaction != nil:
		err = errors.New("it is about a journey and about a debit")
	case which.Journey != nil:
		c.Registration = new(RegistrationCallback)
		if err = decode(body, c.Registration); err == nil {
			err = c.Registration.sound()
		}
	case which.Transaction != nil:
		c.Transaction = new(TransactionCallback)
		if err = decode(body, c.Transaction); err == nil {
			err = c.Transaction.sound()
		}
	default:
		err = errors.New("it is about no journey and no debit")
	}
	if err = matches(err, short("eventIdentification", c.EventID, longestName)); err != nil {
		return DebitCallback{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return c, nil
}

func (r RegistrationCallback) sound() error {
	err := matches(
		has("journeyIdentifier", r.JourneyID),
		among("paymentTokenStatus", r.Status, tokenStatuses...),
		dated("statusDateTime", r.At),
		short("paymentToken", r.PaymentToken, longestName),
		short("ref1", r.Ref1, longestName),
		short("ref2", r.Ref2, longestName),
		short("drawerAccountNumber", r.DrawerAccount, longestName),
		short("rejectReasonCode", r.RejectCode, longestName),
		short("rejectReason", r.RejectReason, longestRemark),
	)
	if err == nil && r.Status == TokenActive {
		err = has("paymentToken", r.PaymentToken)
	}
	return err
}

func (t TransactionCallback) sound() error {
	return matches(
		has("transactionIdentification", t.TransactionID),
		among("transactionStatus", t.Status, transactionStatuses...),
		t.Debit.sound(),
		has("creditorAccountNumber", t.CreditorAccount),
		short("bankReferenceNumber", t.BankReference, longestName),
		short("scheduleIdentification", t.ScheduleID, longestName),
		short("paymentToken", t.PaymentToken, longestName),
		short("ref1", t.Ref1, longestName),
		short("ref2", t.Ref2, longestName),
		short("failureCode", t.FailureCode, longestName),
		short("failureReason", t.FailureReason, longestRemark),
	)
}
