package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// pathOf fills a pattern of the route table with an id that nobody has.
func pathOf(pattern string) string {
	p := strings.TrimSuffix(pattern, "{$}")
	p = strings.ReplaceAll(p, "{lang}", "th")
	for strings.Contains(p, "{") {
		open, end := strings.Index(p, "{"), strings.Index(p, "}")
		p = p[:open] + "01890000-0000-7000-8000-000000000000" + p[end+1:]
	}
	return p
}

func unsafe(method string) bool { return method != http.MethodGet && method != http.MethodHead }

func TestUnsafeRequestsFromElsewhereAreRefusedOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	foreign := []map[string]string{
		{},
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"},
		{"Sec-Fetch-Site": "none"},
		{"Origin": "https://evil.example"},
		{"Origin": "null"},
		{"Origin": w.URL + ".evil.example"},
		{"Sec-Fetch-Site": "cross-site", "Origin": w.URL},
		{"Sec-Fetch-Site": "nonsense", "Origin": w.URL},
		{"Sec-Fetch-Site": "same-site", "Origin": strings.Replace(w.URL, "127.0.0.1", "127.0.0.2", 1)},
	}
	routes := 0
	for _, rt := range w.App.Routes() {
		if !unsafe(rt.Method) || rt.Permission == "the bank" {
			continue
		}
		routes++
		for _, headers := range foreign {
			for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"} {
				r := c.Request(rt.Method, pathOf(rt.Pattern), apptest.Form("merchant", w.Other.String()))
				r.Header.Del("Sec-Fetch-Site")
				r.Header.Del("Origin")
				r.Header.Set("Content-Type", kind)
				for name, value := range headers {
					r.Header.Set(name, value)
				}
				if a := c.Do(r); a.Status != http.StatusForbidden {
					t.Errorf("%s %s with %v got %d", rt.Method, rt.Pattern, headers, a.Status)
				}
			}
		}
	}
	if routes == 0 {
		t.Fatal("the table has no unsafe route")
	}
	if a := c.Get("/account"); a.Status != http.StatusOK {
		t.Errorf("one of them did something: %d", a.Status)
	}
	for _, headers := range []map[string]string{{"Sec-Fetch-Site": "same-origin"}, {"Origin": w.URL}} {
		r := c.Request(http.MethodPost, "/preferences", apptest.Form("theme", "dark"))
		r.Header.Del("Sec-Fetch-Site")
		r.Header.Del("Origin")
		for name, value := range headers {
			r.Header.Set(name, value)
		}
		if a := c.Do(r); a.Status != http.StatusSeeOther {
			t.Errorf("our own form with %v got %d", headers, a.Status)
		}
	}
}

func TestEveryAnswerHasItsSecurityHeaders(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.App.AddRoute("GET", "/panics", "public", func(http.ResponseWriter, *http.Request) error { panic("on purpose") })
	visitor, maker := w.Visitor(), w.Client(apptest.Maker)
	answers := map[string]apptest.Answer{
		"page":         maker.Get("/account"),
		"visitor":      visitor.Get("/sign-in"),
		"redirect":     visitor.Get("/account"),
		"404":          maker.Get("/nothing"),
		"404 visitor":  visitor.Get("/nothing"),
		"405":          maker.Do(maker.Request(http.MethodDelete, "/account", nil)),
		"400":          maker.Post("/preferences", "nonsense", "1"),
		"401":          visitor.Post("/preferences"),
		"403":          w.Client(apptest.Nobody).Get("/"),
		"413":          maker.Post("/sign-in", "email", strings.Repeat("x", 10_000)),
		"422":          visitor.Post("/sign-in", "email", "", "password", ""),
		"500":          maker.Get("/panics"),
		"static 404":   visitor.Get("/static/x/nothing.css"),
		"health":       visitor.Get("/healthz"),
		"sign-out":     w.SignIn(apptest.Maker).Post("/sign-out"),
		"moved":        visitor.Get("/account//x/.."),
		"other method": visitor.Do(visitor.Request("BREW", "/", nil)),
	}
	stylesheet := answers["visitor"].Body
	stylesheet = stylesheet[strings.Index(stylesheet, "/static/"):]
	answers["static"] = visitor.Get(stylesheet[:strings.Index(stylesheet, `"`)])
	if got := answers["static"].Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("the stylesheet is not kept: %q", got)
	}
	delete(answers, "static") // its headers but for caching are looked at below
	for name, a := range answers {
		if got := a.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s (%d): Cache-Control %q", name, a.Status, got)
		}
	}
	answers["static"] = visitor.Get(stylesheet[:strings.Index(stylesheet, `"`)])
	for name, a := range answers {
		csp := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s (%d): CSP %q", name, a.Status, csp)
		}
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s (%d): %s %q", name, a.Status, header, got)
			}
		}
		if a.Header.Get("Permissions-Policy") == "" || a.Header.Get("Server") != "" {
			t.Errorf("%s (%d): %v", name, a.Status, a.Header)
		}
	}
}

func TestHSTSOverHTTPSOnly(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	if got := w.Visitor().Get("/sign-in").Header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("over http: %q", got)
	}
	secure := apptest.New(t, func(c *app.Config) { c.Origin = "https://portal.example.co.th" })
	c := secure.Visitor()
	r := c.Request(http.MethodGet, "/sign-in", nil)
	r.Host = "portal.example.co.th"
	if got := c.Do(r).Header.Get("Strict-Transport-Security"); !strings.Contains(got, "max-age=31536000") {
		t.Errorf("over https: %q", got)
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	for _, host := range []string{"evil.example", "127.0.0.1", "localhost", strings.TrimPrefix(w.URL, "http://") + ".evil.example", "evil.example:80"} {
		r := c.Request(http.MethodGet, "/account", nil)
		r.Host = host
		r.Header.Set("X-Forwarded-Host", "evil.example")
		a := c.Do(r)
		if a.Status != http.StatusMisdirectedRequest || strings.Contains(a.Body, "evil.example") {
			t.Errorf("%s got %d", host, a.Status)
		}
	}
	probe := c.Request(http.MethodGet, "/healthz", nil)
	probe.Host = "10.0.0.7"
	if a := c.Do(probe); a.Status != http.StatusOK {
		t.Errorf("a probe by address got %d", a.Status)
	}
}

func TestUnknownIdAndForeignIdAreOnePage(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	var foreign string
	w.SignIn(apptest.Checker)
	if err := w.DB.Super.QueryRowContext(t.Context(), "SELECT id::text FROM sessions WHERE person_id = $1", w.Person(apptest.Checker)).Scan(&foreign); err != nil {
		t.Fatal(err)
	}
	var first apptest.Answer
	for i, id := range []string{foreign, store.NewID().String(), "not-an-id", "%00", "'"} {
		a := c.Post("/account/sessions/" + id + "/end")
		a.Header.Del("Date")
		a.Header.Del("Request-Id")
		if i == 0 {
			first = a
		}
		if a.Status != http.StatusNotFound || a.Body != first.Body || fmt.Sprint(a.Header) != fmt.Sprint(first.Header) {
			t.Errorf("%q differs from another's id: %d, %v", id, a.Status, a.Header)
		}
	}
	get := c.Get("/nothing-here")
	if get.Status != http.StatusNotFound || get.Body != first.Body {
		t.Error("an unknown page differs from another's id")
	}
}

func TestPanicIsAPageAndALineInTheLog(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.App.AddRoute("GET", "/panics", "public", func(http.ResponseWriter, *http.Request) error { panic("secret detail") })
	w.App.AddRoute("GET", "/fails", "public", func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("secret detail: %w", http.ErrBodyNotAllowed)
	})
	for _, path := range []string{"/panics", "/fails"} {
		a := w.Client(apptest.Maker).Get(path)
		if a.Status != http.StatusInternalServerError || strings.Contains(a.Body, "secret detail") || strings.Contains(a.Body, "goroutine") {
			t.Errorf("%s got %d: %s", path, a.Status, a.Body)
		}
		if id := a.Header.Get("Request-Id"); id == "" || !strings.Contains(a.Body, id) {
			t.Errorf("%s does not name the request", path)
		}
	}
	log := w.Log.String()
	if !strings.Contains(log, "secret detail") || !strings.Contains(log, "goroutine") || strings.Count(log, `"level":"ERROR"`) != 2 {
		t.Error("the log does not tell what happened")
	}
}

func TestHtmxErrorsTakeThePlaceOfTheContent(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	a := c.Do(c.Partial(http.MethodGet, "/nothing", "list", nil))
	if a.Status != http.StatusNotFound || a.Header.Get("HX-Retarget") != "#main" || strings.Contains(a.Body, "<html") {
		t.Errorf("got %d, %v", a.Status, a.Header)
	}
	v := w.Visitor()
	a = v.Do(v.Partial(http.MethodGet, "/account", "sessions", nil))
	if a.Status != http.StatusUnauthorized || a.Header.Get("HX-Redirect") != "/sign-in?next=%2Faccount" || a.Body != "" {
		t.Errorf("a visitor got %d, %q", a.Status, a.Header.Get("HX-Redirect"))
	}
	r := v.Partial(http.MethodPost, "/preferences", "x", apptest.Form())
	r.Header.Set("HX-Current-URL", "https://evil.example/account")
	if a = v.Do(r); a.Header.Get("HX-Redirect") != "/sign-in?next=%2Faccount" {
		t.Errorf("a form over htmx leads to %q", a.Header.Get("HX-Redirect"))
	}
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	a := c.Do(c.Request(http.MethodDelete, "/account", nil))
	if a.Status != http.StatusMethodNotAllowed || !strings.Contains(a.Header.Get("Allow"), "GET") {
		t.Errorf("got %d, Allow %q", a.Status, a.Header.Get("Allow"))
	}
}

func TestNobodyReachesARouteThatIsNotTheirs(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	people := map[string]store.Duties{
		apptest.Maker: {store.Maker}, apptest.Checker: {store.Checker}, apptest.Auditor: {store.Auditor}, apptest.Admin: {store.Admin}, apptest.Nobody: nil,
	}
	for _, rt := range w.App.Routes() {
		if rt.Permission == "public" || rt.Permission == "the bank" {
			continue
		}
		visitor := w.Visitor()
		a := visitor.Do(visitor.Request(rt.Method, pathOf(rt.Pattern), apptest.Form()))
		if unsafe(rt.Method) && a.Status != http.StatusUnauthorized || !unsafe(rt.Method) && (a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/sign-in")) {
			t.Errorf("a visitor at %s %s got %d", rt.Method, rt.Pattern, a.Status)
		}
		if rt.Permission == "signed in" {
			continue
		}
		for name, duties := range people {
			allowed := false
			for _, d := range rt.Duties {
				allowed = allowed || duties.Has(d)
			}
			c := w.Client(name)
			a := c.Do(c.Request(rt.Method, pathOf(rt.Pattern), apptest.Form()))
			if refused := a.Status == http.StatusForbidden; refused == allowed {
				t.Errorf("%s at %s %s got %d", name, rt.Method, rt.Pattern, a.Status)
			}
		}
	}
}

func TestFieldsThatNoFormHasAreRefused(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	for _, rt := range w.App.Routes() {
		if !unsafe(rt.Method) || len(rt.Duties) > 0 || rt.Permission == "the bank" {
			continue
		}
		for _, field := range []string{"merchant_id", "state", "maker_id", "version", "approved_by", "amount_satang", "role", "person_id", "duties"} {
			form := apptest.Form("email", "a@b.c", "password", "x", "old", "x", "new", "y", "theme", "dark", field, "1")
			if a := c.Do(c.Request(rt.Method, pathOf(rt.Pattern), form)); a.Status != http.StatusBadRequest && a.Status != http.StatusNotFound {
				t.Errorf("%s %s with %s got %d", rt.Method, rt.Pattern, field, a.Status)
			}
		}
	}
	if a := c.Post("/preferences", "theme", "dark", "theme", "light"); a.Status != http.StatusBadRequest {
		t.Errorf("a field sent twice got %d", a.Status)
	}
	if a := c.Get("/sign-in?next=/account&utm=1"); a.Status != http.StatusBadRequest {
		t.Errorf("an unknown parameter got %d", a.Status)
	}
}

func TestNextLeadsToOurOwnPagesOnly(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for _, s := range []string{"/account", "/account?a=b", "/identity", "/"} {
		if got, ok := w.App.OwnPath(s); !ok || got != s {
			t.Errorf("%q became %q, %v", s, got, ok)
		}
	}
	for _, s := range hostileTargets(strings.TrimPrefix(w.URL, "http://")) {
		if got, ok := w.App.OwnPath(s); ok {
			t.Errorf("%q is taken for our own: %q", s, got)
		}
	}
	c := w.Visitor()
	for _, s := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "javascript:alert(1)", "/account"} {
		a := c.Post("/sign-in", "email", apptest.Email(apptest.Maker), "password", apptest.Password, "next", s)
		if want := map[bool]string{true: "/account", false: "/"}[s == "/account"]; a.Location() != want {
			t.Errorf("%q led to %q", s, a.Location())
		}
	}
}

func hostileTargets(host string) []string {
	targets := []string{
		"", "account", "evil.example", "//evil.example", "//evil.example/account", "http:/account", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
		"/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "/%09/evil.example", "/%0d%0aSet-Cookie:x=y", "/account\r\nX: y",
		"https://evil.example", "http:evil.example", "http:/evil.example", "https:evil.example", "HTTPS://evil.example", "javascript:alert(1)", "JavaScript:alert(1)",
		"java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "file:///etc/passwd", "about:blank", "//127.0.0.1@evil.example", "http://" + host,
		"http://" + host + "@evil.example", "//" + host, "/@evil.example", "/.evil.example", "/../evil.example", "/./account", "/account/", "/account/../account",
		"/account#x", "/account#//evil", "/%2e%2e/account", "/%2f/evil.example", "/%2faccount", "/%5cevil.example", "/%5c%5cevil.example", "/account%2f..%2f..",
		"/a%63count", "/account%00", "/account%0a", "/account%ff", "/account\x00", "/account\x7f", "/account\u2028", "/account\u00a0", "/\u202eaccount", "/âccount", "/ account",
		"/account?next=\u2028", "/account?\\", "/account?x=â", "/account?\u202e", "/account?x=ก", "/account?a=\n", "?next=/account", "#", "/sign-in", "/sign-in?next=/account", "/sign-out", "/language/en", "/static/x/app.css",
		"/healthz", "/readyz", "/nothing", "/merchant", "/preferences", "/account/password", "//", "/..", "/.", "..", ".", "%2f%2fevil.example", "//%5cevil.example",
		"//evil.example/%2f..", "/;@evil.example", "/evil.example", "/http://evil.example", "/https:evil.example", "/" + strings.Repeat("a", 3000), "/account?" + strings.Repeat("a", 3000),
		"https://" + host + ".evil.example/account", "///" + host, "/\\/\\evil.example", "/.//evil.example", "/account//", "//account", "///account", "/account;x", "/account.", "/ACCOUNT",
		"<script>", "/<script>", "/account\"onclick=", "mailto:a@b.c", "tel:1", "ftp://evil.example", "ws://evil.example", "//[::1]", "//0x7f000001", "//evil%E3%80%82example",
	}
	for _, r := range "\x01\x08\x0b\x0c\x1f\u0085\u200b\u3002\uff0f\ufeff" {
		targets = append(targets, "/"+string(r)+"/evil.example", string(r)+"/account", "/account"+string(r))
	}
	return targets
}

func TestLogHasOneParsableLineForEachRequest(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Visitor()
	agents := []string{"plain", "quote\" {\"level\":\"ERROR\"}", "tab\t[31m", "\u2028\u2029", strings.Repeat("ก", 500), "\xff\xfe"}
	for _, agent := range agents {
		r := c.Request(http.MethodGet, "/account?name=secretname", nil)
		r.Header.Set("User-Agent", agent)
		c.Do(r)
		c.Get("/" + url.PathEscape(agent+"\r\n\x1b[31m"))
	}
	lines := 0
	for s := bufio.NewScanner(strings.NewReader(w.Log.String())); s.Scan(); lines++ {
		var line struct{ Msg, Level string }
		if err := json.Unmarshal(s.Bytes(), &line); err != nil || line.Msg != "request" || line.Level != "INFO" {
			t.Errorf("%v: %s", err, s.Text())
		}
	}
	if lines != 2*len(agents) {
		t.Errorf("%d lines for %d requests", lines, 2*len(agents))
	}
	if strings.Contains(w.Log.String(), "secretname") {
		t.Error("the log holds a query")
	}
}

func TestReadyUntilDrainingOrWithoutDatabase(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Visitor()
	if a := c.Get("/readyz"); a.Status != http.StatusOK {
		t.Errorf("got %d", a.Status)
	}
	w.App.Drain()
	if a := c.Get("/readyz"); a.Status != http.StatusServiceUnavailable {
		t.Errorf("while draining: %d", a.Status)
	}
	if err := w.Web.Close(); err != nil {
		t.Fatal(err)
	}
	if a := c.Get("/healthz"); a.Status != http.StatusOK {
		t.Errorf("alive without a database: %d", a.Status)
	}
	signedIn := w.Visitor()
	signedIn.SetCookie("__Host-session", strings.Repeat("A", 52))
	a := signedIn.Get("/account")
	if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || strings.Contains(a.Body, "sql") {
		t.Errorf("without a database: %d, %s", a.Status, a.Body)
	}
}

func TestPagesAreCompressed(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Visitor()
	r := c.Request(http.MethodGet, "/sign-in", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	a := c.Do(r)
	if a.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Accept-Encoding") {
		t.Errorf("headers: %v", a.Header)
	}
}

// TestNumbersNobodyTypesAreOfTheFormOrNone: what no page of ours would send is
// somebody else's form, and never a fault of ours.
func TestNumbersNobodyTypesAreOfTheFormOrNone(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1")
	at, _ := bringIn(t, w.Client(apptest.Maker), "bills.csv", csvFile(csvBill("INV-2")))
	policy := apptest.Form("base", "1", "hours", "72", "cut_off", "16:00", "lists", "1", "bands-0", "1", "do", "propose", "note", "because")
	for _, list := range []string{"0", "1"} {
		policy.Set("people-"+list+"-0-0", "1")
		policy.Set("who-"+list+"-0-0", "1")
	}
	for _, c := range []struct {
		person, path, field string
		form                url.Values
	}{
		{apptest.Maker, "/presentments/" + bill.ID.String(), "version", billForm("INV-1")},
		{apptest.Maker, "/presentments/" + bill.ID.String() + "/submission", "version", apptest.Form("key", strings.Repeat("A", 26))},
		{apptest.Maker, "/presentments/" + bill.ID.String() + "/discard", "version", apptest.Form()},
		{apptest.Maker, at + "/bills", "no", apptest.Form("do", "save")},
		{apptest.Admin, "/admin/policies", "base", policy},
	} {
		for _, number := range []string{"-1", "2147483648", "9223372036854775808", "1.5", "٣"} {
			c.form.Set(c.field, number)
			if a := send(w.Client(c.person), c.path, c.form); a.Status != http.StatusBadRequest {
				t.Errorf("%s with %s = %s was answered %d, want 400", c.path, c.field, number, a.Status)
			}
		}
	}
}
