package teller_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
	"portal/internal/store/storetest"
)

// life is what the child process is told: bring one bill from the maker to
// the bank, and die at a point.
type life struct {
	DSN                      string
	BankURL                  string
	Merchant, Maker, Checker store.ID
	Bill                     store.ID
	Version                  int
	DieAt                    string
	// Works is the name of a worker that does nothing but work, until it is told to stop.
	Works string
}

// long is set where there is time for more of everything.
var long = os.Getenv("PORTAL_FAULTS") == "long"

// TestMain turns the test binary into the child of the fault suite when it is
// started as one.
func TestMain(m *testing.M) {
	told := os.Getenv("PORTAL_FAULT_LIFE")
	if told == "" {
		os.Exit(m.Run())
	}
	var l life
	if err := json.Unmarshal([]byte(told), &l); err != nil {
		panic(err)
	}
	teller.OnPoint(func(name string) {
		if name == l.DieAt {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
	})
	live := l.live
	if l.Works != "" {
		live = l.work
	}
	if err := live(context.Background()); err != nil {
		panic(err)
	}
	os.Exit(0)
}

func (l life) live(ctx context.Context) error {
	seal, err := store.NewSeal(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		return err
	}
	web, err := store.Open(ctx, l.DSN, store.Web, store.Options{MaxConns: 2, Seal: seal, MarkKey: storetest.MarkKey, PrepareOnUse: true})
	if err != nil {
		return err
	}
	work, err := store.Open(ctx, l.DSN, store.Worker, store.Options{MaxConns: 2, Seal: seal, MarkKey: storetest.MarkKey, PrepareOnUse: true})
	if err != nil {
		return err
	}
	t := teller.New(web)
	maker := store.Actor{Merchant: l.Merchant, Person: l.Maker}
	checker := store.Actor{Merchant: l.Merchant, Person: l.Checker}
	// The form's key makes a repeated submission the same one.
	lead, err := t.SubmitPresentment(ctx, maker, l.Bill, l.Version, l.Bill.String())
	if err != nil {
		return err
	}
	var parts []store.Instruction
	if err := web.Read(ctx, checker, func(q *store.Query) (err error) { parts, err = q.Parts(lead); return err }); err != nil {
		return err
	}
	err = t.Approve(ctx, checker, lead, store.FingerprintOf(parts))
	if err != nil && !errors.Is(err, teller.ErrNotPending) {
		return err
	}
	bank := tellertest.BankConfig(l.BankURL)
	return teller.NewWorker(work, teller.WorkerConfig{Name: "child", Bank: bank, Log: slog.New(slog.DiscardHandler)}).Drain(ctx)
}

func (l life) work(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	seal, err := store.NewSeal(bytes.Repeat([]byte("s"), 32))
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, l.DSN, store.Worker, store.Options{MaxConns: 4, Seal: seal, MarkKey: storetest.MarkKey, PrepareOnUse: true})
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return teller.NewWorker(s, teller.WorkerConfig{Name: l.Works, Bank: tellertest.BankConfig(l.BankURL), Log: log, AtOnce: 16}).Run(ctx)
}

// TestFaultKilledBetweenAnyTwoSteps kills the program at every point of the
// road, under every way in which the bank can answer, and demands that nothing
// is lost, nothing doubled, and nothing claimed that is not so.
func TestFaultKilledBetweenAnyTwoSteps(t *testing.T) {
	rounds, modes := 1, []sandbox.FaultKind{"", sandbox.CutAfter}
	if long {
		rounds, modes = 150, []sandbox.FaultKind{"", sandbox.CutBefore, sandbox.CutAfter, sandbox.ErrorAfter, sandbox.Malformed}
	}
	w := tellertest.New(t, tellertest.Options{})
	var bills []store.ID
	for round := range rounds {
		for _, mode := range modes {
			for _, at := range teller.Points {
				bills = append(bills, dieAndRecover(t, w, at, mode))
			}
		}
		if t.Failed() {
			t.Fatalf("stopped after round %d", round+1)
		}
	}
	checkNothingLostOrDoubled(t, w, bills)
	onWireExactlyAsAttempted(t, w)
	t.Logf("%d kills", len(bills))
}

func dieAndRecover(t *testing.T, w *tellertest.World, at string, mode sandbox.FaultKind) store.ID {
	t.Helper()
	if err := w.Bank.ClearFaults(); err != nil {
		t.Fatal(err)
	}
	if mode != "" {
		if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: mode, Times: 1}); err != nil {
			t.Fatal(err)
		}
	}
	p := w.Bill("")
	l := life{
		DSN: w.DB.DSN, BankURL: w.Config.BaseURL, Merchant: w.Merchant.ID, Maker: w.Maker, Checker: w.Checker,
		Bill: p.ID, Version: p.Version, DieAt: at,
	}
	l.run(t, true)
	l.DieAt = ""
	l.run(t, false)
	// The dead worker's lease ends; here it ends at once.
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE attempts SET deadline = now() - interval '1 second' WHERE outcome IS NULL; COMMIT`)
	for range 2 {
		if err := w.Worker.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET not_before = now() WHERE state = 'approved'; COMMIT`)
		w.Drain()
	}
	return p.ID
}

func (l life) run(t *testing.T, dies bool) {
	t.Helper()
	told, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), "PORTAL_FAULT_LIFE="+string(told))
	out, err := cmd.CombinedOutput()
	killed := cmd.ProcessState != nil && strings.Contains(cmd.ProcessState.String(), "killed")
	if killed != dies || (err != nil && !killed) {
		t.Fatalf("child to die at %q: %v\n%s", l.DieAt, err, out)
	}
}

// checkNothingLostOrDoubled compares what the portal says with what happened at
// the bank, bill by bill.
func checkNothingLostOrDoubled(t *testing.T, w *tellertest.World, bills []store.ID) {
	t.Helper()
	happened := map[string]int{} // by operation and the bill's number
	for _, e := range w.Bank.Effects() {
		happened[e.Operation+" "+e.BusinessKey]++
		if n := happened[e.Operation+" "+e.BusinessKey]; n > 1 {
			t.Errorf("%s of %s happened %d times", e.Operation, e.BusinessKey, n)
		}
	}
	unknown := 0
	for _, id := range bills {
		w.Read(func(q *store.Query) error {
			p, err := q.Presentment(id)
			if err != nil {
				return err
			}
			parts, err := q.Parts(p.EntryID.UUID)
			if err != nil {
				return err
			}
			entry := parts[0]
			effects := 0
			for _, e := range w.Bank.Effects() {
				if e.Operation == entry.Operation && e.BusinessKey == w.Merchant.TaxID+"/"+p.DocumentNumber {
					effects++
				}
			}
			switch entry.State {
			case store.Done:
				if effects != 1 {
					t.Errorf("%s is done with %d effects", p.DocumentNumber, effects)
				}
			case store.Unknown:
				unknown++
			default:
				t.Errorf("%s is left %s with %d effects", p.DocumentNumber, entry.State, effects)
			}
			return nil
		})
	}
	t.Logf("%d of %d bills ended unknown", unknown, len(bills))
}
