package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"portal/internal/app/sheet"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// exportChunk is how many rows of a list are read at a time.
const exportChunk = 500

// sheetColumn is a column of a list as a file: its heading, and what a row has
// in it.
type sheetColumn[T any] struct {
	label string
	cell  func(context.Context, T) sheet.Cell
}

// listExport is a list to be handed out as a file.
type listExport[T any] struct {
	name    string // of the file, and of the list in its leaf
	title   string
	columns []sheetColumn[T]
	filter  url.Values
	most    int    // rows in one file
	back    string // the list, for whoever asks for more than that
	// chunk gives at most exportChunk rows from where the last ones ended, and
	// whether there are others.
	chunk func(*store.Query) (rows []T, more bool, err error)
}

// readExport reads a form that asks for a list as a file: in which format, and
// the address of the list.
func readExport(r *http.Request) (format string, list *form, err error) {
	f := readForm(r)
	format = cmp.Or(f.choice("format", "xlsx", "csv"), "xlsx")
	values, err := url.ParseQuery(strings.TrimPrefix(f.raw("list"), "?"))
	if err != nil {
		return format, nil, &requestError{"unreadable filter"}
	}
	return format, formOf(values), f.check()
}

// handOutList writes the list into a file, leaves a leaf about it, and hands it
// out. Whoever asks for more than one file holds is told so, and gets none.
func handOutList[T any](a *App, w http.ResponseWriter, r *http.Request, u user, format string, e listExport[T]) error {
	rows := 0
	err := a.handOut(w, r, u, handout{
		name: e.name + "-" + a.Clock().In(thai.Bangkok).Format("20060102-1504") + "." + format, mediaType: mediaTypes[format],
		fill: func(q *store.Query, to io.Writer) (err error) {
			rows, err = e.write(r.Context(), q, format, to)
			return err
		},
		leaf: func(tx *store.Tx, _ int64, sum string) error {
			return tx.AuditExport(store.Exported{Filter: e.name + "?" + e.filter.Encode(), Format: format, Rows: rows, SHA256: sum})
		},
	})
	if errors.Is(err, store.ErrTooMany) {
		return a.seeOther(w, r, u, e.back, text.Msg("list.export_many", "max", text.Int(int64(e.most))))
	}
	return err
}

func (e listExport[T]) write(ctx context.Context, q *store.Query, format string, to io.Writer) (rows int, err error) {
	look := sheet.Look{Buddhist: text.From(ctx).BuddhistEra}
	if format == "csv" {
		out := sheet.NewCSV(to, look)
		rows, err = e.table(ctx, q, out)
		return rows, errors.Join(err, out.Close())
	}
	book := sheet.NewBook(to, look)
	widths := make([]int, len(e.columns))
	for n := range widths {
		widths[n] = 18
	}
	out, err := book.Sheet(e.title, true, widths...)
	if err != nil {
		return 0, fmt.Errorf("beginning a sheet: %w", err)
	}
	rows, err = e.table(ctx, q, out)
	return rows, errors.Join(err, book.Close())
}

func (e listExport[T]) table(ctx context.Context, q *store.Query, out rowWriter) (rows int, err error) {
	cells := make([]sheet.Cell, len(e.columns))
	for n, c := range e.columns {
		cells[n] = sheet.Text(text.T(ctx, c.label))
	}
	if err := out.Write(cells); err != nil {
		return 0, err
	}
	for more := true; more; {
		var list []T
		if list, more, err = e.chunk(q); err != nil {
			return rows, err
		}
		if rows += len(list); rows > e.most || more && rows == e.most {
			return rows, store.ErrTooMany
		}
		for _, r := range list {
			for n, c := range e.columns {
				cells[n] = c.cell(ctx, r)
				shows(ctx, cells[n].String())
			}
			if err := out.Write(cells); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}
