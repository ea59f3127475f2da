package app_test

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// lastMonth is the first day of the month before this one.
func lastMonth() time.Time { return store.MonthSpan(tellertest.Today()).First.AddDate(0, -1, 0) }

// taxInvoice is a bill of a day that is a tax invoice and waits for approval.
func taxInvoice(t *testing.T, w *apptest.World, number string, on time.Time) (bill store.Presentment, lead store.ID) {
	t.Helper()
	a := w.Actor(apptest.Maker)
	draft := tellertest.Draft(t, w.Web, a, number)
	if err := w.Web.Write(t.Context(), a, func(tx *store.Tx) error {
		p, err := tx.Presentment(draft.ID)
		if err != nil {
			return err
		}
		p.DocumentType, p.DocumentOn, p.DueOn, p.CreditDays = "388", on, on.AddDate(0, 1, 0), nil
		return tx.ChangePresentment(p)
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.Web.Read(t.Context(), a, func(q *store.Query) (err error) { bill, err = q.Presentment(draft.ID); return err }); err != nil {
		t.Fatal(err)
	}
	lead, err := w.Desk().SubmitPresentment(t.Context(), a, bill.ID, bill.Version, store.NewID().String())
	if err != nil {
		t.Fatal(err)
	}
	return bill, lead
}

// closeBooks closes the books of payments through today.
func closeBooks(t *testing.T, w *apptest.World) {
	t.Helper()
	if err := w.Web.Write(t.Context(), w.Actor(apptest.Checker), func(tx *store.Tx) error { _, err := tx.CloseBooks(tellertest.Today()); return err }); err != nil {
		t.Fatal(err)
	}
}

func consent(t *testing.T, w *apptest.World, lead store.ID) {
	t.Helper()
	a := w.Actor(apptest.Checker)
	var f store.Fingerprint
	if err := w.Web.Read(t.Context(), a, func(q *store.Query) error {
		parts, err := q.Parts(lead)
		f = store.FingerprintOf(parts)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.Desk().Approve(t.Context(), a, lead, f); err != nil {
		t.Fatal(err)
	}
}

func TestAMonthsFilesAreTakenAwayAndItsReportToo(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	on := lastMonth().AddDate(0, 0, 4)
	bill, lead := taxInvoice(t, w, "TX-900", on)
	consent(t, w, lead)
	bank.Send()
	month := on.Format("2006-01")
	auditor := w.Client(apptest.Auditor)

	if page := auditor.Get("/documents?q=tx-900&month=" + month); page.Status != http.StatusOK || !strings.Contains(page.Body, "/documents/"+bill.Documents[0].FileID.String()) {
		t.Fatalf("the library does not find it: %d %s", page.Status, page.Body)
	}
	file := "/documents/" + bill.Documents[0].FileID.String()
	if w.Client(apptest.Checker).Get(strings.Replace(file, "/documents", "/files", 1)).Status != http.StatusOK {
		t.Fatal("the file cannot be opened")
	}
	if page := auditor.Get(file); !strings.Contains(page.Body, "openings") || !strings.Contains(page.Body, "/presentments/"+bill.ID.String()) {
		t.Errorf("the page does not say who opened it, or where it is used: %s", page.Body)
	}
	if got := w.Client(apptest.Stranger).Get(file).Status; got != http.StatusNotFound {
		t.Errorf("a stranger gets %d", got)
	}

	packed := auditor.Post("/documents/archive", "month", month, "lang", "en")
	z, err := zip.NewReader(strings.NewReader(packed.Body), int64(len(packed.Body)))
	if err != nil {
		t.Fatalf("%d: %v", packed.Status, err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if len(names) != 3 || names[0] != "index.csv" || names[1] != "index.html" || !strings.HasPrefix(names[2], "bills/TX-900 - ") {
		t.Errorf("the archive holds %v", names)
	}
	index, err := z.Open("index.csv")
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(index); !bytes.HasPrefix(text, []byte("\ufeff")) || !bytes.Contains(text, []byte("TX-900")) || !bytes.Contains(text, []byte(names[2])) {
		t.Errorf("its index is %s", text)
	}
	for format, begins := range map[string]string{"xlsx": "PK", "csv": "\ufeff", "pdf": "%PDF-"} {
		if got := auditor.Post("/months/"+month+"/export", "format", format, "lang", "th"); got.Status != http.StatusOK || !strings.HasPrefix(got.Body, begins) {
			t.Errorf("the report as %s: %d %.40q", format, got.Status, got.Body)
		}
	}
	for action, want := range map[string]int{"archive.made": 1, "month.exported": 3, "file.opened": 1} {
		var n int
		if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves WHERE action = $1`, action).Scan(&n); err != nil || n != want {
			t.Errorf("%d leaves of %s, want %d (%v)", n, action, want, err)
		}
	}
	// Nothing of another merchant is in it.
	if got := w.Client(apptest.Stranger).Get("/documents/archive?month=" + month); strings.Contains(got.Body, "TX-900") || strings.Contains(got.Body, `action="/documents/archive"`) {
		t.Error("a stranger is offered the files of this merchant")
	}
}

func TestAClosedMonthTakesNoBillAndSaysSoAtTheField(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	on := lastMonth().AddDate(0, 0, 4)
	_, lead := taxInvoice(t, w, "TX-901", on)
	month := on.Format("2006-01")
	checker := w.Client(apptest.Checker)
	if got := checker.Post("/months/" + month + "/closing"); got.Status != http.StatusConflict {
		t.Errorf("a month with bills on their way was closed: %d", got.Status)
	}
	consent(t, w, lead)
	bank.Send()
	closeBooks(t, w)
	if list := checker.Get("/months"); !strings.Contains(list.Body, `<td class="num" data-label="ภาษีขาย">70.00</td>`) {
		t.Errorf("the list does not add the output tax of an open month up: %s", list.Body)
	}
	if got := w.Client(apptest.Maker).Post("/months/" + month + "/closing"); got.Status != http.StatusForbidden {
		t.Errorf("a maker closes: %d", got.Status)
	}
	if page := checker.Get("/months/" + month); !strings.Contains(page.Body, "/months/"+month+"/closing") {
		t.Errorf("closing is not offered: %s", page.Body)
	}
	if got := checker.Post("/months/" + month + "/closing"); got.Status != http.StatusSeeOther {
		t.Fatalf("closing: %d %s", got.Status, got.Body)
	}
	maker := w.Client(apptest.Maker)
	form := billForm("TX-902")
	form.Set("document_on", on.Format(time.DateOnly))
	form.Set("due_on", tellertest.Today().Format(time.DateOnly))
	refused := maker.Do(maker.Request("POST", "/presentments", form))
	if refused.Status != http.StatusUnprocessableEntity || !strings.Contains(refused.Body, "document_on-error") || !strings.Contains(refused.Body, "TX-902") {
		t.Errorf("a bill dated in a closed month: %d %s", refused.Status, refused.Body)
	}
	// A difference that comes later is told.
	w.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET state = 'cancelled' WHERE document_number = 'TX-901'; RESET session_replication_role`)
	if page := checker.Get("/months/" + month); !strings.Contains(page.Body, "70.00") || !strings.Contains(page.Body, "notice bad") {
		t.Errorf("nobody is told that the figures of a closed month are others: %s", page.Body)
	}
}
