package app

import (
	"net/http"

	"github.com/a-h/templ"

	"portal/internal/store"
	"portal/web/templates/ui"
)

// AddRoute adds a route that only a test needs.
func (a *App) AddRoute(method, pattern string, need string, h func(w http.ResponseWriter, r *http.Request) error) {
	permissions := map[string]permission{"public": public, "signed in": signedIn, "checker": checker}
	a.routes = append(a.routes, route{method, pattern, permissions[need], func(w http.ResponseWriter, r *http.Request, _ user) error {
		return h(w, r)
	}, extra{}})
	a.mux = a.newMux(a.routes)
}

// AddPage adds a page with a part that may be asked for alone.
func (a *App) AddPage(pattern, part string, c templ.Component) {
	a.routes = append(a.routes, route{"GET", pattern, signedIn, func(w http.ResponseWriter, r *http.Request, u user) error {
		return a.page(w, r, u, shell{Header: ui.Header{Title: "Page"}, Part: fragment(part)}, c)
	}, extra{}})
	a.mux = a.newMux(a.routes)
}

// DemandStepUp makes the last route added ask for the password again.
func (a *App) DemandStepUp() {
	last := &a.routes[len(a.routes)-1]
	last.stepUp = a.SessionIdle / 4
	a.mux = a.newMux(a.routes)
}

// HoldHashing takes every turn at hashing and returns how to give them back.
func (a *App) HoldHashing() (release func()) {
	for range cap(a.hashing) {
		a.hashing <- struct{}{}
	}
	return func() {
		for range cap(a.hashing) {
			<-a.hashing
		}
	}
}

// OwnPath is ownPath.
func (a *App) OwnPath(s string) (string, bool) { return a.ownPath(s) }

// ProductOperations is which operations belong to a product, as pages say it.
var ProductOperations = productOperations

// IDsIn is how many ids of people a text holds, written in two pieces.
func IDsIn(text string) int {
	var r idReader
	r.read([]byte(text[:len(text)/2]))
	r.read([]byte(text[len(text)/2:] + " "))
	return len(r.seen)
}

// ProductOf is the product that a route belongs to, or "" for one of all.
var ProductOf = productOf

// Flipped is an edge like a, in which one route admits one duty more, or one
// less.
func Flipped(a *App, method, pattern string, duty store.Duty) (*App, error) {
	b, err := New(a.Config)
	if err != nil {
		return nil, err
	}
	for i, rt := range b.routes {
		if rt.method != method || rt.pattern != pattern {
			continue
		}
		for _, d := range dutiesOf {
			if d.duty == duty {
				b.routes[i].permission ^= d.permission
			}
		}
	}
	b.mux = b.newMux(b.routes)
	return b, nil
}
