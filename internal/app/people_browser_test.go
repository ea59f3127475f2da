package app_test

import (
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
)

// TestSomebodyIsInvitedAndWorksInABrowser is the whole way: one administrator
// invites, another confirms, the invited person sets a password, signs in, and
// starts their first bill.
func TestSomebodyIsInvitedAndWorksInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{"with scripts": {Lang: "th"}, "without scripts": {Lang: "en", NoScript: true, Dark: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := staffed(t)
			browser := browsertest.Open(t)
			one := browser.Page(t, o)
			one.AllowConsole("status of 422")
			enterAt(one, w, apptest.Admin, o.Lang, "/admin/people")
			one.Axe()
			one.Go(w.URL + "/admin/people/new")
			one.Fill("[name=name]", "นก ใจดี")
			one.Fill("[name=email]", "nok@example.com")
			one.Fill("[name=note]", "ฝ่ายบัญชีรับเพิ่ม")
			one.Click("[name=duties][value=admin]")
			one.Click("[name=duties][value=checker]")
			one.Submit("form.form")
			if one.Status() != 422 || !strings.Contains(one.Text("main"), map[string]string{"th": "เป็นคนเดียวกันไม่ได้", "en": "do not go together"}[o.Lang]) {
				t.Fatalf("conflicting duties: %d", one.Status())
			}
			one.Axe()
			one.Click("[name=duties][value=admin]")
			one.Click("[name=duties][value=checker]")
			one.Click("[name=duties][value=maker]")
			one.Click("[name=products][value=papers]")
			one.Submit("form.form")
			one.Axe()

			two := browser.Page(t, o)
			enterAt(two, w, admin2, o.Lang, "/admin/people")
			two.Axe()
			two.Click("#open-changes .primary")
			if two.Exists("#open-changes") || !two.Exists("#links") {
				t.Fatal("the invitation is not confirmed")
			}
			two.Click("#links button")
			two.Axe()
			link := two.Text("#handed-link")

			nok := browser.Page(t, o)
			nok.Go(w.URL + "/language/" + o.Lang)
			nok.Go(link)
			nok.Axe()
			nok.Fill("[name=password]", apptest.Password)
			nok.Fill("[name=again]", apptest.Password)
			nok.Submit("form.form")
			if !strings.HasSuffix(nok.URL(), "/sign-in") {
				t.Fatalf("after accepting: %s", nok.URL())
			}
			enterAt(nok, w, "nok", o.Lang, "/presentments/new")
			if nok.Status() != 200 {
				t.Errorf("the first bill: %d", nok.Status())
			}
			one.Go(w.URL + "/admin/people/who")
			one.Axe()
			if !strings.Contains(one.Text("main"), "นก ใจดี") {
				t.Error("who can do what does not know the new one")
			}
			one.Go(w.URL + "/admin/people/" + w.Person(apptest.Checker).String())
			one.Axe()
			one.Fill("[name=note]", "ลาออก")
			one.Click("[name=kind][value=suspend]")
			if !one.Exists("#open-changes") {
				t.Error("no change waits")
			}
			one.Axe()
		})
	}
}

// enterAt signs somebody in and opens a page.
func enterAt(p *browsertest.Page, w *apptest.World, person, lang, path string) {
	p.Go(w.URL + "/language/" + lang)
	p.Go(w.URL + "/sign-in")
	p.Fill("[name=email]", apptest.Email(person))
	p.Fill("[name=password]", apptest.Password)
	p.Submit("form.form")
	p.Go(w.URL + path)
}
