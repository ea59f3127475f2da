package store

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is a Merkle tree that grows at its right edge. It holds the hashes that
// growing needs, and those added since the last settle.
type tree struct {
	size  int64
	edge  map[int64]tlog.Hash
	first int64 // place of fresh[0] among the stored hashes
	fresh []tlog.Hash
}

// loadTree reads the edge of a stored tree, and returns its root too.
func loadTree(size int64, stored tlog.HashReaderFunc) (*tree, tlog.Hash, error) {
	t := &tree{size: size, first: tlog.StoredHashCount(size)}
	root, err := t.settleFrom(stored)
	return t, root, err
}

// add appends a leaf and returns the hashes to store for it.
func (t *tree) add(leaf tlog.Hash) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashesForRecordHash(t.size, leaf, t)
	if err != nil {
		return nil, fmt.Errorf("adding leaf %d to the tree: %w", t.size, err)
	}
	t.fresh = append(t.fresh, hashes...)
	t.size++
	return hashes, nil
}

// root hashes the whole tree.
func (t *tree) root() (tlog.Hash, error) { return tlog.TreeHash(t.size, t) }

// settle forgets all but the edge, and returns the root.
func (t *tree) settle() (tlog.Hash, error) {
	root, err := t.settleFrom(t.ReadHashes)
	t.first, t.fresh = tlog.StoredHashCount(t.size), t.fresh[:0]
	return root, err
}

// settleFrom keeps what the root is made of: just that is what later leaves need.
func (t *tree) settleFrom(read tlog.HashReaderFunc) (tlog.Hash, error) {
	edge := map[int64]tlog.Hash{}
	root, err := tlog.TreeHash(t.size, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes, err := read(indexes)
		if err == nil {
			for n, i := range indexes {
				edge[i] = hashes[n]
			}
		}
		return hashes, err
	}))
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("hashing the tree of %d leaves: %w", t.size, err)
	}
	t.edge = edge
	return root, nil
}

// ReadHashes implements tlog.HashReader for the right edge.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for n, i := range indexes {
		if at := i - t.first; at >= 0 && at < int64(len(t.fresh)) {
			hashes[n] = t.fresh[at]
			continue
		}
		h, ok := t.edge[i]
		if !ok {
			return nil, fmt.Errorf("hash %d is not on the edge of the tree", i)
		}
		hashes[n] = h
	}
	return hashes, nil
}
