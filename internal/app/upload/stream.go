package upload

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
)

var (
	errStreamEnd = errors.New("stream without end")
	errCoding    = errors.New("structure in an unusual coding")
)

// A coding is how the data of a stream is packed, as far as it matters here.
type coding int

const (
	codingNone coding = iota
	codingFlate
	codingOther
)

// A stream is what the scan keeps of one: enough to know whether the parser
// would unpack it.
type stream struct {
	object  int  // index of its header, -1 before the first
	objects bool // an object stream
	table   bool // a cross-reference stream
	coding  coding
	body    []byte
}

// newStream judges a stream by the names in its dictionary. An object stream
// is known by its type, or by the two keys that make viewers treat it as one.
func newStream(object int, names map[string]bool, body []byte) stream {
	st := stream{
		object:  object,
		objects: names["ObjStm"] || names["First"] && names["N"],
		table:   names["XRef"],
		body:    body,
	}
	switch {
	case !names["Filter"] && !names["F"]:
	case filters(names) == 1 && (names["FlateDecode"] || names["Fl"]) && (!st.objects || !names["Predictor"]):
		st.coding = codingFlate
	default:
		st.coding = codingOther
	}
	return st
}

func filters(names map[string]bool) int {
	n := 0
	for _, name := range []string{
		"ASCIIHexDecode", "AHx", "ASCII85Decode", "A85", "LZWDecode", "LZW", "FlateDecode", "Fl",
		"RunLengthDecode", "RL", "CCITTFaxDecode", "CCF", "JBIG2Decode", "DCTDecode", "DCT", "JPXDecode", "Crypt",
	} {
		if names[name] {
			n++
		}
	}
	return n
}

// inflate unpacks the two codings that structure has in practice: none, and
// Flate, which in object streams comes without predictor. Any other would
// only serve to hide something.
func (st stream) inflate(budget int) ([]byte, error) {
	switch st.coding {
	case codingNone:
		return st.body, nil
	case codingOther:
		return nil, damaged(errCoding)
	}
	r, err := zlib.NewReader(bytes.NewReader(st.body))
	if err != nil {
		return nil, damaged(err)
	}
	content, err := io.ReadAll(io.LimitReader(r, int64(budget)+1))
	switch {
	case len(content) > budget:
		return nil, fmt.Errorf("%w: structure unpacks to too much", ErrTooComplex)
	case err != nil:
		return nil, damaged(err)
	}
	return content, nil
}

// skipStream returns the data of a stream and moves behind it. The declared
// length is not asked: it may lie, or stand somewhere else.
func (l *lexer) skipStream() ([]byte, error) {
	body := l.data[l.pos:]
	n := bytes.Index(body, []byte("endstream"))
	if n < 0 {
		return nil, errStreamEnd
	}
	l.pos += n + len("endstream")
	body = bytes.TrimPrefix(body[:n], []byte("\r"))
	return bytes.TrimPrefix(body, []byte("\n")), nil
}
