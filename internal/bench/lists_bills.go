package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portal/internal/store"
)

// order is one of the orders of the list of bills.
type order struct {
	sort      store.PresentmentSort
	ascending bool
}

func (o order) String() string {
	if o.ascending {
		return string(o.sort) + " ascending"
	}
	return string(o.sort) + " descending"
}

// orders are all that the list offers.
func orders() (all []order) {
	for _, s := range store.PresentmentSorts {
		all = append(all, order{s, false}, order{s, true})
	}
	return all
}

// selection is a filter of the list, by a name for people.
type selection struct {
	name string
	store.PresentmentSelection
}

func (s selection) page(o order, from store.Cursor) store.PresentmentFilter {
	return store.PresentmentFilter{PresentmentSelection: s.PresentmentSelection, Sort: o.sort, Ascending: o.ascending, From: from, Limit: pageRows}
}

func (s selection) reader(o order, from store.Cursor) func(*store.Query) (int, error) {
	return func(q *store.Query) (int, error) {
		page, err := q.Presentments(s.page(o, from))
		return len(page.Rows), err
	}
}

// billLists are the list of bills in all its orders, and by state.
func (l *lister) billLists(ctx context.Context) (all []list, err error) {
	add := func(name string, s selection, o order) error {
		last, err := l.lastPlace(ctx, s, o)
		all = append(all, list{name, l.actor, s.reader(o, store.Cursor{}), s.reader(o, last)})
		return err
	}
	for _, o := range orders() {
		if err := add("bills by "+o.String(), selection{}, o); err != nil {
			return nil, err
		}
	}
	for _, state := range []string{store.PresentmentPresented, store.PresentmentRefused} {
		if err := add("bills "+state, selection{"", store.PresentmentSelection{States: []string{state}}}, order{store.SortByDate, false}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// lastPlace is the place before the last page of a list, found from its other
// end. A list of less than a page ends where it begins.
func (l *lister) lastPlace(ctx context.Context, s selection, o order) (at store.Cursor, err error) {
	err = l.web.Read(ctx, l.actor, func(q *store.Query) error {
		f := s.page(order{o.sort, !o.ascending}, store.Cursor{})
		f.Limit++
		page, err := q.Presentments(f)
		if err == nil && len(page.Rows) == f.Limit {
			at = o.sort.Place(page.Rows[pageRows])
		}
		return err
	})
	if err != nil {
		return at, fmt.Errorf("find the end of %s: %w", s.name, err)
	}
	return at, nil
}

// settled are the states of bills that nobody owes.
var settled = []string{store.PresentmentDraft, store.PresentmentRefused, store.PresentmentCancelled, store.PresentmentReplaced, store.PresentmentDiscarded}

// selections are every filter that the list offers, where it is kind to a
// plan and where it is not.
func (l *lister) selections(ctx context.Context) ([]selection, error) {
	today := l.Clock().UTC().Truncate(24 * time.Hour)
	// The busiest buyers have bills by the thousand, the least ones a few.
	taxIDs, err := column[string](ctx, l.super, `
		SELECT buyer_tax_id FROM (SELECT buyer_tax_id, count(*) AS n FROM presentments WHERE merchant_id = $1 GROUP BY 1) b
		WHERE n > $2 ORDER BY n DESC`, l.world.merchant, pageRows)
	if err != nil {
		return nil, fmt.Errorf("find buyers: %w", err)
	}
	of := func(name string, s store.PresentmentSelection) selection { return selection{name, s} }
	owed := slices.DeleteFunc(slices.Clone(store.ListedStates), func(s string) bool { return slices.Contains(settled, s) })
	days := func(n int) time.Time { return today.AddDate(0, 0, n) }
	return []selection{
		of("bills presented", store.PresentmentSelection{States: []string{store.PresentmentPresented}}),
		of("bills refused", store.PresentmentSelection{States: []string{store.PresentmentRefused}}),
		of("bills with a fault", store.PresentmentSelection{States: []string{store.PresentmentIncomplete, store.PresentmentRefused, store.PresentmentUnknown}}),
		of("bills of the busiest buyer", store.PresentmentSelection{TaxID: taxIDs[0]}),
		of("bills of a small buyer", store.PresentmentSelection{TaxID: taxIDs[len(taxIDs)-1]}),
		of("bills of a month", store.PresentmentSelection{OnFrom: days(-40), OnTo: days(-10)}),
		of("bills of a month two years ago", store.PresentmentSelection{OnFrom: days(-760), OnTo: days(-730)}),
		of("bills due within a week", store.PresentmentSelection{DueFrom: today, DueTo: days(7)}),
		of("bills overdue and unpaid", store.PresentmentSelection{States: owed, DueTo: days(-1), Unpaid: true}),
		of("bills of 1,000 to 2,000 baht", store.PresentmentSelection{AmountFrom: new(int64(100_000)), AmountTo: new(int64(200_000))}),
		of("bills of 900,000 baht or more", store.PresentmentSelection{AmountFrom: new(int64(90_000_000))}),
		of("bills that one of two made", store.PresentmentSelection{MadeBy: l.world.helper}),
		of("bills of an import", store.PresentmentSelection{Import: l.world.merchant}),
		of("bills paid", store.PresentmentSelection{Decided: []string{store.BuyerPaid}}),
		of("bills disputed", store.PresentmentSelection{Decided: []string{store.BuyerDisputed}}),
		of("bills unpaid", store.PresentmentSelection{Unpaid: true}),
		of("bills found by a name", store.PresentmentSelection{Text: "สมชาย ใจดี"}),
		of("bills refused, of a month two years ago", store.PresentmentSelection{States: []string{store.PresentmentRefused}, OnFrom: days(-760), OnTo: days(-730)}),
		of("bills disputed, of 900,000 baht or more", store.PresentmentSelection{Decided: []string{store.BuyerDisputed}, AmountFrom: new(int64(90_000_000))}),
	}, nil
}

// filtered reads the first and the last page of every filter in every order.
// Which page is the worst depends on how filter and order fit together, so the
// worst is what is told.
func (l *lister) filtered(ctx context.Context) ([]Row, error) {
	selections, err := l.selections(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, s := range selections {
		var worst, usual string
		m, err := l.rounds(ctx, subject{s.name + ", in all orders", func(ctx context.Context) (r result, err error) {
			r, worst, usual, err = l.worstPage(ctx, s)
			return r, err
		}})
		if err != nil {
			return rows, err
		}
		slow := m.median(func(n int) float64 { return m[0][n].P50.Seconds() * 1000 })
		rows = append(rows, Row{
			Goal: 6, What: s.name + ": the slowest page of any order, ms", Got: latency(m.typical(0).result) + ", " + worst, Against: "of 24 pages the median one " + usual,
		}.judged(slow, atMost(slowPage.Seconds()*1000)).calm(m.disturbed(0)))
	}
	return rows, nil
}

// worstPage reads both ends of a list in all its orders.
func (l *lister) worstPage(ctx context.Context, s selection) (r result, worst, usual string, err error) {
	all := orders()
	medians := make([]time.Duration, 0, 2*len(all))
	for _, o := range all {
		last, err := l.lastPlace(ctx, s, o)
		if err != nil {
			return r, "", "", err
		}
		for name, from := range map[string]store.Cursor{"first": {}, "last": last} {
			read := s.reader(o, from)
			one, err := repeat(ctx, l.Clock, l.long/50, 5, func() error {
				return l.web.Read(ctx, l.actor, func(q *store.Query) error { _, err := read(q); return err })
			})
			if err != nil {
				return r, "", "", fmt.Errorf("%s by %s: %w", s.name, o, err)
			}
			if medians = append(medians, one.P50); one.P50 > r.P50 {
				r, worst = one, name+" page by "+o.String()
			}
		}
	}
	slices.Sort(medians)
	return r, worst, millis(medians[len(medians)/2]) + " ms", ctx.Err()
}
