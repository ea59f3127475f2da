package story_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"portal/internal/app/thai"
)

const (
	requestReceiver = "0898765401"
	requestPayer    = "ฝ่ายบัญชีของลูกค้า"
)

// request is one that a merchant sends for a bill.
type request struct {
	path   string // its page
	bill   string // the page of the bill
	number string // of the bill
	amount string
	rtp    string // the bank's name for it
}

// tomorrow is the day after today in Bangkok as people type it.
func tomorrow() string {
	day := thai.Today(time.Now()).AddDays(1)
	return fmt.Sprintf("%02d/%02d/%d", day.Day, day.Month, day.BuddhistYear())
}

// aBillIsRequested asks for a bill that nobody has paid, tomorrow.
func (a *asks) aBillIsRequested() {
	a.t.Helper()
	maker := a.signedIn("maker")
	maker.open("/requests")
	maker.look("requests-of-demo")
	a.request.bill = a.unpaid(maker)
	maker.open(a.request.bill)
	maker.Click(`a[href^="/requests/new?bill="]`)
	maker.WaitFor("#receiver")
	maker.look("request-new")
	a.request.number = a.attribute(maker, `name="invoice_number"[^>]* value="([^"]+)"`, nil)
	a.request.amount = a.attribute(maker, `name="amount"[^>]* value="([^"]+)"`, nil)
	maker.Fill("#receiver", requestReceiver)
	maker.Click(`[name="when"][value="later"]`)
	maker.Fill("#send_on", tomorrow())
	maker.Fill("#send_at", "09:00")
	maker.Submit("#receiver")
	maker.WaitFor(`form[action$="/submission"]`)
	a.request.path = strings.TrimSuffix(maker.path(), "/submission/new")
	maker.look("request-check")
	maker.sees("main", a.request.amount, a.request.number, a.word("request.irreversible"))
	maker.Submit(`form[action$="/submission"] .primary`)
	maker.sees(".state-line", a.word("request.state.submitted"))
	maker.look("request-submitted")
	checker := a.approved(maker, "checker1", a.word("request.irreversible"), a.request.amount)
	a.comesToRequest(checker, "scheduled")
	checker.look("request-scheduled")
}

// unpaid is the page of a bill of the demo that may be asked for.
func (a *asks) unpaid(p *person) string {
	a.t.Helper()
	p.open("/presentments?state=presented")
	for _, bill := range regexp.MustCompile(`href="(/presentments/[0-9a-f-]{36})"`).FindAllStringSubmatch(p.HTML(), -1) {
		p.open(bill[1])
		if p.Exists(`a[href^="/requests/new?bill="]`) {
			return bill[1]
		}
	}
	a.t.Fatal("no bill of the demo can be asked for")
	return ""
}

// comesToRequest waits until the request's page says that it is in a state.
func (a *asks) comesToRequest(p *person, state string) {
	a.t.Helper()
	want := map[string]string{
		"scheduled": a.word("request.state.scheduled"), "sent": a.word("request.state.sent"), "paid": a.word("request.state.paid"),
	}[state]
	a.comesTo(p, a.request.path, state, func() bool { return strings.Contains(p.Text(".state-line"), want) })
}

// theRequestIsSentOnItsDay moves the bank's clock past tomorrow morning.
func (a *asks) theRequestIsSentOnItsDay() {
	a.t.Helper()
	maker := a.signedIn("maker")
	maker.open(a.request.path)
	a.request.rtp = a.attribute(maker, `(R025[0-9]{12})`, nil)
	if row := a.atBank("sent", a.request.rtp); !strings.Contains(row, "SCHEDULED") {
		a.t.Errorf("the bank has it as %q", row)
	}
	bank := a.bankPage("/alerts")
	for range 2 {
		bank.Click(`section[aria-labelledby="clock"] [name="hours"][value="24"]`)
		bank.WaitFor(".moved")
	}
	a.comesToRequest(maker, "sent")
	maker.look("request-sent")
	if row := a.atBank("sent", a.request.rtp); !strings.Contains(row, "SENT") {
		a.t.Errorf("the bank has it as %q", row)
	}
	bank.Click(`section[aria-labelledby="clock"] [name="reset"]`)
	bank.WaitFor("#clock")
}

// theRequestIsPaid plays whoever is to pay, and matches the money on the bank's
// statement to the bill.
func (a *asks) theRequestIsPaid() {
	a.t.Helper()
	bank := a.bankPage("/alerts")
	row := a.rowOf(bank, `section[aria-labelledby="sent"] tbody tr`, a.request.rtp)
	bank.Click(row + `[name="status"][value="PAID"]`)
	maker := a.signedIn("maker")
	a.comesToRequest(maker, "paid")
	maker.look("request-paid")

	maker.open("/imports/new?kind=payments")
	maker.Upload("[name=file]", a.file("statement.csv", a.statement()))
	maker.Submit("[name=file]")
	a.goesOn(maker, "#make-drafts")
	maker.Click("#make-drafts")
	a.goesOn(maker, "a[href^='/payments']")
	maker.open("/payments?q=" + a.request.rtp)
	maker.look("payment-of-request")
	maker.sees("main", a.request.amount)
	maker.Click("td.lead a")
	if accept := `form[action$="/proposal"] button`; maker.Exists(accept) {
		maker.look("payment-proposed")
		maker.Click(accept)
	}
	maker.sees("#used", a.request.number)
	maker.look("payment-matched")
	maker.open(a.request.bill)
	maker.look("bill-paid")
}

// statement is what the stand-in bank offers of our account.
func (a *asks) statement() []byte {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, strings.TrimSuffix(a.bank, "/")+"/statement.csv?seller="+ourPromptPay, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		a.t.Fatalf("the statement: %d, %v", res.StatusCode, err)
	}
	return content
}
