package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"
)

var (
	sqlLockSchedule   = statement(`SELECT state FROM schedules WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlInsertSchedule = statement(`
		INSERT INTO schedules (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, frequency, shift, start_on, end_on, payments, day_of_month,
			amount_satang, reference, covered_until, last_on, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`)
	sqlInsertScheduleChange = statement(`
		INSERT INTO schedule_changes (id, merchant_id, schedule_id, no, kind, instruction_id, terms, reason, made_by)
		SELECT $1, $2, $3, coalesce(max(c.no), 0) + 1, $4, $5, $6::text::jsonb, $7, $8 FROM schedule_changes c WHERE c.schedule_id = $3`)
	sqlInsertLeg = statement(`
		INSERT INTO schedule_legs (id, merchant_id, schedule_id, change_id, frequency, start_on, end_on, day_of_month, amount_satang, instruction_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
	sqlInsertRuns = statement(`
		INSERT INTO schedule_runs (leg_id, merchant_id, schedule_id, run_on, wished_on, why)
		SELECT $1, $2, $3, r.run_on, r.wished_on, r.why FROM unnest($4::date[], $5::date[], $6::text[]) AS r (run_on, wished_on, why)`)
	sqlEndLeg = statement(`
		UPDATE schedule_legs SET cancel_id = $4 WHERE merchant_id = $1 AND schedule_id = $2 AND id = $3 AND cancel_id IS NULL AND state = 'active'`)
	sqlFollowLegs = statement(`
		UPDATE schedule_legs l SET state = leg_state(l), bank_reference = i.bank_reference,
			cancel_id = (SELECT e.id FROM instructions e WHERE e.id = l.cancel_id AND e.state NOT IN ('rejected', 'withdrawn', 'expired', 'failed'))
		FROM instructions i
		WHERE l.merchant_id = $1 AND l.schedule_id = $2 AND i.id = l.instruction_id
			AND (l.state <> leg_state(l) OR l.bank_reference <> i.bank_reference
				OR EXISTS (SELECT FROM instructions e WHERE e.id = l.cancel_id AND e.state IN ('rejected', 'withdrawn', 'expired', 'failed')))`)
	sqlFollowSchedule = statement(`
		WITH newest AS (
			SELECT c.terms FROM schedule_changes c WHERE c.merchant_id = $1 AND c.schedule_id = $2 AND schedule_change_standing(c.instruction_id) = 'done' ORDER BY c.no DESC LIMIT 1
		), said AS (SELECT n.terms FROM (SELECT) AS one LEFT JOIN newest n ON true)
		UPDATE schedules s SET state = schedule_state(s.id),
			frequency = CASE WHEN t.terms IS NULL THEN s.frequency ELSE t.terms ->> 'frequency' END,
			shift = CASE WHEN t.terms IS NULL THEN s.shift ELSE t.terms ->> 'shift' END,
			start_on = CASE WHEN t.terms IS NULL THEN s.start_on ELSE (t.terms ->> 'start')::date END,
			end_on = CASE WHEN t.terms IS NULL THEN s.end_on ELSE (t.terms ->> 'end')::date END,
			payments = CASE WHEN t.terms IS NULL THEN s.payments ELSE (t.terms ->> 'payments')::integer END,
			day_of_month = CASE WHEN t.terms IS NULL THEN s.day_of_month ELSE (t.terms ->> 'day_of_month')::smallint END,
			amount_satang = CASE WHEN t.terms IS NULL THEN s.amount_satang ELSE (t.terms ->> 'amount_satang')::bigint END,
			reference = CASE WHEN t.terms IS NULL THEN s.reference ELSE t.terms ->> 'reference' END,
			covered_until = CASE WHEN t.terms IS NULL THEN s.covered_until ELSE (t.terms ->> 'covered_until')::date END,
			last_on = CASE WHEN t.terms IS NULL THEN s.last_on ELSE (t.terms ->> 'last_on')::date END,
			paused_until = CASE WHEN t.terms IS NULL THEN s.paused_until ELSE (t.terms ->> 'paused_until')::date END
		FROM said t WHERE s.merchant_id = $1 AND s.id = $2 AND (s.state <> schedule_state(s.id) OR t.terms IS NOT NULL AND NOT schedule_has_terms(s, t.terms))`)
	sqlCompareLegs = statement(`
		UPDATE schedule_legs l SET bank_status = b.status FROM unnest($3::uuid[], $4::text[]) AS b (id, status)
		WHERE l.merchant_id = $1 AND l.schedule_id = $2 AND l.id = b.id AND l.bank_status <> b.status`)
	sqlScheduleAsked = statement(`UPDATE schedules SET bank_asked_at = now() WHERE merchant_id = $1 AND id = $2`)
)

// LockSchedule makes changes to one schedule take turns, and returns its state.
func (t *Tx) LockSchedule(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockSchedule, t.actor.Merchant, id)
}

// AddSchedule stores a schedule that the acting person asks for in this very
// transaction.
func (t *Tx) AddSchedule(s Schedule) error {
	_, err := t.exec(sqlInsertSchedule, s.ID, t.actor.Merchant, s.PayerID, s.MandateID, s.PayerName, s.PayerCode, s.Frequency, s.Shift, s.StartOn, s.EndOn,
		s.Payments, s.DayOfMonth, s.AmountSatang, s.Reference, s.CoveredUntil, s.LastOn, t.actor.Person)
	if err != nil {
		return fmt.Errorf("adding a schedule: %w", err)
	}
	return t.Audit("schedule.added", About("schedule", s.ID), map[string]any{
		"payer": s.PayerID, "mandate": s.MandateID, "payer_name": s.PayerName, "payer_code": s.PayerCode, "state": ScheduleSubmitted, "terms": s.ScheduleTerms,
	})
}

// NewLeg is a schedule of the bank that a change asks for, with its runs.
type NewLeg struct {
	ScheduleLeg
	Runs []ScheduleRun
}

// NewScheduleChange is what is asked to be done about a schedule.
type NewScheduleChange struct {
	ScheduleChange
	Schedule ID
	Terms    ScheduleTerms // what it is afterwards
	Ends     map[ID]ID     // legs, and the instruction that ends each
	Begins   []NewLeg
}

// AddScheduleChange stores a change whose instructions were submitted in this
// transaction.
func (t *Tx) AddScheduleChange(c NewScheduleChange) error {
	terms, err := json.Marshal(c.Terms)
	if err != nil {
		return fmt.Errorf("writing the terms of a schedule: %w", err)
	}
	if _, err := t.exec(sqlInsertScheduleChange, c.ID, t.actor.Merchant, c.Schedule, c.Kind, c.InstructionID, string(terms), c.Reason, t.actor.Person); err != nil {
		return fmt.Errorf("changing a schedule: %w", err)
	}
	for leg, by := range c.Ends {
		if err := t.one(sqlEndLeg, t.actor.Merchant, c.Schedule, leg, by); err != nil {
			return fmt.Errorf("ending a leg: %w", err)
		}
	}
	for _, l := range c.Begins {
		if err := t.addLeg(c, l); err != nil {
			return err
		}
	}
	legs, err := t.ScheduleLegs(c.Schedule)
	if err != nil {
		return err
	}
	return t.Audit("schedule.change_asked", About("schedule", c.Schedule), map[string]any{
		"change": c.ID, "kind": c.Kind, "instruction": c.InstructionID, "terms_asked": c.Terms, "reason": c.Reason, "legs": legDetails(legs), "ends": len(c.Ends), "begins": len(c.Begins),
	})
}

func (t *Tx) addLeg(c NewScheduleChange, l NewLeg) error {
	_, err := t.exec(sqlInsertLeg, l.ID, t.actor.Merchant, c.Schedule, c.ID, l.Frequency, l.StartOn, l.EndOn, l.DayOfMonth, l.AmountSatang, l.InstructionID)
	if err != nil {
		return fmt.Errorf("adding a leg: %w", err)
	}
	var on, wished, why []string
	for _, r := range l.Runs {
		on, wished, why = append(on, r.RunOn.Format(time.DateOnly)), append(wished, r.WishedOn.Format(time.DateOnly)), append(why, r.Why)
	}
	if _, err := t.exec(sqlInsertRuns, l.ID, t.actor.Merchant, c.Schedule, pq.Array(on), pq.Array(wished), pq.Array(why)); err != nil {
		return fmt.Errorf("adding the runs of a leg: %w", err)
	}
	return nil
}

// legDetail is what the trail keeps of a leg.
type legDetail struct {
	ID           ID     `json:"leg"`
	Asked        string `json:"asked"`
	State        string `json:"state"`
	Reference    string `json:"bank_reference"`
	BankStatus   string `json:"bank_status"`
	Ending       bool   `json:"ending"`
	AmountSatang int64  `json:"amount_satang"`
	// Every run, since a day more or less is money.
	Runs string `json:"runs"`
}

func legDetails(legs []ScheduleLeg) []legDetail {
	list := make([]legDetail, len(legs))
	for n, l := range legs {
		asked := l.Frequency + " " + l.StartOn.Format(time.DateOnly) + " " + l.EndOn.Format(time.DateOnly)
		if l.DayOfMonth != nil {
			asked += fmt.Sprint(" ", *l.DayOfMonth)
		}
		list[n] = legDetail{l.ID, asked, l.State, l.BankReference, l.BankStatus, l.Ending, l.AmountSatang, l.Runs}
	}
	return list
}

// FollowSchedule brings a schedule and its legs up to date with their
// instructions. Nothing to change is no error, and no leaf.
func (t *Tx) FollowSchedule(id ID) error {
	legs, err := t.exec(sqlFollowLegs, t.actor.Merchant, id)
	if err != nil {
		return fmt.Errorf("following the legs of a schedule: %w", err)
	}
	moved, err := t.exec(sqlFollowSchedule, t.actor.Merchant, id)
	if err != nil {
		return fmt.Errorf("following a schedule: %w", err)
	}
	if legs+moved == 0 {
		return nil
	}
	return t.auditSchedule("schedule.moved", id)
}

// auditSchedule leaves a leaf with the schedule as it now stands.
func (t *Tx) auditSchedule(action string, id ID) error {
	s, err := t.Schedule(id)
	if err != nil {
		return err
	}
	legs, err := t.ScheduleLegs(id)
	if err != nil {
		return err
	}
	return t.Audit(action, About("schedule", id), map[string]any{"state": s.State, "terms": s.ScheduleTerms, "legs": legDetails(legs)})
}

// CompareSchedule records what the bank says of the legs of a schedule.
func (t *Tx) CompareSchedule(id ID, statuses map[ID]string) error {
	var legs, said []string
	for leg, status := range statuses {
		legs, said = append(legs, leg.String()), append(said, status)
	}
	if _, err := t.exec(sqlCompareLegs, t.actor.Merchant, id, pq.Array(legs), pq.Array(said)); err != nil {
		return fmt.Errorf("comparing a schedule: %w", err)
	}
	if err := t.one(sqlScheduleAsked, t.actor.Merchant, id); err != nil {
		return fmt.Errorf("comparing a schedule: %w", err)
	}
	return t.auditSchedule("schedule.compared", id)
}
