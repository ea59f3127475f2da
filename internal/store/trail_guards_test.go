package store_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const guardsFile = "trail_guards.txt"

func TestGuardsAreThoseOfAFreshDatabase(t *testing.T) {
	t.Parallel()
	owner := storetest.New(t).Store(store.Owner)
	var facts []string
	err := owner.Read(t.Context(), store.Actor{}, func(q *store.Query) (err error) {
		facts, err = q.Guards()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(facts, "\n") + "\n"
	if *update {
		if err := os.WriteFile(guardsFile, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(guardsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the migrations changed the guards (-%s +now). If that is meant, run\n\tgo test ./internal/store -run %s -update\n%s", guardsFile, t.Name(), diff)
	}
}

func TestGuardDriftIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sql, want string }{
		{"a trigger is disabled", `ALTER TABLE audit_leaves DISABLE TRIGGER leaf_is_not_deleted`, "trigger leaf_is_not_deleted on audit_leaves NOT ENABLED"},
		{"a trigger is gone", `DROP TRIGGER change_needs_leaf ON instructions`, "lacks: trigger change_needs_leaf on instructions"},
		{"foreign keys are off", `ALTER TABLE approvals DISABLE TRIGGER ALL`, "foreign keys of approvals are not enforced"},
		{"row security is off", `ALTER TABLE instructions DISABLE ROW LEVEL SECURITY`, "row security of instructions: off"},
		{"row security is not forced", `ALTER TABLE audit_leaves NO FORCE ROW LEVEL SECURITY`, "row security of audit_leaves: on, not forced"},
		{"a policy is added", `CREATE POLICY all_of_it ON audit_leaves TO portal_web USING (true)`, "should not: policy all_of_it on audit_leaves"},
		{"a policy is widened", `ALTER POLICY merchant_reads ON audit_leaves USING (true)`, "should not: policy merchant_reads"},
		{"a policy is gone", `DROP POLICY merchant_writes ON audit_leaves`, "lacks: policy merchant_writes"},
		{"a grant is widened", `GRANT DELETE ON audit_leaves TO portal_web`, "should not: grant DELETE on table audit_leaves to portal_web"},
		{"a column may be written", `GRANT UPDATE (at) ON audit_leaves TO portal_sequencer`, "should not: grant UPDATE on column audit_leaves.at to portal_sequencer"},
		{"everybody may read", `GRANT SELECT ON accounts TO PUBLIC`, "should not: grant SELECT on table accounts to everybody"},
		{"a function is emptied", `CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$`, "should not: function refuse_change()"},
		{"a function is opened", `GRANT EXECUTE ON FUNCTION isolate_merchants TO PUBLIC`, "should not: grant EXECUTE on function isolate_merchants(text) to everybody"},
		{"a constraint is gone", `ALTER TABLE approvals DROP CONSTRAINT approver_is_not_maker`, "lacks: constraint approver_is_not_maker on approvals"},
		{"a hash is not computed", `ALTER TABLE instructions ALTER COLUMN payload_hash DROP EXPRESSION`, "lacks: generated column instructions.payload_hash"},
		{"an index is not unique", `ALTER TABLE audit_leaves DROP CONSTRAINT audit_leaf_index_is_unique`, "lacks: constraint audit_leaf_index_is_unique"},
		{"a rule swallows writes", `CREATE RULE swallow AS ON INSERT TO approvals DO INSTEAD NOTHING`, "should not: rule swallow on approvals"},
		{"triggers are off by default", `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$`, "should not: setting session_replication_role=replica"},
		{"a function is planted", `CREATE FUNCTION sha256(text) RETURNS bytea LANGUAGE sql AS $$ SELECT ''::bytea $$`, "should not: function sha256(text)"},
		{"a table is no longer audited", `DROP TRIGGER change_needs_leaf ON files`, "lacks: trigger change_needs_leaf on files"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := storetest.New(t)
			web := db.Store(store.Web)
			drift := func() (found []string) {
				t.Helper()
				err := web.Read(t.Context(), store.Actor{}, func(q *store.Query) (err error) {
					found, err = q.GuardDrift()
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return found
			}
			if d := drift(); len(d) > 0 {
				t.Fatalf("a fresh database drifts:\n%s", strings.Join(d, "\n"))
			}
			db.Exec(c.sql)
			if d := strings.Join(drift(), "\n"); !strings.Contains(d, c.want) {
				t.Errorf("drift does not say %q:\n%s", c.want, d)
			}
		})
	}
}
