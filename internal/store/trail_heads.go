package store

import (
	"bytes"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// reached compares the tree with every checkpoint and every anchor of the size
// it has grown to.
func (w *walk) reached(size int64) error {
	if err := w.nextCheckpoints(); err != nil {
		return err
	}
	due := len(w.checkpoints) > 0 && w.checkpoints[0].Size <= size || len(w.anchored) > 0 && w.anchored[0].size <= size
	if !due {
		return nil
	}
	root, err := w.tree.root()
	if err != nil {
		return err
	}
	fits := true
	for ; len(w.checkpoints) > 0 && w.checkpoints[0].Size <= size; w.checkpoints = w.checkpoints[1:] {
		fits = w.checkpoint(w.checkpoints[0], size, root) && fits
	}
	for ; len(w.anchored) > 0 && w.anchored[0].size <= size; w.anchored = w.anchored[1:] {
		if a := w.anchored[0]; a.root != root {
			fits = false
			w.report.add(w.good, Forked, "The first %d leaves are not those of which %s holds the checkpoint; the last one that fits has %d.", size, a.anchor, w.good)
		}
	}
	if fits {
		w.good = size
	}
	return nil
}

// nextCheckpoints reads some more when none is in hand.
func (w *walk) nextCheckpoints() error {
	if len(w.checkpoints) > 0 || w.exhausted {
		return nil
	}
	if err := w.q.all(&w.checkpoints, sqlCheckpoints, w.read); err != nil {
		return fmt.Errorf("reading checkpoints: %w", err)
	}
	w.exhausted = len(w.checkpoints) == 0
	if !w.exhausted {
		w.read = w.checkpoints[len(w.checkpoints)-1].Size
	}
	return nil
}

// checkpoint checks one row against the tree of its size.
func (w *walk) checkpoint(row checkpointRow, size int64, root tlog.Hash) bool {
	c, err := parseCheckpoint(row.Note)
	if err != nil {
		w.report.add(w.newest, Unsigned, "The checkpoint of %d leaves cannot be read: %v.", row.Size, err)
		return false
	}
	fits := true
	if c.Size != row.Size || row.Size != size || c.Root != root || !bytes.Equal(row.Root, root[:]) {
		fits = false
		w.report.add(w.good, Rooted, "The checkpoint of %d leaves is not of the leaves that stand here; the last one that fits has %d.", row.Size, w.good)
	}
	if c.Previous != w.previous {
		fits = false
		w.report.add(w.newest, Unchained, "The checkpoint of %d leaves does not name the one before it.", row.Size)
		w.ends = append(w.ends, w.newest)
	}
	w.previous, w.newest = c.Hash(), row.Size
	return fits
}

var sqlCheckpointsUpTo = statement(`SELECT size, root, note FROM audit_checkpoints WHERE size > $1 AND size <= $2 ORDER BY size LIMIT 1000`)

// signatures checks the newest checkpoint, which vouches by its chain for all
// before it, and each that is followed by a break of the chain. Where one is
// bad, those it vouched for are checked one by one, to find the first.
func (w *walk) signatures() error {
	from := int64(-1)
	for _, end := range append(w.ends, w.newest) {
		_, bad, err := w.firstUnsigned(end-1, end)
		if err == nil && bad != nil {
			var after int64
			if after, bad, err = w.firstUnsigned(from, end); bad != nil {
				w.report.add(max(after, 0), Unsigned, "The checkpoint of %d leaves bears no valid signature.", bad.Size)
			}
		}
		if err != nil {
			return fmt.Errorf("reading checkpoints: %w", err)
		}
		from = end
	}
	return nil
}

// firstUnsigned returns the first checkpoint without a valid signature among
// those of more than from and at most to leaves, and the size of the one before.
func (w *walk) firstUnsigned(from, to int64) (int64, *checkpointRow, error) {
	for {
		var rows []checkpointRow
		if err := w.q.all(&rows, sqlCheckpointsUpTo, from, to); err != nil || len(rows) == 0 {
			return from, nil, err
		}
		for _, row := range rows {
			if !w.signed(row) {
				return from, &row, nil
			}
			from = row.Size
		}
	}
}

func (w *walk) signed(row checkpointRow) bool {
	_, err := w.Keys.Open(row.Note)
	return err == nil
}

// cosignaturesChecked is how many of the witness's signatures are checked, the
// newest: each of them vouches for everything before it.
const cosignaturesChecked = 1000

var (
	sqlCosignatures = statement(`
		SELECT s.size, c.note, s.signature FROM audit_cosignatures s JOIN audit_checkpoints c USING (size) ORDER BY s.size DESC, s.at DESC LIMIT $1`)
	sqlPublishedSize = statement(`SELECT coalesce(max(size), 0) FROM audit_checkpoints WHERE published_at IS NOT NULL`)
)

// cosignatures checks what the witnesses signed. Without a key of theirs
// nothing can be said about it.
func (w *walk) cosignatures() error {
	if len(w.Witnesses) == 0 {
		return nil
	}
	list, err := rows[cosignedNote](w.q, sqlCosignatures, cosignaturesChecked)
	if err != nil {
		return fmt.Errorf("reading what the witness signed: %w", err)
	}
	published, err := row[int64](w.q, sqlPublishedSize)
	if err != nil {
		return fmt.Errorf("reading what was published: %w", err)
	}
	for _, c := range list {
		if _, _, err := w.Witnesses.Open(c.Note + c.Signature); err != nil {
			w.report.add(c.Size, Unwitnessed, "The signature of a witness on the checkpoint of %d leaves is none of a witness we believe.", c.Size)
		} else if c.Size > w.report.Witnessed {
			w.report.Witnessed = c.Size
		}
	}
	if w.report.Witnessed < published {
		w.report.add(w.report.Witnessed, Unwitnessed, "The checkpoint of %d leaves counts as published, but the witness has signed no more than %d.", published, w.report.Witnessed)
	}
	return nil
}
