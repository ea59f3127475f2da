package app

import (
	"strings"

	"portal/internal/app/bill"
	"portal/internal/app/pasted"
	"portal/internal/app/thai"
	"portal/web/templates"
	"portal/web/text"
)

// pastedField holds rows copied from a spreadsheet.
const pastedField = "pasted"

// paste puts the rows of a spreadsheet behind the lines that have something in
// them, and remembers where they begin.
func (f *presentmentForm) paste(usual bill.Income) {
	rows := pasted.Rows(f.raw(pastedField))
	var kept []typedLine
	for _, l := range f.lines {
		if !l.blank() {
			kept = append(kept, l)
		}
	}
	f.lines, f.pastedFrom = kept, len(kept)
	f.pasted = rows
	if len(rows) == 0 {
		f.fail(pastedField, text.Msg("form.error.paste_empty"))
	}
	if room := maxBillLines - len(kept); len(rows) > room {
		f.fail(pastedField, text.Msg("form.error.paste_many", "rows", len(rows), "room", room))
		f.pasted, f.lines = nil, f.lines[:len(kept)]
		return
	}
	for _, r := range rows {
		f.lines = append(f.lines, typedLine{description: r.Description, quantity: r.Quantity, price: r.Price, discount: r.Discount, vat: string(r.VAT), income: string(usual)})
	}
	if len(rows) > 0 {
		f.values.Del(pastedField) // it stands in the lines now
	}
}

// judgePasted names what is wrong with the pasted rows, and with nothing else:
// the rest of the form is not finished.
func (f *presentmentForm) judgePasted() {
	faults := f.faults[:0:0]
	for _, ft := range f.faults {
		if ft.field == pastedField || f.isPasted(ft.field) {
			faults = append(faults, ft)
		}
	}
	f.faults = faults
	for i, r := range f.pasted {
		n := f.pastedFrom + i + 1
		if r.Unknown != "" {
			f.fail(templates.LineID(n, "vat"), text.Msg("form.error.paste_vat", "word", clip(r.Unknown, 40)))
		}
		if r.Unclear != "" {
			f.fail(templates.LineID(n, "discount"), text.Msg("form.error.paste_unclear", "word", clip(r.Unclear, 40)))
		}
		if f.differs(f.lines[n-1], r.Amount) {
			f.fail(templates.LineID(n, "price"), text.Msg("form.error.paste_amount", "amount", clip(r.Amount, 40)))
		}
	}
}

func (f *presentmentForm) isPasted(field string) bool {
	for i := range f.pasted {
		if strings.HasPrefix(field, templates.LineID(f.pastedFrom+i+1, "")) {
			return true
		}
	}
	return false
}

// differs reports whether a line comes to another amount than its row said.
func (f *presentmentForm) differs(l typedLine, amount string) bool {
	said, err := thai.ParseSatang(amount)
	if err != nil {
		return false // the row said nothing
	}
	quantity, errQuantity := thai.ParseDecimal(l.quantity)
	price, errPrice := thai.ParseDecimal(l.price)
	discount, errDiscount := readDiscount(l.discount)
	if errQuantity != nil || errPrice != nil || errDiscount != nil {
		return false // said already
	}
	line := bill.Line{Quantity: quantity, UnitPrice: price, Discount: discount, VAT: bill.VATExempt}
	totals, err := bill.Bill{Lines: []bill.Line{line}}.TotalAt(bill.Rates{})
	return err == nil && totals.BeforeTaxSatang != said
}
