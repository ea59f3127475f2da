package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lib/pq"
)

// AlertSort is an order of the list of alerts.
type AlertSort string

// The orders of the list. What runs out first comes first where somebody has to
// do something about it.
const (
	AlertsByEnd    AlertSort = "end"
	AlertsNewest   AlertSort = "new"
	AlertsByAmount AlertSort = "amount"
)

// AlertSelection says which alerts are meant; the zero value means all.
type AlertSelection struct {
	Box        string
	Suspicious bool
	Blocked    bool   // of senders who are blocked now
	Text       string // part of sender, id or a reference
	OnFrom     time.Time
	OnTo       time.Time
	AmountFrom *int64
	AmountTo   *int64
	SenderKind string // with SenderValue
	Sender     string
}

// MarshalJSON writes the selection as alerts_listed reads it.
func (s AlertSelection) MarshalJSON() ([]byte, error) {
	f := map[string]string{}
	if s.Box != "" {
		f["box"] = s.Box
	}
	if s.Suspicious {
		f["suspicious"] = "yes"
	}
	if s.Blocked {
		f["blocked"] = "yes"
	}
	if s.Text != "" {
		f["pattern"] = containing(s.Text)
	}
	if s.Sender != "" {
		f["sender"] = s.SenderKind + " " + s.Sender
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
	return json.Marshal(f)
}

// Place is where an alert stands in an order.
func (s AlertSort) Place(a Alert) Cursor {
	switch s {
	case AlertsByAmount:
		return amountPlace(a.AmountSatang, a.ID)
	case AlertsByEnd:
		return instantPlace(a.ExpiresAt, a.ID)
	}
	return instantPlace(a.ArrivedAt, a.ID)
}

// Has reports whether the place can be one of the order.
func (s AlertSort) Has(c Cursor) bool {
	if s == AlertsByAmount {
		return c.isAmount()
	}
	return c.isInstant()
}

// AlertFilter selects a page of the list.
type AlertFilter struct {
	AlertSelection
	Sort      AlertSort
	Ascending bool
	From      Cursor
	Limit     int
}

// AlertPage is one page: More says whether the list goes on in the direction it
// was read.
type AlertPage struct {
	Rows []Alert
	More bool
}

var (
	sqlAlertsListed = statement(`
		SELECT ` + alertRowColumns + ` FROM alerts_listed($2, $3, $4, $5, $6, $7) WITH ORDINALITY AS l (id, n) JOIN alerts a ON a.id = l.id ` + alertSupplier + `
		WHERE a.merchant_id = $1 ORDER BY l.n`)
	sqlAlertsCounted = statement(`
		SELECT f.box, c.number, c.sum_satang
		FROM unnest($2::text[], $3::text[]) AS f (box, filter), LATERAL alerts_counted($1::text::jsonb || f.filter::jsonb, $4) AS c`)
)

// Alerts returns a page of the list.
func (q *Query) Alerts(f AlertFilter) (page AlertPage, err error) {
	selection, err := json.Marshal(f.AlertSelection)
	if err != nil {
		return page, fmt.Errorf("encoding a filter: %w", err)
	}
	if f.Sort == "" {
		f.Sort = AlertsNewest
	}
	page.Rows, err = rows[Alert](q, sqlAlertsListed, q.actor.Merchant, string(selection), string(f.Sort), f.Ascending == f.From.Back,
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

// The headings that are no boxes.
const (
	AlertsSuspicious = "suspicious"
	AlertsBlocked    = "blocked"
)

// AlertSum is how many alerts are under a heading, and what they come to.
type AlertSum struct {
	Box       string `db:"box"`
	Number    int    `db:"number"`
	SumSatang int64  `db:"sum_satang"`
}

// CountAlerts counts and adds up what passes the filter: in each box, among the
// suspicious and the blocked, and under "" in all, each up to CountLimit+1.
func (q *Query) CountAlerts(s AlertSelection) (map[string]AlertSum, error) {
	s.Box, s.Suspicious, s.Blocked = "", false, false
	selection, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding a filter: %w", err)
	}
	headings, filters := []string{""}, []string{"{}"}
	for _, box := range AlertBoxes {
		headings, filters = append(headings, box), append(filters, `{"box":"`+box+`"}`)
	}
	headings = append(headings, AlertsSuspicious, AlertsBlocked)
	filters = append(filters, `{"suspicious":"yes"}`, `{"blocked":"yes"}`)
	found, err := rows[AlertSum](q, sqlAlertsCounted, string(selection), pq.Array(headings), pq.Array(filters), CountLimit+1)
	sums := make(map[string]AlertSum, len(found))
	for _, c := range found {
		sums[c.Box] = c
	}
	return sums, err
}

// AlertsNaming are the newest alerts whose words contain text.
func (q *Query) AlertsNaming(text string, limit int) ([]Alert, error) {
	page, err := q.Alerts(AlertFilter{AlertSelection: AlertSelection{Text: text}, Limit: limit})
	return page.Rows, err
}

var (
	sqlWorkAlerts = statement(workLine(`
		SELECT a.id, a.sender_name AS title, a.expires_at AS at FROM alerts a WHERE a.merchant_id = $1 AND a.box = $2 ORDER BY a.expires_at, a.id LIMIT 1001`))
)

// WorkAlerts is what is under a heading of the inbox, what runs out first
// foremost.
func (q *Query) WorkAlerts(box string) (WorkLine, error) {
	return row[WorkLine](q, sqlWorkAlerts, q.actor.Merchant, box)
}
