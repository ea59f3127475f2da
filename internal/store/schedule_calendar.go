package store

import (
	"time"

	"github.com/lib/pq"
)

// CalendarDay is what is to be debited on a day, or was.
type CalendarDay struct {
	Day          time.Time `db:"day"`
	Runs         int       `db:"runs"` // of schedules, still to come
	RunsSatang   int64     `db:"runs_satang"`
	Debits       int       `db:"debits"`
	DebitsSatang int64     `db:"debits_satang"`
	Failed       int       `db:"failed"`
	FailedSatang int64     `db:"failed_satang"`
}

// Number is how many count: runs to come, and debits that did not fail.
func (d CalendarDay) Number() int { return d.Runs + d.Debits }

// Satang is what they come to.
func (d CalendarDay) Satang() int64 { return d.RunsSatang + d.DebitsSatang }

// Forecast is what a day brings in: all of it, and what is likely by how often
// each payer's debits went through.
type Forecast struct {
	Day          time.Time `db:"day"`
	Number       int       `db:"number"`
	Satang       int64     `db:"satang"`
	LikelySatang int64     `db:"likely_satang"`
	PausedSatang int64     `db:"paused_satang"` // of what the question leaves out
}

// DebitMove is a day of a schedule that a holiday moves, or does not move yet.
type DebitMove struct {
	ScheduleID   ID        `db:"schedule_id"`
	PayerName    string    `db:"payer_name"`
	Reference    string    `db:"reference"`
	Shift        string    `db:"shift"`
	State        string    `db:"state"`
	RunOn        time.Time `db:"run_on"`
	WishedOn     time.Time `db:"wished_on"`
	AmountSatang int64     `db:"amount_satang"`
	Under        bool      `db:"under"` // a change is on its way
}

var (
	// A run counts until the debit that it became is known.
	sqlDebitCalendar = statement(`
		SELECT x.day, sum(x.runs)::integer AS runs, sum(x.runs_satang)::bigint AS runs_satang, sum(x.debits)::integer AS debits, sum(x.debits_satang)::bigint AS debits_satang,
			sum(x.failed)::integer AS failed, sum(x.failed_satang)::bigint AS failed_satang
		FROM (
			SELECT r.run_on AS day, 1 AS runs, l.amount_satang AS runs_satang, 0 AS debits, 0::bigint AS debits_satang, 0 AS failed, 0::bigint AS failed_satang
			FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id
			WHERE r.merchant_id = $1 AND r.run_on BETWEEN $2 AND $3 AND r.run_on >= $4 AND l.state = 'active'
				AND NOT EXISTS (SELECT FROM debits d WHERE d.schedule_id = r.schedule_id AND d.run_on = r.run_on)
			UNION ALL
			SELECT d.debit_on, 0, 0, (d.state <> 'failed')::integer, CASE WHEN d.state <> 'failed' THEN d.amount_satang ELSE 0 END,
				(d.state = 'failed')::integer, CASE WHEN d.state = 'failed' THEN d.amount_satang ELSE 0 END
			FROM debits d WHERE d.merchant_id = $1 AND d.debit_on BETWEEN $2 AND $3 AND d.state NOT IN ('draft', 'discarded')
		) AS x GROUP BY x.day ORDER BY x.day`)
	// Likely is by a payer's own last debits where there are five of them, and by
	// all of the merchant's last half year where there are fewer. With no history
	// at all everything is likely.
	sqlForecast = statement(`
		WITH own AS (
			SELECT d.payer_id, avg((d.state = 'taken')::integer) AS rate, count(*) AS number FROM debits d
			WHERE d.merchant_id = $1 AND d.debit_on BETWEEN $2::date - 365 AND $2 AND d.state IN ('taken', 'failed') GROUP BY d.payer_id
		), whole AS (
			SELECT coalesce(sum(rate * number) / nullif(sum(number), 0), 1) AS rate FROM own
		), coming AS (
			SELECT r.run_on AS day, s.payer_id, l.amount_satang, s.id = ANY ($4::uuid[]) AS paused
			FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id JOIN schedules s ON s.id = r.schedule_id
			WHERE r.merchant_id = $1 AND r.run_on > $2 AND r.run_on <= $3 AND l.state = 'active'
			UNION ALL
			SELECT d.debit_on, d.payer_id, d.amount_satang, false FROM debits d
			WHERE d.merchant_id = $1 AND d.debit_on > $2 AND d.debit_on <= $3 AND d.state IN ('submitted', 'approved', 'sending')
		)
		SELECT c.day, count(*) FILTER (WHERE NOT c.paused)::integer AS number, coalesce(sum(c.amount_satang) FILTER (WHERE NOT c.paused), 0)::bigint AS satang,
			coalesce(sum(round(c.amount_satang * CASE WHEN o.number >= 5 THEN o.rate ELSE w.rate END)) FILTER (WHERE NOT c.paused), 0)::bigint AS likely_satang,
			coalesce(sum(c.amount_satang) FILTER (WHERE c.paused), 0)::bigint AS paused_satang
		FROM coming c CROSS JOIN whole w LEFT JOIN own o ON o.payer_id = c.payer_id GROUP BY c.day ORDER BY c.day`)
	sqlDebitsMovedBy = statement(`
		SELECT s.id AS schedule_id, s.payer_name, s.reference, s.shift, s.state, r.run_on, r.wished_on, l.amount_satang,
			EXISTS (SELECT FROM schedule_changes c WHERE c.schedule_id = s.id AND schedule_change_standing(c.instruction_id) IN ('submitted', 'approved', 'sending', 'unknown')) AS under
		FROM (SELECT r.leg_id, r.schedule_id, r.run_on, r.wished_on FROM schedule_runs r WHERE r.merchant_id = $1 AND r.run_on = $2
			UNION SELECT r.leg_id, r.schedule_id, r.run_on, r.wished_on FROM schedule_runs r WHERE r.merchant_id = $1 AND r.wished_on = $2) AS r
			JOIN schedule_legs l ON l.id = r.leg_id JOIN schedules s ON s.id = r.schedule_id
		WHERE l.state = 'active' AND l.cancel_id IS NULL AND r.run_on > $3 ORDER BY s.payer_name, s.id, r.run_on LIMIT 501`)
	sqlSchedulesNamed = statement(`SELECT s.id, s.payer_name, s.reference FROM schedules s WHERE s.merchant_id = $1 AND s.id = ANY ($2::uuid[]) ORDER BY s.payer_name, s.id`)
)

// DebitCalendar is what every day of a time brings, one entry for each day that
// has anything; today tells which runs are still to come.
func (q *Query) DebitCalendar(from, until, today time.Time) ([]CalendarDay, error) {
	return rows[CalendarDay](q, sqlDebitCalendar, q.actor.Merchant, from, until, today)
}

// DebitForecast is what each day behind today is expected to bring, up to a day.
// Schedules in paused are left out.
func (q *Query) DebitForecast(today, until time.Time, paused []ID) ([]Forecast, error) {
	return rows[Forecast](q, sqlForecast, q.actor.Merchant, today, until, pq.Array(idTexts(paused)))
}

// DebitsMovedBy lists the runs behind today that are on a day or were wished for
// on it: those that a holiday there, or its end, moves.
func (q *Query) DebitsMovedBy(day, today time.Time) ([]DebitMove, error) {
	return rows[DebitMove](q, sqlDebitsMovedBy, q.actor.Merchant, day, today)
}

// NamedSchedule is a schedule by what people call it.
type NamedSchedule struct {
	ID        ID     `db:"id"`
	PayerName string `db:"payer_name"`
	Reference string `db:"reference"`
}

// SchedulesNamed finds schedules by their ids.
func (q *Query) SchedulesNamed(ids []ID) ([]NamedSchedule, error) {
	return rows[NamedSchedule](q, sqlSchedulesNamed, q.actor.Merchant, pq.Array(idTexts(ids)))
}
