package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portal/internal/store"
)

// questionLeaves is how long the trail is that is asked.
const questionLeaves = 1_000_000

// questions measures what an auditor asks of a long trail, each answer as its
// page reads it: goal 19, two seconds each.
func (b *bench) questions(ctx context.Context) (rows []Row, err error) {
	n := questionLeaves
	if b.Quick {
		n /= 10
	}
	key, err := schemaKey(n)
	if err != nil {
		return nil, err
	}
	var w world
	dsn, err := b.cluster.keep(ctx, "looks", key, func(dsn string) error { return b.makeLooks(ctx, dsn, n) })
	if err != nil {
		return nil, err
	}
	super, err := openSuper(dsn, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	if err := super.QueryRowContext(ctx, `SELECT merchant_id, person_id FROM audit_leaves WHERE action = 'sighting.seen' LIMIT 1`).Scan(&w.merchant, &w.checker); err != nil {
		return nil, fmt.Errorf("find who is asked about: %w", err)
	}
	web, err := store.Open(ctx, dsn, store.Web, store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, web.Close()) }()
	l := &lister{b, dsn, web, super, w, store.Actor{Merchant: w.merchant, Person: w.checker}}
	var bill store.ID
	if err := super.QueryRowContext(ctx, `SELECT split_part(subject, '/', 2) FROM audit_leaves WHERE action = 'presentment.edited' LIMIT 1`).Scan(&bill); err != nil {
		return nil, fmt.Errorf("find what is asked about: %w", err)
	}
	for _, question := range []struct {
		what string
		read func(*store.Query) error
	}{
		{"who saw an id that is seen most", func(q *store.Query) error {
			if _, _, err := q.Watchers(store.Mark{15: 1}, time.Time{}, time.Time{}); err != nil {
				return err
			}
			found, err := q.Sightings(store.SightingFilter{Mark: store.Mark{15: 1}, Limit: pageRows})
			return filled(len(found), err)
		}},
		{"everything about a bill", func(q *store.Query) error {
			found, err := q.Story([]store.Subject{store.About("presentment", bill)})
			if err == nil && len(found) == 0 {
				err = errors.New("the story is empty")
			}
			return err
		}},
		{"all acts of a person", func(q *store.Query) error {
			found, err := q.Leaves(store.LeafFilter{Person: w.checker, Deeds: true, Limit: pageRows})
			return filled(len(found), err)
		}},
		{"a search by a text that nothing holds", func(q *store.Query) error {
			_, _, err := q.LeavesSaying(store.LeafFilter{Text: "qwxzjk", Limit: pageRows})
			return err
		}},
	} {
		m, err := l.rounds(ctx, l.ask(question.what, question.read))
		if err != nil {
			return rows, err
		}
		got := m.typical(0)
		rows = append(rows, Row{Goal: 19, What: question.what + ", of " + grouped(int64(n)) + " leaves, seconds", Got: latency(got.result)}.
			judged(got.P99.Seconds(), atMost(2)).calm(m.disturbed(0)))
	}
	return rows, nil
}

func filled(rows int, err error) error {
	if err == nil && rows != pageRows {
		return fmt.Errorf("the page has %d rows, want %d", rows, pageRows)
	}
	return err
}

// makeLooks writes so many leaves: nine looks for each deed, of which every
// tenth shows the same id.
func (b *bench) makeLooks(ctx context.Context, dsn string, n int) (err error) {
	b.Progress("Writing a trail of %s leaves, nine of ten about looks, once.", grouped(int64(n)))
	w, err := makeWorld(ctx, dsn)
	if err != nil {
		return err
	}
	super, err := openSuper(dsn, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	_, err = super.ExecContext(ctx, fmt.Sprintf(`
		BEGIN; SET LOCAL session_replication_role = replica;
		CREATE TEMPORARY TABLE looks AS SELECT n, gen_random_uuid() AS id, now() - n * interval '1 second' AS at FROM generate_series(1, %[1]d) AS n;
		INSERT INTO audit_leaves (id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes, idx)
			SELECT id, at, '%[2]s', '%[3]s', 'session', 'request', '192.0.2.1', CASE WHEN n %% 10 = 0 THEN 'presentment.edited' ELSE 'sighting.seen' END,
				CASE WHEN n %% 10 = 0 THEN 'presentment/' ELSE 'sighting/' END || id,
				convert_to('{"v":1,"id":"' || id || '","detail":{"title":"INV-2026-0001","path":"/presentments/' || id || '","lines":3}}', 'UTF8'), n - 1 FROM looks;
		INSERT INTO seen_marks (merchant_id, mark, at, sighting_id)
			SELECT '%[2]s', decode(lpad(CASE WHEN n %% 10 = 1 THEN '01' ELSE to_hex(256 + n %% 65000) END, 32, '0'), 'hex'), at, id FROM looks WHERE n %% 10 > 0;
		COMMIT`, n, w.merchant, w.checker))
	if err != nil {
		return fmt.Errorf("write looks: %w", err)
	}
	_, err = super.ExecContext(ctx, "VACUUM (ANALYZE)")
	return err
}
