package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Moment is where a database stands at one moment: what a backup of it must
// hold, and what a restored one is compared with.
type Moment struct {
	At         time.Time `json:"at"`
	Schema     int64     `json:"schema"`   // the newest migration
	Postgres   int       `json:"postgres"` // the server's version, as 150018
	Size       int64     `json:"size"`     // numbered leaves
	Root       tlog.Hash `json:"root"`
	Unnumbered int64     `json:"unnumbered"`
	// Checkpoint is the signed text of the newest one; empty for a trail that
	// has none yet.
	Checkpoint string `json:"checkpoint"`
}

var (
	sqlMoment = statement(`
		SELECT now() AS at, (SELECT max(version_id) FROM goose_db_version WHERE is_applied) AS schema, current_setting('server_version_num')::int AS postgres,
			(SELECT coalesce(max(idx) + 1, 0) FROM audit_leaves) AS size, (SELECT count(*) FROM audit_leaves WHERE idx IS NULL) AS unnumbered`)
	sqlExportSnapshot = statement(`SELECT pg_export_snapshot()`)
)

// Moment reads where the database stands.
func (q *Query) Moment() (s Moment, err error) {
	if err := q.get(&s, sqlMoment); err != nil {
		return s, fmt.Errorf("reading where the database stands: %w", err)
	}
	if s.Root, err = q.RootAt(s.Size); err != nil {
		return s, err
	}
	if err := q.get(&s.Checkpoint, sqlNewestNote); err != nil && !errors.Is(err, ErrNotFound) {
		return s, fmt.Errorf("reading the newest checkpoint: %w", err)
	}
	return s, nil
}

// RootAt is what the first size leaves of the stored tree hash to.
func (q *Query) RootAt(size int64) (tlog.Hash, error) {
	_, root, err := loadTree(size, q.storedHashes)
	return root, err
}

// Hold runs f while one snapshot of the database is held, under the name by
// which other sessions may read the very same.
func (s *Store) Hold(ctx context.Context, f func(ctx context.Context, snapshot string, at Moment) error) error {
	return s.Read(ctx, Actor{}, func(q *Query) error {
		if _, err := q.tx.ExecContext(ctx, `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
			return fmt.Errorf("preparing to hold a snapshot: %w", err)
		}
		at, err := q.Moment()
		if err != nil {
			return err
		}
		snapshot, err := row[string](q, sqlExportSnapshot)
		if err != nil {
			return fmt.Errorf("holding a snapshot: %w", err)
		}
		return f(ctx, snapshot, at)
	})
}

// AnchorLine is the newest checkpoint as a line of a file of checkpoints.
func (s Moment) AnchorLine() ([]byte, error) {
	return lineOf(Checkpoint{Size: s.Size, Note: s.Checkpoint})
}
