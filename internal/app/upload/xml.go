package upload

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds on what an XML document may unfold to. An e-Tax invoice of a thousand
// lines stays below a third of each.
const (
	maxElements = 200_000
	maxNesting  = 64
	maxTag      = 64 << 10 // bytes of one tag
)

// activeSpaces are the vocabularies in which XML is a program or a page, or
// pulls in what lies elsewhere.
var activeSpaces = []string{
	"http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xsl/transform",
	"http://www.w3.org/tr/wd-xsl", "http://www.w3.org/1999/xsl/format", "http://www.w3.org/2001/xinclude",
	"http://www.w3.org/1999/xlink", "http://www.w3.org/2002/xforms", "http://www.w3.org/2001/xml-events",
	"http://www.mozilla.org/keymaster/gatekeeper/there.is.only.xul",
}

// checkXML passes a document that is one well-formed XML document in UTF-8 and
// that nothing would run, draw or complete from elsewhere. What it means is
// not judged.
func checkXML(ctx context.Context, data []byte) error {
	if !utf8.Valid(data) {
		return ErrEncoding
	}
	if bytes.ContainsFunc(data, forbiddenInXML) {
		return damaged(errors.New("a character that XML does not know"))
	}
	if bytes.Contains(data, pdfMagic) {
		return ErrSecondFormat
	}
	if err := checkTags(data); err != nil {
		return err
	}
	d := xml.NewDecoder(&interruptible{ctx, bytes.NewReader(bytes.TrimPrefix(data, bom))})
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("%w: %.40q", ErrEncoding, charset)
	}
	var seen xmlSeen
	for {
		token, err := d.Token()
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%w: %w", ErrTooComplex, ctx.Err())
		case errors.Is(err, io.EOF):
			return seen.end()
		case errors.Is(err, ErrEncoding):
			return err
		case err != nil && d.InputOffset() >= int64(len(bytes.TrimPrefix(data, bom))):
			return fmt.Errorf("%w: %w", ErrTruncated, err)
		case err != nil:
			return damaged(err)
		}
		if err := seen.take(token); err != nil {
			return err
		}
	}
}

func forbiddenInXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

// checkTags bounds the length of every tag, because the decoder takes a tag
// with all its attributes into memory at once.
func checkTags(data []byte) error {
	for {
		at := bytes.IndexByte(data, '<')
		if at < 0 {
			return nil
		}
		data = data[at:]
		closing, limit := []byte(">"), maxTag
		switch {
		case bytes.HasPrefix(data, []byte("<!--")):
			closing, limit = []byte("-->"), len(data)
		case bytes.HasPrefix(data, []byte("<![CDATA[")):
			closing, limit = []byte("]]>"), len(data)
		}
		end := bytes.Index(data[:min(len(data), limit)], closing)
		switch {
		case end >= 0:
			data = data[end+len(closing):]
		case len(data) > limit:
			return fmt.Errorf("%w: a tag of more than %d bytes", ErrTooComplex, maxTag)
		default:
			return ErrTruncated
		}
	}
}

// xmlSeen is what has been seen of a document.
type xmlSeen struct {
	tokens   int
	elements int
	depth    int
}

func (s *xmlSeen) end() error {
	if s.elements == 0 {
		return damaged(errors.New("no element"))
	}
	return nil
}

func (s *xmlSeen) take(token xml.Token) error {
	s.tokens++
	switch t := token.(type) {
	case xml.StartElement:
		if s.depth == 0 && s.elements > 0 {
			return damaged(errors.New("more than one root"))
		}
		s.elements++
		if s.depth++; s.depth > maxNesting || s.elements > maxElements {
			return fmt.Errorf("%w: %d elements, %d deep", ErrTooComplex, s.elements, s.depth)
		}
		return checkElement(t)
	case xml.EndElement:
		s.depth--
	case xml.CharData:
		if s.depth == 0 && len(bytes.TrimSpace(t)) > 0 {
			return damaged(errors.New("text outside the root"))
		}
	case xml.Directive:
		return ErrDTD
	case xml.ProcInst:
		// Only the declaration, and only where it belongs. Every other such
		// instruction is meant for a program.
		if t.Target != "xml" {
			return fmt.Errorf("%w: <?%.40s", ErrActiveXML, t.Target)
		}
		if s.tokens > 1 {
			return damaged(errors.New("a declaration in the middle"))
		}
	}
	return nil
}

func checkElement(e xml.StartElement) error {
	if active(e.Name.Space) || strings.EqualFold(e.Name.Local, "html") || strings.EqualFold(e.Name.Local, "script") || strings.EqualFold(e.Name.Local, "svg") {
		return fmt.Errorf("%w: <%.40s>", ErrActiveXML, e.Name.Local)
	}
	names := make(map[xml.Name]bool, len(e.Attr))
	for _, a := range e.Attr {
		if names[a.Name] {
			return damaged(errors.New("an attribute twice"))
		}
		names[a.Name] = true
		declares := a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
		if active(a.Name.Space) || declares && active(a.Value) {
			return fmt.Errorf("%w: %.60q", ErrActiveXML, a.Value)
		}
	}
	return nil
}

func active(space string) bool {
	space = strings.TrimRight(strings.ToLower(strings.TrimSpace(space)), "/#")
	return slices.Contains(activeSpaces, space)
}
