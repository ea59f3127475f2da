package store

import (
	"time"

	"github.com/lib/pq"
)

// ScheduleFilter selects a page of the list, the newest first.
type ScheduleFilter struct {
	State  string
	Text   string // part of payer or reference
	Payer  ID
	Before ID // the page after this one; NoID for the first
	Limit  int
}

var (
	sqlSchedules = statement(`
		SELECT ` + scheduleColumns + `, '' AS created_by_name, '' AS bank_token, '' AS drawer_account, true AS mandate_live, n.next_on
		FROM (SELECT x.id FROM schedules x WHERE x.merchant_id = $1 AND x.id < $2 AND ($3 = '' OR x.state = $3) AND ($4 = '' OR x.words LIKE $4)
				AND ($5::uuid IS NULL OR x.payer_id = $5) ORDER BY x.id DESC LIMIT $6) AS p JOIN schedules s ON s.id = p.id` + nextRun + `
		ORDER BY s.id DESC`)
	sqlSchedulesCounted = statement(`
		SELECT f.state, (SELECT count(*) FROM (SELECT FROM schedules s WHERE s.merchant_id = $1 AND s.state = f.state LIMIT 1001) AS counted) AS number
		FROM unnest($2::text[]) AS f (state)`)
	// What is due to be extended, to go on after a pause, or to be looked at.
	sqlSchedulesToMind = statement(`
		SELECT s.id, s.payer_name, s.reference, s.state, s.covered_until, s.paused_until, s.state_since
		FROM schedules s WHERE s.merchant_id = $1 AND (s.state = 'active' AND s.covered_until <= $2
			OR s.state = 'paused' AND (s.paused_until <= $3 OR s.paused_until IS NULL AND s.state_since < $4)
			OR s.state IN ('incomplete', 'unknown'))
		ORDER BY s.id LIMIT 100`)
)

// Schedules returns a page of the list.
func (q *Query) Schedules(f ScheduleFilter) (list []Schedule, more bool, err error) {
	before, pattern := f.Before, ""
	if before == NoID {
		before = lastID
	}
	if f.Text != "" {
		pattern = containing(f.Text)
	}
	list, err = rows[Schedule](q, sqlSchedules, q.actor.Merchant, before, f.State, pattern, nullable(f.Payer), f.Limit+1)
	if len(list) > f.Limit {
		return list[:f.Limit], true, err
	}
	return list, false, err
}

// ScheduleToMind is a schedule that somebody should look at.
type ScheduleToMind struct {
	ID           ID         `db:"id"`
	PayerName    string     `db:"payer_name"`
	Reference    string     `db:"reference"`
	State        string     `db:"state"`
	CoveredUntil *time.Time `db:"covered_until"`
	PausedUntil  *time.Time `db:"paused_until"`
	StateSince   time.Time  `db:"state_since"`
}

// SchedulesToMind lists what the bank has only until soon, whose pause is over,
// and what is paused with no end for long.
func (q *Query) SchedulesToMind(today time.Time) ([]ScheduleToMind, error) {
	return rows[ScheduleToMind](q, sqlSchedulesToMind, q.actor.Merchant, today.AddDate(0, 0, 45), today.AddDate(0, 0, 3), today.AddDate(0, 0, -30))
}

// CountSchedules says how many schedules there are of each state, up to one more
// than a thousand.
func (q *Query) CountSchedules() (map[string]int, error) {
	list, err := rows[struct {
		State  string `db:"state"`
		Number int    `db:"number"`
	}](q, sqlSchedulesCounted, q.actor.Merchant, pq.Array(ScheduleStates))
	counts := make(map[string]int, len(list))
	for _, c := range list {
		counts[c.State] = c.Number
	}
	return counts, err
}
