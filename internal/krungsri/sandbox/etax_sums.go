package sandbox

import (
	"net/http"

	"github.com/shopspring/decimal"

	"portal/internal/krungsri"
)

// taxItem is a line of a tax document.
type taxItem struct {
	Name     string           `json:"name"`
	Quantity krungsri.Decimal `json:"quantity"`
	Unit     string           `json:"unit"`
	Price    krungsri.Decimal `json:"price"`
	Discount krungsri.Baht    `json:"discount"`
	Amount   krungsri.Baht    `json:"amount"` // before tax
	Rate     krungsri.Decimal `json:"rate"`
	Tax      krungsri.Baht    `json:"tax"`
	WithTax  krungsri.Baht    `json:"withTax"`
}

// taxSums is the summary of a tax document.
type taxSums struct {
	Line, Allowance, Charge, Basis, Tax, Grand krungsri.Baht
	Original, Correct, Difference              krungsri.Baht // of a note
	Note                                       bool
}

func readTaxItems(m *members) (items []taxItem) {
	for n, i := range m.list("items", 1000) {
		if i.integer("lineNumber") != n+1 {
			i.refuse("items", "line numbers must run from 1")
		}
		item := taxItem{Name: i.text("name", 256, mandatory), Unit: i.text("unitCode", 20, optional)}
		item.Quantity, _ = i.decimal("quantity", mandatory)
		item.Price, _ = i.decimal("unitPrice", mandatory)
		item.Discount = i.baht("discountAmount", optional)
		item.Amount = i.baht("amountBeforeTax", mandatory)
		item.Rate, _ = i.decimal("taxRate", mandatory)
		item.Tax = i.baht("taxAmount", mandatory)
		item.WithTax = i.baht("amountIncludingTax", mandatory)
		if item.Rate.IsNegative() || item.Rate.GreaterThan(decimal.NewFromInt(30)) {
			i.refuse("taxRate", "0 to 30 per cent is expected")
		}
		i.done()
		items = append(items, item)
	}
	return items
}

func readTaxSums(m *members, note bool) taxSums {
	s := taxSums{
		Line: m.baht("lineTotal", mandatory), Allowance: m.baht("allowanceTotal", mandatory), Charge: m.baht("chargeTotal", mandatory),
		Basis: m.baht("taxBasisTotal", mandatory), Tax: m.baht("taxTotal", mandatory), Grand: m.baht("grandTotal", mandatory), Note: note,
	}
	if note {
		s.Original, s.Correct, s.Difference = m.baht("originalTotal", mandatory), m.baht("correctTotal", mandatory), m.baht("difference", mandatory)
	}
	if s.Grand <= 0 {
		m.refuse("summary", "a total above zero is expected")
	}
	m.done()
	return s
}

// taxDue is the tax on the lines of one rate, rounded once, half away from zero.
func taxDue(amount krungsri.Baht, rate decimal.Decimal) krungsri.Baht {
	return krungsri.Baht(decimal.NewFromInt(int64(amount)).Mul(rate).Shift(-2).Round(0).IntPart())
}

// checkSums adds everything up again: lines, then the tax of each rate, then the total; and of a note, what it differs by.
func (d *taxDocument) checkSums() *refusal {
	wrong := func(format string, args ...any) *refusal {
		return refuse(http.StatusUnprocessableEntity, krungsri.CodeTotals, "ยอดเงินรวมไม่ถูกต้อง", format, args...)
	}
	var lines krungsri.Baht
	for n, i := range d.Items {
		want := krungsri.Baht(i.Quantity.Mul(i.Price.Decimal).Shift(2).Round(0).IntPart()) - i.Discount
		switch {
		case want != i.Amount:
			return wrong("line %d: %s", n+1, differ(i.Amount, want))
		case i.Tax != taxDue(i.Amount, i.Rate.Decimal):
			return wrong("tax of line %d: %s", n+1, differ(i.Tax, taxDue(i.Amount, i.Rate.Decimal)))
		case i.WithTax != i.Amount+i.Tax:
			return wrong("line %d with tax: %s", n+1, differ(i.WithTax, i.Amount+i.Tax))
		}
		lines += i.Amount
	}
	var tax krungsri.Baht
	for _, t := range d.taxes() {
		tax += t.tax
	}
	s, difference := d.Sums, d.Sums.Correct-d.Sums.Original
	if d.TypeCode == "81" {
		difference = -difference
	}
	switch {
	case s.Line != lines:
		return wrong("lineTotal: %s", differ(s.Line, lines))
	case s.Basis != s.Line-s.Allowance+s.Charge:
		return wrong("taxBasisTotal: %s", differ(s.Basis, s.Line-s.Allowance+s.Charge))
	case s.Tax != tax:
		return wrong("taxTotal: %s", differ(s.Tax, tax))
	case s.Grand != s.Basis+s.Tax:
		return wrong("grandTotal: %s", differ(s.Grand, s.Basis+s.Tax))
	case s.Note && s.Difference != difference:
		return wrong("difference: %s", differ(s.Difference, difference))
	case s.Note && s.Difference != s.Basis:
		return wrong("taxBasisTotal of a note: %s", differ(s.Basis, s.Difference))
	}
	return nil
}

// dues are what is due at one rate.
type dues struct {
	rate       decimal.Decimal
	basis, tax krungsri.Baht
}

// taxes adds the lines up by rate, in the order in which the rates first come.
func (d *taxDocument) taxes() (all []dues) {
	for _, i := range d.Items {
		n := 0
		for n < len(all) && !all[n].rate.Equal(i.Rate.Decimal) {
			n++
		}
		if n == len(all) {
			all = append(all, dues{rate: i.Rate.Decimal})
		}
		all[n].basis += i.Amount
	}
	for n := range all {
		all[n].tax = taxDue(all[n].basis, all[n].rate)
	}
	return all
}
