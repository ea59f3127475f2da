package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// ID names a row. Ids are UUIDv7, so they sort by creation and tell a stranger
// nothing.
type ID = uuid.UUID

// NoID means nobody or nothing.
var NoID ID

// NewID makes the id of a new row.
func NewID() ID { return uuid.Must(uuid.NewV7()) }

// Role is the Postgres role a process acts as; each may do only what its
// grants in the migrations say.
type Role string

// The roles of the processes. Owner leaves the login as it is, for migrations
// and maintenance.
const (
	Owner     Role = ""
	Web       Role = "portal_web"
	Worker    Role = "portal_worker"
	Sequencer Role = "portal_sequencer"
)

// Errors that callers tell apart.
var (
	// ErrNotFound: no such row for this merchant, or none at all; the two are
	// deliberately not told apart.
	ErrNotFound = errors.New("not found")
	// ErrBusy: no connection came free, or the database is away. Nothing was written.
	ErrBusy = errors.New("the database is busy or away")
	// ErrUnclear: the answer to COMMIT was lost, and the database stayed away
	// too long to ask it. It may have been written, or not.
	ErrUnclear = errors.New("whether it was saved is not known")
)

// Actor is on whose behalf a transaction runs. The zero Actor sees no
// merchant's rows.
type Actor struct {
	Merchant ID
	Person   ID
	// From and Until are between which times an auditor may look into the trail;
	// zero for everybody else. The database holds them to it by itself: searches
	// begin there, so that they need not walk through what is hidden.
	From, Until time.Time
	// Session, Request and Address go into the audit trail: the session's id
	// (never its token), the request's id and the caller's network address.
	Session string
	Request string
	Address string
	// Trace is the trace that this belongs to, as a traceparent; empty without.
	Trace string
}

// Store is a pool of connections that act as one role.
type Store struct {
	db    *sqlx.DB
	stmts map[string]*sqlx.Stmt // by SQL text
	seal  *Seal
	// markKey makes the blind marks of contacts.
	markKey []byte
	// witnesses must have signed what counts as published, where there are any.
	witnesses WitnessKeys
	// waking: a notification of ApprovedChannel is about to be sent.
	waking  atomic.Bool
	observe func(ctx context.Context, kind string) func(error)
}

// Options of a Store.
type Options struct {
	// MaxConns bounds the pool; 0 means 8. The limit of the plan less four,
	// divided by the number of processes, is a good figure.
	MaxConns int
	// Seal encrypts stored bodies. Without one only their hashes and masked
	// forms are kept.
	Seal *Seal
	// MarkKey makes the blind marks by which sealed contacts are found. It goes
	// with Seal.
	MarkKey []byte
	// Observe, if given, is called when a transaction begins, with "read" or
	// "write", and what it returns when that has ended.
	Observe func(ctx context.Context, kind string) func(error)
	// Witnesses are whose signature a checkpoint must bear before anything is
	// sent on the strength of it. Without any, being published is enough.
	Witnesses WitnessKeys
	// PrepareOnUse leaves each statement unprepared until it is first used. It
	// is for those who use few and live short, such as tests: preparing all
	// costs more than most of them do, and a text that does not fit the schema
	// is not found at the start.
	PrepareOnUse bool
}

// Open connects to the database as role. The DSN must name its sslmode, since
// the driver's default may fall back to plain text.
func Open(ctx context.Context, dsn string, role Role, o Options) (*Store, error) {
	connector, err := newConnector(dsn, role, o.PrepareOnUse)
	if err != nil {
		return nil, err
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	if o.MaxConns == 0 {
		o.MaxConns = 8
	}
	db.SetMaxOpenConns(o.MaxConns)
	db.SetMaxIdleConns(o.MaxConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{db: db, seal: o.Seal, markKey: o.MarkKey, witnesses: o.Witnesses, observe: o.Observe}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to Postgres: %w", err), db.Close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close ends all connections.
func (s *Store) Close() error { return s.db.Close() }

// Query reads within one transaction.
type Query struct {
	ctx   context.Context
	store *Store
	tx    *sqlx.Tx
	actor Actor
}

// Tx writes within one transaction, and can do all that Query can.
type Tx struct {
	*Query
	began  begun
	leaves *leaves // shared with the copies that For makes
	byKey  bool    // see planByKey
}

// Now is the transaction's time by the database's clock, the same for every
// row it writes.
func (t *Tx) Now() time.Time { return t.began.At }

// Actor is on whose behalf the transaction runs.
func (q *Query) Actor() Actor { return q.actor }

// connWait bounds how long a request waits for a connection, so that an
// exhausted pool answers rather than piles up.
const connWait = 3 * time.Second

// Read runs f on one read-only snapshot.
func (s *Store) Read(ctx context.Context, a Actor, f func(*Query) error) (err error) {
	defer s.observed(ctx, "read")(&err)
	tx, err := s.begin(ctx, a, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return err
	}
	defer tx.end()
	q := &Query{ctx, s, tx.Tx, a}
	if err := f(q); err != nil {
		return err
	}
	if err := q.readAlong(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("ending a read: %w", err)
	}
	return nil
}

// observed tells whoever observes the store of a transaction from now to the
// call of what it returns.
func (s *Store) observed(ctx context.Context, kind string) func(*error) {
	if s.observe == nil {
		return func(*error) {}
	}
	ended := s.observe(ctx, kind)
	return func(err *error) { ended(*err) }
}

const maxTries = 5

// Write runs f in a transaction and commits it. A serialization failure or a
// deadlock repeats the whole of f, so f must have no effect besides its Tx.
// When the answer to COMMIT is lost, Write asks the database what became of
// the transaction: it never reports a failure for what was saved, nor success
// for what was not.
func (s *Store) Write(ctx context.Context, a Actor, f func(*Tx) error) error {
	for try := 1; ; try++ {
		err := s.writeOnce(ctx, a, f)
		if err == nil || try == maxTries || !retriable(err) {
			return err
		}
		select {
		case <-time.After(rand.N(time.Duration(try) * 10 * time.Millisecond)): //nolint:gosec // jitter, not a secret
		case <-ctx.Done():
			return err
		}
	}
}

var errRolledBack = errors.New("the transaction was rolled back")

func retriable(err error) bool {
	return errors.Is(err, errRolledBack) ||
		pq.As(err, pqerror.TRSerializationFailure, pqerror.TRDeadlockDetected, pqerror.LockNotAvailable) != nil
}

func (s *Store) writeOnce(ctx context.Context, a Actor, f func(*Tx) error) (err error) {
	defer s.observed(ctx, "write")(&err)
	t := &Tx{leaves: new(leaves)}
	tx, err := s.begin(withBegun(ctx, &t.began), a, nil)
	if err != nil {
		return err
	}
	defer tx.end()
	t.Query = &Query{ctx, s, tx.Tx, a}
	if err := f(t); err != nil {
		return err
	}
	if err := errors.Join(t.planOnce(), t.writeLeaves()); err != nil {
		return err
	}
	err = tx.Commit()
	if err == nil {
		return nil
	}
	if _, refused := errors.AsType[*pq.Error](err); refused {
		return fmt.Errorf("commit: %w", err)
	}
	return s.fate(context.WithoutCancel(ctx), t.began.XID, err)
}

var sqlTxStatus = statement(`SELECT coalesce(pg_xact_status($1::xid8), 'gone')`)

// fate finds out what became of transaction xid after the answer to its COMMIT
// was lost.
func (s *Store) fate(ctx context.Context, xid string, lost error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		var status string
		err := s.Read(ctx, Actor{}, func(q *Query) error { return q.get(&status, sqlTxStatus, xid) })
		switch {
		case err == nil && status == "committed":
			return nil
		case err == nil && status == "aborted":
			return fmt.Errorf("%w: %w", errRolledBack, lost)
		case ctx.Err() != nil:
			return fmt.Errorf("%w: transaction %s: %w", ErrUnclear, xid, lost)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// transaction is a connection on loan with its one transaction.
type transaction struct {
	*sqlx.Tx
	conn *sqlx.Conn
}

// end rolls back what was not committed and gives the connection back.
func (t transaction) end() {
	_ = t.Rollback()   // after Commit there is nothing to roll back
	_ = t.conn.Close() // a broken connection is dropped by the pool
}

func (s *Store) begin(ctx context.Context, a Actor, o *sql.TxOptions) (transaction, error) {
	countTransaction(ctx)
	waiting, cancel := context.WithTimeout(ctx, connWait)
	defer cancel()
	conn, err := s.db.Connx(waiting)
	if err != nil {
		return transaction{}, fmt.Errorf("waiting for a connection: %w", away(ctx, err))
	}
	tx, err := conn.BeginTxx(withActor(ctx, a), o)
	if err != nil {
		return transaction{}, fmt.Errorf("begin: %w", busy(errors.Join(err, conn.Close())))
	}
	return transaction{tx, conn}, nil
}

// away marks an error of getting a connection: whatever it is, the database
// cannot be reached, unless the caller has gone.
func away(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrBusy, err)
}

// busy marks errors that mean the database could not be reached. Whatever else
// goes wrong between the program and the driver is a fault and stays one.
func busy(err error) error {
	if pq.As(err, pqerror.TooManyConnections, pqerror.CannotConnectNow, pqerror.AdminShutdown, pqerror.CrashShutdown, pqerror.DiskFull) != nil {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	if _, network := errors.AsType[net.Error](err); network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
