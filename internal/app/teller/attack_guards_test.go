package teller_test

import (
	"fmt"
	"testing"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// guarded is an attack in plain SQL, and the trigger that is to refuse it.
type guarded struct {
	attack      string
	by          store.ID
	sql         []string
	want        string
	table, name string
}

// through is what attempt answers where nothing refused; nothing is kept.
const through = `DO $$ BEGIN RAISE EXCEPTION 'through' USING CONSTRAINT = 'through'; END $$`

// TestEachGuardIsWhatRefuses tries attacks on batches, imports, files,
// callbacks, templates and bills, each twice: as the schema is, and without the
// one trigger that is to refuse it. An attack that is refused the second time,
// too, would prove nothing of that trigger.
func TestEachGuardIsWhatRefuses(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{NoSequencer: true})
	for _, c := range guardedBy(t, w) {
		if got := attempt(t, w, store.Web, c.by, append(c.sql, through)...); got != c.want {
			t.Errorf("%s: refused by %q, want %q", c.attack, got, c.want)
		}
		w.DB.Exec(fmt.Sprintf(`ALTER TABLE %s DISABLE TRIGGER %s`, c.table, c.name))
		if got := attempt(t, w, store.Web, c.by, append(c.sql, through)...); got != "through" {
			t.Errorf("%s, without %s: still refused by %q", c.attack, c.name, got)
		}
		w.DB.Exec(fmt.Sprintf(`ALTER TABLE %s ENABLE TRIGGER %s`, c.table, c.name))
	}
}

func guardedBy(t *testing.T, w *tellertest.World) []guarded {
	t.Helper()
	m, draft := w.Merchant.ID, w.Bill("")
	_, submitted := w.Submitted("")
	prepared, started := aBatch(t, w, draft), aBatch(t, w, draft)
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		b, err := tx.Batch(started)
		if err != nil {
			return err
		}
		return tx.StartBatch(started, b.Fingerprint, "", "")
	})
	row := func(batch store.ID) string {
		return fmt.Sprintf(`INSERT INTO batch_rows (batch_id, merchant_id, position, item_id, seen, title, amount_satang) VALUES ('%s', '%s', 2, gen_random_uuid(), '1', '', 0)`, batch, m)
	}
	start := func(batch store.ID) string {
		return fmt.Sprintf(`UPDATE batches SET started_at = now() WHERE id = '%s'`, batch)
	}
	callback := store.NewID()
	w.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO callbacks (id, merchant_id, product, address, headers, body_hash, body_size, refusal, state) VALUES ('%s', '%s', 'presentment', '', '', sha256(''), 0, '', 'quarantined'); COMMIT`, callback, m))
	reread := fmt.Sprintf(`UPDATE callbacks SET state = 'received', reason = '' WHERE id = '%s'`, callback)
	discard := fmt.Sprintf(`UPDATE presentments SET state = 'discarded' WHERE id = '%s'`, draft.ID)
	template := func(column, by string) string {
		return fmt.Sprintf(`INSERT INTO presentment_templates (id, merchant_id, name, typed, made_by) SELECT gen_random_uuid(), '%s', 'x' || n, '', '%s' FROM generate_series(1, %s) AS n`, m, by, column)
	}
	view := fmt.Sprintf(`INSERT INTO list_views (id, merchant_id, person_id, name, query) SELECT gen_random_uuid(), '%s', '%s', 'x' || n, '' FROM generate_series(1, 101) AS n`, m, w.Maker)
	piled := fmt.Sprintf(`INSERT INTO file_chunks (file_id, merchant_id, no, data) SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '%s', 0, 'x' FROM generate_series(1, 61) AS n`, m)
	files := fmt.Sprintf(`INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by)
		SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '%s', 'x', 'application/pdf', 1, sha256('x'), '%s' FROM generate_series(1, 61) AS n`, m, w.Maker)
	frame := fmt.Sprintf(`UPDATE presentments SET editors = editors || '%s'::uuid WHERE id = '%s'`, w.Checker, draft.ID)
	line := fmt.Sprintf(`DELETE FROM presentment_lines WHERE presentment_id = '%s'`, draft.ID)
	w.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET expires_at = now() - interval '1 second' WHERE lead_id = '%s';
		INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash, seat) SELECT id, merchant_id, '%s', maker_id, payload_hash, 0 FROM instructions WHERE lead_id = '%[1]s'; COMMIT`,
		submitted, w.Checker))
	late := fmt.Sprintf(`UPDATE instructions SET state = 'approved' WHERE id = '%s'`, submitted)
	return []guarded{
		{"a row slipped in between look and start", w.Maker, []string{row(prepared), start(prepared)}, "batch_is_as_seen", "batches", "batch_goes_on"},
		{"a batch started by somebody else", w.Checker, []string{start(prepared)}, "batch_is_ones_own", "batches", "batch_goes_on"},
		{"a batch started by nobody", store.NoID, []string{start(prepared)}, "batch_is_ones_own", "batches", "batch_goes_on"},
		{"a row added to what was started", w.Maker, []string{row(started)}, "batch_never_changes", "batch_rows", "batch_row_ends_once"},
		{"a row done by somebody else", w.Checker, []string{fmt.Sprintf(`UPDATE batch_rows SET state = 'done', at = now() WHERE batch_id = '%s'`, started)}, "batch_is_ones_own", "batch_rows", "batch_row_ends_once"},
		{"a paper chosen after the start", w.Maker, []string{fmt.Sprintf(`UPDATE batches SET drawing = 'th' WHERE id = '%s'`, started)}, "batch_never_changes", "batches", "batch_drawing_is_chosen_once"},
		{"a draft discarded by a checker", w.Checker, []string{discard}, "only_a_draft_is_discarded", "presentments", "presentment_is_discarded_by_hand"},
		{"a draft discarded by nobody", store.NoID, []string{discard}, "only_a_draft_is_discarded", "presentments", "presentment_is_discarded_by_hand"},
		{"a callback reread by a maker", w.Maker, []string{reread}, "callback_is_reread_on_duty", "callbacks", "callback_moves_as_listed"},
		{"a callback reread by nobody", store.NoID, []string{reread}, "callback_is_reread_on_duty", "callbacks", "callback_moves_as_listed"},
		{"a template in another's name", w.Checker, []string{template("1", w.Maker.String())}, "template_is_by_the_acting_person", "presentment_templates", "template_keeps_its_authors"},
		{"templates without end", w.Maker, []string{template("501", w.Maker.String())}, "presentment_templates_are_bounded", "presentment_templates", "templates_are_bounded"},
		{"views without end", w.Maker, []string{view}, "list_views_are_bounded", "list_views", "list_views_are_bounded"},
		{"files that belong to nothing", w.Maker, []string{piled, files}, "uploads_within_quota", "files", "file_is_taken_in"},
		{"a colleague made an editor", w.Maker, []string{frame}, "nobody_makes_others_editors", "presentments", "nobody_makes_others_editors"},
		{"a line changed by a checker", w.Checker, []string{line}, "presentment_is_editable", "presentment_lines", "presentment_is_editable"},
		{"approved after its time", w.Checker, []string{late}, "approved_in_time", "instructions", "approved_in_time"},
	}
}

// aBatch is a batch of one bill that its maker has looked at.
func aBatch(t *testing.T, w *tellertest.World, p store.Presentment) store.ID {
	t.Helper()
	id := store.NewID()
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		row := store.BatchRow{ItemID: p.ID, Seen: "2", Title: p.DocumentNumber, AmountSatang: p.TotalSatang}
		return tx.AddBatch(store.NewBatch{ID: id, Kind: "submit", Key: id.String(), Rows: []store.BatchRow{row}})
	})
	return id
}

// TestWhatIsTakenOffCountsAgain: a file is loose until it is attached, and
// again when it is taken off, so that attaching is no way round the quota.
func TestWhatIsTakenOffCountsAgain(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{NoSequencer: true})
	p := w.Bill("")
	loose := func(want int) {
		t.Helper()
		var got int
		if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT sum(loose_files) FROM upload_tallies WHERE person_id = $1`, w.Maker).Scan(&got); err != nil || got != want {
			t.Errorf("%d files belong to nothing, want %d (%v)", got, want, err)
		}
	}
	loose(0)
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.Detach(p.ID, p.Documents[0].FileID) })
	loose(1)
	other := w.Bill("")
	loose(1)
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		f, err := tx.File(p.Documents[0].FileID)
		if err != nil {
			return err
		}
		return tx.Attach(other.ID, f)
	})
	loose(0)
	// Pieces without their file are never there, so that nothing needs sweeping.
	orphan := fmt.Sprintf(`INSERT INTO file_chunks (file_id, merchant_id, no, data) VALUES (gen_random_uuid(), '%s', 0, 'x')`, w.Merchant.ID)
	if got := attempt(t, w, store.Web, w.Maker, orphan); got != "file_chunks_file_id_merchant_id_fkey" {
		t.Errorf("pieces of no file: refused by %q", got)
	}
}
