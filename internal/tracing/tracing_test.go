package tracing_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"portal/internal/tracing"
)

// collector keeps what it is sent.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	tokens []string
}

func newCollector(t *testing.T, status int) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies, c.tokens = append(c.bodies, string(body)), append(c.tokens, r.Header.Get("Authorization"))
		w.WriteHeader(status)
	}))
	t.Cleanup(c.Close)
	return c
}

type span struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
	Status                              struct{ Code int }
	Links                               []struct{ TraceID, SpanID string }
	Attributes                          []struct {
		Key   string
		Value struct{ StringValue, IntValue string }
	}
}

func (c *collector) spans(t *testing.T) map[string]span {
	t.Helper()
	found := map[string]span{}
	for _, body := range c.bodies {
		var m struct {
			ResourceSpans []struct{ ScopeSpans []struct{ Spans []span } }
		}
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		for _, r := range m.ResourceSpans {
			for _, s := range r.ScopeSpans {
				for _, one := range s.Spans {
					found[one.Name] = one
				}
			}
		}
	}
	return found
}

// The log is discarded by all tests alike: the library has one place for it.
var quiet = slog.New(slog.DiscardHandler)

func TestATraceGoesFromTheCallersThroughTheRequestToItsSteps(t *testing.T) {
	t.Parallel()
	c := newCollector(t, http.StatusOK)
	tracer, err := tracing.New(tracing.Config{URL: c.URL, Token: "collector-token", Share: 1, Process: "web", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/buyers/1101700230708?q=secret", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	ctx := tracer.BeginRequest(r)
	tracer.Step(ctx, "transaction read")("ended", false)
	tracer.Step(t.Context(), "a look for work")("ended", false)
	tracer.EndRequest(ctx, "request-1", "GET /buyers/{id}", 503)
	work, ended := tracer.Begin(t.Context(), "send presentment.create", "portal.attempt", "attempt-1")
	tracer.Step(work, "bank presentment.create")("unknown", true)
	ended(false)
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	found := c.spans(t)
	request, step := found["GET /buyers/{id}"], found["transaction read"]
	if request.TraceID != "4bf92f3577b34da6a3ce929d0e0e4736" || request.ParentSpanID != "00f067aa0ba902b7" || request.Kind != 2 || request.Status.Code != 2 {
		t.Errorf("the request: %+v", request)
	}
	if step.TraceID != request.TraceID || step.ParentSpanID != request.SpanID || step.Kind != 3 || step.Status.Code != 0 {
		t.Errorf("its step: %+v", step)
	}
	send, call := found["send presentment.create"], found["bank presentment.create"]
	if send.ParentSpanID != "" || call.ParentSpanID != send.SpanID || call.Status.Code != 2 {
		t.Errorf("the attempt: %+v, its call: %+v", send, call)
	}
	if len(found) != 4 {
		t.Errorf("%d spans: %v", len(found), found)
	}
	all := strings.Join(c.bodies, "")
	if strings.Contains(all, "1101700230708") || strings.Contains(all, "secret") || !strings.Contains(all, "request-1") || c.tokens[0] != "Bearer collector-token" {
		t.Errorf("sent with %q: %s", c.tokens, all)
	}
}

func TestACallersWishDoesNotDecideWhatIsTraced(t *testing.T) {
	t.Parallel()
	c := newCollector(t, http.StatusOK)
	tracer, err := tracing.New(tracing.Config{URL: c.URL, Share: 0, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	tracer.EndRequest(tracer.BeginRequest(r), "request-1", "GET /", 200)
	if err := tracer.Close(t.Context()); err != nil || len(c.bodies) != 0 {
		t.Errorf("%v, sent: %v", err, c.bodies)
	}
}

func TestWorkIsLinkedWithTheRequestThatLedToIt(t *testing.T) {
	t.Parallel()
	c := newCollector(t, http.StatusOK)
	web, err := tracing.New(tracing.Config{URL: c.URL, Share: 1, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	// Of what nobody approved in a trace, this worker traces nothing.
	worker, err := tracing.New(tracing.Config{URL: c.URL, Share: 0, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ctx := web.BeginRequest(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	led := tracing.Trace(ctx)
	web.EndRequest(ctx, "request-1", "POST /instructions/{id}/approval", 303)
	for _, from := range [][]string{{led}, nil, {"00-no-trace-01"}} {
		_, ended := worker.Begin(t.Context(), "send presentment.create", "portal.attempt", "attempt-1", from...)
		ended(false)
	}
	for _, tracer := range []*tracing.Tracer{web, worker} {
		if err := tracer.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	found := c.spans(t)
	request, send := found["POST /instructions/{id}/approval"], found["send presentment.create"]
	if len(send.Links) != 1 || send.Links[0].TraceID != request.TraceID || send.Links[0].SpanID != request.SpanID || send.TraceID == request.TraceID {
		t.Errorf("the request is %+v and the attempt %+v", request, send)
	}
	if n := strings.Count(strings.Join(c.bodies, ""), `"send presentment.create"`); n != 1 {
		t.Errorf("%d attempts are traced, and one was approved in a trace", n)
	}
	if tracing.Trace(t.Context()) != "" {
		t.Error("what is not traced has a trace")
	}
}

func TestNoTracerTracesNothing(t *testing.T) {
	t.Parallel()
	var none *tracing.Tracer
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	none.EndRequest(none.BeginRequest(r), "", "", 200)
	none.Step(t.Context(), "x")("ended", false)
	if err := none.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
