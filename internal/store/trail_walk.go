package store

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// walk is one verification on its way along the trail.
type walk struct {
	Verification
	q      *Query
	report *Report

	tree    *tree
	from    int64     // where the walk begins; 0, but for a check of the newest leaves
	readers int       // how many connections read besides; 0 means as many as there are processors
	end     int64     // where the trail ends: the highest number plus one
	covered int64     // by the largest checkpoint there is
	last    time.Time // the latest time so far
	good    int64     // the size of the last checkpoint or anchor that fitted

	anchored    []anchoredRoot  // still to come
	checkpoints []checkpointRow // read and still to come
	read        int64           // the size up to which they were read
	exhausted   bool
	previous    tlog.Hash // of the checkpoint before
	newest      int64     // its size
	ends        []int64   // sizes at which the chain of checkpoints breaks
}

type checkpointRow struct {
	Size int64
	Root []byte
	Note string
}

var (
	sqlTrailExtent = statement(`
		SELECT now() AS now, pg_export_snapshot() AS snapshot, count(idx) AS numbered, count(*) - count(idx) AS waiting,
			coalesce(max(idx) + 1, 0) AS last, (SELECT count(*) FROM audit_hashes) AS hashes,
			(SELECT coalesce(max(size), 0) FROM audit_checkpoints) AS checkpoint, (SELECT count(*) FROM audit_checkpoints) AS checkpoints
		FROM audit_leaves`)
	sqlOutliers    = statement(`SELECT idx FROM audit_leaves WHERE idx < 0 OR idx >= $1 ORDER BY idx LIMIT 20`)
	sqlCheckpoints = statement(`SELECT size, root, note FROM audit_checkpoints WHERE size > $1 ORDER BY size LIMIT 1000`)
)

type trailExtent struct {
	Now                                                      time.Time
	Snapshot                                                 string
	Numbered, Waiting, Last, Hashes, Checkpoint, Checkpoints int64
}

// leaves walks along the trail once, in order.
func (w *walk) leaves() error {
	var x trailExtent
	if err := w.q.get(&x, sqlTrailExtent); err != nil {
		return fmt.Errorf("measuring the trail: %w", err)
	}
	w.report.Size, w.report.Waiting, w.report.Checkpoints = x.Numbered, x.Waiting, x.Checkpoints
	// A number far out must not send us through an endless void: with n leaves
	// numbered, one of the first n numbers is missing as soon as any is.
	w.end = min(x.Last, max(x.Numbered, recordsIn(x.Hashes)))
	w.covered = x.Checkpoint
	if w.end < x.Last || x.Numbered > x.Last {
		if err := w.outliers(); err != nil {
			return err
		}
	}
	if w.tree == nil {
		w.tree, _, _ = loadTree(0, nil) // an empty tree reads nothing
		if err := w.reached(0); err != nil {
			return err
		}
	}
	err := w.spans(x, func(s span) error {
		for i := s.first; i < s.limit; i++ {
			if err := w.leaf(i, &s); err != nil {
				return err
			}
		}
		_, err := w.tree.settle()
		return err
	})
	if err != nil {
		return err
	}
	return w.finish(x)
}

func (w *walk) outliers() error {
	var indexes []int64
	if err := w.q.all(&indexes, sqlOutliers, w.end); err != nil {
		return fmt.Errorf("reading numbers far out: %w", err)
	}
	for _, i := range indexes {
		w.report.add(i, Moved, "A leaf has the number %d, where the trail does not reach.", i)
	}
	return nil
}

// leaf checks one place of the trail and grows the tree by it. Where a leaf is
// wrong the tree goes on with the hash that was stored for it, so that one
// wrong leaf does not make all later checkpoints look wrong too.
func (w *walk) leaf(i int64, s *span) error {
	l, there := s.leafAt(i)
	stored, known := s.hashAt(tlog.StoredHashIndex(0, i))
	hash := stored
	switch {
	case !there && !known:
		w.report.add(i, Missing, "Leaf %d and its hash are gone.", i)
	case !there:
		if err := w.explain(i, stored); err != nil {
			return err
		}
	case !known && i >= w.covered: // reported at the end
		hash = l.hash
	case !known:
		hash = l.hash
		w.report.add(i, Hashed, "The tree holds no hash of leaf %d.", i)
	case l.hash != stored && w.vindicated(i, l.hash, s):
		hash = l.hash
		w.report.add(i, Hashed, "The tree holds another hash of leaf %d than it did.", i)
	case l.hash != stored:
		if err := w.explainWrong(i, l.hash, stored); err != nil {
			return err
		}
	}
	if there {
		w.time(i, l.at, s.now)
		if l.wrong != "" {
			w.report.add(i, Projected, "Leaf %d %s.", i, l.wrong)
		}
	}
	added, err := w.tree.add(hash)
	if err != nil {
		return err
	}
	for level, h := range added[1:] {
		at := tlog.StoredHashIndex(0, i) + int64(level) + 1
		if stored, known := s.hashAt(at); !known || stored != h {
			w.report.add(i, Hashed, "The tree's hash number %d, which leaf %d completes, is wrong or gone.", at, i)
		}
	}
	return w.reached(i + 1)
}

// vindicated reports that leaf i is what was hashed, although the tree holds
// another hash of it: its parent, or where it has none yet the checkpoint that
// it completes, was made of the leaf as it stands.
func (w *walk) vindicated(i int64, hash tlog.Hash, s *span) bool {
	if parent, ok := s.hashAt(tlog.StoredHashIndex(1, i/2)); ok {
		sibling, _ := s.hashAt(tlog.StoredHashIndex(0, i^1))
		if i%2 == 0 {
			return tlog.NodeHash(hash, sibling) == parent
		}
		return tlog.NodeHash(sibling, hash) == parent
	}
	if len(w.checkpoints) == 0 || w.checkpoints[0].Size != i+1 {
		return false
	}
	probe := *w.tree
	_, err := probe.add(hash)
	if err != nil {
		return false
	}
	root, err := probe.root()
	return err == nil && bytes.Equal(root[:], w.checkpoints[0].Root)
}

func (w *walk) time(i int64, at, now time.Time) {
	switch {
	case at.After(now.Add(time.Minute)):
		w.report.add(i, Disordered, "Leaf %d is from the future: %s.", i, at.UTC().Format(time.RFC3339))
	case at.Before(w.last.Add(-w.Disorder)):
		w.report.add(i, Disordered, "Leaf %d of %s follows one of %s.", i, at.UTC().Format(time.RFC3339), w.last.UTC().Format(time.RFC3339))
	}
	if at.After(w.last) {
		w.last = at
	}
}

var (
	sqlPlaceOfHash = statement(`SELECT i FROM audit_hashes WHERE hash = $1 LIMIT 1`)
	sqlPlaceOfLeaf = statement(`SELECT coalesce(idx, -1) FROM audit_leaves WHERE leaf_hash = $1 LIMIT 1`)
)

// explain says what became of the leaf with a hash that is not where it was.
func (w *walk) explain(i int64, stored tlog.Hash) error {
	var now int64
	switch err := w.q.get(&now, sqlPlaceOfLeaf, stored[:]); {
	case errors.Is(err, ErrNotFound):
		w.report.add(i, Missing, "Leaf %d is gone.", i)
	case err != nil:
		return fmt.Errorf("looking for leaf %d: %w", i, err)
	default:
		w.report.add(i, Moved, "Leaf %d now stands as number %d, and its place is empty.", i, now)
	}
	return nil
}

// explainWrong says what the leaf at i is, which has another hash than was
// stored.
func (w *walk) explainWrong(i int64, hash, stored tlog.Hash) error {
	var place, now int64
	err := w.q.get(&place, sqlPlaceOfHash, hash[:])
	if err == nil {
		if level, n := tlog.SplitStoredHashIndex(place); level == 0 {
			w.report.add(i, Moved, "Leaf %d is the one that was numbered %d.", i, n)
			return nil
		}
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("looking for leaf %d: %w", i, err)
	}
	switch err := w.q.get(&now, sqlPlaceOfLeaf, stored[:]); {
	case errors.Is(err, ErrNotFound):
		w.report.add(i, Changed, "Leaf %d is not what was hashed when it was numbered.", i)
	case err != nil:
		return fmt.Errorf("looking for leaf %d: %w", i, err)
	default:
		w.report.add(i, Inserted, "Leaf %d was put in the place of another, which now has the number %d.", i, now)
	}
	return nil
}

// finish looks at what lies beyond the last leaf.
func (w *walk) finish(x trailExtent) error {
	root, err := w.tree.root()
	if err != nil {
		return err
	}
	w.report.Root = root
	if beyond := max(x.Checkpoint, recordsIn(x.Hashes)); beyond > w.end {
		w.report.add(w.end, Cut, "The trail ends at %d leaves, but %d were numbered once.", w.end, beyond)
	}
	if x.Checkpoint < w.end {
		w.report.add(x.Checkpoint, Inserted, "The leaves from number %d on have numbers, but no checkpoint covers them.", x.Checkpoint)
	}
	if n := len(w.anchored); n > 0 {
		a := w.anchored[n-1]
		w.report.add(w.end, Cut, "The trail ends at %d leaves, but %s holds a checkpoint of %d.", w.end, a.anchor, a.size)
	}
	return errors.Join(w.signatures(), w.cosignatures(), w.waiting(x))
}

// waiting checks the leaves that have no number yet: people read them too.
func (w *walk) waiting(x trailExtent) error {
	return w.q.eachLeaf(sqlUnnumbered, func(l *leafRecord) {
		if age := x.Now.Sub(l.At); age > w.Unsequenced {
			w.report.add(-1, Waiting, "Leaf %s has waited for its number for %s.", l.ID, age.Round(time.Second))
		}
		if wrong := l.misread(); wrong != "" {
			w.report.add(-1, Projected, "Leaf %s, which has no number yet, %s.", l.ID, wrong)
		}
	})
}

// recordsIn is how many leaves a tree of so many stored hashes has.
func recordsIn(hashes int64) int64 {
	n := hashes / 2
	for tlog.StoredHashCount(n+1) <= hashes {
		n++
	}
	return n
}
