package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// starts is how often the product is started for goal 14.
const starts = 5

// miniflux is what goal 14 was set against: the start of a peer, when both ran
// on one machine, as a multiple of the start of the anchors' program.
const minifluxStart = 80 * time.Millisecond

// start measures the time from the start of the process to the first page of
// somebody signed in, and the memory after many connections: goal 14.
func (b *bench) start(ctx context.Context) ([]Row, error) {
	dsn, w, err := b.bills(ctx, b.Rows)
	if err != nil {
		return nil, err
	}
	s, err := b.open(ctx, dsn, w)
	if err != nil {
		return nil, err
	}
	used, err := b.memoryAfterLoad(ctx, s)
	if err := errors.Join(err, s.close()); err != nil {
		return nil, err
	}
	var product, anchors []time.Duration
	for range starts {
		b.progress("start")
		// The database remembers the session, so the list answers as soon as
		// anything does.
		took, err := b.timed(func() (*child, error) { return b.startProduct(ctx, dsn, "/presentments", s.cookies) })
		if err != nil {
			return nil, err
		}
		product = append(product, took)
		if took, err = b.timed(func() (*child, error) { return b.startAnchors(ctx, dsn, w.merchant) }); err != nil {
			return nil, err
		}
		anchors = append(anchors, took)
	}
	slices.Sort(product)
	slices.Sort(anchors)
	p, a := product[len(product)/2], anchors[len(anchors)/2]
	return []Row{
		Row{Goal: 14, What: "start to the first list page of somebody signed in", Got: millis(p) + " ms", Against: "anchors " + millis(a) + " ms"}.
			judged(p.Seconds()/a.Seconds(), atMost(2)),
		Row{Goal: 14, What: "the same beside miniflux's recorded " + millis(minifluxStart) + " ms", Got: millis(p) + " ms"}.
			judged(p.Seconds()/minifluxStart.Seconds(), atMost(0.6)),
		Row{Goal: 14, What: "memory (PSS) after 64 connections, MB", Got: mib(used)}.
			judged(float64(used)/1e6, atMost(40)),
	}, nil
}

func (b *bench) timed(start func() (*child, error)) (time.Duration, error) {
	began := b.Clock()
	c, err := start()
	if err != nil {
		return 0, err
	}
	took := b.Clock().Sub(began)
	return took, c.stop()
}

func (b *bench) memoryAfterLoad(ctx context.Context, s *site) (int64, error) {
	if _, err := s.page("list at 64 connections", "/presentments", "gzip", 64).run(ctx); err != nil {
		return 0, fmt.Errorf("load before the memory is read: %w", err)
	}
	return memory(s.product.pid(), "smaps_rollup", "Pss")
}
