package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// boxHold is how long nobody else takes up a box that somebody is at. Whoever is
// at it says so with every piece and every page.
const boxHold = time.Minute

// boxAttempts is how often a box is begun before it is given up.
const boxAttempts = 5

var (
	sqlTakeUpBox = statement(`
		UPDATE box_work SET attempt = attempt + 1, worker = $1, held_until = now() + $2 * interval '1 microsecond', done = 0, whole = 0
		WHERE box_id = (
			SELECT w.box_id FROM boxes b JOIN box_work w ON w.box_id = b.id
			WHERE b.state = 'asked' AND w.held_until <= now() ORDER BY b.asked_at LIMIT 1 FOR UPDATE OF w SKIP LOCKED)
		RETURNING box_id`)
	sqlTakenUp = statement(`SELECT ` + boxColumns + ` WHERE b.id = $1`)
	// Those a former attempt left.
	sqlDropPieces = statement(`DELETE FROM box_pieces WHERE merchant_id = $1 AND box_id = $2 AND attempt <> $3`)
	sqlHoldBox    = statement(`
		UPDATE box_work SET held_until = now() + $4 * interval '1 microsecond', done = $5, whole = $6 WHERE merchant_id = $1 AND box_id = $2 AND attempt = $3`)
	sqlLayDownBox = statement(`
		UPDATE box_work SET held_until = now() + $4 * interval '1 microsecond', worker = '' WHERE merchant_id = $1 AND box_id = $2 AND attempt = $3`)
	sqlInsertBoxPiece = statement(`INSERT INTO box_pieces (box_id, merchant_id, attempt, no, data, seal) VALUES ($1, $2, $3, $4, $5, $6)`)
	sqlBoxReady       = statement(`
		UPDATE boxes SET state = 'ready', attempt = $3, entries = $4, size = $5, sha256 = $6, kept_until = now() + interval '` + boxKept + `'
		WHERE merchant_id = $1 AND id = $2 AND state = 'asked' RETURNING kept_until`)
	sqlBoxFails   = statement(`UPDATE boxes SET state = 'failed', failure = $3 WHERE merchant_id = $1 AND id = $2 AND state = 'asked'`)
	sqlBoxesOver  = statement(`SELECT ` + boxColumns + ` WHERE b.state = 'ready' AND b.kept_until <= now() ORDER BY b.kept_until LIMIT 10`)
	sqlRemoveBox  = statement(`UPDATE boxes SET state = 'removed' WHERE merchant_id = $1 AND id = $2 AND state = 'ready'`)
	sqlBoxPublish = statement(`SELECT size, note FROM audit_checkpoints WHERE published_at IS NOT NULL AND size <= $1 ORDER BY size DESC LIMIT 1`)
)

// TakeUpBox gives a worker the box that waits longest, or ErrNotFound. What a
// former attempt left of it is dropped; one that was begun too often fails.
func (s *Store) TakeUpBox(ctx context.Context, worker string) (b Box, err error) {
	err = s.Write(ctx, Actor{}, func(t *Tx) error {
		id, err := row[ID](t.Query, sqlTakeUpBox, worker, boxHold.Microseconds())
		if err != nil {
			return err
		}
		if b, err = row[Box](t.Query, sqlTakenUp, id); err != nil {
			return err
		}
		of := t.For(b.Merchant)
		if _, err := of.exec(sqlDropPieces, b.Merchant, b.ID, b.Attempt); err != nil {
			return err
		}
		if b.Attempt <= boxAttempts {
			return nil
		}
		b.State = BoxFailed
		return of.failBox(b, BoxInterrupted)
	})
	if errors.Is(err, ErrNotFound) {
		return b, err
	}
	if err != nil {
		return b, fmt.Errorf("taking up a box: %w", err)
	}
	return b, nil
}

// HoldBox says that the attempt b is still at it, and how far. ErrStale: another
// took it up.
func (t *Tx) HoldBox(b Box) error {
	return t.one(sqlHoldBox, b.Merchant, b.ID, b.Attempt, boxHold.Microseconds(), b.Done, b.Whole)
}

// LayDownBox lets go of a box that cannot be made now, for another attempt after
// a while.
func (t *Tx) LayDownBox(b Box, wait time.Duration) error {
	return t.one(sqlLayDownBox, b.Merchant, b.ID, b.Attempt, wait.Microseconds())
}

// LastAttempt reports that a box is not begun again after this.
func (b Box) LastAttempt() bool { return b.Attempt >= boxAttempts }

// AddBoxPiece keeps the next bytes of the attempt b, at most BoxPiece of them.
func (t *Tx) AddBoxPiece(b Box, no int, piece []byte) error {
	if err := t.HoldBox(b); err != nil {
		return fmt.Errorf("keeping a piece of a box: %w", err)
	}
	var seal []byte
	if t.store.seal != nil {
		k, err := t.writingKey()
		if err != nil {
			return err
		}
		if k != nil {
			seal, piece = k.closePiece(boxPlace(b.ID, b.Attempt, no, b.Merchant), piece)
		}
	}
	if _, err := t.exec(sqlInsertBoxPiece, b.ID, b.Merchant, b.Attempt, no, piece, seal); err != nil {
		return fmt.Errorf("keeping a piece of a box: %w", err)
	}
	return nil
}

// BoxPieceSize is how many bytes of a box are kept together.
const BoxPieceSize = chunkSize

// BoxMade ends a box: all its pieces are there.
func (t *Tx) BoxMade(b Box, size int64, sum []byte) error {
	if err := t.HoldBox(b); err != nil {
		return fmt.Errorf("ending a box: %w", err)
	}
	until, err := row[time.Time](t.Query, sqlBoxReady, b.Merchant, b.ID, b.Attempt, b.Entries, size, sum)
	if err != nil {
		return fmt.Errorf("ending a box: %w", err)
	}
	return t.Audit("trail.box_made", About("box", b.ID), map[string]any{
		"attempt": b.Attempt, "entries": b.Entries, "size": size, "sha256": hex.EncodeToString(sum), "kept_until": until.UTC(),
	})
}

// FailBox gives a box up.
func (t *Tx) FailBox(b Box, why string) error {
	if err := t.HoldBox(b); err != nil {
		return fmt.Errorf("giving up a box: %w", err)
	}
	return t.failBox(b, why)
}

func (t *Tx) failBox(b Box, why string) error {
	if err := t.one(sqlBoxFails, b.Merchant, b.ID, why); err != nil {
		return fmt.Errorf("giving up a box: %w", err)
	}
	if _, err := t.exec(sqlDropPieces, b.Merchant, b.ID, -1); err != nil {
		return fmt.Errorf("giving up a box: %w", err)
	}
	return t.Audit("trail.box_failed", About("box", b.ID), map[string]any{"why": why})
}

// RemoveBoxes puts away the bytes of boxes whose time is over, and returns how
// many. That they were there, and their hashes, stays known.
func (s *Store) RemoveBoxes(ctx context.Context) (n int, err error) {
	err = s.Write(ctx, Actor{}, func(t *Tx) error {
		over, err := rows[Box](t.Query, sqlBoxesOver)
		if err != nil {
			return err
		}
		for _, b := range over {
			of := t.For(b.Merchant)
			if err := of.one(sqlRemoveBox, b.Merchant, b.ID); err != nil {
				return err
			}
			if _, err := of.exec(sqlDropPieces, b.Merchant, b.ID, -1); err != nil {
				return err
			}
			if err := of.Audit("trail.box_removed", About("box", b.ID), struct{}{}); err != nil {
				return err
			}
		}
		n = len(over)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("putting away boxes: %w", err)
	}
	return n, nil
}

// SealBox leaves the leaf that vouches for everything in the box, by the hash of
// its manifest.
func (t *Tx) SealBox(b Box, manifest string) (leaf ID, err error) {
	err = t.Audit("trail.box_sealed", About("box", b.ID), map[string]any{
		"about": b.About, "month": dayText(b.Month), "entries": b.Entries, "reason": b.Reason, "manifest": manifest,
	})
	return t.LastLeaf(), err
}

// BoxCheckpoint is the newest checkpoint that people outside have, and where the
// store knows witnesses, that one of them signed: its size, and its text with all
// signatures. It is ErrNotPublished when there is none, or it does not cover the
// leaf.
func (q *Query) BoxCheckpoint(leaf ID) (size int64, text string, err error) {
	covered, err := q.Published(leaf)
	if err != nil {
		return 0, "", err
	}
	if !covered {
		return 0, "", ErrNotPublished
	}
	limit := int64(1) << 62
	if len(q.store.witnesses) > 0 {
		if limit, err = q.witnessed(); err != nil {
			return 0, "", err
		}
	}
	c, err := row[struct {
		Size int64
		Note string
	}](q, sqlBoxPublish, limit)
	if err != nil {
		return 0, "", fmt.Errorf("reading the checkpoint of a box: %w", err)
	}
	text, err = q.withCosignatures(c.Size, c.Note)
	return c.Size, text, err
}

// ProvePart proves leaves that stand in the first size of the trail.
func (q *Query) ProvePart(size int64, leaves []LeafRow) (PartProof, error) {
	p := PartProof{Size: size, Leaves: []PartLeaf{}, Hashes: []tlog.Hash{}}
	for _, l := range leaves {
		if l.Idx == nil || *l.Idx >= size {
			return p, fmt.Errorf("proving part of the trail: %w", ErrNotPublished)
		}
		p.Leaves = append(p.Leaves, PartLeaf{Index: *l.Idx, Hash: tlog.RecordHash(l.Bytes), Leaf: l.Bytes})
	}
	p.sort()
	places, err := p.places()
	if err != nil || len(places) == 0 {
		return p, err
	}
	p.Hashes, err = q.storedHashes(places)
	return p, err
}

// ProveAt proves a leaf against a checkpoint of that size, whose text with its
// signatures goes along.
func (q *Query) ProveAt(id ID, size int64, text string) (Proof, error) {
	var leaf struct {
		Bytes []byte
		Idx   *int64
	}
	if err := q.get(&leaf, sqlLeafToProve, id); err != nil {
		return Proof{}, fmt.Errorf("proving a leaf: %w", err)
	}
	if leaf.Idx == nil || *leaf.Idx >= size {
		return Proof{}, ErrNotPublished
	}
	hashes, err := tlog.ProveRecord(size, *leaf.Idx, tlog.HashReaderFunc(q.storedHashes))
	if err != nil {
		return Proof{}, fmt.Errorf("proving leaf %d of %d: %w", *leaf.Idx, size, err)
	}
	return Proof{Leaf: leaf.Bytes, Index: *leaf.Idx, Size: size, Hashes: hashes, Checkpoint: text}, nil
}
