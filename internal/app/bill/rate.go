package bill

import (
	"errors"

	"github.com/shopspring/decimal"

	"portal/internal/app/thai"
)

// ErrNoRate means a day before the first rate in the table.
var ErrNoRate = errors.New("no VAT rate is known for that day")

// A Rate is a standard VAT rate and the days it is in force for, both ends
// included.
type Rate struct {
	Percent decimal.Decimal
	From    thai.Day
	Until   thai.Day // zero: open
	// Confirmed is false where no royal decree is known to us yet and the
	// last rate is carried on. Such a rate is shown as "to be confirmed".
	Confirmed bool
}

var sevenPercent = decimal.NewFromInt(7)

// rates is the table, oldest first and without gaps. The code says ten per
// cent, and yearly decrees reduce it to seven; the last one known here ends
// on 30 September 2026. Seven is carried on after that, because falling to ten on
// a missed update would make every bill wrong.
var rates = []Rate{
	{Percent: sevenPercent, From: thai.Day{Year: 1999, Month: 4, Day: 1}, Until: thai.Day{Year: 2026, Month: 9, Day: 30}, Confirmed: true},
	{Percent: sevenPercent, From: thai.Day{Year: 2026, Month: 10, Day: 1}},
}

// RateOn returns the standard rate in force on the day of the tax point.
func RateOn(day thai.Day) (Rate, error) {
	for _, r := range rates {
		if within(day, r.From, r.Until) {
			return r, nil
		}
	}
	return Rate{}, ErrNoRate
}

// within reports whether day lies between two days, both included; a zero
// until is open.
func within(day, from, until thai.Day) bool {
	return day.Compare(from) >= 0 && (until.IsZero() || day.Compare(until) <= 0)
}

// VATWithin is the tax at percent that an amount holds that includes it, rounded
// once, half away from zero.
func VATWithin(satang int64, percent decimal.Decimal) int64 {
	return decimal.NewFromInt(satang).Mul(percent).DivRound(percent.Add(decimal.NewFromInt(100)), 0).IntPart()
}
