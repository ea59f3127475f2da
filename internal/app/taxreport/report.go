// Package taxreport draws the report of output tax (รายงานภาษีขาย) of a month on
// paper, in the columns that the Revenue Department asks for. It adds up what it
// is given and must never decide which documents belong in it.
package taxreport

import (
	"errors"
	"strconv"

	"portal/internal/app/pdf"
)

// MaxRows is how many rows one paper takes.
const MaxRows = 20_000

// ErrTooLong: more rows than one paper takes.
var ErrTooLong = errors.New("more rows than one paper takes")

// Row is one document. Amounts and days are ready to read.
type Row struct {
	On, Number, Buyer, TaxID, Branch string
	Base, Untaxed, VAT               string
}

// Report is the month, in the language of its words.
type Report struct {
	Title, Month string
	Facts        []string // the merchant, its tax id and branch, as of when
	Heads        [9]string
	Rows         []Row
	Total        Row // its Buyer is the word for it
	Page         func(n, of int) string
}

const (
	margin     = 36.0
	right      = pdf.Width - margin
	bottom     = pdf.Height - 44
	small      = 7.5
	body       = 10.0
	large      = 15.0
	line       = 11.5 // Thai has marks above marks
	hair, rule = 0.4, 1.0
)

// columns are the places of the cells: the left edge of texts, the right edge of
// numbers.
var columns = [9]struct {
	x, width float64
	align    pdf.Align
}{
	{margin + 20, 20, pdf.Right}, {margin + 26, 48, pdf.Left}, {margin + 78, 72, pdf.Left}, {margin + 154, 100, pdf.Left}, {margin + 258, 62, pdf.Left},
	{margin + 324, 30, pdf.Left}, {margin + 412, 56, pdf.Right}, {margin + 468, 54, pdf.Right}, {right, 52, pdf.Right},
}

type drawing struct {
	Report
	doc  *pdf.Document
	page *pdf.Page
	y    float64
}

// Draw makes the paper.
func Draw(r Report) ([]byte, error) {
	if len(r.Rows) > MaxRows {
		return nil, ErrTooLong
	}
	d := &drawing{Report: r, doc: pdf.New(r.Title + " " + r.Month)}
	d.begin()
	for n, row := range r.Rows {
		d.row(strconv.Itoa(n+1), row, pdf.Regular)
	}
	d.room(2 * line)
	d.page.Rule(margin, d.y+2, right, d.y+2, rule)
	d.y += 4
	d.row("", r.Total, pdf.Bold)
	for n, p := range d.doc.Pages() {
		p.Text(right, pdf.Height-26, r.Page(n+1, len(d.doc.Pages())), pdf.Regular, small, pdf.Right)
		p.Text(margin, pdf.Height-26, r.Title+" "+r.Month, pdf.Regular, small, pdf.Left)
	}
	return d.doc.Bytes(), nil
}

// begin starts a page: what the report is stands on each.
func (d *drawing) begin() {
	d.page, d.y = d.doc.AddPage(), 40
	d.page.Text(margin, d.y+large, d.Title, pdf.Bold, large, pdf.Left)
	d.page.Text(right, d.y+large, d.Month, pdf.Bold, large, pdf.Right)
	d.y += 26
	for _, fact := range d.Facts {
		for _, l := range d.doc.Wrap(d.drawable(fact), pdf.Regular, body-1, right-margin) {
			d.page.Text(margin, d.y+body, l, pdf.Regular, body-1, pdf.Left)
			d.y += 14
		}
	}
	d.y += 6
	d.page.Rule(margin, d.y, right, d.y, rule)
	d.cells(d.Heads, pdf.Bold)
	d.page.Rule(margin, d.y, right, d.y, hair)
	d.y += 2
}

func (d *drawing) room(height float64) {
	if d.y+height > bottom {
		d.begin()
	}
}

func (d *drawing) row(no string, r Row, weight pdf.Weight) {
	cells := [9]string{no, r.On, r.Number, r.Buyer, r.TaxID, r.Branch, r.Base, r.Untaxed, r.VAT}
	d.room(d.height(cells, weight))
	d.cells(cells, weight)
}

func (d *drawing) height(cells [9]string, weight pdf.Weight) float64 {
	most := 1
	for n, cell := range cells {
		if columns[n].align == pdf.Left {
			most = max(most, len(d.doc.Wrap(d.drawable(cell), weight, small, columns[n].width)))
		}
	}
	return float64(most)*line + 2
}

// cells draws one line of the table, each text within its column.
func (d *drawing) cells(cells [9]string, weight pdf.Weight) {
	height := line
	for n, cell := range cells {
		c, lines := columns[n], []string{d.drawable(cell)}
		if c.align == pdf.Left || weight == pdf.Bold && cell == d.Heads[n] {
			lines = d.doc.Wrap(lines[0], weight, small, c.width)
		}
		for i, l := range lines {
			d.page.Text(c.x, d.y+float64(i+1)*line-2, l, weight, small, c.align)
		}
		height = max(height, float64(len(lines))*line)
	}
	d.y += height + 2
}

// drawable is the text without letters that the font does not have: a report is
// not held up by a name.
func (d *drawing) drawable(s string) string {
	for {
		missing, ok := errors.AsType[*pdf.NoGlyphError](d.doc.Check(s))
		if !ok {
			return s
		}
		s = without(s, missing.Letter)
	}
}

func without(s string, letter rune) string {
	runes := []rune(s)
	for n, r := range runes {
		if r == letter {
			runes[n] = '?'
		}
	}
	return string(runes)
}
