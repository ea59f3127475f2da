package store

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// DebitDue is a debit, of any merchant, that the worker has something to do about.
type DebitDue struct {
	ID         ID  `db:"id"`
	MerchantID ID  `db:"merchant_id"`
	Asks       int `db:"asks"`
}

var (
	sqlDebitsToAskAbout = statement(`
		SELECT d.id, d.merchant_id, d.asks FROM debits d WHERE d.state = 'unknown' AND d.ask_at <= now() AND d.instruction_id IS NOT NULL ORDER BY d.ask_at LIMIT $1`)
	sqlDebitsToBook = statement(`
		SELECT d.id, d.merchant_id, d.asks FROM debits d WHERE d.state = 'taken' AND d.payment_id IS NULL ORDER BY d.merchant_id, d.id LIMIT $1`)
	sqlLockDebitsToBook = statement(`
		SELECT ` + debitColumns + `, p.tax_id AS payer_tax_id, b.document_number AS bill_number FROM debits d
			JOIN payers p ON p.id = d.payer_id LEFT JOIN presentments b ON b.id = d.presentment_id
		WHERE d.merchant_id = $1 AND d.state = 'taken' AND d.payment_id IS NULL ORDER BY d.id LIMIT $2 FOR UPDATE OF d SKIP LOCKED`)
	sqlPaymentsNamed = statement(`SELECT id, bank_reference FROM payments WHERE merchant_id = $1 AND bank_reference = ANY ($2::text[]) AND bank_reference <> ''`)
	sqlAsking        = statement(`SELECT EXISTS (SELECT FROM inquiries WHERE merchant_id = $1 AND subject = $2 AND state IN ('waiting', 'asking'))`)
	sqlLastAttempt   = statement(`
		SELECT a.id FROM debits d JOIN attempts a ON a.instruction_id = d.instruction_id
		WHERE d.merchant_id = $1 AND d.id = $2 ORDER BY a.no DESC LIMIT 1`)
)

// DebitsToAskAbout names debits whose outcome is unknown and whose turn it is to
// be asked about.
func (q *Query) DebitsToAskAbout(limit int) ([]DebitDue, error) {
	return rows[DebitDue](q, sqlDebitsToAskAbout, limit)
}

// DebitsToBook names taken debits that are no payments yet.
func (q *Query) DebitsToBook(limit int) ([]DebitDue, error) {
	return rows[DebitDue](q, sqlDebitsToBook, limit)
}

// DebitToBook is a taken debit with what its payment says.
type DebitToBook struct {
	Debit
	PayerTaxID string `db:"payer_tax_id"`
}

// LockDebitsToBook locks some of the acting merchant's, which nobody else is at.
func (t *Tx) LockDebitsToBook(limit int) ([]DebitToBook, error) {
	return rows[DebitToBook](t.Query, sqlLockDebitsToBook, t.actor.Merchant, limit)
}

// PaymentsNamed are the payments that bear the bank's names for these debits.
func (q *Query) PaymentsNamed(list []DebitToBook) (map[string]ID, error) {
	names := make([]string, len(list))
	for n, d := range list {
		names[n] = d.BankReference
	}
	found, err := rows[struct {
		ID            ID     `db:"id"`
		BankReference string `db:"bank_reference"`
	}](q, sqlPaymentsNamed, q.actor.Merchant, pq.Array(names))
	if err != nil {
		return nil, fmt.Errorf("looking for payments that the bank told of: %w", err)
	}
	named := make(map[string]ID, len(found))
	for _, p := range found {
		named[p.BankReference] = p.ID
	}
	return named, nil
}

// LastAttemptAt is the last attempt at a debit, or ErrNotFound.
func (q *Query) LastAttemptAt(debit ID) (ID, error) {
	return row[ID](q, sqlLastAttempt, q.actor.Merchant, debit)
}

// Asking reports whether a question about something waits for its answer.
func (q *Query) Asking(about Subject) (bool, error) {
	return row[bool](q, sqlAsking, q.actor.Merchant, about)
}

// NullID is an id that may be missing.
func NullID(id ID) uuid.NullUUID { return nullable(id) }
