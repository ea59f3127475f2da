package invoice

import (
	"slices"

	"portal/internal/app/pdf"
)

// A column is one of the table's. Text ends at its right edge, or begins at
// its left.
type column struct {
	head  word
	width float64
	align pdf.Align
	cell  func(n int, l Line) string
}

const gap = 8.0 // between columns

// invoiceColumns are those that this invoice needs.
func (d *drawing) invoiceColumns() []column {
	all := []column{
		{wordLineNo, 26, pdf.Left, func(n int, _ Line) string { return lineNo(n) }},
		{wordItem, 0, pdf.Left, func(_ int, l Line) string { return l.Description }},
		{wordQuantity, 48, pdf.Right, func(_ int, l Line) string { return count(l.Quantity) }},
		{wordPrice, 70, pdf.Right, func(_ int, l Line) string { return price(l.UnitPrice) }},
	}
	if slices.ContainsFunc(d.Lines, func(l Line) bool { return l.DiscountSatang != 0 }) {
		all = append(all, column{wordDiscount, 52, pdf.Right, func(_ int, l Line) string { return lineDiscount(l) }})
	}
	all = append(all,
		column{wordVAT, 38, pdf.Right, func(_ int, l Line) string { return d.vat(l.VAT) }},
		column{wordAmount, 80, pdf.Right, func(_ int, l Line) string { return baht(l.AmountSatang) }})
	return fit(all)
}

// fit gives the second column, the description, what the others leave.
func fit(all []column) []column {
	left := right - marginX - gap*float64(len(all)-1)
	for _, c := range all {
		left -= c.width
	}
	all[1].width = left
	return all
}

// lineDiscount is a percentage where it was given as one.
func lineDiscount(l Line) string {
	switch {
	case l.DiscountSatang == 0:
		return ""
	case !l.DiscountPercent.IsZero():
		return percent(l.DiscountPercent)
	}
	return baht(l.DiscountSatang)
}

func (d *drawing) vat(kind string) string {
	if kind == "standard" {
		return percent(d.VATPercent)
	}
	w := vatWords[kind]
	if d.Language == English {
		return w.en
	}
	return w.th
}

// table draws the lines, and its head again on every page it reaches.
func (d *drawing) table() {
	columns := d.columns
	d.tableHead(columns)
	for n, l := range d.Lines {
		description := d.doc.Wrap(l.Description, pdf.Regular, small+.5, columns[1].width)
		for first := true; first || len(description) > 0; first = false {
			// A description longer than the page goes on upon the next one.
			if d.y+leadSmall+4+18 > bottom {
				d.page.Text(right, d.y+small+2, wordContinued.in(d.Language), pdf.Regular, small, pdf.Right)
				d.y = bottom
				d.room(1)
				d.tableHead(columns)
			}
			text := ""
			if len(description) > 0 {
				text, description = description[0], description[1:]
			}
			d.row(columns, n, l, text, first)
			d.y += leadSmall
		}
		d.y += 4
		if n < len(d.Lines)-1 {
			d.page.Box(marginX, d.y, right-marginX, hair, .8)
		}
	}
	d.page.Rule(marginX, d.y, right, d.y, rule)
	d.y += 8
}

// row draws one line of text; the figures stand beside the first.
func (d *drawing) row(columns []column, n int, l Line, text string, first bool) {
	x := marginX
	for i, c := range columns {
		cell := ""
		switch {
		case i == 1:
			cell = text
		case first:
			cell = c.cell(n, l)
		}
		d.cell(c, x, d.y+leadSmall, cell, pdf.Regular, small+.5)
		x += c.width + gap
	}
}

func (d *drawing) cell(c column, x, y float64, text string, weight pdf.Weight, size float64) {
	if c.align == pdf.Right {
		x += c.width
	}
	d.page.Text(x, y, text, weight, size, c.align)
}

// tableHead draws the names of the columns, in two lines where the paper has
// two languages.
func (d *drawing) tableHead(columns []column) {
	languages := []Language{d.Language}
	if d.Language == Both {
		languages = []Language{Thai, English}
	}
	height := float64(len(languages))*12 + 8
	d.page.Box(marginX, d.y, right-marginX, height, .93)
	for n, language := range languages {
		x := marginX
		for _, c := range columns {
			d.cell(c, x, d.y+14+12*float64(n), c.head.in(language), pdf.Bold, small)
			x += c.width + gap
		}
	}
	d.y += height + 2
}
