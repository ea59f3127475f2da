package upload

import "bytes"

// A Kind is what a document is by its content. The values are stored.
type Kind string

// The kinds that are taken.
const (
	PDF  Kind = "pdf"
	PNG  Kind = "png"
	JPEG Kind = "jpg"
	XML  Kind = "xml"
)

// Kinds lists what is taken, in the order in which people are told.
var Kinds = []Kind{PDF, PNG, JPEG, XML}

var mediaTypes = map[Kind]string{PDF: "application/pdf", PNG: "image/png", JPEG: "image/jpeg", XML: "application/xml"}

// MediaType returns the type to store and serve a document of this kind under.
func (k Kind) MediaType() string {
	if t, known := mediaTypes[k]; known {
		return t
	}
	return "application/octet-stream"
}

// KindOf is the kind that is stored under a media type, or "".
func KindOf(mediaType string) Kind {
	for kind, t := range mediaTypes {
		if t == mediaType {
			return kind
		}
	}
	return ""
}

// Extension returns the ending of file names of this kind, with its dot.
func (k Kind) Extension() string {
	if k == "" {
		return ""
	}
	return "." + string(k)
}

// extensions are all endings that say the same, in lower case.
func (k Kind) extensions() []string {
	if k == JPEG {
		return []string{".jpg", ".jpeg"}
	}
	return []string{k.Extension()}
}

var (
	pngMagic  = []byte("\x89PNG\r\n\x1a\n")
	jpegMagic = []byte("\xff\xd8\xff")
	bom       = []byte("\xef\xbb\xbf")
)

// sniffed is how many bytes it takes to be certain of a kind, unless blanks
// stand before XML.
const sniffed = 8

// kindOf is what a document that begins like this claims to be, or "". A head
// that is still too short to tell is certain to be something, or it is "".
func kindOf(head []byte) Kind {
	for _, m := range []struct {
		magic []byte
		kind  Kind
	}{{pdfMagic, PDF}, {pngMagic, PNG}, {jpegMagic, JPEG}} {
		if bytes.HasPrefix(head, m.magic) {
			return m.kind
		}
	}
	if bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, bom), whitespace[1:]), []byte("<")) {
		return XML
	}
	return ""
}
