package store

import (
	"encoding/json"
	"time"

	"github.com/lib/pq"
)

// The states of a schedule.
const (
	ScheduleSubmitted  = "submitted"
	ScheduleApproved   = "approved"
	ScheduleSending    = "sending"
	ScheduleActive     = "active"
	SchedulePaused     = "paused"
	ScheduleCancelled  = "cancelled"
	ScheduleIncomplete = "incomplete" // the bank did some of what was asked for, and refused the rest
	ScheduleRefused    = "refused"
	ScheduleUnknown    = "unknown"
	ScheduleDropped    = "dropped" // nobody agreed to it
)

// ScheduleStates lists the states as the list offers them.
var ScheduleStates = []string{ScheduleActive, ScheduleSubmitted, ScheduleApproved, ScheduleSending, SchedulePaused, ScheduleIncomplete, ScheduleUnknown,
	ScheduleRefused, ScheduleCancelled, ScheduleDropped}

// The kinds of change to a schedule.
const (
	ScheduleCreate = "create"
	ScheduleCancel = "cancel"
	SchedulePause  = "pause"
	ScheduleResume = "resume"
	ScheduleAmend  = "amend"
	ScheduleMove   = "move"   // around a holiday that was declared late
	ScheduleExtend = "extend" // of one that nothing ends
)

// ScheduleTerms are what a schedule is. Days are written as in JSON everywhere;
// an empty one is none.
type ScheduleTerms struct {
	Frequency    string     `db:"frequency"`
	Shift        string     `db:"shift"`
	StartOn      time.Time  `db:"start_on"`
	EndOn        *time.Time `db:"end_on"`
	Payments     *int       `db:"payments"`
	DayOfMonth   *int       `db:"day_of_month"`
	AmountSatang int64      `db:"amount_satang"`
	Reference    string     `db:"reference"`
	CoveredUntil *time.Time `db:"covered_until"`
	LastOn       time.Time  `db:"last_on"`
	PausedUntil  *time.Time `db:"paused_until"`
}

// MarshalJSON writes the terms as schedule_has_terms reads them.
func (t ScheduleTerms) MarshalJSON() ([]byte, error) {
	day := func(d *time.Time) *string {
		if d == nil {
			return nil
		}
		return new(d.Format(time.DateOnly))
	}
	return json.Marshal(map[string]any{
		"frequency": t.Frequency, "shift": t.Shift, "start": day(&t.StartOn), "end": day(t.EndOn), "payments": t.Payments, "day_of_month": t.DayOfMonth,
		"amount_satang": t.AmountSatang, "reference": t.Reference, "covered_until": day(t.CoveredUntil), "last_on": day(&t.LastOn), "paused_until": day(t.PausedUntil),
	})
}

// Schedule is what is to be taken from a payer again and again.
type Schedule struct {
	ID        ID     `db:"id"`
	PayerID   ID     `db:"payer_id"`
	MandateID ID     `db:"mandate_id"`
	PayerName string `db:"payer_name"`
	PayerCode string `db:"payer_code"`
	ScheduleTerms
	State         string     `db:"state"`
	StateSince    time.Time  `db:"state_since"`
	CreatedBy     ID         `db:"created_by"`
	CreatedByName string     `db:"created_by_name"`
	CreatedAt     time.Time  `db:"created_at"`
	BankAskedAt   *time.Time `db:"bank_asked_at"`
	// Of its mandate.
	BankToken     string `db:"bank_token"`
	DrawerAccount string `db:"drawer_account"`
	MandateLive   bool   `db:"mandate_live"`
	// The next day on which the bank debits by it.
	NextOn *time.Time `db:"next_on"`
}

// ScheduleChange is something that was asked to be done about a schedule.
type ScheduleChange struct {
	ID            ID        `db:"id"`
	No            int       `db:"no"`
	Kind          string    `db:"kind"`
	InstructionID ID        `db:"instruction_id"`
	Reason        string    `db:"reason"`
	MadeBy        ID        `db:"made_by"`
	MadeByName    string    `db:"made_by_name"`
	MadeAt        time.Time `db:"made_at"`
	Standing      string    `db:"standing"`
	Problem       string    `db:"problem"` // of the part that went wrong
}

// Open reports whether the change is still on its way.
func (c ScheduleChange) Open() bool {
	switch c.Standing {
	case ScheduleSubmitted, ScheduleApproved, ScheduleSending, ScheduleUnknown:
		return true
	}
	return false
}

// ScheduleLeg is one schedule of the bank.
type ScheduleLeg struct {
	ID            ID        `db:"id"`
	ScheduleID    ID        `db:"schedule_id"`
	ChangeID      ID        `db:"change_id"`
	Frequency     string    `db:"frequency"`
	StartOn       time.Time `db:"start_on"`
	EndOn         time.Time `db:"end_on"`
	DayOfMonth    *int      `db:"day_of_month"`
	AmountSatang  int64     `db:"amount_satang"`
	InstructionID ID        `db:"instruction_id"`
	State         string    `db:"state"`
	BankReference string    `db:"bank_reference"`
	BankStatus    string    `db:"bank_status"`
	Ending        bool      `db:"ending"` // its cancellation is under way
	Runs          string    `db:"runs"`   // in one text, for the trail
}

// ScheduleRun is a day on which the bank debits by a schedule, with what came of it.
type ScheduleRun struct {
	LegID    ID        `db:"leg_id"`
	LegState string    `db:"leg_state"`
	RunOn    time.Time `db:"run_on"`
	WishedOn time.Time `db:"wished_on"`
	Why      string    `db:"why"`
	Satang   int64     `db:"amount_satang"`
	// Of the debit that it became.
	DebitID     *ID     `db:"debit_id"`
	DebitState  *string `db:"debit_state"`
	FailureCode *string `db:"failure_code"`
}

const scheduleColumns = `s.id, s.payer_id, s.mandate_id, s.payer_name, s.payer_code, s.frequency, s.shift, s.start_on, s.end_on, s.payments, s.day_of_month,
	s.amount_satang, s.reference, s.covered_until, s.last_on, s.paused_until, s.state, s.state_since, s.created_by, s.created_at, s.bank_asked_at`

// nextRun is the next day of a schedule that the bank has.
const nextRun = ` LEFT JOIN LATERAL (
		SELECT min(r.run_on) AS next_on FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id
		WHERE r.schedule_id = s.id AND r.run_on >= (now() AT TIME ZONE 'Asia/Bangkok')::date AND l.state = 'active') n ON true`

var (
	sqlSchedule = statement(`
		SELECT ` + scheduleColumns + `, c.name AS created_by_name, m.bank_token, m.drawer_account, mandate_is_live(m.id) AS mandate_live, n.next_on
		FROM schedules s JOIN mandates m ON m.id = s.mandate_id JOIN people c ON c.id = s.created_by` + nextRun + `
		WHERE s.merchant_id = $1 AND s.id = $2`)
	sqlSchedulesStanding = statement(`
		SELECT ` + scheduleColumns + `, c.name AS created_by_name, m.bank_token, m.drawer_account, mandate_is_live(m.id) AS mandate_live, n.next_on,
			coalesce((SELECT schedule_change_standing(x.instruction_id) FROM schedule_changes x WHERE x.schedule_id = s.id ORDER BY x.no DESC LIMIT 1), '') AS standing,
			(SELECT count(*) FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id LEFT JOIN instructions e ON e.id = l.cancel_id
			 WHERE r.schedule_id = s.id AND r.run_on <= $3
				AND (l.state IN ('active', 'unknown') OR l.state = 'cancelled' AND r.run_on < (e.state_since AT TIME ZONE 'Asia/Bangkok')::date)) AS behind
		FROM schedules s JOIN mandates m ON m.id = s.mandate_id JOIN people c ON c.id = s.created_by` + nextRun + `
		WHERE s.merchant_id = $1 AND s.id = ANY ($2::uuid[])`)
	sqlScheduleChanges = statement(`
		SELECT c.id, c.no, c.kind, c.instruction_id, c.reason, c.made_by, p.name AS made_by_name, c.made_at, schedule_change_standing(c.instruction_id) AS standing,
			coalesce((SELECT i.reason FROM instructions i WHERE i.lead_id = c.instruction_id AND i.state IN ('failed', 'rejected', 'expired', 'unknown') ORDER BY i.part LIMIT 1), '') AS problem
		FROM schedule_changes c JOIN people p ON p.id = c.made_by WHERE c.merchant_id = $1 AND c.schedule_id = $2 ORDER BY c.no DESC`)
	sqlScheduleLegs = statement(`
		SELECT l.id, l.schedule_id, l.change_id, l.frequency, l.start_on, l.end_on, l.day_of_month, l.amount_satang, l.instruction_id, l.state, l.bank_reference, l.bank_status,
			l.cancel_id IS NOT NULL AND l.state <> 'cancelled' AS ending,
			(SELECT string_agg(concat_ws(' ', r.run_on, r.wished_on, r.why), ',' ORDER BY r.run_on) FROM schedule_runs r WHERE r.leg_id = l.id) AS runs
		FROM schedule_legs l WHERE l.merchant_id = $1 AND l.schedule_id = ANY ($2::uuid[]) ORDER BY l.start_on, l.id`)
	// Runs of legs that the bank has, and of cancelled ones what came before the end.
	sqlScheduleRuns = statement(`
		SELECT r.leg_id, l.state AS leg_state, r.run_on, r.wished_on, r.why, l.amount_satang, d.id AS debit_id, d.state AS debit_state, d.failure_code
		FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id LEFT JOIN instructions e ON e.id = l.cancel_id
			LEFT JOIN debits d ON d.schedule_id = r.schedule_id AND d.run_on = r.run_on
		WHERE r.merchant_id = $1 AND r.schedule_id = $2
			AND (l.state IN ('asked', 'active', 'unknown') OR l.state = 'cancelled' AND r.run_on < (e.state_since AT TIME ZONE 'Asia/Bangkok')::date)
		ORDER BY r.run_on, r.leg_id`)
)

// Schedule returns one schedule.
func (q *Query) Schedule(id ID) (Schedule, error) {
	return row[Schedule](q, sqlSchedule, q.actor.Merchant, id)
}

// ScheduleStanding is a schedule with what a change of it is worked out from,
// besides its legs.
type ScheduleStanding struct {
	Schedule
	Standing string `db:"standing"` // of its newest change
	// Behind is how many debits there were, or are still to be today.
	Behind int `db:"behind"`
}

// SchedulesStanding are these schedules as they stand today, in no order; those
// that are not the acting merchant's are left out.
func (q *Query) SchedulesStanding(ids []ID, today time.Time) ([]ScheduleStanding, error) {
	return rows[ScheduleStanding](q, sqlSchedulesStanding, q.actor.Merchant, pq.Array(idTexts(ids)), today)
}

// ScheduleChanges lists what was asked about a schedule, the newest first.
func (q *Query) ScheduleChanges(id ID) ([]ScheduleChange, error) {
	return rows[ScheduleChange](q, sqlScheduleChanges, q.actor.Merchant, id)
}

// ScheduleLegs lists the schedules of the bank that make up one of ours.
func (q *Query) ScheduleLegs(id ID) ([]ScheduleLeg, error) {
	return q.LegsOfSchedules(id)
}

// LegsOfSchedules lists the schedules of the bank that make up several of ours.
func (q *Query) LegsOfSchedules(ids ...ID) ([]ScheduleLeg, error) {
	return rows[ScheduleLeg](q, sqlScheduleLegs, q.actor.Merchant, pq.Array(idTexts(ids)))
}

// ScheduleRuns lists the days of a schedule, those behind it and those to come.
func (q *Query) ScheduleRuns(id ID) ([]ScheduleRun, error) {
	return rows[ScheduleRun](q, sqlScheduleRuns, q.actor.Merchant, id)
}

var sqlLegOfInstruction = statement(`SELECT l.id FROM schedule_legs l WHERE l.merchant_id = $1 AND $2 IN (l.instruction_id, l.cancel_id)`)

// LegOfInstruction is the leg that an instruction begins or ends.
func (q *Query) LegOfInstruction(instruction ID) (ID, error) {
	return row[ID](q, sqlLegOfInstruction, q.actor.Merchant, instruction)
}
