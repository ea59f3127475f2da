package main

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"portal/internal/devdb"
)

// devProcess is `portal dev` in a folder of its own.
type devProcess struct {
	cmd    *exec.Cmd
	url    string
	banner string
}

func startDev(t *testing.T, dir string) devProcess {
	t.Helper()
	cmd := child(t, []string{"PORT=0", "PORTAL_SANDBOX_PORT=0", "DATABASE_URL=", "KRUNGSRI_BASE_URL="}, "dev")
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := devProcess{cmd: cmd}
	for lines := bufio.NewScanner(out); ; {
		if !lines.Scan() {
			t.Fatalf("it ended before it was ready: %s", d.banner)
		}
		d.banner += lines.Text() + "\n"
		if address, ok := strings.CutPrefix(lines.Text(), "The portal is ready:"); ok {
			d.url = strings.TrimSpace(address)
		}
		if lines.Text() == "Stop with Ctrl-C." {
			return d
		}
	}
}

func (d devProcess) mustAnswer(t *testing.T, path string, want int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	if answer.StatusCode != want {
		t.Errorf("%s answers %d, want %d", path, answer.StatusCode, want)
	}
}

// end sends the signal and returns how long the process took to end.
func (d devProcess) end(t *testing.T, s syscall.Signal) (time.Duration, error) {
	t.Helper()
	began := time.Now()
	if err := d.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	err := d.cmd.Wait()
	return time.Since(began), err
}

func TestDevKeepsItsWorkAndStopsInTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept, err := devdb.DevDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(kept); err != nil {
			t.Error(err)
		}
	})

	first := startDev(t, dir)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 303} {
		first.mustAnswer(t, path, want)
	}
	for _, p := range demoPeople {
		if !strings.Contains(first.banner, p.user+demoDomain) {
			t.Errorf("nobody is told of %s", p.user)
		}
	}
	if code, output := verifyDev(t, dir); code != 0 {
		t.Errorf("the trail of the demo: %d\n%s", code, output)
	}
	first.mustStop(t, syscall.SIGINT)

	second := startDev(t, dir)
	if _, err := second.end(t, syscall.SIGKILL); err == nil {
		t.Error("a killed process ended well")
	}

	third := startDev(t, dir)
	third.mustAnswer(t, "/readyz", 200)
	if passwordIn(third.banner) != passwordIn(first.banner) {
		t.Error("the password changed between two starts")
	}
	if strings.Contains(third.banner, "demo bill") {
		t.Errorf("the demo complains of what it made on an earlier start:\n%s", third.banner)
	}
	if code, output := verifyDev(t, dir); code != 0 {
		t.Errorf("the trail after a kill: %d\n%s", code, output)
	}
	third.mustStop(t, syscall.SIGTERM)
	if code, _ := verifyDev(t, dir); code != 2 {
		t.Errorf("verifying what does not run ends with %d", code)
	}
}

func (d devProcess) mustStop(t *testing.T, s syscall.Signal) {
	t.Helper()
	took, err := d.end(t, s)
	if err != nil || took > 5*time.Second {
		t.Errorf("%v: stopped after %v: %v", s, took, err)
	}
}

func passwordIn(banner string) string {
	_, rest, _ := strings.Cut(banner, "Sign in with the password ")
	word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return word
}

func verifyDev(t *testing.T, dir string) (code int, output string) {
	t.Helper()
	cmd := child(t, nil, "audit", "verify", "-dev", "-files")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), string(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, string(out)
}

func TestDevRefusesProduction(t *testing.T) {
	t.Parallel()
	code, output := run(t, map[string]string{"PORTAL_ENV": "production"}, "", "dev")
	if code != exitFailed || !strings.Contains(output, "portal serve") {
		t.Errorf("ends with %d: %s", code, output)
	}
}

func TestBusyPortIsToldInOneSentence(t *testing.T) {
	t.Parallel()
	taken, err := listen(t.Context(), "127.0.0.1", "0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, port, _ := strings.Cut(taken.Addr().String(), ":")
	cmd := child(t, []string{"PORT=" + port, "PORTAL_ENV=", "DATABASE_URL="}, "dev")
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "port "+port+" is in use") {
		t.Errorf("it says %q (%v)", out, err)
	}
	if kept, err := devdb.DevDir(cmd.Dir); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(kept) })
	}
}

func TestDevSuppliesWhatTheTableSaysItDoes(t *testing.T) {
	t.Parallel()
	d := devFolder{path: t.TempDir()}
	if err := d.makeSecrets(); err != nil {
		t.Fatal(err)
	}
	// These follow from what dev starts.
	later := map[string]bool{"PORTAL_ORIGIN": true, "DATABASE_URL": true, "KRUNGSRI_BASE_URL": true, "KRUNGSRI_MERCHANTS": true, "PORTAL_CHECKPOINT_FILE": true, "PORTAL_WITNESS_URL": true, "PORTAL_WITNESS_VERIFIER": true}
	supplied := d.settings()
	for _, s := range settings {
		if _, ok := supplied[s.name]; s.devMakes != (ok || later[s.name]) {
			t.Errorf("%s: the table says %v", s.name, s.devMakes)
		}
	}
	info, err := os.Stat(d.secretsFile())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the secrets are kept as %v: %v", info.Mode(), err)
	}
}

// contextThatEnds is for commands that run until they are stopped.
func contextThatEnds(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}
