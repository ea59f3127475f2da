package app_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/intake"
	"portal/internal/app/sheet/samplemonth"
	"portal/internal/app/thai"
	"portal/internal/browsertest"
)

// chooseSheet brings a file in through the page.
func chooseSheet(t *testing.T, p *browsertest.Page, w *apptest.World, name string, content []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Go(w.URL + "/imports")
	p.Axe()
	p.Go(w.URL + "/imports/new")
	p.Axe()
	p.Upload("[name=file]", file)
	p.Submit("form.form")
}

func TestAMonthIsImportedInABrowser(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "th"})
	enter(p, w, apptest.Maker, "th")
	m := samplemonth.Make(1000, thai.Today(time.Now()))
	content, err := m.XLSX()
	if err != nil {
		t.Fatal(err)
	}
	chooseSheet(t, p, w, "บิลเดือนนี้.xlsx", content)
	p.WaitFor(".import-faulty")
	p.Axe()
	mend := func(f samplemonth.Fault, field intake.Field, left int) {
		t.Helper()
		name := "c-" + strconv.Itoa(f.Row) + "-" + string(field)
		p.Fill("[name="+name+"]", f.Right)
		p.Click("form:has([name=" + name + "]) .primary")
		if left > 0 {
			p.WaitText(".import-summary .bad dd", strconv.Itoa(left))
		}
	}
	fields := []intake.Field{
		intake.TaxID, intake.TaxID, intake.On, intake.Due, intake.On, intake.Total, intake.VAT, intake.BuyerName, intake.Quantity, intake.Number,
	}
	for n, f := range m.Faults {
		mend(f, fields[n], len(m.Faults)-n-1)
	}
	p.WaitFor("#make-drafts")
	if p.Exists(".import-faulty") {
		t.Error("something is still faulty")
	}
	p.Click("#make-drafts")
	p.WaitFor("td.lead a[href^='/presentments/']")
	p.Axe()
	p.Click("td.lead a")
	if p.Status() != 200 || !strings.Contains(p.URL(), "/presentments/") {
		t.Errorf("at %s: %d", p.URL(), p.Status())
	}
}

func TestAFileIsImportedWithoutScriptsInEnglish(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "en", NoScript: true, Dark: true, Width: 360, Height: 740})
	p.AllowConsole("status of 422")
	enter(p, w, apptest.Maker, "en")
	chooseSheet(t, p, w, "page.csv", []byte("<html>"))
	if p.Status() != 422 || !p.Exists("#file-error") {
		t.Fatalf("at %s: %d", p.URL(), p.Status())
	}
	p.Axe()
	bad := strings.Replace(csvBill("INV-2"), "0105562000007", "105562000007", 1)
	unknown := strings.Replace(headings, "Document number", "Our number", 1)
	chooseSheet(t, p, w, "bills.csv", []byte(unknown+"\n"+csvBill("INV-1")+"\n"+bad+"\n"))
	p.Axe()
	p.Select("[name=column-1]", "number")
	p.Submit("form.form")
	p.Axe()
	p.Click("[value^='fix ']")
	p.Click("#make-drafts")
	p.Axe()
	if !strings.Contains(p.Text(".import"), "INV-2") {
		t.Errorf("at %s: %s", p.URL(), p.Text(".import"))
	}
}

// Buyers are imported like bills: with scripts in Thai, and without in English.
func TestBuyersAreImportedInABrowser(t *testing.T) {
	t.Parallel()
	for _, o := range []browsertest.Options{{Lang: "th"}, {Lang: "en", NoScript: true, Width: 360, Height: 740}} {
		t.Run(o.Lang, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			p := browsertest.Open(t).Page(t, o)
			enter(p, w, apptest.Maker, o.Lang)
			p.Go(w.URL + "/imports/new?kind=buyers")
			p.Axe()
			file := filepath.Join(t.TempDir(), "buyers.csv")
			rows := buyerHeading + "บริษัท ใหม่ จำกัด,0105562000007,00000,1 ถนนทดสอบ,new@example.co.th,30\nบริษัท ขาด จำกัด,105562000007,00001,2 ถนนทดสอบ,,15\n"
			if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
				t.Fatal(err)
			}
			p.Upload("[name=file]", file)
			p.Submit("form.form")
			p.WaitFor(".import-faulty")
			p.Axe()
			p.Click("[value^='fix ']")
			p.WaitFor("#make-drafts")
			p.Axe()
			p.Click("#make-drafts")
			p.WaitFor("td.lead a[href^='/buyers/']")
			p.Axe()
			if list := knownBuyers(t, w); !strings.Contains(list, "บริษัท ใหม่ จำกัด") || !strings.Contains(list, "บริษัท ขาด จำกัด") {
				t.Errorf("the directory has %s", list)
			}
		})
	}
}
