package app_test

import (
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
)

// Somebody types, the tab is gone, and nothing is lost. Then rows of a
// spreadsheet are pasted, and two tabs of one draft do not overwrite each other.
func TestWhatWasTypedOutlivesItsTabInABrowser(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	b := browsertest.Open(t)
	p := b.Page(t, browsertest.Options{Lang: "th"})
	p.AllowConsole("status of 4")
	enter(p, w, apptest.Maker, "th")
	p.Go(w.URL + "/presentments/new")
	p.Fill("[name=buyer_name]", "บริษัท เยิ้มน้ำผึ้งป่า จำกัด")
	p.Fill("[name=number]", "INV-77")
	p.WaitText(".scratch", "เก็บ")
	p.Go(w.URL + "/presentments") // as good as closed
	p.Go(w.URL + "/presentments/new")
	p.Axe()
	p.Click(".scratches .button")
	var number string
	if p.Eval(`document.querySelector("[name=number]").value`, &number); number != "INV-77" {
		t.Fatalf("continued with %q", number)
	}
	p.Eval(`(() => {
		const data = new DataTransfer();
		data.setData("text/plain", "ปูน\t2\t1,000.00\nทราย\t1\t500\n");
		document.querySelector("#line-1-description").dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
	})()`, nil)
	p.WaitFor("#line-2-description")
	p.Fill("#line-1-discount", "10%")
	p.Select("#line-1-income", "service")
	p.WaitText("#presentment-totals", "2,461.00")           // 2,000 less 10% and 500, and VAT
	p.WaitText("#presentment-totals .expected", "2,407.00") // less 3% of 1,800
	p.Fill("[name=document_on]", "๓๑/๐๑/๒๕๖๙")
	p.Fill("[name=credit_days]", "30")
	due := func() (due, credit string) {
		p.Eval(`document.querySelector("[name=due_on]").value`, &due)
		p.Eval(`document.querySelector("[name=credit_days]").value`, &credit)
		return due, credit
	}
	if day, _ := due(); day != "02/03/2569" {
		t.Errorf("30 days after 31 January 2569 the bill is due on %s", day)
	}
	p.Fill("[name=due_on]", "10/02/2569")
	if _, credit := due(); credit != "10" {
		t.Errorf("due on 10 February it has %s days", credit)
	}
}

func TestTwoTabsOfADraftShowEachOther(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill := stored(t, w, send(w.Client(apptest.Maker), "/presentments", billForm("INV-5")))
	for name, o := range map[string]browsertest.Options{"scripts": {Lang: "th"}, "no scripts": {Lang: "en", NoScript: true}} {
		p := browsertest.Open(t).Page(t, o)
		p.AllowConsole("status of 4")
		enter(p, w, apptest.Maker, o.Lang)
		p.Go(w.URL + "/presentments/" + bill.ID.String() + "/edit")
		elsewhere := billForm("INV-5", "version", itoa(billOf(t, w, bill.ID).Version), "buyer_name", "ฉบับของคนอื่น "+name)
		stored(t, w, send(both(w), "/presentments/"+bill.ID.String(), elsewhere))
		p.Fill("[name=buyer_name]", "ฉบับของฉัน "+name)
		p.Click(".form-actions .primary")
		if p.Status() != 409 || !strings.Contains(p.Text(".notice"), "ฉบับของคนอื่น") || !strings.Contains(p.Text(".notice"), "ฉบับของฉัน") {
			t.Fatalf("%s: %d %s", name, p.Status(), p.Text(".notice"))
		}
		if !p.Exists("#buyer_name[data-differs]") || p.Exists("#number[data-differs]") || !strings.Contains(p.Text(".part"), "ฉบับของคนอื่น") {
			t.Errorf("%s: what differs is not marked where it stands", name)
		}
		p.Axe()
		p.Click(".form-actions .primary")
		if got := billOf(t, w, bill.ID).BuyerName; got != "ฉบับของฉัน "+name {
			t.Errorf("%s: saved over deliberately, and stored is %q", name, got)
		}
	}
}
