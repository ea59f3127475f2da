package matching_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/matching"
)

// A bill of 107.00 baht: 100.00 before VAT.
func bill(number string) matching.Bill {
	return matching.Bill{
		ID: uuid.New(), Number: number, BankReference: "PRS" + number, BuyerName: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", BuyerTaxID: "0105562000007",
		TotalSatang: 1070000, BeforeTaxSatang: 1000000,
	}
}

func paid(satang int64, references ...string) matching.Payment {
	return matching.Payment{AmountSatang: satang, References: references}
}

func TestShortPaymentsExplainThemselves(t *testing.T) {
	t.Parallel()
	expecting := func(satang int64) matching.Bill {
		b := bill("INV-0001")
		b.ExpectedSatang = satang
		return b
	}
	settled := bill("INV-0001")
	settled.SettledSatang = settled.TotalSatang
	half := bill("INV-0001")
	half.SettledSatang = 500000
	for name, c := range map[string]struct {
		amount  int64
		bill    matching.Bill
		reason  matching.Reason
		rate    int64
		wht     int64
		fee     int64
		left    int64
		certain bool
	}{
		"whole":                           {1070000, bill("INV-0001"), matching.Exact, 0, 0, 0, 0, true},
		"3 % withheld":                    {1040000, bill("INV-0001"), matching.Withholding, 3, 30000, 0, 0, true},
		"1 % withheld":                    {1060000, bill("INV-0001"), matching.Withholding, 1, 10000, 0, 0, true},
		"2 % withheld":                    {1050000, bill("INV-0001"), matching.Withholding, 2, 20000, 0, 0, true},
		"5 % withheld":                    {1020000, bill("INV-0001"), matching.Withholding, 5, 50000, 0, 0, true},
		"4 % is no rate":                  {1030000, bill("INV-0001"), matching.Part, 0, 0, 0, 0, false},
		"3 % of the total is wrong":       {1037900, bill("INV-0001"), matching.Part, 0, 0, 0, 0, false},
		"what its lines expect":           {1057500, expecting(12500), matching.Expected, 0, 12500, 0, 0, true},
		"expected, at a known rate":       {1040000, expecting(30000), matching.Expected, 3, 30000, 0, 0, true},
		"a fee":                           {1067500, bill("INV-0001"), matching.Fee, 0, 0, 2500, 0, false},
		"expected tax and a fee":          {1037500, expecting(30000), matching.WithheldFee, 3, 30000, 2500, 0, false},
		"a part":                          {500000, bill("INV-0001"), matching.Part, 0, 0, 0, 0, false},
		"the rest of a part":              {570000, half, matching.Exact, 0, 0, 0, 0, true},
		"no tax is withheld of a rest":    {540000, half, matching.Part, 0, 0, 0, 0, false},
		"too much":                        {1080000, bill("INV-0001"), matching.Over, 0, 0, 0, 10000, false},
		"paid already":                    {1070000, settled, matching.Paid, 0, 0, 0, 1070000, false},
		"one satang short is a fee":       {1069999, bill("INV-0001"), matching.Fee, 0, 0, 1, 0, false},
		"a satang beyond the largest fee": {1064999, bill("INV-0001"), matching.Part, 0, 0, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := matching.Propose(paid(c.amount, "TRF INV 0001 Somchai"), []matching.Bill{c.bill})
			if len(got) != 1 || len(got[0].Shares) != 1 {
				t.Fatalf("%d satang for %s: %+v", c.amount, c.bill.Number, got)
			}
			s := got[0].Shares[0]
			if s.Reason != c.reason || s.WithheldSatang != c.wht || s.FeeSatang != c.fee || !s.Rate.Equal(decimal.NewFromInt(c.rate)) ||
				got[0].LeftSatang != c.left || got[0].Certain != c.certain || s.Evidence != matching.ByNumber {
				t.Errorf("got %+v, certain %v, left %d; want %+v", s, got[0].Certain, got[0].LeftSatang, c)
			}
			if explained := c.reason != matching.Part && c.reason != matching.Paid; explained && s.SettledSatang() != c.bill.OpenSatang() {
				t.Errorf("%s settles %d of %d", s.Reason, s.SettledSatang(), c.bill.OpenSatang())
			}
		})
	}
}

func TestWhatLooksAlikeIsNotCertain(t *testing.T) {
	t.Parallel()
	a, b := bill("INV-0001"), bill("INV-0002")
	other := bill("INV-0003")
	other.BuyerTaxID, other.BuyerName = "0105562000015", "บริษัท อื่น จำกัด"
	byTaxID := matching.Payment{AmountSatang: 1070000, PayerTaxID: a.BuyerTaxID}
	byName := matching.Payment{AmountSatang: 1070000, PayerName: "บจก. ผู้ซื้อตัวอย่าง"}
	for name, c := range map[string]struct {
		p         matching.Payment
		bills     []matching.Bill
		proposals int
		first     string
		certain   bool
	}{
		"one bill of this buyer":            {byTaxID, []matching.Bill{a, other}, 2, "INV-0001", true},
		"two alike of this buyer":           {byTaxID, []matching.Bill{a, b}, 2, "INV-0001", false},
		"a name alone":                      {byName, []matching.Bill{a}, 1, "INV-0001", false},
		"an amount alone":                   {paid(1070000), []matching.Bill{a}, 1, "INV-0001", false},
		"an amount that fits nothing":       {paid(999), []matching.Bill{a, b}, 0, "", false},
		"a number and another's amount":     {paid(1070000, "INV-0002"), []matching.Bill{a, b}, 2, "INV-0002", true},
		"a number within a longer one":      {paid(500000, "INV-00012"), []matching.Bill{a}, 0, "", false},
		"Thai digits name it as well":       {paid(500000, "จ่าย INV-๐๐๐๑ งวดแรก"), []matching.Bill{a}, 1, "INV-0001", false},
		"the bank's own name for it":        {paid(1070000, a.BankReference), []matching.Bill{a, b}, 2, "INV-0001", true},
		"two named, one payment for one":    {paid(1070000, "INV-0001, INV-0002"), []matching.Bill{a, b}, 2, "INV-0001", false},
		"two named, one payment for both":   {paid(2140000, "INV-0001, INV-0002"), []matching.Bill{a, b}, 3, "INV-0001", true},
		"both, less 3 % of each":            {paid(2080000, "INV-0001+INV-0002"), []matching.Bill{a, b}, 3, "INV-0001", true},
		"all that the payer has open":       {matching.Payment{AmountSatang: 2140000, PayerTaxID: a.BuyerTaxID}, []matching.Bill{a, b}, 1, "INV-0001", true},
		"named, of two buyers, is no whole": {paid(2140000, "INV-0001 INV-0003"), []matching.Bill{a, other}, 2, "INV-0001", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := matching.Propose(c.p, c.bills)
			if len(got) != c.proposals {
				t.Fatalf("%d proposals, want %d: %+v", len(got), c.proposals, got)
			}
			if len(got) > 0 && (got[0].Shares[0].Bill.Number != c.first || got[0].Certain != c.certain) {
				t.Errorf("first is %s, certain %v; want %s, %v: %+v", got[0].Shares[0].Bill.Number, got[0].Certain, c.first, c.certain, got)
			}
		})
	}
}

func FuzzPropose(f *testing.F) {
	f.Add(int64(1040000), int64(1070000), int64(1000000), int64(30000), int64(0), "INV-0001")
	f.Fuzz(func(t *testing.T, amount, total, beforeTax, expected, settled int64, reference string) {
		const most = 1e13
		if amount <= 0 || amount > most || total < 0 || total > most || beforeTax < 0 || beforeTax > total || expected < 0 || expected > beforeTax || settled < 0 || settled > total {
			t.Skip()
		}
		b, c := bill("INV-0001"), bill("INV-0002")
		b.TotalSatang, b.BeforeTaxSatang, b.ExpectedSatang, b.SettledSatang = total, beforeTax, expected, settled
		for _, p := range matching.Propose(paid(amount, reference), []matching.Bill{b, c}) {
			var applied int64
			for _, s := range p.Shares {
				if s.AppliedSatang < 0 || s.WithheldSatang < 0 || s.FeeSatang < 0 || s.SettledSatang() > s.Bill.OpenSatang() {
					t.Errorf("%d for %+v: %+v", amount, b, s)
				}
				applied += s.AppliedSatang
			}
			if applied+p.LeftSatang != amount || p.LeftSatang < 0 {
				t.Errorf("%d is used as %d and %d is left", amount, applied, p.LeftSatang)
			}
		}
	})
}
