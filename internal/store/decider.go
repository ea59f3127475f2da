package store

import (
	"time"

	"github.com/lib/pq"
)

// withHats are the hats that the acting person $2 wears for merchant $1 today:
// their own, and those of checkers who handed their approving to them.
const withHats = `WITH hats AS MATERIALIZED (
	SELECT taker, holder, level, delegation_id, cap_satang, operations FROM hats_of($1, $2))`

// fitsHat is true when hat h may take the next seat of instruction i: the
// level or the name is right, the cap and the operations of a delegation allow
// it, neither who wears it nor whose it is has made, touched or already approved
// it, and neither is needed for a later seat. The rows are asked for one by one, by their key: Postgres would
// turn NOT EXISTS into a hash of every instruction that the merchant ever had.
const fitsHat = `(seat_fits(next_seat(i.seats, ` + taken + `), h.holder, h.level)
	AND (h.cap_satang IS NULL OR i.amount_satang <= h.cap_satang) AND (h.operations = '{}' OR i.operation = ANY (h.operations))
	AND (SELECT x.person_id FROM instruction_authors x WHERE x.instruction_id = i.id AND x.person_id IN (h.taker, h.holder) LIMIT 1) IS NULL
	AND (SELECT y.person_id FROM approvals y WHERE y.instruction_id = i.id
		AND (y.person_id IN (h.taker, h.holder) OR y.on_behalf_of IN (h.taker, h.holder)) LIMIT 1) IS NULL
	AND NOT ` + neededLater + `)`

// taken is how many approvals of instruction i are given.
const taken = `(SELECT count(*) FROM approvals n WHERE n.instruction_id = i.id)`

// neededLater is true when hat h must be kept for a later seat of instruction
// i, as hat_for has it. Nobody whose level is just what the seat asks for is
// kept: whoever else took the seat could take theirs. So few are asked for.
const neededLater = `CASE WHEN i.approvals_needed > 1 AND (jsonb_path_exists(i.seats, '$[*].named') OR (next_seat(i.seats, ` + taken + `) ->> 'level')::smallint < h.level)
	THEN kept_for_later($1, i.id, i.seats, ` + taken + `::integer, ARRAY[h.taker, h.holder])
	ELSE false END`

// mayDecide is true when one of the acting person's hats fits instruction i.
// The inbox uses it; what_waits asks the same of many at once.
const mayDecide = `EXISTS (SELECT FROM hats h WHERE ` + fitsHat + `)`

var (
	sqlDeciders = statement(`
		SELECT p.name, CASE WHEN h.delegation_id IS NOT NULL THEN b.name ELSE '' END AS for_name
		FROM instructions i, hats_of($1) AS h JOIN people p ON p.id = h.taker JOIN people b ON b.id = h.holder
		WHERE i.merchant_id = $1 AND i.id = $2 AND ` + fitsHat + `
		ORDER BY h.delegation_id NULLS FIRST, p.name, p.id`)
	sqlCheckersBesides = statement(`
		SELECT p.name FROM memberships b JOIN people p ON p.id = b.person_id
		WHERE b.merchant_id = $1 AND 'checker' = ANY (b.duties) AND p.disabled_at IS NULL AND b.person_id <> ALL ($2::uuid[])
		ORDER BY p.name, p.id`)
	sqlStanding = statement(`
		SELECT h.seat, coalesce(p.name, '') AS for_name, h.verdict, b.waits_until
		FROM instructions i CROSS JOIN LATERAL hat_for(i, $2) AS h LEFT JOIN people p ON h.delegation_id IS NOT NULL AND p.id = h.holder
			LEFT JOIN LATERAL (SELECT greatest(m.decides_from, m.level_from) AS waits_until FROM memberships m WHERE m.merchant_id = $1 AND m.person_id = $2) b ON true
		WHERE i.merchant_id = $1 AND i.id = $3`)
)

// Decider is somebody who may give the next approval, for themself or for
// somebody who is away.
type Decider struct {
	Name    string `db:"name"`
	ForName string `db:"for_name"` // or empty
}

// Deciders names the people who may give an instruction's next approval.
// Whoever could do it for themself and for another is named twice.
func (q *Query) Deciders(instruction ID) ([]Decider, error) {
	return rows[Decider](q, sqlDeciders, q.actor.Merchant, instruction)
}

// CheckersBesides names the checkers who are not among people: who could
// decide on something that these people had a hand in.
func (q *Query) CheckersBesides(people IDs) ([]string, error) {
	return rows[string](q, sqlCheckersBesides, q.actor.Merchant, pq.Array(people))
}

// The rules that may keep somebody from giving the next approval, by the names
// under which the schema refuses it.
const (
	IsAuthor      = "approver_is_not_author"
	IsNoChecker   = "approver_is_checker"
	HasApproved   = "one_person_counts_once"
	IsNotPending  = "approval_while_pending"
	IsNotAsked    = "approver_fits_the_step"
	IsNeededLater = "approver_is_needed_later"
	WaitsADay     = "approver_waits_a_day"
)

// DeciderWaits keeps whoever was given a say less than a day ago from deciding
// on a policy and from confirming an outcome.
const DeciderWaits = "decider_waits_a_day"

// Standing is where the acting person stands to an instruction: the rule that
// keeps them from giving its next approval, or none, and for whom they would.
type Standing struct {
	Seat    int    `db:"seat"`     // the next to be taken, from 0
	ForName string `db:"for_name"` // or empty, for themself
	Verdict string `db:"verdict"`
	// WaitsUntil is when all that this person was ever granted counts; of
	// interest where the verdict is WaitsADay.
	WaitsUntil *time.Time `db:"waits_until"`
}

// MayDecide reports whether nothing keeps them.
func (s Standing) MayDecide() bool { return s.Verdict == "" }

// Standing asks the rule that the schema holds approvals to.
func (q *Query) Standing(instruction ID) (Standing, error) {
	return row[Standing](q, sqlStanding, q.actor.Merchant, q.actor.Person, instruction)
}

// MayDecide reports whether the acting person is one of the Deciders.
func (q *Query) MayDecide(instruction ID) (bool, error) {
	s, err := q.Standing(instruction)
	return s.MayDecide(), err
}

var sqlDuties = statement(`
	SELECT b.duties FROM memberships b JOIN people p ON p.id = b.person_id
	WHERE b.merchant_id = $1 AND b.person_id = $2 AND p.disabled_at IS NULL`)

// Duties are what the acting person may do for the acting merchant; none is no
// error.
func (q *Query) Duties() (Duties, error) {
	list, err := rows[pq.StringArray](q, sqlDuties, q.actor.Merchant, q.actor.Person)
	var duties Duties
	for _, row := range list {
		for _, d := range row {
			duties = append(duties, Duty(d))
		}
	}
	return duties, err
}
