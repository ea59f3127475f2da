package app_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/web/text"
)

// answering has the bank asked whatever waits, until the test ends.
func answering(t *testing.T, bank *apptest.Bank) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := bank.Worker.AskBank(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("asking the bank: %v", err)
				return
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

// TestSomebodyAtMoChitFindsABoothOpenOnSundayInABrowser looks from a telephone in
// Thai, and from a desk in English without scripts.
func TestSomebodyAtMoChitFindsABoothOpenOnSundayInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"th-phone":         {Lang: "th", Width: 360, Height: 740},
		"en-desk-noscript": {Lang: "en", Width: 1280, NoScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			answering(t, w.OpenBank())
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			keep := func(page string) {
				p.Axe()
				if dir := os.Getenv("SHOTS"); dir != "" {
					p.Screenshot(filepath.Join(dir, "branch-"+page+"-"+name+".png"))
				}
			}
			signIn(p, w, apptest.Auditor, o.Lang, "/branches")
			keep("empty")
			p.Fill("#place", "ไม่มีที่นี่")
			p.Submit("#branch-form .primary")
			p.WaitFor("#place-error")
			keep("fault")

			p.Go(w.URL + "/branches")
			p.Fill("#place", "13.8026, 100.5538")
			p.Click("[name=kind][value=EXCHANGE_BOOTH]")
			p.Select("[name=open]", "SUN")
			p.Submit("#branch-form .primary")
			p.WaitFor("#branches")
			keep("found")
			nearest := p.Text("#branches li:first-child")
			in := text.TH
			if o.Lang == "en" {
				in = text.EN
			}
			sunday := text.Msg("branch.open_on.SUN").In(text.With(t.Context(), text.Locale{Lang: in}))
			if !strings.Contains(nearest, "Din Daeng") || !strings.Contains(nearest, "2.2") || !strings.Contains(nearest, "09:00–20:00") || sunday == "" {
				t.Errorf("the nearest booth is %q", nearest)
			}
			var directions string
			p.Eval(`document.querySelector("#branches li:first-child .branch-do a").href`, &directions)
			if !strings.HasSuffix(directions, "destination=13.7847,100.5635") {
				t.Errorf("directions lead to %s", directions)
			}
			if !o.NoScript {
				p.Click("#branch-open-map")
				p.WaitFor(".leaflet-container canvas")
				p.WaitFor(".leaflet-container .country")
				keep("moving-map")
				var overflows bool
				if p.Eval(`document.documentElement.scrollWidth > innerWidth`, &overflows); overflows {
					t.Error("the page is wider than the telephone")
				}
			}
			p.Click("#branches li:first-child h3 a")
			p.WaitFor("#choice")
			keep("point")
			p.Submit(`form[action$="/choice"]`)
			p.Go(w.URL + "/branches")
			p.WaitFor(".branch-mine")
			keep("mine")
			p.Fill("#place", "เฉลิมพระเกียรติ")
			p.Submit("#branch-form .primary")
			p.WaitFor("#choices")
			keep("choices")
			p.Submit("#choices button")
			p.WaitFor("#results")
			keep("district")
		})
	}
}
