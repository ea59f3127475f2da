package bill_test

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

var (
	inDecree    = thai.Day{Year: 2026, Month: 9, Day: 30}
	afterDecree = thai.Day{Year: 2026, Month: 10, Day: 1}
	compare     = cmp.Comparer(decimal.Decimal.Equal)
)

func line(quantity, price string, vat bill.VATKind) bill.Line {
	return bill.Line{Quantity: decimal.RequireFromString(quantity), UnitPrice: decimal.RequireFromString(price), VAT: vat}
}

func TestBillIsAddedUpPerKindOfVAT(t *testing.T) {
	t.Parallel()
	lines := []bill.Line{
		line("10", "100", bill.VATStandard),
		{Quantity: decimal.NewFromInt(1), UnitPrice: decimal.NewFromInt(50), VAT: bill.VATStandard, Discount: bill.Discount{Percent: decimal.NewFromInt(10)}},
		line("2.5", "19.99", bill.VATZero), // 49.975 rounds up
		line("3", "0.335", bill.VATExempt), // 1.005 rounds up
	}
	got, err := bill.Total(lines, inDecree)
	if err != nil {
		t.Fatal(err)
	}
	want := bill.Totals{
		Lines: []bill.LineAmount{
			{Line: lines[0], GrossSatang: 100000, AmountSatang: 100000},
			{Line: lines[1], GrossSatang: 5000, DiscountSatang: 500, AmountSatang: 4500},
			{Line: lines[2], GrossSatang: 4998, AmountSatang: 4998},
			{Line: lines[3], GrossSatang: 101, AmountSatang: 101},
		},
		TaxableSatang:   104500,
		ZeroRatedSatang: 4998,
		ExemptSatang:    101,
		BeforeTaxSatang: 109599,
		VATSatang:       7315,
		TotalSatang:     116914,
		RatePercent:     decimal.NewFromInt(7),
		RateConfirmed:   true,
	}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Error(diff)
	}
}

// Three lines of 0.07 baht: 0.0049 of VAT each would round to nothing, the
// document's 0.0147 is one satang.
func TestVATIsRoundedOnTheDocumentNotOnLines(t *testing.T) {
	t.Parallel()
	l := line("1", "0.07", bill.VATStandard)
	got, err := bill.Total([]bill.Line{l, l, l}, inDecree)
	if err != nil || got.VATSatang != 1 || got.TotalSatang != 22 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHalvesRoundAwayFromZero(t *testing.T) {
	t.Parallel()
	for price, want := range map[string]int64{"0.005": 1, "0.0049": 0, "2.345": 235, "2.335": 234} {
		got, err := bill.Total([]bill.Line{line("1", price, bill.VATExempt), line("1", "10", bill.VATExempt)}, inDecree)
		if err != nil || got.Lines[0].AmountSatang != want {
			t.Errorf("%s baht: %+v, %v, want %d satang", price, got.Lines, err, want)
		}
	}
	got, err := bill.Total([]bill.Line{line("1", "0.50", bill.VATStandard)}, inDecree)
	if err != nil || got.VATSatang != 4 {
		t.Errorf("VAT of 3.5 satang: %+v, %v", got, err)
	}
}

func TestEmptyBillIsZero(t *testing.T) {
	t.Parallel()
	got, err := bill.Total(nil, inDecree)
	if err != nil || got.TotalSatang != 0 || len(got.Lines) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestBillsAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	good := line("1", "1", bill.VATStandard)
	for name, c := range map[string]struct {
		lines []bill.Line
		want  error
		index int // -1: not one line's fault
	}{
		"a line too large":           {[]bill.Line{good, line("1000", "1000000", bill.VATZero)}, bill.ErrTooLarge, 1},
		"a negative price":           {[]bill.Line{good, line("1", "-0.01", bill.VATZero)}, bill.ErrNegative, 1},
		"a negative quantity":        {[]bill.Line{line("-1", "1", bill.VATZero)}, bill.ErrNegative, 0},
		"a discount above the line":  {[]bill.Line{good, less(good, bill.Discount{Satang: 101})}, bill.ErrDiscount, 1},
		"a negative discount":        {[]bill.Line{less(good, bill.Discount{Satang: -1})}, bill.ErrDiscount, 0},
		"more than all off":          {[]bill.Line{less(good, bill.Discount{Percent: decimal.RequireFromString("100.01")})}, bill.ErrDiscount, 0},
		"a percentage too fine":      {[]bill.Line{less(good, bill.Discount{Percent: decimal.RequireFromString("1.001")})}, bill.ErrDecimals, 0},
		"an unknown income":          {[]bill.Line{{Quantity: good.Quantity, UnitPrice: good.UnitPrice, VAT: good.VAT, Income: "gift"}}, bill.ErrIncome, 0},
		"a sum too large":            {[]bill.Line{line("1", "999999999.99", bill.VATZero), good}, bill.ErrTooLarge, -1},
		"too large with VAT":         {[]bill.Line{line("1", "999999999.99", bill.VATStandard)}, bill.ErrTooLarge, -1},
		"five decimals":              {[]bill.Line{line("1.00001", "1", bill.VATStandard)}, bill.ErrDecimals, 0},
		"five decimals in the price": {[]bill.Line{good, line("1", "0.00001", bill.VATStandard)}, bill.ErrDecimals, 1},
		"a monstrous exponent":       {[]bill.Line{{Quantity: decimal.New(1, 1<<30), UnitPrice: decimal.New(1, 1<<30), VAT: bill.VATStandard}}, bill.ErrTooLarge, 0},
		"twenty digits":              {[]bill.Line{line("99999999999999999999", "0", bill.VATStandard)}, bill.ErrTooLarge, 0},
		"no kind of VAT":             {[]bill.Line{line("1", "1", "")}, bill.ErrVATKind, 0},
		"another kind of VAT":        {[]bill.Line{good, line("1", "1", "reduced")}, bill.ErrVATKind, 1},
		"too many lines":             {make([]bill.Line, bill.MaxLines+1), bill.ErrTooManyLines, -1},
	} {
		_, err := bill.Total(c.lines, inDecree)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		lineErr, ok := errors.AsType[*bill.LineError](err)
		if ok != (c.index >= 0) || ok && lineErr.Index != c.index {
			t.Errorf("%s: blames %v, want line %d", name, lineErr, c.index)
		}
	}
}

func less(l bill.Line, d bill.Discount) bill.Line {
	l.Discount = d
	return l
}

func TestLargestBillPasses(t *testing.T) {
	t.Parallel()
	got, err := bill.Total([]bill.Line{line("1", "999999999.99", bill.VATExempt)}, inDecree)
	if err != nil || got.TotalSatang != bill.MaxTotalSatang {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRateStaysSevenWithoutANewDecree(t *testing.T) {
	t.Parallel()
	for day, confirmed := range map[thai.Day]bool{
		{Year: 1999, Month: 4, Day: 1}: true, inDecree: true, afterDecree: false, {Year: 2050, Month: 1, Day: 1}: false,
	} {
		rate, err := bill.RateOn(day)
		if err != nil || !rate.Percent.Equal(decimal.NewFromInt(7)) || rate.Confirmed != confirmed {
			t.Errorf("%v: %+v, %v", day, rate, err)
		}
	}
	for _, day := range []thai.Day{{}, {Year: 1999, Month: 3, Day: 31}} {
		if _, err := bill.RateOn(day); !errors.Is(err, bill.ErrNoRate) {
			t.Errorf("%v: %v", day, err)
		}
		if _, err := bill.Total(nil, day); !errors.Is(err, bill.ErrNoRate) {
			t.Errorf("bill on %v: %v", day, err)
		}
	}
}

func TestSettingsCanNameAnotherRate(t *testing.T) {
	t.Parallel()
	got, err := bill.Bill{Lines: []bill.Line{line("1", "100", bill.VATStandard)}}.TotalAt(bill.Rates{VAT: bill.Rate{Percent: decimal.RequireFromString("6.3"), Confirmed: true}})
	if err != nil || got.VATSatang != 630 || !got.RateConfirmed {
		t.Errorf("%+v, %v", got, err)
	}
}

// The oracle knows only fractions of whole numbers.
func TestTotalsAgreeWithExactFractions(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2568, 12))
	kinds := []bill.VATKind{bill.VATStandard, bill.VATZero, bill.VATExempt}
	for accepted := 0; accepted < 100_000; {
		lines := make([]bill.Line, 1+random.IntN(6))
		sums := map[bill.VATKind]int64{}
		for i := range lines {
			quantity, price := random.Int64N(100_000), random.Int64N(20_000_000)
			quantityPlaces, pricePlaces := 1+random.Int32N(4), 1+random.Int32N(4)
			lines[i] = bill.Line{
				Quantity:  decimal.New(quantity, -quantityPlaces),
				UnitPrice: decimal.New(price, -pricePlaces),
				VAT:       kinds[random.IntN(3)],
			}
			exact := new(big.Rat).SetFrac64(quantity, power(quantityPlaces))
			exact.Mul(exact, new(big.Rat).SetFrac64(price*100, power(pricePlaces)))
			sums[lines[i].VAT] += rounded(exact)
		}
		got, err := bill.Total(lines, afterDecree)
		vat := rounded(big.NewRat(sums[bill.VATStandard]*7, 100))
		before := sums[bill.VATStandard] + sums[bill.VATZero] + sums[bill.VATExempt]
		if err != nil {
			if !refused(lines, sums, before+vat) {
				t.Fatalf("%+v: %v", lines, err)
			}
			continue
		}
		accepted++
		if got.TaxableSatang != sums[bill.VATStandard] || got.ZeroRatedSatang != sums[bill.VATZero] ||
			got.ExemptSatang != sums[bill.VATExempt] || got.VATSatang != vat ||
			got.BeforeTaxSatang != before || got.TotalSatang != before+vat {
			t.Fatalf("%+v\n got %+v\nwant %v, VAT %d", lines, got, sums, vat)
		}
	}
}

// refused reports whether the limits allow a bill to be refused.
func refused(lines []bill.Line, sums map[bill.VATKind]int64, total int64) bool {
	for _, l := range lines {
		if l.Quantity.Mul(l.UnitPrice).Abs().GreaterThan(decimal.New(bill.MaxTotalSatang, -2)) {
			return true
		}
	}
	return sums[bill.VATStandard] < 0 || sums[bill.VATZero] < 0 || sums[bill.VATExempt] < 0 || total > bill.MaxTotalSatang
}

func power(places int32) int64 {
	n := int64(1)
	for range places {
		n *= 10
	}
	return n
}

// rounded adds a half and cuts, on the absolute value.
func rounded(r *big.Rat) int64 {
	half := new(big.Rat).Add(new(big.Rat).Abs(r), big.NewRat(1, 2))
	return new(big.Int).Quo(half.Num(), half.Denom()).Int64() * int64(r.Sign())
}

func TestPriceWithAllItsDecimalsIsTaken(t *testing.T) {
	t.Parallel()
	price, err := thai.ParseDecimal("99.1234")
	if err != nil {
		t.Fatal(err)
	}
	line := bill.Line{Quantity: decimal.NewFromInt(1), UnitPrice: price, VAT: bill.VATExempt}
	got, err := bill.Total([]bill.Line{line}, thai.Day{Year: 2026, Month: 1, Day: 5})
	if err != nil || got.TotalSatang != 9912 {
		t.Errorf("99.1234 came to %d satang, %v; want 9912", got.TotalSatang, err)
	}
}
