package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

// TestABillIsDebitedFromItsPageAndCollectedOnce goes from a bill at the bank to
// the debit of its buyer. That something else collects it already is told of on
// the way; the rules let people decide, or let nobody.
func TestABillIsDebitedFromItsPageAndCollectedOnce(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	bill, _ := w.presented("INV-7001")
	c := w.Client(apptest.Maker)
	page, form := "/presentments/"+bill.String(), "/debits/new?bill="+bill.String()
	if strings.Contains(c.Get(page).Body, form) {
		t.Error("a bill whose buyer is no payer offers a debit")
	}
	payer, mandate := w.payer("P1", "7770011501")
	if !strings.Contains(c.Get(page).Body, form) {
		t.Error("the bill does not offer the debit of its buyer")
	}
	if strings.Contains(w.Client(apptest.Auditor).Get(page).Body, form) {
		t.Error("an auditor is offered a debit")
	}
	empty := c.Get(form)
	for _, want := range []string{payer.String(), `value="1,070.00"`, `value="INV-7001"`} {
		if !strings.Contains(empty.Body, want) {
			t.Errorf("the form lacks %s: %d", want, empty.Status)
		}
	}
	if collides := strings.Contains(empty.Body, `href="`+page+`"`); collides {
		t.Error("a bill that nobody pays collides with itself")
	}
	first := w.debit(payer, "1,070.00", "invoice_number", "INV-7001")
	if a := w.submitDebit(first); a.Status != http.StatusSeeOther {
		t.Fatalf("the first debit: %d %s", a.Status, clipped(a.Body))
	}
	if told := c.Get(form).Body; !strings.Contains(told, `href="`+first+`"`) {
		t.Error("the form does not tell of the debit that collects the bill already")
	}
	// What the rules warn of, people decide.
	warned := w.debit(payer, "500", "invoice_number", "INV-7001")
	if told := c.Get(warned + "/submission/new").Body; !strings.Contains(told, `href="`+first+`"`) || !strings.Contains(told, "/submission\"") {
		t.Errorf("the warning: %s", clipped(told))
	}
	if a := w.submitDebit(warned); a.Status != http.StatusSeeOther {
		t.Errorf("a debit that was warned of: %d %s", a.Status, clipped(a.Body))
	}
	// What they block, nobody does: neither the page nor the schema.
	blocked := w.debit(payer, "600", "invoice_number", "INV-7001")
	look := c.Get(blocked + "/submission/new").Body
	key, version := keyField.FindStringSubmatch(look), versionField.FindStringSubmatch(look)
	w.replica(`UPDATE debit_rules SET collision = 'block' WHERE merchant_id = $1`, w.Merchant)
	if told := c.Get(blocked + "/submission/new").Body; strings.Contains(told, `action="`+blocked+`/submission"`) || !strings.Contains(told, `href="`+first+`"`) {
		t.Errorf("the page that was blocked: %s", clipped(told))
	}
	if told := c.Get(form).Body; !strings.Contains(told, "notice bad") {
		t.Error("the form does not say that the rules refuse it")
	}
	if a := c.Post(blocked+"/submission", "key", key[1], "version", version[1]); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a debit that is blocked: %d %s", a.Status, a.Location())
	}
	if state := w.ofDebit(blocked, "state"); state != store.DebitDraft {
		t.Errorf("the blocked debit is %s", state)
	}
	// Without a mandate in force there is nothing to offer.
	w.replica(`UPDATE mandates SET state = 'suspended' WHERE id = $1`, mandate)
	if strings.Contains(c.Get(page).Body, form) {
		t.Error("a bill offers a debit under a suspended mandate")
	}
}
