package tellertest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/etax"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// TaxInvoice is a right tax invoice of 2,140.00 baht of a merchant.
func TaxInvoice(m store.Merchant) etax.Document {
	return etax.Document{
		Kind: "388", IssuedOn: thai.Today(time.Now()), PDF: true, XML: true, ToRevenue: true,
		Seller: etax.Party{Name: m.NameTH, Scheme: etax.TaxNumber, ID: m.TaxID, Branch: m.Branch, Address: etax.Address{
			Building: "99/1", SubDistrict: "102803", District: "1028", Province: "10", Postcode: "10120", Country: "TH",
		}},
		Buyer: etax.Party{Name: "บริษัท บัวหลวงพาณิชย์ จำกัด", Scheme: etax.TaxNumber, ID: "0105561000011", Branch: "00012", Address: etax.Address{
			Line: "1 ถนนสีลม กรุงเทพฯ", Postcode: "10500", Country: "TH",
		}},
		Lines:      []etax.Line{{Description: "กระดาษ A4", Quantity: decimal.NewFromInt(20), UnitPrice: decimal.NewFromInt(100), VAT: bill.VATStandard}},
		Recipients: []etax.Recipient{{Channel: etax.Email, Address: "ap@bualuang.example"}},
	}
}

// DraftEtax drafts a tax invoice of the acting person's merchant, changed as
// asked.
func DraftEtax(t testing.TB, s *store.Store, a store.Actor, change ...func(*etax.Document)) (e store.Etax) {
	t.Helper()
	write(t, s, a, func(tx *store.Tx) error {
		m, err := tx.Merchant()
		if err != nil {
			return err
		}
		d := TaxInvoice(m)
		for _, f := range change {
			f(&d)
		}
		amounts, err := d.Amounts()
		if err != nil {
			return err
		}
		content, err := json.Marshal(d)
		if err != nil {
			return err
		}
		e = store.Etax{
			ID: store.NewID(), Kind: d.Kind, IssuedOn: d.IssuedOn.Time(), BuyerName: d.Buyer.Name, BuyerTaxID: d.Buyer.Registration(),
			BasisSatang: amounts.BasisSatang, VATSatang: amounts.VATSatang, TotalSatang: amounts.TotalSatang, Content: content, Version: 1,
		}
		return tx.AddEtax(e)
	})
	return e
}
