package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"portal/internal/metrics"
)

func scrape(t *testing.T, h http.Handler, token string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestFiguresAreForWhoeverShowsTheToken(t *testing.T) {
	t.Parallel()
	m := metrics.New("web", "v1")
	m.Answered("GET /bills/{id}", 200, time.Second)
	for shown, want := range map[string]int{"": 401, "Bearer ": 401, "Bearer wrong": 401, "right": 401, "Bearer right": 200} {
		code, body := scrape(t, m.Handler("right"), shown)
		if code != want || (code != 200) == strings.Contains(body, "portal_") {
			t.Errorf("%q: %d", shown, code)
		}
	}
	if code, _ := scrape(t, m.Handler(""), ""); code != 200 {
		t.Errorf("without a token: %d", code)
	}
}

func TestWhatIsNoRouteIsOneLabel(t *testing.T) {
	t.Parallel()
	m := metrics.New("web", "v1")
	for range 100 {
		m.Answered("", 404, time.Millisecond)
	}
	m.Answered("GET /bills", 0, time.Millisecond)
	_, body := scrape(t, m.Handler(""), "")
	if n := strings.Count(body, "portal_request_seconds_count{"); n != 2 {
		t.Errorf("%d series", n)
	}
	for _, line := range []string{`portal_request_seconds_count{route="none",status="404"} 100`, `portal_request_seconds_count{route="GET /bills",status="cut"} 1`} {
		if !strings.Contains(body, line) {
			t.Errorf("%s is missing", line)
		}
	}
}

func TestWhatIsReadTogetherIsReadSeldomAndNeverOld(t *testing.T) {
	t.Parallel()
	m := metrics.New("worker", "v1")
	now, reads, fails := time.Unix(1000, 0), 0, false
	m.Together(5*time.Second, time.Second, func() time.Time { return now }, func(context.Context) ([]metrics.Figure, error) {
		reads++
		if fails {
			return nil, errors.New("away")
		}
		return []metrics.Figure{{Name: "waiting", Help: "What waits.", Value: float64(reads)}}, nil
	})
	for range 3 {
		if _, body := scrape(t, m.Handler(""), ""); !strings.Contains(body, "portal_waiting 1\n") || !strings.Contains(body, "portal_backlog_up 1\n") {
			t.Error(body)
		}
	}
	now, fails = now.Add(5*time.Second), true
	if _, body := scrape(t, m.Handler(""), ""); strings.Contains(body, "portal_waiting") || !strings.Contains(body, "portal_backlog_up 0\n") || reads != 2 {
		t.Errorf("%d reads: %s", reads, body)
	}
}
