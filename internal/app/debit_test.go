package app_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// replica runs statements as the owner of all, with no trigger of ours looking:
// what a test has before it begins.
func (w thread) replica(query string, args ...any) {
	w.t.Helper()
	tx, err := w.DB.Super.BeginTx(w.t.Context(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, q := range []struct {
		sql  string
		args []any
	}{{`SET LOCAL session_replication_role = replica`, nil}, {query, args}} {
		if _, err := tx.ExecContext(w.t.Context(), q.sql, q.args...); err != nil {
			w.t.Fatal(errors.Join(err, tx.Rollback()))
		}
	}
	if err := tx.Commit(); err != nil {
		w.t.Fatal(err)
	}
}

// payer is a payer of the merchant with a mandate over an account, as the bank
// has it; the merchant takes debits all day.
func (w thread) payer(code, account string) (payer, mandate store.ID) {
	w.t.Helper()
	token, err := w.bank.Register(code, "M"+code, sandbox.Account{Number: account, Name: "นายสมหมาย ใจดี"})
	if err != nil {
		w.t.Fatal(err)
	}
	payer, mandate = store.NewID(), store.NewID()
	w.Own(w.Actor(apptest.Maker), func(tx *store.Tx) error {
		return tx.AddPayers(store.Payer{ID: payer, Code: code, Name: "นายสมหมาย ใจดี " + code, TaxID: "0105562000007", Email: "payer@example.com"})
	})
	w.replica(`INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, bank_token, drawer_account, bank_status, registered_at)
		SELECT $1, m.id, $2, $3, 'bank', m.account_number, 'active', $4, '1', $5, 'xxxxxx' || right($6, 4), 'ACTV', now() FROM merchants m WHERE m.id = $7`,
		mandate, payer, "M"+code, w.Person(apptest.Maker), token, account, w.Merchant)
	w.replica(`INSERT INTO debit_rules (id, merchant_id, base_version, version, min_satang, max_satang, send_at, cut_off, collision, retry_cap, retries, note, proposed_by, decision, decided_by, decided_at)
		SELECT gen_random_uuid(), $1, 0, 1, 2000, 70000000, '00:00', '23:59', 'warn', 3, '{"B012": {"times": 2, "days": 1, "payday": false}}', 'all day', $2, 'approved', $3, now()
		WHERE NOT EXISTS (SELECT FROM debit_rules WHERE merchant_id = $1)`, w.Merchant, w.Person(apptest.Maker), w.Person(apptest.Checker))
	return payer, mandate
}

// debit keeps a draft on the form and returns its page.
func (w thread) debit(payer store.ID, amount string, pairs ...string) (page string) {
	w.t.Helper()
	c := w.Client(apptest.Maker)
	form := apptest.Form("do", "save", "version", "0", "key", rand.Text(), "payer", payer.String(), "amount", amount, "reference", "", "invoice_number", "",
		"debit_on", time.Now().In(krungsri.Bangkok).Format("02/01/2006"), "note", "")
	for n := 0; n+1 < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	a := w.post(c, "/debits", form)
	page, found := strings.CutSuffix(a.Location(), "/submission/new")
	if a.Status != http.StatusSeeOther || !found {
		w.t.Fatalf("keeping a debit: %d %s", a.Status, a.Body)
	}
	return page
}

// submitDebit submits the draft from its check page.
func (w thread) submitDebit(page string, pairs ...string) apptest.Answer {
	w.t.Helper()
	c := w.Client(apptest.Maker)
	look := c.Get(page + "/submission/new").Body
	key, version := keyField.FindStringSubmatch(look), versionField.FindStringSubmatch(look)
	if key == nil || version == nil {
		w.t.Fatalf("nothing to submit: %s", look)
	}
	return c.Post(page+"/submission", append([]string{"key", key[1], "version", version[1]}, pairs...)...)
}

func (w thread) ofDebit(page, column string) string {
	w.t.Helper()
	return w.text(`SELECT coalesce(`+column+`::text, '') FROM debits WHERE '/debits/' || id = $1`, page)
}

// take submits, approves and sends.
func (w thread) take(page string) {
	w.t.Helper()
	if a := w.submitDebit(page); a.Status != http.StatusSeeOther {
		w.t.Fatalf("the submission: %d %s", a.Status, w.Log.String())
	}
	w.approve(w.ofDebit(page, "instruction_id"))
}

func TestADebitIsTakenAndBecomesAPayment(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011501")
	found := w.Client(apptest.Maker).Get("/debits/payers?q=P1").Body
	if !strings.Contains(found, "xxxxxx1501") {
		t.Errorf("the payer is found without the masked account: %s", found)
	}
	page := w.debit(payer, "1,070.00", "invoice_number", "INV-9")
	w.take(page)
	if state := w.ofDebit(page, "state"); state != store.DebitTaken {
		t.Fatalf("the debit is %s: %s", state, w.Log.String())
	}
	if n := w.bank.Taken(); len(n) == 0 {
		t.Errorf("the bank took nothing: %v", n)
	}
	if err := w.bank.Worker.BookDebits(t.Context()); err != nil {
		t.Fatal(err)
	}
	payment := w.ofDebit(page, "payment_id")
	if got := w.text(`SELECT source || ' ' || amount_satang || ' ' || reference1 FROM payments WHERE id::text = $1`, payment); got != "debit 107000 INV-9" {
		t.Errorf("the payment is %q", got)
	}
	// The callback tells the same once more.
	w.bank.CallBack()
	if got := w.text(`SELECT string_agg(state || ' ' || reason, ',') FROM callbacks WHERE subject LIKE 'debit/%'`); got != "ignored no_news" {
		t.Errorf("the callback is %q", got)
	}
	for _, path := range []string{page, "/debits", "/payments/" + payment, "/debit-days", "/debits/failures", "/debit-rules", "/debit-batches"} {
		for _, lang := range []string{"th", "en"} {
			c := w.Client(apptest.Auditor)
			c.Get("/language/" + lang)
			if a := c.Get(path); a.Status != http.StatusOK {
				t.Errorf("%s in %s: %d", path, lang, a.Status)
			}
		}
	}
}

func TestADebitLikeAnotherNeedsAReason(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011501")
	first := w.debit(payer, "500")
	if a := w.submitDebit(first); a.Status != http.StatusSeeOther {
		t.Fatalf("the first: %d %s", a.Status, w.Log.String())
	}
	second := w.debit(payer, "500")
	if look := w.Client(apptest.Maker).Get(second + "/submission/new").Body; !strings.Contains(look, `href="`+first+`"`) || !strings.Contains(look, `name="repeat_reason"`) {
		t.Errorf("the last look does not name the one like it, or does not ask why: %s", clipped(look))
	}
	if a := w.submitDebit(second); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a second one without a reason: %d", a.Status)
	}
	if a := w.submitDebit(second, "repeat_reason", "สองเดือนในวันเดียว"); a.Status != http.StatusSeeOther {
		t.Errorf("a second one with a reason: %d %s", a.Status, a.Body)
	}
}

func TestNothingIsTakenUnderADeadMandate(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, mandate := w.payer("P1", "7770011501")
	end := func(state string) { w.replica(`UPDATE mandates SET state = $2 WHERE id = $1`, mandate, state) }
	drafted, submitted, approved := w.debit(payer, "100"), w.debit(payer, "200"), w.debit(payer, "300")
	for _, page := range []string{submitted, approved} {
		if a := w.submitDebit(page); a.Status != http.StatusSeeOther {
			t.Fatalf("the submission: %d", a.Status)
		}
	}
	w.replica(`UPDATE instructions SET not_before = now() + interval '1 hour'`)
	w.approve(w.ofDebit(approved, "instruction_id"))
	end("cancelled")
	if a := w.post(w.Client(apptest.Maker), "/debits", apptest.Form("do", "save", "version", "0", "key", rand.Text(), "payer", payer.String(), "amount", "400",
		"debit_on", time.Now().In(krungsri.Bangkok).Format("02/01/2006"))); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("at the form: %d", a.Status)
	}
	if look := w.Client(apptest.Maker).Get(drafted + "/submission/new").Body; keyField.MatchString(look) && strings.Contains(look, drafted+"/submission\"") {
		t.Error("the check page offers to submit")
	}
	lead := w.ofDebit(submitted, "instruction_id")
	c := w.Client(apptest.Checker)
	m := fingerprintField.FindStringSubmatch(c.Get("/approvals/" + lead).Body)
	if a := c.Post("/instructions/"+lead+"/approval", "fingerprint", m[1]); a.Status != http.StatusConflict {
		t.Errorf("at the approval: %d", a.Status)
	}
	w.replica(`UPDATE instructions SET not_before = now()`)
	w.bank.Send()
	if got := w.ofDebit(approved, "state"); got != store.DebitDraft {
		t.Errorf("at the last gate: %s", got)
	}
	if n := len(w.bank.Debits()); n != 0 {
		t.Errorf("the bank was asked for %d debits", n)
	}
}

func TestAnUnclearDebitIsSettledByTheBanksAnswerAndNotByACallback(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011501")
	page := w.debit(payer, "1,000.91") // the bank decides it later
	w.take(page)
	if got := w.ofDebit(page, "state"); got != store.DebitUnknown {
		t.Fatalf("the debit is %s", got)
	}
	if err := w.bank.DecideDebit(w.bank.Debits()[0].ID, krungsri.TransactionSucceeded); err != nil {
		t.Fatal(err)
	}
	w.bank.CallBack()
	if got := w.ofDebit(page, "state"); got != store.DebitUnknown {
		t.Errorf("after the callback the debit is %s", got)
	}
	if err := w.bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.ofDebit(page, "state"); got != store.DebitTaken {
		t.Errorf("after the answer the debit is %s: %s", got, w.text(`SELECT string_agg(state || ' ' || came || ' ' || bank_code, ',') FROM inquiries`))
	}
	if a := w.Client(apptest.Auditor).Get(page); a.Status != http.StatusOK || !strings.Contains(a.Body, "ธนาคารแจ้งมาเองว่าทำสำเร็จแล้ว") {
		t.Errorf("its page answers %d and does not tell who settled it: %s", a.Status, clipped(a.Body))
	}
}

func TestAFailedDebitIsTriedAgainByRuleAndApproval(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011512") // not enough money
	page := w.debit(payer, "1,000")
	w.take(page)
	if got := w.ofDebit(page, "state || ' ' || failure_code"); got != "failed B012" {
		t.Fatalf("the debit is %s", got)
	}
	c := w.Client(apptest.Maker)
	id := strings.TrimPrefix(page, "/debits/")
	if look := c.Get("/debits/failures").Body; !strings.Contains(look, `value="`+id+`"`) {
		t.Fatal("no retry is proposed")
	}
	a := c.Post("/debits/retries", "key", rand.Text(), "id", id)
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/debit-batches/") {
		t.Fatalf("the retries: %d %s", a.Status, a.Location())
	}
	if got := w.text(`SELECT state || ' ' || retry_no || ' ' || (debit_on > $1::date) FROM debits WHERE retry_of::text = $2`, time.Now().In(krungsri.Bangkok).Format(time.DateOnly), id); got != "draft 1 true" {
		t.Errorf("the retry is %q", got)
	}
	batch := a.Location()
	if look := c.Get(batch); look.Status != http.StatusOK || !strings.Contains(look.Body, "/submission") {
		t.Errorf("the batch: %d", look.Status)
	}
	asked := c.Post(batch+"/submission", "key", rand.Text())
	if asked.Status != http.StatusSeeOther || !strings.HasPrefix(asked.Location(), "/batches/") {
		t.Fatalf("the batch: %d %s", asked.Status, asked.Location())
	}
	if look := c.Get(asked.Location()); look.Status != http.StatusOK {
		t.Errorf("the look at the batch: %d", look.Status)
	}
	// It is told once; and tried again once.
	if a := c.Post(page + "/notice"); a.Status != http.StatusSeeOther {
		t.Errorf("telling the payer: %d", a.Status)
	}
	if a := c.Post("/debits/retries", "key", rand.Text(), "id", id); a.Location() != "/debits/failures" {
		t.Errorf("a second retry: %s", a.Location())
	}
}

func TestManyDebitsComeFromAFileAndAreTakenTogether(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.payer("P1", "7770011501")
	w.payer("P2", "7770011502")
	c := w.Client(apptest.Maker)
	today := time.Now().In(krungsri.Bangkok).Format("02/01/2006")
	r := sheetRequest(c, "debits.csv", []byte("รหัสผู้ชำระเงิน,จำนวนเงิน,วันที่หักบัญชี,เลขที่ใบแจ้งหนี้\nP1,1000,"+today+",INV-1\np2,\"2,000.50\","+today+",INV-2\nP9,500,"+today+",INV-3\nP1,5,"+today+",INV-4\n"))
	r.URL.RawQuery = "kind=debits"
	a := c.Do(r)
	if a.Status != http.StatusSeeOther || strings.HasSuffix(a.Location(), "/columns") {
		t.Fatalf("%d to %s: %s", a.Status, a.Location(), clipped(a.Body))
	}
	at := a.Location()
	if page := goOn(t, c, at); !strings.Contains(page.Body, "P9") {
		t.Errorf("the unknown payer is not told: %s", clipped(page.Body))
	}
	if a := c.Post(at + "/drafts"); a.Status != http.StatusSeeOther {
		t.Fatalf("the drafts: %d", a.Status)
	}
	if got := w.text(`SELECT string_agg(payer_code || ' ' || amount_satang || ' ' || reference, ', ' ORDER BY payer_code) FROM debits`); got != "P1 100000 INV1, P2 200050 INV2" {
		t.Fatalf("the drafts are %q", got)
	}
	batch := "/debit-batches/" + w.text(`SELECT id::text FROM debit_batches`)
	go2 := func(who *apptest.Client, step string) {
		t.Helper()
		asked := who.Post(batch+step, "key", rand.Text())
		sum := fingerprintField.FindStringSubmatch(who.Get(asked.Location()).Body)
		if sum == nil {
			t.Fatalf("%s: nothing to start: %d %s", step, asked.Status, asked.Location())
		}
		if a := who.Post(asked.Location()+"/start", "fingerprint", sum[1]); a.Status != http.StatusSeeOther {
			t.Fatalf("%s: %d", step, a.Status)
		}
	}
	go2(c, "/submission")
	go2(w.Client(apptest.Checker), "/approval")
	w.bank.Send()
	if got := w.text(`SELECT string_agg(DISTINCT state, ',') FROM debits`); got != store.DebitTaken {
		t.Errorf("the debits are %s: %s", got, w.text(`SELECT string_agg(message, ',') FROM batch_rows`))
	}
	if page := c.Get(batch); page.Status != http.StatusOK || !strings.Contains(page.Body, "3,000.50") {
		t.Errorf("the batch: %d", page.Status)
	}
	if a := c.Get(batch + "/progress?seen=x"); a.Status != http.StatusOK {
		t.Errorf("the progress: %d", a.Status)
	}
}
