package devdb

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"portal/internal/debs"
)

// helperDir makes the test binary a process that starts a server in the named
// folder, or in a temporary one outside memory for "temporary", says where, and
// waits to be killed.
const helperDir = "DEVDB_TEST_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		runHelper(dir)
	}
	os.Exit(m.Run())
}

func runHelper(dir string) {
	o := Options{Dir: dir, Fast: true}
	if dir == "temporary" {
		o = Options{}
	}
	s, err := Start(context.Background(), o)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(s.home)
	select {} // until the test kills us
}

func TestATemporaryServerAnswersAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Fast: true})
	db := open(t, s)

	// Thai needs a cluster whose character classes know more than ASCII, or
	// trigram searches find nothing.
	got := queryRow(t, db, `select current_user || ' ' || current_setting('server_encoding') || ' ' ||
		(select datctype from pg_database where datname = current_database()) || ' ' || current_setting('listen_addresses')`)
	if want := "portal UTF8 C.UTF-8 "; got != want {
		t.Errorf("cluster is %q, want %q", got, want)
	}

	began := time.Now()
	if err := s.Stop(); err != nil { // with a session still open
		t.Fatalf("Stop: %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("Stop took %v", took)
	}
	select {
	case <-s.Done():
	default:
		t.Error("Done is open after Stop")
	}
	if _, err := os.Stat(s.home); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary folder is still there: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("second Stop: %v", err)
	}
}

func TestKeptDataSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openDir(t), "with space")
	s := start(t, Options{Dir: dir, Fast: true})
	exec1(t, open(t, s), "create table bills (id int); insert into bills values (7)")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, Options{Dir: dir, Fast: true})
	if got := queryRow(t, open(t, again), "select id::text from bills"); got != "7" {
		t.Errorf("the kept row reads %q", got)
	}
}

func TestOnlyTheServersUserCanReachTheSocket(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Fast: true})
	info, err := os.Stat(s.run)
	if err != nil {
		t.Fatal(err)
	}
	if perm := info.Mode().Perm(); perm != 0o700 {
		t.Errorf("the socket's folder has mode %o", perm)
	}
}

func TestASecondRunOnTheSameDataIsRefused(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	start(t, Options{Dir: dir, Fast: true})
	_, err := Start(t.Context(), Options{Dir: dir, Fast: true})
	if !errors.Is(err, debs.ErrLocked) {
		t.Errorf("a second start: %v, want ErrLocked", err)
	}
}

func TestAStartAfterKillingTheParentFindsItsData(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	first := start(t, Options{Dir: dir, Fast: true})
	exec1(t, open(t, first), "create table bills (id int)")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	killHelper(t, dir)
	// At once, while the orphan may still be shutting down.
	s := start(t, Options{Dir: dir, Fast: true})
	exec1(t, open(t, s), "insert into bills values (1)")
}

func TestAnOrphanThatStillRunsIsRetired(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	orphan := start(t, Options{Dir: dir, Fast: true})
	exec1(t, open(t, orphan), "create table bills (id int)")
	if err := orphan.lock.Close(); err != nil { // as the death of its process does
		t.Fatal(err)
	}
	s := start(t, Options{Dir: dir, Fast: true})
	select {
	case <-orphan.Done():
	default:
		t.Error("the orphan still runs beside the new server")
	}
	exec1(t, open(t, s), "insert into bills values (1)")
}

func TestMarksOfALongDeadServerAreNoObstacle(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	s := start(t, Options{Dir: dir, Fast: true})
	run := s.run
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	// Its number belongs by now to a process that is no PostgreSQL.
	stranger := exec.CommandContext(t.Context(), "sleep", "600")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n%s\n\n", stranger.Process.Pid, filepath.Join(run, "data"), run)
	for _, mark := range []string{filepath.Join(run, "data", "postmaster.pid"), filepath.Join(run, ".s.PGSQL.5432.lock")} {
		if err := os.WriteFile(mark, []byte(stale), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	start(t, Options{Dir: dir, Fast: true})
	if err := stranger.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	_ = stranger.Wait() // reports the signal
	if end, ok := stranger.ProcessState.Sys().(syscall.WaitStatus); !ok || end.Signal() != syscall.SIGTERM {
		t.Errorf("the stranger was ended by %v before we did", end.Signal())
	}
}

func TestAClusterHalfMadeIsMadeAgain(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "run", "data.part", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, Options{Dir: dir, Fast: true})
}

func TestAForgottenTemporaryServerIsSwept(t *testing.T) {
	// A folder of our own, or the server of another package would sweep it first.
	parent, err := os.MkdirTemp("/tmp", "sweep") //nolint:usetesting // TempDir's name is too long for a socket in it.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", parent)

	home := killHelper(t, "temporary")
	if _, err := os.Stat(home); err != nil {
		t.Fatalf("the killed process left no folder to sweep: %v", err)
	}
	live := start(t, Options{})
	start(t, Options{})
	if _, err := os.Stat(home); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the forgotten folder is still there: %v", err)
	}
	if got := queryRow(t, open(t, live), "select 'alive'"); got != "alive" {
		t.Errorf("the living server answers %q", got)
	}
}

func TestTheServerEndsWithItsParent(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	run := filepath.Join(killHelper(t, openDir(t)), "run")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		// A server that ends in order takes this file away.
		if firstNumber(filepath.Join(run, "data", "postmaster.pid")) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the server outlives its parent")
		}
	}
}

func TestDataOfAnotherMajorVersionAreRefusedWithTheCure(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	data := filepath.Join(dir, "run", "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir})
	if err == nil {
		t.Fatal("started on foreign data")
	}
	for _, part := range []string{"made by PostgreSQL 9", "remove that folder", "PORTAL_PG_BIN"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
}

func TestACancelledStartLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	dir := openDir(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if s, err := Start(ctx, Options{Dir: dir, Fast: true}); err == nil {
		t.Cleanup(func() { _ = s.Stop() })
		t.Skip("the server started within 30 ms")
	}
	start(t, Options{Dir: dir, Fast: true})
}

func TestEachCheckoutHasItsOwnFolder(t *testing.T) {
	t.Parallel()
	a, errA := DevDir("/src/a")
	b, errB := DevDir("/src/b")
	again, errAgain := DevDir("/src/a/")
	if err := errors.Join(errA, errB, errAgain); err != nil {
		t.Fatal(err)
	}
	if a == b || a != again {
		t.Errorf("folders are %s, %s and again %s", a, b, again)
	}
}

// openDir is a TempDir that the user of a server started by root can enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func start(t *testing.T, o Options) *Server {
	t.Helper()
	o.Log = t.Logf
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

func open(t *testing.T, s *Server) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", s.DSN(Superuser, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec1(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func queryRow(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	var text string
	if err := db.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// killHelper starts a server from a process of its own, kills that process
// without warning and returns the folder it used.
func killHelper(t *testing.T, dir string) (home string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), helperDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	home = strings.TrimSpace(line)
	if err != nil || strings.HasPrefix(home, "error:") {
		t.Fatalf("helper: %s %v", home, err)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // reports the kill
	return home
}
