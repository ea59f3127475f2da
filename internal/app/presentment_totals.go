package app

import (
	"context"
	"strconv"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
	"portal/web/templates"
	"portal/web/text"
)

// runningTotals is what the form comes to as far as it can be read yet, and
// the amount of each line. The sum is 0 while there is none.
func (f *presentmentForm) runningTotals(ctx context.Context, today thai.Day) (t templates.PresentmentTotals, amounts []string, sum int64) {
	rates, err := bill.RatesOn(f.dayOr(today))
	if err != nil {
		return templates.PresentmentTotals{Problem: totalFault(err).In(ctx)}, make([]string, len(f.lines)), 0
	}
	t = templates.PresentmentTotals{Rate: rates.VAT.Percent.String(), Tentative: !rates.VAT.Confirmed}
	b, amounts, leftOut := f.readable(rates)
	t.LeftOut = leftOut
	if len(b.Lines) == 0 {
		return t, amounts, 0
	}
	if b.Discount, err = readDiscount(f.raw("discount")); err != nil {
		t.Problem = text.T(ctx, "form.left_out_discount")
	}
	sums, err := b.TotalAt(rates)
	if err != nil {
		t.Problem = totalFault(err).In(ctx)
		return t, amounts, 0
	}
	t.Add(sums.DiscountSatang, sums.BeforeTaxSatang, sums.VATSatang, sums.TotalSatang)
	for _, w := range sums.Withheld {
		t.Withheld = append(t.Withheld, templates.Withheld{Rate: w.Percent.String(), Base: text.Amount(w.BaseSatang), Tax: text.Amount(w.TaxSatang)})
	}
	t.Expected = text.Amount(sums.ExpectedSatang())
	t.Words = thai.BahtText(sums.TotalSatang)
	return t, amounts, sums.TotalSatang
}

// readable are the lines that can be added up already, the amount of each
// line, and the numbers of those that are left out.
func (f *presentmentForm) readable(rates bill.Rates) (b bill.Bill, amounts, leftOut []string) {
	amounts = make([]string, len(f.lines))
	for i, l := range f.lines {
		if l.blank() {
			continue
		}
		quantity, errQuantity := thai.ParseDecimal(l.quantity)
		price, errPrice := thai.ParseDecimal(l.price)
		discount, errDiscount := readDiscount(l.discount)
		line := bill.Line{Quantity: quantity, UnitPrice: price, Discount: discount, VAT: bill.VATKind(l.vat), Income: bill.Income(l.income)}
		alone, err := bill.Bill{Lines: []bill.Line{line}}.TotalAt(rates)
		if errQuantity != nil || errPrice != nil || errDiscount != nil || err != nil {
			leftOut = append(leftOut, strconv.Itoa(i+1))
			continue
		}
		amounts[i] = text.Amount(alone.BeforeTaxSatang)
		b.Lines = append(b.Lines, line)
	}
	return b, amounts, leftOut
}
