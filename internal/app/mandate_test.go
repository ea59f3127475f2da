package app_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/apptest"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// debtor adds a payer and returns its id.
func debtor(t *testing.T, w *apptest.World, code string, more ...string) store.ID {
	t.Helper()
	fields := append([]string{"version", "0", "code", code, "name", "คุณสมหญิง ใจดี " + code, "email", strings.ToLower(code) + "@example.co.th"}, more...)
	a := w.Client(apptest.Maker).Post("/payers", fields...)
	wantStatus(t, a, http.StatusSeeOther)
	return idIn(t, a.Location())
}

func idIn(t *testing.T, path string) store.ID {
	t.Helper()
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '?' || r == '#' }) {
		if id, err := uuid.Parse(part); err == nil {
			return id
		}
	}
	t.Fatalf("no id in %q", path)
	return store.NoID
}

func wantStatus(t *testing.T, a apptest.Answer, status int) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("answered %d instead of %d: %s", a.Status, status, a.Body)
	}
}

// verified makes sure that every row is what its leaves say.
func verified(t *testing.T, w *apptest.World, bank *apptest.Bank) {
	t.Helper()
	keys, err := store.ParseTrailKeys(bank.CheckpointKey)
	if err != nil {
		t.Fatal(err)
	}
	report, err := store.Verify(t.Context(), w.Owner, store.Verification{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		if p.Class == store.Contradicts || p.Class == store.Unaudited || p.Class == store.Vanished || p.Class == store.Unguarded {
			t.Errorf("the trail disagrees: %+v", p)
		}
	}
}

func mandateOf(t *testing.T, w *apptest.World, payer store.ID) store.Mandate {
	t.Helper()
	var list []store.Mandate
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
		list, err = q.MandatesOfPayer(payer, 10)
		return err
	})
	if err != nil || len(list) == 0 {
		t.Fatalf("no mandate: %v", err)
	}
	return list[0]
}

func ask(t *testing.T, bank *apptest.Bank) {
	t.Helper()
	if err := bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var samplePayer = sandbox.SampleAccounts()[0]

// registered is a payer with a mandate in force, by deep link.
func registered(t *testing.T, w *apptest.World, bank *apptest.Bank, code string) (payer store.ID, m store.Mandate) {
	t.Helper()
	payer = debtor(t, w, code)
	wantStatus(t, w.Client(apptest.Maker).Post("/payers/"+payer.String()+"/mandates", "channel", "deeplink"), http.StatusSeeOther)
	ask(t, bank)
	m = mandateOf(t, w, payer)
	if err := bank.Accept(m.JourneyID, samplePayer); err != nil {
		t.Fatal(err)
	}
	bank.CallBack()
	ask(t, bank)
	return payer, mandateOf(t, w, payer)
}

func TestAPayerRegistersByALinkAndTheBankTellsIt(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payer := debtor(t, w, "C001")
	c := w.Client(apptest.Maker)
	begun := c.Post("/payers/"+payer.String()+"/mandates", "channel", "deeplink", "mail", "on")
	wantStatus(t, begun, http.StatusSeeOther)
	if page := c.Get(begun.Location()); strings.Contains(page.Body, `class="qr"`) {
		t.Error("there is a code before the bank gave a link")
	}
	ask(t, bank)
	m := mandateOf(t, w, payer)
	page := c.Get(begun.Location())
	if m.Link == "" || !strings.Contains(page.Body, html.EscapeString(m.Link)) || !strings.Contains(page.Body, `class="qr"`) {
		t.Fatalf("the page has neither link nor code: %+v", m)
	}
	again := c.Post("/payers/"+payer.String()+"/mandates", "channel", "deeplink")
	if again.Location() != begun.Location() {
		t.Errorf("a second click leads to %q", again.Location())
	}
	var mails []store.PayerMail
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
		mails, err = q.PayerMailsAbout(store.About("mandate", m.ID))
		return err
	})
	if err != nil || len(mails) != 1 || mails[0].SendTo != "c001@example.co.th" {
		t.Errorf("the link is mailed as %+v, %v", mails, err)
	}
	if err := bank.Accept(m.JourneyID, samplePayer); err != nil {
		t.Fatal(err)
	}
	bank.CallBack()
	ask(t, bank)
	if m = mandateOf(t, w, payer); m.State != store.MandateActive || !m.Live || m.RegisteredAt == nil || !m.ConsentCallback.Valid || m.DrawerAccount == "" {
		t.Fatalf("after the bank's word the mandate is %+v", m)
	}
	page = c.Get(begun.Location())
	for _, want := range []string{"หักบัญชีได้", m.DrawerAccount, m.BankToken, "/callbacks/" + m.ConsentCallback.UUID.String()} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if stands := c.Post("/payers/"+payer.String()+"/mandates", "channel", "deeplink"); stands.Status != http.StatusConflict {
		t.Errorf("a second mandate beside one that stands: %d", stands.Status)
	}
	verified(t, w, bank)
}

var linkOut = regexp.MustCompile(`href="([^"]*oauth_context_id[^"]*)"`)

func TestAPayerConsentsOnTheBanksPageAndOnlyThisSessionComesBack(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payer := debtor(t, w, "C002")
	c := w.Client(apptest.Maker)
	begun := c.Post("/payers/"+payer.String()+"/mandates", "channel", "consent")
	wantStatus(t, begun, http.StatusSeeOther)
	ask(t, bank)
	out := linkOut.FindStringSubmatch(c.Get(begun.Location()).Body)
	if out == nil {
		t.Fatal("no way to the bank")
	}
	if other := linkOut.FindString(w.SignIn(apptest.Maker).Get(begun.Location()).Body); other != "" {
		t.Error("another session of the same person may go, too")
	}
	back := consents(t, html.UnescapeString(out[1]), "accept")
	if stranger := w.SignIn(apptest.Maker).Get(back); stranger.Status != http.StatusForbidden {
		t.Errorf("another session came back: %d", stranger.Status)
	}
	if forged := c.Get(strings.Replace(back, "state=", "state=x", 1)); forged.Status != http.StatusForbidden {
		t.Errorf("a forged state came back: %d", forged.Status)
	}
	if a := c.Get(back); a.Location() != begun.Location() {
		t.Fatalf("the way back leads to %d %q: %s", a.Status, a.Location(), a.Body)
	}
	if twice := c.Get(back); twice.Location() != begun.Location() {
		t.Errorf("the second time leads to %d %q", twice.Status, twice.Location())
	}
	ask(t, bank)
	m := mandateOf(t, w, payer)
	if m.State != store.MandateActive || !m.ConsentInquiry.Valid && !m.ConsentCallback.Valid || m.DrawerAccount == "" {
		t.Fatalf("after the consent the mandate is %+v", m)
	}
	var codes int
	if err := w.DB.Super.QueryRowContext(t.Context(), "SELECT count(*) FROM consent_returns WHERE code_sealed IS NOT NULL").Scan(&codes); err != nil || codes != 0 {
		t.Errorf("%d codes are kept still, %v", codes, err)
	}
	bank.CallBack() // which it knows by then
	verified(t, w, bank)
}

var formField = regexp.MustCompile(`<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"`)

// consents plays the payer on the bank's page, and returns where the browser is
// sent back to, as a path.
func consents(t *testing.T, page, decision string) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	shown, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(shown.Body)
	_ = shown.Body.Close()
	if err != nil || shown.StatusCode != http.StatusOK {
		t.Fatalf("the bank's page: %d %v %s", shown.StatusCode, err, body)
	}
	form := url.Values{}
	for _, f := range formField.FindAllStringSubmatch(string(body), -1) {
		form.Set(f[1], html.UnescapeString(f[2]))
	}
	form.Set("account", samplePayer.Number)
	form.Set("decision", decision)
	target, _ := url.Parse(page)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, target.Scheme+"://"+target.Host+target.Path, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", target.Scheme+"://"+target.Host)
	decided, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(decided.Body)
	_ = decided.Body.Close()
	back, err := url.Parse(decided.Header.Get("Location"))
	if err != nil || back.Path != "/mandates/consent" {
		t.Fatalf("the bank leads to %q: %d %s", decided.Header.Get("Location"), decided.StatusCode, answer)
	}
	return back.RequestURI()
}

func TestWhoDeclinesIsToldOfAndMayTryAgain(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payer := debtor(t, w, "C003")
	c := w.Client(apptest.Maker)
	begun := c.Post("/payers/"+payer.String()+"/mandates", "channel", "consent")
	ask(t, bank)
	out := linkOut.FindStringSubmatch(c.Get(begun.Location()).Body)
	if out == nil {
		t.Fatal("no way to the bank")
	}
	c.Get(consents(t, html.UnescapeString(out[1]), "refuse"))
	if m := mandateOf(t, w, payer); m.State != store.MandateRefused {
		t.Fatalf("after a no the mandate is %s", m.State)
	}
	if page := c.Get(begun.Location()); !strings.Contains(page.Body, "/payers/"+payer.String()+"/mandates/new") {
		t.Error("nothing offers to try again")
	}
	wantStatus(t, c.Post("/payers/"+payer.String()+"/mandates", "channel", "deeplink"), http.StatusSeeOther)
	bank.CallBack()
	verified(t, w, bank)
}

func TestAMandateIsCancelledUnderFourEyesAndIsDeadFromTheApprovalOn(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payer, m := registered(t, w, bank, "C004")
	c := w.Client(apptest.Maker)
	path := "/mandates/" + m.ID.String()
	page := c.Get(path + "/cancellation/new")
	wantStatus(t, page, http.StatusOK)
	key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(page.Body)[1]
	wantStatus(t, c.Post(path+"/cancellation", "key", key, "reason", ""), http.StatusUnprocessableEntity)
	wantStatus(t, c.Post(path+"/cancellation", "key", key, "reason", "ลูกค้าเลิกสัญญา"), http.StatusSeeOther)
	m = mandateOf(t, w, payer)
	if !m.Live {
		t.Error("a wish alone stops debits")
	}
	lead := m.CancellationID.UUID
	checker := w.Client(apptest.Checker)
	approval := checker.Get("/approvals/" + lead.String())
	wantStatus(t, approval, http.StatusOK)
	if !strings.Contains(approval.Body, "ลูกค้าเลิกสัญญา") {
		t.Error("the approval page lacks the reason")
	}
	seal := regexp.MustCompile(`name="fingerprint" value="([^"]+)"`).FindStringSubmatch(approval.Body)[1]
	wantStatus(t, checker.Post("/instructions/"+lead.String()+"/approval", "fingerprint", seal), http.StatusSeeOther)
	if m = mandateOf(t, w, payer); m.Live || m.State != store.MandateActive {
		t.Errorf("approved to end, the mandate is %s, live %v", m.State, m.Live)
	}
	bank.Send()
	if m = mandateOf(t, w, payer); m.State != store.MandateCancelled || m.BankStatus != string(krungsri.TokenCancelled) {
		t.Errorf("after the bank's yes the mandate is %s, there %s", m.State, m.BankStatus)
	}
	bank.CallBack()
	ask(t, bank)
	verified(t, w, bank)
}

func TestTheBanksListIsComparedAndWhatDiffersIsDecided(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payer, m := registered(t, w, bank, "C005")
	other := debtor(t, w, "C006")
	if err := bank.ChangeToken(m.BankToken, krungsri.TokenCancelled); err != nil {
		t.Fatal(err)
	}
	if _, err := bank.Register("C006", "", samplePayer); err != nil {
		t.Fatal(err)
	}
	c := w.Client(apptest.Maker)
	wantStatus(t, c.Post("/mandates/comparison"), http.StatusSeeOther)
	ask(t, bank)
	open := openDifferences(t, w)
	if len(open) != 2 {
		t.Fatalf("found %+v", open)
	}
	if mandateOf(t, w, payer).Live {
		t.Error("money may be taken under what the bank's list calls cancelled")
	}
	for _, d := range open {
		path := "/differences/" + d.ID.String()
		wantStatus(t, c.Get(path), http.StatusOK)
		if d.Kind == store.UnknownHere {
			wantStatus(t, c.Post(path+"/adoption", "code", "NOBODY"), http.StatusUnprocessableEntity)
			wantStatus(t, c.Post(path+"/adoption", "code", "C006"), http.StatusSeeOther)
		} else {
			wantStatus(t, c.Post(path+"/adoption"), http.StatusSeeOther)
		}
	}
	if m := mandateOf(t, w, payer); m.State != store.MandateCancelled {
		t.Errorf("the adopted mandate is %s", m.State)
	}
	if m := mandateOf(t, w, other); m.State != store.MandateActive || m.Channel != store.AtBank || !m.Live {
		t.Errorf("the bank's own mandate is %+v", m)
	}
	wantStatus(t, c.Post("/mandates/comparison"), http.StatusSeeOther)
	ask(t, bank)
	if open := openDifferences(t, w); len(open) != 0 {
		t.Errorf("the second time finds %+v", open)
	}
	verified(t, w, bank)
}

func openDifferences(t *testing.T, w *apptest.World) (open []store.MandateDifference) {
	t.Helper()
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
		open, err = q.OpenDifferences()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return open
}

func TestADismissedDifferenceIsNotShownAgain(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	debtor(t, w, "C007")
	if _, err := bank.Register("C007", "", samplePayer); err != nil {
		t.Fatal(err)
	}
	// The bank's list is compared at night without anybody asking, once there are mandates.
	_, _ = registered(t, w, bank, "C008")
	wantStatus(t, w.Client(apptest.Checker).Post("/mandates/comparison"), http.StatusSeeOther)
	ask(t, bank)
	open := openDifferences(t, w)
	if len(open) != 1 {
		t.Fatalf("found %+v", open)
	}
	path := "/differences/" + open[0].ID.String() + "/dismissal"
	wantStatus(t, w.Client(apptest.Checker).Post(path, "reason", " "), http.StatusUnprocessableEntity)
	wantStatus(t, w.Client(apptest.Checker).Post(path, "reason", "ของบริษัทในเครือ"), http.StatusSeeOther)
	wantStatus(t, w.Client(apptest.Checker).Post("/mandates/comparison"), http.StatusSeeOther)
	ask(t, bank)
	if open := openDifferences(t, w); len(open) != 0 {
		t.Errorf("it is shown again: %+v", open)
	}
	verified(t, w, bank)
}

func TestLinksGoToManyPayersAtOnce(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	registered(t, w, bank, "D000")
	for _, code := range []string{"D001", "D002", "D003"} {
		debtor(t, w, code)
	}
	a := w.Client(apptest.Maker).Post("/payers/links", "list", "?mandate=none", "all", "on")
	wantStatus(t, a, http.StatusSeeOther)
	ask(t, bank)
	page := w.Client(apptest.Maker).Get("/mandates?state=waiting")
	for _, code := range []string{"D001", "D002", "D003"} {
		if !strings.Contains(page.Body, code) {
			t.Errorf("%s waits for nothing", code)
		}
	}
	if n, err := bank.AcceptAll(); err != nil || n != 3 {
		t.Errorf("%d accepted, %v", n, err)
	}
	bank.CallBack()
	if page := w.Client(apptest.Maker).Get("/payers?mandate=active"); strings.Count(page.Body, "คุณสมหญิง") < 4 {
		t.Errorf("not all are registered: %s", page.Body)
	}
}

func TestAPayerIsFoundWhileTypingInManyWays(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	debtor(t, w, "C009", "tax_id", "0-1055-62000-00-7", "name_en", "Somying Trading", "mobile", "081-234-5678")
	for _, typed := range []string{"สมหญิง", "ใจดี สมหญิง", "somying", "C009", "c00", "0105562000007", "0-1055-62000-00-7", "0812345678", "081-234"} {
		a := w.Client(apptest.Maker).Do(w.Client(apptest.Maker).Partial("GET", "/payers?q="+url.QueryEscape(typed), "payers", nil))
		if !strings.Contains(a.Body, "C009") {
			t.Errorf("%q finds nothing", typed)
		}
	}
	if a := w.Client(apptest.Maker).Get("/payers?q=" + url.QueryEscape("ไม่มีใคร")); strings.Contains(a.Body, "C009") {
		t.Error("anything finds it")
	}
	if strings.Contains(w.Client(apptest.Maker).Get("/payers").Body, "0105562000007") {
		t.Error("the list shows a whole tax id")
	}
}

func TestAnotherMerchantsPayersAndMandatesAreNobodys(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payer, m := registered(t, w, bank, "C010")
	stranger := w.Client(apptest.Stranger)
	for _, path := range []string{"/payers/" + payer.String(), "/payers/" + payer.String() + "/edit", "/mandates/" + m.ID.String(), "/mandates/" + m.ID.String() + "/progress?seen=x"} {
		if a := stranger.Get(path); a.Status != http.StatusNotFound {
			t.Errorf("%s answers a stranger with %d", path, a.Status)
		}
	}
	if a := stranger.Get("/payers?q=C010"); strings.Contains(a.Body, "สมหญิง") {
		t.Error("the stranger's list shows it")
	}
	if a := stranger.Post("/mandates/" + m.ID.String() + "/inquiry"); a.Status != http.StatusNotFound {
		t.Errorf("a stranger asks about it: %d", a.Status)
	}
}

func TestARegistrationThatNobodyTakesUpRunsOut(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payer := debtor(t, w, "C011")
	wantStatus(t, w.Client(apptest.Maker).Post("/payers/"+payer.String()+"/mandates", "channel", "consent"), http.StatusSeeOther)
	ask(t, bank)
	m := mandateOf(t, w, payer)
	expired := 0
	err := w.DB.Store(store.Worker).Write(t.Context(), store.Actor{Request: "test"}, func(tx *store.Tx) (err error) {
		expired, err = tx.ExpireMandates()
		return err
	})
	if err != nil || expired != 0 {
		t.Fatalf("%d ran out before their time, %v", expired, err)
	}
	if _, err := w.DB.Super.ExecContext(t.Context(), "UPDATE mandates SET link_expires_at = now() - interval '1 second' WHERE id = '"+m.ID.String()+"'"); err == nil {
		t.Error("even the owner changed a mandate without a leaf")
	}
	if m.LinkExpiresAt == nil || m.LinkExpiresAt.Before(time.Now()) {
		t.Errorf("the page of the bank ends at %v", m.LinkExpiresAt)
	}
	_ = teller.TermsVersion
}
