//go:build unix

package app_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"portal/internal/app/apptest"
)

// nowhere answers into nothing, so that a benchmark measures the page alone.
type nowhere struct {
	header http.Header
	status int
	bytes  int
}

func (n *nowhere) Header() http.Header    { return n.header }
func (n *nowhere) WriteHeader(status int) { n.status = status }
func (n *nowhere) Write(b []byte) (int, error) {
	n.bytes += len(b)
	return io.Discard.Write(b)
}

// processorTime is what this process has used, whatever else the machine does.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// What a page costs from the request to its last byte, the database's share
// and gzip included; the network is left out. cpu-ns/op leaves the database out
// too, and is the figure to compare on a machine that is not quiet.
func BenchmarkPages(b *testing.B) {
	w := fullPage(b)
	for n := range 5 {
		w.Submitted(apptest.Both, "BENCH-"+strconv.Itoa(n))
	}
	bill, lead := w.Submitted(apptest.Both, "BENCH-bill")
	stop := answering(b, w.OpenBank())
	around := w.Client(apptest.Maker).Post("/branch-searches", "place", "13.754, 100.501", "km", "50").Header.Get("Location")
	stop()
	for _, page := range []struct{ name, person, path string }{
		{"branches", apptest.Maker, around},
		{"branches open", apptest.Maker, around + "&open=now"},
		{"branch dots", apptest.Maker, strings.Replace(around, "/branches", "/branches/points", 1)},
		{"list", apptest.Maker, "/presentments"},
		{"approvals", apptest.Checker, "/approvals"},
		{"bill", apptest.Checker, "/presentments/" + bill.ID.String()},
		{"approval", apptest.Checker, "/approvals/" + lead.String()},
		{"home", apptest.Checker, "/"},
		{"search", apptest.Maker, "/search?q=INV-"},
	} {
		b.Run(page.name, func(b *testing.B) {
			c, h := w.Client(page.person), w.App.Handler()
			r := c.Request(http.MethodGet, page.path, nil)
			r.Header.Set("Accept-Encoding", "gzip")
			b.ReportAllocs()
			began, size := processorTime(b), 0
			for b.Loop() {
				answer := &nowhere{header: make(http.Header), status: http.StatusOK}
				h.ServeHTTP(answer, r.Clone(r.Context()))
				if answer.status != http.StatusOK {
					b.Fatalf("GET %s: %d", page.path, answer.status)
				}
				size = answer.bytes
			}
			b.ReportMetric(float64(processorTime(b)-began)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(size), "sent-B")
		})
	}
}
