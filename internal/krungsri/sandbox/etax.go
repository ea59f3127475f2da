package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// taxDocument is a tax document as the bank keeps it. Its files are drawn anew whenever they are wanted: the same data gives the
// same bytes. Only a PDF that a password locks is kept, since no two locks are alike and the password is not kept.
type taxDocument struct {
	Reference  string                 `json:"reference"`
	Partner    krungsri.Reference     `json:"partnerReference"`
	TypeCode   string                 `json:"typeCode"`
	Name       string                 `json:"name"`
	Number     string                 `json:"documentNumber"`
	IssuedAt   time.Time              `json:"issuedAt"`
	Purpose    string                 `json:"purposeCode"`
	Reason     string                 `json:"purpose"`
	References []taxReference         `json:"references"`
	Seller     taxParty               `json:"seller"`
	Buyer      taxParty               `json:"buyer"`
	Items      []taxItem              `json:"items"`
	Sums       taxSums                `json:"sums"`
	Note       string                 `json:"note"`
	Formats    []string               `json:"formats"`
	LockedPDF  []byte                 `json:"lockedPDF,omitempty"` // where the partner asked for a password
	Recipients []taxRecipient         `json:"recipients"`
	ToRevenue  bool                   `json:"toRevenue"`
	Status     krungsri.TaxStatus     `json:"status"`
	Revenue    krungsri.RevenueStatus `json:"revenue"`
	Remark     string                 `json:"remark"` // why it failed
	At         time.Time              `json:"at"`     // taken on
	Since      time.Time              `json:"since"`  // in its status
	Content    string                 `json:"content"`
}

type taxReference struct {
	Number   string        `json:"number"`
	IssuedOn krungsri.Date `json:"issuedOn"`
	TypeCode string        `json:"typeCode"`
}

type taxRecipient struct {
	Channel string `json:"channel"`
	Address string `json:"address"`
}

var (
	taxForm   = regexp.MustCompile(`^ETX[0-9]{14}$`)
	emailForm = regexp.MustCompile(`^[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,24}$`)
	phoneForm = regexp.MustCompile(`^0[689][0-9]{8}$`)
)

// taxKinds are the documents that the bank makes. [inferred, from the e-Tax code list]
var taxKinds = []string{"388", "T01", "T02", "T03", "T04", "80", "81"}

// taxKey is unique at the bank: one seller uses a number once for each kind of document.
type taxKey struct{ seller, typeCode, number string }

func (d *taxDocument) key() taxKey { return taxKey{d.Seller.ID, d.TypeCode, d.Number} }

// taxNumber is the seller's number without its branch.
func (d *taxDocument) taxNumber() string { return d.Seller.ID[:min(13, len(d.Seller.ID))] }

func (b *Bank) generateDocument(q request) (any, *refusal) {
	m := q.members
	d := &taxDocument{
		Partner: q.reference, At: b.now(), Since: b.now(), Status: krungsri.TaxAccepted, Revenue: krungsri.RevenueNone, Content: contentHash(m),
	}
	d.TypeCode = m.choice("documentTypeCode", taxKinds...)
	d.Name = m.text("documentName", 35, mandatory)
	d.Number = m.pattern("documentNumber", documentForm, mandatory)
	d.IssuedAt = b.issued(m)
	d.readPurpose(m)
	d.Seller, d.Buyer = readTaxParty(m.object("seller"), true), readTaxParty(m.object("buyer"), false)
	if d.Seller.ID == d.Buyer.ID {
		m.refuse("buyer", "seller and buyer are the same")
	}
	d.Items = readTaxItems(m)
	d.Sums = readTaxSums(m.object("summary"), d.TypeCode == "80" || d.TypeCode == "81")
	d.Note = m.text("remark", 500, optional)
	d.Formats = readFormats(m)
	password := m.text("documentPassword", 32, optional)
	d.Recipients = readRecipients(m, optional)
	d.ToRevenue = m.flag("submitToRevenueDepartment")
	if d.ToRevenue && !slices.Contains(d.Formats, string(krungsri.FormatXML)) {
		m.refuse("outputFormats", "the Revenue Department takes XML")
	}
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if refused := d.checkSums(); refused != nil {
		return nil, refused
	}
	if refused := b.repeated(q); refused != nil {
		return nil, refused
	}
	if old, ok := b.state.byTaxNumber[d.key()]; ok {
		content := "other content"
		if old.Content == d.Content {
			content = "the same content"
		}
		return nil, duplicate("document number %s was used before with %s, as %s", d.Number, content, old.Reference)
	}

	d.Reference = b.nextReference("ETX")
	d.lockWith(password)
	b.state.addTaxDocument(d)
	b.record(q, d.Seller.ID+"/"+d.TypeCode+"/"+d.Number, d.Reference)
	return krungsri.GenerateDocumentResponse{
		DocumentReference: d.Reference, Status: d.Status, SubmittedAt: krungsri.Instant{Time: d.At},
		PartnerReference: d.Partner, Number: d.Number, GrandTotal: d.Sums.Grand,
	}, nil
}

// issued takes a document of today or of the past year.
func (b *Bank) issued(m *members) time.Time {
	var at krungsri.Instant
	s := m.text("issueDateTime", 40, mandatory)
	if s == "" {
		return time.Time{}
	}
	if err := at.UnmarshalText([]byte(s)); err != nil {
		m.refuse("issueDateTime", "%v", err)
	} else if day := krungsri.DateOf(at.Time); b.today().Before(day) || day.Before(b.today().AddDays(-366)) {
		m.refuse("issueDateTime", "%s is in the future or more than a year ago", day)
	}
	return at.Time
}

// purposes are the first letters of the reasons that a kind of document may give, and what it may refer to then.
var purposes = map[string]struct{ prefixes, refersTo []string }{
	"80":  {[]string{"DBNG", "DBNS"}, []string{"80", "81", "388", "T02", "T03", "T04"}},
	"81":  {[]string{"CDNG", "CDNS"}, []string{"80", "81", "388", "T02", "T03", "T04"}},
	"T01": {[]string{"RCTC"}, []string{"T01"}},
}

func (d *taxDocument) readPurpose(m *members) {
	rule, note := purposes[d.TypeCode]
	note = note && d.TypeCode != "T01"
	if len(rule.prefixes) == 0 {
		rule.prefixes, rule.refersTo = []string{"TIVC"}, []string{"388", "T02", "T03", "T04"}
	}
	d.Purpose = m.text("purposeCode", 6, optional)
	d.Reason = m.text("purpose", 256, optional)
	if _, given := m.values["referencedDocuments"]; given || note {
		for _, r := range m.list("referencedDocuments", 20) {
			d.References = append(d.References, taxReference{
				Number: r.pattern("documentNumber", documentForm, mandatory), IssuedOn: r.day("issueDate"), TypeCode: r.choice("typeCode", rule.refersTo...),
			})
			r.done()
		}
	} else {
		m.raw("referencedDocuments", optional)
	}
	fits := slices.ContainsFunc(rule.prefixes, func(p string) bool { return len(d.Purpose) == 6 && strings.HasPrefix(d.Purpose, p) })
	switch {
	case (d.Purpose != "") != (len(d.References) > 0):
		m.refuse("purposeCode", "a purpose and a referenced document go together")
	case d.Purpose != "" && !fits:
		m.refuse("purposeCode", "%s is not for a %s", d.Purpose, d.TypeCode)
	case strings.HasSuffix(d.Purpose, "99") && d.Reason == "":
		m.refuse("purpose", "%s needs words", d.Purpose)
	}
}

func readFormats(m *members) (formats []string) {
	raw, ok := m.raw("outputFormats", mandatory)
	if !ok {
		return nil
	}
	switch string(raw) {
	case `["PDF"]`, `["XML"]`, `["PDF","XML"]`, `["XML","PDF"]`:
		return strings.FieldsFunc(string(raw), func(r rune) bool { return strings.ContainsRune(`[]",`, r) })
	}
	m.refuse("outputFormats", "PDF, XML or both are expected")
	return nil
}

func readRecipients(m *members, n need) (all []taxRecipient) {
	if _, given := m.values["recipients"]; !given && n == optional {
		m.raw("recipients", optional)
		return nil
	}
	for _, r := range m.list("recipients", 10) {
		to := taxRecipient{Channel: r.choice("channel", "EMAIL", "SMS")}
		form := emailForm
		if to.Channel == "SMS" {
			form = phoneForm
		}
		to.Address = r.pattern("recipientAddress", form, mandatory)
		r.flag("otpRequired")
		r.done()
		all = append(all, to)
	}
	return all
}

func (b *Bank) retrieveDocument(q request) (any, *refusal) {
	m := q.members
	reference := m.pattern("documentReferenceNumber", taxForm, mandatory)
	m.choice("retrievalMethod", krungsri.RetrieveInline)
	format := m.text("outputFormat", 3, optional)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	d, ok := b.state.byTaxReference[reference]
	if !ok {
		return nil, notFound("document", reference)
	}
	b.proceed(d)
	said := d.said(b.now())
	if d.made() {
		for _, f := range d.files() {
			if format == "" || format == string(f.Format) {
				said.Documents = append(said.Documents, f)
			}
		}
	}
	return said, nil
}

func (b *Bank) reissueDocument(q request) (any, *refusal) {
	m := q.members
	reference := m.pattern("documentReferenceNumber", taxForm, mandatory)
	recipients := readRecipients(m, mandatory)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if refused := b.repeated(q); refused != nil {
		return nil, refused
	}
	d, ok := b.state.byTaxReference[reference]
	if !ok {
		return nil, notFound("document", reference)
	}
	b.proceed(d)
	if !d.made() {
		return nil, wrongState("%s is %s: there is nothing to hand out yet", reference, d.Status)
	}
	answer := krungsri.ReissueDocumentResponse{DocumentReference: reference, PartnerReference: q.reference, ReissuedAt: krungsri.Instant{Time: b.now()}}
	for _, to := range recipients {
		state := krungsri.ReissueSent
		if strings.HasPrefix(to.Address, MagicBounce) {
			state = krungsri.ReissueFailed
		}
		answer.Results = append(answer.Results, krungsri.ReissueResult{Channel: to.Channel, Address: to.Address, Status: state})
	}
	b.record(q, fmt.Sprintf("%s/reissue/%s", reference, q.reference), reference)
	return answer, nil
}
