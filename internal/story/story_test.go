package story_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portal/internal/app/upload/samplepdf"
	"portal/internal/browsertest"
	"portal/web/text"
)

// The buyer, whom the program has not met before, and what is billed.
const (
	buyerName       = "บริษัท ลูกค้าใหม่ของเรื่องนี้ จำกัด"
	buyerTaxID      = "0105562000007"
	buyerAddress    = "77 ซอยเรื่องเล่า เขตทดสอบ กรุงเทพมหานคร 10900"
	wrongTaxID      = "0105562000008"
	merchantAccount = "9990000018" // of the demo
	settlementNote  = "โทรถามธนาคาร พบรายการแล้ว"
	cancelReason    = "ลูกค้าขอใบใหม่"
	total           = "1,325.00" // 2 × 500.00 and 7 % of it, and 10 × 25.50 without
)

// story is one telling of the whole story, by people who read one language.
type story struct {
	*program
	t            *testing.T
	name         string
	lang         text.Lang
	desk, mirror browsertest.Options
	people       map[string]*person // who is signed in
	pictures     int
}

// bill is what the maker saw of a bill when it was submitted.
type bill struct {
	number, path, approval, fingerprint, sha256 string
}

func TestTheWholeStoryInThai(t *testing.T) {
	t.Parallel()
	tell(t, &story{name: "th", lang: text.TH,
		desk:   browsertest.Options{Lang: "th", Width: 1280},
		mirror: browsertest.Options{Lang: "th", Width: 360, Height: 740, Dark: true}})
}

func TestTheWholeStoryInEnglish(t *testing.T) {
	t.Parallel()
	tell(t, &story{name: "en", lang: text.EN,
		desk:   browsertest.Options{Lang: "en", Width: 1280, Dark: true},
		mirror: browsertest.Options{Lang: "en", Width: 360, Height: 740}})
}

func TestTheWholeStoryWithoutScripts(t *testing.T) {
	t.Parallel()
	tell(t, &story{name: "noscript", lang: text.TH, desk: browsertest.Options{Lang: "th", Width: 360, Height: 740, NoScript: true}})
}

func tell(t *testing.T, s *story) {
	s.t, s.program, s.people = t, start(t), map[string]*person{}
	first := s.aBillIsMade("STORY-1")
	s.anotherPersonApproves(first)
	s.theBankHasIt(first)
	second := s.anotherBillIsSubmitted("STORY-2")
	s.theLineIsCut(second)
	s.twoPeopleSettle(second)
	s.itIsCancelled(second)
	s.theAuditorReads(second)
	s.theTrailHolds()
	s.tamperingIsFound()
}

func (s *story) scripted() bool { return !s.desk.NoScript }

// aBillIsMade signs the maker in and ends with the bill submitted.
func (s *story) aBillIsMade(number string) bill {
	s.t.Helper()
	maker := s.visitor("maker")
	maker.open("/presentments/new")
	maker.look("sign-in")
	for _, page := range maker.pages() {
		page.Go(s.url + "/presentments/new")
		maker.choose(page)
		maker.enter(page, "not the password")
		if page.Status() != 422 {
			s.t.Errorf("a wrong password gave %d", page.Status())
		}
		maker.enter(page, s.password)
	}
	if maker.path() != "/presentments/new" {
		s.t.Fatalf("after signing in the maker is at %s", maker.path())
	}
	maker.look("new")
	s.theFormIsFilled(maker, number, wrongTaxID)
	s.theMistakeIsMended(maker, number)
	maker.look("draft")
	b := bill{number: number, path: maker.path()}
	s.hostileDocumentsAreRefused(maker, number)
	s.aDocumentIsAttached(maker, &b)
	s.itIsSubmitted(maker, &b)
	s.itIsSubmittedOnce(maker, b)
	s.theLanguageIsSwitched(maker)
	maker.open(b.path)
	maker.signOut(buyerName, number)
	return b
}

// theFormIsFilled types a bill of two lines and saves it.
func (s *story) theFormIsFilled(maker *person, number, taxID string) {
	s.t.Helper()
	maker.Fill("#buyer_name", buyerName)
	maker.Fill("#buyer_tax_id", taxID)
	maker.Fill("#buyer_address", buyerAddress)
	maker.Fill("#number", number)
	maker.Fill("#line-1-description", "ค่าบริการเล่าเรื่อง")
	maker.Fill("#line-1-quantity", "2")
	maker.Fill("#line-1-price", "500")
	if s.scripted() {
		maker.WaitText("#presentment-totals", "1,070.00")
		maker.WaitText("#line-1-amount", "1,000.00")
	}
	maker.Click("button[value=add-line]")
	maker.Fill("#line-2-description", "หนังสือ")
	maker.Fill("#line-2-quantity", "10")
	maker.Fill("#line-2-price", "25.50")
	maker.Select("#line-2-vat", "exempt")
	if s.scripted() {
		maker.WaitText("#presentment-totals", total)
		maker.WaitText("#presentment-totals", "หนึ่งพันสามร้อยยี่สิบห้าบาทถ้วน")
	}
	maker.Click(".button.primary[value=save]")
}

// theMistakeIsMended finds everything typed still there, and what is wrong.
func (s *story) theMistakeIsMended(maker *person, number string) {
	s.t.Helper()
	if maker.Status() != 422 {
		s.t.Fatalf("a wrong tax id gave %d", maker.Status())
	}
	maker.sees("#buyer_tax_id-error", s.word("presentment.error.tax_id_check"))
	if !maker.Exists("#buyer_tax_id[aria-invalid=true]") {
		s.t.Error("the field does not say that it is wrong")
	}
	for field, typed := range map[string]string{
		"#buyer_name": buyerName, "#buyer_tax_id": wrongTaxID, "#buyer_address": buyerAddress, "#number": number,
		"#line-1-price": "500", "#line-2-description": "หนังสือ", "#line-2-price": "25.50", "#line-2-vat": "exempt",
	} {
		if got := maker.Text(field); got != typed {
			s.t.Errorf("%s was not kept: %q", field, got)
		}
	}
	maker.look("wrong-tax-id")
	maker.Fill("#buyer_tax_id", buyerTaxID)
	maker.Click(".button.primary[value=save]")
	maker.sees("main", total, buyerName, number, s.word("presentment.saved"))
}

// file writes what somebody is about to upload.
func (s *story) file(name string, content []byte) (path string) {
	s.t.Helper()
	path = filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// hostileDocumentsAreRefused tries what only looks like an invoice.
func (s *story) hostileDocumentsAreRefused(maker *person, number string) {
	s.t.Helper()
	// Of the same length, so that everything else in the file is in its place.
	launch := strings.Replace(string(samplepdf.SamplePDF(number)), "/OpenAction [3 0 R /Fit]", "/OpenAction<</S/Launch>>", 1)
	for _, c := range []struct{ name, content, reason string }{
		{"page.pdf", "<html><script>alert(1)</script></html>", "presentment.upload.not_pdf"},
		{"launch.pdf", launch, "presentment.upload.launch"},
	} {
		maker.Upload("input[name=files]", s.file(c.name, []byte(c.content)))
		maker.Submit("input[name=files]")
		if maker.Status() != 422 {
			s.t.Errorf("%s gave %d", c.name, maker.Status())
		}
		maker.sees("#documents", s.word(c.reason, "name", c.name))
		if maker.Exists(`#documents a[href^="/files/"]`) {
			s.t.Errorf("%s was attached", c.name)
		}
	}
	maker.look("refused-file")
}

// aDocumentIsAttached uploads a real invoice.
func (s *story) aDocumentIsAttached(maker *person, b *bill) {
	s.t.Helper()
	if !regexp.MustCompile(`^/presentments/[0-9a-f-]{36}(/documents)?$`).MatchString(maker.path()) {
		s.t.Fatalf("the saved draft is at %s", maker.path())
	}
	content := samplepdf.SamplePDF(b.number)
	maker.Upload("input[name=files]", s.file("invoice.pdf", content))
	maker.Submit("input[name=files]")
	sum := sha256.Sum256(content)
	b.sha256 = hex.EncodeToString(sum[:])
	maker.sees("#documents", "invoice.pdf")
	if !maker.Exists(`#documents code[title="` + b.sha256 + `"]`) {
		s.t.Errorf("the page does not show the file's hash %s", b.sha256)
	}
}

// itIsSubmitted goes by the page where everything is checked once more.
func (s *story) itIsSubmitted(maker *person, b *bill) {
	s.t.Helper()
	maker.open(b.path)
	maker.Click(`.page-header a[href$="/submission/new"]`)
	maker.look("check")
	maker.sees("main", buyerName, total, b.number, "invoice.pdf")
	if s.scripted() {
		// Twice before anything came back, as with a nervous finger.
		maker.Eval(`(() => { const b = document.querySelector('form[action$="/submission"] button'); b.click(); b.click() })()`, nil)
		maker.WaitFor("#story")
	} else {
		maker.Submit(`form[action$="/submission"]`)
	}
	if maker.path() != b.path {
		s.t.Fatalf("after submitting the maker is at %s", maker.path())
	}
	maker.sees(".state-line", s.word("presentment.state.submitted"))
	b.fingerprint = s.attribute(maker, `title="([0-9a-f]{64})"[^<]*<`, func(v string) bool { return v != b.sha256 })
	b.approval = s.attribute(maker, `href="(/approvals/[0-9a-f-]{36})"`, nil)
}

// itIsSubmittedOnce tries once more, as when the answer got lost.
func (s *story) itIsSubmittedOnce(maker *person, b bill) {
	s.t.Helper()
	maker.look("submitted")
	maker.Back()
	if maker.Exists(`form[action$="/submission"]`) {
		maker.Submit(`form[action$="/submission"]`)
	}
	if maker.path() != b.path {
		s.t.Errorf("submitting once more leads to %s", maker.path())
	}
	maker.open("/approvals?tab=others")
	n := 0
	for _, row := range maker.Texts("tbody tr") {
		if strings.Contains(row, b.number) {
			n++
		}
	}
	if n != 1 {
		s.t.Errorf("%d rows wait for approval, want 1", n)
	}
}

// attribute reads the first match from the page that ok accepts.
func (s *story) attribute(p *person, pattern string, ok func(string) bool) string {
	s.t.Helper()
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(p.HTML(), -1) {
		if ok == nil || ok(m[1]) {
			return m[1]
		}
	}
	s.t.Fatalf("%s does not show %s", p.path(), pattern)
	return ""
}

// theLanguageIsSwitched goes there and back, and stays where it was.
func (s *story) theLanguageIsSwitched(maker *person) {
	s.t.Helper()
	other := map[text.Lang]string{text.TH: "en", text.EN: "th"}[s.lang]
	at := "/presentments?q=STORY&state=submitted"
	maker.open(at)
	maker.look("list")
	rows := maker.Count("tbody tr")
	for _, lang := range []string{other, string(s.lang)} {
		maker.Click(`.languages a[lang="` + lang + `"]`)
		if maker.path() != at || !maker.Exists(`html[lang="`+lang+`"]`) || maker.Count("tbody tr") != rows {
			s.t.Errorf("switching to %s leads to %s", lang, maker.path())
		}
	}
}

// anotherPersonApproves shows the checker what the maker saw.
func (s *story) anotherPersonApproves(b bill) {
	s.t.Helper()
	checker := s.signedIn("checker1")
	checker.open("/approvals")
	checker.look("inbox")
	rows := slices.DeleteFunc(checker.Texts("tbody tr"), func(row string) bool { return !strings.Contains(row, b.number) })
	if len(rows) != 1 || !strings.Contains(rows[0], total) {
		s.t.Fatalf("the inbox shows %q", rows)
	}
	checker.Click(`a[href="` + b.approval + `"]`)
	checker.look("approval")
	s.sameAsSubmitted(checker, b)
	if s.scripted() {
		s.slowBank()
	}
	checker.Submit(`form[action$="/approval"]`)
	checker.sees("main", s.word("approval.done"))
	checker.look("approved")
	checker.open(b.path)
	s.becomes(checker, "presentment.turn.presented")
	checker.look("presented")
	checker.signOut(buyerName, b.number)
}

func (s *story) sameAsSubmitted(checker *person, b bill) {
	s.t.Helper()
	checker.sees(".ask", buyerName, total, b.number)
	checker.sees(".hero", total)
	checker.sees(".files", "invoice.pdf")
	if !checker.Exists(`.fingerprint code[title="` + b.fingerprint + `"]`) {
		s.t.Error("the checker does not see the maker's fingerprint")
	}
	if !checker.Exists(`.files code[title="` + b.sha256 + `"]`) {
		s.t.Error("the checker does not see the file's hash")
	}
	if !s.scripted() {
		return
	}
	var hash string
	checker.Eval(`fetch(document.querySelector(".files a").href).then(r => r.arrayBuffer()).then(b => crypto.subtle.digest("SHA-256", b)).
		then(h => [...new Uint8Array(h)].map(b => b.toString(16).padStart(2, "0")).join(""))`, &hash)
	if hash != b.sha256 {
		s.t.Errorf("the checker opens another file: %s", hash)
	}
}

// slowBank has the bank take its time, so that the page is open while the bill
// is on its way.
func (s *story) slowBank() {
	s.t.Helper()
	s.fault("slow", "presentment.create", "2")
}

// fault switches one on for the next request, on the stand-in bank's own page.
func (s *story) fault(kind, operation, seconds string) {
	s.t.Helper()
	bank := browsertest.Open(s.t).Page(s.t, browsertest.Options{NoScript: s.desk.NoScript})
	bank.Go(s.bank)
	bank.Select("#kind", kind)
	bank.Select("#operation", operation)
	bank.Fill("#times", "1")
	if seconds != "" {
		bank.Fill("#seconds", seconds)
	}
	bank.Submit("#kind")
	bank.WaitText(".active", kind)
}

// becomes waits for a bill's page to say where it stands; with scripts it has
// to do so by itself.
func (s *story) becomes(p *person, key string) {
	s.t.Helper()
	if s.scripted() {
		p.WaitText(".state-line", s.word(key))
	} else {
		p.reload(".state-line", s.word(key))
	}
}

// theBankHasIt reads the stand-in bank's own page.
func (s *story) theBankHasIt(b bill) string {
	s.t.Helper()
	bank := browsertest.Open(s.t).Page(s.t, browsertest.Options{NoScript: s.desk.NoScript})
	bank.Go(s.bank)
	// Both the sections and their scrolling tables are landmarks of one name.
	bank.Axe("landmark-unique")
	row := ""
	for _, r := range bank.Texts(`section[aria-labelledby="presentments"] tbody tr`) {
		if strings.Contains(r, b.number) {
			row = r
		}
	}
	reference := regexp.MustCompile(`PSM\d+`).FindString(row)
	if reference == "" || !strings.Contains(row, "1325.00") || !strings.Contains(row, buyerName) {
		s.t.Fatalf("the bank's page shows %q for %s", row, b.number)
	}
	if b.sha256 != "" && (!strings.Contains(row, "invoice.pdf") || !strings.Contains(row, b.sha256[:12])) {
		s.t.Errorf("the bank has not got the document: %q", row)
	}
	return reference
}

// anotherBillIsSubmitted is the short way, without mistakes.
func (s *story) anotherBillIsSubmitted(number string) bill {
	s.t.Helper()
	maker := s.signedIn("maker")
	maker.open("/presentments/new")
	s.theFormIsFilled(maker, number, buyerTaxID)
	b := bill{number: number, path: maker.path()}
	s.aDocumentIsAttached(maker, &b)
	s.itIsSubmitted(maker, &b)
	return b
}

// theLineIsCut loses the bank's answer after it acted.
func (s *story) theLineIsCut(b bill) {
	s.t.Helper()
	s.fault("cut-after", "presentment.create", "")
	checker := s.signedIn("checker1")
	checker.open(b.approval)
	checker.Submit(`form[action$="/approval"]`)
	checker.open(b.path)
	s.becomes(checker, "presentment.turn.unknown")
	checker.sees("main", s.word("presentment.unknown_title"), s.word("presentment.unknown_body"))
	checker.look("unknown")
}

// twoPeopleSettle has one say what happened and another agree.
func (s *story) twoPeopleSettle(b bill) {
	s.t.Helper()
	reference := s.theBankHasIt(bill{number: b.number})
	first := s.signedIn("checker1")
	first.open("/unknown")
	first.look("desk")
	first.sees("#desk", b.number, total)
	item := s.attribute(first, `href="(/unknown/[0-9a-f-]{36})">[^<]*`+b.number, nil)
	first.open(item)
	first.look("desk-item")
	first.sees("#slip", b.number, "1,325.00")
	first.Click("input[name=outcome][value=done]")
	first.Fill("[name=note]", settlementNote)
	first.Submit("[name=note]")
	if first.Status() != 422 {
		s.t.Errorf("a proposal without the bank's reference gave %d", first.Status())
	}
	first.sees("#bank_reference-error", s.word("desk.reference_missing"))
	first.look("desk-no-reference")
	first.Fill("[name=bank_reference]", reference)
	first.Submit("[name=note]")
	first.sees("main", s.word("desk.proposed"), reference)
	first.look("desk-proposed")
	if first.Exists(`form[action$="/confirmation"]`) || first.Exists(`form[action$="/settlements"]`) {
		s.t.Error("whoever proposed it can confirm it, or propose again")
	}

	second := s.signedIn("checker2")
	second.open("/unknown")
	second.Click(`a[href="` + item + `"]`)
	second.look("desk-confirm")
	second.sees("#proposal", reference, settlementNote)
	second.Submit(`form[action$="/confirmation"]`)
	second.sees("main", s.word("desk.confirmed"), s.word("desk.settled"))
	second.look("desk-settled")
	second.open(item + "/slip")
	second.look("slip")
	second.open(b.path)
	s.becomes(second, "presentment.turn.presented")
	s.theBankHasIt(b)
}

// itIsCancelled takes the bill back as a whole, by two people again.
func (s *story) itIsCancelled(b bill) {
	s.t.Helper()
	maker := s.signedIn("maker")
	maker.open(b.path)
	maker.Click(`a[href$="/cancellation/new"]`)
	maker.look("cancel")
	maker.sees("main", total, b.number)
	maker.Fill("[name=reason]", cancelReason)
	maker.Submit("[name=reason]")
	maker.sees("main", s.word("presentment.cancellation_submitted"))
	maker.look("cancel-submitted")
	approval := s.attribute(maker, `href="(/approvals/[0-9a-f-]{36})"`, nil)
	maker.open("/account")
	maker.look("account")

	checker := s.signedIn("checker2")
	checker.open(approval)
	checker.sees("main", total, b.number, cancelReason)
	checker.look("cancel-approval")
	checker.Submit(`form[action$="/approval"]`)
	checker.open(b.path)
	s.becomes(checker, "presentment.turn.cancelled")
	checker.look("cancelled")
}
