package upload

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
)

// forbidden lists the names that make a PDF do something, whether as a key or
// as a value. A document that merely uses such a name for a font of its own
// is refused as well; no real one was seen to.
var forbidden = map[string]error{
	"Encrypt":       ErrEncrypted,
	"JavaScript":    ErrScript,
	"JS":            ErrScript,
	"Launch":        ErrLaunch,
	"EmbeddedFile":  ErrEmbedded,
	"EmbeddedFiles": ErrEmbedded,
	"GoToE":         ErrEmbedded,
	"RichMedia":     ErrRichMedia,
	"Rendition":     ErrRichMedia,
	"XFA":           ErrXFA,
	"AA":            ErrAction,
	"SubmitForm":    ErrAction,
	"ImportData":    ErrAction,
}

// scanPDF looks at every name of the document, those in object streams
// included, without following any offset. It trusts no structure: an object
// that starts where the scan saw a string, a comment or stream data is refused,
// since a viewer that goes by offsets would find it there.
func scanPDF(data []byte) error {
	s := scan{data: data}
	err := s.file()
	switch {
	case s.reason != nil:
		return s.reason
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case len(s.headers) > maxObjects:
		return ErrTooComplex
	case s.hiddenObject():
		return fmt.Errorf("%w: an object is hidden inside other data", ErrDamaged)
	}
	return s.unpack()
}

type scan struct {
	data    []byte
	reason  error // the gravest forbidden name met so far
	headers []int // where each "obj" keyword stands, ascending
	packed  []packedObjects
}

// packedObjects is an object stream: its dictionary's names, and its bytes.
type packedObjects struct {
	names map[string]bool
	body  []byte
}

func (s *scan) file() error {
	l := lexer{data: s.data}
	names := map[string]bool{}
	numbers := 0 // how many whole numbers precede the token
	for {
		t, err := l.next()
		if err != nil {
			return err
		}
		switch {
		case t.kind == tokenEnd:
			return nil
		case t.kind == tokenName:
			s.judge(t.text)
			names[string(t.text)] = true
		case t.kind == tokenWord && string(t.text) == "obj" && numbers >= 2:
			s.headers = append(s.headers, t.start)
			clear(names)
		case t.kind == tokenWord && string(t.text) == "stream":
			body, ok := l.skipStream()
			if !ok {
				return fmt.Errorf("stream at %d has no end", t.start)
			}
			s.keepPacked(names, body)
			clear(names)
		}
		if t.kind == tokenWord && isWhole(t.text) {
			numbers++
		} else {
			numbers = 0
		}
	}
}

// judge remembers a forbidden name. Encryption outranks the rest: nothing
// else that was found in such a file means what it seems to.
func (s *scan) judge(name []byte) {
	reason := forbidden[string(name)]
	if reason != nil && (s.reason == nil || reason == ErrEncrypted) {
		s.reason = reason
	}
}

// keepPacked remembers a stream that is an object stream by its type, or by
// the two keys that make viewers treat it as one.
func (s *scan) keepPacked(names map[string]bool, body []byte) {
	if !names["ObjStm"] && (!names["First"] || !names["N"]) {
		return
	}
	kept := make(map[string]bool, len(names))
	for name := range names {
		kept[name] = true
	}
	s.packed = append(s.packed, packedObjects{names: kept, body: body})
}

// skipStream returns the data of a stream and moves behind it. The declared
// length is not asked: it may lie, or stand somewhere else.
func (l *lexer) skipStream() ([]byte, bool) {
	body := l.data[l.pos:]
	n := bytes.Index(body, []byte("endstream"))
	if n < 0 {
		return nil, false
	}
	l.pos += n + len("endstream")
	body = bytes.TrimPrefix(body[:n], []byte("\r"))
	return bytes.TrimPrefix(body, []byte("\n")), true
}

// hiddenObject reports whether the file holds the beginning of an object
// ("12 0 obj") anywhere the scan did not see one.
func (s *scan) hiddenObject() bool {
	seen := s.headers
	for at := 0; ; at += len("obj") {
		n := bytes.Index(s.data[at:], []byte("obj"))
		if n < 0 {
			return false
		}
		at += n
		if !endsInTwoNumbers(s.data[:at]) {
			continue
		}
		for len(seen) > 0 && seen[0] < at {
			seen = seen[1:]
		}
		if len(seen) == 0 || seen[0] != at {
			return true
		}
	}
}

// endsInTwoNumbers reports whether data ends like "12 0 " or "12 0". It looks
// at a bounded stretch, or a file of digits would cost quadratic time.
func endsInTwoNumbers(data []byte) bool {
	data = data[max(0, len(data)-256):]
	data = bytes.TrimRight(data, whitespace)
	generation := trimDigits(data)
	number := bytes.TrimRight(generation, whitespace)
	return len(generation) < len(data) && len(number) < len(generation) && len(trimDigits(number)) < len(number)
}

func trimDigits(data []byte) []byte { return bytes.TrimRight(data, "0123456789") }

func isWhole(word []byte) bool { return len(word) > 0 && len(trimDigits(word)) == 0 }

// unpack inflates the object streams, all within one budget, and judges the
// names inside.
func (s *scan) unpack() error {
	budget := int64(maxUnpacked)
	for _, p := range s.packed {
		content, err := p.inflate(budget)
		if err != nil {
			return err
		}
		budget -= int64(len(content))
		l := lexer{data: content}
		for {
			t, err := l.next()
			if err != nil {
				return fmt.Errorf("%w: object stream: %w", ErrDamaged, err)
			}
			if t.kind == tokenEnd {
				break
			}
			if t.kind == tokenName {
				s.judge(t.text)
			}
		}
	}
	return s.reason
}

// inflate unpacks the two codings object streams have in practice: none, and
// Flate without predictor. Any other would only serve to hide something.
func (p packedObjects) inflate(budget int64) ([]byte, error) {
	switch {
	case !p.names["Filter"] && !p.names["F"]:
		return p.body, nil
	case p.names["Predictor"], p.filters() != 1, !p.names["FlateDecode"] && !p.names["Fl"]:
		return nil, fmt.Errorf("%w: object stream in an unusual coding", ErrDamaged)
	}
	r, err := zlib.NewReader(bytes.NewReader(p.body))
	if err != nil {
		return nil, fmt.Errorf("%w: object stream: %w", ErrDamaged, err)
	}
	content, err := io.ReadAll(io.LimitReader(r, budget+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: object stream: %w", ErrDamaged, err)
	case int64(len(content)) > budget:
		return nil, fmt.Errorf("%w: object streams unpack to too much", ErrTooComplex)
	}
	return content, nil
}

func (p packedObjects) filters() int {
	n := 0
	for _, name := range []string{
		"ASCIIHexDecode", "AHx", "ASCII85Decode", "A85", "LZWDecode", "LZW", "FlateDecode", "Fl",
		"RunLengthDecode", "RL", "CCITTFaxDecode", "CCF", "JBIG2Decode", "DCTDecode", "DCT", "JPXDecode", "Crypt",
	} {
		if p.names[name] {
			n++
		}
	}
	return n
}
