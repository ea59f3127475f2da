package teller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons why a debit is not asked for.
var (
	ErrMandateDead  = errors.New("the payer's mandate is not in force")
	ErrDebitLimits  = errors.New("the amount is outside the limits")
	ErrDebitLate    = errors.New("its day is over")
	ErrDebitRepeats = errors.New("there is a debit like it")
	ErrCollides     = errors.New("the same is collected another way")
	ErrNotRetryable = errors.New("only a failed debit is tried again, once")
	ErrNeverSent    = errors.New("the bank was never asked for it")
)

// Debit is what people approve of a debit: the request to the bank, and what
// the bank has no member for but the approver must know. The bank gets our name
// for the transaction, which is the attempt's, only as it is sent.
type Debit struct {
	krungsri.CreateDebitRequest
	TotalAmount   krungsri.Baht `json:"totalAmount"` // the approval policy goes by it
	DebitDate     krungsri.Date `json:"debitDate"`
	Payer         store.ID      `json:"payer"`
	PayerName     string        `json:"payerName"`
	PayerCode     string        `json:"payerCode"`
	DrawerAccount string        `json:"drawerAccountMasked"`
	InvoiceNumber string        `json:"invoiceNumber"`
	Note          string        `json:"note"`
	RepeatReason  string        `json:"repeatReason"`
}

// debitRequest is the request as it goes out. The last look at the payer's
// consent, which may have ended since the instruction was claimed, is the
// schema's, when the beginning of the request is recorded.
func debitRequest(_ context.Context, _ *store.Store, c store.Claimed, d Debit) (krungsri.CreateDebitRequest, error) {
	r := d.CreateDebitRequest
	if d.TotalAmount != r.Amount {
		return r, fmt.Errorf("%w: it was approved as %s", errUnsendable, d.TotalAmount)
	}
	r.TransactionID = c.AttemptID.String()
	return r, nil
}

// SubmitDebit asks that the draft, in the version the maker saw, be taken on its
// day. The key is the form's; the same key answers with the same lead.
func (t *Teller) SubmitDebit(ctx context.Context, a store.Actor, id store.ID, version int, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockDebit(id); err != nil {
			return err
		}
		if lead, err = before(tx.Query, key, createDebit.id, store.About("debit", id)); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		lead, err = askForDebit(tx, id, version, key)
		return err
	})
	point("submitted")
	return lead, debitRefused(err)
}

// askForDebit asks for a draft as it stands.
func askForDebit(tx *store.Tx, id store.ID, version int, key string) (lead store.ID, err error) {
	d, err := tx.Debit(id)
	if err != nil {
		return lead, err
	}
	switch {
	case !d.Editable():
		return lead, fmt.Errorf("%w: %s", ErrNotEditable, d.State)
	case d.Version != version:
		return lead, store.ErrStale
	case !d.MandateLive:
		return lead, ErrMandateDead
	}
	m, err := tx.Merchant()
	if err != nil {
		return lead, err
	}
	asked, err := createDebit.part(debitAsked(d, m))
	if err != nil {
		return lead, err
	}
	lead, err = submit(tx, submission{
		key: key, subject: store.About("debit", id), amount: d.AmountSatang, replaces: d.InstructionID.UUID,
		title: d.PayerName + " · " + d.Reference, parts: []part{asked},
	})
	if err != nil {
		return lead, err
	}
	return lead, debitRefused(tx.DebitSubmitted(id, version, lead))
}

// debitAsked is what people approve of a debit as it stands.
func debitAsked(d store.Debit, m store.Merchant) Debit {
	return Debit{
		CreateDebitRequest: krungsri.CreateDebitRequest{
			CreditorAccount: m.AccountNumber, PaymentToken: d.BankToken, Amount: krungsri.Baht(d.AmountSatang), Ref1: d.Reference,
		},
		TotalAmount: krungsri.Baht(d.AmountSatang), DebitDate: day(d.DebitOn), Payer: d.PayerID, PayerName: d.PayerName, PayerCode: d.PayerCode,
		DrawerAccount: d.DrawerAccount, InvoiceNumber: d.InvoiceNumber, Note: d.Note, RepeatReason: d.RepeatReason,
	}
}

// debitRefusals are the teller's words for the schema's rules about debits, and
// about requests to pay.
var debitRefusals = map[string]error{
	"debit_has_a_live_mandate": ErrMandateDead,
	"debit_is_within_limits":   ErrDebitLimits,
	"debit_is_in_time":         ErrDebitLate,
	"debit_is_not_repeated":    ErrDebitRepeats,
	"debit_collects_once":      ErrCollides,
	"debit_is_retried_once":    ErrNotRetryable,

	"request_has_a_sender":       ErrSenderEnded,
	"request_asks_somebody_else": ErrOwnReceiver,
	"request_is_within_limits":   ErrDebitLimits,
	"request_is_in_time":         ErrRequestDays,
	"request_is_not_repeated":    ErrDebitRepeats,
	"request_collects_once":      ErrCollides,
	"request_is_resent_once":     ErrStillRunning,
	"request_resends_what_ended": ErrStillRunning,
}

func debitRefused(err error) error {
	for constraint, reason := range debitRefusals {
		if store.Violated(err, constraint) && !errors.Is(err, reason) {
			return fmt.Errorf("%w: %w", reason, err)
		}
	}
	return err
}

// AskDebit puts the question to the bank what became of a debit.
func (t *Teller) AskDebit(ctx context.Context, a store.Actor, id store.ID) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		return askAbout(tx, id)
	})
}

// askAbout asks about the last attempt at a debit, which is the one that may
// have been carried out.
func askAbout(tx *store.Tx, id store.ID) error {
	if _, err := tx.LockDebit(id); err != nil {
		return err
	}
	attempt, err := tx.LastAttemptAt(id)
	if errors.Is(err, store.ErrNotFound) {
		return ErrNeverSent
	}
	if err != nil {
		return err
	}
	m, err := tx.Merchant()
	if err != nil {
		return err
	}
	payload, err := encode(krungsri.DebitStatusRequest{TransactionID: attempt.String(), CreditorAccount: m.AccountNumber})
	if err != nil {
		return err
	}
	_, err = tx.AskInquiry(debitStatus.id, store.About("debit", id), payload)
	return err
}

// learnDebit records what the bank says of a debit, and ends an unknown outcome
// by it.
func learnDebit(tx *store.Tx, i store.Inquiry, said krungsri.Debit) error {
	id := store.Instruction{Subject: i.Subject}.SubjectID()
	d, err := tx.Debit(id)
	if err != nil {
		return err
	}
	if !d.InstructionID.Valid {
		return fmt.Errorf("debit %s was never asked for", id)
	}
	parts, err := tx.LockParts(d.InstructionID.UUID)
	if err != nil {
		return err
	}
	asked := parts[0]
	i.State, i.BankReference, i.Status = store.InquiryAnswered, said.BankReference, string(said.Status)
	if said.ProcessedAt != nil {
		i.SaidAt = &said.ProcessedAt.Time
	}
	outcome, known := debitOutcomes[said.Status]
	switch {
	case int64(said.Amount) != d.AmountSatang:
		i.Came = reasonMismatch
	case !known && said.Status == krungsri.TransactionPending:
		i.Came = "pending"
	case !known:
		i.Came = reasonContradicts
	case asked.State == store.Unknown:
		i.Came = reasonSettled
	case asked.State == outcome && (outcome == store.Failed || said.BankReference == asked.BankReference):
		i.Came = reasonNoNews
	default:
		i.Came = reasonContradicts
	}
	if err := tx.AnswerInquiry(i); err != nil || i.Came != reasonSettled {
		return err
	}
	reference, reason := said.BankReference, "settled"
	if outcome == store.Failed {
		reference, reason = "", said.FailureCode
	}
	if err := tx.SettleByBank(asked, outcome, i.BankReference, store.NoID, i.ID); err != nil {
		return err
	}
	if err := tx.Move(asked, store.Unknown, outcome, reason, reference); err != nil {
		return err
	}
	return afterOutcome(tx, asked, outcome)
}

// debitOutcomes are what the bank's statuses say of an instruction.
var debitOutcomes = map[krungsri.TransactionStatus]string{
	krungsri.TransactionSucceeded: store.Done, krungsri.TransactionFailed: store.Failed,
}

// askAgain is how long after each unhelpful answer the bank is asked again by
// itself; after a day people find out.
var askAgain = []time.Duration{
	30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
}

const asksByItself = 54

// AskAboutDebits asks about debits whose outcome is unknown, those whose time
// has come.
func (w *Worker) AskAboutDebits(ctx context.Context) error {
	var due []store.DebitDue
	err := w.store.Read(ctx, w.actor(store.NoID), func(q *store.Query) (err error) {
		due, err = q.DebitsToAskAbout(sweepBatch)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range due {
		again := askAgain[min(d.Asks, len(askAgain)-1)]
		if d.Asks >= asksByItself {
			again = -1
		}
		err := w.store.Write(ctx, w.actor(d.MerchantID), func(tx *store.Tx) error {
			if err := askAbout(tx, d.ID); err != nil {
				return err
			}
			return tx.DebitAsked(d.ID, again)
		})
		// Asked already, by somebody, or settled meanwhile.
		if err != nil && !errors.Is(err, store.ErrAsking) && !errors.Is(err, store.ErrStale) {
			errs = append(errs, fmt.Errorf("debit %s: %w", d.ID, err))
		}
	}
	return errors.Join(errs...)
}
