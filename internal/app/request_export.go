package app

import (
	"context"
	"net/http"

	"portal/internal/app/promptpay"
	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// maxRequestExport is how many requests one file holds.
const maxRequestExport = 20_000

// exportRequests hands out the requests of the filter as a file.
func (a *App) exportRequests(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	query := a.readRequestQuery(list)
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/requests", text.Msg("list.export_filter"))
	}
	filter := store.RequestFilter{RequestSelection: query.RequestSelection, Sort: query.sort, Ascending: query.ascending, Limit: exportChunk}
	return handOutList(a, w, r, u, format, listExport[store.PayRequest]{
		name: "requests", title: text.T(r.Context(), "request.title"), columns: requestColumns, filter: query.values(), most: maxRequestExport, back: query.href(store.Cursor{}),
		chunk: func(q *store.Query) ([]store.PayRequest, bool, error) {
			page, err := q.Requests(filter)
			if len(page.Rows) > 0 {
				filter.From = filter.Sort.Place(page.Rows[len(page.Rows)-1])
			}
			return page.Rows, page.More, err
		},
	})
}

// requestColumns are those of the file, each with its words and its value. A
// person's id is masked as on the list.
var requestColumns = []sheetColumn[store.PayRequest]{
	{text.K("request.made_on"), func(_ context.Context, r store.PayRequest) sheet.Cell { return sheet.Instant(r.CreatedAt) }},
	{text.K("request.receiver_name"), func(_ context.Context, r store.PayRequest) sheet.Cell { return sheet.Text(r.ReceiverName) }},
	{text.K("request.receiver"), func(_ context.Context, r store.PayRequest) sheet.Cell {
		return sheet.Text(promptpay.ID{Kind: promptpay.Kind(r.ReceiverKind), Value: r.ReceiverValue}.Mask())
	}},
	{text.K("request.reference"), func(_ context.Context, r store.PayRequest) sheet.Cell { return sheet.Text(r.Reference) }},
	{text.K("request.invoice"), func(_ context.Context, r store.PayRequest) sheet.Cell { return sheet.Text(r.InvoiceNumber) }},
	{text.K("request.amount"), func(_ context.Context, r store.PayRequest) sheet.Cell { return sheet.Satang(r.AmountSatang) }},
	{text.K("request.send_on"), func(_ context.Context, r store.PayRequest) sheet.Cell {
		if r.SendOn == nil {
			return sheet.Text("")
		}
		return sheet.Day(*r.SendOn)
	}},
	{text.K("request.ends_on"), func(_ context.Context, r store.PayRequest) sheet.Cell { return sheet.Day(r.EndsOn) }},
	{text.K("request.state_label"), func(ctx context.Context, r store.PayRequest) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("request.state.")+r.State))
	}},
	{text.K("request.rtp"), func(_ context.Context, r store.PayRequest) sheet.Cell { return sheet.Text(r.BankReference) }},
	{text.K("request.payment_reference"), func(_ context.Context, r store.PayRequest) sheet.Cell { return sheet.Text(r.PaymentRef) }},
}
