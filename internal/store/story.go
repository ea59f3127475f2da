package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
	"golang.org/x/mod/sumdb/tlog"
)

// StoryLimit is where Story stops. A page that shows as many leaves says so.
const StoryLimit = storyLimit

var (
	sqlLeaf = statement(`SELECT` + leafColumns + ` FROM audit_leaves l WHERE l.merchant_id = $1 AND l.id = $2`)
	// A document that was taken off again is remembered by the trail alone.
	sqlBillSubjects = statement(`
		WITH bills AS MATERIALIZED (
			SELECT id, 'presentment/' || id AS subject FROM presentments WHERE merchant_id = $1 AND id = ANY ($2::uuid[])
		), asked AS MATERIALIZED (
			SELECT i.id FROM instructions i WHERE i.merchant_id = $1 AND i.subject = ANY (ARRAY(SELECT subject FROM bills))
		), told AS MATERIALIZED (
			SELECT l.action, l.bytes FROM audit_leaves l WHERE l.merchant_id = $1 AND l.subject = ANY (ARRAY(SELECT subject FROM bills))
		)
		SELECT subject FROM bills
		UNION SELECT 'instruction/' || id FROM asked
		UNION SELECT 'exchange/' || x.id FROM exchanges x WHERE x.merchant_id = $1 AND x.instruction_id = ANY (ARRAY(SELECT id FROM asked))
		UNION SELECT 'file/' || (convert_from(bytes, 'UTF8')::jsonb #>> '{detail,file}') FROM told WHERE action = 'presentment.document_attached'`)
	sqlExchangesOfBill = statement(`
		SELECT ` + exchangeColumns + ` FROM exchanges x LEFT JOIN exchange_results r ON r.exchange_id = x.id
		WHERE x.merchant_id = $1
			AND x.instruction_id = ANY (ARRAY(SELECT i.id FROM instructions i WHERE i.merchant_id = $1 AND i.subject = $2))
		ORDER BY x.began_at`)
	sqlNamesOfSubjects = statement(`
		SELECT 'presentment/' || p.id AS subject, p.document_number || ' · ' || p.buyer_name AS name, 'presentment/' || p.id AS item
		FROM presentments p WHERE p.merchant_id = $1 AND p.id = ANY ($2::uuid[])
		UNION ALL SELECT 'instruction/' || i.id, i.title, i.subject FROM instructions i WHERE i.merchant_id = $1 AND i.id = ANY ($2::uuid[])
		UNION ALL SELECT 'exchange/' || x.id, i.title, i.subject
		FROM exchanges x JOIN instructions i ON i.id = x.instruction_id WHERE x.merchant_id = $1 AND x.id = ANY ($2::uuid[])
		UNION ALL SELECT 'receipt/' || r.id, coalesce(nullif(r.document_number, '') || ' · ', '') || r.buyer_name, 'receipt/' || r.id
		FROM receipts r WHERE r.merchant_id = $1 AND r.id = ANY ($2::uuid[])
		UNION ALL SELECT 'number/' || d.id, d.number, d.subject FROM document_numbers d WHERE d.merchant_id = $1 AND d.id = ANY ($2::uuid[])
		UNION ALL SELECT 'buyer/' || b.id, b.name, 'buyer/' || b.id FROM buyers b WHERE b.merchant_id = $1 AND b.id = ANY ($2::uuid[])
		UNION ALL SELECT 'alert/' || a.id, coalesce(nullif(a.sender_name, ''), a.rtp_reference), 'alert/' || a.id FROM alerts a WHERE a.merchant_id = $1 AND a.id = ANY ($2::uuid[])
		UNION ALL SELECT 'supplier/' || s.id, s.name, 'supplier/' || s.id FROM suppliers s WHERE s.merchant_id = $1 AND s.id = ANY ($2::uuid[])
		UNION ALL SELECT 'file/' || f.id, f.name, '' FROM files f WHERE f.merchant_id = $1 AND f.id = ANY ($2::uuid[])
		UNION ALL SELECT 'import/' || i.id, f.name, ''
		FROM imports i JOIN files f ON f.id = i.file_id WHERE i.merchant_id = $1 AND i.id = ANY ($2::uuid[])
		UNION ALL SELECT 'person/' || o.id, o.name, '' FROM people o WHERE o.id = ANY ($2::uuid[])`)
	// Hops along the index from person to person instead of reading all leaves.
	sqlActors = statement(`
		WITH RECURSIVE who (id) AS (
			(SELECT l.person_id FROM audit_leaves l WHERE l.merchant_id = $1 AND l.person_id IS NOT NULL ORDER BY l.person_id LIMIT 1)
			UNION ALL
			SELECT (SELECT l.person_id FROM audit_leaves l WHERE l.merchant_id = $1 AND l.person_id > w.id ORDER BY l.person_id LIMIT 1)
			FROM who w WHERE w.id IS NOT NULL
		)
		SELECT p.id, p.name FROM who JOIN people p ON p.id = who.id ORDER BY p.name, p.id`)
)

// Leaf returns one leaf of the acting merchant.
func (q *Query) Leaf(id ID) (LeafRow, error) {
	var row LeafRow
	if err := q.get(&row, sqlLeaf, q.actor.Merchant, id); err != nil {
		return row, err
	}
	rows, err := decoded([]LeafRow{row}, nil)
	if err != nil {
		return row, err
	}
	return rows[0], nil
}

// Hash is what stands for the leaf in the tree, in hexadecimal.
func (l LeafRow) Hash() string {
	hash := tlog.RecordHash(l.Bytes)
	return hex.EncodeToString(hash[:])
}

// BillSubjects returns everything the trail tells of presentments: themselves,
// their instructions, the exchanges of these, and every file they ever had.
func (q *Query) BillSubjects(presentments ...ID) ([]Subject, error) {
	var subjects []Subject
	if err := q.all(&subjects, sqlBillSubjects, q.actor.Merchant, pq.Array(presentments)); err != nil {
		return nil, fmt.Errorf("reading what the trail tells of a bill: %w", err)
	}
	return subjects, nil
}

// ExchangesAbout returns the exchanges of every instruction about a subject,
// oldest first.
func (q *Query) ExchangesAbout(s Subject) ([]Exchange, error) {
	return rows[Exchange](q, sqlExchangesOfBill, q.actor.Merchant, s)
}

// SubjectName is what people call a subject, and the item it belongs to.
type SubjectName struct {
	Subject Subject `db:"subject"`
	Name    string  `db:"name"`
	Item    Subject `db:"item"` // of an instruction or exchange: the bill it is about
}

// NamesOf names the subjects of leaves in one query. One that cannot be named
// is left out.
func (q *Query) NamesOf(leaves []LeafRow) (map[Subject]SubjectName, error) {
	ids := make([]ID, 0, len(leaves))
	for _, l := range leaves {
		if id := l.Subject.ID(); id != NoID {
			ids = append(ids, id)
		}
	}
	var list []SubjectName
	if err := q.all(&list, sqlNamesOfSubjects, q.actor.Merchant, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("naming what the trail is about: %w", err)
	}
	names := make(map[Subject]SubjectName, len(list))
	for _, n := range list {
		names[n.Subject] = n
	}
	return names, nil
}

// Named is somebody by id and name.
type Named struct {
	ID   ID     `db:"id"`
	Name string `db:"name"`
}

// Actors names everybody who ever left a leaf at the acting merchant, whoever
// works there today.
func (q *Query) Actors() ([]Named, error) {
	return rows[Named](q, sqlActors, q.actor.Merchant)
}

// TrailHead is how far the trail is proven outside the database.
type TrailHead struct {
	Size        int64     `db:"size"` // leaves of every merchant; 0 before the first checkpoint
	PublishedAt time.Time `db:"published_at"`
	Root        string    `db:"-"` // as the published checkpoint writes it
	Signer      string    `db:"-"` // whose name the checkpoint bears
	Note        string    `db:"note"`
	// Waiting counts leaves of the acting merchant that no published
	// checkpoint covers yet, up to a little over CountLimit, and Since is when
	// the oldest of them was written.
	Waiting int        `db:"-"`
	Since   *time.Time `db:"-"`
}

var (
	sqlPublishedHead = statement(`
		SELECT size, published_at, note FROM audit_checkpoints WHERE published_at IS NOT NULL ORDER BY size DESC LIMIT 1`)
	sqlTrailWaiting = statement(`
		SELECT count(*) AS waiting, min(at) AS since FROM (
			(SELECT l.at FROM audit_leaves l WHERE l.merchant_id = $1 AND l.idx IS NULL ORDER BY l.at, l.id LIMIT 1001)
			UNION ALL
			(SELECT l.at FROM audit_leaves l WHERE l.merchant_id = $1 AND l.idx >= $2 ORDER BY l.idx LIMIT 1001)
		) l`)
)

// TrailHead returns the newest published checkpoint and what waits for the
// next one.
func (q *Query) TrailHead() (TrailHead, error) {
	var h TrailHead
	if err := q.get(&h, sqlPublishedHead); err != nil && !errors.Is(err, ErrNotFound) {
		return h, fmt.Errorf("reading the head of the trail: %w", err)
	}
	if h.Note != "" {
		c, err := parseCheckpoint(h.Note)
		if err != nil {
			return h, fmt.Errorf("%w: %w", ErrTrailBroken, err)
		}
		h.Root, h.Signer = c.Root.String(), c.Origin
	}
	var waiting struct {
		Waiting int        `db:"waiting"`
		Since   *time.Time `db:"since"`
	}
	if err := q.get(&waiting, sqlTrailWaiting, q.actor.Merchant, h.Size); err != nil {
		return h, fmt.Errorf("counting what waits in the trail: %w", err)
	}
	h.Waiting, h.Since = waiting.Waiting, waiting.Since
	return h, nil
}

// Holds checks that the proof leads from the leaf to the root of its own
// checkpoint, which it returns. It needs no key and so vouches for no
// signature: that is CheckProof's part.
func (p Proof) Holds() (Checkpoint, error) {
	c, err := parseCheckpoint(p.Checkpoint)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrTrailBroken, err)
	}
	if err := tlog.CheckRecord(p.Hashes, c.Size, c.Root, p.Index, tlog.RecordHash(p.Leaf)); err != nil {
		return c, fmt.Errorf("%w: leaf %d of %d: %w", ErrTrailBroken, p.Index, c.Size, err)
	}
	return c, nil
}

// ID returns the id within a subject, or NoID.
func (s Subject) ID() ID { return Instruction{Subject: s}.SubjectID() }

// Kind is what a subject is: "presentment", "instruction".
func (s Subject) Kind() string {
	kind, _, _ := strings.Cut(string(s), "/")
	return kind
}
