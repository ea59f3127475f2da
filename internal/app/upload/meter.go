package upload

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// A meter is the reader the parser works on. The parser goes wherever a
// cross-reference section points, and thousands of entries can point at the
// same large object, each to be parsed and kept anew. So every jump is charged
// with the tokens of the object it lands in.
type meter struct {
	*bytes.Reader
	begins []int // where objects begin, ascending
	costs  []int // tokens of each, and before them those of the file's head
	left   int
	err    error
}

// newMeter allows for as much work as honest documents cause: each object is
// visited once for itself and once for its stream, and a repair doubles that.
func newMeter(s *scan) *meter {
	m := &meter{Reader: bytes.NewReader(s.data), begins: s.begins, left: maxJumpFactor*s.tokens + maxTokens/10}
	before := 0
	for _, tokens := range append(s.marks, s.tokens) {
		m.costs = append(m.costs, tokens-before)
		before = tokens
	}
	return m
}

// Seek charges the jump and refuses it once the allowance is used up.
func (m *meter) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart && offset > 0 {
		m.left -= m.cost(int(min(offset, m.Size())))
	}
	if m.left < 0 {
		m.err = fmt.Errorf("%w: the same objects are read again and again", ErrTooComplex)
		return 0, m.err
	}
	return m.Reader.Seek(offset, whence)
}

// cost returns the tokens of the object at offset. An offset that is not
// exactly where an object begins may still lead into the next one, past
// blanks or a comment.
func (m *meter) cost(offset int) int {
	next, exact := slices.BinarySearch(m.begins, offset)
	switch {
	case exact:
		return m.costs[next+1]
	case next == len(m.begins):
		return m.costs[next]
	}
	return max(m.costs[next], m.costs[next+1])
}
