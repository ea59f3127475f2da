package app_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/notify"
	"portal/internal/browsertest"
	"portal/internal/store"
)

func TestSearchFindsEverythingByEveryName(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	bill, lead := w.Submitted(apptest.Maker, "INV-2569-7")
	agree(t, w, lead)
	bank.Send()
	var reference, attempt string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT i.bank_reference, a.id FROM instructions i JOIN attempts a ON a.instruction_id = i.id WHERE i.id = $1`, lead).Scan(&reference, &attempt); err != nil {
		t.Fatal(err)
	}
	on := bill.DocumentOn
	item := `href="/presentments/` + bill.ID.String() + `"`
	thaiDay := on.Format("02/01/") + strconv.Itoa(on.Year()+543)
	id := bill.BuyerTaxID
	dashed := id[:1] + "-" + id[1:5] + "-" + id[5:10] + "-" + id[10:12] + "-" + id[12:]
	imported, _ := bringIn(t, w.Client(apptest.Maker), "ยอดขาย กันยายน.csv", []byte("เลขที่เอกสาร,ชื่อผู้ซื้อ\nINV-9,ร้านหนึ่ง\n"))
	for typed, want := range map[string]string{
		"กันยายน":    `href="` + strings.TrimSuffix(imported, "/columns") + `"`,
		"inv-2569-7": item, string([]rune(bill.BuyerName)[2:9]): item, id: item, dashed: item, reference: item,
		"1,070.00": item, "1070": item, on.Format("2006-01-02"): item, thaiDay: item,
		"INV-2569-7.pdf": item, attempt: `href="/approvals/` + lead.String(), lead.String(): `href="/approvals/` + lead.String(),
		"คุณsecond": `href="/audit?person=` + w.Person(apptest.Second).String(),
	} {
		path := "/search?" + url.Values{"q": {typed}}.Encode()
		if a := w.Client(apptest.Checker).Get(path); a.Status != http.StatusOK || !strings.Contains(a.Body, want) {
			t.Errorf("%q does not find %s (%d)", typed, want, a.Status)
		}
		a := w.Client(apptest.Stranger).Get(path)
		if a.Status != http.StatusOK || strings.Contains(a.Body, bill.ID.String()) || strings.Contains(a.Body, "/imports/") || strings.Contains(a.Body, w.Person(apptest.Second).String()) {
			t.Errorf("%q finds another merchant's", typed)
		}
	}
	// The trail is not for makers, and so neither is what people did.
	if a := w.Client(apptest.Maker).Get("/search?q=" + url.QueryEscape("คุณsecond")); strings.Contains(a.Body, "/audit") {
		t.Error("a maker finds the trail of a person")
	}
	for _, nothing := range []string{"qwxzjk", "%%%", "___", `\\\`, "' OR 1=1 --", strings.Repeat("ก", 500)} {
		if a := w.Client(apptest.Checker).Get("/search?" + url.Values{"q": {nothing}}.Encode()); a.Status != http.StatusOK || !strings.Contains(a.Body, "ไม่พบ") {
			t.Errorf("%q: %d", nothing, a.Status)
		}
	}
	if a := w.Client(apptest.Checker).Get("/search?q=in"); !strings.Contains(a.Body, "อย่างน้อย 3") {
		t.Error("two letters are looked for")
	}
}

// key presses a key as a Thai layout sends it: the place is that of the Latin
// letter, the character is another.
func key(p *browsertest.Page, code, thai string, with ...string) {
	options := ""
	for _, w := range with {
		options += ", " + w + ": true"
	}
	p.Eval(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { code: "`+code+`", key: "`+thai+`", bubbles: true, cancelable: true`+options+` }))`, nil)
}

func focused(p *browsertest.Page) (what string) {
	p.Eval(`document.activeElement.getAttribute("href") || document.activeElement.name || document.activeElement.id || ""`, &what)
	return what
}

func TestKeysWorkOnAThaiLayout(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for _, n := range []string{"INV-1", "INV-2"} {
		w.Submitted(apptest.Maker, n)
	}
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "th"})
	enter(p, w, apptest.Checker, "th")
	p.Go(w.URL + "/")
	p.Axe()
	key(p, "KeyG", "เ")
	key(p, "KeyA", "ฟ")
	p.WaitFor("td.lead a")
	if !strings.HasSuffix(p.URL(), "/approvals") {
		t.Fatalf("g and a lead to %s", p.URL())
	}
	key(p, "KeyJ", "่")
	first := focused(p)
	key(p, "KeyJ", "่")
	second := focused(p)
	key(p, "KeyK", "า")
	if first == second || !strings.HasPrefix(first, "/approvals/") || focused(p) != first {
		t.Errorf("j and k go to %q, %q and %q", first, second, focused(p))
	}
	p.Press("Enter")
	if !strings.HasSuffix(p.URL(), first) {
		t.Errorf("Enter opens %s", p.URL())
	}
	key(p, "Slash", "ฝ")
	if focused(p) != "q" {
		t.Fatalf("the search key leads to %q", focused(p))
	}
	p.Fill("[data-search]", "INV-")
	p.WaitText("#found", "INV-2")
	p.Axe()
	key(p, "ArrowDown", "ArrowDown")
	if !strings.HasPrefix(focused(p), "/presentments/") {
		t.Errorf("the arrow leads to %q", focused(p))
	}
	key(p, "Escape", "Escape")
	if p.Count("#found a") != 0 {
		t.Error("what was found stays after Escape")
	}
	key(p, "KeyK", "า", "ctrlKey")
	if focused(p) != "q" {
		t.Errorf("Ctrl-K leads to %q", focused(p))
	}
	// A letter typed into a field is a letter.
	key(p, "KeyG", "เ")
	key(p, "KeyH", "้")
	if !strings.HasSuffix(p.URL(), first) {
		t.Errorf("typing leads to %s", p.URL())
	}
	p.Eval(`document.activeElement.blur()`, nil)
	key(p, "Slash", "ฦ", "shiftKey")
	p.WaitText("#keys", "แป้นลัด")
	p.Axe()
	key(p, "KeyG", "เ")
	p.Click("#keys form button")

	// Switched off, single keys are nothing; the others stay.
	p.Go(w.URL + "/keys")
	p.Axe()
	p.Click("main [name=keys]")
	if !p.Exists("main [name=keys][value=on]") {
		t.Fatalf("the keys stay on: %s", p.Text("main"))
	}
	key(p, "KeyG", "เ")
	key(p, "KeyA", "ฟ")
	key(p, "Slash", "ฝ")
	if !strings.HasSuffix(p.URL(), "/keys") || focused(p) == "q" {
		t.Errorf("a key does something although it is switched off: %s, %s", p.URL(), focused(p))
	}
	key(p, "KeyK", "า", "ctrlKey")
	if focused(p) != "q" {
		t.Error("Ctrl-K went with the single keys")
	}
	p.Click("main [name=keys]")
	key(p, "KeyG", "เ")
	key(p, "KeyA", "ฟ")
	p.WaitFor("td.lead a")
	if !strings.HasSuffix(p.URL(), "/approvals") {
		t.Errorf("switched on again, g and a lead to %s", p.URL())
	}
}

func TestNoticesAndSearchWorkWithoutScripts(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, lead := w.Submitted(apptest.Maker, "INV-1")
	w.DB.Exec(`INSERT INTO notices (id, merchant_id, person_id, leaf_id, kind, subject, words)
		SELECT gen_random_uuid(), $1, $2, id, 'waiting', 'instruction/' || $3::text, '{"title": "INV-1", "by": "คุณmaker"}' FROM audit_leaves WHERE action = 'instruction.submitted' LIMIT 1`,
		w.Merchant, w.Person(apptest.Checker), lead)
	p := browsertest.Open(t).Page(t, browsertest.Options{NoScript: true, Lang: "en"})
	enter(p, w, apptest.Checker, "en")
	p.Go(w.URL + "/")
	if p.Text(".bell .waits") != "1" {
		t.Errorf("the bell says %q", p.Text(".bell"))
	}
	p.Axe()
	p.Click(".bell")
	p.Axe()
	if !strings.Contains(p.Text("td.lead"), "คุณmaker submitted INV-1") {
		t.Errorf("the notice says %q", p.Text("td.lead"))
	}
	p.Click("td.lead a")
	if !strings.HasSuffix(p.URL(), "/approvals/"+lead.String()) || p.Exists(".bell .waits") {
		t.Errorf("the notice leads to %s, or is still unread", p.URL())
	}
	p.Go(w.URL + "/account/notices")
	p.Axe()
	p.Click("[name=topic_waiting][value=off]")
	p.Click(".form-actions .primary")
	if p.Status() != http.StatusOK || !p.Exists("[name=topic_waiting][value=off][checked]") {
		t.Errorf("the choice is not kept (%d)", p.Status())
	}
	p.Fill("[data-search]", "inv-1")
	p.Press("Enter")
	p.Axe()
	if !p.Exists(`.results a[href="/presentments/` + bill.ID.String() + `"]`) {
		t.Errorf("at %s nothing is found", p.URL())
	}
}

// A page reads what its frame shows in its own snapshot: one transaction less.
func TestTheFrameIsReadAlongWithThePageOnce(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	frames, pages := 0, 0
	ctx := store.Along(t.Context(), func(q *store.Query) error {
		frames++
		if pages == 0 {
			t.Error("the frame was read before the page")
		}
		_, err := q.FrameCounts()
		return err
	})
	for range 3 {
		err := w.Web.Read(ctx, w.Actor(apptest.Maker), func(*store.Query) error { pages++; return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if frames != 1 || pages != 3 {
		t.Errorf("the frame was read %d times along with %d reads", frames, pages)
	}
}

func TestMailsThatWouldBeSentAndThoseThatWereNot(t *testing.T) {
	t.Parallel()
	box := &notify.Outbox{Clock: time.Now}
	w := apptest.New(t, func(c *app.Config) { c.Outbox = box })
	if err := box.Send(t.Context(), notify.Message{To: apptest.Email(apptest.Maker), Subject: "มีรายการรอคุณอนุมัติ", Text: "เรียน คุณmaker\r\n", HTML: "<p>เรียน คุณmaker</p>"}); err != nil {
		t.Fatal(err)
	}
	w.DB.Exec(`INSERT INTO mails (id, merchant_id, person_id, next_at, dead_at, tries, error) VALUES (gen_random_uuid(), $1, $2, now(), now(), 9, '550 5.1.1 <b>no such mailbox</b>')`,
		w.Merchant, w.Person(apptest.Maker))
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "th"})
	enter(p, w, apptest.Admin, "th")
	p.Go(w.URL + "/mail")
	p.Axe()
	p.Click("td.lead a")
	p.Axe()
	if !strings.Contains(p.Text("pre"), "เรียน คุณmaker") {
		t.Errorf("the mail says %q", p.Text("main"))
	}
	p.Go(w.URL + "/search?q=qwxzjk")
	p.Axe()
	p.Go(w.URL + "/mails/undelivered")
	p.Axe()
	if !strings.Contains(p.Text("main"), "550 5.1.1 <b>no such mailbox</b>") {
		t.Errorf("the page says %q", p.Text("main"))
	}
	p.Click("main form button")
	p.Axe()
	if strings.Contains(p.Text("main"), "550 5.1.1") {
		t.Error("a mail that is tried again still counts as undelivered")
	}
}
