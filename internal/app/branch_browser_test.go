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

// answering has the bank asked whatever waits, until it is stopped or the test
// ends.
func answering(t testing.TB, bank *apptest.Bank) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
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
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
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

// TestTheFinderLooksWhereTheBrowserIsInABrowser lets the page know a position,
// and refuses to.
func TestTheFinderLooksWhereTheBrowserIsInABrowser(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	answering(t, w.OpenBank())
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "en", Width: 360, Height: 740, Dark: true})
	p.Hide()
	signIn(p, w, apptest.Auditor, "en", "/branches")
	p.Click("#branch-position")
	p.WaitText("#branch-said", "The browser gives no position")
	p.Axe()
	p.Stand(18.7883, 98.9853) // Chiang Mai
	p.Click("[name=kind][value=BRANCH]")
	p.Click("#branch-position")
	p.WaitFor("#branches")
	if nearest, at := p.Text("#branches li:first-child"), p.URL(); !strings.Contains(nearest, "Mueang Chiang Mai") || !strings.Contains(at, "lat=18.7883") {
		t.Errorf("at %s the nearest branch is %q", at, nearest)
	}
	p.Axe()
	keepPicture(p, "position-en-360-dark")
}

// keepPicture keeps a picture of the page where somebody asks for pictures.
func keepPicture(p *browsertest.Page, name string) {
	if dir := os.Getenv("SHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, "branch-"+name+".png"))
	}
}

// TestTheMapIsUsedByKeyboardInABrowser opens the map that moves, moves it, and
// walks the list, which the map follows.
func TestTheMapIsUsedByKeyboardInABrowser(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	answering(t, w.OpenBank())
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "th", Width: 1280, Height: 800, Dark: true})
	signIn(p, w, apptest.Auditor, "th", "/branches")
	// The country is clicked at where Bangkok is.
	p.Click(`a[href^="/branches/map"]`)
	p.WaitFor(".branch-spot")
	p.Axe()
	keepPicture(p, "spot-th-1280-dark")
	p.Eval(`(() => { const box = document.querySelector(".branch-spot").getBoundingClientRect();
		const at = document.elementFromPoint(box.left + 106, box.top + 239); at.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, clientX: box.left + 106, clientY: box.top + 239 })); return 1 })()`, new(int))
	p.WaitFor("#branches")
	var focused string
	focus := func() string {
		p.Eval(`document.activeElement.className + " " + document.activeElement.id`, &focused)
		return focused
	}
	p.Eval(`document.getElementById("branch-open-map").focus()`, nil)
	p.Press("Enter")
	p.WaitFor(".leaflet-container canvas")
	if got := focus(); !strings.Contains(got, "branch-frame") {
		t.Fatalf("the map is open, and the focus is on %q", got)
	}
	pane := func() (at string) {
		p.Eval(`document.querySelector(".leaflet-map-pane").style.transform`, &at)
		return at
	}
	before := pane()
	p.Press("ArrowRight")
	if pane() == before {
		t.Error("an arrow key does not move the map")
	}
	p.Eval(`document.querySelector("#branches li:nth-child(2) h3 a").focus()`, nil)
	p.WaitFor(".leaflet-popup")
	if popup, item := p.Text(".leaflet-popup strong"), p.Text("#branches li.lit h3 a"); popup != item || item == "" {
		t.Errorf("the list is at %q, the map at %q", item, popup)
	}
	p.Axe()
	keepPicture(p, "keyboard-th-1280-dark")
	p.Press("Tab")
	if !p.Exists("#branches :focus") {
		t.Errorf("Tab leads from the list to %q", focus())
	}
}
