package bench

import (
	"context"
	"errors"
	"net/url"

	"portal/internal/store"
)

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
	{"the end of a number", "00777", false},
}

// scan is the anchor of searches: what no index helps.
func (l *lister) scan() subject {
	return subject{"anchor ILIKE scan", func(ctx context.Context) (result, error) {
		return repeat(ctx, l.Clock, l.long/4, 5, func() error {
			_, err := column[store.ID](ctx, l.super, `
				SELECT id FROM presentments WHERE merchant_id = $1
					AND (document_number || ' ' || buyer_name || ' ' || buyer_tax_id || ' ' || bank_reference) ILIKE '%qwxzjk%'
				ORDER BY document_on DESC, id DESC LIMIT 50`, l.actor.Merchant)
			return err
		})
	}}
}

func (l *lister) search(ctx context.Context) (rows []Row, err error) {
	s, err := l.openProduct(ctx, l.dsn, l.world)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	subjects := []subject{l.scan()}
	for _, term := range searchTerms {
		subjects = append(subjects, l.ask("search "+term.name, func(q *store.Query) error {
			_, err := q.Presentments(store.PresentmentFilter{PresentmentSelection: store.PresentmentSelection{Text: term.text}, Limit: pageRows})
			return err
		}), s.page("search over everything for "+term.name, "/search?q="+url.QueryEscape(term.text), "", 1))
	}
	m, err := l.rounds(ctx, subjects...)
	if err != nil {
		return nil, err
	}
	scan := "ILIKE scan " + latency(m.typical(0).result)
	for n, term := range searchTerms {
		bound := atMost(0.012)
		if term.rare {
			bound = atMost(0.001)
		}
		for k, what := range []string{"search ", "the page of a search over everything, "} {
			i := 2*n + 1 + k
			figure := m.median(func(round int) float64 { return p99Of(m[i][round].result) / p50Of(m[0][round].result) })
			row := Row{Goal: 7, What: what + term.name + " “" + term.text + "”", Got: latency(m.typical(i).result), Against: scan}
			if k == 1 {
				bound = atMost(0.012)
			}
			rows = append(rows, row.judged(figure, bound).calm(m.disturbed(0, i)))
		}
	}
	return rows, nil
}
