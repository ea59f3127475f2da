package bill

import (
	"math/big"
	"slices"

	"github.com/shopspring/decimal"
)

// PercentPlaces is how many decimals a discount in percent may have.
const PercentPlaces = 2

// A Discount is a part in percent, or so many satang when Percent is zero. The
// zero Discount takes nothing off.
type Discount struct {
	Percent decimal.Decimal
	Satang  int64
}

// IsZero reports whether nothing is taken off.
func (d Discount) IsZero() bool { return d.Percent.IsZero() && d.Satang == 0 }

var hundred = decimal.NewFromInt(100)

// of is the discount on an amount.
func (d Discount) of(satang int64) (int64, error) {
	if err := checkSize(d.Percent); err != nil {
		return 0, err
	}
	switch {
	case d.Percent.IsNegative() || d.Percent.GreaterThan(hundred):
		return 0, ErrDiscount
	case d.Percent.Exponent() < -PercentPlaces:
		return 0, ErrDecimals
	case !d.Percent.IsZero():
		return percentOf(d.Percent, satang), nil
	case d.Satang < 0 || d.Satang > satang:
		return 0, ErrDiscount
	}
	return d.Satang, nil
}

// spread divides satang over amounts in proportion, by the largest remainder:
// shares are cut to whole satang, and what is left over goes one satang each
// to the shares that lost most, of equal ones to the earlier. No share is above
// its amount as long as satang is not above their sum.
func spread(satang int64, amounts []int64) []int64 {
	shares := make([]int64, len(amounts))
	var sum int64
	for _, a := range amounts {
		sum += a
	}
	if satang == 0 || sum == 0 {
		return shares
	}
	lost := make([]*big.Int, len(amounts))
	order := make([]int, len(amounts))
	left := satang
	for i, a := range amounts {
		product := new(big.Int).Mul(big.NewInt(satang), big.NewInt(a))
		share, rest := new(big.Int).QuoRem(product, big.NewInt(sum), new(big.Int))
		shares[i], lost[i], order[i] = share.Int64(), rest, i
		left -= shares[i]
	}
	slices.SortStableFunc(order, func(i, j int) int { return lost[j].Cmp(lost[i]) })
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares
}
