package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"portal/internal/app"
)

// asProgram makes the test binary the program itself, so that a test can send
// it signals.
const asProgram = "PORTAL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// child is the program in a process of its own.
func child(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// run runs a command in this process.
func run(t *testing.T, env map[string]string, stdin string, args ...string) (code int, output string) {
	t.Helper()
	var out bytes.Buffer
	p := &program{stdin: strings.NewReader(stdin), stdout: &out, stderr: &out, lookup: lookupIn(env), environ: os.Environ}
	return p.main(t.Context(), args), out.String()
}

func TestWrongUseEndsWithTwoAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"":                            "name one of these commands",
		"nonsense":                    "portal help",
		"dev extra":                   "extra",
		"routes -nonsense":            "-nonsense",
		"withdb":                      "withdb -- go test",
		"audit prove 7":               "id of a leaf",
		"user add -email nobody":      "an e-mail address",
		"user add -email a@b.example": "-name",
		"user grant -merchant-id 7":   "-merchant-id",
		"user add -email a@b.example -name A -duties admin,checker -merchant X": "do not go together",
		"user add -email a@b.example -name A -duties boss -merchant X":          "not a duty",
		"user add -email a@b.example -name A -merchant X -merchant-id Y":        "either",
		"user add -email a@b.example -name A -merchant X -tax-id 1234567890123": "check digit",
	} {
		code, output := run(t, nil, "", strings.Fields(line)...)
		if code != 2 || !strings.Contains(output, says) {
			t.Errorf("%q ends with %d and says %q", line, code, output)
		}
	}
}

func TestHelpNamesEveryCommandOnce(t *testing.T) {
	t.Parallel()
	code, output := run(t, nil, "", "help")
	if code != 0 {
		t.Fatalf("ends with %d", code)
	}
	seen := map[string]bool{}
	for _, c := range commands() {
		if seen[c.name] || c.summary == "" || !strings.Contains(output, "  "+c.name+" ") {
			t.Errorf("%s is named twice, not explained or not in the help text", c.name)
		}
		seen[c.name] = true
	}
}

func TestProcfileRunsCommandsThatExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../Procfile")
	if err != nil {
		t.Fatal(err)
	}
	var processes []string
	for l := range strings.Lines(string(text)) {
		process, line, _ := strings.Cut(strings.TrimSpace(l), ": ")
		processes = append(processes, process)
		name, ok := strings.CutPrefix(line, "portal ")
		if !ok || !slices.ContainsFunc(commands(), func(c command) bool { return c.name == name }) {
			t.Errorf("%s runs %q, which is no command", process, line)
		}
	}
	if slices.Sort(processes); !slices.Equal(processes, []string{"release", "web", "witness", "worker"}) {
		t.Errorf("the processes are %v", processes)
	}
}

func TestAppJSONNamesSettingsThatExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../app.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Env map[string]any `json:"env"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	known := []string{"GO_INSTALL_PACKAGE_SPEC"} // the platform's own
	for _, s := range settings {
		known = append(known, s.name)
		// The add-on supplies the database.
		if _, named := manifest.Env[s.name]; len(s.needed) > 0 && !named && s.name != "DATABASE_URL" {
			t.Errorf("%s is needed, but app.json does not ask for it", s.name)
		}
	}
	for name := range manifest.Env {
		if !slices.Contains(known, name) {
			t.Errorf("app.json asks for %s, which is no setting", name)
		}
	}
}

func TestOperationsListsTheWholeCatalogue(t *testing.T) {
	t.Parallel()
	code, output := run(t, nil, "", "operations", "-json")
	if code != 0 {
		t.Fatalf("ends with %d: %s", code, output)
	}
	var rows []map[string]any
	if err := json.Unmarshal([]byte(output), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 52 {
		t.Errorf("%d operations", len(rows))
	}
	keys := []string{"number", "id", "name", "group", "method", "path", "standing", "kind", "signed", "settles", "implemented", "screen", "explorer"}
	for _, row := range rows {
		for _, key := range keys {
			if _, ok := row[key]; !ok || len(row) != len(keys) {
				t.Fatalf("%v has not just the keys %v", row, keys)
			}
		}
	}
}

func TestScreensOfOperationsCanBeReached(t *testing.T) {
	t.Parallel()
	rows, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Screen != app.Screens()[r.ID] {
			t.Errorf("%s should begin on %s, which is no route", r.ID, app.Screens()[r.ID])
		}
		if r.Screen != "" && !r.Implemented {
			t.Errorf("%s has a page but is not implemented", r.ID)
		}
	}
}

func TestRoutesPrintsMethodPatternAndPermission(t *testing.T) {
	t.Parallel()
	code, output := run(t, nil, "", "routes")
	if code != 0 || !slices.ContainsFunc(strings.Split(output, "\n"), func(l string) bool {
		return slices.Equal(strings.Fields(l), []string{"GET", "/healthz", "public"})
	}) {
		t.Errorf("ends with %d:\n%s", code, output)
	}
}

func TestWithDBReturnsTheCommandsExitCode(t *testing.T) {
	t.Parallel()
	env := map[string]string{"TEST_DATABASE_URL": "given"}
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -TERM $$": 128 + int(syscall.SIGTERM)} {
		if code, output := run(t, env, "", "withdb", "--", "sh", "-c", script); code != want {
			t.Errorf("%q ends with %d, want %d: %s", script, code, want, output)
		}
	}
	if code, _ := run(t, env, "", "withdb", "/no/such/program"); code != exitFailed {
		t.Errorf("a missing program ends with %d", code)
	}
}

func TestWithDBHandsSignalsToTheWholeCommand(t *testing.T) {
	t.Parallel()
	cmd := child(t, []string{"TEST_DATABASE_URL=given"}, "withdb", "--", "sh", "-c", `trap 'echo parent' TERM; sh -c "trap 'echo grandchild; exit' TERM; echo ready; sleep 60 & wait" & wait; wait`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	heard := make([]byte, 0, 64)
	for !bytes.Contains(heard, []byte("grandchild")) {
		buffer := make([]byte, 64)
		n, err := out.Read(buffer)
		if err != nil {
			t.Fatalf("heard only %q: %v", heard, err)
		}
		if heard = append(heard, buffer[:n]...); bytes.Contains(buffer[:n], []byte("ready")) {
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // how the shell ends after its trap differs
}

func TestNothingHoldsUpTheEndForLong(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	hangs := make(chan struct{})
	defer close(hangs)
	if err := within(ctx, time.Millisecond, func() error { <-hangs; return nil }); err != errNotInTime { //nolint:errorlint // returned as it is
		t.Errorf("got %v", err)
	}
	if err := within(ctx, time.Minute, func() error { return nil }); err != nil {
		t.Errorf("got %v", err)
	}
}
