package main

import (
	"database/sql"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// numbered works until every leaf is published.
func numbered(t *testing.T, db *storetest.DB, env map[string]string) {
	t.Helper()
	work(t, env, func() bool {
		var waiting int
		row := db.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves l WHERE NOT EXISTS
			(SELECT FROM audit_checkpoints c WHERE c.published_at IS NOT NULL AND l.idx < c.size)`)
		if err := row.Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		return waiting == 0
	})
}

// backedUp makes a backup of an installation at work and returns its folder.
func backedUp(t *testing.T, env map[string]string) string {
	t.Helper()
	to := t.TempDir()
	if code, output := run(t, env, "", "backup", "-to", to); code != 0 || !strings.Contains(output, "NOT encrypted") {
		t.Fatalf("backing up ends with %d: %s", code, output)
	}
	folders, err := filepath.Glob(filepath.Join(to, "portal-*Z"))
	if err != nil || len(folders) != 1 {
		t.Fatalf("the backups are %v: %v", folders, err)
	}
	return folders[0]
}

func databases(t *testing.T, db *storetest.DB) (n int) {
	t.Helper()
	if err := db.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_database WHERE datname LIKE 'portal\_drill\_%\_' || $1`, os.Getpid()).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestABackupIsRestoredAndProven(t *testing.T) {
	t.Parallel()
	db, env := installation(t)
	if code, output := run(t, env, "", firstAdministrator...); code != 0 {
		t.Fatal(output)
	}
	numbered(t, db, env)
	folder := backedUp(t, env)
	merchant := ""
	if err := db.Super.QueryRowContext(t.Context(), `SELECT id FROM merchants`).Scan(&merchant); err != nil {
		t.Fatal(err)
	}
	// What is done after the backup is lost with a restore, and that is told.
	if code, output := run(t, env, "", "user", "add", "-email", "m@example.co.th", "-name", "M", "-duties", "maker", "-merchant-id", merchant); code != 0 {
		t.Fatal(output)
	}
	numbered(t, db, env)

	came := drilled(t, env, folder, 0)
	if !came.sound() || came.Report.Size == 0 || came.Report.Anchored != came.Report.Size || !came.LostKnown || came.Lost == 0 || came.Recovery <= 0 || came.Age < 0 {
		t.Errorf("an honest drill: %+v", came)
	}
	if n := databases(t, db); n != 0 {
		t.Errorf("%d copies are left behind", n)
	}

	into := emptyDatabase(t, db)
	restored := maps.Clone(env)
	restored["DATABASE_URL"] = into
	if code, output := run(t, restored, "", "restore", "-from", folder); code != 0 || !strings.Contains(output, "Nothing is wrong.") || !strings.Contains(output, "entries of the audit trail were made since") {
		t.Errorf("restoring ends with %d: %s", code, output)
	}
	if code, output := run(t, restored, "", "restore", "-from", folder); code != exitCannotVerify || !strings.Contains(output, "not empty") {
		t.Errorf("restoring over it ends with %d: %s", code, output)
	}

	// A live trail that is not the backup's, and a dump that is not the manifest's.
	db.Exec(`SET session_replication_role = replica; UPDATE audit_hashes SET hash = sha256(hash); SET session_replication_role = DEFAULT`)
	if came := drilled(t, env, folder, exitFailed); len(came.Problems) != 1 || !strings.Contains(came.Problems[0], "does not begin with") {
		t.Errorf("a live trail that was changed: %+v", came.Problems)
	}
	other := manifestOf(t, folder)
	other.Database.Unnumbered++
	if err := writeManifest(folder, other); err != nil {
		t.Fatal(err)
	}
	if came := drilled(t, env, folder, exitFailed); !strings.Contains(strings.Join(came.Problems, " "), "is not what was backed up") {
		t.Errorf("another manifest: %+v", came.Problems)
	}
	dump, err := os.OpenFile(filepath.Join(folder, dumpFile), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dump.WriteString("x"); err != nil || dump.Close() != nil {
		t.Fatal(err)
	}
	if code, output := run(t, env, "", "drill", "-from", folder); code != exitFailed || !strings.Contains(output, errDumpChanged.Error()) {
		t.Errorf("a changed dump ends with %d: %s", code, output)
	}
	if n := databases(t, db); n != 0 {
		t.Errorf("%d copies are left behind", n)
	}
}

func drilled(t *testing.T, env map[string]string, folder string, want int) (came recovery) {
	t.Helper()
	code, output := run(t, env, "", "drill", "-from", folder, "-json")
	_, text, _ := strings.Cut(output, "Verifying …\n") // after what is said meanwhile
	if err := json.Unmarshal([]byte(text), &came); err != nil || code != want {
		t.Fatalf("the drill ends with %d, %v: %s", code, err, output)
	}
	return came
}

func manifestOf(t *testing.T, folder string) (m manifest) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, manifestFile))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func emptyDatabase(t *testing.T, db *storetest.DB) (dsn string) {
	t.Helper()
	name := "t_restored_" + strings.ReplaceAll(store.NewID().String(), "-", "")
	db.Exec("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
	t.Cleanup(func() {
		admin, err := sql.Open("postgres", db.DSN)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = admin.Close() }()
		if _, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(db.DSN)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func TestNoPasswordStandsAmongTheArgumentsOfAProgram(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"postgres://owner:S3CR3T@db/portal?sslmode=require&binary_parameters=yes", "postgres://owner@db/portal?password=S3CR3T&sslmode=require"} {
		address, environment, err := withoutPassword(dsn)
		if err != nil || address != "postgres://owner@db/portal?sslmode=require" || len(environment) != 1 || environment[0] != "PGPASSWORD=S3CR3T" {
			t.Errorf("%s, %v, %v", address, environment, err)
		}
	}
}
