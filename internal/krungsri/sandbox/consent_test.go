package sandbox_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

const (
	back  = "https://portal.example/mandates/return?from=bank"
	state = "a-state-nobody-guesses"
)

func onlyOurs(c *sandbox.Config) { c.ReturnTo = "https://portal.example" }

// browse sends a payer's browser somewhere. A form comes from the bank's own page.
func (d *desk) browse(method, address string, form url.Values) (status int, location *url.URL, page string) {
	d.t.Helper()
	r := httptest.NewRequest(method, address, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	w := httptest.NewRecorder()
	d.bank.ServeHTTP(w, r)
	location, _ = w.Result().Location()
	d.rules = w.Header().Get("Content-Security-Policy")
	return w.Code, location, w.Body.String()
}

// context is a prepared consent, and the query that its payer's browser brings to the bank.
func (d *desk) context() (id string, query url.Values) {
	d.t.Helper()
	prepared, err := d.client.PrepareConsent(d.t.Context(), krungsri.PrepareConsentRequest{Ref1: "CUST0001"})
	if err != nil {
		d.t.Fatal(err)
	}
	page, err := krungsri.AuthorizeURL(prepared.AuthorizeURL, back, state)
	if err != nil {
		d.t.Fatal(err)
	}
	u, _ := url.Parse(page)
	return prepared.ContextID, u.Query()
}

func with(query url.Values, more ...string) url.Values {
	all := url.Values{}
	maps.Copy(all, query)
	for n := 0; n < len(more); n += 2 {
		all.Set(more[n], more[n+1])
	}
	return all
}

func TestAPayerConsentsOnTheBanksPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, onlyOurs)
	id, query := d.context()
	status, _, page := d.browse(http.MethodGet, krungsri.AuthorizePath+"?"+query.Encode(), nil)
	if status != http.StatusOK || !strings.Contains(page, "CUST0001") || !strings.Contains(page, "7770011501") || !strings.Contains(page, `value="`+state+`"`) {
		t.Fatalf("%d: %s", status, page)
	}
	if !strings.Contains(d.rules, "form-action 'self' https://portal.example;") || strings.Count(d.rules, "form-action") != 1 {
		t.Errorf("a browser would not follow the way back: %s", d.rules)
	}
	status, _, page = d.browse(http.MethodPost, krungsri.AuthorizePath, with(query, "decision", "accept", "account", "", "other", "12"))
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, "10 หลัก") || !strings.Contains(page, `value="`+state+`"`) {
		t.Errorf("half an account: %d: %s", status, page)
	}
	status, to, _ := d.browse(http.MethodPost, krungsri.AuthorizePath, with(query, "decision", "accept", "account", "", "other", "777-0-01150-2"))
	if status != http.StatusSeeOther || to.Query().Get("state") != state || to.Query().Get("from") != "bank" || to.Query().Get("code") == "" {
		t.Fatalf("%d to %v", status, to)
	}
	got, err := d.client.RetrieveConsent(t.Context(), krungsri.RetrieveConsentRequest{Code: to.Query().Get("code"), RedirectURI: back})
	if err != nil || got.JourneyID != id || got.Status != krungsri.TokenActive {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := d.debit(d.request(got.PaymentToken, 100_00)); err != nil {
		t.Error(err)
	}
	// A context is decided once.
	for _, decision := range []string{"accept", "refuse"} {
		if status, _, page := d.browse(http.MethodPost, krungsri.AuthorizePath, with(query, "decision", decision, "account", "7770011501")); status != http.StatusBadRequest || !strings.Contains(page, "decided already") {
			t.Errorf("%s once more: %d", decision, status)
		}
	}
	if status, _, _ := d.browse(http.MethodGet, krungsri.AuthorizePath+"?"+query.Encode(), nil); status != http.StatusBadRequest {
		t.Errorf("the page once more: %d", status)
	}
}

func TestTheBanksPageTrustsNobodyWithARedirect(t *testing.T) {
	t.Parallel()
	d := newDesk(t, onlyOurs)
	id, query := d.context()
	for name, c := range map[string]struct {
		query url.Values
		back  string // the error to go back with, if any
	}{
		"another client":       {with(query, "client_id", "other"), ""},
		"an address elsewhere": {with(query, "redirect_uri", "https://evil.example/"), ""},
		"one that looks like":  {with(query, "redirect_uri", "https://portal.example.evil.example/"), ""},
		"a user in it":         {with(query, "redirect_uri", "https://portal.example@evil.example/"), ""},
		"no address":           {with(query, "redirect_uri", ""), ""},
		"a script":             {with(query, "redirect_uri", "javascript:alert(1)"), ""},
		"no such context":      {with(query, "oauth_context_id", "00000000-0000-4000-8000-000000000000"), ""},
		"a journey of the app": {with(query, "oauth_context_id", d.journey("CUST2")), ""},
		"another response":     {with(query, "response_type", "token"), "unsupported_response_type"},
		"another scope":        {with(query, "scope", "link-account"), "invalid_scope"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			address, form := krungsri.AuthorizePath+"?"+c.query.Encode(), url.Values(nil)
			if method == http.MethodPost {
				address, form = krungsri.AuthorizePath, with(c.query, "decision", "accept", "account", "7770011501")
			}
			status, to, _ := d.browse(method, address, form)
			switch {
			case c.back == "" && (status != http.StatusBadRequest || to != nil):
				t.Errorf("%s %s: %d to %v", method, name, status, to)
			case c.back != "" && (status != http.StatusSeeOther || to.Query().Get("error") != c.back || to.Query().Get("state") != state || to.Host != "portal.example"):
				t.Errorf("%s %s: %d to %v", method, name, status, to)
			}
		}
	}
	if got, err := d.client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{JourneyID: id}); err != nil || got.Status != krungsri.TokenPending {
		t.Errorf("after all that: %+v, %v", got, err)
	}
	r := httptest.NewRequest(http.MethodPost, krungsri.AuthorizePath, strings.NewReader(with(query, "decision", "accept", "account", "7770011501").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, site := range []string{"", "cross-site"} {
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		d.bank.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden {
			t.Errorf("a form from %q: %d", site, w.Code)
		}
	}
}

func TestAContextEndsAfterTenMinutesAndALinkAfterThreeDays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id, query := d.context()
	journey := d.journey("CUST2")
	d.advance(10*time.Minute - time.Second)
	if status, _, _ := d.browse(http.MethodGet, krungsri.AuthorizePath+"?"+query.Encode(), nil); status != http.StatusOK {
		t.Errorf("in time: %d", status)
	}
	d.advance(time.Second)
	status, _, page := d.browse(http.MethodPost, krungsri.AuthorizePath, with(query, "decision", "accept", "account", "7770011501"))
	if status != http.StatusBadRequest || !strings.Contains(page, "run out of time") {
		t.Errorf("too late: %d", status)
	}
	got, err := d.client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{JourneyID: id})
	if err != nil || got.Status != krungsri.TokenExpired || got.RejectCode == "" || !got.At.Equal(clock().Add(10*time.Minute)) {
		t.Errorf("%+v, %v", got, err)
	}
	if listed, err := d.client.ListMandates(t.Context(), krungsri.ListMandatesRequest{Status: krungsri.TokenExpired}); err != nil || listed.Total != 0 {
		t.Errorf("a journey that led to no token is listed: %+v, %v", listed, err)
	}
	d.advance(3*24*time.Hour - 10*time.Minute)
	if err := d.bank.Accept(journey, sandbox.SampleAccounts()[0]); err == nil {
		t.Error("a link was taken up after three days")
	}
}

func TestAPayerConsentsInTheApp(t *testing.T) {
	t.Parallel()
	d := newDesk(t, onlyOurs)
	link, err := d.client.CreateDeeplink(t.Context(), krungsri.CreateDeeplinkRequest{Ref1: "CUST0001", RedirectURL: back})
	if err != nil || !strings.HasPrefix(link.URL, d.url+"/app/direct-debit/") || !link.ExpiresAt.Equal(clock().Add(72*time.Hour)) {
		t.Fatalf("%+v, %v", link, err)
	}
	if _, err := d.client.CreateDeeplink(t.Context(), krungsri.CreateDeeplinkRequest{Ref1: "CUST0001", RedirectURL: "https://evil.example/"}); codeOf(err) != krungsri.MemberCode("redirectUrl") {
		t.Errorf("a way back elsewhere: %v", err)
	}
	u, _ := url.Parse(link.URL)
	if status, _, page := d.browse(http.MethodGet, u.Path, nil); status != http.StatusOK || !strings.Contains(page, "CUST0001") {
		t.Fatalf("%d: %s", status, page)
	}
	if status, _, _ := d.browse(http.MethodPost, u.Path, url.Values{"decision": {"accept"}, "other": {"1"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("half an account: %d", status)
	}
	if status, to, _ := d.browse(http.MethodPost, u.Path, url.Values{"decision": {"accept"}, "account": {"7770011501"}}); status != http.StatusSeeOther || to.Path != u.Path {
		t.Errorf("%d to %v", status, to)
	}
	if status, _, page := d.browse(http.MethodGet, u.Path, nil); status != http.StatusOK || !strings.Contains(page, "ACTV") || !strings.Contains(page, `href="`+back+`"`) || strings.Contains(page, "<form") {
		t.Errorf("afterwards: %d: %s", status, page)
	}
	if status, _, _ := d.browse(http.MethodPost, u.Path, url.Values{"decision": {"refuse"}}); status != http.StatusUnprocessableEntity {
		t.Errorf("a second decision: %d", status)
	}
	no := d.journey("CUST2")
	if status, _, _ := d.browse(http.MethodPost, "/app/direct-debit/"+no, url.Values{"decision": {"refuse"}}); status != http.StatusSeeOther {
		t.Errorf("a refusal: %d", status)
	}
	if got, err := d.client.MandateStatus(t.Context(), krungsri.MandateStatusRequest{JourneyID: no}); err != nil || got.Status != krungsri.TokenRejected || got.PaymentToken != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if status, _, _ := d.browse(http.MethodGet, "/app/direct-debit/nobody", nil); status != http.StatusNotFound {
		t.Errorf("no such journey: %d", status)
	}
}

func TestAPayersTokenOpensNothingElse(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	_, query := d.context()
	_, to, _ := d.browse(http.MethodPost, krungsri.AuthorizePath, with(query, "decision", "accept", "account", "7770011501"))
	form := url.Values{"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {back}, "client_id": {"id"}, "client_secret": {"secret"}}
	asForm := func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Del("Authorization")
	}
	w := d.post(krungsri.TokenPath, form.Encode(), asForm)
	payers, _ := answer(w)["access_token"].(string)
	if payers == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	retrieve, _ := krungsri.OperationByID("consent.retrieve")
	list, _ := krungsri.OperationByID("mandate.list")
	ours := d.token
	if w := d.post(retrieve.Path, "{}"); code(w) != krungsri.CodeTokenRefused {
		t.Errorf("our token tells what the payer agreed to: %d %s", w.Code, w.Body)
	}
	d.token = payers
	if w := d.post(retrieve.Path, "{}"); w.Code != http.StatusOK {
		t.Errorf("the payer's token: %d %s", w.Code, w.Body)
	}
	if w := d.post(list.Path, `{"paymentTokenStatus":"ACTV"}`); code(w) != krungsri.CodeTokenRefused {
		t.Errorf("the payer's token lists mandates: %d %s", w.Code, w.Body)
	}
	// A code that comes again may be a thief's: the token it was good for ends.
	if w := d.post(krungsri.TokenPath, form.Encode(), asForm); w.Code != http.StatusBadRequest || answer(w)["error"] != krungsri.CodeGrant {
		t.Errorf("the code again: %d %s", w.Code, w.Body)
	}
	if w := d.post(retrieve.Path, "{}"); code(w) != krungsri.CodeTokenRefused {
		t.Errorf("the payer's token afterwards: %d %s", w.Code, w.Body)
	}
	d.token = ours
	if w := d.post(list.Path, `{"paymentTokenStatus":"ACTV"}`); w.Code != http.StatusOK {
		t.Errorf("our own: %d %s", w.Code, w.Body)
	}
}

// listener is a portal that notes what it is told of direct debit.
type listener struct {
	*desk
	heard []string // reference and status, or what was wrong
	ids   []string
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path != "/callbacks/krungsri/directdebit" {
			l.heard = append(l.heard, r.URL.Path)
			return
		}
		if err := (krungsri.CallbackKeys{partnerKey}).Verify(r.URL.Path, r.Header, body, clock()); err != nil {
			l.heard = append(l.heard, "forged")
			return
		}
		c, err := krungsri.ParseDebitCallback(body)
		switch {
		case err != nil:
			l.heard = append(l.heard, "malformed")
			return
		case c.Registration != nil:
			l.heard = append(l.heard, "registration "+string(c.Registration.Status))
		default:
			l.heard = append(l.heard, "debit "+string(c.Transaction.Status)+" "+c.Transaction.FailureCode)
		}
		l.ids = append(l.ids, c.EventID)
	}))
	t.Cleanup(server.Close)
	l.desk = newDesk(t, func(c *sandbox.Config) {
		c.CallbackURL, c.CallbackKey = server.URL+"/callbacks/krungsri/presentment", partnerKey
	})
	return l
}

func (l *listener) deliver(want ...string) {
	l.t.Helper()
	if err := l.bank.Deliver(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	if !slices.Equal(l.heard, want) {
		l.t.Errorf("heard %q, want %q", l.heard, want)
	}
	l.heard = nil
}

func (l *listener) spoil(f sandbox.CallbackFault) {
	l.t.Helper()
	if err := l.bank.SetCallbackFault(f); err != nil {
		l.t.Fatal(err)
	}
}

func TestTheBankTellsOfRegistrationsAndDebits(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	token := l.mandate("7770011501")
	no := l.journey("CUST2")
	if err := l.bank.Refuse(no); err != nil {
		t.Fatal(err)
	}
	l.deliver("registration ACTV", "registration RJCT")

	if _, err := l.debit(l.request(token, 100_00)); err != nil {
		t.Fatal(err)
	}
	_, _ = l.debit(l.request(token, 100_92))
	back := l.request(token, 200_00)
	if _, err := l.debit(back); err != nil {
		t.Fatal(err)
	}
	if err := l.bank.DecideDebit(back.TransactionID, krungsri.TransactionReversed); err != nil {
		t.Fatal(err)
	}
	l.deliver("debit SUCC ", "debit FAIL B012", "debit SUCC ", "debit RVSD ")

	l.schedule(token, func(*krungsri.CreateScheduleRequest) {})
	l.set(at(2025, 11, 30, 8, 0))
	l.deliver("debit SUCC ")
	for _, status := range []krungsri.TokenStatus{krungsri.TokenSuspended, krungsri.TokenCancelled} {
		if err := l.bank.ChangeToken(token, status); err != nil {
			t.Fatal(err)
		}
	}
	l.deliver("registration SUSP", "registration CANC")
	l.set(at(2025, 12, 30, 8, 0))
	l.deliver("debit FAIL B011")
	if err := l.bank.TellDebit(back.TransactionID); err != nil {
		t.Fatal(err)
	}
	l.deliver("debit RVSD ")
	if err := l.bank.TellDebit("nobody"); err == nil {
		t.Error("the bank tells of nobody")
	}
}

func TestCallbacksOfDebitsGoWrongAsAsked(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	token := l.mandate("7770011501")
	l.deliver("registration ACTV")
	debit := func() {
		t.Helper()
		if _, err := l.debit(l.request(token, 100_00)); err != nil {
			t.Fatal(err)
		}
	}
	l.spoil(sandbox.CallbackEarly)
	if _, err := l.client.ListMandates(t.Context(), krungsri.ListMandatesRequest{Status: krungsri.TokenActive}); err != nil {
		t.Fatal(err)
	}
	debit()
	if want := []string{"debit SUCC "}; !slices.Equal(l.heard, want) { // nobody has delivered anything
		t.Errorf("early: heard %q", l.heard)
	}
	l.heard = nil
	l.deliver()

	l.spoil(sandbox.CallbackEarly)
	id, query := l.context()
	l.browse(http.MethodPost, krungsri.AuthorizePath, with(query, "decision", "accept", "account", "7770011501"))
	if want := []string{"registration ACTV"}; !slices.Equal(l.heard, want) {
		t.Errorf("early, of %s: heard %q", id, l.heard)
	}
	l.heard = nil

	l.spoil(sandbox.CallbackTwice)
	debit()
	l.ids = nil
	l.deliver("debit SUCC ", "debit SUCC ")
	if len(l.ids) != 2 || l.ids[0] != l.ids[1] {
		t.Errorf("two events: %q", l.ids)
	}
	l.spoil(sandbox.CallbackLate)
	debit()
	l.deliver()
	l.advance(time.Hour)
	l.deliver("debit SUCC ")
	l.spoil(sandbox.CallbackForged)
	debit()
	l.deliver("forged")
	l.spoil(sandbox.CallbackMalformed)
	debit()
	l.deliver("malformed")
	l.spoil(sandbox.CallbackDisordered)
	r := l.request(token, 100_00)
	if _, err := l.debit(r); err != nil {
		t.Fatal(err)
	}
	l.deliver()
	if err := l.bank.DecideDebit(r.TransactionID, krungsri.TransactionReversed); err != nil {
		t.Fatal(err)
	}
	l.deliver("debit RVSD ", "debit SUCC ")
}
