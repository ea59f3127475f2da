package krungsri

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// wireDocument is one element of documents[]. [inferred; the real interface may turn out to be multipart]
type wireDocument struct {
	FileName string `json:"fileName"`
	MIMEType string `json:"mimeType"`
	Content  []byte `json:"content"` // base64, by encoding/json
	SHA256   string `json:"sha256"`
	Category string `json:"documentCategory"`
}

// DocumentType is a row of the table of what the bank takes as a document.
type DocumentType struct {
	MediaType string
	Standing  Standing
}

// DocumentTypes is the table. The slice is the caller's to keep.
func DocumentTypes() []DocumentType { return slices.Clone(documentTypes) }

var documentTypes = []DocumentType{
	{"application/pdf", Inferred},
	{"application/xml", Inferred},
	{"text/xml", Inferred}, // the same, by its older name
	{"image/png", Inferred},
	{"image/jpeg", Inferred},
}

// encodeDocument is the last look at a file: what leaves must be what was agreed to.
func encodeDocument(d Document) (wireDocument, error) {
	sum := sha256.Sum256(d.Content)
	if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, d.SHA256) {
		return wireDocument{}, fmt.Errorf("%w: document content has the hash %s, not the agreed %.64s", ErrBadRequest, got, d.SHA256)
	}
	return wireDocument{d.FileName, d.MIMEType, d.Content, strings.ToLower(d.SHA256), d.Category}, nil
}

func accepted(results []DocumentResult, sent wireDocument) error {
	if len(results) != 1 {
		return fmt.Errorf("%w: %d documents answered, one was sent", ErrMismatch, len(results))
	}
	r := results[0]
	return matches(
		same("fileName", r.FileName, sent.FileName),
		same("sha256", strings.ToLower(r.SHA256), sent.SHA256),
		among("documentStatus", r.Status, DocumentAccepted),
	)
}
