package krungsri

import "context"

// CreateReceiptRequest tells the buyer that payment has arrived. Members: [inferred], after the contract's §2.9.
type CreateReceiptRequest struct {
	PresentmentReference string `json:"presentmentReferenceNumber,omitempty"`
	ReceiptNumber        string `json:"receiptNumber"` // the business key: one per seller, ever
	ReceiptDate          Date   `json:"receiptDate"`
	ReceivedAmount       Baht   `json:"receivedAmount"`
	PaymentReference     string `json:"paymentReferenceIdentification,omitempty"`
	Seller               Party  `json:"seller"`
	Buyer                Party  `json:"buyer"`
	HasAttachment        bool   `json:"hasAttachment"` // the bank waits for documents before it tells the buyer
}

// CreateReceiptResponse echoes what the bank has recorded.
type CreateReceiptResponse struct {
	ReceiptReference string        `json:"eReceiptReferenceNumber"`
	Status           ReceiptStatus `json:"eReceiptStatus"`
	SubmittedAt      Instant       `json:"submitDateTime"`
	PartnerReference Reference     `json:"partnerReference"`
	ReceiptNumber    string        `json:"receiptNumber"`
	ReceivedAmount   Baht          `json:"receivedAmount"`
}

// UploadReceiptDocumentRequest carries one document. The last one says so, and the bank tells the buyer.
type UploadReceiptDocumentRequest struct {
	ReceiptReference string
	Document         Document
	UploadCompleted  bool
}

// UploadReceiptDocumentResponse echoes the file the bank has stored.
type UploadReceiptDocumentResponse struct {
	ReceiptReference string           `json:"eReceiptReferenceNumber"`
	Status           ReceiptStatus    `json:"eReceiptStatus"`
	PartnerReference Reference        `json:"partnerReference"`
	Documents        []DocumentResult `json:"documents"`
}

// CreateReceipt submits an eReceipt entry. The bank offers no inquiry for it: an Unknown is settled by people.
func (c *Client) CreateReceipt(ctx context.Context, ref Reference, r CreateReceiptRequest) (CreateReceiptResponse, error) {
	body := struct {
		PartnerReference Reference `json:"partnerReference"`
		CreateReceiptRequest
	}{ref, r}
	return write(ctx, c, createReceipt, ref, body, func(a CreateReceiptResponse) error {
		return matches(
			has("eReceiptReferenceNumber", a.ReceiptReference),
			same("partnerReference", a.PartnerReference, ref),
			same("receiptNumber", a.ReceiptNumber, r.ReceiptNumber),
			same("receivedAmount", a.ReceivedAmount, r.ReceivedAmount),
			among("eReceiptStatus", a.Status, ReceiptReceived, ReceiptIssued),
		)
	})
}

// UploadReceiptDocument adds one document to an eReceipt that is not issued yet.
func (c *Client) UploadReceiptDocument(ctx context.Context, ref Reference, r UploadReceiptDocumentRequest) (UploadReceiptDocumentResponse, error) {
	file, err := encodeDocument(r.Document)
	if err != nil {
		return UploadReceiptDocumentResponse{}, unsendable(uploadReceiptDocument, err)
	}
	body := struct {
		PartnerReference Reference      `json:"partnerReference"`
		ReceiptReference string         `json:"eReceiptReferenceNumber"`
		Documents        []wireDocument `json:"documents"`
		UploadCompleted  bool           `json:"uploadCompleted"`
	}{ref, r.ReceiptReference, []wireDocument{file}, r.UploadCompleted}
	expected := ReceiptReceived
	if r.UploadCompleted {
		expected = ReceiptIssued
	}
	return write(ctx, c, uploadReceiptDocument, ref, body, func(a UploadReceiptDocumentResponse) error {
		return matches(
			same("eReceiptReferenceNumber", a.ReceiptReference, r.ReceiptReference),
			same("partnerReference", a.PartnerReference, ref),
			among("eReceiptStatus", a.Status, expected),
			accepted(a.Documents, file),
		)
	})
}
