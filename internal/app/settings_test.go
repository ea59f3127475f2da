package app_test

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/password"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

const bankSecret = "l7secret-of-the-merchant-9Xk2"

var openSetting = regexp.MustCompile(`name="id" value="([0-9a-f-]{36})"`)

// begun is a merchant as `portal user add` leaves it: two administrators, the
// first policy, and nothing else.
func begun(t *testing.T, w *apptest.World) (merchant store.ID) {
	t.Helper()
	w.Own(store.Actor{}, func(tx *store.Tx) (err error) {
		merchant, err = tx.AddMerchant(store.Merchant{
			NameTH: "ร้านใหม่เอี่ยม", NameEN: "Brand New", TaxID: "0105561000003", Branch: "00000", Address: "1 ถนนใหม่ กรุงเทพฯ 10110", AccountNumber: "0457262823",
		})
		if err != nil {
			return err
		}
		if _, err = tx.SetPolicy(merchant, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 72 * 3600}); err != nil {
			return err
		}
		for _, name := range []string{"first", "second.admin"} {
			id, err := tx.AddPerson(store.NewPerson{Name: "คุณ" + name, Email: apptest.Email(name), PasswordHash: password.Hash(apptest.Password)})
			if err != nil {
				return err
			}
			if err := tx.GrantDuties(merchant, id, store.Admin); err != nil {
				return err
			}
		}
		return nil
	})
	return merchant
}

// From two administrators to the first bill at the bank, by what the pages say.
func TestTwoAdministratorsSetUpAMerchantFromNothing(t *testing.T) {
	t.Parallel()
	w := apptest.New(t, func(c *app.Config) { c.CallbackKeys = nil })
	merchant := begun(t, w)
	one, two := w.SignIn("first"), w.SignIn("second.admin")
	missing := func(want ...string) {
		t.Helper()
		_, list, _ := strings.Cut(one.Get("/").Body, `id="setup"`)
		list, _, _ = strings.Cut(list, "</ol>")
		var got []string
		for _, link := range regexp.MustCompile(`<li><a href="([^"]+)"`).FindAllStringSubmatch(regexp.MustCompile(`\s+<`).ReplaceAllString(list, "<"), -1) {
			got = append(got, link[1])
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("what is missing leads to %q, want %q", got, want)
		}
	}
	people, rules, bank, callbacks := "/admin/people/new", "/admin/policies/new", "/admin/settings/bank", "/admin/settings/callbacks"
	missing(people, "/admin/people", rules, bank, callbacks)

	// People.
	var staff []store.Actor
	for _, duty := range []string{"maker", "checker"} {
		want(t, "an invitation", one.Post("/admin/people", "name", "คุณ "+duty, "email", "new-"+duty+"@example.com", "duties", duty, "staff_number", "", "level", "1", "note", "เริ่มงาน"), 303)
		want(t, "its confirmation", two.Post(openChange(t, two)+"/confirmation"), 303)
		shown := one.Post(linkPath.FindString(one.Get("/admin/people").Body))
		token := handedLink.FindStringSubmatch(shown.Body)
		if token == nil {
			t.Fatalf("no link was handed out: %d", shown.Status)
		}
		want(t, "its acceptance", w.Visitor().Post("/invitation", "t", token[1], "password", "quite a long password", "again", "quite a long password"), 303)
		account, err := w.Owner.Account(t.Context(), "new-"+duty+"@example.com")
		if err != nil {
			t.Fatal(err)
		}
		staff = append(staff, store.Actor{Merchant: merchant, Person: account.ID, Session: "test", Request: "test", Address: "192.0.2.1"})
	}
	missing(rules, bank, callbacks)

	// The policy.
	form := []string{"base", "1", "hours", "72", "cut_off", "16:00", "lists", "1", "bands-0", "1", "people-0-0-0", "1", "who-0-0-0", "1", "day-above-0-0-0", "1000000", "day-people-0-0-0", "2", "day-who-0-0-0", "1"}
	refused := one.Post("/admin/policies", append(form, "note", "เริ่มใช้", "do", "propose")...)
	want(t, "a rule of the day that asks for more people than there are", refused, http.StatusConflict)
	want(t, "a policy", one.Post("/admin/policies", append(form[:len(form)-6:len(form)-6], "note", "เริ่มใช้", "do", "propose")...), 303)
	path := regexp.MustCompile(`/admin/policies/[0-9a-f-]{36}/approval`).FindString(two.Get("/admin/policies").Body)
	want(t, "its approval", two.Post(path), 303)
	missing(bank, callbacks)

	// The bank: tried by a worker, confirmed by the other, never shown again.
	_, config := tellertest.OpenBankAs(t, "new-client", bankSecret)
	config.ClientID, config.ClientSecret = "", ""
	worker := teller.NewWorker(w.DB.Store(store.Worker), teller.WorkerConfig{Name: "test", Bank: config, Log: slog.New(slog.DiscardHandler)})
	bad := one.Post(bank, "client_id", "new-client", "client_secret", "short", "note", "")
	want(t, "a secret that is too short", bad, http.StatusUnprocessableEntity)
	want(t, "credentials", one.Post(bank, "client_id", "new-client", "client_secret", bankSecret, "signature_key", "test-signature-key", "token_auth", "basic", "scope", "", "note", "สัญญาใหม่"), 303)
	page := two.Get(bank)
	id := openSetting.FindStringSubmatch(page.Body)[1]
	want(t, "a confirmation before the bank was asked", two.Post(bank+"/confirmation", "id", id), http.StatusConflict)
	if err := worker.TryCredentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "one's own confirmation", one.Post(bank+"/confirmation", "id", id), http.StatusForbidden)
	want(t, "the confirmation", two.Post(bank+"/confirmation", "id", id), 303)
	for _, p := range []string{bank, "/admin/settings", "/audit"} {
		if body := one.Get(p).Body; strings.Contains(body, bankSecret) || strings.Contains(bad.Body, "short\"") {
			t.Errorf("%s shows a secret", p)
		}
	}
	missing(callbacks)

	// The secret of callbacks: shown once, believed once confirmed.
	made := one.Post(callbacks, "note", "เริ่มใช้")
	secret := regexp.MustCompile(`<code>([A-Z2-7]{52})</code>`).FindStringSubmatch(made.Body)
	if secret == nil || strings.Contains(one.Get(callbacks).Body, secret[1]) {
		t.Fatalf("the secret must be shown once: %d", made.Status)
	}
	id = openSetting.FindStringSubmatch(two.Get(callbacks).Body)[1]
	want(t, "its confirmation", two.Post(callbacks+"/confirmation", "id", id), 303)
	missing()

	// The first bill.
	tellertest.Sequence(t, w.DB)
	p := tellertest.Draft(t, w.Web, staff[0], "NEW-1")
	hand := teller.New(w.Web)
	lead, err := hand.SubmitPresentment(t.Context(), staff[0], p.ID, p.Version, "first")
	if err != nil {
		t.Fatal(err)
	}
	var parts []store.Instruction
	read := func() error {
		return w.Web.Read(t.Context(), staff[1], func(q *store.Query) (err error) { parts, err = q.Parts(lead); return err })
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	if err := hand.Approve(t.Context(), staff[1], lead, store.FingerprintOf(parts)); err != nil {
		t.Fatal(err)
	}
	if err := worker.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != nil || parts[0].State != store.Done {
		t.Errorf("the first bill is %s: %v", parts[0].State, err)
	}
}
