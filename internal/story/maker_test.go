package story_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"portal/internal/app/upload/samplepdf"
	"portal/web/text"
)

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
		page.WaitText(".notice", s.word("edge.refused_title"))
		maker.enter(page, s.password)
		page.WaitFor("#presentment-form")
	}
	maker.arrives("/presentments/new")
	maker.look("new")
	s.theFormIsFilled(maker, number, wrongTaxID)
	s.theMistakeIsMended(maker, number)
	maker.look("draft")
	b := bill{number: number, path: s.draftOf(maker)}
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
	maker.gets(http.StatusUnprocessableEntity)
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

// draftOf is where the draft is that was just saved.
func (s *story) draftOf(maker *person) string {
	s.t.Helper()
	maker.WaitFor("#documents")
	return maker.path()
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
		{"page.pdf", "<html><script>alert(1)</script></html>", "document.upload.active_xml"},
		{"launch.pdf", launch, "presentment.upload.launch"},
	} {
		maker.Upload("input[name=files]", s.file(c.name, []byte(c.content)))
		maker.Submit("input[name=files]")
		maker.gets(http.StatusUnprocessableEntity)
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
	maker.WaitFor("input[name=files]")
	content := samplepdf.SamplePDF(b.number)
	maker.Upload("input[name=files]", s.file("invoice.pdf", content))
	maker.Submit("input[name=files]")
	sum := sha256.Sum256(content)
	b.sha256 = hex.EncodeToString(sum[:])
	maker.WaitFor(`#documents code[title="` + b.sha256 + `"]`)
	maker.sees("#documents", "invoice.pdf")
}

// itIsSubmitted goes by the page where everything is checked once more.
func (s *story) itIsSubmitted(maker *person, b *bill) {
	s.t.Helper()
	maker.open(b.path)
	maker.Click(`.page-header a[href$="/submission/new"]`)
	maker.WaitFor(`form[action$="/submission"]`)
	maker.look("check")
	maker.sees("main", buyerName, total, b.number, "invoice.pdf")
	if s.scripted() {
		// Twice before anything came back, as with a nervous finger.
		maker.Eval(`(() => { const b = document.querySelector('form[action$="/submission"] button'); b.click(); b.click() })()`, nil)
	} else {
		maker.Submit(`form[action$="/submission"]`)
	}
	maker.arrives(b.path)
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
	maker.arrives(b.path)
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
		maker.WaitFor(`html[lang="` + lang + `"]`)
		maker.arrives(at)
		if maker.Count("tbody tr") != rows {
			s.t.Errorf("switching to %s shows another list", lang)
		}
	}
}

// anotherBillIsSubmitted is the short way, without mistakes.
func (s *story) anotherBillIsSubmitted(number string) bill {
	s.t.Helper()
	maker := s.signedIn("maker")
	maker.open("/presentments/new")
	s.theFormIsFilled(maker, number, buyerTaxID)
	b := bill{number: number, path: s.draftOf(maker)}
	s.aDocumentIsAttached(maker, &b)
	s.itIsSubmitted(maker, &b)
	return b
}
