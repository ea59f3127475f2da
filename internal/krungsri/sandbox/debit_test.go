package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

const creditor = "0457262823"

// nothing journals nothing: what is journaled is the client's own tests' matter.
type nothing struct{}

func (nothing) Begin(context.Context, krungsri.Exchange) (string, error) { return "1", nil }
func (nothing) End(context.Context, string, krungsri.Result) error       { return nil }

func at(year int, month time.Month, day, hour, minute int) time.Time {
	return time.Date(year, month, day, hour, minute, 0, 0, krungsri.Bangkok)
}

// desk is a merchant's side of the bank, over HTTP.
type desk struct {
	*caller
	client *krungsri.Client
	url    string
	rules  string // of the last page, for browsers
	ids    int
}

func newDesk(t *testing.T, change ...func(*sandbox.Config)) *desk {
	t.Helper()
	d := &desk{caller: open(t, change...)}
	server := httptest.NewServer(d.bank)
	t.Cleanup(server.Close)
	d.url = server.URL
	d.client = d.newClient(clock)
	return d
}

func (d *desk) newClient(now func() time.Time) *krungsri.Client {
	d.t.Helper()
	client, err := krungsri.New(krungsri.Config{BaseURL: d.url, ClientID: "id", ClientSecret: "secret", SignatureKey: "key", Clock: now}, nothing{})
	if err != nil {
		d.t.Fatal(err)
	}
	return client
}

// id is a UUID of ours.
func (d *desk) id() string {
	d.ids++
	return fmt.Sprintf("071f2a78-a77b-4e45-91ba-%012d", d.ids)
}

// journey begins a registration in the app.
func (d *desk) journey(ref string) string {
	d.t.Helper()
	link, err := d.client.CreateDeeplink(d.t.Context(), krungsri.CreateDeeplinkRequest{Ref1: ref, RedirectURL: "https://portal.example/mandates"})
	if err != nil {
		d.t.Fatal(err)
	}
	return link.JourneyID
}

// mandate is a payment token for an account.
func (d *desk) mandate(account string) string {
	d.t.Helper()
	journey := d.journey("CUST" + account)
	if err := d.bank.Accept(journey, sandbox.Account{Number: account, Name: "นายทดสอบ ระบบ"}); err != nil {
		d.t.Fatal(err)
	}
	status, err := d.client.MandateStatus(d.t.Context(), krungsri.MandateStatusRequest{JourneyID: journey})
	if err != nil || status.Status != krungsri.TokenActive {
		d.t.Fatalf("%+v, %v", status, err)
	}
	return status.PaymentToken
}

func (d *desk) request(token string, amount krungsri.Baht) krungsri.CreateDebitRequest {
	return krungsri.CreateDebitRequest{TransactionID: d.id(), CreditorAccount: creditor, PaymentToken: token, Amount: amount, Ref1: "CUST0001"}
}

func (d *desk) debit(r krungsri.CreateDebitRequest) (krungsri.Debit, error) {
	return d.client.CreateDebit(d.t.Context(), "A-1", r)
}

func (d *desk) status(id string) krungsri.Debit {
	d.t.Helper()
	got, err := d.client.DebitStatus(d.t.Context(), krungsri.DebitStatusRequest{TransactionID: id, CreditorAccount: creditor})
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

func (d *desk) advance(by time.Duration) {
	d.t.Helper()
	if err := d.bank.Advance(by); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) set(to time.Time) {
	d.t.Helper()
	if err := d.bank.Set(to); err != nil {
		d.t.Fatal(err)
	}
}

// codeOf is the code of a refusal, or what else there is to say.
func codeOf(err error) string {
	if e, ok := errors.AsType[*krungsri.Error](err); ok && e.Outcome == krungsri.Refused {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// signed sends a request as it is, however wrong, with a right signature.
func (d *desk) signed(operation string, body object) (int, string) {
	d.t.Helper()
	o, _ := krungsri.OperationByID(operation)
	encoded, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	w := d.post(o.Path, string(encoded), func(r *http.Request) {
		digest, created := krungsri.Digest(encoded), clock().Unix()
		r.Header.Set(krungsri.HeaderDigest, digest)
		r.Header.Set(krungsri.HeaderSignature, fmt.Sprintf(`keyId="client-secret",algorithm="hs2019",created=%d,headers="%s",signature="%s"`,
			created, krungsri.SignedHeaders, krungsri.SignatureOf("key", o.Method, o.Path, created, digest, transactionID)))
	})
	return w.Code, code(w)
}

func TestWhatBecomesOfADebitGoesByPublishedRules(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	good := d.mandate("7770011501")
	for _, rule := range sandbox.DebitRules() {
		if rule.Account != "" {
			amount := map[string]krungsri.Baht{"15": 5_000_01, "16": 1_000_01}[rule.Account]
			_, err := d.debit(d.request(d.mandate("77700222"+rule.Account), max(amount, 100_00)))
			if got := codeOf(err); got != rule.Code {
				t.Errorf("an account ending in %s: %q, want %s", rule.Account, got, rule.Code)
			}
		}
		if rule.Satang > "91" {
			var satang krungsri.Baht
			_, _ = fmt.Sscan(rule.Satang, &satang)
			_, err := d.debit(d.request(good, 100_00+satang))
			if got := codeOf(err); got != rule.Code {
				t.Errorf("an amount ending in .%s: %q, want %s", rule.Satang, got, rule.Code)
			}
		}
	}
	for amount, want := range map[krungsri.Baht]string{
		19_99: krungsri.CodeOverLimit, 20_00: "", 300_000_00: "", 700_000_01: krungsri.CodeOverLimit, 700_000_00: krungsri.CodeOverDailyLimit,
	} {
		if amount == 700_000_00 {
			continue // after the others
		}
		if _, err := d.debit(d.request(good, amount)); codeOf(err) != want {
			t.Errorf("%s baht: %v, want %q", amount, err, want)
		}
	}
	if _, err := d.debit(d.request(good, 700_000_00)); codeOf(err) != krungsri.CodeOverDailyLimit {
		t.Errorf("above a million on one day: %v", err)
	}
	d.advance(24 * time.Hour)
	if _, err := d.debit(d.request(good, 700_000_00)); err != nil {
		t.Errorf("on the next day: %v", err)
	}
	for id, n := range d.bank.Taken() {
		if got := d.status(id).Status; n != 1 || got != krungsri.TransactionSucceeded {
			t.Errorf("%s was taken %d times and is %s", id, n, got)
		}
	}
	if n := len(d.bank.Taken()); n != 3 {
		t.Errorf("%d debits were taken, want 3", n)
	}
}

func TestAnAccountThatWaitsForItsPaydayPaysFromThe25th(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011525")
	for _, day := range []struct {
		day  int
		want string
	}{{22, krungsri.CodeInsufficientFunds}, {24, krungsri.CodeInsufficientFunds}, {25, ""}, {30, ""}} {
		d.set(at(2025, 11, day.day, 12, 0))
		if _, err := d.debit(d.request(token, 500_00)); codeOf(err) != day.want {
			t.Errorf("on the %d: %v, want %q", day.day, err, day.want)
		}
	}
}

func TestADebitIsTakenOnceHoweverOftenItIsAskedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.request(d.mandate("7770011501"), 1_070_00)
	var wait sync.WaitGroup
	answers := make([]krungsri.Debit, 8)
	for n := range answers {
		wait.Go(func() {
			answer, err := d.client.CreateDebit(t.Context(), "A-1", r)
			if err != nil {
				t.Error(err)
			}
			answers[n] = answer
		})
	}
	wait.Wait()
	d.advance(time.Hour)
	later := d.newClient(func() time.Time { return clock().Add(4 * time.Minute) }) // says another time of asking
	again, err := later.CreateDebit(t.Context(), "A-2", r)
	if err != nil || again.BankReference != answers[0].BankReference || !again.ProcessedAt.Equal(answers[0].ProcessedAt.Time) {
		t.Errorf("an hour later: %+v, %v; first %+v", again, err, answers[0])
	}
	if taken := d.bank.Taken(); taken[r.TransactionID] != 1 || len(taken) != 1 {
		t.Errorf("taken: %v", taken)
	}
	for name, change := range map[string]func(*krungsri.CreateDebitRequest){
		"amount": func(r *krungsri.CreateDebitRequest) { r.Amount++ },
		"payer":  func(r *krungsri.CreateDebitRequest) { r.Ref1 = "CUST0002" },
		"remark": func(r *krungsri.CreateDebitRequest) { r.Remark = "x" },
	} {
		other := r
		change(&other)
		_, err := d.debit(other)
		if e, ok := errors.AsType[*krungsri.Error](err); !ok || e.Code != krungsri.CodeDuplicate || e.Outcome != krungsri.Unknown {
			t.Errorf("another %s: %v", name, err)
		}
	}
	no := d.request(d.mandate("7770011512"), 100_00)
	for range 2 {
		if _, err := d.debit(no); codeOf(err) != krungsri.CodeInsufficientFunds {
			t.Errorf("a refused one: %v", err)
		}
	}
	if got := d.status(no.TransactionID); got.Status != krungsri.TransactionFailed || got.FailureCode != krungsri.CodeInsufficientFunds {
		t.Errorf("a refused one is %+v", got)
	}
}

func TestWhatIsNotDecidedAtOnceIsDecidedByTime(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011501")
	pends, fails, back := d.request(token, 100_91), d.request(token, 100_90), d.request(token, 100_89)
	for _, r := range []krungsri.CreateDebitRequest{pends, fails} {
		if _, err := d.debit(r); !errors.Is(err, krungsri.ErrPending) {
			t.Errorf("%s: %v", r.Amount, err)
		}
	}
	if _, err := d.debit(back); err != nil {
		t.Error(err)
	}
	is := func(when string, want ...krungsri.TransactionStatus) {
		t.Helper()
		for n, r := range []krungsri.CreateDebitRequest{pends, fails, back} {
			if got := d.status(r.TransactionID).Status; got != want[n] {
				t.Errorf("%s, %s is %s, want %s", when, r.Amount, got, want[n])
			}
		}
	}
	const p, s, f, r = krungsri.TransactionPending, krungsri.TransactionSucceeded, krungsri.TransactionFailed, krungsri.TransactionReversed
	is("at once", p, p, s)
	d.advance(10*time.Minute - time.Second)
	is("before ten minutes", p, p, s)
	d.advance(time.Second)
	is("after ten minutes", s, f, s)
	if got := d.status(pends.TransactionID).ProcessedAt; !got.Equal(clock().Add(10 * time.Minute)) {
		t.Errorf("it was decided at %s", got)
	}
	d.advance(time.Hour)
	is("after an hour", s, f, r)
	if taken := d.bank.Taken(); taken[pends.TransactionID] != 1 || taken[back.TransactionID] != 1 || len(taken) != 2 {
		t.Errorf("taken: %v", taken)
	}
	code, statement := d.statement("seller=" + creditor)
	if code != http.StatusOK || strings.Count(statement, "รับเงินจากการหักบัญชี") != 2 || !strings.Contains(statement, "คืนเงินหักบัญชี,,100.89,100.91,Direct Debit") {
		t.Errorf("the statement: %d\n%s", code, statement)
	}
}

func TestADebitNeedsATokenThatIsActive(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, status := range []krungsri.TokenStatus{krungsri.TokenSuspended, krungsri.TokenCancelled, krungsri.TokenExpired} {
		token := d.mandate("7770011501")
		if err := d.bank.ChangeToken(token, status); err != nil {
			t.Fatal(err)
		}
		if _, err := d.debit(d.request(token, 100_00)); codeOf(err) != krungsri.CodeTokenNotActive {
			t.Errorf("%s: %v", status, err)
		}
	}
	token := d.mandate("7770011501")
	for _, status := range []krungsri.TokenStatus{krungsri.TokenSuspended, krungsri.TokenActive} {
		if err := d.bank.ChangeToken(token, status); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.debit(d.request(token, 100_00)); err != nil {
		t.Errorf("used again after a suspension: %v", err)
	}
	if _, err := d.debit(d.request(d.id(), 100_00)); codeOf(err) != krungsri.CodeNotFound {
		t.Errorf("a token of nobody: %v", err)
	}
	// It ends on the day that the list tells.
	listed, err := d.client.ListMandates(t.Context(), krungsri.ListMandatesRequest{Status: krungsri.TokenActive})
	if err != nil || listed.Total != 1 || *listed.Tokens[0].ExpiresOn != (krungsri.Date{Year: 2027, Month: 11, Day: 22}) {
		t.Fatalf("%+v, %v", listed, err)
	}
	d.set(at(2027, 11, 22, 23, 59))
	if _, err := d.debit(d.request(token, 100_00)); err != nil {
		t.Errorf("on its last day: %v", err)
	}
	d.set(at(2027, 11, 23, 0, 0))
	if _, err := d.debit(d.request(token, 100_00)); codeOf(err) != krungsri.CodeTokenNotActive {
		t.Errorf("on the day after: %v", err)
	}
	if got, err := d.client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{PaymentToken: token}); err != nil || got.Status != krungsri.TokenExpired {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestATokenIsCancelledOnceAndItsSchedulesWithIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011501")
	s := d.schedule(token, func(r *krungsri.CreateScheduleRequest) {})
	var answers []krungsri.CancelledMandate
	for range 2 {
		a, err := d.client.CancelMandate(t.Context(), "A-1", krungsri.CancelMandateRequest{PaymentToken: token, Reason: "เลิกสัญญา"})
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
		d.advance(time.Hour)
	}
	if answers[0] != answers[1] {
		t.Errorf("asked twice, answered %+v", answers)
	}
	if got := d.listed(s.ScheduleID); got.Status != krungsri.ScheduleCancelled || got.NextOn != nil {
		t.Errorf("its schedule is %+v", got)
	}
	d.advance(90 * 24 * time.Hour)
	if n := len(d.bank.Debits()); n != 0 {
		t.Errorf("%d debits after the cancellation", n)
	}
	waiting := d.journey("CUST9")
	if _, err := d.client.CancelMandate(t.Context(), "A-2", krungsri.CancelMandateRequest{PaymentToken: waiting}); codeOf(err) != krungsri.CodeNotFound {
		t.Errorf("a journey is no token: %v", err)
	}
}

func TestTheListOfDebitsIsWholeAndInPages(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011501")
	var want []string
	for range 7 {
		r := d.request(token, 100_00)
		want = append(want, r.TransactionID)
		if _, err := d.debit(r); err != nil {
			t.Fatal(err)
		}
		d.advance(time.Minute)
	}
	var got []string
	ask := krungsri.ListDebitsRequest{
		CreditorAccount: creditor, From: krungsri.Instant{Time: clock()}, To: krungsri.Instant{Time: clock().Add(6 * time.Minute)}, PageSize: 4,
	}
	for ask.Page = 1; ask.Page <= 3; ask.Page++ {
		page, err := d.client.ListDebits(t.Context(), ask)
		if err != nil || page.Total != 6 {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, row := range page.Transactions {
			if row.PaymentToken != token || row.DrawerAccount != "xxxxxx1501" || row.Ref1 != "CUST0001" {
				t.Errorf("%+v", row)
			}
			got = append(got, row.TransactionID)
		}
	}
	if !slices.Equal(got, want[:6]) { // the seventh came at the end, which is not included
		t.Errorf("got %v\nwant %v", got, want[:6])
	}
	ask.CreditorAccount = "0457262824"
	if page, err := d.client.ListDebits(t.Context(), ask); err != nil || page.Total != 0 {
		t.Errorf("of another account: %+v, %v", page, err)
	}
}

func TestEveryMemberOfDirectDebitIsChecked(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011501")
	good := map[string]object{
		"consent.prepare":  {"direct-debit-registration": object{"ref1": "CUST1"}},
		"mandate.deeplink": {"ref1": "CUST1", "redirectUrl": "https://portal.example/"},
		"mandate.status":   {"paymentToken": token},
		"mandate.list":     {"paymentTokenStatus": "ACTV"},
		"mandate.cancel":   {"paymentToken": d.mandate("7770011502")},
		"debit.create": {
			"transactionIdentification": d.id(), "creditorAccountNumber": creditor, "paymentToken": token, "amount": 100, "ref1": "CUST1",
			"transactionDateTime": "2025-11-22T09:30:00+07:00",
		},
		"debit.list": {"creditorAccountNumber": creditor, "startDateTime": "2025-11-22T00:00:00+07:00", "endDateTime": "2025-11-23T00:00:00+07:00"},
		"schedule.create": {
			"scheduleReference": d.id(), "paymentToken": token, "creditorAccountNumber": creditor, "amount": 100, "frequency": "MONTHLY", "startDate": "2025-11-22",
			"ref1": "CUST1",
		},
		"schedule.list": {"paymentToken": token},
	}
	for _, tt := range []struct {
		operation, member string
		value             any // nil leaves it out
		want              string
	}{
		{"consent.prepare", "direct-debit-registration", nil, "direct-debit-registration"},
		{"consent.prepare", "direct-debit-registration", object{"ref1": ""}, "ref1"},
		{"consent.prepare", "direct-debit-registration", object{"ref1": strings.Repeat("x", 21)}, "ref1"},
		{"consent.prepare", "direct-debit-registration", object{"ref1": "C1", "ref2": "a b"}, "ref2"},
		{"mandate.deeplink", "redirectUrl", "portal.example", "redirectUrl"},
		{"mandate.deeplink", "redirectUrl", nil, "redirectUrl"},
		{"mandate.deeplink", "callbackUrl", "x", "callbackUrl"},
		{"mandate.deeplink", "ref1", "ก", "ref1"},
		{"mandate.status", "paymentToken", nil, "journeyIdentifier"},
		{"mandate.status", "paymentToken", "x", "paymentToken"},
		{"mandate.list", "paymentTokenStatus", "WHAT", "paymentTokenStatus"},
		{"mandate.list", "drawerAccountNumber", "12", "drawerAccountNumber"},
		{"mandate.list", "startCreateDateTime", "yesterday", "startCreateDateTime"},
		{"mandate.list", "pageSize", 501, "pageSize"},
		{"mandate.list", "pageNumber", 0, "pageNumber"},
		{"mandate.cancel", "paymentToken", nil, "paymentToken"},
		{"mandate.cancel", "cancellationReason", strings.Repeat("ก", 141), "cancellationReason"},
		{"debit.create", "transactionIdentification", "1", "transactionIdentification"},
		{"debit.create", "creditorAccountNumber", "045726282", "creditorAccountNumber"},
		{"debit.create", "paymentToken", nil, "paymentToken"},
		{"debit.create", "amount", nil, "amount"},
		{"debit.create", "amount", 0, "amount"},
		{"debit.create", "amount", -100, "amount"},
		{"debit.create", "amount", 100.001, "amount"},
		{"debit.create", "amount", "100", "amount"},
		{"debit.create", "ref1", nil, "ref1"},
		{"debit.create", "ref2", "x-1", "ref2"},
		{"debit.create", "transactionDateTime", nil, "transactionDateTime"},
		{"debit.create", "remark", strings.Repeat("ก", 51), "remark"},
		{"debit.create", "partnerReference", "A-1", "body"},
		{"debit.list", "endDateTime", "2025-11-21T00:00:00+07:00", "endDateTime"},
		{"debit.list", "endDateTime", "2026-11-21T00:00:00+07:00", "endDateTime"},
		{"debit.list", "startDateTime", nil, "startDateTime"},
		{"schedule.create", "scheduleReference", nil, "scheduleReference"},
		{"schedule.create", "amount", 0, "amount"},
		{"schedule.create", "frequency", "YEARLY", "frequency"},
		{"schedule.create", "startDate", "2025-11-21", "startDate"},
		{"schedule.create", "startDate", "2568-11-30", "startDate"},
		{"schedule.create", "startDate", "2025-11-31", "startDate"},
		{"schedule.create", "endDate", "2025-11-21", "endDate"},
		{"schedule.create", "dayOfMonth", 32, "dayOfMonth"},
		{"schedule.create", "dayOfMonth", 0, "dayOfMonth"},
		{"schedule.create", "numberOfPayments", 1.5, "numberOfPayments"},
		{"schedule.list", "scheduleStatus", "X", "scheduleStatus"},
		{"schedule.list", "paymentToken", nil, "scheduleIdentification"},
		{"schedule.list", "pageSize", 101, "pageSize"},
	} {
		body := object{}
		maps.Copy(body, good[tt.operation])
		body[tt.member] = tt.value
		if tt.value == nil {
			delete(body, tt.member)
		}
		status, code := d.signed(tt.operation, body)
		if want := krungsri.MemberCode(tt.want); status != http.StatusBadRequest || code != want {
			t.Errorf("%s with %s %v: %d %s, want %s", tt.operation, tt.member, tt.value, status, code, want)
		}
	}
	for name, more := range map[string]object{
		"an end and a number":    {"endDate": "2026-11-22", "numberOfPayments": 3},
		"one run with an end":    {"frequency": "ONCE", "endDate": "2025-11-23"},
		"one run twice":          {"frequency": "ONCE", "numberOfPayments": 2},
		"a weekly day of month":  {"frequency": "WEEKLY", "dayOfMonth": 5},
		"an end before any run":  {"dayOfMonth": 21, "endDate": "2025-12-20"},
		"a member nobody knows":  {"shift": "next"},
		"a day without a number": {"dayOfMonth": "31"},
	} {
		body := object{}
		for _, o := range []object{good["schedule.create"], more} {
			maps.Copy(body, o)
		}
		if status, _ := d.signed("schedule.create", body); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	if len(d.bank.Effects()) != 0 || len(d.bank.Schedules()) != 0 || len(d.bank.Debits()) != 0 {
		t.Errorf("something happened: %+v", d.bank.Effects())
	}
	for operation, body := range good {
		if status, code := d.signed(operation, body); status != http.StatusOK {
			t.Errorf("%s: %d %s", operation, status, code)
		}
	}
	delete(good["debit.create"], "remark")
	good["debit.create"]["transactionIdentification"] = d.id()
	encoded, _ := json.Marshal(good["debit.create"])
	o, _ := krungsri.OperationByID("debit.create")
	if w := d.post(o.Path, string(encoded)); code(w) != krungsri.CodeSignature {
		t.Errorf("an unsigned debit: %d %s", w.Code, w.Body)
	}
}
