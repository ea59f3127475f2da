package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"portal/internal/store"
)

// writers is how many write at once.
const writers = 16

// anchorTables are a bare table of leaves, and one that chains them under one
// lock: the two ends between which the trail lies.
const anchorTables = `
	CREATE TABLE IF NOT EXISTS plain_leaves (
		id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), merchant_id uuid, person_id uuid, session_id text, request_id text,
		address text, action text, subject text, bytes bytea NOT NULL);
	CREATE TABLE IF NOT EXISTS chained_leaves (
		idx bigint PRIMARY KEY, id uuid, at timestamptz NOT NULL DEFAULT now(), merchant_id uuid, person_id uuid, session_id text, request_id text,
		address text, action text, subject text, bytes bytea NOT NULL, hash bytea NOT NULL);
	CREATE OR REPLACE FUNCTION chain_leaf(uuid, uuid, uuid, text, text, text, text, text, bytea) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		last record;
	BEGIN
		PERFORM pg_advisory_xact_lock(1);
		SELECT idx, hash INTO last FROM chained_leaves ORDER BY idx DESC LIMIT 1;
		INSERT INTO chained_leaves (idx, id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes, hash)
		VALUES (coalesce(last.idx, 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, sha256(coalesce(last.hash, '') || $9));
	END $$`

const (
	insertPlain = `
		INSERT INTO plain_leaves (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	insertChained = `SELECT chain_leaf($1, $2, $3, $4, $5, $6, $7, $8, $9)`
)

// commits is the anchor of all that writes: one prepared INSERT of a leaf in
// a transaction, by 16 clients.
func (b *bench) commits(name string, db *sql.DB, w world, statement string) subject {
	s := seeder{world: w}
	return subject{name, func(ctx context.Context) (result, error) {
		prepared, err := db.PrepareContext(ctx, statement)
		if err != nil {
			return result{}, err
		}
		defer func() { _ = prepared.Close() }() // the server forgets it with the pool
		return b.write(ctx, func(ctx context.Context) error {
			row, err := s.leaf(b.Clock(), w.maker, "presentment.edited", store.About("presentment", store.NewID()), leafDetail)
			if err != nil {
				return err
			}
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer func() { _ = tx.Rollback() }() // after Commit there is nothing to roll back
			// The time is the database's.
			row = append(row[:1], row[2:]...)
			if _, err := tx.StmtContext(ctx, prepared).ExecContext(ctx, row...); err != nil { //nolint:sqlclosecheck // closed with its transaction
				return err
			}
			return tx.Commit()
		})
	}}
}

// leafDetail is as long as what an edit leaves.
var leafDetail = map[string]any{"document_number": "INV-2026-0001", "total_satang": 1070000, "lines": 3, "buyer_name": "บริษัท ผู้ซื้อตัวอย่าง จำกัด"}

// write has all writers do something again and again for so long.
func (b *bench) write(ctx context.Context, do func(context.Context) error) (result, error) {
	group, ctx := errgroup.WithContext(ctx)
	began := b.Clock()
	end := began.Add(b.long)
	latencies := make([]histogram, writers)
	for i := range latencies {
		group.Go(func() error {
			for at := b.Clock(); at.Before(end); {
				if err := do(ctx); err != nil {
					return err
				}
				done := b.Clock()
				latencies[i].add(done.Sub(at))
				at = done
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return result{}, err
	}
	var all histogram
	for i := range latencies {
		all.merge(&latencies[i])
	}
	return result{Rate: float64(all.n) / b.Clock().Sub(began).Seconds(), P50: all.quantile(0.5), P99: all.quantile(0.99)}, nil
}

// trailSite is a database with people, an empty trail and the anchors' tables.
func (b *bench) trailSite(ctx context.Context, name string) (dsn string, w world, drop func() error, err error) {
	key, err := schemaKey(0)
	if err != nil {
		return "", w, nil, err
	}
	empty, err := b.cluster.keep(ctx, "empty", key, func(dsn string) error {
		_, err := makeWorld(ctx, dsn)
		return err
	})
	if err != nil {
		return "", w, nil, err
	}
	if dsn, drop, err = b.cluster.copied(ctx, empty, name); err != nil {
		return "", w, nil, err
	}
	w, err = findWorld(ctx, dsn)
	return dsn, w, drop, err
}

// trail measures what the audit trail costs: goal 9.
func (b *bench) trail(ctx context.Context) (rows []Row, err error) {
	dsn, w, drop, err := b.trailSite(ctx, "trail_now")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	super, err := openSuper(dsn, writers)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	if _, err := super.ExecContext(ctx, anchorTables); err != nil {
		return nil, fmt.Errorf("make the anchors' tables: %w", err)
	}
	web, err := store.Open(ctx, dsn, store.Web, store.Options{MaxConns: writers})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, web.Close()) }()

	actor := store.Actor{Merchant: w.merchant, Person: w.maker, Session: "bench", Request: "bench", Address: "192.0.2.1"}
	audited := func(ctx context.Context, action string) (result, error) {
		return b.write(ctx, func(ctx context.Context) error {
			return web.Write(ctx, actor, func(tx *store.Tx) error {
				return tx.Audit(action, store.About("presentment", store.NewID()), leafDetail)
			})
		})
	}
	m, err := b.rounds(ctx,
		b.commits("anchor INSERT", super, w, insertPlain),
		b.commits("anchor chain under one lock", super, w, insertChained),
		subject{"audited writes, unsealed", func(ctx context.Context) (result, error) { return audited(ctx, "bench.unsealed") }},
		subject{"audited writes, sealed", func(ctx context.Context) (result, error) {
			// What an unsealed round left is not part of a sealed one.
			if err := sequence(ctx, dsn, b.signer, nowhere{}); err != nil {
				return result{}, err
			}
			stop, err := b.sequencing(ctx, dsn, nil)
			if err != nil {
				return result{}, err
			}
			r, err := audited(ctx, sealedAction)
			return r, errors.Join(err, stop())
		}})
	if err != nil {
		return nil, err
	}
	if err := sequence(ctx, dsn, b.signer, nowhere{}); err != nil {
		return nil, err
	}
	lag, err := sealLag(ctx, super)
	if err != nil {
		return nil, err
	}
	one := func(i int) string { return perSecond(m.rate(i), "commits/s") + ", " + latency(m.typical(i).result) }
	return []Row{
		Row{Goal: 9, What: "audited writes while a sequencer runs", Got: one(3), Against: "plain INSERT " + one(0)}.
			judged(m.ratio(3, 0, rateOf), atLeast(0.95)).calm(m.disturbed(0, 3)),
		Row{Goal: 9, What: "the same beside unsealed ones: what sealing costs", Got: one(3), Against: "unsealed " + one(2)}.
			judged(m.ratio(3, 2, rateOf), atLeast(0.95)).calm(m.disturbed(2, 3)),
		Row{Goal: 9, What: "the same beside a chain under one lock", Got: one(3), Against: "chain " + one(1)}.
			judged(m.ratio(3, 1, rateOf), atLeast(5)).calm(m.disturbed(1, 3)),
		Row{Goal: 9, What: "seal lag p99, ms", Got: fmt.Sprintf("%.0f ms", lag.Seconds()*1000)}.
			judged(lag.Seconds()*1000, atMost(250)),
	}, nil
}

// sequencing runs a sequencer as the worker process does. It is stopped when it
// has caught up: what it left would wait for the next round, and the rest
// between would count as its lag.
func (b *bench) sequencing(ctx context.Context, dsn string, wake <-chan struct{}) (stop func() error, err error) {
	s, err := store.Open(ctx, dsn, store.Sequencer, store.Options{MaxConns: 2})
	if err != nil {
		return nil, err
	}
	working, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		done <- s.Sequence(working, store.Sequencing{Signers: []note.Signer{b.signer}, Sinks: []store.Publisher{nowhere{}}, Wake: wake})
	}()
	return func() error {
		err := sealed(ctx, dsn, done)
		cancel()
		return errors.Join(err, <-done, s.Close())
	}, nil
}

// sealedAction marks the leaves that were written while a sequencer ran.
const sealedAction = "bench.sealed"

// sealLag is the time from a leaf's transaction to the publication of the
// first checkpoint that covers it, for 99 of 100 leaves.
func sealLag(ctx context.Context, super *sql.DB) (time.Duration, error) {
	var micros int64
	err := super.QueryRowContext(ctx, `
		WITH checkpoints AS (
			SELECT lag(size, 1, 0::bigint) OVER (ORDER BY size) AS first, size, published_at FROM audit_checkpoints WHERE published_at IS NOT NULL
		)
		SELECT (extract(epoch FROM percentile_disc(0.99) WITHIN GROUP (ORDER BY c.published_at - l.at)) * 1000000)::bigint
		FROM checkpoints c JOIN audit_leaves l ON l.idx >= c.first AND l.idx < c.size WHERE l.action = $1`, sealedAction).Scan(&micros)
	if err != nil {
		return 0, fmt.Errorf("measure the lag of seals: %w", err)
	}
	return time.Duration(micros) * time.Microsecond, nil
}
