package app_test

import (
	"path"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/etax"
	"portal/internal/browsertest"
	"portal/web/text"
)

// TestATaxInvoiceIsIssuedInABrowser types a tax invoice with mistakes, has it
// approved, sees it come back, hands it out again and corrects a line.
func TestATaxInvoiceIsIssuedInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"with scripts":    {Lang: "th"},
		"without scripts": {Lang: "en", NoScript: true, Dark: true},
		"on a phone":      {Lang: "th", Width: 360, Height: 740},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newThread(t)
			ctx := text.With(t.Context(), text.Locale{Lang: text.Lang(o.Lang)})
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			enter(p, w.World, apptest.Maker, o.Lang)
			p.Go(w.URL + "/etax")
			p.Axe()
			p.Click(".page-title .primary")
			p.Axe()
			typeEtax(p)
			p.Click("form .form-actions .primary, form .primary[name=do]")
			fault := text.T(ctx, text.Prefix("etax.fault.")+string(etax.BranchForm))
			if !strings.Contains(p.HTML(), fault) {
				t.Fatalf("the wrong branch is not told: %s", p.Text("main"))
			}
			p.Axe()
			p.Fill("[name=buyer_branch]", "00012")
			p.Click("form .form-actions .primary, form .primary[name=do]")
			p.Axe()
			p.Click(".confirm .primary")
			p.Axe()
			w.approveLast()
			if err := w.bank.Advance(time.Hour); err != nil {
				t.Fatal(err)
			}
			w.bank.CallBack()
			p.Go(p.URL())
			if !strings.Contains(p.Text("main"), text.T(ctx, "etax.state.acknowledged")) || !p.Exists("#files a") {
				t.Fatalf("it did not come back: %s", p.Text("main"))
			}
			p.Axe()
			page := p.URL()
			p.Go(page + "/reissue/new")
			p.Axe()
			p.Fill("[name=recipient_0_address]", "second@bualuang.example")
			p.Click("[name=do][value=save]")
			w.approveLast()
			p.Go(page)
			if !strings.Contains(p.Text("#reissues"), "second@bualuang.example") {
				t.Errorf("it was not handed out again: %s", p.Text("#reissues"))
			}
			p.Click("a[href*='kind=81']")
			p.Axe()
			p.Select("[name=purpose]", "CDNG04")
			p.Fill("[name=line_0_price]", "90")
			p.Click("form .form-actions .primary, form .primary[name=do]")
			if !strings.Contains(p.Text("main"), "214.00") {
				t.Errorf("the credit note does not come to 214.00: %s", p.Text("main"))
			}
			p.Axe()
			p.Go(w.URL + "/etax/new?kind=388&from=" + path.Base(page))
			p.Axe()
			if strings.Contains(p.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}

// approveLast has the checker agree to what was asked last.
func (w thread) approveLast() {
	w.t.Helper()
	w.approve(w.text(`SELECT id FROM instructions WHERE state = 'pending' ORDER BY submitted_at DESC LIMIT 1`))
}

func typeEtax(p *browsertest.Page) {
	for _, f := range [][2]string{
		{"seller_building", "99/1"}, {"seller_district", "1028"}, {"seller_sub_district", "102803"}, {"seller_postcode", "10120"},
		{"buyer_name", "บริษัท เยิ้มน้ำผึ้งป่า จำกัด"}, {"buyer_id", "0-1055-61000-01-1"}, {"buyer_branch", "123456"}, {"buyer_line", "99 ถนนตัวอย่าง"},
		{"buyer_postcode", "10500"}, {"line_0_name", "กระดาษ A4"}, {"line_0_quantity", "20"}, {"line_0_price", "100.00"},
		{"recipient_0_address", "ap@bualuang.example"},
	} {
		p.Fill("[name="+f[0]+"]", f[1])
	}
	p.Select("[name=seller_province]", "10")
}
