package app

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// presentmentPageSize is how many bills a page of the list has.
const presentmentPageSize = 50

// listPresentments shows a page of the bills, by state and by what is searched for.
func (a *App) listPresentments(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	filter := presentmentFilter(f)
	if err := f.check(); err != nil {
		return err
	}
	var page store.PresentmentPage
	var counts map[string]int
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		if page, err = q.Presentments(filter); err != nil {
			return err
		}
		if filter.From.Back && !page.More {
			// Back at the beginning: the first page is a whole one.
			filter.From = store.PresentmentCursor{}
			if page, err = q.Presentments(filter); err != nil {
				return err
			}
		}
		counts, err = q.CountPresentments()
		return err
	})
	if err != nil {
		return err
	}
	at := presentmentPlace{State: filter.State, Query: strings.TrimSpace(f.raw("q"))}
	v := presentmentListView(r.Context(), u, at, filter, page, counts)
	header := ui.Header{Title: text.T(r.Context(), "presentment.title"), Count: countText(countAll(counts))}
	if v.MayMake {
		header.Primary = ui.Button{Label: text.T(r.Context(), "presentment.new"), Emphasis: ui.Primary, Icon: ui.IconPlus, Href: "/presentments/new"}
	}
	w.Header().Set("HX-Push-Url", at.href(filter.From))
	return a.page(w, r, u, shell{Header: header, Area: areaPresentments, Part: templates.PresentmentListPart}, templates.PresentmentList(v))
}

// presentmentFilter reads the filter of the list from its address.
func presentmentFilter(f *form) store.PresentmentFilter {
	filter := store.PresentmentFilter{
		State: f.choice("state", store.PresentmentStates...), Text: searchText(f.raw("q")), Limit: presentmentPageSize,
	}
	after, before := f.raw("after"), f.raw("before")
	if before != "" && filter.Text == "" {
		filter.From, filter.From.Back = presentmentCursor(f, before), true
	} else {
		filter.From = presentmentCursor(f, after)
	}
	return filter
}

// searchText is what a person searched for in the form in which it is stored:
// a tax id without its dashes, Thai as it was cleaned on its way in.
func searchText(typed string) string {
	if id, err := thai.ParseTaxID(typed); err == nil {
		return string(id)
	}
	clean, err := thai.CleanText(typed, 100)
	if err != nil {
		// Nothing stored has what is wrong with this text.
		return typed
	}
	return clean
}

// presentmentCursor reads a place in the list: the day and the id of a bill.
func presentmentCursor(f *form, s string) store.PresentmentCursor {
	if s == "" {
		return store.PresentmentCursor{}
	}
	day, id, _ := strings.Cut(s, "_")
	on, errOn := time.Parse(time.DateOnly, day)
	parsed, errID := uuid.Parse(id)
	if errOn != nil || errID != nil {
		f.broken = &requestError{"no such place in the list"}
	}
	return store.PresentmentCursor{On: on, ID: parsed}
}

func placeOf(r store.PresentmentRow) store.PresentmentCursor {
	return store.PresentmentCursor{On: r.DocumentOn, ID: r.ID}
}

// presentmentPlace is what is chosen on the list. Its address says all of it.
type presentmentPlace struct {
	State string
	Query string
}

func (p presentmentPlace) href(from store.PresentmentCursor) string {
	query := url.Values{}
	if p.State != "" {
		query.Set("state", p.State)
	}
	if p.Query != "" {
		query.Set("q", p.Query)
	}
	if !from.On.IsZero() {
		name := "after"
		if from.Back {
			name = "before"
		}
		query.Set(name, from.On.Format(time.DateOnly)+"_"+from.ID.String())
	}
	if len(query) == 0 {
		return "/presentments"
	}
	return "/presentments?" + query.Encode()
}

func presentmentListView(ctx context.Context, u user, at presentmentPlace, filter store.PresentmentFilter, page store.PresentmentPage, counts map[string]int) templates.PresentmentListView {
	v := templates.PresentmentListView{
		Tabs: presentmentTabs(ctx, at, counts), State: at.State, Query: at.Query,
		All: "/presentments", MayMake: u.can(store.Maker), Pager: presentmentPager(ctx, at, filter, page, counts),
	}
	for _, row := range page.Rows {
		v.Rows = append(v.Rows, templates.PresentmentRow{
			Href: "/presentments/" + row.ID.String(), Status: presentmentStatus(ctx, row.State), Buyer: row.BuyerName, Number: row.DocumentNumber,
			On: row.DocumentOn, Due: row.DueOn, AmountSatang: row.TotalSatang,
		})
	}
	return v
}

// usualStates always have a tab; the others only while a bill is in them.
var usualStates = []string{store.PresentmentDraft, store.PresentmentSubmitted, store.PresentmentPresented}

func presentmentTabs(ctx context.Context, at presentmentPlace, counts map[string]int) []ui.Tab {
	tab := func(state, label string, n int) ui.Tab {
		place := presentmentPlace{State: state, Query: at.Query}
		return ui.Tab{Label: label, Href: place.href(store.PresentmentCursor{}), Count: countText(n), Current: state == at.State}
	}
	tabs := []ui.Tab{tab("", text.T(ctx, "presentment.tab_all"), countAll(counts))}
	for _, state := range store.PresentmentStates {
		if counts[state] == 0 && state != at.State && !slices.Contains(usualStates, state) {
			continue
		}
		tabs = append(tabs, tab(state, presentmentStatus(ctx, state).Label, counts[state]))
	}
	return tabs
}

func presentmentPager(ctx context.Context, at presentmentPlace, filter store.PresentmentFilter, page store.PresentmentPage, counts map[string]int) ui.Pager {
	if len(page.Rows) == 0 {
		return ui.Pager{}
	}
	total := countAll(counts)
	if at.State != "" {
		total = counts[at.State]
	}
	p := ui.Pager{Showing: text.T(ctx, "presentment.showing", "n", len(page.Rows), "total", countText(total))}
	if filter.Text != "" {
		p.Showing = text.T(ctx, "presentment.showing_found", "n", len(page.Rows))
	}
	if page.More || filter.From.Back {
		p.Next = at.href(placeOf(page.Rows[len(page.Rows)-1]))
	}
	if !filter.From.On.IsZero() {
		p.First = at.href(store.PresentmentCursor{})
		// A search only goes forward; the browser goes back.
		if filter.Text == "" {
			first := placeOf(page.Rows[0])
			first.Back = true
			p.Previous = at.href(first)
		}
	}
	return p
}

// countAll adds up counts, of which each may have stopped at the limit.
func countAll(counts map[string]int) int {
	all := 0
	for _, n := range counts {
		all += n
	}
	return all
}

// countText says "1,000+" where counting stopped.
func countText(n int) string {
	if n > store.CountLimit {
		return text.Int(store.CountLimit) + "+"
	}
	return text.Int(int64(n))
}

var presentmentMeanings = map[string]ui.Meaning{
	store.PresentmentDraft: ui.Neutral, store.PresentmentSubmitted: ui.Warning, store.PresentmentApproved: ui.Info,
	store.PresentmentSending: ui.Info, store.PresentmentPresented: ui.Good, store.PresentmentIncomplete: ui.Warning,
	store.PresentmentRefused: ui.Bad, store.PresentmentUnknown: ui.Unknown, store.PresentmentCancelled: ui.Neutral,
}

// presentmentStatus is the badge of a bill's state.
func presentmentStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: presentmentMeanings[state], Label: text.T(ctx, text.Prefix("presentment.state.")+state)}
}
