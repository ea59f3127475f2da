package thai

import (
	"cmp"
	"errors"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"
)

// Reasons why a number is refused.
var (
	ErrNumberEmpty    = errors.New("number is empty")
	ErrNumberForm     = errors.New("not a number")
	ErrNumberGrouping = errors.New("thousands are not grouped in threes")
	ErrNumberDecimals = errors.New("number has too many decimals")
	ErrNumberNegative = errors.New("number is negative")
	ErrNumberTooLarge = errors.New("number is too large")
)

// MaxSatang is the largest amount ParseSatang takes: what numeric(18,2) holds.
const MaxSatang int64 = 999_999_999_999_999_999

// DecimalPlaces is how many decimals ParseDecimal takes: unit prices of
// electricity and water have four.
const DecimalPlaces = 4

// maxDecimal is the first number ParseDecimal finds too large.
var maxDecimal = decimal.New(1, 12)

var (
	numberForm   = regexp.MustCompile(`^(\d+|\d{1,3}(,\d{3})+|\d{1,3}( \d{3})+)?(\.\d+)?$`)
	groupedAtAll = regexp.MustCompile(`^[\d, ]*\d(\.\d+)?$`)
	separators   = strings.NewReplacer(",", "", " ", "")
)

// ParseSatang reads an amount of baht, with or without grouping, in Arabic or
// Thai digits, and returns satang: "1,070.5" is 107050. More than two
// decimals are refused even when they are zeros, because 1.000 may have meant
// a thousand.
func ParseSatang(s string) (int64, error) {
	d, err := parseNumber(s, 2)
	if err != nil {
		return 0, err
	}
	d = d.Shift(2)
	if d.GreaterThan(decimal.NewFromInt(MaxSatang)) {
		return 0, ErrNumberTooLarge
	}
	return d.IntPart(), nil
}

// ParseDecimal reads a quantity or a unit price: not negative, below a
// million million, with at most DecimalPlaces decimals.
func ParseDecimal(s string) (decimal.Decimal, error) {
	d, err := parseNumber(s, DecimalPlaces)
	if err != nil {
		return decimal.Zero, err
	}
	if !d.LessThan(maxDecimal) {
		return decimal.Zero, ErrNumberTooLarge
	}
	return d, nil
}

func parseNumber(s string, places int) (decimal.Decimal, error) {
	if err := hidden(s); err != nil {
		return decimal.Zero, err
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case isBlank(r):
			return ' '
		case isDash(r):
			return '-'
		}
		return r
	}, asciiDigits(s))
	s = strings.Trim(s, " ")
	s, negative := strings.CutPrefix(s, "-")
	s = strings.TrimLeft(s, " ")
	switch {
	case s == "" && !negative:
		return decimal.Zero, ErrNumberEmpty
	case s == "":
		return decimal.Zero, ErrNumberForm
	case !numberForm.MatchString(s) && groupedAtAll.MatchString(s):
		return decimal.Zero, ErrNumberGrouping
	case !numberForm.MatchString(s):
		return decimal.Zero, ErrNumberForm
	case negative:
		return decimal.Zero, ErrNumberNegative
	}
	whole, fraction, _ := strings.Cut(separators.Replace(s), ".")
	if len(fraction) > places {
		return decimal.Zero, ErrNumberDecimals
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 18 {
		return decimal.Zero, ErrNumberTooLarge
	}
	// No zero of our own behind the fraction: how many decimals there are is
	// looked at again by whoever computes.
	return decimal.NewFromString("0" + whole + "." + cmp.Or(fraction, "0"))
}
