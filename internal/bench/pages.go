package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"

	"portal/internal/store"
)

// djangoToHello is the list page of Django admin over the same rows as a share
// of hello, as recorded when both ran on one machine.
const djangoToHello = 0.00088

// site is a running product and anchors over one database.
type site struct {
	*bench
	dsn              string
	world            world
	product, anchors *child
	cookies          string // of the checker
}

// openProduct starts the product and signs the checker in.
func (b *bench) openProduct(ctx context.Context, dsn string, w world) (s *site, err error) {
	s = &site{bench: b, dsn: dsn, world: w}
	if s.product, err = b.startProduct(ctx, dsn, "/readyz", ""); err != nil {
		return nil, err
	}
	if s.cookies, err = s.product.signIn(ctx, checkerEmail); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// open starts both servers and signs the checker in.
func (b *bench) open(ctx context.Context, dsn string, w world) (s *site, err error) {
	if s, err = b.openProduct(ctx, dsn, w); err != nil {
		return nil, err
	}
	if s.anchors, err = b.startAnchors(ctx, dsn, w.merchant); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *site) close() (err error) {
	for _, c := range []*child{s.product, s.anchors} {
		if c != nil {
			err = errors.Join(err, c.stop())
		}
	}
	return err
}

// anchor is requests for a page of the anchors.
func (s *site) anchor(path string) subject {
	return s.subject("anchor "+path, s.anchors.addr, always(get(s.anchors.addr, path, nil)), 16)
}

// page is requests for a page of the product by somebody signed in.
func (s *site) page(name, path, encoding string, conns int) subject {
	return s.subject(name, s.product.addr, always(s.get(path, encoding)), conns)
}

func (s *site) get(path, encoding string) []byte {
	header := map[string]string{"Cookie": s.cookies}
	if encoding != "" {
		header["Accept-Encoding"] = encoding
	}
	return get(s.product.addr, path, header)
}

func (s *site) subject(name, addr string, next func() []byte, conns int) subject {
	return subject{name, func(ctx context.Context) (result, error) {
		return load{addr: addr, conns: conns, status: http.StatusOK, next: next}.run(ctx, s.Clock, s.long)
	}}
}

// pages measures the list and the detail page over HTTP: goals 1 to 5 and 15.
func (b *bench) pages(ctx context.Context) (rows []Row, err error) {
	dsn, w, err := b.bills(ctx, b.Many)
	if err != nil {
		return nil, err
	}
	s, err := b.open(ctx, dsn, w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, part := range []struct {
		goals []int
		run   func(context.Context) ([]Row, error)
	}{
		{[]int{1, 2, 3, 5}, s.listPage}, {[]int{4}, s.detailPage}, {[]int{15}, s.weight},
	} {
		if !b.wants(part.goals) {
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

func (s *site) listPage(ctx context.Context) ([]Row, error) {
	const hello, raw, plain, gzip, tail, first = 0, 1, 2, 3, 4, 5
	subjects := []subject{
		s.anchor("/hello"), s.anchor("/raw50"),
		s.page("list", "/presentments", "", 16), s.page("list, gzip", "/presentments", "gzip", 16),
		s.page("list, gzip, 64 connections", "/presentments", "gzip", 64),
	}
	viewer := *s
	var err error
	if viewer.cookies, err = s.product.signIn(ctx, auditorEmail); err != nil {
		return nil, err
	}
	others := []struct {
		name, path string
		by         *site
	}{
		{"list of decided approvals", "/approvals?tab=finished", s}, {"list by amount", "/presentments?sort=amount", s},
		{"list of overdue bills", "/presentments?due=overdue&sort=due&dir=asc", s}, {"list searched for two Thai words", "/presentments?q=" + url.QueryEscape("สมชาย ใจดี"), s},
		{"list with five views and their counts", "/presentments", &viewer}, {"home page", "/", s},
	}
	for _, o := range others {
		subjects = append(subjects, o.by.page(o.name, o.path, "", 16))
	}
	m, err := s.rounds(ctx, subjects...)
	if err != nil {
		return nil, err
	}
	one := func(i int) string { r := m.typical(i); return perSecond(r.Rate, "req/s") + ", " + latency(r.result) }
	raw50 := "raw50 " + one(raw)
	compressed := m.typical(gzip)
	rows := []Row{
		Row{Goal: 1, What: "list page, 50 of " + grouped(int64(s.Many)), Got: one(plain), Against: raw50}.
			judged(m.ratio(plain, raw, rateOf), atLeast(0.60)).calm(m.disturbed(plain, raw)),
		Row{Goal: 2, What: "list page and Django admin's", Got: one(plain), Against: fmt.Sprintf("hello %s × %v", perSecond(m.rate(hello), "req/s"), djangoToHello)}.
			judged(m.ratio(plain, hello, rateOf)/djangoToHello, atLeast(100)).calm(m.disturbed(plain, hello)),
		Row{Goal: 3, What: "list page with gzip", Got: one(gzip), Against: "without " + one(plain)}.
			judged(m.ratio(gzip, plain, rateOf), atLeast(0.92)).calm(m.disturbed(gzip, plain)),
		Row{Goal: 3, What: "bytes of the list page with gzip", Got: kib(compressed.Bytes), Against: "without " + kib(m.typical(plain).Bytes)}.
			judged(float64(compressed.Bytes)/1000, atMost(4.5)),
		Row{Goal: 5, What: "tail at 64 connections: p99 / p50", Got: one(tail)}.
			judged(m.median(func(n int) float64 { return p99Of(m[tail][n].result) / p50Of(m[tail][n].result) }), atMost(3)).calm(m.disturbed(tail)),
		Row{Goal: 5, What: "64 connections and 16", Got: one(tail), Against: one(gzip)}.
			judged(m.ratio(tail, gzip, rateOf), atLeast(0.97)).calm(m.disturbed(tail, gzip)),
	}
	for n, o := range others {
		rows = append(rows, Row{Goal: 1, What: o.name, Got: one(first + n), Against: raw50}.
			judged(m.ratio(first+n, raw, rateOf), atLeast(0.60)).calm(m.disturbed(first+n, raw)))
	}
	return rows, nil
}

// detailPage asks for the newest bills in turn: each has lines, a document, an
// instruction with two parts, and a history.
func (s *site) detailPage(ctx context.Context) ([]Row, error) {
	db, err := openSuper(s.dsn, 1)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // only read from
	ids, err := column[store.ID](ctx, db, `
		SELECT id FROM presentments WHERE state = 'presented' ORDER BY document_on DESC, id DESC LIMIT 1000`)
	if err != nil {
		return nil, err
	}
	var turn atomic.Int64
	requests := make([][]byte, len(ids))
	for i, id := range ids {
		requests[i] = s.get("/presentments/"+id.String(), "")
	}
	next := func() []byte { return requests[int(turn.Add(1))%len(requests)] }
	m, err := s.rounds(ctx, s.anchor("/hello"), s.subject("detail", s.product.addr, next, 16))
	if err != nil {
		return nil, err
	}
	got := perSecond(m.rate(1), "req/s") + ", " + latency(m.typical(1).result) + ", " + kib(m.typical(1).Bytes)
	hello := "hello " + perSecond(m.rate(0), "req/s")
	return []Row{
		Row{Goal: 4, What: "detail page", Got: got, Against: hello}.
			judged(m.ratio(1, 0, rateOf), atLeast(0.13)).calm(m.disturbed(0, 1)),
	}, nil
}

var (
	pageAssets = regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`)
	styleFonts = regexp.MustCompile(`url\(["']?([^"')]+\.woff2)["']?\)`)
)

// weight adds up what a browser fetches for the list: at first, with
// everything, and later, with everything kept. Fonts count apart: a browser
// fetches those of the scripts and weights that are on the page.
func (s *site) weight(ctx context.Context) ([]Row, error) {
	w, err := s.weigh(ctx, "/presentments")
	if err != nil {
		return nil, err
	}
	return []Row{
		Row{Goal: 15, What: "first list: page, styles and scripts", Got: fmt.Sprintf("%s in %d requests", kib(w.first), w.requests)}.
			judged(float64(w.first)/1000, atMost(28)),
		Row{Goal: 15, What: "requests of the first list, fonts apart", Got: fmt.Sprintf("%d, and fonts: %d offered", w.requests, w.fonts)}.
			judged(float64(w.requests), atMost(4)),
		Row{Goal: 15, What: "warm list: one request", Got: kib(w.warm)}.
			judged(float64(w.warm)/1000, atMost(4.5)),
	}, nil
}

// burden is what a page makes a browser fetch.
type burden struct {
	first, warm     int64 // bytes: with everything, and with everything kept
	requests, fonts int
}

func (s *site) weigh(ctx context.Context, path string) (w burden, err error) {
	page, html, err := s.fetch(ctx, path)
	if err != nil {
		return w, err
	}
	total, requests := html, 1
	seen := map[string]bool{}
	var fonts []string
	for _, match := range pageAssets.FindAllStringSubmatch(page, -1) {
		path := match[1]
		if seen[path] || strings.HasSuffix(path, ".svg") {
			continue
		}
		seen[path] = true
		body, size, err := s.fetch(ctx, path)
		if err != nil {
			return w, err
		}
		if strings.HasSuffix(path, ".woff2") {
			fonts = append(fonts, path)
			continue
		}
		total, requests = total+size, requests+1
		if strings.HasSuffix(path, ".css") {
			for _, font := range styleFonts.FindAllStringSubmatch(body, -1) {
				fonts = append(fonts, font[1])
			}
		}
	}
	return burden{first: total, warm: html, requests: requests, fonts: len(fonts)}, nil
}

// fetch gets a page as a browser does, and returns it readable with its size
// on the wire.
func (s *site) fetch(ctx context.Context, path string) (body string, size int64, err error) {
	fetchOnce := func(encoding string) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.product.addr+path, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Cookie", s.cookies)
		r.Header.Set("Accept-Language", "th")
		if encoding != "" {
			r.Header.Set("Accept-Encoding", encoding)
		}
		res, err := plainClient.Do(r)
		if err != nil {
			return nil, fmt.Errorf("fetch %s: %w", path, err)
		}
		defer func() { _ = res.Body.Close() }() // read to its end, or failed
		if res.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("fetch %s: %w: %d", path, errUnexpectedStatus, res.StatusCode)
		}
		return io.ReadAll(res.Body)
	}
	wire, err := fetchOnce("gzip, deflate, br")
	if err != nil {
		return "", 0, err
	}
	readable, err := fetchOnce("")
	return string(readable), int64(len(wire)), err
}
