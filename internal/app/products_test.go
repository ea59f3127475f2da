package app_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
)

// ofAll are the areas that belong to no product. What is asked for there is held
// to products where it is decided, or concerns nobody's product.
var ofAll = []string{
	"", "admin", "approvals", "audit", "batches", "branch-searches", "branches", "callbacks", "files", "holidays", "imports",
	"instructions", "list", "mails", "notices", "operations", "search", "unknown", "{$}",
}

// TestEveryAreaIsOfAProductOrOfAll: an area that somebody forgot would be open
// to all products.
func TestEveryAreaIsOfAProductOrOfAll(t *testing.T) {
	t.Parallel()
	for _, rt := range agreedRoutes(t) {
		if !strings.Contains(rt.permission, "maker") && !strings.Contains(rt.permission, "checker") {
			continue
		}
		area, _, _ := strings.Cut(strings.TrimPrefix(rt.pattern, "/"), "/")
		if (app.ProductOf(rt.pattern) == "") != slices.Contains(ofAll, area) {
			t.Errorf("%s: an area is of one product, or of all", rt.pattern)
		}
	}
}

func TestAMakerOfOneProductBringsInFilesOfThatOnly(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker := w.Client(apptest.Maker)
	buyers, _ := bringBuyers(t, maker, "ลูกค้าหนึ่ง")
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE memberships SET products = '{debits}' WHERE person_id = '` + w.Person(apptest.Maker).String() + `'; COMMIT`)
	for path, status := range map[string]int{
		"/imports/new?kind=payers": http.StatusOK, "/imports/new?kind=debits": http.StatusOK, "/imports/new?kind=requests": http.StatusForbidden,
		"/imports/new?kind=blocks": http.StatusForbidden, "/imports/new": http.StatusForbidden, "/requests": http.StatusForbidden,
	} {
		if a := maker.Get(path); a.Status != status {
			t.Errorf("%s: %d, want %d", path, a.Status, status)
		}
	}
	if a := maker.Post(buyers + "/discard"); a.Status != http.StatusForbidden {
		t.Errorf("a list of buyers is changed: %d", a.Status)
	}
}

// TestWhoeverWorksOnOneProductSeesNothingOfTheOthers: in what they search, what
// waits, what was decided, the desk and home, in the pages themselves; what they
// asked for themselves stays in sight, and whoever works on all sees all.
func TestWhoeverWorksOnOneProductSeesNothingOfTheOthers(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, lead := w.Submitted(apptest.Both, "SECRET-BILL-77")
	_, own := w.Submitted(apptest.Maker, "OWN-BILL-78")
	only := func(person, product string) {
		w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE memberships SET products = '{` + product + `}' WHERE person_id = '` + w.Person(person).String() + `'; COMMIT`)
	}
	for _, person := range []string{apptest.Checker, apptest.Maker} {
		only(person, "alerts")
	}
	searches := []string{"/search?q=SECRET-BILL-77", "/search?q=" + lead.String(), "/search?q=1070.00", "/search?q=INV-", "/search?q=.pdf"}
	looked := 0
	for _, person := range []string{apptest.Checker, apptest.Maker} {
		c := w.Client(person)
		lists := slices.Concat(searches, []string{"/", "/approvals?tab=mine", "/approvals?tab=others", "/approvals?tab=finished", "/approvals?tab=running_out", "/approvals?tab=unsent", "/unknown"})
		pages := slices.Clone(lists)
		for _, rt := range agreedRoutes(t) {
			// The trail is one, and is whole for whoever may read it.
			if rt.method == http.MethodGet && !strings.Contains(rt.pattern, "{") && strings.Contains(rt.permission, "|") && !strings.HasPrefix(rt.pattern, "/audit") {
				pages = append(pages, rt.pattern)
			}
		}
		for _, path := range pages {
			a := c.Get(path)
			if a.Status >= http.StatusInternalServerError {
				t.Errorf("%s at %s: %d", person, path, a.Status)
			}
			signs := []string{"SECRET-BILL-77", bill.ID.String(), "/approvals/" + lead.String()}
			if slices.Contains(lists, path) {
				signs = append(signs, `href="/presentments`, `href="/receipts`, `href="/debits`, `href="/payments`, `href="/requests`, `href="/etax`)
			}
			for _, sign := range signs {
				if strings.Contains(a.Body, sign) && !strings.Contains(path, sign) {
					t.Errorf("%s sees %s at %s", person, sign, path)
				}
			}
			looked++
		}
		if a := c.Get("/approvals/" + lead.String()); a.Status != http.StatusNotFound {
			t.Errorf("%s opens the approval of another product: %d", person, a.Status)
		}
	}
	if looked < 60 {
		t.Errorf("only %d pages were looked at", looked)
	}
	if a := w.Client(apptest.Maker).Get("/approvals/" + own.String()); a.Status != http.StatusOK {
		t.Errorf("what one asked for oneself: %d", a.Status)
	}
	for _, person := range []string{apptest.Second, apptest.Auditor} {
		if a := w.Client(person).Get(searches[0]); !strings.Contains(a.Body, bill.ID.String()) {
			t.Errorf("%s, who works on all, finds nothing: %d", person, a.Status)
		}
	}
}
