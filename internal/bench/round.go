package bench

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// A measurement is disturbed when others took more than this share of the
// processors, or when the gauge fell by more than a tenth.
const (
	foreignLimit = 0.06
	gaugeLimit   = 0.90
)

// tries is how often a disturbed measurement is made before the calmest one
// has to do.
const tries = 2

// subject is one thing to measure: an anchor or a part of the product.
type subject struct {
	name string
	run  func(context.Context) (result, error)
}

// reading is the result of one measurement and how calm the machine was.
type reading struct {
	result
	disturbed bool
	foreign   float64
}

// measure runs a subject, and again as long as the machine is disturbed.
func (b *bench) measure(ctx context.Context, s subject) (reading, error) {
	best := reading{foreign: math.Inf(1)}
	for range b.tries {
		before, err := b.machine.look()
		watched := err == nil
		speed := b.machine.gauge()
		r, err := s.run(ctx)
		if err != nil {
			return reading{}, fmt.Errorf("%s: %w", s.name, err)
		}
		slowed := b.machine.gauge() < gaugeLimit*speed
		share := 0.0
		if after, err := b.machine.look(); err == nil && watched {
			share = foreign(before, after)
		}
		at := reading{result: r, foreign: share, disturbed: slowed || share > foreignLimit}
		if at.foreign < best.foreign {
			best = at
		}
		if !at.disturbed {
			return at, nil
		}
	}
	return best, nil
}

// rounds measures all subjects one after another, several times over, so that
// whatever changes slowly on the machine changes for all of them.
func (b *bench) rounds(ctx context.Context, subjects ...subject) (measured, error) {
	m := make(measured, len(subjects))
	for range b.roundCount {
		for i, s := range subjects {
			b.progress(s.name)
			r, err := b.measure(ctx, s)
			if err != nil {
				return nil, err
			}
			m[i] = append(m[i], r)
		}
	}
	return m, nil
}

// measured are the readings of each subject, round by round.
type measured [][]reading

// rate is the median rate of a subject.
func (m measured) rate(i int) float64 {
	return m.median(func(n int) float64 { return m[i][n].Rate })
}

// ratio is the median over the rounds of f of one subject by f of another. A
// ratio within a round is steadier than that of two medians.
func (m measured) ratio(of, to int, f func(result) float64) float64 {
	return m.median(func(n int) float64 { return f(m[of][n].result) / f(m[to][n].result) })
}

func (m measured) median(f func(round int) float64) float64 {
	values := make([]float64, len(m[0]))
	for n := range values {
		values[n] = f(n)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// typical is the reading of a subject with the median rate.
func (m measured) typical(i int) reading {
	sorted := slices.SortedFunc(slices.Values(m[i]), func(a, b reading) int {
		switch {
		case a.Rate < b.Rate:
			return -1
		case a.Rate > b.Rate:
			return 1
		}
		return 0
	})
	return sorted[len(sorted)/2]
}

// disturbed reports whether any of the named subjects could not be measured in
// calm, and by how much at worst.
func (m measured) disturbed(subjects ...int) (bool, float64) {
	marked, worst := false, 0.0
	for _, i := range subjects {
		for _, r := range m[i] {
			marked = marked || r.disturbed
			worst = max(worst, r.foreign)
		}
	}
	return marked, worst
}

func rateOf(r result) float64 { return r.Rate }
func p50Of(r result) float64  { return r.P50.Seconds() }
func p99Of(r result) float64  { return r.P99.Seconds() }
