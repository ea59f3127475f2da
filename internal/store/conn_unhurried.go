package store

import (
	"context"
	"database/sql/driver"
	"errors"
)

// unhurried is a connection whose statements are prepared when they are first
// used.
type unhurried struct{ conn }

// PrepareContext implements driver.ConnPrepareContext.
func (c unhurried) PrepareContext(_ context.Context, text string) (driver.Stmt, error) {
	return &unhurriedStmt{conn: c.conn, text: text}, nil
}

// pqStmt is what database/sql uses of a statement of lib/pq.
type pqStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// unhurriedStmt is one statement of one connection, and like that used by one
// goroutine at a time.
type unhurriedStmt struct {
	conn     conn
	text     string
	prepared pqStmt // nil until it is used
}

func (s *unhurriedStmt) prepare(ctx context.Context) (pqStmt, error) {
	if s.prepared != nil {
		return s.prepared, nil
	}
	made, err := s.conn.PrepareContext(ctx, s.text)
	if err != nil {
		return nil, err
	}
	st, ok := made.(pqStmt)
	if !ok {
		return nil, errors.Join(errors.New("this version of lib/pq lacks an interface the store relies on"), made.Close())
	}
	s.prepared = st
	return st, nil
}

// ExecContext implements driver.StmtExecContext.
func (s *unhurriedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	st, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args)
}

// QueryContext implements driver.StmtQueryContext.
func (s *unhurriedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	st, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args)
}

var errNoContext = errors.New("statements are used with a context")

// Exec implements driver.Stmt; database/sql calls ExecContext.
func (s *unhurriedStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errNoContext }

// Query implements driver.Stmt; database/sql calls QueryContext.
func (s *unhurriedStmt) Query([]driver.Value) (driver.Rows, error) { return nil, errNoContext }

// NumInput implements driver.Stmt: only Postgres knows how many, and will say.
func (s *unhurriedStmt) NumInput() int { return -1 }

// Close implements driver.Stmt.
func (s *unhurriedStmt) Close() error {
	if s.prepared == nil {
		return nil
	}
	return s.prepared.Close()
}
