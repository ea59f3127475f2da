package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// manyPoints is how many service points a search finds: as many as the bank
// tells of at once.
const manyPoints = 1000

// branchesPath is a search around the middle of Bangkok, as far as the bank looks.
const branchesPath = "/branches?lat=13.7540&lon=100.5010&km=50"

// branches asks for the page of a thousand service points within 50 km, all of
// them drawn: goal 18. Their number is the drawing's dots; several at one place
// are one, so the points lie apart.
func (b *bench) branches(ctx context.Context) (rows []Row, err error) {
	from, _, err := b.bills(ctx, b.Rows)
	if err != nil {
		return nil, err
	}
	dsn, drop, err := b.cluster.copied(ctx, from, "branches_now")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	w, err := findWorld(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := b.spreadPoints(ctx, dsn, w); err != nil {
		return nil, err
	}
	s, err := b.open(ctx, dsn, w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	page, _, err := s.fetch(ctx, branchesPath)
	if err != nil {
		return nil, err
	}
	if n := strings.Count(page, "h0"); n < manyPoints*9/10 {
		return nil, fmt.Errorf("%d points are drawn", n)
	}
	m, err := s.rounds(ctx, s.anchor("/raw50"), s.page("service points", branchesPath, "gzip", 16), s.page("service points, one at a time", branchesPath, "gzip", 1))
	if err != nil {
		return nil, err
	}
	weight, err := s.weigh(ctx, branchesPath)
	if err != nil {
		return nil, err
	}
	one := func(i int) string { r := m.typical(i); return perSecond(r.Rate, "req/s") + ", " + latency(r.result) }
	return []Row{
		Row{Goal: 18, What: "1,000 service points within 50 km, drawn: page, styles and scripts", Got: fmt.Sprintf("%s in %d requests", kib(weight.first), weight.requests)}.
			judged(float64(weight.first)/1000, atMost(28)),
		Row{Goal: 18, What: "requests of it, fonts apart", Got: strconv.Itoa(weight.requests)}.judged(float64(weight.requests), atMost(4)),
		{Goal: 18, What: "the same with everything kept: one request", Got: kib(weight.warm)},
		Row{Goal: 18, What: "the page beside a list of 50 rows", Got: one(1), Against: "raw50 " + one(0)}.calm(m.disturbed(0, 1)),
		Row{Goal: 18, What: "the page, one at a time", Got: one(2)}.calm(m.disturbed(2)),
	}, nil
}

// spreadPoints makes a thousand points in rings around the middle of Bangkok,
// and the search that told of them.
func (b *bench) spreadPoints(ctx context.Context, dsn string, w world) (err error) {
	super, err := openSuper(dsn, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	for _, statement := range []string{
		`INSERT INTO service_points (merchant_id, id, kind, name_th, name_en, address_th, address_en, lat, lon, phone, hours, services)
			SELECT $1, 'P' || n, (ARRAY['BRANCH', 'EXCHANGE_BOOTH', 'ATM', 'CDM'])[n % 4 + 1], 'จุดบริการตัวอย่าง ' || n, 'Sample point ' || n,
				n || ' ถนนตัวอย่าง เขตจตุจักร กรุงเทพมหานคร 10900', n || ' Sample Road, Chatuchak, Bangkok 10900',
				13.754 + 0.44 * sqrt(n / 1000.0) * sin(n * 2.4), 100.501 + 0.45 * sqrt(n / 1000.0) * cos(n * 2.4), '02-000-0000',
				'[{"days": ["MON", "TUE", "WED", "THU", "FRI"], "opens": "08:30", "closes": "15:30"}]', '{CASH}'
			FROM generate_series(1, 1000) AS n`,
		`INSERT INTO branch_searches (id, merchant_id, lat, lon, kilometres, answered_at, whole) VALUES (gen_random_uuid(), $1, 13.754, 100.501, 50, now(), true)`,
	} {
		if _, err := super.ExecContext(ctx, statement, w.merchant); err != nil {
			return fmt.Errorf("spread service points: %w", err)
		}
	}
	return nil
}
