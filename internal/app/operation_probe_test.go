package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

// tried sends a form to the stand-in bank and returns the page with what came.
func tried(t *testing.T, w *apptest.World, bank *apptest.Bank, operation string, pairs ...string) apptest.Answer {
	t.Helper()
	c := w.Client(apptest.Admin)
	a := c.Post("/operations/"+operation+"/probes", pairs...)
	at, found := strings.CutSuffix(a.Location(), "#probe")
	if a.Status != http.StatusSeeOther || !found {
		t.Fatalf("%s: %d to %s: %s", operation, a.Status, a.Location(), clipped(a.Body))
	}
	if waiting := c.Get(at); !strings.Contains(waiting.Body, `hx-trigger="every 1s"`) {
		t.Errorf("%s: the page does not wait", operation)
	}
	if err := bank.Worker.TryOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.Get(at)
}

func TestAnAdministratorTriesOutWhatAsksTheBank(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	w.Client(apptest.Admin).Get("/language/en")
	const theirs = "0105536000011"
	done := tried(t, w, bank, "location.inquire", "m-latitude", "13.7563", "m-longitude", "100.5018", "m-distance", "5", "m-servicePointTypes", "BRANCH\nATM", "m-limit", "2")
	for _, want := range []string{">Done<", "servicePointId", "&#34;BRANCH&#34;", "Tried out by คุณadmin"} {
		if !strings.Contains(done.Body, want) {
			t.Errorf("what came back lacks %s", want)
		}
	}
	masked := tried(t, w, bank, "promptpay.blocked", "m-receiverProxyType", "NATID", "m-receiverProxyValue", theirs)
	if strings.Contains(masked.Body, theirs+"&#34;") || !strings.Contains(masked.Body, "0-xxxx-xxxxx-x1-1") {
		t.Errorf("an id is not masked: %s", clipped(masked.Body))
	}
	// The bank's no is an answer, and so is that of an operation that the portal
	// does not use.
	if a := tried(t, w, bank, "account.inquire", "m-accountNumber", "0457262823"); !strings.Contains(a.Body, ">Refused by the bank<") && !strings.Contains(a.Body, ">Done<") {
		t.Errorf("an operation that is not used: %s", clipped(a.Body))
	}
	// Used again: what an administrator typed comes back whole.
	at := masked.Body[strings.Index(masked.Body, `/operations/promptpay.blocked?replay=`):]
	at, _, _ = strings.Cut(at, `#try"`)
	again := w.Client(apptest.Admin).Get(at)
	if !strings.Contains(again.Body, `value="`+theirs+`"`) {
		t.Errorf("what was tried is not filled in again")
	}
	var leaves int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves l JOIN probes p ON l.subject = 'probe/' || p.id JOIN exchanges x ON x.id = p.exchange_id WHERE p.came <> ''`).Scan(&leaves); err != nil || leaves != 9 {
		t.Errorf("%d leaves of three probes: %v", leaves, err)
	}
	// What changes something at the stand-in bank goes the same way.
	block := []string{"do", "send", "m-receiverProxyType", "NATID", "m-receiverProxyValue", theirs, "m-senderProxyType", "NATID", "m-senderProxyValue", "0107536001079"}
	blocked := tried(t, w, bank, "promptpay.block", block...)
	for _, want := range []string{">Done<", "The sandbox did it.", "In daily work this begins at", "Tried out by คุณadmin", `href="/audit/leaves/`} {
		if !strings.Contains(blocked.Body, want) {
			t.Errorf("what came of a block lacks %s", want)
		}
	}
	if strings.Contains(blocked.Body, theirs+"&#34;") {
		t.Error("an id of a block is not masked")
	}
	var happened int
	for _, e := range bank.Effects() {
		if e.Operation == "promptpay.block" {
			happened++
		}
	}
	if happened != 1 {
		t.Errorf("a block happened %d times", happened)
	}
	if a := tried(t, w, bank, "debit.create", "m-transactionIdentification", "071f2a78-a77b-4e45-91ba-4bd96d5bcde9", "m-creditorAccountNumber", "0457262823",
		"m-paymentToken", "68c971e1-6652-48f9-af3a-0f6c70bde952", "m-amount", "1,070.00", "m-ref1", "CUST0001", "m-transactionDateTime", "2025-11-22T09:30:00+07:00"); !strings.Contains(a.Body, ">Refused by the bank<") || !strings.Contains(a.Body, "Nothing happened there") {
		t.Errorf("a debit under no mandate: %s", clipped(a.Body))
	}
	if err := bank.SetFault("promptpay.unblock", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if a := tried(t, w, bank, "promptpay.unblock", block...); !strings.Contains(a.Body, "nobody knows whether the sandbox did it") {
		t.Errorf("a write without an answer: %s", clipped(a.Body))
	}
	verified(t, w, bank)
}

// TestAnExchangeOfSomebodyElseIsUsedAgainWithoutWhatIsMasked opens what the
// portal itself has sent into the form.
func TestAnExchangeOfSomebodyElseIsUsedAgainWithoutWhatIsMasked(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	_, lead := w.Submitted(apptest.Maker, "INV-AGAIN")
	approved(t, w, lead)
	bank.Send()
	admin := w.Client(apptest.Admin)
	admin.Get("/language/en")
	page := admin.Get("/operations/presentment.create")
	at := page.Body[strings.Index(page.Body, "/operations/presentment.create?replay="):]
	at, _, _ = strings.Cut(at, `#try"`)
	again := admin.Get(at)
	for _, want := range []string{`name="m-documentNumber" value="INV-AGAIN"`, "What is hidden on the screen was left out", "&#34;lineNumber&#34;: 1", `value="THB"`} {
		if !strings.Contains(again.Body, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	form := again.Body[strings.Index(again.Body, `id="try"`):strings.Index(again.Body, `id="exchanges"`)]
	if strings.Contains(form, "xx-") || strings.Contains(form, "0105562000007") {
		t.Error("a masked value is filled in, or an unmasked one")
	}
	// As it will stand on the wire, in the order of the table, with the digest of
	// these very bytes where it is signed.
	look := admin.Post("/operations/schedule.create/probes", "do", "look", "m-ref1", "CUST0001", "m-amount", "590.00", "m-scheduleReference", "X")
	if look.Status != http.StatusOK || !strings.Contains(look.Body, krungsri.Digest([]byte(`{"scheduleReference":"X","amount":590.00,"ref1":"CUST0001"}`))) {
		t.Errorf("a look at a request: %d %s", look.Status, clipped(look.Body))
	}
	for _, bad := range []struct{ operation, field, typed, says string }{
		{"schedule.create", "startDate", "2568-11-30", "year CE"},
		{"schedule.create", "amount", "ten", "Type a number"},
		{"debit.create", "transactionDateTime", "yesterday", "Write day and time"},
		{"presentment.create", "items", `[{"a":1,"a":2}]`, "each name once"},
		{"presentment.create", "items", `{}`, "Write a list"},
		{"presentment.create", "hasAttachment", "perhaps", "Choose true or false"},
	} {
		a := admin.Post("/operations/"+bad.operation+"/probes", "do", "send", "m-"+bad.field, bad.typed)
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, bad.says) || !strings.Contains(a.Body, `href="#m-`+bad.field+`"`) {
			t.Errorf("%s as %s: %d", bad.field, bad.typed, a.Status)
		}
	}
}

func TestNothingIsTriedOutOnTheRealBankAndOnlyByAdministrators(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	admin := w.Client(apptest.Admin)
	for _, o := range krungsri.Operations() {
		page := admin.Get("/operations/" + o.ID + "?example=yes")
		if !strings.Contains(page.Body, "/probes#try\"") || strings.Count(page.Body, `name="m-`) == 0 {
			t.Errorf("%s has no form", o.ID)
		}
	}
	for _, who := range []string{apptest.Auditor, apptest.Maker, apptest.Checker} {
		if a := w.Client(who).Post("/operations/debit.create/probes", "m-ref1", "1"); a.Status != http.StatusForbidden {
			t.Errorf("%s tries out: %d", who, a.Status)
		}
		if strings.Contains(w.Client(who).Get("/operations/location.inquire").Body, "/probes") {
			t.Errorf("%s is offered to try out", who)
		}
	}
	// One at a time.
	wantStatus(t, admin.Post("/operations/promptpay.block/probes", "m-senderProxyType", "NATID"), http.StatusSeeOther)
	wantStatus(t, admin.Post("/operations/location.inquire/probes", "m-latitude", "1"), http.StatusConflict)
	// Each door is shut by itself where the bank is real: the database knows, and
	// neither takes a probe nor lets the worker begin one that waits.
	if _, err := w.DB.Super.ExecContext(t.Context(), `DELETE FROM stand_in_bank`); err != nil {
		t.Fatal(err)
	}
	if err := bank.Worker.TryOut(t.Context()); err != nil {
		t.Errorf("a probe that waits, of a bank that is real now: %v", err)
	}
	for _, o := range krungsri.Operations() {
		_, err := w.DB.Super.ExecContext(t.Context(), `INSERT INTO probes (id, merchant_id, operation, body, asked_by) VALUES (gen_random_uuid(), $1, $2, '{}', $3)`,
			w.Merchant, o.ID, w.Person(apptest.Admin))
		if err == nil || !strings.Contains(err.Error(), "the bank of this installation is no stand-in") {
			t.Errorf("the schema lets %s be tried out on the real bank: %v", o.ID, err)
		}
		if o.Kind == krungsri.Read {
			continue
		}
		_, err = w.DB.Super.ExecContext(t.Context(), `
			INSERT INTO exchanges (id, merchant_id, operation, method, path, transaction_id, headers, body_masked, body_hash, body_size)
			VALUES (gen_random_uuid(), $1, $2, 'POST', '/', '', '', '', '', 0)`, w.Merchant, o.ID)
		if err == nil || !strings.Contains(err.Error(), "nobody attempts this, and nobody tries it out") {
			t.Errorf("the schema lets %s begin under nothing: %v", o.ID, err)
		}
	}
	if n := len(bank.Effects()); n != 0 {
		t.Errorf("%d things happened at the bank", n)
	}
	live := apptest.New(t, func(c *app.Config) { c.Trial = false })
	for _, operation := range []string{"location.inquire", "debit.create"} {
		if a := live.Client(apptest.Admin).Post("/operations/"+operation+"/probes", "m-latitude", "1"); a.Status != http.StatusNotFound {
			t.Errorf("%s in production: %d", operation, a.Status)
		}
		if strings.Contains(live.Client(apptest.Admin).Get("/operations/"+operation).Body, "/probes") {
			t.Errorf("%s is offered in production", operation)
		}
	}
	// A process that is told that it is development, on the database of a real one.
	other := apptest.New(t)
	if _, err := other.DB.Super.ExecContext(t.Context(), `DELETE FROM stand_in_bank`); err != nil {
		t.Fatal(err)
	}
	if a := other.Client(apptest.Admin).Post("/operations/debit.create/probes", "m-ref1", "1"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "portal migrate") {
		t.Errorf("by the database: %d", a.Status)
	}
}
