package store

import (
	"time"

	"github.com/lib/pq"
)

// RequestBatch is the requests that a list became.
type RequestBatch struct {
	ID            ID        `db:"id"` // the list's
	Name          string    `db:"name"`
	Number        int       `db:"number"` // without what was discarded
	SumSatang     int64     `db:"sum_satang"`
	CreatedByName string    `db:"created_by_name"`
	CreatedAt     time.Time `db:"created_at"`
	State         string    `db:"state"` // that some of it are in, and wait in first; empty once all have ended
}

var (
	sqlRequestBatches = statement(`
		SELECT b.import_id AS id, f.name, b.number, b.sum_satang, p.name AS created_by_name, i.created_at,
			coalesce((SELECT s.state FROM unnest(ARRAY['draft', 'submitted', 'approved', 'sending', 'unknown', 'scheduled', 'sent', 'acknowledged']) WITH ORDINALITY AS s (state, n)
				WHERE EXISTS (SELECT FROM pay_requests d WHERE d.import_id = b.import_id AND d.state = s.state) ORDER BY s.n LIMIT 1), '') AS state
		FROM request_batches b JOIN imports i ON i.id = b.import_id JOIN files f ON f.id = i.file_id JOIN people p ON p.id = i.created_by
		WHERE b.merchant_id = $1 AND b.import_id < $2 ORDER BY b.import_id DESC LIMIT $3`)
	sqlRequestBatchSums = statement(`
		SELECT d.state, count(*) AS number, sum(d.amount_satang)::bigint AS sum_satang FROM pay_requests d WHERE d.merchant_id = $1 AND d.import_id = $2 GROUP BY d.state`)
	sqlRequestsOfImport = statement(`
		SELECT d.id FROM pay_requests d WHERE d.merchant_id = $1 AND d.import_id = $2 AND d.state = $3 ORDER BY d.id LIMIT $4`)
	sqlLeadsOfRequests = statement(`
		SELECT d.instruction_id FROM pay_requests d WHERE d.merchant_id = $1 AND d.import_id = $2 AND d.state = 'submitted' ORDER BY d.id LIMIT $3`)
	sqlRequestTrouble = statement(`
		SELECT ` + requestColumns + ` FROM pay_requests d
		WHERE d.merchant_id = $1 AND d.import_id = $2 AND d.state IN ('unknown', 'failed', 'declined', 'expired', 'blocked') ORDER BY d.state DESC, d.id LIMIT $3`)
	// What would refuse each, by the rules that look when one is asked for.
	sqlRequestsToDecide = statement(`
		SELECT d.id, d.receiver_name || ' · ' || d.reference AS title, d.amount_satang, d.version, d.state, d.send_on, d.send_at, d.ends_on,
			promptpay_id_sends(d.sender_id, d.merchant_id) AS sender_active,
			(d.repeat_reason = '' AND EXISTS (SELECT FROM pay_requests o WHERE o.merchant_id = $1 AND o.receiver_value = d.receiver_value AND o.amount_satang = d.amount_satang
				AND o.reference = d.reference AND o.id <> d.id AND o.state NOT IN ('draft', 'discarded', 'declined', 'expired', 'blocked', 'failed'))) AS repeats,
			EXISTS (SELECT FROM request_collisions(d) AS c) AS collides,
			EXISTS (SELECT FROM pay_requests n WHERE n.merchant_id = $1 AND n.resend_of = d.id AND n.state <> 'discarded') AS resent
		FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, n) JOIN pay_requests d ON d.id = w.id WHERE d.merchant_id = $1 ORDER BY w.n`)
	sqlLeadsOfRequestIDs = statement(`
		SELECT d.instruction_id FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, n) JOIN pay_requests d ON d.id = w.id
		WHERE d.merchant_id = $1 AND d.state = 'submitted' ORDER BY w.n`)
)

// RequestBatches lists lists that became requests, the newest first, from before
// one of them or, for NoID, from the newest; and whether there are more.
func (q *Query) RequestBatches(before ID, limit int) ([]RequestBatch, bool, error) {
	if before == NoID {
		before = lastID
	}
	list, err := rows[RequestBatch](q, sqlRequestBatches, q.actor.Merchant, before, limit+1)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// RequestBatchSums counts and adds up, by state, the requests that a list became.
func (q *Query) RequestBatchSums(list ID) (map[string]DebitSum, error) {
	found, err := rows[DebitSum](q, sqlRequestBatchSums, q.actor.Merchant, list)
	return sumsByState(found), err
}

// RequestsOfImport are the ids of those of a list that are in a state.
func (q *Query) RequestsOfImport(list ID, state string, limit int) ([]ID, error) {
	return rows[ID](q, sqlRequestsOfImport, q.actor.Merchant, list, state, limit)
}

// LeadsOfRequests are what waits for approval of a list.
func (q *Query) LeadsOfRequests(list ID, limit int) ([]ID, error) {
	return rows[ID](q, sqlLeadsOfRequests, q.actor.Merchant, list, limit)
}

// WaitingRequests are what waits for approval of these requests, in their order.
func (q *Query) WaitingRequests(ids []ID) ([]ID, error) {
	return rows[ID](q, sqlLeadsOfRequestIDs, q.actor.Merchant, pq.Array(idTexts(ids)))
}

// RequestTrouble lists those of a list that came to nothing, or of which nobody
// knows, the unknown first.
func (q *Query) RequestTrouble(list ID, limit int) ([]PayRequest, error) {
	return rows[PayRequest](q, sqlRequestTrouble, q.actor.Merchant, list, limit)
}

// RequestToDecide is a request as it is when many are submitted at once.
type RequestToDecide struct {
	PayRequest
	Title    string `db:"title"`
	Repeats  bool   `db:"repeats"`  // there is one like it, and no reason why
	Collides bool   `db:"collides"` // what it is for is collected another way, or was
	Resent   bool   `db:"resent"`   // another was made instead of it
}

// RequestsToDecide returns requests in the order of ids.
func (q *Query) RequestsToDecide(ids []ID) ([]RequestToDecide, error) {
	return rows[RequestToDecide](q, sqlRequestsToDecide, q.actor.Merchant, pq.Array(idTexts(ids)))
}
