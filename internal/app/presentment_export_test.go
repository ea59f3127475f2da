package app_test

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"portal/internal/app/apptest"
)

// exported is what an export of a list answers.
func exported(w *apptest.World, person, list string, pairs ...string) apptest.Answer {
	return w.Client(person).Post("/presentments/export", append([]string{"list", list}, pairs...)...)
}

func TestExportHoldsTheFilterAndLeavesALeaf(t *testing.T) {
	t.Parallel()
	w := stock(t)
	send(w.Client(apptest.Maker), "/presentments", billForm("INV-9", "buyer_name", `=HYPERLINK("http://evil.example")`))
	a := exported(w, apptest.Auditor, "state=draft&sort=number&dir=asc", "format", "csv", "rows", "bills", "lang", "en", "days", "iso")
	if a.Status != http.StatusOK || !strings.Contains(a.Header.Get("Content-Disposition"), ".csv") {
		t.Fatalf("the export is %d %v", a.Status, a.Header)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	at := map[string]int{}
	for n, head := range rows[0] {
		at[head] = n
	}
	if got := rows[4][at["Buyer"]]; got != `'=HYPERLINK("http://evil.example")` {
		t.Errorf("a formula went out as %q", got)
	}
	if rows[1][at["Number"]] != "INV-1" || rows[1][at["Amount"]] != "1070.00" || rows[3][at["Number"]] != "INV-4" {
		t.Errorf("the rows are %v", rows)
	}
	var detail string
	err = w.DB.Super.QueryRowContext(t.Context(), `SELECT convert_from(bytes, 'UTF8') FROM audit_leaves WHERE action = 'export.made' AND person_id = $1`, w.Person(apptest.Auditor)).Scan(&detail)
	sum := sha256.Sum256([]byte(a.Body))
	if err != nil || !strings.Contains(detail, hex.EncodeToString(sum[:])) || !strings.Contains(detail, `"rows":4`) || !strings.Contains(detail, "state=draft") {
		t.Errorf("the leaf is %s, %v", detail, err)
	}
	if rows := strings.Count(exported(w, apptest.Stranger, "", "format", "csv").Body, "\r\n"); rows != 1 {
		t.Errorf("another merchant exports %d rows", rows)
	}
	for _, list := range []string{"state=lost", "on_from=99", "%zz", "evil=1"} {
		if a := exported(w, apptest.Maker, list, "format", "csv"); a.Status != http.StatusBadRequest {
			t.Errorf("%s was exported: %d", list, a.Status)
		}
		if a := w.Client(apptest.Maker).Post("/batches", "key", strings.Repeat("Q", 26), "kind", "submit", "all", "1", "list", list); a.Status != http.StatusBadRequest {
			t.Errorf("a batch of %s was made: %d", list, a.Status)
		}
	}
}

func TestExportToExcelHasTypedCellsAndSaysWhatItIs(t *testing.T) {
	t.Parallel()
	w := stock(t)
	a := exported(w, apptest.Maker, "sort=number&dir=asc&amount_from=1000", "format", "xlsx", "rows", "lines", "lang", "th", "days", "local")
	f, err := excelize.OpenReader(strings.NewReader(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	sheets := f.GetSheetList()
	rows, err := f.GetRows(sheets[0], excelize.Options{RawCellValue: true})
	if err != nil || len(rows) < 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	at := map[string]int{}
	for n, head := range rows[0] {
		at[head] = n
	}
	if rows[1][at["เลขประจำตัวผู้เสียภาษี"]] != "0105562000007" || rows[1][at["สาขา"]] != "00000" || rows[1][at["จำนวนเงินของรายการ"]] != "1000.00" {
		t.Errorf("a row is %v", rows[1])
	}
	about, err := f.GetRows(sheets[1], excelize.Options{RawCellValue: true})
	if err != nil || len(about) != 7 || about[1][1] != "คุณmaker" {
		t.Errorf("the second sheet is %v, %v", about, err)
	}
	page := w.Client(apptest.Maker).Get("/presentments/export?amount_from=1000").Body
	if !strings.Contains(page, "ส่งออก 3 ใบ") && !strings.Contains(page, "ส่งออก 2 ใบ") {
		t.Error("the page does not say how many")
	}
}
