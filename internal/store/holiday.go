package store

import (
	"fmt"
	"time"
)

// Holiday is a day on which the bank is closed, or one that a merchant says is
// a bank day after all.
type Holiday struct {
	Day       time.Time `db:"day"`
	Closed    bool      `db:"closed"`
	NameTH    string    `db:"name_th"`
	NameEN    string    `db:"name_en"`
	Listed    bool      `db:"listed"`    // on the list that the portal ships with
	Confirmed bool      `db:"confirmed"` // compared with what was published
	// Of the merchant's own word; empty where only the list speaks.
	Source string     `db:"source"`
	SetBy  string     `db:"set_by"`
	SetAt  *time.Time `db:"set_at"`
}

// HolidayMark is what a merchant once said of a day.
type HolidayMark struct {
	ID     ID        `db:"id"`
	Day    time.Time `db:"day"`
	Closed bool      `db:"closed"`
	Name   string    `db:"name"`
	Source string    `db:"source"`
	SetBy  string    `db:"set_by"`
	SetAt  time.Time `db:"set_at"`
}

// holidays are the days of a time that are holidays of merchant $1, or that it
// says are none. Few rows a year, so both lists are read whole and the newest
// word holds. A listed day that somebody confirmed keeps its name in both
// languages.
const holidays = `
		SELECT coalesce(b.day, s.day) AS day, coalesce(s.closed, true) AS closed,
			coalesce(CASE WHEN s.closed AND s.name IS DISTINCT FROM b.name_th THEN s.name END, b.name_th, s.name) AS name_th,
			coalesce(CASE WHEN s.closed AND s.name IS DISTINCT FROM b.name_th THEN s.name END, b.name_en, s.name) AS name_en,
			b.day IS NOT NULL AS listed, coalesce(b.confirmed, true) AS confirmed, coalesce(s.source, '') AS source, coalesce(s.set_by, '') AS set_by, s.set_at
		FROM (SELECT day, name_th, name_en, confirmed FROM bank_holidays WHERE day BETWEEN $2 AND $3) AS b FULL JOIN (
			SELECT DISTINCT ON (m.day) m.day, m.closed, m.name, m.source, p.name AS set_by, m.set_at
			FROM holiday_marks m JOIN people p ON p.id = m.set_by
			WHERE m.merchant_id = $1 AND m.day BETWEEN $2 AND $3 ORDER BY m.day, m.id DESC
		) AS s ON s.day = b.day`

var (
	sqlHolidays = statement(holidays + ` ORDER BY 1`)
	// A schedule that keeps to its days whatever they are is not concerned.
	sqlSchedulesOnHolidays = statement(`
		SELECT h.day, h.name_th, h.name_en, count(DISTINCT s.id) AS schedules
		FROM (` + holidays + `) AS h JOIN schedule_runs r ON r.merchant_id = $1 AND r.run_on = h.day
			JOIN schedule_legs l ON l.id = r.leg_id JOIN schedules s ON s.id = r.schedule_id
		WHERE h.closed AND l.state = 'active' AND l.cancel_id IS NULL AND s.shift <> 'same' GROUP BY h.day, h.name_th, h.name_en ORDER BY h.day LIMIT 100`)
	sqlHolidayMarks = statement(`
		SELECT m.id, m.day, m.closed, m.name, m.source, p.name AS set_by, m.set_at
		FROM holiday_marks m JOIN people p ON p.id = m.set_by
		WHERE m.merchant_id = $1 AND m.day BETWEEN $2 AND $3 ORDER BY m.id DESC LIMIT 100`)
	sqlInsertHolidayMark = statement(`
		INSERT INTO holiday_marks (id, merchant_id, day, closed, name, source, set_by) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
)

// Holidays are the days of a time that are holidays, and those of the list that
// the acting merchant says are none, in order.
func (q *Query) Holidays(from, until time.Time) ([]Holiday, error) {
	return rows[Holiday](q, sqlHolidays, q.actor.Merchant, from, until)
}

// HolidayWithRuns is a holiday that schedules at the bank debit on.
type HolidayWithRuns struct {
	Day       time.Time `db:"day"`
	NameTH    string    `db:"name_th"`
	NameEN    string    `db:"name_en"`
	Schedules int       `db:"schedules"`
}

// SchedulesOnHolidays are the holidays of a time that schedules at the bank
// debit on, although they are to be moved around such days: the day became a
// holiday after they were asked for, and nobody has moved them yet.
func (q *Query) SchedulesOnHolidays(from, until time.Time) ([]HolidayWithRuns, error) {
	return rows[HolidayWithRuns](q, sqlSchedulesOnHolidays, q.actor.Merchant, from, until)
}

// HolidayMarks is the history of what the acting merchant said of the days of a
// time, the newest first.
func (q *Query) HolidayMarks(from, until time.Time) ([]HolidayMark, error) {
	return rows[HolidayMark](q, sqlHolidayMarks, q.actor.Merchant, from, until)
}

// MarkHoliday records what the acting person says of a day: that the bank is
// closed, or that it works after all.
func (t *Tx) MarkHoliday(m HolidayMark) error {
	if _, err := t.exec(sqlInsertHolidayMark, m.ID, t.actor.Merchant, m.Day, m.Closed, m.Name, m.Source, t.actor.Person); err != nil {
		return fmt.Errorf("marking a holiday: %w", err)
	}
	return t.Audit("holiday.marked", About("holiday", m.ID), map[string]any{
		"day": m.Day.Format(time.DateOnly), "closed": m.Closed, "name": m.Name, "source": m.Source,
	})
}
