package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"portal/internal/app/sheet"
	"portal/internal/app/taxreport"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// mediaTypes are those of what the portal hands out.
var mediaTypes = map[string]string{
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8", "pdf": "application/pdf",
}

// monthExport is one report of output tax that is being written.
type monthExport struct {
	ctx   context.Context //nolint:containedctx // in the language of the file, not of the page
	month time.Time
	user  user
	now   time.Time
	look  sheet.Look
	rows  int

	standard, zero, exempt, vat int64
}

// mostRows is how many documents a workbook lists, between its heading and its
// total.
const mostRows = sheet.MaxRows - 2

// createMonthExport hands out the report of output tax of a month.
func (a *App) createMonthExport(w http.ResponseWriter, r *http.Request, u user) error {
	month, err := pathMonth(r)
	if err != nil {
		return err
	}
	f := readForm(r)
	format, lang := f.choice("format", "xlsx", "csv", "pdf"), f.choice("lang", "th", "en")
	if err := f.check(); err != nil {
		return err
	}
	if format == "" {
		format = "xlsx"
	}
	ctx := writtenIn(r.Context(), lang)
	e := monthExport{ctx: ctx, month: month, user: u, now: a.Clock(), look: sheet.Look{Buddhist: text.From(ctx).BuddhistEra}}
	fill := map[string]func(*store.Query, io.Writer) error{"xlsx": e.book, "csv": e.csv, "pdf": e.paper}[format]
	err = a.handOut(w, r, u, handout{
		name: "output-tax-" + month.Format(monthForm) + "." + format, mediaType: mediaTypes[format], fill: fill,
		leaf: func(tx *store.Tx, _ int64, sum string) error {
			return tx.AuditMonthExport(store.MonthExported{Month: month.Format(monthForm), Format: format, Rows: e.rows, SHA256: sum})
		},
	})
	switch {
	case errors.Is(err, taxreport.ErrTooLong):
		return a.monthPage(w, r, u, month, http.StatusConflict, text.T(r.Context(), "month.too_long", "max", text.Int(taxreport.MaxRows)))
	case errors.Is(err, sheet.ErrSheetFull):
		return a.monthPage(w, r, u, month, http.StatusConflict, text.T(r.Context(), "month.too_many_rows", "max", text.Int(mostRows)))
	}
	return err
}

// each gives the rows to write and adds them up.
func (e *monthExport) each(q *store.Query, write func(store.TaxRow) error) error {
	return q.ExportOutputTax(store.MonthSpan(e.month), func(r store.TaxRow) error {
		standard, zero, exempt, vat := r.Counted()
		e.rows, e.standard, e.zero, e.exempt, e.vat = e.rows+1, e.standard+standard, e.zero+zero, e.exempt+exempt, e.vat+vat
		return write(r)
	})
}

var taxHeads = []string{"no", "on", "number", "kind", "buyer", "tax_id", "branch", "standing", "standard", "zero", "exempt", "vat"}

func (e *monthExport) table(q *store.Query, out rowWriter) error {
	var heads []sheet.Cell
	for _, h := range taxHeads {
		heads = append(heads, sheet.Text(text.T(e.ctx, text.Prefix("month.head.")+h)))
	}
	if err := out.Write(heads); err != nil {
		return err
	}
	err := e.each(q, func(r store.TaxRow) error {
		standard, zero, exempt, vat := r.Counted()
		standing := ""
		if r.Standing != store.TaxCounts {
			standing = text.T(e.ctx, text.Prefix("month.standing.")+r.Standing)
		}
		return out.Write([]sheet.Cell{
			sheet.Count(e.rows), sheet.Day(r.OnDay), sheet.Text(r.Number), sheet.Text(text.T(e.ctx, text.Prefix("library.kind.")+r.Kind)), sheet.Text(r.BuyerName),
			sheet.Text(r.BuyerTaxID), sheet.Text(r.BuyerBranch), sheet.Text(standing), sheet.Satang(standard), sheet.Satang(zero), sheet.Satang(exempt), sheet.Satang(vat),
		})
	})
	if err != nil {
		return err
	}
	return out.Write([]sheet.Cell{
		{}, {}, {}, {}, sheet.Text(text.T(e.ctx, "month.total")), {}, {}, {}, sheet.Satang(e.standard), sheet.Satang(e.zero), sheet.Satang(e.exempt), sheet.Satang(e.vat),
	})
}

func (e *monthExport) csv(q *store.Query, to io.Writer) error {
	out := sheet.NewCSV(to, e.look)
	if err := e.table(q, out); err != nil {
		return err
	}
	return out.Close()
}

func (e *monthExport) book(q *store.Query, to io.Writer) error {
	now, err := q.MonthFigures(e.month)
	if err != nil {
		return err
	}
	// Told at once, where it is known before a million rows are read. Documents
	// that do not count are rows, too: the sheet refuses those.
	if now.TaxDocuments > mostRows {
		return sheet.ErrSheetFull
	}
	book := sheet.NewBook(to, e.look)
	out, err := book.Sheet(text.T(e.ctx, "month.report"), true, 8, 14, 20, 26, 40, 20, 10, 16, 18, 18, 18, 18)
	if err != nil {
		return err
	}
	if err := e.table(q, out); err != nil {
		return err
	}
	about, err := book.Sheet(text.T(e.ctx, "month.summary"), false, 40, 24, 16)
	if err != nil {
		return err
	}
	rows := [][]sheet.Cell{
		{sheet.Text(text.T(e.ctx, "month.month")), sheet.Text(text.Month(e.ctx, e.month))},
		{sheet.Text(text.T(e.ctx, "month.merchant")), sheet.Text(merchantName(e.ctx, e.user.membership))},
		{sheet.Text(text.T(e.ctx, "month.as_of")), sheet.Instant(e.now)}, {sheet.Text(text.T(e.ctx, "month.made_by")), sheet.Text(e.user.person.Name)},
	}
	for _, f := range append(append([]monthFigure(nil), monthFigureList...), taxFigureList...) {
		row := []sheet.Cell{sheet.Text(text.T(e.ctx, text.Prefix("month.figure.")+f.name)), sheet.Satang(f.satang(now))}
		if f.number != nil {
			row = append(row, sheet.Count(f.number(now)))
		}
		rows = append(rows, row)
	}
	for _, row := range rows {
		if err := about.Write(row); err != nil {
			return err
		}
	}
	return book.Close()
}

func (e *monthExport) paper(q *store.Query, to io.Writer) error {
	seller, err := q.Merchant()
	if err != nil {
		return err
	}
	report := taxreport.Report{
		Title: text.T(e.ctx, "month.report"), Month: text.Month(e.ctx, e.month),
		Facts: []string{
			merchantName(e.ctx, e.user.membership), text.T(e.ctx, "month.registered", "id", thai.TaxID(seller.TaxID).Grouped(), "branch", taxBranch(e.ctx, seller.Branch)),
			text.T(e.ctx, "month.made", "at", text.DateTime(e.ctx, e.now), "person", e.user.person.Name),
		},
		Page: func(n, of int) string {
			return text.T(e.ctx, "month.page", "n", strconv.Itoa(n), "of", strconv.Itoa(of))
		},
	}
	for n, h := range []string{"no", "on", "number", "buyer", "tax_id", "branch", "base", "untaxed", "vat"} {
		report.Heads[n] = text.T(e.ctx, text.Prefix("month.paper.")+h)
	}
	err = e.each(q, func(r store.TaxRow) error {
		if len(report.Rows) == taxreport.MaxRows {
			return taxreport.ErrTooLong
		}
		standard, zero, exempt, vat := r.Counted()
		row := taxreport.Row{
			On: text.Date(e.ctx, r.OnDay), Number: r.Number, Buyer: r.BuyerName, TaxID: r.BuyerTaxID, Branch: r.BuyerBranch,
			Base: text.Amount(standard), Untaxed: text.Amount(zero + exempt), VAT: text.Amount(vat),
		}
		if r.Standing != store.TaxCounts {
			row.Buyer += " (" + text.T(e.ctx, text.Prefix("month.standing.")+r.Standing) + ")"
		}
		report.Rows = append(report.Rows, row)
		return nil
	})
	if err != nil {
		return err
	}
	report.Total = taxreport.Row{
		Buyer: text.T(e.ctx, "month.total"), Base: text.Amount(e.standard), Untaxed: text.Amount(e.zero + e.exempt), VAT: text.Amount(e.vat),
	}
	content, err := taxreport.Draw(report)
	if err != nil {
		return err
	}
	_, err = to.Write(content)
	return err
}
