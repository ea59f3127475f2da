package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Sequencing says how Sequence works.
type Sequencing struct {
	// Signers sign every checkpoint; the first one's name is the trail's. While
	// one key takes over from another, both sign.
	Signers []note.Signer
	// Sinks get every checkpoint. At least one must have taken it before its
	// leaves count as published.
	Sinks []Publisher
	// Witness, which may be nil, cosigns every checkpoint. Where there is one,
	// leaves count as published only with its signature.
	Witness Cosigner
	// Wake, which may be nil, ends a pause at once. Send without blocking on a
	// channel with room for one.
	Wake <-chan struct{}
	// Pause between looks for new leaves; 0 means 50 ms.
	Pause time.Duration
	// Batch is how many leaves are numbered at once; 0 means 10,000.
	Batch int
	Log   *slog.Logger
}

func (o *Sequencing) complete() error {
	if len(o.Signers) == 0 || len(o.Sinks) == 0 && o.Witness == nil {
		return errors.New("the audit trail needs a key to sign its checkpoints and somewhere to publish them")
	}
	if o.Pause == 0 {
		o.Pause = 50 * time.Millisecond
	}
	if o.Batch == 0 {
		o.Batch = 10_000
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

const (
	// sequencerLock is the session advisory lock of the one sequencer at work.
	sequencerLock = 7_221_043
	// standbyPause is between two tries to take over. A standby tries and does
	// not queue, because a waiting statement keeps Postgres from cleaning up.
	standbyPause = 250 * time.Millisecond
	// afterFailure is the pause after losing the database, and between tries of
	// sinks that are away.
	afterFailure = time.Second
)

// Sequence numbers committed leaves, extends the tree and publishes its signed
// heads until ctx is done. Any number of processes may run it: one works, the
// others wait for its database session to end. It returns an error only for
// what a person must look at: ErrTrailBroken, or options that cannot work.
func (s *Store) Sequence(ctx context.Context, o Sequencing) error {
	if err := o.complete(); err != nil {
		return err
	}
	for {
		err := s.sequence(ctx, o)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it was asked to stop
		case errors.Is(err, ErrTrailBroken):
			return err
		}
		o.Log.WarnContext(ctx, "the audit sequencer lost its session and starts again", "error", err)
		select {
		case <-time.After(afterFailure):
		case <-ctx.Done():
		}
	}
}

// sequence works on one connection. Its lock and all that it writes live and
// die with that one session, so a sequencer that lost its lock cannot write.
func (s *Store) sequence(ctx context.Context, o Sequencing) error {
	conn, err := s.db.Connx(ctx)
	if err != nil {
		return fmt.Errorf("connecting to sequence: %w", err)
	}
	defer discard(conn)
	if err := awaitTurn(ctx, conn); err != nil {
		return fmt.Errorf("waiting to sequence: %w", err)
	}
	q := &sequencer{Sequencing: o, store: s, conn: conn, away: make([]bool, len(o.Sinks))}
	if err := q.load(ctx); err != nil {
		return err
	}
	return q.run(ctx)
}

// discard ends the session itself: given back to the pool it would keep the lock.
func discard(conn *sqlx.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// sequencerSession makes the server end the session of a process that is cut
// off or frozen, so that another takes over.
const sequencerSession = `SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET idle_session_timeout = '60s'`

func awaitTurn(ctx context.Context, conn *sqlx.Conn) error {
	if _, err := conn.ExecContext(ctx, sequencerSession); err != nil {
		return err
	}
	poll := time.NewTicker(standbyPause)
	defer poll.Stop()
	for {
		var mine bool
		if err := conn.GetContext(ctx, &mine, `SELECT pg_try_advisory_lock($1)`, sequencerLock); err != nil || mine {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// sequencer is the state of the one at work. The trail changes through it only,
// so it reads the trail once and remembers.
type sequencer struct {
	Sequencing
	store *Store
	conn  *sqlx.Conn

	head      Checkpoint // the newest one committed
	tree      *tree
	published int64            // the size published for certain
	away      []bool           // which sinks did not take the last one
	alone     bool             // the witness did not sign the last one
	retry     <-chan time.Time // set when all were away: comes when to ask again
}

var (
	sqlTrailHead = statement(`SELECT note, published_at IS NOT NULL AS published FROM audit_checkpoints ORDER BY size DESC LIMIT 1`)
	sqlTrailEnds = statement(`
		SELECT (SELECT coalesce(max(idx) + 1, 0) FROM audit_leaves) AS leaves, (SELECT coalesce(max(i) + 1, 0) FROM audit_hashes) AS hashes`)
	sqlStoredHashes = statement(`
		SELECT h.hash FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (i, n) JOIN audit_hashes h USING (i) ORDER BY wanted.n`)
)

// load finds where the trail ends, and refuses to go on from an end that does
// not fit together.
func (q *sequencer) load(ctx context.Context) error {
	return q.tx(ctx, func(t *Tx) error {
		var head struct {
			Note      string
			Published bool
		}
		var ends struct{ Leaves, Hashes int64 }
		err := t.get(&head, sqlTrailHead)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("reading the newest checkpoint: %w", err)
		}
		q.head = Checkpoint{}
		if err == nil {
			if q.head, err = parseCheckpoint(head.Note); err != nil {
				return fmt.Errorf("%w: %w", ErrTrailBroken, err)
			}
		}
		if err := t.get(&ends, sqlTrailEnds); err != nil {
			return fmt.Errorf("finding the end of the trail: %w", err)
		}
		size := q.head.Size
		if ends.Leaves != size || ends.Hashes != tlog.StoredHashCount(size) {
			return fmt.Errorf("%w: the newest checkpoint has %d leaves, the table %d numbered ones and %d hashes", ErrTrailBroken, size, ends.Leaves, ends.Hashes)
		}
		tree, root, err := loadTree(size, t.storedHashes)
		if err != nil {
			return err
		}
		q.tree = tree
		if size > 0 && (root != q.head.Root || q.head.Origin != q.Signers[0].Name()) {
			return fmt.Errorf("%w: the newest checkpoint is of another trail", ErrTrailBroken)
		}
		return nil
	})
}

// storedHashes reads hashes of the tree by their places.
func (q *Query) storedHashes(indexes []int64) ([]tlog.Hash, error) {
	var rows [][]byte
	if err := q.all(&rows, sqlStoredHashes, pq.Array(indexes)); err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	if len(rows) != len(indexes) {
		return nil, fmt.Errorf("%w: %d of %d hashes of the tree are missing", ErrTrailBroken, len(indexes)-len(rows), len(indexes))
	}
	hashes := make([]tlog.Hash, len(rows))
	for n, row := range rows {
		copy(hashes[n][:], row)
	}
	return hashes, nil
}

// tx runs f in a transaction on the kept connection.
func (q *sequencer) tx(ctx context.Context, f func(*Tx) error) error {
	tx, err := q.conn.BeginTxx(withActor(ctx, Actor{}), nil)
	if err != nil {
		return fmt.Errorf("begin: %w", busy(err))
	}
	defer func() { _ = tx.Rollback() }() // after Commit there is nothing to roll back
	if err := f(&Tx{Query: &Query{ctx: ctx, store: q.store, tx: tx}}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		// Whether it was saved is found out by loading the trail afresh.
		return fmt.Errorf("commit: %w", busy(err))
	}
	return nil
}

func (q *sequencer) run(ctx context.Context) error {
	// Even what was published: a sink that knows better must say so before
	// anything is built on a trail that was set back.
	if err := q.publish(ctx); err != nil {
		return err
	}
	for {
		n, err := q.number(ctx)
		if err != nil {
			return err
		}
		if q.published < q.head.Size && q.mayPublish() {
			if err := q.publish(ctx); err != nil {
				return err
			}
		}
		if n == q.Batch {
			continue
		}
		if err := q.rest(ctx); err != nil {
			return err
		}
	}
}

// mayPublish is false for a while after all sinks were away.
func (q *sequencer) mayPublish() bool {
	if q.retry == nil {
		return true
	}
	select {
	case <-q.retry:
		q.retry = nil
		return true
	default:
		return false
	}
}

func (q *sequencer) rest(ctx context.Context) error {
	pause := time.NewTimer(q.Pause)
	defer pause.Stop()
	select {
	case <-q.Wake:
	case <-pause.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}
