package teller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons why a request to pay is not sent, besides those that debits know.
var (
	ErrSenderEnded  = errors.New("the PromptPay id no longer sends")
	ErrOwnReceiver  = errors.New("the receiver is a PromptPay id of ours")
	ErrRequestDays  = errors.New("the bank takes no request of these days")
	ErrStillRunning = errors.New("only a request that came to nothing is sent again, once")
)

// PayRequest is what people approve of a request to pay. The request to the bank
// is made of it as it is sent: our name for it is the attempt's, and one that
// names no day is sent on that of its sending.
type PayRequest struct {
	Amount         krungsri.Baht    `json:"amount"`
	TotalAmount    krungsri.Baht    `json:"totalAmount"` // the approval policy goes by it
	SenderKind     promptpay.Kind   `json:"senderKind"`
	SenderValue    string           `json:"senderProxyValue"`
	ReceiverKind   promptpay.Kind   `json:"receiverKind"`
	ReceiverValue  string           `json:"receiverProxyValue"`
	ReceiverName   string           `json:"receiverName"`
	On             *krungsri.Date   `json:"instructionDate,omitempty"`
	At             string           `json:"instructionTime,omitempty"` // hour and minute
	ExpiresAt      krungsri.Instant `json:"expiryDateTime"`
	BillReference1 string           `json:"billReference1"`
	BillReference2 string           `json:"billReference2,omitempty"`
	Message        string           `json:"message,omitempty"`
	InvoiceNumber  string           `json:"invoiceNumber,omitempty"`
	RepeatReason   string           `json:"repeatReason,omitempty"`
}

// Sender is the PromptPay id that it goes out under.
func (p PayRequest) Sender() promptpay.ID {
	return promptpay.ID{Kind: p.SenderKind, Value: p.SenderValue}
}

// Receiver is whom it asks.
func (p PayRequest) Receiver() promptpay.ID {
	return promptpay.ID{Kind: p.ReceiverKind, Value: p.ReceiverValue}
}

// payRequest is the request as it goes out, with a last look at whether its
// sender is still ours.
func payRequest(ctx context.Context, s *store.Store, c store.Claimed, p PayRequest) (krungsri.RequestPaymentRequest, error) {
	r := krungsri.RequestPaymentRequest{
		Reference: c.AttemptID.String(), Amount: p.Amount, At: p.At, ExpiresAt: p.ExpiresAt, BillReference1: p.BillReference1, BillReference2: p.BillReference2,
		Message: p.Message,
	}
	if p.TotalAmount != p.Amount {
		return r, fmt.Errorf("%w: it was approved as %s", errUnsendable, p.TotalAmount)
	}
	r.SenderType, r.SenderValue = bankProxy(p.Sender())
	r.ReceiverType, r.ReceiverValue = bankProxy(p.Receiver())
	if r.At != "" {
		r.At += ":00"
	}
	err := s.Read(ctx, store.Actor{Merchant: c.MerchantID}, func(q *store.Query) error {
		now, err := q.Request(c.SubjectID())
		if r.On = day(now.Today); p.On != nil {
			r.On = *p.On
		}
		if err == nil && !now.SenderActive {
			err = ErrSenderEnded
		}
		return err
	})
	return r, err
}

func bankProxy(id promptpay.ID) (krungsri.ProxyType, string) {
	kind, value := id.Bank()
	return krungsri.ProxyType(kind), value
}

// RequestTimes are when a request is to be sent, or the zero time, and until
// when it can be paid.
func RequestTimes(r store.PayRequest) (sends, ends time.Time) {
	ends = time.Date(r.EndsOn.Year(), r.EndsOn.Month(), r.EndsOn.Day(), 23, 59, 0, 0, krungsri.Bangkok)
	if r.SendOn == nil {
		return time.Time{}, ends
	}
	hour, minute := krungsri.AlertHour, 0
	if at, err := time.Parse("15:04", r.SendAt); err == nil {
		hour, minute = at.Hour(), at.Minute()
	}
	return time.Date(r.SendOn.Year(), r.SendOn.Month(), r.SendOn.Day(), hour, minute, 0, 0, krungsri.Bangkok), ends
}

// SubmitRequest asks that the draft, in the version the maker saw, be sent. The
// key is the form's; the same key answers with the same lead.
func (t *Teller) SubmitRequest(ctx context.Context, a store.Actor, id store.ID, version int, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockRequest(id); err != nil {
			return err
		}
		if lead, err = before(tx.Query, key, createRequest.id, store.About("request", id)); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		r, err := tx.Request(id)
		if err != nil {
			return err
		}
		switch {
		case !r.Editable():
			return fmt.Errorf("%w: %s", ErrNotEditable, r.State)
		case r.Version != version:
			return store.ErrStale
		case !r.SenderActive:
			return ErrSenderEnded
		}
		asked, err := createRequest.part(requestAsked(r))
		if err != nil {
			return err
		}
		lead, err = submit(tx, submission{
			key: key, subject: store.About("request", id), amount: r.AmountSatang, replaces: r.InstructionID.UUID,
			title: r.ReceiverName + " · " + r.Reference, parts: []part{asked},
		})
		if err != nil {
			return err
		}
		return debitRefused(tx.RequestSubmitted(id, version, lead))
	})
	point("submitted")
	return lead, debitRefused(err)
}

// requestAsked is what people approve of a request as it stands.
func requestAsked(r store.PayRequest) PayRequest {
	_, ends := RequestTimes(r)
	p := PayRequest{
		Amount: krungsri.Baht(r.AmountSatang), TotalAmount: krungsri.Baht(r.AmountSatang), SenderKind: promptpay.Kind(r.SenderKind), SenderValue: r.SenderValue,
		ReceiverKind: promptpay.Kind(r.ReceiverKind), ReceiverValue: r.ReceiverValue, ReceiverName: r.ReceiverName, At: r.SendAt, ExpiresAt: krungsri.Instant{Time: ends},
		BillReference1: r.Reference, BillReference2: r.Reference2, Message: r.Message, InvoiceNumber: r.InvoiceNumber, RepeatReason: r.RepeatReason,
	}
	if r.SendOn != nil {
		on := day(*r.SendOn)
		p.On = &on
	}
	return p
}

// AskRequest puts the question to the bank where a request stands.
func (t *Teller) AskRequest(ctx context.Context, a store.Actor, id store.ID) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		return askAboutRequest(tx, id)
	})
}

// askAboutRequest asks by the bank's name for a request, or, before it has one,
// by that of the last attempt, which is the one that may have been carried out.
func askAboutRequest(tx *store.Tx, id store.ID) error {
	if _, err := tx.LockRequest(id); err != nil {
		return err
	}
	r, err := tx.Request(id)
	if err != nil {
		return err
	}
	question := krungsri.InquireAlertsRequest{RTPReference: r.BankReference}
	if r.BankReference == "" {
		attempt, err := tx.LastAttemptAtRequest(id)
		if errors.Is(err, store.ErrNotFound) {
			return ErrNeverSent
		}
		if err != nil {
			return err
		}
		question.Reference = attempt.ID.String()
	}
	payload, err := encode(question)
	if err != nil {
		return err
	}
	_, err = tx.AskInquiry(inquireAlerts, store.About("request", id), payload)
	return err
}

// notKnown takes a request of ours that the bank has never heard of for an
// answer, since that is one: it may settle what became of an attempt.
func notKnown(_ context.Context, _ *store.Store, i store.Inquiry, r krungsri.InquireAlertsRequest, call func(krungsri.InquireAlertsRequest) (krungsri.Alerts, error)) (krungsri.Alerts, error) {
	said, err := call(r)
	if e, ok := errors.AsType[*krungsri.Error](err); ok && e.Code == krungsri.CodeNotFound && i.Subject.Kind() == "request" {
		return krungsri.Alerts{}, nil
	}
	return said, err
}

// neverArrived is the word for a request that the bank does not know.
const neverArrived = "NONE"

// learnRequest records what the bank says of a request of ours, and ends an
// unknown outcome by it.
func learnRequest(tx *store.Tx, i store.Inquiry, said krungsri.Alerts) error {
	r, asked, err := lockRequest(tx, i.Subject.ID())
	if err != nil {
		return err
	}
	i.State = store.InquiryAnswered
	if len(said.Alerts) == 0 {
		return learnNothing(tx, i, r, asked)
	}
	a := said.Alerts[0]
	i.BankReference, i.Status, i.SaidAt = a.RTPReference, string(a.Status), &a.StatusAt.Time
	receiverType, receiver := bankProxy(promptpay.ID{Kind: promptpay.Kind(r.ReceiverKind), Value: r.ReceiverValue})
	to, moves := requestMove(r, a.Status)
	switch {
	case int64(a.Amount) != r.AmountSatang || a.ReceiverType != receiverType || a.ReceiverValue != receiver:
		i.Came = reasonMismatch
	case !a.Status.Known(), asked.State != store.Unknown && a.RTPReference != r.BankReference:
		i.Came = reasonContradicts
	case asked.State == store.Unknown:
		i.Came = reasonSettled
	case moves:
		i.Came = "step"
	default:
		i.Came = reasonNoNews
	}
	if err := tx.AnswerInquiry(i); err != nil || i.Came != reasonSettled && i.Came != "step" {
		return err
	}
	if i.Came == reasonSettled {
		if err := tx.SettleByBank(asked, store.Done, a.RTPReference, store.NoID, i.ID); err != nil {
			return err
		}
		if err := settled(tx, asked, a.RTPReference); err != nil {
			return err
		}
		if r, err = tx.Request(r.ID); err != nil {
			return err
		}
		if to, moves = requestMove(r, a.Status); !moves {
			return nil
		}
	}
	return tx.TellRequest(r.ID, r.State, store.RequestWord{
		State: to, Status: string(a.Status), SaidAt: a.StatusAt.Time, FailureCode: a.FailureCode, FailureReason: a.FailureReason,
		PaymentRef: a.PaymentReference, PaidAt: instantOf(a.PaidAt),
	})
}

// learnNothing records that the bank does not know a request. Asked long enough
// after an attempt, that says that it never came in.
func learnNothing(tx *store.Tx, i store.Inquiry, r store.PayRequest, asked store.Instruction) error {
	i.Status, i.Came = neverArrived, reasonContradicts
	if asked.State == store.Unknown {
		attempt, err := tx.LastAttemptAtRequest(r.ID)
		if err != nil {
			return err
		}
		if i.Came = "not_yet"; i.AskedAt.After(attempt.ClaimedAt.Add(krungsri.AlertArrives)) {
			i.Came = reasonSettled
		}
	}
	if err := tx.AnswerInquiry(i); err != nil || i.Came != reasonSettled {
		return err
	}
	if err := tx.SettleByBank(asked, store.Failed, "", store.NoID, i.ID); err != nil {
		return err
	}
	if err := tx.Move(asked, store.Unknown, store.Failed, "never_arrived", ""); err != nil {
		return err
	}
	return afterOutcome(tx, asked, store.Failed)
}

func instantOf(i *krungsri.Instant) *time.Time {
	if i == nil {
		return nil
	}
	return &i.Time
}

// lockRequest makes all that moves a request take turns: its instruction first,
// as whoever records an answer does.
func lockRequest(tx *store.Tx, id store.ID) (store.PayRequest, store.Instruction, error) {
	r, err := tx.Request(id)
	if err != nil {
		return r, store.Instruction{}, err
	}
	if !r.InstructionID.Valid {
		return r, store.Instruction{}, fmt.Errorf("request %s was never asked for", id)
	}
	parts, err := tx.LockParts(r.InstructionID.UUID)
	if err != nil {
		return r, store.Instruction{}, err
	}
	if _, err := tx.LockRequest(id); err != nil {
		return r, store.Instruction{}, err
	}
	r, err = tx.Request(id)
	return r, parts[0], err
}

// requestStates are what the bank's statuses make of a request, and how far each
// is on its way: an older word never undoes a newer one.
var requestStates = map[krungsri.AlertStatus]struct {
	state string
	step  int
}{
	krungsri.AlertScheduled: {store.RequestScheduled, 1}, krungsri.AlertSent: {store.RequestSent, 2}, krungsri.AlertAcknowledged: {store.RequestAcknowledged, 3},
	krungsri.AlertPaid: {store.RequestPaid, 4}, krungsri.AlertRejected: {store.RequestDeclined, 4}, krungsri.AlertExpired: {store.RequestExpired, 4},
	krungsri.AlertFailed: {store.RequestFailed, 4}, krungsri.AlertBlocked: {store.RequestBlocked, 4},
}

// requestMove is the state that the bank's word takes a request to, if it does.
// What was received can be neither blocked nor lost any more; money follows even
// an end.
func requestMove(r store.PayRequest, said krungsri.AlertStatus) (to string, moves bool) {
	word, known := requestStates[said]
	if !known {
		return "", false
	}
	switch r.State {
	case store.RequestScheduled:
		return word.state, word.step > 1
	case store.RequestSent:
		// Before its first word we only thought that it went at once.
		return word.state, word.step > 2 || word.step == 1 && r.BankStatus == ""
	case store.RequestAcknowledged:
		return word.state, word.step > 3 && said != krungsri.AlertFailed && said != krungsri.AlertBlocked
	case store.RequestDeclined, store.RequestExpired:
		return word.state, said == krungsri.AlertPaid
	}
	return "", false
}

// AskAboutRequests asks about requests of which a word of the bank is overdue.
func (w *Worker) AskAboutRequests(ctx context.Context) error {
	var due []store.DebitDue
	err := w.store.Read(ctx, w.actor(store.NoID), func(q *store.Query) (err error) {
		due, err = q.RequestsToAskAbout(sweepBatch)
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
			if err := askAboutRequest(tx, d.ID); err != nil {
				return err
			}
			return tx.RequestAsked(d.ID, again)
		})
		// Asked already, by somebody, or settled meanwhile.
		if err != nil && !errors.Is(err, store.ErrAsking) && !errors.Is(err, store.ErrStale) {
			errs = append(errs, fmt.Errorf("request %s: %w", d.ID, err))
		}
	}
	return errors.Join(errs...)
}
