package store

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/lib/pq"
)

var (
	sqlInsertImport = statement(`
		INSERT INTO imports (id, merchant_id, kind, file_id, format, heading, row_count, created_by) VALUES ($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8)`)
	sqlInsertImportRows = statement(`
		INSERT INTO import_rows (import_id, merchant_id, row_no, cells)
		SELECT $1, $2, r.no, r.cells::jsonb FROM unnest($3::int[], $4::text[]) AS r (no, cells)`)
	sqlPlanByKey = statement(`
		SELECT set_config('plan_cache_mode', 'force_custom_plan', true) || set_config('enable_seqscan', 'off', true)`)
	sqlPlanOnce = statement(`
		SELECT set_config('plan_cache_mode', 'force_generic_plan', true)`)
	sqlLockImport = statement(`SELECT state FROM imports WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlMapImport  = statement(`
		UPDATE imports SET state = 'mapped', mapping = $3::text::jsonb, grouped = $4
		WHERE merchant_id = $1 AND id = $2 AND state IN ('read', 'mapped')`)
	sqlMoveImport        = statement(`UPDATE imports SET state = $4 WHERE merchant_id = $1 AND id = $2 AND state = $3`)
	sqlDiscardImport     = statement(`UPDATE imports SET state = 'discarded' WHERE merchant_id = $1 AND id = $2 AND state IN ('read', 'mapped')`)
	sqlDeleteImportRows  = statement(`DELETE FROM import_rows WHERE merchant_id = $1 AND import_id = $2`)
	sqlDeleteImportItems = statement(`DELETE FROM import_items WHERE merchant_id = $1 AND import_id = $2 AND standing <> 'made'`)
	sqlInsertImportItems = statement(`
		INSERT INTO import_items (import_id, merchant_id, no, number, first_row)
		SELECT $1, $2, b.no, b.number, b.first FROM unnest($3::int[], $4::text[], $5::int[]) AS b (no, number, first)`)
	sqlImportRowsBelong = statement(`
		UPDATE import_rows r SET item_no = b.item_no FROM unnest($3::int[], $4::int[]) AS b (row_no, item_no)
		WHERE r.merchant_id = $1 AND r.import_id = $2 AND r.row_no = b.row_no`)
	sqlRememberMapping = statement(`
		INSERT INTO import_mappings (merchant_id, signature, mapping, grouped) VALUES ($1, $2, $3::text::jsonb, $4)
		ON CONFLICT (merchant_id, signature) DO UPDATE SET mapping = excluded.mapping, grouped = excluded.grouped, used_at = now()`)
	sqlKeepImportChecks = statement(`
		UPDATE import_items i SET standing = b.standing, number = b.number, buyer_name = b.buyer, total_satang = b.total, faults = b.faults::jsonb
		FROM unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[]) AS b (no, standing, number, buyer, total, faults)
		WHERE i.merchant_id = $1 AND i.import_id = $2 AND i.no = b.no`)
	sqlLetImportGoOver = statement(`
		UPDATE import_items i SET goes_over = b.version FROM unnest($3::int[], $4::int[]) AS b (no, version)
		WHERE i.merchant_id = $1 AND i.import_id = $2 AND i.no = b.no`)
	sqlImportItemsMade = statement(`
		UPDATE import_items i SET standing = 'made', presentment_id = CASE l.kind WHEN 'bills' THEN b.made END, buyer_id = CASE l.kind WHEN 'buyers' THEN b.made END,
			payment_id = CASE l.kind WHEN 'payments' THEN b.made END, payer_id = CASE l.kind WHEN 'payers' THEN b.made END,
			debit_id = CASE l.kind WHEN 'debits' THEN b.made END, request_id = CASE l.kind WHEN 'requests' THEN b.made END, block_id = CASE l.kind WHEN 'blocks' THEN b.made END
		FROM unnest($3::int[], $4::uuid[]) AS b (no, made), imports l
		WHERE l.merchant_id = $1 AND l.id = $2 AND i.merchant_id = $1 AND i.import_id = $2 AND i.no = b.no AND i.standing = 'good'`)
	sqlChangeImportRows = statement(`
		UPDATE import_rows r SET cells = b.cells::jsonb, dropped = b.dropped FROM unnest($3::int[], $4::text[], $5::boolean[]) AS b (row_no, cells, dropped)
		WHERE r.merchant_id = $1 AND r.import_id = $2 AND r.row_no = b.row_no`)
)

// planByKey has lists of rows found by their keys. A plan that was made while
// the tables were nearly empty would compare each row of one list with each of
// the other, and ten thousand of them take a minute.
func (t *Tx) planByKey() error {
	t.byKey = true
	_, err := row[string](t.Query, sqlPlanByKey)
	return err
}

// planOnce ends planByKey. What triggers and constraints ask for each of many
// rows must not be planned anew for each.
func (t *Tx) planOnce() error {
	if !t.byKey {
		return nil
	}
	t.byKey = false
	_, err := row[string](t.Query, sqlPlanOnce)
	return err
}

// AddImport begins an import of a stored file. Its rows follow.
func (t *Tx) AddImport(i Import, f File) error {
	if err := t.planByKey(); err != nil {
		return fmt.Errorf("adding an import: %w", err)
	}
	_, err := t.exec(sqlInsertImport, i.ID, t.actor.Merchant, i.Kind, f.ID, i.Format, jsonText(i.Heading), i.RowCount, t.actor.Person)
	if err != nil {
		return fmt.Errorf("adding an import: %w", err)
	}
	return t.Audit("import.uploaded", About("import", i.ID), map[string]any{
		"kind": i.Kind, "file": f.ID, "name": f.Name, "sha256": hex.EncodeToString(f.SHA256), "rows": i.RowCount,
	})
}

// AddImportRows stores rows of the file.
func (t *Tx) AddImportRows(id ID, list []ImportRow) error {
	nos, cells, _ := importRowColumns(list)
	if _, err := t.exec(sqlInsertImportRows, id, t.actor.Merchant, pq.Array(nos), pq.Array(cells)); err != nil {
		return fmt.Errorf("storing rows of an import: %w", err)
	}
	return nil
}

// ChangeImportRows replaces what rows hold. The acting person has a hand in the
// import from then on.
func (t *Tx) ChangeImportRows(id ID, list []ImportRow) error {
	nos, cells, dropped := importRowColumns(list)
	if _, err := t.exec(sqlChangeImportRows, t.actor.Merchant, id, pq.Array(nos), pq.Array(cells), pq.Array(dropped)); err != nil {
		return fmt.Errorf("changing rows of an import: %w", err)
	}
	return t.Audit("import.mended", About("import", id), map[string]any{"rows": nos})
}

func importRowColumns(list []ImportRow) (nos []int, cells []string, dropped []bool) {
	for _, r := range list {
		nos, cells, dropped = append(nos, r.No), append(cells, jsonText(r.Cells)), append(dropped, r.Dropped)
	}
	return nos, cells, dropped
}

// jsonText is a list of texts as Postgres takes it.
func jsonText(l Texts) string {
	raw, err := json.Marshal([]string(l))
	if err != nil {
		panic(err) // texts always can be written
	}
	if l == nil {
		return "[]"
	}
	return string(raw)
}

// LockImport makes changes to one import take turns, and returns its state.
func (t *Tx) LockImport(id ID) (state string, err error) {
	if err := t.planByKey(); err != nil {
		return "", err
	}
	return row[string](t.Query, sqlLockImport, t.actor.Merchant, id)
}

// MapImport says what the columns mean, how rows make bills, and remembers
// both for the next file with this heading. All items but those already made
// are unchecked afterwards. ErrStale: it is too late for that.
func (t *Tx) MapImport(i Import, signature []byte, items []ImportItem, of []ImportRow) error {
	if err := t.one(sqlMapImport, t.actor.Merchant, i.ID, jsonText(i.Mapping), i.Grouped); err != nil {
		return fmt.Errorf("mapping an import: %w", err)
	}
	if _, err := t.exec(sqlDeleteImportItems, t.actor.Merchant, i.ID); err != nil {
		return fmt.Errorf("mapping an import: %w", err)
	}
	var nos, firsts, rowNos, billNos []int
	var numbers []string
	for _, b := range items {
		nos, numbers, firsts = append(nos, b.No), append(numbers, b.Number), append(firsts, b.FirstRow)
	}
	for _, r := range of {
		rowNos, billNos = append(rowNos, r.No), append(billNos, r.ItemNo)
	}
	if _, err := t.exec(sqlInsertImportItems, i.ID, t.actor.Merchant, pq.Array(nos), pq.Array(numbers), pq.Array(firsts)); err != nil {
		return fmt.Errorf("mapping an import: %w", err)
	}
	if _, err := t.exec(sqlImportRowsBelong, t.actor.Merchant, i.ID, pq.Array(rowNos), pq.Array(billNos)); err != nil {
		return fmt.Errorf("mapping an import: %w", err)
	}
	if _, err := t.exec(sqlRememberMapping, t.actor.Merchant, signature, jsonText(i.Mapping), i.Grouped); err != nil {
		return fmt.Errorf("remembering a mapping: %w", err)
	}
	return t.Audit("import.mapped", About("import", i.ID), map[string]any{"mapping": i.Mapping, "grouped": i.Grouped, "items": len(items)})
}

// KeepImportChecks stores how items stand after they were looked at.
func (t *Tx) KeepImportChecks(id ID, bills []ImportItem) error {
	var nos []int
	var standings, numbers, buyers, faults []string
	var totals []int64
	for _, b := range bills {
		nos, standings, numbers = append(nos, b.No), append(standings, b.Standing), append(numbers, b.Number)
		buyers, totals, faults = append(buyers, b.BuyerName), append(totals, b.TotalSatang), append(faults, string(b.Faults))
	}
	_, err := t.exec(sqlKeepImportChecks, t.actor.Merchant, id, pq.Array(nos), pq.Array(standings), pq.Array(numbers), pq.Array(buyers), pq.Array(totals), pq.Array(faults))
	if err != nil {
		return fmt.Errorf("keeping what was checked: %w", err)
	}
	return nil
}

// ConfirmImport lets the good items be made. ErrStale: it is not the time.
func (t *Tx) ConfirmImport(id ID, good ImportSum) error {
	if err := t.one(sqlMoveImport, t.actor.Merchant, id, ImportMapped, ImportMaking); err != nil {
		return fmt.Errorf("confirming an import: %w", err)
	}
	return t.Audit("import.confirmed", About("import", id), map[string]any{"items": good.Items, "total_satang": good.TotalSatang})
}

// LetImportGoOver says which version of a known buyer each item may replace.
func (t *Tx) LetImportGoOver(id ID, nos, versions []int) error {
	if _, err := t.exec(sqlLetImportGoOver, t.actor.Merchant, id, pq.Array(nos), pq.Array(versions)); err != nil {
		return fmt.Errorf("letting an import go over buyers: %w", err)
	}
	return nil
}

// ImportItemsBecame stores which drafts or buyers were made of which items.
func (t *Tx) ImportItemsBecame(id ID, nos []int, made []ID) error {
	if err := t.planByKey(); err != nil {
		return fmt.Errorf("storing what an import made: %w", err)
	}
	n, err := t.exec(sqlImportItemsMade, t.actor.Merchant, id, pq.Array(nos), pq.Array(idTexts(made)))
	if err == nil && int(n) != len(nos) {
		err = ErrStale
	}
	if err != nil {
		return fmt.Errorf("storing what an import made: %w", err)
	}
	return nil
}

// FinishImport ends the making: for good, or until what is left is mended.
func (t *Tx) FinishImport(id ID, state string, made ImportSum, left int) error {
	if err := t.one(sqlMoveImport, t.actor.Merchant, id, ImportMaking, state); err != nil {
		return fmt.Errorf("finishing an import: %w", err)
	}
	return t.Audit("import.made", About("import", id), map[string]any{"items": made.Items, "total_satang": made.TotalSatang, "left": left, "import_state": state})
}

// DiscardImport gives the list up. What was made of it stays; its file too.
func (t *Tx) DiscardImport(id ID) error {
	if err := t.one(sqlDiscardImport, t.actor.Merchant, id); err != nil {
		return fmt.Errorf("discarding an import: %w", err)
	}
	for _, sql := range []string{sqlDeleteImportItems, sqlDeleteImportRows} {
		if _, err := t.exec(sql, t.actor.Merchant, id); err != nil {
			return fmt.Errorf("discarding an import: %w", err)
		}
	}
	return t.Audit("import.discarded", About("import", id), map[string]any{})
}

func idTexts(list []ID) []string {
	texts := make([]string, len(list))
	for i, id := range list {
		texts[i] = id.String()
	}
	return texts
}
