package upload

import (
	"bytes"
	"errors"
)

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenWord  // a number or a keyword
	tokenOther // a string or a bracket
)

// A token of PDF syntax. text is the decoded name, or the word as it stands.
type token struct {
	kind  tokenKind
	text  []byte
	start int
}

var errString = errors.New("string without end")

// A lexer splits PDF syntax into tokens. It knows no nesting, so depth costs
// nothing, and it never looks back, so time is linear.
type lexer struct {
	data []byte
	pos  int
}

func (l *lexer) next() (token, error) {
	l.skipBlanks()
	start := l.pos
	if start >= len(l.data) {
		return token{kind: tokenEnd, start: start}, nil
	}
	switch c := l.data[start]; {
	case c == '/':
		l.pos++
		return token{kind: tokenName, text: decodeName(l.regular()), start: start}, nil
	case c == '(':
		return token{kind: tokenOther, start: start}, l.skipString()
	case bytes.HasPrefix(l.data[start:], []byte("<<")):
		l.pos += 2
		return token{kind: tokenOther, start: start}, nil
	case c == '<':
		return token{kind: tokenOther, start: start}, l.skipHexString()
	case isDelimiter(c):
		l.pos++
		return token{kind: tokenOther, start: start}, nil
	}
	return token{kind: tokenWord, text: l.regular(), start: start}, nil
}

// atReference reports whether the number just read begins a reference such as
// "12 0 R". The lexer itself stays where it is.
func (l *lexer) atReference() bool {
	ahead := *l
	generation, err := ahead.next()
	if err != nil || generation.kind != tokenWord || !isWhole(generation.text) {
		return false
	}
	mark, err := ahead.next()
	return err == nil && mark.kind == tokenWord && string(mark.text) == "R"
}

func (l *lexer) skipBlanks() {
	for l.pos < len(l.data) {
		switch c := l.data[l.pos]; {
		case isWhitespace(c):
			l.pos++
		case c == '%':
			l.skipComment()
		default:
			return
		}
	}
}

// skipComment ends a comment at the end of its line, but an end-of-file mark at
// once: some programs append the next revision right behind it.
func (l *lexer) skipComment() {
	rest := l.data[l.pos:]
	n := bytes.IndexAny(rest, "\r\n")
	switch {
	case bytes.HasPrefix(rest, pdfEnd):
		n = len(pdfEnd)
	case n < 0:
		n = len(rest)
	}
	l.pos += n
}

func (l *lexer) regular() []byte {
	start := l.pos
	for l.pos < len(l.data) && !isWhitespace(l.data[l.pos]) && !isDelimiter(l.data[l.pos]) {
		l.pos++
	}
	return l.data[start:l.pos]
}

func (l *lexer) skipString() error {
	for depth := 0; l.pos < len(l.data); l.pos++ {
		switch l.data[l.pos] {
		case '\\':
			l.pos++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.pos++
				return nil
			}
		}
	}
	l.pos = len(l.data)
	return errString
}

// skipHexString is stricter than the standard: what is no digit between the
// brackets could be a dictionary that some viewer reads differently.
func (l *lexer) skipHexString() error {
	for l.pos++; l.pos < len(l.data); l.pos++ {
		c := l.data[l.pos]
		if c == '>' {
			l.pos++
			return nil
		}
		if _, ok := hexValue(c); !ok && !isWhitespace(c) {
			return errString
		}
	}
	return errString
}

// decodeName resolves #xx, behind which names can hide.
func decodeName(raw []byte) []byte {
	if bytes.IndexByte(raw, '#') < 0 {
		return raw
	}
	name := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			high, ok1 := hexValue(raw[i+1])
			low, ok2 := hexValue(raw[i+2])
			if ok1 && ok2 {
				name = append(name, high<<4|low)
				i += 2
				continue
			}
		}
		name = append(name, raw[i])
	}
	return name
}

func hexValue(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func isWhitespace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
