package teller_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// aboutIs is leaf for another kind of subject.
func aboutIs(kind string, id store.ID) string {
	return strings.Replace(leaf(id), "instruction/", kind+"/", 1)
}

// letDecide has what a person was granted so far count at once.
func (w banded) letDecide(t *testing.T, person store.ID) {
	t.Helper()
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.LetDecide(w.Merchant.ID, person, "of this test") })
}

// TestANewSayCountsADayLater: whoever is made a checker, or given a higher
// level, approves nothing yet, under no hat, and lends theirs to nobody.
func TestANewSayCountsADayLater(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	lead := w.aLead(t)
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
		return errors.Join(
			tx.GrantDuties(w.Merchant.ID, w.Auditor, store.Auditor, store.Checker),
			tx.SetLevel(w.Merchant.ID, w.Checker2, 2),
		)
	})
	refused := func(who string, by store.ID) {
		t.Helper()
		if err := w.Approve(by, lead); !errors.Is(err, teller.ErrTooSoon) {
			t.Errorf("%s: %v", who, err)
		}
		for _, role := range []store.Role{store.Web, store.Worker} {
			want := "approver_waits_a_day"
			if role == store.Worker {
				want = "pq: permission denied for table approvals (42501)"
			}
			if got := attempt(t, w.World, role, by, approval(lead, by, "maker_id", "payload_hash"), leaf(lead)); got != want {
				t.Errorf("%s by plain SQL as %s: refused by %q, want %q", who, role, got, want)
			}
		}
	}
	refused("a checker of a minute ago", w.Auditor)
	if w.inboxHas(t, w.Auditor, lead) {
		t.Error("it stands in the inbox of whoever waits")
	}
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	refused("a level of a minute ago", w.Checker2) // the second step asks for it
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.SetLevel(w.Merchant.ID, w.Auditor, 2) })
	w.Write(w.Web, w.As(w.Auditor), func(tx *store.Tx) error {
		today := tellertest.Today()
		_, err := tx.OfferDelegation(store.Delegation{DelegateID: w.third, StartsOn: today, EndsOn: today, CapSatang: 1_000_000_00})
		return err
	})
	w.Write(w.Web, w.As(w.third), func(tx *store.Tx) error {
		list, err := tx.Delegations(time.Time{}, store.NoID, 1)
		if err != nil {
			return err
		}
		return tx.AnswerDelegation(list[0], store.DelegationAccepted)
	})
	if err := w.Approve(w.third, lead); !errors.Is(err, teller.ErrNotAsked) {
		t.Errorf("under the hat of whoever waits: %v", err)
	}
	if err := w.Approve(w.chief, lead); err != nil {
		t.Errorf("whoever had the level before: %v", err)
	}
	// The level before holds meanwhile.
	other := w.aLead(t)
	if err := w.Approve(w.Checker2, other); err != nil {
		t.Errorf("under the level before: %v", err)
	}
	w.letDecide(t, w.Auditor)
	third := w.aLead(t)
	if err := w.Approve(w.Auditor, third); err != nil {
		t.Errorf("when the day is over: %v", err)
	}
	// Less counts at once, and taking a duty away and giving it back is giving it.
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
		return errors.Join(tx.SetLevel(w.Merchant.ID, w.chief, 1), tx.GrantDuties(w.Merchant.ID, w.Checker, store.Auditor), tx.GrantDuties(w.Merchant.ID, w.Checker, store.Checker))
	})
	if err := w.Approve(w.chief, other); !errors.Is(err, teller.ErrNotAsked) {
		t.Errorf("a level that was taken away: %v", err)
	}
	lead = w.aLead(t)
	refused("a duty that was taken and given back", w.Checker)
}

// TestNobodySaysWhenTheirOwnSayCounts: only the owner of the schema moves the
// day, and its every move stands in the trail.
func TestNobodySaysWhenTheirOwnSayCounts(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	w.aLead(t)
	for _, column := range []string{"decides_from = now()", "level_from = now()", "level_before = 3"} {
		for _, role := range []store.Role{store.Web, store.Worker} {
			if got := attempt(t, w.World, role, w.Checker, "UPDATE memberships SET "+column); got != "pq: permission denied for table memberships (42501)" {
				t.Errorf("%s sets %s: refused by %q", role, column, got)
			}
		}
		if got := attempt(t, w.World, "portal", w.Checker, "UPDATE memberships SET "+column); got != "change_needs_leaf" {
			t.Errorf("the owner sets %s without a leaf: refused by %q", column, got)
		}
	}
}

// TestANewSayDecidesOnNothingElse: policies and outcomes wait the same day.
func TestANewSayDecidesOnNothingElse(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	w.aLead(t)
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
		return errors.Join(tx.GrantDuties(w.Merchant.ID, w.Auditor, store.Checker), tx.GrantDuties(w.Merchant.ID, w.third, store.Admin))
	})
	var proposal store.ID
	w.Write(w.Web, w.As(w.admin), func(tx *store.Tx) error {
		p, err := tx.Policy()
		if err != nil {
			return err
		}
		proposal, err = tx.ProposePolicy(p, "because")
		return err
	})
	for who, by := range map[string]store.ID{"a checker": w.Auditor, "an administrator": w.third} {
		err := w.Web.Write(t.Context(), w.As(by), func(tx *store.Tx) error {
			p, err := tx.PolicyProposal(proposal)
			if err != nil {
				return err
			}
			return tx.DecideProposal(p, store.ProposalApproved, "")
		})
		if !store.Violated(err, store.DeciderWaits) {
			t.Errorf("%s of a minute ago approves a policy: %v", who, err)
		}
		if got := attempt(t, w.World, store.Web, by, fmt.Sprintf(`UPDATE policy_proposals SET decision = 'approved', decided_by = '%s' WHERE id = '%s'`, by, proposal),
			aboutIs("policy", proposal)); got != store.DeciderWaits {
			t.Errorf("%s of a minute ago approves a policy by plain SQL: refused by %q", who, got)
		}
	}
	lead := w.anUnknown(t)
	if err := w.Teller.ProposeSettlement(t.Context(), w.As(w.Maker), lead, teller.Settlement{Outcome: store.Failed, Note: "ธนาคารไม่พบรายการ"}); err != nil {
		t.Fatal(err)
	}
	var open store.ID
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM settlements WHERE instruction_id = $1`, lead).Scan(&open); err != nil {
		t.Fatal(err)
	}
	if err := w.Teller.ConfirmSettlement(t.Context(), w.As(w.Auditor), lead, open, ""); !store.Violated(err, store.DeciderWaits) {
		t.Errorf("a checker of a minute ago confirms an outcome: %v", err)
	}
	if got := attempt(t, w.World, store.Web, w.Auditor, fmt.Sprintf(`UPDATE settlements SET decision = 'confirmed', decided_by = '%s', decided_at = now() WHERE id = '%s'`, w.Auditor, open),
		leaf(lead)); got != store.DeciderWaits {
		t.Errorf("by plain SQL: refused by %q", got)
	}
	if err := w.Teller.ConfirmSettlement(t.Context(), w.As(w.Checker), lead, open, ""); err != nil {
		t.Errorf("whoever had the duty before: %v", err)
	}
}

// anUnknown is a lead of which nobody knows what became.
func (w banded) anUnknown(t *testing.T) store.ID {
	t.Helper()
	_, lead := w.Submitted("")
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET state = 'unknown' WHERE id = '` + lead.String() + `'; COMMIT`)
	return lead
}

// TestNobodySlipsIntoTheContent: W13 by documents, lines, files and the known
// buyer, past the portal's own pages.
func TestNobodySlipsIntoTheContent(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill := w.Bill("")
	other := w.Bill("")
	w.Attach(other.ID, w.Maker2, "of a colleague who also checks")
	var colleagues store.ID
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM files WHERE uploaded_by = $1`, w.Maker2).Scan(&colleagues); err != nil {
		t.Fatal(err)
	}
	m, about := w.Merchant.ID, aboutIs("presentment", bill.ID)
	attach := func(file string) string {
		return fmt.Sprintf(`INSERT INTO presentment_documents (presentment_id, merchant_id, file_id, position) VALUES ('%s', '%s', %s, 9)`, bill.ID, m, file)
	}
	file := store.NewID()
	store1 := func(by store.ID, size string) []string {
		return []string{
			fmt.Sprintf(`INSERT INTO file_chunks (file_id, merchant_id, no, data) VALUES ('%s', '%s', 0, '%%PDF')`, file, m),
			fmt.Sprintf(`INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by) VALUES ('%s', '%s', 'x.pdf', 'application/pdf', %s, sha256('%%PDF'), '%s')`, file, m, size, by),
			aboutIs("file", file),
		}
	}
	for _, c := range []struct {
		attack, want string
		by           store.ID
		sql          []string
	}{
		{"a checker attaches a document", "presentment_is_editable", w.Checker, []string{attach(`(SELECT file_id FROM presentment_documents d JOIN files f ON f.id = d.file_id WHERE presentment_id = '` + other.ID.String() + `' AND uploaded_by = '` + w.Maker.String() + `')`), about}},
		{"a checker takes the document off", "presentment_is_editable", w.Checker, []string{`DELETE FROM presentment_documents WHERE presentment_id = '` + bill.ID.String() + `'`, about}},
		{"a checker changes a line", "presentment_is_editable", w.Checker, []string{`DELETE FROM presentment_lines WHERE presentment_id = '` + bill.ID.String() + `'`, about}},
		{"a line by nobody", "presentment_is_editable", store.NoID, []string{`DELETE FROM presentment_lines WHERE presentment_id = '` + bill.ID.String() + `'`, about}},
		{"the maker attaches what a checker uploaded", "document_is_an_editors", w.Maker, []string{attach("'" + colleagues.String() + "'"), about}},
		{"a checker uploads in the maker's name", "file_is_by_the_acting_person", w.Checker, store1(w.Maker, "4")},
		{"a file says another size", "file_is_as_large_as_it_says", w.Maker, store1(w.Maker, "5")},
		{"the maker makes a checker an editor", "nobody_makes_others_editors", w.Maker,
			[]string{fmt.Sprintf(`UPDATE presentments SET editors = editors || '%s'::uuid WHERE id = '%s'`, w.Checker, bill.ID), about}},
		{"a document of another bill is sent along", "upload_is_of_its_bill", w.Maker, smuggled(w, bill, colleagues)},
		{"an entry of the trail in another's name", `pq: new row violates row-level security policy "own_name" for table "audit_leaves" (42501)`, w.Checker,
			[]string{fmt.Sprintf(`INSERT INTO audit_leaves (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
				VALUES (gen_random_uuid(), '%s', '%s', '', '', '', 'x', 'x', '{}')`, m, w.Maker)}},
	} {
		if got := attempt(t, w, store.Web, c.by, c.sql...); got != c.want {
			t.Errorf("%s: refused by %q, want %q", c.attack, got, c.want)
		}
	}
}

// smuggled submits a bill in plain SQL with a document that is not its own.
func smuggled(w *tellertest.World, bill store.Presentment, file store.ID) []string {
	lead, part := store.NewID(), store.NewID()
	insert := func(id store.ID, no int, operation, content string, satang int64) string {
		return fmt.Sprintf(`INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key)
			SELECT '%s', '%s', '%s', %d, '%s', 'presentment/%s', '%s', convert_to(%s, 'UTF8'), %d, 'x', 'x' FROM files WHERE id = '%s'`,
			id, w.Merchant.ID, lead, no, operation, bill.ID, w.Maker, content, satang, file)
	}
	return []string{
		insert(lead, 0, "presentment.create", `'{"totalAmount": 1070.00}'`, 107000),
		insert(part, 1, "presentment.document.upload", `jsonb_build_object('file', id, 'sha256', encode(sha256, 'hex'))::text`, 0),
		leaf(lead), leaf(part),
	}
}

// TestWhoeverChangedTheBuyerHadAHandInItsBills: for a day, after which the
// buyer's details are an old story.
func TestWhoeverChangedTheBuyerHadAHandInItsBills(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{NoSequencer: true})
	buyer := store.Buyer{ID: store.NewID(), Name: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", TaxID: "0105562000007", Branch: "00000", Address: "99 ถนนตัวอย่าง"}
	w.Write(w.Web, w.As(w.Maker2), func(tx *store.Tx) error { return tx.AddBuyer(buyer) })
	_, lead := w.Submitted("")
	if err := w.Approve(w.Maker2, lead); !errors.Is(err, teller.ErrAuthor) {
		t.Errorf("whoever added the buyer today: %v", err)
	}
	if got := attempt(t, w, store.Web, w.Maker2, approval(lead, w.Maker2, "maker_id", "payload_hash"), leaf(lead)); got != "approver_is_not_author" {
		t.Errorf("by plain SQL: refused by %q", got)
	}
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE audit_leaves SET at = at - interval '25 hours' WHERE subject = 'buyer/` + buyer.ID.String() + `'; COMMIT`)
	_, lead = w.Submitted("")
	if err := w.Approve(w.Maker2, lead); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

// TestWhatExpiredIsApprovedNoMore: enough approvals, given in time, and the
// move made when the time is over.
func TestWhatExpiredIsApprovedNoMore(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{NoSequencer: true})
	_, lead := w.Submitted("")
	if got := attempt(t, w, store.Web, w.Checker, approval(lead, w.Checker, "maker_id", "payload_hash"), leaf(lead)); got != "" {
		t.Fatalf("an honest approval: refused by %q", got)
	}
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET expires_at = now() - interval '1 second' WHERE lead_id = '` + lead.String() + `'; COMMIT`)
	for _, role := range []store.Role{store.Web, store.Worker} {
		if got := attempt(t, w, role, w.Checker, `UPDATE instructions SET state = 'approved' WHERE id = '`+lead.String()+`'`, leaf(lead)); got != "approved_in_time" {
			t.Errorf("%s: refused by %q", role, got)
		}
	}
	if got := attempt(t, w, store.Web, w.Checker2, approval(lead, w.Checker2, "maker_id", "payload_hash"), leaf(lead)); got != "approval_while_pending" {
		t.Errorf("an approval after its time: refused by %q", got)
	}
}
