package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"portal/internal/app/sheet"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// newExport asks in which form the bills of a filter shall be handed out.
func (a *App) newExport(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	view := f.raw("view")
	p := billPlace{View: view, billQuery: a.readBillQuery(f, u.person.ID)}
	if err := f.check(); err != nil {
		return err
	}
	return a.exportPage(w, r, u, http.StatusOK, p, "")
}

func (a *App) exportPage(w http.ResponseWriter, r *http.Request, u user, status int, p billPlace, refusal string) error {
	ctx := r.Context()
	var sum store.PresentmentSum
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if err := p.nameImport(q); err != nil {
			return err
		}
		sum, err = q.CountSelected(p.PresentmentSelection, true)
		return err
	})
	if err != nil {
		return err
	}
	v := templates.ExportView{
		Back: p.href(store.Cursor{}), Chips: p.chips(ctx), List: p.values().Encode(), Number: sum.Number, SumSatang: sum.SumSatang,
		Max: store.MaxExport, Refusal: refusal, English: text.From(ctx).Lang == text.EN,
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPresentments, Status: status}, templates.Export(v))
}

// export is one export that is being written.
type export struct {
	place   billPlace
	xlsx    bool
	byLine  bool
	look    sheet.Look
	ctx     context.Context //nolint:containedctx // in the language of the file, not of the page
	columns []billColumn
	sum     store.PresentmentSum
	rows    int
}

// createExport writes the bills of the filter into a file, leaves a leaf about
// it, and hands it out. The file is whole before the first byte leaves, so that
// a fault is a page and a slow line holds no connection to the database.
func (a *App) createExport(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	p, err := a.listNamed(f.raw("list"), u.person.ID)
	format, rows := f.choice("format", "xlsx", "csv"), f.choice("rows", "bills", "lines")
	lang, days := f.choice("lang", "th", "en"), f.choice("days", "local", "iso")
	if err := errors.Join(f.check(), err); err != nil {
		return err
	}
	locale := text.From(r.Context())
	if l, ok := text.ParseLang(lang); ok {
		locale.Lang = l
	}
	e := export{
		place: p, xlsx: format != "csv", byLine: rows == "lines", look: sheet.Look{Buddhist: locale.BuddhistEra, ISO: days == "iso"},
		ctx: text.With(r.Context(), locale), columns: billColumns,
	}
	err = a.handOut(w, r, u, handout{
		name: "bills-" + a.Clock().In(thai.Bangkok).Format("20060102-1504") + "." + e.format(), mediaType: mediaTypes[e.format()],
		fill: func(q *store.Query, to io.Writer) error { return e.write(q, u, a.Clock(), to) },
		leaf: func(tx *store.Tx, _ int64, sum string) error {
			return tx.AuditExport(store.Exported{Filter: p.values().Encode(), Format: e.format(), Rows: e.rows, Bills: e.sum.Number, SHA256: sum})
		},
	})
	if errors.Is(err, store.ErrTooMany) {
		return a.exportPage(w, r, u, http.StatusConflict, p, text.T(r.Context(), "list.export_too_many", "max", text.Int(store.MaxExport)))
	}
	return err
}

func (e *export) format() string {
	if e.xlsx {
		return "xlsx"
	}
	return "csv"
}

func (e *export) write(q *store.Query, u user, now time.Time, to io.Writer) error {
	var err error
	if e.sum, err = q.CountSelected(e.place.PresentmentSelection, true); err != nil {
		return err
	}
	if e.sum.Number > store.MaxExport {
		return store.ErrTooMany
	}
	if !e.xlsx {
		out := sheet.NewCSV(to, e.look)
		if err := e.table(q, out); err != nil {
			return err
		}
		return out.Close()
	}
	book := sheet.NewBook(to, e.look)
	widths := make([]int, len(e.heads()))
	for n := range widths {
		widths[n] = 18
	}
	out, err := book.Sheet(text.T(e.ctx, "presentment.title"), true, widths...)
	if err != nil {
		return err
	}
	if err := e.table(q, out); err != nil {
		return err
	}
	about, err := book.Sheet(text.T(e.ctx, "list.about.title"), false, 24, 80)
	if err != nil {
		return err
	}
	for _, row := range e.about(u, now) {
		if err := about.Write(row); err != nil {
			return err
		}
	}
	return book.Close()
}

func (e *export) heads() []sheet.Cell {
	var heads []sheet.Cell
	for _, c := range e.columns {
		heads = append(heads, sheet.Text(text.T(e.ctx, text.Prefix(c.label))))
	}
	if e.byLine {
		for _, name := range []string{"line_no", "description", "quantity", "unit_price", "vat", "discount", "amount"} {
			heads = append(heads, sheet.Text(text.T(e.ctx, text.Prefix("list.line.")+name)))
		}
	}
	return heads
}

// rowWriter is what takes rows, whichever kind of file it writes.
type rowWriter interface{ Write(row []sheet.Cell) error }

func (e *export) table(q *store.Query, out rowWriter) error {
	if err := out.Write(e.heads()); err != nil {
		return err
	}
	filter := store.PresentmentFilter{PresentmentSelection: e.place.PresentmentSelection, Sort: e.place.Sort, Ascending: e.place.Ascending}
	var cells []sheet.Cell
	return q.ExportPresentments(filter, e.byLine, func(r store.PresentmentRow, lines []store.ExportLine) error {
		cells = cells[:0]
		for _, c := range e.columns {
			cells = append(cells, c.cell(e.ctx, r))
		}
		shows(e.ctx, r.BuyerTaxID)
		if !e.byLine {
			e.rows++
			return out.Write(cells)
		}
		for _, l := range lines {
			e.rows++
			err := out.Write(append(cells[:len(e.columns):len(e.columns)], sheet.Count(l.LineNo), sheet.Text(l.Description), sheet.Number(l.Quantity),
				sheet.Number(l.UnitPrice), sheet.Text(text.T(e.ctx, text.Prefix("presentment.vat.")+l.VAT)), sheet.Satang(l.DiscountSatang), sheet.Satang(l.AmountSatang)))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// about is the sheet that says what the table is.
func (e *export) about(u user, now time.Time) [][]sheet.Cell {
	row := func(name string, value sheet.Cell) []sheet.Cell {
		return []sheet.Cell{sheet.Text(text.T(e.ctx, text.Prefix("list.about.")+name)), value}
	}
	rows := [][]sheet.Cell{
		row("merchant", sheet.Text(merchantName(e.ctx, u.membership))), row("person", sheet.Text(u.person.Name)), row("at", sheet.Instant(now)),
		row("bills", sheet.Count(e.sum.Number)), row("rows", sheet.Count(e.rows)), row("total", sheet.Satang(e.sum.SumSatang)),
	}
	if len(e.place.Asked) == 1 {
		rows = append(rows, row("filter", sheet.Text(text.T(e.ctx, "presentment.state")+": "+stateNames(e.ctx, e.place.Asked))))
	}
	if e.place.Query != "" {
		rows = append(rows, row("filter", sheet.Text(text.T(e.ctx, "presentment.search")+": "+e.place.Query)))
	}
	for _, c := range e.place.chips(e.ctx) {
		rows = append(rows, row("filter", sheet.Text(c.Name+": "+c.Value)))
	}
	return rows
}
