package witness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

const token = "the token of the test"

// outside is a witness behind HTTP that can be cut off.
type outside struct {
	*Witness
	t      *testing.T
	folder string
	keys   store.WitnessKeys
	trail  store.TrailKeys
	signer note.Signer
	server *httptest.Server
	away   atomic.Bool
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	private, public, err := store.NewTrailKey("portal.test/audit")
	if err != nil {
		t.Fatal(err)
	}
	o := &outside{t: t, folder: t.TempDir()}
	if o.signer, err = store.ParseTrailSigner(private); err != nil {
		t.Fatal(err)
	}
	if o.trail, err = store.ParseTrailKeys(public); err != nil {
		t.Fatal(err)
	}
	o.reopen()
	if o.keys, err = store.ParseWitnessKeys(o.Public()); err != nil {
		t.Fatal(err)
	}
	o.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.away.Load() {
			panic(http.ErrAbortHandler) // no answer at all
		}
		o.Handler(token, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		o.server.Close()
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *outside) reopen() {
	o.t.Helper()
	if o.Witness != nil {
		if err := o.Close(); err != nil {
			o.t.Fatal(err)
		}
	}
	var err error
	if o.Witness, err = Open(o.folder, "witness.test", o.trail, time.Now); err != nil {
		o.t.Fatal(err)
	}
}

func (o *outside) client() *Client { return NewClient(o.server.URL, token, o.keys) }

// evidence is what the witness kept of what it refused.
func (o *outside) evidence() (kept []refusal) {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(o.folder, "refused.jsonl"))
	if err != nil {
		o.t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var r refusal
		if err := json.Unmarshal(line, &r); err != nil {
			o.t.Fatal(err)
		}
		kept = append(kept, r)
	}
	return kept
}

// wantRefused fails the test unless exactly these were refused with evidence,
// and the witness still stands where it stood.
func (o *outside) wantRefused(size int64, reasons ...reason) {
	o.t.Helper()
	kept := o.evidence()
	if len(kept) != len(reasons) {
		o.t.Fatalf("the witness kept evidence of %d refusals, want %d", len(kept), len(reasons))
	}
	for n, r := range kept {
		if r.Reason != reasons[n] {
			o.t.Errorf("refusal %d is %s, want %s", n, r.Reason, reasons[n])
		}
		for _, text := range []string{r.Note, r.Against} {
			if _, err := o.trail.Open(text); err != nil {
				o.t.Errorf("the evidence is not signed by the trail's key: %v", err)
			}
		}
	}
	if _, last := o.Last(); last != size {
		o.t.Errorf("the witness stands at %d leaves, want %d", last, size)
	}
}

// database is a trail that the witness's key signs.
type database struct {
	*storetest.DB
	o        *outside
	web, seq *store.Store
}

func (o *outside) database() *database {
	db := storetest.New(o.t)
	return &database{DB: db, o: o, web: db.Store(store.Web), seq: db.Store(store.Sequencer)}
}

func (d *database) write(n int) (ids []store.ID) {
	d.o.t.Helper()
	for range n {
		err := d.web.Write(d.o.t.Context(), store.Actor{Session: "s", Request: "r", Address: "192.0.2.1"}, func(t *store.Tx) error {
			err := t.Audit("test.written", store.About("test", store.NewID()), map[string]int{"n": n})
			ids = append(ids, t.LastLeaf())
			return err
		})
		if err != nil {
			d.o.t.Fatal(err)
		}
	}
	return ids
}

// start sequences the trail in the background. It ends with the test, or with
// what the sequencer cannot go on from.
func (d *database) start(c store.Cosigner) (ended <-chan error, stop func()) {
	ctx, cancel := context.WithCancel(d.o.t.Context())
	done := make(chan error, 1)
	go func() {
		done <- d.seq.Sequence(ctx, store.Sequencing{
			Signers: []note.Signer{d.o.signer}, Sinks: []store.Publisher{nowhere{}}, Witness: c, Pause: time.Millisecond,
		})
	}()
	return done, cancel
}

// nowhere takes every checkpoint, as a log does.
type nowhere struct{}

func (nowhere) Publish(context.Context, store.Checkpoint) error { return nil }

// sequence numbers and publishes until the leaves are witnessed.
func (d *database) sequence(leaves ...store.ID) {
	d.o.t.Helper()
	ended, stop := d.start(d.o.client())
	if err := d.gate().AwaitPublished(d.o.t.Context(), leaves); err != nil {
		d.o.t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		d.o.t.Fatal(err)
	}
}

// gate is the store of a worker, who sends only what the witness signed for.
func (d *database) gate() *store.Store { return d.worker(d.o.keys) }

func (d *database) worker(keys store.WitnessKeys) *store.Store {
	d.o.t.Helper()
	s, err := store.Open(d.o.t.Context(), d.DSN, store.Worker, store.Options{PrepareOnUse: true, MaxConns: 2, Witnesses: keys})
	if err != nil {
		d.o.t.Fatal(err)
	}
	d.o.t.Cleanup(func() { _ = s.Close() })
	return s
}

// shut fails the test unless the gate stays closed for these leaves.
func (d *database) shut(gate *store.Store, leaves []store.ID) {
	d.o.t.Helper()
	ctx, cancel := context.WithTimeout(d.o.t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := gate.AwaitPublished(ctx, leaves); !errors.Is(err, store.ErrNotPublished) {
		d.o.t.Errorf("the gate says %v, want it shut", err)
	}
}

// broken sequences what the witness must refuse, and fails the test unless that
// stops the sequencer.
func (d *database) broken() {
	d.o.t.Helper()
	ended, stop := d.start(d.o.client())
	defer stop()
	select {
	case err := <-ended:
		if !errors.Is(err, store.ErrTrailBroken) {
			d.o.t.Errorf("the sequencer ended with %v, want that the trail is broken", err)
		}
	case <-time.After(20 * time.Second):
		d.o.t.Error("the sequencer goes on as if nothing were wrong")
	}
}

func TestAWitnessFollowsATrailThatGrowsAndProofsCarryItsSignature(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	d := o.database()
	leaves := d.write(20)
	d.sequence(leaves...)
	o.reopen()
	d.sequence(d.write(13)...)
	o.wantRefused(33)

	owner := d.Store(store.Owner)
	err := owner.Read(t.Context(), store.Actor{}, func(q *store.Query) error {
		p, err := q.ProveLeaf(leaves[3])
		if err != nil {
			return err
		}
		if _, _, err := o.keys.Open(p.Checkpoint); err != nil {
			t.Errorf("the proof of a leaf: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	verify := func() store.Report {
		history, err := os.Open(filepath.Join(o.folder, "history.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = history.Close() }()
		r, err := store.Verify(t.Context(), owner, store.Verification{
			Keys: o.trail, Witnesses: o.keys, Anchors: []store.Anchor{{Name: "the witness", Lines: history}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := verify(); !r.Sound() || r.Witnessed != 33 || r.Anchored != 33 {
		t.Errorf("the trail is witnessed up to %d and anchored up to %d, with problems %v", r.Witnessed, r.Anchored, r.Problems)
	}
	// Whoever owns the database lets a checkpoint count as published without it.
	d.Exec(`ALTER TABLE audit_cosignatures DISABLE TRIGGER USER; DELETE FROM audit_cosignatures WHERE size = 33; ALTER TABLE audit_cosignatures ENABLE TRIGGER USER`)
	if r := verify(); len(r.Problems) != 1 || r.Problems[0].Class != store.Unwitnessed {
		t.Errorf("without the last signature the problems are %v", r.Problems)
	}
	other, err := store.NewWitnessKey("witness.test")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := store.ParseWitnessSigner(other, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := o.Last()
	c, err := store.ParseCheckpoint(text)
	if err != nil {
		t.Fatal(err)
	}
	line, err := stranger.Cosign(c)
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(`INSERT INTO audit_cosignatures (size, signature) VALUES (33, $1)`, line)
	if r := verify(); len(r.Problems) != 2 || r.Problems[0].Class != store.Unwitnessed {
		t.Errorf("with a stranger's signature the problems are %v", r.Problems)
	}
}

func TestATrailThatWasSetBackForkedOrReplayedIsRefusedWithEvidence(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	d := o.database()
	d.sequence(d.write(5)...)
	replayed, _ := o.Last()
	d.sequence(d.write(2)...)

	back := o.database() // restored to an older copy, and written on
	leaves := back.write(3)
	back.broken()
	back.shut(back.gate(), leaves)
	o.wantRefused(7, older)

	same := o.database() // another history of the same length
	same.write(7)
	same.broken()
	o.wantRefused(7, older, forked)

	longer := o.database() // and a longer one
	leaves = longer.write(12)
	longer.broken()
	longer.shut(longer.gate(), leaves)
	o.wantRefused(7, older, forked, noExtension)
	longer.broken() // as each start after it
	o.wantRefused(7, older, forked, noExtension)

	c, err := store.ParseCheckpoint(replayed[:strings.LastIndex(replayed, "— witness.test")])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.client().Cosign(t.Context(), c); !errors.Is(err, store.ErrTrailBroken) {
		t.Errorf("replaying an older checkpoint: %v", err)
	}
	o.wantRefused(7, older, forked, noExtension, older)
	o.reopen()
	d.sequence(d.write(1)...)
	o.wantRefused(8, older, forked, noExtension, older)
}

func TestAStrangersCheckpointOrTokenIsRefusedAndAStrangeWitnessOpensNoGate(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	stranger := newOutside(t)
	d := o.database()
	d.sequence(d.write(3)...)
	mine, _ := o.Last()

	s := stranger.database()
	s.sequence(s.write(4)...)
	foreign, _ := stranger.Last()
	for _, c := range []struct {
		name, token, body string
		want              int
	}{
		{"another key", token, "old 3\n\n" + foreign, http.StatusForbidden},
		{"another token", "guessed", "old 3\n\n" + mine, http.StatusUnauthorized},
		{"a changed root", token, "old 3\n\n" + strings.Replace(mine, "\n3\n", "\n4\n", 1), http.StatusForbidden},
		{"no checkpoint", token, "hello", http.StatusBadRequest},
		{"too much", token, strings.Repeat("x", 40<<10), http.StatusRequestEntityTooLarge},
		{"the last one again", token, "old 3\n\n" + mine, http.StatusOK},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/add-checkpoint", strings.NewReader(c.body))
		r.Header.Set("Authorization", "Bearer "+c.token)
		w := httptest.NewRecorder()
		o.Handler(token, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if w.Code != c.want {
			body, _ := io.ReadAll(w.Body)
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, body, c.want)
		}
	}
	o.wantRefused(3)

	// The worker believes the key it was given and no other, whatever answers
	// under the address, and whatever stands in the table.
	leaves := d.write(2)
	ended, stop := d.start(NewClient(o.server.URL, token, stranger.keys))
	d.shut(d.worker(stranger.keys), leaves)
	d.shut(d.worker(nil), leaves)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	d.sequence(leaves...)
	d.shut(d.worker(stranger.keys), leaves)
}

func TestMoneyWaitsWhileTheWitnessIsAwayAndGoesOnWhenItIsBack(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	d := o.database()
	gate := d.gate()
	o.away.Store(true)
	leaves := d.write(3)
	ended, stop := d.start(o.client())
	d.shut(gate, leaves)
	// Whoever owns the database says that it was published.
	d.Exec(`UPDATE audit_checkpoints SET published_at = now() WHERE published_at IS NULL`)
	d.shut(gate, leaves)
	if err := d.worker(nil).AwaitPublished(t.Context(), leaves); err != nil {
		t.Errorf("without a witness it counts: %v", err)
	}
	more := d.write(1)
	o.away.Store(false)
	if err := gate.AwaitPublished(t.Context(), append(leaves, more...)); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAHistoryIsReadBackAndADamagedOneStopsTheStart(t *testing.T) {
	t.Parallel()
	o := newOutside(t)
	d := o.database()
	d.sequence(d.write(2)...)
	d.sequence(d.write(2)...)
	if _, err := Open(o.folder, "another", o.trail, time.Now); err == nil {
		t.Error("two witnesses work in one folder")
	}
	path := filepath.Join(o.folder, "history.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(append(bytes.Clone(whole), `{"size":9,"no`...)) // a crash
	o.reopen()
	o.reopen()
	if _, size := o.Last(); size != 4 {
		t.Errorf("after a crash the witness stands at %d leaves, want 4", size)
	}
	d.sequence(d.write(1)...)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"swapped": bytes.Join([][]byte{lines[1], lines[0]}, nil),
		"altered": bytes.Replace(whole, []byte(`"cosignature":"— witness.test `), []byte(`"cosignature":"— witness.test A`), 1),
	} {
		put(text)
		if w, err := Open(o.folder, "", o.trail, time.Now); err == nil {
			t.Errorf("a history with lines %s starts", name)
			_ = w.Close()
		}
	}
	put(whole)
	if o.Witness, err = Open(o.folder, "", o.trail, time.Now); err != nil {
		t.Fatal(err)
	}
}
