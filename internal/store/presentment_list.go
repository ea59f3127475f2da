package store

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// PresentmentSort is an order of the list.
type PresentmentSort string

// The orders of the list. The zero one is by document date.
const (
	SortByDate   PresentmentSort = "date"
	SortByDue    PresentmentSort = "due"
	SortByNumber PresentmentSort = "number"
	SortByBuyer  PresentmentSort = "buyer"
	SortByAmount PresentmentSort = "amount"
	SortBySince  PresentmentSort = "since"
)

// PresentmentSorts are all orders there are.
var PresentmentSorts = []PresentmentSort{SortByDate, SortByDue, SortByNumber, SortByBuyer, SortByAmount, SortBySince}

// PresentmentSelection says which bills are meant. The zero value means all
// in ListedStates.
type PresentmentSelection struct {
	States     []string
	Text       string // part of number, buyer, tax id or bank reference
	TaxID      string
	OnFrom     time.Time
	OnTo       time.Time
	DueFrom    time.Time
	DueTo      time.Time
	AmountFrom *int64
	AmountTo   *int64
	MadeBy     ID
	Import     ID       // that they were made of
	Decided    []string // by the buyer, any of these
	Unpaid     bool
}

// simple reports whether no more than one state restricts the list: then it is
// read by the fastest statements there are.
func (s PresentmentSelection) simple() bool {
	rest := s
	rest.States = nil
	return len(s.States) <= 1 && rest.free()
}

func (s PresentmentSelection) free() bool {
	return len(s.States) == 0 && s.Text == "" && s.TaxID == "" && s.OnFrom.IsZero() && s.OnTo.IsZero() && s.DueFrom.IsZero() && s.DueTo.IsZero() &&
		s.AmountFrom == nil && s.AmountTo == nil && s.MadeBy == NoID && s.Import == NoID && len(s.Decided) == 0 && !s.Unpaid
}

func (s PresentmentSelection) states() []string {
	if len(s.States) == 0 {
		return ListedStates
	}
	return s.States
}

// MarshalJSON writes the selection as bills_listed reads it.
func (s PresentmentSelection) MarshalJSON() ([]byte, error) {
	f := map[string]string{}
	if s.Text != "" {
		f["pattern"] = containing(s.Text)
	}
	if s.TaxID != "" {
		f["tax_id"] = s.TaxID
	}
	for key, day := range map[string]time.Time{"on_from": s.OnFrom, "on_to": s.OnTo, "due_from": s.DueFrom, "due_to": s.DueTo} {
		if !day.IsZero() {
			f[key] = day.Format(time.DateOnly)
		}
	}
	for key, satang := range map[string]*int64{"amount_from": s.AmountFrom, "amount_to": s.AmountTo} {
		if satang != nil {
			f[key] = strconv.FormatInt(*satang, 10)
		}
	}
	if s.MadeBy != NoID {
		f["made_by"] = s.MadeBy.String()
	}
	if s.Import != NoID {
		f["import"] = s.Import.String()
	}
	if len(s.Decided) > 0 {
		f["decided"] = strings.Join(s.Decided, " ")
	}
	if s.Unpaid {
		f["unpaid"] = "yes"
	}
	return json.Marshal(f)
}

// Place is where a bill stands in an order.
func (s PresentmentSort) Place(r PresentmentRow) Cursor {
	switch s {
	case SortByDue:
		return dayPlace(r.DueOn, r.ID)
	case SortByNumber:
		return Cursor{Place: r.DocumentNumber, ID: r.ID}
	case SortByBuyer:
		return Cursor{Place: r.BuyerName, ID: r.ID}
	case SortByAmount:
		return amountPlace(r.TotalSatang, r.ID)
	case SortBySince:
		return instantPlace(r.StateSince, r.ID)
	}
	return dayPlace(r.DocumentOn, r.ID)
}

// Has reports whether the place can be one of the order.
func (s PresentmentSort) Has(c Cursor) bool {
	switch s {
	case SortByAmount:
		return c.isAmount()
	case SortBySince:
		return c.isInstant()
	case SortByNumber, SortByBuyer:
		return true
	}
	return c.isDay()
}

// PresentmentFilter selects a page of the list.
type PresentmentFilter struct {
	PresentmentSelection
	Sort      PresentmentSort
	Ascending bool
	From      Cursor
	Limit     int
	// Wide wants every column of the rows. Without it, those beyond what every
	// list shows may be missing.
	Wide bool
}

const (
	presentmentRowColumns = `p.id, p.state, p.document_number, p.document_on, p.due_on, p.buyer_name, p.total_satang, p.buyer_decision,
		coalesce((SELECT s.received_satang + s.withheld_satang + s.fee_satang FROM presentment_payments s WHERE s.presentment_id = p.id), 0) AS settled_satang`
	presentmentWideColumns = presentmentRowColumns + `, p.state_since, p.document_type, p.buyer_tax_id, p.buyer_branch, p.before_tax_satang, p.vat_satang,
		p.discount_satang, p.wht_satang, p.order_reference, p.bank_reference, p.created_at, p.remark, p.buyer_remark, p.decided_at, c.name AS created_by_name`
)

var (
	sqlPresentmentsAfter = statement(`
		SELECT ` + presentmentRowColumns + ` FROM presentments p
		WHERE p.merchant_id = $1 AND p.state <> 'discarded' AND (p.document_on, p.id) < ($2, $3)
		ORDER BY p.document_on DESC, p.id DESC LIMIT $4`)
	sqlPresentmentsBefore = statement(`
		SELECT ` + presentmentRowColumns + ` FROM presentments p
		WHERE p.merchant_id = $1 AND p.state <> 'discarded' AND (p.document_on, p.id) > ($2, $3)
		ORDER BY p.document_on, p.id LIMIT $4`)
	sqlPresentmentsInStateAfter = statement(`
		SELECT ` + presentmentRowColumns + ` FROM presentments p
		WHERE p.merchant_id = $1 AND p.state = $5 AND (p.document_on, p.id) < ($2, $3)
		ORDER BY p.document_on DESC, p.id DESC LIMIT $4`)
	sqlPresentmentsInStateBefore = statement(`
		SELECT ` + presentmentRowColumns + ` FROM presentments p
		WHERE p.merchant_id = $1 AND p.state = $5 AND (p.document_on, p.id) > ($2, $3)
		ORDER BY p.document_on, p.id LIMIT $4`)
	sqlPresentmentsListed = statement(`
		SELECT ` + presentmentWideColumns + `
		FROM bills_listed($2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY AS m (id, n)
			JOIN presentments p ON p.id = m.id JOIN people c ON c.id = p.created_by
		WHERE p.merchant_id = $1 ORDER BY m.n`)
	sqlPresentmentIDsListed = statement(`SELECT presentment_id FROM bills_listed($1, $2, $3, $4, NULL, NULL, $5)`)
	sqlPresentmentsCounted  = statement(`SELECT number, sum_satang FROM bills_counted($1, $2, $3)`)
)

// lastDay and lastID come after every row in the order of the list.
var (
	lastDay = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	lastID  = uuid.Max
)

// Presentments returns a page of the list.
func (q *Query) Presentments(f PresentmentFilter) (PresentmentPage, error) {
	var page PresentmentPage
	var err error
	// One row more than the page tells whether there is a next one.
	if (f.Sort == SortByDate || f.Sort == "") && !f.Ascending && !f.Wide && f.simple() {
		page.Rows, err = q.newestPresentments(f)
	} else {
		page.Rows, err = q.listedPresentments(f)
	}
	if err != nil {
		return page, err
	}
	if len(page.Rows) > f.Limit {
		page.Rows, page.More = page.Rows[:f.Limit], true
	}
	if f.From.Back {
		reverse(page.Rows)
	}
	return page, nil
}

func (q *Query) newestPresentments(f PresentmentFilter) ([]PresentmentRow, error) {
	on, id := lastDay.Format(time.DateOnly), lastID
	if f.From.ID != NoID {
		on, id = f.From.Place, f.From.ID
	}
	args := []any{q.actor.Merchant, on, id, f.Limit + 1}
	if len(f.States) == 1 {
		if f.From.Back {
			return rows[PresentmentRow](q, sqlPresentmentsInStateBefore, append(args, f.States[0])...)
		}
		return rows[PresentmentRow](q, sqlPresentmentsInStateAfter, append(args, f.States[0])...)
	}
	if f.From.Back {
		return rows[PresentmentRow](q, sqlPresentmentsBefore, args...)
	}
	return rows[PresentmentRow](q, sqlPresentmentsAfter, args...)
}

func (q *Query) listedPresentments(f PresentmentFilter) ([]PresentmentRow, error) {
	selection, err := json.Marshal(f.PresentmentSelection)
	if err != nil {
		return nil, fmt.Errorf("encoding a filter: %w", err)
	}
	return rows[PresentmentRow](q, sqlPresentmentsListed, q.actor.Merchant, string(selection), pq.Array(f.states()), f.order(), f.Ascending == f.From.Back,
		f.From.Place, nullable(f.From.ID), f.Limit+1)
}

func (f PresentmentFilter) order() string {
	if f.Sort == "" {
		return string(SortByDate)
	}
	return string(f.Sort)
}

// PresentmentIDs returns the ids of the bills that pass the filter, from the
// beginning on, limit at most.
func (q *Query) PresentmentIDs(f PresentmentFilter) ([]ID, error) {
	selection, err := json.Marshal(f.PresentmentSelection)
	if err != nil {
		return nil, fmt.Errorf("encoding a filter: %w", err)
	}
	return rows[ID](q, sqlPresentmentIDsListed, string(selection), pq.Array(f.states()), f.order(), !f.Ascending, f.Limit)
}

// PresentmentSum is how many bills there are, and what they come to.
type PresentmentSum struct {
	Number    int   `db:"number"`
	SumSatang int64 `db:"sum_satang"`
}

// CountSelected counts and adds up what passes the filter; it stops at
// CountLimit+1 unless all of it is asked for, which takes as long as it takes.
func (q *Query) CountSelected(s PresentmentSelection, all bool) (PresentmentSum, error) {
	selection, err := json.Marshal(s)
	if err != nil {
		return PresentmentSum{}, fmt.Errorf("encoding a filter: %w", err)
	}
	var limit *int
	if !all {
		limit = new(CountLimit + 1)
	}
	return row[PresentmentSum](q, sqlPresentmentsCounted, string(selection), pq.Array(s.states()), limit)
}

var sqlSelectionsCounted = statement(`
	SELECT c.number FROM unnest($1::jsonb[], $2::text[]) WITH ORDINALITY AS f (filter, states, n),
		LATERAL bills_counted(f.filter, string_to_array(f.states, ' '), 101) AS c
	ORDER BY f.n`)

// ViewLimit is where the counts of views stop: there may be many on a page.
const ViewLimit = 100

// CountEach counts several selections, each up to ViewLimit+1.
func (q *Query) CountEach(all []PresentmentSelection) ([]int, error) {
	filters, states := make([]string, len(all)), make([]string, len(all))
	for n, s := range all {
		selection, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("encoding a filter: %w", err)
		}
		filters[n] = string(selection)
		states[n] = strings.Join(s.states(), " ")
	}
	return rows[int](q, sqlSelectionsCounted, pq.Array(filters), pq.Array(states))
}
