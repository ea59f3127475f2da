package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portal/internal/app/apptest"
)

// TestEveryListKeepsViewsOfItsOwn keeps a filter of each list under the same
// name, opens the list with it, changes what it stands for, and removes it.
func TestEveryListKeepsViewsOfItsOwn(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c, other := w.Client(apptest.Maker), w.Client(apptest.Checker)
	for _, l := range []struct{ area, path, query, changed string }{
		{"receipts", "/receipts", "state=issued&sort=amount&dir=asc&amount_from=100", "state=refused"},
		{"payments", "/payments", "state=waiting&paid=last_month&sort=amount", "state=matched"},
		{"etax", "/etax", "state=acknowledged&kind=388", "state=failed"},
	} {
		a := c.Post("/list/views", "area", l.area, "name", "สิ้นเดือน", "query", l.query+"&after=x&evil=1", "shared", "1")
		if strings.Contains(a.Location(), "view=") {
			t.Errorf("%s: a view was kept of what the list does not know: %s", l.area, a.Location())
		}
		a = c.Post("/list/views", "area", l.area, "name", "สิ้นเดือน", "query", l.query, "shared", "1")
		kept, err := url.Parse(a.Location())
		if err != nil || a.Status != http.StatusSeeOther || kept.Path != l.path || kept.Query().Get("view") == "" {
			t.Fatalf("%s: keeping a view answered %d to %s", l.area, a.Status, a.Location())
		}
		id := kept.Query().Get("view")
		for name, values := range mustQuery(t, l.query) {
			if kept.Query().Get(name) != values[0] {
				t.Errorf("%s: the view lost %s", l.area, name)
			}
		}
		refilter := "/list/views/" + id + "/query"
		if page := c.Get(a.Location()); page.Status != http.StatusOK || strings.Contains(page.Body, refilter) || !strings.Contains(page.Body, "/list/views/"+id+"/removal") {
			t.Errorf("%s: its own address changes the view, or it cannot be removed (%d)", l.area, page.Status)
		}
		if page := c.Get(l.path + "?" + l.changed + "&view=" + id); !strings.Contains(page.Body, refilter) {
			t.Errorf("%s: another filter does not offer to change the view", l.area)
		}
		if page := other.Get(l.path); !strings.Contains(page.Body, "สิ้นเดือน") {
			t.Errorf("%s: a shared view is not among the tabs of others", l.area)
		}
		if a := other.Post("/list/views/"+id+"/query", "query", l.changed); a.Status != http.StatusNotFound {
			t.Errorf("%s: another's view was changed: %d", l.area, a.Status)
		}
		if a := other.Post("/list/views/default", "area", "presentments", "view", id); a.Status != http.StatusNotFound {
			t.Errorf("%s: bills open with its view: %d", l.area, a.Status)
		}
		other.Post("/list/views/default", "area", l.area, "view", id)
		if a := other.Get(l.path); a.Status != http.StatusSeeOther || !strings.Contains(a.Location(), "view="+id) {
			t.Errorf("%s: the list opens with %d %s", l.area, a.Status, a.Location())
		}
		if a := other.Get(l.path + "?view=all"); a.Status != http.StatusOK {
			t.Errorf("%s: the bare list answers %d", l.area, a.Status)
		}
		if a := other.Get("/presentments"); a.Status != http.StatusOK {
			t.Errorf("%s: bills open with its view: %d", l.area, a.Status)
		}
		a = c.Post(refilter, "query", l.changed)
		if want := mustQuery(t, l.changed).Get("state"); !strings.Contains(a.Location(), "state="+want) {
			t.Errorf("%s: the changed view leads to %s", l.area, a.Location())
		}
		if a := c.Post("/list/views/" + id + "/removal"); a.Location() != l.path {
			t.Errorf("%s: removing it leads to %s", l.area, a.Location())
		}
		if a := other.Get(l.path); a.Status != http.StatusOK {
			t.Errorf("%s: without the view the list answers %d", l.area, a.Status)
		}
	}
}

func mustQuery(t *testing.T, query string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
