package story_test

import (
	"fmt"
	"strings"
	"time"

	"portal/internal/app/thai"
)

// rentIsScheduled has two payers pay on the last day of every month.
func (d *dues) rentIsScheduled() {
	d.t.Helper()
	maker := d.signedIn("maker")
	maker.open("/schedules")
	maker.look("schedules-of-demo")
	for _, payer := range []int{1, 3} {
		maker.open("/schedules/new")
		maker.Fill("#payer", d.code(payer))
		maker.Fill("#amount", rent)
		maker.Fill("#reference", d.rentOf(payer))
		maker.Fill("#start", typed(monthEnd(1)))
		maker.Fill("#day_of_month", "31")
		maker.Click(`[name="ends"][value="after"]`)
		maker.Fill("#payments", "12")
		maker.look("schedule-new")
		if d.scripted() {
			maker.WaitText("#schedule-dates tfoot", "18,000.00")
		}
		maker.Click(`[name="do"][value="check"]`)
		maker.WaitFor(`.confirm [value="submit"]`)
		maker.look("schedule-check")
		maker.sees("main", d.code(payer), "18,000.00")
		maker.Click(`.confirm [value="submit"]`)
		maker.sees(".state-line", d.word("schedule.state.submitted"))
		maker.look("schedule-submitted")
		d.schedules = append(d.schedules, maker.path())
	}
	checker := d.signedIn("checker1")
	d.approves(checker, "RENT"+d.prefix, 2)
	for _, path := range d.schedules {
		d.comesTo(checker, path, "a running schedule", func() bool { return strings.Contains(checker.Text(".state-line"), d.word("schedule.state.active")) })
	}
	checker.look("schedule-active")
	bank := d.bankPage("/debits")
	d.rowOf(bank, `section[aria-labelledby="schedules"] tbody tr`, "MONTHLY")
}

func (d *dues) rentOf(payer int) string { return "RENT" + d.code(payer) }

// monthEnd is the last day of the n-th month from now.
func monthEnd(n int) thai.Day {
	now := thai.Today(time.Now())
	return thai.DayOf(time.Date(now.Year, now.Month+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC))
}

func typed(day thai.Day) string {
	return fmt.Sprintf("%02d/%02d/%d", day.Day, day.Month, day.BuddhistYear())
}

// aHolidayIsDeclaredLate closes the bank on the last day of a month, and moves
// what was to be taken then in one batch that somebody else approves.
func (d *dues) aHolidayIsDeclaredLate() {
	d.t.Helper()
	maker := d.signedIn("maker")
	maker.open("/holidays")
	maker.look("holidays")
	for n := 2; ; n++ {
		if n > 12 {
			d.t.Fatal("the bank works on no last day of a month")
		}
		day := monthEnd(n)
		maker.open("/holidays/" + day.String())
		if maker.Exists(`#holiday-form [name="closed"][value="yes"]`) {
			break
		}
	}
	day := maker.path()
	maker.look("bank-day")
	maker.Fill("#holiday-form [name=name]", holidayName)
	maker.Fill("#holiday-form [name=source]", holidayWhere)
	maker.Submit("#holiday-form [name=source]")
	maker.sees("main", d.word("holiday.now_closed"))
	maker.WaitFor("#move-form")
	maker.look("holiday-moves")
	moved := maker.Count("#move-form [name=id]")
	if moved < 2 {
		d.t.Errorf("the holiday moves %d schedules", moved)
	}
	maker.Submit("#move-form button")
	maker.WaitFor("#batch")
	maker.look("batch-move")
	d.runs(maker, "schedule_move", moved)
	maker.look("batch-moved")
	checker := d.signedIn("checker1")
	d.approves(checker, "RENT"+d.prefix, 2)
	for _, path := range d.schedules {
		d.comesTo(checker, path, "a schedule around the holiday", func() bool {
			return strings.Contains(checker.Text(".state-line"), d.word("schedule.state.active")) && checker.Exists("tr.moved s") &&
				!checker.Exists(`#main [hx-trigger="every 2s"]`)
		})
	}
	checker.look("schedule-moved")
	checker.open(day)
	checker.look("holiday-after")
	checker.open("/debits/calendar")
	checker.look("calendar")
	checker.open("/debits/forecast")
	checker.look("forecast")
}
