package main

import (
	"bytes"
	"crypto/rand"
	"flag"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"
)

var update = flag.Bool("update", false, "rewrite the table of settings in docs/operations.md")

var testCheckpointKey, _, _ = note.GenerateKey(rand.Reader, "test")

const testWitnessKey = "witness.example+945f2620+BNQ3SN6Q1bYFq6ATu5r+i/RXmtcF3YRq3C9DAqeJ9Cc/"

// validProduction is a complete environment of a real installation.
func validProduction() map[string]string {
	return map[string]string{
		"PORTAL_ENV":              "production",
		"PORTAL_ORIGIN":           "https://portal.example.co.th",
		"DATABASE_URL":            "postgres://portal:pass@db.example.net:5432/portal?sslmode=verify-full",
		"PORTAL_SEAL_KEY":         strings.Repeat("0f", 32),
		"PORTAL_CHECKPOINT_KEY":   testCheckpointKey,
		"PORTAL_WITNESS_URL":      "https://witness.example.co.th",
		"PORTAL_WITNESS_TOKEN":    "sixteen characters at least",
		"PORTAL_WITNESS_VERIFIER": testWitnessKey,
		"KRUNGSRI_BASE_URL":       "https://api.krungsri.com",
		"KRUNGSRI_CLIENT_ID":      "client",
		"KRUNGSRI_CLIENT_SECRET":  "very secret",
	}
}

func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
}

func TestSettingsAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		set  map[string]string
		want string // empty: accepted

		worker bool
	}{
		{name: "a whole production environment", set: nil, want: ""},
		{name: "no bank", set: map[string]string{"KRUNGSRI_BASE_URL": ""}, want: "KRUNGSRI_BASE_URL is needed"},
		{name: "the bank's sandbox in production", set: map[string]string{"KRUNGSRI_BASE_URL": "https://sandbox.api.krungsri.net"}, want: "is not the real bank"},
		{name: "a sandbox under the real domain", set: map[string]string{"KRUNGSRI_BASE_URL": "https://api-test.krungsri.com"}, want: "is not the real bank"},
		{name: "a domain that only ends alike", set: map[string]string{"KRUNGSRI_BASE_URL": "https://notkrungsri.com"}, want: "is not the real bank"},
		{name: "the real name before another domain", set: map[string]string{"KRUNGSRI_BASE_URL": "https://api.krungsri.com.evil.example"}, want: "is not the real bank"},
		{name: "loopback in production", set: map[string]string{"KRUNGSRI_BASE_URL": "https://127.0.0.1:8081"}, want: "is not the real bank"},
		{name: "the cloud's metadata", set: map[string]string{"KRUNGSRI_BASE_URL": "https://169.254.169.254"}, want: "is not the real bank"},
		{name: "the bank without TLS", set: map[string]string{"KRUNGSRI_BASE_URL": "http://api.krungsri.com"}, want: "over https only"},
		{name: "a password in the bank's address", set: map[string]string{"KRUNGSRI_BASE_URL": "https://a:b@api.krungsri.com"}, want: "without a password"},
		{name: "a file as the bank", set: map[string]string{"KRUNGSRI_BASE_URL": "file:///etc/passwd"}, want: "must be a URL"},
		{name: "the real bank in development", set: map[string]string{"PORTAL_ENV": "development"}, want: "only PORTAL_ENV=production may reach it"},
		{name: "the real bank with a dot at the end", set: map[string]string{"PORTAL_ENV": "development", "KRUNGSRI_BASE_URL": "https://API.krungsri.com."}, want: "only PORTAL_ENV=production may reach it"},
		{name: "the bank's sandbox in development", set: map[string]string{"PORTAL_ENV": "development", "KRUNGSRI_BASE_URL": "https://sandbox.api.krungsri.net"}, want: ""},
		{name: "our sandbox in development", set: map[string]string{"PORTAL_ENV": "development", "KRUNGSRI_BASE_URL": "http://127.0.0.1:8081"}, want: ""},
		{name: "plain http to elsewhere", set: map[string]string{"PORTAL_ENV": "development", "KRUNGSRI_BASE_URL": "http://192.0.2.1"}, want: "must begin with https://"},
		{name: "an unknown mode", set: map[string]string{"PORTAL_ENV": "prod"}, want: "must be development or production"},
		{name: "a database in plain text", set: map[string]string{"DATABASE_URL": "postgres://u:p@db/portal?sslmode=disable"}, want: "plain text"},
		{name: "a database that may fall back", set: map[string]string{"DATABASE_URL": "postgres://u:p@db/portal?sslmode=prefer"}, want: "plain text"},
		{name: "an owner's link in plain text", set: map[string]string{"DATABASE_OWNER_URL": "postgres://u:p@db/portal?sslmode=allow"}, want: "plain text"},
		{name: "a database without sslmode", set: map[string]string{"DATABASE_URL": "postgres://u:p@db/portal"}, want: ""},
		{name: "a socket", set: map[string]string{"DATABASE_URL": "postgres:///portal?host=/run/postgresql&sslmode=disable"}, want: ""},
		{name: "not a database URL", set: map[string]string{"DATABASE_URL": "host=db"}, want: "postgres://"},
		{name: "a short seal key", set: map[string]string{"PORTAL_SEAL_KEY": "0f0f"}, want: "at least 32 random bytes"},
		{name: "a plain http origin", set: map[string]string{"PORTAL_ORIGIN": "http://portal.example.co.th"}, want: "must begin with https://"},
		{name: "an origin with a path", set: map[string]string{"PORTAL_ORIGIN": "https://portal.example.co.th/"}, want: "a scheme and a host only"},
		{name: "two proxies", set: map[string]string{"PORTAL_TRUSTED_PROXIES": "2"}, want: "from 0 to 1"},
		{name: "a mistyped time", set: map[string]string{"PORTAL_SESSION_IDLE": "30"}, want: "a time like"},
		{name: "a mistyped level", set: map[string]string{"LOG_LEVEL": "loud"}, want: "debug, info"},
		{name: "no credentials of the bank", set: map[string]string{"KRUNGSRI_CLIENT_ID": "", "KRUNGSRI_CLIENT_SECRET": ""}, worker: true},
		{name: "an id at the bank without a secret, for the web process", set: map[string]string{"KRUNGSRI_CLIENT_SECRET": ""}},
		{name: "an id at the bank without a secret, for the worker", set: map[string]string{"KRUNGSRI_CLIENT_SECRET": ""}, want: "KRUNGSRI_CLIENT_SECRET is needed", worker: true},
		{name: "a secret of nobody", set: map[string]string{"KRUNGSRI_CLIENT_ID": ""}, want: "KRUNGSRI_CLIENT_ID is needed"},
		{name: "whose no credentials are", set: map[string]string{"KRUNGSRI_CLIENT_ID": "", "KRUNGSRI_CLIENT_SECRET": "", "KRUNGSRI_MERCHANTS": "019abcde-0000-7000-8000-000000000001"}, want: "KRUNGSRI_CLIENT_ID is needed"},
		{name: "a merchant by name", set: map[string]string{"KRUNGSRI_MERCHANTS": "ร้านเรา"}, want: "ids of merchants"},
		{name: "the bank's sandbox for a worker in production", set: map[string]string{"KRUNGSRI_BASE_URL": "https://sandbox.api.krungsri.net"}, want: "is not the real bank", worker: true},
		{name: "the real bank for a worker in development", set: map[string]string{"PORTAL_ENV": "development"}, want: "only PORTAL_ENV=production may reach it", worker: true},
		{name: "an unknown token style", set: map[string]string{"KRUNGSRI_TOKEN_AUTH": "digest"}, want: "basic or form"},
		{name: "a second factor that is only offered", set: map[string]string{"PORTAL_SECOND_FACTOR": "offered"}, want: "must be required in production"},
		{name: "a second factor that is offered in development", set: map[string]string{"PORTAL_ENV": "development", "PORTAL_SECOND_FACTOR": "offered", "KRUNGSRI_BASE_URL": "http://127.0.0.1:8081"}, want: ""},
		{name: "a mistyped second factor", set: map[string]string{"PORTAL_SECOND_FACTOR": "on"}, want: "required or offered"},
		{name: "a witness in plain text", set: map[string]string{"PORTAL_WITNESS_URL": "http://witness.example.co.th"}, want: "must begin with https://"},
		{name: "a key of the trail for the witness", set: map[string]string{"PORTAL_WITNESS_VERIFIER": "PRIVATE+KEY"}, want: "portal witness"},
		{name: "a short token", set: map[string]string{"PORTAL_WITNESS_TOKEN": "short"}, want: "at least 16"},
		{name: "a broken checkpoint key", set: map[string]string{"PORTAL_CHECKPOINT_KEY": "PRIVATE"}, want: "portal audit key"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			env := validProduction()
			maps.Copy(env, test.set)
			command := "serve"
			if test.worker {
				command = "work"
			}
			_, err := load(command, lookupIn(env))
			switch {
			case err == nil && test.want != "":
				t.Fatalf("accepted, want a refusal with %q", test.want)
			case err != nil && (test.want == "" || !strings.Contains(err.Error(), test.want)):
				t.Fatalf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestProductionSendsNothingWithoutAWitness(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"PORTAL_WITNESS_URL", "PORTAL_WITNESS_VERIFIER", "PORTAL_WITNESS_TOKEN"} {
		env := validProduction()
		delete(env, name)
		if _, err := load("work", lookupIn(env)); err == nil || !strings.Contains(err.Error(), name+" is needed") {
			t.Errorf("without %s: %v", name, err)
		}
		env["PORTAL_ENV"], env["KRUNGSRI_BASE_URL"] = development, "http://127.0.0.1:8081"
		c, err := load("work", lookupIn(env))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.cosigner(); err == nil || !strings.Contains(err.Error(), "belong together") {
			t.Errorf("half a witness in development: %v", err)
		}
	}
}

func TestAllWrongSettingsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load("serve", lookupIn(map[string]string{"PORT": "x", "LOG_LEVEL": "loud"}))
	for _, name := range []string{"PORT:", "LOG_LEVEL:", "DATABASE_URL is needed", "PORTAL_SEAL_KEY is needed", "KRUNGSRI_BASE_URL is needed"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%q is missing in: %v", name, err)
		}
	}
}

func TestDatabaseLinkIsEncryptedUnlessSaidOtherwise(t *testing.T) {
	t.Parallel()
	env := validProduction()
	env["DATABASE_URL"] = "postgres://u:p@db/portal"
	c, err := load("serve", lookupIn(env))
	if err != nil {
		t.Fatal(err)
	}
	if want := "postgres://u:p@db/portal?sslmode=require"; c.database != want {
		t.Errorf("the link is %s, want %s", c.database, want)
	}
}

func TestErrorsAndPrintedSettingsHideSecrets(t *testing.T) {
	t.Parallel()
	const mark = "S3CR3T"
	env := map[string]string{}
	for _, s := range settings {
		if s.secret {
			env[s.name] = mark
		}
	}
	env["DATABASE_URL"] = "postgres://user:" + mark + "@db/portal?sslmode=disable&password=" + mark
	for _, args := range [][]string{{"config"}, {"config", "-json"}} {
		var out bytes.Buffer
		p := &program{stdout: &out, stderr: &out, lookup: lookupIn(env)}
		p.main(t.Context(), args)
		if strings.Contains(out.String(), mark) {
			t.Errorf("%v prints a secret:\n%s", args, out.String())
		}
		if !strings.Contains(out.String(), "postgres://(hidden)@db/portal") {
			t.Errorf("%v does not say which database:\n%s", args, out.String())
		}
	}
}

func TestEverySettingIsDeclaredWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range settings {
		if seen[s.name] || s.doc == "" || s.read == nil || !strings.HasSuffix(s.doc, ".") {
			t.Errorf("%s is declared twice, or without its sentence or its check", s.name)
		}
		seen[s.name] = true
		if len(s.needed) > 0 && s.inProduction != "" {
			t.Errorf("%s has a default and is needed all the same", s.name)
		}
	}
}

func TestSettingsTableInTheDocsIsFresh(t *testing.T) {
	t.Parallel()
	const file, begin, end = "../../docs/operations.md", "<!-- settings: begin -->\n", "<!-- settings: end -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has lost the marks %q and %q", file, begin, end)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+settingsTable()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(settingsTable(), old); diff != "" {
		t.Errorf("the table of settings is stale; rewrite it with: go test ./cmd/portal -run Settings -update\n%s", diff)
	}
}
