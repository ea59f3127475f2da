package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portal/internal/app/password"
	"portal/internal/store"
	"portal/internal/store/storetest"
)

// installation is the environment of a database that is migrated and empty.
func installation(t *testing.T) (*storetest.DB, map[string]string) {
	t.Helper()
	db := storetest.New(t)
	private, public, err := store.NewTrailKey("test")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "checkpoints.jsonl")
	return db, map[string]string{
		"PORTAL_ENV": development, "DATABASE_URL": db.DSN, "PORTAL_SEAL_KEY": strings.Repeat("73", 32), "LOG_LEVEL": "error",
		"PORTAL_CHECKPOINT_KEY": private, "PORTAL_CHECKPOINT_VERIFIER": public, "PORTAL_CHECKPOINT_FILE": file,
		"KRUNGSRI_BASE_URL": "http://127.0.0.1:1", "KRUNGSRI_CLIENT_ID": "x", "KRUNGSRI_CLIENT_SECRET": "y",
	}
}

var firstAdministrator = []string{
	"user", "add", "-email", "Somsri@Example.co.th", "-name", "สมศรี", "-merchant", "บริษัท ตัวอย่าง จำกัด",
	"-tax-id", fictitiousTaxID("099900000777"), "-address", "กรุงเทพมหานคร", "-account", "1234567890",
}

func TestFirstAdministratorOfARealInstallationCanSignIn(t *testing.T) {
	t.Parallel()
	db, env := installation(t)
	const chosen = "correct horse battery"
	code, output := run(t, env, chosen+"\n", append(firstAdministrator, "-password-stdin")...)
	if code != 0 || strings.Contains(output, chosen) {
		t.Fatalf("ends with %d: %s", code, output)
	}
	account, err := db.Store(store.Owner).Account(t.Context(), "somsri@example.co.th")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := password.Matches(account.PasswordHash, chosen); !ok || err != nil {
		t.Errorf("the password does not match: %v", err)
	}
	if len(account.Memberships) != 1 || !account.Memberships[0].Duties.Has(store.Admin) {
		t.Fatalf("memberships: %+v", account.Memberships)
	}
	if code, output := run(t, env, "", firstAdministrator...); code != exitFailed || !strings.Contains(output, "user grant") {
		t.Errorf("the same address again ends with %d: %s", code, output)
	}

	merchant := account.Memberships[0].Merchant.String()
	code, output = run(t, env, "", "user", "add", "-email", "m@example.co.th", "-name", "M", "-duties", "maker", "-merchant-id", merchant)
	if code != 0 || !strings.Contains(output, "shown this once: ") {
		t.Errorf("a maker ends with %d: %s", code, output)
	}
	if code, output := run(t, env, "", "user", "grant", "-email", "m@example.co.th", "-duties", "maker,checker", "-merchant-id", merchant); code != 0 {
		t.Errorf("granting ends with %d: %s", code, output)
	}
	if code, output := run(t, env, "", "user", "disable", "-email", "m@example.co.th"); code != 0 {
		t.Errorf("disabling ends with %d: %s", code, output)
	}
	if account, err = db.Store(store.Owner).Account(t.Context(), "m@example.co.th"); err != nil || !account.Disabled {
		t.Errorf("still let in: %v", err)
	}
}

func TestWeakPasswordIsRefused(t *testing.T) {
	t.Parallel()
	if code, output := run(t, nil, "short\n", append(firstAdministrator, "-password-stdin")...); code != exitUsage {
		t.Errorf("ends with %d: %s", code, output)
	}
}

func TestVerifyTellsBrokenFromCouldNotLook(t *testing.T) {
	t.Parallel()
	db, env := installation(t)
	if code, output := run(t, env, "", firstAdministrator...); code != 0 {
		t.Fatal(output)
	}
	numbered(t, db, env)
	if code, output := run(t, env, "", "audit", "verify"); code != 0 || !strings.Contains(output, "Nothing is wrong.") {
		t.Fatalf("an honest trail ends with %d: %s", code, output)
	}
	proveOne(t, db, env)

	db.Exec(`ALTER TABLE audit_leaves DISABLE TRIGGER USER`)
	db.Exec(`UPDATE audit_leaves SET action = 'person.praised' WHERE idx = 1`)
	db.Exec(`ALTER TABLE audit_leaves ENABLE TRIGGER USER`)
	if code, output := run(t, env, "", "audit", "verify"); code != exitFailed || !strings.Contains(output, "leaf 1: projection") {
		t.Errorf("a changed leaf ends with %d: %s", code, output)
	}
	code, output := run(t, env, "", "audit", "verify", "-json")
	var report store.Report
	if err := json.Unmarshal([]byte(output), &report); code != exitFailed || err != nil || report.Sound() {
		t.Errorf("as JSON it ends with %d: %s", code, output)
	}

	for name, value := range map[string]string{
		"PORTAL_CHECKPOINT_VERIFIER": "", "PORTAL_CHECKPOINT_FILE": "/no/such/file", "DATABASE_URL": "postgres:///none?host=/no/such/folder&sslmode=disable",
	} {
		blind := maps.Clone(env)
		blind[name] = value
		if code, output := run(t, blind, "", "audit", "verify"); code != 2 {
			t.Errorf("without %s it ends with %d: %s", name, code, output)
		}
	}
}

// proveOne proves a leaf, checks the proof without a database, and sees a
// changed proof refused.
func proveOne(t *testing.T, db *storetest.DB, env map[string]string) {
	t.Helper()
	var leaf string
	if err := db.Super.QueryRowContext(t.Context(), `SELECT id FROM audit_leaves WHERE idx = 2`).Scan(&leaf); err != nil {
		t.Fatal(err)
	}
	code, proof := run(t, env, "", "audit", "prove", leaf)
	if code != 0 {
		t.Fatalf("proving ends with %d: %s", code, proof)
	}
	offline := map[string]string{"PORTAL_CHECKPOINT_VERIFIER": env["PORTAL_CHECKPOINT_VERIFIER"]}
	if code, output := run(t, offline, proof, "audit", "check"); code != 0 || !strings.Contains(output, leaf) {
		t.Errorf("checking ends with %d: %s", code, output)
	}
	forged := strings.Replace(proof, `"index": 2`, `"index": 1`, 1)
	if code, output := run(t, offline, forged, "audit", "check"); code != exitFailed {
		t.Errorf("a forged proof ends with %d: %s", code, output)
	}
}

// work runs the worker until done, then stops it.
func work(t *testing.T, env map[string]string, done func() bool) {
	t.Helper()
	ctx, stop := contextThatEnds(t)
	ended := make(chan int, 1)
	var out bytes.Buffer
	p := &program{stdout: &out, stderr: &out, lookup: lookupIn(env), environ: os.Environ}
	go func() { ended <- p.main(ctx, []string{"work"}) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case code := <-ended:
			t.Fatalf("the worker ended with %d: %s", code, out.String())
		case <-tick.C:
		}
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("the worker ended with %d: %s", code, out.String())
	}
}

func TestAnOperatorSeesCallbacksThatAreNobodysAndNoBody(t *testing.T) {
	t.Parallel()
	db, env := installation(t)
	if code, output := run(t, env, "", "callbacks"); code != 0 || !strings.Contains(output, "belongs to a merchant") {
		t.Fatalf("none: %d, %s", code, output)
	}
	db.Exec(`SET session_replication_role = replica;
		INSERT INTO merchants (id, name_th, name_en, tax_id, address, account_number)
		SELECT gen_random_uuid(), 'ร้าน', 'Shop', id, 'กรุงเทพฯ', '0011234567' FROM unnest(ARRAY['0105536000013', '0105536000021']) AS id;
		INSERT INTO callbacks (id, merchant_id, product, address, headers, body_hash, body_size, refusal, state, reason, bank_reference, body_masked)
		SELECT gen_random_uuid(), CASE n WHEN 3 THEN (SELECT id FROM merchants LIMIT 1) END, 'presentment', '192.0.2.' || n, '', sha256('x'), n,
			CASE n WHEN 2 THEN 'signature' ELSE '' END, 'quarantined', 'nobody', 'PSM-SECRET', '{"remark": "PSM-SECRET"}' FROM generate_series(1, 3) AS n;
		SET session_replication_role = DEFAULT`)
	code, output := run(t, env, "", "callbacks")
	if code != 0 || !strings.Contains(output, "192.0.2.1") || strings.Contains(output, "192.0.2.2") || strings.Contains(output, "192.0.2.3") || strings.Contains(output, "SECRET") {
		t.Errorf("%d:\n%s", code, output)
	}
	code, output = run(t, env, "", "callbacks", "-forged", "-json")
	var all []unassignedCallback
	if err := json.Unmarshal([]byte(output), &all); err != nil || code != 0 || len(all) != 2 {
		t.Errorf("%d, %v:\n%s", code, err, output)
	}
}
