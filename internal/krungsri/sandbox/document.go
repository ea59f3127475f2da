package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"portal/internal/krungsri"
)

const (
	documentsLimit = 10      // per entry
	documentLimit  = 5 << 20 // bytes of one document
)

// document is what the bank keeps of a file. The stand-in does not keep the content.
type document struct {
	FileName string `json:"fileName"`
	MIMEType string `json:"mimeType"`
	Category string `json:"category"`
	Size     int    `json:"size"`
	SHA256   string `json:"sha256"`
}

var (
	fileNameForm = regexp.MustCompile(`^[^/\\\x00-\x1f]{1,200}$`)
	hashForm     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	categoryForm = regexp.MustCompile(`^[A-Z][A-Z_]{1,29}$`)
)

// mediaTypes are those of the table that the client knows, too.
func mediaTypes() []string {
	var all []string
	for _, t := range krungsri.DocumentTypes() {
		all = append(all, t.MediaType)
	}
	return all
}

func (b *Bank) readDocuments(m *members) []document {
	var files []document
	for _, f := range m.list("documents", documentsLimit) {
		d := document{
			FileName: f.pattern("fileName", fileNameForm, mandatory),
			MIMEType: f.choice("mimeType", mediaTypes()...),
			SHA256:   f.pattern("sha256", hashForm, mandatory),
			Category: f.pattern("documentCategory", categoryForm, mandatory),
		}
		encoded := f.text("content", base64.StdEncoding.EncodedLen(documentLimit), mandatory)
		f.done()
		content, err := base64.StdEncoding.Strict().DecodeString(encoded)
		sum := sha256.Sum256(content)
		d.Size = len(content)
		switch {
		case err != nil:
			f.refuse("content", "base64 is expected")
		case len(content) > documentLimit:
			f.refuse("content", "larger than %d bytes", documentLimit)
		case hex.EncodeToString(sum[:]) != d.SHA256:
			f.refuse("sha256", "it is not the hash of the content")
		case contentType(content) != strings.Replace(d.MIMEType, "text/xml", "application/xml", 1):
			f.refuse("mimeType", "the content is not %s", d.MIMEType)
		}
		files = append(files, d)
	}
	return files
}

// contentType looks at more than the first bytes: a page that begins with %PDF is not a document.
func contentType(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")) && bytes.Contains(b[max(0, len(b)-1024):], []byte("%%EOF")):
		return "application/pdf"
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")):
		if _, err := png.DecodeConfig(bytes.NewReader(b)); err == nil {
			return "image/png"
		}
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		if _, err := jpeg.DecodeConfig(bytes.NewReader(b)); err == nil {
			return "image/jpeg"
		}
	case wellFormedXML(b):
		return "application/xml"
	}
	return ""
}

func wellFormedXML(b []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(b))
	elements := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements > 0
		}
		if err != nil {
			return false
		}
		if _, ok := token.(xml.StartElement); ok {
			elements++
		}
	}
}

func addDocuments(have, files []document) ([]document, *refusal) {
	all := slices.Clone(have)
	for _, f := range files {
		if slices.ContainsFunc(all, func(d document) bool { return d.SHA256 == f.SHA256 }) {
			return nil, duplicate("document %s was uploaded before", f.SHA256)
		}
		all = append(all, f)
	}
	if len(all) > documentsLimit {
		return nil, refuse(http.StatusUnprocessableEntity, krungsri.CodeTooMany, "จำนวนเอกสารเกินกำหนด", "more than %d documents", documentsLimit)
	}
	return all, nil
}

func documentKey(reference string, files []document) string {
	parts := []string{reference}
	for _, f := range files {
		parts = append(parts, f.SHA256)
	}
	return strings.Join(parts, "/")
}

func results(files []document) []krungsri.DocumentResult {
	all := make([]krungsri.DocumentResult, len(files))
	for i, f := range files {
		all[i] = krungsri.DocumentResult{FileName: f.FileName, SHA256: f.SHA256, Status: krungsri.DocumentAccepted}
	}
	return all
}

// contentHash is that of a request without its partner reference: two requests for the same thing have the same.
func contentHash(m *members) string {
	values := make(map[string]json.RawMessage, len(m.values))
	for name, v := range m.values {
		if name != "partnerReference" {
			values[name] = v
		}
	}
	canonical, err := json.Marshal(values)
	if err != nil {
		return "" // cannot be: these are pieces of JSON that was read before
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}
