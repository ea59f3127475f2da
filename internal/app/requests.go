package app

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// requestPageSize is how many requests a page of the list has.
const requestPageSize = 50

// requestQuery is what is chosen on the list of requests to pay. Its address
// says all of it.
type requestQuery struct {
	store.RequestSelection
	query     string // as it was typed
	on        period
	amounts   [2]string
	sort      store.RequestSort
	ascending bool
	file      string // of its import, once it was read
}

// readRequestQuery reads the list's address. What was mistyped is a fault of its
// field and restricts nothing.
func (a *App) readRequestQuery(f *form) requestQuery {
	q := requestQuery{query: strings.TrimSpace(f.raw("q")), on: readPeriod(f, "on", a.today(), thisMonth, lastMonth)}
	q.Text = searchText(q.query)
	q.State = f.choice("state", store.RequestStates...)
	q.OnFrom, q.OnTo = q.on.first(), q.on.last()
	q.AmountFrom, q.AmountTo = readSatang(f, "amount_from"), readSatang(f, "amount_to")
	q.amounts = [2]string{f.raw("amount_from"), f.raw("amount_to")}
	q.Import = f.id("import")
	q.Show = f.choice("show", store.RequestsEnding, store.RequestsEnded)
	if day := f.raw("sends"); day != "" {
		var err error
		if q.Sends, err = time.Parse(time.DateOnly, day); err != nil || q.Sends.Year() < 1 {
			f.broken = &requestError{"no such day"}
		}
	}
	q.sort, q.ascending = store.RequestsByDate, f.choice("dir", "asc", "desc") == "asc"
	if sort := f.choice("sort", string(store.RequestsByDate), string(store.RequestsByAmount), string(store.RequestsByEnd)); sort != "" {
		q.sort = store.RequestSort(sort)
	}
	return q
}

// values is the part of the address that says all of this.
func (q requestQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": q.query, "state": q.State, "show": q.Show, "amount_from": q.amounts[0], "amount_to": q.amounts[1]} {
		if value != "" {
			v.Set(name, value)
		}
	}
	q.on.write(v, "on")
	if q.Import != store.NoID {
		v.Set("import", q.Import.String())
	}
	if !q.Sends.IsZero() {
		v.Set("sends", q.Sends.Format(time.DateOnly))
	}
	if q.sort != store.RequestsByDate {
		v.Set("sort", string(q.sort))
	}
	if q.ascending {
		v.Set("dir", "asc")
	}
	return v
}

// href is the address of the list, from a place on.
func (q requestQuery) href(from store.Cursor) string {
	return addressFrom("/requests", q.values(), from)
}

// without is the same list less a filter.
func (q requestQuery) without(fields ...string) string {
	return addressWithout("/requests", q.values(), fields...)
}

// chips are the filters in use, each with the list without it.
func (q requestQuery) chips(ctx context.Context) (chips []ui.Chip) {
	add := func(name, value string, fields ...string) {
		chips = append(chips, ui.Chip{Name: name, Value: value, Href: q.without(fields...)})
	}
	if span := q.on.words(ctx); span != "" {
		add(text.T(ctx, "request.made_on"), span, "on", "on_from", "on_to")
	}
	if q.AmountFrom != nil || q.AmountTo != nil {
		add(text.T(ctx, "request.amount"), between(ctx, satangText(q.AmountFrom), satangText(q.AmountTo)), "amount_from", "amount_to")
	}
	if q.Show != "" {
		add(text.T(ctx, "request.show"), text.T(ctx, text.Prefix("request.show.")+q.Show), "show")
	}
	if !q.Sends.IsZero() {
		add(text.T(ctx, "request.send_on"), text.Date(ctx, q.Sends), "sends")
	}
	if q.Import != store.NoID {
		add(text.T(ctx, "request.of_file"), q.file, "import")
	}
	return chips
}

// filters are the fields of the list's filter.
func (q requestQuery) filters(ctx context.Context, f *form) templates.DebitFilters {
	kept := q.values()
	for _, field := range []string{"q", "on", "on_from", "on_to", "amount_from", "amount_to"} {
		kept.Del(field)
	}
	return templates.DebitFilters{
		Open: !f.valid(), Kept: kept,
		On:         periodFields(ctx, f, templates.DebitFilterForm, "on", text.T(ctx, "request.made_on"), q.on, thisMonth, lastMonth),
		AmountFrom: templates.Input{Value: q.amounts[0], Error: f.errorOf(ctx, "amount_from")},
		AmountTo:   templates.Input{Value: q.amounts[1], Error: f.errorOf(ctx, "amount_to")},
	}
}

// in is the same list in a state.
func (q requestQuery) in(state string) requestQuery {
	q.State = state
	return q
}

// column heads one that the list can be sorted by.
func (q requestQuery) column(by store.RequestSort, c ui.Col) ui.Col {
	turned := q
	turned.ascending = q.sort == by && !q.ascending
	turned.sort = by
	c.Sort = turned.href(store.Cursor{})
	if q.sort == by {
		c.Order = "descending"
		if q.ascending {
			c.Order = "ascending"
		}
	}
	return c
}

func (q requestQuery) filtered() bool {
	return q.query != "" || !q.OnFrom.IsZero() || !q.OnTo.IsZero() || q.AmountFrom != nil || q.AmountTo != nil || q.Import != store.NoID || q.Show != "" || !q.Sends.IsZero()
}

// listRequests shows the requests that pass the filter, the newest first.
func (a *App) listRequests(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	at := a.readRequestQuery(f)
	from := readCursor(f, at.sort)
	if err := f.check(); err != nil {
		return err
	}
	filter := store.RequestFilter{RequestSelection: at.RequestSelection, Sort: at.sort, Ascending: at.ascending, From: from, Limit: requestPageSize}
	var page store.RequestPage
	var sums map[string]store.DebitSum
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if at.Import != store.NoID {
			i, err := q.Import(at.Import)
			if err != nil {
				return err
			}
			at.file = i.FileName
		}
		if page, err = q.Requests(filter); err != nil {
			return err
		}
		if from.Back && !page.More {
			// Back at the beginning: the first page is a whole one.
			filter.From = store.Cursor{}
			if page, err = q.Requests(filter); err != nil {
				return err
			}
		}
		sums, err = q.CountRequests(at.RequestSelection)
		return err
	})
	if err != nil {
		return err
	}
	v := requestListView(ctx, u, at, filter, page, sums)
	v.Key = newKey()
	v.Frame, v.Filters, v.Chips = a.alertTabs(ctx, u, "/requests"), at.filters(ctx, f), at.chips(ctx)
	w.Header().Set("HX-Push-Url", at.href(filter.From))
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Part: templates.RequestListPart}, templates.RequestList(v))
}

// seldom are the states whose tabs are left out while there is nothing in them.
var seldom = map[string]bool{
	store.RequestApproved: true, store.RequestSending: true, store.RequestBlocked: true, store.RequestFailed: true, store.RequestUnknown: true, store.RequestDiscarded: true,
	store.RequestDeclined: true, store.RequestAcknowledged: true,
}

func requestListView(ctx context.Context, u user, at requestQuery, filter store.RequestFilter, page store.RequestPage, sums map[string]store.DebitSum) templates.RequestListView {
	start := store.Cursor{}
	v := templates.RequestListView{
		State: at.State, Query: at.query, Filtered: at.filtered(), Filter: at.values().Encode(), MayMake: u.can(store.Maker),
		All:        requestQuery{RequestSelection: store.RequestSelection{State: at.State}, sort: store.RequestsByDate}.href(start),
		DateSort:   at.column(store.RequestsByDate, ui.Col{Label: text.T(ctx, "request.made_on"), Class: "date"}),
		EndSort:    at.column(store.RequestsByEnd, ui.Col{Label: text.T(ctx, "request.ends_on"), Class: "date"}),
		AmountSort: at.column(store.RequestsByAmount, ui.Col{Label: text.T(ctx, "request.amount"), Unit: text.T(ctx, "ui.unit_baht"), Class: "num amount"}),
	}
	for _, state := range append([]string{""}, store.RequestStates...) {
		if seldom[state] && sums[state].Number == 0 && state != at.State {
			continue
		}
		label := text.T(ctx, "request.all")
		if state != "" {
			label = text.T(ctx, text.Prefix("request.state.")+state)
		}
		v.Tabs = append(v.Tabs, ui.Tab{Label: label, Href: at.in(state).href(start), Count: countText(sums[state].Number), Current: state == at.State})
	}
	may := map[string]bool{}
	for _, p := range requestPicks {
		if !p.permission.admits(u.membership.Duties) || at.State != "" && !slices.Contains(p.states, at.State) {
			continue
		}
		v.Picks = append(v.Picks, ui.Option{Value: p.kind, Label: text.T(ctx, text.Prefix("request.pick.")+p.kind)})
		for _, state := range p.states {
			may[state] = true
		}
	}
	for _, r := range page.Rows {
		row := requestRow(ctx, r)
		row.Pick = may[r.State]
		v.Rows = append(v.Rows, row)
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

// requestPicks are what may be done with what is ticked, and with requests of
// which states.
var requestPicks = []struct {
	kind       string
	permission permission
	states     []string
}{
	{"request_submit", maker, []string{store.RequestDraft}},
	{"request_discard", maker, []string{store.RequestDraft}},
	{"approve", checker, []string{store.RequestSubmitted}},
	{"request_resend", maker, []string{store.RequestDeclined, store.RequestExpired, store.RequestBlocked, store.RequestFailed}},
	{"request_restore", maker, []string{store.RequestDiscarded}},
}

func requestRow(ctx context.Context, r store.PayRequest) templates.RequestRow {
	row := templates.RequestRow{
		ID: r.ID.String(), Href: requestHref(r.ID), Name: r.ReceiverName, Receiver: promptpay.ID{Kind: promptpay.Kind(r.ReceiverKind), Value: r.ReceiverValue}.Mask(), Reference: r.Reference,
		Invoice: r.InvoiceNumber, On: midnight(thai.Today(r.CreatedAt)), Ends: r.EndsOn, Amount: r.AmountSatang, Status: requestStatus(ctx, r.State),
	}
	if r.State == store.RequestScheduled || r.SendOn != nil && (r.State == store.RequestSubmitted || r.State == store.RequestApproved) {
		row.Why = text.T(ctx, "request.sends_at", "on", text.Date(ctx, *r.SendOn), "at", r.SendAt)
	}
	return row
}

func requestHref(id store.ID) string { return "/requests/" + id.String() }

var requestMeanings = map[string]ui.Meaning{
	store.RequestDraft: ui.Neutral, store.RequestSubmitted: ui.Warning, store.RequestApproved: ui.Info, store.RequestSending: ui.Info, store.RequestUnknown: ui.Unknown,
	store.RequestScheduled: ui.Info, store.RequestSent: ui.Info, store.RequestAcknowledged: ui.Info, store.RequestPaid: ui.Good, store.RequestDeclined: ui.Bad,
	store.RequestExpired: ui.Warning, store.RequestBlocked: ui.Bad, store.RequestFailed: ui.Bad, store.RequestDiscarded: ui.Neutral,
}

func requestStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: requestMeanings[state], Label: text.T(ctx, text.Prefix("request.state.")+state)}
}
