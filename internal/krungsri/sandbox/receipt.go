package sandbox

import (
	"net/http"
	"regexp"
	"time"

	"portal/internal/krungsri"
)

// receipt is an eReceipt as the bank keeps it.
type receipt struct {
	Reference   string                 `json:"reference"`
	Partner     krungsri.Reference     `json:"partnerReference"`
	Number      string                 `json:"receiptNumber"`
	Presentment string                 `json:"presentment"`
	Seller      party                  `json:"seller"`
	Buyer       party                  `json:"buyer"`
	Amount      krungsri.Baht          `json:"receivedAmount"`
	Status      krungsri.ReceiptStatus `json:"status"`
	At          time.Time              `json:"at"`
	Documents   []document             `json:"documents"`
	Content     string                 `json:"content"`
}

var receiptForm = regexp.MustCompile(`^ERC[0-9]{14}$`)

func (b *Bank) createReceipt(q request) (any, *refusal) {
	m := q.members
	r := &receipt{Partner: q.reference, At: b.now(), Status: krungsri.ReceiptReceived, Content: contentHash(m)}
	r.Presentment = m.pattern("presentmentReferenceNumber", presentmentForm, optional)
	r.Number = m.pattern("receiptNumber", documentForm, mandatory)
	day := m.day("receiptDate")
	r.Amount = m.baht("receivedAmount", mandatory)
	m.pattern("paymentReferenceIdentification", referenceForm, optional)
	r.Seller = readParty(m.object("seller"), true)
	r.Buyer = readParty(m.object("buyer"), false)
	attachments := m.flag("hasAttachment")
	if r.Amount <= 0 {
		m.refuse("receivedAmount", "an amount above zero is expected")
	}
	if r.Seller.TaxID == r.Buyer.TaxID {
		m.refuse("buyer", "seller and buyer are the same")
	}
	if today := b.today(); today.Before(day) || day.Before(today.AddDays(-366)) {
		m.refuse("receiptDate", "%s is in the future or more than a year ago", day)
	}
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if refused := b.repeated(q); refused != nil {
		return nil, refused
	}
	if old, ok := b.state.byReceiptNumber[r.key()]; ok {
		content := "other content"
		if old.Content == r.Content {
			content = "the same content"
		}
		return nil, duplicate("receipt number %s was used before with %s, as %s", r.Number, content, old.Reference)
	}
	if refused := b.checkReceipted(r); refused != nil {
		return nil, refused
	}

	r.Reference = b.nextReference("ERC")
	if !attachments {
		r.Status = krungsri.ReceiptIssued
	}
	b.state.addReceipt(r)
	b.record(q, r.Seller.TaxID+"/"+r.Number, r.Reference)
	return krungsri.CreateReceiptResponse{
		ReceiptReference: r.Reference, Status: r.Status, SubmittedAt: krungsri.Instant{Time: r.At},
		PartnerReference: r.Partner, ReceiptNumber: r.Number, ReceivedAmount: r.Amount,
	}, nil
}

// checkReceipted lets receipts be given for an accepted or paid entry, between the same two, up to its total.
func (b *Bank) checkReceipted(r *receipt) *refusal {
	if r.Presentment == "" {
		return nil
	}
	p, ok := b.state.byReference[r.Presentment]
	switch {
	case !ok:
		return notFound("presentment", r.Presentment)
	case p.Seller.TaxID != r.Seller.TaxID || p.Buyer.TaxID != r.Buyer.TaxID:
		return refuse(http.StatusUnprocessableEntity, krungsri.CodeDifferentParty, "ผู้ขายหรือผู้ซื้อไม่ตรงกับรายการเรียกเก็บ",
			"seller or buyer differ from %s", p.Reference)
	case p.Status != krungsri.StatusAccepted && p.Status != krungsri.StatusPaid:
		return wrongState("%s is %s: a receipt needs an accepted or paid entry", p.Reference, p.Status)
	}
	given := r.Amount
	for _, other := range b.state.Receipts {
		if other.Presentment == p.Reference {
			given += other.Amount
		}
	}
	if given > p.Total {
		return refuse(http.StatusUnprocessableEntity, krungsri.CodeTotals, "ยอดรับชำระเกินยอดเรียกเก็บ",
			"receipts of %s would exceed the total of %s", given, p.Total)
	}
	return nil
}

func (b *Bank) uploadReceiptDocument(q request) (any, *refusal) {
	m := q.members
	reference := m.pattern("eReceiptReferenceNumber", receiptForm, mandatory)
	files := b.readDocuments(m)
	completed := m.flag("uploadCompleted")
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if refused := b.repeated(q); refused != nil {
		return nil, refused
	}
	r, ok := b.state.byReceipt[reference]
	if !ok {
		return nil, notFound("eReceipt", reference)
	}
	if r.Status != krungsri.ReceiptReceived {
		return nil, wrongState("%s is %s: documents are taken before issue only", reference, r.Status)
	}
	all, refused := addDocuments(r.Documents, files)
	if refused != nil {
		return nil, refused
	}

	r.Documents = all
	if completed {
		r.Status = krungsri.ReceiptIssued
	}
	b.record(q, documentKey(reference, files), reference)
	return krungsri.UploadReceiptDocumentResponse{
		ReceiptReference: reference, Status: r.Status, PartnerReference: q.reference, Documents: results(files),
	}, nil
}
