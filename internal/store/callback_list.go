package store

import (
	"fmt"
	"time"

	"github.com/lib/pq"
)

// CallbackCursor is a place in the inbox; zero is its beginning.
type CallbackCursor struct {
	At time.Time
	ID ID
}

const callbackOfBill = `, coalesce(p.document_number, d.number) AS document_number, coalesce(p.buyer_name, d.buyer_name) AS buyer_name
	FROM callbacks c LEFT JOIN presentments p ON p.id = c.presentment_id LEFT JOIN etax_documents d ON d.id = c.etax_id`

var (
	sqlCallbacks = statement(`
		SELECT ` + callbackColumns + callbackOfBill + `
		WHERE c.merchant_id = $1 AND (c.received_at, c.id) < ($2, $3) ORDER BY c.received_at DESC, c.id DESC LIMIT $4`)
	sqlCallbacksInState = statement(`
		SELECT ` + callbackColumns + callbackOfBill + `
		WHERE c.merchant_id = $1 AND c.state = $5 AND (c.received_at, c.id) < ($2, $3) ORDER BY c.received_at DESC, c.id DESC LIMIT $4`)
	sqlCallback        = statement(`SELECT ` + callbackColumns + callbackOfBill + ` WHERE c.merchant_id = $1 AND c.id = $2`)
	sqlCallbacksOfBill = statement(`
		SELECT ` + callbackColumns + callbackOfBill + ` WHERE c.merchant_id = $1 AND c.presentment_id = $2 ORDER BY c.received_at LIMIT 200`)
	// Forged ones go by the hundred; they are asked for apart.
	sqlUnassignedCallbacks = statement(`
		SELECT ` + callbackColumns + ` FROM callbacks c
		WHERE c.merchant_id IS NULL AND c.state = 'quarantined' AND (c.refusal = '' OR $1) ORDER BY c.received_at DESC, c.id DESC LIMIT $2`)
	sqlCountCallbacks = statement(`
		SELECT s.state, (SELECT count(*) FROM (SELECT FROM callbacks c WHERE c.merchant_id = $1 AND c.state = s.state LIMIT 1001) counted) AS number
		FROM unnest($2::text[]) AS s(state)`)
	sqlRereadCallback = statement(`
		UPDATE callbacks SET state = 'received', reason = '', not_before = now(), tries = 0 WHERE merchant_id = $1 AND id = $2 AND state = 'quarantined'`)
)

// Callbacks lists what the bank told the acting merchant, the newest first, in
// one state or in all, and whether the list goes on.
func (q *Query) Callbacks(state string, from CallbackCursor, limit int) (list []Callback, more bool, err error) {
	if from.At.IsZero() {
		from.At, from.ID = lastDay, lastID
	}
	if state == "" {
		list, err = rows[Callback](q, sqlCallbacks, q.actor.Merchant, from.At, from.ID, limit+1)
	} else {
		list, err = rows[Callback](q, sqlCallbacksInState, q.actor.Merchant, from.At, from.ID, limit+1, state)
	}
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// UnassignedCallbacks lists what arrived and names no merchant of the
// installation, the newest first. Only the owner of the database sees it, for
// nobody who signs in is entitled to what may be somebody else's.
func (q *Query) UnassignedCallbacks(forged bool, limit int) ([]Callback, error) {
	return rows[Callback](q, sqlUnassignedCallbacks, forged, limit)
}

// Callback returns one callback of the acting merchant.
func (q *Query) Callback(id ID) (Callback, error) {
	return row[Callback](q, sqlCallback, q.actor.Merchant, id)
}

// CallbacksAbout returns what the bank told of a bill, the oldest first.
func (q *Query) CallbacksAbout(presentment ID) ([]Callback, error) {
	return rows[Callback](q, sqlCallbacksOfBill, q.actor.Merchant, presentment)
}

// CountCallbacks counts callbacks by state, each up to CountLimit+1.
func (q *Query) CountCallbacks() (map[string]int, error) {
	var found []struct {
		State  string `db:"state"`
		Number int    `db:"number"`
	}
	if err := q.all(&found, sqlCountCallbacks, q.actor.Merchant, pq.Array(CallbackStates)); err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(found))
	for _, f := range found {
		counts[f.State] = f.Number
	}
	return counts, nil
}

// RereadCallback has a quarantined callback of the bank read once more, for the
// reason the acting person gives. ErrStale means that it is not quarantined.
func (t *Tx) RereadCallback(id ID, reason string) error {
	if err := t.one(sqlRereadCallback, t.actor.Merchant, id); err != nil {
		return fmt.Errorf("having a callback read again: %w", err)
	}
	return t.Audit("callback.reread", About("callback", id), map[string]any{"reason": reason})
}

// OpenCallback returns the very bytes of a callback of the acting merchant, and
// writes down who looked.
func (t *Tx) OpenCallback(id ID) ([]byte, error) {
	if _, err := t.Callback(id); err != nil {
		return nil, err
	}
	body, err := t.CallbackBody(id)
	if err != nil {
		return nil, err
	}
	return body, t.Audit("callback.opened", About("callback", id), map[string]any{"size": len(body)})
}
