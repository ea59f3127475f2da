package bench

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
	"golang.org/x/mod/sumdb/note"

	"portal/internal/store"
)

// tables are filled by COPY, with triggers and foreign keys off: what they
// would do, the rows carry already, or derived does.
var tables = []struct{ name, columns string }{
	{"presentments", "id merchant_id document_type document_number document_on due_on buyer_name buyer_tax_id buyer_branch buyer_address remark " +
		"before_tax_satang vat_rate vat_satang total_satang state state_since created_by editors created_at edited_at entry_id bank_reference " +
		"buyer_decision decided_at"},
	{"presentment_lines", "presentment_id merchant_id line_no description quantity unit_price vat amount_satang"},
	{"files", "id merchant_id name media_type size sha256 uploaded_by uploaded_at"},
	{"file_chunks", "file_id merchant_id no data"},
	{"presentment_documents", "presentment_id merchant_id file_id position"},
	{"instructions", "id merchant_id lead_id part operation subject maker_id payload amount_satang title idempotency_key policy_version " +
		"approvals_needed submitted_at expires_at state state_since bank_reference"},
	{"audit_leaves", "id at merchant_id person_id session_id request_id address action subject bytes"},
}

func copyInto(table, columns string) string {
	return "COPY " + table + " (" + strings.Join(strings.Fields(columns), ", ") + ") FROM STDIN"
}

// filler copies into all tables at once.
type filler struct {
	seeder
	copies map[string]*sql.Stmt
}

func (f *filler) add(table string, row ...any) error {
	if _, err := f.copies[table].Exec(row...); err != nil { //nolint:noctx // COPY ends with its transaction's context
		return fmt.Errorf("copy into %s: %w", table, err)
	}
	return nil
}

// seed fills a migrated database with so many bills, and what belongs to them.
func seed(ctx context.Context, dsn string, s seeder, signer note.Signer, sink store.Publisher) (err error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	indexes, err := dropIndexes(ctx, db)
	if err != nil {
		return err
	}
	s.start()
	f := &filler{seeder: s, copies: map[string]*sql.Stmt{}}
	if err := f.run(ctx, db); err != nil {
		return err
	}
	if err := derive(ctx, db, s.world); err != nil {
		return err
	}
	// The sequencer needs the one index of what it looks for. The others, made
	// of whole tables, take a fraction of the time.
	needed, others := []string{}, []string{}
	for _, text := range indexes {
		if strings.Contains(text, " audit_leaves_unsequenced ") {
			needed = append(needed, text)
		} else {
			others = append(others, text)
		}
	}
	if err := inPairs(ctx, db, needed); err != nil {
		return err
	}
	if err := sequence(ctx, dsn, signer, sink); err != nil {
		return err
	}
	if err := inPairs(ctx, db, others); err != nil {
		return err
	}
	// The visibility map too: without it no scan is by its index alone.
	if _, err := db.ExecContext(ctx, "VACUUM (ANALYZE)"); err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	return nil
}

func (f *filler) run(ctx context.Context, db *sql.DB) error {
	var open []*sql.Tx
	defer func() {
		for _, tx := range open {
			_ = tx.Rollback() // after Commit there is nothing to roll back
		}
	}()
	for _, t := range tables {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin to copy: %w", err)
		}
		open = append(open, tx)
		if _, err := tx.ExecContext(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return fmt.Errorf("begin to copy: %w", err)
		}
		if f.copies[t.name], err = tx.PrepareContext(ctx, copyInto(t.name, t.columns)); err != nil { //nolint:sqlclosecheck // closed below
			return fmt.Errorf("copy into %s: %w", t.name, err)
		}
	}
	for n := range f.rows {
		if err := f.bill(n); err != nil {
			return err
		}
	}
	for i, t := range tables {
		if _, err := f.copies[t.name].ExecContext(ctx); err != nil {
			return fmt.Errorf("end the copy into %s: %w", t.name, err)
		}
		if err := errors.Join(f.copies[t.name].Close(), open[i].Commit()); err != nil {
			return fmt.Errorf("keep the copy into %s: %w", t.name, err)
		}
	}
	return nil
}

func (f *filler) bill(n int) error {
	b := f.next(n)
	rich := n >= f.rows-richBills
	for _, part := range []func(bill, bool) error{f.presentment, f.documents, f.instruction, f.trail} {
		if err := part(b, rich); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) presentment(b bill, rich bool) error {
	before := b.satang * 100 / 107
	var lead, decidedAt any
	reference := ""
	if b.instruction != "" {
		lead = b.lead
	}
	if b.state == store.PresentmentPresented {
		reference = fmt.Sprintf("PR%010d", b.n)
	}
	if b.decision != "" {
		decidedAt = b.since
	}
	return errors.Join(
		f.add("presentments", b.id, f.merchant, "380", b.number, b.on, b.due, b.buyer.name, b.buyer.tax, "00000", "99 ถนนตัวอย่าง กรุงเทพฯ 10200", "",
			before, "7.00", b.satang-before, b.satang, b.state, b.since, b.maker, pq.Array([]string{b.maker.String()}), b.at, b.at, lead, reference, b.decision, decidedAt),
		f.each(rich, 3, func(line int) error {
			return f.add("presentment_lines", b.id, f.merchant, line, "ค่าสินค้าและบริการ", "1", "100.00", "standard", 10000)
		}),
	)
}

func (f *filler) documents(b bill, rich bool) error {
	if !rich {
		return nil
	}
	content := []byte("%PDF-1.7 " + b.number)
	hash := sha256.Sum256(content)
	return errors.Join(
		f.add("files", b.file, f.merchant, b.number+".pdf", "application/pdf", len(content), hash[:], f.maker, b.at),
		f.add("file_chunks", b.file, f.merchant, 0, content),
		f.add("presentment_documents", b.id, f.merchant, b.file, 1),
	)
}

// instruction adds the entry, and for a rich bill its document. What waits
// expires after this year, whenever the bench runs.
func (f *filler) instruction(b bill, rich bool) error {
	if b.instruction == "" {
		return nil
	}
	subject := string(store.About("presentment", b.id))
	one := func(id store.ID, part int, operation string, payload []byte, satang int64) error {
		return f.add("instructions", id, f.merchant, b.lead, part, operation, subject, b.maker, payload, satang, b.number+" · "+b.buyer.name, b.id.String(),
			1, 1, b.at, b.at.AddDate(10, 0, 0), b.instruction, b.since, "")
	}
	err := one(b.lead, 0, "presentment.create", b.payload, b.satang)
	if rich {
		err = errors.Join(err, one(b.part, 1, "presentment.document.upload", b.attachment, 0))
	}
	return err
}

// trail adds one leaf for each bill, and the usual few for a rich one.
func (f *filler) trail(b bill, rich bool) error {
	actions := []string{"presentment.drafted"}
	if rich {
		actions = []string{"presentment.drafted", "presentment.document_attached", "presentment.submitted", "presentment.moved"}
	}
	var problems []error
	for i, action := range actions {
		row, err := f.leaf(b.at.Add(time.Duration(i)*time.Second), b.maker, action, store.About("presentment", b.id),
			map[string]any{"document_number": b.number, "total_satang": b.satang, "state": b.state})
		if err == nil {
			err = f.add("audit_leaves", row...)
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// copyLeaves fills the trail alone, with leaves about things that have no rows.
func copyLeaves(ctx context.Context, db *sql.DB, s seeder, n int, last time.Time) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin to copy: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit there is nothing to roll back
	leaves := tables[len(tables)-1]
	into, err := tx.PrepareContext(ctx, copyInto(leaves.name, leaves.columns))
	if err != nil {
		return fmt.Errorf("copy leaves: %w", err)
	}
	defer func() { _ = into.Close() }() // ended below, or given up with its transaction
	for i := range n {
		row, err := s.leaf(last.Add(time.Duration(i-n)*time.Second).Truncate(time.Microsecond), s.maker, "presentment.edited", store.About("presentment", store.NewID()), leafDetail)
		if err != nil {
			return err
		}
		if _, err := into.ExecContext(ctx, row...); err != nil {
			return fmt.Errorf("copy leaves: %w", err)
		}
	}
	if _, err := into.ExecContext(ctx); err != nil {
		return fmt.Errorf("end the copy of leaves: %w", err)
	}
	return tx.Commit()
}

// each calls add with 1 to most when there is anything to add.
func (f *filler) each(wanted bool, most int, add func(n int) error) error {
	for n := 1; wanted && n <= most; n++ {
		if err := add(n); err != nil {
			return err
		}
	}
	return nil
}
