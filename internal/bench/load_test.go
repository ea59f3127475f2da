package bench

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestLoadReadsAnswersWithAndWithoutLength(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"with length": "hello", "in chunks": strings.Repeat("0123456789", 2000), "empty": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var served atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				served.Add(1)
				_, _ = w.Write([]byte(body))
			}))
			defer server.Close()
			addr := server.Listener.Addr().String()
			var sent atomic.Int64
			r, err := load{addr: addr, conns: 3, status: http.StatusOK, next: func() []byte {
				if sent.Add(1) > 300 {
					return nil
				}
				return get(addr, "/", nil)
			}}.run(t.Context(), time.Now, time.Minute)
			if served.Load() != 300 {
				t.Errorf("%d requests arrived, want 300", served.Load())
			}
			if err == nil && r.Bytes != int64(len(body)) {
				t.Errorf("an answer has %d bytes, want %d", r.Bytes, len(body))
			}
		})
	}
}

func TestLoadRefusesAnotherStatus(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	addr := server.Listener.Addr().String()
	_, err := load{addr: addr, conns: 2, status: http.StatusOK, next: always(get(addr, "/", nil))}.run(t.Context(), time.Now, time.Second)
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want a complaint about 404", err)
	}
}
