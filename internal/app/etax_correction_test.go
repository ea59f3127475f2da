package app_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/web/text"
)

func TestCreditNotesTogetherNeverComeToMoreThanTheirInvoice(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	ctx := thaiContext(t)
	page := w.issue(w.etaxForm("/etax/new", ordinaryBuyer...))
	number := w.text(`SELECT number FROM etax_documents`)
	from := "/etax/new?kind=81&from=" + strings.TrimPrefix(page, "/etax/")
	w.issue(w.etaxForm(from, "purpose", "CDNG04", "line_0_price", "90"))

	const left = "1,926.00" // of 2,140.00
	refused := func(what string, form url.Values, field, fault string) {
		t.Helper()
		a := w.postEtax("/etax", form)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `href="#`+field+`"`) || !strings.Contains(a.Body, text.T(ctx, text.Prefix("etax.fault.")+fault, "left", left)) {
			t.Errorf("%s: %d", what, a.Status)
		}
	}
	whole := w.etaxForm(from, "purpose", "CDNG05", "line_0_quantity", "0")
	refused("the whole again", whole, "line_0_quantity", "credited_beyond")
	other := w.etaxForm(from, "purpose", "CDNG05", "line_0_price", "90", "reference_0_on", "01/01/2569")
	refused("an invoice of another day", other, "reference_0_on", "reference_other_day")
	other = w.etaxForm(from, "purpose", "CDNG05", "line_0_price", "90", "buyer_id", "0-1055-62000-00-7")
	refused("an invoice of another buyer", other, "reference_0_number", "reference_other_buyer")

	// Two notes that fit alone, but not both: the second is refused where it is submitted.
	first := w.postEtax("/etax", w.etaxForm(from, "purpose", "CDNG04", "line_0_price", "50"))
	second := strings.TrimSuffix(w.postEtax("/etax", w.etaxForm(from, "purpose", "CDNG04", "line_0_price", "45")).Location(), "/submission/new")
	sent := strings.TrimSuffix(first.Location(), "/submission/new")
	w.ask(sent+"/submission/new", sent+"/submission")
	look := w.Client(apptest.Maker).Get(second + "/submission/new")
	if !strings.Contains(look.Body, text.T(ctx, "etax.fault.credited_beyond", "left", "856.00")) {
		t.Error("the last look does not say that it is too much")
	}
	if a := w.postEtax(second+"/submission", url.Values{"key": {strings.Repeat("K", 26)}, "version": {"1"}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("too much is submitted: %d", a.Status)
	}

	// What takes its place is no second sale, however it came to be typed.
	replacing := w.etaxForm("/etax/new", append(ordinaryBuyer, "references", "1", "purpose", "TIVC01", "reference_0_number", number, "reference_0_kind", "388",
		"reference_0_on", w.text(`SELECT to_char(issued_on, 'DD/MM/YYYY') FROM etax_documents WHERE kind = '388'`), "buyer_name", "บริษัท บัวหลวง จำกัด", "line_0_price", "101")...)
	refused("a dearer one", replacing, "line_0_price", "replacement_other")
	replacing.Set("line_0_price", "100")
	w.issue(replacing)
	if got := w.text(`SELECT string_agg(standing || ' ' || kind, ', ' ORDER BY standing, kind, number) FROM output_tax`); got != "counts 388, counts 81, counts 81, replaces 388" {
		t.Errorf("the report has %s", got)
	}
}

func TestACreditNoteOnABillIsHeldAgainstTheBill(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	ctx, maker := thaiContext(t), w.Client(apptest.Maker)
	bill := stored(t, w.World, send(maker, "/presentments", billForm("INV-1", "line_quantity", "1", "line_price", "1000", "line_vat", "standard", "line_description", "ค่าบริการ")))
	if a := attach(t, maker, bill.ID, pdf("INV-1")); a.Status != http.StatusSeeOther {
		t.Fatalf("attaching: %d", a.Status)
	}
	note := func(kind, original, right string, pairs ...string) url.Values {
		return w.etaxForm("/etax/new?kind="+kind, append([]string{
			"buyer_name", "บริษัท เยิ้มน้ำผึ้งป่า จำกัด", "buyer_id", "0105562000007", "buyer_branch", "00001", "buyer_line", "99 ถนนตัวอย่าง", "buyer_postcode", "10500",
			"recipient_0_address", "ap@wild.example", "purpose", map[string]string{"81": "CDNS03", "80": "DBNS02", "388": "TIVC01"}[kind],
			"references", "1", "reference_0_kind", "388", "reference_0_number", "INV-1", "reference_0_on", bangkokToday(0),
			"line_0_name", "ค่าบริการ", "line_0_original_quantity", "1", "line_0_original_price", original, "line_0_quantity", "1", "line_0_price", right,
		}, pairs...)...)
	}
	refused := func(what string, form url.Values, field, fault string, pairs ...any) {
		t.Helper()
		a := w.postEtax("/etax", form)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `href="#`+field+`"`) || !strings.Contains(a.Body, text.T(ctx, text.Prefix("etax.fault.")+fault, pairs...)) {
			t.Errorf("%s: %d", what, a.Status)
		}
	}
	refused("a bill that is a draft", note("81", "1000", "900"), "reference_0_number", "reference_not_out")
	w.ask("/presentments/"+bill.ID.String()+"/submission/new", "/presentments/"+bill.ID.String()+"/submission")
	refused("more than the bill", note("81", "2000", "900"), "line_0_quantity", "credited_beyond", "left", "1,070.00")
	refused("another day", note("81", "1000", "900", "reference_0_on", "01/01/2569"), "reference_0_on", "reference_other_day")
	refused("another buyer", note("81", "1000", "900", "buyer_id", "0105561000011"), "reference_0_number", "reference_other_buyer")
	refused("a replacement of a bill", note("388", "", "1000"), "reference_0_number", "replacement_of_bill")

	w.issue(note("81", "1000", "300")) // 749.00
	refused("more than is left", note("81", "1000", "600"), "line_0_quantity", "credited_beyond", "left", "321.00")
	late := strings.TrimSuffix(w.postEtax("/etax", note("81", "1000", "700", "line_0_name", "ส่วนที่เหลือ")).Location(), "/submission/new")
	w.issue(note("80", "1000", "1100")) // raises it by 107.00
	w.issue(note("81", "1100", "800"))  // 321.00 of 428.00

	// The draft that fitted fits no more.
	if look := maker.Get(late + "/submission/new"); !strings.Contains(look.Body, text.T(ctx, "etax.fault.credited_beyond", "left", "107.00")) {
		t.Error("the last look does not say what is left")
	}
	w.issue(note("81", "1100", "1000")) // the last 107.00
	refused("a bill that is credited in full", note("81", "1000", "900"), "reference_0_number", "credited_whole")

	// What a note stands on is neither taken back nor replaced.
	form := typedIn(maker.Get("/presentments/" + bill.ID.String() + "/cancellation/new").Body)
	form.Set("reason", "ผิด")
	a := send(maker, "/presentments/"+bill.ID.String()+"/cancellation", form)
	if a.Status != http.StatusConflict || !strings.Contains(a.Body, text.T(ctx, "presentment.refused.noted")) {
		t.Errorf("cancelling what was credited: %d", a.Status)
	}
}

func TestTaxDocumentsAreExportedExactlyAsFiltered(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.issue(w.etaxForm("/etax/new", append(ordinaryBuyer, "buyer_name", `=HYPERLINK("http://evil")`)...))
	w.postEtax("/etax", w.etaxForm("/etax/new", ordinaryBuyer...))
	c := w.Client(apptest.Auditor)
	for list, want := range map[string]int{"": 2, "state=draft": 1, "kind=81": 0, "q=evil": 1} {
		a := c.Post("/etax/export", "list", list, "format", "csv")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.Body, "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 1+want {
			t.Fatalf("%q: %d of %d rows, %v: %.200s", list, len(rows)-1, want, err, a.Body)
		}
		for _, row := range rows[1:] {
			if strings.HasPrefix(row[3], "=") || row[5] != "2000.00" || row[6] != "140.00" || row[7] != "2140.00" {
				t.Errorf("%q: %q", list, row)
			}
		}
	}
	if a := w.Client(apptest.Stranger).Post("/etax/export", "list", "", "format", "csv"); strings.Contains(a.Body, "HYPERLINK") {
		t.Error("a stranger gets them")
	}
	if a := c.Post("/etax/export", "list", "from=nonsense", "format", "csv"); a.Status != http.StatusSeeOther {
		t.Errorf("a filter that cannot be read: %d", a.Status)
	}
	// What a text finds beyond five thousand is on no page, and in no file.
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO etax_search (document_id, merchant_id, issued_on, words)
		SELECT gen_random_uuid(), s.merchant_id, s.issued_on, 'evil' FROM (SELECT merchant_id, issued_on FROM etax_search LIMIT 1) s, generate_series(1, 5000); COMMIT`)
	if a := c.Post("/etax/export", "list", "q=evil", "format", "csv"); a.Status != http.StatusSeeOther || a.Location() != "/etax?q=evil" {
		t.Errorf("more than a text finds: %d %s", a.Status, a.Location())
	}
}
