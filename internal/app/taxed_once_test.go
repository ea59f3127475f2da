package app_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/store"
	"portal/web/text"
)

var checkedKind = regexp.MustCompile(`<input[^>]*name="type"[^>]*value="(T0\d)"[^>]* checked`)

// chosenKind is the kind of receipt that a form has chosen.
func chosenKind(page string) string {
	if m := checkedKind.FindStringSubmatch(page); m != nil {
		return m[1]
	}
	return ""
}

// reportedVAT is what the report of output tax has of bills, receipts and tax documents.
func (w thread) reportedVAT() string {
	w.t.Helper()
	return w.text(`SELECT coalesce(sum(sign * vat_satang) FILTER (WHERE standing = 'counts'), 0) FROM output_tax WHERE merchant_id = $1`, w.Merchant)
}

func TestABillThatHasItsTaxInvoiceGetsAPlainReceipt(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	maker := w.Client(apptest.Maker)
	bill := w.paid("INV-8801")
	early := w.post(maker, "/receipts", receiptForm([]store.ID{bill})).Location()
	if a := maker.Get("/receipts/new?bill=" + bill.String()); chosenKind(a.Body) != "T03" {
		t.Error("a bill without a tax invoice is not offered one with its receipt")
	}
	from := "/etax/new?kind=388&bill=" + bill.String()
	w.issue(w.etaxForm(from, "buyer_postcode", "10500"))
	number := w.text(`SELECT number FROM etax_documents`)

	if a := maker.Get("/receipts/new?bill=" + bill.String()); chosenKind(a.Body) != "T01" {
		t.Error("a bill with its tax invoice is offered another with its receipt")
	}
	for _, lang := range []text.Lang{text.EN, text.TH} {
		maker.Get("/language/" + string(lang))
		a := w.post(maker, "/receipts", receiptForm([]store.ID{bill}))
		told := text.T(text.With(t.Context(), text.Locale{Lang: lang}), "receipt.error.etax_twice", "number", "INV-8801", "invoice", number)
		if a.Status != http.StatusUnprocessableEntity || strings.Count(a.Body, told) < 2 || !strings.Contains(a.Body, `href="#type"`) || !strings.Contains(a.Body, "FT-1") {
			t.Errorf("%s: a second tax invoice: %d, told %d times", lang, a.Status, strings.Count(a.Body, told))
		}
		// A draft from before is told where it is submitted, by the page and by the database.
		look := maker.Get(early + "/submission/new").Body
		if !strings.Contains(look, told) || !strings.Contains(look, early+"/edit#type") {
			t.Errorf("%s: the check page does not lead to what is wrong", lang)
		}
		sent := w.post(maker, early+"/submission", typedIn(look))
		if want := text.T(text.With(t.Context(), text.Locale{Lang: lang}), "receipt.refused.taxed"); sent.Status != http.StatusConflict || !strings.Contains(sent.Body, want) {
			t.Errorf("%s: the draft is submitted: %d", lang, sent.Status)
		}
	}
	if again := w.postEtax("/etax", w.etaxForm(from, "buyer_postcode", "10500", "kind", "388")); again.Status != http.StatusUnprocessableEntity ||
		!strings.Contains(again.Body, text.T(thaiContext(t), "etax.taxed_by.etax", "number", number)) || !strings.Contains(again.Body, `href="#kind"`) {
		t.Errorf("a second tax invoice from the bank: %d", again.Status)
	}

	plain := w.post(maker, "/receipts", receiptForm([]store.ID{bill}, "type", "T01")).Location()
	w.approve(w.submitReceipt(plain))
	if state, _ := w.receiptIs(plain); state != store.ReceiptIssued {
		t.Errorf("the plain receipt is %s", state)
	}
	if got := w.reportedVAT(); got != "7000" {
		t.Errorf("%s satang of VAT are reported", got)
	}
}

func TestAReceiptThatIsATaxInvoiceLeavesNoRoomForAnother(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	maker := w.Client(apptest.Maker)
	bill := w.paid("INV-8802")
	from := "/etax/new?kind=388&bill=" + bill.String()
	early := w.postEtax("/etax", w.etaxForm(from, "buyer_postcode", "10500")).Location()
	ready := typedIn(maker.Get(early).Body)
	receipt := w.post(maker, "/receipts", receiptForm([]store.ID{bill})).Location()
	w.approve(w.submitReceipt(receipt))
	_, number := w.receiptIs(receipt)

	if form := w.etaxForm(from); form.Get("kind") != "T01" {
		t.Errorf("the form offers %s", form.Get("kind"))
	}
	for _, lang := range []text.Lang{text.EN, text.TH} {
		maker.Get("/language/" + string(lang))
		ctx := text.With(t.Context(), text.Locale{Lang: lang})
		told := html.EscapeString(text.T(ctx, "etax.taxed_by.receipt", "number", number))
		a := w.postEtax("/etax", w.etaxForm(from, "buyer_postcode", "10500", "kind", "388"))
		if a.Status != http.StatusUnprocessableEntity || strings.Count(a.Body, told) < 2 || !strings.Contains(a.Body, `href="#kind"`) {
			t.Errorf("%s: a second tax invoice: %d, told %d times", lang, a.Status, strings.Count(a.Body, told))
		}
		look := maker.Get(early).Body
		if !strings.Contains(look, told) || !strings.Contains(look, "/edit#kind") {
			t.Errorf("%s: the check page does not lead to what is wrong", lang)
		}
		sent := w.postEtax(strings.TrimSuffix(early, "/new"), ready)
		if sent.Status != http.StatusConflict || !strings.Contains(sent.Body, html.EscapeString(text.T(ctx, "etax.refused.taxed"))) {
			t.Errorf("%s: the draft is submitted: %d", lang, sent.Status)
		}
	}
	w.issue(w.etaxForm("/etax/new?receipt="+strings.TrimPrefix(receipt, "/receipts/"), "buyer_postcode", "10500"))
	if got := w.reportedVAT(); got != "7000" {
		t.Errorf("%s satang of VAT are reported", got)
	}
}

func TestATaxDocumentOfAClosedMonthIsToldAtItsDay(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	month := store.MonthSpan(time.Now()).First.AddDate(0, -1, 0)
	early := w.postEtax("/etax", w.etaxForm("/etax/new", append(ordinaryBuyer, "issued_on", month.AddDate(0, 0, 20).Format("02/01/2006"))...)).Location()
	ready := typedIn(w.Client(apptest.Maker).Get(early).Body)
	w.DB.Exec(`SET session_replication_role = replica;
		INSERT INTO month_closings SELECT ($$` + w.Merchant.String() + `$$)::uuid, '` + month.Format(time.DateOnly) + `', (SELECT person_id FROM memberships LIMIT 1), now(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0;
		RESET session_replication_role`)
	for _, lang := range []text.Lang{text.EN, text.TH} {
		w.Client(apptest.Maker).Get("/language/" + string(lang))
		told := text.T(text.With(t.Context(), text.Locale{Lang: lang}), "month.date_closed")
		a := w.postEtax("/etax", w.etaxForm("/etax/new", append(ordinaryBuyer, "issued_on", month.AddDate(0, 0, 27).Format("02/01/2006"))...))
		if a.Status != http.StatusUnprocessableEntity || strings.Count(a.Body, told) < 2 || !strings.Contains(a.Body, `href="#issued_on"`) || !strings.Contains(a.Body, "กระดาษ A4") {
			t.Errorf("%s: dated in a closed month: %d, told %d times", lang, a.Status, strings.Count(a.Body, told))
		}
		look := w.Client(apptest.Maker).Get(early).Body
		if !strings.Contains(look, told) || !strings.Contains(look, "/edit#issued_on") {
			t.Errorf("%s: the check page does not lead to the day", lang)
		}
		if sent := w.postEtax(strings.TrimSuffix(early, "/new"), ready); sent.Status != http.StatusUnprocessableEntity || !strings.Contains(sent.Body, told) {
			t.Errorf("%s: a draft of a closed month is submitted: %d", lang, sent.Status)
		}
	}
}
