package store_test

import (
	"testing"

	"portal/internal/store"
)

func TestAnAmountStandsOutFromWhatIsUsual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why       string
		usual     store.Usual
		satang    int64
		standsOut bool
	}{
		{"the first bill", store.Usual{}, 1_000_000_00, false},
		{"the second, four times the first", store.Usual{Bills: 1, MeanSatang: 1000_00, MostSatang: 1000_00}, 4000_00, false},
		{"the second, eleven times the first", store.Usual{Bills: 1, MeanSatang: 1000_00, MostSatang: 1000_00}, 11_000_00, true},
		{"after a habit, twice as much", store.Usual{Bills: 3, MeanSatang: 1000_00, MostSatang: 1100_00}, 2000_00, false},
		{"after a habit, four times as much", store.Usual{Bills: 3, MeanSatang: 1000_00, MostSatang: 1100_00}, 4000_00, true},
		{"what was billed before", store.Usual{Bills: 10, MeanSatang: 1000_00, MostSatang: 9000_00}, 9000_00, false},
	} {
		if got := c.usual.Outlier(c.satang); got != c.standsOut {
			t.Errorf("%s: an outlier is %v", c.why, got)
		}
	}
}
