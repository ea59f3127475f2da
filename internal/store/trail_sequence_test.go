package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// trail is a test's database with a key and what was published of it.
type trail struct {
	*storetest.DB
	t      testing.TB
	web    *store.Store
	seq    *store.Store
	o      store.Sequencing
	keys   store.TrailKeys
	public string
	file   string
}

func newTrail(t testing.TB) *trail {
	t.Helper()
	db := storetest.New(t)
	private, public, err := store.NewTrailKey("portal.test/audit")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := store.ParseTrailSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.ParseTrailKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	r := &trail{DB: db, t: t, web: db.Store(store.Web), seq: db.Store(store.Sequencer), keys: keys, public: public, file: filepath.Join(t.TempDir(), "checkpoints")}
	r.o = store.Sequencing{Sinks: []store.Publisher{r.sink()}, Pause: time.Millisecond}
	r.o.Signers = append(r.o.Signers, signer)
	return r
}

func (r *trail) sink() *store.FileSink {
	r.t.Helper()
	sink, err := store.OpenFileSink(r.file)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = sink.Close() })
	return sink
}

// write leaves n leaves, one transaction each, and returns their ids.
func (r *trail) write(n int) []store.ID {
	r.t.Helper()
	ids := make([]store.ID, 0, n)
	for i := range n {
		err := r.web.Write(r.t.Context(), store.Actor{Session: "s", Request: "r", Address: "192.0.2.1"}, func(t *store.Tx) error {
			if err := t.Audit("test.written", store.About("test", store.NewID()), map[string]int{"n": i}); err != nil {
				return err
			}
			ids = append(ids, t.LastLeaf())
			return nil
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return ids
}

// sequence runs the sequencer until the leaves are published.
func (r *trail) sequence(leaves ...store.ID) {
	r.t.Helper()
	stop := r.start(r.o)
	r.await(leaves)
	stop()
}

func (r *trail) await(leaves []store.ID) {
	r.t.Helper()
	if err := r.seq.AwaitPublished(r.t.Context(), leaves); err != nil {
		r.t.Fatal(err)
	}
}

// start runs a sequencer; the returned function stops it and fails the test
// unless it ended well.
func (r *trail) start(o store.Sequencing) (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- r.seq.Sequence(ctx, o) }()
	return func() {
		r.t.Helper()
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	}
}

// wantWhole checks what a sequencer must leave behind: n leaves numbered from
// 0 without gap, and no checkpoint unpublished.
func (r *trail) wantWhole(n int) {
	r.t.Helper()
	var leaves, numbers, last, unpublished int
	err := r.Super.QueryRowContext(r.t.Context(), `
		SELECT (SELECT count(*) FROM audit_leaves), (SELECT count(DISTINCT idx) FROM audit_leaves), (SELECT max(idx) FROM audit_leaves),
			(SELECT count(*) FROM audit_checkpoints WHERE published_at IS NULL)`).Scan(&leaves, &numbers, &last, &unpublished)
	if err != nil {
		r.t.Fatal(err)
	}
	if leaves != n || numbers != n || last != n-1 || unpublished != 0 {
		r.t.Errorf("%d leaves have %d numbers up to %d, and %d checkpoints are unpublished; want %d, %d, %d and 0", leaves, numbers, last, unpublished, n, n, n-1)
	}
}

func TestSequencerNumbersAndPublishesEveryLeaf(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	r.o.Batch = 7
	r.sequence(r.write(20)...)
	r.sequence(r.write(13)...)
	r.wantWhole(33)

	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n < 5 {
		t.Errorf("%d checkpoints were published, want one for each batch of 7 at least", n)
	}
}

func TestALeafIsNotPublishedBeforeASinkHasIt(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	sink := &faulty{Publisher: r.sink(), err: errors.New("disk full")}
	r.o.Sinks = []store.Publisher{sink}
	leaves := r.write(3)
	stop := r.start(r.o)
	defer stop()

	sink.wait(t, 2) // it was asked for, refused, and asked again
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.seq.AwaitPublished(soon, leaves); !errors.Is(err, store.ErrNotPublished) {
		t.Fatalf("with all sinks away the wait ended with %v, want ErrNotPublished", err)
	}

	sink.set(nil)
	r.await(leaves)
}

func TestOneHealthySinkIsEnough(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	r.o.Sinks = append(r.o.Sinks, &faulty{err: errors.New("away")})
	r.sequence(r.write(3)...)
}

func TestSequencerKilledBeforePublishingIsMadeGood(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	killed := make(chan struct{})
	sink := &faulty{Publisher: r.sink()}
	r.o.Sinks = []store.Publisher{publisherFunc(func(ctx context.Context, c store.Checkpoint) error {
		select {
		case <-killed:
		default:
			close(killed)
			r.Exec(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7221043 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
			return errors.New("killed")
		}
		return sink.Publish(ctx, c)
	})}
	r.sequence(r.write(5)...)
	r.wantWhole(5)
}

func TestTwoSequencersTakeTurns(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	r.o.Batch = 10
	stopOne, stopTwo := r.start(r.o), r.start(r.o)
	var writing sync.WaitGroup
	written := make(chan []store.ID, 4)
	for range 4 {
		writing.Go(func() { written <- r.write(50) })
	}
	for n := range 4 {
		r.await(<-written)
		if n < 2 { // whoever works loses its session in the middle of it
			r.Exec(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7221043 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		}
	}
	writing.Wait()
	stopOne()
	r.await(r.write(5)) // the other one, whichever it is, goes on
	stopTwo()
	r.wantWhole(205)
}

func TestALeafThatCommitsLateIsNumbered(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	stop := r.start(r.o)
	defer stop()
	var late store.ID
	err := r.web.Write(t.Context(), store.Actor{}, func(tx *store.Tx) error {
		if err := tx.Audit("test.late", store.About("test", store.NewID()), nil); err != nil {
			return err
		}
		late = tx.LastLeaf()
		r.await(r.write(5)) // younger ones are numbered and published meanwhile
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.await([]store.ID{late})
	r.wantWhole(6)
}

func TestSequencerRefusesATrailThatWasSetBack(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"shorter than published": 3, "as long as published": 4, "longer than published": 6} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTrail(t)
			r.sequence(r.write(4)...)
			r.tamper(cutTo(0))
			// The emptied trail is made to look well, by one who has the key.
			r.o.Sinks = []store.Publisher{store.LogSink{Handler: slog.DiscardHandler}}
			r.sequence(r.write(n)...)

			r.o.Sinks = append(r.o.Sinks, r.sink())
			r.write(1)
			r.wantRefusal()
			var waiting int
			if err := r.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves WHERE idx IS NULL`).Scan(&waiting); err != nil || waiting != 1 {
				t.Errorf("%d leaves wait for a number, want 1: nothing may be built on this trail (%v)", waiting, err)
			}
		})
	}
}

func TestSequencerRefusesTheFileOfAnotherTrail(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	r.sequence(r.write(2)...)
	private, _, err := store.NewTrailKey("another.test/audit")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := store.ParseTrailSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	other := newTrail(t)
	other.file = r.file
	other.o.Signers[0], other.o.Sinks = signer, []store.Publisher{other.sink()}
	other.write(3)
	other.wantRefusal()
}

// wantRefusal fails the test unless the sequencer ends by itself, because the
// trail is broken.
func (r *trail) wantRefusal() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	if err := r.seq.Sequence(ctx, r.o); !errors.Is(err, store.ErrTrailBroken) {
		r.t.Errorf("sequencing ended with %v, want ErrTrailBroken", err)
	}
}

func TestSequencerRefusesABrokenEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sql string }{
		{"a leaf is missing", `DELETE FROM audit_leaves WHERE idx = 3`},
		{"a hash is missing", `DELETE FROM audit_hashes WHERE i = 6`},
		{"a hash is another", `UPDATE audit_hashes SET hash = sha256('x') WHERE i = 6`},
		{"the newest checkpoint is gone", `DELETE FROM audit_checkpoints WHERE size = (SELECT max(size) FROM audit_checkpoints)`},
		{"the newest checkpoint is unreadable", `UPDATE audit_checkpoints SET note = 'x'`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newTrail(t)
			r.sequence(r.write(4)...)
			r.tamper(c.sql)
			r.wantRefusal()
		})
	}
}

func TestSequencingNeedsAKeyAndASink(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	for name, o := range map[string]store.Sequencing{"no key": {Sinks: r.o.Sinks}, "no sink": {Signers: r.o.Signers}} {
		if err := r.seq.Sequence(t.Context(), o); err == nil {
			t.Errorf("%s: it ran", name)
		}
	}
}

func TestTheFileOfCheckpointsSurvivesATornLine(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	r.sequence(r.write(2)...)
	f, err := os.OpenFile(r.file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(f, `{"size":3,"no`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r.o.Sinks = []store.Publisher{r.sink()}
	r.sequence(r.write(2)...)
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\"no\n{\"size\":") {
		t.Errorf("the torn line was not ended:\n%s", text)
	}
}

// tamper changes what nobody may change: as a superuser with the triggers off.
func (r *trail) tamper(statements ...string) {
	r.t.Helper()
	r.Exec("BEGIN; SET LOCAL session_replication_role = replica; " + strings.Join(statements, ";\n") + "; COMMIT")
}

type publisherFunc func(context.Context, store.Checkpoint) error

func (f publisherFunc) Publish(ctx context.Context, c store.Checkpoint) error { return f(ctx, c) }

// faulty is a sink that refuses while err is set.
type faulty struct {
	store.Publisher
	mu    sync.Mutex
	err   error
	tries int
}

func (f *faulty) Publish(ctx context.Context, c store.Checkpoint) error {
	f.mu.Lock()
	f.tries++
	err := f.err
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return f.Publisher.Publish(ctx, c)
}

func (f *faulty) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// wait returns when the sink was asked n times.
func (f *faulty) wait(t testing.TB, n int) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for range poll.C {
		f.mu.Lock()
		tries := f.tries
		f.mu.Unlock()
		if tries >= n {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("the sink was not asked")
		}
	}
}
