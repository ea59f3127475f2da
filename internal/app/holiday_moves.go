package app

import (
	"context"
	"slices"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// maxMoves is how many days one page shows.
const maxMoves = 500

// fillMoves finds every coming debit that a day moves by what is said of it now, with what each day brings before and after.
func (a *App) fillMoves(ctx context.Context, q *store.Query, u user, day thai.Day, v *templates.HolidayView) error {
	today := a.today()
	list, err := q.DebitsMovedBy(midnight(day), midnight(today))
	if err != nil {
		return err
	}
	closed, _, err := calendarOf(ctx, q, day.AddDays(-60), day.AddDays(60))
	if err != nil {
		return err
	}
	v.MoreMoves = len(list) > maxMoves
	list = list[:min(len(list), maxMoves)]
	change := map[thai.Day]int64{}
	ids := map[store.ID]bool{}
	for _, m := range list {
		from := thai.DayOf(m.RunOn)
		to := schedule.Shift(m.Shift).Move(closed, thai.DayOf(m.WishedOn))
		if to.On == from {
			continue
		}
		row := templates.HolidayMove{Href: "/schedules/" + m.ScheduleID.String(), Name: m.PayerName + " · " + m.Reference, From: m.RunOn, AmountSatang: m.AmountSatang}
		change[from] -= m.AmountSatang
		if to.Debits() {
			row.To = midnight(to.On)
			change[to.On] += m.AmountSatang
		}
		if m.Under {
			row.Note = text.T(ctx, "holiday.under")
		} else if !ids[m.ScheduleID] {
			ids[m.ScheduleID] = true
			v.Schedules = append(v.Schedules, m.ScheduleID.String())
		}
		v.Moves = append(v.Moves, row)
	}
	if err := a.fillDated(ctx, q, u, day, closed, change, v); err != nil {
		return err
	}
	return daySums(q, change, today, v)
}

// daySums says what each day that changes brings in before and after.
func daySums(q *store.Query, change map[thai.Day]int64, today thai.Day, v *templates.HolidayView) error {
	if len(change) == 0 {
		return nil
	}
	days := make([]thai.Day, 0, len(change))
	for d := range change {
		days = append(days, d)
	}
	slices.SortFunc(days, thai.Day.Compare)
	sums, err := q.DebitCalendar(midnight(days[0]), midnight(days[len(days)-1]), midnight(today))
	if err != nil {
		return err
	}
	now := map[thai.Day]int64{}
	for _, s := range sums {
		now[thai.DayOf(s.Day)] = s.Satang()
	}
	for _, d := range days {
		v.Sums = append(v.Sums, templates.HolidaySum{On: midnight(d), Before: now[d], After: now[d] + change[d]})
	}
	return nil
}
