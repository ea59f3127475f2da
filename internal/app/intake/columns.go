// Package intake turns the rows of a spreadsheet into bills, buyers or payments,
// and says of each cell what is wrong with it and how it could be mended. It only judges: it
// must never change what somebody wrote, least of all a year that is 543 off.
// A mend is offered with its result, and a person takes it or not.
package intake

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Field is something that a column can mean. The values are stored.
type Field string

// The fields of a bill, and of its lines.
const (
	Number       Field = "number"
	Type         Field = "type"
	On           Field = "document_on"
	Due          Field = "due_on"
	BuyerName    Field = "buyer_name"
	TaxID        Field = "buyer_tax_id"
	Branch       Field = "buyer_branch"
	Address      Field = "buyer_address"
	Description  Field = "description"
	Quantity     Field = "quantity"
	Price        Field = "unit_price"
	VAT          Field = "vat"
	Total        Field = "total"
	Remark       Field = "remark"
	Order        Field = "order_reference"
	Discount     Field = "discount"
	BillDiscount Field = "bill_discount"
	Income       Field = "income"
)

// Column is what is known of a field's column.
type Column struct {
	Field    Field
	Required bool // a file without it cannot be read
	OfLine   bool // differs from row to row of one bill
	Thai     string
	English  string
	also     []string
	Example  string
	Values   []string // what may stand there, where that is a short list
}

// Kind is what the rows of a file are. The values are stored.
type Kind string

// The kinds of files.
const (
	Bills    Kind = "bills"
	Buyers   Kind = "buyers"
	Payments Kind = "payments"
	Payers   Kind = "payers"
	Debits   Kind = "debits"
	Requests Kind = "requests"
	Blocks   Kind = "blocks"
)

// Kinds lists the kinds.
var Kinds = []Kind{Bills, Buyers, Payments, Payers, Debits, Requests, Blocks}

// Columns lists the columns of a file of this kind, in the order of the template.
func (k Kind) Columns() []Column {
	switch k {
	case Buyers:
		return BuyerColumns
	case Payments:
		return PaymentColumns
	case Payers:
		return PayerColumns
	case Debits:
		return DebitColumns
	case Requests:
		return RequestColumns
	case Blocks:
		return BlockColumns
	case Bills:
	}
	return Columns
}

// Columns lists the columns of bills in the order of the template.
var Columns = []Column{
	{Field: Number, Required: true, Thai: "เลขที่เอกสาร", English: "Document number", Example: "INV-2569-0001", also: []string{
		"เลขที่", "เลขที่ใบแจ้งหนี้", "เลขที่บิล", "เลขที่ใบกำกับภาษี", "เลขที่ใบกำกับ", "เลขเอกสาร", "invoice number", "invoice no", "inv no", "bill number", "bill no", "document no", "doc no", "number",
	}},
	{Field: Type, Thai: "ชนิดเอกสาร", English: "Document type", Example: "380", Values: []string{"380", "388", "T02"}, also: []string{
		"ประเภทเอกสาร", "ประเภท", "ชนิด", "doc type", "type",
	}},
	{Field: On, Required: true, Thai: "วันที่เอกสาร", English: "Document date", Example: "25/12/2568", also: []string{
		"วันที่", "ลงวันที่", "วันที่ออก", "วันที่ออกเอกสาร", "วันที่ใบแจ้งหนี้", "วันที่ใบกำกับภาษี", "date", "invoice date", "issue date", "doc date", "bill date",
	}},
	{Field: Due, Required: true, Thai: "วันครบกำหนด", English: "Due date", Example: "24/01/2569", also: []string{
		"ครบกำหนด", "กำหนดชำระ", "วันครบกำหนดชำระ", "วันที่ครบกำหนด", "วันที่ครบกำหนดชำระ", "วันกำหนดชำระ", "due", "payment due", "payment due date", "due on",
	}},
	{Field: BuyerName, Required: true, Thai: "ชื่อผู้ซื้อ", English: "Buyer", Example: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", also: []string{
		"ผู้ซื้อ", "ลูกค้า", "ชื่อลูกค้า", "ชื่อบริษัท", "ชื่อลูกหนี้", "ชื่อ", "buyer name", "customer", "customer name", "company", "name",
	}},
	{Field: TaxID, Required: true, Thai: "เลขประจำตัวผู้เสียภาษี", English: "Tax ID", Example: "0105562000007", also: []string{
		"เลขผู้เสียภาษี", "เลขประจำตัวผู้เสียภาษีอากร", "เลขประจำตัวผู้เสียภาษีผู้ซื้อ", "เลขภาษี", "tax number", "tax no", "taxpayer id", "buyer tax id", "customer tax id", "tin",
	}},
	{Field: Branch, Thai: "สาขา", English: "Branch", Example: "00000", also: []string{
		"รหัสสาขา", "เลขที่สาขา", "สาขาที่", "สาขาผู้ซื้อ", "branch no", "branch number", "branch code", "buyer branch",
	}},
	{Field: Address, Required: true, Thai: "ที่อยู่", English: "Address", Example: "99 ถนนตัวอย่าง กรุงเทพฯ 10200", also: []string{
		"ที่อยู่ผู้ซื้อ", "ที่อยู่ลูกค้า", "buyer address", "customer address", "billing address",
	}},
	{Field: Description, Required: true, OfLine: true, Thai: "รายการ", English: "Description", Example: "ค่าบริการรายเดือน", also: []string{
		"รายละเอียด", "สินค้า", "ชื่อสินค้า", "รายการสินค้า", "สินค้าบริการ", "item", "product", "details", "line description",
	}},
	{Field: Quantity, OfLine: true, Thai: "จำนวน", English: "Quantity", Example: "2", also: []string{"ปริมาณ", "จำนวนหน่วย", "qty", "units"}},
	{Field: Price, Required: true, OfLine: true, Thai: "ราคาต่อหน่วย", English: "Unit price", Example: "500.00", also: []string{
		"ราคา", "ราคาหน่วย", "หน่วยละ", "ราคาต่อหน่วยก่อนภาษี", "ราคาต่อหน่วยก่อน vat", "price", "unit price excl vat", "rate",
	}},
	{Field: Discount, OfLine: true, Thai: "ส่วนลด", English: "Discount", also: []string{"ส่วนลดต่อรายการ", "ส่วนลดรายการ", "ลด", "line discount", "disc"}},
	{Field: VAT, OfLine: true, Thai: "ภาษีมูลค่าเพิ่ม", English: "VAT", Example: "7%", Values: []string{"7%", "0%", "ยกเว้น"}, also: []string{
		"ภาษี", "อัตราภาษี", "ประเภทภาษี", "อัตราภาษีมูลค่าเพิ่ม", "vat rate", "vat type", "tax rate",
	}},
	{Field: Income, OfLine: true, Thai: "ประเภทเงินได้หัก ณ ที่จ่าย", English: "Withholding", Values: []string{"ค่าบริการ", "ค่าเช่า", "ค่าโฆษณา", "ค่าขนส่ง"}, also: []string{
		"หัก ณ ที่จ่าย", "ภาษีหัก ณ ที่จ่าย", "ประเภทเงินได้", "withholding tax", "wht", "income type",
	}},
	{Field: BillDiscount, Thai: "ส่วนลดท้ายบิล", English: "Discount of the whole bill", also: []string{
		"ส่วนลดทั้งบิล", "ส่วนลดทั้งใบ", "ส่วนลดรวม", "ส่วนลดท้ายใบ", "bill discount", "total discount", "invoice discount", "document discount",
	}},
	{Field: Total, Thai: "ยอดรวมทั้งสิ้น", English: "Total", Example: "1070.00", also: []string{
		"ยอดรวม", "รวมทั้งสิ้น", "จำนวนเงินรวม", "จำนวนเงินรวมทั้งสิ้น", "ยอดสุทธิ", "รวมเงิน", "ยอดรวมสุทธิ", "grand total", "total amount", "amount due", "total incl vat",
	}},
	{Field: Order, Thai: "เลขที่ใบสั่งซื้อ", English: "Order number", also: []string{"ใบสั่งซื้อ", "เลขที่ po", "po", "po no", "po number", "purchase order", "order no", "reference"}},
	{Field: Remark, Thai: "หมายเหตุ", English: "Remark", Example: "", also: []string{"บันทึก", "remarks", "note", "notes", "memo"}},
}

// FaultColumns heads the column that a list of faults adds in each language.
// It is read over when such a list comes back.
var FaultColumns = [2]string{"สิ่งที่ต้องแก้", "What to mend"}

// readOver are headings of columns that mean nothing to us.
var readOver = []string{FaultColumns[0], FaultColumns[1], "ลำดับ", "ลำดับที่", "ที่", "row", "seq", "line no"}

var known = func() map[Kind]map[string]Field {
	all := make(map[Kind]map[string]Field)
	for _, k := range Kinds {
		m := make(map[string]Field)
		for _, c := range k.Columns() {
			for _, name := range append([]string{c.Thai, c.English, string(c.Field)}, c.also...) {
				m[plain(name)] = c.Field
			}
		}
		all[k] = m
	}
	return all
}()

// Column returns what is known of a field's column.
func (k Kind) Column(f Field) (Column, bool) {
	i := slices.IndexFunc(k.Columns(), func(c Column) bool { return c.Field == f })
	if i < 0 {
		return Column{}, false
	}
	return k.Columns()[i], true
}

// Mapping says what each column means; "" for nothing.
type Mapping []Field

// Recognise reads a heading. Asks is whether a person has to say more: a
// required column was not found, or a heading means nothing to us.
func (k Kind) Recognise(heading []string) (m Mapping, asks bool) {
	m = make(Mapping, len(heading))
	for i, name := range heading {
		f, ok := known[k][plain(name)]
		switch {
		case ok && !slices.Contains(m, f):
			m[i] = f
		case plain(name) != "" && !k.readsOver(name):
			asks = true
		}
	}
	return m, asks || len(k.Missing(m)) > 0
}

// readsOver reports whether a heading is known to mean nothing to us.
func (k Kind) readsOver(name string) bool {
	means := func(s string) bool { return plain(s) == plain(name) }
	return slices.ContainsFunc(readOver, means) || k == Payments && slices.ContainsFunc(ofStatements, means) || k == Blocks && readsOverBlocks(means)
}

// Missing returns the required fields that no column has.
func (k Kind) Missing(m Mapping) []Field {
	var list []Field
	for _, c := range k.Columns() {
		if c.Required && !slices.Contains(m, c.Field) {
			list = append(list, c.Field)
		}
	}
	return list
}

// at is the column of a field, counted from 0, or -1.
func (m Mapping) at(f Field) int { return slices.Index(m, f) }

// Set puts a value into the cell of a field, in a row that may be too short.
func (m Mapping) Set(cells []string, f Field, value string) []string {
	at := m.at(f)
	if at < 0 {
		return cells
	}
	for len(cells) <= at {
		cells = append(cells, "")
	}
	cells[at] = value
	return cells
}

// Cell is what stands in a row's cell of a field.
func (m Mapping) Cell(cells []string, f Field) string {
	if at := m.at(f); at >= 0 && at < len(cells) {
		return cells[at]
	}
	return ""
}

// Signature stands for a heading, so that what its columns mean is asked once.
func (k Kind) Signature(heading []string) []byte {
	h := sha256.New()
	_, _ = h.Write([]byte(k + "\n"))
	for _, name := range heading {
		_, _ = h.Write([]byte(plain(name) + "\n")) // a hash never fails
	}
	return h.Sum(nil)
}

// plain is a heading without what people write in different ways.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFC.String(s))
}

// exampleWords begin the number of the template's example row.
var exampleWords = []string{"ตัวอย่าง", "EXAMPLE"}

// IsExample reports whether a row is the example of the template.
func IsExample(cells []string) bool {
	for _, c := range cells {
		if c == "" {
			continue
		}
		return slices.ContainsFunc(exampleWords, func(w string) bool { return strings.HasPrefix(strings.ToUpper(c), w) })
	}
	return false
}
