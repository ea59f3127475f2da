package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Mark is the blind form of a citizen or tax id, or of the id of a record, as
// the edge makes it under a key of its own. It tells nobody what it stands for.
type Mark [16]byte

// String is the mark as leaves write it.
func (m Mark) String() string { return hex.EncodeToString(m[:]) }

// ParseMark reads what String wrote.
func ParseMark(text string) (m Mark, err error) {
	if n, err := hex.Decode(m[:], []byte(text)); err != nil || n != len(m) || len(text) != 2*len(m) {
		return Mark{}, fmt.Errorf("%q is no mark", text)
	}
	return m, nil
}

// Sighting is one answer that somebody got which held personal data, or which
// told of the trail.
type Sighting struct {
	Actor Actor
	// Route is the method and the pattern of the address, Path the address
	// without its query.
	Route, Path string
	// Trail: it was the trail that was read; Query is what was asked of it.
	Trail bool
	Query string
	// Marks are of what the answer held, each once.
	Marks []Mark
}

// marksOfLeaf bounds one leaf: a file with a hundred thousand ids is told in
// many leaves, each of which proves what it says.
const marksOfLeaf = 500

var sqlInsertMarks = statement(`INSERT INTO seen_marks (merchant_id, mark, sighting_id) SELECT $1, mark, $3 FROM unnest($2::bytea[]) AS mark ON CONFLICT DO NOTHING`)

// Seen leaves the leaves of what somebody was shown, each in its own session
// and request. All must be of the transaction's merchant and person.
func (t *Tx) Seen(list []Sighting) error {
	for _, s := range list {
		q := *t.Query
		q.actor = s.Actor
		one := *t
		one.Query = &q
		if err := one.seen(s); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tx) seen(s Sighting) error {
	action := "sighting.seen"
	if s.Trail {
		action = "trail.read"
	}
	for first := 0; first == 0 || first < len(s.Marks); first += marksOfLeaf {
		marks := s.Marks[first:min(first+marksOfLeaf, len(s.Marks))]
		id := NewID()
		detail := map[string]any{"route": s.Route, "path": s.Path, "marks": marksText(marks)}
		if s.Query != "" {
			detail["query"] = s.Query
		}
		if err := t.Audit(action, About("sighting", id), detail); err != nil {
			return err
		}
		if len(marks) == 0 {
			continue
		}
		raw := make([][]byte, len(marks))
		for n := range marks {
			raw[n] = marks[n][:]
		}
		if _, err := t.exec(sqlInsertMarks, t.actor.Merchant, pq.ByteaArray(raw), id); err != nil {
			return fmt.Errorf("keeping what was seen: %w", err)
		}
	}
	return nil
}

func marksText(marks []Mark) []string {
	all := make([]string, len(marks))
	for n, m := range marks {
		all[n] = m.String()
	}
	return all
}

// RecordSeen writes what people were shown, in one transaction for each person,
// since nobody leaves leaves in another's name. What comes first is written
// first; done is how many were, also when the next ones could not be.
func (s *Store) RecordSeen(ctx context.Context, list []Sighting) (done int, err error) {
	for done < len(list) {
		who, n := list[done].Actor, 1
		for done+n < len(list) && list[done+n].Actor.Merchant == who.Merchant && list[done+n].Actor.Person == who.Person {
			n++
		}
		of := list[done : done+n]
		if err := s.Write(ctx, who, func(t *Tx) error { return t.Seen(of) }); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// SightingCursor is a place among the sightings of a mark, the newest first.
type SightingCursor struct {
	At time.Time
	ID ID
}

// SightingFilter selects the sightings of one mark.
type SightingFilter struct {
	Mark     Mark
	From, To time.Time // From is included, To is not
	Before   SightingCursor
	Limit    int
}

// SightingRow is the leaf of a sighting, and its place in the list.
type SightingRow struct {
	LeafRow
	Sighting ID `db:"sighting_id"`
}

// The page is cut before its leaves are looked up, each by its subject.
var sqlSightings = statement(`
	WITH seen AS MATERIALIZED (
		SELECT m.at AS seen_at, m.sighting_id FROM seen_marks m
		WHERE m.merchant_id = $1 AND m.mark = $2 AND (m.at, m.sighting_id) < ($3, $4) AND m.at >= $5
		ORDER BY m.at DESC, m.sighting_id DESC LIMIT $6
	)
	SELECT seen.sighting_id,` + leafColumns + `
	FROM seen CROSS JOIN LATERAL (
		SELECT id, at, person_id, session_id, request_id, address, action, subject, bytes, idx
		FROM audit_leaves WHERE merchant_id = $1 AND subject = 'sighting/' || seen.sighting_id LIMIT 1
	) l ORDER BY seen.seen_at DESC, seen.sighting_id DESC`)

// Sightings returns who was shown what the mark stands for, the newest first.
func (q *Query) Sightings(f SightingFilter) ([]SightingRow, error) {
	before := f.Before
	if before.At.IsZero() {
		before.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if !f.To.IsZero() && !before.At.Before(f.To) {
		before = SightingCursor{At: f.To}
	}
	var found []SightingRow
	if err := q.all(&found, sqlSightings, q.actor.Merchant, f.Mark[:], before.At, before.ID, f.From, f.Limit); err != nil {
		return nil, fmt.Errorf("reading who saw: %w", err)
	}
	for n := range found {
		rows, err := decoded([]LeafRow{found[n].LeafRow}, nil)
		if err != nil {
			return nil, err
		}
		found[n].LeafRow = rows[0]
	}
	return found, nil
}

// Watcher is somebody who was shown what a mark stands for, how often, and when.
type Watcher struct {
	Person  uuid.NullUUID `db:"person_id"`
	Name    string        `db:"name"`
	Times   int           `db:"times"`
	FirstAt time.Time     `db:"first_at"`
	LastAt  time.Time     `db:"last_at"`
}

// watchersOf is how many sightings are looked at to say who they were of.
const watchersOf = 1000

// The newest thousand only: an auditor wants the people first, and each of
// their looks when it matters.
var sqlWatchers = statement(`
	WITH seen AS MATERIALIZED (
		SELECT m.at AS seen_at, m.sighting_id FROM seen_marks m
		WHERE m.merchant_id = $1 AND m.mark = $2 AND m.at >= $3 AND m.at < $4
		ORDER BY m.at DESC, m.sighting_id DESC LIMIT $5
	)
	SELECT l.person_id, coalesce((SELECT name FROM people p WHERE p.id = l.person_id), '') AS name, count(*) AS times,
		min(seen.seen_at) AS first_at, max(seen.seen_at) AS last_at
	FROM seen CROSS JOIN LATERAL (
		SELECT person_id FROM audit_leaves WHERE merchant_id = $1 AND subject = 'sighting/' || seen.sighting_id LIMIT 1
	) l GROUP BY l.person_id ORDER BY max(seen.seen_at) DESC`)

// Watchers returns the people who were shown what the mark stands for, by the
// newest thousand sightings; all is false where there are more.
func (q *Query) Watchers(m Mark, from, to time.Time) (list []Watcher, all bool, err error) {
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if list, err = rows[Watcher](q, sqlWatchers, q.actor.Merchant, m[:], from, to, watchersOf); err != nil {
		return nil, false, fmt.Errorf("reading who saw: %w", err)
	}
	looks := 0
	for _, w := range list {
		looks += w.Times
	}
	return list, looks < watchersOf, nil
}

// Somebody who is or was one of us here: has a duty, or ever did something.
var sqlActorName = statement(`
	SELECT p.name FROM people p WHERE p.id = $2
		AND (EXISTS (SELECT FROM memberships m WHERE m.merchant_id = $1 AND m.person_id = p.id)
			OR EXISTS (SELECT FROM audit_leaves l WHERE l.merchant_id = $1 AND l.person_id = p.id))`)

// ActorName is the name of somebody of the acting merchant, who may have left.
func (q *Query) ActorName(person ID) (string, error) {
	return row[string](q, sqlActorName, q.actor.Merchant, person)
}

// What a file says of people cannot be read out of its bytes; its bill, receipt
// or tax document can be.
var sqlIDsOfFile = statement(`
	SELECT p.buyer_tax_id FROM presentment_documents d JOIN presentments p ON p.id = d.presentment_id AND p.merchant_id = d.merchant_id
	WHERE d.merchant_id = $1 AND d.file_id = $2
	UNION SELECT r.buyer_tax_id FROM receipt_documents d JOIN receipts r ON r.id = d.receipt_id AND r.merchant_id = d.merchant_id
	WHERE d.merchant_id = $1 AND d.file_id = $2
	LIMIT 200`)

// IDsOfFile returns the tax ids of those whose papers a file goes with.
func (q *Query) IDsOfFile(file ID) ([]string, error) {
	return rows[string](q, sqlIDsOfFile, q.actor.Merchant, file)
}
