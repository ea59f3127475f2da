package intake

import (
	"errors"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

// lines reads what each row adds to the bill, adds it up, and compares that
// with the total that was written down.
func (j *judge) lines() {
	if len(j.rows) > MaxLines {
		j.fail(j.rows[MaxLines], Description, Fault{Rule: TooManyLines, Words: map[string]string{"max": strconv.Itoa(MaxLines)}})
		return
	}
	before := len(j.faults)
	items := make([]bill.Line, len(j.rows))
	for i, row := range j.rows {
		items[i] = j.line(row)
	}
	whole := j.discount(j.rows[0], BillDiscount)
	if len(j.faults) > before || j.bill.On.IsZero() {
		return
	}
	j.bill.Asked = bill.Bill{Lines: items, Discount: whole}
	totals, err := j.bill.Asked.Total(j.bill.On)
	switch line, ofLine := errors.AsType[*bill.LineError](err); {
	case ofLine:
		field, rule := totalRule(line.Err)
		j.breaks(j.rows[line.Index], field, rule)
		return
	case errors.Is(err, bill.ErrDiscount):
		j.breaks(j.rows[0], BillDiscount, DiscountLarge)
		return
	case err != nil:
		field, rule := totalRule(err)
		j.breaks(j.rows[0], field, rule)
		return
	case totals.TotalSatang == 0:
		j.breaks(j.rows[0], Price, TotalZero)
		return
	}
	j.bill.Totals = totals
	j.crossFoot()
}

func (j *judge) line(row Row) bill.Line {
	l := bill.Line{Quantity: decimal.NewFromInt(1), VAT: bill.VATStandard}
	l.Description = j.text(row, Description, true, MaxName)
	if j.cell(row, Quantity) != "" {
		l.Quantity = j.decimal(row, Quantity)
		if l.Quantity.IsZero() && !j.faulty(row, Quantity) {
			j.breaks(row, Quantity, QuantityZero)
		}
		if !l.Quantity.LessThan(MaxQuantity) {
			j.breaks(row, Quantity, AmountLarge)
		}
	}
	l.UnitPrice = j.decimal(row, Price)
	if kind, ok := vatWords[vatWord(j.cell(row, VAT))]; ok {
		l.VAT = kind
	} else {
		j.breaks(row, VAT, VATWord)
	}
	if income, ok := incomeWords[plain(j.cell(row, Income))]; ok {
		l.Income = income
	} else {
		j.breaks(row, Income, IncomeWord)
	}
	l.Discount = j.discount(row, Discount)
	return l
}

// discount is baht, or a part where a percent sign follows.
func (j *judge) discount(row Row, f Field) bill.Discount {
	typed := strings.TrimSpace(currency.Replace(j.cell(row, f)))
	if typed == "" || typed == "-" {
		return bill.Discount{}
	}
	part, isPercent := strings.CutSuffix(typed, "%")
	if !isPercent {
		satang, err := thai.ParseSatang(typed)
		if err != nil {
			j.breaks(row, f, DiscountForm)
		}
		return bill.Discount{Satang: satang}
	}
	percent, err := thai.ParseDecimal(part)
	if err != nil || !percent.Equal(percent.Truncate(bill.PercentPlaces)) {
		j.breaks(row, f, DiscountForm)
		return bill.Discount{}
	}
	return bill.Discount{Percent: percent.Truncate(bill.PercentPlaces)}
}

// incomeWords are what people call the incomes, as plain gives them back. A
// rate says too little: three per cent is withheld for several of them.
var incomeWords = map[string]bill.Income{
	"": bill.NoIncome, "ไม่หัก": bill.NoIncome, "ไม่มี": bill.NoIncome, "none": bill.NoIncome, "no": bill.NoIncome,
	"ค่าขนส่ง": bill.Transport, "ขนส่ง": bill.Transport, "transport": bill.Transport,
	"ค่าโฆษณา": bill.Advertising, "โฆษณา": bill.Advertising, "advertising": bill.Advertising,
	"ค่าบริการ": bill.Service, "บริการ": bill.Service, "service": bill.Service, "services": bill.Service,
	"ค่ารับเหมา": bill.Contract, "รับเหมา": bill.Contract, "ค่าจ้างทำของ": bill.Contract, "รับจ้างทำของ": bill.Contract, "contract": bill.Contract,
	"วิชาชีพอิสระ": bill.Professional, "ค่าวิชาชีพ": bill.Professional, "professional": bill.Professional,
	"ค่าลิขสิทธิ์": bill.Royalty, "ลิขสิทธิ์": bill.Royalty, "royalty": bill.Royalty,
	"ค่าเช่า": bill.Rent, "เช่า": bill.Rent, "rent": bill.Rent, "rental": bill.Rent,
	"รางวัล": bill.Prize, "ค่านักแสดง": bill.Prize, "prize": bill.Prize,
}

func (j *judge) faulty(row Row, f Field) bool {
	for _, fault := range j.faults {
		if fault.Row == row.No && fault.Field == f {
			return true
		}
	}
	return false
}

var currency = strings.NewReplacer("฿", "", "บาท", "", "THB", "", "Baht", "", "baht", "")

func (j *judge) decimal(row Row, f Field) decimal.Decimal {
	typed := strings.TrimSpace(currency.Replace(j.cell(row, f)))
	if typed == "" {
		j.breaks(row, f, Required)
		return decimal.Zero
	}
	d, err := thai.ParseDecimal(typed)
	if err != nil {
		j.breaks(row, f, numberFault(err))
	}
	return d
}

// vatWords are what people call the kinds of VAT, as vatWord gives them back.
// A column that is left empty means the usual rate.
var vatWords = map[string]bill.VATKind{
	"": bill.VATStandard, "7": bill.VATStandard, "vat": bill.VATStandard, "vat7": bill.VATStandard, "มี": bill.VATStandard, "มีภาษี": bill.VATStandard,
	"standard": bill.VATStandard, "ปกติ": bill.VATStandard, "ภาษี7": bill.VATStandard, "yes": bill.VATStandard,
	"0": bill.VATZero, "zero": bill.VATZero, "vat0": bill.VATZero, "ภาษี0": bill.VATZero, "อัตราศูนย์": bill.VATZero, "zerorated": bill.VATZero,
	"ยกเว้น": bill.VATExempt, "ยกเว้นภาษี": bill.VATExempt, "ไม่มี": bill.VATExempt, "ไม่มีภาษี": bill.VATExempt, "ไม่มีvat": bill.VATExempt,
	"exempt": bill.VATExempt, "novat": bill.VATExempt, "nonvat": bill.VATExempt, "none": bill.VATExempt, "no": bill.VATExempt,
}

// vatWord is a word about VAT without percent signs, and 7.00 as 7.
func vatWord(s string) string {
	s = strings.TrimSuffix(strings.ReplaceAll(s, " ", ""), "%")
	if d, err := thai.ParseDecimal(s); err == nil {
		return d.String()
	}
	return plain(s)
}

// totalRule is why lines could not be added up, and where that is mended.
func totalRule(err error) (Field, Rule) {
	switch {
	case errors.Is(err, bill.ErrTooLarge):
		return Price, AmountLarge
	case errors.Is(err, bill.ErrNoRate):
		return On, VATRate
	case errors.Is(err, bill.ErrDecimals):
		return Price, AmountDecimals
	case errors.Is(err, bill.ErrDiscount):
		return Discount, DiscountLarge
	case errors.Is(err, bill.ErrIncome):
		return Income, IncomeWord
	}
	return Price, AmountForm
}

// crossFoot compares the bill with the total beside it. Some repeat the bill's
// total in each row, some write it once, some write the total of each row.
func (j *judge) crossFoot() {
	var entered []int64
	row, sum, alike := j.rows[0], int64(0), true
	for _, r := range j.rows {
		typed := strings.TrimSpace(currency.Replace(j.cell(r, Total)))
		if typed == "" {
			continue
		}
		n, err := thai.ParseSatang(typed)
		if err != nil {
			j.breaks(r, Total, numberFault(err))
			return
		}
		if len(entered) == 0 {
			row = r
		}
		entered, sum = append(entered, n), sum+n
		alike = alike && n == entered[0]
	}
	want := j.bill.Totals.TotalSatang
	if len(entered) == 0 || alike && entered[0] == want || sum == want {
		return
	}
	got := sum
	if alike {
		got = entered[0]
	}
	j.fail(row, Total, Fault{Rule: TotalDiffers, Words: map[string]string{"entered": strconv.FormatInt(got, 10), "computed": strconv.FormatInt(want, 10)}})
}
