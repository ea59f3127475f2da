package bill

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"portal/internal/app/thai"
)

// TotalAt computes the bill at given rates, for a merchant whose settings name
// others than the tables.
func (b Bill) TotalAt(rates Rates) (Totals, error) {
	if len(b.Lines) > MaxLines {
		return Totals{}, ErrTooManyLines
	}
	t := Totals{
		Lines:         make([]LineAmount, 0, len(b.Lines)),
		RatePercent:   rates.VAT.Percent,
		RateConfirmed: rates.VAT.Confirmed,
	}
	for i, line := range b.Lines {
		amount, err := line.amount(rates.Withholding)
		if err != nil {
			return Totals{}, &LineError{Index: i, Err: err}
		}
		t.Lines = append(t.Lines, amount)
	}
	if err := t.discount(b.Discount); err != nil {
		return Totals{}, err
	}
	for _, l := range t.Lines {
		t.add(l)
	}
	t.VATSatang = percentOf(rates.VAT.Percent, t.TaxableSatang)
	t.BeforeTaxSatang = t.TaxableSatang + t.ZeroRatedSatang + t.ExemptSatang
	t.TotalSatang = t.BeforeTaxSatang + t.VATSatang
	if t.TotalSatang > MaxTotalSatang {
		return Totals{}, ErrTooLarge
	}
	t.Withheld = Withhold(t.Lines)
	for _, w := range t.Withheld {
		t.WithheldSatang += w.TaxSatang
	}
	return t, t.CrossFoot()
}

// amount applies rule 1 of the package comment.
func (l Line) amount(rates []Withholding) (LineAmount, error) {
	a := LineAmount{Line: l}
	for _, d := range []decimal.Decimal{l.Quantity, l.UnitPrice} {
		if err := checkSize(d); err != nil {
			return a, err
		}
		if d.IsNegative() {
			return a, ErrNegative
		}
	}
	if !l.VAT.Valid() {
		return a, fmt.Errorf("%w: %q", ErrVATKind, l.VAT)
	}
	gross := l.Quantity.Mul(l.UnitPrice).Shift(2).Round(0)
	if gross.GreaterThan(decimal.New(MaxTotalSatang, 0)) {
		return a, ErrTooLarge
	}
	var err error
	a.GrossSatang = gross.IntPart()
	if a.DiscountSatang, err = l.Discount.of(a.GrossSatang); err != nil {
		return a, err
	}
	a.AmountSatang = a.GrossSatang - a.DiscountSatang
	if l.Income != NoIncome {
		a.WithholdingPct, err = percentFor(rates, l.Income)
	}
	return a, err
}

// discount applies rule 2 of the package comment.
func (t *Totals) discount(d Discount) error {
	amounts := make([]int64, len(t.Lines))
	var sum int64
	for i, l := range t.Lines {
		amounts[i] = l.AmountSatang
		sum += l.AmountSatang
	}
	var err error
	if t.DiscountSatang, err = d.of(sum); err != nil {
		return err
	}
	for i, share := range spread(t.DiscountSatang, amounts) {
		t.Lines[i].ShareSatang = share
	}
	return nil
}

func (t *Totals) add(l LineAmount) {
	switch l.VAT {
	case VATStandard:
		t.TaxableSatang += l.NetSatang()
	case VATZero:
		t.ZeroRatedSatang += l.NetSatang()
	case VATExempt:
		t.ExemptSatang += l.NetSatang()
	}
}

// Withhold applies rule 4 of the package comment: by rate, lowest first.
func Withhold(lines []LineAmount) []Withheld {
	var list []Withheld
	for _, l := range lines {
		if l.WithholdingPct.IsZero() {
			continue
		}
		i, found := slices.BinarySearchFunc(list, l.WithholdingPct, func(w Withheld, p decimal.Decimal) int { return w.Percent.Cmp(p) })
		if !found {
			list = slices.Insert(list, i, Withheld{Percent: l.WithholdingPct})
		}
		list[i].BaseSatang += l.NetSatang()
	}
	for i, w := range list {
		list[i].TaxSatang = percentOf(w.Percent, w.BaseSatang)
	}
	return list
}

// CrossFoot adds everything up a second time, along the lines and along the
// sums, and names the first sum that does not fit. It finds a fault in this
// package or totals that were tampered with, never one of the person's.
func (t Totals) CrossFoot() error {
	var gross, own, shares, net int64
	for _, l := range t.Lines {
		if l.AmountSatang != l.GrossSatang-l.DiscountSatang || l.NetSatang() < 0 {
			return fmt.Errorf("bill does not add up: line %q", l.Description)
		}
		gross, own, shares, net = gross+l.GrossSatang, own+l.DiscountSatang, shares+l.ShareSatang, net+l.NetSatang()
	}
	var withheld int64
	for _, w := range t.Withheld {
		withheld += w.TaxSatang
	}
	for _, c := range []struct {
		what string
		a, b int64
	}{
		{"the document's discount", shares, t.DiscountSatang},
		{"lines less discounts", gross - own - t.DiscountSatang, t.BeforeTaxSatang},
		{"lines", net, t.BeforeTaxSatang},
		{"kinds of VAT", t.TaxableSatang + t.ZeroRatedSatang + t.ExemptSatang, t.BeforeTaxSatang},
		{"total", t.BeforeTaxSatang + t.VATSatang, t.TotalSatang},
		{"withholding", withheld, t.WithheldSatang},
	} {
		if c.a != c.b {
			return fmt.Errorf("bill does not add up: %s: %d is not %d satang", c.what, c.a, c.b)
		}
	}
	return nil
}

// percentOf rounds once to satang, half away from zero.
func percentOf(percent decimal.Decimal, satang int64) int64 {
	return decimal.New(satang, 0).Mul(percent).Shift(-2).Round(0).IntPart()
}

// checkSize refuses numbers before they are multiplied: a decimal can hold
// an exponent that takes a gigabyte to write out.
func checkSize(d decimal.Decimal) error {
	switch {
	case d.Exponent() < -thai.DecimalPlaces:
		return ErrDecimals
	case d.Exponent() > 12 || d.Coefficient().BitLen() > 64:
		return ErrTooLarge
	}
	return nil
}
