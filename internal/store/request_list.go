package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lib/pq"
)

// RequestSort is an order of the list of requests.
type RequestSort string

// The orders of the list. The zero one is by when they were written.
const (
	RequestsByDate   RequestSort = "date"
	RequestsByAmount RequestSort = "amount"
	RequestsByEnd    RequestSort = "end"
)

// RequestSelection says which requests are meant; the zero value means all but
// the discarded.
type RequestSelection struct {
	State      string
	Text       string // part of receiver, references, invoice or the bank's name for it
	OnFrom     time.Time
	OnTo       time.Time
	AmountFrom *int64
	AmountTo   *int64
	Import     ID
	Show       string    // RequestsEnding or RequestsEnded
	Sends      time.Time // those that wait for this day
}

// What people look for besides states.
const (
	RequestsEnding = "ending" // at the bank, and running out today
	RequestsEnded  = "ended"  // came to nothing lately, and was not sent again
)

// MarshalJSON writes the selection as requests_listed reads it.
func (s RequestSelection) MarshalJSON() ([]byte, error) {
	f := map[string]string{}
	if s.State != "" {
		f["state"] = s.State
	}
	if s.Text != "" {
		f["pattern"] = containing(s.Text)
	}
	if s.Show != "" {
		f[s.Show] = ""
	}
	for key, day := range map[string]time.Time{"on_from": s.OnFrom, "on_to": s.OnTo, "sends": s.Sends} {
		if !day.IsZero() {
			f[key] = day.Format(time.DateOnly)
		}
	}
	for key, satang := range map[string]*int64{"amount_from": s.AmountFrom, "amount_to": s.AmountTo} {
		if satang != nil {
			f[key] = strconv.FormatInt(*satang, 10)
		}
	}
	if s.Import != NoID {
		f["import"] = s.Import.String()
	}
	return json.Marshal(f)
}

// Place is where a request stands in an order.
func (s RequestSort) Place(r PayRequest) Cursor {
	switch s {
	case RequestsByAmount:
		return amountPlace(r.AmountSatang, r.ID)
	case RequestsByEnd:
		return dayPlace(r.EndsOn, r.ID)
	}
	return instantPlace(r.CreatedAt, r.ID)
}

// Has reports whether the place can be one of the order.
func (s RequestSort) Has(c Cursor) bool {
	switch s {
	case RequestsByAmount:
		return c.isAmount()
	case RequestsByEnd:
		return c.isDay()
	}
	return c.isInstant()
}

// RequestFilter selects a page of the list.
type RequestFilter struct {
	RequestSelection
	Sort      RequestSort
	Ascending bool
	From      Cursor
	Limit     int
}

// RequestPage is one page: More says whether the list goes on in the direction
// it was read.
type RequestPage struct {
	Rows []PayRequest
	More bool
}

var (
	sqlRequestsListed = statement(`
		SELECT ` + requestColumns + ` FROM requests_listed($2, $3, $4, $5, $6, $7) WITH ORDINALITY AS l (id, n) JOIN pay_requests d ON d.id = l.id
		WHERE d.merchant_id = $1 ORDER BY l.n`)
	sqlRequestsCounted = statement(`
		SELECT f.state, c.number, c.sum_satang
		FROM unnest($2::text[]) AS f (state), LATERAL requests_counted($1::text::jsonb || CASE f.state WHEN '' THEN '{}'::jsonb ELSE jsonb_build_object('state', f.state) END, $3) AS c`)
	// What the bank, or approval, keeps until its day.
	sqlRequestCalendar = statement(`
		SELECT d.send_on AS day, count(*) AS number, sum(d.amount_satang)::bigint AS satang FROM pay_requests d
		WHERE d.merchant_id = $1 AND d.send_on BETWEEN $2 AND $3 AND d.state IN ('submitted', 'approved', 'sending', 'unknown', 'scheduled') GROUP BY d.send_on ORDER BY d.send_on`)
	sqlWorkOfRequests = statement(debitWork(WorkRequestsEnding, `
		SELECT d.id, d.receiver_name || ' · ' || d.reference AS title, (d.ends_on + time '23:59') AT TIME ZONE 'Asia/Bangkok' AS at FROM pay_requests d
		WHERE d.merchant_id = $1 AND d.state IN ('sent', 'acknowledged') AND d.ends_on <= (now() AT TIME ZONE 'Asia/Bangkok')::date ORDER BY d.ends_on, d.id LIMIT 1001`) +
		` UNION ALL ` + debitWork(WorkRequestsEnded, `
		SELECT d.id, d.receiver_name || ' · ' || d.reference AS title, d.state_since AS at FROM pay_requests d
		WHERE d.merchant_id = $1 AND d.state IN ('declined', 'expired', 'blocked', 'failed') AND d.created_at >= now() - interval '30 days'
			AND NOT EXISTS (SELECT FROM pay_requests n WHERE n.resend_of = d.id AND n.state <> 'discarded')
		ORDER BY d.created_at, d.id LIMIT 1001`) + ` UNION ALL ` + debitWork(WorkRequestDrafts, `
		SELECT d.id, d.receiver_name || ' · ' || d.reference AS title, d.state_since AS at FROM pay_requests d
		WHERE d.merchant_id = $1 AND d.state = 'draft' ORDER BY d.created_at, d.id LIMIT 1001`))
)

// Requests returns a page of the list.
func (q *Query) Requests(f RequestFilter) (page RequestPage, err error) {
	selection, err := json.Marshal(f.RequestSelection)
	if err != nil {
		return page, fmt.Errorf("encoding a filter: %w", err)
	}
	if f.Sort == "" {
		f.Sort = RequestsByDate
	}
	page.Rows, err = rows[PayRequest](q, sqlRequestsListed, q.actor.Merchant, string(selection), string(f.Sort), f.Ascending == f.From.Back,
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

// CountRequests counts and adds up what passes the filter, in each state and
// under "" in all, each up to CountLimit+1.
func (q *Query) CountRequests(s RequestSelection) (map[string]DebitSum, error) {
	s.State = ""
	selection, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding a filter: %w", err)
	}
	found, err := rows[DebitSum](q, sqlRequestsCounted, string(selection), pq.Array(append([]string{""}, RequestStates...)), CountLimit+1)
	return sumsByState(found), err
}

// RequestsNaming are the newest requests whose words contain text.
func (q *Query) RequestsNaming(text string, limit int) ([]PayRequest, error) {
	page, err := q.Requests(RequestFilter{RequestSelection: RequestSelection{Text: text}, Limit: limit})
	return page.Rows, err
}

// The kinds of work of requests.
const (
	WorkRequestsEnding = "requests_ending"
	WorkRequestsEnded  = "requests_ended"
	WorkRequestDrafts  = "request_drafts"
)

// WorkOfRequests is what waits in requests to pay, by kind.
func (q *Query) WorkOfRequests() (map[string]WorkLine, error) {
	list, err := rows[struct {
		Kind string `db:"kind"`
		WorkLine
	}](q, sqlWorkOfRequests, q.actor.Merchant)
	lines := make(map[string]WorkLine, len(list))
	for _, l := range list {
		lines[l.Kind] = l.WorkLine
	}
	return lines, err
}

// RequestDay is what is to be sent on a day.
type RequestDay struct {
	Day    time.Time `db:"day"`
	Number int       `db:"number"`
	Satang int64     `db:"satang"`
}

// RequestCalendar is what waits for each day between two, both included, one
// entry for each day that has anything.
func (q *Query) RequestCalendar(from, to time.Time) ([]RequestDay, error) {
	return rows[RequestDay](q, sqlRequestCalendar, q.actor.Merchant, from, to)
}
