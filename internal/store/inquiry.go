package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The states of an inquiry.
const (
	InquiryWaiting  = "waiting"
	InquiryAsking   = "asking"
	InquiryAnswered = "answered"
	InquiryFailed   = "failed"
)

// Inquiry is a question that somebody, or the worker by itself, puts to the
// bank. It changes nothing there, and so needs nobody's approval; it may be
// asked again.
type Inquiry struct {
	ID            ID            `db:"id"`
	MerchantID    ID            `db:"merchant_id"`
	Operation     string        `db:"operation"`
	Subject       Subject       `db:"subject"`
	Payload       []byte        `db:"payload"`
	AskedBy       uuid.NullUUID `db:"asked_by"` // nobody: the worker did
	AskedByName   string        `db:"asked_by_name"`
	AskedAt       time.Time     `db:"asked_at"`
	State         string        `db:"state"`
	Tries         int           `db:"tries"`
	AnsweredAt    *time.Time    `db:"answered_at"`
	Came          string        `db:"came"` // a short word; the screen has a sentence for it
	BankCode      string        `db:"bank_code"`
	Message       string        `db:"message"`
	MessageTH     string        `db:"message_th"`
	BankReference string        `db:"bank_reference"`
	Status        string        `db:"status"`
	SaidAt        *time.Time    `db:"said_at"`
}

// ErrAsking means that the same question is waiting for its answer.
var ErrAsking = errors.New("the bank is being asked already")

const inquiryColumns = `q.id, q.merchant_id, q.operation, q.subject, q.payload, q.asked_by, coalesce(p.name, '') AS asked_by_name, q.asked_at, q.state, q.tries,
	q.answered_at, q.came, q.bank_code, q.message, q.message_th, q.bank_reference, q.status, q.said_at FROM inquiries q LEFT JOIN people p ON p.id = q.asked_by`

var (
	sqlInsertInquiry = statement(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, asked_by, patient) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
	// The worker puts its own in nobody's name.
	sqlInsertOwnInquiry = statement(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, patient) VALUES ($1, $2, $3, $4, $5, $6)`)
	sqlInquiries        = statement(`SELECT ` + inquiryColumns + ` WHERE q.merchant_id = $1 AND q.subject = $2 ORDER BY q.asked_at DESC LIMIT 20`)
	// One whose worker died is asked again: a question changes nothing.
	sqlNextInquiry = statement(`
		SELECT ` + inquiryColumns + ` WHERE q.state = 'waiting' OR q.state = 'asking' AND q.deadline < now()
		ORDER BY q.patient, q.asked_at, q.id LIMIT 1 FOR UPDATE OF q SKIP LOCKED`)
	sqlAskInquiry    = statement(`UPDATE inquiries SET state = 'asking', tries = tries + 1, deadline = now() + $2 * interval '1 second' WHERE id = $1`)
	sqlAnswerInquiry = statement(`
		UPDATE inquiries SET state = $2, answered_at = now(), came = $3, bank_code = $4, message = $5, message_th = $6, bank_reference = $7, status = $8, said_at = $9
		WHERE id = $1 AND state = 'asking'`)
)

// AskInquiry puts a question of the acting person. ErrAsking means that one
// about the same thing is still open.
func (t *Tx) AskInquiry(operation string, about Subject, payload []byte) (ID, error) {
	return t.ask(operation, about, payload, false)
}

// AskPatiently is AskInquiry for what nobody sits and waits for: it comes after
// all that somebody does.
func (t *Tx) AskPatiently(operation string, about Subject, payload []byte) (ID, error) {
	return t.ask(operation, about, payload, true)
}

func (t *Tx) ask(operation string, about Subject, payload []byte, patient bool) (ID, error) {
	id := NewID()
	var err error
	if t.actor.Person == NoID {
		_, err = t.exec(sqlInsertOwnInquiry, id, t.actor.Merchant, operation, about, payload, patient)
	} else {
		_, err = t.exec(sqlInsertInquiry, id, t.actor.Merchant, operation, about, payload, t.actor.Person, patient)
	}
	if Violated(err, "one_open_inquiry") {
		return NoID, fmt.Errorf("%w: %w", ErrAsking, err)
	}
	if err != nil {
		return NoID, fmt.Errorf("asking the bank: %w", err)
	}
	return id, t.Audit("inquiry.asked", About("inquiry", id), map[string]any{"operation": operation, "subject": about, "payload_sha256": hashText(string(payload))})
}

// Inquiries lists the questions about something, the newest first.
func (q *Query) Inquiries(about Subject) ([]Inquiry, error) {
	return rows[Inquiry](q, sqlInquiries, q.actor.Merchant, about)
}

// NextInquiry takes the question, of any merchant, whose turn it is; the worker
// asks it before the lease ends. ErrNotFound means that none waits.
func (t *Tx) NextInquiry(lease time.Duration) (Inquiry, error) {
	i, err := row[Inquiry](t.Query, sqlNextInquiry)
	if err != nil {
		return i, err
	}
	if err := t.one(sqlAskInquiry, i.ID, lease.Seconds()); err != nil {
		return i, fmt.Errorf("taking a question: %w", err)
	}
	return i, t.For(i.MerchantID).Audit("inquiry.asking", About("inquiry", i.ID), map[string]any{"try": i.Tries + 1})
}

// AnswerInquiry ends a question. It is ErrStale when somebody else has done so.
func (t *Tx) AnswerInquiry(i Inquiry) error {
	if err := t.one(sqlAnswerInquiry, i.ID, i.State, i.Came, i.BankCode, i.Message, i.MessageTH, i.BankReference, i.Status, i.SaidAt); err != nil {
		return fmt.Errorf("recording an answer: %w", err)
	}
	return t.Audit("inquiry."+i.State, About("inquiry", i.ID), map[string]any{
		"subject": i.Subject, "came": i.Came, "code": i.BankCode, "message": i.Message, "bank_reference": i.BankReference, "status": i.Status, "said_at": i.SaidAt,
	})
}

var sqlSettleByBank = statement(`
	INSERT INTO settlements (id, merchant_id, instruction_id, outcome, bank_reference, note, decision, decided_at, callback_id, inquiry_id)
	VALUES ($1, $2, $3, $4, $5, $6, 'confirmed', now(), $7, $8)`)

// inquiryNote is the note of a settlement by the bank's answer.
const inquiryNote = "the bank's answer to a question"

// SettleByInquiry records that the bank, asked, said that an unknown
// instruction was done.
func (t *Tx) SettleByInquiry(i Instruction, inquiry ID, bankReference string) error {
	return t.SettleByBank(i, Done, bankReference, NoID, inquiry)
}

// SettleByBank records what the bank itself said became of an unknown
// instruction: in a callback that was processed in this transaction, or in its
// answer to a question. Which of its words count stands in the schema.
func (t *Tx) SettleByBank(i Instruction, outcome, bankReference string, callback, inquiry ID) error {
	id, note := NewID(), callbackNote
	source, word := "callback", callback
	if inquiry != NoID {
		note, source, word = inquiryNote, "inquiry", inquiry
	}
	_, err := t.exec(sqlSettleByBank, id, t.actor.Merchant, i.ID, outcome, bankReference, note, nullable(callback), nullable(inquiry))
	if err != nil {
		return fmt.Errorf("settling by the bank's word: %w", err)
	}
	detail := func(note string) map[string]any {
		return map[string]any{
			"settlement": id, "outcome": outcome, "bank_reference": bankReference, "note": note, "title": i.Title, "operation": i.Operation, source: word,
		}
	}
	return errors.Join(t.Audit("instruction.settlement_proposed", About("instruction", i.ID), detail(note)),
		t.Audit("instruction.settlement_confirmed", About("instruction", i.ID), detail("")))
}
