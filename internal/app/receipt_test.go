package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// paid is a bill that the bank says is paid.
func (w thread) paid(number string) store.ID {
	w.t.Helper()
	id, reference := w.presented(number)
	w.decide(reference, krungsri.StatusAccepted, "")
	w.decide(reference, krungsri.StatusPaid, "")
	return id
}

// receiptForm is a receipt over bills, of which 3 % were withheld, or over a
// service in words; pairs go over it.
func receiptForm(bills []store.ID, pairs ...string) url.Values {
	f := url.Values{
		"do": {"save"}, "version": {"0"}, "type": {"T03"}, "buyer_name": {"บริษัท ผู้ซื้อตัวอย่าง จำกัด"}, "buyer_tax_id": {"0-1055-62000-00-7"},
		"buyer_branch": {"00000"}, "buyer_address": {"99 ถนนตัวอย่าง"}, "method": {"transfer"}, "payment_reference": {"FT-1"}, "paper": {"th"}, "remark": {""},
		"document_on": {time.Now().In(krungsri.Bangkok).Format("02/01/2006")}, "paid_on": {time.Now().In(krungsri.Bangkok).Format("02/01/2006")},
	}
	if len(bills) == 0 {
		for field, value := range map[string]string{"bill": "", "description": "ค่าบริการ", "received": "107", "withheld": "", "fee": "", "vat": "standard"} {
			f.Set("line_"+field, value)
		}
	}
	for _, id := range bills {
		for field, value := range map[string]string{"bill": id.String(), "description": "", "received": "1,040.00", "withheld": "30", "fee": "", "vat": "standard"} {
			f.Add("line_"+field, value)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func (w thread) post(c *apptest.Client, path string, form url.Values) apptest.Answer {
	w.t.Helper()
	return c.Do(c.Request(http.MethodPost, path, form))
}

// submitReceipt goes over the page that is looked at before, and returns the lead.
func (w thread) submitReceipt(page string) (lead string) {
	w.t.Helper()
	c := w.Client(apptest.Maker)
	look := c.Get(page + "/submission/new").Body
	key, version := keyField.FindStringSubmatch(look), versionField.FindStringSubmatch(look)
	if key == nil || version == nil {
		w.t.Fatalf("nothing to submit: %s", look)
	}
	if a := c.Post(page+"/submission", "key", key[1], "version", version[1]); a.Status != http.StatusSeeOther {
		w.t.Fatalf("the submission: %d %s", a.Status, a.Body)
	}
	return w.text(`SELECT entry_id FROM receipts WHERE '/receipts/' || id = $1`, page)
}

func (w thread) receiptIs(page string) (state, number string) {
	w.t.Helper()
	return w.text(`SELECT state FROM receipts WHERE '/receipts/' || id = $1`, page), w.text(`SELECT document_number FROM receipts WHERE '/receipts/' || id = $1`, page)
}

func TestAPaidBillGetsItsReceiptWithTheTaxToldApart(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	id := w.paid("INV-7001")
	maker := w.Client(apptest.Maker)
	if a := maker.Get("/"); !strings.Contains(a.Body, `href="/receipts/missing"`) {
		t.Error("home does not tell of the bill without a receipt")
	}
	bill := "/presentments/" + id.String()
	if a := maker.Get(bill); !strings.Contains(a.Body, "/receipts/new?bill="+id.String()) {
		t.Error("the bill's page does not offer a receipt")
	}
	if a := maker.Get("/receipts/new?bill=" + id.String()); a.Status != http.StatusOK || !strings.Contains(a.Body, `value="1,070.00"`) || !strings.Contains(a.Body, "INV-7001") {
		t.Errorf("the form: %d %s", a.Status, a.Body)
	}
	for field, c := range map[string]struct{ value, says string }{
		"line_received":     {"1,070.00", "1,070.00"}, // with the tax that was withheld it is more than the bill
		"line_withheld":     {"1,001", "line-1-withheld"},
		"payment_reference": {"โอน 1", "payment_reference"},
		"paid_on":           {"31/12/2099", "paid_on"},
		"buyer_tax_id":      {"0-1055-36000-00-0", "line-1-received"},
		"line_bill":         {store.NewID().String(), "line-1-received"},
		"line_fee":          {"-5", "line-1-fee"},
	} {
		a := w.post(maker, "/receipts", receiptForm([]store.ID{id}, field, c.value))
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, c.says) || !strings.Contains(a.Body, "FT-1") && field != "payment_reference" {
			t.Errorf("%s %s: %d", field, c.value, a.Status)
		}
	}
	a := w.post(maker, "/receipts", receiptForm([]store.ID{id}))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("the draft: %d %s", a.Status, a.Body)
	}
	page := a.Location()
	if a := maker.Get(page + "/submission/new"); !strings.Contains(a.Body, "เรียกคืนไม่ได้") {
		t.Error("the check page does not say that it is for good")
	}
	lead := w.submitReceipt(page)
	a = w.Client(apptest.Checker).Get("/approvals/" + lead)
	for _, said := range []string{"เรียกคืนไม่ได้", "30.00", "1,070.00", "INV-7001", "RT", ".pdf"} {
		if !strings.Contains(a.Body, said) {
			t.Errorf("the approval page does not say %s", said)
		}
	}
	if a := maker.Post("/instructions/"+lead+"/approval", "fingerprint", strings.Repeat("0", 64)); a.Status != http.StatusForbidden {
		t.Errorf("the maker approves: %d", a.Status)
	}
	w.approve(lead)
	if state, number := w.receiptIs(page); state != store.ReceiptIssued || !strings.HasSuffix(number, "-0001") {
		t.Errorf("it is %s as %s: %s", state, number, maker.Get(page).Body)
	}
	if a := maker.Get("/receipts?q=inv-7001&state=issued"); !strings.Contains(a.Body, page) {
		t.Error("the list does not find it by its bill")
	}
	for _, format := range []string{"csv", "xlsx"} {
		a := maker.Post("/receipts/export", "format", format, "list", "q=inv-7001")
		if a.Status != http.StatusOK || !strings.Contains(a.Header.Get("Content-Disposition"), "."+format) || format == "csv" && !strings.Contains(a.Body, "INV-7001") {
			t.Errorf("the export to %s: %d %s", format, a.Status, a.Body)
		}
	}
	if a := maker.Get("/search?q=INV-7001"); !strings.Contains(a.Body, page) {
		t.Error("the search does not find it")
	}
	if a := maker.Get(bill); strings.Contains(a.Body, "/receipts/new?bill=") || !strings.Contains(a.Body, page) {
		t.Error("the bill's page does not show its receipt, or offers another")
	}
	if a := maker.Get("/numbers"); !strings.Contains(a.Body, "-0001") || !strings.Contains(a.Body, "-0002") {
		t.Error("the numbers do not show the last and the next")
	}
}

func TestDraftsAreMadeOfWhatIsMissingAndNothingTwice(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	first, second := w.paid("INV-1"), w.paid("INV-2")
	unpaid, _ := w.presented("INV-3")
	maker := w.Client(apptest.Maker)
	if a := maker.Get("/receipts/missing"); !strings.Contains(a.Body, "INV-1") || !strings.Contains(a.Body, "INV-2") || strings.Contains(a.Body, "INV-3") {
		t.Errorf("missing: %s", a.Body)
	}
	a := maker.Post("/receipts/drafts", "mode", "buyer", "id", first.String(), "id", second.String(), "id", unpaid.String())
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/receipts/") {
		t.Fatalf("drafts: %d %s", a.Status, a.Location())
	}
	if again := maker.Post("/receipts/drafts", "mode", "each", "id", first.String(), "id", second.String()); again.Location() != "/receipts/missing" {
		t.Errorf("a second press: %s", again.Location())
	}
	lead := w.submitReceipt(a.Location())
	payload := w.text(`SELECT convert_from(payload, 'UTF8') FROM instructions WHERE id = $1`, lead)
	if strings.Contains(payload, "presentmentReferenceNumber") || !strings.Contains(payload, "INV-1") || !strings.Contains(payload, "INV-2") {
		t.Errorf("the bank is asked %s", payload)
	}
	w.approve(lead)
	if state, _ := w.receiptIs(a.Location()); state != store.ReceiptIssued {
		t.Errorf("the receipt for two bills is %s", state)
	}
	if a := maker.Get("/receipts/missing"); strings.Contains(a.Body, "INV-1") {
		t.Error("what is receipted is still missing")
	}
}

func TestUnknownReceiptIsSettledByTwoAndDiscardedOneKeepsItsNumber(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	maker, checker := w.Client(apptest.Maker), w.Client(apptest.Checker)
	draft := func() string { return w.post(maker, "/receipts", receiptForm(nil, "type", "T01")).Location() }
	page := draft()
	lead := w.submitReceipt(page)
	if err := w.bank.SetFault("receipt.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	w.approve(lead)
	a := maker.Get("/unknown/" + lead)
	if state, number := w.receiptIs(page); state != store.ReceiptUnknown || !strings.Contains(a.Body, number) || !strings.Contains(a.Body, page) {
		t.Fatalf("it is %s: %d %s", state, a.Status, a.Body)
	}
	if a := maker.Post("/instructions/"+lead+"/settlements", "outcome", "failed", "bank_reference", "", "note", "ธนาคารบอกว่าไม่ได้รับ"); a.Status != http.StatusSeeOther {
		t.Fatalf("the first word: %d %s", a.Status, a.Body)
	}
	settlement := w.text(`SELECT id FROM settlements WHERE instruction_id = $1`, lead)
	if a := checker.Post("/instructions/" + lead + "/settlements/" + settlement + "/confirmation"); a.Status != http.StatusSeeOther {
		t.Fatalf("the second word: %d %s", a.Status, a.Body)
	}
	if state, _ := w.receiptIs(page); state != store.ReceiptRefused {
		t.Fatalf("it is %s", state)
	}
	if a := maker.Post(page + "/renumbering"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a number is voided without a reason: %d", a.Status)
	}
	if a := maker.Post(page+"/renumbering", "note", "มีในระบบเดิม"); a.Status != http.StatusSeeOther {
		t.Errorf("the number is voided: %d %s", a.Status, a.Body)
	}
	w.approve(w.submitReceipt(page))
	if state, number := w.receiptIs(page); state != store.ReceiptIssued || !strings.HasSuffix(number, "-0002") {
		t.Errorf("mended it is %s as %s", state, number)
	}
	if a := maker.Post(page+"/discard", "note", "x", "version", "1"); a.Status != http.StatusConflict {
		t.Errorf("an issued receipt is discarded: %d", a.Status)
	}
	// With a paper of its own the number comes first.
	own := w.post(maker, "/receipts", receiptForm(nil, "type", "T01", "paper", "")).Location()
	if a := maker.Get(own + "/submission/new"); !strings.Contains(a.Body, own+"#documents") {
		t.Error("nobody says that a paper is missing")
	}
	if a := maker.Post(own + "/number"); a.Status != http.StatusSeeOther {
		t.Errorf("the number first: %d", a.Status)
	}
	if a := maker.Post(own+"/discard", "note", "ไม่ใช้แล้ว", "version", "1"); a.Status != http.StatusSeeOther {
		t.Errorf("discarding: %d %s", a.Status, a.Body)
	}
	series := w.text(`SELECT id FROM document_series WHERE kind = 'T01'`)
	for _, said := range []string{"-0001", "-0003", "มีในระบบเดิม", "ไม่ใช้แล้ว"} {
		if a := maker.Get("/numbers/" + series + "?void=1"); !strings.Contains(a.Body, said) {
			t.Errorf("the voided numbers do not say %s", said)
		}
	}
	// It can be had back, and its number stays voided.
	if a := maker.Get(own); !strings.Contains(a.Body, own+"/restoration") {
		t.Error("restoring is not offered")
	}
	for n, want := range []int{http.StatusSeeOther, http.StatusConflict} {
		if a := maker.Post(own + "/restoration"); a.Status != want {
			t.Errorf("restoring, time %d: %d", n+1, a.Status)
		}
	}
	if state, number := w.receiptIs(own); state != store.ReceiptDraft || number != "" {
		t.Errorf("it is %s as %q", state, number)
	}
	if a := maker.Post(page + "/restoration"); a.Status != http.StatusConflict {
		t.Errorf("an issued receipt is restored: %d", a.Status)
	}
}

func TestTwoPeopleWhoEditAReceiptSeeEachOther(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	maker := w.Client(apptest.Maker)
	page := w.post(maker, "/receipts", receiptForm(nil)).Location()
	if a := w.post(maker, page, receiptForm(nil, "version", "1", "remark", "ของฉัน")); a.Status != http.StatusSeeOther {
		t.Fatalf("the edit: %d", a.Status)
	}
	a := w.post(maker, page, receiptForm(nil, "version", "1", "remark", "ของเธอ"))
	if a.Status != http.StatusConflict || !strings.Contains(a.Body, "ของฉัน") || !strings.Contains(a.Body, "ของเธอ") {
		t.Errorf("over another's edit: %d", a.Status)
	}
}

func TestAnAdministratorChoosesHowNumbersLook(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	admin := w.Client(apptest.Admin)
	form := func(pairs ...string) []string {
		return append([]string{
			"do", "save", "version", "0", "kind", "T03", "branch", "00000", "prefix", "ใบเสร็จ", "year", "CCCC", "separator", "/", "digits", "5", "restarts", "year",
			"first_no", "120", "from_on", time.Now().In(krungsri.Bangkok).Format("02/01/2006"),
		}, pairs...)
	}
	if a := admin.Get("/numbers/new"); a.Status != http.StatusOK {
		t.Fatalf("the form: %d %s", a.Status, a.Body)
	}
	replaced := func(field, value string) []string {
		f := form()
		for i := 0; i < len(f); i += 2 {
			if f[i] == field {
				f[i+1] = value
			}
		}
		return f
	}
	for field, value := range map[string]string{"prefix": "ก ข", "digits": "2", "year": "", "branch": "x", "first_no": "0"} {
		if a := admin.Post("/numbers", replaced(field, value)...); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s %q: %d", field, value, a.Status)
		}
	}
	if a := admin.Post("/numbers", replaced("do", "preview")...); a.Status != http.StatusOK || !strings.Contains(a.Body, "/00120") {
		t.Errorf("the preview: %d", a.Status)
	}
	a := admin.Post("/numbers", form()...)
	if a.Status != http.StatusSeeOther {
		t.Fatalf("the series: %d %s", a.Status, a.Body)
	}
	if again := admin.Post("/numbers", form()...); again.Status != http.StatusUnprocessableEntity {
		t.Errorf("the series twice: %d", again.Status)
	}
	if got := w.Client(apptest.Maker).Post(a.Location()+"/pattern", form()...); got.Status != http.StatusForbidden {
		t.Errorf("a maker changes it: %d", got.Status)
	}
	page := w.post(w.Client(apptest.Maker), "/receipts", receiptForm(nil)).Location()
	w.submitReceipt(page)
	if _, number := w.receiptIs(page); !strings.HasSuffix(number, "/00120") || !strings.HasPrefix(number, "ใบเสร็จ20") {
		t.Errorf("the receipt bears %s", number)
	}
}
