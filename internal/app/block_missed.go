package app

import (
	"context"

	"portal/internal/store"
	"portal/web/templates"
)

// missedView tells what a block of a sender would have held back in the last
// twelve months, and what we know the sender as.
func missedView(ctx context.Context, q *store.Query, kind, value string) (templates.MissedView, error) {
	v := templates.MissedView{Sender: proxyOf(kind, value).Format(), Kind: proxyKind(ctx, kind)}
	known, err := q.SenderKnown(kind, value)
	if err != nil {
		return v, err
	}
	v.Supplier, v.Buyer, v.Called = known.Supplier, known.Buyer, known.Called
	months, err := q.MissedAlerts(kind, value)
	if err != nil {
		return v, err
	}
	for _, m := range months {
		v.Rows = append(v.Rows, templates.MissedRow{Month: m.Month, Number: m.Number, Satang: m.Satang, Wanted: m.Wanted})
		v.Number, v.Satang, v.Wanted = v.Number+m.Number, v.Satang+m.Satang, v.Wanted+m.Wanted
	}
	before, err := q.BlocksOfSender(kind, value, 6)
	for _, b := range before {
		if b.State != store.BlockDiscarded {
			v.Before = append(v.Before, blockRow(ctx, b))
		}
	}
	return v, err
}
