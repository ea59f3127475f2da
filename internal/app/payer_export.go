package app

import (
	"context"
	"net/http"
	"strconv"

	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// maxPayerExport is how many payers one file holds.
const maxPayerExport = 10_000

// exportPayers hands out the payers of the list as a file.
func (a *App) exportPayers(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	at, _ := readPayerPlace(list)
	if err := list.check(); err != nil {
		return err
	}
	from := store.PayerCursor{}
	return handOutList(a, w, r, u, format, listExport[store.PayerRow]{
		name: "payers", title: text.T(r.Context(), "payer.title"), columns: payerColumns, filter: at.values(), most: maxPayerExport, back: at.href(store.PayerCursor{}),
		chunk: func(q *store.Query) ([]store.PayerRow, bool, error) {
			rows, more, err := q.Payers(at.filter(from, exportChunk))
			if len(rows) > 0 {
				from = store.PlaceOfPayer(at.Sort, rows[len(rows)-1])
			}
			return rows, more, err
		},
	})
}

// payerColumns are those of the file, each with its words and its value.
var payerColumns = []sheetColumn[store.PayerRow]{
	{text.K("payer.field.code"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Code) }},
	{text.K("payer.field.name"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Name) }},
	{text.K("payer.field.name_en"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.NameEN) }},
	{text.K("payer.field.tax_id"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.TaxID) }},
	{text.K("payer.field.mobile"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Mobile) }},
	{text.K("payer.field.email"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Email) }},
	{text.K("payer.field.contact"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Contact) }},
	{text.K("payer.field.payday"), func(_ context.Context, p store.PayerRow) sheet.Cell {
		if p.Payday == nil {
			return sheet.Text("")
		}
		return sheet.Text(strconv.Itoa(*p.Payday))
	}},
	{text.K("payer.standing_label"), func(ctx context.Context, p store.PayerRow) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("payer.standing.")+payerStanding(p.MandateState)))
	}},
	{text.K("payer.account"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.DrawerAccount) }},
	{text.K("payer.field.note"), func(_ context.Context, p store.PayerRow) sheet.Cell { return sheet.Text(p.Note) }},
}
