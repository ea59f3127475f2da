package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

func (c *caller) page() string {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.bank.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sandbox/", nil))
	if w.Code != http.StatusOK {
		c.t.Fatalf("page: %d", w.Code)
	}
	return w.Body.String()
}

func (c *caller) press(path, site string, form url.Values) int {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if site != "" {
		r.Header.Set("Sec-Fetch-Site", site)
	}
	w := httptest.NewRecorder()
	c.bank.ServeHTTP(w, r)
	return w.Code
}

func TestThePageShowsAndSwitches(t *testing.T) {
	t.Parallel()
	c := open(t)
	if !strings.Contains(c.page(), "not a real bank") {
		t.Error("the page does not say what it is")
	}
	reference := c.created("INV-<b>1", func(o object) {
		o["documentNumber"] = "INV-1"
		o["hasAttachment"] = false
		o["seller"].(object)["name"] = "<b>x"
	})
	page := c.page()
	if !strings.Contains(page, reference) || !strings.Contains(page, "1070.00") || strings.Contains(page, "<b>x") {
		t.Errorf("the page does not show the entry safely")
	}
	steps := []struct {
		path string
		form url.Values
		want int
	}{
		{"/sandbox/decision", url.Values{"reference": {reference}, "status": {"RFSD"}, "remark": {"ราคาผิด"}}, http.StatusSeeOther},
		{"/sandbox/decision", url.Values{"reference": {reference}, "status": {"FNLD"}}, http.StatusUnprocessableEntity},
		{"/sandbox/clock", url.Values{"hours": {"24"}}, http.StatusSeeOther},
		{"/sandbox/clock", url.Values{"hours": {"soon"}}, http.StatusUnprocessableEntity},
		{"/sandbox/fault", url.Values{"operation": {"presentment.create"}, "kind": {"429"}, "times": {"2"}}, http.StatusSeeOther},
		{"/sandbox/fault", url.Values{"operation": {"nonsense"}, "kind": {"429"}, "times": {"2"}}, http.StatusUnprocessableEntity},
		{"/sandbox/fault", url.Values{"operation": {"*"}, "kind": {"nonsense"}, "times": {"2"}}, http.StatusUnprocessableEntity},
	}
	for i, s := range steps {
		if got := c.press(s.path, "same-origin", s.form); got != s.want {
			t.Errorf("step %d: %d, want %d", i, got, s.want)
		}
	}
	page = c.page()
	for _, want := range []string{"ราคาผิด", "2025-11-23 09:30:00", "429</b>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	for i, want := range []int{429, 429, 200} {
		if status, _, _ := c.call("presentment.create", entry("INV-"+string(rune('5'+i)))); status != want {
			t.Errorf("request %d under a fault for two: %d", i, status)
		}
	}
	if got := c.press("/sandbox/clear", "same-origin", nil); got != http.StatusSeeOther || len(c.bank.Effects()) != 0 {
		t.Errorf("clear: %d, %d effects left", got, len(c.bank.Effects()))
	}
}

func TestThePageTakesFormsFromItselfOnly(t *testing.T) {
	t.Parallel()
	c := open(t)
	c.created("INV-1")
	for _, site := range []string{"", "cross-site", "same-site"} {
		if got := c.press("/sandbox/clear", site, nil); got != http.StatusForbidden || len(c.bank.Effects()) != 1 {
			t.Errorf("Sec-Fetch-Site %q: %d", site, got)
		}
	}
}

func TestAFaultForAnyLeavesTheTokenCallAlone(t *testing.T) {
	t.Parallel()
	c := open(t)
	if err := c.bank.SetFault(sandbox.AnyOperation, sandbox.Fault{Kind: sandbox.RateLimit}); err != nil {
		t.Fatal(err)
	}
	c.login()
	for range 3 {
		if _, code, _ := c.call("presentment.create", entry("INV-1")); code != krungsri.CodeRateLimited {
			t.Errorf("got %q", code)
		}
	}
	if err := c.bank.ClearFaults(); err != nil {
		t.Fatal(err)
	}
	c.created("INV-1")
}

func TestBusinessTimeMovesWithoutTheTokens(t *testing.T) {
	t.Parallel()
	c := open(t)
	if err := c.bank.Set(clock().AddDate(0, 0, 40)); err != nil {
		t.Fatal(err)
	}
	if got := c.bank.Now(); !got.Equal(clock().Add(40 * 24 * time.Hour)) {
		t.Errorf("the bank's time is %s", got)
	}
	reference := c.created("INV-1", func(o object) { o["documentDate"], o["dueDate"] = "2026-01-01", "2026-01-31" })
	if !strings.HasPrefix(reference, "PSM20260101") {
		t.Errorf("the reference is %s", reference)
	}
}
