package teller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons why an alert is not answered.
var (
	ErrAlertOver     = errors.New("the alert cannot be answered any more")
	ErrNeedsReason   = errors.New("whoever refuses says why")
	ErrSaidAlready   = errors.New("that was said already")
	ErrUnknownAnswer = errors.New("there is no such answer")
)

// Acknowledgement is what people approve of an answer to an alert: what the
// bank is told, and the alert as it came, with what was odd about it.
type Acknowledgement struct {
	krungsri.AcknowledgeAlertRequest
	// TotalAmount is what the approval policy goes by: an answer that it came
	// only is about no money.
	TotalAmount    *krungsri.Baht   `json:"totalAmount,omitempty"`
	Amount         krungsri.Baht    `json:"amount"`
	Sender         string           `json:"sender"` // its kind and value
	SenderName     string           `json:"senderName"`
	BillReference1 string           `json:"billReference1"`
	BillReference2 string           `json:"billReference2"`
	Message        string           `json:"message"`
	ExpiresAt      time.Time        `json:"expiresAt"`
	Suspicions     store.Suspicions `json:"suspicions"`
}

// acknowledgement is what the bank gets of it. In time it is by the schema,
// which lets nothing be sent that is late.
func acknowledgement(_ context.Context, _ *store.Store, _ store.Claimed, p Acknowledgement) (krungsri.AcknowledgeAlertRequest, error) {
	if p.Acknowledgement != krungsri.AlertReceived && (p.TotalAmount == nil || *p.TotalAmount != p.Amount) {
		return krungsri.AcknowledgeAlertRequest{}, fmt.Errorf("%w: it was approved without its amount", errUnsendable)
	}
	return p.AcknowledgeAlertRequest, nil
}

// answers are the bank's words for ours.
var answers = map[string]krungsri.Acknowledgement{
	store.AlertReceived: krungsri.AlertReceived, store.AlertWillPay: krungsri.AlertWillPay, store.AlertRefused: krungsri.AlertRefused,
}

// AnswerAlert asks that the sender of an alert be told that it came
// (store.AlertReceived), that it will be paid (AlertWillPay), or that it will
// not (AlertRefused), with the reason. The key is the form's; the same key
// answers with the same lead.
func (t *Teller) AnswerAlert(ctx context.Context, a store.Actor, id store.ID, answer, reason, key string) (lead store.ID, err error) {
	says, ok := answers[answer]
	switch {
	case !ok:
		return store.NoID, ErrUnknownAnswer
	case (says == krungsri.AlertRefused) != (reason != ""):
		return store.NoID, ErrNeedsReason
	}
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockAlert(id); err != nil {
			return err
		}
		if lead, err = before(tx.Query, key, acknowledgeAlert.id, store.About("alert", id)); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		alert, err := tx.AlertItself(id)
		if err != nil {
			return err
		}
		switch {
		case alert.State == store.AlertReceived && says == krungsri.AlertReceived:
			return ErrSaidAlready
		case !alert.Answerable(tx.Now()):
			return ErrAlertOver
		}
		s := submission{key: key, subject: store.About("alert", id), title: alertTitle(alert)}
		if says != krungsri.AlertReceived {
			s.amount = alert.AmountSatang
		}
		asked, err := acknowledgeAlert.part(answerTo(alert, says, reason))
		if err != nil {
			return err
		}
		s.parts = []part{asked}
		if lead, err = submit(tx, s); err != nil {
			return err
		}
		return tx.AnswerAlert(id, lead, answer)
	})
	point("submitted")
	return lead, alertRefused(err)
}

func alertTitle(a store.Alert) string {
	name := a.SenderName
	if name == "" {
		name = a.Reference
	}
	if a.Reference1 != "" {
		name += " · " + a.Reference1
	}
	return name
}

func answerTo(a store.Alert, says krungsri.Acknowledgement, reason string) Acknowledgement {
	p := Acknowledgement{
		AcknowledgeAlertRequest: krungsri.AcknowledgeAlertRequest{RTPReference: a.Reference, Acknowledgement: says, Reason: reason},
		Amount:                  krungsri.Baht(a.AmountSatang), Sender: a.SenderKind + " " + a.SenderValue, SenderName: a.SenderName,
		BillReference1: a.Reference1, BillReference2: a.Reference2, Message: a.Message, ExpiresAt: a.ExpiresAt.UTC(), Suspicions: a.Suspicions,
	}
	if says != krungsri.AlertReceived {
		p.TotalAmount = new(p.Amount)
	}
	return p
}

// alertRefused says in the teller's words by which rule the schema refused an
// answer.
func alertRefused(err error) error {
	if store.Violated(err, "alert_is_to_be_answered") && !errors.Is(err, ErrAlertOver) {
		return fmt.Errorf("%w: %w", ErrAlertOver, err)
	}
	return err
}

// projectAlert brings an alert up to date with the instruction that answers it.
// Whom the bank was told that we will pay is a supplier from then on.
func projectAlert(tx *store.Tx, id store.ID) error {
	answered, err := tx.FollowAlert(id)
	if err != nil || answered != store.AlertWillPay {
		return err
	}
	a, err := tx.AlertItself(id)
	if err != nil || a.SenderName == "" {
		return err
	}
	learned, err := tx.LearnSupplier(a)
	if err != nil || !learned {
		return err
	}
	return Rejudge(tx, store.SupplierName{Kind: a.SenderKind, Value: a.SenderValue, Name: a.SenderName})
}

// AskAlert puts the question to the bank where an alert stands.
func (t *Teller) AskAlert(ctx context.Context, a store.Actor, id store.ID) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		return askAlert(tx, id)
	})
}

func askAlert(tx *store.Tx, id store.ID) error {
	a, err := tx.AlertItself(id)
	if err != nil {
		return err
	}
	payload, err := encode(krungsri.InquireAlertsRequest{RTPReference: a.Reference})
	if err != nil {
		return err
	}
	_, err = tx.AskInquiry(inquireAlerts, store.About("alert", id), payload)
	return err
}

// What the bank keeps of an unknown answer, as the schema reads it.
const (
	wordTold    = "TOLD"
	wordNotTold = "NOT TOLD"
)

// learnAlert records what the bank says of an alert that came in, and ends an
// unknown answer by it: the bank keeps our last word beside the alert.
func learnAlert(tx *store.Tx, i store.Inquiry, answer krungsri.Alerts) error {
	id, said := i.Subject.ID(), answer.Alerts[0]
	a, asked, err := lockAlert(tx, id)
	if err != nil {
		return err
	}
	i.State, i.BankReference, i.Status, i.SaidAt = store.InquiryAnswered, said.RTPReference, string(said.Status), &said.StatusAt.Time
	unknown := asked != nil && asked.State == store.Unknown
	news := alertNews(a, said.Status)
	outcome := store.Failed
	switch {
	case int64(said.Amount) != a.AmountSatang || said.RTPReference != a.Reference:
		i.Came = reasonMismatch
		return tx.AnswerInquiry(i)
	case unknown:
		wanted, err := wordOf(*asked)
		if err != nil {
			return err
		}
		i.Came, i.Status = reasonSettled, wordNotTold
		if said.Acknowledgement == wanted {
			outcome, i.Status = store.Done, wordTold
		}
	case news == newsMoves:
		i.Came = "told"
	default:
		i.Came = news
	}
	if err := tx.AnswerInquiry(i); err != nil {
		return err
	}
	if unknown {
		if err := tx.SettleByBank(*asked, outcome, i.BankReference, store.NoID, i.ID); err != nil {
			return err
		}
		reference := ""
		if outcome == store.Done {
			reference = i.BankReference
		}
		if err := tx.Move(*asked, store.Unknown, outcome, "settled", reference); err != nil {
			return err
		}
		if err := afterOutcome(tx, *asked, outcome); err != nil {
			return err
		}
	}
	if news != newsMoves {
		return nil
	}
	return tx.AlertTold(id, alertWord(said.Status, said.PaidAt, said.PaymentReference, store.AlertWord{Inquiry: i.ID}))
}

// wordOf is the answer that an instruction gives.
func wordOf(i store.Instruction) (krungsri.Acknowledgement, error) {
	payload, err := Payload(i)
	if err != nil {
		return "", err
	}
	p, ok := payload.(Acknowledgement)
	if !ok {
		return "", fmt.Errorf("instruction %s answers no alert", i.ID)
	}
	return p.Acknowledgement, nil
}

// lockAlert makes everything that moves an alert take turns: its instruction
// first, as whoever records an answer does.
func lockAlert(tx *store.Tx, id store.ID) (a store.Alert, asked *store.Instruction, err error) {
	if a, err = tx.AlertItself(id); err != nil {
		return a, nil, err
	}
	if a.AcknowledgementID.Valid {
		parts, err := tx.LockParts(a.AcknowledgementID.UUID)
		if err != nil {
			return a, nil, err
		}
		asked = &parts[0]
	}
	if _, err := tx.LockAlert(id); err != nil {
		return a, asked, err
	}
	a, err = tx.AlertItself(id)
	return a, asked, err
}

func alertWord(status krungsri.AlertStatus, paidAt *krungsri.Instant, reference string, w store.AlertWord) store.AlertWord {
	w.Status = string(status)
	if status == krungsri.AlertPaid {
		w.PaymentReference = reference
		if paidAt != nil {
			w.PaidAt = &paidAt.Time
		}
	}
	return w
}

// newsMoves is that an alert moves by what the bank says.
const newsMoves = ""

// alertNews is what a status of the bank means for an alert that came in: that
// it moves, or why it does not.
func alertNews(a store.Alert, said krungsri.AlertStatus) string {
	switch said {
	case krungsri.AlertSent, krungsri.AlertAcknowledged:
		return reasonNoNews
	case krungsri.AlertPaid, krungsri.AlertExpired, krungsri.AlertRejected:
		switch {
		case string(said) == a.BankStatus,
			said == krungsri.AlertRejected && a.Answer == store.AlertRefused,
			said == krungsri.AlertExpired && a.State == store.AlertExpired:
			return reasonNoNews
		case a.BankStatus == string(krungsri.AlertPaid):
			return reasonOld // nothing comes after a payment
		}
		return newsMoves
	}
	return reasonContradicts
}
