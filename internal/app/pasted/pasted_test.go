package pasted_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"portal/internal/app/bill"
	"portal/internal/app/pasted"
)

func TestRowsOfASpreadsheetAreRead(t *testing.T) {
	t.Parallel()
	std := bill.VATStandard
	for name, c := range map[string]struct {
		text string
		want []pasted.Row
	}{
		"three columns": {"ค่าบริการ\t2\t1,234.50\nค่าส่ง\t1\t50\n", []pasted.Row{
			{Description: "ค่าบริการ", Quantity: "2", Price: "1,234.50", VAT: std}, {Description: "ค่าส่ง", Quantity: "1", Price: "50", VAT: std}}},
		"description and price": {"Consulting\t฿ 500.00\r\n", []pasted.Row{{Description: "Consulting", Quantity: "1", Price: "500.00", VAT: std}}},
		"a Thai header in another order": {"ลำดับ\tจำนวน\tรายการ\tหน่วยละ\tส่วนลด\tภาษี\n1\t๓\tปูน\t120\t10%\tยกเว้น\n", []pasted.Row{
			{Description: "ปูน", Quantity: "๓", Price: "120", Discount: "10%", VAT: bill.VATExempt}}},
		"numbered rows, amounts and VAT": {"1\tRice\t2\t10\t20.00\t0%\n2\tOil\t1\t30\t30.00\t7%\n", []pasted.Row{
			{Description: "Rice", Quantity: "2", Price: "10", Amount: "20.00", VAT: bill.VATZero}, {Description: "Oil", Quantity: "1", Price: "30", Amount: "30.00", VAT: std}}},
		"VAT right behind the price": {"Rice\t2\t10\t0\nOil\t1\t30\t7\n", []pasted.Row{
			{Description: "Rice", Quantity: "2", Price: "10", VAT: bill.VATZero}, {Description: "Oil", Quantity: "1", Price: "30", VAT: std}}},
		"a share without a heading": {"Rice\t2\t10\t5%\nTea\t1\t5\t7%\n", []pasted.Row{
			{Description: "Rice", Quantity: "2", Price: "10", VAT: std, Unclear: "5%"}, {Description: "Tea", Quantity: "1", Price: "5", VAT: std},
		}},
		"an unknown kind of VAT": {"Rice\t2\t10\tmaybe\n", []pasted.Row{{Description: "Rice", Quantity: "2", Price: "10", VAT: std, Unknown: "maybe"}}},
		"quoted cells":           {"\"two\nlines \"\"here\"\"\"\t1\t5\n", []pasted.Row{{Description: `two lines "here"`, Quantity: "1", Price: "5", VAT: std}}},
		"a lone quote":           {"6\" pipe\t1\t5\n\"x\t1\t2", []pasted.Row{{Description: `6" pipe`, Quantity: "1", Price: "5", VAT: std}, {Description: `"x`, Quantity: "1", Price: "2", VAT: std}}},
		"what is no number":      {"Rice\ttwo\t10\n", []pasted.Row{{Description: "Rice", Quantity: "two", Price: "10", VAT: std}}},
		"empty rows":             {"\n\t\t\nRice\t1\t2\n\n", []pasted.Row{{Description: "Rice", Quantity: "1", Price: "2", VAT: std}}},
		"one word":               {"Rice", []pasted.Row{{Description: "Rice", Quantity: "1", VAT: std}}},
		"nothing":                {" \n", nil},
	} {
		if diff := cmp.Diff(c.want, pasted.Rows(c.text)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzRows(f *testing.F) {
	f.Add("a\t1\t2\n\"b\"\"\n\"\t3")
	f.Fuzz(func(t *testing.T, text string) {
		rows := pasted.Rows(text)
		if len(rows) > pasted.MaxRows {
			t.Errorf("%d rows", len(rows))
		}
		for _, r := range rows {
			if strings.ContainsAny(r.Description+r.Quantity+r.Price+r.Discount, "\t\n\r") || utf8.ValidString(text) && !utf8.ValidString(r.Description) {
				t.Errorf("%q holds what no field takes", r)
			}
		}
	})
}
