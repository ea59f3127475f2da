package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"

	"portal/internal/store"
)

// approvals measures decisions end to end, from the POST of a signed-in
// person's form to the redirect: goal 10. Every lead is approved once, and
// that is checked.
func (b *bench) approvals(ctx context.Context) (rows []Row, err error) {
	from, _, err := b.bills(ctx, b.Rows)
	if err != nil {
		return nil, err
	}
	dsn, drop, err := b.cluster.copied(ctx, from, "approvals_now")
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
	w, err := findWorld(ctx, dsn)
	if err != nil {
		return nil, err
	}
	singles, doubles, err := b.pending(ctx, super)
	if err != nil {
		return nil, err
	}
	s, err := b.open(ctx, dsn, w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	a := &approver{site: s}
	// A session for each connection: one person's two clicks would wait for
	// each other where the session remembers what to say next.
	for range writers {
		cookies, err := s.product.signIn(ctx, checkerEmail)
		if err != nil {
			return nil, err
		}
		a.sessions = append(a.sessions, cookies)
	}
	m, err := b.rounds(ctx,
		b.commits("anchor INSERT", super, w, insertPlain),
		a.subject("approvals of one instruction", singles),
		a.subject("approvals of a bill with its document", doubles))
	if err != nil {
		return nil, err
	}
	if err := a.onceEach(ctx, super); err != nil {
		return nil, err
	}
	one := func(i int, unit string) string {
		return perSecond(m.rate(i), unit) + ", " + latency(m.typical(i).result)
	}
	anchor := "INSERT " + one(0, "commits/s")
	return []Row{
		Row{Goal: 10, What: "approve by HTTP, one instruction", Got: one(1, "approvals/s"), Against: anchor, Note: fmt.Sprintf("%d leads, each approved exactly once", a.sent.Load())}.
			judged(m.ratio(1, 0, rateOf), atLeast(0.30)).calm(m.disturbed(0, 1)),
		Row{Goal: 10, What: "approve by HTTP, a bill with its document", Got: one(2, "approvals/s"), Against: anchor}.
			judged(m.ratio(2, 0, rateOf), atLeast(0.30)).calm(m.disturbed(0, 2)),
	}, nil
}

// waiting is a lead that can be approved, with what its approver saw.
type waiting struct {
	lead store.ID
	seen store.Fingerprint
}

// pending makes more leads that wait, since a run uses up thousands: of one
// instruction, as a cancellation is, and of an entry with a document.
func (b *bench) pending(ctx context.Context, super *sql.DB) (singles, doubles []waiting, err error) {
	b.progress("making instructions to approve")
	for _, statement := range []string{
		`CREATE TEMPORARY TABLE fresh AS
			SELECT gen_random_uuid() AS lead, gen_random_uuid() AS part, gen_random_uuid() AS bill, n % 2 = 0 AS single, i.*
			FROM generate_series(1, 60000) AS n, (
				SELECT merchant_id, maker_id, payload, policy_version, expires_at FROM instructions WHERE part = 0 AND state = 'pending' LIMIT 1) AS i`,
		`SET session_replication_role = replica`,
		`INSERT INTO presentments (id, merchant_id, document_type, document_number, document_on, due_on, buyer_name, buyer_tax_id, buyer_branch,
				buyer_address, remark, before_tax_satang, vat_rate, vat_satang, total_satang, state, created_by, editors, entry_id, cancellation_id)
			SELECT bill, merchant_id, '380', 'A-' || bill, '2020-01-01', '2020-01-01', 'ผู้ซื้อ', '0105562000007', '00000',
				'กรุงเทพฯ', '', 100, 7, 7, 107, CASE WHEN single THEN 'presented' ELSE 'submitted' END, maker_id, ARRAY[maker_id],
				CASE WHEN NOT single THEN lead END, CASE WHEN single THEN lead END FROM fresh`,
		`INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key,
				policy_version, approvals_needed, expires_at)
			SELECT CASE p WHEN 0 THEN lead ELSE part END, merchant_id, lead, p,
				CASE WHEN single THEN 'presentment.cancel' WHEN p = 0 THEN 'presentment.create' ELSE 'presentment.document.upload' END,
				'presentment/' || bill, maker_id, payload, 107, 'A · ผู้ซื้อ', lead::text, policy_version, 1, expires_at
			FROM fresh, generate_series(0, CASE WHEN single THEN 0 ELSE 1 END) AS p`,
		`INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
			SELECT i.id, i.merchant_id, i.maker_id FROM instructions i JOIN fresh f ON i.lead_id = f.lead`,
		`INSERT INTO instruction_moves (instruction_id, seq, merchant_id, to_state, person_id, reason)
			SELECT i.id, 1, i.merchant_id, 'pending', i.maker_id, '' FROM instructions i JOIN fresh f ON i.lead_id = f.lead`,
	} {
		// One connection, for the temporary table and the setting.
		super.SetMaxOpenConns(1)
		if _, err := super.ExecContext(ctx, statement); err != nil {
			return nil, nil, fmt.Errorf("make instructions to approve: %w", err)
		}
	}
	if singles, err = leads(ctx, super, true); err != nil {
		return nil, nil, err
	}
	if doubles, err = leads(ctx, super, false); err != nil {
		return nil, nil, err
	}
	_, err = super.ExecContext(ctx, `RESET session_replication_role; ANALYZE; CHECKPOINT`)
	super.SetMaxOpenConns(writers)
	return singles, doubles, err
}

func leads(ctx context.Context, super *sql.DB, single bool) ([]waiting, error) {
	rows, err := super.QueryContext(ctx, `
		SELECT i.lead_id, i.id, i.payload_hash FROM fresh f JOIN instructions i ON i.lead_id = f.lead
		WHERE f.single = $1 ORDER BY i.lead_id, i.part`, single)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err below tells what matters
	var all []waiting
	var parts []store.Instruction
	var of store.ID
	end := func() {
		if len(parts) > 0 {
			all = append(all, waiting{of, store.FingerprintOf(parts)})
		}
		parts = parts[:0]
	}
	for rows.Next() {
		var lead store.ID
		var i store.Instruction
		if err := rows.Scan(&lead, &i.ID, &i.PayloadHash); err != nil {
			return nil, err
		}
		if lead != of {
			end()
			of = lead
		}
		parts = append(parts, i)
	}
	end()
	return all, rows.Err()
}

// approver sends forms, and remembers how many were answered well.
type approver struct {
	*site
	sessions []string // cookies
	sent     atomic.Int64
}

func (a *approver) subject(name string, leads []waiting) subject {
	var turn atomic.Int64
	next := func() []byte {
		n := int(turn.Add(1)) - 1
		if n >= len(leads) {
			return nil
		}
		a.sent.Add(1)
		form := url.Values{"fingerprint": {leads[n].seen.String()}}
		return post(a.product.addr, "/instructions/"+leads[n].lead.String()+"/approval", a.sessions[n%len(a.sessions)], "application/x-www-form-urlencoded", []byte(form.Encode()))
	}
	return subject{name, func(ctx context.Context) (result, error) {
		return load{addr: a.product.addr, conns: writers, status: http.StatusSeeOther, next: next}.run(ctx, a.Clock, a.long)
	}}
}

var errNotOnceEach = errors.New("not every approval was recorded exactly once")

// onceEach compares what was answered with what is in the database: as many
// approved leads, one approval by the checker for each of their parts, and one
// leaf about it.
func (a *approver) onceEach(ctx context.Context, super *sql.DB) error {
	var approved, wrong int64
	err := super.QueryRowContext(ctx, `
		SELECT count(DISTINCT i.lead_id), count(*) FILTER (WHERE
			(SELECT count(*) FROM approvals p WHERE p.instruction_id = i.id AND p.payload_hash = i.payload_hash) <> 1
			OR (SELECT count(*) FROM audit_leaves l WHERE l.subject = 'instruction/' || i.id AND l.action = 'instruction.approved') <> 1
			OR (SELECT count(*) FROM instruction_moves v WHERE v.instruction_id = i.id AND v.to_state = 'approved') <> 1)
		FROM instructions i WHERE i.state = 'approved'`).Scan(&approved, &wrong)
	if err != nil {
		return fmt.Errorf("count approvals: %w", err)
	}
	if approved != a.sent.Load() || wrong > 0 {
		return fmt.Errorf("%w: %d forms were accepted, %d leads are approved, %d of their parts are not approved just once", errNotOnceEach, a.sent.Load(), approved, wrong)
	}
	return nil
}
