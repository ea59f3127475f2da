package bill_test

import (
	"testing"
	"time"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

func TestMonthlyDaysKeepToTheEndOfShortMonths(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) thai.Day { return thai.Day{Year: y, Month: m, Day: d} }
	for _, c := range []struct {
		after thai.Day
		on    int
		want  thai.Day
	}{
		{day(2026, 1, 31), 31, day(2026, 2, 28)},
		{day(2028, 1, 31), 31, day(2028, 2, 29)}, // a leap year
		{day(2026, 2, 28), 31, day(2026, 3, 31)}, // and back to the 31st
		{day(2026, 2, 27), 30, day(2026, 2, 28)},
		{day(2026, 12, 31), 1, day(2027, 1, 1)},
		{day(2026, 12, 1), 1, day(2027, 1, 1)},
		{day(2026, 11, 22), 25, day(2026, 11, 25)},
		{day(2026, 11, 25), 25, day(2026, 12, 25)},
	} {
		if got := bill.NextMonthly(c.after, c.on); got != c.want {
			t.Errorf("day %d after %v: %v, want %v", c.on, c.after, got, c.want)
		}
	}
	if got := bill.NextWeekly(day(2026, 11, 1), day(2026, 11, 22), 2); got != day(2026, 11, 29) {
		t.Errorf("every two weeks: %v", got)
	}
	if got := bill.NextWeekly(day(2026, 11, 8), day(2026, 11, 22), 2); got != day(2026, 12, 6) {
		t.Errorf("two weeks after today itself: %v", got)
	}
}
