package bill_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

var someBill = rapid.Custom(func(t *rapid.T) bill.Bill {
	discount := func(most int64, what string) bill.Discount {
		if rapid.Bool().Draw(t, what+" in percent") {
			return bill.Discount{Percent: decimal.New(rapid.Int64Range(0, 10000).Draw(t, what), -2)}
		}
		return bill.Discount{Satang: rapid.Int64Range(0, most).Draw(t, what)}
	}
	var b bill.Bill
	var sum int64
	for range rapid.IntRange(1, 8).Draw(t, "lines") {
		quantity, satang := rapid.Int64Range(1, 50).Draw(t, "quantity"), rapid.Int64Range(0, 5_000_00).Draw(t, "price")
		l := bill.Line{
			Quantity: decimal.NewFromInt(quantity), UnitPrice: decimal.New(satang, -2), VAT: rapid.SampledFrom([]bill.VATKind{bill.VATStandard, bill.VATZero, bill.VATExempt}).Draw(t, "VAT"),
			Income: rapid.SampledFrom(bill.Incomes).Draw(t, "income"), Discount: discount(quantity*satang, "line discount"),
		}
		alone, err := bill.Bill{Lines: []bill.Line{l}}.Total(today)
		if err != nil {
			t.Fatal(err)
		}
		sum += alone.BeforeTaxSatang
		b.Lines = append(b.Lines, l)
	}
	b.Discount = discount(sum, "discount")
	return b
})

var today = thai.Day{Year: 2026, Month: 9, Day: 1}

func TestEveryBillCrossFootsAndSharesFairly(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := someBill.Draw(t, "bill")
		got, err := b.Total(today)
		if err != nil {
			t.Fatal(err)
		}
		if err := got.CrossFoot(); err != nil {
			t.Fatal(err)
		}
		var amounts int64
		for _, l := range got.Lines {
			amounts += l.AmountSatang
		}
		if amounts-got.DiscountSatang != got.BeforeTaxSatang {
			t.Fatalf("%d less %d is not %d", amounts, got.DiscountSatang, got.BeforeTaxSatang)
		}
		for i, l := range got.Lines {
			exact := decimal.Zero
			if amounts != 0 {
				exact = decimal.NewFromInt(l.AmountSatang).Mul(decimal.NewFromInt(got.DiscountSatang)).DivRound(decimal.NewFromInt(amounts), 12)
			}
			if off := decimal.NewFromInt(l.ShareSatang).Sub(exact).Abs(); !off.LessThan(decimal.NewFromInt(1)) || l.NetSatang() < 0 {
				t.Fatalf("line %d bears %d of %d, exactly %s", i, l.ShareSatang, got.DiscountSatang, exact)
			}
		}
	})
}

func TestWithholdingNeverTouchesTheTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := someBill.Draw(t, "bill")
		with, err := b.Total(today)
		if err != nil {
			t.Fatal(err)
		}
		without := bill.Bill{Discount: b.Discount}
		for _, l := range b.Lines {
			l.Income = bill.NoIncome
			without.Lines = append(without.Lines, l)
		}
		plain, err := without.Total(today)
		if err != nil || plain.TotalSatang != with.TotalSatang || plain.VATSatang != with.VATSatang || plain.WithheldSatang != 0 {
			t.Fatalf("%+v, %v; with incomes %+v", plain, err, with)
		}
		if with.WithheldSatang > with.BeforeTaxSatang || with.ExpectedSatang() > with.TotalSatang {
			t.Fatalf("withheld %d of %d", with.WithheldSatang, with.BeforeTaxSatang)
		}
	})
}

// Three lines at 3 % of 0.50 baht: 1.5 satang each would round to two, the
// document's 4.5 is five and not six.
func TestWithholdingIsRoundedOncePerRate(t *testing.T) {
	t.Parallel()
	l := line("1", "0.50", bill.VATZero)
	l.Income = bill.Service
	got, err := bill.Total([]bill.Line{l, l, l}, today)
	if err != nil || got.WithheldSatang != 5 || len(got.Withheld) != 1 || got.Withheld[0].BaseSatang != 150 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWholeDiscountGoesByTheLargestRemainder(t *testing.T) {
	t.Parallel()
	l := line("1", "1", bill.VATStandard)
	got, err := bill.Bill{Lines: []bill.Line{l, l, l}, Discount: bill.Discount{Satang: 101}}.Total(today)
	if err != nil || got.Lines[0].ShareSatang != 34 || got.Lines[1].ShareSatang != 34 || got.Lines[2].ShareSatang != 33 {
		t.Errorf("%+v, %v", got.Lines, err)
	}
}
