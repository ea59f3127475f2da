package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// maxEtaxExport is how many tax documents one file holds.
const maxEtaxExport = 20_000

// exportEtax hands out the tax documents of the filter as a file.
func (a *App) exportEtax(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	query := a.readEtaxQuery(list)
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/etax", text.Msg("list.export_filter"))
	}
	filter := query.EtaxFilter
	return handOutList(a, w, r, u, format, listExport[store.EtaxRow]{
		name: "etax", title: text.T(r.Context(), "etax.title"), columns: etaxColumns, filter: query.values(), most: maxEtaxExport, back: addressOf("/etax", query.values()),
		chunk: func(q *store.Query) (rows []store.EtaxRow, more bool, err error) {
			if all, err := q.EtaxTextFindsAll(filter.Text); err != nil || !all {
				return nil, false, errors.Join(err, store.ErrTooMany)
			}
			if rows, more, err = q.EtaxDocuments(filter, exportChunk); len(rows) > 0 {
				last := rows[len(rows)-1]
				filter.After = store.EtaxCursor{On: last.IssuedOn, ID: last.ID}
			}
			return rows, more, err
		},
	})
}

// etaxColumns are those of the file, each with its words and its value.
var etaxColumns = []sheetColumn[store.EtaxRow]{
	{text.K("etax.number"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Text(e.Number) }},
	{text.K("etax.kind"), func(ctx context.Context, e store.EtaxRow) sheet.Cell { return sheet.Text(etaxKindName(ctx, e.Kind)) }},
	{text.K("etax.issued_on"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Day(e.IssuedOn) }},
	{text.K("etax.buyer"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Text(e.BuyerName) }},
	{text.K("presentment.tax_id"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Text(e.BuyerTaxID) }},
	{text.K("etax.basis_total"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Satang(e.BasisSatang) }},
	{text.K("etax.vat"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Satang(e.VATSatang) }},
	{text.K("etax.grand_total"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Satang(e.TotalSatang) }},
	{text.K("etax.state"), func(ctx context.Context, e store.EtaxRow) sheet.Cell {
		return sheet.Text(etaxStatus(ctx, e.State).Label)
	}},
	{text.K("etax.column.since"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Instant(e.StateSince) }},
	{text.K("presentment.bank_reference"), func(_ context.Context, e store.EtaxRow) sheet.Cell { return sheet.Text(e.BankReference) }},
}
