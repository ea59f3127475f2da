package app

import (
	"context"
	"net/http"

	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// maxReceiptExport is how many receipts one file holds.
const maxReceiptExport = 10_000

// exportReceipts hands out the receipts of the filter as a file.
func (a *App) exportReceipts(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	query := readReceiptQuery(list, a.today())
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/receipts", text.Msg("list.export_filter"))
	}
	filter := query.ReceiptFilter
	filter.From, filter.Limit = store.Cursor{}, exportChunk
	return handOutList(a, w, r, u, format, listExport[store.ReceiptRow]{
		name: "receipts", title: text.T(r.Context(), "receipt.title"), columns: receiptColumns, filter: query.typed, most: maxReceiptExport, back: query.href(),
		chunk: func(q *store.Query) (rows []store.ReceiptRow, more bool, err error) {
			if rows, more, err = q.Receipts(filter); len(rows) > 0 {
				filter.From = filter.Sort.PlaceOfReceipt(rows[len(rows)-1])
			}
			return rows, more, err
		},
	})
}

// receiptColumns are those of the file, each with its words and its value.
var receiptColumns = []sheetColumn[store.ReceiptRow]{
	{text.K("receipt.column.number"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Text(r.DocumentNumber) }},
	{text.K("receipt.type"), func(ctx context.Context, r store.ReceiptRow) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("receipt.kind.")+r.DocumentType))
	}},
	{text.K("receipt.on"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Day(r.DocumentOn) }},
	{text.K("receipt.paid_on"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Day(r.PaidOn) }},
	{text.K("receipt.column.buyer"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Text(r.BuyerName) }},
	{text.K("presentment.tax_id"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Text(r.BuyerTaxID) }},
	{text.K("receipt.column.bills"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Text(r.Bills) }},
	{text.K("receipt.received"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Satang(r.ReceivedSatang) }},
	{text.K("receipt.withheld"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Satang(r.WithheldSatang) }},
	{text.K("receipt.fee"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Satang(r.FeeSatang) }},
	{text.K("receipt.total"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Satang(r.TotalSatang) }},
	{text.K("receipt.vat_amount"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Satang(r.VATSatang) }},
	{text.K("receipt.method_label"), func(ctx context.Context, r store.ReceiptRow) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("receipt.method.")+r.Method))
	}},
	{text.K("receipt.reference"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Text(r.Reference) }},
	{text.K("receipt.column.state"), func(ctx context.Context, r store.ReceiptRow) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("receipt.state.")+r.State))
	}},
	{text.K("presentment.bank_reference"), func(_ context.Context, r store.ReceiptRow) sheet.Cell { return sheet.Text(r.BankReference) }},
}
