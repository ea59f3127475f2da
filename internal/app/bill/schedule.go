package bill

import (
	"time"

	"portal/internal/app/thai"
)

// NextMonthly is the first day after the given one that is the given day of
// its month; in a month that is too short it is that month's last.
func NextMonthly(after thai.Day, on int) thai.Day {
	for months := range 2 {
		first := thai.DayOf(time.Date(after.Year, after.Month+time.Month(months), 1, 0, 0, 0, 0, time.UTC))
		last := thai.DayOf(time.Date(first.Year, first.Month+1, 0, 0, 0, 0, 0, time.UTC)).Day
		if day := first.AddDays(min(on, last) - 1); day.Compare(after) > 0 {
			return day
		}
	}
	panic("bill: the next month has no later day")
}

// NextWeekly is the first day after the given one that is a whole number of
// so many weeks after the last.
func NextWeekly(last, after thai.Day, weeks int) thai.Day {
	next := last.AddDays(7 * weeks)
	for next.Compare(after) <= 0 {
		next = next.AddDays(7 * weeks)
	}
	return next
}
