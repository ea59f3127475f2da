package etax

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

// Fault is one thing that is wrong: where, and against which rule. The catalogue
// of texts has under the rule's name what to do about it.
type Fault struct {
	Field  string
	Rule   Rule
	Satang int64 // what may be entered at most, where the text names it
}

// Rule names a rule.
type Rule string

// The rules, each named by what is wrong.
const (
	KindUnknown      Rule = "kind"
	NumberForm       Rule = "number"
	DayMissing       Rule = "day"
	DayAhead         Rule = "day_ahead"
	PurposeMissing   Rule = "purpose_missing"
	PurposeOfOther   Rule = "purpose_other_kind"
	PurposeWithout   Rule = "purpose_without_reference"
	PurposeUnsaid    Rule = "purpose_text"
	ReferenceMissing Rule = "reference_missing"
	ReferenceNumber  Rule = "reference_number"
	ReferenceKind    Rule = "reference_kind"
	ReferenceDay     Rule = "reference_day"
	ReferenceToSelf  Rule = "reference_self"
	ReferenceTwice   Rule = "reference_twice"
	// Of references to documents of ours.
	ReferenceNotOut     Rule = "reference_not_out"
	ReferenceOtherDay   Rule = "reference_other_day"
	ReferenceOtherBuyer Rule = "reference_other_buyer"
	CreditedBeyond      Rule = "credited_beyond"
	CreditedWhole       Rule = "credited_whole"
	ReplacementOfBill   Rule = "replacement_of_bill"
	ReplacementOther    Rule = "replacement_other"
	NameMissing         Rule = "name"
	SchemeUnknown       Rule = "scheme"
	SellerScheme        Rule = "seller_scheme"
	TaxIDForm           Rule = "tax_id"
	BranchForm          Rule = "branch"
	CitizenForm         Rule = "citizen"
	PassportForm        Rule = "passport"
	SameParty           Rule = "same_party"
	AddressMissing      Rule = "address_missing"
	AddressBoth         Rule = "address_both"
	BuildingMissing     Rule = "building"
	SubDistrictForm     Rule = "sub_district"
	DistrictForm        Rule = "district"
	ProvinceUnknown     Rule = "province"
	DistrictElsewhere   Rule = "district_elsewhere"
	SubDistrictOutside  Rule = "sub_district_elsewhere"
	PostcodeForm        Rule = "postcode"
	CountryForm         Rule = "country"
	CountrySeller       Rule = "country_seller"
	LineMissing         Rule = "line_missing"
	LineName            Rule = "line_name"
	LineQuantity        Rule = "line_quantity"
	LineAmount          Rule = "line_amount"
	LineVAT             Rule = "line_vat"
	NothingCorrected    Rule = "nothing_corrected"
	WrongDirection      Rule = "wrong_direction"
	TotalZero           Rule = "total_zero"
	TotalLarge          Rule = "total_large"
	FormatMissing       Rule = "format"
	XMLMissing          Rule = "xml_for_revenue"
	ChannelUnknown      Rule = "channel"
	EmailForm           Rule = "email"
	MobileForm          Rule = "mobile"
	RecipientTwice      Rule = "recipient_twice"
	RecipientsMany      Rule = "recipients_many"
	RecipientMissing    Rule = "recipient_missing"
	PasswordForm        Rule = "password"
)

// Rules lists every rule there is.
func Rules() []Rule { return slices.Clone(rules) }

var rules = []Rule{
	KindUnknown, NumberForm, DayMissing, DayAhead, PurposeMissing, PurposeOfOther, PurposeWithout, PurposeUnsaid, ReferenceMissing,
	ReferenceNumber, ReferenceKind, ReferenceDay, ReferenceToSelf, ReferenceTwice,
	ReferenceNotOut, ReferenceOtherDay, ReferenceOtherBuyer, CreditedBeyond, CreditedWhole, ReplacementOfBill, ReplacementOther, NameMissing, SchemeUnknown, SellerScheme, TaxIDForm,
	BranchForm, CitizenForm, PassportForm, SameParty, AddressMissing, AddressBoth, BuildingMissing, SubDistrictForm, DistrictForm,
	ProvinceUnknown, DistrictElsewhere, SubDistrictOutside, PostcodeForm, CountryForm, CountrySeller, LineMissing, LineName, LineQuantity,
	LineAmount, LineVAT, NothingCorrected, WrongDirection, TotalZero, TotalLarge, FormatMissing, XMLMissing, ChannelUnknown, EmailForm,
	MobileForm, RecipientTwice, RecipientsMany, RecipientMissing, PasswordForm,
}

// MaxRecipients is how many people one document goes to. [inferred]
const MaxRecipients = 10

// What the members of the bank's request may hold, in characters.
const (
	maxNumber  = 35
	maxName    = 256
	maxPurpose = 256
	maxText    = 512
)

// checker collects faults.
type checker struct{ faults []Fault }

func (c *checker) fail(field string, r Rule) {
	c.faults = append(c.faults, Fault{Field: field, Rule: r})
}

func (c *checker) unless(ok bool, field string, r Rule) {
	if !ok {
		c.fail(field, r)
	}
}

// Check lists what is wrong with a document that is issued today, field by
// field in the order of the form; nothing is wrong when the list is empty.
// Fields of lists are numbered from 0, as in "line_0_name".
func (d Document) Check(today thai.Day) []Fault {
	var c checker
	kind, known := KindOf(d.Kind)
	c.unless(known, "kind", KindUnknown)
	c.unless(d.Number == "" || numberForm.MatchString(d.Number) && utf8.RuneCountInString(d.Number) <= maxNumber, "number", NumberForm)
	switch {
	case d.IssuedOn.IsZero():
		c.fail("issued_on", DayMissing)
	case d.IssuedOn.Compare(today) > 0:
		c.fail("issued_on", DayAhead)
	}
	if known {
		c.purpose(d, kind)
		c.references(d, kind)
	}
	c.seller(d.Seller)
	c.buyer(d.Buyer)
	if d.Seller.ID != "" && d.Seller.Registration() == d.Buyer.Registration() {
		c.fail("buyer_id", SameParty)
	}
	c.lines(d, kind)
	c.delivery(d)
	return c.faults
}

// CheckRecipients is the part of Check that is about who gets the document.
func CheckRecipients(list []Recipient) []Fault {
	var c checker
	c.unless(len(list) > 0, "recipient_0_address", RecipientMissing)
	c.recipients(list)
	return c.faults
}

var numberForm = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}/._-]*$`)

func (c *checker) purpose(d Document, k Kind) {
	p, ok := PurposeOf(d.Purpose)
	switch {
	case d.Purpose == "" && (k.Note || len(d.References) > 0):
		c.fail("purpose", PurposeMissing)
	case d.Purpose == "":
	case !ok || !k.allows(p):
		c.fail("purpose", PurposeOfOther)
	case !k.Note && len(d.References) == 0:
		c.fail("purpose", PurposeWithout)
	case p.Free() && d.PurposeText == "" || utf8.RuneCountInString(d.PurposeText) > maxPurpose:
		c.fail("purpose_text", PurposeUnsaid)
	}
}

func (c *checker) references(d Document, k Kind) {
	if k.Note && len(d.References) == 0 {
		c.fail("reference_0_number", ReferenceMissing)
	}
	for n, r := range d.References {
		field := fmt.Sprintf("reference_%d_", n)
		switch {
		case !numberForm.MatchString(r.Number) || utf8.RuneCountInString(r.Number) > maxNumber:
			c.fail(field+"number", ReferenceNumber)
		case r.Number == d.Number && r.Kind == d.Kind:
			c.fail(field+"number", ReferenceToSelf)
		case slices.ContainsFunc(d.References[:n], func(o Reference) bool { return o.Number == r.Number && o.Kind == r.Kind }):
			c.fail(field+"number", ReferenceTwice)
		}
		c.unless(slices.Contains(k.RefersTo, r.Kind), field+"kind", ReferenceKind)
		c.unless(!r.IssuedOn.IsZero() && r.IssuedOn.Compare(d.IssuedOn) <= 0, field+"on", ReferenceDay)
	}
}

// seller checks whoever issues: a taxpayer of this country, where it is.
func (c *checker) seller(p Party) {
	c.unless(named(p.Name), "seller_name", NameMissing)
	if p.Scheme != TaxNumber && p.Scheme != Citizen {
		c.fail("seller_scheme", SellerScheme)
	} else {
		c.registration(p, "seller_")
	}
	c.structured(p.Address, "seller_")
	c.unless(p.Address.Country == "TH", "seller_country", CountrySeller)
	c.unless(postcode.MatchString(p.Address.Postcode), "seller_postcode", PostcodeForm)
}

// buyer checks whoever is named: it may be anybody, anywhere.
func (c *checker) buyer(p Party) {
	c.unless(named(p.Name), "buyer_name", NameMissing)
	c.registration(p, "buyer_")
	a := p.Address
	structured := a.Building + a.Street + a.SubDistrict + a.District + a.Province
	switch {
	case !a.Free() && structured == "":
		c.fail("buyer_line", AddressMissing)
	case a.Free() && structured != "":
		c.fail("buyer_line", AddressBoth)
	case a.Free():
		c.unless(utf8.RuneCountInString(a.Line) <= maxText, "buyer_line", AddressMissing)
	default:
		c.structured(a, "buyer_")
	}
	c.unless(country.MatchString(a.Country), "buyer_country", CountryForm)
	c.unless(a.Country != "TH" || postcode.MatchString(a.Postcode), "buyer_postcode", PostcodeForm)
}

func named(s string) bool { return strings.TrimSpace(s) != "" && utf8.RuneCountInString(s) <= maxName }

var (
	passport = regexp.MustCompile(`^[0-9A-Za-z]{1,35}$`)
	postcode = regexp.MustCompile(`^[1-9][0-9]{4}$`)
	country  = regexp.MustCompile(`^[A-Z]{2}$`)
)

// registration checks a number against its scheme. Whoever reads it takes the
// first 13 digits for the taxpayer and the last 5 for the branch.
func (c *checker) registration(p Party, field string) {
	switch p.Scheme {
	case TaxNumber:
		id, err := thai.ParseTaxID(p.ID)
		c.unless(err == nil && string(id) == p.ID, field+"id", TaxIDForm)
		branch, err := thai.ParseBranch(p.Branch)
		c.unless(err == nil && string(branch) == p.Branch, field+"branch", BranchForm)
	case Citizen:
		id, err := thai.ParseTaxID(p.ID)
		c.unless(err == nil && string(id) == p.ID, field+"id", CitizenForm)
	case Passport:
		c.unless(passport.MatchString(p.ID), field+"id", PassportForm)
	case NoNumber:
	default:
		c.fail(field+"scheme", SchemeUnknown)
	}
}

var (
	subDistrict = regexp.MustCompile(`^[0-9]{6}$`)
	district    = regexp.MustCompile(`^[0-9]{4}$`)
)

// structured checks the parts of an address, each code of which begins with the
// one above it.
func (c *checker) structured(a Address, field string) {
	c.unless(strings.TrimSpace(a.Building) != "" && utf8.RuneCountInString(a.Building) <= 16, field+"building", BuildingMissing)
	_, known := ProvinceOf(a.Province)
	c.unless(known, field+"province", ProvinceUnknown)
	switch {
	case !district.MatchString(a.District):
		c.fail(field+"district", DistrictForm)
	case known && a.District[:2] != a.Province:
		c.fail(field+"district", DistrictElsewhere)
	}
	switch {
	case !subDistrict.MatchString(a.SubDistrict):
		c.fail(field+"sub_district", SubDistrictForm)
	case district.MatchString(a.District) && a.SubDistrict[:4] != a.District:
		c.fail(field+"sub_district", SubDistrictOutside)
	}
}

func (c *checker) lines(d Document, k Kind) {
	if len(d.Lines) == 0 {
		c.fail("line_0_name", LineMissing)
		return
	}
	before := len(c.faults)
	for n, l := range d.Lines {
		field := fmt.Sprintf("line_%d_", n)
		c.unless(named(l.Description), field+"name", LineName)
		c.unless(l.VAT.Valid(), field+"vat", LineVAT)
		// On a note nothing may be right; what was wrong is something.
		c.unless(l.Quantity.IsPositive() || k.Note && l.Quantity.IsZero(), field+"quantity", LineQuantity)
		c.unless(!k.Note || l.OriginalQuantity.IsPositive(), field+"original_quantity", LineQuantity)
	}
	if len(c.faults) > before {
		return // what cannot be read cannot be added up
	}
	a, err := d.Amounts()
	inLine, ofLine := errors.AsType[*bill.LineError](err)
	switch {
	case errors.Is(err, ErrNothingCorrected):
		c.fail("line_0_quantity", NothingCorrected)
	case errors.Is(err, ErrWrongDirection) && ofLine:
		c.fail(fmt.Sprintf("line_%d_quantity", inLine.Index), WrongDirection)
	case errors.Is(err, bill.ErrTooManyLines), errors.Is(err, bill.ErrTooLarge) && !ofLine:
		c.fail("line_0_price", TotalLarge)
	case ofLine:
		c.fail(fmt.Sprintf("line_%d_price", inLine.Index), LineAmount)
	case errors.Is(err, bill.ErrNoRate):
		c.fail("issued_on", DayMissing)
	case err != nil:
		c.fail("line_0_price", LineAmount)
	default:
		c.unless(a.TotalSatang > 0, "line_0_price", TotalZero)
	}
}

func (c *checker) delivery(d Document) {
	c.unless(d.PDF || d.XML, "format", FormatMissing)
	c.unless(!d.ToRevenue || d.XML, "format", XMLMissing)
	c.recipients(d.Recipients)
}

var (
	email  = regexp.MustCompile(`^[0-9A-Za-z.!#$%&'*+/=?^_{|}~-]{1,64}@([0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)+[A-Za-z]{2,24}$`)
	mobile = regexp.MustCompile(`^0[689][0-9]{8}$`)
)

func (c *checker) recipients(list []Recipient) {
	if len(list) > MaxRecipients {
		c.fail(fmt.Sprintf("recipient_%d_address", MaxRecipients), RecipientsMany)
		return
	}
	for n, r := range list {
		field := fmt.Sprintf("recipient_%d_", n)
		switch {
		case r.Channel == Email && !email.MatchString(r.Address):
			c.fail(field+"address", EmailForm)
		case r.Channel == SMS && !mobile.MatchString(r.Address):
			c.fail(field+"address", MobileForm)
		case r.Channel != Email && r.Channel != SMS:
			c.fail(field+"channel", ChannelUnknown)
		case slices.ContainsFunc(list[:n], func(o Recipient) bool { return strings.EqualFold(o.Address, r.Address) }):
			c.fail(field+"address", RecipientTwice)
		}
	}
}

var password = regexp.MustCompile(`^[\x21-\x7e]{8,32}$`)

// CheckPassword checks what a document may be locked with. Other letters than
// those of every keyboard would lock the buyer out.
func CheckPassword(s string) []Fault {
	var c checker
	c.unless(password.MatchString(s), "password", PasswordForm)
	return c.faults
}

// Masked is an e-mail address or a telephone number as far as a list may show
// it.
func Masked(address string) string {
	name, host, mail := strings.Cut(address, "@")
	if !mail {
		if len(address) < 8 {
			return strings.Repeat("x", len(address))
		}
		return address[:2] + strings.Repeat("x", len(address)-6) + address[len(address)-4:]
	}
	first, _ := utf8.DecodeRuneInString(name)
	return string(first) + "xxx@" + host
}
