package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// together collects figures that one read gives.
type together struct {
	every, limit time.Duration
	clock        func() time.Time
	read         func(context.Context) ([]Figure, error)

	mu   sync.Mutex
	at   time.Time
	last []Figure
	err  error
}

var backlogUp = prometheus.NewDesc("portal_backlog_up", "Whether what waits could be read.", nil, nil)

// Describe implements prometheus.Collector. It says nothing, which means that
// what is collected is not checked beforehand.
func (t *together) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (t *together) Collect(out chan<- prometheus.Metric) {
	list, err := t.current()
	up := 1.0
	if err != nil {
		up, list = 0, nil
	}
	out <- prometheus.MustNewConstMetric(backlogUp, prometheus.GaugeValue, up)
	for _, f := range list {
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("portal_"+f.Name, f.Help, nil, nil), prometheus.GaugeValue, f.Value)
	}
}

func (t *together) current() ([]Figure, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock()
	if t.at.IsZero() || now.Sub(t.at) >= t.every || now.Before(t.at) {
		// A scrape has no context of its own to give.
		ctx, cancel := context.WithTimeout(context.Background(), t.limit) //nolint:forbidigo // see above
		defer cancel()
		t.last, t.err = t.read(ctx)
		t.at = now
	}
	return t.last, t.err
}
