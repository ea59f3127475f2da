package story_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"portal/internal/browsertest"
)

// isBilled makes the bill, with the branch mistyped at first, and takes it to
// the buyer.
func (s *sale) isBilled() {
	s.t.Helper()
	s.bill.number = strings.ToUpper(s.name) + "-1"
	maker := s.signedIn("maker")
	maker.open("/presentments/new")
	s.buyerIs(maker)
	maker.Fill("#buyer_branch", wrongBranch)
	maker.Fill("#number", s.bill.number)
	maker.Fill("#line-1-description", "ค่าบริการดูแลระบบ")
	maker.Fill("#line-1-quantity", "2")
	maker.Fill("#line-1-price", "10000")
	maker.Click("button[value=add-line]")
	maker.Fill("#line-2-description", "ค่าอบรม")
	maker.Fill("#line-2-quantity", "1")
	maker.Fill("#line-2-price", "5000")
	maker.Click(".button.primary[value=save]")
	maker.gets(http.StatusUnprocessableEntity)
	maker.sees("#buyer_branch-error", s.word("presentment.error.branch"))
	maker.look("bill-wrong-branch")
	maker.Fill("#buyer_branch", "00012")
	maker.Click(".button.primary[value=save]")
	maker.sees("main", saleTotal, s.word("presentment.saved"))
	maker.WaitFor("#documents")
	s.bill.path = strings.TrimSuffix(maker.path(), "#documents")
	maker.Submit("#documents form.draw [name=language]")
	maker.WaitFor(`#documents a[href^="/files/"]`)
	maker.open(s.bill.path + "/submission/new")
	s.isAgreed(maker, "/submission", saleTotal, s.bill.number)
	maker.open(s.bill.path)
	s.becomes(maker, "presentment.turn.presented")
}

// isAgreed sends the form that is open for approval, and has a checker agree to
// what it asks for, who must see all of this.
func (s *sale) isAgreed(maker *person, action string, shown ...string) {
	s.t.Helper()
	maker.Submit(`form[action$="` + action + `"]`)
	maker.WaitFor(`a[href^="/approvals/"]`)
	approval := s.attribute(maker, `href="(/approvals/[0-9a-f-]{36})"`, nil)
	checker := s.signedIn("checker1")
	checker.open(approval)
	checker.sees("main", shown...)
	checker.look("approval")
	checker.Submit(`form[action$="/approval"]`)
	checker.sees("main", s.word("approval.done"))
}

// isPaidShort has the buyer accept and pay 3 % less, and finds that the portal
// knows why by itself.
func (s *sale) isPaidShort() {
	s.t.Helper()
	row := s.bankRow("presentments", s.bill.number)
	bank := row.page
	bank.Click(row.css + "[value=FNLD]")
	bank.WaitText(row.css, "FNLD")
	bank.Fill(row.css+"[name=amount]", strings.ReplaceAll(salePaid, ",", ""))
	bank.Click(row.css + `form[action="/sandbox/payment"] button`)
	bank.WaitText(row.css, "PAID")

	maker := s.signedIn("maker")
	maker.open("/payments?q=" + s.bill.number)
	maker.reload("main tbody tr", s.word("payment.state.matched"))
	maker.look("payments")
	maker.sees("main tbody", s.buyer, salePaid, s.word("payment.reason.withholding"))
	maker.Click("main tbody td.lead a")
	why := s.word("payment.withheld_at", "rate", "3", "amount", saleWithheld)
	maker.sees("main", why, s.word("payment.evidence.bank"), s.word("payment.by_rules"))
	maker.look("payment")
	s.payment = maker.path()
	s.bankReference = s.factOf(maker, "payment.bank_reference")
	maker.Click(`main a[href="` + s.bill.path + `"]`)
	maker.sees("#payments", salePaid, saleWithheld)
	maker.look("bill-paid")
	maker.Click(`#payments a[href="` + s.payment + `"]`)
	maker.arrives(s.payment)
}

// factOf is what a page says under a name.
func (s *sale) factOf(p *person, key string) string {
	s.t.Helper()
	return s.attribute(p, `<dt[^>]*>\s*`+regexp.QuoteMeta(s.word(key))+`\s*</dt>\s*<dd[^>]*>(?:\s*<[^>]+>)*\s*([^<\s]+)`, nil)
}

// bankRow is a row on the stand-in bank's page.
type bankRow struct {
	page *browsertest.Page
	css  string
}

// bankRow waits until the bank has it.
func (s *sale) bankRow(table, about string) bankRow {
	s.t.Helper()
	bank := browsertest.Open(s.t).Page(s.t, browsertest.Options{NoScript: s.desk.NoScript})
	rows := `section[aria-labelledby="` + table + `"] tbody tr`
	for give := time.Now().Add(patience); time.Now().Before(give); {
		bank.Go(s.bank)
		if n := slices.IndexFunc(bank.Texts(rows), func(row string) bool { return strings.Contains(row, about) }); n >= 0 {
			return bankRow{bank, rows + ":nth-child(" + strconv.Itoa(n+1) + ") "}
		}
	}
	s.t.Fatalf("the bank has no %s among its %s", about, table)
	return bankRow{}
}

// isPaidTwice has a clerk record the same money again, which is refused, and
// then a second transfer for the paid bill, which nothing is used for.
func (s *sale) isPaidTwice() {
	s.t.Helper()
	maker := s.signedIn("maker")
	maker.open("/payments/new")
	maker.look("payment-new")
	maker.Fill("[name=amount]", salePaid)
	maker.Fill("[name=payer]", s.buyer)
	maker.Fill("[name=reference1]", s.bill.number)
	maker.Fill("[name=bank_reference]", s.bankReference)
	maker.Submit("[name=bank_reference]")
	maker.gets(http.StatusUnprocessableEntity)
	maker.sees("#bank_reference-error", s.word("payment.error.known"))
	maker.look("payment-known")
	maker.Fill("[name=bank_reference]", "2"+s.bankReference)
	maker.Submit("[name=bank_reference]")
	maker.sees("main", s.word("payment.recorded"), s.word("payment.reason.paid"))
	maker.look("payment-twice")
	maker.Submit("[name=reason]")
	maker.gets(http.StatusUnprocessableEntity)
	maker.sees("#reason-error", s.word("payment.error.reason"))
	maker.Select("[name=reason]", "paid_twice")
	maker.Submit("[name=reason]")
	maker.sees("main", s.word("payment.set_aside"), s.word("payment.aside.paid_twice"))
	maker.look("payment-aside")
}
