package store

import (
	"fmt"
	"time"
)

// Hold keeps the documents of some days from being deleted, however long ago
// their years are over. Two people put it, and two people lift it.
type Hold struct {
	ID     ID        `db:"id"`
	From   time.Time `db:"from_on"`
	To     time.Time `db:"to_on"`
	Reason string    `db:"reason"`

	AskedBy     ID         `db:"asked_by"`
	AskedByName string     `db:"asked_by_name"`
	AskedAt     time.Time  `db:"asked_at"`
	Decision    string     `db:"decision"` // empty: it waits, and holds meanwhile
	DecidedBy   string     `db:"decided_by_name"`
	DecidedAt   *time.Time `db:"decided_at"`

	LiftReason    string     `db:"lift_reason"`
	LiftAskedBy   ID         `db:"lift_asked_by"`
	LiftAskedName string     `db:"lift_asked_by_name"`
	LiftAskedAt   *time.Time `db:"lift_asked_at"`
	LiftDecision  string     `db:"lift_decision"`
	LiftDecidedBy string     `db:"lift_decided_by_name"`
	LiftDecidedAt *time.Time `db:"lift_decided_at"`
}

// What becomes of a hold that was asked for, and of asking that it be lifted.
const (
	HoldConfirmed = "confirmed"
	HoldRefused   = "refused"
	HoldWithdrawn = "withdrawn"
	HoldLifted    = "lifted"
	HoldKept      = "kept"
)

// Binds reports whether it keeps anything. It does from when it is asked for.
func (h Hold) Binds() bool {
	return (h.Decision == "" || h.Decision == HoldConfirmed) && h.LiftDecision != HoldLifted
}

// Waits reports whether somebody's decision is due, on the hold or its end.
func (h Hold) Waits() bool { return h.Decision == "" || h.Lifting() }

// Lifting reports whether somebody asked to lift it.
func (h Hold) Lifting() bool { return h.LiftReason != "" && h.LiftDecision == "" }

// AskedLast is who asked for what waits.
func (h Hold) AskedLast() ID {
	if h.Lifting() {
		return h.LiftAskedBy
	}
	return h.AskedBy
}

const (
	holdColumns = `h.id, h.from_on, h.to_on, h.reason, h.asked_by, a.name AS asked_by_name, h.asked_at, coalesce(h.decision, '') AS decision,
	coalesce(d.name, '') AS decided_by_name, h.decided_at, coalesce(h.lift_reason, '') AS lift_reason,
	coalesce(h.lift_asked_by, '00000000-0000-0000-0000-000000000000') AS lift_asked_by, coalesce(la.name, '') AS lift_asked_by_name, h.lift_asked_at,
	coalesce(h.lift_decision, '') AS lift_decision, coalesce(ld.name, '') AS lift_decided_by_name, h.lift_decided_at`
	holdTables = ` FROM legal_holds h JOIN people a ON a.id = h.asked_by LEFT JOIN people d ON d.id = h.decided_by
	LEFT JOIN people la ON la.id = h.lift_asked_by LEFT JOIN people ld ON ld.id = h.lift_decided_by `
)

var (
	sqlHolds = statement(`SELECT ` + holdColumns + holdTables + `WHERE h.merchant_id = $1 ORDER BY h.asked_at DESC, h.id DESC LIMIT $2`)
	sqlHold  = statement(`SELECT ` + holdColumns + holdTables + `WHERE h.merchant_id = $1 AND h.id = $2`)
	// Of the holds over its days the oldest, which was there first.
	sqlHoldOfFile = statement(`SELECT ` + holdColumns + holdTables + `
		WHERE h.merchant_id = $1 AND hold_binds(h.decision, h.lift_decision) AND EXISTS (
			SELECT FROM file_uses u WHERE u.merchant_id = $1 AND u.file_id = $2 AND u.on_day BETWEEN h.from_on AND h.to_on)
		ORDER BY h.asked_at, h.id LIMIT 1`)
	sqlAskHold    = statement(`INSERT INTO legal_holds (id, merchant_id, from_on, to_on, reason, asked_by) VALUES ($1, $2, $3, $4, $5, $6)`)
	sqlDecideHold = statement(`UPDATE legal_holds SET decision = $3, decided_by = $4 WHERE merchant_id = $1 AND id = $2 AND decision IS NULL`)
	sqlAskLift    = statement(`
		UPDATE legal_holds SET lift_reason = $3, lift_asked_by = $4, lift_decision = NULL, lift_decided_by = NULL
		WHERE merchant_id = $1 AND id = $2 AND decision = 'confirmed' AND (lift_reason IS NULL OR lift_decision = 'kept')`)
	sqlDecideLift = statement(`
		UPDATE legal_holds SET lift_decision = $3, lift_decided_by = $4
		WHERE merchant_id = $1 AND id = $2 AND lift_reason IS NOT NULL AND lift_decision IS NULL`)
)

// Holds lists the newest holds, those that ended among them.
func (q *Query) Holds(limit int) ([]Hold, error) {
	return rows[Hold](q, sqlHolds, q.actor.Merchant, limit)
}

// Hold returns one.
func (q *Query) Hold(id ID) (Hold, error) { return row[Hold](q, sqlHold, q.actor.Merchant, id) }

// HoldOfFile returns the hold that keeps a file with what it is used for, if
// there is one.
func (q *Query) HoldOfFile(file ID) (h Hold, held bool, err error) {
	return found(row[Hold](q, sqlHoldOfFile, q.actor.Merchant, file))
}

// AskHold has the documents of these days held from now on.
func (t *Tx) AskHold(from, to time.Time, reason string) (ID, error) {
	id := NewID()
	if _, err := t.exec(sqlAskHold, id, t.actor.Merchant, from, to, reason, t.actor.Person); err != nil {
		return NoID, fmt.Errorf("asking for a hold: %w", err)
	}
	return id, t.Audit("hold.asked", About("hold", id), map[string]any{
		"from": from.Format(time.DateOnly), "to": to.Format(time.DateOnly), "reason": reason,
	})
}

// DecideHold says what becomes of a hold that was asked for: HoldConfirmed or
// HoldRefused by another, HoldWithdrawn by whoever asked. ErrStale: it was decided.
func (t *Tx) DecideHold(id ID, decision string) error {
	if err := t.one(sqlDecideHold, t.actor.Merchant, id, decision, t.actor.Person); err != nil {
		return fmt.Errorf("deciding on a hold: %w", err)
	}
	return t.Audit("hold."+decision, About("hold", id), map[string]any{})
}

// AskLift asks that a hold end. It goes on until somebody else agrees.
func (t *Tx) AskLift(id ID, reason string) error {
	if err := t.one(sqlAskLift, t.actor.Merchant, id, reason, t.actor.Person); err != nil {
		return fmt.Errorf("asking to lift a hold: %w", err)
	}
	return t.Audit("hold.lift_asked", About("hold", id), map[string]any{"reason": reason})
}

// DecideLift ends a hold, HoldLifted, which another must than asked for it, or
// has it go on: HoldKept.
func (t *Tx) DecideLift(id ID, decision string) error {
	if err := t.one(sqlDecideLift, t.actor.Merchant, id, decision, t.actor.Person); err != nil {
		return fmt.Errorf("deciding to lift a hold: %w", err)
	}
	return t.Audit("hold."+decision, About("hold", id), map[string]any{})
}
