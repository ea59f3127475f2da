package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// TestARequestToPayIsMadeInABrowser takes one from the form to its payment, and
// looks at every page that tells of requests.
func TestARequestToPayIsMadeInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"with scripts": {Lang: "th"}, "without scripts": {Lang: "en", NoScript: true, Dark: true, Width: 360, Height: 740},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newThread(t)
			w.promptPay()
			at, _ := w.requestList(requestHeading, "หนึ่ง,0812345678,250,,A1,,,", "สอง,0899999998,200000.01,,A2,,,", "สาม,0899999997,300,,A3,"+daysAhead(1)+",,")
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			signIn(p, w.World, apptest.Maker, o.Lang, "/requests/new")
			page := asksInBrowser(t, p, w)
			if err := w.bank.PlayAlert(w.ofRequest(page, "bank_reference"), krungsri.AlertPaid, ""); err != nil {
				t.Fatal(err)
			}
			w.bank.CallBack()
			p.Go(w.URL + page)
			p.Axe()
			if state := w.ofRequest(page, "state"); state != store.RequestPaid || !p.Exists(".state-line .badge.good") {
				t.Errorf("the request is %s", state)
			}
			batch := "/request-batches/" + strings.TrimPrefix(at, "/imports/")
			for shot, path := range map[string]string{
				"import-faulty": at, "import-good": at + "?standing=good", "import-new": "/imports/new?kind=requests",
			} {
				looksWell(t, p, w, shot+"-"+name, path)
			}
			p.Go(w.URL + at)
			p.Submit(`form[action$="/drafts"]`)
			p.Go(w.URL + batch)
			p.Submit(`form[action$="/submission"]`)
			p.Axe()
			for shot, path := range map[string]string{
				"batch": batch, "list": "/requests", "paid": "/requests?state=paid", "none": "/requests?q=qwxz", "ended": "/requests?show=ended", "ids": "/promptpay-ids",
				"rules": "/request-rules", "calendar": "/debits/calendar", "home": "/", "request": page,
			} {
				looksWell(t, p, w, shot+"-"+name, path)
			}
		})
	}
}

// looksWell opens a page and looks at it.
func looksWell(t *testing.T, p *browsertest.Page, w thread, shot, path string) {
	t.Helper()
	p.Go(w.URL + path)
	p.Axe()
	if p.Status() != http.StatusOK || strings.Contains(p.HTML(), "⟦") {
		t.Errorf("%s: %d, or a text is missing", path, p.Status())
	}
	if dir := os.Getenv("SHOTS"); dir != "" {
		p.Screenshot(filepath.Join(dir, strings.ReplaceAll(shot, " ", "-")+".png"))
	}
}

// asksInBrowser fills in the form, wrongly at first, and has it approved and sent.
func asksInBrowser(t *testing.T, p *browsertest.Page, w thread) (page string) {
	t.Helper()
	p.Axe()
	p.Fill("#receiver", "0212345678")
	p.Fill("#receiver_name", "สมหญิง ใจดี")
	p.Fill("#amount", "250")
	p.Submit("main form.form")
	if p.Status() != http.StatusUnprocessableEntity || !p.Exists(".error-summary a[href='#receiver']") {
		t.Errorf("a number of nobody is answered with %d", p.Status())
	}
	p.Axe()
	p.Fill("#receiver", "+66 81 234 5678")
	p.Submit("main form.form")
	p.Axe()
	page = strings.TrimSuffix(strings.TrimPrefix(p.URL(), w.URL), "/submission/new")
	p.Submit(`form[action$="/submission"]`)
	p.Axe()
	w.approve(w.ofRequest(page, "instruction_id"))
	p.Go(w.URL + page)
	p.Axe()
	return page
}
