package tracing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exportTime is how long the collector may take for a batch.
const exportTime = 5 * time.Second

// exporter sends spans as OTLP in JSON, which every collector takes. The
// library's own exporter would bring gRPC into the program, which nothing else
// needs.
type exporter struct {
	url, token string
	client     *http.Client
}

func newExporter(url, token string) *exporter {
	return &exporter{url: url, token: token, client: &http.Client{
		Timeout:       exportTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConns: 1, IdleConnTimeout: time.Minute}, // no proxy of the environment
	}}
}

// The parts of an OTLP message that we use, named as it names them.
type (
	message struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource struct {
			Attributes []keyValue `json:"attributes"`
		} `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	scopeSpans struct {
		Scope struct {
			Name string `json:"name"`
		} `json:"scope"`
		Spans []span `json:"spans"`
	}
	span struct {
		TraceID    string     `json:"traceId"`
		SpanID     string     `json:"spanId"`
		ParentID   string     `json:"parentSpanId,omitempty"`
		Name       string     `json:"name"`
		Kind       int        `json:"kind"`
		Start      string     `json:"startTimeUnixNano"`
		End        string     `json:"endTimeUnixNano"`
		Attributes []keyValue `json:"attributes,omitempty"`
		Links      []link     `json:"links,omitempty"`
		Status     status     `json:"status"`
	}
	link struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
	}
	status struct {
		Code int `json:"code,omitempty"`
	}
	keyValue struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		String *string `json:"stringValue,omitempty"`
		Int    *string `json:"intValue,omitempty"`
	}
)

// ExportSpans implements sdktrace.SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := json.Marshal(messageOf(spans))
	if err != nil {
		return fmt.Errorf("encode traces: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send traces: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	if e.token != "" {
		r.Header.Set("Authorization", "Bearer "+e.token)
	}
	res, err := e.client.Do(r)
	if err != nil {
		return fmt.Errorf("send traces: %w", err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	_ = res.Body.Close() // read as far as it matters
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("send traces: the collector answers %d", res.StatusCode)
	}
	return err
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

// messageOf is the message of spans of one process, and so of one resource.
func messageOf(spans []sdktrace.ReadOnlySpan) message {
	var of resourceSpans
	of.Resource.Attributes = keyValues(spans[0].Resource().Attributes())
	var scope scopeSpans
	scope.Scope.Name = "portal"
	for _, s := range spans {
		scope.Spans = append(scope.Spans, spanOf(s))
	}
	of.ScopeSpans = []scopeSpans{scope}
	return message{ResourceSpans: []resourceSpans{of}}
}

func spanOf(s sdktrace.ReadOnlySpan) span {
	out := span{
		TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(), Name: s.Name(),
		Kind:  int(s.SpanKind()), // OTLP counts them as the library does
		Start: strconv.FormatInt(s.StartTime().UnixNano(), 10), End: strconv.FormatInt(s.EndTime().UnixNano(), 10),
		Attributes: keyValues(s.Attributes()),
	}
	if p := s.Parent(); p.HasSpanID() {
		out.ParentID = p.SpanID().String()
	}
	for _, l := range s.Links() {
		out.Links = append(out.Links, link{l.SpanContext.TraceID().String(), l.SpanContext.SpanID().String()})
	}
	if s.Status().Code == codes.Error {
		out.Status.Code = 2 // STATUS_CODE_ERROR; the library counts otherwise
	}
	return out
}

func keyValues(attributes []attribute.KeyValue) []keyValue {
	var list []keyValue
	for _, a := range attributes {
		kv := keyValue{Key: string(a.Key)}
		if a.Value.Type() == attribute.INT64 {
			text := strconv.FormatInt(a.Value.AsInt64(), 10)
			kv.Value.Int = &text
		} else {
			text := a.Value.AsString()
			kv.Value.String = &text
		}
		list = append(list, kv)
	}
	return list
}
