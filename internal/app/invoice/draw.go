package invoice

import (
	"strconv"

	"portal/internal/app/pdf"
	"portal/internal/app/thai"
)

// Measures of the paper, in points.
const (
	marginX    = 42.0
	top        = 44.0
	bottom     = pdf.Height - 40 // of what may be drawn on; the page's number is beneath
	right      = pdf.Width - marginX
	small      = 8.5
	body       = 10.0
	big        = 12.0
	huge       = 17.0
	leadBody   = 15.0 // from baseline to baseline: Thai has marks above marks
	leadSmall  = 13.0
	hair, rule = 0.4, 1.0
)

// drawing is a document on its way onto paper: y is where the next thing
// begins on the page. What an invoice and a receipt differ in is given: what
// stands beside the buyer, the columns, and all beneath them.
type drawing struct {
	Invoice
	doc  *pdf.Document
	page *pdf.Page
	y    float64

	facts   []fact
	columns []column
	closing func()
}

type fact struct{ term, value string }

func (d *drawing) draw() {
	d.addPage()
	d.head()
	d.parties()
	d.table()
	d.closing()
	for n, p := range d.doc.Pages() {
		p.Text(right, pdf.Height-26, page(d.Language, n+1, len(d.doc.Pages())), pdf.Regular, small, pdf.Right)
		p.Text(marginX, pdf.Height-26, heading(d.Type).th+" "+d.Number, pdf.Regular, small, pdf.Left)
	}
}

// head is the seller on the left and what this is on the right.
func (d *drawing) head() {
	const width = 300.0
	at := d.drawLogo()
	for _, line := range d.doc.Wrap(d.Seller.Name, pdf.Bold, big, width) {
		d.page.Text(marginX, at+big, line, pdf.Bold, big, pdf.Left)
		at += 18
	}
	if d.Seller.Name2 != "" && d.Language != Thai {
		at = d.paragraph(marginX, at, d.Seller.Name2, body, width)
	}
	at = d.paragraph(marginX, at, d.Seller.Address, small, width)
	at = d.identity(marginX, at, d.Seller, width)

	end := d.y
	title := heading(d.Type)
	for _, line := range d.doc.Wrap(title.th, pdf.Bold, huge, right-marginX-width-12) {
		d.page.Text(right, end+huge, line, pdf.Bold, huge, pdf.Right)
		end += 24
	}
	d.page.Text(right, end+big, title.en, pdf.Bold, big, pdf.Right)
	kind := wordOriginal
	if d.Copy {
		kind = wordCopy
	}
	d.page.Text(right, end+big+18, kind.in(Both), pdf.Regular, body, pdf.Right)
	d.y = max(at, end+big+24) + 8
	d.page.Rule(marginX, d.y, right, d.y, rule)
	d.y += 8
}

// identity is who somebody is to the Revenue Department: on one line where
// that fits, or else the office on a line of its own.
func (d *drawing) identity(x, y float64, p Party, width float64) float64 {
	id := wordTaxID.in(d.Language) + " " + thai.TaxID(p.TaxID).Grouped()
	office := "(" + branch(d.Language, p.Branch) + ")"
	if d.doc.Measure(id+"  "+office, pdf.Regular, small) <= width {
		return d.paragraph(x, y, id+"  "+office, small, width)
	}
	y = d.paragraph(x, y, id, small, width)
	return d.paragraph(x, y, office, small, width)
}

// paragraph draws text from y down and returns where it ends.
func (d *drawing) paragraph(x, y float64, text string, size, width float64) float64 {
	lead := leadSmall
	if size > small {
		lead = leadBody
	}
	for _, line := range d.doc.Wrap(text, pdf.Regular, size, width) {
		d.page.Text(x, y+size+1, line, pdf.Regular, size, pdf.Left)
		y += lead
	}
	return y
}

// parties are the buyer on the left and the numbers and days on the right.
func (d *drawing) parties() {
	const width = 290.0
	at := d.y
	d.page.Text(marginX, at+small, wordBuyer.in(d.Language), pdf.Regular, small, pdf.Left)
	at += leadSmall
	for _, line := range d.doc.Wrap(d.Buyer.Name, pdf.Bold, body, width) {
		d.page.Text(marginX, at+body, line, pdf.Bold, body, pdf.Left)
		at += leadBody
	}
	at = d.paragraph(marginX, at, d.Buyer.Address, small, width)
	at = d.identity(marginX, at, d.Buyer, width)

	end := d.y
	const left = marginX + width + 16
	for _, f := range d.facts {
		term := d.doc.Measure(f.term, pdf.Regular, small)
		lines := d.doc.Wrap(f.value, pdf.Bold, small, right-left-term-10)
		for n, line := range lines {
			if n == 0 {
				d.page.Text(left, end+body, f.term, pdf.Regular, small, pdf.Left)
			}
			d.page.Text(right, end+body, line, pdf.Bold, small, pdf.Right)
			end += leadBody
		}
	}
	d.y = max(at, end) + 10
}

// invoiceFacts are the numbers and days of an invoice.
func (d *drawing) invoiceFacts() []fact {
	facts := []fact{
		{wordNumber.in(d.Language), d.Number},
		{wordDate.in(d.Language), date(d.Language, d.On)},
		{wordDue.in(d.Language), date(d.Language, d.Due)},
	}
	if d.OrderReference != "" {
		facts = append(facts, fact{wordOrder.in(d.Language), d.OrderReference})
	}
	return facts
}

// room begins a page unless so much is left on this one.
func (d *drawing) room(height float64) {
	if d.y+height <= bottom {
		return
	}
	d.addPage()
	d.page.Text(marginX, d.y+body, d.Seller.Name, pdf.Bold, body, pdf.Left)
	d.page.Text(right, d.y+body, heading(d.Type).th+"  "+d.Number, pdf.Bold, body, pdf.Right)
	d.y += 20
	d.page.Rule(marginX, d.y, right, d.y, hair)
	d.y += 10
}

// lineNo is how people count.
func lineNo(n int) string { return strconv.Itoa(n + 1) }
