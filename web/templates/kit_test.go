package templates_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/browsertest"
	"portal/web/static"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Main(m)) }

var kitNow = time.Date(2025, 12, 25, 7, 3, 0, 0, time.UTC)

func kitShell(lang text.Lang, theme string) ui.Shell {
	return ui.Shell{
		Theme: theme, Home: "/", Merchant: "บริษัท เจริญการค้า จำกัด", Person: "สมชาย ใจดี", Duties: "ผู้อนุมัติ",
		Merchants: []ui.Merchant{{ID: "1", Name: "เจริญการค้า", Current: true}, {ID: "2", Name: "Charoen"}}, SwitchTo: "/kit",
		Account: "/kit", SignOut: "/kit", Environment: "Sandbox", Search: ui.Search{Action: "/kit", Placeholder: "INV-…"},
		Languages:   []ui.Language{{Label: "ไทย", Lang: text.TH, Href: "/kit", Current: lang == text.TH}, {Label: "English", Lang: text.EN, Href: "/kit?lang=en", Current: lang == text.EN}},
		Preferences: ui.Preferences{Action: "/kit", Return: "/kit"}, AsOf: kitNow,
		Nav: []ui.NavItem{
			{Label: "Queue", Href: "/kit", Icon: ui.IconQueue, Count: 3}, {Label: "Bills", Href: "/kit", Icon: ui.IconDocument, Current: true},
			{Label: "Receipts", Href: "/kit", Icon: ui.IconReceipt}, {Label: "Debit", Href: "/kit", Icon: ui.IconDebit}, {Label: "Audit", Href: "/kit", Icon: ui.IconAudit},
		},
	}
}

func kitHTML(t *testing.T, lang text.Lang, theme string) string {
	t.Helper()
	ctx := text.With(t.Context(), text.Locale{Lang: lang, BuddhistEra: lang == text.TH, Now: kitNow})
	var b strings.Builder
	if err := templates.Kit(templates.KitView{Shell: kitShell(lang, theme), Now: kitNow}).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func kitSite(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /static/", static.Handler())
	mux.HandleFunc("GET /kit", func(w http.ResponseWriter, r *http.Request) {
		lang, ok := text.ParseLang(r.URL.Query().Get("lang"))
		if !ok {
			lang = text.TH
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		ctx := text.With(context.WithoutCancel(r.Context()), text.Locale{Lang: lang, BuddhistEra: lang == text.TH, Now: kitNow})
		if err := templates.Kit(templates.KitView{Shell: kitShell(lang, r.URL.Query().Get("theme")), Now: kitNow}).Render(ctx, w); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

func TestKitIsAccessibleInEachLanguageColourAndWidth(t *testing.T) {
	site := kitSite(t)
	b := browsertest.Open(t)
	for _, c := range []struct {
		name, path string
		options    browsertest.Options
	}{
		{"Thai, light, wide", "/kit", browsertest.Options{Width: 1280, Height: 900}},
		{"English, dark, wide", "/kit?lang=en", browsertest.Options{Width: 1280, Height: 900, Dark: true}},
		{"English, light, phone", "/kit?lang=en", browsertest.Options{Width: 360, Height: 740}},
		{"Thai, dark by choice, phone", "/kit?theme=dark", browsertest.Options{Width: 360, Height: 740}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := b.Page(t, c.options)
			p.Go(site + c.path)
			var overflow bool
			p.Eval(`document.documentElement.scrollWidth > document.documentElement.clientWidth`, &overflow)
			if overflow {
				t.Error("the page scrolls sideways")
			}
			p.Axe()
		})
	}
}

func TestKitWorksWithoutScripts(t *testing.T) {
	site := kitSite(t)
	p := browsertest.Open(t).Page(t, browsertest.Options{NoScript: true})
	p.Go(site + "/kit?lang=en")
	p.Click("summary[title='Switch merchant']")
	p.WaitFor(".merchant .menu-body button")
	p.Click(".pick")
	p.WaitFor(".selection")
}

func TestSlashLeadsToTheSearch(t *testing.T) {
	site := kitSite(t)
	p := browsertest.Open(t).Page(t, browsertest.Options{})
	p.Go(site + "/kit?lang=en")
	// A Thai layout sends another character from the same key.
	p.Eval(`document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "Slash", key: "ฝ", bubbles: true, cancelable: true }))`, nil)
	var focused string
	p.Eval(`document.activeElement.type`, &focused)
	if focused != "search" {
		t.Errorf("the focus is on %q", focused)
	}
}

var (
	inline    = regexp.MustCompile(`\sstyle="|\son[a-z]+="|<style|<script>|javascript:`)
	idGiven   = regexp.MustCompile(`\sid="([^"]+)"`)
	idWanted  = regexp.MustCompile(`\s(?:for|aria-describedby|aria-labelledby|commandfor)="([^"]+)"`)
	textIsOut = regexp.MustCompile(`⟦[^⟧]+⟧`)
)

func TestKitKeepsTheContentSecurityPolicyAndItsReferences(t *testing.T) {
	t.Parallel()
	for _, lang := range []text.Lang{text.TH, text.EN} {
		html := kitHTML(t, lang, "")
		if found := inline.FindString(html); found != "" {
			t.Errorf("%s: %q is forbidden by the policy", lang, found)
		}
		if found := textIsOut.FindString(html); found != "" {
			t.Errorf("%s: %s has no text", lang, found)
		}
		ids := make(map[string]bool)
		for _, m := range idGiven.FindAllStringSubmatch(html, -1) {
			if ids[m[1]] {
				t.Errorf("%s: id %q stands there twice", lang, m[1])
			}
			ids[m[1]] = true
		}
		for _, m := range idWanted.FindAllStringSubmatch(html, -1) {
			for id := range strings.FieldsSeq(m[1]) {
				if !ids[id] {
					t.Errorf("%s: nothing has the id %q", lang, id)
				}
			}
		}
	}
}
