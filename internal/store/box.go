package store

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// Box is a box of evidence: everything the trail tells of one thing or of one
// month, which a worker packs into a file that is kept for a while.
type Box struct {
	ID        ID         `db:"id"`
	Merchant  ID         `db:"merchant_id"`
	About     Subject    `db:"about"` // the thing; empty for a month
	Month     *time.Time `db:"month"`
	From      *time.Time `db:"from_on"` // the days of whoever asked, where they were let in to those only
	Until     *time.Time `db:"until_on"`
	Name      string     `db:"name"`
	Lang      string     `db:"lang"`
	Reason    string     `db:"reason"`
	AskedBy   string     `db:"asked_by_name"`
	AskedAt   time.Time  `db:"asked_at"`
	State     string     `db:"state"`
	EndedAt   *time.Time `db:"ended_at"`
	Failure   string     `db:"failure"`
	Attempt   int        `db:"attempt"` // whose pieces it is made of, or is being made of
	Entries   int64      `db:"entries"`
	Size      int64      `db:"size"`
	SHA256    []byte     `db:"sha256"`
	KeptUntil *time.Time `db:"kept_until"`

	// While it is asked for: how often it was begun, whether somebody is at it,
	// and how much of it is done.
	Held  bool  `db:"held"`
	Done  int64 `db:"done"`
	Whole int64 `db:"whole"`
}

// Hash is the SHA-256 of the file in hexadecimal; empty before there is one.
func (b Box) Hash() string { return hex.EncodeToString(b.SHA256) }

// The states of a box. One that is asked for is being made while somebody is at
// it, and waits otherwise.
const (
	BoxAsked   = "asked"
	BoxReady   = "ready"
	BoxFailed  = "failed"
	BoxRemoved = "removed" // its time is over
)

// Why there is no box.
const (
	BoxTooMany      = "too_many"
	BoxNotPublished = "not_published"
	BoxInterrupted  = "interrupted" // whoever was at it went away, again and again
	BoxBroken       = "broken"
)

// boxKept is how long a box is kept for whoever asked to come for it.
const boxKept = "30 days"

const boxColumns = `
	b.id, b.merchant_id, b.about, b.month, b.from_on, b.until_on, b.name, b.lang, b.reason, coalesce(p.name, '') AS asked_by_name, b.asked_at, b.state, b.ended_at,
	coalesce(b.failure, '') AS failure, coalesce(b.attempt, w.attempt, 0) AS attempt, coalesce(b.entries, 0) AS entries, coalesce(b.size, 0) AS size, b.sha256, b.kept_until,
	coalesce(w.attempt > 0 AND w.held_until > now(), false) AS held, coalesce(w.done, 0) AS done, coalesce(w.whole, 0) AS whole
	FROM boxes b LEFT JOIN people p ON p.id = b.asked_by LEFT JOIN box_work w ON w.box_id = b.id`

var (
	sqlBox    = statement(`SELECT ` + boxColumns + ` WHERE b.merchant_id = $1 AND b.id = $2`)
	sqlBoxes  = statement(`SELECT ` + boxColumns + ` WHERE b.merchant_id = $1 AND (b.asked_at, b.id) < ($2, $3) ORDER BY b.asked_at DESC, b.id DESC LIMIT $4`)
	sqlAskBox = statement(`
		INSERT INTO boxes (id, merchant_id, about, month, from_on, until_on, name, lang, reason, asked_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
	sqlAskBoxWork = statement(`INSERT INTO box_work (box_id, merchant_id) VALUES ($1, $2)`)
	sqlBoxPiece   = statement(`SELECT data, seal FROM box_pieces WHERE merchant_id = $1 AND box_id = $2 AND attempt = $3 AND no = $4`)
)

// Box returns one.
func (q *Query) Box(id ID) (Box, error) { return row[Box](q, sqlBox, q.actor.Merchant, id) }

// BoxCursor is a place in the list of boxes, the newest first; the zero value is
// its beginning.
type BoxCursor struct {
	At time.Time
	ID ID
}

// Boxes lists boxes after a place.
func (q *Query) Boxes(before BoxCursor, limit int) ([]Box, error) {
	if before.At.IsZero() {
		before.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return rows[Box](q, sqlBoxes, q.actor.Merchant, before.At, before.ID, limit)
}

// AskBox has a worker make a box: of b.About or b.Month, within b.From and
// b.Until, called b.Name in the language b.Lang, for b.Reason.
func (t *Tx) AskBox(b Box) (ID, error) {
	id := NewID()
	_, err := t.exec(sqlAskBox, id, t.actor.Merchant, b.About, b.Month, b.From, b.Until, b.Name, b.Lang, b.Reason, t.actor.Person)
	if err == nil {
		_, err = t.exec(sqlAskBoxWork, id, t.actor.Merchant)
	}
	if err != nil {
		return NoID, fmt.Errorf("asking for a box: %w", err)
	}
	return id, t.Audit("trail.box_asked", About("box", id), map[string]any{
		"about": b.About, "month": dayText(b.Month), "from": dayText(b.From), "until": dayText(b.Until), "name": b.Name, "lang": b.Lang, "reason": b.Reason,
	})
}

func dayText(d *time.Time) string {
	if d == nil {
		return ""
	}
	return d.Format(time.DateOnly)
}

// TakeBox leaves the leaf that the acting person took the box away.
func (t *Tx) TakeBox(b Box) error {
	return t.Audit("trail.box_taken", About("box", b.ID), map[string]any{"about": b.About, "month": dayText(b.Month), "size": b.Size, "sha256": b.Hash()})
}

// BoxPiece is one piece of a box; after the last comes ErrNotFound.
func (q *Query) BoxPiece(b Box, no int) ([]byte, error) {
	piece, err := row[struct{ Data, Seal []byte }](q, sqlBoxPiece, q.actor.Merchant, b.ID, b.Attempt, no)
	if err != nil {
		return nil, fmt.Errorf("reading a box: %w", err)
	}
	plain, err := q.store.seal.openPiece(boxPlace(b.ID, b.Attempt, no, q.actor.Merchant), piece.Seal, piece.Data)
	if err != nil {
		return nil, fmt.Errorf("reading a box: %w", err)
	}
	return plain, nil
}

func boxPlace(box ID, attempt, no int, merchant ID) place {
	return place{"box_pieces", "data", fmt.Sprintf("%s/%d/%d", box, attempt, no), merchant}
}

// Gathered is a place in a box's order: of time, the oldest first.
type Gathered struct {
	At time.Time
	ID ID
}

// BoxSource is what leaves a box holds, of those in the first Size of the trail.
type BoxSource struct {
	Subjects []Subject // of a thing; else of all
	From, To time.Time
	Size     int64
}

const boxLeaves = `l.merchant_id = $1 AND l.idx < $2 AND (l.at, l.id) > ($3, $4) AND l.at < $5`

var (
	sqlBoxOfMonth = statement(`SELECT` + leafColumns + ` FROM audit_leaves l WHERE ` + boxLeaves + ` AND ` + leafDeed + ` ORDER BY l.at, l.id LIMIT $6`)
	sqlBoxOfThing = statement(`
		WITH l AS MATERIALIZED (
			SELECT id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes, idx
			FROM audit_leaves WHERE merchant_id = $1 AND subject = ANY ($7::text[])
		)
		SELECT` + leafColumns + ` FROM l WHERE ` + boxLeaves + ` ORDER BY l.at, l.id LIMIT $6`)
	sqlCountOfMonth = statement(`
		SELECT count(*) FROM (SELECT FROM audit_leaves l WHERE l.merchant_id = $1 AND l.at >= $2 AND l.at < $3 AND ` + leafDeed + ` LIMIT $4) x`)
	sqlCountOfThing = statement(`
		SELECT count(*) FROM (SELECT FROM audit_leaves l WHERE l.merchant_id = $1 AND l.subject = ANY ($5::text[]) AND l.at >= $2 AND l.at < $3 LIMIT $4) x`)
	sqlUploads = statement(`
		SELECT` + leafColumns + ` FROM audit_leaves l
		WHERE l.merchant_id = $1 AND l.subject = ANY ($2::text[]) AND l.action = 'file.uploaded' AND l.idx < $3 AND l.at >= $4 AND l.at < $5`)
	sqlBoxLeaf = statement(`SELECT id FROM audit_leaves WHERE merchant_id = $1 AND subject = $2 AND action = 'trail.box_asked'`)
)

// CountForBox is how many leaves there are to pack, up to the limit.
func (q *Query) CountForBox(s BoxSource, limit int) (n int64, err error) {
	if len(s.Subjects) == 0 {
		return row[int64](q, sqlCountOfMonth, q.actor.Merchant, s.From, s.To, limit)
	}
	return row[int64](q, sqlCountOfThing, q.actor.Merchant, s.From, s.To, limit, pq.Array(s.Subjects))
}

// GatherForBox returns the leaves after a place, the oldest first.
func (q *Query) GatherForBox(s BoxSource, after Gathered, limit int) ([]LeafRow, error) {
	if after.At.Before(s.From) {
		after = Gathered{At: s.From} // no id is smaller than the zero one
	}
	var list []LeafRow
	var err error
	if len(s.Subjects) == 0 {
		err = q.all(&list, sqlBoxOfMonth, q.actor.Merchant, s.Size, after.At, after.ID, s.To, limit)
	} else {
		err = q.all(&list, sqlBoxOfThing, q.actor.Merchant, s.Size, after.At, after.ID, s.To, limit, pq.Array(s.Subjects))
	}
	return decoded(list, err)
}

// UploadsForBox returns the leaves of how these files came in.
func (q *Query) UploadsForBox(s BoxSource, files []Subject) ([]LeafRow, error) {
	var list []LeafRow
	err := q.all(&list, sqlUploads, q.actor.Merchant, pq.Array(files), s.Size, s.From, s.To)
	return decoded(list, err)
}

// BoxAsked is the leaf by which a box was asked for.
func (q *Query) BoxAsked(box ID) (ID, error) {
	return row[ID](q, sqlBoxLeaf, q.actor.Merchant, About("box", box))
}
