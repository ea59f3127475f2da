package bench

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBucketIsWithinOnePercentOfItsValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "d"))
		low := lowest(bucketOf(d))
		if low > d || d-low > d/subBuckets+1 {
			t.Fatalf("%d ns is counted as %d ns", d, low)
		}
	})
}

func TestQuantilesOfAnEvenSpread(t *testing.T) {
	t.Parallel()
	var h, other histogram
	for i := range 1000 {
		h.add(time.Duration(2*i) * time.Microsecond)
		other.add(time.Duration(2*i+1) * time.Microsecond)
	}
	h.merge(&other)
	for q, want := range map[float64]time.Duration{0.5: time.Millisecond, 0.99: 1980 * time.Microsecond, 0: 0} {
		if got := h.quantile(q); got > want || want-got > want/50 {
			t.Errorf("quantile %v is %v, want about %v", q, got, want)
		}
	}
}
