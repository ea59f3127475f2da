// Package tracing tells a collector of OpenTelemetry's how long each step of a
// request took: the request, its transactions, its calls to the bank. A trace
// holds the names of routes and operations and the id of the request, by which
// the log is found; never a path, a person, an amount or the text of an error.
package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config says where traces go.
type Config struct {
	// URL takes OTLP over HTTP, as http://127.0.0.1:4318/v1/traces.
	URL string
	// Token is shown to it as a bearer token, if given.
	Token string
	// Share of the requests is traced, from 0 to 1, whatever a caller asks for.
	Share   float64
	Process string // such as "web"
	Version string
	Log     *slog.Logger
}

// Tracer begins spans. The nil Tracer does nothing.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New starts sending in the background. What cannot be sent is dropped: a
// collector that is away must cost nothing but its traces.
func New(c Config) (*Tracer, error) {
	if c.URL == "" {
		return nil, errors.New("tracing: no address of a collector")
	}
	quiet(c.Log)
	share := linked{sdktrace.TraceIDRatioBased(c.Share)}
	provider := sdktrace.NewTracerProvider(
		// A caller's wish does not decide: whoever sends one could fill the
		// collector.
		sdktrace.WithSampler(sdktrace.ParentBased(share, sdktrace.WithRemoteParentSampled(share), sdktrace.WithRemoteParentNotSampled(share))),
		sdktrace.WithBatcher(newExporter(c.URL, c.Token), sdktrace.WithMaxQueueSize(2048), sdktrace.WithBatchTimeout(2*time.Second), sdktrace.WithExportTimeout(exportTime)),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "portal-"+c.Process), attribute.String("service.version", c.Version),
		)),
	)
	return &Tracer{provider: provider, tracer: provider.Tracer("portal")}, nil
}

// quiet has what the library complains of in our log. It has one place for
// that in the whole process.
func quiet(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are not taken", "err", err) }))
}

// Close sends what waits to be sent, as long as ctx allows.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// BeginRequest begins the span of a request, under that of whoever asked, if
// they say so in a traceparent.
func (t *Tracer) BeginRequest(r *http.Request) context.Context {
	if t == nil {
		return r.Context()
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, _ = t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	return ctx
}

// EndRequest ends it.
func (t *Tracer) EndRequest(ctx context.Context, id, route string, status int) {
	if t == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	if route != "" {
		span.SetName(route)
	}
	span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status), attribute.String("portal.request", id))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// Trace is the trace that ctx is part of, as a traceparent for whoever goes on
// with its work later; empty if it is not traced.
func Trace(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier.Get(traceparent)
}

const traceparent = "traceparent"

// linked has a trace taken that is linked with one that was, so that what
// somebody began in one is found where it ends.
type linked struct{ sdktrace.Sampler }

// ShouldSample implements sdktrace.Sampler.
func (l linked) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	for _, link := range p.Links {
		if link.SpanContext.IsSampled() {
			return sdktrace.AlwaysSample().ShouldSample(p)
		}
	}
	return l.Sampler.ShouldSample(p)
}

// Begin begins a trace of its own, of work that no request waits for, with one
// attribute, linked with the traces that led to it, and returns what ends it.
func (t *Tracer) Begin(ctx context.Context, name, key, value string, traces ...string) (context.Context, func(failed bool)) {
	if t == nil {
		return ctx, func(bool) {}
	}
	var links []trace.Link
	for _, led := range traces {
		from := propagation.TraceContext{}.Extract(context.WithoutCancel(ctx), propagation.MapCarrier{traceparent: led})
		if s := trace.SpanContextFromContext(from); s.IsValid() {
			links = append(links, trace.Link{SpanContext: s})
		}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(attribute.String(key, value)), trace.WithLinks(links...))
	return ctx, func(failed bool) {
		if failed {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Step begins the span of a step, and returns what ends it with one word for
// its outcome. What is no step of anything, such as the worker's looking for
// work every other second, is not traced.
func (t *Tracer) Step(ctx context.Context, name string) func(outcome string, failed bool) {
	if t == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return func(string, bool) {}
	}
	_, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
	return func(outcome string, failed bool) {
		span.SetAttributes(attribute.String("portal.outcome", outcome))
		if failed {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
