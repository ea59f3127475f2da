package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// PartProof proves many leaves at once: with the hashes of those parts of the
// tree that hold none of them, they come to the root. Neighbours need no hashes
// between them, so a month takes hardly more than its leaves.
type PartProof struct {
	Size   int64       `json:"size"`
	Leaves []PartLeaf  `json:"leaves"` // by their numbers
	Hashes []tlog.Hash `json:"hashes"` // from left to right
}

// PartLeaf is a leaf of a PartProof. Its hash stands beside it so that a leaf
// which was altered can be told from the others.
type PartLeaf struct {
	Index int64     `json:"index"`
	Hash  tlog.Hash `json:"hash"`
	Leaf  []byte    `json:"leaf"` // exactly what was hashed, itself JSON
}

func (p PartProof) sort() {
	slices.SortFunc(p.Leaves, func(a, b PartLeaf) int { return cmp.Compare(a.Index, b.Index) })
}

// errPart means that a proof of a part is not one.
var errPart = errors.New("the proof has too few hashes, too many, or its leaves are not in order")

// holds reports whether a leaf of p is one of those below a hash of the tree,
// and whether they are in order.
func (p PartProof) holds(level int, n int64) bool {
	first, limit := n<<level, (n+1)<<level
	at, _ := slices.BinarySearchFunc(p.Leaves, first, func(l PartLeaf, i int64) int { return cmp.Compare(l.Index, i) })
	return at < len(p.Leaves) && p.Leaves[at].Index < limit
}

// walk has the tree of p.Size hashed from its leaves on. Where none of these are
// below, the hash is asked of outside, from left to right.
func (p PartProof) walk(outside func(place int64) (tlog.Hash, error)) (tlog.Hash, error) {
	var hash func(level int, n int64) (tlog.Hash, error)
	hash = func(level int, n int64) (tlog.Hash, error) {
		if !p.holds(level, n) {
			return outside(tlog.StoredHashIndex(level, n))
		}
		if level == 0 {
			at, _ := slices.BinarySearchFunc(p.Leaves, n, func(l PartLeaf, i int64) int { return cmp.Compare(l.Index, i) })
			return p.Leaves[at].Hash, nil
		}
		left, err := hash(level-1, 2*n)
		if err != nil {
			return left, err
		}
		right, err := hash(level-1, 2*n+1)
		return tlog.NodeHash(left, right), err
	}
	return tlog.TreeHash(p.Size, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, place := range indexes {
			level, n := tlog.SplitStoredHashIndex(place)
			var err error
			if hashes[i], err = hash(level, n); err != nil {
				return nil, err
			}
		}
		return hashes, nil
	}))
}

// places are the hashes that a proof needs, from left to right.
func (p PartProof) places() (places []int64, err error) {
	_, err = p.walk(func(place int64) (tlog.Hash, error) {
		places = append(places, place)
		return tlog.Hash{}, nil
	})
	return places, err
}

// Check checks the proof against a checkpoint whose signature holds, and returns
// the indexes of leaves that are not what was hashed. An error means that not
// even the hashes stand in the tree, so that none of the leaves is proven.
func (p PartProof) Check(head Checkpoint) (altered []int64, err error) {
	if head.Size != p.Size {
		return nil, fmt.Errorf("the proof is for a trail of %d leaves, its checkpoint has %d", p.Size, head.Size)
	}
	for n, l := range p.Leaves {
		if l.Index < 0 || l.Index >= p.Size || n > 0 && p.Leaves[n-1].Index >= l.Index {
			return nil, errPart
		}
		if tlog.RecordHash(l.Leaf) != l.Hash {
			altered = append(altered, l.Index)
		}
	}
	used := 0
	root, err := p.walk(func(int64) (tlog.Hash, error) {
		if used == len(p.Hashes) {
			return tlog.Hash{}, errPart
		}
		used++
		return p.Hashes[used-1], nil
	})
	if err == nil && used != len(p.Hashes) {
		err = errPart
	}
	if err == nil && root != head.Root {
		err = errors.New("the leaves are not those of the trail that was signed")
	}
	return altered, err
}
