package krungsri

import (
	"errors"
	"fmt"
	"time"
)

// Bangkok is the bank's time zone. Thailand keeps no summer time, so a fixed offset is exact and needs no zone database.
var Bangkok = time.FixedZone("Asia/Bangkok", 7*60*60)

// Date is a civil day of the common era, in no time zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day in Bangkok at this instant.
func DateOf(t time.Time) Date {
	y, m, d := t.In(Bangkok).Date()
	return Date{y, m, d}
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf("%.20q is not a day written YYYY-MM-DD", s)
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// String is YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// IsZero reports whether no day is set.
func (d Date) IsZero() bool { return d == Date{} }

// Before compares two days.
func (d Date) Before(e Date) bool { return d.start().Before(e.start()) }

// AddDays counts days forward, or back when n is negative.
func (d Date) AddDays(n int) Date {
	t := d.start().AddDate(0, 0, n)
	return Date{t.Year(), t.Month(), t.Day()}
}

func (d Date) start() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// MarshalText refuses a day that does not exist, such as the zero Date.
func (d Date) MarshalText() ([]byte, error) {
	if _, err := ParseDate(d.String()); err != nil {
		return nil, err
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(text []byte) error {
	v, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

const wireInstant = "2006-01-02T15:04:05.000-07:00"

// Instant is a moment, written with milliseconds and Bangkok's offset.
type Instant struct{ time.Time }

// String is the wire form.
func (i Instant) String() string { return i.In(Bangkok).Format(wireInstant) }

// MarshalText refuses the zero time: a missing moment is left out, not sent as year one.
func (i Instant) MarshalText() ([]byte, error) {
	if i.IsZero() {
		return nil, errors.New("a time is missing")
	}
	return []byte(i.String()), nil
}

// MarshalJSON overrides the one promoted from time.Time.
func (i Instant) MarshalJSON() ([]byte, error) {
	text, err := i.MarshalText()
	if err != nil {
		return nil, err
	}
	return []byte(`"` + string(text) + `"`), nil
}

// UnmarshalText takes a time with an offset, or without one, which the bank means as Bangkok time.
func (i *Instant) UnmarshalText(text []byte) error {
	s := string(text)
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		i.Time = t
		return nil
	}
	t, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", s, Bangkok)
	if err != nil {
		return fmt.Errorf("%.40q is not a time", s)
	}
	i.Time = t
	return nil
}

// UnmarshalJSON overrides the one promoted from time.Time.
func (i *Instant) UnmarshalJSON(data []byte) error {
	if len(data) < 2 || data[0] != '"' {
		return fmt.Errorf("%.40q is not a time", data)
	}
	return i.UnmarshalText(data[1 : len(data)-1])
}
