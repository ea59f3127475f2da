package teller_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"github.com/lib/pq"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// attempt runs plain SQL in one transaction as a Postgres role and a person:
// what somebody could do who got hold of a process's credentials. It returns
// the name of the constraint that refused, "" if nothing did, or the message
// if no constraint has a name for it.
func attempt(t *testing.T, w *tellertest.World, role store.Role, person store.ID, statements ...string) string {
	t.Helper()
	conn, err := w.DB.Super.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	begin := fmt.Sprintf("BEGIN; SET LOCAL jit = off; SET LOCAL ROLE %s; SET LOCAL portal.merchant = '%s'", role, w.Merchant.ID)
	if person != store.NoID {
		begin += fmt.Sprintf("; SET LOCAL portal.person = '%s'", person)
	}
	for _, q := range append(append([]string{begin}, statements...), "COMMIT") {
		if _, err = conn.ExecContext(t.Context(), q); err != nil {
			break
		}
	}
	if err == nil {
		return ""
	}
	if _, err := conn.ExecContext(context.WithoutCancel(t.Context()), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if e := pq.As(err); e != nil && e.Constraint != "" {
		return e.Constraint
	}
	return err.Error()
}

// leaf is the statement that gives an attack its audit leaf, so that it is the
// rule under test that refuses, not the missing leaf.
func leaf(instruction store.ID) string {
	return fmt.Sprintf(`INSERT INTO audit_leaves (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
		VALUES (gen_random_uuid(), current_setting('portal.merchant')::uuid, acting_person(), '', '', '', 'attack', 'instruction/%s', '{}')`, instruction)
}

func approval(instruction, person store.ID, maker, hash string) string {
	return fmt.Sprintf(`INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash)
		SELECT id, merchant_id, '%s', %s, %s FROM instructions WHERE id = '%s'`, person, maker, hash, instruction)
}

func TestSchemaRefusesFalseApprovals(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{ApprovalsNeeded: 2})
	p := w.Bill("")
	w.Attach(p.ID, w.Maker2, "by a colleague")
	w.Read(func(q *store.Query) (err error) { p, err = q.Presentment(p.ID); return err })
	lead, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), p.ID, p.Version, "key")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		attack string
		by     store.ID
		sql    string
		want   string
	}{
		{"the maker approves", w.Maker, approval(lead, w.Maker, "maker_id", "payload_hash"), "approver_is_not_author"},
		{"the maker approves and names another as maker", w.Maker, approval(lead, w.Maker, "'"+w.Checker2.String()+"'", "payload_hash"), "approver_is_not_author"},
		{"an author approves", w.Maker2, approval(lead, w.Maker2, "maker_id", "payload_hash"), "approver_is_not_author"},
		{"an auditor approves", w.Auditor, approval(lead, w.Auditor, "maker_id", "payload_hash"), "approver_is_checker"},
		{"a checker approves in another's name", w.Checker, approval(lead, w.Checker2, "maker_id", "payload_hash"), "approver_is_acting"},
		{"a checker approves other bytes", w.Checker, approval(lead, w.Checker, "maker_id", "sha256('other')"), "approval_is_for_these_bytes"},
		{"a checker names a false maker", w.Checker, approval(lead, w.Checker, "'"+w.Checker2.String()+"'", "payload_hash"), "approval_names_the_maker"},
		{"approved without enough people", w.Checker, fmt.Sprintf(`UPDATE instructions SET state = 'approved' WHERE id = '%s'`, lead), "approved_by_enough_people"},
		{"an honest approval", w.Checker, approval(lead, w.Checker, "maker_id", "payload_hash"), ""},
		{"the same person again", w.Checker, approval(lead, w.Checker, "maker_id", "payload_hash"), "one_person_counts_once"},
		{"one approval where two are needed", w.Checker, fmt.Sprintf(`UPDATE instructions SET state = 'approved' WHERE id = '%s'`, lead), "approved_by_enough_people"},
	} {
		if got := attempt(t, w, store.Web, c.by, c.sql, leaf(lead)); got != c.want {
			t.Errorf("%s: refused by %q, want %q", c.attack, got, c.want)
		}
	}
	// The check itself, with the triggers out of the way.
	if got := attempt(t, w, "portal", w.Maker, "SET LOCAL session_replication_role = replica", approval(lead, w.Maker, "maker_id", "payload_hash")); got != "approver_is_not_maker" {
		t.Errorf("the maker approves with triggers disabled: refused by %q", got)
	}
}

func TestSchemaRefusesToChangeWhatWasSubmitted(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill, lead := w.Submitted("")
	for column, value := range map[string]string{
		"payload": `'{}'`, "operation": `'presentment.cancel'`, "maker_id": "'" + w.Checker.String() + "'", "amount_satang": "1", "approvals_needed": "1 + 1",
		"title": `'x'`, "expires_at": "now()", "subject": `'x'`, "part": "1", "policy_version": "0",
	} {
		change := fmt.Sprintf(`UPDATE instructions SET %s = %s WHERE id = '%s'`, column, value, lead)
		if got := attempt(t, w, store.Web, w.Maker, change, leaf(lead)); got != "pq: permission denied for table instructions (42501)" {
			t.Errorf("the web role changes %s: refused by %q", column, got)
		}
		if got := attempt(t, w, "portal", w.Maker, change, leaf(lead)); got != "instruction_never_changes" {
			t.Errorf("the owner changes %s: refused by %q", column, got)
		}
	}
	for _, q := range []string{
		fmt.Sprintf(`UPDATE presentments SET total_satang = 1, before_tax_satang = 1, vat_satang = 0 WHERE id = '%s'`, bill),
		fmt.Sprintf(`UPDATE presentments SET buyer_tax_id = '0000000000000' WHERE id = '%s'`, bill),
		fmt.Sprintf(`DELETE FROM presentment_lines WHERE presentment_id = '%s'`, bill),
		fmt.Sprintf(`DELETE FROM presentment_documents WHERE presentment_id = '%s'`, bill),
	} {
		if got := attempt(t, w, store.Web, w.Maker, q); got != "presentment_is_editable" {
			t.Errorf("%s: refused by %q", q, got)
		}
	}
	for _, q := range []string{"DELETE FROM instructions", "UPDATE approvals SET at = now()", "DELETE FROM approvals", "DELETE FROM instruction_moves", "DELETE FROM audit_leaves"} {
		if got := attempt(t, w, store.Web, w.Maker, q); got == "" {
			t.Errorf("%s went through", q)
		}
	}
}

// TestSchemaMovesOnlyAsListed tries every pair of states by plain SQL.
func TestSchemaMovesOnlyAsListed(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	_, lead := w.Submitted("")
	states := []string{
		store.Pending, store.Approved, store.Sending, store.Done, store.Failed, store.Unknown, store.Rejected, store.Withdrawn, store.Expired,
	}
	allowed := [][2]string{
		{store.Pending, store.Approved}, {store.Pending, store.Rejected}, {store.Pending, store.Withdrawn}, {store.Pending, store.Expired},
		{store.Approved, store.Sending}, {store.Approved, store.Withdrawn}, {store.Approved, store.Expired},
		{store.Sending, store.Done}, {store.Sending, store.Failed}, {store.Sending, store.Unknown}, {store.Sending, store.Approved},
		{store.Unknown, store.Done}, {store.Unknown, store.Failed},
	}
	// What a listed move needs besides being listed, when the right person tries.
	needs := map[[2]string]string{
		{store.Pending, store.Approved}: "approved_by_enough_people",
		{store.Approved, store.Sending}: "sending_needs_an_attempt",
		{store.Sending, store.Approved}: "ends_as_its_attempt",
		{store.Sending, store.Done}:     "ends_as_its_attempt",
		{store.Sending, store.Failed}:   "ends_as_its_attempt",
		{store.Sending, store.Unknown}:  "ends_as_its_attempt",
		{store.Unknown, store.Done}:     "unknown_is_settled_by_two",
		{store.Unknown, store.Failed}:   "unknown_is_settled_by_two",
	}
	right := map[string]store.ID{store.Rejected: w.Checker, store.Withdrawn: w.Maker, store.Expired: store.NoID}
	wrong := map[string]store.ID{store.Rejected: w.Maker, store.Withdrawn: w.Checker, store.Expired: w.Checker}
	refusal := map[string]string{store.Rejected: "rejected_by_a_checker", store.Withdrawn: "withdrawn_by_the_maker", store.Expired: "expired_by_the_clock"}
	for _, from := range states {
		w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET state = '` + from + `' WHERE id = '` + lead.String() + `'; COMMIT`)
		for _, to := range states {
			if from == to {
				continue
			}
			pair := [2]string{from, to}
			want := "instruction_moves_as_listed"
			if slices.Contains(allowed, pair) {
				if want = needs[pair]; want == "" {
					want = "through"
				}
			}
			// Rolled back where it goes through, so that from stays.
			move := fmt.Sprintf(`UPDATE instructions SET state = '%s' WHERE id = '%s'`, to, lead)
			back := `DO $$ BEGIN RAISE EXCEPTION 'through' USING CONSTRAINT = 'through'; END $$`
			for _, role := range []store.Role{store.Web, store.Worker} {
				rightful := want
				switch {
				case want == "through" && role == store.Web && right[to] == store.NoID:
					rightful = refusedBy("somebody_changes_it", "instructions")
				case want == "through" && role == store.Worker && right[to] != store.NoID:
					rightful = refusedBy("the_worker_changes_as_nobody", "instructions")
				}
				if got := attempt(t, w, role, right[to], move, leaf(lead), back); got != rightful {
					t.Errorf("%s: %s to %s: refused by %q, want %q", role, from, to, got, rightful)
				}
				if got := attempt(t, w, role, wrong[to], move, leaf(lead), back); want == "through" && got != refusal[to] {
					t.Errorf("%s: %s to %s by the wrong person: refused by %q, want %q", role, from, to, got, refusal[to])
				}
			}
		}
	}
	if got := attempt(t, w, store.Web, w.Maker, fmt.Sprintf(`UPDATE instructions SET bank_reference = 'FORGED', reason = 'x' WHERE id = '%s'`, lead), leaf(lead)); got != "instruction_never_changes" {
		t.Errorf("the bank's reference without a move: refused by %q", got)
	}
}

// TestSchemaBindsAnInstructionToItsMakerAndPolicy tries to make one that
// somebody else is said to have made, or that asks for fewer people.
func TestSchemaBindsAnInstructionToItsMakerAndPolicy(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{ApprovalsNeeded: 2})
	bill, lead := w.Submitted("")
	_ = bill
	insert := func(id store.ID, maker store.ID, approvals, expires string) string {
		return fmt.Sprintf(`INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key, policy_version, approvals_needed, expires_at)
			SELECT '%[1]s', merchant_id, '%[1]s', 0, operation, subject, '%[2]s', payload, amount_satang, title, '%[1]s', policy_version, %[3]s, %[4]s FROM instructions WHERE id = '%[5]s'`,
			id, maker, approvals, expires, lead)
	}
	for _, c := range []struct {
		attack    string
		by, maker store.ID
		approvals string
		expires   string
		want      string
	}{
		{"in another's name", w.Checker, w.Maker, "2", "now()", "maker_is_acting"},
		{"without the duty", w.Checker, w.Checker, "2", "now()", "maker_is_acting"},
		{"asking for fewer", w.Maker, w.Maker, "1", "now()", "instruction_obeys_policy"},
		{"that lives for ever", w.Maker, w.Maker, "2", "now() + interval '100 years'", "instruction_obeys_policy"},
		{"honestly, but a second time", w.Maker, w.Maker, "2", "now() + interval '1 hour'", "entry_is_its_subjects"},
	} {
		id := store.NewID()
		if got := attempt(t, w, store.Web, c.by, insert(id, c.maker, c.approvals, c.expires), leaf(id)); got != c.want {
			t.Errorf("made %s: refused by %q, want %q", c.attack, got, c.want)
		}
	}
	draft := w.Bill("")
	for _, q := range []string{
		`UPDATE presentments SET editors = '{}' WHERE id = '` + draft.ID.String() + `'`,
		`UPDATE presentments SET created_by = '` + w.Checker.String() + `' WHERE id = '` + draft.ID.String() + `'`,
	} {
		if got := attempt(t, w, store.Web, w.Checker, q); got != "editors_stay" && got != "pq: permission denied for table presentments (42501)" {
			t.Errorf("%s: refused by %q", q, got)
		}
	}
}

// TestSchemaKeepsABillWhereItsInstructionsPutIt tries to take back, by its
// state alone, a bill that is at the bank.
func TestSchemaKeepsABillWhereItsInstructionsPutIt(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill, _ := w.Approved("")
	w.Drain()
	for _, state := range []string{"draft", "submitted", "approved", "incomplete", "refused", "unknown", "cancelled"} {
		if got := attempt(t, w, store.Web, w.Maker, `UPDATE presentments SET state = '`+state+`' WHERE id = '`+bill.String()+`'`); got != "presentment_state_follows" {
			t.Errorf("presented to %s: refused by %q", state, got)
		}
	}
	if got := attempt(t, w, store.Web, w.Maker, `UPDATE presentments SET entry_id = NULL WHERE id = '`+bill.String()+`'`); got != "presentment_keeps_its_entry" {
		t.Errorf("without its entry: refused by %q", got)
	}
}

func TestSchemaRefusesASecondSend(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	insert := func(lead store.ID, no string) string {
		return fmt.Sprintf(`INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline)
			SELECT gen_random_uuid(), merchant_id, id, %s, payload_hash, 'thief', now() FROM instructions WHERE id = '%s'`, no, lead)
	}
	_, pending := w.Submitted("")
	if got := attempt(t, w, store.Worker, store.NoID, insert(pending, "1"), leaf(pending)); got != "attempt_while_approved" {
		t.Errorf("an attempt before approval: refused by %q", got)
	}
	_, done := w.Approved("")
	if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	w.Drain() // done is now unknown
	for _, no := range []string{"1", "2"} {
		if got := attempt(t, w, store.Worker, store.NoID, insert(done, no), leaf(done)); got != "attempt_while_approved" {
			t.Errorf("attempt %s at what may have happened: refused by %q", no, got)
		}
	}
	_, approved := w.Approved("")
	if got := attempt(t, w, store.Worker, store.NoID, insert(approved, "1"), insert(approved, "1"), leaf(approved)); got != "attempt_number_is_unique" && got != "one_open_attempt" {
		t.Errorf("two attempts at once: refused by %q", got)
	}
	if got := attempt(t, w, store.Web, w.Checker, insert(approved, "1"), leaf(approved)); got != "pq: permission denied for table attempts (42501)" {
		t.Errorf("the web role attempts: refused by %q", got)
	}
	// Of what was begun, nobody can say that it was not sent.
	for _, q := range []string{
		`UPDATE attempts SET outcome = 'not_sent', finished_at = now() WHERE instruction_id = '` + done.String() + `'`,
	} {
		w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE attempts SET outcome = NULL, finished_at = NULL WHERE instruction_id = '` + done.String() + `'; COMMIT`)
		if got := attempt(t, w, store.Worker, store.NoID, q, leaf(done)); got != "not_sent_is_proven" {
			t.Errorf("%s: refused by %q", q, got)
		}
	}
	var document string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM instructions WHERE lead_id = $1 AND part = 1`, approved).Scan(&document); err != nil {
		t.Fatal(err)
	}
	early := fmt.Sprintf(`INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline)
		SELECT gen_random_uuid(), merchant_id, id, 1, payload_hash, 'thief', now() FROM instructions WHERE id = '%s'`, document)
	if got := attempt(t, w, store.Worker, store.NoID, early); got != "parts_are_sent_in_order" {
		t.Errorf("a document before its entry: refused by %q", got)
	}
}

func TestSchemaRefusesToSettleAlone(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, lead := w.Approved("")
	w.Drain()
	insert := func(proposer store.ID, rest string) string {
		return fmt.Sprintf(`INSERT INTO settlements (id, merchant_id, instruction_id, outcome, note, proposed_by, decision, decided_by, decided_at)
			SELECT gen_random_uuid(), merchant_id, id, 'done', 'ten letters at least', '%s', %s FROM instructions WHERE id = '%s'`, proposer, rest, lead)
	}
	both := fmt.Sprintf("'confirmed', '%s', now()", w.Checker2)
	if got := attempt(t, w, store.Web, w.Checker, insert(w.Checker, both), leaf(lead)); got != "settlement_is_proposed_first" {
		t.Errorf("proposed and confirmed at once: refused by %q", got)
	}
	if got := attempt(t, w, store.Web, w.Auditor, insert(w.Auditor, "NULL, NULL, NULL"), leaf(lead)); got != "settled_on_duty" {
		t.Errorf("proposed by an auditor: refused by %q", got)
	}
	if err := w.Teller.ProposeSettlement(t.Context(), w.As(w.Checker), lead, teller.Settlement{Outcome: store.Failed, Note: "ธนาคารไม่พบรายการ"}); err != nil {
		t.Fatal(err)
	}
	decide := func(by store.ID, extra string) string {
		return fmt.Sprintf(`UPDATE settlements SET decision = 'confirmed', decided_by = '%s', decided_at = now()%s WHERE instruction_id = '%s'`, by, extra, lead)
	}
	if got := attempt(t, w, store.Web, w.Maker, decide(w.Maker, ""), leaf(lead)); got != "settled_on_duty" {
		t.Errorf("confirmed by a maker: refused by %q", got)
	}
	if got := attempt(t, w, store.Web, w.Checker, decide(w.Checker, ""), leaf(lead)); got != "settled_by_two_people" {
		t.Errorf("confirmed by the proposer: refused by %q", got)
	}
	if got := attempt(t, w, store.Web, w.Checker, decide(w.Checker2, ""), leaf(lead)); got != "settlement_is_decided_once" {
		t.Errorf("confirmed in another's name: refused by %q", got)
	}
	if got := attempt(t, w, store.Web, w.Checker2, fmt.Sprintf(`UPDATE instructions SET state = 'failed' WHERE id = '%s'`, lead), leaf(lead)); got != "unknown_is_settled_by_two" {
		t.Errorf("settled without a confirmation: refused by %q", got)
	}
}

func TestMerchantsAreStrangersToEachOther(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill, lead := w.Submitted("")
	stranger := store.Actor{Merchant: store.NewID(), Person: w.Checker}
	err := w.Web.Read(t.Context(), stranger, func(q *store.Query) error {
		if _, err := q.Presentment(bill); err != store.ErrNotFound { //nolint:errorlint // exactly this, with nothing to tell it apart
			t.Errorf("a stranger's look at a bill: %v", err)
		}
		_, err := q.Parts(lead)
		return err
	})
	if err != store.ErrNotFound { //nolint:errorlint // as above
		t.Errorf("a stranger's look at an instruction: %v", err)
	}
	// Without the application's own filter, row-level security still holds.
	tables := []string{"presentments", "presentment_lines", "presentment_documents", "files", "file_chunks", "instructions", "instruction_authors",
		"approvals", "attempts", "settlements", "instruction_moves", "exchanges", "exchange_results", "audit_leaves", "policies"}
	for _, table := range tables {
		var rows int
		err := asRole(t, w, store.Web, store.NewID(), func(tx *sql.Tx) error {
			return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM `+table).Scan(&rows)
		})
		if err != nil || rows != 0 {
			t.Errorf("a stranger sees %d rows of %s: %v", rows, table, err)
		}
	}
}

func asRole(t *testing.T, w *tellertest.World, role store.Role, merchant store.ID, f func(*sql.Tx) error) error {
	t.Helper()
	tx, err := w.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, q := range []string{"SET LOCAL ROLE " + string(role), "SET LOCAL portal.merchant = '" + merchant.String() + "'"} {
		if _, err := tx.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	return f(tx)
}

// TestSchemaKeepsTheWebRoleToItsWork tries what a stolen web credential would:
// to journal for the bank, to take sessions over, to look at other merchants,
// and to add to a finished file; and a worker's request after its lease.
func TestSchemaKeepsTheWebRoleToItsWork(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	_, lead := w.Approved("")
	w.Drain()
	session := func(life string) string {
		return fmt.Sprintf(`INSERT INTO sessions (token_hash, id, person_id, data, address, user_agent, expires_at)
			VALUES (sha256('%s'), gen_random_uuid(), '%s', '', '', '', now() + interval '%s')`, life, w.Checker, life)
	}
	for _, c := range []struct{ attack, sql, want string }{
		{"answers for the bank", `INSERT INTO exchange_results SELECT * FROM exchange_results`, "pq: permission denied for table exchange_results (42501)"},
		{"begins a request", `INSERT INTO exchanges SELECT * FROM exchanges`, "pq: permission denied for table exchanges (42501)"},
		{"signs in for ten years", session("10 years"), "session_ends_within_a_day"},
		{"takes sessions over", `UPDATE sessions SET person_id = '` + w.Checker.String() + `'`, "pq: permission denied for table sessions (42501)"},
		{"prolongs sessions", `UPDATE sessions SET expires_at = now() + interval '1 hour'`, "pq: permission denied for table sessions (42501)"},
		{"adds to a finished file", `INSERT INTO file_chunks (file_id, merchant_id, no, data) SELECT id, merchant_id, 99, '' FROM files`, "file_is_finished"},
		{"writes down an author", `INSERT INTO instruction_authors SELECT id, merchant_id, maker_id FROM instructions`, "pq: permission denied for table instruction_authors (42501)"},
	} {
		if got := attempt(t, w, store.Web, w.Maker, c.sql); got != c.want {
			t.Errorf("the web role %s: refused by %q, want %q", c.attack, got, c.want)
		}
	}
	var merchants int
	err := asRole(t, w, store.Web, store.NewID(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM merchants`).Scan(&merchants)
	})
	if err != nil || merchants != 0 {
		t.Errorf("a stranger sees %d merchants: %v", merchants, err)
	}
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM exchange_results; DELETE FROM exchanges;
		UPDATE attempts SET outcome = NULL, finished_at = NULL, deadline = now() - interval '1 second' WHERE instruction_id = '` + lead.String() + `'; COMMIT`)
	late := `INSERT INTO exchanges (id, merchant_id, operation, attempt_id, instruction_id, method, path, transaction_id, headers, body_masked, body_hash, body_size)
		SELECT gen_random_uuid(), merchant_id, '', id, instruction_id, '', '', '', '', '', '', 0 FROM attempts WHERE outcome IS NULL`
	if got := attempt(t, w, store.Worker, store.NoID, late); got != "attempt_is_open" {
		t.Errorf("a request after the lease: refused by %q", got)
	}
}
