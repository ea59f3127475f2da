package etdaxml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// node is an element as it was read, with its namespace resolved.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*node
}

func read(b []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	var open []*node
	var root *node
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if root == nil {
				return nil, errors.New("there is no element")
			}
			return root, nil
		}
		if err != nil {
			return nil, fmt.Errorf("it is not well formed: %w", err)
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, errors.New("it holds a document type")
		case xml.StartElement:
			n := &node{name: t.Name, attrs: t.Attr}
			if len(open) > 0 {
				parent := open[len(open)-1]
				parent.children = append(parent.children, n)
			} else {
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			}
		}
	}
}

// all finds the elements at a path below n.
func (n *node) all(path ...string) []*node {
	found := []*node{n}
	for _, step := range path {
		var next []*node
		for _, f := range found {
			for _, c := range f.children {
				if c.name.Local == step {
					next = append(next, c)
				}
			}
		}
		found = next
	}
	return found
}

func (n *node) one(path ...string) string {
	if found := n.all(path...); len(found) == 1 {
		return strings.TrimSpace(found[0].text)
	}
	return ""
}

func (n *node) attr(name string) string {
	for _, a := range n.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Validate reports what is wrong with a document, all of it, by the rules of the contract's §4.5.
func Validate(b []byte) error {
	root, err := read(b)
	if err != nil {
		return err
	}
	c := &check{root: root, code: root.one("ExchangedDocument", "TypeCode")}
	c.envelope()
	c.purpose()
	c.parties()
	c.amounts()
	return errors.Join(c.wrong...)
}

type check struct {
	root  *node
	code  string
	wrong []error
}

func (c *check) that(ok bool, format string, args ...any) {
	if !ok {
		c.wrong = append(c.wrong, fmt.Errorf(format, args...))
	}
}

func (c *check) envelope() {
	want := xml.Name{Space: rootSpace(c.code), Local: Root(c.code)}
	c.that(want.Local != "" && c.root.name == want, "the root of a %q is %s in %s", c.code, c.root.name.Local, c.root.name.Space)
	id := c.root.all("ExchangedDocumentContext", "GuidelineSpecifiedDocumentContextParameter", "ID")
	c.that(len(id) == 1 && id[0].text == guideline && id[0].attr("schemeAgencyID") == agency && id[0].attr("schemeVersionID") == guidelineVersion,
		"the guideline is not %s %s of %s", guideline, guidelineVersion, agency)
	c.spaces(c.root)
	for _, name := range []string{"ID", "Name", "IssueDateTime", "CreationDateTime"} {
		c.that(c.root.one("ExchangedDocument", name) != "", "%s is missing", name)
	}
	c.that(len([]rune(c.root.one("ExchangedDocument", "ID"))) <= 35, "the number is longer than 35 characters")
}

// spaces holds every element to one of the two namespaces, and to saying something.
func (c *check) spaces(n *node) {
	c.that(n.name.Space == rootSpace(c.code) || n.name.Space == entitySpace(c.code), "%s is in %q", n.name.Local, n.name.Space)
	empty := len(n.children) == 0 && strings.TrimSpace(n.text) == ""
	c.that(!empty || n.name.Local == "ApplicableHeaderTradeDelivery", "%s is empty", n.name.Local)
	for _, child := range n.children {
		c.spaces(child)
	}
}

var (
	replaceable = []string{"388", "T02", "T03", "T04"}
	correctable = []string{"80", "81", "388", "T02", "T03", "T04"}
)

func (c *check) purpose() {
	code, text := c.root.one("ExchangedDocument", "PurposeCode"), c.root.one("ExchangedDocument", "Purpose")
	references := c.root.all("SupplyChainTradeTransaction", "ApplicableHeaderTradeAgreement", "AdditionalReferencedDocument")
	allowed, prefixes := replaceable, []string{"TIVC"}
	switch c.code {
	case "80":
		allowed, prefixes = correctable, []string{"DBNG", "DBNS"}
	case "81":
		allowed, prefixes = correctable, []string{"CDNG", "CDNS"}
	case "T01":
		allowed, prefixes = []string{"T01"}, []string{"RCTC"}
	}
	note := c.code == "80" || c.code == "81"
	c.that(!note || len(references) > 0, "a note refers to no document")
	c.that((code != "") == (len(references) > 0), "a purpose and a referenced document go together")
	c.that(code == "" || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(code, p) }), "the purpose %s is not one of a %s", code, c.code)
	c.that(!strings.HasSuffix(code, "99") || text != "", "the purpose %s needs words", code)
	for _, r := range references {
		c.that(slices.Contains(allowed, r.one("ReferenceTypeCode")), "a %s does not refer to a %s", c.code, r.one("ReferenceTypeCode"))
		c.that(r.one("IssuerAssignedID") != "" && r.one("IssueDateTime") != "", "a referenced document has no number or no day")
	}
}

var schemes = map[string]*regexp.Regexp{
	"TXID": regexp.MustCompile(`^[0-9]{18}$`), "NIDN": regexp.MustCompile(`^[0-9]{13}$`),
	"CCPT": regexp.MustCompile(`^.{1,35}$`), "OTHR": regexp.MustCompile(`^N/A$`),
}

var (
	postcode    = regexp.MustCompile(`^[0-9]{5}$`)
	province    = regexp.MustCompile(`^[0-9]{2}$`)
	district    = regexp.MustCompile(`^[0-9]{4}$`)
	subDistrict = regexp.MustCompile(`^[0-9]{6}$`)
)

func (c *check) parties() {
	for _, role := range []string{"SellerTradeParty", "BuyerTradeParty"} {
		found := c.root.all("SupplyChainTradeTransaction", "ApplicableHeaderTradeAgreement", role)
		if len(found) != 1 {
			c.that(false, "there is no single %s", role)
			continue
		}
		p := found[0]
		c.that(p.one("Name") != "", "%s has no name", role)
		ids := p.all("SpecifiedTaxRegistration", "ID")
		if len(ids) != 1 || schemes[ids[0].attr("schemeID")] == nil {
			c.that(false, "%s has no tax registration of a known scheme", role)
		} else {
			scheme := ids[0].attr("schemeID")
			c.that(schemes[scheme].MatchString(ids[0].text), "%s: %s is no %s", role, ids[0].text, scheme)
			c.that(role == "BuyerTradeParty" || scheme == "TXID" || scheme == "NIDN", "a seller has no %s", scheme)
		}
		c.address(role, p)
	}
}

func (c *check) address(role string, p *node) {
	part := func(name string) string { return p.one("PostalTradeAddress", name) }
	seller, free := role == "SellerTradeParty", part("LineOne") != ""
	c.that(part("CountryID") != "" && (!seller || part("CountryID") == "TH"), "%s: the country is %q", role, part("CountryID"))
	c.that(part("CountryID") != "TH" || postcode.MatchString(part("PostcodeCode")), "%s: the postcode is %q", role, part("PostcodeCode"))
	if free && !seller {
		return
	}
	p1, p2, p3 := part("CountrySubDivisionID"), part("CityName"), part("CitySubDivisionName")
	c.that(part("BuildingNumber") != "", "%s: the building has no number", role)
	c.that(province.MatchString(p1) && district.MatchString(p2) && subDistrict.MatchString(p3) && strings.HasPrefix(p2, p1) && strings.HasPrefix(p3, p2),
		"%s: province %q, district %q and sub-district %q do not fit", role, p1, p2, p3)
}

func (c *check) amounts() {
	sums := c.root.all("SupplyChainTradeTransaction", "ApplicableHeaderTradeSettlement", "SpecifiedTradeSettlementHeaderMonetarySummation")
	if len(sums) != 1 {
		c.that(false, "there is no single summation")
		return
	}
	sum := func(name string) decimal.Decimal { return c.number(sums[0].one(name), name) }
	line, basis, tax, grand := sum("LineTotalAmount"), sum("TaxBasisTotalAmount"), sum("TaxTotalAmount"), sum("GrandTotalAmount")
	c.that(basis.Equal(line.Sub(sum("AllowanceTotalAmount")).Add(sum("ChargeTotalAmount"))), "the basis is not the lines less allowances")
	c.that(grand.Equal(basis.Add(tax)), "the total %s is not %s and %s", grand, basis, tax)
	var lines, taxes decimal.Decimal
	items := c.root.all("SupplyChainTradeTransaction", "IncludedSupplyChainTradeLineItem")
	c.that(len(items) > 0, "there is no line")
	for _, i := range items {
		lines = lines.Add(c.number(i.one("SpecifiedLineTradeSettlement", "SpecifiedTradeSettlementLineMonetarySummation", "NetLineTotalAmount"), "NetLineTotalAmount"))
		c.that(i.one("SpecifiedTradeProduct", "Name") != "", "a line has no name")
	}
	c.that(lines.Equal(line), "the lines are %s together, not %s", lines, line)
	for _, t := range c.root.all("SupplyChainTradeTransaction", "ApplicableHeaderTradeSettlement", "ApplicableTradeTax") {
		taxes = taxes.Add(c.number(t.one("CalculatedAmount"), "CalculatedAmount"))
	}
	c.that(taxes.Equal(tax), "the taxes are %s together, not %s", taxes, tax)
	if c.code == "80" || c.code == "81" {
		c.that(sum("DifferenceInformationAmount").Equal(basis), "the difference is not the basis")
		c.that(sum("OriginalInformationAmount").IsPositive(), "a note does not say what the original came to")
	}
}

func (c *check) number(text, what string) decimal.Decimal {
	d, err := decimal.NewFromString(text)
	c.that(err == nil && d.Exponent() >= -2, "%s is %q, no amount", what, text)
	return d
}
