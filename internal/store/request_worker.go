package store

import "github.com/lib/pq"

var (
	sqlRequestsToAskAbout = statement(`
		SELECT d.id, d.merchant_id, d.asks FROM pay_requests d WHERE d.ask_at <= now() ORDER BY d.ask_at LIMIT $1`)
	sqlRequestsAtBank = statement(`
		SELECT d.id, d.merchant_id, m.tax_id FROM pay_requests d JOIN merchants m ON m.id = d.merchant_id
		WHERE d.bank_reference = $1 AND d.bank_reference <> ''`)
	sqlRequestsOnTheWire = statement(`
		SELECT EXISTS (SELECT FROM instructions WHERE operation = 'promptpay.create' AND state IN ('sending', 'unknown'))`)
	sqlLastAttemptAtRequest = statement(`
		SELECT a.id, a.claimed_at, a.outcome FROM pay_requests d JOIN attempts a ON a.instruction_id = d.instruction_id
		WHERE d.merchant_id = $1 AND d.id = $2 ORDER BY a.no DESC LIMIT 1`)
)

// RequestsToAskAbout names requests, of any merchant, about which a word of the
// bank is overdue.
func (q *Query) RequestsToAskAbout(limit int) ([]DebitDue, error) {
	return rows[DebitDue](q, sqlRequestsToAskAbout, limit)
}

// RequestsAtBank finds the request that the bank calls so.
func (q *Query) RequestsAtBank(reference string) ([]Found, error) {
	return rows[Found](q, sqlRequestsAtBank, reference)
}

// RequestsOnTheWire reports whether any request may just be getting its name.
func (q *Query) RequestsOnTheWire() (bool, error) { return row[bool](q, sqlRequestsOnTheWire) }

// LastAttemptAtRequest is the last attempt at a request, or ErrNotFound.
func (q *Query) LastAttemptAtRequest(request ID) (Attempt, error) {
	return row[Attempt](q, sqlLastAttemptAtRequest, q.actor.Merchant, request)
}

// BillRequestedBy is the bill that a request was sent for which one of the given
// texts names as the bank does, or ErrNotFound.
func (q *Query) BillRequestedBy(named []string) (ID, error) {
	return row[ID](q, sqlBillRequested, q.actor.Merchant, pq.Array(named))
}
