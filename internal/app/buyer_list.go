package app

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// buyerPageSize is how many buyers a page of the list has.
const buyerPageSize = 50

// listBuyers shows a page of the buyers, by state and by what is searched for.
func (a *App) listBuyers(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	filter := buyerFilter(f)
	if err := f.check(); err != nil {
		return err
	}
	var page store.BuyerPage
	var counts map[string]int
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if page, err = q.Buyers(filter); err != nil {
			return err
		}
		if filter.From.Back && !page.More {
			// Back at the beginning: the first page is a whole one.
			filter.From = store.BuyerCursor{}
			if page, err = q.Buyers(filter); err != nil {
				return err
			}
		}
		counts, err = q.CountBuyers()
		return err
	})
	if err != nil {
		return err
	}
	at := buyerPlace{State: filter.State, Query: strings.TrimSpace(f.raw("q"))}
	v := buyerListView(ctx, u, at, filter, page, counts)
	header := ui.Header{Title: text.T(ctx, "buyer.title"), Count: countText(counts[store.BuyerActive])}
	if v.MayMake {
		header.Primary = ui.Button{Label: text.T(ctx, "buyer.new"), Emphasis: ui.Primary, Icon: ui.IconPlus, Href: "/buyers/new"}
		header.Actions = append(header.Actions, ui.Button{Label: text.T(ctx, "import.from_file"), Icon: ui.IconUpload, Href: "/imports/new?kind=buyers"})
	}
	w.Header().Set("HX-Push-Url", at.href(filter.From))
	return a.page(w, r, u, shell{Header: header, Area: areaBuyers, Part: templates.BuyerListPart}, templates.BuyerList(v))
}

// buyerFilter reads the filter of the list from its address.
func buyerFilter(f *form) store.BuyerFilter {
	filter := store.BuyerFilter{
		State: cmp.Or(f.choice("state", store.BuyerStates...), store.BuyerActive), Text: strings.TrimSpace(f.raw("q")), Limit: buyerPageSize,
	}
	after, before := f.raw("after"), f.raw("before")
	if before != "" && filter.Text == "" {
		filter.From, filter.From.Back = buyerCursor(f, before), true
	} else {
		filter.From = buyerCursor(f, after)
	}
	return filter
}

// buyerCursor reads a place in the list: how the name of a buyer sorts, and
// its id.
func buyerCursor(f *form, s string) store.BuyerCursor {
	if s == "" {
		return store.BuyerCursor{}
	}
	at := strings.LastIndexByte(s, '_')
	id, err := uuid.Parse(s[at+1:])
	if at < 0 || err != nil {
		f.broken = &requestError{"no such place in the list"}
		return store.BuyerCursor{}
	}
	return store.BuyerCursor{SortName: s[:at], ID: id}
}

// buyerPlace is what is chosen on the list. Its address says all of it.
type buyerPlace struct {
	State string
	Query string
}

func (p buyerPlace) href(from store.BuyerCursor) string {
	query := url.Values{}
	if p.State != store.BuyerActive {
		query.Set("state", p.State)
	}
	if p.Query != "" {
		query.Set("q", p.Query)
	}
	if from.ID != store.NoID {
		name := "after"
		if from.Back {
			name = "before"
		}
		query.Set(name, from.SortName+"_"+from.ID.String())
	}
	return addressOf("/buyers", query)
}

func buyerListView(ctx context.Context, u user, at buyerPlace, filter store.BuyerFilter, page store.BuyerPage, counts map[string]int) templates.BuyerListView {
	v := templates.BuyerListView{
		State: at.State, Archived: at.State == store.BuyerArchived, Query: at.Query, All: buyerPlace{State: at.State}.href(store.BuyerCursor{}),
		MayMake: u.can(store.Maker), Pager: buyerPager(ctx, at, filter, page, counts),
	}
	for _, state := range store.BuyerStates {
		v.Tabs = append(v.Tabs, ui.Tab{
			Label: text.T(ctx, text.Prefix("buyer.state.")+state), Href: buyerPlace{State: state, Query: at.Query}.href(store.BuyerCursor{}),
			Count: countText(counts[state]), Current: state == at.State,
		})
	}
	for _, b := range page.Rows {
		v.Rows = append(v.Rows, buyerRow(ctx, b))
	}
	return v
}

func buyerRow(ctx context.Context, b store.Buyer) templates.BuyerRow {
	row := templates.BuyerRow{
		Href: buyerHref(b.ID), Name: b.Name, NameEN: b.NameEN, TaxID: thai.TaxID(b.TaxID).Grouped(), Branch: branchName(ctx, b.Branch),
		Contact: strings.Join(nonEmpty(b.Contact, b.Phone, b.Email), " · "),
	}
	if b.TermsDays != nil {
		row.Terms = text.N(ctx, "buyer.days", *b.TermsDays)
	}
	return row
}

func buyerHref(id store.ID) string { return "/buyers/" + id.String() }

// branchName says head office, or which branch.
func branchName(ctx context.Context, branch string) string {
	if thai.Branch(branch) == thai.HeadOffice {
		return text.T(ctx, "presentment.head_office")
	}
	return text.T(ctx, "presentment.branch_number", "number", branch)
}

func nonEmpty(all ...string) []string {
	var kept []string
	for _, s := range all {
		if s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

func buyerPager(ctx context.Context, at buyerPlace, filter store.BuyerFilter, page store.BuyerPage, counts map[string]int) ui.Pager {
	if len(page.Rows) == 0 {
		return ui.Pager{}
	}
	place := func(b store.Buyer) store.BuyerCursor { return store.BuyerCursor{SortName: b.SortName, ID: b.ID} }
	p := ui.Pager{Showing: text.T(ctx, "buyer.showing", "n", len(page.Rows), "total", countText(counts[at.State]))}
	if filter.Text != "" {
		p.Showing = text.T(ctx, "buyer.showing_found", "n", len(page.Rows))
	}
	if page.More || filter.From.Back {
		p.Next = at.href(place(page.Rows[len(page.Rows)-1]))
	}
	if filter.From.ID != store.NoID {
		p.First = at.href(store.BuyerCursor{})
		// A search only goes forward; the browser goes back.
		if filter.Text == "" {
			first := place(page.Rows[0])
			first.Back = true
			p.Previous = at.href(first)
		}
	}
	return p
}
