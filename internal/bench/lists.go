package bench

import (
	"context"
	"database/sql"
	"errors"
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
	l := &lister{b, dsn, web, super, w, store.Actor{Merchant: w.merchant, Person: w.checker}}
	for _, part := range []struct {
		goal int
		run  func(context.Context) ([]Row, error)
	}{{6, l.flat}, {6, l.filtered}, {7, l.search}, {8, l.counts}} {
		if !b.wants([]int{part.goal}) {
			continue
		}
		more, err := part.run(ctx)
		rows = append(rows, more...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

type lister struct {
	*bench
	dsn   string
	web   *store.Store
	super *sql.DB
	world world
	actor store.Actor // the checker
}

// as is somebody else of the same merchant.
func (l *lister) as(person store.ID) store.Actor {
	return store.Actor{Merchant: l.world.merchant, Person: person}
}

// ask repeats a read of the checker's and takes the time of each.
func (l *lister) ask(name string, read func(*store.Query) error) subject {
	return l.askAs(name, l.actor, read)
}

func (l *lister) askAs(name string, actor store.Actor, read func(*store.Query) error) subject {
	return subject{name, func(ctx context.Context) (result, error) {
		return repeat(ctx, l.Clock, l.long/4, 20, func() error { return l.web.Read(ctx, actor, read) })
	}}
}

// repeat does something one at a time for so long, and so often at least.
func repeat(ctx context.Context, now func() time.Time, long time.Duration, least int64, do func() error) (result, error) {
	var h histogram
	began := now()
	for at := began; (at.Sub(began) < long || h.n < least) && ctx.Err() == nil; {
		if err := do(); err != nil {
			return result{}, err
		}
		done := now()
		h.add(done.Sub(at))
		at = done
	}
	return result{Rate: float64(h.n) / now().Sub(began).Seconds(), P50: h.quantile(0.5), P99: h.quantile(0.99)}, ctx.Err()
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
