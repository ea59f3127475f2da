// Package paper draws the sample that the stand-in bank makes of a tax document. Every page says across it that it is one; the
// package must never make a paper that somebody could take for the bank's. It computes no amounts: they come as they are written.
package paper

import (
	"strings"

	"portal/internal/app/pdf"
)

// Paper is what stands on it, from above.
type Paper struct {
	Title string
	Head  []string
	Items []Row
	Sums  []Row
	Foot  []string
}

// Row is a text with an amount at its right.
type Row struct{ Text, Amount string }

// The places of the paper, in points.
const (
	left, right = 48.0, pdf.Width - 48
	lastLine    = pdf.Height - 72
	size        = 10.0
)

// Draw draws the paper. The same content gives the same bytes.
func (p Paper) Draw() []byte {
	d := &drawing{doc: pdf.New(p.Title)}
	d.page()
	d.text(pdf.Bold, 18, p.Title)
	for _, line := range p.Head {
		d.text(pdf.Regular, size, line)
	}
	d.rows(p.Items, pdf.Regular, right-left-110, pdf.Left)
	d.rows(p.Sums, pdf.Bold, right-left-110, pdf.Right)
	for _, line := range p.Foot {
		d.text(pdf.Regular, 9, line)
	}
	return d.doc.Bytes()
}

type drawing struct {
	doc *pdf.Document
	on  *pdf.Page
	y   float64
}

func (d *drawing) page() {
	d.on, d.y = d.doc.AddPage(), 90
	for y := 220.0; y < pdf.Height-40; y += 180 {
		d.on.Faint(pdf.Width/2, y, "SAMPLE / ตัวอย่าง", pdf.Bold, 58, pdf.Center, 0.88)
	}
	d.on.Text(left, 48, "ตัวอย่างจากธนาคารจำลอง ไม่ได้ลงลายมือชื่อดิจิทัล ใช้เป็นเอกสารไม่ได้ · Sample of a stand-in bank, not signed, not a document",
		pdf.Regular, 8, pdf.Left)
	d.on.Rule(left, 56, right, 56, 0.5)
}

// room begins a page where the rest of this one is not high enough.
func (d *drawing) room(height float64) {
	if d.y+height > lastLine {
		d.page()
	}
}

func (d *drawing) text(weight pdf.Weight, size float64, text string) {
	for _, l := range d.doc.Wrap(d.drawable(text), weight, size, right-left) {
		d.room(size * 1.6)
		d.on.Text(left, d.y, l, weight, size, pdf.Left)
		d.y += size * 1.6
	}
}

// rows draws texts with their amounts, between rules.
func (d *drawing) rows(rows []Row, weight pdf.Weight, width float64, align pdf.Align) {
	d.on.Rule(left, d.y, right, d.y, 0.5)
	d.y += size * 1.6
	for _, r := range rows {
		d.room(size * 1.6)
		d.on.Text(right, d.y, r.Amount, weight, size, pdf.Right)
		for _, l := range d.doc.Wrap(d.drawable(r.Text), pdf.Regular, size, width) {
			d.room(size * 1.6)
			x := left
			if align == pdf.Right {
				x = right - 110
			}
			d.on.Text(x, d.y, l, pdf.Regular, size, align)
			d.y += size * 1.6
		}
	}
}

// drawable puts a mark in the place of letters that the font does not have.
func (d *drawing) drawable(text string) string {
	return strings.Map(func(r rune) rune {
		if d.doc.Check(string(r)) != nil {
			return '?'
		}
		return r
	}, text)
}
