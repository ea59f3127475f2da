package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/etax"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// newEtax opens the form: empty, or filled from a bill, or from an earlier
// document that the new one corrects or takes the place of.
func (a *App) newEtax(w http.ResponseWriter, r *http.Request, u user) error {
	q := readQuery(r)
	kind, source, receipt, earlier := q.raw("kind"), q.id("bill"), q.id("receipt"), q.id("from")
	if err := q.check(); err != nil {
		return err
	}
	d := etax.Document{Kind: kind, IssuedOn: a.today(), PDF: true, XML: true, ToRevenue: true}
	if _, ok := etax.KindOf(kind); !ok {
		d.Kind = "388"
	}
	d.Buyer = etax.Party{Scheme: etax.TaxNumber, Branch: "00000", Address: etax.Address{Country: "TH"}}
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		if d.Seller, err = usualSeller(q); err != nil {
			return err
		}
		switch {
		case source != store.NoID:
			return fromBill(q, source, &d)
		case receipt != store.NoID:
			return fromReceipt(q, receipt, &d)
		case earlier != store.NoID:
			return fromEarlier(q, earlier, &d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	f := typedAgain(r.Context(), d)
	f.bill, f.receipt = source, receipt
	return a.etaxFormPage(w, r, u, http.StatusOK, f, "")
}

// usualSeller is the merchant as the newest document has it, or as far as it
// is known: the parts of an address have to be typed once.
func usualSeller(q *store.Query) (etax.Party, error) {
	m, err := q.Merchant()
	if err != nil {
		return etax.Party{}, err
	}
	p := etax.Party{
		Name: m.NameTH, Scheme: etax.TaxNumber, ID: m.TaxID, Branch: m.Branch, Address: etax.Address{Country: "TH", Postcode: postcodeIn(m.Address)},
	}
	last, err := q.LastEtaxSeller()
	if errors.Is(err, store.ErrNotFound) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	err = json.Unmarshal(last, &p)
	p.Scheme, p.ID = etax.TaxNumber, m.TaxID
	return p, err
}

var lastPostcode = regexp.MustCompile(`([1-9][0-9]{4})\s*$`)

// postcodeIn is the postcode at the end of an address as people write it.
func postcodeIn(address string) string {
	if found := lastPostcode.FindStringSubmatch(address); found != nil {
		return found[1]
	}
	return ""
}

// fromBill takes the buyer and the lines of a bill. A bill that is a tax
// invoice by itself keeps its kind and its number; one that another paper taxes
// gets no second tax invoice.
func fromBill(q *store.Query, id store.ID, d *etax.Document) error {
	p, err := q.Presentment(id)
	if err != nil {
		return err
	}
	if p.DocumentType != "380" {
		d.Kind, d.Number, d.IssuedOn = p.DocumentType, p.DocumentNumber, thai.DayOf(p.DocumentOn)
	}
	d.Buyer = etax.Party{
		Name: p.BuyerName, Scheme: etax.TaxNumber, ID: p.BuyerTaxID, Branch: p.BuyerBranch,
		Address: etax.Address{Line: p.BuyerAddress, Postcode: postcodeIn(p.BuyerAddress), Country: "TH"},
	}
	d.Lines = linesOfBill(p)
	if p.DocumentType != "380" {
		return nil
	}
	_, taxed, err := q.TaxedAlready(store.Etax{
		Kind: d.Kind, Number: d.Number, TotalSatang: p.TotalSatang, PresentmentID: uuid.NullUUID{UUID: id, Valid: true},
	})
	if taxed {
		d.Kind = receiptOnly
	}
	return err
}

// numberFromSource gives a new document the number of the bill that it is made
// from, where that is a tax invoice by itself: the two are one paper. What the
// form says of it does not count.
func numberFromSource(q *store.Query, f *etaxForm) error {
	if f.receipt != store.NoID {
		return numberFromReceipt(q, f)
	}
	if f.bill == store.NoID {
		return nil
	}
	p, err := q.Presentment(f.bill)
	if err != nil {
		return err
	}
	if f.doc.Kind == p.DocumentType {
		f.doc.Number = p.DocumentNumber
	}
	return nil
}

// fromEarlier makes a note on an earlier document, or one that takes its place.
func fromEarlier(q *store.Query, id store.ID, d *etax.Document) error {
	e, err := q.Etax(id)
	if err != nil {
		return err
	}
	old, err := documentOf(e)
	if err != nil {
		return err
	}
	kind, _ := etax.KindOf(d.Kind)
	d.Seller, d.Buyer, d.Recipients = old.Seller, old.Buyer, old.Recipients
	d.References = []etax.Reference{{Number: e.Number, IssuedOn: old.IssuedOn, Kind: e.Kind, ID: e.ID.String()}}
	d.Lines = old.Lines
	if !kind.Note {
		return nil
	}
	d.Lines = nil
	for _, l := range old.Lines {
		l.OriginalQuantity, l.OriginalPrice, l.OriginalDiscount = l.Quantity, l.UnitPrice, l.DiscountSatang
		d.Lines = append(d.Lines, l)
	}
	return nil
}

// typedAgain is a document as if somebody had typed it.
func typedAgain(ctx context.Context, d etax.Document) *etaxForm {
	f := &etaxForm{form: formOf(url.Values{}), typed: map[string]string{}, doc: d, references: len(d.References), lines: len(d.Lines), recipients: len(d.Recipients)}
	put := func(field, value string) { f.typed[field] = value }
	if !d.IssuedOn.IsZero() {
		put("issued_on", text.Date(ctx, d.IssuedOn.Time()))
	}
	put("purpose", d.Purpose)
	put("purpose_text", d.PurposeText)
	put("remark", d.Remark)
	for field, on := range map[string]bool{"format_pdf": d.PDF, "format_xml": d.XML, "to_revenue": d.ToRevenue} {
		if on {
			put(field, "on")
		}
	}
	for n, r := range d.References {
		at := fmt.Sprintf("reference_%d_", n)
		put(at+"number", r.Number)
		put(at+"kind", r.Kind)
		put(at+"on", text.Date(ctx, r.IssuedOn.Time()))
	}
	for at, p := range map[string]etax.Party{"seller_": d.Seller, "buyer_": d.Buyer} {
		for field, value := range map[string]string{
			"name": p.Name, "scheme": p.Scheme, "id": p.ID, "branch": p.Branch, "building": p.Address.Building, "street": p.Address.Street,
			"sub_district": p.Address.SubDistrict, "district": p.Address.District, "province": p.Address.Province, "line": p.Address.Line,
			"postcode": p.Address.Postcode, "country": p.Address.Country,
		} {
			put(at+field, value)
		}
	}
	for n, l := range d.Lines {
		f.typeLine(fmt.Sprintf("line_%d_", n), l)
	}
	for n, r := range d.Recipients {
		at := "recipient_" + strconv.Itoa(n) + "_"
		put(at+"channel", r.Channel)
		put(at+"address", r.Address)
		if r.OTP {
			put(at+"otp", "on")
		}
	}
	return f
}

func (f *etaxForm) typeLine(at string, l etax.Line) {
	f.typed[at+"name"], f.typed[at+"unit"], f.typed[at+"vat"] = l.Description, l.Unit, string(l.VAT)
	for field, d := range map[string]decimal.Decimal{
		"quantity": l.Quantity, "price": l.UnitPrice, "original_quantity": l.OriginalQuantity, "original_price": l.OriginalPrice,
	} {
		if !d.IsZero() || field == "quantity" {
			f.typed[at+field] = d.String()
		}
	}
	for field, satang := range map[string]int64{"discount": l.DiscountSatang, "original_discount": l.OriginalDiscount} {
		if satang != 0 {
			f.typed[at+field] = text.Amount(satang)
		}
	}
}
