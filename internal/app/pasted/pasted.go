// Package pasted reads lines of a bill out of what a person copied from a
// spreadsheet: rows with tabs between the cells, with a header or without, in
// Thai or English. It gives back what stood in the cells and judges nothing
// but the kind of VAT; it must never guess at a number.
package pasted

import (
	"slices"
	"strings"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

// A Row is one row, as it was typed in the spreadsheet.
type Row struct {
	Description, Quantity, Price, Discount string
	VAT                                    bill.VATKind // VATStandard where the cell is empty or unknown
	Unknown                                string       // what stood in the VAT cell, where it is no kind we know
	Unclear                                string       // a share without a heading, which may be of VAT or of a discount
	Amount                                 string       // what the row says that it comes to
}

// MaxRows is how many rows are read; what follows is left out.
const MaxRows = 1000

// column is what the cells of one column are.
type column int

const (
	ignored column = iota
	description
	quantity
	price
	discount
	vat
	vatOrDiscount
	amount
)

// headings are the words a header may have, in lower case.
var headings = map[column][]string{
	ignored:     {"no", "no.", "#", "item no", "item no.", "ลำดับ", "ที่", "ลำดับที่", "หน่วย", "unit", "uom", "รหัส", "รหัสสินค้า", "code", "sku"},
	description: {"description", "item", "product", "detail", "details", "name", "รายการ", "รายละเอียด", "สินค้า", "ชื่อสินค้า", "รายการสินค้า"},
	quantity:    {"quantity", "qty", "qty.", "จำนวน", "ปริมาณ"},
	price:       {"price", "unit price", "price/unit", "ราคา", "ราคาต่อหน่วย", "ราคา/หน่วย", "หน่วยละ"},
	discount:    {"discount", "disc.", "ส่วนลด"},
	vat:         {"vat", "tax", "vat%", "ภาษี", "ภาษีมูลค่าเพิ่ม"},
	amount:      {"amount", "total", "line total", "จำนวนเงิน", "รวม", "รวมเงิน", "ยอดรวม", "เป็นเงิน"},
}

// kinds are the words for kinds of VAT, in lower case.
var kinds = map[string]bill.VATKind{
	"": bill.VATStandard, "7": bill.VATStandard, "7%": bill.VATStandard, "0.07": bill.VATStandard, "vat": bill.VATStandard, "vat 7%": bill.VATStandard, "vat7": bill.VATStandard, "standard": bill.VATStandard,
	"มี": bill.VATStandard, "คิด": bill.VATStandard, "0": bill.VATZero, "0%": bill.VATZero, "vat 0%": bill.VATZero, "vat0": bill.VATZero, "zero": bill.VATZero, "ศูนย์": bill.VATZero,
	"exempt": bill.VATExempt, "none": bill.VATExempt, "no": bill.VATExempt, "no vat": bill.VATExempt, "non-vat": bill.VATExempt, "-": bill.VATExempt, "ยกเว้น": bill.VATExempt, "ไม่มี": bill.VATExempt, "ไม่คิด": bill.VATExempt,
}

// Rows reads what was pasted. Rows without anything in them are left out.
func Rows(text string) []Row {
	table := cells(text)
	if len(table) == 0 {
		return nil
	}
	columns, headed := header(table[0])
	if headed {
		table = table[1:]
	} else {
		columns = guess(table)
	}
	rows := make([]Row, len(table))
	for i, cs := range table {
		rows[i] = row(cs, columns)
	}
	return rows
}

func row(cs []string, columns []column) Row {
	r := Row{VAT: bill.VATStandard}
	for i, c := range cs {
		if i >= len(columns) {
			break
		}
		switch columns[i] {
		case description:
			r.Description = strings.TrimSpace(r.Description + " " + c)
		case quantity:
			r.Quantity = c
		case price:
			r.Price = c
		case discount:
			r.Discount = c
		case amount:
			r.Amount = c
		case vat, vatOrDiscount:
			kind, known := kinds[strings.ToLower(c)]
			switch {
			case known:
				r.VAT = kind
			case columns[i] == vatOrDiscount && isShare(c):
				r.Unclear = c
			default:
				r.Unknown = c
			}
		}
	}
	if r.Quantity == "" {
		r.Quantity = "1"
	}
	return r
}

// header reads the first row as a header, if at least the description and the
// price are named in it.
func header(cs []string) ([]column, bool) {
	columns := make([]column, len(cs))
	for i, c := range cs {
		for what, words := range headings {
			if slices.Contains(words, strings.ToLower(strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(c, "(บาท)"), "(THB)")))) {
				columns[i] = what
			}
		}
	}
	return columns, slices.Contains(columns, description) && slices.Contains(columns, price)
}

// guess tells the columns by what stands in them: an optional number of the
// row, the description, the quantity and the price, and behind these what the
// row comes to and the kind of VAT. With two columns there is no quantity.
func guess(table [][]string) []column {
	width := 0
	for _, cs := range table {
		width = max(width, len(cs))
	}
	columns := make([]column, width)
	first := 0
	if width > 2 && all(table, 0, isNumber) && !all(table, 1, isNumber) {
		first = 1
	}
	if first >= width {
		return columns
	}
	columns[first] = description
	rest := columns[first+1:]
	order := []column{quantity, price}
	numbers := 0
	for i := first + 1; i < width && all(table, i, isNumber) && (i <= first+2 || !all(table, i, isKind)); i++ {
		numbers++
	}
	if numbers == 1 {
		order = []column{price}
	}
	for i := range rest {
		switch at := first + 1 + i; {
		case i < len(order):
			rest[i] = order[i]
		case all(table, at, isKind):
			rest[i] = vat
		case all(table, at, isNumber):
			rest[i] = amount
		default:
			rest[i] = vatOrDiscount // so that what it says is not passed over in silence
		}
	}
	return columns
}

func all(table [][]string, at int, is func(string) bool) bool {
	for _, cs := range table {
		if at < len(cs) && cs[at] != "" && !is(cs[at]) {
			return false
		}
	}
	return true
}

func isNumber(s string) bool { _, err := thai.ParseDecimal(s); return err == nil }

func isKind(s string) bool { _, known := kinds[strings.ToLower(s)]; return known }

// isShare reports whether s is a number of percent.
func isShare(s string) bool {
	number, ok := strings.CutSuffix(s, "%")
	return ok && isNumber(strings.TrimSpace(number))
}

// cells splits text as spreadsheets write it: cells with a tab or a new line
// in them stand in quotes, and quotes in those are doubled.
func cells(text string) [][]string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	var table [][]string
	var cs []string
	for text != "" && len(table) < MaxRows {
		var cell string
		var end byte
		cell, end, text = cut(text)
		cs = append(cs, clean(cell))
		if end == '\t' {
			continue
		}
		if slices.ContainsFunc(cs, func(c string) bool { return c != "" }) {
			table = append(table, cs)
		}
		cs = nil
	}
	return table
}

// cut takes the first cell off, and says what ended it.
func cut(text string) (cell string, end byte, rest string) {
	if strings.HasPrefix(text, `"`) {
		if cell, after, ok := quoted(text[1:]); ok && (after == "" || after[0] == '\t' || after[0] == '\n') {
			if after == "" {
				return cell, '\n', ""
			}
			return cell, after[0], after[1:]
		}
	}
	i := strings.IndexAny(text, "\t\n")
	if i < 0 {
		return text, '\n', ""
	}
	return text[:i], text[i], text[i+1:]
}

// quoted reads up to the quote that is not doubled.
func quoted(text string) (cell, rest string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '"')
		if i < 0 {
			return "", "", false
		}
		b.WriteString(text[:i])
		if text = text[i+1:]; !strings.HasPrefix(text, `"`) {
			return b.String(), text, true
		}
		b.WriteByte('"')
		text = text[1:]
	}
}

// clean makes one line of a cell and drops the currency from an amount.
func clean(cell string) string {
	cell = strings.Join(strings.Fields(cell), " ")
	for _, unit := range []string{"฿", "บาท", "THB"} {
		if bare := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(cell, unit), unit)); bare != cell && isNumber(bare) {
			return bare
		}
	}
	return cell
}
