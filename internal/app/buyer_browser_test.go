package app_test

import (
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
)

func TestMakerKeepsAndPicksABuyerInABrowser(t *testing.T) {
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
			keepBuyer(t, p, w, !o.NoScript)
			findInList(t, p, w, !o.NoScript)
			p.Go(w.URL + "/presentments/new")
			p.Axe()
			p.Fill("[name=number]", "INV-7")
			p.Fill("main [name=q]", "ตัวอย่างการค้า")
			if o.NoScript {
				p.Press("Enter")
			}
			p.WaitFor(".found button")
			p.Axe()
			switch {
			case o.NoScript:
				p.Click(".found button")
			case o.Width > 0:
				p.Press("ArrowDown")
				p.Press("Space")
			default:
				p.Press("Enter")
			}
			if p.Exists(".error-summary") || p.Status() != 200 {
				t.Errorf("picking a buyer sent the form: %d at %s", p.Status(), p.URL())
			}
			due := bangkokToday(45)
			for field, want := range map[string]string{
				"buyer_name": "บริษัท สยามตัวอย่างการค้า จำกัด", "buyer_tax_id": "0-1055-62000-00-7", "buyer_branch": "00000", "buyer_address": "99 ถนนตัวอย่าง 10200",
				"number": "INV-7", "credit_days": "45", "due_on": due,
			} {
				var got string
				p.Eval("document.getElementById('"+field+"').value", &got)
				if got != want {
					t.Errorf("%s is %q, want %q", field, got, want)
				}
			}
			if p.Exists(".found button") {
				t.Error("what was found is still offered")
			}
			p.Axe()
			if strings.Contains(p.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}

// keepBuyer adds a buyer, first with a mistake, and looks at its page.
func keepBuyer(t *testing.T, p *browsertest.Page, w *apptest.World, scripts bool) {
	t.Helper()
	p.Go(w.URL + "/buyers")
	p.Axe()
	p.Click(".empty .button")
	p.Axe()
	p.Fill("[name=name]", "บริษัท สยามตัวอย่างการค้า จำกัด")
	p.Fill("[name=tax_id]", "0105562000008")
	p.Fill("[name=address]", "99 ถนนตัวอย่าง")
	p.Fill("[name=postcode]", "10200")
	p.Fill("[name=terms_days]", "45")
	p.Click(".form-actions .primary")
	if p.Status() != 422 || p.Count(".error-summary a") != 1 {
		t.Fatalf("a wrong tax id was answered %d with %d faults", p.Status(), p.Count(".error-summary a"))
	}
	p.Axe()
	p.Fill("[name=tax_id]", "0-1055-62000-00-7")
	p.Click(".form-actions .primary")
	p.Axe()
	if !strings.Contains(p.Text("h1"), "สยามตัวอย่างการค้า") || !p.Exists(".timeline") {
		t.Fatalf("at %s", p.URL())
	}
	p.Go(w.URL + "/buyers/new")
	p.Fill("[name=name]", "บจก. สยามตัวอยางการค้า")
	if scripts {
		p.WaitFor("#buyer-flags .notice.warning a")
		p.Axe()
	}
}

// findInList searches the list.
func findInList(t *testing.T, p *browsertest.Page, w *apptest.World, scripts bool) {
	t.Helper()
	p.Go(w.URL + "/buyers")
	p.Fill("main [name=q]", "nobody")
	if !scripts {
		p.Click(".toolbar .button")
	}
	p.WaitFor(".empty.filtered")
	p.Axe()
	p.Fill("main [name=q]", "0-1055")
	if !scripts {
		p.Click(".toolbar .button")
	}
	p.WaitText("tbody", "สยามตัวอย่างการค้า")
	p.Axe()
}
