package store_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"portal/internal/store"
)

// sent takes one instruction all the way: submitted, approved, claimed, sent,
// answered, done; and stores a file. All of it is numbered and published.
func sent(t *testing.T) (r *trail, instruction, attempt store.ID) {
	t.Helper()
	r = newTrail(t)
	owner, worker := r.Store(store.Owner), r.Store(store.Worker)
	var merchant, maker, checker store.ID
	write := func(s *store.Store, a store.Actor, steps ...func(*store.Tx) error) {
		t.Helper()
		err := s.Write(t.Context(), a, func(tx *store.Tx) error {
			for _, step := range steps {
				if err := step(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write(owner, store.Actor{}, func(tx *store.Tx) (err error) {
		if merchant, err = tx.AddMerchant(store.Merchant{NameTH: "ร้าน", NameEN: "Shop", TaxID: "0105500000001", Branch: "00000", AccountNumber: "1111111111"}); err != nil {
			return err
		}
		if _, err = tx.SetPolicy(merchant, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 3600}); err != nil {
			return err
		}
		for name, p := range map[string]*store.ID{"maker": &maker, "checker": &checker} {
			if *p, err = tx.AddPerson(store.NewPerson{Name: name, Email: name + "@shop.test", PasswordHash: "-"}); err != nil {
				return err
			}
			if err := tx.GrantDuties(merchant, *p, store.Duty(name)); err != nil {
				return err
			}
		}
		return nil
	})

	instruction = store.NewID()
	making, checking := store.Actor{Merchant: merchant, Person: maker}, store.Actor{Merchant: merchant, Person: checker}
	r.tamper(`ALTER TABLE instructions DISABLE TRIGGER entry_is_its_subjects, DISABLE TRIGGER what_is_asked_for_is_no_draft`) // of no bill: only the trail matters here
	write(r.web, making, func(tx *store.Tx) error {
		return tx.AddInstructions(store.NewInstruction{ID: instruction, LeadID: instruction, Operation: "presentment.create",
			Subject: store.About("presentment", store.NewID()), Payload: []byte(`{"total":1}`), Key: "k"})
	}, func(tx *store.Tx) error {
		w := tx.NewFile()
		if _, err := fmt.Fprint(w, "%PDF-1.7"); err != nil {
			return err
		}
		sum := sha256.Sum256([]byte("%PDF-1.7"))
		_, err := w.Finish(store.File{Name: "bill.pdf", MediaType: "application/pdf", SHA256: sum[:]})
		return err
	})
	r.tamper(`ALTER TABLE instructions ENABLE TRIGGER entry_is_its_subjects, ENABLE TRIGGER what_is_asked_for_is_no_draft`)
	write(r.web, checking, func(tx *store.Tx) error {
		i, err := tx.Instruction(instruction)
		if err != nil {
			return err
		}
		if _, err := tx.AddApprovals([]store.Instruction{i}, store.FingerprintOf([]store.Instruction{i})); err != nil {
			return err
		}
		return tx.Move(i, "pending", "approved", "", "")
	})

	var claimed []store.Claimed
	write(worker, store.Actor{}, func(tx *store.Tx) (err error) {
		if claimed, err = tx.Claimable(1, []string{"presentment.create"}); err != nil {
			return err
		}
		return tx.Attempt("w", claimed, time.Minute)
	})
	if len(claimed) != 1 {
		t.Fatalf("%d instructions were claimed, want 1", len(claimed))
	}
	attempt = claimed[0].AttemptID
	hash, none := sha256.Sum256([]byte("request")), ""
	status, outcome := 200, "done"
	x := store.Exchange{ID: store.NewID(), Operation: "presentment.create", AttemptID: uuid.NullUUID{UUID: attempt, Valid: true}, Method: "POST", Path: "/", Hash: hash[:],
		Outcome: &outcome, Code: &none, HTTPStatus: &status, AnswerHeader: &none, AnswerMasked: &none, AnswerHash: hash[:], Error: &none}
	sending := store.Actor{Merchant: merchant}
	write(worker, sending, func(tx *store.Tx) error { return tx.BeginExchanges(x) })
	write(worker, sending, func(tx *store.Tx) error { return tx.EndExchanges(x) }, func(tx *store.Tx) error {
		return tx.EndAttempts(store.Ended{Instruction: claimed[0].Instruction, Attempt: attempt, AttemptResult: store.AttemptResult{Outcome: "done"}})
	})
	r.sequence(r.newest())
	return r, instruction, attempt
}

func TestVerifyComparesRowsWithTheirLeaves(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		class     store.Class
	}{
		{"nothing", `SELECT`, ""},
		{"a payload is another", `UPDATE instructions SET payload = '{"total":2}'`, store.Contradicts},
		{"a payload is submitted by nobody", `UPDATE instructions SET id = '` + nokID + `', lead_id = '` + nokID + `'`, store.Unaudited},
		{"an instruction is gone", `DELETE FROM instructions`, store.Vanished},
		{"a state is another", `UPDATE instructions SET state = 'approved'`, store.Contradicts},
		{"a move is put in", `INSERT INTO instruction_moves SELECT instruction_id, 99, merchant_id, to_state, to_state, person_id, '', now() FROM instruction_moves ORDER BY seq DESC LIMIT 1`, store.Unaudited},
		{"an approval is another's", `UPDATE approvals SET person_id = '` + nokID + `'`, store.Unaudited},
		{"an attempt is put in", `INSERT INTO attempts SELECT gen_random_uuid(), merchant_id, instruction_id, 2, payload_hash, worker, claimed_at, deadline, outcome, finished_at FROM attempts`, store.Unaudited},
		{"an attempt never ended", `UPDATE attempts SET outcome = NULL, finished_at = NULL, claimed_at = now() - interval '1 hour', deadline = now() - interval '1 hour'`, store.Unanswered},
		{"a request is another", `UPDATE exchanges SET body_hash = sha256('x')`, store.Contradicts},
		{"a request is gone", `DELETE FROM exchanges`, store.Vanished},
		{"an answer is another", `UPDATE exchange_results SET body_hash = sha256('x')`, store.Contradicts},
		{"an answer is gone", `DELETE FROM exchange_results`, store.Vanished},
		{"a file's hash is another", `UPDATE files SET sha256 = sha256('x')`, store.Contradicts},
		{"a file's bytes are others", `UPDATE file_chunks SET data = 'x'`, store.Damaged},
		{"a file's bytes are gone", `DELETE FROM file_chunks`, store.Damaged},
		{"duties are granted by nobody", `INSERT INTO people (id, name) VALUES ('` + nokID + `', 'x'); INSERT INTO memberships (merchant_id, person_id, duties) SELECT id, '` + nokID + `', '{checker}' FROM merchants`, store.Unaudited},
		{"a leaf is not text", `ALTER TABLE audit_leaves DROP CONSTRAINT audit_leaf_is_json; UPDATE audit_leaves SET bytes = '\xff' WHERE action = 'instruction.submitted'`, store.Contradicts},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, _, _ := sent(t)
			r.tamper(c.sql)
			report := r.verify()
			if c.class == "" {
				r.wantSound(report)
				return
			}
			for _, p := range report.Problems {
				if p.Class == c.class {
					return
				}
			}
			t.Errorf("%s was not reported:\n%s", c.class, list(report))
		})
	}
}

// What only the schema refuses, asked of it as the roles themselves.
func TestNoRoleRewritesTheTrail(t *testing.T) {
	t.Parallel()
	r := sequenced(t)
	for _, c := range []struct{ name, role, sql string }{
		{"web edits", "portal_web", `UPDATE audit_leaves SET action = 'x'`},
		{"web numbers", "portal_web", `UPDATE audit_leaves SET idx = 99`},
		{"web deletes", "portal_web", `DELETE FROM audit_leaves`},
		{"web truncates", "portal_web", `TRUNCATE audit_leaves`},
		{"web sets a time", "portal_web", insertLeaf(`at`, `'2026-01-01'`)},
		{"web sets a number", "portal_web", insertLeaf(`idx`, `99`)},
		{"web sets a transaction", "portal_web", insertLeaf(`xid`, `'1'`)},
		{"web writes for another merchant", "portal_web", insertLeaf(`merchant_id`, `'`+otherID+`'`)},
		{"web stores a hash", "portal_web", `INSERT INTO audit_hashes VALUES (999, sha256('x'))`},
		{"web makes a checkpoint", "portal_web", `INSERT INTO audit_checkpoints (size, root, note) VALUES (99, 'x', 'x')`},
		{"web publishes", "portal_web", `UPDATE audit_checkpoints SET published_at = now()`},
		{"web turns triggers off", "portal_web", `SET session_replication_role = replica`},
		{"worker edits", "portal_worker", `UPDATE audit_leaves SET action = 'x'`},
		{"worker deletes", "portal_worker", `DELETE FROM audit_leaves`},
		{"worker sets a time", "portal_worker", insertLeaf(`at`, `'2026-01-01'`)},
		{"worker publishes", "portal_worker", `UPDATE audit_checkpoints SET published_at = now()`},
		{"sequencer edits", "portal_sequencer", `UPDATE audit_leaves SET action = 'x'`},
		{"sequencer numbers again", "portal_sequencer", `UPDATE audit_leaves SET idx = idx + 100`},
		{"sequencer takes a number away", "portal_sequencer", `UPDATE audit_leaves SET idx = NULL`},
		{"sequencer writes a leaf", "portal_sequencer", insertLeaf(`subject`, `'x'`)},
		{"sequencer deletes", "portal_sequencer", `DELETE FROM audit_leaves`},
		{"sequencer changes a hash", "portal_sequencer", `UPDATE audit_hashes SET hash = sha256('x')`},
		{"sequencer changes a checkpoint", "portal_sequencer", `UPDATE audit_checkpoints SET note = 'x'`},
		{"sequencer unpublishes", "portal_sequencer", `UPDATE audit_checkpoints SET published_at = NULL`},
		{"sequencer deletes a checkpoint", "portal_sequencer", `DELETE FROM audit_checkpoints`},
		{"owner edits", "", `UPDATE audit_leaves SET action = 'x'`},
		{"owner deletes", "", `DELETE FROM audit_leaves`},
		{"owner truncates", "", `TRUNCATE audit_leaves`},
		{"owner truncates hashes", "", `TRUNCATE audit_hashes`},
		{"owner truncates checkpoints", "", `TRUNCATE audit_checkpoints`},
		{"owner changes a checkpoint", "", `UPDATE audit_checkpoints SET root = 'x'`},
		{"owner dates a publication anew", "", `UPDATE audit_checkpoints SET published_at = now()`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, err := r.Super.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			role := c.role
			if role == "" {
				role = "NONE"
			}
			if _, err := tx.ExecContext(t.Context(), `SET LOCAL ROLE `+role); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.ExecContext(t.Context(), c.sql); err == nil {
				t.Errorf("%s went through", c.sql)
			}
		})
	}
	r.wantSound(r.verify())
}

// insertLeaf gives one column of a new leaf a value of the writer's choice.
func insertLeaf(column, value string) string {
	values := map[string]string{"id": "gen_random_uuid()", "session_id": "''", "request_id": "''", "address": "''", "action": "'x'", "subject": "'x'", "bytes": "'x'"}
	values[column] = value
	columns, row := "", ""
	for c, v := range values {
		columns += c + ", "
		row += v + ", "
	}
	return `INSERT INTO audit_leaves (` + columns[:len(columns)-2] + `) VALUES (` + row[:len(row)-2] + `)`
}
