package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"portal/internal/store"
)

// lists measures what must not grow with the number of rows: goals 6 to 8. It
// asks the store as the web role does, row-level security and transaction
// included, one question at a time.
func (b *bench) lists(ctx context.Context) (rows []Row, err error) {
	dsn, w, err := b.bills(ctx, b.Many)
	if err != nil {
		return nil, err
	}
	web, err := store.Open(ctx, dsn, store.Web, store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, web.Close()) }()
	super, err := openSuper(dsn, 2)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	l := &lister{b, web, super, store.Actor{Merchant: w.merchant, Person: w.checker}}
	for _, part := range []struct {
		goal int
		run  func(context.Context) ([]Row, error)
	}{{6, l.flat}, {7, l.search}, {8, l.counts}} {
		if !b.wants([]int{part.goal}) {
			continue
		}
		more, err := part.run(ctx)
		if err != nil {
			return rows, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

type lister struct {
	*bench
	web   *store.Store
	super *sql.DB
	actor store.Actor
}

// ask repeats a read and takes the time of each.
func (l *lister) ask(name string, read func(*store.Query) error) subject {
	return subject{name, func(ctx context.Context) (result, error) {
		return repeat(ctx, l.Clock, l.long/4, func() error { return l.web.Read(ctx, l.actor, read) })
	}}
}

// repeat does something one at a time for so long, twenty times at least.
func repeat(ctx context.Context, now func() time.Time, long time.Duration, do func() error) (result, error) {
	var h histogram
	began := now()
	for at := began; (at.Sub(began) < long || h.n < 20) && ctx.Err() == nil; {
		if err := do(); err != nil {
			return result{}, err
		}
		done := now()
		h.add(done.Sub(at))
		at = done
	}
	return result{Rate: float64(h.n) / now().Sub(began).Seconds(), P50: h.quantile(0.5), P99: h.quantile(0.99)}, ctx.Err()
}

// list is one list of the product with the places of its ends.
type list struct {
	name        string
	first, last func(*store.Query) (rows int, err error)
}

const pageRows = 50

// slowPage is more than any page takes that reads its own rows only.
const slowPage = 20 * time.Millisecond

func (l *lister) flat(ctx context.Context) ([]Row, error) {
	all, err := l.allLists(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, list := range all {
		got := func(f func(*store.Query) (int, error)) func(*store.Query) error {
			return func(q *store.Query) error {
				n, err := f(q)
				if err == nil && n != pageRows {
					return fmt.Errorf("a page of %s has %d rows, want %d", list.name, n, pageRows)
				}
				return err
			}
		}
		m, err := l.rounds(ctx, l.ask(list.name+", first page", got(list.first)), l.ask(list.name+", last page", got(list.last)))
		if err != nil {
			return rows, err
		}
		row := Row{
			Goal: 6, What: "last page of " + list.name, Got: latency(m.typical(1).result), Against: "first page " + latency(m.typical(0).result),
		}.judged(m.ratio(1, 0, p50Of), atMost(1.2)).calm(m.disturbed(0, 1))
		if first := m.typical(0).P50; first > slowPage {
			// A slow first page makes any last one look good.
			row.Verdict = missed
			row.note("the first page itself takes " + millis(first) + " ms, so the ratio says nothing")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// place is a row's time and id, from which a page goes on.
type place struct {
	at time.Time
	id store.ID
}

func (l *lister) allLists(ctx context.Context) ([]list, error) {
	bills := func(f store.PresentmentFilter) func(*store.Query) (int, error) {
		f.Limit = pageRows
		return func(q *store.Query) (int, error) {
			page, err := q.Presentments(f)
			return len(page.Rows), err
		}
	}
	billList := func(name string, f store.PresentmentFilter, where string) (list, error) {
		last := f
		p, err := l.end(ctx, `SELECT document_on, id FROM presentments WHERE merchant_id = $1 AND `+where+` ORDER BY document_on, id`)
		last.From = store.PresentmentCursor{Place: p.at.Format(time.DateOnly), ID: p.id}
		return list{name, bills(f), bills(last)}, err
	}
	everything, err1 := billList("bills", store.PresentmentFilter{}, "true")
	usual, err2 := billList("bills presented", store.PresentmentFilter{PresentmentSelection: store.PresentmentSelection{States: []string{store.PresentmentPresented}}}, "state = 'presented'")
	rare, err3 := billList("bills refused", store.PresentmentFilter{PresentmentSelection: store.PresentmentSelection{States: []string{store.PresentmentRefused}}}, "state = 'refused'")
	found, err4 := billList("bills found by a name", store.PresentmentFilter{PresentmentSelection: store.PresentmentSelection{Text: "สมชาย ใจดี"}}, "buyer_name LIKE '%สมชาย ใจดี%'")

	finished := func(from store.InstructionCursor) func(*store.Query) (int, error) {
		return func(q *store.Query) (int, error) {
			page, err := q.Finished(from, pageRows)
			return len(page.Rows), err
		}
	}
	waiting := func(from store.InstructionCursor) func(*store.Query) (int, error) {
		return func(q *store.Query) (int, error) {
			page, err := q.Waiting(true, from, pageRows)
			return len(page.Rows), err
		}
	}
	leaves := func(f store.LeafFilter) func(*store.Query) (int, error) {
		f.Limit = pageRows
		return func(q *store.Query) (int, error) {
			rows, err := q.Leaves(f)
			return len(rows), err
		}
	}
	decided, err5 := l.end(ctx, `SELECT state_since, id FROM instructions WHERE merchant_id = $1 AND part = 0 AND state <> 'pending' ORDER BY state_since, id`)
	open, err6 := l.end(ctx, `SELECT submitted_at, id FROM instructions WHERE merchant_id = $1 AND part = 0 AND state = 'pending' ORDER BY submitted_at DESC, id DESC`)
	trail, err7 := l.end(ctx, `SELECT at, id FROM audit_leaves WHERE merchant_id = $1 ORDER BY at, id`)
	person, err8 := l.person(ctx)
	byPerson, err9 := l.end(ctx, `SELECT at, id FROM audit_leaves WHERE merchant_id = $1 AND person_id = $2 ORDER BY at, id`, person)
	return []list{
		everything, usual, rare, found,
		{"approvals waiting", waiting(store.InstructionCursor{}), waiting(store.InstructionCursor{At: open.at, ID: open.id})},
		{"approvals decided", finished(store.InstructionCursor{}), finished(store.InstructionCursor{At: decided.at, ID: decided.id})},
		{"the trail", leaves(store.LeafFilter{}), leaves(store.LeafFilter{Before: store.LeafCursor{At: trail.at, ID: trail.id}})},
		{"the trail of a person", leaves(store.LeafFilter{Person: person}),
			leaves(store.LeafFilter{Person: person, Before: store.LeafCursor{At: byPerson.at, ID: byPerson.id}})},
		{"the trail of an action", leaves(store.LeafFilter{Action: "presentment."}),
			leaves(store.LeafFilter{Action: "presentment.", Before: store.LeafCursor{At: trail.at, ID: trail.id}})},
	}, errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9)
}

// end finds the row after which exactly a page is left.
func (l *lister) end(ctx context.Context, query string, args ...any) (p place, err error) {
	args = append([]any{l.actor.Merchant}, args...)
	if err = l.super.QueryRowContext(ctx, query+fmt.Sprintf(" OFFSET %d LIMIT 1", pageRows), args...).Scan(&p.at, &p.id); err != nil {
		return p, fmt.Errorf("find the end of a list: %w", err)
	}
	return p, nil
}

func (l *lister) person(ctx context.Context) (id store.ID, err error) {
	err = l.super.QueryRowContext(ctx, `SELECT person_id FROM audit_leaves WHERE merchant_id = $1 AND action = 'presentment.drafted' LIMIT 1`, l.actor.Merchant).Scan(&id)
	return id, err
}

// searchTerms are what people look for, from the rarest to the commonest. A
// name whose bills are all old, and one that nobody has, are the worst for a
// plan that walks the newest rows.
var searchTerms = []struct {
	name, text string
	rare       bool
}{
	{"a document number", "INV-000000777", true},
	{"nothing, Latin", "qwxzjk", true},
	{"nothing, Thai", "ฮฮฮฌฌฌ", true},
	{"two Thai words", "สมชาย ใจดี", false},
	{"a Thai surname", "รุ่งเรือง", false},
	{"a common Thai word", "ค่าบริการ", false},
	{"an English word", "Trading", false},
	{"three Thai characters", "จำก", false},
	{"three digits", "777", false},
}

func (l *lister) search(ctx context.Context) ([]Row, error) {
	subjects := []subject{{"anchor ILIKE scan", func(ctx context.Context) (result, error) {
		return repeat(ctx, l.Clock, l.long/4, func() error {
			_, err := column[store.ID](ctx, l.super, `
				SELECT id FROM presentments WHERE merchant_id = $1
					AND (document_number || ' ' || buyer_name || ' ' || buyer_tax_id || ' ' || bank_reference) ILIKE '%qwxzjk%'
				ORDER BY document_on DESC, id DESC LIMIT 50`, l.actor.Merchant)
			return err
		})
	}}}
	for _, term := range searchTerms {
		subjects = append(subjects, l.ask("search "+term.name, func(q *store.Query) error {
			_, err := q.Presentments(store.PresentmentFilter{PresentmentSelection: store.PresentmentSelection{Text: term.text}, Limit: pageRows})
			return err
		}))
	}
	m, err := l.rounds(ctx, subjects...)
	if err != nil {
		return nil, err
	}
	var rows []Row
	scan := latency(m.typical(0).result)
	for i, term := range searchTerms {
		bound := atMost(0.012)
		if term.rare {
			bound = atMost(0.001)
		}
		figure := m.median(func(n int) float64 { return p99Of(m[i+1][n].result) / p50Of(m[0][n].result) })
		rows = append(rows, Row{
			Goal: 7, What: "search " + term.name + " “" + term.text + "”", Got: latency(m.typical(i + 1).result), Against: "ILIKE scan " + scan,
		}.judged(figure, bound).calm(m.disturbed(0, i+1)))
	}
	return rows, nil
}

func (l *lister) counts(ctx context.Context) ([]Row, error) {
	page := func(q *store.Query) error {
		_, err := q.Presentments(store.PresentmentFilter{Limit: pageRows})
		return err
	}
	m, err := l.rounds(ctx,
		l.ask("list alone", page),
		l.ask("list with its counts", func(q *store.Query) error {
			_, err := q.CountPresentments()
			return errors.Join(err, page(q))
		}),
		l.ask("list with what waits", func(q *store.Query) error {
			_, err := q.WorkCounts()
			return errors.Join(err, page(q))
		}))
	if err != nil {
		return nil, err
	}
	alone := "alone " + latency(m.typical(0).result)
	return []Row{
		Row{Goal: 8, What: "list with its counts by state", Got: latency(m.typical(1).result), Against: alone}.
			judged(m.ratio(1, 0, p50Of), atMost(1.10)).calm(m.disturbed(0, 1)),
		Row{Goal: 8, What: "list with what waits for the person", Got: latency(m.typical(2).result), Against: alone}.
			judged(m.ratio(2, 0, p50Of), atMost(1.10)).calm(m.disturbed(0, 2)),
	}, nil
}

// column reads one column of all rows.
func column[T any](ctx context.Context, db *sql.DB, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err below tells what matters
	var values []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, rows.Err()
}
