package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// LeafRow is a leaf of the trail as a screen shows it.
type LeafRow struct {
	ID         ID            `db:"id"`
	At         time.Time     `db:"at"`
	Person     uuid.NullUUID `db:"person_id"`
	PersonName string        `db:"person_name"` // empty where no person acted
	Session    string        `db:"session_id"`
	Request    string        `db:"request_id"`
	Address    string        `db:"address"`
	Action     string        `db:"action"`
	Subject    Subject       `db:"subject"`
	// Detail is read from the hashed bytes, as Audit was given it.
	Detail json.RawMessage `db:"-"`
	// Idx is the leaf's number in the trail, nil until the sequencer has seen it.
	Idx *int64 `db:"idx"`
	// Published: a checkpoint outside the database covers the leaf.
	Published bool `db:"published"`

	Bytes []byte `db:"bytes"`
}

// LeafCursor is a place in the trail's order of time.
type LeafCursor struct {
	At time.Time
	ID ID
}

// LeafFilter selects leaves of the acting merchant; the zero value of a field
// does not restrict.
type LeafFilter struct {
	Person   ID
	Action   string // how the action begins: "instruction." or all of it
	Subjects []Subject
	// Text, in lower case, is somewhere in the leaf as it is hashed.
	Text string
	// Deeds leaves out what was only looked at: pages, and the trail itself.
	Deeds    bool
	From, To time.Time  // From is included, To is not
	Before   LeafCursor // the last row of the page before
	Limit    int        // 0 means 50
}

const (
	leafColumns = `
		l.id, l.at, l.person_id, coalesce((SELECT name FROM people WHERE people.id = l.person_id), '') AS person_name,
		l.session_id, l.request_id, l.address, l.action, l.subject, l.bytes, l.idx,
		coalesce(l.idx < (SELECT size FROM audit_checkpoints WHERE published_at IS NOT NULL ORDER BY size DESC LIMIT 1), false) AS published`
	leafWindow = ` AND (l.at, l.id) < ($2, $3) AND l.at >= $4 `
	leafOrder  = ` ORDER BY l.at DESC, l.id DESC LIMIT $5`
	// Looks are many and nearly never what is looked for.
	leafDeed = `l.action NOT IN ('sighting.seen', 'trail.read')`
	leafSays = `strpos(lower(convert_from(l.bytes, 'UTF8')), %s) > 0`
	// The leaves about subjects are few. Materialized, because the limit tempts
	// the planner to walk through all leaves of the merchant in order of time.
	leavesAbout = `
		WITH l AS MATERIALIZED (
			SELECT id, at, person_id, session_id, request_id, address, action, subject, bytes, idx
			FROM audit_leaves WHERE merchant_id = $1 AND subject = ANY ($2::text[])
		)
		SELECT` + leafColumns + ` FROM l`
)

// One statement for each index that can give the order: no plan of one text
// fits them all.
var (
	sqlLeaves         = statement(`SELECT` + leafColumns + ` FROM audit_leaves l WHERE l.merchant_id = $1` + leafWindow + leafOrder)
	sqlDeeds          = statement(`SELECT` + leafColumns + ` FROM audit_leaves l WHERE l.merchant_id = $1 AND ` + leafDeed + leafWindow + leafOrder)
	sqlLeavesOfPerson = statement(`
		SELECT` + leafColumns + ` FROM audit_leaves l
		WHERE l.merchant_id = $1 AND l.person_id = $6 AND starts_with(l.action, $7)` + leafWindow + leafOrder)
	sqlDeedsOfPerson = statement(`
		SELECT` + leafColumns + ` FROM audit_leaves l
		WHERE l.merchant_id = $1 AND l.person_id = $6 AND starts_with(l.action, $7) AND ` + leafDeed + leafWindow + leafOrder)
	// A range of actions cannot give the order of time, so the newest of each
	// action are merged. There are few actions, found by hopping along the index.
	sqlLeavesByAction = statement(`
		WITH RECURSIVE actions (action) AS (
			(SELECT l.action FROM audit_leaves l WHERE l.merchant_id = $1 AND l.action >= $6 ORDER BY l.action LIMIT 1)
			UNION ALL
			SELECT (SELECT l.action FROM audit_leaves l WHERE l.merchant_id = $1 AND l.action > a.action ORDER BY l.action LIMIT 1)
			FROM actions a WHERE starts_with(a.action, $6)
		)
		SELECT l.id, l.at, l.person_id, l.person_name, l.session_id, l.request_id, l.address, l.action, l.subject, l.bytes, l.idx, l.published
		FROM actions a CROSS JOIN LATERAL (
			SELECT` + leafColumns + ` FROM audit_leaves l
			WHERE l.merchant_id = $1 AND l.action = a.action` + leafWindow + leafOrder + `
		) l WHERE starts_with(a.action, $6)` + leafOrder)
	sqlLeavesAbout = statement(leavesAbout + `
		WHERE (l.at, l.id) < ($3, $4) AND l.at >= $5 AND starts_with(l.action, $7) AND ($8::uuid IS NULL OR l.person_id = $8)
			AND ($9 = '' OR ` + fmt.Sprintf(leafSays, `$9`) + `)
		ORDER BY l.at DESC, l.id DESC LIMIT $6`)
	sqlStory = statement(leavesAbout + ` ORDER BY l.at, l.id LIMIT $3`)
)

// before is the place from which f goes back.
func (f LeafFilter) before() LeafCursor {
	before := f.Before
	if before.At.IsZero() {
		before.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if !f.To.IsZero() && !before.At.Before(f.To) {
		before = LeafCursor{At: f.To} // no id is smaller than the zero one
	}
	return before
}

// within is f for somebody who may see a part of the trail only.
func (f LeafFilter) within(a Actor) LeafFilter {
	if a.From.After(f.From) {
		f.From = a.From
	}
	if !a.Until.IsZero() && (f.To.IsZero() || a.Until.Before(f.To)) {
		f.To = a.Until
	}
	return f
}

// Leaves returns leaves, newest first. A text is looked for among those about
// the subjects only; LeavesSaying looks elsewhere.
func (q *Query) Leaves(f LeafFilter) ([]LeafRow, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	f = f.within(q.actor)
	before := f.before()
	merchant := q.actor.Merchant
	var rows []LeafRow
	var err error
	switch {
	case len(f.Subjects) > 0:
		err = q.all(&rows, sqlLeavesAbout, merchant, pq.Array(f.Subjects), before.At, before.ID, f.From, f.Limit, f.Action, nullable(f.Person), f.Text)
	case f.Person != NoID && f.Deeds:
		err = q.all(&rows, sqlDeedsOfPerson, merchant, before.At, before.ID, f.From, f.Limit, f.Person, f.Action)
	case f.Person != NoID:
		err = q.all(&rows, sqlLeavesOfPerson, merchant, before.At, before.ID, f.From, f.Limit, f.Person, f.Action)
	case f.Action != "":
		err = q.all(&rows, sqlLeavesByAction, merchant, before.At, before.ID, f.From, f.Limit, f.Action)
	case f.Deeds:
		err = q.all(&rows, sqlDeeds, merchant, before.At, before.ID, f.From, f.Limit)
	default:
		err = q.all(&rows, sqlLeaves, merchant, before.At, before.ID, f.From, f.Limit)
	}
	return decoded(rows, err)
}

// walked bounds how many leaves one search by a text reads: no index knows the
// words of all leaves, since it would cost more at each writing than all
// searches ever save.
const walked = 50_000

// One for each index that gives the order of time; what else is asked for is
// looked at on the way.
const leavesWalked = `
		SELECT` + leafColumns + ` FROM (
			SELECT l.id, l.at, l.person_id, l.session_id, l.request_id, l.address, l.action, l.subject, l.bytes, l.idx
			FROM audit_leaves l WHERE l.merchant_id = $1 %s AND ` + leafDeed + leafWindow + ` ORDER BY l.at DESC, l.id DESC LIMIT $6
		) l WHERE starts_with(l.action, $7) AND %s
		ORDER BY l.at DESC, l.id DESC LIMIT $5`

var (
	sqlLeavesSaying         = statement(fmt.Sprintf(leavesWalked, ``, fmt.Sprintf(leafSays, `$8`)))
	sqlLeavesOfPersonSaying = statement(fmt.Sprintf(leavesWalked, `AND l.person_id = $9`, fmt.Sprintf(leafSays, `$8`)))
	sqlWalkEnd              = statement(`
		SELECT l.at, l.id FROM audit_leaves l WHERE l.merchant_id = $1 AND ` + leafDeed + leafWindow + ` ORDER BY l.at DESC, l.id DESC OFFSET $5 - 1 LIMIT 1`)
	sqlWalkEndOfPerson = statement(`
		SELECT l.at, l.id FROM audit_leaves l WHERE l.merchant_id = $1 AND l.person_id = $6 AND ` + leafDeed + leafWindow + ` ORDER BY l.at DESC, l.id DESC OFFSET $5 - 1 LIMIT 1`)
)

// LeavesSaying returns leaves that hold the text, newest first. It reads a
// bounded stretch of the trail: end is where that ended, and nil at the
// beginning of the trail or where the limit came first.
func (q *Query) LeavesSaying(f LeafFilter) (found []LeafRow, end *LeafCursor, err error) {
	f = f.within(q.actor)
	before, merchant := f.before(), q.actor.Merchant
	if f.Person == NoID {
		err = q.all(&found, sqlLeavesSaying, merchant, before.At, before.ID, f.From, f.Limit, walked, f.Action, f.Text)
	} else {
		err = q.all(&found, sqlLeavesOfPersonSaying, merchant, before.At, before.ID, f.From, f.Limit, walked, f.Action, f.Text, f.Person)
	}
	if found, err = decoded(found, err); err != nil || len(found) == f.Limit {
		return found, nil, err
	}
	var last LeafCursor
	if f.Person == NoID {
		err = q.get(&last, sqlWalkEnd, merchant, before.At, before.ID, f.From, walked)
	} else {
		err = q.get(&last, sqlWalkEndOfPerson, merchant, before.At, before.ID, f.From, walked, f.Person)
	}
	if errors.Is(err, ErrNotFound) {
		return found, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the trail: %w", err)
	}
	return found, &last, nil
}

// storyLimit is far more than anything that happens to one item.
const storyLimit = 1000

// Story returns what happened to the subjects, oldest first.
func (q *Query) Story(subjects []Subject) ([]LeafRow, error) {
	var rows []LeafRow
	err := q.all(&rows, sqlStory, q.actor.Merchant, pq.Array(subjects), storyLimit)
	return decoded(rows, err)
}

func decoded(rows []LeafRow, err error) ([]LeafRow, error) {
	if err != nil {
		return nil, fmt.Errorf("reading the trail: %w", err)
	}
	for i := range rows {
		var leaf struct{ Detail json.RawMessage }
		if err := json.Unmarshal(rows[i].Bytes, &leaf); err != nil {
			return nil, fmt.Errorf("reading leaf %s: %w", rows[i].ID, err)
		}
		rows[i].Detail = leaf.Detail
	}
	return rows, nil
}
