package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/web/static"
)

// What may be sent, compressed, of a thousand service points within 50 km: the
// budget of a first list, and the same number of files.
const (
	mostBranches      = 11_000
	mostFirstBranches = 24_000
)

// TestAThousandServicePointsAreAnsweredAndDrawnInOnePage asks the stand-in bank
// about the middle of Bangkok, where it has more than it tells of at once.
func TestAThousandServicePointsAreAnsweredAndDrawnInOnePage(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	stop := answering(t, w.OpenBank())
	c := w.Client(apptest.Maker)
	found := c.Post("/branch-searches", "place", "13.754, 100.501", "km", "50")
	stop()
	page, html := sent(t, c, c.Request(http.MethodGet, found.Header.Get("Location"), nil))
	if dots := strings.Count(html, "h0"); !strings.Contains(html, "พบ 1,000 แห่ง") || dots < 900 {
		t.Fatalf("%d dots are drawn of %s", dots, found.Header.Get("Location"))
	}
	// The bank cut its answer, and the page says so.
	if !strings.Contains(html, "ไม่เกิน 1,000 แห่งที่ใกล้ที่สุด") {
		t.Error("nothing says that there may be more")
	}
	if page > mostBranches {
		t.Errorf("the page takes %d bytes, more than %d", page, mostBranches)
	}
	first, files := page, 1
	for _, m := range linkedFile.FindAllStringSubmatch(html, -1) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, m[1], http.NoBody)
		r.Header.Set("Accept-Encoding", "gzip")
		file := httptest.NewRecorder()
		static.Handler().ServeHTTP(file, r)
		first, files = first+file.Body.Len(), files+1
	}
	if first > mostFirstBranches || files > mostFiles || strings.Contains(html, "thailand.svg\"/>") {
		t.Errorf("the first page takes %d bytes in %d files, more than %d in %d", first, files, mostFirstBranches, mostFiles)
	}
}
