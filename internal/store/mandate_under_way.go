package store

import "time"

// DebitUnderWay is a debit on a mandate that was not sent yet.
type DebitUnderWay struct {
	ID           ID        `db:"id"`
	Reference    string    `db:"reference"`
	AmountSatang int64     `db:"amount_satang"`
	DebitOn      time.Time `db:"debit_on"`
	State        string    `db:"state"`
}

// ScheduleUnderWay is a schedule on a mandate that goes on.
type ScheduleUnderWay struct {
	ID           ID         `db:"id"`
	Reference    string     `db:"reference"`
	AmountSatang int64      `db:"amount_satang"`
	State        string     `db:"state"`
	NextOn       *time.Time `db:"next_on"`
}

var (
	sqlDebitsOnMandate = statement(`
		SELECT d.id, d.reference, d.amount_satang, d.debit_on, d.state FROM debits d
		WHERE d.mandate_id = $2 AND d.merchant_id = $1 AND d.state IN ('draft', 'submitted', 'approved', 'sending') ORDER BY d.debit_on, d.id LIMIT $3`)
	sqlSchedulesOnMandate = statement(`
		SELECT s.id, s.reference, s.amount_satang, s.state,
			(SELECT min(r.run_on) FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id
				WHERE r.schedule_id = s.id AND r.merchant_id = $1 AND l.state = 'active' AND r.run_on >= (now() AT TIME ZONE 'Asia/Bangkok')::date) AS next_on
		FROM schedules s WHERE s.mandate_id = $2 AND s.merchant_id = $1
			AND s.state IN ('submitted', 'approved', 'sending', 'active', 'paused', 'incomplete', 'unknown') ORDER BY s.id LIMIT $3`)
)

// DebitsOnMandate lists what was written under a mandate and not sent yet, in
// the order of its days.
func (q *Query) DebitsOnMandate(mandate ID, limit int) ([]DebitUnderWay, error) {
	return rows[DebitUnderWay](q, sqlDebitsOnMandate, q.actor.Merchant, mandate, limit)
}

// SchedulesOnMandate lists the schedules of a mandate that have not ended.
func (q *Query) SchedulesOnMandate(mandate ID, limit int) ([]ScheduleUnderWay, error) {
	return rows[ScheduleUnderWay](q, sqlSchedulesOnMandate, q.actor.Merchant, mandate, limit)
}
