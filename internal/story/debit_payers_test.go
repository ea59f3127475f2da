package story_test

import (
	"fmt"
	"strings"
)

// payersAreImported brings the payers in from a file.
func (d *dues) payersAreImported() {
	d.t.Helper()
	rows := [][]string{{"รหัสผู้ชำระเงิน", "ชื่อผู้ชำระเงิน", "อีเมล", "วันเงินเดือนออก"}}
	for n := range d.payers {
		rows = append(rows, []string{d.code(n + 1), fmt.Sprintf("สมาชิก ลำดับที่ %s", d.code(n+1)), strings.ToLower(d.code(n+1)) + "@payer.test", "25"})
	}
	maker := d.signedIn("maker")
	maker.open("/payers")
	maker.look("payers-of-demo")
	d.isBroughtIn("payers", d.sheet("payers.csv", rows), d.payers)
	maker.open("/payers?q=" + d.code(1))
	maker.look("payers-found")
	maker.sees("#payers tbody", d.code(1), d.word("payer.standing.none"))
}

// oneConsentsHere has the first payer agree on the bank's page, in the browser
// in which the maker began.
func (d *dues) oneConsentsHere() {
	d.t.Helper()
	maker := d.registration(1)
	maker.Click(`[name="channel"][value="consent"]`)
	maker.Submit(`[name="channel"]`)
	toBank := `#link a.button`
	d.comesTo(maker, maker.path(), "the way to the bank", func() bool { return maker.Exists(toBank) })
	at := maker.path()
	maker.look("mandate-to-bank")
	maker.Click(toBank)
	maker.WaitFor(`[name="decision"][value="accept"]`)
	maker.Axe()
	maker.Click(`[name="decision"][value="accept"]`)
	maker.arrives(at)
	d.becomes(maker, "mandate.state.active")
	maker.look("mandate-active")
	maker.sees("#evidence", d.word("mandate.evidence_is"))
}

// registration opens the form that asks in which way a payer is registered.
func (d *dues) registration(n int) *person {
	d.t.Helper()
	maker := d.signedIn("maker")
	maker.open("/payers?q=" + d.code(n))
	maker.Click("#payers td.lead a")
	maker.WaitFor(`a[href$="/mandates/new"]`)
	maker.look("payer")
	maker.Click(`a[href$="/mandates/new"]`)
	maker.WaitFor(`[name="channel"]`)
	maker.look("mandate-new")
	return maker
}

// oneRefuses has the second payer get the link, and say no at the bank.
func (d *dues) oneRefuses() {
	d.t.Helper()
	maker := d.registration(2)
	maker.Submit(`[name="channel"]`)
	d.comesTo(maker, maker.path(), "the link", func() bool { return maker.Exists(".mandate-url a") })
	maker.look("mandate-link")
	bank := d.bankPage("/debits")
	bank.Axe()
	row := d.rowOf(bank, `section[aria-labelledby="waiting"] tbody tr`, d.code(2))
	bank.Click(row + `[name="decision"][value="refuse"]`)
	d.becomes(maker, "mandate.state.refused")
	maker.look("mandate-refused")
}

// theOthersConsent sends everybody else a link at once, and has all of them
// agree at the bank.
func (d *dues) theOthersConsent() {
	d.t.Helper()
	maker := d.signedIn("maker")
	maker.open("/payers?mandate=none&q=" + d.prefix + "0")
	maker.look("payers-to-ask")
	maker.Submit(`form:has([name="all"]) button`)
	maker.WaitFor("#mandates")
	maker.look("mandates-waiting")
	waiting := fmt.Sprintf("/payers?mandate=waiting&q=%s0", d.prefix)
	bank := d.bankPage("/debits")
	accept := `form[action="/sandbox/debits/registrations/accept"] button`
	d.comesTo(maker, waiting, "nobody who waits", func() bool {
		if maker.Exists(".empty") {
			return true
		}
		bank.Go(bank.URL())
		if bank.Exists(accept) {
			bank.Click(accept)
		}
		return false
	})
	maker.open("/payers?mandate=active&q=" + d.prefix + "0")
	maker.look("payers-active")
	if n := maker.Count("#payers tbody tr"); n != min(d.payers-1, 50) {
		d.t.Errorf("%d payers have agreed, want %d", n, d.payers-1)
	}
}

// whatTheBankEndedIsFound compares with the bank, which has ended a mandate of
// the demo and has not said so.
func (d *dues) whatTheBankEndedIsFound() {
	d.t.Helper()
	maker := d.signedIn("maker")
	maker.open("/mandates")
	maker.look("mandates")
	maker.Submit(`form[action="/mandates/comparison"] button`)
	d.comesTo(maker, "/differences", "a difference", func() bool { return maker.Exists("tbody td.lead a") })
	maker.look("differences")
	maker.Click("tbody td.lead a")
	maker.WaitFor(`form[action$="/adoption"]`)
	maker.look("difference")
	maker.Submit(`form[action$="/adoption"] button`)
	maker.sees("main", d.word("mandate.state.cancelled"))
	maker.look("difference-adopted")
}
