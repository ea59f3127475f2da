package box

import (
	"bytes"
	"encoding/base64"
)

// Leaves reads a box as it passes by and calls tell with every leaf in it. It is
// for whoever must know what goes out, in a file that is too large to be held.
// What is no leaf but looks like one is told as well, or passed over.
type Leaves struct {
	Tell func(leaf []byte)

	matched int    // bytes of the mark that were read
	leaf    []byte // base64 of the leaf that is being read; nil outside of one
}

// leafMark comes before each leaf in the JSON of a proof.
const leafMark = `"leaf":"`

// mostOfLeaf is more than any leaf has; what is longer is none.
const mostOfLeaf = 8 << 20

// Write implements io.Writer.
func (r *Leaves) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if r.leaf == nil {
			b = b[r.find(b):]
			continue
		}
		end := bytes.IndexByte(b, '"')
		if end < 0 {
			end = len(b)
		}
		r.leaf = append(r.leaf, b[:end]...)
		if end < len(b) {
			r.end()
		} else if len(r.leaf) > mostOfLeaf {
			r.leaf = nil
		}
		b = b[end:]
	}
	return n, nil
}

// find reads up to where a leaf begins, and returns how many bytes that were.
func (r *Leaves) find(b []byte) int {
	for n, c := range b {
		if c != leafMark[r.matched] {
			r.matched = 0
			if c != leafMark[0] {
				continue
			}
		}
		if r.matched++; r.matched == len(leafMark) {
			r.matched, r.leaf = 0, make([]byte, 0, 1024)
			return n + 1
		}
	}
	return len(b)
}

func (r *Leaves) end() {
	leaf := make([]byte, base64.StdEncoding.DecodedLen(len(r.leaf)))
	if n, err := base64.StdEncoding.Decode(leaf, r.leaf); err == nil {
		r.Tell(leaf[:n])
	}
	r.leaf = nil
}
