package story_test

import (
	"strings"
	"testing"
	"time"

	"portal/internal/browsertest"
	"portal/web/text"
)

// Who sends an alert to whom. The demo has the PromptPay id, and knows the
// supplier.
const (
	ourPromptPay  = "0999000000019"
	supplierName  = "บริษัท สยามบรรจุภัณฑ์ จำกัด"
	supplierOrder = "PO9001"
	supplierAsks  = "8,025.00"
)

// asks is what others ask of a merchant by PromptPay. It has a month's ways with
// waiting and with the bank.
type asks struct {
	*dues
	request request
}

func TestTheStoryOfAlertsInThai(t *testing.T) {
	t.Parallel()
	tellAsks(t, &story{name: "alerts-th", lang: text.TH,
		desk:   browsertest.Options{Lang: "th", Width: 1280},
		mirror: browsertest.Options{Lang: "th", Width: 360, Height: 740, Dark: true}})
}

func TestTheStoryOfAlertsInEnglishWithoutScripts(t *testing.T) {
	t.Parallel()
	tellAsks(t, &story{name: "alerts-noscript", lang: text.EN,
		desk: browsertest.Options{Lang: "en", Width: 360, Height: 740, NoScript: true}})
}

// tellAsks is PromptPay Alert as a merchant lives with it: a supplier's alert
// comes in, and two people say that it will be paid.
func tellAsks(t *testing.T, s *story) {
	t.Helper()
	s.t, s.program, s.people, s.looks = t, start(t), map[string]*person{}, map[string]int{}
	a := &asks{dues: &dues{month: &month{story: s, patience: time.Minute}}}
	a.theSupplierIsAnswered()
	a.theSpammerIsBlocked()
	a.aBlockMadeAtTheBankIsFound()
	a.aBillIsRequested()
	a.theRequestIsSentOnItsDay()
	a.theRequestIsPaid()
	a.auditorReadsOfAlerts()
	a.theTrailHolds()
}

// comesIn has somebody send an alert, on the stand-in bank's page: one of its
// samples, by their place.
func (a *asks) comesIn(sample, amount, reference string) {
	a.t.Helper()
	bank := a.bankPage("/alerts")
	bank.Fill("#sample-receiver", ourPromptPay)
	bank.Select("#sample", sample)
	bank.Fill("#sample-amount", amount)
	bank.Fill("#sample-bill", reference)
	bank.Submit("#sample-bill")
	bank.WaitFor("#sample")
}

// inTheInbox waits for an alert with this reference, and opens it.
func (a *asks) inTheInbox(p *person, reference string) {
	a.t.Helper()
	a.comesTo(p, "/alerts?box=all&q="+reference, "an alert "+reference, func() bool { return p.Exists("#alerts td.lead a") })
}

// approved has a checker see what they should, and agree to what a page links
// to.
func (a *asks) approved(page *person, name string, sees ...string) *person {
	a.t.Helper()
	checker := a.signedIn(name)
	checker.open(a.attribute(page, `href="(/approvals/[0-9a-f-]{36})"`, nil))
	checker.look("approval-of-alerts")
	checker.sees("main", sees...)
	checker.Submit(`form[action$="/approval"]`)
	checker.sees("main", a.word("approval.done"))
	return checker
}

// atBank is a row of one of the stand-in bank's tables.
func (a *asks) atBank(section, says string) string {
	a.t.Helper()
	bank := a.bankPage("/alerts")
	for _, row := range bank.Texts(`section[aria-labelledby="` + section + `"] tbody tr`) {
		if strings.Contains(row, says) {
			return row
		}
	}
	return ""
}

// theSupplierIsAnswered has a supplier ask for money, one person say that it
// will be paid, and another agree.
func (a *asks) theSupplierIsAnswered() {
	a.t.Helper()
	maker := a.signedIn("maker")
	maker.open("/alerts")
	maker.look("alerts-of-demo")
	a.comesIn("0", supplierAsks, supplierOrder)
	a.inTheInbox(maker, supplierOrder)
	maker.look("alerts-found")
	maker.sees("#alerts tbody", supplierName, supplierAsks)
	maker.Click("#alerts td.lead a")
	maker.WaitFor("#answer")
	maker.look("alert")
	maker.sees("main", supplierName, supplierAsks, supplierOrder)
	maker.Click(`[name="answer"][value="will_pay"]`)
	maker.Submit(`[name="reason"]`)
	maker.sees(".state-line", a.word("alert.state.submitted"))
	maker.look("alert-submitted")
	at := maker.path()
	checker := a.approved(maker, "checker1", supplierName, supplierAsks)
	a.comesTo(checker, at, "that it will be paid", func() bool {
		return strings.Contains(checker.Text(".state-line"), a.word("alert.state.will_pay"))
	})
	checker.look("alert-will-pay")
	if row := a.atBank("come", supplierOrder); !strings.Contains(row, "ACCP") {
		a.t.Errorf("the bank has it as %q", row)
	}
}

// auditorReadsOfAlerts finds in the trail what became of the supplier's alert,
// and takes a proof home.
func (a *asks) auditorReadsOfAlerts() {
	a.t.Helper()
	auditor := a.signedIn("auditor")
	a.inTheInbox(auditor, supplierOrder)
	auditor.Click("#alerts td.lead a")
	auditor.WaitFor("#story")
	auditor.look("alert-as-auditor")
	if auditor.Exists("#answer") {
		a.t.Error("the auditor is asked for an answer")
	}
	auditor.open("/audit?q=" + a.attribute(auditor, `(R0[0-9]{14})`, nil))
	auditor.look("trail-of-alert")
	leaf := a.attribute(auditor, `href="(/audit/leaves/[0-9a-f-]{36})"`, nil)
	auditor.open(leaf)
	a.isPublished(auditor)
	auditor.look("leaf-of-alert")
	a.proofHolds(auditor, leaf)
}
