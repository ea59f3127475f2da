// Package bill computes what a bill comes to: the amount of each line, the
// discounts, the sums per kind of VAT, the tax, the total, and what the buyer
// will probably withhold from it.
//
// The rounding rules, the same on screen, on paper and towards the bank:
//
//  1. A line is quantity times unit price, rounded once to whole satang, half
//     away from zero. A discount in percent is taken from that and rounded
//     once in the same way; a discount in baht is whole satang already.
//  2. The discount of the whole document is taken from the sum of the lines.
//     It is spread over them in proportion to their amounts: each share is cut
//     to whole satang, and the satang left over go one each to the shares that
//     lost most by the cut, of equal ones to the earlier line. The kinds of
//     VAT and of income each bear what their lines bear.
//  3. VAT is the rate times the sum of the standard-rated lines after all
//     discounts, rounded once in the same way. It is never added up from lines.
//  4. Withholding tax is computed once per rate: the rate times the sum of the
//     lines of that rate, after all discounts and before VAT, rounded once in
//     the same way. It is the buyer's affair: it is told, and never taken off
//     the total. What is expected to arrive is the total less it.
//  5. Everything else is adding whole satang.
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
	ErrNegative     = errors.New("quantity or unit price is negative")
	ErrDiscount     = errors.New("discount is not between nothing and what it is taken from")
	ErrDecimals     = errors.New("number has too many decimals")
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

// A Bill is what is added up. The zero Discount is none.
type Bill struct {
	Lines    []Line
	Discount Discount // of the whole document
}

// A Line is one item of a bill.
type Line struct {
	Description string
	Quantity    decimal.Decimal
	UnitPrice   decimal.Decimal // baht, without VAT
	Discount    Discount
	VAT         VATKind
	Income      Income // what the buyer withholds for; NoIncome for nothing
}

// A LineAmount is a line with what it comes to, all without VAT.
type LineAmount struct {
	Line
	GrossSatang    int64           // quantity times price
	DiscountSatang int64           // the line's own
	AmountSatang   int64           // after its own discount
	ShareSatang    int64           // of the document's discount
	WithholdingPct decimal.Decimal // the rate for its income
}

// NetSatang is what is left of the line after all discounts: what VAT and
// withholding tax are computed on.
func (l LineAmount) NetSatang() int64 { return l.AmountSatang - l.ShareSatang }

// Totals is what a bill comes to. BeforeTaxSatang is the sum of the taxable,
// zero-rated and exempt lines after all discounts; with VATSatang it makes
// TotalSatang.
type Totals struct {
	Lines           []LineAmount
	DiscountSatang  int64 // of the whole document
	TaxableSatang   int64
	ZeroRatedSatang int64
	ExemptSatang    int64
	BeforeTaxSatang int64
	VATSatang       int64
	TotalSatang     int64
	RatePercent     decimal.Decimal
	RateConfirmed   bool
	Withheld        []Withheld // by rate, lowest first
	WithheldSatang  int64
}

// ExpectedSatang is what should arrive once the buyer has withheld.
func (t Totals) ExpectedSatang() int64 { return t.TotalSatang - t.WithheldSatang }

// Rates are all rates in force on one day.
type Rates struct {
	VAT         Rate
	Withholding []Withholding
}

// RatesOn returns the rates in force on the day of the tax point.
func RatesOn(day thai.Day) (Rates, error) {
	vat, err := RateOn(day)
	return Rates{VAT: vat, Withholding: WithholdingOn(day)}, err
}

// Total computes lines without a discount on the whole, on the given day.
func Total(lines []Line, on thai.Day) (Totals, error) { return Bill{Lines: lines}.Total(on) }

// Total computes the bill at the rates in force on the day of its tax point.
func (b Bill) Total(on thai.Day) (Totals, error) {
	rates, err := RatesOn(on)
	if err != nil {
		return Totals{}, err
	}
	return b.TotalAt(rates)
}
