package schedule_test

import (
	"slices"
	"testing"
	"time"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
)

// twentyYears are holidays for every year: the fixed ones of Thailand, and a
// few that wander as those of the moon do.
func twentyYears() schedule.Calendar {
	c := schedule.Calendar{}
	for year := 2019; year <= 2042; year++ {
		for _, at := range [][2]int{{1, 1}, {4, 6}, {4, 13}, {4, 14}, {4, 15}, {5, 1}, {5, 4}, {6, 3}, {7, 28}, {8, 12}, {10, 13}, {10, 23}, {12, 5}, {12, 10}, {12, 31}} {
			c[thai.Day{Year: year, Month: time.Month(at[0]), Day: at[1]}] = true
		}
		for n, month := range []time.Month{2, 5, 7, 11} {
			c[thai.DayOf(time.Date(year, month, 1+(year*11+n*7)%29, 0, 0, 0, 0, time.UTC))] = true
		}
	}
	return c
}

// oracle walks the calendar day by day, and asks of each day whether a debit
// falls on it; it never computes a date. Next carries what waits forward,
// Previous looks at what comes behind a closed stretch.
func oracle(p schedule.Plan, c schedule.Calendar, first, last time.Time) []time.Time {
	shut := func(t time.Time) bool {
		return t.Weekday() == time.Saturday || t.Weekday() == time.Sunday || c[thai.DayOf(t)]
	}
	wished := func(t time.Time) bool {
		start := p.Start.Time().In(time.UTC).Add(7 * time.Hour)
		switch p.Frequency {
		case schedule.Daily:
			return !t.Before(start)
		case schedule.Weekly:
			return !t.Before(start) && t.Weekday() == start.Weekday()
		case schedule.Monthly:
			ends := t.AddDate(0, 0, 1).Day() == 1
			return !t.Before(start) && (t.Day() == p.DayOfMonth || ends && t.Day() < p.DayOfMonth)
		}
		return t.Equal(start)
	}
	var days []time.Time
	carried := false
	for t := first; !t.After(last); t = t.AddDate(0, 0, 1) {
		debit := false
		switch p.Shift {
		case schedule.Same:
			debit = wished(t)
		case schedule.Skip:
			debit = wished(t) && !shut(t)
		case schedule.Next:
			carried = carried || wished(t)
			if debit = carried && !shut(t); debit {
				carried = false
			}
		case schedule.Previous:
			debit = !shut(t) && wished(t)
			for behind := t.AddDate(0, 0, 1); !shut(t) && shut(behind); behind = behind.AddDate(0, 0, 1) {
				debit = debit || wished(behind)
			}
		}
		if debit {
			days = append(days, t)
		}
	}
	return days
}

// Every start of twenty years, each frequency and each rule: the days must be
// those of a walk that shares not a line with the code.
func TestEveryStartOfTwentyYearsRunsAsADayByDayWalkSays(t *testing.T) {
	t.Parallel()
	c := twentyYears()
	for _, frequency := range schedule.Frequencies {
		for _, shift := range schedule.Shifts {
			t.Run(string(frequency)+" "+string(shift), func(t *testing.T) {
				t.Parallel()
				for start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); start.Year() < 2040; start = start.AddDate(0, 0, 1) {
					anchors := []int{0}
					if frequency == schedule.Monthly {
						anchors = []int{start.Day(), 31}
					}
					for _, anchor := range anchors {
						p := schedule.Plan{Frequency: frequency, Start: thai.DayOf(start), DayOfMonth: anchor, Shift: shift}
						compare(t, p, c, start)
					}
				}
			})
		}
	}
}

// compare looks at the dates wished for in a bit more than a year, which is
// what lies within reach of both ends of the walk.
func compare(t *testing.T, p schedule.Plan, c schedule.Calendar, start time.Time) {
	t.Helper()
	span := 400
	if p.Frequency == schedule.Daily {
		span = 100
	}
	until := start.AddDate(0, 0, span)
	runs, _ := p.Runs(c, thai.Day{}, thai.DayOf(until.AddDate(0, 0, 40)))
	var got []time.Time
	for _, d := range schedule.Days(runs) {
		if at := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC); !at.After(until) {
			got = append(got, at)
		}
	}
	want := oracle(p, c, start.AddDate(0, 0, -20), until)
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Fatalf("%+v runs on\n%v\na walk says\n%v", p, got, want)
	}
}

// Thirty-one anchors over 240 months under every rule: nothing drifts.
func TestAMonthlyScheduleStaysAtItsAnchorForTwentyYears(t *testing.T) {
	t.Parallel()
	for anchor := 1; anchor <= 31; anchor++ {
		p := schedule.Plan{Frequency: schedule.Monthly, Start: thai.Day{Year: 2020, Month: 1, Day: 1}, DayOfMonth: anchor, Shift: schedule.Same}
		runs, _ := p.Runs(nil, thai.Day{}, thai.Day{Year: 2039, Month: 12, Day: 31})
		if len(runs) != 240 {
			t.Fatalf("day %d ran %d times in 240 months", anchor, len(runs))
		}
		for n, r := range runs {
			ends := time.Date(2020, time.Month(n+2), 0, 0, 0, 0, 0, time.UTC)
			if want := min(anchor, ends.Day()); r.On.Day != want || r.On.Month != ends.Month() {
				t.Errorf("day %d: month %d ran on %v, not on its day %d", anchor, n, r.On, want)
			}
		}
	}
}
