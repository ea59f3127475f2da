package app_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// keeps posts the form of a debit and returns the answer, whatever it is.
func (w thread) keeps(payer store.ID, amount, on string) apptest.Answer {
	w.t.Helper()
	return w.post(w.Client(apptest.Maker), "/debits", apptest.Form("do", "save", "version", "0", "key", rand.Text(), "payer", payer.String(), "amount", amount,
		"reference", "", "invoice_number", "", "debit_on", on, "note", ""))
}

// TestTheFormAndTheLastLookHoldADebitToTheRules: the schema would refuse it as
// well, but only people who are told why, and where, can mend it.
func TestTheFormAndTheLastLookHoldADebitToTheRules(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011501")
	today := thai.Today(time.Now())
	day := func(n int) string { return today.AddDays(n).Time().Format("02/01/2006") }
	for _, typed := range []struct{ amount, on, says string }{
		{"19.99", day(1), "ใส่ยอดระหว่าง 20.00 ถึง 700,000.00 บาท"}, {"700,000.01", day(1), "ใส่ยอดระหว่าง 20.00 ถึง 700,000.00 บาท"},
		{"20", day(-1), "วันที่ผ่านไปแล้ว"}, {"20", day(400), "ล่วงหน้าได้ไม่เกิน"}, {"20", day(1), ""}, {"700,000", day(1), ""},
	} {
		want := http.StatusUnprocessableEntity
		if typed.says == "" {
			want = http.StatusSeeOther
		}
		if a := w.keeps(payer, typed.amount, typed.on); a.Status != want || !strings.Contains(a.Body, typed.says) {
			t.Errorf("%s on %s is answered %d: %s", typed.amount, typed.on, a.Status, clipped(a.Body))
		}
	}
	// What was kept is held against the rules of the moment once more.
	c := w.Client(apptest.Maker)
	obstacle := func(page, field, says string) {
		t.Helper()
		look := c.Get(page + "/submission/new").Body
		if !strings.Contains(look, page+"/edit#"+field) || !strings.Contains(look, says) || strings.Contains(look, `action="`+page+`/submission"`) {
			t.Errorf("the last look offers what cannot be, or does not say what to mend: %s", clipped(look))
		}
	}
	much, now := w.debit(payer, "5,000", "debit_on", day(1)), w.debit(payer, "100", "debit_on", day(0))
	look := c.Get(much + "/submission/new").Body
	w.replica(`UPDATE debit_rules SET max_satang = 499999 WHERE merchant_id = $1`, w.Merchant)
	obstacle(much, "amount", "ใส่ยอดระหว่าง 20.00 ถึง 4,999.99 บาท")
	if a := c.Post(much+"/submission", "key", keyField.FindStringSubmatch(look)[1], "version", "1"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "ยอดอยู่นอกวงเงินที่กำหนด") {
		t.Errorf("a debit beyond the limit is submitted: %d %s", a.Status, a.Location())
	}
	w.DB.Exec(`ALTER TABLE debit_rules DROP CONSTRAINT debit_is_sent_before_the_cut_off`) // so that today is over at any time
	w.replica(`UPDATE debit_rules SET send_at = '00:00', cut_off = '00:00' WHERE merchant_id = $1`, w.Merchant)
	obstacle(now, "debit_on", "วันนี้เลยเวลา 00:00 แล้ว")
	if a := w.keeps(payer, "20", day(0)); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "วันนี้เลยเวลา 00:00 แล้ว") {
		t.Errorf("a debit of today after its hour is kept: %d", a.Status)
	}
	if a := w.keeps(payer, "20", day(1)); a.Status != http.StatusSeeOther {
		t.Errorf("a debit of tomorrow is refused: %d", a.Status)
	}
}

// TestNothingIsTriedAgainThatMayHaveBeenTaken: whatever its number is sent with,
// an unknown is nothing that failed; nor is a taken one.
func TestNothingIsTriedAgainThatMayHaveBeenTaken(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011501")
	unclear, taken := w.debit(payer, "1,000.91"), w.debit(payer, "200") // the bank decides the first later
	w.take(unclear)
	w.take(taken)
	if got := w.ofDebit(unclear, "state") + " " + w.ofDebit(taken, "state"); got != "unknown taken" {
		t.Fatalf("the debits are %s", got)
	}
	// Each with a code that the rules try again.
	w.replica(`UPDATE debits SET failure_code = 'B012'`)
	c := w.Client(apptest.Maker)
	look := c.Get("/debits/failures").Body
	for _, page := range []string{unclear, taken} {
		id := strings.TrimPrefix(page, "/debits/")
		if strings.Contains(look, id) {
			t.Errorf("the failures offer %s", page)
		}
		if a := c.Post("/debits/retries", "key", rand.Text(), "id", id); a.Location() != "/debits/failures" {
			t.Errorf("a retry of %s: %d %s", page, a.Status, a.Location())
		}
		c.Post(page + "/notice")
	}
	if n := w.text(`SELECT count(*)::text FROM debits WHERE retry_of IS NOT NULL`) + w.text(`SELECT count(*)::text FROM payer_mails`); n != "00" {
		t.Errorf("%s retries and letters were made", n)
	}
	// An answer about another amount settles nothing.
	w.replica(`UPDATE debits SET amount_satang = amount_satang + 1 WHERE state = 'unknown'`)
	if err := w.bank.DecideDebit(w.text(`SELECT a.id::text FROM debits d JOIN attempts a ON a.instruction_id = d.instruction_id WHERE d.state = 'unknown'`), krungsri.TransactionSucceeded); err != nil {
		t.Fatal(err)
	}
	w.replica(`UPDATE debits SET ask_at = now() WHERE state = 'unknown'`)
	if err := w.bank.Worker.AskAboutDebits(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask(t, w.bank)
	if got := w.ofDebit(unclear, "state") + " " + w.text(`SELECT came FROM inquiries WHERE operation = 'debit.status'`); got != "unknown mismatch" {
		t.Errorf("an answer about another amount leaves the debit %s", got)
	}
}

// TestARunIsSubmittedAsItWasSeen: what somebody changes between the look at a
// batch and its start stays behind, and tells so.
func TestARunIsSubmittedAsItWasSeen(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011501")
	pages := []string{w.debit(payer, "100"), w.debit(payer, "200")}
	batch := store.NewID()
	w.replica(`INSERT INTO debit_batches (id, merchant_id, name, debit_on, created_by) SELECT $1, merchant_id, 'a run', debit_on, created_by FROM debits LIMIT 1`, batch)
	w.replica(`UPDATE debits SET batch_id = $1`, batch)
	c := w.Client(apptest.Maker)
	asked := c.Post("/debit-batches/"+batch.String()+"/submission", "key", rand.Text())
	sum := fingerprintField.FindStringSubmatch(c.Get(asked.Location()).Body)
	if sum == nil {
		t.Fatalf("nothing to start: %d %s", asked.Status, asked.Location())
	}
	w.replica(`UPDATE debits SET amount_satang = 900, version = version + 1 WHERE '/debits/' || id = $1`, pages[1])
	if a := c.Post(asked.Location()+"/start", "fingerprint", strings.Repeat("0", 64)); a.Status != http.StatusConflict {
		t.Errorf("another list was started: %d", a.Status)
	}
	wantStatus(t, c.Post(asked.Location()+"/start", "fingerprint", sum[1]), http.StatusSeeOther)
	if got := w.ofDebit(pages[0], "state") + " " + w.ofDebit(pages[1], "state"); got != "submitted draft" {
		t.Errorf("what was seen and what was changed since are %s", got)
	}
}
