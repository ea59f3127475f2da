package store

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"
)

// How a payment stands.
const (
	PaymentWaiting = "waiting" // for nobody knows what
	PaymentPart    = "part"    // some of it is for a bill, the rest waits
	PaymentMatched = "matched"
	PaymentAside   = "aside" // what is left of it is for no bill, says a person
)

// PaymentStates lists the states in the order of the list's tabs.
var PaymentStates = []string{PaymentWaiting, PaymentPart, PaymentMatched, PaymentAside}

// Where a payment is known from.
const (
	PaymentByCallback = "callback"
	PaymentByFile     = "file"
	PaymentByHand     = "hand"
	PaymentByDebit    = "debit"
)

// AsideReasons lists why a payment may be for no bill. The last needs a note.
var AsideReasons = []string{"unidentified", "own_transfer", "deposit", "paid_twice", "refund", "interest", "other"}

// Payment is money that came in. What it says never changes; what it is used
// for does.
type Payment struct {
	ID            ID            `db:"id"`
	Source        string        `db:"source"`
	PaidOn        time.Time     `db:"paid_on"`
	BookedOn      time.Time     `db:"booked_on"` // in our own books: later than PaidOn where those were closed
	AmountSatang  int64         `db:"amount_satang"`
	PayerName     string        `db:"payer_name"`
	PayerTaxID    string        `db:"payer_tax_id"`
	Reference1    string        `db:"reference1"`
	Reference2    string        `db:"reference2"`
	Description   string        `db:"description"`
	Channel       string        `db:"channel"`
	BankReference string        `db:"bank_reference"`
	CallbackID    uuid.NullUUID `db:"callback_id"`
	ImportID      uuid.NullUUID `db:"import_id"`
	ImportRow     *int          `db:"import_row"`
	DebitID       uuid.NullUUID `db:"debit_id"` // that it was
	RecordedBy    uuid.NullUUID `db:"recorded_by"`
	RecordedAt    time.Time     `db:"recorded_at"`
	AppliedSatang int64         `db:"applied_satang"`
	State         string        `db:"state"`
	AsideReason   string        `db:"aside_reason"`
	AsideNote     string        `db:"aside_note"`
	AsideBy       uuid.NullUUID `db:"aside_by"`
	Version       int           `db:"version"`
}

// LeftSatang is what it is not used for yet.
func (p Payment) LeftSatang() int64 { return p.AmountSatang - p.AppliedSatang }

// Match is what a payment is used for: money for one bill, and what is missing
// of the bill with the reason.
type Match struct {
	ID             ID              `db:"id"`
	PaymentID      ID              `db:"payment_id"`
	PresentmentID  ID              `db:"presentment_id"`
	AppliedSatang  int64           `db:"applied_satang"`
	WithheldSatang int64           `db:"withheld_satang"`
	WithheldRate   decimal.Decimal `db:"withheld_rate"` // percent; zero where lines had several
	FeeSatang      int64           `db:"fee_satang"`
	Reason         string          `db:"reason"`
	Evidence       string          `db:"evidence"`
	BookedOn       time.Time       `db:"booked_on"`
	MatchedBy      uuid.NullUUID   `db:"matched_by"` // nobody, where the rules were certain
	MatchedByName  *string         `db:"matched_by_name"`
	MatchedAt      time.Time       `db:"matched_at"`
	UndoneByName   *string         `db:"undone_by_name"`
	UndoneAt       *time.Time      `db:"undone_at"`
	UndoneWhy      string          `db:"undone_why"`
	// Of the bill.
	DocumentNumber string `db:"document_number"`
	BuyerName      string `db:"buyer_name"`
	TotalSatang    int64  `db:"total_satang"`
	// Of the payment.
	PaidOn        time.Time `db:"paid_on"`
	BankReference string    `db:"bank_reference"`
}

// SettledSatang is what the match takes off the bill.
func (m Match) SettledSatang() int64 { return m.AppliedSatang + m.WithheldSatang + m.FeeSatang }

// Payable is a bill that a payment may be for.
type Payable struct {
	ID              ID        `db:"id"`
	DocumentNumber  string    `db:"document_number"`
	BankReference   string    `db:"bank_reference"`
	DocumentOn      time.Time `db:"document_on"`
	DueOn           time.Time `db:"due_on"`
	BuyerName       string    `db:"buyer_name"`
	BuyerTaxID      string    `db:"buyer_tax_id"`
	BeforeTaxSatang int64     `db:"before_tax_satang"`
	TotalSatang     int64     `db:"total_satang"`
	WHTSatang       int64     `db:"wht_satang"` // what the bill expects to be withheld
	SettledSatang   int64     `db:"settled_satang"`
}

// Settled is what is paid of a bill.
type Settled struct {
	PresentmentID  ID         `db:"presentment_id"`
	ReceivedSatang int64      `db:"received_satang"`
	WithheldSatang int64      `db:"withheld_satang"`
	FeeSatang      int64      `db:"fee_satang"`
	SettledOn      *time.Time `db:"settled_on"`
}

// SettledSatang is all that is off the bill.
func (s Settled) SettledSatang() int64 { return s.ReceivedSatang + s.WithheldSatang + s.FeeSatang }

const paymentColumns = `p.id, p.source, p.paid_on, p.booked_on, p.amount_satang, p.payer_name, p.payer_tax_id, p.reference1, p.reference2, p.description,
	p.channel, p.bank_reference, p.callback_id, p.import_id, p.import_row, p.debit_id, p.recorded_by, p.recorded_at, p.applied_satang, p.state, p.aside_reason,
	p.aside_note, p.aside_by, p.version`

const matchColumns = `m.id, m.payment_id, m.presentment_id, m.applied_satang, m.withheld_satang, m.withheld_rate, m.fee_satang, m.reason, m.evidence, m.booked_on,
	m.matched_by, mb.name AS matched_by_name, m.matched_at, ub.name AS undone_by_name, m.undone_at, m.undone_why,
	b.document_number, b.buyer_name, b.total_satang, p.paid_on, p.bank_reference
	FROM payment_matches m JOIN presentments b ON b.id = m.presentment_id JOIN payments p ON p.id = m.payment_id
		LEFT JOIN people mb ON mb.id = m.matched_by LEFT JOIN people ub ON ub.id = m.undone_by`

const payableColumns = `b.id, b.document_number, b.bank_reference, b.document_on, b.due_on, b.buyer_name, b.buyer_tax_id, b.before_tax_satang, b.total_satang,
	b.wht_satang, coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) AS settled_satang
	FROM presentments b LEFT JOIN presentment_payments s ON s.presentment_id = b.id`

var (
	// What waits, the oldest first.
	sqlWorkPayments = statement(workLine(`
		SELECT p.id, coalesce(nullif(p.payer_name, ''), nullif(p.reference1, ''), p.description) AS title, p.recorded_at AS at FROM payments p
		WHERE p.merchant_id = $1 AND p.state IN ('waiting', 'part') ORDER BY p.recorded_at, p.id LIMIT 1001`))
	sqlWorkCertificates = statement(workLine(`
		SELECT c.match_id AS id, b.buyer_name AS title, c.withheld_on::timestamp AT TIME ZONE 'Asia/Bangkok' AS at
		FROM withholding_certificates c JOIN presentments b ON b.id = c.presentment_id
		WHERE c.merchant_id = $1 AND c.state = 'awaited' AND c.withheld_on < $2 ORDER BY c.withheld_on, c.match_id LIMIT 1001`))
	sqlPaymentsAgain = statement(`
		SELECT p.id FROM payments p WHERE p.merchant_id = $1 AND p.state IN ('waiting', 'part') AND p.words LIKE $2 ORDER BY p.paid_on DESC, p.id DESC LIMIT 1`)
	sqlCertificatesOfBill = statement(`SELECT match_id, state FROM withholding_certificates WHERE merchant_id = $1 AND presentment_id = $2`)
	sqlPayment            = statement(`SELECT ` + paymentColumns + ` FROM payments p WHERE p.merchant_id = $1 AND p.id = $2`)
	sqlMatchesOfPayment   = statement(`SELECT ` + matchColumns + ` WHERE m.merchant_id = $1 AND m.payment_id = $2 ORDER BY m.matched_at, m.id`)
	sqlMatchesOfBill      = statement(`SELECT ` + matchColumns + ` WHERE m.merchant_id = $1 AND m.presentment_id = $2 ORDER BY m.matched_at, m.id`)
	sqlPayables           = statement(`
		SELECT ` + payableColumns + ` WHERE b.merchant_id = $1
			AND b.id = ANY (ARRAY(SELECT presentment_id FROM bills_a_payment_may_be_for($2, $3, $4, $5)))
		ORDER BY b.document_on DESC, b.id DESC`)
	sqlPayable       = statement(`SELECT ` + payableColumns + ` WHERE b.merchant_id = $1 AND b.id = $2`)
	sqlSettled       = statement(`SELECT presentment_id, received_satang, withheld_satang, fee_satang, settled_on FROM presentment_payments WHERE merchant_id = $1 AND presentment_id = $2`)
	sqlKnownAtBank   = statement(`SELECT bank_reference FROM payments WHERE merchant_id = $1 AND bank_reference = ANY ($2)`)
	sqlClosedThrough = statement(`SELECT max(through) FROM payment_closings WHERE merchant_id = $1`)
)

// WorkPayments is what waits to be matched, what came first before all.
func (q *Query) WorkPayments() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkPayments, q.actor.Merchant)
}

// CertificatePatience is after how many days a certificate is asked for.
const CertificatePatience = 60

// WorkCertificates are the certificates that are awaited for too long.
func (q *Query) WorkCertificates(today time.Time) (WorkLine, error) {
	return row[WorkLine](q, sqlWorkCertificates, q.actor.Merchant, today.AddDate(0, 0, -CertificatePatience))
}

// PaymentsAgain finds a payment that waits and names a bill by its number.
func (q *Query) PaymentsAgain(number string) ([]ID, error) {
	return rows[ID](q, sqlPaymentsAgain, q.actor.Merchant, containing(strings.ToLower(number)))
}

// CertificatesOfBill tells of each match of a bill that withheld tax how its
// certificate stands.
func (q *Query) CertificatesOfBill(presentment ID) (map[ID]string, error) {
	found, err := rows[struct {
		Match ID     `db:"match_id"`
		State string `db:"state"`
	}](q, sqlCertificatesOfBill, q.actor.Merchant, presentment)
	states := make(map[ID]string, len(found))
	for _, c := range found {
		states[c.Match] = c.State
	}
	return states, err
}

// Payment reads one.
func (q *Query) Payment(id ID) (Payment, error) {
	return row[Payment](q, sqlPayment, q.actor.Merchant, id)
}

// MatchesOfPayment lists what a payment was used for, undone matches too.
func (q *Query) MatchesOfPayment(id ID) ([]Match, error) {
	return rows[Match](q, sqlMatchesOfPayment, q.actor.Merchant, id)
}

// MatchesOfBill lists what was paid for a bill, undone matches too.
func (q *Query) MatchesOfBill(presentment ID) ([]Match, error) {
	return rows[Match](q, sqlMatchesOfBill, q.actor.Merchant, presentment)
}

// Settled reads what is paid of a bill; nothing yet is the zero value.
func (q *Query) Settled(presentment ID) (Settled, error) {
	all, err := rows[Settled](q, sqlSettled, q.actor.Merchant, presentment)
	if err != nil || len(all) == 0 {
		return Settled{PresentmentID: presentment}, err
	}
	return all[0], nil
}

// Payable reads one bill as a payment sees it.
func (q *Query) Payable(presentment ID) (Payable, error) {
	return row[Payable](q, sqlPayable, q.actor.Merchant, presentment)
}

// mostPayables is how many bills of each kind are looked at for one payment.
const mostPayables = 50

// Payables finds the bills that a payment may be for: named are plain numbers
// as PlainNumber makes them; the payer's tax id may be empty. Settled bills are
// found only when they are named.
func (q *Query) Payables(named []string, taxID string, amountSatang int64) ([]Payable, error) {
	return rows[Payable](q, sqlPayables, q.actor.Merchant, pq.Array(named), taxID, amountSatang, mostPayables)
}

// PaymentsKnown tells which of the bank's names for transfers are known.
func (q *Query) PaymentsKnown(references []string) (map[string]bool, error) {
	found, err := rows[string](q, sqlKnownAtBank, q.actor.Merchant, pq.Array(references))
	known := make(map[string]bool, len(found))
	for _, r := range found {
		known[r] = true
	}
	return known, err
}

// BooksClosedThrough is the last day of closed books; ok is false where none
// were ever closed.
func (q *Query) BooksClosedThrough() (day time.Time, ok bool, err error) {
	through, err := row[*time.Time](q, sqlClosedThrough, q.actor.Merchant)
	if err != nil || through == nil {
		return time.Time{}, false, err
	}
	return *through, true, nil
}

var sqlBooksHeld = statement(`SELECT books_take_turns($1, false)`)

// HoldBooks waits for whoever is closing books and keeps others from it until the
// transaction ends. It returns what BooksClosedThrough does.
func (t *Tx) HoldBooks() (through time.Time, ok bool, err error) {
	if _, err := t.exec(sqlBooksHeld, t.actor.Merchant); err != nil {
		return time.Time{}, false, err
	}
	return t.BooksClosedThrough()
}
