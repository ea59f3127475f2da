package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/krungsri"
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
	if a := tried(t, w, bank, "account.inquire", "m-body", `{"accountNumber": "0457262823"}`); !strings.Contains(a.Body, ">Refused by the bank<") && !strings.Contains(a.Body, ">Done<") {
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
	verified(t, w, bank)
}

func TestNothingIsTriedThatChangesSomethingAndNothingOnTheRealBank(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	admin := w.Client(apptest.Admin)
	for _, o := range krungsri.Operations() {
		page := admin.Get("/operations/" + o.ID)
		if offered := strings.Contains(page.Body, "/probes\""); offered != (o.Kind == krungsri.Read) {
			t.Errorf("%s, which is a %s, is offered: %t", o.ID, o.Kind, offered)
		}
		if o.Kind == krungsri.Write {
			if a := admin.Post("/operations/"+o.ID+"/probes", "m-body", "{}"); a.Status < 400 || a.Status >= 500 {
				t.Errorf("%s: %d", o.ID, a.Status)
			}
			_, err := w.DB.Super.ExecContext(t.Context(), `INSERT INTO probes (id, merchant_id, operation, body, asked_by) VALUES (gen_random_uuid(), $1, $2, '{}', $3)`,
				w.Merchant, o.ID, w.Person(apptest.Admin))
			if err == nil {
				t.Errorf("the schema lets %s be tried out", o.ID)
			}
		}
	}
	for _, who := range []string{apptest.Auditor, apptest.Maker, apptest.Checker} {
		if a := w.Client(who).Post("/operations/location.inquire/probes", "m-latitude", "1"); a.Status != http.StatusForbidden {
			t.Errorf("%s tries out: %d", who, a.Status)
		}
		if strings.Contains(w.Client(who).Get("/operations/location.inquire").Body, "/probes") {
			t.Errorf("%s is offered to try out", who)
		}
	}
	if a := admin.Post("/operations/location.inquire/probes", "m-latitude", "north"); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `value="north"`) {
		t.Errorf("no number: %d", a.Status)
	}
	if a := admin.Post("/operations/account.inquire/probes", "m-body", `{"a":1,"a":2}`); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a name twice: %d", a.Status)
	}
	// One at a time; and each door is shut by itself where the bank is real.
	wantStatus(t, admin.Post("/operations/location.inquire/probes", "m-latitude", "1"), http.StatusSeeOther)
	wantStatus(t, admin.Post("/operations/location.inquire/probes", "m-latitude", "1"), http.StatusConflict)
	live := apptest.New(t, func(c *app.Config) { c.Trial = false })
	if a := live.Client(apptest.Admin).Post("/operations/location.inquire/probes", "m-latitude", "1"); a.Status != http.StatusNotFound {
		t.Errorf("in production: %d", a.Status)
	}
	if strings.Contains(live.Client(apptest.Admin).Get("/operations/location.inquire").Body, "/probes") {
		t.Error("it is offered in production")
	}
}
