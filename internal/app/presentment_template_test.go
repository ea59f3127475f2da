package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// A template of the 31st: due at the end of a short month, made once however
// often the button is pressed, and only ever a draft of whoever pressed it.
func TestDueTemplateMakesOneDraftAMonth(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 31, 9, 0, 0, 0, thai.Bangkok)
	w := apptest.New(t, func(c *app.Config) { c.Clock = func() time.Time { return now } })
	maker, other := w.Client(apptest.Maker), both(w)
	typed := billForm("RENT-001", "document_on", "31/01/2570", "due_on", "10/02/2570")
	typed["line_description"], typed["line_income"] = []string{"ค่าเช่า มกราคม 2570", "Rent January 2027"}, []string{"rent", ""}
	p := stored(t, w, send(maker, "/presentments", typed))
	a := maker.Post("/presentments/"+p.ID.String()+"/template", "name", "ค่าเช่า", "every", "month", "on_day", "31", "weeks", "2")
	if a.Status != http.StatusSeeOther {
		t.Fatalf("saving the template: %d", a.Status)
	}
	if page := maker.Get("/presentments/templates"); !strings.Contains(page.Body, "28/02/2570") || !strings.Contains(page.Body, "{เดือน}") || strings.Contains(page.Body, "templates/drafts") {
		t.Errorf("the list: %d", page.Status)
	}
	now = time.Date(2027, 2, 28, 9, 0, 0, 0, thai.Bangkok)
	if page := other.Get("/presentments/templates"); !strings.Contains(page.Body, "templates/drafts") || !strings.Contains(page.Body, "ถึงรอบแล้ว") {
		t.Error("the template is not due at the end of February")
	}
	if home := other.Get("/"); !strings.Contains(home.Body, "ค่าเช่า") || !strings.Contains(home.Body, `action="/presentments/templates/drafts"`) {
		t.Error("home neither names what is due nor makes its draft")
	}
	for range 2 {
		if a := other.Post("/presentments/templates/drafts"); a.Status != http.StatusSeeOther {
			t.Fatalf("making drafts: %d", a.Status)
		}
	}
	made := numbered(t, w, "RENT-002")
	want := "ค่าเช่า กุมภาพันธ์ 2570; Rent February 2027"
	if got := made.Lines[0].Description + "; " + made.Lines[1].Description; got != want || made.State != store.PresentmentDraft || made.CreatedBy != w.Person(apptest.Both) ||
		made.DueOn.Format(time.DateOnly) != "2027-03-10" || made.WHTSatang != p.WHTSatang || made.TotalSatang != p.TotalSatang {
		t.Errorf("made %q, %+v", got, made)
	}
	if numberExists(t, w, "RENT-003") {
		t.Error("one month made two drafts")
	}
	if page := maker.Get("/presentments/templates"); !strings.Contains(page.Body, "31/03/2570") {
		t.Error("the next is not at the end of March")
	}
	if a := w.Client(apptest.Stranger).Get("/presentments/templates"); strings.Contains(a.Body, "ค่าเช่า") {
		t.Error("a stranger sees the template")
	}
}

func TestTemplateRuleIsChangedAndEachChangeLeavesALeaf(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 31, 9, 0, 0, 0, thai.Bangkok)
	w := apptest.New(t, func(c *app.Config) { c.Clock = func() time.Time { return now } })
	maker := w.Client(apptest.Maker)
	p := stored(t, w, send(maker, "/presentments", billForm("RENT-001", "document_on", "31/01/2570", "due_on", "10/02/2570")))
	maker.Post("/presentments/"+p.ID.String()+"/template", "name", "ค่าเช่า", "every", "month", "on_day", "31", "weeks", "")
	var id string
	if err := w.DB.Super.QueryRowContext(t.Context(), "SELECT id FROM presentment_templates").Scan(&id); err != nil {
		t.Fatal(err)
	}
	path := "/presentments/templates/" + id
	if page := maker.Get(path + "/edit"); page.Status != http.StatusOK || !strings.Contains(page.Body, "28/02/2570") {
		t.Fatalf("the form: %d", page.Status)
	}
	rule := func(version, every, weeks string) apptest.Answer {
		return maker.Post(path+"/rule", "version", version, "name", "ค่าเช่าใหม่", "every", every, "on_day", "", "weeks", weeks)
	}
	if a := rule("1", "weeks", "53"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `value="53"`) || !strings.Contains(a.Body, `href="#weeks"`) {
		t.Errorf("53 weeks: %d", a.Status)
	}
	if a := rule("1", "weeks", "2"); a.Status != http.StatusSeeOther {
		t.Fatalf("changing: %d %s", a.Status, a.Body)
	}
	if a := rule("1", "never", ""); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("over a newer version: %d", a.Status)
	}
	if page := maker.Get("/presentments/templates"); !strings.Contains(page.Body, "14/02/2570") || !strings.Contains(page.Body, "ค่าเช่าใหม่") {
		t.Error("the next day does not follow the new rule")
	}
	if a := w.Client(apptest.Stranger).Get(path + "/edit"); a.Status == http.StatusOK {
		t.Error("a stranger opens the template")
	}
	now = time.Date(2027, 2, 14, 9, 0, 0, 0, thai.Bangkok)
	if home := maker.Get("/"); !strings.Contains(home.Body, `href="/presentments/templates"`) {
		t.Error("home does not tell that it is due")
	}
	maker.Post(path + "/draft")
	maker.Post(path + "/removal")
	var leaves string
	if err := w.DB.Super.QueryRowContext(t.Context(), "SELECT string_agg(action, ' ' ORDER BY at, id) FROM audit_leaves WHERE subject = 'template/' || $1", id).Scan(&leaves); err != nil {
		t.Fatal(err)
	}
	if leaves != "template.added template.edited template.used template.dropped" {
		t.Errorf("the trail says %q", leaves)
	}
}

func numbered(t *testing.T, w *apptest.World, number string) (p store.Presentment) {
	t.Helper()
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) error {
		id, err := q.PresentmentNumbered(number)
		if err != nil {
			return fmt.Errorf("%s: %w", number, err)
		}
		p, err = q.Presentment(id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func numberExists(t *testing.T, w *apptest.World, number string) bool {
	t.Helper()
	var n int
	if err := w.DB.Super.QueryRowContext(t.Context(), "SELECT count(*) FROM presentments WHERE document_number = $1", number).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n > 0
}
