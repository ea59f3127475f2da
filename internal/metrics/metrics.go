// Package metrics counts what a process does, for Prometheus. Its labels are
// words of small, fixed sets: routes, operations, outcomes. Nothing of a
// person, an id or an amount may ever become one, so it knows nothing of ours
// that could hold them.
package metrics

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are those of one process.
type Metrics struct {
	registry     *prometheus.Registry
	requests     *prometheus.HistogramVec
	signIns      *prometheus.CounterVec
	callbacks    *prometheus.CounterVec
	transactions *prometheus.HistogramVec
	calls        *prometheus.HistogramVec
	sinkUp       *prometheus.GaugeVec
	sinkLast     *prometheus.GaugeVec
}

// Buckets, in seconds: what a page, a transaction and a call to the bank should
// take, and where it begins to hurt.
var (
	requestBuckets     = []float64{.005, .02, .1, .25, 1, 5, 20}
	transactionBuckets = []float64{.001, .005, .02, .1, .5, 3, 15}
	callBuckets        = []float64{.1, .25, .5, 1, 2.5, 5, 10, 20}
)

// New makes the metrics of a process of the given kind.
func New(process, version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_request_seconds", Help: "Requests by route and status, and how long they took.", Buckets: requestBuckets,
		}, []string{"route", "status"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_sign_ins_refused_total", Help: "How often somebody was not let in, by why.",
		}, []string{"why"}),
		callbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "portal_callbacks_refused_total", Help: "Callbacks that were not believed to be the bank's, by why.",
		}, []string{"why"}),
		transactions: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_transaction_seconds", Help: "Transactions by kind and outcome, with the wait for a connection.", Buckets: transactionBuckets,
		}, []string{"kind", "outcome"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "portal_bank_call_seconds", Help: "Requests to the bank by operation and what came of them.", Buckets: callBuckets,
		}, []string{"operation", "outcome"}),
		sinkUp: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "portal_sink_up", Help: "Whether the last checkpoint was taken by this sink.",
		}, []string{"sink"}),
		sinkLast: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "portal_sink_taken_timestamp_seconds", Help: "When this sink last took a checkpoint.",
		}, []string{"sink"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "portal_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"process": process, "version": version},
	})
	build.Set(1)
	m.registry.MustRegister(build, m.requests, m.signIns, m.callbacks, m.transactions, m.calls, m.sinkUp, m.sinkLast,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Answered counts a request. What is no route of ours is one label, or whoever
// makes addresses up makes labels.
func (m *Metrics) Answered(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	word := "cut" // the line, before any answer
	if status > 0 {
		word = strconv.Itoa(status)
	}
	m.requests.WithLabelValues(route, word).Observe(took.Seconds())
}

// SignInRefused counts that somebody was not let in.
func (m *Metrics) SignInRefused(why string) { m.signIns.WithLabelValues(why).Inc() }

// CallbackRefused counts what said to be the bank's and is not.
func (m *Metrics) CallbackRefused(why string) { m.callbacks.WithLabelValues(why).Inc() }

// Transaction counts one of the database.
func (m *Metrics) Transaction(kind string, failed bool, took time.Duration) {
	outcome := "ended"
	if failed {
		outcome = "failed"
	}
	m.transactions.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

// Called counts a request to the bank.
func (m *Metrics) Called(operation, outcome string, took time.Duration) {
	m.calls.WithLabelValues(operation, outcome).Observe(took.Seconds())
}

// Published notes whether a sink took a checkpoint at that time.
func (m *Metrics) Published(sink string, taken bool, at time.Time) {
	up := 0.0
	if taken {
		up = 1
		m.sinkLast.WithLabelValues(sink).Set(float64(at.Unix()))
	}
	m.sinkUp.WithLabelValues(sink).Set(up)
}

// Gauge adds a figure that is asked for at each scrape.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "portal_" + name, Help: help}, read))
}

// Pool adds the connections of a pool.
func (m *Metrics) Pool(name string, stats func() sql.DBStats) {
	labels := prometheus.Labels{"pool": name}
	gauge := func(name, help string, of func(sql.DBStats) int) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(of(stats())) }))
	}
	gauge("portal_pool_in_use", "Connections that are at work.", func(s sql.DBStats) int { return s.InUse })
	gauge("portal_pool_idle", "Connections that are at rest.", func(s sql.DBStats) int { return s.Idle })
	gauge("portal_pool_limit", "Connections that there may be.", func(s sql.DBStats) int { return s.MaxOpenConnections })
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "portal_pool_waits_total", Help: "How often a connection was waited for.", ConstLabels: labels},
			func() float64 { return float64(stats().WaitCount) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "portal_pool_wait_seconds_total", Help: "How long in all.", ConstLabels: labels},
			func() float64 { return stats().WaitDuration.Seconds() }))
}

// Figure is one of those that are read together.
type Figure struct {
	Name, Help string // the name without its "portal_"
	Value      float64
}

// Together adds figures that one read gives. It is read at most once in so
// long, however many scrape; where it fails, portal_backlog_up is 0 and the
// figures are missing, since an old figure looks as good as a new one.
func (m *Metrics) Together(every, limit time.Duration, clock func() time.Time, read func(context.Context) ([]Figure, error)) {
	m.registry.MustRegister(&together{every: every, limit: limit, clock: clock, read: read})
}

// Handler answers scrapes: of everybody if there is no token, else of whoever
// shows it.
func (m *Metrics) Handler(token string) http.Handler {
	answer := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
	if token == "" {
		return answer
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(shown), []byte(token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer.ServeHTTP(w, r)
	})
}

// Names are those of all metrics that have been given a value, for checking
// what is written about them.
func (m *Metrics) Names() ([]string, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(families))
	for i, f := range families {
		names[i] = f.GetName()
	}
	return names, nil
}
