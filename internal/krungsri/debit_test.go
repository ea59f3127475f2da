package krungsri_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

const (
	ourAccount  = "0457262823"
	transaction = "071f2a78-a77b-4e45-91ba-4bd96d5bcde9"
	scheduled   = "5a1c1f0e-2f53-4b0d-8a43-8f7d0d1b9a10"
	returnTo    = "https://portal.example/mandates/return"
	aState      = "a-state-nobody-guesses"
)

var goodPayer = sandbox.Account{Number: "7770011501", Name: "นายสมหมาย ใจดี"}

// payer is a payer with a payment token, at a bank that our client calls.
type payer struct {
	t       *testing.T
	bank    *sandbox.Bank
	url     string
	client  *krungsri.Client
	journal *memoryJournal
	context string
	token   string
}

// newPayer has a payer consent to debits from this account.
func newPayer(t *testing.T, from sandbox.Account, change ...func(*sandbox.Config)) *payer {
	t.Helper()
	bank, server := newBank(t, change...)
	p := &payer{t: t, bank: bank, url: server.URL}
	p.client, p.journal = newClient(t, server.URL)
	prepared, err := p.client.PrepareConsent(t.Context(), krungsri.PrepareConsentRequest{Ref1: "CUST0001"})
	if err != nil {
		t.Fatal(err)
	}
	p.context = prepared.ContextID
	if err := bank.Accept(p.context, from); err != nil {
		t.Fatal(err)
	}
	status, err := p.client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{JourneyID: p.context})
	if err != nil || status.Status != krungsri.TokenActive {
		t.Fatalf("registered: %+v, %v", status, err)
	}
	p.token = status.PaymentToken
	return p
}

func (p *payer) debit(amount krungsri.Baht) krungsri.CreateDebitRequest {
	return krungsri.CreateDebitRequest{
		TransactionID: transaction, CreditorAccount: ourAccount, PaymentToken: p.token, Amount: amount, Ref1: "CUST0001", Ref2: "INV25680001",
	}
}

func (p *payer) schedule() krungsri.CreateScheduleRequest {
	return krungsri.CreateScheduleRequest{
		Reference: scheduled, PaymentToken: p.token, CreditorAccount: ourAccount, Amount: 590_00, Frequency: krungsri.Monthly,
		StartsOn: krungsri.Date{Year: 2025, Month: 11, Day: 30}, Payments: 12, DayOfMonth: 31, Ref1: "CUST0001",
	}
}

// drawnIDs are what the bank draws at random; of ours, only those that repeat one of the bank's.
var drawnIDs = regexp.MustCompile(`("(?:oauth_context_id|journeyIdentifier|paymentToken|scheduleIdentification|deeplinkUrl)":)"[^"]*"`)

func TestTheWireOfDirectDebitIsPinned(t *testing.T) {
	t.Parallel()
	const nobody = "00000000-0000-4000-8000-000000000000"
	for _, tt := range []struct {
		operation string
		good, bad func(*payer) error
		badWants  string
	}{
		{
			"consent.prepare",
			func(p *payer) error {
				_, err := p.client.PrepareConsent(t.Context(), krungsri.PrepareConsentRequest{Ref1: "CUST0002", Ref2: "GROUP7"})
				return err
			},
			func(p *payer) error {
				_, err := p.client.PrepareConsent(t.Context(), krungsri.PrepareConsentRequest{Ref1: "ลูกค้า 2"})
				return err
			},
			krungsri.MemberCode("ref1"),
		},
		{
			"consent.retrieve",
			func(p *payer) error {
				_, err := p.client.RetrieveConsent(t.Context(), krungsri.RetrieveConsentRequest{
					Code: p.consent(url.Values{"decision": {"accept"}, "account": {"7770011502"}}).Get("code"), RedirectURI: returnTo,
				})
				return err
			},
			func(p *payer) error {
				if err := p.bank.SetFault("consent.retrieve", sandbox.Fault{Kind: sandbox.ExpiredToken, Times: 1}); err != nil {
					return err
				}
				_, err := p.client.RetrieveConsent(t.Context(), krungsri.RetrieveConsentRequest{
					Code: p.consent(url.Values{"decision": {"accept"}, "account": {"7770011502"}}).Get("code"), RedirectURI: returnTo,
				})
				return err
			},
			krungsri.CodeTokenRefused,
		},
		{
			"mandate.deeplink",
			func(p *payer) error {
				_, err := p.client.CreateDeeplink(t.Context(), krungsri.CreateDeeplinkRequest{Ref1: "CUST0002", RedirectURL: returnTo})
				return err
			},
			func(p *payer) error {
				_, err := p.client.CreateDeeplink(t.Context(), krungsri.CreateDeeplinkRequest{Ref1: "CUST0002", RedirectURL: "javascript:alert(1)"})
				return err
			},
			krungsri.MemberCode("redirectUrl"),
		},
		{
			"mandate.status",
			func(p *payer) error {
				_, err := p.client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{PaymentToken: p.token})
				return err
			},
			func(p *payer) error {
				_, err := p.client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{JourneyID: nobody})
				return err
			},
			krungsri.CodeNotFound,
		},
		{
			"mandate.list",
			func(p *payer) error {
				_, err := p.client.ListMandates(t.Context(), krungsri.ListMandatesRequest{
					Status: krungsri.TokenActive, CreatedFrom: &krungsri.Instant{Time: fixedClock().Add(-time.Hour)}, CreatedTo: &krungsri.Instant{Time: fixedClock().Add(time.Hour)},
				})
				return err
			},
			func(p *payer) error {
				_, err := p.client.ListMandates(t.Context(), krungsri.ListMandatesRequest{Page: 2})
				return err
			},
			krungsri.MemberCode("paymentTokenStatus"),
		},
		{
			"mandate.cancel",
			func(p *payer) error {
				_, err := p.client.CancelMandate(t.Context(), "A-1", krungsri.CancelMandateRequest{PaymentToken: p.token, Reason: "ลูกค้าเลิกสัญญา"})
				return err
			},
			func(p *payer) error {
				_, err := p.client.CancelMandate(t.Context(), "A-2", krungsri.CancelMandateRequest{PaymentToken: nobody})
				return err
			},
			krungsri.CodeNotFound,
		},
		{
			"debit.create",
			func(p *payer) error {
				_, err := p.client.CreateDebit(t.Context(), "A-1", p.debit(1_070_00))
				return err
			},
			func(p *payer) error {
				d := p.debit(19_99)
				d.TransactionID = scheduled
				_, err := p.client.CreateDebit(t.Context(), "A-2", d)
				return err
			},
			krungsri.CodeOverLimit,
		},
		{
			"debit.status",
			func(p *payer) error {
				p.take(1_070_00)
				_, err := p.client.DebitStatus(t.Context(), krungsri.DebitStatusRequest{TransactionID: transaction, CreditorAccount: ourAccount})
				return err
			},
			func(p *payer) error {
				_, err := p.client.DebitStatus(t.Context(), krungsri.DebitStatusRequest{TransactionID: nobody, CreditorAccount: ourAccount})
				return err
			},
			krungsri.CodeNotFound,
		},
		{
			"debit.list",
			func(p *payer) error {
				p.take(1_070_00)
				_, err := p.client.ListDebits(t.Context(), krungsri.ListDebitsRequest{
					CreditorAccount: ourAccount, From: krungsri.Instant{Time: fixedClock().Add(-time.Hour)}, To: krungsri.Instant{Time: fixedClock().Add(time.Hour)}, Page: 1, PageSize: 50,
				})
				return err
			},
			func(p *payer) error {
				_, err := p.client.ListDebits(t.Context(), krungsri.ListDebitsRequest{
					CreditorAccount: ourAccount, From: krungsri.Instant{Time: fixedClock()}, To: krungsri.Instant{Time: fixedClock().AddDate(0, 4, 0)},
				})
				return err
			},
			krungsri.MemberCode("endDateTime"),
		},
		{
			"schedule.create",
			func(p *payer) error { _, err := p.client.CreateSchedule(t.Context(), "A-1", p.schedule()); return err },
			func(p *payer) error {
				s := p.schedule()
				s.StartsOn = krungsri.Date{Year: 2025, Month: 11, Day: 21}
				_, err := p.client.CreateSchedule(t.Context(), "A-2", s)
				return err
			},
			krungsri.MemberCode("startDate"),
		},
		{
			"schedule.list",
			func(p *payer) error {
				p.submit(p.schedule())
				if err := p.bank.Advance(10 * 24 * time.Hour); err != nil {
					return err
				}
				_, err := p.client.ListSchedules(t.Context(), krungsri.ListSchedulesRequest{PaymentToken: p.token, Status: krungsri.ScheduleActive})
				return err
			},
			func(p *payer) error {
				_, err := p.client.ListSchedules(t.Context(), krungsri.ListSchedulesRequest{Status: krungsri.ScheduleActive})
				return err
			},
			krungsri.MemberCode("scheduleIdentification"),
		},
		{
			"schedule.cancel",
			func(p *payer) error {
				_, err := p.client.CancelSchedule(t.Context(), "A-1", krungsri.CancelScheduleRequest{ScheduleID: p.submit(p.schedule()), Reason: "เปลี่ยนยอด"})
				return err
			},
			func(p *payer) error {
				_, err := p.client.CancelSchedule(t.Context(), "A-2", krungsri.CancelScheduleRequest{ScheduleID: nobody})
				return err
			},
			krungsri.CodeNotFound,
		},
	} {
		t.Run(tt.operation, func(t *testing.T) {
			t.Parallel()
			p := newPayer(t, goodPayer)
			before, _ := p.journal.of(tt.operation)
			err := tt.bad(p)
			if e, ok := errors.AsType[*krungsri.Error](err); !ok || e.Code != tt.badWants || e.Outcome != krungsri.Refused {
				t.Errorf("bad request: %v, want code %s", err, tt.badWants)
			}
			if err := tt.good(p); err != nil {
				t.Errorf("good request: %v", err)
			}
			xs, rs := p.journal.of(tt.operation)
			for n, name := range []string{".bad.json", ".good.json"} {
				x, r := xs[len(before)+n], rs[len(before)+n]
				x.Body, r.Body = drawnIDs.ReplaceAll(x.Body, []byte(`$1"…"`)), drawnIDs.ReplaceAll(r.Body, []byte(`$1"…"`))
				r.Body = regexp.MustCompile(`("executionDate":"[^"]*","transactionIdentification":)"[^"]*"`).ReplaceAll(r.Body, []byte(`$1"…"`))
				golden(t, tt.operation+name, x, r)
			}
		})
	}
}

func (p *payer) take(amount krungsri.Baht) {
	p.t.Helper()
	if _, err := p.client.CreateDebit(p.t.Context(), "A-0", p.debit(amount)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *payer) submit(r krungsri.CreateScheduleRequest) string {
	p.t.Helper()
	s, err := p.client.CreateSchedule(p.t.Context(), "A-0", r)
	if err != nil {
		p.t.Fatal(err)
	}
	return s.ScheduleID
}

// consent plays the payer's browser: to the bank's page, and back with what the bank gives it.
func (p *payer) consent(form url.Values) url.Values {
	p.t.Helper()
	prepared, err := p.client.PrepareConsent(p.t.Context(), krungsri.PrepareConsentRequest{Ref1: "CUST0009"})
	if err != nil {
		p.t.Fatal(err)
	}
	page, err := krungsri.AuthorizeURL(prepared.AuthorizeURL, returnTo, aState)
	if err != nil {
		p.t.Fatal(err)
	}
	u, _ := url.Parse(page)
	answer := u.Query()
	maps.Copy(answer, form)
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+krungsri.AuthorizePath, strings.NewReader(answer.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = res.Body.Close()
	back, err := res.Location()
	if err != nil || !strings.HasPrefix(back.String(), returnTo+"?") || back.Query().Get("state") != aState {
		p.t.Fatalf("%d, back to %v, %v", res.StatusCode, back, err)
	}
	return back.Query()
}

func TestAConsentIsFetchedOnceWithThePayersOwnToken(t *testing.T) {
	t.Parallel()
	p := newPayer(t, goodPayer)
	ask := krungsri.RetrieveConsentRequest{Code: p.consent(url.Values{"decision": {"accept"}, "account": {"7770011502"}}).Get("code"), RedirectURI: returnTo}
	got, err := p.client.RetrieveConsent(t.Context(), ask)
	if err != nil || got.Status != krungsri.TokenActive || got.PaymentToken == "" || got.Ref1 != "CUST0009" {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := p.client.RetrieveConsent(t.Context(), ask); !refusedWith(err, krungsri.CodeGrant) {
		t.Errorf("the code a second time: %v", err)
	}
	if e, ok := errors.AsType[*krungsri.Error](err); ok && e.Operation != "consent.retrieve" {
		t.Errorf("told about %s", e.Operation)
	}
	xs, rs := p.journal.of(krungsri.TokenOperation)
	for n := range xs {
		text := string(xs[n].Body) + string(rs[n].Body)
		if strings.Contains(text, ask.Code) || !strings.Contains(string(rs[n].Body), `***`) && rs[n].Outcome == krungsri.Done {
			t.Errorf("the journal shows a code or a token: %s", text)
		}
	}
	// Our own token is still ours: the payer's took no one's place.
	if _, err := p.client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{PaymentToken: p.token}); err != nil {
		t.Errorf("after a payer's token: %v", err)
	}
}

func TestACodeIsGoodForItsOwnAddressAndAShortTime(t *testing.T) {
	t.Parallel()
	p := newPayer(t, goodPayer)
	accept := url.Values{"decision": {"accept"}, "account": {"7770011502"}}
	elsewhere := krungsri.RetrieveConsentRequest{Code: p.consent(accept).Get("code"), RedirectURI: returnTo + "/other"}
	if _, err := p.client.RetrieveConsent(t.Context(), elsewhere); !refusedWith(err, krungsri.CodeGrant) {
		t.Errorf("another address: %v", err)
	}
	if _, err := p.client.RetrieveConsent(t.Context(), krungsri.RetrieveConsentRequest{Code: "guessed", RedirectURI: returnTo}); !refusedWith(err, krungsri.CodeGrant) {
		t.Errorf("a code of nobody: %v", err)
	}
	late := krungsri.RetrieveConsentRequest{Code: p.consent(accept).Get("code"), RedirectURI: returnTo}
	if err := p.bank.Advance(5 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := p.client.RetrieveConsent(t.Context(), late); !refusedWith(err, krungsri.CodeGrant) {
		t.Errorf("too late: %v", err)
	}
	if back := p.consent(url.Values{"decision": {"refuse"}}); back.Get("error") != "access_denied" || back.Has("code") {
		t.Errorf("a payer who refuses comes back with %v", back)
	}
}

func refusedWith(err error, code string) bool {
	e, ok := errors.AsType[*krungsri.Error](err)
	return ok && e.Code == code && e.Outcome == krungsri.Refused
}

func TestTheBanksPageIsCompletedWithAStateOrNotAtAll(t *testing.T) {
	t.Parallel()
	const page = "https://bank.example/auth/oauth/v2/authorize?oauth_context_id=1&scope=direct-debit-registration"
	got, err := krungsri.AuthorizeURL(page, returnTo+"?x=1", aState)
	if u, _ := url.Parse(got); err != nil || u.Query().Get("state") != aState || u.Query().Get("redirect_uri") != returnTo+"?x=1" || u.Query().Get("oauth_context_id") != "1" {
		t.Errorf("%s, %v", got, err)
	}
	for name, c := range map[string][3]string{
		"no state":         {page, returnTo, ""},
		"a short state":    {page, returnTo, "1234"},
		"no address":       {page, "", aState},
		"half an address":  {page, "/mandates/return", aState},
		"no context":       {"https://bank.example/auth/oauth/v2/authorize", returnTo, aState},
		"a fragment":       {page, returnTo + "#x", aState},
		"no bank":          {"", returnTo, aState},
		"a page elsewhere": {"/auth?oauth_context_id=1", returnTo, aState},
	} {
		if got, err := krungsri.AuthorizeURL(c[0], c[1], c[2]); err == nil {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// debitAnswer is a bank that says one thing to a debit.
func debitAnswer(t *testing.T, body string) (krungsri.Debit, error) {
	t.Helper()
	client := answering(t, http.StatusOK, "application/json", body)
	return client.CreateDebit(t.Context(), "A-1", krungsri.CreateDebitRequest{
		TransactionID: transaction, CreditorAccount: ourAccount, PaymentToken: scheduled, Amount: 1_070_00, Ref1: "CUST0001",
	})
}

func TestADebitIsTakenRefusedOrUnknownAndNothingElse(t *testing.T) {
	t.Parallel()
	answer := func(status, more string) string {
		return fmt.Sprintf(`{"transactionIdentification":%q,"transactionStatus":%q,"amount":1070.00,"feeAmount":5.00%s}`, transaction, status, more)
	}
	for name, c := range map[string]struct {
		body    string
		outcome krungsri.Outcome
		code    string
		cause   error
	}{
		"taken":                     {answer("SUCC", `,"bankReferenceNumber":"DDR1"`), krungsri.Done, "", nil},
		"taken, but as nothing":     {answer("SUCC", ""), krungsri.Unknown, "", krungsri.ErrMalformed},
		"failed":                    {answer("FAIL", `,"failureCode":"B012","failureReason":"no"`), krungsri.Refused, "B012", nil},
		"failed for no reason":      {answer("FAIL", ""), krungsri.Refused, "FAIL", nil},
		"pending":                   {answer("PDNG", ""), krungsri.Unknown, "", krungsri.ErrPending},
		"given back":                {answer("RVSD", `,"bankReferenceNumber":"DDR1"`), krungsri.Unknown, "", krungsri.ErrMismatch},
		"a status nobody knows":     {answer("OKAY", `,"bankReferenceNumber":"DDR1"`), krungsri.Unknown, "", krungsri.ErrMismatch},
		"no status":                 {answer("", `,"bankReferenceNumber":"DDR1"`), krungsri.Unknown, "", krungsri.ErrMismatch},
		"another debit failed":      {strings.Replace(answer("FAIL", `,"failureCode":"B012"`), "071f", "081f", 1), krungsri.Unknown, "", krungsri.ErrMismatch},
		"another amount failed":     {strings.Replace(answer("FAIL", `,"failureCode":"B012"`), "1070.00", "1070.01", 1), krungsri.Unknown, "", krungsri.ErrMismatch},
		"failed, in half an answer": {answer("FAIL", `,"failureCode":"B012"`)[:60], krungsri.Unknown, "", krungsri.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := debitAnswer(t, c.body)
			if got := krungsri.OutcomeOf(err); got != c.outcome {
				t.Errorf("outcome %s, want %s: %v", got, c.outcome, err)
			}
			if e, ok := errors.AsType[*krungsri.Error](err); ok && e.Code != c.code {
				t.Errorf("code %q, want %q", e.Code, c.code)
			}
			if c.cause != nil && !errors.Is(err, c.cause) {
				t.Errorf("%v, want %v in it", err, c.cause)
			}
		})
	}
}

func TestAStatusThatNobodyKnowsIsPassedOnAndNotBelieved(t *testing.T) {
	t.Parallel()
	client := answering(t, http.StatusOK, "application/json",
		`{"journeyIdentifier":"j","paymentToken":"t","paymentTokenStatus":"WHAT","statusDateTime":"2025-11-22T09:30:00+07:00"}`)
	got, err := client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{JourneyID: "j"})
	if err != nil || got.Status.Known() || got.Status.String() != "WHAT" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{PaymentToken: "another"}); !errors.Is(err, krungsri.ErrMismatch) {
		t.Errorf("about another token: %v", err)
	}
}

func TestAScreenSeesNoPayersNameAndNoWholeAccount(t *testing.T) {
	t.Parallel()
	p := newPayer(t, goodPayer)
	p.take(1_070_00)
	if _, err := p.client.ListMandates(t.Context(), krungsri.ListMandatesRequest{Status: krungsri.TokenActive, DrawerAccount: goodPayer.Number}); err != nil {
		t.Fatal(err)
	}
	xs, rs := p.journal.of("mandate.list")
	shown := string(krungsri.Mask("mandate.list", xs[0].Body)) + string(krungsri.Mask("mandate.list", rs[0].Body))
	xs, _ = p.journal.of("debit.create")
	shown += string(krungsri.Mask("debit.create", xs[0].Body))
	shown += string(krungsri.Mask("consent.prepare", []byte(`{"direct-debit-registration":{"ref1":"CUST0001","ref2":"1103700012345"}}`)))
	for _, secret := range []string{goodPayer.Number, "สมหมาย", ourAccount, "1103700012345"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s can be read in %s", secret, shown)
		}
	}
	for _, kept := range []string{"xxxxxx1501", "CUST0001", p.token} {
		if !strings.Contains(shown, kept) {
			t.Errorf("%s cannot be read in %s", kept, shown)
		}
	}
}

func TestADebitCallbackIsReadStrictly(t *testing.T) {
	t.Parallel()
	registration := `{"eventIdentification":"E1","journeyIdentifier":"j","paymentToken":"t","paymentTokenStatus":"ACTV","ref1":"C1","drawerAccountNumber":"xxxxxx1501","statusDateTime":"2025-11-22T09:30:00+07:00","new":1}`
	debit := `{"eventIdentification":"E2","transactionIdentification":"d","creditorAccountNumber":"0457262823","transactionStatus":"FAIL","amount":1070.00,"processedDateTime":"2025-11-22T09:30:00","failureCode":"B012"}`
	r, err := krungsri.ParseDebitCallback([]byte(registration))
	if err != nil || r.EventID != "E1" || r.Transaction != nil || r.Registration.Status != krungsri.TokenActive || r.Registration.Ref1 != "C1" {
		t.Errorf("%+v, %v", r, err)
	}
	d, err := krungsri.ParseDebitCallback([]byte(debit))
	if err != nil || d.Registration != nil || d.Transaction.FailureCode != "B012" || d.Transaction.Amount != 1_070_00 || !d.Transaction.ProcessedAt.Equal(fixedClock()) {
		t.Errorf("%+v, %v", d, err)
	}
	for name, body := range map[string]string{
		"no JSON":                 "x",
		"about nothing":           `{"eventIdentification":"E"}`,
		"about both":              strings.Replace(debit, "{", `{"journeyIdentifier":"j",`, 1),
		"a status nobody knows":   strings.Replace(registration, "ACTV", "OKAY", 1),
		"a debit's unknown one":   strings.Replace(debit, "FAIL", "OKAY", 1),
		"active without a token":  strings.Replace(registration, `"paymentToken":"t",`, "", 1),
		"no time":                 strings.Replace(registration, `"statusDateTime":"2025-11-22T09:30:00+07:00",`, "", 1),
		"decided at no time":      strings.Replace(debit, `"processedDateTime":"2025-11-22T09:30:00",`, "", 1),
		"taken as nothing":        strings.Replace(debit, "FAIL", "SUCC", 1),
		"no amount":               strings.Replace(debit, "1070.00", "0", 1),
		"a part of a satang":      strings.Replace(debit, "1070.00", "1070.001", 1),
		"no account of ours":      strings.Replace(debit, `"creditorAccountNumber":"0457262823",`, "", 1),
		"a member given twice":    strings.Replace(debit, "{", `{"amount":1,`, 1),
		"a journey without name":  strings.Replace(registration, `"journeyIdentifier":"j"`, `"journeyIdentifier":""`, 1),
		"a reference without end": strings.Replace(registration, `"C1"`, `"`+strings.Repeat("x", 65)+`"`, 1),
	} {
		if got, err := krungsri.ParseDebitCallback([]byte(body)); !errors.Is(err, krungsri.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got := krungsri.ClaimedReference([]byte(strings.Replace(debit, "FAIL", "OKAY", 1))); got != "d" {
		t.Errorf("it claims %q", got)
	}
}

func TestStatusesAreKnownByTheirTables(t *testing.T) {
	t.Parallel()
	for _, known := range []interface{ Known() bool }{
		krungsri.TokenPending, krungsri.TokenSuspended, krungsri.TransactionReversed, krungsri.TransactionPending, krungsri.ScheduleCompleted,
	} {
		if !known.Known() {
			t.Errorf("%v is not known", known)
		}
	}
	if krungsri.TokenStatus("SUCC").Known() || krungsri.TransactionStatus("ACTV").Known() || krungsri.ScheduleStatus("").Known() {
		t.Error("a status of another table is known")
	}
	for _, f := range krungsri.DebitFailures() {
		if row, ok := krungsri.DebitFailureByCode(f.Code); !ok || row.Name != f.Name {
			t.Errorf("%+v", f)
		}
	}
	if _, ok := krungsri.DebitFailureByCode("X"); ok {
		t.Error("X is a failure")
	}
}

// TestEveryFaultOfADebitIsSettledByAskingTheBank holds what an unclear debit rests on: one request, no second one, and an
// inquiry that tells what came of it.
func TestEveryFaultOfADebitIsSettledByAskingTheBank(t *testing.T) {
	t.Parallel()
	for _, kind := range sandbox.FaultKinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			p := newPayer(t, goodPayer)
			client, journal := newClient(t, p.url, func(c *krungsri.Config) {
				if kind == sandbox.Slow {
					c.Timeout = 300 * time.Millisecond
				}
			})
			if _, err := client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{PaymentToken: p.token}); err != nil {
				t.Fatal(err) // the token is there, so that the fault meets the debit
			}
			if err := p.bank.SetFault("debit.create", sandbox.Fault{Kind: kind, Times: 1}); err != nil {
				t.Fatal(err)
			}
			_, err := client.CreateDebit(t.Context(), "A-1", p.debit(1_070_00))
			if xs, _ := journal.of("debit.create"); len(xs) != 1 {
				t.Errorf("%d requests", len(xs))
			}
			taken := p.bank.Taken()[transaction]
			switch outcome := krungsri.OutcomeOf(err); {
			case outcome == krungsri.Done, outcome == krungsri.NotSent, outcome == krungsri.Refused && taken > 0:
				t.Errorf("%s, and taken %d times: %v", outcome, taken, err)
			}
			got, err := p.client.DebitStatus(t.Context(), krungsri.DebitStatusRequest{TransactionID: transaction, CreditorAccount: ourAccount})
			if taken == 0 && !refusedWith(err, krungsri.CodeNotFound) || taken == 1 && (err != nil || got.Status != krungsri.TransactionSucceeded) || taken > 1 {
				t.Errorf("taken %d times, and the bank says %+v, %v", taken, got, err)
			}
		})
	}
}
