package story_test

import "strings"

// Who is blocked, and why.
const (
	spammerName   = "โปรเงินด่วน อนุมัติไว"
	spammerID     = "0610000077"
	blockedAtBank = "0898765477"
	whyBlocked    = "ขอเงินโดยไม่มีที่มา ส่งซ้ำทุกวัน"
)

// theSpammerIsBlocked stops, from the inbox, what a spammer sends: two people
// agree, and nothing more of theirs comes in.
func (a *asks) theSpammerIsBlocked() {
	a.t.Helper()
	a.comesIn("2", "", "PRIZE9")
	maker := a.signedIn("maker")
	a.inTheInbox(maker, "PRIZE9")
	maker.Click("#alerts td.lead a")
	maker.WaitFor(`a[href^="/blocks/new?alert="]`)
	maker.look("alert-of-spammer")
	maker.sees("main", spammerName)
	maker.Click(`a[href^="/blocks/new?alert="]`)
	maker.WaitFor(`[name="do"][value="save"]`)
	maker.look("block-new")
	maker.Select("#reason", "repeated")
	maker.Fill("#note", whyBlocked)
	maker.Click(`[name="do"][value="save"]`)
	maker.WaitFor(`a[href$="/submission/new"]`)
	at := maker.path()
	maker.look("block-draft")
	maker.Click(`a[href$="/submission/new"]`)
	maker.WaitFor(`form[action$="/submission"]`)
	maker.look("block-check")
	maker.Submit(`form[action$="/submission"] .primary`)
	maker.sees(".state-line", a.word("block.state.submitted"))
	checker := a.approved(maker, "checker1", whyBlocked)
	a.comesTo(checker, at, "the block", func() bool {
		return strings.Contains(checker.Text(".state-line"), a.word("block.state.active"))
	})
	checker.look("block-active")
	if a.atBank("blocks", spammerID) == "" {
		a.t.Error("the bank has no such block")
	}
	a.comesIn("2", "", "PRIZE10")
	if a.atBank("stopped", spammerName) == "" || a.atBank("come", "PRIZE10") != "" {
		a.t.Error("what the spammer sends is delivered")
	}
	maker.open("/alerts?box=all&q=PRIZE10")
	maker.WaitFor(".empty")
	maker.look("alerts-without-spam")
}

// aBlockMadeAtTheBankIsFound compares with the bank's list, on which somebody
// has put a sender by the bank's own ways.
func (a *asks) aBlockMadeAtTheBankIsFound() {
	a.t.Helper()
	bank := a.bankPage("/alerts")
	bank.Axe()
	bank.Fill("#block-receiver", ourPromptPay)
	bank.Fill("#block-sender", blockedAtBank)
	bank.Submit("#block-sender")
	bank.WaitFor("#block-sender")
	maker := a.signedIn("maker")
	maker.open("/blocks")
	maker.look("blocks")
	maker.Submit(`form[action="/blocks/comparison"] button`)
	a.comesTo(maker, "/block-differences", "a difference", func() bool { return maker.Exists("tbody td.lead a") })
	maker.look("block-differences")
	maker.Click("tbody td.lead a")
	maker.WaitFor(`[name="do"][value="adopt"]`)
	maker.look("block-difference")
	maker.Select("#reason", "unknown_sender")
	maker.Fill("#note", "ฝ่ายบัญชีปิดรับไว้ในแอปของธนาคาร")
	maker.Click(`[name="do"][value="adopt"]`)
	maker.sees("main", a.word("block.difference.adopted"))
	maker.look("block-adopted")
}
