package app_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
)

type seenRequests struct {
	mu  sync.Mutex
	all []app.Answered
}

type seenKey struct{}

func (s *seenRequests) Trace(context.Context) string { return "" }

func (s *seenRequests) Begin(r *http.Request) context.Context {
	return context.WithValue(r.Context(), seenKey{}, true)
}

func (s *seenRequests) End(ctx context.Context, a app.Answered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Value(seenKey{}) == nil {
		a.Route = "the context was lost"
	}
	s.all = append(s.all, a)
}

// last waits for the answer to the last request, which is told of after it is out.
func (s *seenRequests) last(t *testing.T, n int) app.Answered {
	t.Helper()
	for t.Context().Err() == nil {
		s.mu.Lock()
		if len(s.all) == n {
			defer s.mu.Unlock()
			return s.all[n-1]
		}
		s.mu.Unlock()
	}
	return app.Answered{}
}

func TestAnObserverLearnsOfRequestsByRouteAndOfRefusalsByWord(t *testing.T) {
	t.Parallel()
	s := &seenRequests{}
	w := apptest.New(t, func(c *app.Config) { c.Observer = s })
	v := w.Visitor()
	steps := []struct {
		do   func()
		want app.Answered
	}{
		{func() { v.Get("/sign-in") }, app.Answered{Route: "GET /sign-in", Status: 200}},
		{func() { v.Get("/nothing/1101700230708") }, app.Answered{Status: 404}},
		{func() { v.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", "wrong") }, app.Answered{Route: "POST /sign-in", Status: 422, SignIn: "password"}},
		{func() { v.Post("/callbacks/krungsri/presentment") }, app.Answered{Route: "POST /callbacks/krungsri/{product}", Status: 401, Callback: "unsigned"}},
		{func() { v.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password) }, app.Answered{Route: "POST /sign-in", Status: 303}},
		{func() { v.Get("/presentments/0198c0de-0000-7000-8000-000000000000") }, app.Answered{Route: "GET /presentments/{id}", Status: 404}},
	}
	for n, step := range steps {
		step.do()
		got := s.last(t, n+1)
		if got.Request == "" || got.Took <= 0 {
			t.Errorf("%+v has no id or took no time", got)
		}
		got.Request, got.Took = "", 0
		if got != step.want {
			t.Errorf("got %+v, want %+v", got, step.want)
		}
	}
	for range 15 {
		w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Checker), "password", "wrong")
	}
	w.Visitor().Post("/sign-in", "email", apptest.Email(apptest.Checker), "password", "wrong")
	if got := s.last(t, len(steps)+16); got.SignIn != "too_many" || got.Status != http.StatusTooManyRequests {
		t.Errorf("after too many guesses: %+v", got)
	}
	if n := w.App.SightingsWaiting(); n > 1 {
		t.Errorf("%d sightings wait", n)
	}
}

func TestEveryRouteIsALabelOfFixedWords(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	var labels []string
	for _, rt := range w.App.Routes() {
		labels = append(labels, rt.Method+" "+rt.Pattern)
	}
	slices.Sort(labels)
	if n := len(slices.Compact(labels)); n > 600 || n != len(w.App.Routes()) {
		t.Errorf("%d labels of %d routes", n, len(w.App.Routes()))
	}
	for _, l := range labels {
		if strings.ContainsAny(l, "?&=") {
			t.Errorf("%q is no pattern", l)
		}
	}
}
