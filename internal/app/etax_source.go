package app

import (
	"context"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/etax"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// fromReceipt takes the kind, the number, the day and the buyer of a receipt that
// was issued: the two are one paper. Its lines are those of the bills that it
// settles whole, and what was paid of the others.
func fromReceipt(q *store.Query, id store.ID, d *etax.Document) error {
	r, err := q.Receipt(id)
	if err != nil {
		return err
	}
	d.Kind, d.Number, d.IssuedOn = r.DocumentType, r.DocumentNumber, thai.DayOf(r.DocumentOn)
	d.Buyer = etax.Party{
		Name: r.BuyerName, Scheme: etax.TaxNumber, ID: r.BuyerTaxID, Branch: r.BuyerBranch,
		Address: etax.Address{Line: r.BuyerAddress, Postcode: postcodeIn(r.BuyerAddress), Country: "TH"},
	}
	for _, l := range r.Lines {
		if !l.PresentmentID.Valid || r.DocumentType != receiptTaxInvoice {
			d.Lines = append(d.Lines, paidOf(l, r.VATRate)...)
			continue
		}
		p, err := q.Presentment(l.PresentmentID.UUID)
		if err != nil {
			return err
		}
		if p.TotalSatang != l.AmountSatang {
			d.Lines = append(d.Lines, paidOf(l, r.VATRate)...)
			continue
		}
		d.Lines = append(d.Lines, linesOfBill(p)...)
	}
	return nil
}

func linesOfBill(p store.Presentment) (lines []etax.Line) {
	for _, l := range p.Lines {
		lines = append(lines, etax.Line{
			Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, DiscountSatang: l.DiscountSatang + l.ShareSatang, VAT: bill.VATKind(l.VAT),
		})
	}
	return lines
}

// paidOf is a line of a receipt as goods or services: what bears VAT, and the
// rest.
func paidOf(l store.ReceiptLine, rate decimal.Decimal) (lines []etax.Line) {
	about := l.Description
	if l.BillNumber != "" {
		about = l.BillNumber
	}
	add := func(satang int64, vat bill.VATKind) {
		if satang > 0 {
			lines = append(lines, etax.Line{Description: about, Quantity: decimal.NewFromInt(1), UnitPrice: decimal.New(satang, -2), VAT: vat})
		}
	}
	before := l.AmountSatang - l.VATSatang
	if l.VATSatang == 0 {
		add(before, bill.VATExempt)
		return lines
	}
	// The whole bears VAT, unless the tax is less than that would be by more than rounding.
	taxed := decimal.NewFromInt(l.VATSatang).Mul(decimal.NewFromInt(100)).DivRound(rate, 0).IntPart()
	if before-taxed <= 10 {
		taxed = before
	}
	add(taxed, bill.VATStandard)
	add(before-taxed, bill.VATExempt)
	return lines
}

// numberFromReceipt gives a new document the number of the receipt that it is
// made from, which must have been issued. What the form says of it does not count.
func numberFromReceipt(q *store.Query, f *etaxForm) error {
	r, err := q.Receipt(f.receipt)
	if err != nil {
		return err
	}
	if r.State != store.ReceiptIssued {
		return store.ErrNotFound
	}
	if f.doc.Kind == r.DocumentType {
		f.doc.Number = r.DocumentNumber
	}
	return nil
}

// etaxOfReceipt are the tax documents made from a receipt, and the link to make
// the one that it should have.
func etaxOfReceipt(ctx context.Context, q *store.Query, u user, r store.Receipt) (templates.EtaxMade, error) {
	made, err := q.EtaxOfReceipt(r.ID)
	v := etaxMade(ctx, made)
	if err == nil && len(made) == 0 && u.can(store.Maker) && r.State == store.ReceiptIssued {
		v.Make = "/etax/new?receipt=" + r.ID.String()
	}
	return v, err
}

func etaxMade(ctx context.Context, made []store.EtaxMade) (v templates.EtaxMade) {
	for _, e := range made {
		row := templates.EtaxMadeRow{
			Href: "/etax/" + e.ID.String(), Number: e.Number, Kind: etaxKindName(ctx, e.Kind), Amount: text.Amount(e.TotalSatang), Status: etaxStatus(ctx, e.State),
		}
		if row.Number == "" {
			row.Number = text.T(ctx, "etax.number_later")
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}
