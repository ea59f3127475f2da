package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"portal/internal/app/apptest"
)

// sample is a page with a part in it.
var sample = templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
	part := templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, `<ul id="list"><li>inside</li></ul>`)
		return err
	})
	if _, err := io.WriteString(w, "<p>outside</p>"); err != nil {
		return err
	}
	return templ.Fragment("list").Render(templ.WithChildren(ctx, part), w)
})

func TestOneComponentMakesThePageAndItsPart(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.App.AddPage("/sample", "list", sample)
	w.App.AddPage("/wrong", "missing", sample)
	c := w.Client(apptest.Maker)
	whole := func(a apptest.Answer) bool {
		return a.Status == http.StatusOK && strings.Contains(a.Body, "<html") && strings.Contains(a.Body, "outside") && strings.Contains(a.Body, "inside")
	}
	if a := c.Get("/sample"); !whole(a) || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "HX-Request") {
		t.Errorf("the page: %d, %v", a.Status, a.Header)
	}
	a := c.Do(c.Partial(http.MethodGet, "/sample", "list", nil))
	if a.Status != http.StatusOK || a.Body != `<ul id="list"><li>inside</li></ul>` {
		t.Errorf("the part: %d, %s", a.Status, a.Body)
	}
	if a := c.Do(c.Partial(http.MethodGet, "/sample", "other", nil)); !whole(a) {
		t.Errorf("asking for a part that the handler does not name: %d, %s", a.Status, a.Body)
	}
	boosted := c.Partial(http.MethodGet, "/sample", "list", nil)
	boosted.Header.Set("HX-Request-Type", "full")
	if a := c.Do(boosted); !whole(a) {
		t.Errorf("a whole page over htmx: %d, %s", a.Status, a.Body)
	}
	if a := c.Do(c.Partial(http.MethodGet, "/wrong", "missing", nil)); a.Status != http.StatusInternalServerError {
		t.Errorf("a part that the page lacks must be an error, not an empty answer: %d", a.Status)
	}
}

func TestFailedPageNeverLeavesByHalf(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.App.AddPage("/breaks", "", templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		if _, err := io.WriteString(w, "first half"); err != nil {
			return err
		}
		return errors.New("on purpose")
	}))
	if a := w.Client(apptest.Maker).Get("/breaks"); a.Status != http.StatusInternalServerError || strings.Contains(a.Body, "first half") {
		t.Errorf("got %d: %s", a.Status, a.Body)
	}
}

func TestBrokenOffFileIsSeenToBe(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for path, end := range map[string]func() error{
		"/file-fails":  func() error { return errors.New("on purpose") },
		"/file-panics": func() error { panic("on purpose") },
	} {
		w.App.AddRoute("GET", path, "public", func(rw http.ResponseWriter, _ *http.Request) error {
			rw.Header().Set("Content-Type", "application/octet-stream")
			if _, err := io.WriteString(rw, strings.Repeat("x", 100_000)); err != nil {
				return err
			}
			return end()
		})
		r := w.Visitor().Request(http.MethodGet, path, nil)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			var n int64
			n, err = io.Copy(io.Discard, res.Body)
			if err == nil {
				err = res.Body.Close()
			}
			if err == nil {
				t.Errorf("%s looks whole after %d bytes", path, n)
			}
		}
	}
	if log := w.Log.String(); strings.Count(log, `"level":"ERROR"`) != 2 {
		t.Error(fmt.Sprint("the log does not tell:", log))
	}
}
