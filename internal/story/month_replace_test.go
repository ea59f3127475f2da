package story_test

import (
	"slices"
	"strings"

	"portal/internal/app/sheet/samplemonth"
	"portal/internal/browsertest"
)

// disputedOnesAreReplaced makes each disputed bill anew with another price, and
// takes it all the way to the bank.
func (m *month) disputedOnesAreReplaced() {
	m.t.Helper()
	for n := range m.disputed {
		m.isReplaced(&m.disputed[n])
	}
	maker := m.signedIn("maker")
	m.empties(maker, "draft", "submitted", "approved", "sending")
	bank := browsertest.Open(m.t).Page(m.t, browsertest.Options{NoScript: m.desk.NoScript})
	bank.Go(m.bank)
	rows := bank.Texts(bankRows)
	for _, d := range m.disputed {
		for number, state := range map[string]string{d.number: "RPLD", d.newNumber: "PRSD"} {
			if !slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, number) && strings.Contains(row, state) }) {
				m.t.Errorf("%s is not %s at the bank", number, state)
			}
		}
		maker.open(d.newPath)
		maker.look("replaced")
		maker.sees("#thread", d.number, buyerRemark)
	}
	maker.open("/presentments/disputes")
	maker.look("no-more-disputes")
	if said := maker.Text("#disputes"); strings.Contains(said, m.prefix) {
		m.t.Errorf("a replaced bill still waits: %s", said)
	}
}

func (m *month) isReplaced(d *dispute) {
	m.t.Helper()
	maker := m.signedIn("maker")
	maker.open(d.path)
	maker.look("disputed")
	maker.sees(".buyer-said", buyerRemark)
	maker.Click(`a[href$="/replacement/new"]`)
	maker.WaitFor("[name=reason]")
	maker.look("replacement-reason")
	maker.Click("[name=reason][value=amount]")
	maker.Submit("[name=reason]")
	maker.WaitFor("#presentment-form")
	maker.look("replacement-form")
	row := m.Rows[slices.IndexFunc(m.Rows, func(row []string) bool { return row[samplemonth.Number] == d.number })]
	for field, want := range map[string]string{"#buyer_tax_id": row[samplemonth.TaxID], "#buyer_address": row[samplemonth.Address], "#line-1-description": row[samplemonth.Description]} {
		if got := maker.Text(field); got != want {
			m.t.Errorf("%s of the replacement is %q, want %q", field, got, want)
		}
	}
	d.newNumber = maker.Text("#number")
	maker.Fill("#line-1-price", "1234.50")
	maker.Click(".button.primary[value=save]")
	maker.WaitFor("#documents")
	d.newPath = strings.TrimSuffix(maker.path(), "#documents")
	maker.Submit("#documents form.draw [name=language]")
	maker.WaitFor(`#documents a[href^="/files/"]`)
	maker.open(d.newPath)
	maker.Click(`.page-header a[href$="/submission/new"]`)
	maker.WaitFor(`form[action$="/submission"]`)
	maker.look("replacement-check")
	maker.sees("#original", d.number, buyerRemark, "1,234.50")
	maker.Submit(`form[action$="/submission"]`)
	maker.sees(".state-line", m.word("presentment.state.submitted"))
	approval := m.attribute(maker, `href="(/approvals/[0-9a-f-]{36})"`, nil)
	for _, name := range []string{"checker1", "checker2"} {
		checker := m.signedIn(name)
		checker.open(approval)
		if !checker.Exists(`form[action$="/approval"]`) {
			continue // small enough for one
		}
		checker.look("replacement-approval")
		checker.sees("#original", d.number, buyerRemark, "1,234.50")
		checker.Submit(`form[action$="/approval"]`)
		checker.sees("main", m.word("approval.done"))
	}
}
