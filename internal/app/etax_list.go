package app

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"portal/internal/app/etax"
	"portal/internal/app/thai"
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

// listEtax shows tax documents, the newest first.
func (a *App) listEtax(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	kinds := make([]string, 0, len(etax.Kinds()))
	for _, k := range etax.Kinds() {
		kinds = append(kinds, k.Code)
	}
	v := templates.EtaxListView{
		Q: f.raw("q"), From: f.raw("from"), Until: f.raw("until"), State: f.choice("state", store.EtaxStates...), Kind: f.choice("kind", kinds...),
		Kinds: etaxKinds(ctx), MayMake: u.can(store.Maker),
	}
	filter := store.EtaxFilter{State: v.State, Kind: v.Kind, Text: f.text("q", maxLen(100))}
	filter.From, filter.Until = dateOr(f.day("from", a.today())), dateOr(f.day("until", a.today()))
	after, before, id := f.day("after", a.today()), f.day("before", a.today()), f.id("id")
	if err := f.check(); err != nil {
		return err
	}
	status := http.StatusOK
	if !f.valid() {
		status, v.Errors, v.FromBad, v.UntilBad = http.StatusUnprocessableEntity, f.summary(ctx), f.errorOf(ctx, "from"), f.errorOf(ctx, "until")
	}
	if id != store.NoID {
		filter.After, filter.Before = store.EtaxCursor{On: dateOr(after), ID: id}, store.EtaxCursor{On: dateOr(before), ID: id}
	}
	v.Filtered = v.State+v.Kind+v.Q+v.From+v.Until != ""
	var list []store.EtaxRow
	var more bool
	var counts map[string]int
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
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
	v.Tabs = etaxStateTabs(ctx, v.State, counts)
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

// dateOr is the day as the store takes it; no day is no bound.
func dateOr(d thai.Day) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return midnight(d)
}
