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
