package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"portal/internal/store"
	"portal/web/static"
)

// handler answers one route for u. An error it returns is answered by fail.
type handler func(w http.ResponseWriter, r *http.Request, u user) error

// permission says who may use a route: everybody, everybody signed in, whoever
// has at least one of the named duties at the chosen merchant, or the bank,
// which has no session and proves by a signature who it is.
type permission uint8

const (
	maker permission = 1 << iota
	checker
	auditor
	admin
	signedIn
	public
	theBank

	anyDuty = maker | checker | auditor | admin
)

// dutiesOf lists the duties in the order in which people name them.
var dutiesOf = []struct {
	permission permission
	duty       store.Duty
}{{maker, store.Maker}, {checker, store.Checker}, {auditor, store.Auditor}, {admin, store.Admin}}

// duties returns the duties that p asks for one of.
func (p permission) duties() store.Duties {
	var ds store.Duties
	for _, d := range dutiesOf {
		if p&d.permission != 0 {
			ds = append(ds, d.duty)
		}
	}
	return ds
}

// admits reports whether somebody signed in with these duties may.
func (p permission) admits(ds store.Duties) bool {
	if p&(public|signedIn) != 0 {
		return true
	}
	return slices.ContainsFunc(p.duties(), ds.Has)
}

// String names the permission for `portal routes`.
func (p permission) String() string {
	switch {
	case p&public != 0:
		return "public"
	case p&signedIn != 0:
		return "signed in"
	case p&theBank != 0:
		return "the bank"
	}
	names := make([]string, 0, 4)
	for _, d := range p.duties() {
		names = append(names, string(d))
	}
	return strings.Join(names, "|")
}

// extra is what few routes need.
type extra struct {
	// body is the largest body in bytes; formLimit unless given.
	body int64
	// stepUp demands that the person proved who they are in the last so much
	// time, by signing in or by showing their second factor, or the password if
	// they have none.
	stepUp time.Duration
	// settled routes are closed to a browser in which the person signed in for
	// the first time only lately.
	settled bool
	// unenrolled routes are open to somebody who must set up a second factor
	// before anything else.
	unenrolled bool
	// quiet requests are made by the page itself and not by the person: they
	// do not keep a session from running idle.
	quiet bool
}

// freshProof is how long ago somebody may have proved who they are before they
// approve, change who decides, or carry data away: what is signed in and
// unattended must not.
const freshProof = 15 * time.Minute

// formProof is for a form that was opened with a fresh proof and takes a while to
// fill in: nothing typed is lost.
const formProof = 4 * freshProof

// formLimit bounds the body of an ordinary form.
const formLimit = 256 << 10

type route struct {
	method     string
	pattern    string
	permission permission
	handler    handler
	extra
}

// table lists every route there is: the mux is built from it, so a route that
// is not listed does not exist. Those of an area are in a file of their own,
// one line each, grouped by resource.
func (a *App) table() []route {
	routes := slices.Concat(a.peopleRoutes(), a.controlRoutes(), a.staffRoutes(), a.settingsRoutes(), a.billRoutes(), a.paperRoutes(), a.debitRoutes(), a.alertRoutes(), a.requestRoutes(), a.blockRoutes(), a.branchRoutes(), a.operationRoutes(), []route{
		{"GET", "/healthz", public, a.alive, extra{}},
		{"GET", "/readyz", public, a.ready, extra{}},
		{"GET", static.Root, public, serveStatic, extra{}},
	})
	if a.Dev {
		routes = append(routes, route{"GET", "/kit", public, a.showKit, extra{}})
	}
	if a.Outbox != nil {
		routes = append(routes,
			route{"GET", "/mail", signedIn, a.listOutbox, extra{}},
			route{"GET", "/mail/{no}", signedIn, a.showOutboxMail, extra{}})
	}
	return routes
}

// RouteInfo describes a route to people and tests.
type RouteInfo struct {
	Method     string        `json:"method"`
	Pattern    string        `json:"pattern"`
	Permission string        `json:"permission"`
	Duties     store.Duties  `json:"duties"` // any one of them; empty for public and signed in
	BodyLimit  int64         `json:"bodyLimit"`
	StepUp     time.Duration `json:"stepUp"`
}

// Routes lists the route table.
func (a *App) Routes() []RouteInfo {
	infos := make([]RouteInfo, len(a.routes))
	for i, rt := range a.routes {
		infos[i] = RouteInfo{rt.method, rt.pattern, rt.permission.String(), rt.permission.duties(), rt.bodyLimit(), rt.stepUp}
	}
	return infos
}

func (rt route) bodyLimit() int64 {
	switch {
	case rt.method == http.MethodGet:
		return 0
	case rt.body != 0:
		return rt.body
	default:
		return formLimit
	}
}

func (a *App) newMux(routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range routes {
		mux.Handle(rt.method+" "+rt.pattern, a.serve(rt))
	}
	return mux
}

// dispatch is the mux with our own pages for what it does not know.
func (a *App) dispatch(w http.ResponseWriter, r *http.Request) {
	h, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	// The mux's own answer tells an unknown path from a wrong method.
	probe := headProbe{header: make(http.Header)}
	h.ServeHTTP(&probe, r)
	err := store.ErrNotFound
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		err = errMethodNotAllowed
	}
	a.serve(route{permission: public, handler: func(http.ResponseWriter, *http.Request, user) error { return err }})(w, r)
}

// headProbe keeps the status and header of an answer and drops its body.
type headProbe struct {
	header http.Header
	status int
}

func (p *headProbe) Header() http.Header         { return p.header }
func (p *headProbe) Write(b []byte) (int, error) { return len(b), nil }
func (p *headProbe) WriteHeader(status int)      { p.status = status }

// isPage reports whether path is one of our own pages that a person may be
// sent to.
func (a *App) isPage(path string) bool {
	_, pattern := a.mux.Handler(&http.Request{Method: http.MethodGet, Host: a.origin.Host, URL: &url.URL{Path: path}})
	switch pattern {
	case "", "GET /sign-in", "GET /sign-in/code", "GET " + forgottenPath, "GET " + resetPath, "GET " + recoveryPath, "GET " + ssoPath, "GET " + ssoBackPath, "GET /language/{lang}", "GET /healthz", "GET /readyz", "GET " + static.Root:
		return false
	}
	return true
}

func serveStatic(w http.ResponseWriter, r *http.Request, _ user) error {
	static.Handler().ServeHTTP(w, r)
	return nil
}
