package schedule_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
)

func day(t testing.TB, s string) (d thai.Day) {
	t.Helper()
	if err := d.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return d
}

func holidays(t testing.TB, list string) schedule.Calendar {
	t.Helper()
	c := schedule.Calendar{}
	for s := range strings.FieldsSeq(list) {
		c[day(t, s)] = true
	}
	return c
}

func TestRunsAreShiftedByTheFourRules(t *testing.T) {
	t.Parallel()
	// New Year's Eve 2026 is a Thursday, the Friday after it a holiday, too.
	closed := holidays(t, "2026-12-31 2027-01-01 2027-02-22")
	for _, test := range []struct {
		name, want string
		plan       schedule.Plan
		earliest   string
	}{
		{
			"the next rule goes on into the next month and year", "2027-01-04! 2027-02-01! 2027-03-01!",
			schedule.Plan{Frequency: schedule.Monthly, Start: day(t, "2026-12-31"), DayOfMonth: 31, Shift: schedule.Next, Payments: 3}, "",
		},
		{
			"the previous rule goes back", "2026-12-30 2027-01-29 2027-02-26",
			schedule.Plan{Frequency: schedule.Monthly, Start: day(t, "2026-12-31"), DayOfMonth: 31, Shift: schedule.Previous, Payments: 3}, "",
		},
		{
			"the same rule stays", "2026-12-31 2027-01-31 2027-02-28",
			schedule.Plan{Frequency: schedule.Monthly, Start: day(t, "2026-12-31"), DayOfMonth: 31, Shift: schedule.Same, Payments: 3}, "",
		},
		{
			"the skip rule leaves out, and the number of debits is still had", "skipped skipped skipped 2027-03-31 2027-04-30 2027-05-31",
			schedule.Plan{Frequency: schedule.Monthly, Start: day(t, "2026-12-31"), DayOfMonth: 31, Shift: schedule.Skip, Payments: 3}, "",
		},
		{
			"dates that come to one day are one debit", "2026-12-30 2027-01-04! together together together together 2027-01-05",
			schedule.Plan{Frequency: schedule.Daily, Start: day(t, "2026-12-30"), End: day(t, "2027-01-05"), Shift: schedule.Next}, "",
		},
		{
			"what would be shifted before it can be asked for falls away", "early 2027-01-29",
			schedule.Plan{Frequency: schedule.Monthly, Start: day(t, "2026-12-31"), DayOfMonth: 31, Shift: schedule.Previous, Payments: 1}, "2026-12-31",
		},
		{
			"a month whose day is over as it begins has no run", "2027-02-10",
			schedule.Plan{Frequency: schedule.Monthly, Start: day(t, "2027-01-15"), DayOfMonth: 10, Shift: schedule.Next, Payments: 1}, "",
		},
		{
			"once is once", "2027-02-23",
			schedule.Plan{Frequency: schedule.Once, Start: day(t, "2027-02-20"), Shift: schedule.Next}, "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := test.plan.Check(); err != nil {
				t.Fatal(err)
			}
			var earliest thai.Day
			if test.earliest != "" {
				earliest = day(t, test.earliest)
			}
			runs, _ := test.plan.Runs(closed, earliest, day(t, "2030-01-01"))
			var got []string
			for _, r := range runs {
				word := r.On.String()
				if !r.Debits() {
					word = string(r.Fate)
				}
				if r.LeavesMonth() {
					word += "!"
				}
				got = append(got, word)
			}
			if joined := strings.Join(got, " "); joined != test.want {
				t.Errorf("runs on %s, not on %s", joined, test.want)
			}
		})
	}
}

func TestOneDayIsNeverDebitedTwiceAndTheOrderIsKept(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(31, 2))
	for range 3000 {
		p, c := anyPlan(random)
		runs, _ := p.Runs(c, p.Start, p.Start.AddDays(500))
		days := schedule.Days(runs)
		for n, d := range days {
			if n > 0 && d.Compare(days[n-1]) <= 0 {
				t.Fatalf("%+v debits %v after %v", p, d, days[n-1])
			}
			if p.Shift != schedule.Same && c.Closure(d) != schedule.Open {
				t.Fatalf("%+v debits on %v, which is no bank day", p, d)
			}
		}
		if p.Payments > 0 && len(days) > p.Payments {
			t.Fatalf("%+v debits %d times", p, len(days))
		}
	}
}

func anyPlan(random *rand.Rand) (schedule.Plan, schedule.Calendar) {
	start := thai.Day{Year: 2026, Month: 1, Day: 1}.AddDays(random.IntN(1000))
	p := schedule.Plan{
		Frequency: schedule.Frequencies[random.IntN(4)], Shift: schedule.Shifts[random.IntN(4)], Start: start,
	}
	if p.Frequency == schedule.Monthly {
		p.DayOfMonth = 1 + random.IntN(31)
	}
	switch {
	case p.Frequency == schedule.Once:
	case random.IntN(3) == 0:
		p.Payments = 1 + random.IntN(20)
	case random.IntN(2) == 0:
		p.End = start.AddDays(random.IntN(400))
	}
	c := schedule.Calendar{}
	for range random.IntN(40) {
		c[start.AddDays(random.IntN(500))] = true
	}
	return p, c
}

func TestACoverDebitsOnExactlyTheDaysOfThePlan(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(31, 3))
	for range 5000 {
		p, c := anyPlan(random)
		runs, _ := p.Runs(c, p.Start, p.Start.AddDays(420))
		covers(t, schedule.Days(runs))
	}
}

// covers holds the legs, expanded, against the days.
func covers(t testing.TB, days []thai.Day) []schedule.Leg {
	t.Helper()
	legs := schedule.Cover(days)
	var all []thai.Day
	for _, l := range legs {
		all = append(all, l.Days()...)
	}
	slices.SortFunc(all, thai.Day.Compare)
	if !slices.Equal(all, days) {
		t.Fatalf("%v is covered by %v, which debits on %v", days, legs, all)
	}
	return legs
}

func TestAHolidayDeclaredLateSplitsAStretchInThree(t *testing.T) {
	t.Parallel()
	p := schedule.Plan{Frequency: schedule.Monthly, Start: day(t, "2027-08-31"), DayOfMonth: 31, Shift: schedule.Next, End: day(t, "2028-03-31")}
	for _, test := range []struct{ closed, want string }{
		// 31 October is a Sunday, so it is 1 November.
		{"", "monthly 2027-08-31 2027-09-30 31, once 2027-11-01, monthly 2027-11-30 2028-03-31 31"},
		{"2027-12-31", "monthly 2027-08-31 2027-09-30 31, once 2027-11-01, once 2027-11-30, once 2028-01-03, monthly 2028-01-31 2028-03-31 31"},
	} {
		runs, _ := p.Runs(holidays(t, test.closed), p.Start, p.End)
		var got []string
		for _, l := range covers(t, schedule.Days(runs)) {
			word := fmt.Sprintf("%s %v", l.Frequency, l.Start)
			if l.Frequency != schedule.Once {
				word += fmt.Sprintf(" %v %d", l.End, l.DayOfMonth)
			}
			got = append(got, word)
		}
		if joined := strings.Join(got, ", "); joined != test.want {
			t.Errorf("closed on %q: covered by %s", test.closed, joined)
		}
	}
}

// fewest tries everything.
func fewest(days []thai.Day) int {
	if len(days) == 0 {
		return 0
	}
	best := 1 + fewest(days[1:])
	try := func(l schedule.Leg) {
		covered := l.Days()
		left := slices.DeleteFunc(slices.Clone(days), func(d thai.Day) bool { return slices.Contains(covered, d) })
		if len(covered) > 1 && len(left)+len(covered) == len(days) {
			best = min(best, 1+fewest(left))
		}
	}
	for _, end := range days[1:] {
		try(schedule.Leg{Frequency: schedule.Daily, Start: days[0], End: end})
		try(schedule.Leg{Frequency: schedule.Weekly, Start: days[0], End: end})
		// Another anchor than the last day's only matters in the months that lack it.
		for _, anchor := range []int{days[0].Day, end.Day, 29, 30, 31} {
			if l := (schedule.Leg{Frequency: schedule.Monthly, Start: days[0], End: end, DayOfMonth: anchor}); slices.Contains(l.Days(), days[0]) {
				try(l)
			}
		}
	}
	return best
}

func TestNoOtherCoverOfAPlanNeedsFewerSchedulesOfTheBank(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(31, 4))
	for range 200 {
		p, c := anyPlan(random)
		runs, _ := p.Runs(c, p.Start, p.Start.AddDays(300))
		days := schedule.Days(runs)
		days = days[:min(len(days), 8)]
		if got, want := len(covers(t, days)), fewest(days); got != want {
			t.Fatalf("%+v: %v is covered by %d, and could be by %d", p, days, got, want)
		}
	}
}

func TestAPlanThatIsNoneIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	good := schedule.Plan{Frequency: schedule.Monthly, Start: day(t, "2027-01-31"), DayOfMonth: 31, Shift: schedule.Next}
	for _, test := range []struct {
		name  string
		spoil func(*schedule.Plan)
		want  error
	}{
		{"no start", func(p *schedule.Plan) { p.Start = thai.Day{} }, schedule.ErrNoStart},
		{"no frequency", func(p *schedule.Plan) { p.Frequency = "yearly" }, schedule.ErrFrequency},
		{"no rule", func(p *schedule.Plan) { p.Shift = "" }, schedule.ErrShift},
		{"an end before the start", func(p *schedule.Plan) { p.End = p.Start.AddDays(-1) }, schedule.ErrEndBeforeStart},
		{"two ends", func(p *schedule.Plan) { p.End, p.Payments = p.Start, 1 }, schedule.ErrTwoEnds},
		{"an end far away", func(p *schedule.Plan) { p.End = p.Start.AddDays(5000) }, schedule.ErrTooLong},
		{"too many debits", func(p *schedule.Plan) { p.Payments = 361 }, schedule.ErrPayments},
		{"no such day of the month", func(p *schedule.Plan) { p.DayOfMonth = 32 }, schedule.ErrDayOfMonth},
		{"a day of the month of a weekly one", func(p *schedule.Plan) { p.Frequency = schedule.Weekly }, schedule.ErrDayOfMonth},
	} {
		p := good
		test.spoil(&p)
		if err := p.Check(); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func FuzzAPlanIsCoveredWhateverItSays(f *testing.F) {
	f.Add(2027, 1, 31, uint8(0), uint8(0), 12, 31, uint16(3))
	f.Add(2028, 2, 29, uint8(2), uint8(3), 0, 0, uint16(0))
	f.Fuzz(func(t *testing.T, year, month, dom int, frequency, shift uint8, payments, anchor int, closed uint16) {
		start, err := thai.NewDay(2000+abs(year)%100, 1, 1)
		if err != nil {
			t.Skip()
		}
		start = start.AddDays(abs(month)%12*31 + abs(dom)%31)
		p := schedule.Plan{
			Frequency: schedule.Frequencies[frequency%4], Shift: schedule.Shifts[shift%4], Start: start, Payments: payments, DayOfMonth: anchor,
		}
		if p.Check() != nil {
			t.Skip()
		}
		c := schedule.Calendar{}
		for n := range 16 {
			if closed>>n&1 == 1 {
				c[start.AddDays(n*9)] = true
			}
		}
		runs, _ := p.Runs(c, start, start.AddDays(400))
		covers(t, schedule.Days(runs))
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
