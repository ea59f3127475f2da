package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
	"golang.org/x/mod/sumdb/tlog"
)

var (
	sqlWaitingLeaves = statement(`SELECT id, leaf_hash FROM audit_leaves WHERE idx IS NULL ORDER BY at, id LIMIT $1`)
	// A trigger refuses to number a leaf twice. Saying so here as well would
	// tempt the planner to read all leaves that wait, for every batch.
	sqlNumberLeaves = statement(`
		UPDATE audit_leaves SET idx = $1 + next.n - 1 FROM unnest($2::uuid[]) WITH ORDINALITY AS next (id, n)
		WHERE audit_leaves.id = next.id`)
	// One parameter of packed hashes: as an array it would travel as text,
	// more than twice the size.
	sqlStoreHashes = statement(`
		INSERT INTO audit_hashes (i, hash)
		SELECT $1 + n, substring($2::bytea FROM n * 32 + 1 FOR 32) FROM generate_series(0, length($2::bytea) / 32 - 1) AS n`)
	sqlAddCheckpoint = statement(`INSERT INTO audit_checkpoints (size, root, note) VALUES ($1, $2, $3)`)
	sqlMarkPublished = statement(`UPDATE audit_checkpoints SET published_at = now() WHERE size <= $1 AND published_at IS NULL`)
)

type waitingLeaf struct {
	ID   ID
	Hash []byte `db:"leaf_hash"`
}

// number gives the leaves that wait their places in the trail, at most a batch
// of them, and returns how many.
//
// It looks for leaves without a number and never for ids above the last one
// seen: ids are made before commit, so those would miss what commits late.
func (q *sequencer) number(ctx context.Context) (int, error) {
	// One round trip while nothing happens; leaves never change, so they may be
	// read before the transaction.
	var waiting []waitingLeaf
	if err := q.conn.SelectContext(ctx, &waiting, sqlWaitingLeaves, q.Batch); err != nil {
		return 0, fmt.Errorf("looking for new leaves: %w", busy(err))
	}
	if len(waiting) == 0 {
		return 0, nil
	}
	first := tlog.StoredHashCount(q.head.Size)
	head, packed, err := q.extend(waiting)
	if err != nil {
		return 0, err
	}
	ids := make([]ID, len(waiting))
	for i, w := range waiting {
		ids[i] = w.ID
	}
	err = q.tx(ctx, func(t *Tx) error {
		if n, err := t.exec(sqlNumberLeaves, q.head.Size, pq.Array(ids)); err != nil || int(n) != len(ids) {
			return fmt.Errorf("numbering %d leaves changed %d: %w", len(ids), n, err)
		}
		if _, err := t.exec(sqlStoreHashes, first, packed); err != nil {
			return fmt.Errorf("storing hashes: %w", err)
		}
		if _, err := t.exec(sqlAddCheckpoint, head.Size, head.Root[:], head.Note); err != nil {
			return fmt.Errorf("storing a checkpoint: %w", err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	q.head = head
	return len(ids), nil
}

// extend adds leaves to the tree, and returns its new signed head and the
// hashes to store, one after another. When they are not stored after all, the
// sequencer must start afresh.
func (q *sequencer) extend(waiting []waitingLeaf) (Checkpoint, []byte, error) {
	packed := make([]byte, 0, 2*len(waiting)*tlog.HashSize)
	for _, w := range waiting {
		hashes, err := q.tree.add(tlog.Hash(w.Hash))
		if err != nil {
			return Checkpoint{}, nil, err
		}
		for _, h := range hashes {
			packed = append(packed, h[:]...)
		}
	}
	root, err := q.tree.settle()
	if err != nil {
		return Checkpoint{}, nil, err
	}
	head := Checkpoint{Origin: q.Signers[0].Name(), Size: q.tree.size, Root: root}
	if q.head.Size > 0 {
		head.Previous = q.head.Hash()
	}
	if err := head.sign(q.Signers); err != nil {
		return Checkpoint{}, nil, err
	}
	return head, packed, nil
}

// publishTime bounds one round of publishing, so that a sink that hangs does
// not hang the sequencer.
const publishTime = 10 * time.Second

// publish hands the newest checkpoint to every sink and marks it published
// when one has taken it. A sink that is away is only reported; one that
// contradicts stops everything, even if others agree.
func (q *sequencer) publish(ctx context.Context) error {
	if q.head.Size == 0 {
		return nil
	}
	c := q.head
	c.prove = q.proofFrom
	cosignature, err := q.cosign(ctx, c)
	if err != nil {
		return err
	}
	taken := false
	for i, sink := range q.Sinks {
		limited, cancel := context.WithTimeout(ctx, publishTime)
		err := sink.Publish(limited, c)
		cancel()
		if errors.Is(err, ErrTrailBroken) {
			return fmt.Errorf("publishing: %w", err)
		}
		if away := err != nil; away != q.away[i] {
			q.away[i] = away
			q.Log.WarnContext(ctx, "a place where checkpoints are published changed its state", "sink", i, "away", away, "size", c.Size, "error", err)
		}
		taken = taken || err == nil
	}
	if q.Witness != nil && len(q.Sinks) == 0 {
		taken = true
	}
	if !taken || q.Witness != nil && cosignature == "" {
		q.retry = time.After(afterFailure)
		return nil
	}
	err = q.tx(ctx, func(t *Tx) error {
		if cosignature != "" {
			if _, err := t.exec(sqlAddCosignature, c.Size, cosignature); err != nil {
				return err
			}
		}
		_, err := t.exec(sqlMarkPublished, c.Size)
		return err
	})
	if err != nil {
		return fmt.Errorf("marking a checkpoint as published: %w", err)
	}
	q.published = c.Size
	return nil
}

// cosign has the witness sign the newest checkpoint. It returns nothing when
// there is no witness, or when it is away.
func (q *sequencer) cosign(ctx context.Context, c Checkpoint) (string, error) {
	if q.Witness == nil {
		return "", nil
	}
	limited, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	signature, err := q.Witness.Cosign(limited, c)
	if errors.Is(err, ErrTrailBroken) {
		return "", fmt.Errorf("publishing: %w", err)
	}
	if away := err != nil; away != q.alone {
		q.alone = away
		q.Log.WarnContext(ctx, "the witness of the audit trail changed its state: while it is away, nothing is sent to the bank", "away", away, "size", c.Size, "error", err)
	}
	if err != nil {
		return "", nil // said above, and asked again soon
	}
	return signature, nil
}

// proofFrom implements Checkpoint.ProofFrom for the newest checkpoint.
func (q *sequencer) proofFrom(ctx context.Context, size int64) (proof tlog.TreeProof, err error) {
	if size > q.head.Size {
		return nil, fmt.Errorf("%w: there are %d leaves, and %d were published", ErrTrailBroken, q.head.Size, size)
	}
	err = q.tx(ctx, func(t *Tx) error {
		proof, err = tlog.ProveTree(q.head.Size, size, tlog.HashReaderFunc(t.storedHashes))
		return err
	})
	return proof, err
}
