// Package suspect says what is odd about an alert: a sender whom nobody knows, a
// name that only looks like a supplier's, an amount out of the sender's habit.
//
// It gives reasons, each with what it was found by, and never a verdict: whether
// an alert is paid or refused people decide. It knows nothing of databases or
// clocks, and judges by what it is given.
package suspect

import (
	"slices"

	"portal/internal/app/promptpay"
)

// Rule names what was found.
type Rule string

// The rules, in the order in which their reasons are told.
const (
	LookAlike     Rule = "look_alike"     // the name is nearly that of a known supplier, under another id
	ChangedID     Rule = "changed_id"     // the name is that of a known supplier, or of an earlier sender, under another id
	OtherName     Rule = "other_name"     // the id is that of a known supplier, under another name
	UnknownSender Rule = "unknown_sender" // nobody has put the sender among the suppliers
	LargeFirst    Rule = "large_first"    // the first alert of its sender, over FirstSatang or more
	UnusualAmount Rule = "unusual_amount" // more than Times the median of what the sender asked for last
	Link          Rule = "link"           // the message wants its reader to go somewhere
)

// By what amounts are judged.
const (
	FirstSatang = 50_000_00
	Times       = 3
	Habit       = 10 // so many of the latest alerts are a habit
	LeastHabit  = 3  // fewer are none
)

// Alert is what came in.
type Alert struct {
	Sender  promptpay.ID
	Name    string
	Satang  int64
	Message string
}

// Known is somebody who is known under a name and an id.
type Known struct {
	ID   promptpay.ID
	Name string
}

// Facts are what an alert is held against.
type Facts struct {
	Suppliers []Known        // those in use
	Namesakes []promptpay.ID // from which alerts in this very name came before
	Past      []int64        // what this sender asked for before, in satang, the latest first
}

// Reason is one thing that is odd, and what it was found by.
type Reason struct {
	Rule   Rule   `json:"rule"`
	Name   string `json:"name,omitempty"`   // of the supplier it was held against
	ID     string `json:"id,omitempty"`     // of that supplier, masked
	Satang int64  `json:"satang,omitempty"` // the median, or the limit, that was passed
	Count  int    `json:"count,omitempty"`  // of how many alerts it is the median
	Text   string `json:"text,omitempty"`   // the place that the message names
}

// Judge lists what is odd about an alert.
func Judge(a Alert, f Facts) []Reason {
	reasons := byName(a, f)
	switch median, n := habit(f.Past); {
	case len(f.Past) == 0 && a.Satang >= FirstSatang:
		reasons = append(reasons, Reason{Rule: LargeFirst, Satang: FirstSatang})
	case n > 0 && a.Satang > Times*median:
		reasons = append(reasons, Reason{Rule: UnusualAmount, Satang: median, Count: n})
	}
	if place := linkIn(a.Message); place != "" {
		reasons = append(reasons, Reason{Rule: Link, Text: place})
	}
	return reasons
}

// byName judges who the sender is, and says to be.
func byName(a Alert, f Facts) (reasons []Reason) {
	if n := slices.IndexFunc(f.Suppliers, func(k Known) bool { return k.ID == a.Sender }); n >= 0 {
		if s := f.Suppliers[n]; !related(a.Name, s.Name) {
			reasons = append(reasons, Reason{Rule: OtherName, Name: s.Name, ID: s.ID.Mask()})
		}
		return reasons
	}
	name := fold(a.Name)
	for _, s := range f.Suppliers {
		if name == "" {
			break
		}
		switch known := fold(s.Name); {
		case known == name:
			reasons = append(reasons, Reason{Rule: ChangedID, Name: s.Name, ID: s.ID.Mask()})
		case alike(name, known):
			reasons = append(reasons, Reason{Rule: LookAlike, Name: s.Name, ID: s.ID.Mask()})
		}
		if len(reasons) == mostNamed {
			break
		}
	}
	if len(reasons) == 0 && len(f.Namesakes) > 0 {
		reasons = append(reasons, Reason{Rule: ChangedID, Name: a.Name, ID: f.Namesakes[0].Mask()})
	}
	slices.SortStableFunc(reasons, func(x, y Reason) int { return order(x.Rule) - order(y.Rule) })
	return append(reasons, Reason{Rule: UnknownSender})
}

// mostNamed is how many suppliers one alert is told to look like.
const mostNamed = 3

func order(r Rule) int { return slices.Index([]Rule{LookAlike, ChangedID}, r) }

// Alike reports whether one of two names may be taken for the other, or is the
// same.
func Alike(a, b string) bool {
	x, y := fold(a), fold(b)
	return x != "" && (x == y || alike(x, y))
}

// related reports whether two names are of the same, as far as names tell.
func related(a, b string) bool {
	x, y := fold(a), fold(b)
	return x == y || x == "" || alike(x, y)
}

// habit is the median of what a sender asked for last, and of how many alerts;
// of none where there are too few.
func habit(past []int64) (median int64, of int) {
	if len(past) < LeastHabit {
		return 0, 0
	}
	last := slices.Clone(past[:min(len(past), Habit)])
	slices.Sort(last)
	middle := len(last) / 2
	if len(last)%2 == 1 {
		return last[middle], len(last)
	}
	return (last[middle-1] + last[middle]) / 2, len(last)
}
