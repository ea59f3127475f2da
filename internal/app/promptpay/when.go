package promptpay

import (
	"time"

	"portal/internal/app/thai"
)

// What a request to pay may be at most, as far as is known: no more than this
// much, sent no later than this many days from now, and paid within this many
// days of its sending. A merchant may set less, never more.
const (
	MaxSatang = 200_000_00
	MaxDays   = 30
)

// Timing is what the bank does with a request of a given time.
type Timing string

// The timings.
const (
	Now       Timing = "now"       // it is sent at once
	Scheduled Timing = "scheduled" // the bank keeps it, and sends it when its time has come
	Past      Timing = "past"      // refused: its day is over
	TooFar    Timing = "too_far"   // refused: it is too far ahead
)

// When says what the bank does with a request for a day and a time of it, given
// as what has passed since midnight: a past day is refused, today's with a time
// that has come is sent at once, everything later waits.
func When(day thai.Day, at time.Duration, now time.Time) Timing {
	today := thai.Today(now)
	switch {
	case day.Compare(today) < 0:
		return Past
	case day.Compare(today.AddDays(MaxDays)) > 0:
		return TooFar
	case Instant(day, at).After(now):
		return Scheduled
	}
	return Now
}

// Instant is the moment of a time of day in Thailand.
func Instant(day thai.Day, at time.Duration) time.Time {
	return day.Time().Add(at)
}

// Lapse is what is wrong with when a request ends.
type Lapse string

// The lapses.
const (
	EndsWell  Lapse = ""
	EndsEarly Lapse = "early" // before it is sent, or so soon that nobody could pay
	EndsLate  Lapse = "late"  // later than the limits allow
)

// MinLife is how long a request must be open for payment.
const MinLife = 15 * time.Minute

// Ends judges when a request ends that is sent at a moment, or now if that has
// passed.
func Ends(sent, ends, now time.Time) Lapse {
	if sent.Before(now) {
		sent = now
	}
	switch {
	case ends.Before(sent.Add(MinLife)):
		return EndsEarly
	case ends.After(sent.AddDate(0, 0, MaxDays)):
		return EndsLate
	}
	return EndsWell
}

// SendingHour is when a request of a later day is sent where nobody says: in the
// morning, when people look at their phones.
const SendingHour = "09:00"

// Clock is what has passed of a day at an hour and minute, such as 09:30; of
// anything else, nothing.
func Clock(hourAndMinute string) time.Duration {
	at, err := time.Parse("15:04", hourAndMinute)
	if err != nil {
		return 0
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
}

// LastMinute is until when a request can be paid whose last day it is.
func LastMinute(day thai.Day) time.Time { return Instant(day, 24*time.Hour-time.Minute) }
