package app_test

import (
	"strings"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/browsertest"
)

func TestPersonSetsUpAPasskeyAndSignsInByItInABrowser(t *testing.T) {
	t.Parallel()
	var url string
	apptest.New(t, func(c *app.Config) {
		c.Origin = strings.Replace(c.Origin, "127.0.0.1", "localhost", 1)
		c.RequireFactor = true
		url = c.Origin
	})
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "th"})
	p.Authenticator()
	password := func() {
		p.Go(url + "/sign-in")
		p.Fill("[name=email]", apptest.Email(apptest.Maker))
		p.Fill("[name=password]", apptest.Password)
		p.Submit("form.form")
	}
	password()
	if p.URL() != url+"/account/factors" {
		t.Fatalf("somebody without a factor is at %s", p.URL())
	}
	p.Axe()
	p.Click("form[data-passkey] button")
	if p.URL() != url+"/account/factors/codes" {
		t.Fatalf("after the passkey the person is at %s", p.URL())
	}
	p.Axe()
	p.Go(url + "/identity")
	p.Axe()
	p.Click("form[data-passkey] button")
	if p.URL() != url+"/" {
		t.Errorf("after the proof the person is at %s", p.URL())
	}
	p.Click(".menu.person summary")
	p.Submit(`form[action="/sign-out"]`)
	p.Back() // W2: nothing of the pages is left to go back to
	var kept int
	p.Eval("localStorage.length + sessionStorage.length", &kept)
	if strings.Contains(p.HTML(), "คุณ"+apptest.Maker) || kept != 0 {
		t.Errorf("after signing out, going back shows a page at %s, or %d values are kept", p.URL(), kept)
	}
	password()
	if p.URL() != url+"/sign-in/code" {
		t.Fatalf("after the password the person is at %s", p.URL())
	}
	p.Axe()
	p.Click("form[data-passkey] button")
	if p.URL() != url+"/" {
		t.Errorf("after the passkey the person is at %s", p.URL())
	}
}

func TestPersonSetsUpAnAppWithoutScripts(t *testing.T) {
	t.Parallel()
	var url string
	apptest.New(t, func(c *app.Config) {
		c.Origin = strings.Replace(c.Origin, "127.0.0.1", "localhost", 1)
		c.RequireFactor = true
		url = c.Origin
	})
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "en", NoScript: true, Width: 360, Height: 740, Dark: true})
	p.AllowConsole("status of 422")
	p.Go(url + "/sign-in")
	p.Axe()
	p.Fill("[name=email]", apptest.Email(apptest.Checker))
	p.Fill("[name=password]", apptest.Password)
	p.Submit("form.form")
	if p.Exists("form[data-passkey]:not([hidden])") {
		t.Error("a passkey is offered that cannot work")
	}
	p.Click(`form[action="/account/factors/app"] button`)
	p.Axe()
	phone := apptest.PhoneOf(t, p.Text("#key"))
	p.Fill("[name=code]", "000000")
	p.Submit("form.form")
	if p.Status() != 422 {
		t.Errorf("a wrong code gave %d", p.Status())
	}
	p.Fill("[name=code]", phone.Code(time.Now()))
	p.Submit("form.form")
	if p.URL() != url+"/account/factors/codes" || len(p.Texts(".factor-codes code")) != 10 {
		t.Fatalf("after the code the person is at %s", p.URL())
	}
	p.Axe()
}
