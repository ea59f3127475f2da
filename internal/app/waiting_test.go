package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

// TestWhoeverWaitsIsToldFromWhen: a checker of a minute ago reads on the page
// when they may approve, and a form sent all the same does nothing.
func TestWhoeverWaitsIsToldFromWhen(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := w.Submitted(apptest.Maker, "INV-1")
	w.Own(store.Actor{}, func(tx *store.Tx) error {
		return tx.GrantDuties(w.Merchant, w.Person(apptest.Auditor), store.Auditor, store.Checker)
	})
	path := "/approvals/" + lead.String()
	c := w.Client(apptest.Auditor)
	for lang, says := range map[string]string{"th": "จะอนุมัติได้ตั้งแต่", "en": "You may approve from"} {
		c.Get("/language/" + lang)
		page := c.Get(path)
		if !strings.Contains(page.Body, says) || strings.Contains(page.Body, `name="fingerprint"`) {
			t.Errorf("%s: the page of whoever waits does not say %q, or lets them approve", lang, says)
		}
	}
	seen := shown(t, w, apptest.Checker, lead)
	if a := c.Post("/instructions/"+lead.String()+"/approval", "fingerprint", seen); a.Status != http.StatusForbidden {
		t.Errorf("a form sent all the same: %d", a.Status)
	}
	w.Own(store.Actor{}, func(tx *store.Tx) error { return tx.LetDecide(w.Merchant, w.Person(apptest.Auditor), "of this test") })
	if a := c.Post("/instructions/"+lead.String()+"/approval", "fingerprint", seen); a.Status != http.StatusSeeOther {
		t.Errorf("when the day is over: %d", a.Status)
	}
}

// TestATemplatesAuthorDoesNotApproveItsBills: what a template says is content,
// whoever presses the button that makes a bill of it.
func TestATemplatesAuthorDoesNotApproveItsBills(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Own(store.Actor{}, func(tx *store.Tx) error {
		return tx.GrantDuties(w.Merchant, w.Person(apptest.Second), store.Maker, store.Checker)
	})
	template := store.NewID()
	typed := billForm("T-1", "due_on", "", "credit_days", "30", "document_on", "")
	err := w.Web.Write(t.Context(), w.Actor(apptest.Second), func(tx *store.Tx) error {
		return tx.AddTemplate(store.Template{ID: template, Name: "rent", Typed: typed.Encode(), Every: store.TemplateNever, OnDay: 1, Weeks: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	maker := w.Client(apptest.Maker)
	a := maker.Post("/presentments/templates/" + template.String() + "/draft")
	if a.Status != http.StatusSeeOther || !strings.HasSuffix(a.Location(), "/edit") {
		t.Fatalf("the draft of a template: %d %s %s", a.Status, a.Location(), a.Body)
	}
	var authored bool
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT editors @> ARRAY[$1, $2]::uuid[] AND created_by = $2 FROM presentments`,
		w.Person(apptest.Second), w.Person(apptest.Maker)).Scan(&authored); err != nil || !authored {
		t.Errorf("the template's author is no editor of its bill (%v)", err)
	}
	// Who only has its number counted on wrote nothing.
	var authors int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT cardinality(authors) FROM presentment_templates`).Scan(&authors); err != nil || authors != 1 {
		t.Errorf("%d authors of the template (%v)", authors, err)
	}
}
