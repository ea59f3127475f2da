package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/etax"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// How much one form of a tax document holds.
const (
	maxEtaxLines      = 100
	maxEtaxReferences = 5
)

// etaxForm is the form of a tax document as it was sent: what was typed under
// the names of its fields, and the document that this makes.
type etaxForm struct {
	*form
	do         string
	document   store.ID // NoID for a new one
	version    int
	bill       store.ID
	receipt    store.ID
	references int
	lines      int
	recipients int
	locked     bool
	password   string
	unlock     bool
	typed      map[string]string
	doc        etax.Document
}

// readEtax reads a form; today tells plausible years.
func readEtax(r *http.Request, today thai.Day) *etaxForm {
	f := &etaxForm{form: readForm(r), typed: map[string]string{}}
	f.do = f.choice("do", "save", "kind", "add-line", "add-reference", "add-recipient")
	f.version, f.bill, f.receipt = f.hidden("version"), f.id("bill"), f.id("receipt")
	f.references, f.lines, f.recipients = f.count("references", maxEtaxReferences), f.count("lines", maxEtaxLines), f.count("recipients", etax.MaxRecipients)
	d := &f.doc
	d.Kind = f.one("kind")
	d.IssuedOn = f.when("issued_on", today)
	d.Purpose, d.PurposeText, d.Remark = f.one("purpose"), f.line("purpose_text"), f.line("remark")
	for n := range f.references {
		at := fmt.Sprintf("reference_%d_", n)
		ref := etax.Reference{Number: f.line(at + "number"), Kind: f.one(at + "kind"), IssuedOn: f.when(at+"on", today)}
		if ref.Number != "" || ref.Kind != "" || !ref.IssuedOn.IsZero() {
			d.References = append(d.References, ref)
		}
	}
	d.Seller, d.Buyer = f.party("seller_"), f.party("buyer_")
	f.readLines()
	d.Recipients = f.readRecipients()
	d.PDF, d.XML, d.ToRevenue = f.ticked("format_pdf"), f.ticked("format_xml"), f.ticked("to_revenue")
	f.password, f.unlock = f.raw("password"), f.ticked("unlock")
	return f
}

// count is how many rows of a kind the page had.
func (f *etaxForm) count(field string, most int) int {
	n := f.hidden(field)
	if n > most && f.broken == nil {
		f.broken = &requestError{"too many " + field}
		return 0
	}
	return n
}

// one reads a value that is chosen or hidden, not typed.
func (f *etaxForm) one(field string) string {
	f.typed[field] = f.raw(field)
	return f.typed[field]
}

func (f *etaxForm) ticked(field string) bool {
	on := f.flag(field)
	if on {
		f.typed[field] = "on"
	}
	return on
}

// line reads a line of text, cleaned.
func (f *etaxForm) line(field string) string {
	f.typed[field] = f.raw(field)
	return f.text(field, maxLen(512))
}

func (f *etaxForm) when(field string, today thai.Day) thai.Day {
	f.typed[field] = f.raw(field)
	return f.day(field, today)
}

func (f *etaxForm) party(at string) etax.Party {
	f.typed[at+"branch"] = f.raw(at + "branch")
	p := etax.Party{
		Name: f.line(at + "name"), Scheme: f.one(at + "scheme"), ID: digitsOf(f.line(at + "id")), Branch: strings.TrimSpace(f.raw(at + "branch")),
		Address: etax.Address{
			Building: f.line(at + "building"), Street: f.line(at + "street"), SubDistrict: digitsOf(f.line(at + "sub_district")), District: digitsOf(f.line(at + "district")),
			Province: f.one(at + "province"), Postcode: digitsOf(f.line(at + "postcode")), Country: strings.ToUpper(f.line(at + "country")),
		},
	}
	if at == "buyer_" {
		f.typed["buyer_line"] = f.raw("buyer_line")
		p.Address.Line = strings.Join(strings.Fields(f.paragraph("buyer_line", maxLen(512))), " ")
	}
	if b, err := thai.ParseBranch(p.Branch); err == nil {
		p.Branch = string(b)
	}
	if p.Scheme != etax.TaxNumber {
		p.Branch = ""
	}
	if p.Scheme == etax.NoNumber {
		p.ID = ""
	}
	return p
}

// digitsOf takes blanks and dashes out of a number as people group it. What is
// no number stays, for the rules to name.
func digitsOf(s string) string { return strings.NewReplacer(" ", "", "-", "").Replace(s) }

func (f *etaxForm) readLines() {
	for n := range f.lines {
		at := fmt.Sprintf("line_%d_", n)
		before := len(f.faults)
		l := etax.Line{Description: f.line(at + "name"), Unit: f.line(at + "unit"), VAT: bill.VATKind(f.one(at + "vat"))}
		l.Quantity, l.UnitPrice, l.DiscountSatang = f.number(at+"quantity"), f.number(at+"price"), f.baht(at+"discount")
		l.OriginalQuantity, l.OriginalPrice, l.OriginalDiscount = f.number(at+"original_quantity"), f.number(at+"original_price"), f.baht(at+"original_discount")
		blank := l.Description == "" && f.typed[at+"price"] == "" && f.typed[at+"original_price"] == "" && len(f.faults) == before
		if !blank {
			f.doc.Lines = append(f.doc.Lines, l)
		}
	}
}

func (f *etaxForm) number(field string) decimal.Decimal {
	f.typed[field] = f.raw(field)
	if strings.TrimSpace(f.typed[field]) == "" {
		return decimal.Zero
	}
	return f.decimalOf(field, f.typed[field])
}

func (f *etaxForm) baht(field string) int64 {
	f.typed[field] = f.raw(field)
	return f.satang(field)
}

// readRecipients reads those of the rows that have an address.
func (f *etaxForm) readRecipients() (list []etax.Recipient) {
	for n := range f.recipients {
		at := fmt.Sprintf("recipient_%d_", n)
		r := etax.Recipient{Channel: f.one(at + "channel"), Address: f.line(at + "address"), OTP: f.ticked(at + "otp")}
		if r.Channel == etax.SMS {
			r.Address = digitsOf(r.Address)
		}
		if r.Address != "" {
			list = append(list, r)
		}
	}
	return list
}

// rowOf leads from the rows that a rule counts, which are those that were
// filled, to those on the page.
func (f *etaxForm) rowOf(field string) string {
	for _, kind := range []struct {
		prefix string
		rows   int
		filled func(at string) bool
	}{
		{"line_", f.lines, func(at string) bool {
			return f.typed[at+"name"]+f.typed[at+"price"]+f.typed[at+"original_price"] != ""
		}},
		{"reference_", f.references, func(at string) bool { return f.typed[at+"number"]+f.typed[at+"kind"]+f.typed[at+"on"] != "" }},
		{"recipient_", f.recipients, func(at string) bool { return strings.TrimSpace(f.typed[at+"address"]) != "" }},
	} {
		rest, ok := strings.CutPrefix(field, kind.prefix)
		if !ok {
			continue
		}
		number, name, _ := strings.Cut(rest, "_")
		want, err := strconv.Atoi(number)
		if err != nil {
			return field
		}
		for n := range kind.rows {
			if at := fmt.Sprintf("%s%d_", kind.prefix, n); kind.filled(at) {
				if want == 0 {
					return at + name
				}
				want--
			}
		}
	}
	return field
}

// obeyRules adds what the rules say to what could not be read.
func (f *etaxForm) obeyRules(ctx context.Context, faults []etax.Fault) {
	if f.password != "" {
		faults = append(faults, etax.CheckPassword(f.password)...)
	}
	for _, fault := range faults {
		field := f.rowOf(fault.Field)
		if f.errorOf(ctx, field) == "" {
			f.fail(field, etaxFaultMessage(fault))
		}
	}
}

// etaxFaultMessage is what to do about a fault.
func etaxFaultMessage(f etax.Fault) text.Message {
	if f.Rule == etax.CreditedBeyond {
		return text.Msg("etax.fault.credited_beyond", "left", text.Amount(f.Satang))
	}
	return text.Msg(text.Prefix("etax.fault.") + string(f.Rule))
}

// stored is the document as the store keeps it.
func (f *etaxForm) stored() (store.Etax, error) { return storedEtax(f.doc) }

func storedEtax(d etax.Document) (store.Etax, error) {
	a, err := d.Amounts()
	if err != nil {
		return store.Etax{}, fmt.Errorf("adding up a tax document: %w", err)
	}
	content, err := json.Marshal(d)
	if err != nil {
		return store.Etax{}, fmt.Errorf("writing a tax document: %w", err)
	}
	e := store.Etax{
		ID: store.NewID(), Kind: d.Kind, Number: d.Number, IssuedOn: d.IssuedOn.Time(), BuyerName: d.Buyer.Name, BuyerTaxID: d.Buyer.Registration(),
		BasisSatang: a.BasisSatang, VATSatang: a.VATSatang, TotalSatang: a.TotalSatang, Content: content,
	}
	e.References = teller.OwnReferences(d)
	return e, nil
}

// documentOf reads a stored document.
func documentOf(e store.Etax) (etax.Document, error) {
	var d etax.Document
	if err := json.Unmarshal(e.Content, &d); err != nil {
		return d, fmt.Errorf("reading a tax document: %w", err)
	}
	return d, nil
}

// rearranged does what another button than the one that saves asks for, and
// reports whether one was pressed.
func (f *etaxForm) rearranged() bool {
	switch f.do {
	case "add-line":
		if f.lines < maxEtaxLines {
			at := fmt.Sprintf("line_%d_", max(f.lines, 0))
			f.typed[at+"quantity"], f.typed[at+"vat"] = "1", "standard"
			f.lines++
		}
	case "add-reference":
		f.references = min(f.references+1, maxEtaxReferences)
	case "add-recipient":
		f.recipients = min(f.recipients+1, etax.MaxRecipients)
	case "kind":
	default:
		return false
	}
	f.faults = nil
	return true
}
