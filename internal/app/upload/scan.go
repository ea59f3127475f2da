package upload

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// forbidden lists the names that make a PDF do something, whether as a key or
// as a value. A document that merely uses such a name for a font of its own
// is refused as well.
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

var errHidden = errors.New("a part of the structure is hidden inside other data")

// scanPDF looks at every name of the document, those in object streams
// included, without following any offset. It trusts no structure: an object
// that starts where the scan saw a string, a comment or stream data is refused,
// since a viewer that goes by offsets would find it there.
func scanPDF(data []byte) (*scan, error) {
	s := &scan{data: data}
	err := s.file()
	switch {
	case s.reason != nil:
		return nil, s.reason
	case err != nil:
		return nil, damaged(err)
	case s.hiddenObject(), s.hiddenKeyword("startxref", s.tables), s.hiddenKeyword("trailer", s.trailers):
		return nil, damaged(errHidden)
	}
	return s, s.unpack()
}

// damaged wraps what is wrong with the syntax; a bound that was hit stays
// what it is.
func damaged(err error) error {
	if errors.Is(err, ErrTooComplex) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

type scan struct {
	data     []byte
	tokens   int
	reason   error    // the gravest forbidden name met so far
	headers  []int    // where each "obj" keyword stands, ascending
	begins   []int    // where the number before each of them stands
	marks    []int    // how many tokens were read up to each
	tables   []int    // where each "startxref" stands
	trailers []int    // where each "trailer" stands
	targets  []int    // where a cross-reference stream could begin
	streams  []stream // all streams, in file order
}

// step counts a token against the document's budget: parsed, each costs some
// two hundred bytes.
func (s *scan) step(l *lexer) (token, error) {
	if s.tokens++; s.tokens > maxTokens {
		return token{}, ErrTooComplex
	}
	return l.next()
}

// file reads the whole file as one row of tokens, stepping over stream data.
func (s *scan) file() error {
	l := lexer{data: s.data}
	names := map[string]bool{} // of the object at hand
	numbers := 0               // how many whole numbers precede the token
	before := [2]int{}         // where the two tokens before it stand
	pointer := false           // whether the token before announces an offset
	for {
		t, err := s.step(&l)
		if err != nil || t.kind == tokenEnd {
			return err
		}
		if pointer && !l.atReference() {
			s.keepTarget(t)
		}
		pointer = false
		word := ""
		if t.kind == tokenWord {
			word = string(t.text)
		}
		switch {
		case t.kind == tokenName:
			s.judge(t.text)
			names[string(t.text)] = true
			pointer = string(t.text) == "Prev" || string(t.text) == "XRefStm"
		case word == "startxref":
			s.tables = append(s.tables, t.start)
			pointer = true
		case word == "trailer":
			s.trailers = append(s.trailers, t.start)
		case word == "obj" && numbers >= 2:
			if s.headers = append(s.headers, t.start); len(s.headers) > maxObjects {
				return ErrTooComplex
			}
			s.begins = append(s.begins, before[0])
			s.marks = append(s.marks, s.tokens)
			clear(names)
		case word == "stream":
			body, err := l.skipStream()
			if err != nil {
				return err
			}
			s.streams = append(s.streams, newStream(len(s.headers)-1, names, body))
			clear(names)
		}
		before = [2]int{before[1], t.start}
		numbers++
		if !isWhole(t.text) || t.kind != tokenWord {
			numbers = 0
		}
	}
}

// judge remembers a forbidden name. Encryption outranks the rest: nothing
// else that was found in such a file means what it seems to.
func (s *scan) judge(name []byte) {
	reason := forbidden[string(name)]
	if reason != nil && (s.reason == nil || errors.Is(reason, ErrEncrypted)) {
		s.reason = reason
	}
}

// keepTarget remembers where a cross-reference stream could begin: where an
// offset points, unless to a table in plain text.
func (s *scan) keepTarget(t token) {
	offset, err := strconv.Atoi(string(t.text))
	if err != nil || t.kind != tokenWord || offset < 0 || offset >= len(s.data) {
		return
	}
	line := bytes.TrimLeft(s.data[offset:min(len(s.data), offset+256)], whitespace)
	if n := bytes.IndexAny(line, "\r\n"); n < 0 || string(bytes.TrimRight(line[:n], whitespace)) != "xref" {
		s.targets = append(s.targets, offset)
	}
}

// hiddenObject reports whether the file holds the beginning of an object
// ("12 0 obj") anywhere the scan did not see one.
func (s *scan) hiddenObject() bool {
	return s.hidden("obj", s.headers, func(at int) bool { return endsInTwoNumbers(s.data[:at]) })
}

// hiddenKeyword does the same for what leads to a cross-reference section. A
// keyword that no number or dictionary follows is only a word in a text.
func (s *scan) hiddenKeyword(keyword string, seen []int) bool {
	return s.hidden(keyword, seen, func(at int) bool {
		rest := bytes.TrimLeft(s.data[at+len(keyword):min(len(s.data), at+256)], whitespace)
		return len(rest) > 0 && (rest[0] == '<' || rest[0] == '+' || rest[0] == '%' || isDigit(rest[0]))
	})
}

// hidden reports whether the keyword stands, in a way that counts, anywhere
// but at the places seen, which are in ascending order.
func (s *scan) hidden(keyword string, seen []int, counts func(at int) bool) bool {
	for at := 0; ; at += len(keyword) {
		n := bytes.Index(s.data[at:], []byte(keyword))
		if n < 0 {
			return false
		}
		at += n
		if !counts(at) {
			continue
		}
		if _, found := slices.BinarySearch(seen, at); !found {
			return true
		}
	}
}

// unpack judges the names inside the object streams. What they and the
// cross-reference streams inflate to comes out of one budget, because the
// parser would unpack both without asking.
func (s *scan) unpack() error {
	slices.Sort(s.targets)
	budget := maxUnpacked
	for _, st := range s.streams {
		if !st.objects && !s.crossReference(st) {
			continue
		}
		content, err := st.inflate(budget)
		if err != nil {
			return err
		}
		budget -= len(content)
		if !st.objects {
			continue
		}
		if err := s.content(content); err != nil {
			return damaged(err)
		}
	}
	return s.reason
}

func (s *scan) content(content []byte) error {
	l := lexer{data: content}
	for {
		t, err := s.step(&l)
		if err != nil || t.kind == tokenEnd {
			return err
		}
		if t.kind == tokenName {
			s.judge(t.text)
		}
	}
}

// crossReference reports whether a stream can be taken for a cross-reference
// stream: it says so, or some offset points into the stretch before it.
func (s *scan) crossReference(st stream) bool {
	if st.table || st.object < 0 {
		return true
	}
	from := 0
	if st.object > 0 {
		from = s.headers[st.object-1]
	}
	i, _ := slices.BinarySearch(s.targets, from)
	return i < len(s.targets) && s.targets[i] <= s.headers[st.object]
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
