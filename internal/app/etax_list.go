package app

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"portal/internal/app/etax"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

var etaxMeanings = map[string]ui.Meaning{
	store.EtaxDraft: ui.Neutral, store.EtaxSubmitted: ui.Info, store.EtaxApproved: ui.Info, store.EtaxSending: ui.Info, store.EtaxAccepted: ui.Info,
	store.EtaxGenerated: ui.Info, store.EtaxSigned: ui.Info, store.EtaxDelivered: ui.Good, store.EtaxFiled: ui.Good, store.EtaxAcknowledged: ui.Good,
	store.EtaxFailed: ui.Bad, store.EtaxRefused: ui.Bad, store.EtaxUnknown: ui.Unknown, store.EtaxDiscarded: ui.Neutral,
}

// etaxStatus is the badge of a document's state.
func etaxStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: etaxMeanings[state], Label: text.T(ctx, text.Prefix("etax.state.")+state)}
}

// etaxTabs are the states by which the list is asked for most.
var etaxTabs = []string{store.EtaxDraft, store.EtaxSubmitted, store.EtaxFiled, store.EtaxAcknowledged, store.EtaxFailed, store.EtaxRefused, store.EtaxUnknown}

// etaxQuery is what is chosen on the list of tax documents.
type etaxQuery struct {
	store.EtaxFilter
	from, until string // as they were typed
}

// readEtaxQuery reads the list's address.
func (a *App) readEtaxQuery(f *form) etaxQuery {
	kinds := make([]string, 0, len(etax.Kinds()))
	for _, k := range etax.Kinds() {
		kinds = append(kinds, k.Code)
	}
	q := etaxQuery{from: f.raw("from"), until: f.raw("until")}
	q.State, q.Kind, q.Text = f.choice("state", store.EtaxStates...), f.choice("kind", kinds...), f.text("q", maxLen(100))
	q.From, q.Until = midnight(f.day("from", a.today())), midnight(f.day("until", a.today()))
	return q
}

// values is the part of the address that says all of this.
func (q etaxQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"q": q.Text, "state": q.State, "kind": q.Kind, "from": q.from, "until": q.until} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// listEtax shows tax documents, the newest first.
func (a *App) listEtax(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	query, view := a.readEtaxQuery(f), f.raw("view")
	filter := query.EtaxFilter
	after, before, id := f.day("after", a.today()), f.day("before", a.today()), f.id("id")
	if err := f.check(); err != nil {
		return err
	}
	v := templates.EtaxListView{
		Q: f.raw("q"), From: query.from, Until: query.until, State: query.State, Kind: query.Kind, View: view, Kinds: etaxKinds(ctx), MayMake: u.can(store.Maker),
		Filter: query.values().Encode(), Filtered: len(query.values()) > 0,
	}
	status := http.StatusOK
	if !f.valid() {
		status, v.Errors, v.FromBad, v.UntilBad = http.StatusUnprocessableEntity, f.summary(ctx), f.errorOf(ctx, "from"), f.errorOf(ctx, "until")
	}
	if id != store.NoID {
		filter.After, filter.Before = store.EtaxCursor{On: midnight(after), ID: id}, store.EtaxCursor{On: midnight(before), ID: id}
	}
	var list []store.EtaxRow
	var more bool
	var counts map[string]int
	var views listViews
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if views, err = a.viewsOf(q, u, store.ListOfEtax, query.values(), view); err != nil {
			return err
		}
		if f.valid() {
			if list, more, err = q.EtaxDocuments(filter, pageRows); err != nil {
				return err
			}
		}
		counts, err = q.CountEtax()
		return err
	})
	if err != nil {
		return err
	}
	if href, ok := a.opening(views, r); ok {
		return a.seeOther(w, r, u, href, text.Message{})
	}
	v.Tabs, v.Views, v.All = a.viewTabs(views, etaxStateTabs(ctx, v.State, counts)), views.panel(u), views.bare()
	for _, e := range list {
		v.Rows = append(v.Rows, templates.EtaxListRow{
			Href: "/etax/" + e.ID.String(), Number: e.Number, Kind: etaxKindName(ctx, e.Kind), Buyer: e.BuyerName, On: e.IssuedOn, AmountSatang: e.TotalSatang,
			Status: etaxStatus(ctx, e.State), Since: e.StateSince,
		})
	}
	v.Pager = etaxPager(r.URL.Query(), list, more, filter)
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaEtax, Status: status, Part: templates.EtaxListPart}, templates.EtaxList(v))
}

func etaxStateTabs(ctx context.Context, current string, counts map[string]int) []ui.Tab {
	all := 0
	for state, n := range counts {
		if state != store.EtaxDiscarded {
			all += n
		}
	}
	tabs := []ui.Tab{{Label: text.T(ctx, "etax.all"), Href: "/etax", Count: countText(all), Current: current == ""}}
	for _, state := range etaxTabs {
		tabs = append(tabs, ui.Tab{Label: etaxStatus(ctx, state).Label, Href: "/etax?state=" + state, Count: countText(counts[state]), Current: state == current})
	}
	return tabs
}

// etaxPager leads to the pages before and after this one, with the same filter.
func etaxPager(query url.Values, list []store.EtaxRow, more bool, f store.EtaxFilter) (p ui.Pager) {
	back := !f.Before.On.IsZero()
	at := func(name string, e store.EtaxRow) string {
		for _, n := range []string{"after", "before", "id"} {
			query.Del(n)
		}
		query.Set(name, e.IssuedOn.Format(time.DateOnly))
		query.Set("id", e.ID.String())
		return "/etax?" + query.Encode()
	}
	if len(list) == 0 {
		return p
	}
	if more && !back || back {
		p.Next = at("after", list[len(list)-1])
	}
	if !f.After.On.IsZero() || back && more {
		p.Previous = at("before", list[0])
	}
	return p
}
