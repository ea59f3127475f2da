package bill

import (
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"portal/internal/app/thai"
)

// ErrIncome means an income for which no rate is in force on the day.
var ErrIncome = errors.New("no withholding rate is known for that income on that day")

// Income is what a line pays for in the eyes of the Revenue Code, by which a
// company that buys withholds. The values are stored.
type Income string

// The incomes that a bill of a company can have.
const (
	NoIncome     Income = ""
	Transport    Income = "transport" // other than public
	Advertising  Income = "advertising"
	Service      Income = "service"      // services and hire of work, section 40(2) and (8)
	Contract     Income = "contract"     // contract work, section 40(7)
	Professional Income = "professional" // section 40(6)
	Royalty      Income = "royalty"      // section 40(3)
	Rent         Income = "rent"         // section 40(5)
	Prize        Income = "prize"        // prizes and performers
)

// Incomes lists them in the order of their usual rates, none first.
var Incomes = []Income{NoIncome, Transport, Advertising, Service, Contract, Professional, Royalty, Rent, Prize}

// Valid reports whether i is one of Incomes.
func (i Income) Valid() bool { return slices.Contains(Incomes, i) }

// A Withholding is the rate for one income and the days it is in force for,
// both ends included.
type Withholding struct {
	Income  Income
	Percent decimal.Decimal
	From    thai.Day
	Until   thai.Day // zero: open
	// Confirmed is false where no published source for the rate is known to
	// us. Such a rate is shown as "to be confirmed".
	Confirmed bool
}

// ordinary is where the table begins: the temporary rates of the years before
// are over, and no bill of that time is made any more.
var ordinary = thai.Day{Year: 2022, Month: 1, Day: 1}

// withholdings is the table, lowest rate first. A change of law ends a row and
// adds another; nothing else has to change. The reduced rate of 1 % for tax
// withheld through a bank (e-Withholding Tax, until 31 December 2025) is not
// in it: the buyer chooses that way to pay, and the bill cannot know.
var withholdings = []Withholding{
	{Income: Transport, Percent: decimal.NewFromInt(1), From: ordinary},
	{Income: Advertising, Percent: decimal.NewFromInt(2), From: ordinary},
	{Income: Service, Percent: decimal.NewFromInt(3), From: ordinary, Confirmed: true},
	{Income: Contract, Percent: decimal.NewFromInt(3), From: ordinary},
	{Income: Professional, Percent: decimal.NewFromInt(3), From: ordinary, Confirmed: true},
	{Income: Royalty, Percent: decimal.NewFromInt(3), From: ordinary, Confirmed: true},
	{Income: Rent, Percent: decimal.NewFromInt(5), From: ordinary, Confirmed: true},
	{Income: Prize, Percent: decimal.NewFromInt(5), From: ordinary},
}

// WithholdingOn returns the rates in force on a day, lowest first.
func WithholdingOn(day thai.Day) []Withholding {
	var list []Withholding
	for _, w := range withholdings {
		if within(day, w.From, w.Until) {
			list = append(list, w)
		}
	}
	return list
}

func percentFor(rates []Withholding, income Income) (decimal.Decimal, error) {
	for _, w := range rates {
		if w.Income == income {
			return w.Percent, nil
		}
	}
	return decimal.Zero, fmt.Errorf("%w: %q", ErrIncome, income)
}

// Withheld is what a buyer withholds at one rate over the whole document.
type Withheld struct {
	Percent    decimal.Decimal
	BaseSatang int64 // after all discounts, before VAT
	TaxSatang  int64
}
