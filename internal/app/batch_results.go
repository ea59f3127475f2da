package app

import (
	"context"
	"io"
	"net/http"
	"time"

	"portal/internal/app/sheet"
	"portal/internal/app/thai"
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
	var b store.Batch
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		b, err = q.Batch(id)
		return err
	})
	if err != nil {
		return err
	}
	written := 0
	return a.handOut(w, r, u, handout{
		name: b.Kind + "-" + b.CreatedAt.In(thai.Bangkok).Format("20060102") + ".csv", mediaType: mediaTypes["csv"],
		fill: func(q *store.Query, to io.Writer) error {
			rows, err := q.BatchRows(id)
			if err != nil {
				return err
			}
			written = len(rows)
			return writeBatch(r.Context(), rows, to)
		},
		leaf: func(tx *store.Tx, _ int64, sum string) error {
			return tx.AuditExport(store.Exported{Filter: "batch/" + id.String(), Format: "csv", Rows: written, SHA256: sum})
		},
	})
}

func writeBatch(ctx context.Context, rows []store.BatchRow, to io.Writer) error {
	out := sheet.NewCSV(to, sheet.Look{Buddhist: text.From(ctx).BuddhistEra})
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
	return out.Close()
}
