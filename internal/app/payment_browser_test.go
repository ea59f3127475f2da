package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
	"portal/internal/app/upload/samplepdf"
	"portal/internal/browsertest"
	"portal/web/text"
)

// inBrowsers are the ways in which the main jobs are done: each language once,
// with scripts and without, and on a phone.
var inBrowsers = map[string]browsertest.Options{
	"with scripts":    {Lang: "th"},
	"without scripts": {Lang: "en", NoScript: true, Dark: true},
	"on a phone":      {Lang: "th", Width: 360, Height: 740},
}

// TestMoneyInIsMatchedAndItsCertificateTakenInInABrowser brings a statement,
// looks at what was matched by itself, matches the rest by hand, asks for the
// certificate of what was withheld and takes it in with its scan, and closes
// the books.
func TestMoneyInIsMatchedAndItsCertificateTakenInInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range inBrowsers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			billsAtBuyer(t, w, "INV-0001", "INV-0002")
			in := func(key string, pairs ...any) string {
				return text.T(text.With(t.Context(), text.Locale{Lang: text.Lang(o.Lang)}), key, pairs...)
			}
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			signIn(p, w, apptest.Maker, o.Lang, "/payments")
			bringStatementInBrowser(t, p, w)
			p.Go(w.URL + "/payments")
			p.Axe()
			if rows := p.Count("td.lead a"); rows != 3 {
				t.Fatalf("the list shows %d payments: %s", rows, p.Text("main"))
			}
			p.Go(w.URL + "/payments?state=matched")
			p.Click("td.lead a")
			p.Axe()
			if said := p.Text("#used"); !strings.Contains(said, "INV-0001") || !strings.Contains(said, "30.00") {
				t.Errorf("it does not say why it was matched: %s", said)
			}
			matchByHand(t, p, w)
			takeCertificateIn(t, p, w)
			checker := browsertest.Open(t).Page(t, o)
			signIn(checker, w, apptest.Checker, o.Lang, "/payments/books")
			checker.Click("form[action='/payments/books'] button")
			checker.Axe()
			if said := checker.Text("main"); !strings.Contains(said, "คุณ"+apptest.Checker) || !strings.Contains(said, in("payment.no_open_days")) {
				t.Errorf("the books say %s", said)
			}
			if strings.Contains(p.HTML()+checker.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}

// bringStatementInBrowser imports a statement with a bill paid less tax, a part
// of another bill, and interest.
func bringStatementInBrowser(t *testing.T, p *browsertest.Page, w *apptest.World) {
	t.Helper()
	p.Click(".page-title .primary")
	p.Axe()
	on := time.Now().In(thai.Bangkok).Format(time.DateOnly)
	file := filepath.Join(t.TempDir(), "statement.csv")
	content := fmt.Sprintf("Date,Money in,Reference 1,Bank reference\n%[1]s,1040,INV-0001,B1\n%[1]s,500,สมชาย,B2\n%[1]s,1.25,ดอกเบี้ย,B3\n", on)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Upload("[name=file]", file)
	p.Submit("form.form")
	goOnInBrowser(p, "#make-drafts")
	p.Axe()
	p.Click("#make-drafts")
	goOnInBrowser(p, "a[href^='/payments']")
	p.Axe()
}

// goOnInBrowser presses on, where no script does, until something is there.
func goOnInBrowser(p *browsertest.Page, css string) {
	for range 50 {
		if p.Exists(css) || !p.Exists("form[action$='/next'] button") {
			break
		}
		p.Click("form[action$='/next'] button")
	}
	p.WaitFor(css)
}

// matchByHand matches a payment to more than is open, then to a part of it, and
// sets another aside.
func matchByHand(t *testing.T, p *browsertest.Page, w *apptest.World) {
	t.Helper()
	p.Go(w.URL + "/payments?q=B2")
	p.Click("td.lead a")
	p.Axe()
	p.Fill("[name=number]", "INV-0009")
	p.Fill("form[action$='/matches'] [name=applied]", "500")
	p.Click("form[action$='/matches'] button")
	if p.Status() != 422 || !p.Exists("#number-error") {
		t.Errorf("a bill that is none: %d", p.Status())
	}
	p.Axe()
	p.Fill("[name=number]", "INV-0002")
	p.Click("form[action$='/matches'] button")
	p.Axe()
	if said := p.Text("#used"); !strings.Contains(said, "INV-0002") {
		t.Errorf("it is matched to %s", said)
	}
	p.Go(w.URL + "/payments?q=B3")
	p.Click("td.lead a")
	p.Click("form[action$='/aside'] button")
	if p.Status() != 422 || !p.Exists("#reason-error") {
		t.Errorf("no reason: %d", p.Status())
	}
	p.Axe()
	p.Select("[name=reason]", "interest")
	p.Click("form[action$='/aside'] button")
	p.Axe()
}

// takeCertificateIn asks for the certificate by letter, takes it in with a scan
// that is none, then with one, and finds the scan in the library.
func takeCertificateIn(t *testing.T, p *browsertest.Page, w *apptest.World) {
	t.Helper()
	p.Go(w.URL + "/payments/certificates")
	p.Axe()
	p.Click("a[href$='/letter']")
	p.Axe()
	if said := p.Text("main"); !strings.Contains(said, "สามสิบบาทถ้วน") {
		t.Errorf("the letter says %s", said)
	}
	p.Click("form[action$='/letter'] button")
	p.Axe()
	p.Click("td.lead a")
	p.Axe()
	p.Fill("[name=number]", "12/0345")
	p.Fill("[name=on]", time.Now().In(thai.Bangkok).Format("02/01/2006"))
	p.Upload("[name=scan]", onDisk(t, []attachment{{"50ทวิ.pdf", []byte("<html></html>")}})...)
	p.Click("form[action$='/receipt'] .primary")
	if p.Status() != 422 || !p.Exists("#scan-error") {
		t.Errorf("a page as a scan: %d %s", p.Status(), p.Text("main"))
	}
	p.Axe()
	p.Upload("[name=scan]", onDisk(t, []attachment{{"50ทวิ.pdf", samplepdf.SamplePDF("12/0345")}})...)
	p.Click("form[action$='/receipt'] .primary")
	if !p.Exists("iframe.preview") || !strings.Contains(p.Text("main"), "12/0345") {
		t.Errorf("it was not taken in: %s", p.Text("main"))
	}
	p.Axe()
	p.Go(w.URL + "/payments/certificates?state=received")
	p.Axe()
	p.Go(w.URL + "/documents?used=certificate")
	p.Click("td.lead a")
	p.Axe()
	if said := p.Text("main"); !strings.Contains(said, "12/0345") || !p.Exists("a[href^='/payments/certificates/']") {
		t.Errorf("the library says of the scan %s", said)
	}
}
