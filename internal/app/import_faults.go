package app

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"portal/internal/app/intake"
	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// importFaults gives out the rows that are still faulty as a workbook: its own
// columns, and one that says what to mend. It can be mended there and brought
// in again.
func (a *App) importFaults(w http.ResponseWriter, r *http.Request, u user) error {
	i, err := a.importOf(r, u)
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	kept := ownColumns(i.Heading)
	heading := append(pick(i.Heading, kept), text.T(ctx, "import.fault_column"))
	name, _, _ := strings.Cut(i.FileName, ".")
	rows := 0
	return a.handOut(w, r, u, handout{
		name: text.T(ctx, "import.fault_file", "name", name) + ".xlsx", mediaType: mediaTypes["xlsx"],
		fill: func(q *store.Query, to io.Writer) error {
			return sheet.WriteText(to, templates.ImportText(ctx, i.Kind, "sheet"), heading, func(row func([]string) error) error {
				return eachFaultyRow(ctx, q, i.ID, func(cells []string, what string) error {
					rows++
					return row(append(pick(cells, kept), what))
				})
			})
		},
		leaf: func(tx *store.Tx, _ int64, sum string) error {
			return tx.AuditExport(store.Exported{Filter: "import/" + i.ID.String(), Format: "xlsx", Rows: rows, SHA256: sum})
		},
	})
}

// ownColumns are the columns of the file but for the one that an earlier list
// of faults added.
func ownColumns(heading []string) (kept []int) {
	for n, name := range heading {
		if !slices.Contains(intake.FaultColumns[:], name) {
			kept = append(kept, n)
		}
	}
	return kept
}

func pick(cells []string, kept []int) []string {
	list := make([]string, len(kept), len(kept)+1)
	for n, at := range kept {
		if at < len(cells) {
			list[n] = cells[at]
		}
	}
	return list
}

func eachFaultyRow(ctx context.Context, q *store.Query, id store.ID, do func(cells []string, what string) error) error {
	for after := 0; ; {
		items, err := q.ImportItems(id, store.ImportFaulty, after, importChunk)
		if err != nil || len(items) == 0 {
			return err
		}
		rows, err := q.ImportRowsOfItems(id, nosOf(items))
		if err != nil {
			return err
		}
		what := make(map[int][]string)
		for _, b := range items {
			after = b.No
			faults, err := faultsOf(b)
			if err != nil {
				return err
			}
			for _, fault := range faults {
				what[fault.Row] = append(what[fault.Row], columnName(ctx, fault.Field)+": "+faultWords(ctx, fault))
			}
		}
		for _, row := range rows {
			if row.Dropped {
				continue
			}
			if err := do(row.Cells, strings.Join(what[row.No], "\n")); err != nil {
				return err
			}
		}
	}
}
