package store

import (
	"time"

	"github.com/lib/pq"
)

var (
	sqlFreeNumber = statement(`
		SELECT c.number FROM unnest($2::text[]) WITH ORDINALITY AS c (number, place)
		WHERE NOT EXISTS (SELECT FROM presentments p WHERE p.merchant_id = $1 AND p.document_number = c.number AND p.state NOT IN ('cancelled', 'discarded'))
		ORDER BY c.place LIMIT 1`)
	sqlLastNumber = statement(`
		SELECT document_number FROM presentments
		WHERE merchant_id = $1 AND document_number BETWEEN $2 AND $3 AND length(document_number) = length($3)
			AND translate(document_number, '0123456789', '9999999999') = translate($3, '0123456789', '9999999999')
			AND state NOT IN ('cancelled', 'discarded')
		ORDER BY document_number DESC LIMIT 1`)
	sqlAlike = statement(`
		SELECT p.id, p.document_number, p.document_on, p.state FROM presentments p
		WHERE p.merchant_id = $1 AND p.buyer_tax_id = $2 AND p.total_satang = $3 AND p.document_on BETWEEN $4::date - 7 AND $4::date + 7
			AND p.id <> $5 AND p.state NOT IN ('cancelled', 'discarded')
		ORDER BY p.document_on DESC, p.id DESC LIMIT 3`)
)

// FreeNumber returns the first of the document numbers that no bill has.
func (q *Query) FreeNumber(numbers []string) (string, error) {
	return row[string](q, sqlFreeNumber, q.actor.Merchant, pq.Array(numbers))
}

// LastNumber returns the greatest document number from one to another, both
// included, that has digits and anything else where these have.
func (q *Query) LastNumber(from, to string) (string, error) {
	return row[string](q, sqlLastNumber, q.actor.Merchant, from, to)
}

// AlikePresentment is a bill that another one may be a second time.
type AlikePresentment struct {
	ID             ID        `db:"id"`
	DocumentNumber string    `db:"document_number"`
	DocumentOn     time.Time `db:"document_on"`
	State          string    `db:"state"`
}

// Alike returns up to three other bills to the same buyer over the same total
// that are dated within a week of on.
func (q *Query) Alike(buyerTaxID string, totalSatang int64, on time.Time, besides ID) ([]AlikePresentment, error) {
	return rows[AlikePresentment](q, sqlAlike, q.actor.Merchant, buyerTaxID, totalSatang, on, besides)
}
