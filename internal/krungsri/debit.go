package krungsri

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// CreateDebitRequest takes money from a payer's account now. TransactionID is a UUID of ours, one per debit: the bank does a
// second request with the same one only as far as telling what came of the first. That member and the creditor's account are
// [confirmed: page P11]; the others [inferred], after the contract's §2.2.
type CreateDebitRequest struct {
	TransactionID   string `json:"transactionIdentification"`
	CreditorAccount string `json:"creditorAccountNumber"`
	PaymentToken    string `json:"paymentToken"`
	Amount          Baht   `json:"amount"`
	Ref1            string `json:"ref1"`
	Ref2            string `json:"ref2,omitempty"`
	Remark          string `json:"remark,omitempty"`
}

// Debit is what became of a debit. The last two say why it failed.
type Debit struct {
	TransactionID string            `json:"transactionIdentification"`
	Status        TransactionStatus `json:"transactionStatus"`
	BankReference string            `json:"bankReferenceNumber,omitempty"`
	Amount        Baht              `json:"amount"`
	Fee           Baht              `json:"feeAmount"`
	ProcessedAt   *Instant          `json:"processedDateTime,omitempty"` // missing while it is pending
	FailureCode   string            `json:"failureCode,omitempty"`
	FailureReason string            `json:"failureReason,omitempty"`
}

// DebitStatusRequest asks what became of one debit.
type DebitStatusRequest struct {
	TransactionID   string `json:"transactionIdentification"`
	CreditorAccount string `json:"creditorAccountNumber"`
}

// ListDebitsRequest asks for the debits into one of our accounts, from one moment up to another. Without a page it is the first.
type ListDebitsRequest struct {
	CreditorAccount string  `json:"creditorAccountNumber"`
	From            Instant `json:"startDateTime"`
	To              Instant `json:"endDateTime"` // not included
	Page            int     `json:"pageNumber,omitempty"`
	PageSize        int     `json:"pageSize,omitempty"` // LargestPage, if zero
}

// Debits is a page of what was found, oldest first.
type Debits struct {
	Transactions []DebitDetail `json:"transactions"`
	Total        int           `json:"totalRecords"`
}

// DebitDetail is a debit as the bank lists it.
type DebitDetail struct {
	Debit
	At            Instant `json:"transactionDateTime"`
	PaymentToken  string  `json:"paymentToken"`
	DrawerAccount string  `json:"drawerAccountNumber"` // masked by the bank
	DrawerName    string  `json:"drawerName"`
	Ref1          string  `json:"ref1"`
	Ref2          string  `json:"ref2,omitempty"`
	ScheduleID    string  `json:"scheduleIdentification,omitempty"` // of the schedule whose run it was
}

// ErrPending means that the bank has taken a debit on and not decided it: ask DebitStatus, or wait to be told.
var ErrPending = errors.New("the bank has not decided yet")

// declined is a success answer that says no: what was asked for was not done, and will not be.
type declined struct{ code, reason string }

func (d *declined) Error() string { return fmt.Sprintf("declined: %s %s", d.code, d.reason) }

// CreateDebit takes money from a payer. It succeeds only when the money has been taken; a debit that the bank reports as failed is
// Refused with the code of the failure, and one that is pending is Unknown with ErrPending. An Unknown is settled by DebitStatus.
func (c *Client) CreateDebit(ctx context.Context, ref Reference, r CreateDebitRequest) (Debit, error) {
	body := struct {
		CreateDebitRequest
		At Instant `json:"transactionDateTime"`
	}{r, Instant{c.config.Clock()}}
	return write(ctx, c, createDebit, ref, body, func(a Debit) error {
		if err := matches(same("transactionIdentification", a.TransactionID, r.TransactionID), same("amount", a.Amount, r.Amount)); err != nil {
			return err
		}
		switch a.Status {
		case TransactionSucceeded:
			return has("bankReferenceNumber", a.BankReference)
		case TransactionPending:
			return ErrPending
		case TransactionFailed:
			return &declined{cmp.Or(a.FailureCode, string(a.Status)), a.FailureReason}
		}
		return among("transactionStatus", a.Status, TransactionSucceeded)
	})
}

// DebitStatus asks what became of one debit. A status that is not Known is passed on as it came; a debit that the bank has never
// heard of is Refused with CodeNotFound.
func (c *Client) DebitStatus(ctx context.Context, r DebitStatusRequest) (Debit, error) {
	return read(ctx, c, debitStatus, r, func(a Debit) error {
		return matches(same("transactionIdentification", a.TransactionID, r.TransactionID), a.sound())
	})
}

// ListDebits asks for the debits of a time, those of schedules included. Statuses that are not Known are passed on as they came.
func (c *Client) ListDebits(ctx context.Context, r ListDebitsRequest) (Debits, error) {
	return read(ctx, c, listDebits, r, func(a Debits) error {
		checks := []error{fits(len(a.Transactions), a.Total, LargestPage)}
		for _, d := range a.Transactions {
			checks = append(checks, has("transactionIdentification", d.TransactionID), d.sound())
		}
		return matches(checks...)
	})
}

// sound reports what makes a debit unusable.
func (d Debit) sound() error {
	err := has("transactionStatus", string(d.Status))
	switch {
	case err != nil:
	case d.Amount <= 0 || d.Fee < 0:
		err = fmt.Errorf("%w: amount %s, feeAmount %s", ErrMalformed, d.Amount, d.Fee)
	case d.Status != TransactionPending && (d.ProcessedAt == nil || d.ProcessedAt.IsZero()):
		err = fmt.Errorf("%w: processedDateTime is missing", ErrMalformed)
	case d.Status == TransactionSucceeded, d.Status == TransactionReversed:
		err = has("bankReferenceNumber", d.BankReference)
	}
	return err
}
