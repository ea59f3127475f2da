package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"portal/internal/store"
)

// dropIndexes drops every index that no constraint is made of, and returns how
// to make them again.
func dropIndexes(ctx context.Context, db *sql.DB) (again []string, err error) {
	const loose = `FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		WHERE c.relnamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)`
	if again, err = column[string](ctx, db, `SELECT pg_get_indexdef(i.indexrelid) `+loose+` ORDER BY c.relname`); err != nil {
		return nil, fmt.Errorf("list the indexes: %w", err)
	}
	names, err := column[string](ctx, db, `SELECT i.indexrelid::regclass::text `+loose)
	if err != nil {
		return nil, fmt.Errorf("list the indexes: %w", err)
	}
	for _, name := range names {
		if _, err := db.ExecContext(ctx, "DROP INDEX "+name); err != nil {
			return nil, fmt.Errorf("drop an index: %w", err)
		}
	}
	return again, nil
}

// inPairs runs statements two at a time.
func inPairs(ctx context.Context, db *sql.DB, statements []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for _, text := range statements {
		group.Go(func() error {
			if _, err := db.ExecContext(ctx, text); err != nil {
				return fmt.Errorf("%.60s: %w", text, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// derived fills what follows from the bills, their instructions and the trail,
// as triggers and people would have. @shop and so on are ids of the world.
var derived = []string{
	`INSERT INTO presentment_search (presentment_id, merchant_id, state, document_on, words, due_on, document_number, buyer_name, buyer_tax_id, total_satang,
			state_since, created_by, buyer_decision)
		SELECT id, merchant_id, state, document_on, lower(document_number || ' ' || buyer_name || ' ' || buyer_tax_id || ' ' || bank_reference), due_on, document_number,
			buyer_name, buyer_tax_id, total_satang, state_since, created_by, buyer_decision FROM presentments`,
	`INSERT INTO instruction_authors (instruction_id, merchant_id, person_id) SELECT id, merchant_id, maker_id FROM instructions`,
	`INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash, at)
		SELECT id, merchant_id, @checker, maker_id, payload_hash, submitted_at + interval '1 minute' FROM instructions WHERE state <> 'pending'`,
	`INSERT INTO instruction_moves (instruction_id, seq, merchant_id, from_state, to_state, person_id, reason, at)
		SELECT i.id, 1, i.merchant_id, NULL, 'pending', i.maker_id, '', i.submitted_at FROM instructions i
		WHERE i.lead_id IN (SELECT p.entry_id FROM presentment_lines l JOIN presentments p ON p.id = l.presentment_id WHERE l.line_no = 1)`,
	`INSERT INTO file_search (file_id, merchant_id, uploaded_at, words) SELECT id, merchant_id, uploaded_at, lower(name) FROM files`,
	`INSERT INTO bill_tallies (merchant_id, measure, state, on_day, number, satang)
		SELECT merchant_id, m.measure, state, m.on_day, count(*), sum(total_satang)
		FROM presentments CROSS JOIN LATERAL (VALUES
			('state', date '0001-01-01'), ('month', date_trunc('month', document_on)::date), ('due', due_on)) AS m (measure, on_day)
		WHERE m.measure <> 'due' OR buyer_decision <> 'paid' GROUP BY 1, 2, 3, 4`,
	`INSERT INTO approval_tallies (merchant_id, on_day, person_id, number)
		SELECT merchant_id, (submitted_at AT TIME ZONE 'Asia/Bangkok')::date, @checker, count(*) FROM instructions WHERE part = 0 AND state <> 'pending' GROUP BY 1, 2`,
	`INSERT INTO buyers (id, merchant_id, name, tax_id, branch, address, state)
		SELECT gen_random_uuid(), merchant_id, min(buyer_name), buyer_tax_id, '00000', '99 ถนนตัวอย่าง กรุงเทพฯ 10200',
			CASE WHEN right(buyer_tax_id, 1) = '0' THEN 'archived' ELSE 'active' END FROM presentments GROUP BY merchant_id, buyer_tax_id`,
	`INSERT INTO buyer_search (buyer_id, merchant_id, state, sort_name, words, bare, bare_en)
		SELECT id, merchant_id, state, sort_name, concat_ws(' ', buyer_words(name), '', tax_id, branch, '', '', ''), buyer_bare(name), '' FROM buyers`,
	`INSERT INTO callbacks (id, merchant_id, product, received_at, address, headers, body_hash, body_size, refusal, state, state_since, presentment_id,
			bank_reference, status, said_at, event_key)
		SELECT gen_random_uuid(), merchant_id, 'presentment', decided_at, '192.0.2.9', '', sha256(bank_reference::bytea), 400, '',
			CASE WHEN right(bank_reference, 2) = '07' THEN 'quarantined' ELSE 'processed' END, decided_at, id, bank_reference, 'ACPT', decided_at, 'ACPT'
		FROM presentments WHERE buyer_decision <> ''`,
	// The checker was told of what is in the newest leaves, and read most of it.
	`INSERT INTO notices (id, merchant_id, person_id, leaf_id, kind, subject, words, at, read_at)
		SELECT gen_random_uuid(), merchant_id, @checker, id, 'waiting', subject, '{"document": "INV"}', at, CASE WHEN substr(id::text, 36) <> '0' THEN at END
		FROM (SELECT * FROM audit_leaves WHERE merchant_id = @shop ORDER BY at DESC LIMIT 100000) l`,
	// One import made the ten thousand bills before the newest two thousand, or
	// as many as there are; two thousand others made nothing that is still there.
	`WITH sheets AS (
		INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by, uploaded_at)
		SELECT CASE n WHEN 1 THEN @shop ELSE gen_random_uuid() END, @shop, 'bills-' || n || '.xlsx', 'application/vnd.ms-excel', 1, sha256(n::text::bytea), @maker, now() - n * interval '12 hours'
		FROM generate_series(1, 2000) AS n RETURNING id, merchant_id, name, uploaded_at
	)
	INSERT INTO imports (id, merchant_id, kind, file_id, format, heading, row_count, state, created_by, editors, created_at)
		SELECT id, merchant_id, 'bills', id, 'XLSX', '[]', 10000, 'made', @maker, ARRAY[@maker], uploaded_at FROM sheets`,
	`INSERT INTO import_items (import_id, merchant_id, no, standing, number, buyer_name, total_satang, first_row, presentment_id)
		SELECT @shop, merchant_id, row_number() OVER (), 'made', document_number, buyer_name, total_satang, 1 + row_number() OVER (), id FROM (
			SELECT * FROM presentments WHERE merchant_id = @shop ORDER BY id DESC OFFSET 2000 LIMIT 10000) p`,
	`INSERT INTO list_views (id, merchant_id, person_id, name, query, position)
		SELECT gen_random_uuid(), @shop, @auditor, v.name, v.query, v.n FROM (VALUES
			(1, 'เกินกำหนด', 'due=overdue&sort=due&dir=asc'), (2, 'มีข้อโต้แย้ง', 'decided=disputed'), (3, 'เดือนนี้', 'on=this_month&sort=amount'),
			(4, 'ยอดสูง', 'amount_from=900000&state=presented'), (5, 'ถูกปฏิเสธ', 'fault=1')) AS v (n, name, query)`,
}

// derive runs what is derived, in its order.
func derive(ctx context.Context, db *sql.DB, w world) error {
	words := w.words()
	for _, text := range derived {
		// Several statements in one text are one transaction.
		if _, err := db.ExecContext(ctx, "SET LOCAL session_replication_role = replica; "+words.Replace(text)); err != nil {
			return fmt.Errorf("%.60s: %w", text, err)
		}
	}
	return nil
}

// words puts the ids of the world, a number, and the bank's day in the places
// of their names.
func (w world) words() *strings.Replacer {
	quoted := func(id store.ID) string { return "'" + id.String() + "'::uuid" }
	return strings.NewReplacer("@shop", quoted(w.merchant), "@maker", quoted(w.maker), "@checker", quoted(w.checker), "@auditor", quoted(w.auditor),
		"@everyone", strconv.Itoa(everyone), "@today", "(now() AT TIME ZONE 'Asia/Bangkok')::date")
}

// sequence numbers all leaves there are and publishes the tree, so that the
// trail is whole and a sequencer can go on from it.
func sequence(ctx context.Context, dsn string, signer note.Signer, sink store.Publisher) (err error) {
	sequencer, err := store.Open(ctx, dsn, store.Sequencer, store.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sequencer.Close()) }()
	working, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- sequencer.Sequence(working, store.Sequencing{Signers: []note.Signer{signer}, Sinks: []store.Publisher{sink}})
	}()
	err = sealed(ctx, dsn, done)
	stop()
	return errors.Join(err, <-done)
}

// sealed returns when no leaf waits for the sequencer any more, or the
// sequencer, whose end is told on done, is not at work.
func sealed(ctx context.Context, dsn string, done chan error) (err error) {
	watch, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watch.Close()) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			done <- err // whoever stops it asks as well
			return err
		case <-tick.C:
		}
		var waiting bool
		err := watch.QueryRowContext(ctx, `
			SELECT EXISTS (SELECT FROM audit_leaves WHERE idx IS NULL)
				OR EXISTS (SELECT FROM audit_checkpoints WHERE published_at IS NULL)`).Scan(&waiting)
		if err != nil || !waiting {
			return err
		}
	}
}
