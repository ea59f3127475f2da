package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// Options says what to measure.
type Options struct {
	// Dir is kept between runs: the server's data, and its log.
	Dir   string
	Clock func() time.Time
	// Quick measures each thing once and shortly, on lists of Rows only.
	Quick bool
	// Rows and Many are how many bills the databases hold: one for what changes
	// them, one for lists, which must not grow with the number of rows. Many
	// may be left out.
	Rows, Many int
	// Goals are the numbers to measure; none means all.
	Goals []int
	// Progress is told what happens; it may be nil.
	Progress func(format string, args ...any)
	// Caller makes what calls a bank with no database, for comparison: the bank's
	// client itself has one holder only, and that is not the bench.
	Caller func(krungsri.Config) (func(context.Context, krungsri.CreateDebitRequest) error, error)
	// Log is the file that the servers write to when they end badly.
	Log string
}

// bench is one run.
type bench struct {
	Options
	cluster    *cluster
	machine    machine
	signer     note.Signer
	keys       store.TrailKeys
	checkpoint string // file of published checkpoints
	sealKey    string
	long       time.Duration // of one measurement
	roundCount int
	tries      int
}

// goals are measured in this order, each function for the goals it names.
var goals = []struct {
	numbers []int
	run     func(*bench, context.Context) ([]Row, error)
}{
	{[]int{1, 2, 3, 4, 5, 15}, (*bench).pages},
	{[]int{6, 7, 8}, (*bench).lists},
	{[]int{9}, (*bench).trail},
	{[]int{10}, (*bench).approvals},
	{[]int{11}, (*bench).verification},
	{[]int{12}, (*bench).worker},
	{[]int{13}, (*bench).uploads},
	{[]int{14}, (*bench).start},
	{[]int{16}, (*bench).importing},
	{[]int{17}, (*bench).exporting},
	{[]int{18}, (*bench).branches},
	{[]int{19}, (*bench).questions},
}

// Run measures and reports. A goal that could not be measured is a row of the
// report; an error means that nothing could. When ctx ends, what was measured
// until then is reported.
func Run(ctx context.Context, o Options) (report Report, err error) {
	b := &bench{Options: o, machine: machine{o.Clock}, sealKey: randomHex(32), long: 2 * time.Second, roundCount: 3, tries: tries}
	if o.Quick {
		b.long, b.roundCount, b.tries = time.Second, 1, 1
	}
	switch {
	case o.Many != 0:
	case o.Quick:
		b.Many = o.Rows
	default:
		b.Many = 1_000_000
	}
	if b.Progress == nil {
		b.Progress = func(string, ...any) {}
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil { //nolint:gosec // the database's user passes through
		return report, fmt.Errorf("make the bench's folder: %w", err)
	}
	if err := b.loadKeys(); err != nil {
		return report, err
	}
	b.Log = filepath.Join(o.Dir, "servers.log")
	if b.cluster, err = startCluster(ctx, filepath.Join(o.Dir, "pg"), b.Progress); err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, b.cluster.close()) }()
	report = Report{At: o.Clock().UTC(), Machine: b.machine.describe(), Setup: b.setup()}
	for _, g := range goals {
		if !b.wants(g.numbers) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		rows, err := g.run(b, ctx)
		if err != nil {
			rows = append(rows, Row{Goal: g.numbers[0], What: "stopped", Verdict: notMeasured, Note: err.Error()})
		}
		report.Rows = append(report.Rows, slices.DeleteFunc(rows, func(r Row) bool { return !b.wants([]int{r.Goal}) })...)
	}
	slices.SortStableFunc(report.Rows, func(a, b Row) int { return a.Goal - b.Goal })
	return report, nil
}

func (b *bench) setup() string {
	return fmt.Sprintf("PostgreSQL durable (fsync on), shared_buffers %s, Unix socket; load, servers and database on the same cores; %d rounds of %v, median; lists of %s and %s rows",
		b.cluster.memory, b.roundCount, b.long, grouped(int64(b.Rows)), grouped(int64(b.Many)))
}

func (b *bench) wants(numbers []int) bool {
	return len(b.Goals) == 0 || slices.ContainsFunc(numbers, func(n int) bool { return slices.Contains(b.Goals, n) })
}

func (b *bench) progress(what string) { b.Progress("  %s", what) }

// loadKeys reads the pair of keys that signs the checkpoints of the kept
// databases, or makes it.
func (b *bench) loadKeys() error {
	private, public := filepath.Join(b.Dir, "trail.key"), filepath.Join(b.Dir, "trail.pub")
	b.checkpoint = filepath.Join(b.Dir, "checkpoints")
	text, err := os.ReadFile(private)
	if errors.Is(err, os.ErrNotExist) {
		secret, verifier, err := store.NewTrailKey("portal.bench")
		if err != nil {
			return err
		}
		if err := errors.Join(os.WriteFile(private, []byte(secret), 0o600), os.WriteFile(public, []byte(verifier), 0o600)); err != nil {
			return fmt.Errorf("keep the bench's keys: %w", err)
		}
		text = []byte(secret)
	} else if err != nil {
		return fmt.Errorf("read the bench's keys: %w", err)
	}
	if b.signer, err = store.ParseTrailSigner(string(text)); err != nil {
		return err
	}
	if text, err = os.ReadFile(public); err != nil {
		return fmt.Errorf("read the bench's keys: %w", err)
	}
	b.keys, err = store.ParseTrailKeys(string(text))
	return err
}

// nowhere takes every checkpoint: what is measured is not the disk of a sink.
type nowhere struct{}

func (nowhere) Publish(context.Context, store.Checkpoint) error { return nil }

// bills returns a database with so many bills.
func (b *bench) bills(ctx context.Context, rows int) (dsn string, w world, err error) {
	key, err := schemaKey(rows)
	if err != nil {
		return "", w, err
	}
	kind := "bills"
	if rows != b.Rows {
		kind = "many"
	}
	dsn, err = b.cluster.keep(ctx, kind, key, func(dsn string) error {
		b.Progress("Loading %s bills, once.", grouped(int64(rows)))
		began := b.Clock()
		defer func() { b.Progress("Loaded in %s.", b.Clock().Sub(began).Round(time.Second)) }()
		w, err := makeWorld(ctx, dsn)
		if err != nil {
			return err
		}
		return seed(ctx, dsn, seeder{world: w, rows: rows, last: b.Clock().Add(-time.Hour), backlog: kind == "many"}, b.signer, nowhere{})
	})
	if err != nil {
		return "", w, err
	}
	w, err = findWorld(ctx, dsn)
	return dsn, w, err
}

// openSuper opens a pool of the superuser, for anchors and for looking up.
func openSuper(dsn string, conns int) (*sql.DB, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}
