package app_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

var keyInForm = regexp.MustCompile(`name="key" value="([A-Z2-7]{26})"`)

// keyOn is the key in the form of a page.
func keyOn(t *testing.T, page apptest.Answer) string {
	t.Helper()
	m := keyInForm.FindStringSubmatch(page.Body)
	if m == nil {
		t.Fatalf("the page has no key: %d %s", page.Status, page.Body)
	}
	return m[1]
}

// leads is how many instructions were ever made of a bill.
func leads(t *testing.T, w *apptest.World, bill store.ID) (n int) {
	t.Helper()
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM instructions WHERE part = 0 AND subject = $1`, string(store.About("presentment", bill))).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTwentyClicksSubmitOnce(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1")
	path := "/presentments/" + p.ID.String()
	page := c.Get(path + "/submission/new")
	for _, want := range []string{"ขอให้ธนาคารนำเสนอใบแจ้งหนี้ INV-1 จำนวน 1,070.00 บาท", "คุณchecker หรือ คุณsecond", "INV-1.pdf", "/edit#due_on"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the check page does not show %q", want)
		}
	}
	key := keyOn(t, page)
	answers := make([]apptest.Answer, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = c.Post(path+"/submission", "key", key, "version", strconv.Itoa(p.Version)) })
	}
	wg.Wait()
	for _, a := range answers {
		if a.Status != http.StatusSeeOther || a.Location() != path {
			t.Errorf("a click was answered %d %s", a.Status, a.Location())
		}
	}
	if n := leads(t, w, p.ID); n != 1 {
		t.Errorf("%d instructions", n)
	}
	item := c.Get(path)
	for _, want := range []string{"รอคุณchecker หรือ คุณsecond", "ส่งให้ผู้อนุมัติ", "ถอนคืนจากผู้อนุมัติ", "รหัสย่อ"} {
		if !strings.Contains(item.Body, want) {
			t.Errorf("the bill does not show %q", want)
		}
	}
	if strings.Contains(item.Body, path+"/edit") || strings.Contains(item.Body, path+"/documents") {
		t.Error("what was submitted is offered for editing")
	}
}

func TestSubmissionIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)

	bare := stored(t, w, send(c, "/presentments", billForm("INV-1")))
	path := "/presentments/" + bare.ID.String()
	page := c.Get(path + "/submission/new")
	if !strings.Contains(page.Body, "แนบไฟล์อย่างน้อยหนึ่งไฟล์") || !strings.Contains(page.Body, "disabled") {
		t.Error("nobody says that a document is missing")
	}
	a := c.Post(path+"/submission", "key", keyOn(t, page), "version", "1")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "แนบไฟล์อย่างน้อยหนึ่งไฟล์") {
		t.Errorf("without a document: %d", a.Status)
	}

	tellertest.Attach(t, w.Web, w.Actor(apptest.Both), bare.ID, "late")
	a = c.Post(path+"/submission", "key", keyOn(t, page), "version", "1")
	if a.Status != http.StatusConflict || !strings.Contains(a.Body, "late.pdf") || !strings.Contains(a.Body, `name="version" value="2"`) {
		t.Errorf("another version than the one seen: %d", a.Status)
	}

	if a = c.Post(path+"/submission", "key", keyOn(t, a), "version", "2"); a.Status != http.StatusSeeOther {
		t.Fatalf("what was seen: %d", a.Status)
	}
	a = c.Post(path+"/submission", "key", strings.Repeat("B", 26), "version", "2")
	if a.Status != http.StatusConflict || !strings.Contains(a.Body, "ส่งให้ผู้อนุมัติไปแล้ว") || leads(t, w, bare.ID) != 1 {
		t.Errorf("a second submission: %d", a.Status)
	}
	if a = send(c, path, billForm("INV-1", "version", "2")); a.Status != http.StatusConflict || !strings.Contains(a.Body, "แก้ไขไม่ได้") {
		t.Errorf("an edit after submission: %d", a.Status)
	}
	if a = c.Post(path+"/submission", "version", "2"); a.Status != http.StatusBadRequest {
		t.Errorf("without a key: %d", a.Status)
	}
}

func TestKeyOfOneBillDoesNotSubmitAnother(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	one := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1")
	other := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-2")
	key := strings.Repeat("C", 26)
	c.Post("/presentments/"+one.ID.String()+"/submission", "key", key, "version", strconv.Itoa(one.Version))
	a := c.Post("/presentments/"+other.ID.String()+"/submission", "key", key, "version", strconv.Itoa(other.Version))
	if a.Status != http.StatusConflict || leads(t, w, other.ID) != 0 {
		t.Errorf("the same key for another bill: %d", a.Status)
	}
}

func TestMakerTakesBackWhatWaits(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	p, lead := w.Submitted(apptest.Maker, "INV-1")
	path := "/instructions/" + lead.String() + "/withdrawal"
	if a := both(w).Post(path, "reason", ""); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "เฉพาะคนที่ส่ง") {
		t.Errorf("another maker: %d", a.Status)
	}
	if a := w.Client(apptest.Stranger).Post(path, "reason", ""); a.Status != http.StatusNotFound {
		t.Errorf("another merchant: %d", a.Status)
	}
	c := w.Client(apptest.Maker)
	if a := c.Post(path, "reason", "พิมพ์ยอดผิด"); a.Status != http.StatusSeeOther {
		t.Fatalf("the maker: %d %s", a.Status, a.Body)
	}
	item := c.Get("/presentments/" + p.ID.String())
	for _, want := range []string{"พิมพ์ยอดผิด", "ถอนคืนแล้ว", "/edit"} {
		if !strings.Contains(item.Body, want) {
			t.Errorf("the bill does not show %q", want)
		}
	}
	if a := c.Post(path, "reason", ""); a.Status != http.StatusConflict {
		t.Errorf("a second time: %d", a.Status)
	}
}

// presented is a bill that the bank has.
func presented(t *testing.T, w *apptest.World, bank *apptest.Bank, number string) (store.Presentment, store.ID) {
	t.Helper()
	p, lead := w.Submitted(apptest.Maker, number)
	agree(t, w, lead)
	bank.Send()
	return billOf(t, w, p.ID), lead
}

func agree(t *testing.T, w *apptest.World, lead store.ID) {
	t.Helper()
	a := w.Client(apptest.Checker).Post("/instructions/"+lead.String()+"/approval", "fingerprint", shown(t, w, apptest.Checker, lead))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("approval: %d %s", a.Status, a.Body)
	}
}

func TestBillIsCancelledAsAWhole(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	c := w.Client(apptest.Maker)
	p, _ := presented(t, w, bank, "INV-1")
	path := "/presentments/" + p.ID.String()
	page := c.Get(path + "/cancellation/new")
	if !strings.Contains(page.Body, p.BankReference) || p.BankReference == "" {
		t.Errorf("the page does not name the bank's reference %q", p.BankReference)
	}
	key := keyOn(t, page)
	for reason, status := range map[string]int{" ": http.StatusUnprocessableEntity, strings.Repeat("ก", 141): http.StatusUnprocessableEntity} {
		a := c.Post(path+"/cancellation", "key", key, "reason", reason)
		if a.Status != status || keyOn(t, a) != key {
			t.Errorf("reason %.10q: %d", reason, a.Status)
		}
	}
	for range 2 {
		if a := c.Post(path+"/cancellation", "key", key, "reason", "ผู้ซื้อขอเปลี่ยนชื่อ"); a.Status != http.StatusSeeOther {
			t.Fatalf("cancellation: %d %s", a.Status, a.Body)
		}
	}
	if leads(t, w, p.ID) != 2 {
		t.Errorf("%d instructions, want the entry and one cancellation", leads(t, w, p.ID))
	}
	waiting := c.Get(path)
	for _, want := range []string{"ขอยกเลิกทั้งใบแล้ว รอคุณchecker", "ผู้ซื้อขอเปลี่ยนชื่อ", "ถอนคำขอยกเลิก"} {
		if !strings.Contains(waiting.Body, want) {
			t.Errorf("while it waits the bill does not show %q", want)
		}
	}
	if a := c.Post(path+"/cancellation", "key", strings.Repeat("D", 26), "reason", "อีกครั้ง"); a.Status != http.StatusConflict {
		t.Errorf("a second cancellation: %d", a.Status)
	}
	agree(t, w, billOf(t, w, p.ID).CancellationID.UUID)
	bank.Send()
	if done := c.Get(path); !strings.Contains(done.Body, "ธนาคารยกเลิกให้แล้ว") || billOf(t, w, p.ID).State != store.PresentmentCancelled {
		t.Error("the bill is not cancelled")
	}
	if a := c.Get(path + "/cancellation/new"); a.Status != http.StatusConflict {
		t.Errorf("cancelling what is cancelled: %d", a.Status)
	}
}

func TestPageAsksForNewsOnlyWhileSomethingMoves(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	c := w.Client(apptest.Maker)
	p, lead := w.Submitted(apptest.Maker, "INV-1")
	path := "/presentments/" + p.ID.String()
	poll := regexp.MustCompile(`hx-get="(` + path + `/progress\?seen=[0-9a-z]+)"`)
	if poll.MatchString(c.Get(path).Body) {
		t.Error("the page polls while people decide")
	}
	agree(t, w, lead)
	m := poll.FindStringSubmatch(c.Get(path).Body)
	if m == nil {
		t.Fatal("the page does not poll while it is sent")
	}
	if a := c.Get(m[1]); a.Status != http.StatusNoContent {
		t.Errorf("without news: %d", a.Status)
	}
	bank.Send()
	news := c.Get(m[1])
	if news.Status != http.StatusOK || !strings.Contains(news.Body, "ธนาคารรับแล้ว") || poll.MatchString(news.Body) {
		t.Errorf("news: %d", news.Status)
	}
}

func TestStoryTellsEveryStepInBothLanguages(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	p, lead := w.Submitted(apptest.Maker, "INV-1")
	if a := w.Client(apptest.Second).Post("/instructions/"+lead.String()+"/rejection", "reason", "ที่อยู่ไม่ครบ"); a.Status != http.StatusSeeOther {
		t.Fatalf("rejection: %d", a.Status)
	}
	c := w.Client(apptest.Maker)
	path := "/presentments/" + p.ID.String()
	if a := send(c, path, billForm("INV-1", "version", strconv.Itoa(p.Version), "buyer_address", "1 ถนนใหม่")); a.Status != http.StatusSeeOther {
		t.Fatalf("edit: %d %s", a.Status, a.Body)
	}
	page := c.Get(path + "/submission/new")
	c.Post(path+"/submission", "key", keyOn(t, page), "version", strconv.Itoa(billOf(t, w, p.ID).Version))
	agree(t, w, billOf(t, w, p.ID).EntryID.UUID)
	bank.Send()
	c.Get("/language/en")
	body := c.Get(path).Body
	at := len(body)
	for _, want := range []string{
		"Drafted the bill", "Attached INV-1.pdf", "Submitted it for approval", "Did not approve", "Edited: ", "Submitted it for approval",
		"Approved", "Sent it to the bank", "The bank took it as PSM", "Sent INV-1.pdf to the bank", "The bank took INV-1.pdf",
	} {
		// Newest first: each sentence stands above the one before.
		i := strings.LastIndex(body[:at], want)
		if i < 0 {
			t.Fatalf("%q is not told, or not in its place", want)
		}
		at = i
	}
	for _, want := range []string{"ที่อยู่ไม่ครบ", "คุณsecond", "Edited: buyer&#39;s name, branch, address, document type, items, total", "At the bank"} {
		if !strings.Contains(body, want) {
			t.Errorf("the story does not say %q", want)
		}
	}
	if strings.Contains(body, "⟦") {
		t.Error("a text is missing")
	}
	if i := strings.Index(body, `class="exchange"`); i < 0 || strings.Contains(body[i:], "0105562000007") {
		t.Error("the exchange is missing, or not masked")
	}
}

func TestUnknownOutcomeIsShownHonestly(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	p, _ := presented(t, w, bank, sandbox.MagicValue(sandbox.CutAfter)+"-1")
	page := w.Client(apptest.Maker).Get("/presentments/" + p.ID.String())
	for _, want := range []string{"ยังไม่ทราบว่าธนาคารทำรายการนี้หรือไม่", "ระบบจะไม่ส่งซ้ำเอง", `href="/unknown"`, "badge unknown", "ไม่มีคำตอบที่ชัดเจนจากธนาคาร ยังไม่ทราบผล"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range []string{"/progress", "/edit", "/cancellation", "/submission", "/documents"} {
		if strings.Contains(page.Body, "/presentments/"+p.ID.String()+not) {
			t.Errorf("an unknown outcome offers %s", not)
		}
	}
	if p.State != store.PresentmentUnknown {
		t.Errorf("the bill is %s", p.State)
	}
}
