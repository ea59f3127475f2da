// Package samplepdf makes small real invoices for demo data and tests. The
// same title always gives the same bytes, so hashes can be compared; it must
// never be used for a document that means anything.
package samplepdf

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
)

// SamplePDF returns a valid one-page PDF that looks like an invoice. The
// title is printed and set as the document's title; on the page itself
// characters outside ASCII become question marks, as the built-in font has
// no others.
func SamplePDF(title string) []byte {
	content := page(title)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /Fit] >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 6 0 R" +
			" /Resources << /Font << /F1 4 0 R /F2 5 0 R >> >> >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
		fmt.Sprintf("<< /Title <%s> /Producer (samplepdf) >>", utf16Hex(title)),
	}

	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var xref strings.Builder
	for i, object := range objects {
		fmt.Fprintf(&xref, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n%s", len(objects)+1, xref.String())
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 7 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

var rows = [][3]string{
	{"Description", "Quantity", "Amount"},
	{"Consulting, November", "10", "1,000.00"},
	{"VAT 7%", "", "70.00"},
	{"Total THB", "", "1,070.00"},
}

// page draws the invoice: a heading, a rule, and a table with a bold head and
// a bold last row.
func page(title string) string {
	var b strings.Builder
	text := func(font string, size, x, y int, s string) {
		fmt.Fprintf(&b, "BT /%s %d Tf %d %d Td (%s) Tj ET\n", font, size, x, y, escape(s))
	}
	text("F2", 20, 60, 770, "INVOICE")
	text("F1", 12, 60, 745, title)
	text("F1", 9, 60, 725, "Sample document. Not a tax invoice.")
	b.WriteString("0.6 G 60 705 m 535 705 l S\n")
	for i, row := range rows {
		font, y := "F1", 680-24*i
		if i == 0 || i == len(rows)-1 {
			font = "F2"
		}
		text(font, 11, 60, y, row[0])
		text(font, 11, 340, y, row[1])
		text(font, 11, 460, y, row[2])
	}
	b.WriteString("60 620 m 535 620 l S")
	return b.String()
}

// escape makes s a literal string of the font's characters.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '(' || r == ')' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r > '~':
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// utf16Hex writes s the one way a PDF title can be Thai.
func utf16Hex(s string) string {
	var b strings.Builder
	b.WriteString("FEFF")
	for _, unit := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", unit)
	}
	return b.String()
}
