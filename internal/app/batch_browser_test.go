package app_test

import (
	"fmt"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/browsertest"
)

func TestMakerSubmitsManyBillsInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"with scripts":    {Lang: "th"},
		"without scripts": {Lang: "en", NoScript: true, Dark: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			for n := range 60 {
				tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), fmt.Sprintf("INV-%02d", n))
			}
			p := browsertest.Open(t).Page(t, o)
			enter(p, w, apptest.Maker, o.Lang)
			open := func(fold, panel string) {
				p.Click(fold + " summary")
				if o.NoScript {
					p.Click(fold + " a")
				}
				p.WaitFor(panel + " button")
				p.Axe()
			}
			open(".list-fold", "#list-filter")
			p.Fill("[name=amount_from]", "1,070")
			p.Select("[name=due]", "next_7_days")
			p.Click(".list-panel .primary")
			p.WaitFor(".empty.filtered")
			p.Click(".chip")
			p.Click(".table th a")
			if !strings.Contains(p.URL(), "sort=buyer") || p.Count("tbody tr") != 50 {
				t.Errorf("the head of the column leads to %s with %d rows", p.URL(), p.Count("tbody tr"))
			}
			p.Click("tbody .pick")
			p.Click(".pick-all input")
			p.Axe()
			p.Click(".selection .primary")
			p.Axe()
			if !strings.Contains(p.Text(".confirm .primary"), "60") {
				t.Errorf("the button says %q", p.Text(".confirm .primary"))
			}
			p.Click(".confirm .primary")
			if o.NoScript {
				p.Axe()
				for !p.Exists(".notice-title") { // a slow machine does fewer in one go
					p.Click(".list .primary")
				}
			}
			p.WaitText(".notice-title", "60")
			p.Axe()
			if strings.Contains(p.HTML(), "⟦") {
				t.Error("a text is missing")
			}
			p.Go(w.URL + "/presentments/export?state=submitted")
			p.Axe()
			p.Go(w.URL + "/presentments?state=submitted")
			open(".list-fold + .list-fold", "#list-views")
			p.Fill("#view-name", "รออนุมัติ ร้านเรา")
			p.Click(`[action="/list/views"] button`)
			p.WaitText(".tabs [aria-current]", "รออนุมัติ ร้านเรา")
			open(".list-fold + .list-fold", "#list-views")
		})
	}
}
