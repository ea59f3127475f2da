package etax

import (
	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

// Document is what is issued. Its JSON is how it is kept.
type Document struct {
	Kind        string      `json:"kind"`
	Number      string      `json:"number"` // empty until its series gives one
	IssuedOn    thai.Day    `json:"issued_on"`
	Purpose     string      `json:"purpose"` // why it corrects or replaces; empty for neither
	PurposeText string      `json:"purpose_text"`
	References  []Reference `json:"references"`
	Seller      Party       `json:"seller"`
	Buyer       Party       `json:"buyer"`
	Lines       []Line      `json:"lines"`
	Remark      string      `json:"remark"`
	PDF         bool        `json:"pdf"`
	XML         bool        `json:"xml"`
	Recipients  []Recipient `json:"recipients"`
	// ToRevenue has the bank hand the document in.
	ToRevenue bool `json:"to_revenue"`
}

// Reference names an earlier document.
type Reference struct {
	Number   string   `json:"number"`
	IssuedOn thai.Day `json:"issued_on"`
	Kind     string   `json:"kind"`
	ID       string   `json:"id"` // of our own document, if it is one
}

// The ways to say who somebody is for tax.
const (
	TaxNumber = "TXID" // 13 digits and the branch in 5 more
	Citizen   = "NIDN" // 13 digits
	Passport  = "CCPT"
	NoNumber  = "OTHR" // no number at all
)

// Schemes lists them in the order in which they are offered for a buyer.
var Schemes = []string{TaxNumber, Citizen, Passport, NoNumber}

// NotApplicable is the number of whoever has none.
const NotApplicable = "N/A"

// Party is a seller or a buyer.
type Party struct {
	Name    string  `json:"name"`
	Scheme  string  `json:"scheme"`
	ID      string  `json:"id"`     // without the branch
	Branch  string  `json:"branch"` // 5 digits, 00000 the head office; of TaxNumber only
	Address Address `json:"address"`
}

// Registration is the number as the document bears it.
func (p Party) Registration() string {
	switch p.Scheme {
	case TaxNumber:
		return p.ID + p.Branch
	case NoNumber:
		return NotApplicable
	}
	return p.ID
}

// Address is structured, or one line as people write it.
type Address struct {
	Building    string `json:"building"`     // the number of the house
	Street      string `json:"street"`       // and whatever else stands before the sub-district
	SubDistrict string `json:"sub_district"` // 6 digits
	District    string `json:"district"`     // 4 digits
	Province    string `json:"province"`     // 2 digits
	Line        string `json:"line"`         // the free form; the structured members are empty then
	Postcode    string `json:"postcode"`
	Country     string `json:"country"`
}

// Free reports whether the address is one line as people write it.
func (a Address) Free() bool { return a.Line != "" }

// Line is an item. On a note Quantity, UnitPrice and DiscountSatang are what is
// right, and the last three are what the earlier document says.
type Line struct {
	Description      string          `json:"description"`
	Quantity         decimal.Decimal `json:"quantity"`
	Unit             string          `json:"unit"`
	UnitPrice        decimal.Decimal `json:"unit_price"`
	DiscountSatang   int64           `json:"discount_satang"`
	VAT              bill.VATKind    `json:"vat"`
	OriginalQuantity decimal.Decimal `json:"original_quantity"`
	OriginalPrice    decimal.Decimal `json:"original_price"`
	OriginalDiscount int64           `json:"original_discount"` // satang
}

// The ways a document goes out to people.
const (
	Email = "EMAIL"
	SMS   = "SMS"
)

// Recipient is somebody whom the bank hands the document to.
type Recipient struct {
	Channel string `json:"channel"`
	Address string `json:"address"`
	OTP     bool   `json:"otp"` // they prove that the telephone is theirs before it opens
}

// Masked is a recipient's address as far as a list may show it.
func (r Recipient) Masked() string { return Masked(r.Address) }

// Replaces reports whether the document takes the place of an earlier one: it
// refers to one and is no note.
func (d Document) Replaces() bool {
	k, ok := KindOf(d.Kind)
	return ok && !k.Note && len(d.References) > 0
}
