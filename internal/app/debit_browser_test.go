package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/internal/store"
)

// TestAPayerIsRegisteredAndDebitedInABrowser takes a payer from the form to a
// mandate in force and on to a debit that the bank takes and one that it
// refuses, and looks at every page that tells of them.
func TestAPayerIsRegisteredAndDebitedInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"with scripts": {Lang: "th"}, "without scripts": {Lang: "en", NoScript: true, Dark: true, Width: 360, Height: 740},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newThread(t)
			w.payer("P0", "7770011512") // whose account holds too little
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			signIn(p, w.World, apptest.Maker, o.Lang, "/payers/new")
			registersInBrowser(t, p, w)
			taken := debitsInBrowser(t, p, w, o, "P7001")
			debitsInBrowser(t, p, w, o, "P0")
			p.Go(w.URL + taken)
			p.Axe()
			if state := w.ofDebit(taken, "state"); state != store.DebitTaken {
				t.Errorf("the debit is %s: %s", state, w.Log.String())
			}
			for page, path := range map[string]string{
				"payers": "/payers", "mandates": "/mandates", "debits": "/debits", "failed": "/debits?state=failed", "batches": "/debit-batches", "failures": "/debits/failures",
				"days": "/debit-days", "rules": "/debit-rules", "schedules": "/schedules", "home": "/",
			} {
				p.Go(w.URL + path)
				p.Axe()
				if p.Status() != http.StatusOK || strings.Contains(p.HTML(), "⟦") {
					t.Errorf("%s: %d, or a text is missing", path, p.Status())
				}
				if page != "home" && !p.Exists(`.page-header .tabs [aria-current]`) {
					t.Errorf("%s has no tab of its own", path)
				}
				if dir := os.Getenv("SHOTS"); dir != "" {
					p.Screenshot(filepath.Join(dir, page+"-"+strings.ReplaceAll(name, " ", "-")+".png"))
				}
			}
		})
	}
}

// registersInBrowser adds a payer and asks them for consent by a link, which
// they give in the bank's app.
func registersInBrowser(t *testing.T, p *browsertest.Page, w thread) {
	t.Helper()
	p.Fill("[name=code]", "P7001")
	p.Fill("[name=tax_id]", "1")
	p.Fill("[name=name]", "คุณสมหญิง ใจดี")
	p.Submit("main form.form")
	if p.Status() != http.StatusUnprocessableEntity || !p.Exists(".error-summary a[href='#tax_id']") {
		t.Errorf("a wrong tax id is answered with %d", p.Status())
	}
	p.Axe()
	p.Fill("[name=tax_id]", "")
	p.Submit("main form.form")
	p.Axe()
	p.Click(".page-header .button.primary")
	p.Axe()
	p.Submit("main form.form")
	p.Axe() // while the bank has not answered
	ask(t, w.bank)
	p.Go(p.URL())
	if !p.Exists("svg.qr") {
		t.Fatalf("there is no code to scan: %s", p.Text("main"))
	}
	p.Axe()
	if err := w.bank.Accept(w.text(`SELECT journey_id FROM mandates WHERE journey_id <> ''`), samplePayer); err != nil {
		t.Fatal(err)
	}
	w.bank.CallBack()
	ask(t, w.bank)
	p.Go(p.URL())
	if !p.Exists(".state-line .badge.good") {
		t.Errorf("the mandate is not in force: %s", p.Text("main"))
	}
	p.Axe()
}

// debitsInBrowser finds the payer, has a debit of theirs approved, and the bank
// asked for it.
func debitsInBrowser(t *testing.T, p *browsertest.Page, w thread, o browsertest.Options, code string) (page string) {
	t.Helper()
	p.Go(w.URL + "/debits/new")
	p.Axe()
	p.Fill("#debit-form [name=q]", code)
	if o.NoScript {
		p.Click("button[value=find-payer]")
	}
	p.WaitText("#debit-payers", code)
	p.Click("#debit-payers button")
	p.WaitFor("button[value=other-payer]")
	p.Fill("#debit-form [name=amount]", "10")
	p.Click("#debit-form button[value=save]")
	if !p.Exists(".error-summary a[href='#amount']") {
		t.Errorf("less than the bank takes is answered with %d", p.Status())
	}
	p.Axe()
	p.Fill("#debit-form [name=amount]", "1,000")
	p.Click("#debit-form button[value=save]")
	p.Axe()
	p.Submit("form.confirm")
	p.Axe()
	page = strings.TrimPrefix(p.URL(), w.URL)
	w.approve(w.ofDebit(page, "instruction_id"))
	return page
}
