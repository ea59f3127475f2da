package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
	"portal/internal/witness"
)

// busyDay is an installation at work: somebody submits and approves bills and
// somebody reads pages all the while.
type busyDay struct {
	*installed
	stop  chan struct{}
	ended sync.WaitGroup

	reads, failed, loggedOut atomic.Int64
	drafting                 sync.RWMutex // held while the test's own connections are cut
	mu                       sync.Mutex
	bills                    []store.Presentment
	answers                  map[string]int // by what went wrong
}

// busy has people at work until stopped. Whoever meets a cut line tries again,
// as a person does who presses the button once more.
func (i *installed) busy() *busyDay {
	d := &busyDay{installed: i, stop: make(chan struct{}), answers: map[string]int{}}
	maker, checker, reader := i.signIn("maker"), i.signIn("checker"), i.signIn("checker")
	d.every(300*time.Millisecond, func(n int) { d.bill(maker, checker, fmt.Sprintf("DAY-%d", n)) })
	d.every(100*time.Millisecond, func(n int) {
		pages := []string{"/presentments", "/approvals", "/"}
		if b, ok := d.last(); ok {
			pages = append(pages, "/presentments/"+b.ID.String())
		}
		d.read(reader, pages[n%len(pages)])
	})
	return d
}

// every does something again and again until the day ends.
func (d *busyDay) every(pause time.Duration, do func(n int)) {
	d.ended.Go(func() {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for n := 1; ; n++ {
			select {
			case <-d.stop:
				return
			case <-tick.C:
				do(n)
			}
		}
	})
}

func (d *busyDay) end() {
	close(d.stop)
	d.ended.Wait()
}

func (d *busyDay) last() (b store.Presentment, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.bills) == 0 {
		return b, false
	}
	return d.bills[len(d.bills)-1], true
}

func (d *busyDay) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers[what]++
}

func (d *busyDay) read(who *visitor, path string) {
	d.reads.Add(1)
	switch status, _ := who.quietly(http.MethodGet, path, ""); status {
	case http.StatusOK:
	case http.StatusSeeOther:
		d.loggedOut.Add(1)
	default:
		d.failed.Add(1)
		d.note(fmt.Sprintf("GET %s: %d", path, status))
	}
}

// quietly asks without calling a cut line an error of the test: it is status 0.
func (v *visitor) quietly(method, path, body string) (status int, page string) {
	status, page, err := v.try(method, path, strings.NewReader(body))
	if err != nil {
		return 0, ""
	}
	return status, page
}

// insist asks until the answer is one of those wanted.
func (d *busyDay) insist(who *visitor, method, path, body string, wanted ...int) (page string, ok bool) {
	for range 100 {
		status, page := who.quietly(method, path, body)
		if slices.Contains(wanted, status) {
			return page, true
		}
		d.note(fmt.Sprintf("%s: %d", method, status))
		select {
		case <-d.stop:
			return "", false
		case <-time.After(200 * time.Millisecond):
		}
	}
	d.t.Errorf("%s %s is never answered with %v", method, path, wanted)
	return "", false
}

// bill submits a bill and approves it, each for as long as it takes.
func (d *busyDay) bill(maker, checker *visitor, number string) {
	d.drafting.RLock()
	b := tellertest.Draft(d.t, d.web, store.Actor{Merchant: d.merchant, Person: d.maker, Session: "test", Request: "test", Address: "192.0.2.1"}, number)
	d.drafting.RUnlock()
	if _, ok := d.insist(maker, http.MethodPost, "/presentments/"+b.ID.String()+"/submission", form("key", rand.Text(), "version", strconv.Itoa(b.Version)), http.StatusSeeOther); !ok {
		return
	}
	lead := d.lead(b)
	page, ok := d.insist(checker, http.MethodGet, "/approvals/"+lead.String(), "", http.StatusOK)
	shown := fingerprintOn.FindStringSubmatch(page)
	if !ok || shown == nil {
		return
	}
	// A second answer to one approval says that it is done.
	if _, ok := d.insist(checker, http.MethodPost, "/instructions/"+lead.String()+"/approval", form("fingerprint", shown[1]), http.StatusSeeOther, http.StatusConflict); !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bills = append(d.bills, b)
}

// comesOut compares what became of every bill with what happened at the bank:
// none is lost, and none happened twice.
func (d *busyDay) comesOut() (unknown int) {
	d.t.Helper()
	var open int
	eventuallyIn(d.t, 3*time.Minute, "everything has come to an end", func() bool {
		err := d.db.Super.QueryRowContext(d.t.Context(), `SELECT count(*) FROM instructions WHERE state IN ('approved', 'sending')`).Scan(&open)
		return err == nil && open == 0
	})
	happened := map[string]int{}
	for _, e := range d.bank.Effects() {
		if e.Operation == "presentment.create" {
			happened[strings.TrimPrefix(e.BusinessKey, "0105536000011/")]++
		}
	}
	for _, b := range d.bills {
		var state string
		if err := d.db.Super.QueryRowContext(d.t.Context(), `SELECT state FROM instructions WHERE id = (SELECT entry_id FROM presentments WHERE id = $1)`, b.ID).Scan(&state); err != nil {
			d.t.Fatal(err)
		}
		switch n := happened[b.DocumentNumber]; {
		case state == store.Done && n == 1:
		case state == store.Unknown && n <= 1:
			unknown++
		default:
			d.t.Errorf("%s is %s and happened %d times", b.DocumentNumber, state, n)
		}
	}
	d.t.Logf("%d bills, %d unknown; %d reads, %d failed, %d met a sign-in; %v", len(d.bills), unknown, d.reads.Load(), d.failed.Load(), d.loggedOut.Load(), d.answers)
	if d.loggedOut.Load() > 0 {
		d.t.Errorf("%d pages asked for a sign-in", d.loggedOut.Load())
	}
	return unknown
}

func eventuallyIn(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	tick, end := time.NewTicker(100*time.Millisecond), time.After(within)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("it does not come about that %s", what)
		}
	}
}

// forget takes a process that is no more out of the proxy and the list.
func (i *installed) forget(m *member) {
	i.proxy.mu.Lock()
	defer i.proxy.mu.Unlock()
	for n, u := range i.proxy.webs {
		if u.String() == m.url {
			i.proxy.webs = append(i.proxy.webs[:n:n], i.proxy.webs[n+1:]...)
			return
		}
	}
}

// follows ends one process and starts another of its kind with the settings of
// now.
func (i *installed) follows(m *member, killed bool) *member {
	i.t.Helper()
	if killed {
		m.kill()
	} else {
		m.terminate()
	}
	i.forget(m)
	return i.start(m.cmd.Args[len(m.cmd.Args)-1])
}

// longOnly keeps what takes minutes out of the everyday suite.
func longOnly(t *testing.T) {
	t.Helper()
	if os.Getenv("PORTAL_FAULTS") != "long" {
		t.Skip("takes minutes: PORTAL_FAULTS=long")
	}
}

// TestProcessesAreKilledInTurnsForMinutes kills web processes and workers, and
// asks them to stop, in turns, while bills are approved all the while.
func TestProcessesAreKilledInTurnsForMinutes(t *testing.T) {
	longOnly(t)
	i := install(t)
	at := []*member{i.start("serve"), i.start("work"), i.start("serve"), i.start("work")}
	d := i.busy()
	kills := 0
	for n, until := 0, time.Now().Add(4*time.Minute); time.Now().Before(until); n++ {
		killed := n%8 < 4
		at[n%4] = i.follows(at[n%4], killed)
		if killed {
			kills++
		}
		select {
		case <-time.After(5 * time.Second): // of work between two ends
		case <-t.Context().Done():
			t.Fatal("the test was cut short")
		}
	}
	d.end()
	// The leases of the dead are over at once.
	i.unhindered(`UPDATE attempts SET deadline = now() - interval '1 second' WHERE outcome IS NULL`)
	unknown := d.comesOut()
	t.Logf("%d kills", kills)
	if unknown > 8*kills || kills < 8 || len(d.bills) < 100 {
		t.Errorf("%d are unknown of %d after %d kills", unknown, len(d.bills), kills)
	}
	i.verifies()
}

// verifies derives the whole trail again.
func (i *installed) verifies() {
	i.t.Helper()
	if code, report := run(i.t, i.env, "", "audit", "verify", "-files"); code != 0 {
		i.t.Errorf("the trail: %d\n%s", code, report)
	}
}

// command runs one line of the runbook, which must end well.
func (i *installed) command(line ...string) string {
	i.t.Helper()
	code, output := run(i.t, i.env, "", line...)
	if code != 0 {
		i.t.Fatalf("portal %s ends with %d: %s", strings.Join(line, " "), code, output)
	}
	return output
}

// take puts what a command printed as settings into the environment of all
// processes.
func (i *installed) take(output string) {
	for line := range strings.Lines(output) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.HasPrefix(name, "PORTAL_") {
			i.env[name] = value
		}
	}
}

// retiresCheckpointKey makes a new key for the checkpoints, and keeps the old
// one for what it signed.
func (i *installed) retiresCheckpointKey() {
	i.t.Helper()
	old, before, _ := strings.Cut(strings.TrimSpace(i.env["PORTAL_CHECKPOINT_VERIFIER"]), "\n")
	first := int64(1)
	if fields := strings.Fields(before); len(fields) >= 3 {
		last, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			i.t.Fatal(err)
		}
		first = last + 1
	}
	var last int64
	if err := i.db.Super.QueryRowContext(i.t.Context(), `SELECT max(size) FROM audit_checkpoints`).Scan(&last); err != nil || last < first {
		i.t.Fatalf("the newest checkpoint is of %d leaves: %v", last, err)
	}
	i.take(i.command("audit", "key", "-name", "test"))
	i.env["PORTAL_CHECKPOINT_VERIFIER"] += fmt.Sprintf("\n%s %d %d\n%s", old, first, last, before)
}

// witnessed starts a witness of the trail with a folder and a key of its own,
// and returns what a worker needs to know of it.
func (i *installed) witnessed(name string) (address, key string) {
	i.t.Helper()
	keys, err := store.ParseTrailKeys(i.env["PORTAL_CHECKPOINT_VERIFIER"])
	if err != nil {
		i.t.Fatal(err)
	}
	w, err := witness.Open(i.t.TempDir(), name, keys, time.Now)
	if err != nil {
		i.t.Fatal(err)
	}
	server := httptest.NewServer(w.Handler(i.env["PORTAL_WITNESS_TOKEN"], slog.New(slog.DiscardHandler)))
	i.t.Cleanup(func() {
		server.Close()
		if err := w.Close(); err != nil {
			i.t.Error(err)
		}
	})
	return server.URL, w.Public()
}

// TestAnOperatorRotatesRestartsAndRestoresWhilePeopleWork is the operator's day
// by the runbook: every key is rotated, three times, processes are killed and
// the database's connections cut, and a backup is made, drilled and restored,
// and nobody at work meets a page that fails or has to sign in again.
func TestAnOperatorRotatesRestartsAndRestoresWhilePeopleWork(t *testing.T) {
	longOnly(t)
	i := install(t)
	i.env["PORTAL_WITNESS_TOKEN"] = "a token of the witness"
	i.env["PORTAL_WITNESS_URL"], i.env["PORTAL_WITNESS_VERIFIER"] = i.witnessed("first")
	at := []*member{i.start("serve"), i.start("work"), i.start("serve"), i.start("work")}
	all := func() {
		for n := range at {
			at[n] = i.follows(at[n], false)
		}
	}
	d := i.busy()
	for range 3 {
		// The sealing key.
		old, _, _ := strings.Cut(i.env["PORTAL_SEAL_KEY"], ",")
		i.take(i.command("keys", "new"))
		all()
		i.command("keys", "rotate")
		if output := i.command("keys", "reseal"); !strings.Contains(output, "Everything opens.") {
			t.Errorf("sealing again: %s", output)
		}
		// Five minutes later.
		i.unhindered(`UPDATE seal_keys SET taken_up_at = taken_up_at - interval '6 minutes'`)
		i.command("keys", "drop", keyName(t, old))
		i.env["PORTAL_SEAL_KEY"] = strings.Split(i.env["PORTAL_SEAL_KEY"], ",")[0]
		all()

		// The key of the checkpoints, and another witness with another key, which
		// knows both of the trail's. The workers rest meanwhile, so that it is
		// known what the old key signed last.
		for _, n := range []int{1, 3} {
			at[n].terminate()
		}
		i.retiresCheckpointKey()
		address, key := i.witnessed("next")
		i.env["PORTAL_WITNESS_URL"], i.env["PORTAL_WITNESS_VERIFIER"] = address, key+"\n"+i.env["PORTAL_WITNESS_VERIFIER"]
		at[1], at[3] = i.start("work"), i.start("work")
		at[0], at[2] = i.follows(at[0], false), i.follows(at[2], false)
		i.verifies()
	}
	if d.failed.Load() > 0 {
		t.Errorf("%d pages failed while keys were rotated: %v", d.failed.Load(), d.answers)
	}

	// What nobody announces: a power cut, and a database that restarts.
	for n := range at {
		at[n] = i.follows(at[n], true)
	}
	d.drafting.Lock()
	if _, err := i.db.Super.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	d.drafting.Unlock()
	for _, m := range at {
		m.says("ready")
	}
	folder := backedUp(t, i.env)
	i.command("drill", "-from", folder)
	d.end()
	i.unhindered(`UPDATE attempts SET deadline = now() - interval '1 second' WHERE outcome IS NULL`)
	d.comesOut()
	i.verifies()
	for _, m := range at {
		m.terminate()
	}

	// And what the backup holds serves, in a database of its own.
	restored := "restored_" + strings.ToLower(rand.Text()[:8])
	if _, err := i.db.Super.ExecContext(t.Context(), `CREATE DATABASE `+restored+` TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = i.db.Super.Exec(`DROP DATABASE ` + restored + ` WITH (FORCE)`) })
	into, err := url.Parse(i.env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	into.Path = "/" + restored
	i.env["DATABASE_URL"] = into.String()
	i.command("restore", "-from", folder)
	i.start("serve")
	if status, _ := i.signIn("maker").get("/presentments"); status != http.StatusOK {
		t.Errorf("the restored portal answers %d", status)
	}
}

// keyName is the name of a sealing key, as `portal keys` lists it.
func keyName(t *testing.T, written string) string {
	t.Helper()
	key, err := hex.DecodeString(written)
	if err != nil {
		t.Fatal(err)
	}
	return store.KeyID(key)
}
