package app_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/browsertest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// thread is a portal whose bank calls back.
type thread struct {
	*apptest.World
	bank *apptest.Bank
	t    *testing.T
}

func newThread(t *testing.T) thread {
	t.Helper()
	w := apptest.New(t)
	return thread{w, w.OpenBank(), t}
}

// approve has the checker agree to a lead, on its page.
func (w thread) approve(lead string) {
	w.t.Helper()
	c := w.Client(apptest.Checker)
	m := fingerprintField.FindStringSubmatch(c.Get("/approvals/" + lead).Body)
	if m == nil {
		w.t.Fatal("the approval page has no fingerprint")
	}
	if a := c.Post("/instructions/"+lead+"/approval", "fingerprint", m[1]); a.Status != http.StatusSeeOther {
		w.t.Fatalf("the approval: %d %s", a.Status, a.Body)
	}
	w.bank.Send()
}

// presented is a bill at the bank, and its name there.
func (w thread) presented(number string) (id store.ID, reference string) {
	w.t.Helper()
	b, lead := w.Submitted(apptest.Maker, number)
	w.approve(lead.String())
	return b.ID, w.text(`SELECT bank_reference FROM presentments WHERE id = $1`, b.ID)
}

func (w thread) text(query string, args ...any) (s string) {
	w.t.Helper()
	if err := w.DB.Super.QueryRowContext(w.t.Context(), query, args...).Scan(&s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// decide plays the buyer, and the bank that tells of it.
func (w thread) decide(reference string, status krungsri.PresentmentStatus, remark string) {
	w.t.Helper()
	if err := w.bank.Decide(reference, status, remark); err != nil {
		w.t.Fatal(err)
	}
	w.bank.CallBack()
}

func TestADisputedBillIsReplacedInOneStepAtTheBank(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	old, reference := w.presented("INV-0041")
	maker := w.Client(apptest.Maker)
	page := "/presentments/" + old.String()
	if a := maker.Get(page + "/replacement/new"); a.Status != http.StatusConflict {
		t.Errorf("a bill that nobody disputed: %d", a.Status)
	}
	w.decide(reference, krungsri.StatusDisputed, "ราคาไม่ตรง <script>alert(1)</script>")
	a := maker.Get(page)
	if !strings.Contains(a.Body, "ราคาไม่ตรง &lt;script&gt;") || !strings.Contains(a.Body, page+"/replacement/new") || strings.Contains(a.Body, page+"/cancellation/new") {
		t.Errorf("the disputed bill: %s", a.Body)
	}
	if a := maker.Post(page+"/cancellation", "key", strings.Repeat("A", 26), "reason", "x"); a.Status != http.StatusConflict {
		t.Errorf("it is cancelled all the same: %d", a.Status)
	}
	for _, form := range [][]string{{"note", "x"}, {"reason", "other"}} {
		if a := maker.Post(page+"/replacement", form...); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", form, a.Status)
		}
	}
	made := maker.Post(page+"/replacement", "reason", "amount", "note", "ตาม PO-778")
	draft := strings.TrimSuffix(made.Location(), "/edit")
	if made.Status != http.StatusSeeOther || draft == made.Location() {
		t.Fatalf("the replacement: %d to %q", made.Status, made.Location())
	}
	if again := maker.Post(page+"/replacement", "reason", "name", "note", ""); again.Location() != made.Location() {
		t.Errorf("a second one was made at %q", again.Location())
	}
	edit := maker.Get(made.Location()).Body
	for _, want := range []string{"INV-0041", "INV-0042", "ออกแทนเอกสารเลขที่ INV-0041", "ตาม PO-778", `id="original"`} {
		if !strings.Contains(edit, want) {
			t.Errorf("the form does not say %q", want)
		}
	}
	id := w.parse(strings.TrimPrefix(draft, "/presentments/"))
	tellertest.Attach(t, w.Web, w.Actor(apptest.Maker), id, "INV-0042")
	lead := w.submit(draft)
	approval := w.Client(apptest.Checker).Get("/approvals/" + lead).Body
	if strings.Contains(approval, "เทียบกับ") {
		t.Error("what differs from the original is shown twice")
	}
	if !strings.Contains(approval, `id="original"`) || !strings.Contains(approval, "INV-0041") {
		t.Error("the approver does not see what it replaces")
	}
	w.approve(lead)
	if state := w.text(`SELECT state FROM presentments WHERE id = $1`, old); state != store.PresentmentReplaced {
		t.Errorf("the old bill is %s", state)
	}
	if status := w.bank.Presentment(reference); status != krungsri.StatusReplaced {
		t.Errorf("at the bank the old one is %s", status)
	}
	for _, p := range []string{page, draft} {
		if body := maker.Get(p).Body; strings.Count(body, "INV-0041") < 1 || !strings.Contains(body, `class="thread"`) {
			t.Errorf("%s does not show the thread", p)
		}
	}
	if body := maker.Get("/presentments/disputes").Body; strings.Contains(body, page) || !strings.Contains(body, "ราคาหรือจำนวนเงิน") {
		t.Errorf("the report: %s", body)
	}
}

func (w thread) parse(s string) (id store.ID) {
	w.t.Helper()
	if err := id.UnmarshalText([]byte(s)); err != nil {
		w.t.Fatal(err)
	}
	return id
}

var (
	keyField     = regexp.MustCompile(`name="key" value="([^"]+)"`)
	versionField = regexp.MustCompile(`name="version" value="([^"]+)"`)
)

// submit asks for approval of a draft, and returns the lead.
func (w thread) submit(draft string) string {
	w.t.Helper()
	c := w.Client(apptest.Maker)
	body := c.Get(draft + "/submission/new").Body
	key, version := keyField.FindStringSubmatch(body), versionField.FindStringSubmatch(body)
	if key == nil || version == nil {
		w.t.Fatalf("no form to submit: %s", body)
	}
	if a := c.Post(draft+"/submission", "key", key[1], "version", version[1]); a.Status != http.StatusSeeOther {
		w.t.Fatalf("the submission: %d %s", a.Status, a.Body)
	}
	return w.text(`SELECT entry_id::text FROM presentments WHERE id = $1`, strings.TrimPrefix(draft, "/presentments/"))
}

func TestAReplacingTaxInvoiceNamesTheOldNumberAndKeepsBuyerAndKind(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	old, reference := w.presented("INV-1")
	w.decide(reference, krungsri.StatusDisputed, "ที่อยู่ผิด")
	// As if it had been a tax invoice all along.
	w.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET document_type = '388'; SET session_replication_role = DEFAULT`)
	maker := w.Client(apptest.Maker)
	draft := strings.TrimSuffix(maker.Post("/presentments/"+old.String()+"/replacement", "reason", "address", "note", "").Location(), "/edit")
	id := w.parse(strings.TrimPrefix(draft, "/presentments/"))
	tellertest.Attach(t, w.Web, w.Actor(apptest.Maker), id, "new")
	if remark := w.text(`SELECT remark FROM presentments WHERE id = $1`, id); !strings.Contains(remark, "แทนฉบับเดิมเลขที่ INV-1") || !strings.Contains(remark, "ที่อยู่ผู้ซื้อไม่ถูกต้อง") {
		t.Errorf("the remark is %q", remark)
	}
	for change, want := range map[string]string{
		`remark = 'แก้ไขแล้ว'`:           "หมายเหตุต้องบอกเลขที่ใบกำกับภาษีเดิม: INV-1",
		`buyer_tax_id = '0105536000011'`: "ผู้ซื้อรายเดิม",
		`document_type = '380'`:          "ประเภทเอกสารเดิม",
	} {
		column, _, _ := strings.Cut(change, " ")
		before := w.text(`SELECT `+column+` FROM presentments WHERE id = $1`, id)
		w.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET ` + change + ` WHERE id = '` + id.String() + `'; SET session_replication_role = DEFAULT`)
		body := maker.Get(draft + "/submission/new").Body
		if !strings.Contains(body, want) {
			t.Errorf("with %s the page does not say %q", change, want)
		}
		key, version := keyField.FindStringSubmatch(body), versionField.FindStringSubmatch(body)
		if a := maker.Post(draft+"/submission", "key", key[1], "version", version[1]); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("with %s it was taken: %d", change, a.Status)
		}
		w.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET ` + column + ` = '` + before + `' WHERE id = '` + id.String() + `'; SET session_replication_role = DEFAULT`)
	}
	w.approve(w.submit(draft))
	if state := w.text(`SELECT state FROM presentments WHERE id = $1`, old); state != store.PresentmentReplaced {
		t.Errorf("the old bill is %s", state)
	}
}

func TestTheBankMayCallBackBeforeItAnswers(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	if err := w.bank.SetCallbackFault(sandbox.CallbackEarly); err != nil {
		t.Fatal(err)
	}
	id, _ := w.presented("INV-EARLY")
	w.bank.CallBack()
	if decision := w.text(`SELECT buyer_decision FROM presentments WHERE id = $1`, id); decision != store.BuyerAccepted {
		t.Errorf("the bill says %q", decision)
	}
	if n := w.text(`SELECT string_agg(state, ' ') FROM callbacks`); n != store.CallbackProcessed {
		t.Errorf("the callbacks are %s", n)
	}
}

func TestAQuarantinedCallbackIsReadAgainByWhoeverMay(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	id, reference := w.presented("INV-1")
	// The bill had another number when the bank told of it.
	w.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET document_number = 'INV-2'; SET session_replication_role = DEFAULT`)
	w.decide(reference, krungsri.StatusAccepted, "")
	callback := "/callbacks/" + w.text(`SELECT id::text FROM callbacks WHERE state = 'quarantined'`)
	again := strings.Replace(callback, "/callbacks/", "/callbacks/rereadings/", 1)
	w.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET document_number = 'INV-1'; SET session_replication_role = DEFAULT`)
	checker := w.Client(apptest.Checker)
	if a := checker.Get(callback); a.Status != http.StatusOK || !strings.Contains(a.Body, again) || !strings.Contains(a.Body, "เลขที่หรือยอดเงินไม่ตรงกับเอกสาร") {
		t.Errorf("the callback: %d %s", a.Status, a.Body)
	}
	if a := checker.Post(again, "reason", " "); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", a.Status)
	}
	if a := w.Client(apptest.Maker).Post(again, "reason", "x"); a.Status != http.StatusForbidden {
		t.Errorf("a maker: %d", a.Status)
	}
	if a := checker.Post(again, "reason", "ธนาคารยืนยันทางโทรศัพท์"); a.Status != http.StatusSeeOther {
		t.Errorf("the order to read it again: %d %s", a.Status, a.Body)
	}
	w.bank.CallBack()
	if decision := w.text(`SELECT buyer_decision FROM presentments WHERE id = $1`, id); decision != store.BuyerAccepted {
		t.Errorf("the bill says %q", decision)
	}
	if a := checker.Post(again, "reason", "once more"); a.Status != http.StatusConflict {
		t.Errorf("once it counts: %d", a.Status)
	}
	// The very bytes are for those who look after the books, and the trail says who looked.
	if a := checker.Get(callback + "/body"); a.Status != http.StatusForbidden {
		t.Errorf("a checker opens it: %d", a.Status)
	}
	a := w.Client(apptest.Auditor).Get(callback + "/body")
	if a.Status != http.StatusOK || !strings.Contains(a.Body, `"presentmentStatus":"FNLD"`) || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("the auditor: %d %s", a.Status, a.Body)
	}
	if n := w.text(`SELECT count(*)::text FROM audit_leaves WHERE action = 'callback.opened'`); n != "1" {
		t.Errorf("%s leaves of who opened it", n)
	}
	if a := w.Client(apptest.Stranger).Get(callback); a.Status != http.StatusNotFound {
		t.Errorf("a stranger: %d", a.Status)
	}
}

func TestAForgedCallbackIsNeverReadAgain(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	id, reference := w.presented("INV-1")
	if err := w.bank.SetCallbackFault(sandbox.CallbackForged); err != nil {
		t.Fatal(err)
	}
	w.decide(reference, krungsri.StatusAccepted, "")
	callback := w.text(`SELECT id::text FROM callbacks WHERE refusal = 'signature' AND presentment_id IS NULL`)
	admin := w.Client(apptest.Admin)
	if a := admin.Get("/callbacks/" + callback); a.Status != http.StatusOK || strings.Contains(a.Body, "/callbacks/rereadings/") {
		t.Errorf("the forged one: %d", a.Status)
	}
	if a := admin.Post("/callbacks/rereadings/"+callback, "reason", "trust me"); a.Status != http.StatusConflict {
		t.Errorf("it is read again: %d", a.Status)
	}
	if decision := w.text(`SELECT buyer_decision FROM presentments WHERE id = $1`, id); decision != "" {
		t.Errorf("the bill says %q", decision)
	}
}

func TestTheListIsFilteredByWhatBuyersDecided(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	for number, status := range map[string]krungsri.PresentmentStatus{
		"INV-1": krungsri.StatusAccepted, "INV-2": krungsri.StatusDisputed, "INV-3": krungsri.StatusPaid, "INV-4": krungsri.StatusExpired, "INV-5": "",
	} {
		_, reference := w.presented(number)
		if status == krungsri.StatusPaid {
			w.decide(reference, krungsri.StatusAccepted, "")
		}
		if status != "" {
			w.decide(reference, status, "ไม่ตรงใบสั่งซื้อ")
		}
	}
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE presentment_search SET due_on = due_on - 400; COMMIT`)
	c := w.Client(apptest.Maker)
	for query, want := range map[string]string{
		"decided=accepted": "INV-1",
		"decided=disputed": "INV-2",
		"decided=paid&decided=expired&sort=number&dir=asc":       "INV-3 INV-4",
		"decided=paid&state=draft":                               "",
		"state=presented&sort=number&dir=asc":                    "INV-1 INV-2 INV-3 INV-4 INV-5",
		"due=overdue&sort=number&dir=asc":                        "INV-1 INV-2 INV-4 INV-5", // what is paid is never overdue
		"unpaid=1&sort=number&dir=asc":                           "INV-1 INV-2 INV-4 INV-5",
		"due=overdue&decided=accepted&decided=paid&q=inv":        "INV-1",
		"decided=disputed&sort=amount&due_to=" + bangkokToday(0): "INV-2",
	} {
		page := c.Get("/presentments?" + query)
		if got := numbersOn(page); page.Status != http.StatusOK || got != want {
			t.Errorf("%s: %d, %q, want %q", query, page.Status, got, want)
		}
	}
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) error {
		_, due, err := q.FiguresByDay([]string{store.PresentmentPresented}, time.Now(), []store.Span{{First: time.Now().AddDate(-1, 0, 0), Last: time.Now().AddDate(1, 0, 0)}})
		if err == nil && due[0].Number != 4 {
			t.Errorf("%d bills are due, though one of five is paid", due[0].Number)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if page := c.Get("/presentments?decided=lost"); page.Status != http.StatusBadRequest {
		t.Errorf("a decision that there is not: %d", page.Status)
	}
	c.Post("/list/columns", "return", "/presentments", "column", "decided", "column", "buyer_remark")
	page := c.Get("/presentments?decided=disputed").Body
	if panel := c.Get("/presentments/filter?decided=disputed").Body; !strings.Contains(panel, `value="disputed" checked`) {
		t.Error("the panel forgets what is chosen")
	}
	for _, want := range []string{"ผู้ซื้อตัดสินใจ", `<td class="meta wide-only">ผู้ซื้อโต้แย้ง</td>`, "ไม่ตรงใบสั่งซื้อ"} {
		if !strings.Contains(page, want) {
			t.Errorf("the list lacks %s", want)
		}
	}
	view := c.Post("/list/views", "query", "decided=disputed", "name", "โต้แย้ง").Location()
	if got := numbersOn(c.Get(view)); got != "INV-2" {
		t.Errorf("the view at %s shows %q", view, got)
	}
	file := c.Post("/presentments/export", "list", "decided=disputed", "format", "csv", "rows", "bills", "lang", "th", "days", "iso").Body
	if !strings.Contains(file, "ผู้ซื้อโต้แย้ง") || !strings.Contains(file, "INV-2") || strings.Contains(file, "INV-1") {
		t.Errorf("the export: %s", file)
	}
}

func TestMakerReplacesADisputedBillInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"with scripts":    {Lang: "th"},
		"without scripts": {Lang: "en", NoScript: true, Dark: true},
		"on a phone":      {Lang: "th", Width: 360, Height: 740},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newThread(t)
			old, reference := w.presented("INV-7")
			w.decide(reference, krungsri.StatusDisputed, "ราคาไม่ตรงใบสั่งซื้อ")
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			enter(p, w.World, apptest.Maker, o.Lang)
			p.Go(w.URL + "/presentments/disputes")
			p.Axe()
			p.Click("td.lead a")
			p.Axe()
			p.Click(".page-title .primary")
			p.Axe()
			p.Click(".form .primary") // nothing chosen
			p.Axe()
			if p.Status() != http.StatusUnprocessableEntity {
				t.Errorf("without a reason: %d", p.Status())
			}
			p.Click("#reason")
			p.Fill("[name=note]", "PO-778")
			p.Click(".form .primary")
			p.Axe()
			p.Fill("#line-1-price", "450")
			p.Click(".form-actions .primary")
			p.Axe()
			attachFile(t, p)
			p.Click(".page-title .primary")
			p.Axe()
			if !p.Exists("#original") || !strings.Contains(p.Text("#original"), "963.00") {
				t.Errorf("the differences: %s", p.Text("#original"))
			}
			p.Click(".confirm .primary")
			w.approve(w.text(`SELECT entry_id::text FROM presentments WHERE document_number = 'INV-8'`))
			p.Go(w.URL + "/presentments/" + old.String())
			p.Axe()
			if got := p.Count(".thread li"); got != 2 {
				t.Errorf("the thread has %d bills", got)
			}
			p.Go(w.URL + "/callbacks")
			p.Axe()
			p.Click("td.lead a")
			p.Axe()
			if strings.Contains(p.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}
