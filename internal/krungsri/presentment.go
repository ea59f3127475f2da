package krungsri

import (
	"context"
)

// CreatePresentmentRequest is an entry the bank presents to the buyer. Members: [inferred], after the contract's §2.9.
type CreatePresentmentRequest struct {
	PresentmentType   string  `json:"presentmentType"`
	DocumentTypeCode  string  `json:"documentTypeCode"`
	DocumentNumber    string  `json:"documentNumber"` // the business key: one per seller, ever
	DocumentDate      Date    `json:"documentDate"`
	DueDate           Date    `json:"dueDate"`
	Seller            Party   `json:"seller"`
	Buyer             Party   `json:"buyer"`
	Currency          string  `json:"currency"`
	AmountBeforeTax   Baht    `json:"amountBeforeTax"`
	TaxRate           Decimal `json:"taxRate"` // percent
	TaxAmount         Baht    `json:"taxAmount"`
	TotalAmount       Baht    `json:"totalAmount"`
	Items             []Item  `json:"items"`
	HasAttachment     bool    `json:"hasAttachment"` // the bank waits for documents before it presents
	ReplacesReference string  `json:"replacesPresentmentReferenceNumber,omitempty"`
	Remark            string  `json:"remark,omitempty"`
}

// Party is a seller or a buyer. A seller has an AccountNumber to be paid into, a buyer may have a BankCode to be reached by.
type Party struct {
	TaxIdentification string `json:"taxIdentification"`
	BranchNumber      string `json:"branchNumber"` // 00000 is the head office
	Name              string `json:"name"`
	Address           string `json:"address"`
	AccountNumber     string `json:"accountNumber,omitempty"`
	BankCode          string `json:"bankCode,omitempty"`
}

// Item is a line of a presentment. AmountBeforeTax is Quantity × UnitPrice rounded to satang, less DiscountAmount.
type Item struct {
	LineNumber      int      `json:"lineNumber"`
	Name            string   `json:"name"`
	Quantity        Decimal  `json:"quantity"`
	UnitCode        string   `json:"unitCode,omitempty"`
	UnitPrice       Decimal  `json:"unitPrice"`
	DiscountAmount  Baht     `json:"discountAmount,omitempty"`
	AmountBeforeTax Baht     `json:"amountBeforeTax"`
	TaxRate         *Decimal `json:"taxRate,omitempty"` // the document's, unless given
}

// CreatePresentmentResponse echoes what the bank has recorded.
type CreatePresentmentResponse struct {
	PresentmentReference string            `json:"presentmentReferenceNumber"`
	Status               PresentmentStatus `json:"presentmentStatus"`
	SubmittedAt          Instant           `json:"submitDateTime"`
	PartnerReference     Reference         `json:"partnerReference"`
	DocumentNumber       string            `json:"documentNumber"`
	TotalAmount          Baht              `json:"totalAmount"`
}

// Document is a file for an entry. SHA256, in hexadecimal, is what was agreed to; content with another hash is not sent.
type Document struct {
	FileName string
	MIMEType string
	Category string
	SHA256   string
	Content  []byte
}

// UploadPresentmentDocumentRequest carries one document. The last one says so, and the bank presents the entry.
type UploadPresentmentDocumentRequest struct {
	PresentmentReference string
	Document             Document
	UploadCompleted      bool
}

// UploadPresentmentDocumentResponse echoes the file the bank has stored.
type UploadPresentmentDocumentResponse struct {
	PresentmentReference string            `json:"presentmentReferenceNumber"`
	Status               PresentmentStatus `json:"presentmentStatus"`
	PartnerReference     Reference         `json:"partnerReference"`
	Documents            []DocumentResult  `json:"documents"`
}

// DocumentResult is the bank's word on one file.
type DocumentResult struct {
	FileName string         `json:"fileName"`
	SHA256   string         `json:"sha256"`
	Status   DocumentStatus `json:"documentStatus"`
}

// CancelPresentmentRequest takes back an entry as a whole.
type CancelPresentmentRequest struct {
	PresentmentReference string `json:"presentmentReferenceNumber"`
	Reason               string `json:"cancellationReason"`
}

// CancelPresentmentResponse confirms the cancellation.
type CancelPresentmentResponse struct {
	PresentmentReference string            `json:"presentmentReferenceNumber"`
	Status               PresentmentStatus `json:"presentmentStatus"`
	PartnerReference     Reference         `json:"partnerReference"`
	CancelledAt          Instant           `json:"cancelDateTime"`
}

// CreatePresentment submits an entry. The bank offers no inquiry for it: an Unknown is settled by people.
func (c *Client) CreatePresentment(ctx context.Context, ref Reference, r CreatePresentmentRequest) (CreatePresentmentResponse, error) {
	// partnerReference [inferred]: no page names the member, but without one the bank could not say which attempt it answers.
	body := struct {
		PartnerReference Reference `json:"partnerReference"`
		CreatePresentmentRequest
	}{ref, r}
	return write(ctx, c, createPresentment, ref, body, func(a CreatePresentmentResponse) error {
		return matches(
			has("presentmentReferenceNumber", a.PresentmentReference),
			same("partnerReference", a.PartnerReference, ref),
			same("documentNumber", a.DocumentNumber, r.DocumentNumber),
			same("totalAmount", a.TotalAmount, r.TotalAmount),
			among("presentmentStatus", a.Status, StatusReceived, StatusPresented),
		)
	})
}

// UploadPresentmentDocument adds one document to an entry that is not presented yet.
func (c *Client) UploadPresentmentDocument(ctx context.Context, ref Reference, r UploadPresentmentDocumentRequest) (UploadPresentmentDocumentResponse, error) {
	file, err := encodeDocument(r.Document)
	if err != nil {
		return UploadPresentmentDocumentResponse{}, unsendable(uploadPresentmentDocument, err)
	}
	body := struct {
		PartnerReference     Reference      `json:"partnerReference"`
		PresentmentReference string         `json:"presentmentReferenceNumber"`
		Documents            []wireDocument `json:"documents"`
		UploadCompleted      bool           `json:"uploadCompleted"`
	}{ref, r.PresentmentReference, []wireDocument{file}, r.UploadCompleted}
	expected := StatusReceived
	if r.UploadCompleted {
		expected = StatusPresented
	}
	return write(ctx, c, uploadPresentmentDocument, ref, body, func(a UploadPresentmentDocumentResponse) error {
		return matches(
			same("presentmentReferenceNumber", a.PresentmentReference, r.PresentmentReference),
			same("partnerReference", a.PartnerReference, ref),
			among("presentmentStatus", a.Status, expected),
			accepted(a.Documents, file),
		)
	})
}

// CancelPresentment takes an entry back before the buyer has accepted it.
func (c *Client) CancelPresentment(ctx context.Context, ref Reference, r CancelPresentmentRequest) (CancelPresentmentResponse, error) {
	body := struct {
		PartnerReference Reference `json:"partnerReference"`
		CancelPresentmentRequest
	}{ref, r}
	return write(ctx, c, cancelPresentment, ref, body, func(a CancelPresentmentResponse) error {
		return matches(
			same("presentmentReferenceNumber", a.PresentmentReference, r.PresentmentReference),
			same("partnerReference", a.PartnerReference, ref),
			among("presentmentStatus", a.Status, StatusCancelled),
		)
	})
}
