package locator

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are a time of opening on some days, as the bank tells them: MON to SUN,
// and HOL for bank holidays. Times are HH:MM, 24:00 being the end of a day; a
// time that ends before it begins goes on to the next morning.
type Hours struct {
	Days   []string
	Opens  string
	Closes string
}

// Opening is whether a place is open at some moment.
type Opening struct {
	Open   bool
	Always bool      // it never closes
	Until  time.Time // when it closes, if it is open and does
	Next   time.Time // when it opens, if it is closed; zero if nobody knows
}

// daysAhead is how far an opening is looked for: past the longest run of
// holidays.
const daysAhead = 14

var weekdayCodes = [...]string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

// At tells whether a place with these hours is open at a moment, by the calendar
// of that moment's location. On a bank holiday only the hours of holidays count.
func At(hours []Hours, now time.Time, holiday func(day time.Time) bool) Opening {
	spans := spansOf(hours, now, holiday)
	for n, s := range spans {
		switch {
		case now.Before(s.from):
			return Opening{Next: s.from}
		case now.Before(s.to):
			always := n == len(spans)-1 && s.to.Sub(now) >= (daysAhead-1)*24*time.Hour
			if always {
				return Opening{Open: true, Always: true}
			}
			return Opening{Open: true, Until: s.to}
		}
	}
	return Opening{}
}

type span struct{ from, to time.Time }

// spansOf are the times of opening from yesterday on, in order, none touching
// the next.
func spansOf(hours []Hours, now time.Time, holiday func(time.Time) bool) []span {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	var all []span
	for offset := -1; offset <= daysAhead; offset++ {
		day := midnight.AddDate(0, 0, offset)
		for _, h := range On(hours, day, holiday) {
			from, ok1 := minutes(h.Opens)
			to, ok2 := minutes(h.Closes)
			if !ok1 || !ok2 {
				continue
			}
			if to <= from {
				to += 24 * 60
			}
			all = append(all, span{day.Add(time.Duration(from) * time.Minute), day.Add(time.Duration(to) * time.Minute)})
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	var merged []span
	for _, s := range all {
		if last := len(merged) - 1; last >= 0 && !s.from.After(merged[last].to) {
			if s.to.After(merged[last].to) {
				merged[last].to = s.to
			}
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// On are the hours of one day.
func On(hours []Hours, day time.Time, holiday func(time.Time) bool) []Hours {
	code := weekdayCodes[day.Weekday()]
	if holiday(day) {
		code = "HOL"
	}
	var list []Hours
	for _, h := range hours {
		if slices.Contains(h.Days, code) {
			list = append(list, h)
		}
	}
	return list
}

// minutes of a day. Thailand has no summer time, so a day is 24 hours.
func minutes(clock string) (int, bool) {
	h, m, ok := strings.Cut(clock, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	return hour*60 + minute, ok && err1 == nil && err2 == nil && hour >= 0 && minute >= 0 && minute < 60 && hour*60+minute <= 24*60
}
