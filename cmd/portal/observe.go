package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"portal/internal/app"
	"portal/internal/krungsri"
	"portal/internal/metrics"
	"portal/internal/store"
	"portal/internal/tracing"
)

// observer is what a process tells those who watch it: figures and, where that
// is set, traces. The nil observer watches nothing.
type observer struct {
	metrics *metrics.Metrics
	tracer  *tracing.Tracer // nil without traces
}

// newObserver returns nil if nobody watches this process.
func (c config) newObserver(process string, log *slog.Logger) (*observer, error) {
	if c.metricsAddress == "" && c.tracesURL == "" {
		return nil, nil //nolint:nilnil // documented: nobody watches
	}
	o := &observer{metrics: metrics.New(process, version())}
	if c.tracesURL == "" {
		return o, nil
	}
	var err error
	o.tracer, err = tracing.New(tracing.Config{
		URL: c.tracesURL, Token: c.tracesToken, Share: float64(c.tracesPercent) / 100, Process: process, Version: version(), Log: log,
	})
	return o, err
}

// close sends what is left of the traces.
func (o *observer) close(ctx context.Context, log *slog.Logger) {
	if o == nil {
		return
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime/2)
	defer cancel()
	if err := o.tracer.Close(last); err != nil {
		log.WarnContext(ctx, "the last traces were not taken", "err", err)
	}
}

// edge is the observer as the web edge knows it.
func (o *observer) edge() app.Observer {
	if o == nil {
		return nil
	}
	return o
}

// Begin implements app.Observer.
func (o *observer) Begin(r *http.Request) context.Context { return o.tracer.BeginRequest(r) }

// Trace implements app.Observer.
func (o *observer) Trace(ctx context.Context) string { return tracing.Trace(ctx) }

// End implements app.Observer.
func (o *observer) End(ctx context.Context, a app.Answered) {
	o.metrics.Answered(a.Route, a.Status, a.Took)
	if a.SignIn != "" {
		o.metrics.SignInRefused(a.SignIn)
	}
	if a.Callback != "" {
		o.metrics.CallbackRefused(a.Callback)
	}
	o.tracer.EndRequest(ctx, a.Request, a.Route, a.Status)
}

// transactions watches those of a store.
func (o *observer) transactions() func(context.Context, string) func(error) {
	if o == nil {
		return nil
	}
	return func(ctx context.Context, kind string) func(error) {
		began, ended := time.Now(), o.tracer.Step(ctx, "transaction "+kind)
		return func(err error) {
			outcome := "ended"
			// Nothing found, or changed meanwhile, is an answer.
			failed := errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrUnclear)
			if failed {
				outcome = "failed"
			}
			o.metrics.Transaction(kind, failed, time.Since(began))
			ended(outcome, failed)
		}
	}
}

// attempts traces those of the worker, from the call to the record of its outcome.
func (o *observer) attempts() func(context.Context, string, store.ID, []string) (context.Context, func(bool)) {
	if o == nil {
		return nil
	}
	return func(ctx context.Context, operation string, attempt store.ID, traces []string) (context.Context, func(bool)) {
		return o.tracer.Begin(ctx, "send "+operation, "portal.attempt", attempt.String(), traces...)
	}
}

// calls watches those to the bank.
func (o *observer) calls() func(context.Context, string) func(krungsri.Outcome) {
	if o == nil {
		return nil
	}
	return func(ctx context.Context, operation string) func(krungsri.Outcome) {
		began, ended := time.Now(), o.tracer.Step(ctx, "bank "+operation)
		return func(outcome krungsri.Outcome) {
			o.metrics.Called(operation, string(outcome), time.Since(began))
			ended(string(outcome), outcome == krungsri.Unknown || outcome == krungsri.NotSent)
		}
	}
}

// sinks watches whether those of the audit trail take its checkpoints.
func (o *observer) sinks(list []store.Publisher) []store.Publisher {
	if o == nil {
		return list
	}
	watched := make([]store.Publisher, len(list))
	for i, p := range list {
		watched[i] = watchedSink{Publisher: p, name: sinkName(p), observer: o}
	}
	return watched
}

func sinkName(p store.Publisher) string {
	switch p.(type) {
	case store.LogSink:
		return "log"
	case *store.FileSink:
		return "file"
	}
	return "other"
}

type watchedSink struct {
	store.Publisher
	name     string
	observer *observer
}

// Publish implements store.Publisher.
func (s watchedSink) Publish(ctx context.Context, c store.Checkpoint) error {
	err := s.Publisher.Publish(ctx, c)
	s.observer.metrics.Published(s.name, err == nil, time.Now())
	return err
}

// witness watches whether it signs checkpoints, as one sink more.
func (o *observer) witness(c store.Cosigner) store.Cosigner {
	if o == nil || c == nil {
		return c
	}
	return watchedWitness{c, o}
}

type watchedWitness struct {
	store.Cosigner
	observer *observer
}

// Cosign implements store.Cosigner.
func (w watchedWitness) Cosign(ctx context.Context, c store.Checkpoint) (string, error) {
	signature, err := w.Cosigner.Cosign(ctx, c)
	w.observer.metrics.Published("witness", err == nil, time.Now())
	return signature, err
}

// pool adds the connections of a store.
func (o *observer) pool(name string, s *store.Store) {
	if o != nil {
		o.metrics.Pool(name, s.PoolStats)
	}
}

const (
	// backlogEvery bounds how often what waits is read, backlogLimit how long
	// that may take.
	backlogEvery = 5 * time.Second
	backlogLimit = 3 * time.Second
)

// backlog adds what waits anywhere in the system, as the worker sees it.
func (o *observer) backlog(s *store.Store) {
	if o == nil {
		return
	}
	o.metrics.Together(backlogEvery, backlogLimit, time.Now, func(ctx context.Context) (list []metrics.Figure, err error) {
		err = s.Read(ctx, store.Actor{}, func(q *store.Query) error {
			b, err := q.Backlog()
			list = backlogFigures(b)
			return err
		})
		return list, err
	})
}

// sightingsWaiting is a figure of the web process.
const sightingsWaiting = "sightings_waiting"

func backlogFigures(b store.Backlog) []metrics.Figure {
	sound := 0.0
	if b.Sound {
		sound = 1
	}
	return []metrics.Figure{
		{Name: "instructions_to_send", Help: "Instructions that are approved and due, and not sent.", Value: float64(b.ToSend)},
		{Name: "instructions_to_send_oldest_seconds", Help: "How long the oldest of them has waited.", Value: inSeconds(b.ToSendFor)},
		{Name: "instructions_sending", Help: "Instructions in the hands of a worker.", Value: float64(b.OnTheWire)},
		{Name: "instructions_unclear", Help: "Instructions of which nobody knows what came of them.", Value: float64(b.Unclear)},
		{Name: "instructions_unclear_oldest_seconds", Help: "How long that is not known of the oldest.", Value: inSeconds(b.UnclearFor)},
		{Name: "callbacks_to_read", Help: "Callbacks that nobody has read yet.", Value: float64(b.ToRead)},
		{Name: "callbacks_to_read_oldest_seconds", Help: "How long the oldest of them has waited.", Value: inSeconds(b.ToReadFor)},
		{Name: "mails_to_send", Help: "Mails that are due.", Value: float64(b.ToMail)},
		{Name: "mails_to_send_oldest_seconds", Help: "How long ago the oldest of them was made.", Value: inSeconds(b.ToMailFor)},
		{Name: "trail_leaves", Help: "Leaves of the audit trail that have their number.", Value: float64(b.TrailSize)},
		{Name: "trail_leaves_unnumbered", Help: "Leaves that wait for it.", Value: float64(b.Unnumbered)},
		{Name: "trail_seal_lag_seconds", Help: "How long the oldest of those has waited.", Value: inSeconds(b.SealLag)},
		{Name: "trail_publish_lag_seconds", Help: "How long the oldest checkpoint has waited that no sink has taken.", Value: inSeconds(b.PublishLag)},
		{Name: "trail_checkpoint_age_seconds", Help: "How long ago a checkpoint was published last; -1 for never.", Value: inSeconds(b.Checkpoint)},
		{Name: "trail_sound", Help: "Whether the last check of the audit trail found nothing wrong.", Value: sound},
		{Name: "trail_check_age_seconds", Help: "How long ago that was; -1 for never.", Value: inSeconds(b.CheckedWhen)},
		{Name: "trail_whole_check_age_seconds", Help: "How long ago the whole trail was checked; -1 for never.", Value: inSeconds(b.WholeWhen)},
	}
}

// inSeconds leaves what never was as it is.
func inSeconds(milliseconds int64) float64 {
	if milliseconds < 0 {
		return -1
	}
	return float64(milliseconds) / 1000
}

// watchers answers those who watch this process on an address of its own, until
// ctx ends. What it says of the process's health holds no secret; the figures
// are for whoever shows the token.
func (c config) watchers(ctx context.Context, l net.Listener, o *observer, ready func(context.Context) error, log *slog.Logger) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", o.metrics.Handler(c.metricsToken))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answerPlainly(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		err := ready(r.Context())
		switch {
		case errors.Is(err, app.ErrDraining):
			answerPlainly(w, http.StatusServiceUnavailable, "draining")
		case err != nil:
			log.WarnContext(r.Context(), "not ready", "err", err)
			answerPlainly(w, http.StatusServiceUnavailable, "database away")
		default:
			answerPlainly(w, http.StatusOK, "ready")
		}
	})
	return serveHTTP(ctx, l, mux, log, serverStop{drain: 100 * time.Millisecond})
}

func answerPlainly(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, word) // a caller that hung up is the only way this fails
}

// watched runs f, and answers those who watch the process until f has ended:
// while it stops, too.
func (c config) watched(ctx context.Context, o *observer, ready func(context.Context) error, log *slog.Logger, f func() error) error {
	if o == nil || c.metricsAddress == "" {
		return f()
	}
	host, port, err := net.SplitHostPort(c.metricsAddress)
	if err != nil {
		return fmt.Errorf("PORTAL_METRICS_ADDRESS: %w", err)
	}
	l, err := listen(ctx, host, port)
	if err != nil {
		return err
	}
	log.InfoContext(ctx, "metrics", "address", l.Addr().String())
	answering, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- c.watchers(answering, l, o, ready, log) }()
	err = f()
	stop()
	return errors.Join(err, <-ended)
}
