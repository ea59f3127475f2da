package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// DatedDebit is a debit of a day that was not sent yet, and who asked for it.
type DatedDebit struct {
	ID           ID            `db:"id"`
	PayerName    string        `db:"payer_name"`
	Reference    string        `db:"reference"`
	AmountSatang int64         `db:"amount_satang"`
	DebitOn      time.Time     `db:"debit_on"`
	State        string        `db:"state"`
	Version      int           `db:"version"`
	MakerID      uuid.NullUUID `db:"maker_id"` // of what asks for it
	MakerName    string        `db:"maker_name"`
}

const datedDebit = `
	SELECT d.id, d.payer_name, d.reference, d.amount_satang, d.debit_on, d.state, d.version, i.maker_id, coalesce(p.name, '') AS maker_name
	FROM `

var (
	sqlDebitsDated = statement(datedDebit + `debits d LEFT JOIN instructions i ON i.id = d.instruction_id LEFT JOIN people p ON p.id = i.maker_id
		WHERE d.merchant_id = $1 AND d.debit_on = $2 AND d.state IN ('draft', 'submitted', 'approved') ORDER BY d.id LIMIT $3`)
	sqlDebitsToMove = statement(datedDebit + `unnest($2::uuid[]) WITH ORDINALITY AS w (id, n) JOIN debits d ON d.id = w.id
			LEFT JOIN instructions i ON i.id = d.instruction_id LEFT JOIN people p ON p.id = i.maker_id
		WHERE d.merchant_id = $1 ORDER BY w.n`)
)

// DebitsDated lists debits of a day that were not sent yet.
func (q *Query) DebitsDated(day time.Time, limit int) ([]DatedDebit, error) {
	return rows[DatedDebit](q, sqlDebitsDated, q.actor.Merchant, day, limit)
}

// DebitsToMove returns debits in the order of their ids, each as it stands.
func (q *Query) DebitsToMove(ids []ID) ([]DatedDebit, error) {
	return rows[DatedDebit](q, sqlDebitsToMove, q.actor.Merchant, pq.Array(idTexts(ids)))
}
