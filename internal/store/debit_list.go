package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lib/pq"
)

// DebitSort is an order of the list of debits.
type DebitSort string

// The orders of the list. The zero one is by value date.
const (
	DebitsByDate   DebitSort = "date"
	DebitsByAmount DebitSort = "amount"
)

// DebitSelection says which debits are meant; the zero value means all but the
// discarded.
type DebitSelection struct {
	State      string
	Text       string // part of payer, reference, invoice or the bank's name for it
	OnFrom     time.Time
	OnTo       time.Time
	AmountFrom *int64
	AmountTo   *int64
	Batch      ID
	Payer      ID
	Failure    string // the bank's code
}

// MarshalJSON writes the selection as debits_listed reads it.
func (s DebitSelection) MarshalJSON() ([]byte, error) {
	f := map[string]string{}
	for key, value := range map[string]string{"state": s.State, "failure": s.Failure} {
		if value != "" {
			f[key] = value
		}
	}
	if s.Text != "" {
		f["pattern"] = containing(s.Text)
	}
	for key, day := range map[string]time.Time{"on_from": s.OnFrom, "on_to": s.OnTo} {
		if !day.IsZero() {
			f[key] = day.Format(time.DateOnly)
		}
	}
	for key, satang := range map[string]*int64{"amount_from": s.AmountFrom, "amount_to": s.AmountTo} {
		if satang != nil {
			f[key] = strconv.FormatInt(*satang, 10)
		}
	}
	for key, id := range map[string]ID{"batch": s.Batch, "payer": s.Payer} {
		if id != NoID {
			f[key] = id.String()
		}
	}
	return json.Marshal(f)
}

// Place is where a debit stands in an order.
func (s DebitSort) Place(d Debit) Cursor {
	if s == DebitsByAmount {
		return amountPlace(d.AmountSatang, d.ID)
	}
	return dayPlace(d.DebitOn, d.ID)
}

// Has reports whether the place can be one of the order.
func (s DebitSort) Has(c Cursor) bool {
	if s == DebitsByAmount {
		return c.isAmount()
	}
	return c.isDay()
}

// DebitFilter selects a page of the list.
type DebitFilter struct {
	DebitSelection
	Sort      DebitSort
	Ascending bool
	From      Cursor
	Limit     int
}

// DebitPage is one page: More says whether the list goes on in the direction it
// was read.
type DebitPage struct {
	Rows []Debit
	More bool
}

var (
	sqlDebitsListed = statement(`
		SELECT ` + debitColumns + ` FROM debits_listed($2, $3, $4, $5, $6, $7) WITH ORDINALITY AS l (id, n) JOIN debits d ON d.id = l.id
		WHERE d.merchant_id = $1 ORDER BY l.n`)
	sqlDebitsCounted = statement(`
		SELECT f.state, c.number, c.sum_satang
		FROM unnest($2::text[]) AS f (state), LATERAL debits_counted($1::text::jsonb || CASE f.state WHEN '' THEN '{}'::jsonb ELSE jsonb_build_object('state', f.state) END, $3) AS c`)
)

// Debits returns a page of the list.
func (q *Query) Debits(f DebitFilter) (page DebitPage, err error) {
	selection, err := json.Marshal(f.DebitSelection)
	if err != nil {
		return page, fmt.Errorf("encoding a filter: %w", err)
	}
	if f.Sort == "" {
		f.Sort = DebitsByDate
	}
	page.Rows, err = rows[Debit](q, sqlDebitsListed, q.actor.Merchant, string(selection), string(f.Sort), f.Ascending == f.From.Back,
		f.From.Place, nullable(f.From.ID), f.Limit+1)
	if err != nil {
		return page, err
	}
	if len(page.Rows) > f.Limit {
		page.Rows, page.More = page.Rows[:f.Limit], true
	}
	if f.From.Back {
		slices.Reverse(page.Rows)
	}
	return page, nil
}

// DebitSum is how many debits are in a state, and what they come to.
type DebitSum struct {
	State     string `db:"state"`
	Number    int    `db:"number"`
	SumSatang int64  `db:"sum_satang"`
}

// CountDebits counts and adds up what passes the filter, in each state and under
// "" in all, each up to CountLimit+1.
func (q *Query) CountDebits(s DebitSelection) (map[string]DebitSum, error) {
	s.State = ""
	selection, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding a filter: %w", err)
	}
	found, err := rows[DebitSum](q, sqlDebitsCounted, string(selection), pq.Array(append([]string{""}, DebitStates...)), CountLimit+1)
	return sumsByState(found), err
}

func sumsByState(found []DebitSum) map[string]DebitSum {
	sums := make(map[string]DebitSum, len(found))
	for _, c := range found {
		sums[c.State] = c
	}
	return sums
}

// The kinds of work of direct debit.
const (
	WorkRuns     = "debit_runs"       // batches of today that are not done
	WorkRetries  = "debit_retries"    // debits that failed, and that the rules would try again
	WorkHeld     = "mandates_on_hold" // mandates that the bank suspended
	WorkConsents = "mandates_waiting" // payers who were asked and did not answer
	WorkEnding   = "mandates_ending"  // mandates whose last day is near or over
	WorkDrafts   = "debit_drafts"     // debits that nobody submitted
)

// One statement for all, since each page of the first kind would ask five times.
var sqlWorkOfDebits = statement(debitWork(WorkRuns, `
		SELECT b.id, b.name AS title, b.created_at AS at FROM debit_batches b
		WHERE b.merchant_id = $1 AND b.debit_on = $2
			AND EXISTS (SELECT FROM debits d WHERE d.batch_id = b.id AND d.state IN ('draft', 'submitted', 'approved', 'sending', 'unknown'))
		ORDER BY b.id LIMIT 1001`) + ` UNION ALL ` + debitWork(WorkRetries, `
		SELECT d.id, d.payer_name || ' · ' || d.reference AS title, d.state_since AS at
		FROM debits d JOIN mandates m ON m.id = d.mandate_id AND m.state = 'active'
			JOIN (SELECT e.code FROM debit_rules_in_force($1) AS f, jsonb_each(f.retries) AS e (code, rule) WHERE (e.rule ->> 'times')::int > 0) r ON r.code = d.failure_code
		WHERE d.merchant_id = $1 AND d.state = 'failed' AND d.schedule_id IS NULL AND d.debit_on >= $3
			AND NOT EXISTS (SELECT FROM debits o WHERE o.retry_of = d.id AND o.state <> 'discarded')
		ORDER BY d.debit_on, d.id LIMIT 1001`) + ` UNION ALL ` + debitWork(WorkHeld, mandatesIn(`suspended`)) + ` UNION ALL ` + debitWork(WorkConsents, mandatesIn(`waiting`)) + ` UNION ALL ` + debitWork(WorkEnding, `
		SELECT m.id, (SELECT p.name FROM payers p WHERE p.id = m.payer_id) AS title, m.expires_on::timestamp AT TIME ZONE 'Asia/Bangkok' AS at
		FROM mandates m WHERE m.merchant_id = $1 AND `+mandateEnds+` AND m.expires_on <= $4 ORDER BY m.expires_on, m.id LIMIT 1001`) + ` UNION ALL ` + debitWork(WorkDrafts, `
		SELECT d.id, d.payer_name || ' · ' || d.reference AS title, d.state_since AS at FROM debits d
		WHERE d.merchant_id = $1 AND d.state = 'draft' ORDER BY d.debit_on, d.id LIMIT 1001`))

// debitWork is SQL for a line of work with its kind.
func debitWork(kind, query string) string {
	return `SELECT '` + kind + `' AS kind, l.number, l.id, l.title, l.at FROM (` + workLine(query) + `) l`
}

// mandatesIn is SQL for the mandates in a state, the oldest first.
func mandatesIn(state string) string {
	return `SELECT m.id, (SELECT p.name FROM payers p WHERE p.id = m.payer_id) AS title, m.started_at AS at FROM mandates m
		WHERE m.merchant_id = $1 AND m.state = '` + state + `' ORDER BY m.id LIMIT 1001`
}

// WorkOfDebits is what waits in direct debit today, by kind: what failed, since
// a day, and what ends, until one.
func (q *Query) WorkOfDebits(today, since, ends time.Time) (map[string]WorkLine, error) {
	list, err := rows[struct {
		Kind string `db:"kind"`
		WorkLine
	}](q, sqlWorkOfDebits, q.actor.Merchant, today, since, ends)
	lines := make(map[string]WorkLine, len(list))
	for _, l := range list {
		lines[l.Kind] = l.WorkLine
	}
	return lines, err
}

// DebitsNaming are the newest debits whose words contain text.
func (q *Query) DebitsNaming(text string, limit int) ([]Debit, error) {
	page, err := q.Debits(DebitFilter{DebitSelection: DebitSelection{Text: text}, Limit: limit})
	return page.Rows, err
}
