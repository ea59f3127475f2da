package bench

import (
	"math/bits"
	"time"
)

// subBuckets is how finely each power of two is divided: a quantile is off by
// less than one part in so many.
const subBuckets = 128

// histogram counts durations in buckets whose width grows with the value, so
// that a run of any length takes the same few kilobytes.
type histogram struct {
	counts [64 * subBuckets]uint32
	n      int64
}

func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < subBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - bits.Len64(subBuckets)
	return (shift+1)*subBuckets + int(v>>shift) - subBuckets
}

// lowest is the smallest value of a bucket.
func lowest(bucket int) time.Duration {
	if bucket < 2*subBuckets {
		return time.Duration(bucket)
	}
	shift := bucket/subBuckets - 1
	return time.Duration(subBuckets+bucket%subBuckets) << shift
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(d)]++
	h.n++
}

func (h *histogram) merge(o *histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
}

// quantile returns the value below which the share q of the durations lies.
func (h *histogram) quantile(q float64) time.Duration {
	rank := int64(q * float64(h.n))
	for i, c := range h.counts {
		if rank -= int64(c); rank < 0 {
			return lowest(i)
		}
	}
	return 0
}
