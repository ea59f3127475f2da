package thai

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Bangkok is Thai time: seven hours ahead of UTC, without summer time. It is
// spelled out rather than loaded, so that the rules here need no time zone file.
var Bangkok = time.FixedZone("Asia/Bangkok", 7*60*60)

// buddhistOffset is what Thai calendars add to the common era.
const buddhistOffset = 543

// ErrNoSuchDay means the parts are well formed but the calendar lacks that day.
var ErrNoSuchDay = errors.New("no such day in the calendar")

// A Day is a day of the civil calendar, not an instant: a due date is the same
// date wherever it is read. Its year is common era; Buddhist years exist only
// in what people type and see. The zero Day means "no day".
type Day struct {
	Year  int
	Month time.Month
	Day   int
}

// NewDay returns the given day of the common era, or ErrNoSuchDay.
func NewDay(year int, month time.Month, day int) (Day, error) {
	d := Day{year, month, day}
	if year < 1 || year > 9999 || DayOf(d.utc()) != d {
		return Day{}, ErrNoSuchDay
	}
	return d, nil
}

// DayOf returns the date t shows in its own location. A date column scanned
// into a time.Time is read back with it; for "today" use Today.
func DayOf(t time.Time) Day {
	year, month, day := t.Date()
	return Day{year, month, day}
}

// Today returns the date in Bangkok at the instant now.
func Today(now time.Time) Day { return DayOf(now.In(Bangkok)) }

// IsZero reports whether d is no day at all.
func (d Day) IsZero() bool { return d == Day{} }

// Compare returns -1, 0 or 1 as d is before, on or after e.
func (d Day) Compare(e Day) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// AddDays returns the day n days later, or earlier when n is negative.
func (d Day) AddDays(n int) Day { return DayOf(d.utc().AddDate(0, 0, n)) }

// BuddhistYear returns the year as Thai papers print it.
func (d Day) BuddhistYear() int { return d.Year + buddhistOffset }

// Time returns the instant at which d begins in Bangkok.
func (d Day) Time() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, Bangkok)
}

func (d Day) utc() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// String returns d as 2025-12-25, the form of files, columns and the bank's
// API; "" for the zero Day.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText writes the form of String, so that a Day is one string in JSON.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of String and nothing else: what people type
// goes through ParseDate.
func (d *Day) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Day{}
		return nil
	}
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("read day: %w", err)
	}
	*d = DayOf(t)
	return nil
}

// MonthName returns the month's name in Thai, in full.
func (d Day) MonthName() string {
	return [...]string{
		"", "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
		"กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
	}[d.Month]
}
