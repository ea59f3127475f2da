package app

import (
	"context"
	"net/http"

	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// maxDebitExport is how many debits one file holds.
const maxDebitExport = 20_000

// exportDebits hands out the debits of the filter as a file.
func (a *App) exportDebits(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	query := a.readDebitQuery(list)
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/debits", text.Msg("list.export_filter"))
	}
	filter := store.DebitFilter{DebitSelection: query.DebitSelection, Sort: query.sort, Ascending: query.ascending, Limit: exportChunk}
	return handOutList(a, w, r, u, format, listExport[store.Debit]{
		name: "debits", title: text.T(r.Context(), "debits.title"), columns: debitColumns, filter: query.values(), most: maxDebitExport, back: query.href(store.Cursor{}),
		chunk: func(q *store.Query) ([]store.Debit, bool, error) {
			page, err := q.Debits(filter)
			if len(page.Rows) > 0 {
				filter.From = filter.Sort.Place(page.Rows[len(page.Rows)-1])
			}
			return page.Rows, page.More, err
		},
	})
}

// debitColumns are those of the file, each with its words and its value.
var debitColumns = []sheetColumn[store.Debit]{
	{text.K("debits.debit_on"), func(_ context.Context, d store.Debit) sheet.Cell { return sheet.Day(d.DebitOn) }},
	{text.K("debits.payer"), func(_ context.Context, d store.Debit) sheet.Cell { return sheet.Text(d.PayerName) }},
	{text.K("debits.code"), func(_ context.Context, d store.Debit) sheet.Cell { return sheet.Text(d.PayerCode) }},
	{text.K("debits.reference"), func(_ context.Context, d store.Debit) sheet.Cell { return sheet.Text(d.Reference) }},
	{text.K("debits.invoice"), func(_ context.Context, d store.Debit) sheet.Cell { return sheet.Text(d.InvoiceNumber) }},
	{text.K("debits.amount"), func(_ context.Context, d store.Debit) sheet.Cell { return sheet.Satang(d.AmountSatang) }},
	{text.K("debits.state_label"), func(ctx context.Context, d store.Debit) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("debits.state.")+d.State))
	}},
	{text.K("debits.reason"), func(ctx context.Context, d store.Debit) sheet.Cell {
		if d.FailureCode == "" {
			return sheet.Text("")
		}
		return sheet.Text(failureName(ctx, d.FailureCode))
	}},
	{text.K("presentment.bank_reference"), func(_ context.Context, d store.Debit) sheet.Cell { return sheet.Text(d.BankReference) }},
	{text.K("debits.since"), func(_ context.Context, d store.Debit) sheet.Cell { return sheet.Instant(d.StateSince) }},
}
