package story_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"portal/internal/store/storetest"
)

// startTime and stopTime bound the start and the end of the program.
const (
	startTime = 3 * time.Minute
	stopTime  = 5 * time.Second
)

// program is a running `portal dev` with a database of its own.
type program struct {
	url, bank, password string
	db                  *storetest.DB

	path, dir, kept string
	out             *output
}

// output is what a process prints, for others to read meanwhile.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	waiting string
	found   chan struct{}
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.text.Write(p)
	if o.waiting != "" && strings.Contains(o.text.String(), o.waiting) {
		close(o.found)
		o.waiting = ""
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs the program until the test ends, with settings beside its usual
// ones, and reads its banner.
func start(t *testing.T, settings ...string) *program {
	t.Helper()
	p := &program{
		db: storetest.New(t), path: binary(t), dir: t.TempDir(),
		out: &output{waiting: "Stop with Ctrl-C", found: make(chan struct{})},
	}
	cmd := p.command(t, "dev")
	cmd.Env = append(cmd.Env, "PORT=0", "PORTAL_SANDBOX_PORT=0", "DATABASE_URL="+p.db.DSN, "LOG_LEVEL=info", "PORTAL_WEB_CONNS=4", "PORTAL_WORK_CONNS=4")
	cmd.Env = append(cmd.Env, settings...)
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { p.stop(t, cmd, ended) })
	select {
	case <-p.out.found:
	case err := <-ended:
		ended <- err
		t.Fatalf("the program ended: %v\n%s", err, p.out)
	case <-time.After(startTime):
		t.Fatalf("the program is not ready after %s:\n%s", startTime, p.out)
	}
	for pattern, into := range map[string]*string{
		`ready: +(http://\S+)`: &p.url, `stand-in bank: +(http://\S+)`: &p.bank, `password +(\S+)`: &p.password, `kept: +(\S+)`: &p.kept,
	} {
		m := regexp.MustCompile(pattern).FindStringSubmatch(p.out.String())
		if m == nil {
			t.Fatalf("the banner does not say %s:\n%s", pattern, p.out)
		}
		*into = m[1]
	}
	return p
}

// command is the program with other arguments, in the folder that it runs in.
func (p *program) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	// The test's context ends before its clean-up, where stop ends the program.
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), p.path, args...)
	cmd.Dir = p.dir
	// Nothing of the developer's own settings may reach it.
	// What the database of a test is sealed with.
	cmd.Env = append(cmd.Env, "PORTAL_SEAL_KEY="+strings.Repeat("73", 32))
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	return cmd
}

// run runs another command of the program to its end.
func (p *program) run(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	return outcome(t, p.command(t, args...))
}

func outcome(t *testing.T, cmd *exec.Cmd) (out string, code int) {
	t.Helper()
	text, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(text), exit.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text), 0
}

// stop ends the program as Ctrl-C would, and holds it to its promises: it ends
// in time, without an error, and has not talked about what is secret.
func (p *program) stop(t *testing.T, cmd *exec.Cmd, ended chan error) {
	t.Helper()
	secrets := p.secrets(t)
	if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			out := strings.Split(strings.TrimSpace(p.out.String()), "\n")
			t.Errorf("the program ended badly: %v\n%s", err, strings.Join(out[max(0, len(out)-5):], "\n"))
		}
	case <-time.After(stopTime):
		_ = cmd.Process.Signal(syscall.SIGKILL) // it may just have ended
		t.Errorf("the program had not ended after %s: %v", stopTime, <-ended)
	}
	_, log, _ := strings.Cut(p.out.String(), "Stop with Ctrl-C") // the banner has the password
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") || strings.Contains(line, "goroutine ") {
			t.Errorf("the program logged: %s", line)
		}
	}
	if strings.Count(log, "msg=request") < 50 && !t.Failed() {
		t.Errorf("the program did not log its requests:\n%s", log)
	}
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s", name)
		}
	}
	// The program keeps this folder for its next start; this checkout has none.
	if filepath.Base(filepath.Dir(p.kept)) == "dev" {
		if err := os.RemoveAll(p.kept); err != nil {
			t.Error(err)
		}
	}
}

// secrets are what no log may hold: keys, and people's and companies' numbers.
func (p *program) secrets(t *testing.T) map[string]string {
	t.Helper()
	secrets := map[string]string{
		"the password": p.password, "the buyer's tax id": buyerTaxID, "the buyer's name": buyerName, "the buyer's address": buyerAddress,
		"the merchant's account": merchantAccount,
	}
	if p.kept == "" {
		return nil // it never got ready
	}
	made := p.made(t)
	for _, name := range []string{"seal_key", "checkpoint_key", "client_secret"} {
		if len(made[name]) < 16 {
			t.Errorf("there is no %s", name)
			continue
		}
		secrets[name] = made[name]
	}
	return secrets
}

// made are the secrets that the program made for itself.
func (p *program) made(t *testing.T) (made map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.kept, "secrets.json"))
	if err == nil {
		err = json.Unmarshal(text, &made)
	}
	if err != nil {
		t.Error(err)
	}
	return made
}
