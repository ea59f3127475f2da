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

// paymentPageSize is how many payments a page of the list has.
const paymentPageSize = 50

// paymentQuery is what is chosen on the list of payments. Its address says all
// of it.
type paymentQuery struct {
	store.PaymentSelection
	Query     string // as it was typed
	Paid      period
	Amounts   [2]string
	Sort      store.PaymentSort
	Ascending bool
	FileName  string // of the import, once it was read
	View      string // that it was opened as, if any
}

// readPaymentQuery reads the list's address. What was mistyped is a fault of
// its field and restricts nothing.
func (a *App) readPaymentQuery(f *form) paymentQuery {
	q := paymentQuery{Query: strings.TrimSpace(f.raw("q")), Paid: readPeriod(f, "paid", a.today(), thisMonth, lastMonth)}
	q.Text = searchText(q.Query)
	q.State = f.choice("state", store.PaymentStates...)
	q.PaidFrom, q.PaidTo = q.Paid.first(), q.Paid.last()
	q.AmountFrom, q.AmountTo = readSatang(f, "amount_from"), readSatang(f, "amount_to")
	q.Amounts = [2]string{f.raw("amount_from"), f.raw("amount_to")}
	q.Import = f.id("import")
	q.Sort, q.Ascending = store.PaymentsByDate, f.choice("dir", "asc", "desc") == "asc"
	if f.choice("sort", string(store.PaymentsByDate), string(store.PaymentsByAmount)) == string(store.PaymentsByAmount) {
		q.Sort = store.PaymentsByAmount
	}
	return q
}

// values is the part of the address that says all of this.
func (q paymentQuery) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.Query)
	set("state", q.State)
	set("amount_from", q.Amounts[0])
	set("amount_to", q.Amounts[1])
	q.Paid.write(v, "paid")
	if q.Import != store.NoID {
		v.Set("import", q.Import.String())
	}
	if q.Sort == store.PaymentsByAmount {
		v.Set("sort", string(q.Sort))
	}
	if q.Ascending {
		v.Set("dir", "asc")
	}
	return v
}

// address is values with the view.
func (q paymentQuery) address() url.Values {
	v := q.values()
	if q.View != "" {
		v.Set("view", q.View)
	}
	return v
}

// href is the address of the list, from a place on.
func (q paymentQuery) href(from store.Cursor) string {
	return addressFrom("/payments", q.address(), from)
}

// without is the same list less a filter.
func (q paymentQuery) without(fields ...string) string {
	return addressWithout("/payments", q.address(), fields...)
}

// chips are the filters in use, each with the list without it.
func (q paymentQuery) chips(ctx context.Context) (chips []ui.Chip) {
	add := func(name, value string, fields ...string) {
		chips = append(chips, ui.Chip{Name: name, Value: value, Href: q.without(fields...)})
	}
	if span := q.Paid.words(ctx); span != "" {
		add(text.T(ctx, "payment.paid_on"), span, "paid", "paid_from", "paid_to")
	}
	if q.AmountFrom != nil || q.AmountTo != nil {
		add(text.T(ctx, "payment.amount"), between(ctx, satangText(q.AmountFrom), satangText(q.AmountTo)), "amount_from", "amount_to")
	}
	if q.Import != store.NoID {
		add(text.T(ctx, "list.chip.import"), q.FileName, "import")
	}
	return chips
}

// filters are the fields of the list's filter.
func (q paymentQuery) filters(ctx context.Context, f *form) templates.PaymentFilters {
	kept := q.address()
	for _, field := range []string{"q", "paid", "paid_from", "paid_to", "amount_from", "amount_to"} {
		kept.Del(field)
	}
	return templates.PaymentFilters{
		Open: !f.valid(), Kept: kept,
		Paid:       periodFields(ctx, f, templates.PaymentFilterForm, "paid", text.T(ctx, "payment.paid_on"), q.Paid, thisMonth, lastMonth),
		AmountFrom: templates.Input{Value: q.Amounts[0], Error: f.errorOf(ctx, "amount_from")},
		AmountTo:   templates.Input{Value: q.Amounts[1], Error: f.errorOf(ctx, "amount_to")},
	}
}

// in is the same list in a state.
func (q paymentQuery) in(state string) paymentQuery {
	q.State = state
	return q
}

// sorted is the same list by a column, turned round where it is by that already.
func (q paymentQuery) sorted(by store.PaymentSort) paymentQuery {
	q.Ascending = q.Sort == by && !q.Ascending
	q.Sort = by
	return q
}

// filtered reports whether anything but a state restricts the list.
func (q paymentQuery) filtered() bool {
	return q.Query != "" || !q.PaidFrom.IsZero() || !q.PaidTo.IsZero() || q.AmountFrom != nil || q.AmountTo != nil || q.Import != store.NoID
}

// listPayments shows the money that came in, what waits to be matched first.
func (a *App) listPayments(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	at := a.readPaymentQuery(f)
	at.View = f.raw("view")
	from := readCursor(f, at.Sort)
	if err := f.check(); err != nil {
		return err
	}
	filter := store.PaymentFilter{PaymentSelection: at.PaymentSelection, Sort: at.Sort, Ascending: at.Ascending, From: from, Limit: paymentPageSize}
	var page store.PaymentPage
	var sums map[string]store.PaymentSum
	var views listViews
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if views, err = a.viewsOf(q, u, store.ListOfPayments, at.values(), at.View); err != nil {
			return err
		}
		if at.Import != store.NoID {
			i, err := q.Import(at.Import)
			if err != nil {
				return err
			}
			at.FileName = i.FileName
		}
		if page, err = q.Payments(filter); err != nil {
			return err
		}
		if from.Back && !page.More {
			// Back at the beginning: the first page is a whole one.
			filter.From = store.Cursor{}
			if page, err = q.Payments(filter); err != nil {
				return err
			}
		}
		sums, err = q.CountPayments(at.PaymentSelection)
		return err
	})
	if err != nil {
		return err
	}
	if href, ok := a.opening(views, r); ok {
		return a.seeOther(w, r, u, href, text.Message{})
	}
	v := paymentListView(ctx, u, at, filter, page, sums)
	v.Tabs, v.Views = a.viewTabs(views, v.Tabs), views.panel(u)
	v.Filters, v.Chips = at.filters(ctx, f), at.chips(ctx)
	w.Header().Set("HX-Push-Url", at.href(filter.From))
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPayments, Part: templates.PaymentListPart}, templates.PaymentList(v))
}

func paymentListView(ctx context.Context, u user, at paymentQuery, filter store.PaymentFilter, page store.PaymentPage, sums map[string]store.PaymentSum) templates.PaymentListView {
	v := templates.PaymentListView{
		State: at.State, Query: at.Query, Filter: at.values().Encode(),
		Filtered: at.filtered(), All: paymentQuery{PaymentSelection: store.PaymentSelection{State: at.State}}.href(store.Cursor{}),
		MayMake: u.can(store.Maker), MayClose: u.can(store.Checker),
		DateHref: at.sorted(store.PaymentsByDate).href(store.Cursor{}), AmountHref: at.sorted(store.PaymentsByAmount).href(store.Cursor{}),
		ByAmount: at.Sort == store.PaymentsByAmount, Ascending: at.Ascending,
	}
	tab := func(state string) ui.Tab {
		label := text.T(ctx, "payment.all")
		if state != "" {
			label = text.T(ctx, text.Prefix("payment.state.")+state)
		}
		at := at
		if at.View != "" { // what it stands for is no part of another tab
			at = paymentQuery{Sort: store.PaymentsByDate, PaymentSelection: store.PaymentSelection{State: at.State}}
		}
		return ui.Tab{Label: label, Href: at.in(state).href(store.Cursor{}), Count: countText(sums[state].Number), Current: state == at.State}
	}
	v.Tabs = append(v.Tabs, tab(""))
	for _, state := range store.PaymentStates {
		v.Tabs = append(v.Tabs, tab(state))
	}
	for _, p := range page.Rows {
		v.Rows = append(v.Rows, paymentRow(ctx, p))
	}
	if sum := sums[at.State]; sum.Number <= store.CountLimit {
		v.Sum, v.HasSum = sum.SumSatang, sum.Number > 0
	}
	if len(page.Rows) == 0 {
		return v
	}
	showing := text.T(ctx, "payment.showing", "n", len(page.Rows), "total", countText(sums[at.State].Number))
	first, last := page.Rows[0].Payment, page.Rows[len(page.Rows)-1].Payment
	v.Pager = turner(showing, at.href, filter.From, page.More, at.Sort.Place(first), at.Sort.Place(last))
	return v
}

func paymentRow(ctx context.Context, p store.PaymentRow) templates.PaymentRow {
	row := templates.PaymentRow{
		Href: paymentHref(p.ID), Payer: p.PayerName, On: p.PaidOn, Amount: p.AmountSatang, Status: paymentStatus(ctx, p.State),
		Reference: strings.Join(nonEmpty(p.Reference1, p.Reference2, p.Description), " · "),
	}
	if row.Payer == "" {
		row.Payer = text.T(ctx, "payment.no_payer")
	}
	switch {
	case len(p.Numbers) > 0:
		row.For = strings.Join(p.Numbers, ", ")
		row.Why = reasonsOf(ctx, p.Reasons)
	case p.AsideReason != "":
		row.For = text.T(ctx, text.Prefix("payment.aside.")+p.AsideReason)
	}
	if p.State == store.PaymentPart {
		row.Why = text.T(ctx, "payment.left", "amount", text.Amount(p.LeftSatang()))
	}
	return row
}

func reasonsOf(ctx context.Context, reasons []string) string {
	words := make([]string, len(reasons))
	for n, r := range reasons {
		words[n] = text.T(ctx, text.Prefix("payment.reason.")+r)
	}
	return strings.Join(words, ", ")
}

func paymentHref(id store.ID) string { return "/payments/" + id.String() }

var paymentMeanings = map[string]ui.Meaning{
	store.PaymentWaiting: ui.Warning, store.PaymentPart: ui.Warning, store.PaymentMatched: ui.Good, store.PaymentAside: ui.Neutral,
}

func paymentStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: paymentMeanings[state], Label: text.T(ctx, text.Prefix("payment.state.")+state)}
}
