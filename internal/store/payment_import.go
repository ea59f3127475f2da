package store

import (
	"time"

	"github.com/lib/pq"
)

var (
	// How many payments of other sources than the import say the same as each
	// that the bank gives no name.
	sqlPaymentsAlike = statement(`
		SELECT a.n, count(p.id) AS number
		FROM unnest($3::date[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[]) WITH ORDINALITY AS a (paid_on, amount, payer, reference1, reference2, description, n)
			JOIN payments p ON p.merchant_id = $1 AND p.amount_satang = a.amount AND p.paid_on = a.paid_on AND p.payer_name = a.payer AND p.reference1 = a.reference1
				AND p.reference2 = a.reference2 AND p.description = a.description AND p.bank_reference = '' AND p.import_id IS DISTINCT FROM $2
		GROUP BY a.n`)
	// The how-manieth of those with its number an item of the list is.
	sqlImportOrdinals = statement(`
		SELECT i.no, (SELECT count(*) FROM import_items e WHERE e.import_id = $2 AND e.number = i.number AND e.no <= i.no) AS number
		FROM import_items i WHERE i.merchant_id = $1 AND i.import_id = $2 AND i.no = ANY ($3)`)
	sqlPaymentsOfImport = statement(`
		SELECT p.state, coalesce(m.reason, '') AS reason, count(*) AS number, sum(p.amount_satang)::bigint AS sum_satang
		FROM payments p LEFT JOIN LATERAL (SELECT m.reason FROM payment_matches m WHERE m.payment_id = p.id AND m.undone_at IS NULL ORDER BY m.matched_at, m.id LIMIT 1) m ON true
		WHERE p.merchant_id = $1 AND p.import_id = $2 GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2`)
)

// PaymentsAlike tells of each payment how many are known that say the very
// same, besides those that came by the import itself.
func (q *Query) PaymentsAlike(except ID, list []Payment) ([]int, error) {
	var days, payers, first, second, descriptions []string
	var amounts []int64
	for _, p := range list {
		days, amounts, payers = append(days, p.PaidOn.Format(time.DateOnly)), append(amounts, p.AmountSatang), append(payers, p.PayerName)
		first, second, descriptions = append(first, p.Reference1), append(second, p.Reference2), append(descriptions, p.Description)
	}
	found, err := rows[struct {
		N      int `db:"n"`
		Number int `db:"number"`
	}](q, sqlPaymentsAlike, q.actor.Merchant, except, pq.Array(days), pq.Array(amounts), pq.Array(payers), pq.Array(first), pq.Array(second), pq.Array(descriptions))
	numbers := make([]int, len(list))
	for _, f := range found {
		numbers[f.N-1] = f.Number
	}
	return numbers, err
}

// ImportOrdinals tells for each of the given items the how-manieth it is of
// those with the same number, from the top of the file.
func (q *Query) ImportOrdinals(id ID, nos []int) (map[int]int, error) {
	found, err := rows[struct {
		No     int `db:"no"`
		Number int `db:"number"`
	}](q, sqlImportOrdinals, q.actor.Merchant, id, pq.Array(nos))
	ordinals := make(map[int]int, len(found))
	for _, f := range found {
		ordinals[f.No] = f.Number
	}
	return ordinals, err
}

// PaymentOutcome is how many payments of an import stand alike.
type PaymentOutcome struct {
	State     string `db:"state"`
	Reason    string `db:"reason"` // of the first match; empty without one
	Number    int    `db:"number"`
	SumSatang int64  `db:"sum_satang"`
}

// PaymentsOfImport adds up how the payments of an import stand.
func (q *Query) PaymentsOfImport(id ID) ([]PaymentOutcome, error) {
	return rows[PaymentOutcome](q, sqlPaymentsOfImport, q.actor.Merchant, id)
}
