package schedule

import (
	"time"

	"portal/internal/app/thai"
)

// Calendar knows the days on which the bank is closed besides weekends.
type Calendar map[thai.Day]bool

// Closure is why the bank does nothing on a day.
type Closure string

// Why a day is no bank day. A holiday on a Sunday counts as a weekend: the list
// names the day that is off in its place.
const (
	Open    Closure = ""
	Weekend Closure = "weekend"
	Holiday Closure = "holiday"
)

// Closure says why the day is no bank day, or Open.
func (c Calendar) Closure(d thai.Day) Closure {
	switch w := weekday(d); {
	case w == time.Saturday || w == time.Sunday:
		return Weekend
	case c[d]:
		return Holiday
	}
	return Open
}

// longestClosure is how far a bank day is looked for. The longest closure so
// far had ten days; a month of them is a mistake in the list.
const longestClosure = 31

// seek is the nearest bank day in steps of one day forward or back; the zero
// Day where there is none near.
func (c Calendar) seek(d thai.Day, step int) thai.Day {
	for range longestClosure {
		if c.Closure(d) == Open {
			return d
		}
		d = d.AddDays(step)
	}
	return thai.Day{}
}

func weekday(d thai.Day) time.Weekday { return d.Time().Weekday() }

// lastOf is the last day of a month.
func lastOf(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// dayIn is the given day of a month, or its last where it is shorter.
func dayIn(year int, month time.Month, day int) thai.Day {
	return thai.Day{Year: year, Month: month, Day: min(day, lastOf(year, month))}
}

// monthAfter is the month n months later.
func monthAfter(d thai.Day, n int) (year int, month time.Month) {
	t := time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	return t.Year(), t.Month()
}
