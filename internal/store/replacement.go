package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ReplacementReasons are why a disputed bill is replaced, in the order in which
// they are offered.
var ReplacementReasons = []string{"amount", "items", "name", "address", "reference", "other"}

// Replacement says which bill takes the place of a disputed one, and why.
type Replacement struct {
	ReplacementID ID        `db:"replacement_id"`
	ReplacedID    ID        `db:"replaced_id"`
	Reason        string    `db:"reason"`
	Note          string    `db:"note"`
	MadeBy        ID        `db:"made_by"`
	MadeByName    string    `db:"made_by_name"`
	MadeAt        time.Time `db:"made_at"`
}

var (
	sqlInsertReplacement = statement(`
		INSERT INTO presentment_replacements (replacement_id, replaced_id, merchant_id, reason, note, made_by) VALUES ($1, $2, $3, $4, $5, $6)`)
	sqlReplacementBy = statement(`
		SELECT r.replacement_id, r.replaced_id, r.reason, r.note, r.made_by, m.name AS made_by_name, r.made_at
		FROM presentment_replacements r JOIN people m ON m.id = r.made_by WHERE r.merchant_id = $1 AND r.replacement_id = $2`)
	sqlReplacementOf = statement(`
		SELECT r.replacement_id, r.replaced_id, r.reason, r.note, r.made_by, m.name AS made_by_name, r.made_at
		FROM presentment_replacements r JOIN people m ON m.id = r.made_by WHERE r.merchant_id = $1 AND r.replaced_id = $2`)
)

// AddReplacement records that a draft of the acting person is to take the place
// of a disputed bill.
func (t *Tx) AddReplacement(r Replacement) error {
	if _, err := t.exec(sqlInsertReplacement, r.ReplacementID, r.ReplacedID, t.actor.Merchant, r.Reason, r.Note, t.actor.Person); err != nil {
		return fmt.Errorf("recording a replacement: %w", err)
	}
	return t.Audit("presentment.replacement_made", About("presentment", r.ReplacementID), map[string]any{
		"replaces": r.ReplacedID, "reason": r.Reason, "note": r.Note,
	})
}

// Replaces tells which bill this one takes the place of, if any.
func (q *Query) Replaces(presentment ID) (r Replacement, ok bool, err error) {
	return found(row[Replacement](q, sqlReplacementBy, q.actor.Merchant, presentment))
}

// ReplacedBy tells which bill takes, or is to take, the place of this one, if any.
func (q *Query) ReplacedBy(presentment ID) (r Replacement, ok bool, err error) {
	return found(row[Replacement](q, sqlReplacementOf, q.actor.Merchant, presentment))
}

func found[T any](v T, err error) (T, bool, error) {
	if errors.Is(err, ErrNotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

// Links are a bill's neighbours in its chain.
type Links struct {
	Replaces   uuid.NullUUID `db:"replaces_id"`
	ReplacedBy uuid.NullUUID `db:"replaced_by_id"`
	Replaced   bool          `db:"replaced"` // the bank has taken the one that replaces it
}

// ChainMember is one bill of a chain of replacements.
type ChainMember struct {
	ID             ID         `db:"id"`
	DocumentNumber string     `db:"document_number"`
	DocumentType   string     `db:"document_type"`
	TotalSatang    int64      `db:"total_satang"`
	State          string     `db:"state"`
	BuyerDecision  string     `db:"buyer_decision"`
	BuyerRemark    string     `db:"buyer_remark"`
	DecidedAt      *time.Time `db:"decided_at"`
	PresentedAt    *time.Time `db:"presented_at"`
	Reason         *string    `db:"reason"` // why it replaces the one before
	Note           *string    `db:"note"`
}

// A chain has no cycle: a replacement is a draft when it is linked, and what it
// replaces is at the bank. The depth is bounded all the same.
var sqlChain = statement(`
	WITH RECURSIVE back (id, depth) AS (
		SELECT $2::uuid, 0
		UNION ALL SELECT r.replaced_id, b.depth - 1 FROM back b JOIN presentment_replacements r ON r.merchant_id = $1 AND r.replacement_id = b.id WHERE b.depth > -50
	), chain (id, depth) AS (
		(SELECT id, depth FROM back ORDER BY depth LIMIT 1)
		UNION ALL SELECT r.replacement_id, c.depth + 1 FROM chain c JOIN presentment_replacements r ON r.merchant_id = $1 AND r.replaced_id = c.id WHERE c.depth < 50
	)
	SELECT p.id, p.document_number, p.document_type, p.total_satang, p.state, p.buyer_decision, p.buyer_remark, p.decided_at, r.reason, r.note,
		(SELECT CASE WHEN bool_and(i.state = 'done') THEN max(i.state_since) END FROM instructions i WHERE i.lead_id = p.entry_id) AS presented_at
	FROM chain c JOIN presentments p ON p.id = c.id LEFT JOIN presentment_replacements r ON r.replacement_id = p.id
	WHERE p.merchant_id = $1 ORDER BY c.depth`)

// Chain returns the bill with all that it replaces and that replaces it, the
// oldest first; a bill that was never replaced is a chain of one.
func (q *Query) Chain(presentment ID) ([]ChainMember, error) {
	return rows[ChainMember](q, sqlChain, q.actor.Merchant, presentment)
}

// DisputeRow is a disputed bill that waits to be replaced.
type DisputeRow struct {
	ID               ID            `db:"id"`
	DocumentNumber   string        `db:"document_number"`
	BuyerName        string        `db:"buyer_name"`
	TotalSatang      int64         `db:"total_satang"`
	BuyerRemark      string        `db:"buyer_remark"`
	DecidedAt        time.Time     `db:"decided_at"`
	ReplacementID    uuid.NullUUID `db:"replacement_id"`
	ReplacementState *string       `db:"replacement_state"`
	ReplacementName  *string       `db:"replacement_number"`
}

// DisputeCursor is a place in the list of disputes; zero is its beginning.
type DisputeCursor struct {
	At time.Time
	ID ID
}

// disputed is true of a bill p that its buyer disputes and that waits to be
// replaced.
const disputed = `p.buyer_decision = 'disputed' AND p.state IN ('presented', 'incomplete', 'unknown')`

var (
	sqlDisputes = statement(`
		SELECT p.id, p.document_number, p.buyer_name, p.total_satang, p.buyer_remark, p.decided_at, r.replacement_id, n.state AS replacement_state,
			n.document_number AS replacement_number
		FROM presentments p LEFT JOIN presentment_replacements r ON r.replaced_id = p.id LEFT JOIN presentments n ON n.id = r.replacement_id
		WHERE p.merchant_id = $1 AND ` + disputed + ` AND (p.decided_at, p.id) > ($2, $3)
		ORDER BY p.decided_at, p.id LIMIT $4`)
	sqlFixes = statement(`
		SELECT r.reason, count(*) AS number, avg(f.seconds)::bigint AS seconds, max(f.seconds)::bigint AS longest
		FROM presentment_replacements r JOIN presentments o ON o.id = r.replaced_id JOIN presentments n ON n.id = r.replacement_id
			CROSS JOIN LATERAL (SELECT extract(epoch FROM (SELECT max(i.state_since) FROM instructions i WHERE i.lead_id = n.entry_id) - o.decided_at) AS seconds) f
		WHERE r.merchant_id = $1 AND r.made_at >= $2 AND o.state = 'replaced' AND n.state IN ('presented', 'replaced', 'cancelled')
		GROUP BY r.reason ORDER BY count(*) DESC, r.reason`)
)

// Disputes lists the disputed bills that wait to be replaced, the oldest first,
// and whether the list goes on.
func (q *Query) Disputes(from DisputeCursor, limit int) (list []DisputeRow, more bool, err error) {
	if list, err = rows[DisputeRow](q, sqlDisputes, q.actor.Merchant, from.At, from.ID, limit+1); len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// Fixed is how long it took to replace disputed bills of one reason, from the
// buyer's word to the replacement at the bank.
type Fixed struct {
	Reason  string `db:"reason"`
	Number  int    `db:"number"`
	Seconds int64  `db:"seconds"` // on average
	Longest int64  `db:"longest"` // in seconds
}

// Fixes sums up the replacements made since, by their reason.
func (q *Query) Fixes(since time.Time) ([]Fixed, error) {
	return rows[Fixed](q, sqlFixes, q.actor.Merchant, since)
}
