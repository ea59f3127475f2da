package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/etdaxml"
	"portal/internal/krungsri/sandbox/paper"
)

// sampleNote stands in every file that the stand-in makes.
const sampleNote = "SAMPLE / ตัวอย่าง: made by a stand-in bank, not signed, of no legal effect"

func (d *taxDocument) xml() []byte {
	doc := etdaxml.Document{
		TypeCode: d.TypeCode, Name: d.Name, Number: d.Number, IssuedAt: d.IssuedAt, PurposeCode: d.Purpose, Purpose: d.Reason, Remark: d.Note,
		Seller: xmlParty(d.Seller), Buyer: xmlParty(d.Buyer),
		Sum: etdaxml.Sum{
			Line: d.Sums.Line.String(), Allowance: d.Sums.Allowance.String(), Charge: d.Sums.Charge.String(), Basis: d.Sums.Basis.String(),
			Tax: d.Sums.Tax.String(), Grand: d.Sums.Grand.String(),
		},
	}
	if d.Purpose != "" && doc.Purpose == "" {
		doc.Purpose = d.Purpose
	}
	if d.Sums.Note {
		doc.Sum.Original, doc.Sum.Difference = d.Sums.Original.String(), d.Sums.Difference.String()
	}
	for _, r := range d.References {
		doc.References = append(doc.References, etdaxml.Reference{Number: r.Number, IssuedAt: dayStart(r.IssuedOn), TypeCode: r.TypeCode})
	}
	for n, i := range d.Items {
		item := etdaxml.Item{
			Line: n + 1, Name: i.Name, Quantity: i.Quantity.String(), Unit: i.Unit, Price: i.Price.String(), Rate: i.Rate.String(),
			Tax: i.Tax.String(), Amount: i.Amount.String(), AmountWithTax: i.WithTax.String(),
		}
		if i.Discount != 0 {
			item.Discount = i.Discount.String()
		}
		doc.Items = append(doc.Items, item)
	}
	for _, t := range d.taxes() {
		doc.Taxes = append(doc.Taxes, etdaxml.Tax{Rate: t.rate.String(), Basis: t.basis.String(), Amount: t.tax.String()})
	}
	content, err := etdaxml.Write(doc, sampleNote)
	if err != nil {
		panic(fmt.Sprintf("sandbox: a document that was taken on cannot be written: %v", err)) // a mistake in this package
	}
	return content
}

func dayStart(d krungsri.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, krungsri.Bangkok)
}

func xmlParty(p taxParty) etdaxml.Party {
	a := p.Address
	return etdaxml.Party{Name: p.Name, Scheme: p.Scheme, ID: p.ID, Address: etdaxml.Address{
		Building: a.Building, Street: a.Street, SubDistrict: a.SubDistrict, District: a.District, Province: a.Province, Line: a.Line,
		Postcode: a.Postcode, Country: a.Country,
	}}
}

// pdf draws all that the document says.
func (d *taxDocument) pdf() []byte {
	p := paper.Paper{Title: d.Name, Head: []string{"เลขที่ / No. " + d.Number + "   วันที่ / Date " + d.IssuedAt.In(krungsri.Bangkok).Format("02/01/2006")}}
	for _, r := range d.References {
		p.Head = append(p.Head, fmt.Sprintf("อ้างถึง / Refers to %s (%s) %s", r.Number, r.TypeCode, r.IssuedOn))
	}
	if d.Purpose != "" {
		p.Head = append(p.Head, strings.TrimSpace("เหตุผล / Reason "+d.Purpose+" "+d.Reason))
	}
	p.Head = append(p.Head, paperParty("ผู้ขาย / Seller", d.Seller), paperParty("ผู้ซื้อ / Buyer", d.Buyer))
	for n, i := range d.Items {
		text := fmt.Sprintf("%d. %s · %s %s × %s", n+1, i.Name, i.Quantity, i.Unit, i.Price)
		if i.Discount != 0 {
			text += " − " + i.Discount.String()
		}
		p.Items = append(p.Items, paper.Row{Text: text, Amount: i.Amount.String()})
	}
	s := d.Sums
	if s.Note {
		p.Sums = append(p.Sums, paper.Row{Text: "มูลค่าตามเอกสารเดิม / Original", Amount: s.Original.String()},
			paper.Row{Text: "มูลค่าที่ถูกต้อง / Correct", Amount: s.Correct.String()}, paper.Row{Text: "ผลต่าง / Difference", Amount: s.Difference.String()})
	}
	p.Sums = append(p.Sums, paper.Row{Text: "มูลค่าก่อนภาษี / Before VAT", Amount: s.Basis.String()},
		paper.Row{Text: "ภาษีมูลค่าเพิ่ม / VAT", Amount: s.Tax.String()}, paper.Row{Text: "รวมทั้งสิ้น / Total", Amount: s.Grand.String()})
	if d.Note != "" {
		p.Foot = append(p.Foot, d.Note)
	}
	return p.Draw()
}

// lockWith has the PDF opened with the password only, if there is one.
func (d *taxDocument) lockWith(password string) {
	if password == "" || !slices.Contains(d.Formats, string(krungsri.FormatPDF)) {
		return
	}
	var err error
	if d.LockedPDF, err = paper.Lock(d.pdf(), password); err != nil {
		panic(fmt.Sprintf("sandbox: a document that was taken on cannot be locked: %v", err)) // a mistake in this package
	}
}

func paperParty(role string, p taxParty) string {
	a := p.Address
	address := a.Line
	if address == "" {
		address = strings.TrimSpace(a.Building + " " + a.Street + " " + a.SubDistrict)
	}
	return role + ": " + p.Name + " · " + p.Scheme + " " + p.ID + " · " + address + " " + a.Postcode + " " + a.Country
}
