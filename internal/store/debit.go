package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// The states of a debit.
const (
	DebitDraft     = "draft"
	DebitSubmitted = "submitted"
	DebitApproved  = "approved" // agreed, and waiting for its day
	DebitSending   = "sending"
	DebitTaken     = "taken"
	DebitFailed    = "failed" // the bank took nothing, and says why
	DebitUnknown   = "unknown"
	DebitDiscarded = "discarded"
)

// DebitStates lists the states as the list offers them.
var DebitStates = []string{DebitDraft, DebitSubmitted, DebitApproved, DebitSending, DebitTaken, DebitFailed, DebitUnknown, DebitDiscarded}

// Debit is money that is to be taken, or was taken, from a payer's account
// under a mandate.
type Debit struct {
	ID            ID            `db:"id"`
	MerchantID    ID            `db:"merchant_id"`
	PayerID       ID            `db:"payer_id"`
	MandateID     ID            `db:"mandate_id"`
	PayerName     string        `db:"payer_name"`
	PayerCode     string        `db:"payer_code"`
	AmountSatang  int64         `db:"amount_satang"`
	Reference     string        `db:"reference"`
	InvoiceNumber string        `db:"invoice_number"`
	PresentmentID uuid.NullUUID `db:"presentment_id"`
	DebitOn       time.Time     `db:"debit_on"`
	Note          string        `db:"note"`
	RepeatReason  string        `db:"repeat_reason"`
	State         string        `db:"state"`
	StateSince    time.Time     `db:"state_since"`
	Version       int           `db:"version"`
	CreatedBy     uuid.NullUUID `db:"created_by"` // nobody, where the bank took it by a schedule
	CreatedByName *string       `db:"created_by_name"`
	Editors       IDs           `db:"editors"`
	CreatedAt     time.Time     `db:"created_at"`
	InstructionID uuid.NullUUID `db:"instruction_id"`
	BankReference string        `db:"bank_reference"`
	FeeSatang     int64         `db:"fee_satang"`
	FailureCode   string        `db:"failure_code"`
	ScheduleID    uuid.NullUUID `db:"schedule_id"`
	RunOn         *time.Time    `db:"run_on"`
	BatchID       uuid.NullUUID `db:"batch_id"`
	RetryOf       uuid.NullUUID `db:"retry_of"`
	RetryNo       int           `db:"retry_no"`
	PaymentID     uuid.NullUUID `db:"payment_id"`
	Asks          int           `db:"asks"`
	AskAt         *time.Time    `db:"ask_at"`
	DunnedAt      *time.Time    `db:"dunned_at"`
	// Of its mandate.
	BankToken     string `db:"bank_token"`
	DrawerAccount string `db:"drawer_account"` // masked by the bank
	MandateState  string `db:"mandate_state"`
	MandateLive   bool   `db:"mandate_live"`
	// Of the bill that it names.
	BillNumber *string `db:"bill_number"`
}

// Editable reports whether its content may still be changed.
func (d Debit) Editable() bool { return d.State == DebitDraft }

// Counts reports whether money was taken, or may have been, or will be as soon
// as people agree.
func (d Debit) Counts() bool {
	return d.State != DebitDraft && d.State != DebitDiscarded && d.State != DebitFailed
}

const debitColumns = `d.id, d.merchant_id, d.payer_id, d.mandate_id, d.payer_name, d.payer_code, d.amount_satang, d.reference, d.invoice_number,
	d.presentment_id, d.debit_on, d.note, d.repeat_reason, d.state, d.state_since, d.version, d.created_by, d.editors, d.created_at, d.instruction_id,
	d.bank_reference, d.fee_satang, d.failure_code, d.schedule_id, d.run_on, d.batch_id, d.retry_of, d.retry_no, d.payment_id, d.asks, d.ask_at, d.dunned_at`

const debitWhole = debitColumns + `, p.name AS created_by_name, m.bank_token, m.drawer_account, m.state AS mandate_state, mandate_is_live(m.id) AS mandate_live,
	b.document_number AS bill_number
	FROM debits d JOIN mandates m ON m.id = d.mandate_id LEFT JOIN people p ON p.id = d.created_by LEFT JOIN presentments b ON b.id = d.presentment_id`

var (
	sqlDebit     = statement(`SELECT ` + debitWhole + ` WHERE d.merchant_id = $1 AND d.id = $2`)
	sqlLockDebit = statement(`SELECT state FROM debits WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	// What is like it in all that tells two debits apart, and counts.
	sqlDebitsAlike = statement(`
		SELECT ` + debitColumns + ` FROM debits d
		WHERE d.merchant_id = $1 AND d.payer_id = $2 AND d.debit_on = $3 AND d.amount_satang = $4 AND d.reference = $5 AND d.id <> $6
			AND d.state NOT IN ('draft', 'discarded', 'failed')
		ORDER BY d.id LIMIT 5`)
	sqlDebitCollisions = statement(`
		SELECT c.kind, c.id, c.name, c.state, c.satang FROM debits d, debit_collisions(d) AS c WHERE d.merchant_id = $1 AND d.id = $2 ORDER BY c.kind, c.id LIMIT 10`)
	sqlDebitWindow = statement(`SELECT opens, closes FROM debit_window($1, $2)`)
	sqlDebitsOf    = statement(`
		SELECT ` + debitColumns + ` FROM debits d WHERE d.merchant_id = $1 AND d.payer_id = $2 AND d.state <> 'discarded' ORDER BY d.debit_on DESC, d.id DESC LIMIT $3`)
	sqlDebitsOfBill = statement(`
		SELECT ` + debitColumns + ` FROM debits d WHERE d.merchant_id = $1 AND d.presentment_id = $2 AND d.state <> 'discarded' ORDER BY d.id LIMIT 20`)
	sqlRetryOf = statement(`SELECT id FROM debits WHERE merchant_id = $1 AND retry_of = $2 AND state <> 'discarded'`)
)

// Debit returns one debit with its mandate.
func (q *Query) Debit(id ID) (Debit, error) { return row[Debit](q, sqlDebit, q.actor.Merchant, id) }

// LockDebit makes changes to one debit take turns, and returns its state.
func (t *Tx) LockDebit(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockDebit, t.actor.Merchant, id)
}

// DebitsAlike lists those of the same payer, day, amount and reference that
// count, besides this one.
func (q *Query) DebitsAlike(d Debit) ([]Debit, error) {
	return rows[Debit](q, sqlDebitsAlike, q.actor.Merchant, d.PayerID, d.DebitOn, d.AmountSatang, d.Reference, d.ID)
}

// The kinds of collisions.
const (
	CollidesDebit = "debit" // another debit for the same
	CollidesOpen  = "open"  // the bill is with its buyer, who may pay it
	CollidesPaid  = "paid"  // the bill is paid, or would be by more than it demands
)

// Collision is another way in which the same is collected, or was.
type Collision struct {
	Kind   string `db:"kind"`
	ID     ID     `db:"id"` // of the debit, or of the bill
	Name   string `db:"name"`
	State  string `db:"state"`
	Satang int64  `db:"satang"`
}

// DebitCollisions lists what else collects what a debit is for.
func (q *Query) DebitCollisions(id ID) ([]Collision, error) {
	return rows[Collision](q, sqlDebitCollisions, q.actor.Merchant, id)
}

// Window is when the bank may be asked for a debit of a day.
type Window struct {
	Opens  time.Time `db:"opens"`
	Closes time.Time `db:"closes"`
}

// DebitWindow is the window of a day by the rules in force.
func (q *Query) DebitWindow(day time.Time) (Window, error) {
	return row[Window](q, sqlDebitWindow, q.actor.Merchant, day)
}

// DebitsOfPayer lists a payer's latest debits.
func (q *Query) DebitsOfPayer(payer ID, limit int) ([]Debit, error) {
	return rows[Debit](q, sqlDebitsOf, q.actor.Merchant, payer, limit)
}

// DebitsOfBill lists the debits that collect a bill.
func (q *Query) DebitsOfBill(bill ID) ([]Debit, error) {
	return rows[Debit](q, sqlDebitsOfBill, q.actor.Merchant, bill)
}

// RetryOf is the debit that tries a failed one again, or ErrNotFound.
func (q *Query) RetryOf(failed ID) (ID, error) {
	return row[ID](q, sqlRetryOf, q.actor.Merchant, failed)
}

// DebitPayer is whom a debit can be taken from: a payer with the mandate that is
// in force, if any.
type DebitPayer struct {
	ID            ID            `db:"id"`
	Code          string        `db:"code"`
	Name          string        `db:"name"`
	TaxID         string        `db:"tax_id"`
	Payday        *int          `db:"payday"`
	MandateID     uuid.NullUUID `db:"mandate_id"`
	MandateState  *string       `db:"mandate_state"` // of the newest, where none is in force
	DrawerAccount *string       `db:"drawer_account"`
	BankToken     *string       `db:"bank_token"`
	Live          bool          `db:"live"`
}

const debitPayerColumns = `p.id, p.code, p.name, p.tax_id, p.payday, m.id AS mandate_id, m.state AS mandate_state, m.drawer_account, m.bank_token,
	coalesce(m.live, false) AS live
	FROM payers p LEFT JOIN LATERAL (
		SELECT x.id, x.state, x.drawer_account, x.bank_token, mandate_is_live(x.id) AS live FROM mandates x
		WHERE x.merchant_id = $1 AND x.payer_id = p.id ORDER BY (x.state = 'active') DESC, x.id DESC LIMIT 1) m ON true`

var (
	sqlDebitPayer  = statement(`SELECT ` + debitPayerColumns + ` WHERE p.merchant_id = $1 AND p.id = $2`)
	sqlDebitPayers = statement(`
		SELECT ` + debitPayerColumns + ` WHERE p.merchant_id = $1 AND p.id = ANY (ARRAY(
			SELECT f.payer_id FROM payers_matching($2, 'active', '', 'name', '', '00000000-0000-0000-0000-000000000000', $3, $4) f))
		ORDER BY p.sort_name, p.id`)
	sqlDebitPayersCoded = statement(`SELECT ` + debitPayerColumns + ` WHERE p.merchant_id = $1 AND p.state = 'active' AND upper(p.code) = ANY ($2)`)
)

// DebitPayer returns a payer with the mandate in force.
func (q *Query) DebitPayer(id ID) (DebitPayer, error) {
	return row[DebitPayer](q, sqlDebitPayer, q.actor.Merchant, id)
}

// DebitPayers finds payers by a part of what they are known by.
func (q *Query) DebitPayers(typed string, limit int) ([]DebitPayer, error) {
	marks, err := q.marksOf(typed, payerEmail)
	if err != nil {
		return nil, err
	}
	return rows[DebitPayer](q, sqlDebitPayers, q.actor.Merchant, typed, limit, marks)
}

// DebitPayersCoded finds payers by their codes, in capitals.
func (q *Query) DebitPayersCoded(codes []string) ([]DebitPayer, error) {
	return rows[DebitPayer](q, sqlDebitPayersCoded, q.actor.Merchant, pq.Array(codes))
}

// BillToDebit is a bill that a debit may collect.
type BillToDebit struct {
	ID             ID            `db:"id"`
	DocumentNumber string        `db:"document_number"`
	OpenSatang     int64         `db:"open_satang"`
	PayerID        uuid.NullUUID `db:"payer_id"` // the payer who is its buyer, if there is just one
	Live           bool          `db:"live"`     // and money may be taken from them now
}

var (
	sqlBillToDebit = statement(`
		SELECT b.id, b.document_number, b.total_satang - coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) AS open_satang, y.payer_id,
			EXISTS (SELECT FROM mandates m WHERE m.payer_id = y.payer_id AND m.state = 'active' AND mandate_is_live(m.id)) AS live
		FROM presentments b LEFT JOIN presentment_payments s ON s.presentment_id = b.id CROSS JOIN LATERAL (
			SELECT CASE WHEN count(*) = 1 THEN (array_agg(p.id))[1] END AS payer_id FROM payers p
			WHERE p.merchant_id = $1 AND p.tax_id <> '' AND p.tax_id = b.buyer_tax_id AND p.state = 'active') y
		WHERE b.merchant_id = $1 AND b.id = $2`)
	// What a debit of a bill would collide with, before there is one.
	sqlCollisionsOfBill = statement(`
		SELECT c.kind, c.id, c.name, c.state, c.satang
		FROM presentments b, debit_collisions(jsonb_populate_record(NULL::debits, jsonb_build_object('id', b.id, 'merchant_id', b.merchant_id, 'payer_id', $3::uuid,
			'presentment_id', b.id, 'invoice_number', b.document_number, 'amount_satang', $4::bigint))) AS c
		WHERE b.merchant_id = $1 AND b.id = $2`)
	sqlBillOfPayer = statement(`
		SELECT b.id FROM presentments b JOIN payers p ON p.merchant_id = $1 AND p.id = $3 AND p.tax_id = b.buyer_tax_id
		WHERE b.merchant_id = $1 AND b.document_number = $2 AND b.state NOT IN ('draft', 'discarded', 'cancelled', 'replaced', 'refused')`)
)

// BillToDebit returns a bill as a debit would collect it.
func (q *Query) BillToDebit(bill ID) (BillToDebit, error) {
	return row[BillToDebit](q, sqlBillToDebit, q.actor.Merchant, bill)
}

// CollisionsOfBill lists what else collects a bill that a payer is to be debited
// for.
func (q *Query) CollisionsOfBill(bill ID, payer ID, satang int64) ([]Collision, error) {
	return rows[Collision](q, sqlCollisionsOfBill, q.actor.Merchant, bill, nullable(payer), satang)
}

// BillOfPayer is the bill with this number whose buyer is the payer, or
// ErrNotFound.
func (q *Query) BillOfPayer(number string, payer ID) (ID, error) {
	return row[ID](q, sqlBillOfPayer, q.actor.Merchant, number, payer)
}

// DebitOfKey is the id of the debit that a person makes with a form's key, so
// that a second click makes none.
func DebitOfKey(person ID, key string) ID { return uuid.NewSHA1(person, []byte("debit "+key)) }
