package krungsri

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/shopspring/decimal"
)

// Baht is an amount in satang. On the wire it is a JSON number of baht with two decimals; it is read from a number or a
// string, exactly or not at all.
type Baht int64

// The limit on exponents keeps a short text from becoming an enormous number.
var plainNumber = regexp.MustCompile(`^-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$`)

// ParseBaht reads baht such as 2000, 2000.5 or -1070.00. More than two decimals are accepted only when they are zeros.
func ParseBaht(s string) (Baht, error) {
	d, err := parseDecimal(s)
	if err != nil {
		return 0, err
	}
	satang := d.Shift(2)
	if !satang.IsInteger() {
		return 0, fmt.Errorf("amount %q has parts of a satang", s)
	}
	n := satang.BigInt()
	if !n.IsInt64() {
		return 0, fmt.Errorf("amount %q is out of range", s)
	}
	return Baht(n.Int64()), nil
}

// String is the wire form: baht with two decimals and no separators.
func (b Baht) String() string {
	sign, n := "", uint64(b)
	if b < 0 {
		sign, n = "-", -n // two's complement: right for the smallest value too
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// MarshalJSON writes a number with two decimals.
func (b Baht) MarshalJSON() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalJSON reads a number or a string. A null is refused: an amount that is not there is not zero.
func (b *Baht) UnmarshalJSON(data []byte) error {
	s, err := numberText(data)
	if err != nil {
		return err
	}
	v, err := ParseBaht(s)
	if err != nil {
		return err
	}
	*b = v
	return nil
}

// Decimal is an exact quantity, unit price or rate; a JSON number on the wire.
type Decimal struct{ decimal.Decimal }

// MarshalJSON writes a number without an exponent.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalJSON reads a number or a string.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	s, err := numberText(data)
	if err != nil {
		return err
	}
	v, err := parseDecimal(s)
	if err != nil {
		return err
	}
	d.Decimal = v
	return nil
}

func numberText(data []byte) (string, error) {
	s := string(data)
	if s == "null" {
		return "", errors.New("a number is missing")
	}
	if len(s) >= 2 && s[0] == '"' {
		return strconv.Unquote(s)
	}
	return s, nil
}

func parseDecimal(s string) (decimal.Decimal, error) {
	if !plainNumber.MatchString(s) {
		return decimal.Decimal{}, fmt.Errorf("%.40q is not a number", s)
	}
	return decimal.NewFromString(s)
}
