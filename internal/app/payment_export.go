package app

import (
	"context"
	"net/http"
	"strings"

	"portal/internal/app/sheet"
	"portal/internal/store"
	"portal/web/text"
)

// exportPayments hands out the payments of the filter as a file.
func (a *App) exportPayments(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	at := a.readPaymentQuery(list)
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/payments", text.Msg("list.export_filter"))
	}
	filter := store.PaymentFilter{PaymentSelection: at.PaymentSelection, Sort: at.Sort, Ascending: at.Ascending, Limit: exportChunk}
	return handOutList(a, w, r, u, format, listExport[store.PaymentRow]{
		name: "payments", title: text.T(r.Context(), "payment.title"), columns: paymentColumns, filter: at.values(), most: store.MaxExport, back: at.href(store.Cursor{}),
		chunk: func(q *store.Query) ([]store.PaymentRow, bool, error) {
			page, err := q.Payments(filter)
			if len(page.Rows) > 0 {
				filter.From = at.Sort.Place(page.Rows[len(page.Rows)-1].Payment)
			}
			return page.Rows, page.More, err
		},
	})
}

// paymentColumns are those of the file, each with its words and its value.
var paymentColumns = []sheetColumn[store.PaymentRow]{
	{text.K("payment.paid_on"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Day(p.PaidOn) }},
	{text.K("payment.booked_on"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Day(p.BookedOn) }},
	{text.K("payment.payer"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Text(p.PayerName) }},
	{text.K("payment.tax_id"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Text(p.PayerTaxID) }},
	{text.K("payment.amount"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Satang(p.AmountSatang) }},
	{text.K("payment.export.applied"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Satang(p.AppliedSatang) }},
	{text.K("payment.export.left"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Satang(p.LeftSatang()) }},
	{text.K("payment.withheld_field"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Satang(p.WithheldSatang) }},
	{text.K("payment.fee_field"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Satang(p.FeeSatang) }},
	{text.K("payment.state"), func(ctx context.Context, p store.PaymentRow) sheet.Cell {
		return sheet.Text(paymentStatus(ctx, p.State).Label)
	}},
	{text.K("payment.export.bills"), func(_ context.Context, p store.PaymentRow) sheet.Cell {
		return sheet.Text(strings.Join(p.Numbers, ", "))
	}},
	{text.K("payment.export.why"), func(ctx context.Context, p store.PaymentRow) sheet.Cell {
		if p.AsideReason != "" {
			return sheet.Text(strings.Join(nonEmpty(text.T(ctx, text.Prefix("payment.aside.")+p.AsideReason), p.AsideNote), " · "))
		}
		return sheet.Text(reasonsOf(ctx, p.Reasons))
	}},
	{text.K("payment.reference1"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Text(p.Reference1) }},
	{text.K("payment.reference2"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Text(p.Reference2) }},
	{text.K("payment.description"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Text(p.Description) }},
	{text.K("payment.channel"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Text(p.Channel) }},
	{text.K("payment.bank_reference"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Text(p.BankReference) }},
	{text.K("payment.source"), func(ctx context.Context, p store.PaymentRow) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("payment.source.")+p.Source))
	}},
	{text.K("payment.export.recorded"), func(_ context.Context, p store.PaymentRow) sheet.Cell { return sheet.Instant(p.RecordedAt) }},
}
