package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/krungsri"
)

// presentment is an entry as the bank keeps it.
type presentment struct {
	Reference   string                     `json:"reference"`
	Partner     krungsri.Reference         `json:"partnerReference"`
	Type        string                     `json:"type"`
	Number      string                     `json:"documentNumber"`
	Seller      party                      `json:"seller"`
	Buyer       party                      `json:"buyer"`
	Due         krungsri.Date              `json:"dueDate"`
	Total       krungsri.Baht              `json:"totalAmount"`
	Attachments bool                       `json:"hasAttachment"`
	Status      krungsri.PresentmentStatus `json:"status"`
	Remark      string                     `json:"remark"` // the buyer's
	At          time.Time                  `json:"at"`
	Documents   []document                 `json:"documents"`
	Content     string                     `json:"content"` // hash of what was asked, without the partner reference
	// What the buyer paid, and the bank's name for the transfer.
	Paid             krungsri.Baht `json:"paidAmount"`
	PaymentReference string        `json:"paymentReference"`
}

type party struct {
	TaxID string `json:"taxIdentification"`
	Name  string `json:"name"`
	// A seller's account, to which its money comes.
	Account string `json:"accountNumber,omitempty"`
}

var (
	presentmentForm = regexp.MustCompile(`^PSM[0-9]{14}$`)
	documentForm    = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}/._-]{0,34}$`)
	branchForm      = regexp.MustCompile(`^[0-9]{5}$`)
	accountForm     = regexp.MustCompile(`^[0-9]{10}$`)
	bankForm        = regexp.MustCompile(`^[0-9]{3}$`)
)

// typeCodes are the kinds of document each type of presentment may be. [inferred, from the e-Tax code list]
var typeCodes = map[string][]string{
	"INVOICE":     {"380"},
	"TAX_INVOICE": {"388", "T02", "T03", "T04"},
	"DEBIT_NOTE":  {"80"},
	"CREDIT_NOTE": {"81"},
}

func (b *Bank) createPresentment(q request) (any, *refusal) {
	m := q.members
	p := &presentment{Partner: q.reference, At: b.now(), Status: krungsri.StatusReceived, Content: contentHash(m)}
	p.Type = m.choice("presentmentType", "INVOICE", "TAX_INVOICE", "DEBIT_NOTE", "CREDIT_NOTE")
	m.choice("documentTypeCode", typeCodes[p.Type]...)
	p.Number = m.pattern("documentNumber", documentForm, mandatory)
	issued := m.day("documentDate")
	p.Due = m.day("dueDate")
	p.Seller = readParty(m.object("seller"), true)
	p.Buyer = readParty(m.object("buyer"), false)
	m.choice("currency", "THB")
	totals := readTotals(m)
	p.Total = totals.total
	p.Attachments = m.flag("hasAttachment")
	replaces := m.pattern("replacesPresentmentReferenceNumber", presentmentForm, optional)
	m.text("remark", 500, optional)
	if p.Seller.TaxID == p.Buyer.TaxID {
		m.refuse("buyer", "seller and buyer are the same")
	}
	b.checkDates(m, issued, p.Due)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if refused := totals.check(); refused != nil {
		return nil, refused
	}
	if refused := b.repeated(q); refused != nil {
		return nil, refused
	}
	if refused := b.repeatedDocument(p); refused != nil {
		return nil, refused
	}
	old, refused := b.replaced(replaces, p)
	if refused != nil {
		return nil, refused
	}

	p.Reference = b.nextReference("PSM")
	if !p.Attachments {
		p.Status = krungsri.StatusPresented
	}
	if old != nil {
		old.Status = krungsri.StatusReplaced
	}
	b.state.addPresentment(p)
	b.record(q, p.Seller.TaxID+"/"+p.Number, p.Reference)
	return krungsri.CreatePresentmentResponse{
		PresentmentReference: p.Reference, Status: p.Status, SubmittedAt: krungsri.Instant{Time: p.At},
		PartnerReference: p.Partner, DocumentNumber: p.Number, TotalAmount: p.Total,
	}, nil
}

func readParty(m *members, seller bool) party {
	p := party{TaxID: m.taxID("taxIdentification")}
	m.pattern("branchNumber", branchForm, mandatory)
	p.Name = m.text("name", 256, mandatory)
	m.text("address", 512, mandatory)
	if seller {
		p.Account = m.pattern("accountNumber", accountForm, mandatory)
	} else {
		m.pattern("bankCode", bankForm, optional)
	}
	m.done()
	return p
}

// checkDates takes a bill of today or of the past year, due within a year of its date.
func (b *Bank) checkDates(m *members, issued, due krungsri.Date) {
	today := b.today()
	switch {
	case today.Before(issued):
		m.refuse("documentDate", "%s is in the future", issued)
	case issued.Before(today.AddDays(-366)):
		m.refuse("documentDate", "%s is more than a year ago", issued)
	case due.Before(issued):
		m.refuse("dueDate", "%s is before the document's date", due)
	case issued.AddDays(366).Before(due):
		m.refuse("dueDate", "%s is more than a year after the document's date", due)
	}
}

func (b *Bank) repeatedDocument(p *presentment) *refusal {
	old, ok := b.state.byDocument[p.key()]
	if !ok {
		return nil
	}
	content := "other content"
	if old.Content == p.Content {
		content = "the same content"
	}
	return duplicate("document number %s was presented before with %s, as %s", p.Number, content, old.Reference)
}

// replaced finds the disputed entry that the new one takes the place of.
func (b *Bank) replaced(reference string, p *presentment) (*presentment, *refusal) {
	if reference == "" {
		return nil, nil
	}
	old, ok := b.state.byReference[reference]
	switch {
	case !ok:
		return nil, notFound("presentment", reference)
	case old.Seller.TaxID != p.Seller.TaxID || old.Buyer.TaxID != p.Buyer.TaxID:
		return nil, refuse(http.StatusUnprocessableEntity, krungsri.CodeDifferentParty, "ผู้ขายหรือผู้ซื้อไม่ตรงกับรายการเดิม",
			"seller or buyer differ from %s", reference)
	case old.Status != krungsri.StatusDisputed:
		return nil, wrongState("%s is %s: only a disputed entry can be replaced", reference, old.Status)
	}
	return old, nil
}

func (b *Bank) uploadPresentmentDocument(q request) (any, *refusal) {
	m := q.members
	reference := m.pattern("presentmentReferenceNumber", presentmentForm, mandatory)
	files := b.readDocuments(m)
	completed := m.flag("uploadCompleted")
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if refused := b.repeated(q); refused != nil {
		return nil, refused
	}
	p, ok := b.state.byReference[reference]
	if !ok {
		return nil, notFound("presentment", reference)
	}
	if p.Status != krungsri.StatusReceived {
		return nil, wrongState("%s is %s: documents are taken before presentation only", reference, p.Status)
	}
	all, refused := addDocuments(p.Documents, files)
	if refused != nil {
		return nil, refused
	}

	p.Documents = all
	if completed {
		p.Status = krungsri.StatusPresented
	}
	b.record(q, documentKey(reference, files), reference)
	return krungsri.UploadPresentmentDocumentResponse{
		PresentmentReference: reference, Status: p.Status, PartnerReference: q.reference, Documents: results(files),
	}, nil
}

func (b *Bank) cancelPresentment(q request) (any, *refusal) {
	m := q.members
	reference := m.pattern("presentmentReferenceNumber", presentmentForm, mandatory)
	m.text("cancellationReason", 140, mandatory)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	p, ok := b.state.byReference[reference]
	if !ok {
		return nil, notFound("presentment", reference)
	}
	switch p.Status {
	case krungsri.StatusReceived, krungsri.StatusPresented:
	case krungsri.StatusCancelled:
		return nil, refuse(http.StatusConflict, krungsri.CodeAlreadyDone, "รายการนี้ถูกยกเลิกแล้ว", "%s is cancelled already", reference)
	default:
		return nil, wrongState("%s is %s: it can no longer be cancelled", reference, p.Status)
	}
	p.Status = krungsri.StatusCancelled
	b.record(q, reference+"/cancel", reference)
	return krungsri.CancelPresentmentResponse{
		PresentmentReference: reference, Status: p.Status, PartnerReference: q.reference, CancelledAt: krungsri.Instant{Time: b.now()},
	}, nil
}

// Presentment is the status of an entry, or empty.
func (b *Bank) Presentment(reference string) krungsri.PresentmentStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p, ok := b.state.byReference[reference]; ok {
		return p.Status
	}
	return ""
}

// Decide plays the buyer, or the passing of time: a presented entry is accepted, disputed or expires; an accepted one is paid as a whole.
func (b *Bank) Decide(reference string, status krungsri.PresentmentStatus, remark string) error {
	return b.DecideThen(reference, status, remark, time.Time{})
}

// DecideThen plays a buyer who decided at a time that is past, and of whom the partner hears only now: for a history that was
// not lived through. The zero time is now.
func (b *Bank) DecideThen(reference string, status krungsri.PresentmentStatus, remark string, then time.Time) error {
	switch status {
	case krungsri.StatusAccepted, krungsri.StatusDisputed, krungsri.StatusExpired:
		return b.move(reference, krungsri.StatusPresented, then, func(p *presentment, _ time.Time) error {
			p.Status, p.Remark = status, remark
			return nil
		})
	case krungsri.StatusPaid:
		return b.pay(reference, nil, then)
	}
	return fmt.Errorf("sandbox: nobody decides %q", status)
}

// Pay has the buyer of an accepted entry pay so much of it, or all of it. Buyers who withhold tax pay less than the total, and
// the bank takes that.
func (b *Bank) Pay(reference string, amount *krungsri.Baht) error {
	return b.pay(reference, amount, time.Time{})
}

func (b *Bank) pay(reference string, amount *krungsri.Baht, then time.Time) error {
	return b.move(reference, krungsri.StatusAccepted, then, func(p *presentment, at time.Time) error {
		paid := p.Total
		if amount != nil {
			paid = *amount
		}
		if paid <= 0 || paid > p.Total {
			return fmt.Errorf("sandbox: %s of %s cannot be paid", paid, p.Total)
		}
		p.Status, p.Remark, p.Paid, p.PaymentReference = krungsri.StatusPaid, "", paid, b.nextReference("TRF")
		b.state.Transfers = append(b.state.Transfers, entryPaid(p, at))
		return nil
	})
}

func (b *Bank) move(reference string, from krungsri.PresentmentStatus, then time.Time, change func(p *presentment, at time.Time) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.state.byReference[reference]
	if !ok {
		return fmt.Errorf("sandbox: no presentment %q", reference)
	}
	if p.Status != from {
		return fmt.Errorf("sandbox: %s is %s, not %s", reference, p.Status, from)
	}
	at := b.now()
	if !then.IsZero() && then.Before(at) {
		at = then
	}
	if err := change(p, at); err != nil {
		return err
	}
	b.tell(p, at)
	return b.save()
}

// totals are the sums of an entry, to be computed again.
type totals struct {
	beforeTax, tax, total krungsri.Baht
	lines                 krungsri.Baht   // sum of the items
	exactTax              decimal.Decimal // satang, before the one rounding
	wrongLine             string
}

func readTotals(m *members) totals {
	t := totals{
		beforeTax: m.baht("amountBeforeTax", mandatory),
		tax:       m.baht("taxAmount", mandatory),
		total:     m.baht("totalAmount", mandatory),
	}
	rate, _ := m.decimal("taxRate", mandatory)
	if rate.IsNegative() || rate.GreaterThan(decimal.NewFromInt(30)) {
		m.refuse("taxRate", "0 to 30 per cent is expected")
	}
	if t.total <= 0 {
		m.refuse("totalAmount", "an amount above zero is expected")
	}
	for i, item := range m.list("items", 1000) {
		if item.integer("lineNumber") != i+1 {
			item.refuse("items", "line numbers must run from 1")
		}
		item.text("name", 256, mandatory)
		quantity, _ := item.decimal("quantity", mandatory)
		item.text("unitCode", 10, optional)
		price, _ := item.decimal("unitPrice", mandatory)
		discount := item.baht("discountAmount", optional)
		amount := item.baht("amountBeforeTax", mandatory)
		lineRate, given := item.decimal("taxRate", optional)
		if !given {
			lineRate = rate
		}
		item.done()
		want := krungsri.Baht(quantity.Mul(price.Decimal).Shift(2).Round(0).IntPart()) - discount
		if want != amount && t.wrongLine == "" {
			t.wrongLine = fmt.Sprintf("line %d: %s", i+1, differ(amount, want))
		}
		t.lines += amount
		t.exactTax = t.exactTax.Add(decimal.NewFromInt(int64(amount)).Mul(lineRate.Decimal).Shift(-2))
	}
	return t
}

// check adds up: lines, then VAT rounded once for the document, half away from zero, then the total.
func (t totals) check() *refusal {
	wrong := func(format string, args ...any) *refusal {
		return refuse(http.StatusUnprocessableEntity, krungsri.CodeTotals, "ยอดเงินรวมไม่ถูกต้อง", format, args...)
	}
	tax := krungsri.Baht(t.exactTax.Round(0).IntPart())
	switch {
	case t.wrongLine != "":
		return wrong("%s", t.wrongLine)
	case t.beforeTax != t.lines:
		return wrong("amountBeforeTax: %s", differ(t.beforeTax, t.lines))
	case t.tax != tax:
		return wrong("taxAmount: %s", differ(t.tax, tax))
	case t.total != t.beforeTax+t.tax:
		return wrong("totalAmount: %s", differ(t.total, t.beforeTax+t.tax))
	}
	return nil
}
