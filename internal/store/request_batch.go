package store

import "github.com/lib/pq"

var (
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
			EXISTS (SELECT FROM request_collisions(d) AS c) AS collides
		FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, n) JOIN pay_requests d ON d.id = w.id WHERE d.merchant_id = $1 ORDER BY w.n`)
)

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
}

// RequestsToDecide returns requests in the order of ids.
func (q *Query) RequestsToDecide(ids []ID) ([]RequestToDecide, error) {
	return rows[RequestToDecide](q, sqlRequestsToDecide, q.actor.Merchant, pq.Array(idTexts(ids)))
}
