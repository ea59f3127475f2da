package app_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// promptPay has the merchant use a PromptPay id, by an administrator and a
// checker.
func (w thread) promptPay() (id string) {
	w.t.Helper()
	if a := w.Client(apptest.Admin).Post("/promptpay-ids", "value", "0-1075-36001-07-9", "label", "สำนักงานใหญ่", "uses", "sends", "uses", "receives"); a.Status != http.StatusSeeOther {
		w.t.Fatalf("proposing a PromptPay id: %d %s", a.Status, a.Body)
	}
	id = w.text(`SELECT id::text FROM promptpay_ids WHERE merchant_id = $1`, w.Merchant)
	if a := w.Client(apptest.Checker).Post("/promptpay-ids/" + id + "/approval"); a.Status != http.StatusSeeOther {
		w.t.Fatalf("confirming it: %d %s", a.Status, a.Body)
	}
	return id
}

func daysAhead(n int) string {
	return time.Now().In(krungsri.Bangkok).AddDate(0, 0, n).Format("02/01/2006")
}

// fillIn is what the form of a request sends.
func (w thread) fillIn(sender string, pairs ...string) apptest.Answer {
	w.t.Helper()
	form := apptest.Form("key", rand.Text(), "version", "0", "bill", "", "resend", "", "receiver", "+66 81 234 5678", "receiver_name", "สมหญิง ใจดี", "sender", sender,
		"amount", "250", "invoice_number", "", "reference", "inv77", "message", "ค่าน้ำดื่ม", "when", "now", "send_on", "", "send_at", "", "ends_on", daysAhead(7))
	for n := 0; n+1 < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	return w.post(w.Client(apptest.Maker), "/requests", form)
}

// request keeps a draft on the form and returns its page.
func (w thread) request(sender string, pairs ...string) (page string) {
	w.t.Helper()
	a := w.fillIn(sender, pairs...)
	page, found := strings.CutSuffix(a.Location(), "/submission/new")
	if a.Status != http.StatusSeeOther || !found {
		w.t.Fatalf("keeping a request: %d %s", a.Status, a.Body)
	}
	return page
}

func (w thread) ofRequest(page, column string) string {
	w.t.Helper()
	return w.text(`SELECT coalesce(`+column+`::text, '') FROM pay_requests WHERE '/requests/' || id = $1`, page)
}

// sendRequest submits, approves and sends.
func (w thread) sendRequest(page string) {
	w.t.Helper()
	if a := w.submitDebit(page); a.Status != http.StatusSeeOther {
		w.t.Fatalf("the submission: %d %s", a.Status, w.Log.String())
	}
	w.approve(w.ofRequest(page, "instruction_id"))
}

func TestARequestToPayIsTypedInAnyFormApprovedByAnotherAndPaid(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	sender := w.promptPay()
	page := w.request(sender, "receiver", "+66 81-234 ๕๖๗๘")
	look := w.Client(apptest.Maker).Get(page + "/submission/new").Body
	for _, says := range []string{"081-234-5678", "ถอนคืนไม่ได้", "ธนาคารจะส่งให้ผู้จ่ายทันที"} {
		if !strings.Contains(look, says) {
			t.Errorf("the last look does not say %q: %s", says, look)
		}
	}
	if a := w.submitDebit(page); a.Status != http.StatusSeeOther {
		t.Fatalf("the submission: %d %s", a.Status, w.Log.String())
	}
	lead := w.ofRequest(page, "instruction_id")
	if seen := w.Client(apptest.Checker).Get("/approvals/" + lead).Body; !strings.Contains(seen, "ถอนคืนไม่ได้") || !strings.Contains(seen, "081-234-5678") || !strings.Contains(seen, "250.00") {
		t.Errorf("the approver does not see all of it: %s", seen)
	}
	w.approve(lead)
	if state := w.ofRequest(page, "state"); state != store.RequestSent {
		t.Fatalf("the request is %s: %s", state, w.Log.String())
	}
	for _, step := range []struct {
		to   krungsri.AlertStatus
		want string
	}{{krungsri.AlertAcknowledged, store.RequestAcknowledged}, {krungsri.AlertPaid, store.RequestPaid}} {
		if err := w.bank.PlayAlert(w.ofRequest(page, "bank_reference"), step.to, ""); err != nil {
			t.Fatal(err)
		}
		w.bank.CallBack()
		if state := w.ofRequest(page, "state"); state != step.want {
			t.Errorf("told of %s, it is %s: %s", step.to, state, w.text(`SELECT coalesce(string_agg(state || ' ' || reason || ' ' || refusal, ','), '') FROM callbacks`))
		}
	}
	for _, path := range []string{page, "/requests", "/requests?state=paid&sort=end&dir=asc", "/promptpay-ids", "/request-rules", "/audit?q=request"} {
		for _, lang := range []string{"th", "en"} {
			c := w.Client(apptest.Auditor)
			c.Get("/language/" + lang)
			if a := c.Get(path); a.Status != http.StatusOK {
				t.Errorf("%s in %s: %d", path, lang, a.Status)
			}
		}
	}
}

func TestTheFormTellsTheBanksRulesBeforeAnybodyApproves(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	sender := w.promptPay()
	for field, typed := range map[string][]string{
		"receiver": {"receiver", "0212345678"}, "ends_on": {"ends_on", daysAhead(40)}, "amount": {"amount", "200,000.01"},
		"send_on": {"when", "later", "send_on", daysAhead(-1)}, "send_at": {"when", "later", "send_on", daysAhead(1), "send_at", "9 โมง"},
	} {
		if a := w.fillIn(sender, typed...); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `href="#`+field+`"`) {
			t.Errorf("%v: %d, without the fault of %s", typed, a.Status, field)
		}
	}
	page := w.request(sender, "when", "later", "send_on", daysAhead(1), "send_at", "")
	if look := w.Client(apptest.Maker).Get(page + "/submission/new").Body; !strings.Contains(look, "ธนาคารจะเก็บไว้และส่ง") {
		t.Errorf("that the bank keeps it is not told: %s", look)
	}
	w.sendRequest(page)
	if state := w.ofRequest(page, "state"); state != store.RequestScheduled {
		t.Errorf("the request is %s", state)
	}
}

func TestARequestCollectsItsBillOnce(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	sender := w.promptPay()
	bill, _ := w.presented("INV-77")
	form := w.Client(apptest.Maker).Get("/requests/new?bill=" + bill.String()).Body
	if !strings.Contains(form, "INV-77") || !strings.Contains(form, bill.String()) {
		t.Errorf("the form does not know the bill: %s", form)
	}
	open := w.text(`SELECT (total_satang / 100)::text FROM presentments WHERE id = $1`, bill)
	first := w.request(sender, "bill", bill.String(), "invoice_number", "INV-77", "amount", open, "reference", "INV77")
	if got := w.ofRequest(first, "presentment_id"); got != bill.String() {
		t.Fatalf("it is of the bill %q", got)
	}
	w.sendRequest(first)
	if a := w.Client(apptest.Maker).Get("/presentments/" + bill.String()); !strings.Contains(a.Body, first) {
		t.Errorf("the bill does not lead to what collects it")
	}
	second := w.request(sender, "bill", bill.String(), "invoice_number", "INV-77", "amount", open, "reference", "AGAIN", "receiver", "0899999999")
	if look := w.Client(apptest.Maker).Get(second + "/submission/new").Body; !strings.Contains(look, first) {
		t.Errorf("nobody is warned of the first: %s", look)
	}
	w.replica(`INSERT INTO request_rules (id, merchant_id, base_version, version, min_satang, max_satang, open_days, collision, note, proposed_by, decision, decided_by, decided_at)
		VALUES (gen_random_uuid(), $1, 0, 1, 100, 20000000, 7, 'block', 'once', $2, 'approved', $3, now())`, w.Merchant, w.Person(apptest.Maker), w.Person(apptest.Checker))
	if a := w.Client(apptest.Maker).Post(second+"/submission", "key", rand.Text(), "version", "1"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("blocked by the rules: %d", a.Status)
	}
}
