package etax

import (
	"errors"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

// Reasons why a note corrects nothing.
var (
	ErrNothingCorrected = errors.New("no line is other than it was")
	ErrWrongDirection   = errors.New("a line goes the other way: a debit note raises and a credit note lowers")
)

// Item is a line as the document bears it. A note has one for each line that
// is corrected, with the difference.
type Item struct {
	Line           int // the place in the document's lines, from 0
	Description    string
	Unit           string
	Quantity       decimal.Decimal
	UnitPrice      decimal.Decimal
	DiscountSatang int64
	AmountSatang   int64 // before VAT
	VAT            bill.VATKind
}

// Corrected is a line of a note with all that is shown of it.
type Corrected struct {
	OriginalSatang   int64
	CorrectSatang    int64
	DifferenceSatang int64 // never negative
}

// Amounts is what a document comes to.
type Amounts struct {
	Items       []Item
	BasisSatang int64 // the items together, before VAT
	VATSatang   int64
	TotalSatang int64
	RatePercent decimal.Decimal
	// Of a note.
	Corrections      []Corrected // one for each line of the document
	OriginalSatang   int64
	CorrectSatang    int64
	DifferenceSatang int64
}

// Amounts adds the document up, at the rate in force on its day. Errors are
// those of package bill, those above, or a bill.LineError with either.
func (d Document) Amounts() (Amounts, error) {
	if k, _ := KindOf(d.Kind); k.Note {
		return d.noteAmounts()
	}
	lines := make([]bill.Line, len(d.Lines))
	for n, l := range d.Lines {
		lines[n] = bill.Line{
			Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Discount: bill.Discount{Satang: l.DiscountSatang}, VAT: l.VAT,
		}
	}
	t, err := bill.Total(lines, d.IssuedOn)
	if err != nil {
		return Amounts{}, err
	}
	a := Amounts{BasisSatang: t.BeforeTaxSatang, VATSatang: t.VATSatang, TotalSatang: t.TotalSatang, RatePercent: t.RatePercent}
	for n, l := range t.Lines {
		a.Items = append(a.Items, Item{n, l.Description, d.Lines[n].Unit, l.Quantity, l.UnitPrice, l.DiscountSatang, l.AmountSatang, l.VAT})
	}
	return a, nil
}

// noteAmounts adds a note up: VAT is that of the difference, rounded once.
func (d Document) noteAmounts() (Amounts, error) {
	var a Amounts
	var differing []bill.Line
	for n, l := range d.Lines {
		was, err := amountOf(l.OriginalQuantity, l.OriginalPrice, l.OriginalDiscount, d.IssuedOn)
		if err != nil {
			return Amounts{}, lineError(n, err)
		}
		is, err := amountOf(l.Quantity, l.UnitPrice, l.DiscountSatang, d.IssuedOn)
		if err != nil {
			return Amounts{}, lineError(n, err)
		}
		c := Corrected{OriginalSatang: was, CorrectSatang: is}
		c.DifferenceSatang = c.CorrectSatang - c.OriginalSatang
		if d.Kind == creditNote {
			c.DifferenceSatang = -c.DifferenceSatang
		}
		if c.DifferenceSatang < 0 {
			return Amounts{}, lineError(n, ErrWrongDirection)
		}
		a.Corrections = append(a.Corrections, c)
		a.OriginalSatang += c.OriginalSatang
		a.CorrectSatang += c.CorrectSatang
		a.DifferenceSatang += c.DifferenceSatang
		if c.DifferenceSatang > 0 {
			a.Items = append(a.Items, differenceOf(n, l, c.DifferenceSatang))
			differing = append(differing, bill.Line{Quantity: decimal.NewFromInt(1), UnitPrice: decimal.New(c.DifferenceSatang, -2), VAT: l.VAT})
		}
	}
	if len(a.Items) == 0 {
		return a, ErrNothingCorrected
	}
	t, err := bill.Total(differing, d.IssuedOn)
	if err != nil {
		return Amounts{}, err
	}
	a.BasisSatang, a.VATSatang, a.TotalSatang, a.RatePercent = t.BeforeTaxSatang, t.VATSatang, t.TotalSatang, t.RatePercent
	return a, nil
}

// amountOf is what a line of a note was or should have been. Where everything
// came back nothing is right, of which there is no discount either.
func amountOf(quantity, price decimal.Decimal, discount int64, on thai.Day) (int64, error) {
	if quantity.IsZero() {
		return 0, nil
	}
	t, err := bill.Total([]bill.Line{{Quantity: quantity, UnitPrice: price, Discount: bill.Discount{Satang: discount}, VAT: bill.VATExempt}}, on)
	return t.BeforeTaxSatang, err
}

// differenceOf is the item of a note that stands for a corrected line: so many
// pieces too many, or so much too much for each, or where both are wrong the
// difference as a whole.
func differenceOf(n int, l Line, satang int64) Item {
	item := Item{Line: n, Description: l.Description, Unit: l.Unit, Quantity: decimal.NewFromInt(1), UnitPrice: decimal.New(satang, -2), AmountSatang: satang, VAT: l.VAT}
	pieces, price := l.Quantity.Sub(l.OriginalQuantity).Abs(), l.UnitPrice.Sub(l.OriginalPrice).Abs()
	quantity, each := item.Quantity, item.UnitPrice
	switch {
	case l.DiscountSatang != 0 || l.OriginalDiscount != 0:
		return item
	case price.IsZero() || l.Quantity.IsZero():
		quantity, each = pieces, l.OriginalPrice
	case pieces.IsZero():
		quantity, each = l.Quantity, price
	}
	// Rounding may put the two apart by a satang: then only the whole is right.
	if quantity.Mul(each).Shift(2).Round(0).Equal(decimal.NewFromInt(satang)) {
		item.Quantity, item.UnitPrice = quantity, each
	}
	return item
}

func lineError(n int, err error) error {
	if e, ok := errors.AsType[*bill.LineError](err); ok {
		err = e.Err
	}
	return &bill.LineError{Index: n, Err: err}
}
