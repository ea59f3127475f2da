package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"mime"
	"net/http"
	"time"

	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// downloadBatch gives out what came of each row, in order, as CSV.
func (a *App) downloadBatch(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	var b store.Batch
	var rows []store.BatchRow
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if b, err = q.Batch(id); err != nil {
			return err
		}
		rows, err = q.BatchRows(id)
		return err
	})
	if err != nil {
		return err
	}
	// A batch is at most 2,000 rows, so that its file fits into memory.
	var file bytes.Buffer
	out := sheet.NewCSV(&file, sheet.Look{Buddhist: text.From(ctx).BuddhistEra})
	var heads []sheet.Cell
	for _, name := range []string{"position", "title", "amount", "state", "why", "at"} {
		heads = append(heads, sheet.Text(text.T(ctx, text.Prefix("batch.csv.")+name)))
	}
	if err := out.Write(heads); err != nil {
		return err
	}
	for _, row := range rows {
		var at time.Time
		if row.At != nil {
			at = *row.At
		}
		why := ""
		if row.Message != "" {
			why = rowMessage(row).In(ctx)
		}
		err := out.Write([]sheet.Cell{
			sheet.Count(row.Position), sheet.Text(row.Title), sheet.Satang(row.AmountSatang),
			sheet.Text(text.T(ctx, text.Prefix("batch.row.")+row.State)), sheet.Text(why), sheet.Instant(at),
		})
		if err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	if err := a.handsOut(r.Context(), u, "batch/"+id.String(), "csv", len(rows), file.Bytes()); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": b.Kind + "-" + b.CreatedAt.Format("20060102") + ".csv"}))
	_, err = w.Write(file.Bytes())
	return err
}

// handsOut leaves a leaf about a file of business data that is about to be
// handed out: of what it is made, and its hash.
func (a *App) handsOut(ctx context.Context, u user, of, format string, rows int, file []byte) error {
	made := store.Exported{Filter: of, Format: format, Rows: rows, SHA256: fmt.Sprintf("%x", sha256.Sum256(file))}
	return a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return tx.AuditExport(made) })
}
