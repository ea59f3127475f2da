package app_test

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"

	"portal/internal/app/apptest"
	"portal/internal/app/notify"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// letters writes the mails that wait for payers, and returns them all, the
// newest first.
func (w thread) letters(box *notify.Outbox) []notify.Kept {
	w.t.Helper()
	n := notify.New(w.DB.Store(store.Worker), notify.Config{Mail: box, Origin: w.URL, Log: slog.New(slog.DiscardHandler)})
	if err := n.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	var list []notify.Kept
	for _, k := range box.Kept() {
		if k.To == "payer@example.com" {
			list = append(list, k)
		}
	}
	return list
}

func TestThePayerOfAFailedDebitIsToldOnceInPlainWords(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	box := &notify.Outbox{Clock: time.Now}
	payer, _ := w.payer("P1", "7770011512") // not enough money
	page := w.debit(payer, "1,250.50", "invoice_number", "INV-77")
	w.take(page)
	c := w.Client(apptest.Maker)
	if look := w.Client(apptest.Auditor).Get(page).Body; strings.Contains(look, page+"/notice") {
		t.Error("who makes nothing may write to payers")
	}
	if look := c.Get(page).Body; !strings.Contains(look, page+"/notice") {
		t.Fatalf("the page of a failed debit offers no letter: %s", clipped(look))
	}
	for range 2 { // pressed twice
		if a := c.Post(page + "/notice"); a.Status != http.StatusSeeOther {
			t.Fatalf("telling the payer: %d %s", a.Status, w.Log.String())
		}
	}
	if n := w.text(`SELECT count(*)::text FROM payer_mails`); n != "1" {
		t.Fatalf("%s letters wait", n)
	}
	list := w.letters(box)
	if len(list) != 1 {
		t.Fatalf("%d letters were sent: %s", len(list), w.text(`SELECT string_agg(error, ',') FROM payer_mails`))
	}
	m := list[0]
	for _, want := range []string{"1,250.50", "INV-77", "เงินในบัญชีไม่พอ", "ยังไม่ได้กำหนดวันหักอีกครั้ง", "สอบถาม"} {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			t.Errorf("the letter does not say %q: %s", want, m.Text)
		}
	}
	own := w.text(`SELECT account_number FROM merchants WHERE id = $1`, w.Merchant.String())
	for _, never := range []string{"7770011512", "1512", "xxxxxx", own, "B012", "{"} {
		if strings.Contains(m.Text+m.Subject, never) {
			t.Errorf("the letter says %q: %s", never, m.Text)
		}
	}
	look := c.Get(page).Body
	if strings.Contains(look, page+"/notice") || !strings.Contains(look, "แจ้งผู้ชำระเงินว่าหักไม่สำเร็จ") || !strings.Contains(look, "ส่งแล้ว") {
		t.Errorf("the page does not tell that the payer was told: %s", clipped(look))
	}
	c.Post(page + "/notice")
	if n := len(w.letters(box)); n != 1 {
		t.Errorf("%d letters after pressing once more", n)
	}
	// One that did not arrive may be sent again.
	w.DB.Exec(`UPDATE payer_mails SET sent_at = NULL, dead_at = now(), error = 'no such mailbox'`)
	if look := c.Get(page).Body; !strings.Contains(look, page+"/notice") {
		t.Error("a letter that did not arrive cannot be sent again")
	}
}

func TestSeveralPayersAreToldFromTheListOfFailures(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	box := &notify.Outbox{Clock: time.Now}
	var ids []string
	for _, p := range [][2]string{{"P1", "7770011512"}, {"P2", "7770011512"}, {"P3", "7770011513"}} {
		payer, _ := w.payer(p[0], p[1])
		page := w.debit(payer, "700")
		w.take(page)
		ids = append(ids, strings.TrimPrefix(page, "/debits/"))
	}
	w.replica(`UPDATE debit_rules SET payer_contact = 'ฝ่ายบัญชี โทร. 02 123 4567'`)
	c := w.Client(apptest.Maker)
	// Two that may be tried again, with a letter that says when; and one that is
	// told alone, together with one that was told already.
	a := c.Post("/debits/retries", "key", rand.Text(), "id", ids[0], "id", ids[2], "tell", "on")
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/debit-batches/") {
		t.Fatalf("the retries: %d %s %s", a.Status, a.Location(), w.Log.String())
	}
	list := w.letters(box)
	if len(list) != 1 || !strings.Contains(list[0].Text, "เราเตรียมหักอีกครั้งในวันที่") || !strings.Contains(list[0].Text, "02 123 4567") {
		t.Fatalf("the letters are %v", list)
	}
	for range 2 {
		if a := c.Post("/debits/notices", "key", rand.Text(), "id", ids[0], "id", ids[1], "id", ids[2]); a.Location() != "/debits/failures" {
			t.Fatalf("telling: %d %s", a.Status, a.Location())
		}
	}
	if list = w.letters(box); len(list) != 3 {
		t.Errorf("%d letters", len(list))
	}
	if look := c.Get("/debits/failures").Body; strings.Count(look, "แจ้งผู้ชำระเงินแล้ว") != 2 {
		t.Errorf("the list does not tell who was told: %s", clipped(look))
	}
	if got := w.text(`SELECT count(*)::text FROM audit_leaves WHERE action IN ('debit.payer_told', 'payer.mailed')`); got != "6" {
		t.Errorf("%s leaves", got)
	}
	// Nobody says in SQL that a payer was told who was not, or writes of another's debit.
	other, _ := w.payer("P4", "7770011501")
	taken := w.debit(other, "900")
	w.take(taken)
	for guard, query := range map[string]string{
		"letter_is_about_a_failed_debit": `INSERT INTO payer_mails (id, merchant_id, payer_id, kind, subject, send_to, asked_by)
			SELECT gen_random_uuid(), merchant_id, payer_id, 'debit_failed', 'debit/' || id, 'payer@example.com', created_by FROM debits WHERE state = 'taken'`,
		"payer_is_told_by_a_letter": `UPDATE debits SET dunned_at = now() WHERE state = 'failed'`,
		"payer_is_told_once": `INSERT INTO payer_mails (id, merchant_id, payer_id, kind, subject, send_to, send_to_sealed, send_to_mark, asked_by)
			SELECT gen_random_uuid(), merchant_id, payer_id, kind, subject, send_to, send_to_sealed, send_to_mark, asked_by FROM payer_mails WHERE sent_at IS NOT NULL LIMIT 1`,
	} {
		if err := w.asMaker(query); refusedBy(err) != guard {
			t.Errorf("%s: %v", guard, err)
		}
	}
}

// asMaker runs a statement as the web process does for the maker.
func (w thread) asMaker(query string) error {
	w.t.Helper()
	tx, err := w.DB.Super.BeginTx(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = tx.ExecContext(w.t.Context(), `SELECT set_config('portal.merchant', $1, true), set_config('portal.person', $2, true)`, w.Merchant.String(), w.Person(apptest.Maker).String())
	if err == nil {
		_, err = tx.ExecContext(w.t.Context(), `SET LOCAL ROLE portal_web`)
	}
	if err == nil {
		_, err = tx.ExecContext(w.t.Context(), query)
	}
	return errors.Join(err, tx.Rollback())
}

// refusedBy names the guard that refused a statement.
func refusedBy(err error) string {
	if e, ok := errors.AsType[*pq.Error](err); ok {
		return e.Constraint
	}
	return ""
}

func TestRulesAllowNoMoreThanTheBank(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	c := w.Client(apptest.Maker)
	form := func(least, most string) apptest.Answer {
		f := apptest.Form("version", "0", "min", least, "max", most, "send_at", "08:00", "cut_off", "21:00", "collision", "warn", "cap", "3", "payer_contact", "โทร. 02 123 4567", "note", "because")
		for _, code := range krungsri.DebitFailures() {
			f.Set("times_"+code.Code, "1")
			f.Set("days_"+code.Code, "1")
		}
		return w.post(c, "/debit-rules", f)
	}
	for _, bad := range []struct{ least, most, says string }{
		{"19.99", "700000", "ธนาคารรับตั้งแต่ 20.00 บาท"}, {"20", "700000.01", "ธนาคารรับไม่เกิน 700,000.00 บาทต่อรายการ"},
	} {
		if a := form(bad.least, bad.most); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, bad.says) || !strings.Contains(a.Body, "02 123 4567") {
			t.Errorf("%s to %s: %d %s", bad.least, bad.most, a.Status, clipped(a.Body))
		}
	}
	if a := form("20", "700,000"); a.Status != http.StatusSeeOther {
		t.Errorf("the bank's own limits: %d %s", a.Status, clipped(a.Body))
	}
	for _, limits := range []string{"1999, 70000000", "2000, 70000001"} {
		err := w.asMaker(`INSERT INTO debit_rules (id, merchant_id, base_version, min_satang, max_satang, send_at, cut_off, collision, retry_cap, retries, note, proposed_by)
			VALUES (gen_random_uuid(), '` + w.Merchant.String() + `', 0, ` + limits + `, '08:00', '21:00', 'warn', 3, '{}', 'x', '` + w.Person(apptest.Maker).String() + `')`)
		if refusedBy(err) != "debit_limits_are_the_banks" {
			t.Errorf("%s: %v", limits, err)
		}
	}
}
