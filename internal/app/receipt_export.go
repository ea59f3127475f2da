package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"portal/internal/app/sheet"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

const (
	// maxReceiptExport is how many receipts one file holds.
	maxReceiptExport = 10_000
	receiptChunk     = 500 // read at a time
)

// exportReceipts writes the receipts of the filter into a file, leaves a leaf
// about it, and hands it out. The file is whole before the first byte leaves.
func (a *App) exportReceipts(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	format := f.choice("format", "xlsx", "csv")
	values, err := url.ParseQuery(f.raw("list"))
	if err != nil {
		return &requestError{"unreadable filter"}
	}
	list := formOf(values)
	query := readReceiptQuery(list, a.today())
	if err := f.check(); err != nil {
		return err
	}
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/receipts", text.Msg("receipt.export_filter"))
	}
	ctx := r.Context()
	var file bytes.Buffer
	rows, more := 0, false
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		rows, more, err = writeReceipts(ctx, q, query.ReceiptFilter, format != "csv", &file)
		return err
	})
	if err != nil {
		return err
	}
	if more {
		return a.seeOther(w, r, u, query.href(), text.Msg("receipt.export_many", "max", text.Int(maxReceiptExport)))
	}
	if format == "" {
		format = "xlsx"
	}
	sum := sha256.Sum256(file.Bytes())
	made := store.Exported{Filter: "receipts?" + query.typed.Encode(), Format: format, Rows: rows, SHA256: hex.EncodeToString(sum[:])}
	if err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return tx.AuditExport(made) }); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	if format == "xlsx" {
		h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	}
	h.Set("Content-Length", strconv.Itoa(file.Len()))
	name := "receipts-" + a.Clock().In(thai.Bangkok).Format("20060102-1504") + "." + format
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	_, err = file.WriteTo(w)
	return err
}

// receiptColumns are those of the file, each with its words and its value.
var receiptColumns = []struct {
	label string
	cell  func(context.Context, store.ReceiptRow) sheet.Cell
}{
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

// writeReceipts writes the file, and says how many receipts are in it and
// whether there are more than it may hold.
func writeReceipts(ctx context.Context, q *store.Query, filter store.ReceiptFilter, xlsx bool, to *bytes.Buffer) (rows int, more bool, err error) {
	look := sheet.Look{Buddhist: text.From(ctx).BuddhistEra}
	var out rowWriter
	var end func() error
	if xlsx {
		book := sheet.NewBook(to, look)
		widths := make([]int, len(receiptColumns))
		for n := range widths {
			widths[n] = 18
		}
		if out, err = book.Sheet(text.T(ctx, "receipt.title"), true, widths...); err != nil {
			return 0, false, fmt.Errorf("beginning a sheet: %w", err)
		}
		end = book.Close
	} else {
		csv := sheet.NewCSV(to, look)
		out, end = csv, csv.Close
	}
	cells := make([]sheet.Cell, len(receiptColumns))
	for n, c := range receiptColumns {
		cells[n] = sheet.Text(text.T(ctx, c.label))
	}
	if err := out.Write(cells); err != nil {
		return 0, false, err
	}
	filter.From, filter.Limit = store.PresentmentCursor{}, receiptChunk
	for more = true; more && rows < maxReceiptExport; {
		var list []store.ReceiptRow
		if list, more, err = q.Receipts(filter); err != nil {
			return rows, more, err
		}
		for _, r := range list {
			for n, c := range receiptColumns {
				cells[n] = c.cell(ctx, r)
			}
			if err := out.Write(cells); err != nil {
				return rows, more, err
			}
			rows++
		}
		if more {
			filter.From = store.ReceiptPlaceOf(filter.Sort, list[len(list)-1])
		}
	}
	return rows, more, end()
}
