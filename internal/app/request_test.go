package app_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
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

// requestList brings a list of requests in, as a maker.
func (w thread) requestList(lines ...string) (at string, page apptest.Answer) {
	w.t.Helper()
	c := w.Client(apptest.Maker)
	r := sheetRequest(c, "december.csv", []byte(strings.Join(lines, "\n")+"\n"))
	r.URL.RawQuery = "kind=requests"
	a := c.Do(r)
	if a.Status != http.StatusSeeOther || strings.HasSuffix(a.Location(), "/columns") {
		w.t.Fatalf("%d to %s: %s", a.Status, a.Location(), clipped(a.Body))
	}
	return a.Location(), goOn(w.t, c, a.Location())
}

// atOnce starts what was put together of a batch.
func (w thread) atOnce(who *apptest.Client, path string, pairs ...string) (batch string) {
	w.t.Helper()
	asked := who.Post(path, append([]string{"key", rand.Text()}, pairs...)...)
	sum := fingerprintField.FindStringSubmatch(who.Get(asked.Location()).Body)
	if sum == nil {
		w.t.Fatalf("%s: nothing to start: %d %s", path, asked.Status, asked.Location())
	}
	if a := who.Post(asked.Location()+"/start", "fingerprint", sum[1]); a.Status != http.StatusSeeOther {
		w.t.Fatalf("%s: %d", path, a.Status)
	}
	return asked.Location()
}

const requestHeading = "ผู้จ่าย,พร้อมเพย์ไอดี,จำนวนเงิน,เลขที่ใบแจ้งหนี้,เลขอ้างอิง,วันที่ส่ง,เวลาส่ง,จ่ายได้ถึงวันที่"

func TestManyRequestsComeFromAFileAreMendedAndSentTogether(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.promptPay()
	bill, _ := w.presented("INV-77")
	at, page := w.requestList(requestHeading,
		"ตัวอย่าง,081-234-5678,1,,,,,",
		"สมหญิง,+66 81 234 5678,250,INV-77,,,,",
		"สมชาย,0899999999,\"1,000.50\",,DEC2,"+daysAhead(1)+",9.30,"+daysAhead(5),
		"ซ้ำ,0812345678,250.00,,inv77,,,",                   // what the first says, in other words
		"ขาดศูนย์,812345670,100,,DEC4,,,",                   // as a spreadsheet leaves it
		"เมื่อวาน,0812345679,100,,DEC5,"+daysAhead(-1)+",,", // the bank takes none
		"เรา,0107536001079,100,,DEC6,,,",
		"มาก,0812345671,200000.01,,DEC7,,,",
		"ช้าไป,0812345672,100,,DEC8,,,"+daysAhead(40),
	)
	for _, says := range []string{"เหมือนแถว 3", "ขาดเลข 0 ข้างหน้า", "วันที่ผ่านไปแล้ว", "เป็นพร้อมเพย์ไอดีของเราเอง", "ใส่ยอดระหว่าง", "ไม่เกิน 29 วันหลังส่ง"} {
		if !strings.Contains(page.Body, says) {
			t.Errorf("the check page does not say %q", says)
		}
	}
	c := w.Client(apptest.Maker)
	if good := c.Get(at + "?standing=good").Body; !strings.Contains(good, "เก็บเงินตามบิล INV-77") {
		t.Errorf("what the request collects is not told")
	}
	// The zero is given back by a press of a button.
	no := w.text(`SELECT no::text FROM import_items WHERE buyer_name = 'ขาดศูนย์'`)
	if a := c.Post(at+"/bills", "no", no, "standing", "faulty", "do", "fix 0-0"); a.Status != http.StatusSeeOther {
		t.Fatalf("mending: %d", a.Status)
	}
	if a := c.Post(at + "/drafts"); a.Status != http.StatusSeeOther {
		t.Fatalf("the drafts: %d", a.Status)
	}
	got := w.text(`SELECT string_agg(receiver_value || ' ' || amount_satang || ' ' || reference || ' ' || send_at || ' ' || coalesce(presentment_id::text, '-'), ', ' ORDER BY reference) FROM pay_requests`)
	if want := "0899999999 100050 DEC2 09:30 -, 0812345670 10000 DEC4  -, 0812345678 25000 INV77  " + bill.String(); got != want {
		t.Fatalf("the drafts are %q, want %q", got, want)
	}
	batch := "/request-batches/" + strings.TrimPrefix(at, "/imports/")
	for _, lang := range []string{"en", "th"} {
		c.Get("/language/" + lang)
		if look := c.Get(batch); look.Status != http.StatusOK || !strings.Contains(look.Body, "1,350.50") || strings.Contains(look.Body, "⟦") {
			t.Errorf("the batch in %s: %d", lang, look.Status)
		}
	}
	w.atOnce(c, batch+"/submission")
	w.atOnce(w.Client(apptest.Checker), batch+"/approval")
	w.bank.Send()
	if got := w.text(`SELECT string_agg(state, ',' ORDER BY reference) FROM pay_requests`); got != "scheduled,sent,sent" {
		t.Errorf("the requests are %s: %s", got, w.text(`SELECT string_agg(message, ',') FROM batch_rows`))
	}
	if a := c.Get(batch + "/progress?seen=x"); a.Status != http.StatusOK || !strings.Contains(a.Body, "รอผู้จ่าย 3 รายการ") {
		t.Errorf("the progress: %d %s", a.Status, clipped(a.Body))
	}
	if a := w.Client(apptest.Stranger).Get(batch); a.Status != http.StatusNotFound {
		t.Errorf("a stranger sees the batch: %d", a.Status)
	}
	// The same list again is refused row by row; what collects the bill is told.
	_, page = w.requestList(requestHeading, "สมหญิง,0812345678,250,INV-77,,,,", "คนอื่น,0899999998,300,INV-77,OTHER,,,")
	if !strings.Contains(page.Body, "มีคำขอแบบเดียวกันถึง สมหญิง") {
		t.Errorf("the same again is good: %s", clipped(page.Body))
	}
}

func TestABatchLeavesOutWhatIsCollectedAlready(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.promptPay()
	w.presented("INV-77")
	w.replica(`INSERT INTO request_rules (id, merchant_id, base_version, version, min_satang, max_satang, open_days, collision, note, proposed_by, decision, decided_by, decided_at)
		VALUES (gen_random_uuid(), $1, 0, 1, 100, 20000000, 7, 'block', 'once', $2, 'approved', $3, now())`, w.Merchant, w.Person(apptest.Maker), w.Person(apptest.Checker))
	// Neither counts before it is asked for, so that both become drafts.
	at, _ := w.requestList(requestHeading, "หนึ่ง,0812345678,250,INV-77,A1,,,", "สอง,0899999998,300,INV-77,A2,,,")
	c := w.Client(apptest.Maker)
	c.Post(at + "/drafts")
	batch := "/request-batches/" + strings.TrimPrefix(at, "/imports/")
	w.atOnce(c, batch+"/submission")
	if got := w.text(`SELECT string_agg(state, ',' ORDER BY reference) FROM pay_requests`); got != "submitted,draft" {
		t.Fatalf("the requests are %s", got)
	}
	if got := w.text(`SELECT string_agg(state || ' ' || message, ',' ORDER BY position) FROM batch_rows WHERE state <> 'done'`); got != "refused debits.refused.collides" {
		t.Errorf("the row says %q", got)
	}
	if _, page := w.requestList(requestHeading, "สาม,0899999997,300,INV-77,A3,,,"); !strings.Contains(page.Body, "ใบนี้เก็บเงินทางอื่นอยู่") {
		t.Errorf("a third is good: %s", clipped(page.Body))
	}
}

// TestALongListOfRequestsStaysBounded measures the whole way of a list to its
// drafts, of which each is held against all there are.
func TestALongListOfRequestsStaysBounded(t *testing.T) {
	t.Parallel()
	rows, most := 1_000, 30*time.Second
	if long {
		rows, most = 10_000, 2*time.Minute
	}
	w := newThread(t)
	w.promptPay()
	lines := []string{requestHeading}
	for n := range rows {
		lines = append(lines, fmt.Sprintf("ผู้จ่าย %d,08%08d,%d.25,,R%d,,,", n, n, 100+n%900, n))
	}
	began := time.Now()
	at, _ := w.requestList(lines...)
	c := w.Client(apptest.Maker)
	c.Post(at + "/drafts")
	goOn(t, c, at)
	took := time.Since(began)
	if got := w.text(`SELECT count(*)::text FROM pay_requests`); got != strconv.Itoa(rows) {
		t.Fatalf("%s drafts", got)
	}
	t.Logf("%d requests were brought in within %s", rows, took)
	if took > most {
		t.Errorf("%d requests took %s", rows, took)
	}
	began = time.Now()
	page := c.Post("/request-batches/"+strings.TrimPrefix(at, "/imports/")+"/submission", "key", rand.Text())
	if look := c.Get(page.Location()); look.Status != http.StatusOK {
		t.Errorf("the look at all: %d", look.Status)
	}
	t.Logf("put together in %s", time.Since(began))
}

// Money for a request that went out under a mobile number comes to the account
// behind that number: its statement leads to the bill all the same.
func TestMoneyOfARequestUnderAMobileNumberLeadsToItsBill(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	admin, checker := w.Client(apptest.Admin), w.Client(apptest.Checker)
	admin.Post("/promptpay-ids", "value", "081-000-0188", "label", "มือถือฝ่ายการเงิน", "uses", "sends")
	sender := w.text(`SELECT id::text FROM promptpay_ids WHERE value = '0810000188'`)
	checker.Post("/promptpay-ids/" + sender + "/approval")
	bill, _ := w.presented("INV-77")
	open := w.text(`SELECT (total_satang / 100)::text FROM presentments WHERE id = $1`, bill)
	page := w.request(sender, "bill", bill.String(), "invoice_number", "INV-77", "amount", open, "reference", "WORDLESS")
	w.sendRequest(page)
	if err := w.bank.PlayAlert(w.ofRequest(page, "bank_reference"), krungsri.AlertPaid, ""); err != nil {
		t.Fatal(err)
	}
	w.bank.CallBack()
	if look := w.Client(apptest.Maker).Get(page).Body; !strings.Contains(look, "บัญชีที่ผูกกับพร้อมเพย์ 081-000-0188") {
		t.Errorf("where the money comes in is not told")
	}
	c := w.Client(apptest.Maker)
	r := sheetRequest(c, "statement.csv", w.bank.Statement("0810000188", krungsri.Date{}, krungsri.Date{}))
	r.URL.RawQuery = "kind=payments"
	a := c.Do(r)
	goOn(t, c, a.Location())
	c.Post(a.Location() + "/drafts")
	goOn(t, c, a.Location())
	if got := w.text(`SELECT string_agg(p.state || ' ' || coalesce(m.presentment_id::text, '-') || ' ' || coalesce(m.evidence, '-'), ',') FROM payments p LEFT JOIN payment_matches m ON m.payment_id = p.id`); got != "matched "+bill.String()+" number" {
		t.Errorf("the payment is %q", got)
	}
}

// Home says what waits, runs out and came to nothing; each line leads to its rows.
func TestRequestsAreOnHomeInSearchNoticesAndTheCalendar(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	sender := w.promptPay()
	draft := w.request(sender, "reference", "DRAFT1", "receiver_name", "ร่างเดียว")
	ending := w.request(sender, "reference", "ENDS1", "ends_on", daysAhead(1))
	w.sendRequest(ending)
	w.replica(`UPDATE pay_requests SET ends_on = (now() AT TIME ZONE 'Asia/Bangkok')::date WHERE reference = 'ENDS1' AND merchant_id = $1 AND created_by = $2`, w.Merchant, w.Person(apptest.Maker))
	refused := w.request(sender, "reference", "REFUSED1")
	w.sendRequest(refused)
	if err := w.bank.PlayAlert(w.ofRequest(refused, "bank_reference"), krungsri.AlertRejected, "ไม่ใช่ของเรา"); err != nil {
		t.Fatal(err)
	}
	w.bank.CallBack()
	later := w.request(sender, "reference", "LATER1", "when", "later", "send_on", daysAhead(1), "send_at", "")
	w.sendRequest(later)
	c := w.Client(apptest.Maker)
	home := c.Get("/").Body
	for line, page := range map[string]string{
		"/requests?show=ending&amp;sort=end&amp;dir=asc": ending, "/requests?show=ended": refused, "/requests?state=draft": draft,
	} {
		if !strings.Contains(home, line) || !strings.Contains(home, page) {
			t.Errorf("home lacks %s or %s", line, page)
		}
		list := c.Get(strings.ReplaceAll(line, "&amp;", "&")).Body
		for _, other := range []string{ending, refused, draft, later} {
			if strings.Contains(list, other) != (other == page) {
				t.Errorf("%s: %s is wrong there", line, other)
			}
		}
	}
	if found := c.Get("/search?q=LATER1").Body; !strings.Contains(found, later) {
		t.Error("it is not found")
	}
	tomorrow := time.Now().In(krungsri.Bangkok).AddDate(0, 0, 1)
	calendar := c.Get("/debits/calendar?month=" + tomorrow.Format("2006-01")).Body
	if day := "/requests?sends=" + tomorrow.Format(time.DateOnly); !strings.Contains(calendar, day) || !strings.Contains(c.Get(day).Body, later) {
		t.Errorf("the calendar does not lead to it")
	}
	if told := w.told(); told["request_ended"] != refused {
		t.Errorf("the maker is told %v", told)
	}
}
