package app

import (
	"context"
	"fmt"
	"strings"

	"portal/internal/app/bill"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// savedBy names who changed something last, as far as the trail knows.
func (a *App) savedBy(ctx context.Context, u user, about store.Subject) (person string, err error) {
	person = text.T(ctx, "presentment.conflict_somebody")
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		leaves, err := q.Leaves(store.LeafFilter{Subjects: []store.Subject{about}, Action: about.Kind() + ".", Limit: 1})
		if len(leaves) > 0 && leaves[0].PersonName != "" {
			person = leaves[0].PersonName
		}
		return err
	})
	return person, err
}

// conflicts lists the fields whose saved value is not the typed one, and by
// the id of each input the value that is saved.
func conflicts(ctx context.Context, saved store.Presentment, f *presentmentForm) (changes []templates.PresentmentChange, at map[string]string) {
	mine := f.read
	at = map[string]string{}
	compare := func(id, label, saved, typed string) {
		if saved != typed {
			changes = append(changes, templates.PresentmentChange{Field: label, Saved: saved, Typed: typed})
			at[id] = saved
		}
	}
	kind := func(p store.Presentment) string { return text.T(ctx, text.Prefix("presentment.type.")+p.DocumentType) }
	compare("buyer_name", text.T(ctx, "presentment.buyer_name"), saved.BuyerName, mine.BuyerName)
	compare("buyer_tax_id", text.T(ctx, "presentment.tax_id"), saved.BuyerTaxID, mine.BuyerTaxID)
	compare("buyer_branch", text.T(ctx, "presentment.branch"), saved.BuyerBranch, mine.BuyerBranch)
	compare("buyer_address", text.T(ctx, "presentment.address"), saved.BuyerAddress, mine.BuyerAddress)
	compare("type", text.T(ctx, "presentment.type"), kind(saved), kind(mine))
	compare("number", text.T(ctx, "presentment.number"), saved.DocumentNumber, mine.DocumentNumber)
	compare("document_on", text.T(ctx, "presentment.on"), text.Date(ctx, saved.DocumentOn), text.Date(ctx, mine.DocumentOn))
	compare("due_on", text.T(ctx, "presentment.due"), text.Date(ctx, saved.DueOn), text.Date(ctx, mine.DueOn))
	compare("order_reference", text.T(ctx, "form.order"), saved.OrderReference, mine.OrderReference)
	compare("credit_days", text.T(ctx, "form.credit"), typedCredit(saved.CreditDays), typedCredit(mine.CreditDays))
	compare("discount", text.T(ctx, "form.discount"), wholeDiscount(saved), wholeDiscount(mine))
	compare("remark", text.T(ctx, "presentment.remark"), saved.Remark, mine.Remark)
	for i := range max(len(saved.Lines), len(mine.Lines)) {
		line := text.T(ctx, "form.conflict_line", "n", i+1)
		switch {
		case i >= len(mine.Lines):
			compare("lines", line, lineAtAGlance(saved.Lines[i]), "")
		case i >= len(saved.Lines):
			compare("lines", line, "", lineAtAGlance(mine.Lines[i]))
		default:
			compare("lines", line, lineAtAGlance(saved.Lines[i]), lineAtAGlance(mine.Lines[i]))
		}
	}
	if len(saved.Lines) == len(f.lines) && len(mine.Lines) == len(f.lines) { // the lines stand beside each other
		for i := range saved.Lines {
			markLine(ctx, at, i+1, saved.Lines[i], mine.Lines[i])
		}
	}
	return changes, at
}

// markLine notes what is saved of line n where that is not what was typed.
func markLine(ctx context.Context, at map[string]string, n int, saved, typed store.PresentmentLine) {
	mark := func(column, saved, typed string) {
		if saved != typed {
			at[templates.LineID(n, column)] = saved
		}
	}
	income := func(l store.PresentmentLine) string {
		if l.WHTIncome == "" {
			return text.T(ctx, "form.income.none")
		}
		return text.T(ctx, text.Prefix("form.income.")+l.WHTIncome)
	}
	mark("description", saved.Description, typed.Description)
	mark("quantity", saved.Quantity.String(), typed.Quantity.String())
	mark("price", unitPrice(saved.UnitPrice), unitPrice(typed.UnitPrice))
	mark("discount", lineDiscount(saved), lineDiscount(typed))
	mark("vat", text.T(ctx, text.Prefix("presentment.vat.")+saved.VAT), text.T(ctx, text.Prefix("presentment.vat.")+typed.VAT))
	mark("income", income(saved), income(typed))
}

func wholeDiscount(p store.Presentment) string {
	d := sumsOf(p).Discount
	return typedDiscount(d.Percent, d.Satang)
}

// lineAtAGlance writes a line so that two can be compared by eye.
func lineAtAGlance(l store.PresentmentLine) string {
	parts := []string{l.Description, l.Quantity.String() + " × " + unitPrice(l.UnitPrice), vatInBrief[bill.VATKind(l.VAT)]}
	if l.DiscountSatang != 0 {
		parts = append(parts, "-"+lineDiscount(l))
	}
	if l.WHTIncome != "" {
		parts = append(parts, fmt.Sprintf("WHT %s%%", l.WHTPercent))
	}
	return strings.Join(parts, " · ")
}

var vatInBrief = map[bill.VATKind]string{bill.VATStandard: "VAT", bill.VATZero: "0%", bill.VATExempt: "–"}
