package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Scratch is what a person typed into the form of a bill and did not save. It
// is seen by that person alone, leaves no leaf, and is gone after 30 days.
type Scratch struct {
	ID            ID            `db:"id"`
	PresentmentID uuid.NullUUID `db:"presentment_id"` // of the draft that is edited; none for a new bill
	Typed         string        `db:"typed"`          // as a browser sends a form
	SavedAt       time.Time     `db:"saved_at"`
}

var (
	sqlScratch = statement(`
		SELECT id, presentment_id, typed, saved_at FROM presentment_scratches
		WHERE merchant_id = $1 AND person_id = $2 AND id = $3 AND NOT spent AND saved_at > now() - interval '30 days'`)
	sqlScratches = statement(`
		SELECT id, presentment_id, typed, saved_at FROM presentment_scratches
		WHERE merchant_id = $1 AND person_id = $2 AND presentment_id IS NOT DISTINCT FROM $3 AND NOT spent AND saved_at > now() - interval '30 days'
		ORDER BY saved_at DESC LIMIT 5`)
	sqlKeepScratch = statement(`
		INSERT INTO presentment_scratches (id, merchant_id, person_id, presentment_id, typed) VALUES ($3, $1, $2, $4, $5)
		ON CONFLICT (merchant_id, person_id, id) DO UPDATE SET presentment_id = excluded.presentment_id, typed = excluded.typed, saved_at = now()
		WHERE NOT presentment_scratches.spent`)
	// Nobody leaves more than twenty forms open and means it.
	sqlCapScratches = statement(`
		DELETE FROM presentment_scratches WHERE merchant_id = $1 AND person_id = $2 AND id IN (
			SELECT id FROM (SELECT id, row_number() OVER (ORDER BY saved_at DESC, id) AS place FROM presentment_scratches
				WHERE merchant_id = $1 AND person_id = $2 AND NOT spent) s WHERE place > 20)`)
	// Its place is kept for an hour, longer than a request can be on its way.
	sqlSpendScratch = statement(`
		WITH late AS (DELETE FROM presentment_scratches WHERE merchant_id = $1 AND person_id = $2 AND spent AND saved_at < now() - interval '1 hour' AND id <> $3)
		INSERT INTO presentment_scratches (id, merchant_id, person_id, typed, spent) VALUES ($3, $1, $2, '', true)
		ON CONFLICT (merchant_id, person_id, id) DO UPDATE SET presentment_id = NULL, typed = '', spent = true, saved_at = now()`)
	sqlDropScratch     = statement(`DELETE FROM presentment_scratches WHERE merchant_id = $1 AND person_id = $2 AND id = $3`)
	sqlStaleScratches  = statement(`SELECT EXISTS (SELECT FROM presentment_scratches WHERE saved_at < now() - interval '30 days')`)
	sqlExpireScratches = statement(`DELETE FROM presentment_scratches WHERE saved_at < now() - interval '30 days'`)
)

// Scratch returns one of the acting person's own scratches.
func (q *Query) Scratch(id ID) (Scratch, error) {
	return row[Scratch](q, sqlScratch, q.actor.Merchant, q.actor.Person, id)
}

// Scratches returns the acting person's newest scratches of the given draft,
// or of new bills where there is none.
func (q *Query) Scratches(presentment uuid.NullUUID) ([]Scratch, error) {
	return rows[Scratch](q, sqlScratches, q.actor.Merchant, q.actor.Person, presentment)
}

// KeepScratch stores what the acting person has typed so far. ErrStale means
// that the bill was saved meanwhile, so that nothing is left to keep.
func (t *Tx) KeepScratch(s Scratch) error {
	if err := t.one(sqlKeepScratch, t.actor.Merchant, t.actor.Person, s.ID, s.PresentmentID, s.Typed); err != nil {
		return fmt.Errorf("keeping what was typed: %w", err)
	}
	_, err := t.exec(sqlCapScratches, t.actor.Merchant, t.actor.Person)
	return err
}

// SpendScratch forgets what was typed into a form that is saved now, and keeps
// what the form sent before and arrives after from coming back.
func (t *Tx) SpendScratch(id ID) error {
	if id == NoID {
		return nil // a form without a scratch
	}
	_, err := t.exec(sqlSpendScratch, t.actor.Merchant, t.actor.Person, id)
	return err
}

// DropScratch forgets one of the acting person's scratches. That it is gone
// already is no error.
func (t *Tx) DropScratch(id ID) error {
	_, err := t.exec(sqlDropScratch, t.actor.Merchant, t.actor.Person, id)
	return err
}

// StaleScratches reports whether there is something for ExpireScratches.
func (q *Query) StaleScratches() (bool, error) { return row[bool](q, sqlStaleScratches) }

// ExpireScratches forgets everybody's scratches of more than 30 days ago, and
// says how many those were.
func (t *Tx) ExpireScratches() (int64, error) { return t.exec(sqlExpireScratches) }
