package store

import (
	"database/sql"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// WorkLine is one kind of work that waits: how much of it, up to CountLimit+1,
// and what is the most pressing. ID is null when there is none.
type WorkLine struct {
	Number int           `db:"number"`
	ID     uuid.NullUUID `db:"id"`
	Title  string        `db:"title"`
	At     *time.Time    `db:"at"` // since when it waits, or until when it may
}

// workLine is SQL for the line of a query (id, title, at) whose first row is
// the most pressing one.
func workLine(query string) string {
	return `WITH work AS MATERIALIZED (` + query + `)
		SELECT c.number, w.id, coalesce(w.title, '') AS title, w.at
		FROM (SELECT count(*) AS number FROM work) c LEFT JOIN (SELECT id, title, at FROM work LIMIT 1) w ON true`
}

// longestWaiting is what waits for approval, as far back as the inbox counts:
// what has waited longest is what a work queue is about.
const longestWaiting = `(
	SELECT w.id, w.title, w.maker_id, w.submitted_at, w.expires_at, w.operation, w.amount_satang, w.seats, approvals_needed FROM instructions w WHERE w.merchant_id = $1 AND w.part = 0 AND w.state = 'pending' ORDER BY w.submitted_at, w.id LIMIT 1001)`

const (
	// StuckAfter is how long it may take to send something that was approved.
	StuckAfter = 15 * time.Minute
	// runsOutWithin is what is told of as running out.
	runsOutWithin = 24 * time.Hour
)

var (
	// What is counted need not be read, but for the one that is shown.
	sqlWorkForMe = statement(`
		WITH mine AS MATERIALIZED (SELECT w.id, w.n FROM what_waits($1, $2, 1001) WITH ORDINALITY AS w (id, mine, n) WHERE w.mine)
		SELECT c.number, i.id, coalesce(i.title, '') AS title, i.submitted_at AS at
		FROM (SELECT count(*) AS number FROM mine) c
			LEFT JOIN instructions i ON i.merchant_id = $1 AND i.id = (SELECT m.id FROM mine m ORDER BY m.n LIMIT 1)`)
	sqlWorkOfMine = statement(workLine(`
		SELECT i.id, i.title, i.submitted_at AS at FROM ` + longestWaiting + ` i WHERE i.maker_id = $2 ORDER BY i.submitted_at, i.id`))
	sqlWorkInState = statement(workLine(`
		SELECT p.id, p.document_number || ' · ' || p.buyer_name AS title, p.state_since AS at FROM presentments p
		WHERE p.merchant_id = $1 AND p.state = $2 ORDER BY p.document_on, p.id LIMIT 1001`))
	sqlWorkUnknown = statement(workLine(`
		SELECT i.id, i.title, i.state_since AS at FROM instructions i
		WHERE i.merchant_id = $1 AND i.state = 'unknown' ORDER BY i.state_since, i.id LIMIT 1001`))
	sqlWorkRunningOut = statement(workLine(`
		SELECT i.id, i.title, i.expires_at AS at FROM ` + longestWaiting + ` i
		WHERE i.expires_at <= now() + $2 * interval '1 second' ORDER BY i.expires_at, i.id`))
	sqlWorkStuck = statement(workLine(`
		SELECT i.lead_id AS id, i.title, i.state_since AS at FROM instructions i
		WHERE i.merchant_id = $1 AND ` + unsent + ` AND i.state_since < now() - $2 * interval '1 second'
		ORDER BY i.state_since, i.id LIMIT 1001`))
	sqlWorkDisputed = statement(workLine(`
		SELECT p.id, p.document_number || ' · ' || p.buyer_name AS title, p.decided_at AS at FROM presentments p
		WHERE p.merchant_id = $1 AND ` + disputed + ` ORDER BY p.decided_at, p.id LIMIT 1001`))
)

// WorkForMe is what the acting person may decide, by the rule of the inbox.
func (q *Query) WorkForMe() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkForMe, q.actor.Merchant, q.actor.Person)
}

// WorkOfMine is what the acting person submitted and nobody decided yet.
func (q *Query) WorkOfMine() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkOfMine, q.actor.Merchant, q.actor.Person)
}

// WorkInState are the bills in a state, the one with the oldest date first.
func (q *Query) WorkInState(state string) (WorkLine, error) {
	return row[WorkLine](q, sqlWorkInState, q.actor.Merchant, state)
}

// WorkUnknown is what the desk lists.
func (q *Query) WorkUnknown() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkUnknown, q.actor.Merchant)
}

// WorkRunningOut is what must be decided within a day.
func (q *Query) WorkRunningOut() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkRunningOut, q.actor.Merchant, int64(runsOutWithin.Seconds()))
}

// WorkStuck is what was approved and should have been sent by now.
func (q *Query) WorkStuck() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkStuck, q.actor.Merchant, int64(StuckAfter.Seconds()))
}

// WorkDisputed are the disputed bills that wait to be replaced, as Disputes
// lists them.
func (q *Query) WorkDisputed() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkDisputed, q.actor.Merchant)
}

// Figure is how many bills there are of something, and their sum.
type Figure struct {
	Number int64 `db:"number"`
	Satang int64 `db:"satang"`
}

// figuresOf is SQL for the changes that were added up already, by day, and
// those that were not, given as the day's expression.
func figuresOf(measure, day string) string {
	return `(SELECT t.state, t.on_day, t.number, t.satang FROM bill_tallies t WHERE t.merchant_id = $1 AND t.measure = '` + measure + `'
		UNION ALL SELECT c.state, ` + day + `, c.number, c.satang FROM bill_changes c WHERE c.merchant_id = $1)`
}

var (
	sqlFiguresByState = statement(`
		SELECT f.state, sum(f.number)::bigint AS number, sum(f.satang)::bigint AS satang
		FROM ` + figuresOf("state", `date '0001-01-01'`) + ` f GROUP BY f.state HAVING sum(f.number) > 0`)
	// One statement for both charts, whose rows are told apart by no: a month's
	// is 0.
	sqlFiguresByDay = statement(`
		SELECT 0 AS no, f.on_day, sum(f.number)::bigint AS number, sum(f.satang)::bigint AS satang
		FROM ` + figuresOf("month", `date_trunc('month', c.document_on)::date`) + ` f
		WHERE f.state = ANY ($2::text[]) AND f.on_day >= $3 GROUP BY f.on_day HAVING sum(f.number) > 0
		UNION ALL
		SELECT s.no, s.first, coalesce(sum(f.number), 0)::bigint, coalesce(sum(f.satang), 0)::bigint
		FROM unnest($4::date[], $5::date[]) WITH ORDINALITY AS s (first, last, no)
			LEFT JOIN ` + figuresOf("due", `CASE WHEN c.owed THEN c.due_on END`) + ` f ON f.state = ANY ($2::text[]) AND f.on_day BETWEEN s.first AND s.last
		GROUP BY s.no, s.first
		ORDER BY no, on_day`)
	sqlApprovalsByPerson = statement(`
		SELECT t.person_id AS id, p.name, sum(t.number)::bigint AS number
		FROM (SELECT person_id, number FROM approval_tallies WHERE merchant_id = $1 AND on_day >= $2
			UNION ALL SELECT person_id, number FROM approval_changes WHERE merchant_id = $1 AND on_day >= $2) t JOIN people p ON p.id = t.person_id
		GROUP BY t.person_id, p.name ORDER BY number DESC, p.name, t.person_id LIMIT 10`)
)

// FiguresByState are the figures of all bills by their state.
func (q *Query) FiguresByState() (map[string]Figure, error) {
	list, err := rows[struct {
		State string `db:"state"`
		Figure
	}](q, sqlFiguresByState, q.actor.Merchant)
	figures := make(map[string]Figure, len(list))
	for _, f := range list {
		figures[f.State] = f.Figure
	}
	return figures, err
}

// Span are the days from First to Last, both included.
type Span struct{ First, Last time.Time }

// FiguresByDay are the figures of bills in the given states: by the month of
// their date, from the given month on, and of those not known to be paid by the
// span in which they are due.
func (q *Query) FiguresByDay(states []string, from time.Time, spans []Span) (months map[time.Time]Figure, due []Figure, err error) {
	first, last := make([]string, len(spans)), make([]string, len(spans))
	for i, s := range spans {
		first[i], last[i] = s.First.Format(time.DateOnly), s.Last.Format(time.DateOnly)
	}
	list, err := rows[struct {
		No    int       `db:"no"`
		Month time.Time `db:"on_day"`
		Figure
	}](q, sqlFiguresByDay, q.actor.Merchant, pq.Array(states), from, pq.Array(first), pq.Array(last))
	months = make(map[time.Time]Figure)
	for _, f := range list {
		if f.No == 0 {
			months[f.Month.UTC()] = f.Figure
		} else {
			due = append(due, f.Figure)
		}
	}
	return months, due, err
}

// Approver is how many submissions somebody approved.
type Approver struct {
	Named
	Number int64 `db:"number"`
}

// ApprovalsByPerson are the ten people who approved most since a day.
func (q *Query) ApprovalsByPerson(since time.Time) ([]Approver, error) {
	return rows[Approver](q, sqlApprovalsByPerson, q.actor.Merchant, since)
}

var sqlAddUpBills = statement(`SELECT add_up_bills($1)`)

// AddUpBills adds up at most so many changes of bills for the figures, and
// returns how many there were.
func (t *Tx) AddUpBills(atMost int) (int, error) { return row[int](t.Query, sqlAddUpBills, atMost) }

// FrameCounts are what the frame of every page shows, each up to frameLimit.
type FrameCounts struct {
	WorkCounts
	Unread int `db:"unread"` // notices
	// Unpublished is since when the trail's checkpoints find no place outside
	// the database that takes them: nothing is sent meanwhile.
	Unpublished sql.NullTime `db:"unpublished"`
	BankStanding
}

// frameLimit is where the frame stops counting: it is on every page, and says
// "99+".
const frameLimit = 100

var sqlUnreadCount = `(SELECT count(*) FROM (SELECT FROM notices n WHERE n.merchant_id = $1 AND n.person_id = $2 AND n.read_at IS NULL LIMIT ` + strconv.Itoa(frameLimit) + `) u)`

var sqlFrameCounts = statement(`SELECT w.for_me, w.for_other, w.unknown, ` + sqlUnreadCount + ` AS unread,
	(SELECT at FROM (SELECT c.at FROM audit_checkpoints c WHERE c.published_at IS NULL ORDER BY c.size LIMIT 1) oldest WHERE at < now() - interval '15 seconds') AS unpublished, ` + bankStanding + `
	FROM (` + workCounts(frameLimit) + `) w`)

// FrameCounts counts for the frame in one statement.
func (q *Query) FrameCounts() (FrameCounts, error) {
	return row[FrameCounts](q, sqlFrameCounts, q.actor.Merchant, q.actor.Person)
}
