package store

import (
	"errors"

	"github.com/lib/pq"
)

// MaxExport is how many bills one export may hold.
const MaxExport = 100_000

// ErrTooMany means that more passes the filter than one export may hold.
var ErrTooMany = errors.New("more than one export may hold")

// exportChunk is how many bills are held at once while they are written out.
const exportChunk = 500

// ExportLine is a line of a bill, and whose it is.
type ExportLine struct {
	PresentmentID ID `db:"presentment_id"`
	PresentmentLine
}

var sqlExportLines = statement(`
	SELECT presentment_id, line_no, description, quantity, unit_price, vat, amount_satang, discount_satang
	FROM presentment_lines WHERE merchant_id = $1 AND presentment_id = ANY ($2::uuid[]) ORDER BY presentment_id, line_no`)

// ExportPresentments gives every bill that passes the filter to write, in
// order, with its lines if they are asked for. The bills are those of one
// moment, and few of them are held at a time.
func (q *Query) ExportPresentments(f PresentmentFilter, lines bool, write func(PresentmentRow, []ExportLine) error) error {
	f.Wide, f.Limit, f.From = true, exportChunk, Cursor{}
	for {
		page, err := q.Presentments(f)
		if err != nil {
			return err
		}
		of := map[ID][]ExportLine{}
		if lines {
			if of, err = q.exportLines(page.Rows); err != nil {
				return err
			}
		}
		for _, row := range page.Rows {
			if err := write(row, of[row.ID]); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		f.From = f.Sort.Place(page.Rows[len(page.Rows)-1])
	}
}

func (q *Query) exportLines(bills []PresentmentRow) (map[ID][]ExportLine, error) {
	ids := make([]string, len(bills))
	for n, b := range bills {
		ids[n] = b.ID.String()
	}
	found, err := rows[ExportLine](q, sqlExportLines, q.actor.Merchant, pq.Array(ids))
	of := make(map[ID][]ExportLine, len(bills))
	for _, line := range found {
		of[line.PresentmentID] = append(of[line.PresentmentID], line)
	}
	return of, err
}

// Exported is what the trail keeps of an export: what was asked for, how much
// it was, and the hash of the file that was handed out.
type Exported struct {
	Filter string `json:"filter"`
	Format string `json:"format"`
	Rows   int    `json:"rows"`
	Bills  int    `json:"bills"`
	SHA256 string `json:"sha256"`
}

// AuditExport leaves the leaf of an export, before its first byte goes out.
func (t *Tx) AuditExport(e Exported) error {
	return t.Audit("export.made", About("merchant", t.actor.Merchant), e)
}
