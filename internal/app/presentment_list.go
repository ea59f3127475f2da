package app

import (
	"context"
	"net/http"
	"slices"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// presentmentPageSize is how many bills a page of the list has.
const presentmentPageSize = 50

// billList is what a page of the list is made of.
type billList struct {
	listViews
	place   billPlace
	filter  store.PresentmentFilter
	page    store.PresentmentPage
	counts  map[string]int // by state
	sum     store.PresentmentSum
	summed  bool  // sum is true of all that match
	badges  []int // of the views, in their order
	columns []string
}

// listPresentments shows a page of the bills that are filtered, in order.
func (a *App) listPresentments(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	l := billList{place: billPlace{View: f.raw("view"), billQuery: a.readBillQuery(f, u.person.ID)}}
	all := f.flag("sum")
	l.filter = store.PresentmentFilter{
		PresentmentSelection: l.place.PresentmentSelection, Sort: l.place.Sort, Ascending: l.place.Ascending, Limit: presentmentPageSize,
		From: readCursor(f, l.place.Sort),
	}
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error { return a.readBillList(q, u, &l, all) })
	if err != nil {
		return err
	}
	if href, ok := a.opening(l.listViews, r); ok {
		return a.seeOther(w, r, u, href, text.Message{})
	}
	v := a.billListView(ctx, u, f, l)
	status := http.StatusOK
	if !f.valid() {
		status = http.StatusUnprocessableEntity
	}
	header := ui.Header{Title: text.T(ctx, "presentment.title"), Count: countText(countListed(l.counts))}
	if v.MayMake {
		header.Primary = ui.Button{Label: text.T(ctx, "presentment.new"), Emphasis: ui.Primary, Icon: ui.IconPlus, Href: "/presentments/new"}
		header.Actions = append(header.Actions, ui.Button{Label: text.T(ctx, "import.from_file"), Icon: ui.IconUpload, Href: "/imports"},
			ui.Button{Label: text.T(ctx, "form.template.open"), Emphasis: ui.Quiet, Href: "/presentments/templates"})
	}
	w.Header().Set("HX-Push-Url", l.place.href(l.filter.From))
	return a.page(w, r, u, shell{Header: header, Area: areaPresentments, Part: templates.PresentmentListPart, Status: status}, templates.PresentmentList(v))
}

// readBillList reads all that a page shows.
func (a *App) readBillList(q *store.Query, u user, l *billList, all bool) error {
	err := l.place.nameImport(q)
	if err != nil {
		return err
	}
	if err = a.openView(q, u, l); err != nil {
		return err
	}
	l.filter.Wide = wideColumns(l.columns)
	if l.counts, err = q.CountPresentments(); err != nil {
		return err
	}
	if len(l.preferences.Views) > 0 {
		if l.badges, err = q.CountEach(a.selectionsOf(l.preferences.Views, u.person.ID)); err != nil {
			return err
		}
	}
	if l.page, err = q.Presentments(l.filter); err != nil {
		return err
	}
	if l.filter.From.Back && !l.page.More {
		// Back at the beginning: the first page is a whole one.
		l.filter.From = store.Cursor{}
		if l.page, err = q.Presentments(l.filter); err != nil {
			return err
		}
	}
	return l.addUp(q, all)
}

// openView reads the views, with the one that the address names, and the columns.
func (a *App) openView(q *store.Query, u user, l *billList) (err error) {
	l.listViews, err = a.viewsOf(q, u, store.ListOfPresentments, l.place.billQuery.values(), l.place.View)
	l.columns = l.preferences.Columns
	if len(l.view.Columns) > 0 {
		l.columns = l.view.Columns
	}
	l.columns = knownColumns(l.columns)
	return err
}

// addUp counts what matches. What each page counts anyhow is not counted twice,
// and what stops at the limit is added up only when it is asked for.
func (l *billList) addUp(q *store.Query, all bool) error {
	if !all && l.place.isPlain() {
		l.sum.Number = countListed(l.counts)
		if len(l.place.Asked) == 1 {
			l.sum.Number = l.counts[l.place.Asked[0]]
		}
		return nil
	}
	var err error
	l.sum, err = q.CountSelected(l.filter.PresentmentSelection, all)
	l.summed = all || l.sum.Number <= store.CountLimit
	return err
}

// isPlain reports whether no more than one state restricts the list.
func (p billPlace) isPlain() bool {
	rest := p.billQuery
	rest.Asked, rest.Sort, rest.Ascending = nil, store.SortByDate, false
	return len(p.Asked) <= 1 && len(rest.values()) == 0
}

func (a *App) selectionsOf(views []store.ListView, me store.ID) []store.PresentmentSelection {
	all := make([]store.PresentmentSelection, len(views))
	for n, v := range views {
		all[n] = a.queryOf(v.Query, me).PresentmentSelection
	}
	return all
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

func (a *App) billListView(ctx context.Context, u user, f *form, l billList) templates.PresentmentListView {
	v := templates.PresentmentListView{
		Tabs: a.presentmentTabs(ctx, l), Query: l.place.Query, Chips: l.place.chips(ctx), All: l.bare(), MayMake: u.can(store.Maker), MayDecide: u.can(store.Checker),
		Pager: presentmentPager(ctx, l), Filters: billFilters(ctx, f, l.place), Cols: billCols(ctx, l), Key: newKey(),
		Hidden: l.place.values(), Views: viewPanel(ctx, u, l), Export: addressOf("/presentments/export", l.place.values()),
	}
	v.Discarded = slices.Equal(l.place.Asked, []string{store.PresentmentDiscarded})
	v.Receiptable = len(l.place.Decided) > 0 && !slices.ContainsFunc(l.place.Decided, func(d string) bool { return d != store.BuyerPaid && d != store.BuyerAccepted })
	v.Filtered = !l.place.isPlain() || len(l.place.Asked) > 0
	columns := columnsNamed(l.columns)
	v.Rows = make([]templates.PresentmentRow, 0, len(l.page.Rows))
	for _, row := range l.page.Rows {
		v.PageSatang += row.TotalSatang
		v.Rows = append(v.Rows, billRow(ctx, columns, row))
	}
	v.Total, v.Summed, v.SumSatang = l.sum.Number, l.summed, l.sum.SumSatang
	v.TotalText = countText(l.sum.Number)
	if !l.summed && len(l.page.Rows) > 0 && !l.page.More && l.filter.From.ID == store.NoID {
		v.Summed, v.SumSatang = true, v.PageSatang
	}
	if !v.Summed {
		values := l.place.values()
		values.Set("sum", "1")
		v.SumHref = addressOf("/presentments", values)
	}
	v.MaxAll = store.CountLimit
	if l.summed {
		v.MaxAll = store.MaxBatch
	}
	return v
}

// usualStates always have a tab; the others only while a bill is in them.
var usualStates = []string{store.PresentmentDraft, store.PresentmentSubmitted, store.PresentmentPresented}

func (a *App) presentmentTabs(ctx context.Context, l billList) []ui.Tab {
	viewing := l.view.ID != store.NoID
	tab := func(state, label string, n int) ui.Tab {
		place := l.place
		place.View, place.Asked = "", nil
		current := len(l.place.Asked) == 0
		if viewing {
			place = billPlace{billQuery: billQuery{Sort: store.SortByDate}}
		}
		if state != "" {
			place.Asked = []string{state}
			current = slices.Equal(l.place.Asked, place.Asked)
		}
		href := place.href(store.Cursor{})
		if href == "/presentments" {
			href = l.bare()
		}
		return ui.Tab{Label: label, Href: href, Count: countText(n), Current: current && !viewing}
	}
	tabs := []ui.Tab{tab("", text.T(ctx, "presentment.tab_all"), countListed(l.counts))}
	for _, state := range store.PresentmentStates {
		asked, usual := slices.Contains(l.place.Asked, state), slices.Contains(usualStates, state)
		if !asked && !usual && (l.counts[state] == 0 || state == store.PresentmentDiscarded) {
			continue
		}
		tabs = append(tabs, tab(state, presentmentStatus(ctx, state).Label, l.counts[state]))
	}
	for n, v := range l.preferences.Views {
		tabs = append(tabs, ui.Tab{Label: v.Name, Href: a.viewHref(v), Count: countUpTo(store.ViewLimit, l.badges[n]), Current: v.ID == l.view.ID})
	}
	return tabs
}

func presentmentPager(ctx context.Context, l billList) ui.Pager {
	rows := l.page.Rows
	if len(rows) == 0 {
		return ui.Pager{}
	}
	showing := text.T(ctx, "presentment.showing", "n", len(rows), "total", countText(l.sum.Number))
	first, last := l.place.Sort.Place(rows[0]), l.place.Sort.Place(rows[len(rows)-1])
	return turner(showing, l.place.href, l.filter.From, l.page.More, first, last)
}

// countListed is how many bills a list shows that is not asked for others.
func countListed(counts map[string]int) int {
	return countAll(counts) - counts[store.PresentmentDiscarded]
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
func countText(n int) string { return countUpTo(store.CountLimit, n) }

func countUpTo(limit, n int) string {
	if n > limit {
		return text.Int(int64(limit)) + "+"
	}
	return text.Int(int64(n))
}

var presentmentMeanings = map[string]ui.Meaning{
	store.PresentmentDraft: ui.Neutral, store.PresentmentSubmitted: ui.Warning, store.PresentmentApproved: ui.Info,
	store.PresentmentSending: ui.Info, store.PresentmentPresented: ui.Good, store.PresentmentIncomplete: ui.Warning,
	store.PresentmentRefused: ui.Bad, store.PresentmentUnknown: ui.Unknown, store.PresentmentCancelled: ui.Neutral,
	store.PresentmentReplaced: ui.Neutral, store.PresentmentDiscarded: ui.Neutral,
}

// presentmentStatus is the badge of a bill's state.
func presentmentStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: presentmentMeanings[state], Label: text.T(ctx, text.Prefix("presentment.state.")+state)}
}
