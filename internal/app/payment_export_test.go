package app_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
)

func TestPaymentsAreExportedExactlyAsFiltered(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	billsAtBuyer(t, w, "INV-0001")
	c := w.Client(apptest.Maker)
	on := time.Now().In(thai.Bangkok).Format(time.DateOnly)
	at, _ := bringStatement(t, c, "Date,Money in,Reference 1,Bank reference", on+",1040,INV-0001,000123", on+`,500,"=HYPERLINK(""http://evil"")",0042`, on+",2.5,ดอกเบี้ย,B3")
	c.Post(at + "/drafts")
	goOn(t, c, at)

	got := c.Post("/payments/export", "list", "state=waiting&sort=amount&dir=asc", "format", "csv")
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Body, "\ufeff") {
		t.Fatalf("%d %.60q", got.Status, got.Body)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(got.Body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows of 2 that wait: %v", len(rows), err)
	}
	if rows[1][4] != "2.50" || rows[2][4] != "500.00" {
		t.Errorf("in another order than the list: %q, %q", rows[1], rows[2])
	}
	for _, cell := range rows[2] {
		if strings.HasPrefix(cell, "=") {
			t.Errorf("a formula lives: %q", cell)
		}
	}
	book, err := excelize.OpenReader(bytes.NewReader([]byte(c.Post("/payments/export", "list", "state=matched", "format", "xlsx").Body)))
	if err != nil {
		t.Fatal(err)
	}
	all, err := book.GetRows(book.GetSheetName(0))
	if err != nil || len(all) != 2 {
		t.Fatalf("%d rows of 1 that is matched: %v", len(all), err)
	}
	if line := strings.Join(all[1], "|"); !strings.Contains(line, "|000123|") || !strings.Contains(line, "INV-0001") || !strings.Contains(line, "30.00") {
		t.Errorf("the row says %s", line)
	}
	if got := c.Post("/payments/export", "list", "amount_from=abc", "format", "csv"); got.Status != http.StatusSeeOther {
		t.Errorf("a filter that cannot be read: %d", got.Status)
	}
	var leaves int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves WHERE action = 'export.made'`).Scan(&leaves); err != nil || leaves != 2 {
		t.Errorf("%d leaves of exports, want 2 (%v)", leaves, err)
	}
}
