package intake_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"portal/internal/app/intake"
	"portal/internal/app/sheet"
	"portal/internal/app/sheet/samplemonth"
	"portal/internal/app/thai"
)

var (
	today = thai.Day{Year: 2026, Month: 1, Day: 20}
	all   = func() (m intake.Mapping) {
		for _, c := range intake.Columns {
			m = append(m, c.Field)
		}
		return m
	}()
	rules = intake.Rules{Mapping: all, Today: today, Own: "0105536000011"}
)

// good is a row with nothing wrong, but for what is put in.
func good(more ...string) intake.Row {
	row := intake.Row{No: 2}
	for _, c := range intake.Columns {
		row.Cells = append(row.Cells, c.Example)
	}
	for i := 0; i < len(more); i += 2 {
		row.Cells = all.Set(row.Cells, intake.Field(more[i]), more[i+1])
	}
	return row
}

func TestEveryFaultNamesItsCellItsRuleAndItsMend(t *testing.T) {
	t.Parallel()
	tests := []struct {
		field intake.Field
		value string
		rule  intake.Rule
		fixes []string
	}{
		{intake.Number, "", intake.Required, nil},
		{intake.Number, "INV 1", intake.NumberForm, nil},
		{intake.Number, "INV\u200b1", intake.HiddenLetter, nil},
		{intake.Type, "ใบเสนอราคา", intake.TypeWord, nil},
		{intake.On, "", intake.Required, nil},
		{intake.On, "เมื่อวาน", intake.DateForm, nil},
		{intake.On, "46010", intake.DateForm, []string{"2025-12-19"}},
		{intake.On, "31/02/2568", intake.DateNone, nil},
		{intake.On, "25/12/68", intake.DateShort, []string{"25/12/2568", "25/12/2068"}},
		{intake.On, "25/12/3111", intake.DateMeant, []string{"25/12/2025"}},
		{intake.On, "25/12/1482", intake.DateMeant, []string{"25/12/2025"}},
		{intake.On, "2568-12-25 CE", intake.DateEra, []string{"2568-12-25"}},
		{intake.On, "25/12/2200", intake.DateFar, nil},
		{intake.On, "25/12/2569", intake.DateFuture, nil},
		{intake.On, "25/12/2567", intake.DateOld, nil},
		{intake.Due, "24/12/2568", intake.DueBefore, nil},
		{intake.Due, "24/12/2570", intake.DueFar, nil},
		{intake.BuyerName, "", intake.Required, nil},
		{intake.BuyerName, strings.Repeat("ก", 257), intake.TooLong, nil},
		{intake.TaxID, "0105562000008", intake.TaxIDCheck, nil},
		{intake.TaxID, "105562000007", intake.TaxIDZero, []string{"0105562000007"}},
		{intake.TaxID, "1.05562E+11", intake.TaxIDRounded, nil},
		{intake.TaxID, "ไม่มี", intake.TaxIDForm, nil},
		{intake.TaxID, "0105536000011", intake.TaxIDOurs, nil},
		{intake.Branch, "เชียงใหม่", intake.BranchForm, nil},
		{intake.Address, "", intake.Required, nil},
		{intake.Description, "", intake.Required, nil},
		{intake.Quantity, "0", intake.QuantityZero, nil},
		{intake.Quantity, "10000000000", intake.AmountLarge, nil},
		{intake.Price, "ห้าร้อย", intake.AmountForm, nil},
		{intake.Price, "-500", intake.AmountNegative, nil},
		{intake.Price, "1.00001", intake.AmountDecimals, nil},
		{intake.Price, "999999999999", intake.AmountLarge, nil},
		{intake.Price, "", intake.Required, nil},
		{intake.VAT, "ตามจริง", intake.VATWord, nil},
		{intake.Discount, "สิบบาท", intake.DiscountForm, nil},
		{intake.Discount, "1000.01", intake.DiscountLarge, nil},
		{intake.Discount, "101%", intake.DiscountLarge, nil},
		{intake.BillDiscount, "สิบบาท", intake.DiscountForm, nil},
		{intake.BillDiscount, "1000.01", intake.DiscountLarge, nil},
		{intake.BillDiscount, "100.01%", intake.DiscountLarge, nil},
		{intake.Income, "3%", intake.IncomeWord, nil},
		{intake.Order, strings.Repeat("9", 36), intake.TooLong, nil},
		{intake.Total, "1000.00", intake.TotalDiffers, nil},
		{intake.Total, "1070.001", intake.AmountDecimals, nil},
		{intake.Remark, strings.Repeat("ก", 501), intake.TooLong, nil},
	}
	for _, test := range tests {
		t.Run(string(test.rule)+" "+test.value, func(t *testing.T) {
			t.Parallel()
			_, faults := rules.Judge([]intake.Row{good(string(test.field), test.value)})
			if len(faults) != 1 || faults[0].Rule != test.rule || faults[0].Field != test.field || faults[0].Row != 2 || faults[0].Value != test.value {
				t.Fatalf("got %+v", faults)
			}
			var fixes []string
			for _, f := range faults[0].Fixes {
				fixes = append(fixes, f.Value)
				if test.field == intake.On && f.Kind != intake.FixCommon {
					if _, after := rules.Judge([]intake.Row{good(string(test.field), f.Value)}); len(after) > 0 {
						t.Errorf("mended to %s: %+v", f.Value, after)
					}
				}
			}
			if !slices.Equal(fixes, test.fixes) {
				t.Errorf("mends %q, want %q", fixes, test.fixes)
			}
		})
	}
}

func TestAGoodRowIsAWholeBill(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]intake.Row{
		"as in the template":           good(),
		"with words":                   good("vat", "มี VAT", "type", "Tax invoice", "buyer_branch", "สนญ.", "unit_price", "฿500.00", "total", "1,070.00 บาท"),
		"as a spreadsheet":             good("document_on", "2025-12-25", "quantity", "2", "vat", "7%"),
		"with a discount":              good("unit_price", "600", "discount", "200", "income", "ค่าบริการ"),
		"with a part off":              good("unit_price", "625", "discount", "20%", "income", "rent"),
		"with a discount on the whole": good("unit_price", "550", "discount", "50", "bill_discount", "50.00"),
		"with a part off the whole":    good("unit_price", "625", "bill_discount", "20%"),
		"the least":                    good("vat", "", "type", "", "buyer_branch", "", "total", "", "remark", ""),
	} {
		if name == "with words" {
			row.Cells = all.Set(row.Cells, intake.VAT, "vat 7%")
		}
		b, faults := rules.Judge([]intake.Row{row})
		if len(faults) > 0 || b.Totals.TotalSatang != 107000 || b.Branch != "00000" || b.On.String() != "2025-12-25" || b.Due.String() != "2026-01-24" {
			t.Errorf("%s: %+v, %+v", name, b, faults)
		}
	}
}

func TestRowsOfOneNumberAreOneBill(t *testing.T) {
	t.Parallel()
	if got := intake.Group([]string{"A", " A ", "B", "", "", "A"}, true); !slices.Equal(got, []int{1, 1, 2, 3, 4, 5}) {
		t.Errorf("got %v", got)
	}
	if got := intake.Group([]string{"A", "A"}, false); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("got %v", got)
	}
	second := good("description", "อย่างที่สอง", "buyer_name", "", "buyer_address", "", "total", "")
	second.No = 3
	first := good("total", "2140")
	if b, faults := rules.Judge([]intake.Row{first, second}); len(faults) > 0 || len(b.Totals.Lines) != 2 || b.Totals.TotalSatang != 214000 {
		t.Errorf("%+v, %+v", b, faults)
	}
	for rule, cells := range map[intake.Rule]intake.Row{
		intake.RowDiffers: good("buyer_name", "ผู้อื่น", "description", "x"), intake.RowTwice: good("total", "2140"),
	} {
		cells.No = 3
		if _, faults := rules.Judge([]intake.Row{first, cells}); len(faults) == 0 || faults[0].Rule != rule || faults[0].Row != 3 {
			t.Errorf("%s: %+v", rule, faults)
		}
	}
	each, other := good("total", "1070"), good("total", "1070", "description", "x", "quantity", "3")
	other.Cells = all.Set(other.Cells, intake.Total, "1605")
	if _, faults := rules.Judge([]intake.Row{each, other}); len(faults) > 0 {
		t.Errorf("totals row by row: %+v", faults)
	}
}

func TestHeadingsAreKnownInBothLanguages(t *testing.T) {
	t.Parallel()
	for name, heading := range map[string][]string{"Thai": samplemonth.ThaiHeadings, "English": samplemonth.EnglishHeadings} {
		m, asks := intake.Bills.Recognise(heading)
		if asks || slices.Contains(m, "") || len(m) != len(heading) {
			t.Errorf("%s: %v, %v", name, m, asks)
		}
	}
	m, asks := intake.Bills.Recognise([]string{"INVOICE  NO.", "สิ่งที่ต้องแก้", "ลำดับ", "อะไรก็ไม่รู้"})
	if m[0] != intake.Number || m[1] != "" || m[2] != "" || !asks {
		t.Errorf("%v, %v", m, asks)
	}
	if m, _ := intake.Bills.Recognise([]string{"ชื่อ", "ชื่อลูกค้า"}); m[1] != "" {
		t.Error("two columns have one meaning")
	}
	if !intake.IsExample([]string{"", "example-1"}) || intake.IsExample([]string{"INV-1", "EXAMPLE"}) {
		t.Error("the example is not told from bills")
	}
}

// read judges a file as the import does.
func read(t testing.TB, data []byte) (bills int, total int64, faults []intake.Fault) {
	t.Helper()
	r, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Limits(20_000))
	if err != nil {
		t.Fatal(err)
	}
	var rows []intake.Row
	var numbers []string
	var in intake.Rules
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if in.Mapping == nil {
			in = rules
			in.Mapping, _ = intake.Bills.Recognise(row.Cells)
			continue
		}
		rows = append(rows, intake.Row{No: row.Number, Cells: slices.Clone(row.Cells)})
		numbers = append(numbers, in.Mapping.Cell(row.Cells, intake.Number))
	}
	of := intake.Group(numbers, true)
	for start := 0; start < len(rows); bills++ {
		end := start
		for end < len(rows) && of[end] == of[start] {
			end++
		}
		b, found := in.Judge(rows[start:end])
		faults, total = append(faults, found...), total+b.Totals.TotalSatang
		start = end
	}
	return bills, total, faults
}

func TestTheMistakesOfAMonthAreFoundWhereTheyAre(t *testing.T) {
	t.Parallel()
	m := samplemonth.Make(1000, today)
	for name, write := range map[string]func() ([]byte, error){"XLSX": m.XLSX, "CSV": m.CSV874} {
		data, err := write()
		if err != nil {
			t.Fatal(err)
		}
		bills, _, faults := read(t, data)
		// A number that two bills have is found where all numbers are known.
		if bills != 1000 || len(faults) != len(m.Faults)-1 {
			t.Errorf("%s: %d bills, %d faults", name, bills, len(faults))
		}
		for _, want := range m.Faults {
			if want.Column == samplemonth.Number {
				continue
			}
			if !slices.ContainsFunc(faults, func(f intake.Fault) bool { return f.Row == want.Row }) {
				t.Errorf("%s: row %d is not found: %s", name, want.Row, want.Why)
			}
		}
		for _, f := range faults {
			t.Log(f)
		}
	}
}

func BenchmarkTenThousandBillsReadAndJudged(b *testing.B) {
	data, err := samplemonth.Make(9_000, today).XLSX()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if bills, _, _ := read(b, data); bills != 9_000 {
			b.Fatal(bills)
		}
	}
}

// FuzzJudge holds that no cells make the judge panic, and that what it finds
// nothing wrong with is a bill.
func FuzzJudge(f *testing.F) {
	f.Add("INV-1", "25/12/2568", "0105562000007", "2", "500", "7%", "1070")
	f.Add("x", "2568-12-25 CE", "1.0E+12", "1e99", "๕๐๐", "%", "--")
	f.Fuzz(func(t *testing.T, number, on, taxID, quantity, price, vat, total string) {
		b, faults := rules.Judge([]intake.Row{good("number", number, "document_on", on, "buyer_tax_id", taxID, "quantity", quantity, "unit_price", price, "vat", vat, "total", total)})
		if len(faults) == 0 && (b.Number == "" || len(b.TaxID) != 13 || b.On.IsZero() || b.Due.Compare(b.On) < 0 || b.Totals.TotalSatang <= 0) {
			t.Errorf("no bill: %+v", b)
		}
	})
}
