package app_test

import (
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/internal/store"
)

func TestAnAuditorAsksTheTrailInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"with scripts":    {Lang: "th"},
		"without scripts": {Lang: "en", NoScript: true, Dark: true},
		"on a phone":      {Lang: "th", Width: 360, Height: 740},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			bill, _ := w.Submitted(apptest.Maker, "INV-7")
			leaf := say(t, w, apptest.Maker, "buyer.added", store.About("buyer", store.NewID()), map[string]any{"name": "ก", "tax_id": "1101700230708"})
			w.Client(apptest.Checker).Get("/presentments/" + bill.ID.String())
			w.Settle()
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			enter(p, w, apptest.Auditor, o.Lang)
			askWhoSaw(t, p, w, bill.BuyerTaxID)
			for _, path := range []string{"/audit?says=INV-7", "/audit/about?q=INV-7", "/audit/about/presentment/" + bill.ID.String(), "/audit/people", "/audit/people/" + w.Person(apptest.Maker).String()} {
				p.Go(w.URL + path)
				p.Axe()
				if !strings.Contains(p.HTML(), "INV-7") && path != "/audit/people" {
					t.Errorf("%s does not tell of the bill", path)
				}
			}
			p.Go(w.URL + "/audit/checks")
			p.Axe()
			p.Submit("main form")
			p.Axe()
			if !p.Exists("[role=status]") {
				t.Error("nothing says that the check is waited for")
			}
			revealOne(t, p, w, leaf)
			if strings.Contains(p.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}

func askWhoSaw(t *testing.T, p *browsertest.Page, w *apptest.World, id string) {
	t.Helper()
	p.Go(w.URL + "/audit/seen")
	p.Axe()
	p.Fill("[name=id]", "123")
	p.Submit("main form")
	p.Axe()
	if p.Status() != 422 || !p.Exists("#id-error") {
		t.Errorf("a number that is none: %d", p.Status())
	}
	p.Fill("[name=id]", id)
	p.Submit("main form")
	p.Axe()
	if html := p.HTML(); !strings.Contains(html, "คุณchecker") || strings.Contains(html, id) || strings.Contains(p.URL(), id) {
		t.Errorf("who saw it, at %s", p.URL())
	}
}

func revealOne(t *testing.T, p *browsertest.Page, w *apptest.World, leaf store.ID) {
	t.Helper()
	p.Go(w.URL + "/audit/leaves/" + leaf.String())
	p.Axe()
	p.Click(`a[href$="what=field:tax_id"]`)
	p.Axe()
	p.Fill("[name=reason]", "ร้องเรียน 12/2569")
	p.Submit("main form")
	p.Axe()
	if html := p.HTML(); strings.Count(html, "1101700230708") != 1 {
		t.Errorf("the id is shown %d times", strings.Count(html, "1101700230708"))
	}
}
