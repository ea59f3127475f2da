package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/lib/pq"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"
)

// spanSize is how many leaves are read and hashed at once.
const spanSize = 4096

// span is a stretch of the trail: what was found of the leaves from first to
// before limit, and of the tree's hashes that came with them.
type span struct {
	first, limit int64
	now          time.Time
	found        []leafFacts
	hashes       []storedHash // from the place of the first leaf's own hash on
}

type storedHash struct {
	there bool
	hash  tlog.Hash
}

// leafFacts is all that the walk needs of a leaf.
type leafFacts struct {
	there bool
	hash  tlog.Hash // of its bytes, computed here
	at    time.Time
	wrong string // how its columns differ from its bytes
}

func (s *span) leafAt(i int64) (leafFacts, bool) {
	l := s.found[i-s.first]
	return l, l.there
}

func (s *span) hashAt(i int64) (tlog.Hash, bool) {
	at := i - tlog.StoredHashCount(s.first)
	if at < 0 || at >= int64(len(s.hashes)) {
		return tlog.Hash{}, false
	}
	return s.hashes[at].hash, s.hashes[at].there
}

// spans reads the trail with as many connections as there are processors, all
// on the snapshot of the walk, and hands the spans to f in order. Only a few
// are in memory at a time.
func (w *walk) spans(x trailExtent, f func(span) error) error {
	workers := max(1, min(cmp.Or(w.readers, runtime.GOMAXPROCS(0)), w.q.store.db.Stats().MaxOpenConnections-1))
	g, ctx := errgroup.WithContext(w.q.ctx)
	type job struct {
		first int64
		done  chan span
	}
	jobs := make(chan job)
	order := make(chan chan span, 2*workers)
	g.Go(func() error {
		defer close(jobs)
		defer close(order)
		for first := w.from; first < w.end; first += spanSize {
			done := make(chan span, 1)
			for _, send := range []func() error{
				func() error { return sendTo(ctx, order, done) },
				func() error { return sendTo(ctx, jobs, job{first, done}) },
			} {
				if err := send(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	for range workers {
		g.Go(func() error {
			return w.q.store.Read(ctx, Actor{}, func(q *Query) error {
				if _, err := q.tx.ExecContext(ctx, `SET TRANSACTION SNAPSHOT `+pq.QuoteLiteral(x.Snapshot)); err != nil {
					return fmt.Errorf("joining the snapshot: %w", err)
				}
				for j := range jobs {
					s, err := q.span(j.first, min(j.first+spanSize, w.end))
					if err != nil {
						return err
					}
					s.now = x.Now
					j.done <- s
				}
				return nil
			})
		})
	}
	g.Go(func() error {
		for done := range order {
			select {
			case s := <-done:
				if err := f(s); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return g.Wait()
}

func sendTo[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

const leafRecordColumns = `id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes, coalesce(idx, -1)`

var (
	sqlLeafSpan   = statement(`SELECT ` + leafRecordColumns + ` FROM audit_leaves WHERE idx >= $1 AND idx < $2`)
	sqlUnnumbered = statement(`SELECT ` + leafRecordColumns + ` FROM audit_leaves WHERE idx IS NULL ORDER BY at, id`)
	// One value for a whole span: as rows the hashes would take longer than the leaves.
	sqlHashSpan = statement(`SELECT coalesce(string_agg(int8send(i) || hash, ''::bytea), ''::bytea) FROM audit_hashes WHERE i >= $1 AND i < $2`)
)

func (q *Query) span(first, limit int64) (span, error) {
	s := span{first: first, limit: limit, found: make([]leafFacts, limit-first)}
	err := q.eachLeaf(sqlLeafSpan, func(l *leafRecord) {
		s.found[l.Idx-first] = leafFacts{there: true, hash: l.hash(), at: l.At, wrong: l.misread()}
	}, first, limit)
	if err != nil {
		return s, err
	}
	var packed []byte
	from, to := tlog.StoredHashCount(first), tlog.StoredHashCount(limit)
	if err := q.get(&packed, sqlHashSpan, from, to); err != nil {
		return s, fmt.Errorf("reading the tree: %w", err)
	}
	const record = 8 + tlog.HashSize
	s.hashes = make([]storedHash, to-from)
	for ; len(packed) >= record; packed = packed[record:] {
		i := int64(binary.BigEndian.Uint64(packed))
		s.hashes[i-from] = storedHash{true, tlog.Hash(packed[8:record])}
	}
	return s, nil
}

// leafRecord is a row of audit_leaves.
type leafRecord struct {
	Leaf
	Bytes []byte
	Idx   int64
}

// eachLeaf calls f for each row; the record is the same one each time.
func (q *Query) eachLeaf(query string, f func(*leafRecord), args ...any) error {
	rows, err := q.stmt(query).QueryContext(q.ctx, args...)
	if err != nil {
		return fmt.Errorf("reading leaves: %w", busy(err))
	}
	defer func() { _ = rows.Close() }() // what went wrong is in Err
	var l leafRecord
	for rows.Next() {
		err := rows.Scan(&l.ID, &l.At, &l.Merchant, &l.Person, &l.Session, &l.Request, &l.Address, &l.Action, &l.Subject, &l.Bytes, &l.Idx)
		if err != nil {
			return fmt.Errorf("reading leaves: %w", err)
		}
		f(&l)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading leaves: %w", err)
	}
	return nil
}

// hash is RFC 6962's hash of a leaf.
func (l *leafRecord) hash() tlog.Hash { return tlog.RecordHash(l.Bytes) }

// misread says how the columns that people read differ from the bytes that
// were hashed; empty if they do not. The bytes must be just what Audit would
// write of those columns, so nothing can hide beside them.
func (l *leafRecord) misread() string {
	// Writing is three times as fast as reading, and is nearly always enough.
	if _, rest, ok := bytes.Cut(l.Bytes, []byte(`,"detail":`)); ok && l.written(Leaf{Version: 1, Detail: rest[:max(len(rest)-1, 0)]}) {
		return ""
	}
	var hashed Leaf
	if err := json.Unmarshal(l.Bytes, &hashed); err != nil {
		return "cannot be read"
	}
	if l.written(hashed) {
		return ""
	}
	for _, c := range []struct {
		name string
		same bool
	}{
		{"id", hashed.ID == l.ID},
		{"time", hashed.At.Equal(l.At)},
		{"merchant", hashed.Merchant == l.Merchant},
		{"person", hashed.Person == l.Person},
		{"session", hashed.Session == l.Session},
		{"request", hashed.Request == l.Request},
		{"address", hashed.Address == l.Address},
		{"action", hashed.Action == l.Action},
		{"subject", hashed.Subject == l.Subject},
	} {
		if !c.same {
			return "shows another " + c.name + " than was hashed"
		}
	}
	return "is not written as the portal writes leaves"
}

// written reports that like, with the values of the columns in place of its
// own, is written as the bytes that were hashed.
func (l *leafRecord) written(like Leaf) bool {
	like.ID, like.At, like.Merchant, like.Person = l.ID, l.At.UTC(), l.Merchant, l.Person
	like.Session, like.Request, like.Address, like.Action, like.Subject = l.Session, l.Request, l.Address, l.Action, l.Subject
	text, err := json.Marshal(like)
	return err == nil && bytes.Equal(text, l.Bytes)
}
