package app_test

import (
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
)

// TestAMonthIsFiledReportedAndClosedInABrowser finds a file in the library,
// asks for the archive of its month, reads the month's report and closes it.
func TestAMonthIsFiledReportedAndClosedInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range inBrowsers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			p := browsertest.Open(t).Page(t, o)
			signIn(p, w, apptest.Checker, o.Lang, "/documents")
			p.Go(w.URL + "/months")
			p.Axe()
			bank := w.OpenBank()
			on := lastMonth().AddDate(0, 0, 4)
			month := on.Format("2006-01")
			_, lead := taxInvoice(t, w, "TX-900", on)
			p.Go(w.URL + "/months/" + month)
			p.Axe()
			if !p.Exists(".issues li") || p.Exists("form[action$='/closing']") {
				t.Error("a month with a bill on its way may be closed")
			}
			consent(t, w, lead)
			bank.Send()
			closeBooks(t, w)

			p.Go(w.URL + "/documents")
			p.Axe()
			p.Fill("[name=q]", "tx-900")
			p.Select("[name=month]", month)
			p.Click("#library-filter button")
			p.Axe()
			p.Click("td.lead a")
			p.Axe()
			if !p.Exists("iframe.preview") || !strings.Contains(p.Text("main"), "TX-900") {
				t.Errorf("the file's page says %s", p.Text("main"))
			}
			p.Go(w.URL + "/documents?q=nothing-of-that-name")
			p.Axe()
			p.Go(w.URL + "/documents/archive?month=" + month)
			p.Axe()
			p.Go(w.URL + "/documents/archive?month=2020-01")
			p.Axe()

			p.Go(w.URL + "/months")
			p.Axe()
			p.Click("td.lead a[href$='" + month + "']")
			p.Axe()
			if !strings.Contains(p.Text("#report"), "TX-900") || p.Count("#report [name=format]") != 3 {
				t.Errorf("the report says %s", p.Text("#report"))
			}
			if !p.Exists("form[action$='/closing'] button") {
				t.Fatalf("closing is not offered: %s", p.Text("main"))
			}
			p.Click("form[action$='/closing'] button")
			p.Axe()
			if p.Exists("form[action$='/closing']") || !strings.Contains(p.Text("main"), "70.00") || strings.Contains(p.HTML(), "⟦") {
				t.Errorf("it is not closed: %s", p.Text("main"))
			}
		})
	}
}
