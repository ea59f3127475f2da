package schedule

import (
	"errors"
	"iter"

	"portal/internal/app/thai"
)

// Frequency is how often a schedule runs.
type Frequency string

// The frequencies, as the bank has them.
const (
	Once    Frequency = "once"
	Daily   Frequency = "daily"
	Weekly  Frequency = "weekly"
	Monthly Frequency = "monthly"
)

// Shift is what becomes of a date that is no bank day.
type Shift string

// The four rules. Next goes on into the next month where it must, and Previous
// back into the one before: neither is bent at the end of a month, the run says
// so instead.
const (
	Same     Shift = "same"
	Next     Shift = "next"
	Previous Shift = "previous"
	Skip     Shift = "skip"
)

// Frequencies and Shifts list what there is, in the order of the form.
var (
	Frequencies = []Frequency{Monthly, Weekly, Daily, Once}
	Shifts      = []Shift{Next, Previous, Same, Skip}
)

// Bounds of one schedule.
const (
	MaxPayments = 360
	MaxYears    = 10
)

// Why a plan is none.
var (
	ErrNoStart        = errors.New("a schedule begins on a day")
	ErrFrequency      = errors.New("no such frequency")
	ErrShift          = errors.New("no such shift rule")
	ErrEndBeforeStart = errors.New("a schedule does not end before it begins")
	ErrTwoEnds        = errors.New("a schedule ends on a day or after so many debits, not both")
	ErrTooLong        = errors.New("a schedule ends within ten years")
	ErrPayments       = errors.New("a schedule has 1 to 360 debits")
	ErrDayOfMonth     = errors.New("the day of the month is 1 to 31, and of monthly schedules only")
)

// Plan is what somebody wishes for.
type Plan struct {
	Frequency Frequency `json:"frequency"`
	// Start is the first day wished for. A monthly schedule begins with the
	// first of its days on or after it.
	Start thai.Day `json:"start"`
	// End is the last day wished for; a run may still be shifted past it.
	End thai.Day `json:"end,omitzero"`
	// Payments is after how many debits it ends. A date that is skipped, or falls
	// together with another, is no debit and uses none up: what is collected in
	// all is the amount times this number, whatever the holidays.
	Payments int `json:"payments,omitempty"`
	// DayOfMonth is the day that a monthly schedule is anchored to: the last day
	// of a month that is shorter. It never drifts: 31 January, 28 February, 31 March.
	DayOfMonth int   `json:"day_of_month,omitempty"`
	Shift      Shift `json:"shift"`
}

// Check names the first thing that is wrong with a plan.
func (p Plan) Check() error {
	switch {
	case p.Frequency != Once && p.Frequency != Daily && p.Frequency != Weekly && p.Frequency != Monthly:
		return ErrFrequency
	case p.Shift != Same && p.Shift != Next && p.Shift != Previous && p.Shift != Skip:
		return ErrShift
	case p.Start.IsZero():
		return ErrNoStart
	case p.Frequency == Monthly && (p.DayOfMonth < 1 || p.DayOfMonth > 31), p.Frequency != Monthly && p.DayOfMonth != 0:
		return ErrDayOfMonth
	case p.Frequency == Once && (!p.End.IsZero() || p.Payments != 0), !p.End.IsZero() && p.Payments != 0:
		return ErrTwoEnds
	case !p.End.IsZero() && p.End.Compare(p.Start) < 0:
		return ErrEndBeforeStart
	case p.End.Year > p.Start.Year+MaxYears:
		return ErrTooLong
	case p.Payments < 0 || p.Payments > MaxPayments:
		return ErrPayments
	}
	return nil
}

// OpenEnded reports whether nothing ends the plan.
func (p Plan) OpenEnded() bool { return p.Frequency != Once && p.End.IsZero() && p.Payments == 0 }

// wished yields the dates before any shift, without end unless there is one.
func (p Plan) wished() iter.Seq[thai.Day] {
	return func(yield func(thai.Day) bool) {
		for n := 0; ; n++ {
			d, last := p.nth(n)
			if d.Compare(p.Start) < 0 {
				continue // a month whose day is over as the schedule begins
			}
			if !p.End.IsZero() && d.Compare(p.End) > 0 || !yield(d) || last {
				return
			}
		}
	}
}

// nth counts from the anchor, never from the date before, so that nothing drifts.
func (p Plan) nth(n int) (d thai.Day, last bool) {
	switch p.Frequency {
	case Daily:
		return p.Start.AddDays(n), false
	case Weekly:
		return p.Start.AddDays(7 * n), false
	case Monthly:
		year, month := monthAfter(p.Start, n)
		return dayIn(year, month, p.DayOfMonth), false
	}
	return p.Start, true
}
