package app_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portal/internal/app/apptest"
	"portal/internal/store"
	"portal/web/static"
)

var update = flag.Bool("update", false, "write the golden files anew")

// routesFile holds every route and who may use it: the second of the two
// places in which a permission stands. A change of one alone turns a test red.
var routesFile = filepath.Join("testdata", "routes.golden")

func TestRoutesAndPermissionsAreThoseAgreedOn(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, rt := range apptest.New(t).App.Routes() {
		fmt.Fprintf(&got, "%-4s %-68s %s\n", rt.Method, rt.Pattern, rt.Permission)
	}
	if *update {
		if err := os.WriteFile(routesFile, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(routesFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("the route table changed (-%s +now). If that is meant, run\n\tgo test ./internal/app -run %s -update\n%s", routesFile, t.Name(), diff)
	}
}

// agreed is one route as the golden file has it.
type agreed struct {
	method, pattern, permission string
}

func agreedRoutes(t *testing.T) (routes []agreed) {
	t.Helper()
	content, err := os.ReadFile(routesFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		f := strings.Fields(line)
		routes = append(routes, agreed{f[0], f[1], strings.Join(f[2:], " ")})
	}
	return routes
}

// long is set where there is time for more of everything.
var long = os.Getenv("PORTAL_FAULTS") == "long"

// visitor is nobody in particular.
const visitor = "visitor"

// everybody is who tries every door, with the duties at the merchant they
// work for.
var everybody = map[string]store.Duties{
	visitor: nil, apptest.Maker: {store.Maker}, apptest.Checker: {store.Checker}, apptest.Second: {store.Checker},
	apptest.Auditor: {store.Auditor}, apptest.Admin: {store.Admin}, apptest.Nobody: nil,
	apptest.Stranger: {store.Maker, store.Checker, store.Auditor},
}

// admits reports whether the route is for somebody with these duties.
func (rt agreed) admits(name string) bool {
	switch rt.permission {
	case "public", "the bank":
		return true
	case "signed in":
		return name != visitor
	}
	for duty := range strings.SplitSeq(rt.permission, "|") {
		if everybody[name].Has(store.Duty(duty)) {
			return true
		}
	}
	return false
}

// Whose ids a path carries.
const (
	own     = "own"
	other   = "another merchant's"
	unknown = "unknown"
	garbage = "garbage"
)

// target is a path of a route, and whose ids are in it.
type target struct {
	path, whose, label string
}

const nobodysID = "01890000-0000-7000-8000-000000000000"

// targets fills the ids of a pattern in every way there is.
func (rt agreed) targets(t *testing.T, mine, its estate) (all []target) {
	t.Helper()
	path := strings.Replace(fixedPath(rt.pattern), "{kind}", "presentment", 1)
	if rt.permission == "the bank" {
		// It answers nobody but the bank, whoever is signed in.
		if !strings.Contains(path, "{product}") {
			return []target{{path, own, ""}}
		}
		return []target{{strings.Replace(path, "{product}", "presentment", 1), own, ""}, {strings.Replace(path, "{product}", "nothing", 1), unknown, ""}}
	}
	if !strings.Contains(path, "{") {
		return []target{{path, own, ""}}
	}
	fill := func(id, second string) string {
		p := strings.Replace(path, "{id}", id, 1)
		return strings.NewReplacer("{file}", second, "{settlement}", second, "{match}", second).Replace(p)
	}
	for label, id := range rt.ids(t, mine) {
		all = append(all, target{fill(id, rt.second(mine)), own, label})
	}
	slices.SortFunc(all, func(a, b target) int { return strings.Compare(a.label, b.label) })
	for label, id := range rt.ids(t, its) {
		if strings.HasPrefix(path, "/operations/") {
			break // the bank's operations are everybody's
		}
		all = append(all, target{fill(id, rt.second(its)), other, label})
	}
	all = append(all, target{fill(nobodysID, nobodysID), unknown, ""})
	bad := []string{"not-an-id", "%00", "urn:uuid:" + nobodysID, "'", "..%2f", "{" + nobodysID + "}", strings.ReplaceAll(nobodysID, "-", "")}
	if !long {
		bad = bad[:3]
	}
	for _, g := range bad {
		all = append(all, target{fill(url.PathEscape(unescaped(g)), nobodysID), garbage, g})
	}
	return all
}

func unescaped(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// ids are the things that {id} of the route can mean, by their states.
func (rt agreed) ids(t *testing.T, e estate) map[string]string {
	t.Helper()
	named := func(all map[string]store.ID, without ...string) map[string]string {
		found := map[string]string{}
		for label, id := range all {
			if !slices.Contains(without, label) {
				found[label] = id.String()
			}
		}
		return found
	}
	listed := func(all []store.ID) map[string]string {
		found := map[string]string{}
		for n, id := range all {
			found[strconv.Itoa(n)] = id.String()
		}
		return found
	}
	p := rt.pattern
	switch {
	case strings.HasPrefix(p, "/presentments/templates/"):
		return map[string]string{"": e.template.String()}
	case strings.HasPrefix(p, "/presentments/scratches/"):
		return map[string]string{"": e.scratch.String()}
	case strings.HasPrefix(p, "/receipts/"):
		return named(e.receipts)
	case strings.HasPrefix(p, "/blocks/"):
		return named(e.blocks)
	case strings.HasPrefix(p, "/block-differences/"):
		return map[string]string{"open": e.blockDifference.String()}
	case strings.HasPrefix(p, "/debits/"):
		return named(e.debits)
	case strings.HasPrefix(p, "/requests/"):
		return named(e.requests)
	case strings.HasPrefix(p, "/promptpay-ids/"):
		return named(e.promptPay)
	case strings.HasPrefix(p, "/request-rules/"):
		return map[string]string{"open": e.requestRules.String()}
	case strings.HasPrefix(p, "/debit-batches/"):
		return map[string]string{"": e.debitBatch.String()}
	case strings.HasPrefix(p, "/debit-rules/"):
		return map[string]string{"open": e.debitRules.String()}
	case strings.HasPrefix(p, "/alerts/"):
		return named(e.alerts)
	case strings.HasPrefix(p, "/suppliers/"):
		return map[string]string{"": e.supplier.String()}
	case strings.HasPrefix(p, "/schedules/"):
		return map[string]string{"submitted": e.schedule.String()}
	case strings.HasPrefix(p, "/numbers/"):
		return map[string]string{"": e.series.String()}
	case strings.HasSuffix(p, "/removal"):
		return map[string]string{"draft": e.bills["draft"].String()}
	case strings.HasPrefix(p, "/presentments/"), strings.HasPrefix(p, "/audit/presentments/"):
		return named(e.bills)
	case strings.Contains(p, "{settlement}"):
		return map[string]string{"proposed": e.leads["proposed"].String()}
	case strings.HasPrefix(p, "/unknown/"):
		return map[string]string{"unknown": e.leads["unknown"].String(), "proposed": e.leads["proposed"].String()}
	case strings.HasPrefix(p, "/approvals/delegations/"):
		return map[string]string{"offered": e.delegation.String()}
	case strings.HasPrefix(p, "/admin/people/"):
		return map[string]string{"": e.person.String()}
	case strings.HasPrefix(p, "/admin/changes/"):
		return map[string]string{"open": e.personChange.String()}
	case strings.HasPrefix(p, "/admin/links/"):
		return map[string]string{"invitation": e.invitation.String()}
	case strings.HasPrefix(p, "/admin/policies/"):
		return map[string]string{"open": e.proposal.String()}
	case strings.HasPrefix(p, "/admin/holds/"):
		return map[string]string{"asked": e.hold.String()}
	case strings.HasPrefix(p, "/instructions/"), strings.HasPrefix(p, "/approvals/"):
		return named(e.leads)
	case strings.HasPrefix(p, "/payments/certificates/"):
		return map[string]string{"awaited": e.match.String()}
	case strings.Contains(p, "{match}"):
		return map[string]string{"matched": e.payments["matched"].String()}
	case strings.HasPrefix(p, "/payments/"):
		return named(e.payments)
	case strings.HasPrefix(p, "/request-batches/"):
		return map[string]string{"": e.requestBatch.String()}
	case strings.HasPrefix(p, "/imports/"):
		return named(e.imports)
	case strings.HasPrefix(p, "/etax/"):
		return named(e.etax)
	case strings.HasPrefix(p, "/payers/"):
		return named(e.payers)
	case strings.HasPrefix(p, "/mandates/"):
		return named(e.mandates)
	case strings.HasPrefix(p, "/differences/"):
		return map[string]string{"open": e.difference.String()}
	case strings.HasPrefix(p, "/batches/"):
		return named(e.batches)
	case strings.HasPrefix(p, "/branches/"):
		return map[string]string{"": e.point}
	case strings.HasPrefix(p, "/operations/"):
		return map[string]string{"used": "presentment.create", "read": "location.inquire", "not used": "transfer.confirm"}
	case strings.HasPrefix(p, "/callbacks/"):
		return named(e.callbacks)
	case strings.HasPrefix(p, "/list/views/"):
		return map[string]string{"": e.view.String()}
	case strings.HasPrefix(p, "/buyers/"):
		return named(e.buyers)
	case strings.HasPrefix(p, "/files/"), strings.HasPrefix(p, "/documents/{id}"):
		return listed(e.files)
	case strings.HasPrefix(p, "/audit/leaves/"):
		return listed(e.leaves)
	case strings.HasPrefix(p, "/audit/boxes/"):
		return named(e.boxes)
	case strings.HasPrefix(p, "/audit/seen/"):
		return map[string]string{"": e.asked.String()}
	case strings.HasPrefix(p, "/audit/about/"):
		return named(e.bills)
	case strings.HasPrefix(p, "/audit/people/"):
		return map[string]string{"": e.person.String()}
	case strings.HasPrefix(p, "/notices/"):
		return map[string]string{"": e.notice.String()}
	case strings.HasPrefix(p, "/mails/"):
		return map[string]string{"": e.mail.String()}
	case strings.HasPrefix(p, "/account/factors/"), strings.HasPrefix(p, "/account/devices/"):
		return map[string]string{"": nobodysID} // nobody has one
	case strings.HasPrefix(p, "/account/sessions/"):
		return map[string]string{"": e.session}
	}
	t.Fatalf("say here what the id of %s names", p)
	return nil
}

// second is what a pattern names besides {id}.
func (rt agreed) second(e estate) string {
	switch {
	case strings.Contains(rt.pattern, "{file}"):
		return e.files[0].String()
	case strings.Contains(rt.pattern, "{settlement}"):
		return e.settlement.String()
	case strings.Contains(rt.pattern, "{match}"):
		return e.match.String()
	}
	return ""
}

// matrix is the whole of it: every route, every person, every id.
type matrix struct {
	*kingdom
	routes []agreed
	checks atomic.Int64
}

func TestEveryRouteAnswersEverybodyAsAgreed(t *testing.T) {
	t.Parallel()
	m := &matrix{kingdom: newKingdom(t), routes: agreedRoutes(t)}
	m.ours.session, m.its.session = nobodysID, nobodysID
	// Nothing moves yet: first come all who are refused, and all ids that are
	// not theirs, then what each person may look at.
	// Whoever comes first finds what the others then find done; the order is the
	// same each time, so that what turns red once does so again.
	names := slices.Sorted(maps.Keys(everybody))
	for _, name := range names {
		m.refusals(t, name)
	}
	for _, name := range names {
		m.reads(t, name)
	}
	m.extraFields(t)
	for _, name := range names {
		m.writes(t, name)
		if name == apptest.Admin {
			m.Return(apptest.Checker) // whom the administrator signed out
		}
	}
	if n := m.checks.Load(); n < 2000 {
		t.Errorf("only %d answers were looked at", n)
	} else {
		t.Logf("%d answers were looked at", n)
	}
}

func (m *matrix) client(name string) *apptest.Client {
	if name == visitor {
		return m.Visitor()
	}
	return m.Client(name)
}

// estates are what a person calls theirs, and what they must never see.
func (m *matrix) estates(t *testing.T, name string) (mine, its estate) {
	t.Helper()
	mine, its = m.ours, m.its
	if name == apptest.Stranger {
		mine, its = its, mine
	}
	somebody := apptest.Checker
	if name == somebody {
		somebody = apptest.Maker
	}
	m.Client(somebody)
	its.session = m.latestSession(t, somebody)
	// A notice is one person's: those of a colleague are a stranger's too.
	if everybody[name] != nil {
		mine.notice = m.notice(t, name)
	}
	its.notice = m.notice(t, somebody)
	return mine, its
}

// ask sends a request and looks at what every answer must have.
func (m *matrix) ask(t *testing.T, c *apptest.Client, rt agreed, tg target, form url.Values) apptest.Answer {
	t.Helper()
	a := c.Do(request(c, rt.method, rt.pattern, tg.path, form))
	m.checks.Add(1)
	if a.Status >= 500 {
		t.Errorf("%s %s: %d\n%s", rt.method, tg.path, a.Status, m.Log)
	}
	for _, problem := range headerProblems(rt.pattern, a) {
		t.Errorf("%s %s (%d): %s", rt.method, tg.path, a.Status, problem)
	}
	return a
}

// headerProblems says which security headers an answer lacks.
func headerProblems(pattern string, a apptest.Answer) (problems []string) {
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
	}
	if pattern == static.Root && a.Status == http.StatusOK {
		delete(want, "Cache-Control")
	}
	if slices.Contains([]string{"/mandates/consent", "/invitation", "/reset", "/recovery", "/sign-in/company/back"}, pattern) {
		want["Referrer-Policy"] = "strict-origin"
	}
	for name, value := range want {
		if got := a.Header.Get(name); got != value {
			problems = append(problems, fmt.Sprintf("%s is %q", name, got))
		}
	}
	csp := a.Header.Get("Content-Security-Policy")
	if (pattern == "/files/{id}" || pattern == "/admin/settings/logo/sample") && a.Status == http.StatusOK {
		// The browser's own viewer has styles, and our page shows it in a frame.
		csp = strings.NewReplacer("style-src 'unsafe-inline'", "", "frame-ancestors 'self'", "frame-ancestors 'none'").Replace(csp)
	}
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
		problems = append(problems, "the content security policy is "+csp)
	}
	if a.Header.Get("Request-Id") == "" || a.Header.Get("Permissions-Policy") == "" || a.Header.Get("Server") != "" {
		problems = append(problems, fmt.Sprint(a.Header))
	}
	return problems
}

// refusals tries everything that must be refused.
func (m *matrix) refusals(t *testing.T, name string) {
	t.Helper()
	mine, its := m.estates(t, name)
	c := m.client(name)
	for _, rt := range m.routes {
		form := m.formFor(rt.method, rt.pattern, its)
		var nobodys *apptest.Answer // what an unknown id is answered
		targets := rt.targets(t, mine, its)
		slices.SortStableFunc(targets, func(a, b target) int { return strings.Compare(b.whose, a.whose) }) // unknown first
		for _, tg := range targets {
			what := fmt.Sprintf("%s at %s %s with %s %s id", name, rt.method, rt.pattern, tg.whose, tg.label)
			switch {
			case name == visitor && !rt.admits(name):
				m.refusedVisitor(t, c, rt, tg, form)
			case !rt.admits(name):
				if a := m.ask(t, c, rt, tg, form); a.Status != http.StatusForbidden {
					t.Errorf("%s: %d, want 403", what, a.Status)
				}
			case tg.whose != own:
				a := m.ask(t, c, rt, tg, form)
				if a.Status != http.StatusNotFound {
					t.Errorf("%s: %d, want 404", what, a.Status)
				}
				if nobodys == nil {
					nobodys = &a
				}
				if diff := cmp.Diff(lasting(*nobodys), lasting(a)); diff != "" {
					t.Errorf("%s differs from an unknown id (-unknown +this):\n%s", what, diff)
				}
			}
			if unsafe(rt.method) && tg.whose == own && rt.permission != "the bank" {
				m.crossSite(t, c, rt, tg, form)
			}
		}
	}
}

// lasting is an answer without what is another one each time.
func lasting(a apptest.Answer) apptest.Answer {
	a.Header = a.Header.Clone()
	a.Header.Del("Date")
	a.Header.Del("Request-Id")
	return a
}

func (m *matrix) refusedVisitor(t *testing.T, c *apptest.Client, rt agreed, tg target, form url.Values) {
	t.Helper()
	a := m.ask(t, c, rt, tg, form)
	if unsafe(rt.method) && a.Status != http.StatusUnauthorized ||
		!unsafe(rt.method) && (a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/sign-in")) {
		t.Errorf("a visitor at %s %s: %d to %q", rt.method, tg.path, a.Status, a.Location())
	}
}

// crossSite sends the very same form from nowhere, which must not count.
func (m *matrix) crossSite(t *testing.T, c *apptest.Client, rt agreed, tg target, form url.Values) {
	t.Helper()
	r := request(c, rt.method, rt.pattern, tg.path, form)
	r.Header.Del("Sec-Fetch-Site")
	r.Header.Del("Origin")
	a := c.Do(r)
	m.checks.Add(1)
	if a.Status != http.StatusForbidden {
		t.Errorf("%s %s without an origin: %d", rt.method, tg.path, a.Status)
	}
	for _, problem := range headerProblems(rt.pattern, a) {
		t.Errorf("%s %s (%d): %s", rt.method, tg.path, a.Status, problem)
	}
}

// reads opens all that a person may.
func (m *matrix) reads(t *testing.T, name string) {
	t.Helper()
	mine, its := m.estates(t, name)
	c := m.client(name)
	for _, rt := range m.routes {
		if unsafe(rt.method) || !rt.admits(name) {
			continue
		}
		for _, tg := range rt.targets(t, mine, its) {
			if tg.whose != own {
				continue
			}
			a := m.ask(t, c, rt, tg, nil)
			if want := readable(name, rt, tg); !slices.Contains(want, a.Status) {
				t.Errorf("%s at GET %s (%s): %d, want one of %v", name, rt.pattern, tg.label, a.Status, want)
			}
		}
	}
}

// readable lists what a page that somebody may open can answer.
func readable(name string, rt agreed, tg target) []int {
	switch rt.pattern {
	case "/{$}":
		if name == apptest.Nobody {
			return []int{http.StatusForbidden} // no work to show
		}
	case "/language/{lang}", "/notices/{id}", "/sign-in/code", "/account/factors/app", "/account/factors/codes":
		return []int{http.StatusSeeOther}
	case "/sign-in":
		return []int{http.StatusOK, http.StatusSeeOther}
	case "/reset", "/recovery":
		return []int{http.StatusGone} // without a link
	case "/sign-in/company", "/sign-in/company/back":
		return []int{http.StatusNotFound} // without a company's sign-in
	case "/admin/settings/logo/image":
		return []int{http.StatusNotFound} // without a logo
	case "/requests/{id}/edit", "/requests/{id}/submission/new", "/debits/{id}/edit", "/debits/{id}/submission/new", "/presentments/{id}/edit", "/presentments/{id}/submission/new", "/receipts/{id}/edit", "/receipts/{id}/submission/new":
		if tg.label == "draft" {
			return []int{http.StatusOK}
		}
		return []int{http.StatusOK, http.StatusSeeOther} // what cannot be edited leads to itself
	case "/blocks/{id}/edit", "/blocks/{id}/submission/new", "/blocks/{id}/lift/new":
		return []int{http.StatusOK, http.StatusSeeOther, http.StatusConflict}
	case "/etax/{id}/edit", "/etax/{id}/submission/new":
		if tg.label == "draft" {
			return []int{http.StatusOK}
		}
		return []int{http.StatusSeeOther} // what cannot be edited leads to itself
	case "/etax/{id}/reissue/new":
		if tg.label == "made" {
			return []int{http.StatusOK}
		}
		return []int{http.StatusConflict}
	case "/buyers/{id}/edit":
		if tg.label == store.BuyerActive {
			return []int{http.StatusOK}
		}
		return []int{http.StatusSeeOther} // who is archived leads to its page
	case "/payers/{id}/edit", "/payers/{id}/mandates/new":
		if tg.label != "archived" {
			return []int{http.StatusOK}
		}
		return []int{http.StatusSeeOther} // who is archived leads to its page
	case "/invitation":
		return []int{http.StatusGone} // nobody is invited
	case "/mandates/consent":
		return []int{http.StatusBadRequest} // nobody comes back without a state
	case "/mandates/{id}/cancellation/new":
		if tg.label == "active" {
			return []int{http.StatusOK}
		}
		return []int{http.StatusConflict}
	case "/presentments/{id}/cancellation/new":
		if tg.label == "presented" {
			return []int{http.StatusOK}
		}
		return []int{http.StatusOK, http.StatusConflict}
	case "/presentments/{id}/discard/new":
		if tg.label == "draft" {
			return []int{http.StatusOK}
		}
		return []int{http.StatusOK, http.StatusConflict} // what was taken back is a draft again
	case "/presentments/{id}/replacement/new":
		return []int{http.StatusOK, http.StatusConflict}
	case "/audit/boxes/{id}/file":
		return []int{http.StatusSeeOther} // there is none yet
	case "/audit/leaves/{id}/proof.json":
		return []int{http.StatusOK, http.StatusConflict} // not published yet
	}
	return []int{http.StatusOK}
}

// writes sends every form that a person may send, to things in each state.
func (m *matrix) writes(t *testing.T, name string) {
	t.Helper()
	mine, its := m.estates(t, name)
	for _, rt := range m.routes {
		if !unsafe(rt.method) || !rt.admits(name) {
			continue
		}
		c := m.client(name)
		if hashes(rt.pattern) && name != apptest.Maker {
			continue // a password takes its time on purpose, and who sends it is all the same
		}
		switch rt.pattern {
		case "/sign-in":
			c = m.Visitor() // or the client would be somebody else from here on
		case "/sign-out":
			c = m.SignIn(name)
		case "/account/sessions/{id}/end":
			m.SignIn(name)
			mine.session = m.latestSession(t, name)
		}
		for _, tg := range rt.targets(t, mine, its) {
			if tg.whose != own {
				continue
			}
			a := m.ask(t, c, rt, tg, m.formFor(rt.method, rt.pattern, mine))
			want := []int{http.StatusOK, http.StatusSeeOther, http.StatusConflict, http.StatusUnprocessableEntity}
			switch {
			case rt.pattern == "/mails/{id}/revival":
				want = append(want, http.StatusNotFound) // it is queued again already
			case strings.HasPrefix(rt.pattern, "/account/factors/"), strings.HasPrefix(rt.pattern, "/account/devices/"), strings.HasSuffix(rt.pattern, "/options"):
				want = append(want, http.StatusNotFound) // nobody has one
			case rt.pattern == "/invitation", rt.pattern == "/reset", rt.pattern == "/recovery":
				want = []int{http.StatusGone} // nobody has a link
			case strings.HasPrefix(rt.pattern, "/admin/links/"):
				want = append(want, http.StatusNotFound) // it ended with the one before
			case rt.permission == "the bank":
				want = []int{http.StatusUnauthorized} // none of them can sign
			case rt.pattern == "/merchant" && (name == apptest.Nobody || name == apptest.Stranger):
				want = []int{http.StatusNotFound} // it is not a merchant of theirs
			case strings.HasPrefix(rt.pattern, "/presentments/scratches/"), strings.HasPrefix(rt.pattern, "/presentments/templates/"):
				want = append(want, http.StatusNotFound) // nobody sees another's, and once is enough
			case strings.HasPrefix(rt.pattern, "/instructions/"):
				want = append(want, http.StatusForbidden) // one's own
			case strings.HasPrefix(rt.pattern, "/list/views/"):
				want = append(want, http.StatusNotFound) // only its owner changes a view that is shared
			case strings.HasPrefix(rt.pattern, "/approvals/delegations/"), strings.HasPrefix(rt.pattern, "/admin/policies/"), strings.HasPrefix(rt.pattern, "/admin/changes/"), strings.HasPrefix(rt.pattern, "/admin/holds/"), strings.HasPrefix(rt.pattern, "/debit-rules/"), strings.HasPrefix(rt.pattern, "/request-rules/"), strings.HasPrefix(rt.pattern, "/promptpay-ids/"):
				want = append(want, http.StatusForbidden) // another's, or one's own
			case strings.HasPrefix(rt.pattern, "/batches"):
				want = append(want, http.StatusForbidden) // another's, or of a kind for another duty
			}
			if !slices.Contains(want, a.Status) {
				t.Errorf("%s at POST %s (%s): %d, want one of %v", name, rt.pattern, tg.label, a.Status, want)
			}
		}
	}
}

// hashes reports whether trying a route costs a password.
func hashes(pattern string) bool {
	return slices.Contains([]string{"/sign-in", "/sign-out", "/identity", "/account/password", "/account/sessions/{id}/end"}, pattern)
}

// extraFields adds a field that no form has to each form in turn: nothing of
// it may come to pass.
func (m *matrix) extraFields(t *testing.T) {
	t.Helper()
	before := m.digest(t)
	for _, rt := range m.routes {
		if !unsafe(rt.method) || rt.pattern == "/sign-out" || rt.permission == "public" || rt.permission == "signed in" || rt.permission == "the bank" {
			continue // those are tried without duties elsewhere
		}
		name := apptest.Maker
		if !rt.admits(name) {
			name = apptest.Checker
		}
		if !rt.admits(name) {
			name = apptest.Admin
		}
		if !rt.admits(name) {
			name = apptest.Auditor
		}
		mine, its := m.estates(t, name)
		tg := rt.targets(t, mine, its)[0]
		for _, field := range []string{
			"merchant_id", "state", "maker_id", "approved_by", "amount_satang", "role", "person_id", "duties", "decided_by", "bank_reference_hash", "id", "total_satang",
		} {
			form := m.formFor(rt.method, rt.pattern, mine)
			form.Add(field, "1")
			if a := m.ask(t, m.client(name), rt, tg, form); a.Status != http.StatusBadRequest {
				t.Errorf("POST %s with the field %s: %d", rt.pattern, field, a.Status)
			}
		}
	}
	if diff := cmp.Diff(before, m.digest(t)); diff != "" {
		t.Errorf("a form with a field too much changed something:\n%s", diff)
	}
}

// digest sums up all that people can change.
func (m *matrix) digest(t *testing.T) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for _, table := range []string{"presentments", "presentment_lines", "presentment_documents", "instructions", "approvals", "settlements", "memberships", "policies", "buyers"} {
		var sum string
		query := "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM " + table + " t"
		if err := m.DB.Super.QueryRowContext(t.Context(), query).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		sums[table] = sum
	}
	return sums
}
