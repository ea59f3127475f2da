package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
)

// connector opens lib/pq connections that act as one role and whose BEGIN
// carries the acting merchant and person in the same round trip.
type connector struct {
	*pq.Connector
	prepareOnUse bool
}

var errNoSSLMode = errors.New("the database URL must name its sslmode (require, verify-full, or disable for a local socket)")

func newConnector(dsn string, role Role, prepareOnUse bool) (driver.Connector, error) {
	if !strings.Contains(dsn, "sslmode=") {
		return nil, errNoSSLMode
	}
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("reading the database URL: %w", err)
	}
	if cfg.Runtime == nil {
		cfg.Runtime = map[string]string{}
	}
	if role != Owner {
		cfg.Runtime["role"] = string(role)
		// One plan for each statement, made once: the tests of plans read these
		// very plans, and pages of many statements gain by it. The one search
		// that needs another plan each time says so itself.
		cfg.Runtime["plan_cache_mode"] = "force_generic_plan"
		// Such a plan knows no limit, expects a tenth of the table and looks
		// dear enough to compile, which takes longer than to read a page.
		cfg.Runtime["jit"] = "off"
		// Nor does a page gain by workers: they take longer to start.
		cfg.Runtime["max_parallel_workers_per_gather"] = "0"
	}
	cfg.Runtime["application_name"] = "portal " + string(role)
	// No statement may outlive a browser's patience, and no transaction may
	// sit on its locks while its process is busy elsewhere.
	cfg.Runtime["statement_timeout"] = "15s"
	cfg.Runtime["lock_timeout"] = "5s"
	cfg.Runtime["idle_in_transaction_session_timeout"] = "30s"
	cfg.BinaryParameters = true
	c, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("reading the database URL: %w", err)
	}
	return connector{c, prepareOnUse}, nil
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	dc, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	pc, ok := dc.(pqConn)
	if !ok {
		return nil, errors.Join(errors.New("this version of lib/pq lacks an interface the store relies on"), dc.Close())
	}
	if c.prepareOnUse {
		return unhurried{conn{pc}}, nil
	}
	return conn{pc}, nil
}

// pqConn is all that database/sql may use of a lib/pq connection; conn passes
// it through unchanged but for BeginTx.
type pqConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.Tx
}

type conn struct{ pqConn }

type actorKey struct{}

func withActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// begun is when a transaction that writes began, and its number.
type begun struct {
	At  time.Time
	XID string
}

type begunKey struct{}

// withBegun has BeginTx say in b what it began.
func withBegun(ctx context.Context, b *begun) context.Context {
	return context.WithValue(ctx, begunKey{}, b)
}

// BeginTx implements driver.ConnBeginTx.
func (c conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	if !ok {
		return nil, errors.New("a transaction was begun without its actor")
	}
	mode := "READ WRITE"
	if o.ReadOnly {
		mode = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
	}
	// The settings end with the transaction, so a pooled connection never
	// carries one merchant's context into another's request.
	begin := "BEGIN " + mode + "; SET LOCAL portal.merchant = " + setting(a.Merchant) + "; SET LOCAL portal.person = " + setting(a.Person)
	if b, ok := ctx.Value(begunKey{}).(*begun); ok {
		if err := c.beginAsking(ctx, begin, b); err != nil {
			return nil, err
		}
		return c, nil
	}
	if _, err := c.ExecContext(ctx, begin, nil); err != nil {
		return nil, err
	}
	return c, nil
}

// beginAsking begins, and asks for the transaction's time and number in the
// same round trip.
func (c conn) beginAsking(ctx context.Context, begin string, b *begun) error {
	rows, err := c.QueryContext(ctx, begin+"; SELECT now(), pg_current_xact_id()::text", nil)
	if err != nil {
		return err
	}
	var row [2]driver.Value
	err = rows.Next(row[:])
	if err := errors.Join(err, rows.Close()); err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}
	at, known := row[0].(time.Time)
	xid, named := row[1].(string)
	if !known || !named {
		return fmt.Errorf("a transaction began at %v as %v", row[0], row[1])
	}
	*b = begun{at, xid}
	return nil
}

func setting(id ID) string {
	if id == NoID {
		return "''"
	}
	return pq.QuoteLiteral(id.String())
}
