package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// MaxBatch is how many rows one batch may have; debits of one run go together,
// however many they are.
const (
	MaxBatch        = 2000
	MaxDebitsAtOnce = 10_000
)

// The states of a row of a batch.
const (
	RowWaiting = "waiting"
	RowDone    = "done"
	RowRefused = "refused" // a rule forbids it, or this person
	RowChanged = "changed" // it is no longer what the person saw
)

// Batch is one person's wish about many things.
type Batch struct {
	ID         ID     `db:"id"`
	PersonID   ID     `db:"person_id"`
	PersonName string `db:"person_name"`
	Kind       string `db:"kind"`
	Note       string `db:"note"`
	// Drawing is the language in which the invoice is drawn of each bill that
	// has no document; empty when none is.
	Drawing     string     `db:"drawing"`
	Total       int        `db:"total"`
	Fingerprint []byte     `db:"fingerprint"`
	CreatedAt   time.Time  `db:"created_at"`
	StartedAt   *time.Time `db:"started_at"`
	FinishedAt  *time.Time `db:"finished_at"`
	// What has become of its rows, and what they come to.
	Done       int   `db:"done"`
	Refused    int   `db:"refused"`
	Changed    int   `db:"changed"`
	SumSatang  int64 `db:"sum_satang"`
	DoneSatang int64 `db:"done_satang"`
}

// Waiting is how many rows are still to be done.
func (b Batch) Waiting() int { return b.Total - b.Done - b.Refused - b.Changed }

// BatchRow is one thing of a batch: what it is, how the person saw it, and
// what came of it. Message is a key of the catalogue, Words are its pairs.
type BatchRow struct {
	Position      int            `db:"position"`
	ItemID        ID             `db:"item_id"`
	Seen          string         `db:"seen"`
	Title         string         `db:"title"`
	AmountSatang  int64          `db:"amount_satang"`
	State         string         `db:"state"`
	Message       string         `db:"message"`
	Words         pq.StringArray `db:"words"`
	InstructionID uuid.NullUUID  `db:"instruction_id"`
	At            *time.Time     `db:"at"`
}

// NewBatch is a batch about to be looked at. Of its rows only what was seen is
// stored, in their order.
type NewBatch struct {
	ID   ID
	Kind string
	Key  string
	Rows []BatchRow
}

// batchFingerprint stands for what the rows are, how they were seen, and their
// order. The schema computes the same.
func batchFingerprint(rows []BatchRow) []byte {
	var b bytes.Buffer
	for n, r := range rows {
		if n > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(r.ItemID.String() + " " + r.Seen)
	}
	sum := sha256.Sum256(b.Bytes())
	return sum[:]
}

var (
	sqlInsertBatch = statement(`
		INSERT INTO batches (id, merchant_id, person_id, kind, key, total, fingerprint) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
	sqlInsertBatchRows = statement(`
		INSERT INTO batch_rows (batch_id, merchant_id, position, item_id, seen, title, amount_satang)
		SELECT $1, $2, n, item_id, seen, title, amount_satang
		FROM unnest($3::uuid[], $4::text[], $5::text[], $6::bigint[]) WITH ORDINALITY AS r (item_id, seen, title, amount_satang, n)`)
	sqlBatchWithKey = statement(`SELECT id FROM batches WHERE merchant_id = $1 AND person_id = $2 AND key = $3`)
)

// AddBatch stores a batch to be looked at.
func (t *Tx) AddBatch(b NewBatch) error {
	sum := batchFingerprint(b.Rows)
	if _, err := t.exec(sqlInsertBatch, b.ID, t.actor.Merchant, t.actor.Person, b.Kind, b.Key, len(b.Rows), sum); err != nil {
		return fmt.Errorf("adding a batch: %w", err)
	}
	ids, seen, titles, amounts := make([]string, len(b.Rows)), make([]string, len(b.Rows)), make([]string, len(b.Rows)), make([]int64, len(b.Rows))
	for n, r := range b.Rows {
		ids[n], seen[n], titles[n], amounts[n] = r.ItemID.String(), r.Seen, r.Title, r.AmountSatang
	}
	if _, err := t.exec(sqlInsertBatchRows, b.ID, t.actor.Merchant, pq.Array(ids), pq.Array(seen), pq.Array(titles), pq.Array(amounts)); err != nil {
		return fmt.Errorf("adding the rows of a batch: %w", err)
	}
	return t.Audit("batch.prepared", About("batch", b.ID), map[string]any{
		"kind": b.Kind, "total": len(b.Rows), "fingerprint": fmt.Sprintf("%x", sum),
	})
}

// BatchWithKey returns the batch that the acting person made with a form's key.
func (q *Query) BatchWithKey(key string) (ID, error) {
	return row[ID](q, sqlBatchWithKey, q.actor.Merchant, q.actor.Person, key)
}

var (
	sqlBatch = statement(`
		SELECT b.id, b.person_id, p.name AS person_name, b.kind, b.note, b.drawing, b.total, b.fingerprint, b.created_at, b.started_at, b.finished_at,
			r.done, r.refused, r.changed, r.sum_satang, r.done_satang
		FROM batches b JOIN people p ON p.id = b.person_id CROSS JOIN LATERAL (
			SELECT count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'refused') AS refused,
				count(*) FILTER (WHERE state = 'changed') AS changed, coalesce(sum(amount_satang), 0)::bigint AS sum_satang,
				coalesce(sum(amount_satang) FILTER (WHERE state = 'done'), 0)::bigint AS done_satang
			FROM batch_rows WHERE batch_id = b.id) r
		WHERE b.merchant_id = $1 AND b.id = $2`)
	sqlBatchRows = statement(`
		SELECT position, item_id, seen, title, amount_satang, state, message, words, instruction_id, at
		FROM batch_rows WHERE merchant_id = $1 AND batch_id = $2 ORDER BY position`)
	sqlBatchRowsAfter = statement(`
		SELECT position, item_id, seen, title, amount_satang, state, message, words, instruction_id, at
		FROM batch_rows WHERE merchant_id = $1 AND batch_id = $2 AND position > $3 ORDER BY position LIMIT $4`)
	sqlLeftOutRowsAfter = statement(`
		SELECT position, item_id, seen, title, amount_satang, state, message, words, instruction_id, at
		FROM batch_rows WHERE merchant_id = $1 AND batch_id = $2 AND position > $3 AND state IN ('refused', 'changed') ORDER BY position LIMIT $4`)
	sqlWaitingBatchRows = statement(`
		SELECT position, item_id, seen, title, amount_satang, state, message, words, instruction_id, at
		FROM batch_rows WHERE merchant_id = $1 AND batch_id = $2 AND state = 'waiting' ORDER BY position LIMIT $3`)
)

// Batch returns a batch with what has become of it so far.
func (q *Query) Batch(id ID) (Batch, error) {
	return row[Batch](q, sqlBatch, q.actor.Merchant, id)
}

// BatchRows returns all rows of a batch in their order, MaxDebitsAtOnce at most.
func (q *Query) BatchRows(id ID) ([]BatchRow, error) {
	return rows[BatchRow](q, sqlBatchRows, q.actor.Merchant, id)
}

// BatchRowsAfter returns a page of a batch's rows behind a position, all or only
// those that were left out, and whether there are more.
func (q *Query) BatchRowsAfter(id ID, leftOut bool, position, limit int) (page []BatchRow, more bool, err error) {
	s := sqlBatchRowsAfter
	if leftOut {
		s = sqlLeftOutRowsAfter
	}
	if page, err = rows[BatchRow](q, s, q.actor.Merchant, id, position, limit+1); len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

// WaitingBatchRows returns the next rows to be done.
func (q *Query) WaitingBatchRows(id ID, limit int) ([]BatchRow, error) {
	return rows[BatchRow](q, sqlWaitingBatchRows, q.actor.Merchant, id, limit)
}

var (
	sqlStartBatch = statement(`
		UPDATE batches SET started_at = now(), note = $4, drawing = $6
		WHERE merchant_id = $1 AND id = $2 AND person_id = $3 AND fingerprint = $5 AND started_at IS NULL`)
	// Words are a list within a list, which Postgres takes as JSON only.
	sqlEndBatchRows = statement(`
		UPDATE batch_rows b SET state = e.state, message = e.message, instruction_id = e.instruction, at = now(),
			words = ARRAY(SELECT w.word FROM jsonb_array_elements_text(e.words::jsonb) WITH ORDINALITY AS w (word, no) ORDER BY w.no)
		FROM unnest($3::integer[], $4::text[], $5::text[], $6::text[], $7::uuid[]) AS e (position, state, message, words, instruction)
		WHERE b.merchant_id = $1 AND b.batch_id = $2 AND b.position = e.position AND b.state = 'waiting'`)
	sqlFinishBatch = statement(`
		UPDATE batches SET finished_at = now() WHERE merchant_id = $1 AND id = $2 AND started_at IS NOT NULL AND finished_at IS NULL`)
	sqlLockBatch = statement(`SELECT id FROM batches WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
)

// StartBatch lets the acting person's own batch begin, as it was seen, with
// the reason and the language for drawing, if it has any.
// ErrStale means it is another's, was started already, or is not what was seen.
func (t *Tx) StartBatch(id ID, fingerprint []byte, note, drawing string) error {
	if err := t.one(sqlStartBatch, t.actor.Merchant, id, t.actor.Person, note, fingerprint, drawing); err != nil {
		return fmt.Errorf("starting a batch: %w", err)
	}
	return t.Audit("batch.started", About("batch", id), map[string]any{"fingerprint": fmt.Sprintf("%x", fingerprint), "note": note, "drawing": drawing})
}

// EndBatchRows keeps what came of rows. A row that has ended already keeps its
// first outcome.
func (t *Tx) EndBatchRows(batch ID, list ...BatchRow) error {
	var positions []int64
	var states, messages, words []string
	var instructions []uuid.NullUUID
	for _, r := range list {
		positions, states, messages = append(positions, int64(r.Position)), append(states, r.State), append(messages, r.Message)
		words, instructions = append(words, jsonText(Texts(r.Words))), append(instructions, r.InstructionID)
	}
	_, err := t.exec(sqlEndBatchRows, t.actor.Merchant, batch, pq.Array(positions), pq.Array(states), pq.Array(messages), pq.Array(words), pq.Array(instructions))
	return err
}

// FinishBatch notes that no row waits any more. A batch that is not at its end,
// or was finished before, stays as it is.
func (t *Tx) FinishBatch(id ID) error {
	if _, err := row[ID](t.Query, sqlLockBatch, t.actor.Merchant, id); err != nil {
		return err
	}
	b, err := t.Batch(id)
	if err != nil || b.Waiting() > 0 {
		return err
	}
	if n, err := t.exec(sqlFinishBatch, t.actor.Merchant, id); err != nil || n == 0 {
		return err
	}
	return t.Audit("batch.finished", About("batch", id), map[string]any{"done": b.Done, "refused": b.Refused, "changed": b.Changed})
}
