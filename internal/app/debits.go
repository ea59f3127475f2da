package app

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// debitPageSize is how many debits a page of the list has.
const debitPageSize = 50

// debitQuery is what is chosen on the list of debits. Its address says all of it.
type debitQuery struct {
	store.DebitSelection
	query     string // as it was typed
	on        period
	amounts   [2]string
	sort      store.DebitSort
	ascending bool
	batchName string // once it was read
	payerName string
}

// readDebitQuery reads the list's address. What was mistyped is a fault of its
// field and restricts nothing.
func (a *App) readDebitQuery(f *form) debitQuery {
	q := debitQuery{query: strings.TrimSpace(f.raw("q")), on: readPeriod(f, "on", a.today(), thisMonth, lastMonth)}
	q.Text = searchText(q.query)
	q.State = f.choice("state", store.DebitStates...)
	q.OnFrom, q.OnTo = q.on.first(), q.on.last()
	q.AmountFrom, q.AmountTo = readSatang(f, "amount_from"), readSatang(f, "amount_to")
	q.amounts = [2]string{f.raw("amount_from"), f.raw("amount_to")}
	q.Batch, q.Payer, q.Failure = f.id("batch"), f.id("payer"), clip(f.raw("failure"), 20)
	q.sort, q.ascending = store.DebitsByDate, f.choice("dir", "asc", "desc") == "asc"
	if f.choice("sort", string(store.DebitsByDate), string(store.DebitsByAmount)) == string(store.DebitsByAmount) {
		q.sort = store.DebitsByAmount
	}
	return q
}

// values is the part of the address that says all of this.
func (q debitQuery) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.query)
	set("state", q.State)
	set("failure", q.Failure)
	set("amount_from", q.amounts[0])
	set("amount_to", q.amounts[1])
	q.on.write(v, "on")
	if q.Batch != store.NoID {
		v.Set("batch", q.Batch.String())
	}
	if q.Payer != store.NoID {
		v.Set("payer", q.Payer.String())
	}
	if q.sort == store.DebitsByAmount {
		v.Set("sort", string(q.sort))
	}
	if q.ascending {
		v.Set("dir", "asc")
	}
	return v
}

// href is the address of the list, from a place on.
func (q debitQuery) href(from store.Cursor) string {
	return addressFrom("/debits", q.values(), from)
}

// without is the same list less a filter.
func (q debitQuery) without(fields ...string) string {
	return addressWithout("/debits", q.values(), fields...)
}

// chips are the filters in use, each with the list without it.
func (q debitQuery) chips(ctx context.Context) (chips []ui.Chip) {
	add := func(name, value string, fields ...string) {
		chips = append(chips, ui.Chip{Name: name, Value: value, Href: q.without(fields...)})
	}
	if span := q.on.words(ctx); span != "" {
		add(text.T(ctx, "debits.debit_on"), span, "on", "on_from", "on_to")
	}
	if q.AmountFrom != nil || q.AmountTo != nil {
		add(text.T(ctx, "debits.amount"), between(ctx, satangText(q.AmountFrom), satangText(q.AmountTo)), "amount_from", "amount_to")
	}
	if q.Batch != store.NoID {
		add(text.T(ctx, "debits.batch"), q.batchName, "batch")
	}
	if q.Payer != store.NoID {
		add(text.T(ctx, "debits.payer"), q.payerName, "payer")
	}
	if q.Failure != "" {
		add(text.T(ctx, "debits.reason"), failureName(ctx, q.Failure), "failure")
	}
	return chips
}

// filters are the fields of the list's filter.
func (q debitQuery) filters(ctx context.Context, f *form) templates.DebitFilters {
	kept := q.values()
	for _, field := range []string{"q", "on", "on_from", "on_to", "amount_from", "amount_to"} {
		kept.Del(field)
	}
	return templates.DebitFilters{
		Open: !f.valid(), Kept: kept,
		On:         periodFields(ctx, f, templates.DebitFilterForm, "on", text.T(ctx, "debits.debit_on"), q.on, thisMonth, lastMonth),
		AmountFrom: templates.Input{Value: q.amounts[0], Error: f.errorOf(ctx, "amount_from")},
		AmountTo:   templates.Input{Value: q.amounts[1], Error: f.errorOf(ctx, "amount_to")},
	}
}

// in is the same list in a state.
func (q debitQuery) in(state string) debitQuery {
	q.State = state
	return q
}

// sorted is the same list by a column, turned round where it is by that already.
func (q debitQuery) sorted(by store.DebitSort) debitQuery {
	q.ascending = q.sort == by && !q.ascending
	q.sort = by
	return q
}

func (q debitQuery) filtered() bool {
	return q.query != "" || !q.OnFrom.IsZero() || !q.OnTo.IsZero() || q.AmountFrom != nil || q.AmountTo != nil || q.Batch != store.NoID ||
		q.Payer != store.NoID || q.Failure != ""
}

// readNames finds out what the filter's batch and payer are called.
func (q *debitQuery) readNames(in *store.Query) error {
	if q.Batch != store.NoID {
		b, err := in.DebitBatch(q.Batch)
		if err != nil {
			return err
		}
		q.batchName = b.Name
	}
	if q.Payer != store.NoID {
		p, err := in.DebitPayer(q.Payer)
		if err != nil {
			return err
		}
		q.payerName = p.Name
	}
	return nil
}

// listDebits shows the debits that pass the filter, the latest day first.
func (a *App) listDebits(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	at := a.readDebitQuery(f)
	from := readCursor(f, at.sort)
	if err := f.check(); err != nil {
		return err
	}
	filter := store.DebitFilter{DebitSelection: at.DebitSelection, Sort: at.sort, Ascending: at.ascending, From: from, Limit: debitPageSize}
	var page store.DebitPage
	var sums map[string]store.DebitSum
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if err := at.readNames(q); err != nil {
			return err
		}
		if page, err = q.Debits(filter); err != nil {
			return err
		}
		if from.Back && !page.More {
			// Back at the beginning: the first page is a whole one.
			filter.From = store.Cursor{}
			if page, err = q.Debits(filter); err != nil {
				return err
			}
		}
		sums, err = q.CountDebits(at.DebitSelection)
		return err
	})
	if err != nil {
		return err
	}
	v := debitListView(ctx, u, at, filter, page, sums)
	v.Filters, v.Chips = at.filters(ctx, f), at.chips(ctx)
	w.Header().Set("HX-Push-Url", at.href(filter.From))
	return a.page(w, r, u, shell{Header: a.debitHeader(ctx, u, tabDebits, v.Header(ctx)), Area: areaDebits, Part: templates.DebitListPart}, templates.DebitList(v))
}

func debitListView(ctx context.Context, u user, at debitQuery, filter store.DebitFilter, page store.DebitPage, sums map[string]store.DebitSum) templates.DebitListView {
	start := store.Cursor{}
	v := templates.DebitListView{
		State: at.State, Query: at.query, Filtered: at.filtered(), Filter: at.values().Encode(), MayMake: u.can(store.Maker),
		All:      debitQuery{DebitSelection: store.DebitSelection{State: at.State}}.href(start),
		DateHref: at.sorted(store.DebitsByDate).href(start), AmountHref: at.sorted(store.DebitsByAmount).href(start),
		ByAmount: at.sort == store.DebitsByAmount, Ascending: at.ascending,
	}
	for _, state := range append([]string{""}, store.DebitStates...) {
		label := text.T(ctx, "debits.all")
		if state != "" {
			label = text.T(ctx, text.Prefix("debits.state.")+state)
		}
		v.Tabs = append(v.Tabs, ui.Tab{Label: label, Href: at.in(state).href(start), Count: countText(sums[state].Number), Current: state == at.State})
	}
	for _, d := range page.Rows {
		v.Rows = append(v.Rows, debitRow(ctx, d))
	}
	if sum := sums[at.State]; sum.Number <= store.CountLimit {
		v.Sum, v.HasSum = sum.SumSatang, sum.Number > 0
	}
	if len(page.Rows) == 0 {
		return v
	}
	showing := text.T(ctx, "payment.showing", "n", len(page.Rows), "total", countText(sums[at.State].Number))
	first, last := page.Rows[0], page.Rows[len(page.Rows)-1]
	v.Pager = turner(showing, at.href, filter.From, page.More, at.sort.Place(first), at.sort.Place(last))
	return v
}

func debitRow(ctx context.Context, d store.Debit) templates.DebitRow {
	row := templates.DebitRow{
		Href: debitHref(d.ID), Payer: d.PayerName, Code: d.PayerCode, Reference: d.Reference, Invoice: d.InvoiceNumber, On: d.DebitOn, Amount: d.AmountSatang,
		Status: debitStatus(ctx, d.State),
	}
	if d.State == store.DebitFailed {
		row.Why = failureName(ctx, d.FailureCode)
	}
	return row
}

func debitHref(id store.ID) string { return "/debits/" + id.String() }

var debitMeanings = map[string]ui.Meaning{
	store.DebitDraft: ui.Neutral, store.DebitSubmitted: ui.Warning, store.DebitApproved: ui.Info, store.DebitSending: ui.Info, store.DebitTaken: ui.Good,
	store.DebitFailed: ui.Bad, store.DebitUnknown: ui.Unknown, store.DebitDiscarded: ui.Neutral,
}

func debitStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: debitMeanings[state], Label: text.T(ctx, text.Prefix("debits.state.")+state)}
}

// failureName says in a few words why the bank took nothing; a code without
// words keeps its number.
func failureName(ctx context.Context, code string) string {
	if key := text.Prefix("debits.failure.") + code; text.Has(key) {
		return text.T(ctx, key)
	}
	return text.T(ctx, "debits.failure_other", "code", code)
}

// failureAdvice says what to do about it.
func failureAdvice(ctx context.Context, code string) string {
	if key := text.Prefix("debits.advice.") + code; text.Has(key) {
		return text.T(ctx, key)
	}
	return text.T(ctx, "debits.advice_other")
}
