package app_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
)

// slowest is how long any answer may take, also on a machine that does other
// things besides.
const slowest = 5 * time.Second

// leaks is what no page may say about the inside. They are plain words: an
// expression over every page takes longer than the pages, with the race
// detector on.
var leaks = []string{"goroutine ", "runtime error", ".go:", "pq: ", "sql: ", "SQLSTATE", "panic:", "SELECT ", " violates ", "⟦"}

// nasty are values that somebody might type, paste, or send on purpose.
var nasty = []string{
	"", " ", "0", "-1", "32768", "2147483648", "9223372036854775807", "1e309", "NaN", "99999999999999999999999999", "0.000000000000000000001", "๑๒๓", "٣", "1,0,0,0.00", "+1", "0x10",
	"'", `"`, "\\", "'; DROP TABLE presentments; --", "' OR '1'='1", "%", "_", "%00", "\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "\u202e", "\ufeff", "\u200b",
	"<script>alert(1)</script>", "{{.}}", "${7*7}", "../../etc/passwd", "..\\..", "//evil.example", "javascript:alert(1)", "https://evil.example/", "\r\nX-Evil: 1",
	"null", "undefined", "true", "on", "[]", "{}", "01890000-0000-7000-8000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000",
	"31/02/2569", "29/02/2567", "25/12/68", "9999-12-31", "0000-00-00", "01/01/0543", "2026-02-30T25:61:61Z", "2026-01-01T00:00:00+99:99", "-infinity",
	"380", "T02", "standard", "exempt", "save", "add-line", "remove-line-0", "remove-line-999999999999", "remove-line--1", "done", "failed", "draft", "mine", "be", "dark",
	strings.Repeat("A", 26), strings.Repeat("0", 64), strings.Repeat("ก", 300), strings.Repeat("a", 10_000), strings.Repeat("́", 600), "𠮷🧾", "กำ", "ก\u0e33\u0e4d",
}

// parameters are what some page reads from its query.
var parameters = []string{
	"at", "id", "tab", "q", "state", "next", "return", "download", "seen", "person", "group", "from", "to", "amount", "number", "after", "before", "buyer", "bill",
	"sort", "dir", "tax_id", "on", "on_from", "due", "due_to", "amount_from", "mine", "fault", "unpaid", "view", "sum", "rows", "format",
}

// fuzzer sends one person's nonsense.
type fuzzer struct {
	*matrix
	*rand.Rand
	t      *testing.T
	name   string
	client *apptest.Client
	ids    []string
	seen   map[int]int
}

// TestFaultyRequestsBreakNothing sends requests that the route table suggests,
// spoiled in every way. With PORTAL_FAULTS=long it sends 100,000;
// PORTAL_FUZZ_SEED repeats a run, but for what the people of one run do to each
// other's bills.
func TestFaultyRequestsBreakNothing(t *testing.T) {
	t.Parallel()
	requests := 1600
	if long {
		requests = 100_000
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("PORTAL_FUZZ_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PORTAL_FUZZ_SEED=%d repeats this run", seed)
	m := &matrix{kingdom: newKingdom(t), routes: agreedRoutes(t)}
	m.ours.session, m.its.session = nobodysID, nobodysID
	ids := []string{nobodysID, "not-an-id", "%00", "%ff", "..%2f", "'", strings.Repeat("a", 3000), " "}
	for _, e := range []estate{m.ours, m.its} {
		for _, id := range slices.Concat(slices.Collect(maps.Values(e.bills)), slices.Collect(maps.Values(e.leads)), slices.Collect(maps.Values(e.buyers)), slices.Collect(maps.Values(e.receipts)), e.files, e.leaves) {
			ids = append(ids, id.String())
		}
		ids = append(ids, e.settlement.String(), e.series.String())
	}
	slices.Sort(ids)
	names := slices.Sorted(maps.Keys(everybody))
	for _, name := range names {
		m.client(name) // signed in before anybody's wrong guesses hold up the door
	}
	// First what is known to hurt, in every place there is, then anything.
	sweeper := &fuzzer{matrix: m, Rand: rand.New(rand.NewPCG(seed, 0)), t: t, ids: ids, seen: map[int]int{}}
	sweeper.sweep()
	t.Run("people", func(t *testing.T) {
		for n, name := range names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := &fuzzer{
					matrix: m, Rand: rand.New(rand.NewPCG(seed, uint64(n))), t: t, name: name, client: m.client(name), ids: ids,
					seen: map[int]int{},
				}
				for range requests / len(names) {
					f.send()
				}
				t.Logf("answers by status: %v", f.seen)
				if len(f.seen) < 4 {
					t.Errorf("only %v: the requests are too much alike", f.seen)
				}
			})
		}
	})
	for line := range strings.Lines(m.Log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, `"stack"`) {
			t.Errorf("seed %d: %s", seed, line)
		}
	}
}

// send makes one request of some route, spoils it, and judges the answer.
func (f *fuzzer) send() {
	f.t.Helper()
	rt := f.routes[f.IntN(len(f.routes))]
	if hashes(rt.pattern) && f.IntN(8) > 0 {
		rt = f.routes[f.IntN(len(f.routes))]
	}
	c := f.client
	switch rt.pattern {
	case "/sign-in", "/sign-out", "/account/password", "/account/sessions/{id}/end", "/account/sessions/end":
		// Whoever is signed out by accident has no more doors to try.
		if f.IntN(10) > 0 || rt.pattern == "/sign-out" || rt.pattern == "/sign-in" {
			c = f.Visitor()
		}
	}
	r, what := f.request(c, rt)
	f.judge(c, rt, r, what)
}

// sweep puts what is known to hurt into each parameter and each field, as
// somebody who may use the route: one at a time where there is time for it, and
// else a parameter in twelve and a field in five alone, which the seed picks anew
// for each run, and all parameters together.
func (f *fuzzer) sweep() {
	f.t.Helper()
	for _, rt := range f.routes {
		f.name = apptest.Maker
		if !rt.admits(f.name) {
			f.name = apptest.Checker
		}
		c := f.matrix.client(f.name)
		if rt.permission == "public" {
			c = f.Visitor()
		}
		path := fixedPath(rt.pattern)
		for _, tg := range rt.targets(f.t, f.ours, f.its) {
			// Where something can still be changed, more of the form is read.
			if tg.whose == own && (strings.Contains(path, "{id}") || tg.label == "draft" || tg.label == "submitted") {
				path = tg.path
			}
		}
		for _, value := range f.hurting(rt) {
			if rt.method == http.MethodGet {
				f.sweepQuery(c, rt, path, value)
			}
			for name := range f.formFor(rt.method, rt.pattern, f.ours) {
				if !long && f.IntN(5) > 0 {
					continue
				}
				form := f.formFor(rt.method, rt.pattern, f.ours)
				form[name][0] = value
				f.judge(c, rt, request(c, rt.method, rt.pattern, path, form), fmt.Sprintf("%s: POST %s with %s=%.20q", f.name, path, name, value))
			}
		}
	}
}

// hurting are the values that a sweep tries.
func (f *fuzzer) hurting(rt agreed) []string {
	values := []string{"\x00", strings.Repeat("๙", 3000), "\xff\xfe", "%", "-infinity"}
	switch {
	case hashes(rt.pattern) && rt.method == http.MethodPost:
		return values[:1]
	case !long:
		return values[:2]
	}
	return values
}

func (f *fuzzer) sweepQuery(c *apptest.Client, rt agreed, path, value string) {
	f.t.Helper()
	get := func(query url.Values) {
		at := path + "?" + query.Encode()
		f.judge(c, rt, c.Request(rt.method, at, nil), fmt.Sprintf("%s: GET %.200s", f.name, at))
	}
	all := url.Values{}
	for _, name := range parameters {
		all.Set(name, value[:min(len(value), 30)]) // an address has a longest length
		if long || f.IntN(12) == 0 {
			get(url.Values{name: {value}})
		}
	}
	get(all)
}

// judge sends a request and looks at the answer.
func (f *fuzzer) judge(c *apptest.Client, rt agreed, r *http.Request, what string) {
	f.t.Helper()
	began := time.Now()
	a := c.Do(r)
	took := time.Since(began)
	f.seen[a.Status]++
	switch {
	case a.Status >= 500:
		f.t.Errorf("%s: %d\n%s", what, a.Status, clipped(a.Body))
	case took > slowest:
		f.t.Errorf("%s: took %s", what, took)
	}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		for _, leak := range leaks {
			if strings.Contains(a.Body, leak) {
				f.t.Errorf("%s: %d says %q", what, a.Status, leak)
			}
		}
		if strings.Contains(a.Body, "<script>alert(1)") {
			f.t.Errorf("%s: %d echoes a script", what, a.Status)
		}
	}
	if a.Header.Get("X-Evil") != "" || strings.Contains(a.Location(), "//evil") {
		f.t.Errorf("%s: leads to %q, %v", what, a.Location(), a.Header)
	}
	for _, problem := range headerProblems(rt.pattern, a) {
		f.t.Errorf("%s: %d: %s", what, a.Status, problem)
	}
}

func clipped(s string) string { return s[:min(len(s), 2000)] }

// request builds a request and says what it is.
func (f *fuzzer) request(c *apptest.Client, rt agreed) (*http.Request, string) {
	method, path := rt.method, f.path(rt)
	if f.IntN(25) == 0 {
		method = f.oneOf([]string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"})
	}
	if rt.method == http.MethodGet && f.IntN(2) == 0 || f.IntN(20) == 0 {
		path += "?" + f.query()
	}
	form := f.formFor(rt.method, rt.pattern, f.ours)
	for range f.IntN(3) {
		f.spoil(form)
	}
	r := request(c, method, rt.pattern, "/", form)
	f.address(r, path)
	if f.IntN(2) == 0 {
		f.spoilHeaders(r)
	}
	if f.IntN(15) == 0 && r.Body != nil {
		f.spoilBody(r)
	}
	return r, fmt.Sprintf("%s: %s %s %.300q", f.name, method, path, form.Encode())
}

func (f *fuzzer) oneOf(all []string) string { return all[f.IntN(len(all))] }

// path fills the pattern, mostly with ids of the kind that it wants.
func (f *fuzzer) path(rt agreed) string {
	path := fixedPath(rt.pattern)
	if whose := f.IntN(10); strings.Contains(path, "{id}") && whose < 8 {
		e := f.ours
		if (whose == 0) != (f.name == apptest.Stranger) {
			e = f.its
		}
		ids := slices.Sorted(maps.Values(rt.ids(f.t, e)))
		path = strings.Replace(path, "{id}", f.oneOf(ids), 1)
		path = strings.NewReplacer("{file}", rt.second(e), "{settlement}", rt.second(e)).Replace(path)
	}
	for strings.Contains(path, "{") {
		open, end := strings.Index(path, "{"), strings.Index(path, "}")
		path = path[:open] + f.oneOf(f.ids) + path[end+1:]
	}
	switch f.IntN(40) {
	case 0:
		path += "/"
	case 1:
		path = "/" + path
	case 2:
		path += "/" + url.PathEscape(f.oneOf(nasty))
	}
	return path
}

// address sends the request to a path as it is written, however wrong.
func (f *fuzzer) address(r *http.Request, path string) {
	path = strings.ReplaceAll(path, " ", "%20")
	path, query, _ := strings.Cut(path, "?")
	u := *r.URL
	u.Opaque, u.RawQuery = "//"+u.Host+path, query
	r.URL = &u
}

func (f *fuzzer) query() string {
	values := url.Values{}
	for range f.IntN(4) {
		values.Add(f.oneOf(parameters), f.value())
	}
	if f.IntN(10) == 0 {
		return values.Encode() + f.oneOf([]string{"&%zz", "&;", "&a=%ff", "&q=%00", "&&&", "=&=", "&" + strings.Repeat("a=b&", 500)})
	}
	return values.Encode()
}

func (f *fuzzer) value() string {
	switch f.IntN(4) {
	case 0:
		return f.oneOf(f.ids)
	case 1:
		return f.oneOf(nasty) + f.oneOf(nasty)
	}
	return f.oneOf(nasty)
}

// spoil changes a form in one place.
func (f *fuzzer) spoil(form url.Values) {
	if form == nil {
		return
	}
	names := slices.Sorted(maps.Keys(form))
	if f.IntN(10) == 0 {
		form.Add(f.oneOf([]string{"version", "key", "reason", "note", "state", "merchant", "outcome", "q", "", "files"}), f.value())
		return
	}
	if len(names) == 0 {
		return
	}
	name := f.oneOf(names)
	switch f.IntN(12) {
	case 0:
		form.Del(name)
	case 1:
		form.Add(name, f.value())
	case 2:
		form[name] = slices.Repeat([]string{f.value()}, 1+f.IntN(300))
	default:
		form[name][f.IntN(len(form[name]))] = f.value()
	}
}

// spoilHeaders plays htmx, another browser, or no browser at all.
func (f *fuzzer) spoilHeaders(r *http.Request) {
	set := func(name, value string) {
		r.Header.Set(name, strings.NewReplacer("\x00", "", "\r", "", "\n", "").Replace(value))
	}
	if f.IntN(4) == 0 {
		set("HX-Request", "true")
		set("HX-Request-Type", f.oneOf([]string{"partial", "full", ""}))
		set("HX-Target", f.oneOf([]string{"div#presentments", "div#trail", "div#approvals", "fieldset#presentment-lines", "main#main", "#", "div#" + f.value()}))
		set("HX-Current-URL", f.oneOf([]string{"http://evil.example/", "/presentments", "%zz", f.value()}))
	}
	switch f.IntN(12) {
	case 0:
		set("Accept-Language", f.value())
	case 1:
		set("Range", "bytes=0-0,-1,5-")
	case 2:
		set("If-None-Match", f.value())
	case 3:
		set("Accept-Encoding", "gzip;q=0, br, *")
	case 4:
		r.AddCookie(&http.Cookie{Name: "lang", Value: "xx"})
		r.AddCookie(&http.Cookie{Name: "flash", Value: url.QueryEscape(f.value())})
	case 5:
		set("X-Forwarded-For", f.value())
	case 6:
		r.Header.Del("Origin")
		r.Header.Del("Sec-Fetch-Site")
	}
}

// spoilBody sends what is no form, or not what it says it is.
func (f *fuzzer) spoilBody(r *http.Request) {
	body := []byte(f.oneOf([]string{"%zz=1", "a=%ff&b", "{\"a\":1}", "--x\r\n\r\n", "\x00\x01", "a;b;c", strings.Repeat("a=b&", 3000), strings.Repeat("x", 300<<10)}))
	if f.IntN(3) > 0 {
		r.Header.Set("Content-Type", f.oneOf([]string{
			"text/plain", "application/json", "multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded; charset=tis-620", "", ";;;",
		}))
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}
