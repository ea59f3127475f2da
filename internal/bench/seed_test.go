package bench

import (
	"testing"
	"time"
)

func TestBillsLieEvenlyOverThreeYears(t *testing.T) {
	t.Parallel()
	last := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	s := seeder{rows: 1_000_000, last: last}
	s.start()
	for n, years := range map[int]int{0: 3, 333_333: 2, 666_666: 1, 999_999: 0} {
		b := s.next(n)
		if gone := last.Sub(b.at); gone < time.Duration(years)*364*24*time.Hour || gone > time.Duration(years)*366*24*time.Hour+time.Hour {
			t.Errorf("bill %d is %s old, want about %d years", n, gone, years)
		}
		if b.due.Before(b.on) || b.since.After(last) {
			t.Errorf("bill %d is due on %s after %s, and has its state since %s", n, b.due, b.on, b.since)
		}
	}
}
