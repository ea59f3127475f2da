package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

func TestFiveHundredPayersAcceptAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for n := range 500 {
		d.journey(fmt.Sprintf("CUST%04d", n))
	}
	refused := d.journey("CUSTNO")
	if err := d.bank.Refuse(refused); err != nil {
		t.Fatal(err)
	}
	if status := d.press("/sandbox/debits/registrations/accept", "same-origin", url.Values{"page": {"debits"}}); status != http.StatusSeeOther {
		t.Fatalf("%d", status)
	}
	accounts, outcomes := map[string]bool{}, map[string]int{}
	ask := krungsri.ListMandatesRequest{Status: krungsri.TokenActive, PageSize: 200}
	for ask.Page = 1; ask.Page <= 3; ask.Page++ {
		page, err := d.client.ListMandates(t.Context(), ask)
		if err != nil || page.Total != 500 {
			t.Fatalf("%d of %d, %v", len(page.Tokens), page.Total, err)
		}
		for _, m := range page.Tokens {
			_, err := d.debit(d.request(m.PaymentToken, 590_00))
			outcomes[codeOf(err)]++
		}
	}
	for _, r := range d.bank.Registrations() {
		if r.Status == krungsri.TokenActive {
			accounts[r.Account.Number] = true
		}
	}
	if len(accounts) != 500 {
		t.Errorf("%d accounts", len(accounts))
	}
	// Of every hundred: one for each rule that fails 590 baht on the 22nd.
	want := map[string]int{
		"": 470, krungsri.CodeInsufficientFunds: 10, krungsri.CodeAccountClosed: 5, krungsri.CodeAccountFrozen: 5, krungsri.CodeAccountBusy: 5,
		krungsri.CodeStoppedByPayer: 5,
	}
	for code, n := range want {
		if outcomes[code] != n {
			t.Errorf("%q: %d, want %d of %v", code, outcomes[code], n, outcomes)
		}
	}
	if n, err := d.bank.AcceptAll(); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}

func TestTheRulesArePublishedAsTheyAre(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range sandbox.DebitRules() {
		row := "| –"
		if rule.Account != "" {
			row = "| " + rule.Account
		}
		if row += " | –"; rule.Satang != "" {
			row = strings.TrimSuffix(row, "–") + "." + rule.Satang
		}
		if row += " | –"; rule.Code != "" {
			row = strings.TrimSuffix(row, "–") + "`" + rule.Code + "`"
		}
		if row += " | " + rule.English + " |"; !strings.Contains(string(doc), row) {
			t.Errorf("docs/sandbox.md lacks: %s", row)
		}
	}
}

func TestTheDebitsPageShowsAndPlays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	show := func() string {
		t.Helper()
		status, _, page := d.browse(http.MethodGet, "/sandbox/debits", nil)
		if status != http.StatusOK {
			t.Fatalf("%d", status)
		}
		return page
	}
	if page := show(); !strings.Contains(page, "not a real bank") || !strings.Contains(page, "Nobody is waiting.") || !strings.Contains(page, krungsri.CodeInsufficientFunds) {
		t.Error("the empty page")
	}
	journey, other := d.journey("CUST0001"), d.journey("CUST0002")
	if page := show(); !strings.Contains(page, journey) || !strings.Contains(page, "/app/direct-debit/"+other) {
		t.Error("the waiting are not shown")
	}
	press := func(path string, form url.Values, want int) {
		t.Helper()
		form.Set("page", "debits")
		if status, to, _ := d.browse(http.MethodPost, path, form); status != want || want == http.StatusSeeOther && to.Path != "/sandbox/debits" {
			t.Errorf("%s %v: %d to %v", path, form, status, to)
		}
	}
	const done, not = http.StatusSeeOther, http.StatusUnprocessableEntity
	press("/sandbox/debits/registration", url.Values{"journey": {journey}, "account": {"1"}}, not)
	press("/sandbox/debits/registration", url.Values{"journey": {journey}, "account": {"7770011501"}}, done)
	press("/sandbox/debits/registration", url.Values{"journey": {other}, "decision": {"refuse"}}, done)
	press("/sandbox/debits/registration", url.Values{"journey": {other}, "decision": {"refuse"}}, not)
	press("/sandbox/debits/branch", url.Values{"ref1": {"CUST0003"}, "account": {"7770011502"}}, done)
	press("/sandbox/debits/branch", url.Values{"ref1": {"<b>"}, "account": {"7770011502"}}, not)
	token := d.bank.Registrations()[0].Token
	pending := d.request(token, 100_91)
	_, _ = d.debit(pending)
	d.schedule(token, func(*krungsri.CreateScheduleRequest) {})
	page := show()
	for _, want := range []string{token, "CUST0003", "BRANCH", "นายสมหมาย ใจดี", pending.TransactionID, "100.91", "MONTHLY", "2025-11-30"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	press("/sandbox/debits/debit", url.Values{"id": {pending.TransactionID}, "status": {"RVSD"}}, not)
	press("/sandbox/debits/debit", url.Values{"id": {pending.TransactionID}, "status": {"SUCC"}}, done)
	press("/sandbox/debits/debit", url.Values{"id": {pending.TransactionID}, "status": {"SUCC"}}, not)
	press("/sandbox/debits/token", url.Values{"token": {token}, "status": {"SUSP"}}, done)
	press("/sandbox/debits/token", url.Values{"token": {token}, "status": {"SUSP"}}, not)
	press("/sandbox/debits/token", url.Values{"token": {token}, "status": {"PDNG"}}, not)
	press("/sandbox/debits/tell", url.Values{"id": {token}}, done)
	press("/sandbox/clock", url.Values{"hours": {"24"}}, done)
	if status := d.press("/sandbox/debits/token", "cross-site", url.Values{"token": {token}, "status": {"ACTV"}}); status != http.StatusForbidden {
		t.Errorf("a form from elsewhere: %d", status)
	}
	if got := d.status(pending.TransactionID); got.Status != krungsri.TransactionSucceeded || d.bank.Taken()[pending.TransactionID] != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDirectDebitSurvivesARestart(t *testing.T) {
	t.Parallel()
	keep := func(path string) func(*sandbox.Config) { return func(c *sandbox.Config) { c.StateFile = path } }
	path := filepath.Join(t.TempDir(), "bank.json")
	d := newDesk(t, keep(path))
	token, capped := d.mandate("7770011501"), d.mandate("7770011516")
	pending, taken := d.request(token, 100_91), d.request(capped, 600_00)
	_, _ = d.debit(pending)
	if _, err := d.debit(taken); err != nil {
		t.Fatal(err)
	}
	refused := d.request(capped, 600_00)
	if _, err := d.debit(refused); codeOf(err) != krungsri.CodeOverDailyLimit {
		t.Fatal(err)
	}
	s := d.schedule(token, func(r *krungsri.CreateScheduleRequest) { r.Frequency = krungsri.Daily })
	d.set(at(2025, 11, 22, 9, 31))

	again := newDesk(t, keep(path))
	again.ids = 100
	if got := again.status(refused.TransactionID); got.Status != krungsri.TransactionFailed {
		t.Errorf("the refused one is %+v", got)
	}
	if _, err := again.debit(again.request(capped, 500_00)); codeOf(err) != krungsri.CodeOverDailyLimit {
		t.Errorf("the day's sum was forgotten: %v", err)
	}
	if answer, err := again.debit(taken); err != nil || answer.BankReference == "" || again.bank.Taken()[taken.TransactionID] != 1 {
		t.Errorf("the taken one again: %+v, %v", answer, err)
	}
	again.set(at(2025, 11, 30, 8, 0))
	if got := again.status(pending.TransactionID); got.Status != krungsri.TransactionSucceeded || !got.ProcessedAt.Equal(clock().Add(10*time.Minute)) {
		t.Errorf("the pending one is %+v", got)
	}
	if n := len(again.listed(s.ScheduleID).Executions); n != 1 {
		t.Errorf("%d runs", n)
	}
}
