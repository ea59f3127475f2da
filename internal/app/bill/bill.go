// Package bill computes what a bill comes to: the amount of each line, the
// sums per kind of VAT, the tax, and the total.
//
// The rounding rule, the same on screen, on paper and towards the bank:
//
//  1. A line is quantity times unit price, rounded once to whole satang, half
//     away from zero.
//  2. VAT is the rate times the sum of the rounded standard-rated lines of
//     the whole document, rounded once in the same way. It is never added up
//     from lines.
//  3. Everything else is adding whole satang.
//
// The package knows no currency but baht, keeps no state and must never use
// floating point; what a client computed is never taken over, only compared.
package bill

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"portal/internal/app/thai"
)

// Limits of one bill. A thousand lines of the largest amount fit int64 many
// times over, so sums cannot overflow.
const (
	MaxLines             = 1_000
	MaxTotalSatang int64 = 99_999_999_999 // 999,999,999.99 baht
)

// Reasons why a bill is refused.
var (
	ErrTooManyLines = errors.New("bill has too many lines")
	ErrTooLarge     = errors.New("amount is above 999,999,999.99 baht")
	ErrNegative     = errors.New("discounts are larger than what they are taken from")
	ErrDecimals     = errors.New("quantity or unit price has too many decimals")
	ErrVATKind      = errors.New("unknown kind of VAT")
)

// A LineError says which line, counted from 0, a reason belongs to.
type LineError struct {
	Index int
	Err   error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Index+1, e.Err) }

// Unwrap returns the reason.
func (e *LineError) Unwrap() error { return e.Err }

// VATKind says how a line is taxed. The values are stored and sent.
type VATKind string

// The kinds of VAT. Zero-rated and exempt both carry no tax, but they are
// reported apart: a zero-rated sale gives the seller input tax back.
const (
	VATStandard VATKind = "standard"
	VATZero     VATKind = "zero"
	VATExempt   VATKind = "exempt"
)

// Valid reports whether k is one of the three kinds.
func (k VATKind) Valid() bool {
	return k == VATStandard || k == VATZero || k == VATExempt
}

// A Line is one item of a bill. A discount is a line with a negative price.
type Line struct {
	Description string
	Quantity    decimal.Decimal
	UnitPrice   decimal.Decimal // baht, without VAT
	VAT         VATKind
}

// A LineAmount is a line with what it comes to, without VAT.
type LineAmount struct {
	Line
	AmountSatang int64
}

// Totals is what a bill comes to. BeforeTaxSatang is the sum of the taxable,
// zero-rated and exempt lines; with VATSatang it makes TotalSatang.
type Totals struct {
	Lines           []LineAmount
	TaxableSatang   int64
	ZeroRatedSatang int64
	ExemptSatang    int64
	BeforeTaxSatang int64
	VATSatang       int64
	TotalSatang     int64
	RatePercent     decimal.Decimal
	RateConfirmed   bool
}

// Total computes a bill whose tax point is the given day, at the rate in
// force on that day.
func Total(lines []Line, on thai.Day) (Totals, error) {
	rate, err := RateOn(on)
	if err != nil {
		return Totals{}, err
	}
	return TotalAt(lines, rate)
}

// TotalAt computes a bill at a given rate, for a merchant whose settings name
// another one than the table.
func TotalAt(lines []Line, rate Rate) (Totals, error) {
	if len(lines) > MaxLines {
		return Totals{}, ErrTooManyLines
	}
	t := Totals{
		Lines:         make([]LineAmount, 0, len(lines)),
		RatePercent:   rate.Percent,
		RateConfirmed: rate.Confirmed,
	}
	for i, line := range lines {
		amount, err := line.amountSatang()
		if err == nil {
			err = t.add(line, amount)
		}
		if err != nil {
			return Totals{}, &LineError{Index: i, Err: err}
		}
	}
	if t.TaxableSatang < 0 || t.ZeroRatedSatang < 0 || t.ExemptSatang < 0 {
		return Totals{}, ErrNegative
	}
	t.VATSatang = decimal.New(t.TaxableSatang, 0).Mul(rate.Percent).Shift(-2).Round(0).IntPart()
	t.BeforeTaxSatang = t.TaxableSatang + t.ZeroRatedSatang + t.ExemptSatang
	t.TotalSatang = t.BeforeTaxSatang + t.VATSatang
	if t.TotalSatang > MaxTotalSatang {
		return Totals{}, ErrTooLarge
	}
	return t, nil
}

func (t *Totals) add(line Line, amount int64) error {
	switch line.VAT {
	case VATStandard:
		t.TaxableSatang += amount
	case VATZero:
		t.ZeroRatedSatang += amount
	case VATExempt:
		t.ExemptSatang += amount
	default:
		return fmt.Errorf("%w: %q", ErrVATKind, line.VAT)
	}
	t.Lines = append(t.Lines, LineAmount{Line: line, AmountSatang: amount})
	return nil
}

// amountSatang applies rule 1 of the package comment.
func (l Line) amountSatang() (int64, error) {
	for _, d := range []decimal.Decimal{l.Quantity, l.UnitPrice} {
		if err := checkSize(d); err != nil {
			return 0, err
		}
	}
	amount := l.Quantity.Mul(l.UnitPrice).Shift(2).Round(0)
	if amount.Abs().GreaterThan(decimal.New(MaxTotalSatang, 0)) {
		return 0, ErrTooLarge
	}
	return amount.IntPart(), nil
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
