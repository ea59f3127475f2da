package story_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/app/intake"
	"portal/internal/app/sheet/samplemonth"
	"portal/web/text"
)

// satang reads an amount as a page or a file shows it.
func satang(t *testing.T, amount string) int64 {
	t.Helper()
	d, err := decimal.NewFromString(strings.ReplaceAll(amount, ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return d.Shift(2).IntPart()
}

// importFields are the columns of the month by the names of their inputs.
var importFields = map[int]intake.Field{
	samplemonth.Number: intake.Number, samplemonth.On: intake.On, samplemonth.Due: intake.Due, samplemonth.BuyerName: intake.BuyerName,
	samplemonth.TaxID: intake.TaxID, samplemonth.Quantity: intake.Quantity, samplemonth.VAT: intake.VAT, samplemonth.Total: intake.Total,
}

// isImported brings the month in, and mends its ten mistakes one by one.
func (m *month) isImported() {
	m.t.Helper()
	content, err := m.XLSX()
	if err != nil {
		m.t.Fatal(err)
	}
	maker := m.signedIn("maker")
	maker.look("home")
	maker.open("/imports")
	maker.look("imports")
	maker.open("/imports/new")
	maker.look("import-new")
	maker.Upload("[name=file]", m.file("month.xlsx", content))
	maker.Submit("[name=file]")
	m.goesOn(maker, ".import-summary")
	maker.look("import-faulty")
	for n, f := range m.Faults {
		name := "[name=c-" + strconv.Itoa(f.Row) + "-" + string(importFields[f.Column]) + "]"
		maker.WaitFor(name)
		maker.Fill(name, f.Right)
		maker.Click("form:has(" + name + ") .primary")
		maker.sees(".import-summary .good dd", text.Int(int64(m.Bills-len(m.Faults)+n+1)))
	}
	maker.WaitFor("#make-drafts")
	maker.sees("#import-sum", text.Amount(m.TotalSatang))
	maker.look("import-mended")
	maker.Click("#make-drafts")
	m.goesOn(maker, "td.lead a")
	maker.look("import-made")
	maker.sees("#import-sum", text.Amount(m.TotalSatang))
}

// goesOn lets the page work by itself, or presses its button where there are
// no scripts, until what comes at the end is there.
func (m *month) goesOn(p *person, end string) {
	m.t.Helper()
	for give := time.Now().Add(m.patience); !p.Exists(end); {
		if time.Now().After(give) {
			m.t.Fatalf("%s does not come to an end:\n%s", p.path(), p.Text("main"))
		}
		if next := `form[action$="/next"] button`; !m.scripted() && p.Exists(next) {
			p.Click(next)
		}
	}
}

// chooses ticks one row of the list that is open, means all that match, and
// presses what shall be done with them.
func (m *month) chooses(p *person, kind string) {
	m.t.Helper()
	p.Click("tbody .pick")
	if all := ".pick-all input"; p.Exists(all) {
		p.Click(all)
	} else {
		for n := range p.Count("tbody .pick") {
			if n > 0 {
				p.Click("tbody tr:nth-child(" + strconv.Itoa(n+1) + ") .pick")
			}
		}
	}
	p.Click(`.selection [value="` + kind + `"]`)
	p.WaitFor("#batch")
}

// runs starts the batch that is looked at and waits until all n are done.
func (m *month) runs(p *person, kind string, n int) {
	m.t.Helper()
	p.sees(".confirm .primary", m.number("batch.do."+kind, n))
	if m.scripted() {
		// A long batch keeps its page from coming to rest.
		p.Eval(`document.querySelector(".confirm .primary").click()`, nil)
	} else {
		p.Click(".confirm .primary")
	}
	m.goesOn(p, `#batch:has(tfoot) a[href$="/results.csv"]`)
	p.sees("#batch .notice-title", m.number("batch.result."+kind, n, "total", n, "amount", p.Text("#batch tfoot .amount")))
	const page = 200 // rows of a batch on one page
	if rows := p.Count("#batch tbody tr"); rows != min(n, page) || p.Exists("#batch tbody .bad, #batch tbody .warning") {
		m.t.Errorf("of %d rows the batch shows %d:\n%s", n, rows, p.Text("#batch"))
	}
}

// number is a counted text in the story's language.
func (m *month) number(key string, n int, pairs ...any) string {
	m.t.Helper()
	return text.N(text.With(m.t.Context(), text.Locale{Lang: m.lang, BuddhistEra: true}), key, n, pairs...)
}

// isSubmitted asks for approval of the whole month. No bill of a spreadsheet
// has a document, so that the portal draws them.
func (m *month) isSubmitted() {
	m.t.Helper()
	maker := m.signedIn("maker")
	maker.open(m.list("draft"))
	maker.look("drafts")
	m.chooses(maker, "submit")
	maker.look("batch-bare")
	maker.sees("main", m.number("batch.bare", m.Bills))
	if maker.Exists(".confirm") {
		m.t.Error("bills without a document can be submitted")
	}
	maker.Select("[name=draw]", string(m.lang))
	maker.Submit("[name=draw]")
	maker.WaitFor(".confirm")
	maker.look("batch-draws")
	maker.sees(".ask", text.Amount(m.TotalSatang))
	m.runs(maker, "submit", m.Bills)
	maker.look("batch-submitted")
	m.empties(maker, "draft")
}
