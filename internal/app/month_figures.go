package app

import (
	"context"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// monthFigure is one figure of a month: of how many, and what they come to.
type monthFigure struct {
	name   string
	number func(store.MonthFigures) int // nil where nothing is counted
	satang func(store.MonthFigures) int64
}

// monthFigureList are the figures in the order of the page.
var monthFigureList = []monthFigure{
	{"billed", func(f store.MonthFigures) int { return f.Bills }, func(f store.MonthFigures) int64 { return f.BilledSatang }},
	{"receipted", func(f store.MonthFigures) int { return f.Receipts }, func(f store.MonthFigures) int64 { return f.ReceiptedSatang }},
	{"debited", func(f store.MonthFigures) int { return f.DebitNotes }, func(f store.MonthFigures) int64 { return f.DebitedSatang }},
	{"credited", func(f store.MonthFigures) int { return f.CreditNotes }, func(f store.MonthFigures) int64 { return f.CreditedSatang }},
	{"received", func(f store.MonthFigures) int { return f.Payments }, func(f store.MonthFigures) int64 { return f.ReceivedSatang }},
	{"withheld", nil, func(f store.MonthFigures) int64 { return f.WithheldSatang }},
}

// taxFigureList are those of the report of output tax.
var taxFigureList = []monthFigure{
	{"standard", nil, func(f store.MonthFigures) int64 { return f.StandardSatang }},
	{"zero", nil, func(f store.MonthFigures) int64 { return f.ZeroSatang }},
	{"exempt", nil, func(f store.MonthFigures) int64 { return f.ExemptSatang }},
	{"vat", func(f store.MonthFigures) int { return f.TaxDocuments }, func(f store.MonthFigures) int64 { return f.VATSatang }},
}

func monthFigures(ctx context.Context, f store.MonthFigures) (v templates.MonthFigures) {
	line := func(m monthFigure) templates.MonthFigure {
		figure := templates.MonthFigure{Name: text.T(ctx, text.Prefix("month.figure.")+m.name), Amount: text.Amount(m.satang(f))}
		if m.number != nil {
			figure.Number = text.N(ctx, "month.documents", m.number(f))
		}
		return figure
	}
	for _, m := range monthFigureList {
		v.Documents = append(v.Documents, line(m))
	}
	for _, m := range taxFigureList {
		v.Tax = append(v.Tax, line(m))
	}
	return v
}

// monthDifferences are the figures of a closed month that are others by now.
func monthDifferences(ctx context.Context, then, now store.MonthFigures) (list []templates.MonthDifference) {
	for _, m := range append(append([]monthFigure(nil), monthFigureList...), taxFigureList...) {
		counted := m.number != nil && m.number(then) != m.number(now)
		if m.satang(then) != m.satang(now) || counted {
			d := templates.MonthDifference{Name: text.T(ctx, text.Prefix("month.figure.")+m.name), Then: text.Amount(m.satang(then)), Now: text.Amount(m.satang(now))}
			if counted {
				d.Then += " (" + text.N(ctx, "month.documents", m.number(then)) + ")"
				d.Now += " (" + text.N(ctx, "month.documents", m.number(now)) + ")"
			}
			list = append(list, d)
		}
	}
	return list
}

func taxRows(ctx context.Context, list []store.TaxRow) (rows []templates.TaxRow) {
	for _, r := range list {
		standard, zero, exempt, vat := r.Counted()
		row := templates.TaxRow{
			Href: pageOf(r.Source, r.ID), Number: r.Number, Kind: text.T(ctx, text.Prefix("library.kind.")+r.Kind), On: r.OnDay, Buyer: r.BuyerName,
			TaxID: taxIDText(r.BuyerTaxID), Branch: taxBranch(ctx, r.BuyerBranch), Base: text.Amount(standard + zero + exempt), VAT: text.Amount(vat),
		}
		if r.Standing != store.TaxCounts {
			row.Status = ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, text.Prefix("month.standing.")+r.Standing)}
		}
		rows = append(rows, row)
	}
	return rows
}

// taxBranch names a branch; a buyer without one has no word for it.
func taxBranch(ctx context.Context, branch string) string {
	if _, err := thai.ParseBranch(branch); err != nil {
		return ""
	}
	return branchName(ctx, branch)
}
