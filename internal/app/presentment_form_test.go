package app_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

func TestDiscountsAndWithholdingReachTheRow(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	typed := billForm("INV-1", "discount", "100", "control_total", "10,586.07")
	typed["line_description"], typed["line_quantity"], typed["line_price"] = []string{"ที่ปรึกษา", "หนังสือ"}, []string{"1", "1"}, []string{"10,000", "100"}
	typed["line_discount"], typed["line_income"], typed["line_vat"] = []string{"1%", ""}, []string{"service", ""}, []string{"standard", "exempt"}
	p := stored(t, w, send(w.Client(apptest.Maker), "/presentments", typed))
	// 9,900 and 100 bear 99 and 1 of the hundred: 9,801 × 7% = 686.07, 3% of 9,801 = 294.03.
	if p.Lines[0].ShareSatang != 9900 || p.Lines[1].ShareSatang != 100 || p.VATSatang != 68607 || p.TotalSatang != 1058607 || p.WHTSatang != 29403 {
		t.Errorf("stored %+v", p)
	}
}

func TestTermsThatDoNotFitAreNamed(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for _, c := range []struct{ field, typed, id, says string }{
		{"line_discount", "101%", "line-1-discount", "มากกว่ายอด"},
		{"line_discount", "1.005%", "line-1-discount", "ทศนิยม"},
		{"line_discount", "abc", "line-1-discount", "ตัวเลข"},
		{"discount", "999,999", "discount", "มากกว่ายอด"},
		{"control_total", "1.00", "control_total", "ต่างจากเอกสาร"},
		{"credit_days", "30.5", "credit_days", "วันเต็ม"},
		{"credit_days", "7", "due_on", "เครดิต 7 วัน"},
		{"order_reference", strings.Repeat("9", 36), "order_reference", "35"},
		{"document_on", "29/02/2568", "document_on", "28 วัน"},
	} {
		typed := billForm("INV-1", c.field, c.typed)
		if c.field == "line_discount" {
			typed["line_discount"] = []string{c.typed, ""}
		}
		a := send(w.Client(apptest.Maker), "/presentments", typed)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `href="#`+c.id+`"`) || !strings.Contains(a.Body, c.says) || !strings.Contains(a.Body, c.typed) {
			t.Errorf("%s %q: %d without %q at %s", c.field, c.typed, a.Status, c.says, c.id)
		}
	}
}

func TestSlipOfTheEraIsAskedAboutAndNeverShifted(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	today := time.Now().In(time.FixedZone("", 7*60*60))
	be := today.Year() + 543
	button := regexp.MustCompile(`name="document_on_reading" value="([0-9-]+)"`)
	for typed, readings := range map[string]int{
		today.Format("02/01/") + itoa(be+543):           1, // 543 added twice
		today.Format("02/01/") + itoa(today.Year()-543): 1,
		today.Format("02/01/06"):                        2,
		today.Format("02/01/") + itoa(be%100):           2,
		"01/01/1700":                                    0,
	} {
		a := send(c, "/presentments", billForm("INV-1", "document_on", typed))
		found := button.FindAllStringSubmatch(a.Body, -1)
		if a.Status != http.StatusUnprocessableEntity || len(found) != readings {
			t.Fatalf("%s: %d with %d readings", typed, a.Status, len(found))
		}
		for _, m := range found {
			chosen := billForm("INV-1", "document_on", typed, "document_on_reading", m[1])
			chosen.Del("do")
			again := send(c, "/presentments", chosen)
			if again.Status != http.StatusOK || !strings.Contains(again.Body, `name="document_on" value="`+m[1]+`"`) {
				t.Errorf("%s chosen for %s: %d", m[1], typed, again.Status)
			}
		}
	}
}

func itoa(n int) string {
	s := ""
	for ; n > 0; n /= 10 {
		s = string(rune('0'+n%10)) + s
	}
	return s
}

func TestPastedRowsBecomeLinesAndFaultsNameTheirRow(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	rows := "รายการ\tจำนวน\tราคาต่อหน่วย\tภาษี\tจำนวนเงิน\nปูน\t๒\t1,234.50\tยกเว้น\t2,469.00\nทราย\tสอง\t10\tVAT\t\nหิน\t1\t10\tแปลก\t99\n"
	a := send(c, "/presentments", billForm("INV-1", "do", "paste-lines", "pasted", rows, "buyer_name", ""))
	for _, want := range []string{`id="line-3-description"`, `value="1,234.50"`, `href="#line-4-quantity"`, `href="#line-5-vat"`, `href="#line-5-price"`, "แปลก", "ค่าที่ปรึกษา"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the answer lacks %s", want)
		}
	}
	if a.Status != http.StatusUnprocessableEntity || strings.Contains(a.Body, `href="#buyer_name"`) || strings.Contains(a.Body, `href="#line-3`) {
		t.Errorf("%d, or faults of what was not pasted", a.Status)
	}
	if a := send(c, "/presentments", billForm("INV-1", "do", "paste-lines", "pasted", strings.Repeat("a\t1\t1\n", 199))); !strings.Contains(a.Body, "199") || strings.Contains(a.Body, "line-3-description") {
		t.Errorf("more rows than fit: %d", a.Status)
	}
}

func TestLikelyRepetitionIsShownAndNotRefused(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	first := stored(t, w, send(c, "/presentments", billForm("INV-1", "document_on", bangkokToday(-7))))
	link := "/presentments/" + first.ID.String()
	typing := func(changes ...string) string {
		return send(c, "/presentments/totals", billForm("INV-2", changes...)).Body
	}
	if !strings.Contains(typing(), link) || strings.Contains(typing("document_on", bangkokToday(-15)), link) || strings.Contains(typing("discount", "1"), link) {
		t.Error("the warning does not follow buyer, amount and day")
	}
	if !strings.Contains(typing("number", "INV-1", "buyer_tax_id", ""), link) {
		t.Error("the number is not told while typing")
	}
	if strings.Contains(typing("number", "INV-1", "about", first.ID.String()), link) {
		t.Error("a bill is told apart from itself")
	}
	second := stored(t, w, send(c, "/presentments", billForm("INV-2")))
	if page := c.Get("/presentments/" + second.ID.String() + "/submission/new"); !strings.Contains(page.Body, link) {
		t.Error("the check page does not show it")
	}
	a := send(c, "/presentments", billForm("INV-1"))
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, link) {
		t.Errorf("the taken number: %d", a.Status)
	}
}

func TestScratchIsOnesOwnAndContinuesAsTyped(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	scratch := store.NewID().String()
	typed := billForm("INV-7", "buyer_tax_id", "not yet", "scratch", scratch, "document_on", "31/02/68")
	if a := send(c, "/presentments/scratches", typed); a.Status != http.StatusOK || !strings.Contains(a.Body, "เก็บ") {
		t.Fatalf("keeping: %d %s", a.Status, a.Body)
	}
	href := "/presentments/new?continue=" + scratch
	if page := c.Get("/presentments/new"); !strings.Contains(page.Body, href) || !strings.Contains(page.Body, "INV-7") {
		t.Error("the form does not offer to continue")
	}
	page := c.Get(href)
	for _, want := range []string{`value="not yet"`, `value="31/02/68"`, `value="` + scratch + `"`, "ค่าที่ปรึกษา"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("continuing lacks %s", want)
		}
	}
	for _, name := range []string{apptest.Both, apptest.Stranger} {
		if a := w.Client(name).Get(href); a.Status != http.StatusNotFound {
			t.Errorf("%s continues: %d", name, a.Status)
		}
	}
	if a := both(w).Post("/presentments/scratches/" + scratch + "/removal"); a.Status != http.StatusNotFound {
		t.Errorf("another discards it: %d", a.Status)
	}
	stored(t, w, send(c, "/presentments", billForm("INV-7", "scratch", scratch)))
	if a := c.Get(href); a.Status != http.StatusNotFound {
		t.Errorf("saved, and still to be continued: %d", a.Status)
	}
	// What was on its way while the bill was saved does not bring it back.
	if a := send(c, "/presentments/scratches", typed); a.Status != http.StatusConflict || c.Get(href).Status != http.StatusNotFound {
		t.Errorf("kept after it was saved: %d", a.Status)
	}
	late := store.NewID().String()
	stored(t, w, send(c, "/presentments", billForm("INV-8", "scratch", late)))
	if a := send(c, "/presentments/scratches", billForm("INV-8", "scratch", late)); a.Status != http.StatusConflict || strings.Contains(c.Get("/presentments/new").Body, late) {
		t.Errorf("first kept after it was saved: %d", a.Status)
	}
	scratch = store.NewID().String()
	typed.Set("scratch", scratch)
	href = "/presentments/new?continue=" + scratch
	send(c, "/presentments/scratches", typed)
	if a := c.Post("/presentments/scratches/" + scratch + "/removal"); a.Status != http.StatusSeeOther || c.Get(href).Status != http.StatusNotFound {
		t.Errorf("discarding: %d", a.Status)
	}
	send(c, "/presentments/scratches", typed)
	w.DB.Exec(`UPDATE presentment_scratches SET saved_at = now() - interval '31 days' WHERE NOT spent`)
	if a := c.Get(href); a.Status != http.StatusNotFound {
		t.Errorf("after 31 days: %d", a.Status)
	}
	w.Own(store.Actor{}, func(tx *store.Tx) error {
		if n, err := tx.ExpireScratches(); n != 1 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
		return nil
	})
}

// A known buyer brings what it usually withholds on into lines that nobody
// typed into, and into those added later.
func TestPickedBuyerBringsItsWithholding(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	b := addedBuyer(t, w, buyerFields()) // withholds 3%
	chosen := `<option value="service" selected`
	typed := billForm("INV-1", "do", "pick-buyer-"+b.ID.String())
	typed["line_description"], typed["line_quantity"], typed["line_price"] = []string{"ข้าวสาร", ""}, []string{"1", "1"}, []string{"100", ""}
	page := send(c, "/presentments", typed)
	if n := strings.Count(page.Body, chosen); n != 1 || !strings.Contains(page.Body, `name="usual_income" id="usual_income" value="service"`) {
		t.Errorf("the blank line alone is to withhold: %d of them do, %d", n, page.Status)
	}
	more := send(c, "/presentments", billForm("INV-1", "do", "add-line", "usual_income", "service"))
	if n := strings.Count(more.Body, chosen); n != 1 {
		t.Errorf("of three lines %d withhold, and the added one should", n)
	}
	if a := send(c, "/presentments", billForm("INV-1", "usual_income", "x")); a.Status != http.StatusBadRequest {
		t.Errorf("an unknown income: %d", a.Status)
	}
	if a := c.Get("/presentments/new?buyer=" + b.ID.String()); strings.Count(a.Body, chosen) != 1 {
		t.Error("a new bill for the buyer does not withhold")
	}
}

func TestTaxIDUnderAnotherNameIsToldWhileTyping(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	b := addedBuyer(t, w, buyerFields())
	typing := func(name string) string {
		return send(c, "/presentments/totals", billForm("INV-2", "buyer_name", name, "buyer_tax_id", b.TaxID)).Body
	}
	offer := "pick-buyer-" + b.ID.String()
	if !strings.Contains(typing("บริษัท อื่น จำกัด"), offer) || !strings.Contains(typing(""), offer) {
		t.Error("the known name is not offered")
	}
	if strings.Contains(typing(b.Name), offer) {
		t.Error("the known name is offered to itself")
	}
	if strings.Contains(send(w.Client(apptest.Both), "/presentments/totals", billForm("INV-2", "buyer_name", "อื่น", "buyer_tax_id", b.TaxID)).Body, offer) {
		t.Error("another merchant's buyer is offered")
	}
}

// Whatever the bill says is frozen once it is submitted, the terms too.
func TestNoTermOfASubmittedBillChanges(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	p, _ := w.Submitted(apptest.Maker, "INV-1")
	for _, change := range []string{
		"discount_percent = 1", "discount_satang = 1", "wht_satang = 1", "order_reference = 'PO'", "credit_days = due_on - document_on",
		"remark = 'x'", "buyer_name = 'x'", "document_number = 'x'",
	} {
		_, err := w.DB.Super.ExecContext(t.Context(), "UPDATE presentments SET "+change+" WHERE id = $1", p.ID)
		if err == nil || !strings.Contains(err.Error(), "only a draft or a refused presentment is edited") {
			t.Errorf("%s: %v", change, err)
		}
	}
	for _, change := range []string{"discount_satang = 1", "share_satang = 1", "wht_income = 'rent'"} {
		if _, err := w.DB.Super.ExecContext(t.Context(), "UPDATE presentment_lines SET "+change+" WHERE presentment_id = $1", p.ID); err == nil {
			t.Errorf("a line took %s", change)
		}
	}
}
