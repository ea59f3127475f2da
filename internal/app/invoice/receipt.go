package invoice

import (
	"slices"

	"github.com/shopspring/decimal"

	"portal/internal/app/pdf"
	"portal/internal/app/thai"
)

// Receipt is everything that stands on the paper of a receipt. What is settled
// is what arrived, and what the buyer withheld, and what a bank took: a receipt
// is for all of it, and tells the three apart.
type Receipt struct {
	Type          string // ETDA's code: "T01", or "T03" for the tax invoice, too
	Number        string
	On, PaidOn    thai.Day
	Method        string // "transfer", "promptpay", "cheque", "card" or "cash"
	Reference     string // of the payment, if it has one
	Copy          bool
	Language      Language
	Seller, Buyer Party
	Lines         []ReceiptLine

	VATPercent     decimal.Decimal
	VATSatang      int64 // within the total; a T01 says nothing of it
	TotalSatang    int64
	WithheldSatang int64
	FeeSatang      int64
	ReceivedSatang int64
	Remark         string

	Logo  Logo // as on an invoice, and Trial
	Trial bool
}

// ReceiptLine is one thing that was paid.
type ReceiptLine struct {
	Bill           string // its number, if it is one
	Description    string
	AmountSatang   int64 // what is settled of it
	WithheldSatang int64
}

// DrawReceipt makes the paper of a receipt.
func DrawReceipt(r Receipt) ([]byte, error) {
	v := Invoice{
		Type: r.Type, Number: r.Number, On: r.On, Copy: r.Copy, Language: r.Language, Seller: r.Seller, Buyer: r.Buyer, TotalSatang: r.TotalSatang,
		VATPercent: r.VATPercent, Remark: r.Remark, OrderReference: r.Reference, Logo: r.Logo, Trial: r.Trial,
	}
	for _, l := range r.Lines {
		v.Lines = append(v.Lines, Line{Description: l.words(r.Language), AmountSatang: l.AmountSatang})
	}
	doc := pdf.New(heading(v.Type).th + " " + v.Number)
	if err := v.check(doc); err != nil {
		return nil, err
	}
	d := &drawing{Invoice: v, doc: doc}
	d.facts, d.columns, d.closing = r.facts(), r.columns(), func() { d.receiptClosing(r.sums()) }
	return d.bytes()
}

// words is what a line says: the bill that it pays, and anything else.
func (l ReceiptLine) words(language Language) string {
	switch {
	case l.Bill == "":
		return l.Description
	case l.Description == "":
		return wordForBill.in(language) + " " + l.Bill
	}
	return wordForBill.in(language) + " " + l.Bill + " · " + l.Description
}

func (r Receipt) facts() []fact {
	facts := []fact{
		{wordNumber.in(r.Language), r.Number},
		{wordDate.in(r.Language), date(r.Language, r.On)},
		{wordPaidOn.in(r.Language), date(r.Language, r.PaidOn)},
		{wordMethod.in(r.Language), methods[r.Method].in(r.Language)},
	}
	if r.Reference != "" {
		facts = append(facts, fact{wordReference.in(r.Language), r.Reference})
	}
	return facts
}

func (r Receipt) columns() []column {
	all := []column{
		{wordLineNo, 26, pdf.Left, func(n int, _ Line) string { return lineNo(n) }},
		{wordItem, 0, pdf.Left, func(_ int, l Line) string { return l.Description }},
	}
	if slices.ContainsFunc(r.Lines, func(l ReceiptLine) bool { return l.WithheldSatang != 0 }) {
		all = append(all, column{wordOfIt, 84, pdf.Right, func(n int, _ Line) string { return baht(r.Lines[n].WithheldSatang) }})
	}
	return fit(append(all, column{wordSettled, 92, pdf.Right, func(_ int, l Line) string { return baht(l.AmountSatang) }}))
}

// sums lead from what is before VAT to what is settled, and from there to what
// arrived.
func (r Receipt) sums() (all []sum) {
	l := r.Language
	if r.Type == "T03" {
		all = append(all, sum{wordBeforeTax.in(l), r.TotalSatang - r.VATSatang, false},
			sum{wordVATAmount.in(l) + " " + percent(r.VATPercent), r.VATSatang, false})
	}
	all = append(all, sum{wordReceiptTotal.in(l), r.TotalSatang, true})
	if r.WithheldSatang != 0 {
		all = append(all, sum{wordLessTax.in(l), -r.WithheldSatang, false})
	}
	if r.FeeSatang != 0 {
		all = append(all, sum{wordLessFee.in(l), -r.FeeSatang, false})
	}
	if r.ReceivedSatang != r.TotalSatang {
		all = append(all, sum{wordArrived.in(l), r.ReceivedSatang, true})
	}
	return all
}

// receiptClosing is everything beneath the table of a receipt, together on one
// page.
func (d *drawing) receiptClosing(sums []sum) {
	words := d.doc.Wrap("("+thai.BahtText(d.TotalSatang)+")", pdf.Bold, body, right-marginX-16)
	remark := d.doc.Wrap(d.Remark, pdf.Regular, small, right-marginX-sumsWidth-24)
	d.room(float64(len(sums)+len(words))*leadBody + 40 + signHeight)
	start := d.y
	d.drawSums(sums)
	end := d.y
	d.y = start
	d.remark(remark)
	d.y = max(d.y, end) + 6
	d.inWords(words)
	d.signatures(wordPaidBy, wordCollector)
}
