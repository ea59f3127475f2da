package app_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/lib/pq"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

func TestALegalHoldIsPutAndLiftedByTwo(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, _ := w.Submitted(apptest.Maker, "INV-1") // with a file
	admin, auditor := w.Client(apptest.Admin), w.Client(apptest.Auditor)

	// What was typed stays, with what is wrong beside it.
	a := admin.Post("/admin/holds", "from", "31/12/2569", "to", "1/1/2569", "reason", "คดี 1")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "คดี 1") || !strings.Contains(a.Body, "วันสุดท้ายต้องไม่ก่อนวันแรก") {
		t.Errorf("a hold that ends before it begins: %d\n%s", a.Status, a.Body)
	}
	if a := admin.Post("/admin/holds", "from", "1/1/2020", "to", "31/12/2030", "reason", "คดีหมายเลข 123/2569"); a.Status != http.StatusSeeOther {
		t.Fatalf("asking for a hold: %d\n%s", a.Status, a.Body)
	}
	var hold store.Hold
	look := func() store.Hold {
		t.Helper()
		err := w.Web.Read(t.Context(), w.Actor(apptest.Admin), func(q *store.Query) error {
			list, err := q.Holds(10)
			if err == nil {
				hold = list[0]
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return hold
	}
	path := "/admin/holds/" + look().ID.String()
	// The owner deletes what is long over its years.
	deleted := func() error {
		tx, err := w.DB.Super.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.ExecContext(t.Context(), `SET LOCAL session_replication_role = replica; UPDATE presentments SET document_on = '2020-02-01';
			SET LOCAL session_replication_role = origin`); err != nil {
			t.Fatal(err)
		}
		_, err = tx.ExecContext(t.Context(), `DELETE FROM file_chunks`)
		return err
	}
	stays := func(when string) {
		t.Helper()
		var refused *pq.Error
		if err := deleted(); !errors.As(err, &refused) || refused.Constraint != "what_is_held_stays" {
			t.Errorf("%s, what is held is deleted: %v", when, err)
		}
	}
	stays("asked for")
	if page := w.Client(apptest.Maker).Get("/presentments/" + bill.ID.String()).Body; !strings.Contains(page, "อยู่ระหว่างระงับการลบ") {
		t.Errorf("its page does not say so:\n%s", page)
	}
	for _, c := range []struct {
		name, person, path string
		form               []string
		want               int
	}{
		{"whoever asked confirms", apptest.Admin, "/confirmation", nil, http.StatusForbidden},
		{"a checker confirms", apptest.Checker, "/confirmation", nil, http.StatusForbidden},
		{"somebody else withdraws", apptest.Auditor, "/withdrawal", nil, http.StatusForbidden},
		{"it is lifted before anybody asked", apptest.Auditor, "/end", nil, http.StatusConflict},
		{"another confirms", apptest.Auditor, "/confirmation", nil, http.StatusSeeOther},
		{"it is confirmed twice", apptest.Auditor, "/confirmation", nil, http.StatusConflict},
		{"lifting without a reason", apptest.Auditor, "/lifting", []string{"reason", "over"}, http.StatusUnprocessableEntity},
		{"the auditor asks to lift it", apptest.Auditor, "/lifting", []string{"reason", "the case was closed"}, http.StatusSeeOther},
		{"and lifts it", apptest.Auditor, "/end", nil, http.StatusForbidden},
		{"the administrator keeps it", apptest.Admin, "/continuation", nil, http.StatusSeeOther},
		{"the auditor asks again", apptest.Auditor, "/lifting", []string{"reason", "the case was closed"}, http.StatusSeeOther},
	} {
		if a := w.Client(c.person).Post(path+c.path, c.form...); a.Status != c.want {
			t.Errorf("%s: %d, want %d\n%s", c.name, a.Status, c.want, a.Body)
		}
	}
	stays("while somebody asks to lift it")
	if page := auditor.Get("/admin/retention").Body; !strings.Contains(page, "มีผล รอยกเลิก") || !strings.Contains(page, "the case was closed") {
		t.Errorf("the page does not say that it is to be lifted:\n%s", page)
	}
	if a := admin.Post(path + "/end"); a.Status != http.StatusSeeOther || look().Binds() {
		t.Errorf("another cannot lift it: %d\n%s", a.Status, a.Body)
	}
	if page := w.Client(apptest.Maker).Get("/presentments/" + bill.ID.String()).Body; strings.Contains(page, "อยู่ระหว่างระงับการลบ") {
		t.Error("its page says that it is held still")
	}
	if err := deleted(); err != nil {
		t.Errorf("what was lifted is still held: %v", err)
	}
}
