package app

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// showSlip shows the slip for the bank's call centre alone, to be printed.
func (a *App) showSlip(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	var v templates.SlipView
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		d, err := readDesk(q, id)
		if err != nil {
			return err
		}
		if !d.unclear() {
			return store.ErrNotFound
		}
		v, err = slipOf(r.Context(), q, d)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaUnknown}, templates.SlipAlone(v))
}

// slipOf gathers what the bank needs to find the request again. The slip is in
// both languages, since one is for the caller and one may be for the bank.
func slipOf(ctx context.Context, q *store.Query, d deskItem) (templates.SlipView, error) {
	m, err := q.Merchant()
	if err != nil {
		return templates.SlipView{}, err
	}
	v := templates.SlipView{
		Title: d.Title, Item: "/unknown/" + d.ID.String(),
		Merchant: m.NameTH + " · " + m.NameEN + " · " + thai.TaxID(m.TaxID).Grouped(),
	}
	th, en := templates.In(ctx, text.TH), templates.In(ctx, text.EN)
	operation := text.Prefix("approval.operation.") + d.Operation
	v.Rows = append(v.Rows,
		templates.SlipRow{Term: "operation", Thai: text.T(th, operation), Eng: text.T(en, operation)},
		templates.SlipRow{Term: "sent_at", Thai: toTheSecond(th, d.askedAt()) + " น.", Eng: toTheSecond(en, d.askedAt())},
		templates.SlipRow{Term: "reference", Value: d.attempt.ID.String(), Code: true},
	)
	if x := d.exchange; x != nil {
		v.Rows = append(v.Rows,
			templates.SlipRow{Term: "transaction_id", Value: x.TransactionID, Code: true},
			templates.SlipRow{Term: "path", Value: x.Method + " " + x.Path, Code: true},
			templates.SlipRow{Term: "body_hash", Value: hex.EncodeToString(x.Hash), Code: true},
		)
	}
	v.Rows = append(v.Rows, templates.SlipRow{Term: "payload_hash", Value: hex.EncodeToString(d.PayloadHash), Code: true})
	about, err := aboutRows(q, d)
	if err != nil {
		return v, err
	}
	homes, err := q.HomeBranches()
	if err != nil {
		return v, err
	}
	back := cameBack(d.exchange)
	v.Rows = append(v.Rows, about...)
	v.Rows = append(v.Rows,
		templates.SlipRow{Term: "amount", Value: text.Amount(d.parts[0].AmountSatang) + " บาท / THB"},
		templates.SlipRow{Term: "came_back", Thai: back.In(th), Eng: back.In(en)},
	)
	v.Rows = append(v.Rows, branchOfSlip(th, en, homes)...)
	return v, nil
}

// aboutRows say what the request was about.
func aboutRows(q *store.Query, d deskItem) ([]templates.SlipRow, error) {
	if d.Subject.Kind() == "receipt" {
		return aboutReceipt(q, d)
	}
	if d.Subject.Kind() != "presentment" {
		return []templates.SlipRow{{Term: "title", Value: d.Title}}, nil
	}
	p, err := q.Presentment(d.SubjectID())
	if err != nil {
		return nil, err
	}
	rows := []templates.SlipRow{
		{Term: "number", Value: p.DocumentNumber, Code: true},
		{Term: "buyer", Value: p.BuyerName},
		{Term: "tax_id", Value: thai.TaxID(p.BuyerTaxID).Grouped() + " · " + p.BuyerBranch},
	}
	if p.BankReference != "" {
		rows = append(rows, templates.SlipRow{Term: "bank_reference", Value: p.BankReference, Code: true})
	}
	return rows, nil
}

func aboutReceipt(q *store.Query, d deskItem) ([]templates.SlipRow, error) {
	r, err := q.Receipt(d.SubjectID())
	if err != nil {
		return nil, err
	}
	rows := []templates.SlipRow{
		{Term: "number", Value: r.DocumentNumber, Code: true},
		{Term: "buyer", Value: r.BuyerName},
		{Term: "tax_id", Value: thai.TaxID(r.BuyerTaxID).Grouped() + " · " + r.BuyerBranch},
	}
	if r.BankReference != "" {
		rows = append(rows, templates.SlipRow{Term: "bank_reference", Value: r.BankReference, Code: true})
	}
	return rows, nil
}

// cameBack says what the bank answered, if it did.
func cameBack(x *store.Exchange) text.Message {
	switch {
	case x == nil || x.Outcome == nil:
		return text.Msg("desk.back.unrecorded")
	case x.HTTPStatus == nil || *x.HTTPStatus == 0:
		return text.Msg("desk.back.nothing")
	}
	return text.Msg("desk.back.unclear", "status", strconv.Itoa(*x.HTTPStatus))
}

// toTheSecond writes an instant in both eras, as a call centre looks for it.
func toTheSecond(ctx context.Context, at time.Time) string {
	at = at.In(text.Bangkok)
	return strings.TrimSpace(text.BothEras(ctx, at) + " " + at.Format("15:04:05"))
}
