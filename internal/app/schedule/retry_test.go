package schedule_test

import (
	"testing"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
)

// songkran is April 2026: the bank is closed from Monday to Wednesday, 13 to 15.
var songkran = schedule.Calendar{on("2026-04-13"): true, on("2026-04-14"): true, on("2026-04-15"): true}

func on(s string) (d thai.Day) {
	if err := d.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return d
}

func TestADebitIsTriedAgainOnDaysOnWhichTheBankWorks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failed, want string
		days         int
	}{
		{"2026-04-08", "2026-04-09", 1},
		{"2026-04-10", "2026-04-16", 1}, // a Friday before a weekend and three holidays
		{"2026-04-10", "2026-04-17", 2},
		{"2026-04-10", "2026-04-20", 3},
		{"2026-04-13", "2026-04-16", 1},
	} {
		if got := songkran.AddBankDays(on(c.failed), c.days); got != on(c.want) {
			t.Errorf("%d bank days after %s is %s, want %s", c.days, c.failed, got, c.want)
		}
	}
}

func TestAPaydayIsTheBankDayOnWhichThePayerHasTheMoney(t *testing.T) {
	t.Parallel()
	closed := schedule.Calendar{on("2026-04-13"): true, on("2026-04-14"): true, on("2026-04-15"): true, on("2026-12-31"): true, on("2027-01-01"): true}
	for _, c := range []struct {
		from, want string
		payday     int
	}{
		{"2026-04-09", "2026-04-10", 10},
		{"2026-04-09", "2026-04-16", 15}, // paid out on a holiday
		{"2026-04-16", "2026-04-16", 14}, // the payday of this month was put off until today
		{"2026-04-17", "2026-05-14", 14},
		{"2026-02-20", "2026-03-02", 31}, // the end of February is a Saturday
		{"2026-12-20", "2027-01-04", 31}, // over the end of a year
		{"2027-01-02", "2027-01-04", 31}, // and looked at from behind it
		{"2026-05-01", "2026-05-01", 1},
	} {
		if got := closed.Payday(on(c.from), c.payday); got != on(c.want) {
			t.Errorf("payday %d from %s on is %s, want %s", c.payday, c.from, got, c.want)
		}
	}
}
