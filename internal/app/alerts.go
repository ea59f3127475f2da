package app

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// alertPageSize is how many alerts a page of the inbox has.
const alertPageSize = 50

// allAlerts is the heading that has every alert under it.
const allAlerts = "all"

// alertHeadings are the headings of the inbox in their order.
var alertHeadings = []string{
	store.AlertsToDecide, store.AlertsMoving, store.AlertsToPay, store.AlertsAnswered, store.AlertsExpired, store.AlertsSuspicious, store.AlertsBlocked, allAlerts,
}

// alertQuery is what is chosen in the inbox. Its address says all of it.
type alertQuery struct {
	store.AlertSelection
	heading   string
	query     string // as it was typed
	on        period
	amounts   [2]string
	sort      store.AlertSort
	ascending bool
}

// readAlertQuery reads the inbox's address. What was mistyped is a fault of its
// field and restricts nothing.
func (a *App) readAlertQuery(f *form) alertQuery {
	q := alertQuery{query: strings.TrimSpace(f.raw("q")), on: readPeriod(f, "on", a.today(), thisMonth, lastMonth)}
	q.heading = cmp.Or(f.choice("box", alertHeadings...), store.AlertsToDecide)
	q.OnFrom, q.OnTo = q.on.first(), q.on.last()
	q.AmountFrom, q.AmountTo = readSatang(f, "amount_from"), readSatang(f, "amount_to")
	q.amounts = [2]string{f.raw("amount_from"), f.raw("amount_to")}
	q.seek()
	if kind, value, ok := strings.Cut(f.raw("sender"), "-"); ok {
		q.SenderKind, q.Sender = clip(kind, 20), clip(value, 20)
	}
	q.sort, q.ascending = naturalOrder(q.heading)
	if sort := f.choice("sort", string(store.AlertsByEnd), string(store.AlertsNewest), string(store.AlertsByAmount)); sort != "" {
		q.sort, q.ascending = store.AlertSort(sort), false
	}
	if dir := f.choice("dir", "asc", "desc"); dir != "" {
		q.ascending = dir == "asc"
	}
	return q.under(q.heading)
}

// seek finds out what the typed text means: an id however it is written, an
// amount, or a part of a name or a reference.
func (q *alertQuery) seek() {
	if id, err := promptpay.Parse(q.query); err == nil {
		q.Text = id.Value
		return
	}
	if satang, err := thai.ParseSatang(q.query); err == nil && satang > 0 && strings.ContainsAny(q.query, ".,") && q.AmountFrom == nil && q.AmountTo == nil {
		q.AmountFrom, q.AmountTo = &satang, &satang
		return
	}
	q.Text = searchText(q.query)
}

// naturalOrder is how a heading's alerts are ordered unless it is said: what
// runs out first comes first where something is to be done about it.
func naturalOrder(heading string) (sort store.AlertSort, ascending bool) {
	switch heading {
	case store.AlertsToDecide, store.AlertsMoving, store.AlertsToPay:
		return store.AlertsByEnd, true
	}
	return store.AlertsNewest, false
}

// under is the same list under another heading.
func (q alertQuery) under(heading string) alertQuery {
	sort, ascending := naturalOrder(q.heading)
	natural := q.sort == sort && q.ascending == ascending
	q.heading, q.Box, q.Suspicious, q.Blocked = heading, "", false, false
	switch heading {
	case store.AlertsSuspicious:
		q.Suspicious = true
	case store.AlertsBlocked:
		q.Blocked = true
	case allAlerts:
	default:
		q.Box = heading
	}
	if natural {
		q.sort, q.ascending = naturalOrder(heading)
	}
	return q
}

// values is the part of the address that says all of this.
func (q alertQuery) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.query)
	set("amount_from", q.amounts[0])
	set("amount_to", q.amounts[1])
	q.on.write(v, "on")
	if q.heading != store.AlertsToDecide {
		v.Set("box", q.heading)
	}
	if q.Sender != "" {
		v.Set("sender", q.SenderKind+"-"+q.Sender)
	}
	if sort, ascending := naturalOrder(q.heading); sort != q.sort || ascending != q.ascending {
		v.Set("sort", string(q.sort))
		if q.ascending {
			v.Set("dir", "asc")
		}
	}
	return v
}

// href is the address of the list, from a place on.
func (q alertQuery) href(from store.Cursor) string {
	return addressFrom("/alerts", q.values(), from)
}

func (q alertQuery) without(fields ...string) string {
	return addressWithout("/alerts", q.values(), fields...)
}

// sorted is the same list by a column, turned round where it is by that already.
func (q alertQuery) sorted(by store.AlertSort) alertQuery {
	q.ascending = q.sort == by && !q.ascending
	q.sort = by
	return q
}

func (q alertQuery) filtered() bool {
	return q.query != "" || !q.OnFrom.IsZero() || !q.OnTo.IsZero() || q.AmountFrom != nil || q.AmountTo != nil || q.Sender != ""
}

// chips are the filters in use, each with the list without it.
func (q alertQuery) chips(ctx context.Context) (chips []ui.Chip) {
	add := func(name, value string, fields ...string) {
		chips = append(chips, ui.Chip{Name: name, Value: value, Href: q.without(fields...)})
	}
	if span := q.on.words(ctx); span != "" {
		add(text.T(ctx, "alert.arrived_on"), span, "on", "on_from", "on_to")
	}
	if q.amounts != [2]string{} && (q.AmountFrom != nil || q.AmountTo != nil) {
		add(text.T(ctx, "alert.amount"), between(ctx, satangText(q.AmountFrom), satangText(q.AmountTo)), "amount_from", "amount_to")
	}
	if q.Sender != "" {
		add(text.T(ctx, "alert.sender"), maskedProxy(q.SenderKind, q.Sender), "sender")
	}
	return chips
}

func (q alertQuery) filters(ctx context.Context, f *form) templates.AlertFilters {
	kept := q.values()
	for _, field := range []string{"q", "on", "on_from", "on_to", "amount_from", "amount_to"} {
		kept.Del(field)
	}
	return templates.AlertFilters{
		Open: !f.valid(), Kept: kept,
		On:         periodFields(ctx, f, templates.AlertFilterForm, "on", text.T(ctx, "alert.arrived_on"), q.on, thisMonth, lastMonth),
		AmountFrom: templates.Input{Value: q.amounts[0], Error: f.errorOf(ctx, "amount_from")},
		AmountTo:   templates.Input{Value: q.amounts[1], Error: f.errorOf(ctx, "amount_to")},
	}
}

// listAlerts is the inbox: what is to be decided, and what runs out first,
// before all else.
func (a *App) listAlerts(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	at := a.readAlertQuery(f)
	from := readCursor(f, at.sort)
	if err := f.check(); err != nil {
		return err
	}
	filter := store.AlertFilter{AlertSelection: at.AlertSelection, Sort: at.sort, Ascending: at.ascending, From: from, Limit: alertPageSize}
	var page store.AlertPage
	var sums map[string]store.AlertSum
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if page, err = q.Alerts(filter); err != nil {
			return err
		}
		if from.Back && !page.More {
			// Back at the beginning: the first page is a whole one.
			filter.From = store.Cursor{}
			if page, err = q.Alerts(filter); err != nil {
				return err
			}
		}
		sums, err = q.CountAlerts(at.AlertSelection)
		return err
	})
	if err != nil {
		return err
	}
	v := a.alertListView(ctx, u, at, filter, page, sums)
	v.Filters, v.Chips = at.filters(ctx, f), at.chips(ctx)
	v.Frame = a.alertTabs(ctx, u, "/alerts")
	w.Header().Set("HX-Push-Url", at.href(filter.From))
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Part: templates.AlertListPart}, templates.AlertList(v))
}

func (a *App) alertListView(ctx context.Context, u user, at alertQuery, filter store.AlertFilter, page store.AlertPage, sums map[string]store.AlertSum) templates.AlertListView {
	start := store.Cursor{}
	v := templates.AlertListView{
		Heading: at.heading, Query: at.query, Filtered: at.filtered(), Filter: at.values().Encode(), Key: newKey(),
		All:    (alertQuery{}).under(at.heading).href(start),
		MayAct: u.can(store.Maker) && at.heading == store.AlertsToDecide, Suppliers: "/suppliers",
		EndHref: at.sorted(store.AlertsByEnd).href(start), AmountHref: at.sorted(store.AlertsByAmount).href(start), Sort: string(at.sort), Ascending: at.ascending,
	}
	for _, heading := range alertHeadings {
		count := sums[heading]
		if heading == allAlerts {
			count = sums[""]
		}
		if heading == store.AlertsBlocked && count.Number == 0 && at.heading != heading {
			continue
		}
		v.Tabs = append(v.Tabs, ui.Tab{
			Label: text.T(ctx, text.Prefix("alert.box.")+heading), Href: at.under(heading).href(start), Count: countText(count.Number), Current: heading == at.heading,
		})
		if heading == at.heading && count.Number <= store.CountLimit {
			v.Sum, v.HasSum, v.Total = count.SumSatang, count.Number > 0, countText(count.Number)
		}
	}
	for _, alert := range page.Rows {
		v.Rows = append(v.Rows, a.alertRow(ctx, alert))
	}
	if len(page.Rows) == 0 {
		return v
	}
	showing := text.T(ctx, "payment.showing", "n", len(page.Rows), "total", cmp.Or(v.Total, countText(store.CountLimit+1)))
	first, last := page.Rows[0], page.Rows[len(page.Rows)-1]
	v.Pager = turner(showing, at.href, filter.From, page.More, at.sort.Place(first), at.sort.Place(last))
	return v
}

func (a *App) alertRow(ctx context.Context, alert store.Alert) templates.AlertRow {
	row := templates.AlertRow{
		ID: alert.ID.String(), Href: alertHref(alert.ID), Sender: senderName(ctx, alert), Proxy: maskedProxy(alert.SenderKind, alert.SenderValue), Known: alert.Known(),
		Reference: cmp.Or(alert.Reference1, alert.Reference), Amount: alert.AmountSatang, Status: alertStatus(ctx, alert.State), Ends: alert.ExpiresAt,
		Odd: len(alert.Suspicions), Answerable: alert.Answerable(a.Clock()),
	}
	if alert.Reference1 != "" {
		row.Bank = alert.Reference
	}
	if left, ok := a.alertLeft(ctx, alert); ok {
		row.Left = &left
	}
	return row
}

// soonOver is how little time is little.
const soonOver = 24 * time.Hour

// alertLeft is how much time an alert has, where that matters.
func (a *App) alertLeft(ctx context.Context, alert store.Alert) (ui.Status, bool) {
	left := alert.ExpiresAt.Sub(a.Clock())
	switch {
	case alert.Box != store.AlertsToDecide && alert.Box != store.AlertsMoving && alert.Box != store.AlertsToPay:
		return ui.Status{}, false
	case left <= 0:
		return ui.Status{Meaning: ui.Bad, Label: text.T(ctx, "alert.over")}, true
	case left < soonOver:
		return ui.Status{Meaning: ui.Bad, Label: text.T(ctx, "alert.left", "left", text.Duration(ctx, left))}, true
	case left < 3*soonOver:
		return ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "alert.left", "left", text.Duration(ctx, left))}, true
	}
	return ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "alert.left", "left", text.Duration(ctx, left))}, true
}

func alertHref(id store.ID) string { return "/alerts/" + id.String() }

// senderName is what a sender calls itself; some say nothing.
func senderName(ctx context.Context, a store.Alert) string {
	return cmp.Or(a.SenderName, text.T(ctx, "alert.nameless"))
}

// maskedProxy shows as much of a PromptPay id as its kind may show.
func maskedProxy(kind, value string) string {
	return promptpay.ID{Kind: promptpay.Kind(kind), Value: value}.Mask()
}

var alertMeanings = map[string]ui.Meaning{
	store.AlertOpen: ui.Warning, store.AlertSubmitted: ui.Info, store.AlertApproved: ui.Info, store.AlertSending: ui.Info, store.AlertUnknown: ui.Unknown,
	store.AlertReceived: ui.Warning, store.AlertWillPay: ui.Good, store.AlertRefused: ui.Neutral, store.AlertPaid: ui.Good, store.AlertExpired: ui.Neutral,
}

func alertStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: alertMeanings[state], Label: text.T(ctx, text.Prefix("alert.state.")+state)}
}
