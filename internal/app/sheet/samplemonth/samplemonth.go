// Package samplemonth makes a month of bills as a Thai company's books give it
// out, with mistakes in known places, for tests and for showing the import.
// The same day gives the same month. It must never be taken for real data.
package samplemonth

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"portal/internal/app/thai"
)

// Columns of the month, in order.
const (
	Number = iota
	Type
	On
	Due
	BuyerName
	TaxID
	Branch
	Address
	Description
	Quantity
	Price
	VAT
	Total
	Remark
	columns
)

// Headings of the columns.
var (
	ThaiHeadings = []string{
		"เลขที่เอกสาร", "ประเภทเอกสาร", "วันที่เอกสาร", "วันครบกำหนด", "ชื่อผู้ซื้อ", "เลขประจำตัวผู้เสียภาษี", "สาขา", "ที่อยู่",
		"รายการ", "จำนวน", "ราคาต่อหน่วย", "ภาษีมูลค่าเพิ่ม", "ยอดรวมทั้งสิ้น", "หมายเหตุ",
	}
	EnglishHeadings = []string{
		"Document number", "Document type", "Document date", "Due date", "Buyer", "Tax ID", "Branch", "Address",
		"Description", "Quantity", "Unit price", "VAT", "Total", "Remark",
	}
)

// Fault is a mistake that was made on purpose. Row is the number beside the
// row in a spreadsheet program; Right is what should stand there.
type Fault struct {
	Row, Column  int
	Number       string // of the bill
	Wrong, Right string
	Why          string
}

// Month is bills and the mistakes in them.
type Month struct {
	Rows        [][]string
	Bills       int
	TotalSatang int64 // of all bills once the mistakes are mended
	Faults      []Fault
}

var (
	buyers = []string{
		"บริษัท น้ำผึ้งป่าเยิ้ม จำกัด", "บริษัท ที่รักการค้า จำกัด (มหาชน)", "ห้างหุ้นส่วนจำกัด กุ้งใหญ่ฟาร์ม", "บริษัท ปี่ทองดนตรี จำกัด",
		"บริษัท หนี้สุขแฟคตอริ่ง จำกัด", "บริษัท เอี๊ยดอ๊าดยนต์ จำกัด", "ร้านก๋วยเตี๋ยวป้าติ๋ม", "บริษัท ญาณวิทย์การศึกษา จำกัด",
	}
	streets = []string{"ถนนสุขุมวิท แขวงคลองเตย เขตคลองเตย กรุงเทพมหานคร 10110", "ถนนพระรามที่ ๔ แขวงสีลม เขตบางรัก กรุงเทพมหานคร 10500", "ตำบลช้างเผือก อำเภอเมือง จังหวัดเชียงใหม่ 50300"}
	goods   = []string{"ค่าบริการรายเดือน", "น้ำยาทำความสะอาด 5 ลิตร", "ค่าที่ปรึกษา", "ค่าขนส่ง", "กระดาษ A4 80 แกรม", "ค่าบำรุงรักษาระบบ"}
)

// Make makes a month of n bills, at least thirty, dated in the month before
// today, with ten mistakes.
func Make(n int, today thai.Day) Month {
	random := rand.New(rand.NewPCG(uint64(n), 2568)) //nolint:gosec // a repeatable month, not a secret
	first := thai.DayOf(time.Date(today.Year, today.Month-1, 1, 0, 0, 0, 0, time.UTC))
	m := Month{Bills: n}
	starts := make([]int, n)
	for i := range n {
		starts[i] = len(m.Rows)
		m.add(random, i, first)
	}
	m.spoil(starts, n)
	return m
}

// add adds a bill of one line, every tenth of two.
func (m *Month) add(random *rand.Rand, i int, first thai.Day) {
	on := first.AddDays(random.IntN(28))
	row := make([]string, columns)
	row[Number] = fmt.Sprintf("IV%02d%02d-%05d", on.BuddhistYear()%100, first.Month, i+1)
	row[Type] = "ใบแจ้งหนี้"
	row[On], row[Due] = on.String(), on.AddDays(30).String()
	who := random.IntN(len(buyers))
	row[BuyerName], row[TaxID], row[Branch] = buyers[who], taxIDs[who], "สำนักงานใหญ่"
	if who%3 == 1 {
		row[Branch] = "00001"
	}
	row[Address] = fmt.Sprintf("%d/%d %s", 1+random.IntN(200), 1+random.IntN(40), streets[who%len(streets)])
	lines := 1
	if i%10 == 9 {
		lines = 2
	}
	before := decimal.Zero
	for l := range lines {
		r := append([]string(nil), row...)
		quantity, price := decimal.New(int64(1+random.IntN(20)), 0), decimal.New(int64(5000+random.IntN(2_000_000)), -2)
		r[Description], r[Quantity], r[Price], r[VAT] = goods[(i+l)%len(goods)], quantity.String(), price.StringFixed(2), "7%"
		before = before.Add(quantity.Mul(price).Round(2))
		m.Rows = append(m.Rows, r)
	}
	total := before.Add(before.Mul(decimal.New(7, -2)).Round(2))
	for l := range lines {
		m.Rows[len(m.Rows)-1-l][Total] = total.StringFixed(2)
	}
	m.TotalSatang += total.Shift(2).IntPart()
}

// spoil makes the ten mistakes, far from each other.
func (m *Month) spoil(starts []int, n int) {
	step := n / 11
	at := func(k int) int {
		i := k * step
		if i%10 == 9 {
			i-- // never a bill of two lines
		}
		return starts[i]
	}
	year := func(row, column, add int) string {
		var y int
		_, _ = fmt.Sscanf(m.Rows[row][column], "%d", &y) // written above
		return fmt.Sprintf("%d%s", y+add, m.Rows[row][column][4:])
	}
	short := func(row int) string {
		day := m.Rows[row][On]
		var y int
		_, _ = fmt.Sscanf(day, "%d", &y) // written above
		return fmt.Sprintf("%s/%s/%02d", day[8:], day[5:7], (y+543)%100)
	}
	for k, f := range []struct {
		column int
		wrong  func(row int) string
		why    string
	}{
		{TaxID, func(r int) string { return m.Rows[r][TaxID][:12] + string('0'+(m.Rows[r][TaxID][12]-'0'+1)%10) }, "the check digit does not fit"},
		{TaxID, func(r int) string { return strings.TrimPrefix(m.Rows[r][TaxID], "0") }, "the leading zero is lost"},
		{On, func(r int) string { return year(r, On, 2*543) }, "543 was added twice"},
		{Due, func(r int) string { return year(r, Due, -1) }, "due before it was written"},
		{On, short, "a year of two digits"},
		{Total, func(r int) string { return "1.00" }, "the total does not add up"},
		{VAT, func(r int) string { return "ตามจริง" }, "no word for VAT"},
		{BuyerName, func(r int) string { return "" }, "no buyer"},
		{Quantity, func(r int) string { return "0" }, "a quantity of nothing"},
		{Number, func(int) string { return m.Rows[starts[1]][Number] }, "the number of another bill"},
	} {
		row := at(k + 1)
		wrong := f.wrong(row)
		m.Faults = append(m.Faults, Fault{
			Row: row + 2, Column: f.column, Number: m.Rows[row][Number], Wrong: wrong, Right: m.Rows[row][f.column], Why: f.why,
		})
		m.Rows[row][f.column] = wrong
	}
}

// taxIDs of the buyers, each with its check digit.
var taxIDs = func() (ids []string) {
	for i := range buyers {
		for digit := range 10 {
			id := fmt.Sprintf("01055620%04d%d", 100+i, digit)
			if _, err := thai.ParseTaxID(id); err == nil {
				ids = append(ids, id)
			}
		}
	}
	return ids
}()

// XLSX is the month as a workbook under Thai headings, with days and numbers
// as such.
func (m Month) XLSX() ([]byte, error) {
	f := excelize.NewFile()
	defer func() { _ = f.Close() }() // it is in memory
	if err := f.SetSheetName("Sheet1", "บิล"); err != nil {
		return nil, err
	}
	day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		return nil, err
	}
	w, err := f.NewStreamWriter("บิล")
	if err != nil {
		return nil, err
	}
	if err := w.SetRow("A1", anys(ThaiHeadings)); err != nil {
		return nil, err
	}
	for i, row := range m.Rows {
		cells := anys(row)
		for _, c := range []int{On, Due} {
			if t, err := time.Parse(time.DateOnly, row[c]); err == nil && t.Year() < 2400 {
				cells[c] = excelize.Cell{Value: t, StyleID: day}
			}
		}
		for _, c := range []int{Quantity, Price, Total} {
			if d, err := decimal.NewFromString(row[c]); err == nil {
				cells[c] = d.InexactFloat64() // as Excel keeps it
			}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+2), cells); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func anys(row []string) []any {
	list := make([]any, len(row))
	for i, s := range row {
		list[i] = s
	}
	return list
}

// CSV874 is the month as an old bookkeeping program gives it out: in
// Windows-874, under English headings.
func (m Month) CSV874() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(charmap.Windows874.NewEncoder().Writer(&b))
	if err := w.Write(EnglishHeadings); err != nil {
		return nil, err
	}
	if err := w.WriteAll(m.Rows); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
