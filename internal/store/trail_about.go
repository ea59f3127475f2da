package store

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// What is asked of the bank about a thing belongs to it, and what went over
// the wire for that; an instruction brings its parts.
var sqlSubjectsAround = statement(`
	WITH asked AS MATERIALIZED (
		SELECT i.id FROM instructions i WHERE i.merchant_id = $1 AND i.subject = $2
		UNION SELECT i.id FROM instructions i WHERE i.merchant_id = $1 AND i.lead_id = $3
	)
	SELECT $2 AS subject
	UNION SELECT 'instruction/' || id FROM asked
	UNION SELECT 'exchange/' || x.id FROM exchanges x WHERE x.merchant_id = $1 AND x.instruction_id = ANY (ARRAY(SELECT id FROM asked))`)

// SubjectsAround returns everything the trail tells of a thing: itself, its
// instructions, and the exchanges of these. A bill has its files besides.
func (q *Query) SubjectsAround(s Subject) ([]Subject, error) {
	if s.Kind() == "presentment" {
		return q.BillSubjects(s.ID())
	}
	subjects, err := rows[Subject](q, sqlSubjectsAround, q.actor.Merchant, s, s.ID())
	if err != nil {
		return nil, fmt.Errorf("reading what the trail tells of %s: %w", s.Kind(), err)
	}
	return subjects, nil
}

// ProofSet proves many leaves against one checkpoint. Its JSON can be checked
// by anybody who has the public key.
type ProofSet struct {
	Size       int64       `json:"size"`
	Checkpoint string      `json:"checkpoint"`
	Leaves     []LeafProof `json:"leaves"`
	// Waiting are leaves that no published checkpoint covers yet.
	Waiting []ID `json:"waiting,omitempty"`
}

// LeafProof is one leaf of a ProofSet.
type LeafProof struct {
	Index  int64       `json:"index"`
	Leaf   []byte      `json:"leaf"` // exactly what was hashed, itself JSON
	Hashes []tlog.Hash `json:"hashes"`
}

// Proofs are the proofs of a set, one by one.
func (s ProofSet) Proofs() []Proof {
	list := make([]Proof, len(s.Leaves))
	for n, l := range s.Leaves {
		list[n] = Proof{Leaf: l.Leaf, Index: l.Index, Size: s.Size, Hashes: l.Hashes, Checkpoint: s.Checkpoint}
	}
	return list
}

// ProveLeaves makes the proofs of leaves that were read in this transaction,
// against the newest published checkpoint.
func (q *Query) ProveLeaves(leaves []LeafRow) (ProofSet, error) {
	set := ProofSet{Leaves: []LeafProof{}}
	var size int64
	text, err := q.publishedNote()
	if err != nil {
		return set, err
	}
	if text != "" {
		head, err := parseCheckpoint(text)
		if err != nil {
			return set, fmt.Errorf("%w: %w", ErrTrailBroken, err)
		}
		size, set.Size = head.Size, head.Size
		if set.Checkpoint, err = q.withCosignatures(size, text); err != nil {
			return set, err
		}
	}
	known := make(map[int64]tlog.Hash) // neighbours share most of the way
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return q.hashesOnce(known, indexes) })
	for _, l := range leaves {
		if l.Idx == nil || *l.Idx >= size {
			set.Waiting = append(set.Waiting, l.ID)
			continue
		}
		hashes, err := tlog.ProveRecord(size, *l.Idx, read)
		if err != nil {
			return set, fmt.Errorf("proving leaf %d: %w", *l.Idx, err)
		}
		set.Leaves = append(set.Leaves, LeafProof{Index: *l.Idx, Leaf: l.Bytes, Hashes: hashes})
	}
	return set, nil
}

func (q *Query) publishedNote() (string, error) {
	texts, err := rows[string](q, sqlPublishedCheckpoint)
	if err != nil || len(texts) == 0 {
		return "", err
	}
	return texts[0], nil
}

func (q *Query) hashesOnce(known map[int64]tlog.Hash, indexes []int64) ([]tlog.Hash, error) {
	var missing []int64
	for _, i := range indexes {
		if _, ok := known[i]; !ok {
			missing = append(missing, i)
		}
	}
	if len(missing) > 0 {
		read, err := q.storedHashes(missing)
		if err != nil {
			return nil, err
		}
		for n, i := range missing {
			known[i] = read[n]
		}
	}
	hashes := make([]tlog.Hash, len(indexes))
	for n, i := range indexes {
		hashes[n] = known[i]
	}
	return hashes, nil
}
