package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

func TestAnAuditorOfSomeDaysSeesNoOtherDay(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	hire(t, w, admin2, store.Admin)
	bill, _ := w.Submitted(apptest.Maker, "INV-7")
	w.Client(apptest.Checker).Get("/presentments/" + bill.ID.String()) // a sighting
	w.Settle()
	about := "/audit/about/presentment/" + bill.ID.String()
	var leaf store.ID
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM audit_leaves WHERE subject = $1 LIMIT 1`, "presentment/"+bill.ID.String()).Scan(&leaf); err != nil {
		t.Fatal(err)
	}
	auditor := w.Client(apptest.Auditor)
	for _, path := range []string{about, "/audit/leaves/" + leaf.String()} {
		if a := auditor.Get(path); a.Status != 200 {
			t.Fatalf("before: %s gives %d", path, a.Status)
		}
	}
	// One administrator proposes the days, another confirms them; nobody alone.
	person := "/admin/people/" + w.Person(apptest.Auditor).String()
	form := []string{"duties", "auditor", "level", "1", "note", "the audit of 2020", "audit_from", "1/1/2020", "audit_until", "31/12/2020"}
	one, other := w.Client(apptest.Admin), w.SignIn(admin2)
	if a := one.Post(person+"/duties", form[:len(form)-2]...); a.Status != 422 {
		t.Errorf("half of the days: %d", a.Status)
	}
	if a := one.Post(person+"/duties", form...); a.Status != 303 {
		t.Fatalf("proposing days: %d %s", a.Status, a.Body)
	}
	var change store.ID
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM person_changes WHERE kind = 'period'`).Scan(&change); err != nil {
		t.Fatal(err)
	}
	confirm := "/admin/changes/" + change.String() + "/confirmation"
	if a := one.Post(confirm); a.Status < 400 {
		t.Errorf("whoever proposed it confirms it: %d", a.Status)
	}
	if a := auditor.Get(about); a.Status != 200 {
		t.Errorf("what is only proposed holds: %d", a.Status)
	}
	if a := other.Post(confirm); a.Status != 303 {
		t.Fatalf("confirming days: %d %s", a.Status, a.Body)
	}
	// At once: not by its page, not by its id, not by a box, and nothing else is open.
	for path, want := range map[string]int{
		about: 404, "/audit/leaves/" + leaf.String(): 404, "/presentments/" + bill.ID.String(): 403, "/presentments": 403, "/": 303, "/audit": 200, "/account": 200,
	} {
		if a := auditor.Get(path); a.Status != want || strings.Contains(a.Body, "INV-7") {
			t.Errorf("%s gives %d, want %d", path, a.Status, want)
		}
	}
	if a := auditor.Post("/audit/boxes", "about", "presentment/"+bill.ID.String(), "reason", "x", "lang", "en"); a.Status != http.StatusNotFound {
		t.Errorf("a box of other days: %d", a.Status)
	}
	if a := auditor.Post("/audit/seen", "id", bill.BuyerTaxID, "from", "1/1/2026", "to", time.Now().Format("2/1/2006")); a.Status != 303 || auditor.Get(a.Location()).Status != 200 {
		t.Errorf("asking who saw an id: %d", a.Status)
	}
	sealedInSQL(t, w)
}

// sealedInSQL holds that the database hides other days from whoever speaks to it
// as the web process does, with any statement.
func sealedInSQL(t *testing.T, w *apptest.World) {
	t.Helper()
	for _, table := range []string{"audit_leaves", "seen_marks", "exchanges", "exchange_results", "boxes", "box_pieces"} {
		count := func(who string) (n int) {
			t.Helper()
			tx, err := w.DB.Super.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			a := w.Actor(who)
			for _, set := range []string{"SET LOCAL ROLE portal_web", "SET LOCAL portal.merchant = '" + a.Merchant.String() + "'", "SET LOCAL portal.person = '" + a.Person.String() + "'"} {
				if _, err := tx.ExecContext(t.Context(), set); err != nil {
					t.Fatal(err)
				}
			}
			others := ""
			if table == "audit_leaves" {
				others = " WHERE person_id IS DISTINCT FROM '" + a.Person.String() + "'"
			}
			if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table+others).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(apptest.Auditor); n != 0 {
			t.Errorf("an auditor of other days reads %d rows of %s", n, table)
		}
		if table == "audit_leaves" && count(apptest.Admin) == 0 {
			t.Error("nobody else reads the trail")
		}
	}
}
