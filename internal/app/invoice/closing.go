package invoice

import (
	"rsc.io/qr"

	"portal/internal/app/pdf"
	"portal/internal/app/thai"
)

// A sum is a line of the totals.
type sum struct {
	term   string
	satang int64
	strong bool
}

const (
	sumsWidth  = 235.0
	codeSide   = 92.0
	signHeight = 62.0
)

// sums are the totals from the lines down to what is paid. Kinds of VAT are
// named apart where there is more than one.
func (d *drawing) sums() (all []sum) {
	l := d.Language
	var lines int64
	for _, line := range d.Lines {
		lines += line.AmountSatang
	}
	if d.DiscountSatang != 0 {
		term := wordDiscount.in(l)
		if !d.DiscountPercent.IsZero() {
			term += " " + percent(d.DiscountPercent)
		}
		all = append(all, sum{wordSum.in(l), lines, false}, sum{term, -d.DiscountSatang, false})
	}
	kinds := []sum{{wordStandard.in(l), d.StandardSatang, false}, {wordZero.in(l), d.ZeroSatang, false}, {wordExempt.in(l), d.ExemptSatang, false}}
	if d.StandardSatang != d.BeforeTaxSatang {
		for _, k := range kinds {
			if k.satang != 0 {
				all = append(all, k)
			}
		}
	}
	all = append(all,
		sum{wordBeforeTax.in(l), d.BeforeTaxSatang, false},
		sum{wordVATAmount.in(l) + " " + percent(d.VATPercent), d.VATSatang, false},
		sum{wordTotal.in(l), d.TotalSatang, true})
	for _, w := range d.Withheld {
		all = append(all, sum{wordWithheld.in(l) + " " + percent(w.Percent), -w.Satang, false})
	}
	if len(d.Withheld) > 0 {
		all = append(all, sum{wordExpected.in(l), d.ExpectedSatang, true})
	}
	return all
}

// invoiceClosing is everything beneath the table of an invoice. It stands together on one page,
// except a remark so long that it fills one by itself.
func (d *drawing) invoiceClosing() {
	sums := d.sums()
	words := d.doc.Wrap("("+thai.BahtText(d.TotalSatang)+")", pdf.Bold, body, right-marginX-16)
	remark := d.doc.Wrap(d.Remark, pdf.Regular, small, right-marginX-sumsWidth-24)
	height := float64(len(sums))*leadBody + 24 + float64(len(words))*leadBody + 16 + signHeight
	if d.Payment.Account != "" {
		height += codeSide + 24
	}
	d.room(height)
	start := d.y
	d.drawSums(sums)
	end := d.y
	d.y = start
	d.remark(remark)
	d.y = max(d.y, end) + 6
	d.inWords(words)
	d.payment()
	d.signatures(wordReceived, wordSigned)
}

func (d *drawing) drawSums(sums []sum) {
	left := right - sumsWidth
	for _, s := range sums {
		weight, size := pdf.Regular, small+.5
		if s.strong {
			weight, size = pdf.Bold, body
			d.page.Rule(left, d.y+3, right, d.y+3, hair)
			d.y += 4
		}
		d.page.Text(left, d.y+body+3, s.term, weight, size, pdf.Left)
		d.page.Text(right, d.y+body+3, baht(s.satang), weight, size, pdf.Right)
		d.y += leadBody
		if s.strong {
			d.page.Rule(left, d.y+4, right, d.y+4, rule)
			d.y += 5
		}
	}
}

// remark stands beside the totals, and goes on where they end.
func (d *drawing) remark(lines []string) {
	if len(lines) == 0 {
		return
	}
	d.page.Text(marginX, d.y+body+2, wordRemark.in(d.Language), pdf.Bold, small, pdf.Left)
	d.y += leadBody
	for _, line := range lines {
		d.room(leadSmall)
		d.page.Text(marginX, d.y+small+2, line, pdf.Regular, small, pdf.Left)
		d.y += leadSmall
	}
}

func (d *drawing) inWords(lines []string) {
	d.room(float64(len(lines))*leadBody + 8)
	height := float64(len(lines))*leadBody + 6
	d.page.Box(marginX, d.y, right-marginX, height, .95)
	for n, line := range lines {
		d.page.Text(pdf.Width/2, d.y+body+4+float64(n)*leadBody, line, pdf.Bold, body, pdf.Center)
	}
	d.y += height + 10
}

// payment is the code, and beside it the same for people to read.
func (d *drawing) payment() {
	if d.Payment.Account == "" {
		return
	}
	d.room(codeSide + 14)
	code, err := qr.Encode(d.qr().String(), qr.M)
	if err != nil {
		return // a text of this length always fits a code
	}
	d.page.Squares(marginX, d.y, codeSide, code.Size, code.Black)
	x, at := marginX+codeSide+16, d.y+body
	l := d.Language
	d.page.Text(x, at, wordPay.in(l), pdf.Bold, body, pdf.Left)
	bank := word{d.Payment.BankTH, d.Payment.BankEN}.in(l)
	for _, line := range []string{
		bank,
		wordAccount.in(l) + " " + account(d.Payment.Account),
		wordAccountOf.in(l) + " " + d.Seller.Name,
		wordToPay.in(l) + " " + baht(d.ExpectedSatang),
		wordScan.in(l) + " (Thai QR)",
	} {
		for _, part := range d.doc.Wrap(line, pdf.Regular, small, right-x) {
			at += leadBody
			d.page.Text(x, at, part, pdf.Regular, small, pdf.Left)
		}
	}
	d.y = max(d.y+codeSide, at) + 10
}

// signatures leave room for two names.
func (d *drawing) signatures(theirs, ours word) {
	d.room(signHeight)
	const width = 190.0
	at := d.y + signHeight - 18
	for _, s := range []struct {
		x float64
		w word
	}{{marginX, theirs}, {right - width, ours}} {
		d.page.Rule(s.x, at, s.x+width, at, hair)
		d.page.Text(s.x+width/2, at+13, s.w.in(d.Language), pdf.Regular, small, pdf.Center)
	}
	d.y += signHeight
}
