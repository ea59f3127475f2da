package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that one leaf stands in the trail that a signed checkpoint heads,
// without handing out any other leaf. Its JSON can be checked by anybody who
// has the public key.
type Proof struct {
	Leaf   []byte      `json:"leaf"` // exactly what was hashed, itself JSON
	Index  int64       `json:"index"`
	Size   int64       `json:"size"`
	Hashes []tlog.Hash `json:"hashes"`
	// Checkpoint ends with its signatures: ours, and those of the witnesses.
	Checkpoint string `json:"checkpoint"`
}

var (
	sqlLeafToProve         = statement(`SELECT bytes, idx FROM audit_leaves WHERE id = $1`)
	sqlPublishedCheckpoint = statement(`SELECT note FROM audit_checkpoints WHERE published_at IS NOT NULL ORDER BY size DESC LIMIT 1`)
)

// ProveLeaf makes the proof of a leaf the actor may see, against the newest
// published checkpoint. It is ErrNotPublished when that does not cover it yet.
func (q *Query) ProveLeaf(id ID) (Proof, error) {
	var leaf struct {
		Bytes []byte
		Idx   *int64
	}
	if err := q.get(&leaf, sqlLeafToProve, id); err != nil {
		return Proof{}, fmt.Errorf("proving a leaf: %w", err)
	}
	var text string
	err := q.get(&text, sqlPublishedCheckpoint)
	if errors.Is(err, ErrNotFound) || err == nil && leaf.Idx == nil {
		return Proof{}, ErrNotPublished
	}
	if err != nil {
		return Proof{}, fmt.Errorf("proving a leaf: %w", err)
	}
	head, err := parseCheckpoint(text)
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrTrailBroken, err)
	}
	if *leaf.Idx >= head.Size {
		return Proof{}, ErrNotPublished
	}
	hashes, err := tlog.ProveRecord(head.Size, *leaf.Idx, tlog.HashReaderFunc(q.storedHashes))
	if err != nil {
		return Proof{}, fmt.Errorf("proving leaf %d of %d: %w", *leaf.Idx, head.Size, err)
	}
	if text, err = q.withCosignatures(head.Size, text); err != nil {
		return Proof{}, err
	}
	return Proof{Leaf: leaf.Bytes, Index: *leaf.Idx, Size: head.Size, Hashes: hashes, Checkpoint: text}, nil
}

// CheckProof checks a proof with nothing but the public key, in the form that
// ParseTrailKeys reads, and returns the leaf it proves.
func CheckProof(p Proof, publicKey string) (Leaf, error) {
	keys, err := ParseTrailKeys(publicKey)
	if err != nil {
		return Leaf{}, err
	}
	head, err := keys.Open(p.Checkpoint)
	if err != nil {
		return Leaf{}, err
	}
	return p.Of(head)
}

// Of checks a proof against a checkpoint whose signature holds, and returns the
// leaf it proves.
func (p Proof) Of(head Checkpoint) (Leaf, error) {
	if head.Size != p.Size {
		return Leaf{}, fmt.Errorf("the proof is for a trail of %d leaves, its checkpoint has %d", p.Size, head.Size)
	}
	if err := tlog.CheckRecord(p.Hashes, head.Size, head.Root, p.Index, tlog.RecordHash(p.Leaf)); err != nil {
		return Leaf{}, fmt.Errorf("the leaf is not number %d of the trail: %w", p.Index, err)
	}
	var l Leaf
	if err := json.Unmarshal(p.Leaf, &l); err != nil {
		return Leaf{}, fmt.Errorf("reading the proven leaf: %w", err)
	}
	return l, nil
}
