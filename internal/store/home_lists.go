package store

// The lists behind the work queue: each shows the very rows that its line
// counts.
var (
	sqlRunningOut = statement(withEverybody + `
		SELECT ` + instructionRowColumns + `, ` + waitingColumns + `, false AS mine, false AS proposed
		FROM ` + longestWaiting + ` w JOIN instructions i ON i.id = w.id JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND w.expires_at <= now() + $6 * interval '1 second' AND (w.expires_at, w.id) > ($3, $4)
		ORDER BY w.expires_at, w.id LIMIT $5`)
	sqlAsked = statement(withEverybody + `
		SELECT ` + instructionRowColumns + `, ` + waitingColumns + `, false AS mine, false AS proposed
		FROM ` + longestWaiting + ` w JOIN instructions i ON i.id = w.id JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND w.maker_id = $2 AND (w.submitted_at, w.id) > ($3, $4)
		ORDER BY w.submitted_at, w.id LIMIT $5`)
	sqlUnsent = statement(`
		SELECT ` + instructionRowColumns + `, false AS mine, false AS proposed
		FROM instructions i JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND ` + unsent + ` AND i.state_since < now() - $5 * interval '1 second' AND (i.state_since, i.id) > ($2, $3)
		ORDER BY i.state_since, i.id LIMIT $4`)
)

// unsent is true of what was approved and is not with the bank yet. A part
// waits for the one before it, which may be for the desk to settle.
const unsent = `i.state IN ('approved', 'sending')
	AND (i.part = 0 OR (SELECT b.state FROM instructions b WHERE b.lead_id = i.lead_id AND b.part = i.part - 1) = 'done')`

// RunningOut lists what must be decided within a day, the most pressing first.
func (q *Query) RunningOut(from InstructionCursor, limit int) (InstructionPage, error) {
	list, err := rows[InstructionRow](q, sqlRunningOut, q.actor.Merchant, q.actor.Person, from.At, from.ID, limit+1, int64(runsOutWithin.Seconds()))
	return cut(list, limit), err
}

// Asked lists what the acting person submitted and nobody decided yet, the
// longest waiting first.
func (q *Query) Asked(from InstructionCursor, limit int) (InstructionPage, error) {
	list, err := rows[InstructionRow](q, sqlAsked, q.actor.Merchant, q.actor.Person, from.At, from.ID, limit+1)
	return cut(list, limit), err
}

// Unsent lists what was approved and should have been sent by now, the longest
// waiting first.
func (q *Query) Unsent(from InstructionCursor, limit int) (InstructionPage, error) {
	list, err := rows[InstructionRow](q, sqlUnsent, q.actor.Merchant, from.At, from.ID, limit+1, int64(StuckAfter.Seconds()))
	return cut(list, limit), err
}

// paceOf is how many of the latest decisions PaceOfBills looks at.
const paceOf = 300

var sqlPace = statement(`
	SELECT (i.state_since AT TIME ZONE 'Asia/Bangkok')::date - (p.created_at AT TIME ZONE 'Asia/Bangkok')::date AS days, count(*) AS number
	FROM (SELECT f.id, f.state, f.subject, f.state_since FROM instructions f WHERE f.merchant_id = $1 AND f.part = 0 AND f.state <> 'pending'
			ORDER BY f.state_since DESC, f.id DESC LIMIT $2) i
		CROSS JOIN LATERAL (SELECT b.created_at FROM presentments b WHERE b.merchant_id = $1 AND b.entry_id = i.id
			AND b.id = CASE WHEN i.subject LIKE 'presentment/%' THEN split_part(i.subject, '/', 2)::uuid END LIMIT 1) p
	WHERE i.state = 'done'
	GROUP BY days ORDER BY days`)

// Pace is how many bills took so many days from their first draft to the bank.
type Pace struct {
	Days   int `db:"days"`
	Number int `db:"number"`
}

// PaceOfBills tells how fast the bills were that came to the bank last, by days
// ascending.
func (q *Query) PaceOfBills() ([]Pace, error) {
	return rows[Pace](q, sqlPace, q.actor.Merchant, paceOf)
}
