package schedule

import (
	"portal/internal/app/thai"
)

// Leg is one schedule as the bank keeps it: every day, every seventh day or
// every month on one day (the last of a month that is shorter), from its start
// to its end, both included. It has never heard of a holiday.
type Leg struct {
	Frequency  Frequency `json:"frequency"`
	Start      thai.Day  `json:"start"`
	End        thai.Day  `json:"end"`
	DayOfMonth int       `json:"day_of_month,omitempty"`
}

// Days are the days on which the bank debits for a leg.
func (l Leg) Days() []thai.Day {
	if l.Frequency == Once {
		return []thai.Day{l.Start}
	}
	var days []thai.Day
	for n := 0; ; n++ {
		d, _ := Plan{Frequency: l.Frequency, Start: l.Start, DayOfMonth: l.DayOfMonth}.nth(n)
		if d.Compare(l.End) > 0 {
			return days
		}
		if d.Compare(l.Start) >= 0 {
			days = append(days, d)
		}
	}
}

// Cover finds legs that debit on exactly the given days, each once. The days are
// in order and different.
//
// It lays chains from the earliest day that no leg has yet, the longest it can,
// of one frequency or of any, and keeps the way that needs the fewest legs. A
// day that no chain can have is one leg of its own. For days that a plan gives
// there is nothing with fewer legs; the tests compare with an exhaustive search.
func Cover(days []thai.Day) []Leg {
	var best []Leg
	for _, kinds := range [][]Frequency{{Monthly}, {Weekly}, {Daily}, {Monthly, Weekly, Daily}} {
		if legs := cover(days, kinds); best == nil || len(legs) < len(best) {
			best = legs
		}
	}
	return best
}

func cover(days []thai.Day, kinds []Frequency) []Leg {
	left := make(map[thai.Day]bool, len(days))
	for _, d := range days {
		left[d] = true
	}
	var legs []Leg
	for _, d := range days {
		if !left[d] {
			continue
		}
		leg, length := Leg{Frequency: Once, Start: d, End: d}, 1
		for _, kind := range kinds {
			for _, anchor := range anchors(kind, d) {
				if l, n := chain(left, kind, d, anchor); n > length {
					leg, length = l, n
				}
			}
		}
		for _, covered := range leg.Days() {
			delete(left, covered)
		}
		legs = append(legs, leg)
	}
	return legs
}

// anchors are the days of the month that a monthly chain beginning on d may be
// anchored to: its own, and any later one if it is the last of its month.
func anchors(kind Frequency, d thai.Day) []int {
	if kind != Monthly {
		return []int{0}
	}
	list := []int{d.Day}
	if d.Day == lastOf(d.Year, d.Month) {
		for a := d.Day + 1; a <= 31; a++ {
			list = append(list, a)
		}
	}
	return list
}

// chain is the longest leg of a kind from d over days that are left.
func chain(left map[thai.Day]bool, kind Frequency, d thai.Day, anchor int) (Leg, int) {
	l := Leg{Frequency: kind, Start: d, End: d, DayOfMonth: anchor}
	for n := 1; ; n++ {
		next, _ := Plan{Frequency: kind, Start: d, DayOfMonth: anchor}.nth(n)
		if !left[next] {
			return l, n
		}
		l.End = next
	}
}
