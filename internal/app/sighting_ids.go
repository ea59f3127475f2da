package app

import "portal/internal/app/thai"

// idReader finds citizen and tax ids in what is written through it: thirteen
// digits that stand alone and fit their check digit, in one piece or grouped as
// they are printed, 0-1075-36001-07-9. It goes on across writes.
type idReader struct {
	digits [13]byte
	n      int  // digits read so far; -1: inside of something else until it ends
	bare   bool // no dash came between the first digits
	dash   bool // the last byte was one
	seen   map[thai.TaxID]bool
}

// groupEnds are after how many digits a printed id has a dash.
var groupEnds = [14]bool{1: true, 5: true, 10: true, 12: true}

// manyIDs bounds one answer: the largest file holds fewer rows.
const manyIDs = 200_000

func (r *idReader) read(b []byte) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			r.digit(c)
		case c == '-' && r.n > 0 && !r.dash && groupEnds[r.n] && (!r.bare || r.n == 1):
			r.bare, r.dash = false, true
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-':
			// Part of a word, a hash or the id of a row.
			if r.n == 13 && c == '-' {
				r.end()
			}
			r.n, r.dash = -1, false
		default:
			r.end()
		}
	}
}

func (r *idReader) digit(c byte) {
	switch {
	case r.n < 0:
	case r.n == 13, r.n > 0 && !r.bare && groupEnds[r.n] && !r.dash:
		r.n = -1 // longer than an id, or grouped otherwise
	default:
		if r.n == 0 {
			r.bare = true
		}
		r.digits[r.n] = c
		r.n++
	}
	r.dash = false
}

// end is where nothing that belongs to the digits follows.
func (r *idReader) end() {
	if r.n == 13 && !r.dash {
		if id, err := thai.ParseTaxID(string(r.digits[:])); err == nil {
			r.found(id)
		}
	}
	r.n, r.dash, r.bare = 0, false, false
}

func (r *idReader) found(id thai.TaxID) {
	if r.seen == nil {
		r.seen = make(map[thai.TaxID]bool)
	}
	if len(r.seen) < manyIDs {
		r.seen[id] = true
	}
}
