package app_test

import (
	"os"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Main(m)) }

func TestPersonSignsInAndOutInABrowser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		host    string
		options browsertest.Options
	}{
		"with scripts":    {"127.0.0.1", browsertest.Options{Lang: "th"}},
		"without scripts": {"localhost", browsertest.Options{NoScript: true, Lang: "en"}},
		"on a phone":      {"127.0.0.1", browsertest.Options{Width: 360, Height: 740, Dark: true, Lang: "th"}},
	} {
		t.Run(name, func(t *testing.T) {
			var url string
			apptest.New(t, func(config *app.Config) {
				config.Origin = strings.Replace(config.Origin, "127.0.0.1", c.host, 1)
				url = config.Origin
			})
			p := browsertest.Open(t).Page(t, c.options)
			p.AllowConsole("status of 422")
			p.AllowConsole("status of 404")
			p.Go(url + "/account")
			if !strings.HasPrefix(p.URL(), url+"/sign-in?next=") {
				t.Fatalf("a visitor is at %s", p.URL())
			}
			p.Axe()
			p.Fill("[name=email]", apptest.Email(apptest.Maker))
			p.Fill("[name=password]", "wrong")
			p.Submit("form.form")
			if p.Status() != 422 || !strings.Contains(p.HTML(), apptest.Email(apptest.Maker)) {
				t.Errorf("a wrong password gave %d", p.Status())
			}
			p.Axe()
			p.Fill("[name=password]", apptest.Password)
			p.Submit("form.form")
			// Reaching the page proves that the browser took the __Host- cookie.
			if p.URL() != url+"/account" || p.Status() != 200 {
				t.Fatalf("after signing in the person is at %s (%d)", p.URL(), p.Status())
			}
			p.Axe()
			p.Go(url + "/nothing")
			p.Axe()
			p.Go(url + "/account")
			p.Click(".menu.person summary")
			p.Submit(`form[action="/sign-out"]`)
			if p.URL() != url+"/sign-in" {
				t.Errorf("after signing out the person is at %s", p.URL())
			}
			p.Back()
			if strings.Contains(p.HTML(), "คุณ"+apptest.Maker) {
				t.Error("going back shows the page of who signed out")
			}
		})
	}
}
