package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// statements are all the SQL texts of this package. Open prepares every one, so
// a text that does not fit the schema stops the program at its start, and no
// request ever waits for a second connection to prepare something.
var statements []string

// statement registers a SQL text. A prepared statement is about 1.6 times as
// fast as one that is parsed each time.
func statement(text string) string {
	statements = append(statements, text)
	return text
}

func (s *Store) prepare(ctx context.Context) error {
	s.stmts = make(map[string]*sqlx.Stmt, len(statements))
	for _, text := range statements {
		st, err := s.db.PreparexContext(ctx, text) //nolint:sqlclosecheck // closed with the pool
		if err != nil {
			return fmt.Errorf("preparing %q: %w", text, err)
		}
		s.stmts[text] = st
	}
	return nil
}

// stmt binds a registered statement to this transaction; database/sql prepares
// it on the connection when that connection has not seen it yet.
func (q *Query) stmt(text string) *sqlx.Stmt {
	countStatement(q.ctx)
	return q.tx.StmtxContext(q.ctx, q.store.stmts[text])
}

// get reads one row into dest; no row is ErrNotFound.
func (q *Query) get(dest any, query string, args ...any) error {
	err := q.stmt(query).GetContext(q.ctx, dest, args...) //nolint:sqlclosecheck // closed with the transaction
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return refused(err)
}

// all reads every row into dest, a pointer to a slice.
func (q *Query) all(dest any, query string, args ...any) error {
	return refused(q.stmt(query).SelectContext(q.ctx, dest, args...)) //nolint:sqlclosecheck // closed with the transaction
}

// row reads one row; none is ErrNotFound.
func row[T any](q *Query, query string, args ...any) (T, error) {
	var v T
	err := q.get(&v, query, args...)
	if s, ok := any(&v).(sealedRow); ok && err == nil {
		err = s.reveal(q)
	}
	return v, err
}

// sealedRow is a row some columns of which stand sealed.
type sealedRow interface{ reveal(q *Query) error }

// rows reads every row, right into its place in the list: sqlx.Select makes
// each row first and copies it then.
func rows[T any](q *Query, query string, args ...any) (list []T, err error) {
	found, err := q.stmt(query).QueryxContext(q.ctx, args...) //nolint:sqlclosecheck // closed with the transaction
	if err != nil {
		return nil, refused(err)
	}
	defer func() { _ = found.Close() }() // Err has said what there is to say
	whole := plain[T]()
	for found.Next() {
		if len(list) == cap(list) {
			list = slices.Grow(list, max(8, len(list)))
		}
		list = list[:len(list)+1]
		if whole {
			err = found.Scan(&list[len(list)-1])
		} else {
			err = found.StructScan(&list[len(list)-1])
		}
		if err != nil {
			return nil, refused(err)
		}
	}
	if err := found.Err(); err != nil {
		return list, refused(err)
	}
	for n := range list {
		s, ok := any(&list[n]).(sealedRow)
		if !ok {
			break
		}
		if err := s.reveal(q); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// plain reports whether T is one column, and not a struct of several.
func plain[T any]() bool {
	t := reflect.TypeFor[T]()
	return t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]() || reflect.PointerTo(t).Implements(reflect.TypeFor[sql.Scanner]())
}

// exec runs a statement and returns how many rows it touched.
func (t *Tx) exec(query string, args ...any) (int64, error) {
	res, err := t.stmt(query).ExecContext(t.ctx, args...)
	if err != nil {
		return 0, refused(err)
	}
	return res.RowsAffected()
}

// one runs a statement that must touch exactly one row; none is ErrStale: the
// row is no longer as the caller saw it.
func (t *Tx) one(query string, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n != 1 {
		return ErrStale
	}
	return err
}

// ErrStale means the row changed since the caller looked.
var ErrStale = errors.New("changed meanwhile")

// ConstraintError is a rule of the schema that refused a change. Name is the
// constraint's, which the edge maps to a field or a sentence.
type ConstraintError struct {
	Name string
	Err  error
}

// Error implements error.
func (e *ConstraintError) Error() string { return "refused by " + e.Name + ": " + e.Err.Error() }

// Unwrap returns the driver's error.
func (e *ConstraintError) Unwrap() error { return e.Err }

// Violated reports whether err is a refusal by the named constraint.
func Violated(err error, constraint string) bool {
	c, ok := errors.AsType[*ConstraintError](err)
	return ok && c.Name == constraint
}

// Bounded reports whether err says that there are as many of something as there
// may be.
func Bounded(err error) bool {
	c, ok := errors.AsType[*ConstraintError](err)
	return ok && strings.HasSuffix(c.Name, "_are_bounded")
}

func refused(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*pq.Error](err); ok && e.Constraint != "" {
		return &ConstraintError{Name: e.Constraint, Err: err}
	}
	return busy(err)
}
