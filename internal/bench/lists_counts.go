package bench

import (
	"context"
	"errors"

	"portal/internal/store"
)

// counts compares a list with the same list and what a page counts beside it:
// goal 8.
func (l *lister) counts(ctx context.Context) (rows []Row, err error) {
	list := func(s store.PresentmentSelection) func(*store.Query) error {
		return func(q *store.Query) error {
			_, err := q.Presentments(store.PresentmentFilter{PresentmentSelection: s, Limit: pageRows})
			return err
		}
	}
	plain := list(store.PresentmentSelection{})
	both := func(list, count func(*store.Query) error) func(*store.Query) error {
		return func(q *store.Query) error { return errors.Join(count(q), list(q)) }
	}
	selections, err := l.selections(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]store.PresentmentSelection, 0, 5)
	for _, s := range selections[2:7] {
		views = append(views, s.PresentmentSelection)
	}
	subjects := []subject{
		l.ask("list alone", plain),
		l.ask("list with its counts", both(plain, func(q *store.Query) error { _, err := q.CountPresentments(); return err })),
		l.ask("list with the frame's counts", both(plain, func(q *store.Query) error { _, err := q.FrameCounts(); return err })),
		l.ask("list with the counts of five views", both(plain, func(q *store.Query) error { _, err := q.CountEach(views); return err })),
	}
	what := []string{"", "list with its counts by state", "list with the counts of the frame", "list with the counts of five views"}
	for _, s := range selections {
		alone := list(s.PresentmentSelection)
		subjects = append(subjects, l.ask(s.name, alone), l.ask(s.name+" with their number", both(alone, func(q *store.Query) error {
			_, err := q.CountSelected(s.PresentmentSelection, false)
			return err
		})))
	}
	m, err := l.rounds(ctx, subjects...)
	if err != nil {
		return nil, err
	}
	row := func(what string, with, without int) Row {
		return Row{Goal: 8, What: what, Got: latency(m.typical(with).result), Against: "alone " + latency(m.typical(without).result)}.
			judged(m.ratio(with, without, p50Of), atMost(1.10)).calm(m.disturbed(with, without))
	}
	for i := 1; i < len(what); i++ {
		rows = append(rows, row(what[i], i, 0))
	}
	for n, s := range selections {
		i := len(what) + 2*n
		rows = append(rows, row(s.name+" with their number", i+1, i))
	}
	return rows, nil
}
