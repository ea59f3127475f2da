package upload_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"portal/internal/app/upload/samplepdf"
)

// catalog and pages are objects 1 to 3 of every document built here.
const (
	catalog = "<< /Type /Catalog /Pages 2 0 R %s >>"
	pages   = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	page    = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] %s >>"
)

// classic writes a document with a cross-reference table. Object numbers are
// positions in the list, from 1.
func classic(objects ...string) []byte {
	return revision([]byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "", objects...)
}

// revision appends objects, a table and a trailer to what is there.
func revision(head []byte, trailer string, objects ...string) []byte {
	b := bytes.NewBuffer(bytes.Clone(head))
	var xref strings.Builder
	for i, object := range objects {
		fmt.Fprintf(&xref, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(b, "xref\n0 %d\n0000000000 65535 f \n%s", len(objects)+1, xref.String())
	fmt.Fprintf(b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, start)
	return b.Bytes()
}

// withCatalog is a one-page document with more in its catalog and behind its
// page.
func withCatalog(entries string, more ...string) []byte {
	return classic(append([]string{fmt.Sprintf(catalog, entries), pages, fmt.Sprintf(page, "")}, more...)...)
}

// withPage is the same with more in its page.
func withPage(entries string, more ...string) []byte {
	return classic(append([]string{fmt.Sprintf(catalog, ""), pages, fmt.Sprintf(page, entries)}, more...)...)
}

func deflate(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func stream(dict string, data []byte) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(data), data)
}

// packed is how an object stream is written down.
type packed struct {
	dict  string                   // in place of /Type /ObjStm
	codec string                   // in place of /Filter /FlateDecode
	wrap  func([]byte) []byte      // in place of deflate
	pad   int                      // blanks behind the objects
	xref  func(body []byte) []byte // a last change to the cross-reference data
}

// modern writes a document whose objects all lie in one object stream, found
// through a cross-reference stream.
func (p packed) modern(objects ...string) []byte {
	var index, body strings.Builder
	for i, object := range objects {
		fmt.Fprintf(&index, "%d %d ", i+1, body.Len())
		body.WriteString(object + " ")
	}
	content := []byte(index.String() + body.String() + strings.Repeat(" ", p.pad))
	wrap, dict, codec := deflate, "/Type /ObjStm", "/Filter /FlateDecode"
	if p.wrap != nil {
		wrap, codec = p.wrap, p.codec
	}
	if p.dict != "" {
		dict = p.dict
	}

	b := bytes.NewBufferString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	home, table := len(objects)+1, len(objects)+2
	entries := [][3]int{{0, 0, 255}}
	for i := range objects {
		entries = append(entries, [3]int{2, home, i})
	}
	entries = append(entries, [3]int{1, b.Len(), 0})
	fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", home,
		stream(fmt.Sprintf("%s %s /N %d /First %d", dict, codec, len(objects), index.Len()), wrap(content)))
	start := b.Len()
	entries = append(entries, [3]int{1, start, 0})

	var rows []byte
	for _, e := range entries {
		rows = append(rows, byte(e[0]))
		rows = binary.BigEndian.AppendUint32(rows, uint32(e[1]))
		rows = append(rows, byte(e[2]))
	}
	if p.xref != nil {
		rows = p.xref(rows)
	}
	fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", table, stream(fmt.Sprintf(
		"/Type /XRef /Filter /FlateDecode /W [1 4 1] /Size %d /Root 1 0 R", table+1), deflate(rows)))
	fmt.Fprintf(b, "startxref\n%d\n%%%%EOF\n", start)
	return b.Bytes()
}

func insertBeforeEnd(t *testing.T, doc []byte, data string) []byte {
	t.Helper()
	i := bytes.LastIndex(doc, []byte("startxref"))
	if i < 0 {
		t.Fatal("no startxref in document")
	}
	return append(append(bytes.Clone(doc[:i]), data...), doc[i:]...)
}

func sample() []byte { return samplepdf.SamplePDF("INV-2568-0001") }
