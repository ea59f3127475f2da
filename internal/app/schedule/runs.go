package schedule

import (
	"portal/internal/app/thai"
)

// Fate is what becomes of a date that was wished for.
type Fate string

// A date stays, is shifted, or falls away for one of four reasons.
const (
	Stays    Fate = "stays"
	Shifted  Fate = "shifted"
	Skipped  Fate = "skipped"  // the rule is to leave out what is no bank day
	Together Fate = "together" // the day has a debit of this schedule already
	TooEarly Fate = "early"    // shifted to before the first day that can still be asked for
	Nowhere  Fate = "nowhere"  // no bank day near
)

// Run is one date of a schedule.
type Run struct {
	Wished thai.Day `json:"wished"`
	On     thai.Day `json:"on,omitzero"` // zero: no debit
	Fate   Fate     `json:"fate"`
	// Why the date wished for is no bank day; under the rule Same the run stays
	// and the reason is told all the same.
	Why Closure `json:"why,omitempty"`
}

// Debits reports whether money is taken.
func (r Run) Debits() bool { return !r.On.IsZero() }

// LeavesMonth reports whether the shift takes the run into another month.
func (r Run) LeavesMonth() bool {
	return r.Debits() && (r.On.Month != r.Wished.Month || r.On.Year != r.Wished.Year)
}

// maxDates bounds how many dates are looked at, however few of them debit.
const maxDates = 4000

// Runs are the dates of a plan wished for up to the horizon, in order, those
// that fall away among them. earliest is the first day that the bank can still
// be asked for. more reports that the plan goes on behind the horizon.
//
// Of two dates that come to one day the first debits, and the second falls
// away: a payer is never debited twice in a day by one schedule. Both shifts
// keep the order of dates, so only neighbours can meet.
func (p Plan) Runs(c Calendar, earliest, horizon thai.Day) (runs []Run, more bool) {
	return p.runs(c, earliest, horizon, p.Payments, true)
}

// Coming are the dates of a plan that is under way: as Runs, but what was to be
// debited before from, and was, is left out. left is how many debits are still
// to come where their number ends the plan.
func (p Plan) Coming(c Calendar, from, horizon thai.Day, left int) (runs []Run, more bool) {
	return p.runs(c, from, horizon, left, false)
}

func (p Plan) runs(c Calendar, earliest, horizon thai.Day, left int, begins bool) (runs []Run, more bool) {
	if p.Payments > 0 && left <= 0 {
		return nil, false
	}
	var last thai.Day
	taken, seen := 0, 0
	for d := range p.wished() {
		if d.Compare(horizon) > 0 || seen == maxDates {
			return runs, true
		}
		seen++
		r := p.Shift.Move(c, d)
		switch before := d.Compare(earliest) < 0; {
		case before && !begins && (!r.Debits() || r.On.Compare(earliest) < 0):
			last = r.On
			continue
		case !r.Debits():
		case r.On.Compare(earliest) < 0:
			r.On, r.Fate = thai.Day{}, TooEarly
		case r.On == last:
			r.On, r.Fate = thai.Day{}, Together
		default:
			last = r.On
			taken++
		}
		runs = append(runs, r)
		if p.Payments > 0 && taken == left {
			return runs, false
		}
	}
	return runs, false
}

// Move applies the rule to one date.
func (s Shift) Move(c Calendar, d thai.Day) Run {
	r := Run{Wished: d, On: d, Fate: Stays, Why: c.Closure(d)}
	if r.Why == Open {
		return r
	}
	switch s {
	case Next:
		r.On, r.Fate = c.seek(d, 1), Shifted
	case Previous:
		r.On, r.Fate = c.seek(d, -1), Shifted
	case Skip:
		r.On, r.Fate = thai.Day{}, Skipped
	case Same:
	}
	if r.Fate == Shifted && r.On.IsZero() {
		r.Fate = Nowhere
	}
	return r
}

// Days are the days on which the runs debit, in order.
func Days(runs []Run) []thai.Day {
	days := make([]thai.Day, 0, len(runs))
	for _, r := range runs {
		if r.Debits() {
			days = append(days, r.On)
		}
	}
	return days
}

// Horizon is until when an open-ended schedule is asked of the bank: a year
// from its start, or from today for one that has begun. Whoever holds the
// mandate is asked again before the bank's last day comes.
func Horizon(from thai.Day) thai.Day {
	year, month := monthAfter(from, 12)
	return dayIn(year, month, from.Day)
}
