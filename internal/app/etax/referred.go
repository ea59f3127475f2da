package etax

import (
	"fmt"
	"slices"

	"portal/internal/app/thai"
)

// Referred is a paper of ours that a document names.
type Referred struct {
	ID          string // of a tax document; empty where the paper is a bill or a receipt
	Kind        string
	Number      string
	IssuedOn    thai.Day
	Buyer       string // as Registration has it
	Out         bool   // the bank has it, and so its buyer has or will, and nobody is taking it back
	TotalSatang int64
	VATSatang   int64
}

// Refer has the document's references lead to those of them that are tax
// documents of ours, and to no others, whatever they led to before.
func (d *Document) Refer(ours []Referred) {
	for n, r := range d.References {
		d.References[n].ID = ""
		if at := slices.IndexFunc(ours, r.names); at >= 0 {
			d.References[n].ID = ours[at].ID
		}
	}
}

func (r Reference) names(o Referred) bool { return o.Kind == r.Kind && o.Number == r.Number }

// CheckReferred lists what is wrong between the document and the papers of ours
// that it names, of which so much is left to be credited. What other papers come
// to is not known, so that beside one of those no amount is held against them.
// A tax invoice that is a bill or a receipt is not replaced from here: the report
// of output tax would count both.
func (d Document) CheckReferred(ours []Referred, leftToCredit int64) []Fault {
	var c checker
	kind, known := KindOf(d.Kind)
	if !known || len(d.References) == 0 {
		return nil
	}
	unknown := false
	var total, vat int64
	for n, r := range d.References {
		at := slices.IndexFunc(ours, r.names)
		if at < 0 {
			unknown = true
			continue
		}
		o, field := ours[at], fmt.Sprintf("reference_%d_", n)
		total, vat = total+o.TotalSatang, vat+o.VATSatang
		c.unless(o.Out, field+"number", ReferenceNotOut)
		c.unless(o.IssuedOn == r.IssuedOn, field+"on", ReferenceOtherDay)
		c.unless(o.ID != "" || !slices.Contains(taxInvoices, kind.Code), field+"number", ReplacementOfBill)
		c.unless(!kind.Note || taxpayer(o.Buyer) == taxpayer(d.Buyer.Registration()), field+"number", ReferenceOtherBuyer)
	}
	a, err := d.Amounts()
	switch {
	case unknown || err != nil || len(c.faults) > 0:
	case kind.Code == creditNote && leftToCredit <= 0:
		c.fail("reference_0_number", CreditedWhole)
	case kind.Code == creditNote && a.TotalSatang > leftToCredit:
		c.faults = append(c.faults, Fault{Field: "line_0_quantity", Rule: CreditedBeyond, Satang: leftToCredit})
	case slices.Contains(taxInvoices, kind.Code):
		c.unless(a.TotalSatang == total && a.VATSatang == vat, "line_0_price", ReplacementOther)
	}
	return c.faults
}

// taxpayer is who a registration is of, without the branch.
func taxpayer(registration string) string {
	if len(registration) == 18 {
		return registration[:13]
	}
	return registration
}
