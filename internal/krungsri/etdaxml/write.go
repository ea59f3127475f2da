package etdaxml

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The guideline that every document names.
const (
	guideline        = "ER3-2560"
	guidelineVersion = "v2.0"
	agency           = "ETDA"
)

// roots are the messages of the kinds of document. [confirmed: code C15]
var roots = map[string]string{
	"388": "TaxInvoice", "T02": "TaxInvoice", "T03": "TaxInvoice", "T04": "TaxInvoice",
	"T01": "Receipt", "80": "DebitCreditNote", "81": "DebitCreditNote",
	"T05": "AbbreviatedTaxInvoice", "T06": "AbbreviatedTaxInvoice", "380": "Invoice", "T07": "CancellationNote",
}

// Root is the name of the message that a kind of document is sent as, or empty.
func Root(typeCode string) string {
	if r, ok := roots[typeCode]; ok {
		return r + "_CrossIndustryInvoice"
	}
	return ""
}

const space = "urn:etda:uncefact:data:standard:"

func rootSpace(typeCode string) string { return space + Root(typeCode) + ":2" }

func entitySpace(typeCode string) string {
	return space + roots[typeCode] + "_ReusableAggregateBusinessInformationEntity:2"
}

// Document is what is written. Amounts and quantities are texts that were computed elsewhere.
type Document struct {
	TypeCode    string
	Name        string
	Number      string
	IssuedAt    time.Time
	PurposeCode string
	Purpose     string
	Remark      string
	Seller      Party
	Buyer       Party
	References  []Reference
	Items       []Item
	Taxes       []Tax
	Sum         Sum
}

// Reference is an earlier document.
type Reference struct {
	Number   string
	IssuedAt time.Time
	TypeCode string
}

// Party is a seller or a buyer.
type Party struct {
	Name    string
	Scheme  string
	ID      string
	Address Address
}

// Address is structured, or one line.
type Address struct {
	Building, Street, SubDistrict, District, Province, Line, Postcode, Country string
}

// Item is a line.
type Item struct {
	Line                             int
	Name, Quantity, Unit, Price      string
	Discount                         string // empty for none
	Rate, Tax, Amount, AmountWithTax string
}

// Tax is what is due at one rate.
type Tax struct{ Rate, Basis, Amount string }

// Sum is what the document comes to. Original and Difference are a note's.
type Sum struct{ Original, Line, Difference, Allowance, Charge, Basis, Tax, Grand string }

// Write writes the document. The note, if any, becomes a comment at its top; it must not hold two dashes in a row.
func Write(d Document, note string) ([]byte, error) {
	if Root(d.TypeCode) == "" {
		return nil, fmt.Errorf("no message is known for documents of type %q", d.TypeCode)
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if note != "" {
		if strings.Contains(note, "--") {
			return nil, fmt.Errorf("a comment cannot hold %q", note)
		}
		fmt.Fprintf(&out, "<!-- %s -->\n", note)
	}
	e := xml.NewEncoder(&out)
	e.Indent("", "  ")
	if err := e.Encode(message(d)); err != nil {
		return nil, fmt.Errorf("writing a tax document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

const instant = "2006-01-02T15:04:05.0"

// bangkok is the time that documents bear, without an offset, as in the official samples.
var bangkok = time.FixedZone("Asia/Bangkok", 7*60*60)

func moment(t time.Time) string { return t.In(bangkok).Format(instant) }

type element struct {
	XMLName  xml.Name
	Attr     []xml.Attr `xml:",attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

// ram and rsm are the prefixes of the two namespaces of a message.
func ram(name string, children ...element) element {
	return element{XMLName: xml.Name{Local: "ram:" + name}, Children: present(children)}
}

func rsm(name string, children ...element) element {
	return element{XMLName: xml.Name{Local: "rsm:" + name}, Children: present(children)}
}

func leaf(name, text string, attrs ...string) element {
	e := element{XMLName: xml.Name{Local: "ram:" + name}, Text: text}
	for n := 0; n+1 < len(attrs); n += 2 {
		e.Attr = append(e.Attr, xml.Attr{Name: xml.Name{Local: attrs[n]}, Value: attrs[n+1]})
	}
	return e
}

// present leaves out what is empty: a member that is there must say something.
func present(all []element) (kept []element) {
	for _, e := range all {
		if e.Text != "" || len(e.Children) > 0 || e.XMLName.Local == "ram:ApplicableHeaderTradeDelivery" {
			kept = append(kept, e)
		}
	}
	return kept
}

func message(d Document) element {
	root := rsm(Root(d.TypeCode),
		rsm("ExchangedDocumentContext",
			ram("GuidelineSpecifiedDocumentContextParameter", leaf("ID", guideline, "schemeAgencyID", agency, "schemeVersionID", guidelineVersion))),
		rsm("ExchangedDocument",
			leaf("ID", d.Number), leaf("Name", d.Name), leaf("TypeCode", d.TypeCode), leaf("IssueDateTime", moment(d.IssuedAt)),
			leaf("Purpose", d.Purpose), leaf("PurposeCode", d.PurposeCode), leaf("CreationDateTime", moment(d.IssuedAt)),
			ram("IncludedNote", leaf("Subject", d.Remark))),
		rsm("SupplyChainTradeTransaction", append([]element{agreement(d), ram("ApplicableHeaderTradeDelivery"), settlement(d)}, items(d)...)...))
	root.Attr = []xml.Attr{
		{Name: xml.Name{Local: "xmlns:rsm"}, Value: rootSpace(d.TypeCode)},
		{Name: xml.Name{Local: "xmlns:ram"}, Value: entitySpace(d.TypeCode)},
	}
	return root
}

func agreement(d Document) element {
	children := []element{party("SellerTradeParty", d.Seller), party("BuyerTradeParty", d.Buyer)}
	for _, r := range d.References {
		children = append(children, ram("AdditionalReferencedDocument",
			leaf("IssuerAssignedID", r.Number), leaf("IssueDateTime", moment(r.IssuedAt)), leaf("ReferenceTypeCode", r.TypeCode)))
	}
	return ram("ApplicableHeaderTradeAgreement", children...)
}

func party(name string, p Party) element {
	a := p.Address
	return ram(name,
		leaf("Name", p.Name),
		ram("SpecifiedTaxRegistration", leaf("ID", p.ID, "schemeID", p.Scheme)),
		ram("PostalTradeAddress",
			leaf("PostcodeCode", a.Postcode), leaf("StreetName", a.Street), leaf("LineOne", a.Line), leaf("CityName", a.District),
			leaf("CitySubDivisionName", a.SubDistrict), leaf("CountryID", a.Country, "schemeID", "3166-1 alpha-2"),
			leaf("CountrySubDivisionID", a.Province), leaf("BuildingNumber", a.Building)))
}

func settlement(d Document) element {
	children := []element{leaf("InvoiceCurrencyCode", "THB", "listID", "ISO 4217 3A")}
	for _, t := range d.Taxes {
		children = append(children, ram("ApplicableTradeTax",
			leaf("TypeCode", taxCode(t.Rate)), leaf("CalculatedRate", t.Rate), leaf("BasisAmount", t.Basis), leaf("CalculatedAmount", t.Amount)))
	}
	s := d.Sum
	return ram("ApplicableHeaderTradeSettlement", append(children, ram("SpecifiedTradeSettlementHeaderMonetarySummation",
		leaf("OriginalInformationAmount", s.Original), leaf("LineTotalAmount", s.Line), leaf("DifferenceInformationAmount", s.Difference),
		leaf("AllowanceTotalAmount", s.Allowance), leaf("ChargeTotalAmount", s.Charge), leaf("TaxBasisTotalAmount", s.Basis),
		leaf("TaxTotalAmount", s.Tax), leaf("GrandTotalAmount", s.Grand)))...)
}

// taxCode tells what bears VAT from what does not.
func taxCode(rate string) string {
	if rate == "0" {
		return "FRE"
	}
	return "VAT"
}

func items(d Document) (all []element) {
	for _, i := range d.Items {
		all = append(all, ram("IncludedSupplyChainTradeLineItem",
			ram("AssociatedDocumentLineDocument", leaf("LineID", strconv.Itoa(i.Line))),
			ram("SpecifiedTradeProduct", leaf("Name", i.Name)),
			ram("SpecifiedLineTradeAgreement", ram("GrossPriceProductTradePrice", leaf("ChargeAmount", i.Price))),
			ram("SpecifiedLineTradeDelivery", leaf("BilledQuantity", i.Quantity, unit(i.Unit)...)),
			ram("SpecifiedLineTradeSettlement",
				ram("ApplicableTradeTax", leaf("TypeCode", taxCode(i.Rate)), leaf("CalculatedRate", i.Rate), leaf("BasisAmount", i.Amount), leaf("CalculatedAmount", i.Tax)),
				allowance(i.Discount),
				ram("SpecifiedTradeSettlementLineMonetarySummation",
					leaf("TaxTotalAmount", i.Tax), leaf("NetLineTotalAmount", i.Amount), leaf("NetIncludingTaxesLineTotalAmount", i.AmountWithTax)))))
	}
	return all
}

func unit(code string) []string {
	if code == "" {
		return nil
	}
	return []string{"unitCode", code}
}

func allowance(discount string) element {
	if discount == "" {
		return element{}
	}
	return ram("SpecifiedTradeAllowanceCharge", leaf("ChargeIndicator", "false"), leaf("ActualAmount", discount))
}
