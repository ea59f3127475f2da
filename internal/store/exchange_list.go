package store

import (
	"time"

	"github.com/google/uuid"
)

// ListedExchange is an exchange with the newest leaf about it.
type ListedExchange struct {
	Exchange
	LeafID  uuid.NullUUID `db:"leaf_id"`
	TriedBy string        `db:"tried_by"` // who tried the bank out by it; empty of all others
}

// ExchangeCursor is a place in a list of exchanges; the zero value is its
// beginning.
type ExchangeCursor struct {
	At time.Time
	ID ID
}

// latestExchange is later than any exchange, so that the first page is asked for as the
// others are, and planned like them.
var latestExchange = ExchangeCursor{time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC), NoID}

// The joins are lateral with a limit, or a plan that expects many rows on a page
// reads all answers there are.
var sqlExchangesOfOperation = statement(`
	SELECT ` + exchangeColumns + `, l.id AS leaf_id,
		coalesce((SELECT p.name FROM probes t JOIN people p ON p.id = t.asked_by WHERE t.merchant_id = $1 AND t.exchange_id = x.id), '') AS tried_by
	FROM (
		SELECT id, operation, attempt_id, instruction_id, method, path, transaction_id, headers, body_masked, body_hash, body_size, began_at FROM exchanges
		WHERE merchant_id = $1 AND operation = $2 AND (began_at, id) < ($3, $4) ORDER BY began_at DESC, id DESC LIMIT $5
	) x
	LEFT JOIN LATERAL (SELECT r.outcome, r.code, r.http_status, r.headers, r.body_masked, r.body_hash, r.error, r.ended_at
		FROM exchange_results r WHERE r.merchant_id = $1 AND r.exchange_id = x.id LIMIT 1) r ON true
	LEFT JOIN LATERAL (SELECT a.id FROM audit_leaves a WHERE a.merchant_id = $1 AND a.subject = 'exchange/' || x.id ORDER BY a.at DESC, a.id DESC LIMIT 1) l ON true
	ORDER BY x.began_at DESC, x.id DESC`)

// ExchangesOfOperation are the exchanges of one operation after a place, the
// newest first.
func (q *Query) ExchangesOfOperation(operation string, before ExchangeCursor, limit int) ([]ListedExchange, error) {
	if before.At.IsZero() {
		before = latestExchange
	}
	return rows[ListedExchange](q, sqlExchangesOfOperation, q.actor.Merchant, operation, before.At, before.ID, limit)
}
