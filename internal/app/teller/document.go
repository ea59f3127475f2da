package teller

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// Document is what people approve of a document: not its bytes but
// their hash, which the worker compares before it sends them.
type Document struct {
	FileID          store.ID `json:"file"`
	FileName        string   `json:"file_name"`
	MediaType       string   `json:"media_type"`
	Category        string   `json:"category"`
	Size            int      `json:"size"`
	SHA256          string   `json:"sha256"`
	UploadCompleted bool     `json:"upload_completed"`

	// Of a receipt's paper that is sent again: the receipt at the bank, and its
	// amount, under which people approve. With its entry it needs neither.
	ReceiptReference string        `json:"receiptReference,omitempty"`
	TotalAmount      krungsri.Baht `json:"totalAmount,omitempty"`
}

var (
	// errNotBuilt marks a request that could not be put together now, so that
	// nothing was sent.
	errNotBuilt = errors.New("the request could not be put together")
	// errUnsendable marks content that will never be sent.
	errUnsendable = errors.New("the stored content is not what was approved")
)

func presentmentDocument(ctx context.Context, s *store.Store, c store.Claimed, p Document) (krungsri.UploadPresentmentDocumentRequest, error) {
	d, err := loadDocument(ctx, s, c, p)
	return krungsri.UploadPresentmentDocumentRequest{
		PresentmentReference: c.LeadReference, Document: d, UploadCompleted: p.UploadCompleted,
	}, err
}

func receiptDocument(ctx context.Context, s *store.Store, c store.Claimed, p Document) (krungsri.UploadReceiptDocumentRequest, error) {
	d, err := loadDocument(ctx, s, c, p)
	return krungsri.UploadReceiptDocumentRequest{
		ReceiptReference: cmp.Or(p.ReceiptReference, c.LeadReference), Document: d, UploadCompleted: p.UploadCompleted,
	}, err
}

func loadDocument(ctx context.Context, s *store.Store, c store.Claimed, p Document) (krungsri.Document, error) {
	content := bytes.NewBuffer(make([]byte, 0, p.Size))
	err := s.Read(ctx, store.Actor{Merchant: c.MerchantID}, func(q *store.Query) error { return q.WriteFile(p.FileID, content) })
	if errors.Is(err, store.ErrSealed) {
		return krungsri.Document{}, fmt.Errorf("%w: %s: %w", errUnsendable, p.FileID, err)
	}
	if err != nil {
		return krungsri.Document{}, err
	}
	if hash := sha256.Sum256(content.Bytes()); hex.EncodeToString(hash[:]) != p.SHA256 {
		return krungsri.Document{}, fmt.Errorf("%w: %s", errUnsendable, p.FileID)
	}
	return krungsri.Document{
		FileName: p.FileName, MIMEType: p.MediaType, Category: p.Category, SHA256: p.SHA256, Content: content.Bytes(),
	}, nil
}
