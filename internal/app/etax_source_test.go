package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

func TestAReceiptAndItsTaxDocumentAreOnePaper(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	maker := w.Client(apptest.Maker)
	bill := w.paid("INV-9001")
	receipt := w.post(maker, "/receipts", receiptForm([]store.ID{bill})).Location()
	from := "/etax/new?receipt=" + strings.TrimPrefix(receipt, "/receipts/")
	if a := maker.Get(receipt); strings.Contains(a.Body, from) {
		t.Error("a draft of a receipt can become a tax document")
	}
	if a := w.postEtax("/etax", w.etaxForm(from, "buyer_postcode", "10500")); a.Status != http.StatusNotFound {
		t.Errorf("a draft of a receipt becomes a tax document: %d", a.Status)
	}
	w.approve(w.submitReceipt(receipt))
	_, number := w.receiptIs(receipt)
	if a := maker.Get(receipt); !strings.Contains(a.Body, from) {
		t.Error("the receipt does not lead to its tax document")
	}
	page := w.issue(w.etaxForm(from, "buyer_postcode", "10500"))
	if got := w.text(`SELECT d.number || ' ' || d.kind || ' ' || d.total_satang FROM etax_documents d`); got != number+" T03 107000" {
		t.Errorf("the tax document of %s is %s", number, got)
	}
	if a := maker.Get(receipt); strings.Contains(a.Body, from) || !strings.Contains(a.Body, page) {
		t.Error("the receipt does not show its tax document, or offers another")
	}
	if a := maker.Get("/presentments/" + bill.String()); !strings.Contains(a.Body, page) {
		t.Error("the bill does not show the tax document of its receipt")
	}
	if a := maker.Get(page); !strings.Contains(a.Body, `href="`+receipt+`"`) {
		t.Error("the tax document does not lead to its receipt")
	}
	if again := w.postEtax("/etax", w.etaxForm(from, "buyer_postcode", "10500")); again.Status != http.StatusUnprocessableEntity {
		t.Errorf("the same receipt twice: %d", again.Status)
	}
}
