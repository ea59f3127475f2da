package app_test

import (
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/internal/store"
)

// signIn signs a person in and opens a page.
func signIn(p *browsertest.Page, w *apptest.World, person, lang, path string) {
	enter(p, w, person, lang)
	p.Go(w.URL + path)
	p.Axe()
}

func TestABillPaidThreePercentShortGetsItsReceiptInABrowser(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	id := w.paid("INV-8001")
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "th"})
	p.AllowConsole("status of 422")
	signIn(p, w.World, apptest.Maker, "th", "/presentments/"+id.String())
	p.Click("#receipts .button")
	p.Axe()
	p.Fill("#line-1-received", "1,070.00")
	p.Fill("#line-1-withheld", "30")
	p.Click(".form-actions .primary")
	if p.Status() != 422 || p.Count(".error-summary a") != 1 {
		t.Fatalf("more than the bill: %d with %d errors", p.Status(), p.Count(".error-summary a"))
	}
	p.Axe()
	p.Click("[value=add-line]")
	p.WaitFor("#line-2-description")
	p.Click("[value=remove-line-2]")
	p.Fill("#line-1-received", "1,040.00")
	p.Click(".form-actions .primary")
	p.Axe()
	p.Click(".page-title .primary")
	p.Axe()
	if !strings.Contains(p.Text(".confirm"), "เรียกคืนไม่ได้") {
		t.Error("the check page does not say that it is for good")
	}
	p.Click(".confirm .primary")
	p.Axe()
	if !strings.Contains(p.Text("h1"), "RT") {
		t.Errorf("the receipt is called %s", p.Text("h1"))
	}
	page := strings.TrimPrefix(p.URL(), w.URL)
	lead := w.text(`SELECT entry_id FROM receipts WHERE state = 'submitted'`)

	q := browsertest.Open(t).Page(t, browsertest.Options{Lang: "th"})
	signIn(q, w.World, apptest.Checker, "th", "/approvals/"+lead)
	if !strings.Contains(q.Text("main"), "เรียกคืนไม่ได้") || !strings.Contains(q.Text("main"), "1,040.00") {
		t.Errorf("the approval page says %s", q.Text("main"))
	}
	q.Click("form[action$='/approval'] button")
	w.bank.Send()
	p.Go(w.URL + page)
	p.Axe()
	if state, _ := w.receiptIs(page); state != store.ReceiptIssued || strings.Contains(p.HTML(), "⟦") {
		t.Errorf("it is %s", state)
	}
}

func TestSeveralBillsInOneReceiptAndAVoidedNumberWithoutScripts(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.paid("INV-1")
	w.paid("INV-2")
	o := browsertest.Options{Lang: "en", NoScript: true, Dark: true}
	p := browsertest.Open(t).Page(t, o)
	p.AllowConsole("status of 422")
	signIn(p, w.World, apptest.Maker, "en", "/receipts")
	p.Click(".notice a")
	p.Axe()
	p.Click("[value=buyer]")
	if p.Count("main tbody tr") != 2 {
		t.Errorf("the draft is for %s", p.Text("main"))
	}
	p.Click(".page-title .primary")
	p.Click(".confirm .primary")
	first := strings.TrimPrefix(p.URL(), w.URL)
	// Taken back and discarded, its number stays as a voided one.
	p.Click("details:has(#reason) summary")
	p.Click("details:has(#reason) button")
	p.Click("details:has(#discard-note) summary")
	p.Fill("#discard-note", "the buyer paid by another way")
	p.Click("details:has(#discard-note) button")
	if state, _ := w.receiptIs(first); state != store.ReceiptDiscarded {
		t.Fatalf("it is %s at %s", state, p.URL())
	}
	p.Go(w.URL + "/receipts/missing")
	p.Click("[value=buyer]")
	p.Click(".page-title .primary")
	p.Click(".confirm .primary")
	second := strings.TrimPrefix(p.URL(), w.URL)
	w.approve(w.text(`SELECT entry_id FROM receipts WHERE state = 'submitted'`))
	if state, number := w.receiptIs(second); state != store.ReceiptIssued || !strings.HasSuffix(number, "-0002") {
		t.Errorf("the second is %s as %s", state, number)
	}
	p.Go(w.URL + "/numbers")
	p.Axe()
	p.Click("td.lead a")
	p.Axe()
	if said := p.Text("main"); !strings.Contains(said, "the buyer paid by another way") || !strings.Contains(said, "No number is missing") {
		t.Errorf("the numbers say %s", said)
	}
	p.Go(w.URL + "/receipts?q=inv-2&state=issued")
	p.Axe()
	if p.Count("td.lead a") != 1 {
		t.Error("the list does not find it")
	}
	q := browsertest.Open(t).Page(t, o)
	signIn(q, w.World, apptest.Admin, "en", "/numbers/new")
	q.Fill("[name=prefix]", "BR1-")
	q.Click("[value=preview]")
	q.Axe()
	if !strings.Contains(q.Text(".receipt-preview"), "BR1-") {
		t.Errorf("the preview is %s", q.Text(".receipt-preview"))
	}
}
