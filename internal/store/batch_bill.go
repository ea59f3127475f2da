package store

import (
	"github.com/google/uuid"
	"github.com/lib/pq"
)

// BatchBill is a bill as a batch must know it: what it is, and what may be
// done with it.
type BatchBill struct {
	PresentmentRow
	Version       int           `db:"version"`
	Documents     int           `db:"documents"`
	Replaces      bool          `db:"replaces"` // a disputed bill, whose place it takes
	EntryID       uuid.NullUUID `db:"entry_id"`
	EntryState    string        `db:"entry_state"`
	EntryMaker    string        `db:"entry_maker"`
	EntryMakerID  uuid.NullUUID `db:"entry_maker_id"`
	CancelID      uuid.NullUUID `db:"cancellation_id"`
	CancelState   string        `db:"cancellation_state"`
	CancelMaker   string        `db:"cancellation_maker"`
	CancelMakerID uuid.NullUUID `db:"cancellation_maker_id"`
}

var sqlBatchBills = statement(`
	SELECT p.id, p.state, p.document_number, p.document_on, p.due_on, p.buyer_name, p.total_satang, p.version,
		(SELECT count(*) FROM presentment_documents d WHERE d.presentment_id = p.id) AS documents,
		EXISTS (SELECT FROM presentment_replacements r WHERE r.replacement_id = p.id) AS replaces,
		p.entry_id, coalesce(e.state, '') AS entry_state, coalesce(em.name, '') AS entry_maker, e.maker_id AS entry_maker_id,
		p.cancellation_id, coalesce(c.state, '') AS cancellation_state, coalesce(cm.name, '') AS cancellation_maker, c.maker_id AS cancellation_maker_id
	FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, n) JOIN presentments p ON p.id = w.id
		LEFT JOIN instructions e ON e.id = p.entry_id LEFT JOIN people em ON em.id = e.maker_id
		LEFT JOIN instructions c ON c.id = p.cancellation_id LEFT JOIN people cm ON cm.id = c.maker_id
	WHERE p.merchant_id = $1 ORDER BY w.n`)

// BatchBills returns the bills with these ids in this order. What is no bill
// of the acting merchant is left out.
func (q *Query) BatchBills(ids []ID) ([]BatchBill, error) {
	texts := make([]string, len(ids))
	for n, id := range ids {
		texts[n] = id.String()
	}
	return rows[BatchBill](q, sqlBatchBills, q.actor.Merchant, pq.Array(texts))
}
