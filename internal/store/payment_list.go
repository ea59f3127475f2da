package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lib/pq"
)

// PaymentSort is an order of the list of payments.
type PaymentSort string

// The orders of the list. The zero one is by the day of payment.
const (
	PaymentsByDate   PaymentSort = "date"
	PaymentsByAmount PaymentSort = "amount"
)

// PaymentSelection says which payments are meant; the zero value means all.
type PaymentSelection struct {
	State      string
	Text       string // part of payer, reference or the bank's name for it
	PaidFrom   time.Time
	PaidTo     time.Time
	AmountFrom *int64
	AmountTo   *int64
	Import     ID // that they came by
}

// MarshalJSON writes the selection as payments_listed reads it.
func (s PaymentSelection) MarshalJSON() ([]byte, error) {
	f := map[string]string{}
	if s.State != "" {
		f["state"] = s.State
	}
	if s.Text != "" {
		f["pattern"] = containing(s.Text)
	}
	for key, day := range map[string]time.Time{"paid_from": s.PaidFrom, "paid_to": s.PaidTo} {
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

// Place is where a payment stands in an order.
func (s PaymentSort) Place(p Payment) Cursor {
	if s == PaymentsByAmount {
		return amountPlace(p.AmountSatang, p.ID)
	}
	return dayPlace(p.PaidOn, p.ID)
}

// Has reports whether the place can be one of the order.
func (s PaymentSort) Has(c Cursor) bool {
	if s == PaymentsByAmount {
		return c.isAmount()
	}
	return c.isDay()
}

// PaymentFilter selects a page of the list.
type PaymentFilter struct {
	PaymentSelection
	Sort      PaymentSort
	Ascending bool
	From      Cursor
	Limit     int
}

// PaymentRow is a payment of the list, with what it was used for.
type PaymentRow struct {
	Payment
	// Of the bills it is matched to.
	Numbers        Texts   `db:"numbers"`
	BuyerName      *string `db:"buyer_name"`
	Reasons        Texts   `db:"reasons"`
	WithheldSatang int64   `db:"withheld_satang"` // of them, and kept back as fees
	FeeSatang      int64   `db:"fee_satang"`
}

// PaymentPage is one page: More says whether the list goes on in the direction
// it was read.
type PaymentPage struct {
	Rows []PaymentRow
	More bool
}

var (
	sqlPaymentsListed = statement(`
		SELECT ` + paymentColumns + `, m.numbers, m.buyer_name, m.reasons, coalesce(m.withheld_satang, 0) AS withheld_satang, coalesce(m.fee_satang, 0) AS fee_satang
		FROM payments_listed($2, $3, $4, $5, $6, $7) WITH ORDINALITY AS l (id, n) JOIN payments p ON p.id = l.id
			LEFT JOIN LATERAL (
				SELECT jsonb_agg(b.document_number ORDER BY m.matched_at, m.id) AS numbers, min(b.buyer_name) AS buyer_name, jsonb_agg(DISTINCT m.reason) AS reasons,
					sum(m.withheld_satang)::bigint AS withheld_satang, sum(m.fee_satang)::bigint AS fee_satang
				FROM payment_matches m JOIN presentments b ON b.id = m.presentment_id
				WHERE m.merchant_id = $1 AND m.payment_id = p.id AND m.undone_at IS NULL) m ON true
		WHERE p.merchant_id = $1 ORDER BY l.n`)
	sqlPaymentsCounted = statement(`
		SELECT f.state, c.number, c.sum_satang
		FROM unnest($2::text[]) AS f (state), LATERAL payments_counted($1::text::jsonb || CASE f.state WHEN '' THEN '{}'::jsonb ELSE jsonb_build_object('state', f.state) END, $3) AS c`)
)

// Payments returns a page of the list.
func (q *Query) Payments(f PaymentFilter) (page PaymentPage, err error) {
	selection, err := json.Marshal(f.PaymentSelection)
	if err != nil {
		return page, fmt.Errorf("encoding a filter: %w", err)
	}
	if f.Sort == "" {
		f.Sort = PaymentsByDate
	}
	// One row more than the page tells whether there is a next one.
	page.Rows, err = rows[PaymentRow](q, sqlPaymentsListed, q.actor.Merchant, string(selection), string(f.Sort), f.Ascending == f.From.Back,
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

// PaymentSum is how many payments there are, and what they come to.
type PaymentSum struct {
	State     string `db:"state"`
	Number    int    `db:"number"`
	SumSatang int64  `db:"sum_satang"`
}

// CountPayments counts and adds up what passes the filter, in each state and
// under "" in all, each up to CountLimit+1.
func (q *Query) CountPayments(s PaymentSelection) (map[string]PaymentSum, error) {
	s.State = ""
	selection, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding a filter: %w", err)
	}
	found, err := rows[PaymentSum](q, sqlPaymentsCounted, string(selection), pq.Array(append([]string{""}, PaymentStates...)), CountLimit+1)
	counts := make(map[string]PaymentSum, len(found))
	for _, c := range found {
		counts[c.State] = c
	}
	return counts, err
}
