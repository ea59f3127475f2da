package app_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/lib/pq"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// TestNobodyApprovesTheirOwnInNineWays: W13, G14. Each way is tried by HTTP, as
// a browser would, and in plain SQL with the credential of the web process.
func TestNobodyApprovesTheirOwnInNineWays(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker, both := w.Person(apptest.Maker), w.Person(apptest.Both)
	// Whoever made, edited or uploaded may approve what others made, and has for long.
	mayDecide := func(people ...store.ID) {
		w.Own(store.Actor{}, func(tx *store.Tx) error {
			for _, p := range people {
				if err := tx.GrantDuties(w.Merchant, p, store.Maker, store.Checker); err != nil {
					return err
				}
				if err := tx.LetDecide(w.Merchant, p, "of this test"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	mayDecide(maker, both)
	desk := w.Desk()
	// made is a bill that by wrote and submits, after others had a hand in it.
	made := func(by, number string, hands ...func(store.Presentment)) store.ID {
		t.Helper()
		a := w.Actor(by)
		p := tellertest.Draft(t, w.Web, a, number)
		for _, hand := range hands {
			hand(p)
		}
		if err := w.Web.Read(t.Context(), a, func(q *store.Query) (err error) { p, err = q.Presentment(p.ID); return err }); err != nil {
			t.Fatal(err)
		}
		lead, err := desk.SubmitPresentment(t.Context(), a, p.ID, p.Version, store.NewID().String())
		if err != nil {
			t.Fatal(err)
		}
		return lead
	}
	write := func(by string, f func(*store.Tx) error) {
		t.Helper()
		if err := w.Web.Write(t.Context(), w.Actor(by), f); err != nil {
			t.Fatal(err)
		}
	}
	tries := 0
	denied := func(way string, c *apptest.Client, by store.ID, lead store.ID, constraint string) {
		t.Helper()
		tries++
		a := c.Post("/instructions/"+lead.String()+"/approval", "fingerprint", shown(t, w, apptest.Second, lead))
		if a.Status != http.StatusForbidden {
			t.Errorf("%s, by HTTP: %d, want 403", way, a.Status)
		}
		if got := approvedBySQL(t, w, by, lead); got != constraint {
			t.Errorf("%s, by SQL: refused by %q, want %q", way, got, constraint)
		}
	}

	first, second := w.SignIn(apptest.Maker), w.SignIn(apptest.Maker)
	mine := made(apptest.Maker, "OWN-1")
	denied("the same account", first, maker, mine, "approver_is_not_author")
	denied("a second tab, of another sign-in", second, maker, mine, "approver_is_not_author")

	w.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO accounts (id, person_id, email, password_hash) SELECT gen_random_uuid(), person_id, 'second-account@example.com', password_hash FROM accounts WHERE person_id = '%s'; COMMIT`, maker))
	other := w.Visitor()
	if a := other.Post("/sign-in", "email", "second-account@example.com", "password", apptest.Password); a.Status != http.StatusSeeOther {
		t.Fatalf("the second account: %d", a.Status)
	}
	denied("a second account of the same person", other, maker, mine, "approver_is_not_author")

	denied("the maker of an earlier version", first, maker, made(apptest.Maker, "OWN-2", func(p store.Presentment) {
		// Another submits what the maker wrote first.
		w.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE presentments SET editors = editors || '%s'::uuid WHERE id = '%s'; COMMIT`, both, p.ID))
	}), "approver_is_not_author")
	earlier := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "OWN-3")
	write(apptest.Both, func(tx *store.Tx) error { earlier.Remark = "another's words"; return tx.ChangePresentment(earlier) })
	lead, err := desk.SubmitPresentment(t.Context(), w.Actor(apptest.Both), earlier.ID, earlier.Version+1, store.NewID().String())
	if err != nil {
		t.Fatal(err)
	}
	denied("the author of an earlier version that another changed and submitted", first, maker, lead, "approver_is_not_author")

	denied("whoever uploaded the attachment", first, maker, made(apptest.Both, "OWN-4", func(p store.Presentment) {
		tellertest.Attach(t, w.Web, w.Actor(apptest.Maker), p.ID, "annex")
	}), "approver_is_not_author")

	write(apptest.Maker, func(tx *store.Tx) error {
		return tx.AddBuyer(store.Buyer{ID: store.NewID(), Name: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", TaxID: "0105562000007", Branch: "00000", Address: "99 ถนนตัวอย่าง"})
	})
	denied("whoever changed the buyer today", first, maker, made(apptest.Both, "OWN-5"), "approver_is_not_author")

	// An administrator who makes themselves a checker gets neither the duty nor a say.
	admin, boss := w.SignIn(apptest.Admin), w.Person(apptest.Admin)
	if a := admin.Post("/admin/people/"+boss.String()+"/duties", "duties", "admin", "duties", "checker", "level", "1", "note", "x", "staff_number", ""); a.Status == http.StatusSeeOther {
		t.Error("an administrator proposes themselves as a checker")
	}
	denied("an administrator who makes themselves a checker", admin, boss, mine, "approver_is_checker")

	// A stand-in whose own it is, in the name of somebody who may.
	write(apptest.Second, func(tx *store.Tx) error {
		today := tellertest.Today()
		_, err := tx.OfferDelegation(store.Delegation{DelegateID: maker, StartsOn: today, EndsOn: today, CapSatang: 1_000_000_00})
		return err
	})
	write(apptest.Maker, func(tx *store.Tx) error {
		list, err := tx.Delegations(time.Time{}, store.NoID, 1)
		if err != nil || len(list) == 0 {
			return fmt.Errorf("%d delegations: %w", len(list), err)
		}
		return tx.AnswerDelegation(list[0], store.DelegationAccepted)
	})
	denied("a stand-in for a checker", first, maker, mine, "approver_is_not_author")

	// Out of the duty and back into the other one, a day ago.
	w.Own(store.Actor{}, func(tx *store.Tx) error {
		if err := tx.GrantDuties(w.Merchant, maker, store.Checker); err != nil {
			return err
		}
		return tx.LetDecide(w.Merchant, maker, "of this test")
	})
	denied("after a swap of duties", w.SignIn(apptest.Maker), maker, mine, "approver_is_not_author")
	if tries < 9 {
		t.Errorf("only %d ways were tried", tries)
	}
}

// approvedBySQL says what refused an approval in plain SQL by the web role, or "".
func approvedBySQL(t *testing.T, w *apptest.World, by, lead store.ID) string {
	t.Helper()
	tx, err := w.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, q := range []string{
		"SET LOCAL ROLE portal_web", "SET LOCAL portal.merchant = '" + w.Merchant.String() + "'", "SET LOCAL portal.person = '" + by.String() + "'",
		fmt.Sprintf(`INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash)
			SELECT id, merchant_id, '%s', maker_id, payload_hash FROM instructions WHERE id = '%s'`, by, lead),
	} {
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			if e := pq.As(err); e != nil && e.Constraint != "" {
				return e.Constraint
			}
			return err.Error()
		}
	}
	return ""
}
