package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/upload/samplepdf"
	"portal/internal/browsertest"
)

// enter signs a person in and lands on the list of bills.
func enter(p *browsertest.Page, w *apptest.World, person, lang string) {
	p.Go(w.URL + "/language/" + lang)
	p.Go(w.URL + "/sign-in")
	p.Fill("[name=email]", apptest.Email(person))
	p.Fill("[name=password]", apptest.Password)
	p.Submit("form.form")
	p.Go(w.URL + "/presentments")
}

func TestMakerMakesABillInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"with scripts":    {Lang: "th"},
		"without scripts": {Lang: "en", NoScript: true, Dark: true},
		"on a phone":      {Lang: "en", Width: 360, Height: 740},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			enter(p, w, apptest.Maker, o.Lang)
			p.Axe()
			p.Click(".page-title .primary, .empty .button")
			p.Axe()
			typeBill(t, p, !o.NoScript)
			attachFile(t, p)
			p.Click(".page-title .primary")
			p.Axe()
			p.Click(".confirm .primary")
			p.Axe()
			if p.Status() != 200 || !p.Exists(".timeline") || !strings.Contains(p.Text(".hero-amount"), "37,036.51") {
				t.Errorf("at %s: %d, %s", p.URL(), p.Status(), p.Text(".hero-amount"))
			}
			if strings.Contains(p.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}

// typeBill fills the form, first with mistakes.
func typeBill(t *testing.T, p *browsertest.Page, scripts bool) {
	t.Helper()
	p.Fill("[name=buyer_name]", "บริษัท เยิ้มน้ำผึ้งป่า จำกัด")
	p.Fill("[name=buyer_tax_id]", "0-1055-62000-00-8")
	p.Fill("[name=buyer_address]", "99 ถนนตัวอย่าง")
	p.Fill("[name=number]", "INV-1")
	p.Fill("#line-1-description", "ค่าที่ปรึกษา")
	p.Fill("#line-1-quantity", "3")
	p.Fill("#line-1-price", "12,345.50")
	if scripts {
		p.WaitText("#presentment-totals .total", "39,629.06")
		p.WaitText("#line-1-amount", "37,036.50")
	}
	p.Click("[value=add-line]")
	p.WaitFor("#line-2-description")
	if p.Text("#line-1-description") != "ค่าที่ปรึกษา" {
		t.Error("adding a line lost what was typed")
	}
	if scripts {
		var focused string
		if p.Eval("document.activeElement.id", &focused); focused != "line-2-description" {
			t.Errorf("the focus is on %q, not on the new line", focused)
		}
	}
	p.Fill("#line-2-description", "หนังสือ")
	p.Fill("#line-2-price", "0.01")
	p.Select("#line-2-vat", "exempt")
	p.Select("#line-1-vat", "zero")
	// The Enter key saves; it does not remove a line.
	p.Fill("[name=number]", "INV-1")
	p.Press("Enter")
	if p.Status() != 422 || p.Count(".error-summary a") != 1 || !p.Exists("#line-2-description") {
		t.Fatalf("a wrong tax id was answered %d with %d errors", p.Status(), p.Count(".error-summary a"))
	}
	p.Axe()
	if scripts {
		var focused string
		if p.Eval("document.activeElement.id", &focused); focused != "buyer_tax_id" {
			t.Errorf("the focus is on %q, not on the field in question", focused)
		}
	}
	p.Fill("[name=buyer_tax_id]", "0-1055-62000-00-7")
	p.Click(".form-actions .primary")
}

// attachFile attaches a file that is no PDF, then one that is.
func attachFile(t *testing.T, p *browsertest.Page) {
	t.Helper()
	p.Axe()
	bad, good := filepath.Join(t.TempDir(), "page.pdf"), filepath.Join(t.TempDir(), "ใบแจ้งหนี้.pdf")
	for file, content := range map[string][]byte{bad: []byte("<html></html>"), good: samplepdf.SamplePDF("INV-1")} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.Upload("[name=files]", bad)
	p.Click(".form-actions button")
	if p.Status() != 422 || !strings.Contains(p.Text(".field .error"), "page.pdf") {
		t.Errorf("a file that is no PDF was answered %d", p.Status())
	}
	p.Axe()
	p.Upload("[name=files]", good)
	p.Click(".form-actions button")
	if !strings.Contains(p.Text(".documents"), "ใบแจ้งหนี้.pdf") {
		t.Fatalf("at %s the file is not attached", p.URL())
	}
}

func TestListChangesInPlaceAndGoesBack(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Submitted(apptest.Maker, "INV-1")
	send(w.Client(apptest.Maker), "/presentments", billForm("INV-2"))
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "en"})
	enter(p, w, apptest.Auditor, "en")
	p.Eval("window.same = true", nil)
	p.Click(`.tabs a[href*="state=draft"]`)
	p.WaitText(".tabs [aria-current]", "Draft")
	if !strings.HasSuffix(p.URL(), "?state=draft") || p.Count("tbody tr") != 1 {
		t.Errorf("the tab leads to %s with %d rows", p.URL(), p.Count("tbody tr"))
	}
	p.Fill("main [name=q]", "nothing")
	p.WaitFor(".empty.filtered")
	if !strings.Contains(p.URL(), "q=nothing") || !strings.Contains(p.URL(), "state=draft") {
		t.Errorf("the search leads to %s", p.URL())
	}
	var same bool
	if p.Eval("window.same === true", &same); !same {
		t.Error("filtering loaded the page anew")
	}
	p.Back()
	p.WaitText("tbody", "INV-2")
	if p.Count("nav.rail") != 1 {
		t.Error("going back shows a page without its frame")
	}
}

func TestPageFollowsTheBillToTheBank(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	bill, lead := w.Submitted(apptest.Maker, "INV-1")
	agree(t, w, lead)
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "en"})
	enter(p, w, apptest.Maker, "en")
	p.Go(w.URL + "/presentments/" + bill.ID.String())
	p.WaitText(".state-line", "about to be sent")
	bank.Send()
	p.WaitText(".state-line", "The bank has it")
	p.WaitText(".timeline", "The bank took it as PSM")
	p.Axe()
	p.Click(".timeline .fold summary")
	p.Axe()
}
