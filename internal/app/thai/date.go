package thai

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Reasons why a date is refused, besides ErrNoSuchDay and the year errors.
var (
	ErrDateEmpty = errors.New("date is empty")
	ErrDateForm  = errors.New("date is in no form we read")
)

// buddhistFrom is the first year number read as Buddhist: 2400 BE is 1857,
// long before any paper of ours, and 2400 CE is far behind the last one.
const buddhistFrom = 2400

// plausibleYears is how far from today a date on a business paper can be. It
// only has to be smaller than the 543 years between the two eras.
const plausibleYears = 120

// A TwoDigitYearError refuses a year such as 68, which Thai readers take for
// 2568 and others for 2068. Both candidates are named as they should be typed;
// each is the year of its era closest to today.
type TwoDigitYearError struct {
	Typed    int
	Buddhist int // a year BE
	Common   int // a year CE
}

func (e *TwoDigitYearError) Error() string {
	return fmt.Sprintf("year %02d has two digits: type %d (Buddhist Era) or %d (common era)", e.Typed, e.Buddhist, e.Common)
}

// An ImplausibleYearError refuses a year no paper of our time bears.
// Candidate is the year CE that was probably meant when 543 was added or
// taken away once too often (3111 and 1482 both mean 2025), else 0.
type ImplausibleYearError struct {
	Typed     int
	Candidate int
}

func (e *ImplausibleYearError) Error() string {
	if e.Candidate == 0 {
		return fmt.Sprintf("year %d is too far from today", e.Typed)
	}
	return fmt.Sprintf("year %d is too far from today: is %d (Buddhist Era %d) meant?",
		e.Typed, e.Candidate, e.Candidate+buddhistOffset)
}

// A NoSuchDayError refuses a day that the calendar lacks, such as 29 February
// 2568: leap years follow the common era, and 2025 is none. Last is the last
// day of that month, 0 where there is no such month.
type NoSuchDayError struct {
	Year  int // CE
	Month time.Month
	Last  int
}

func (e *NoSuchDayError) Error() string {
	return fmt.Sprintf("%v: month %d of %d (Buddhist Era %d) has %d days", ErrNoSuchDay, e.Month, e.Year, e.Year+buddhistOffset, e.Last)
}

// Is reports that it is an ErrNoSuchDay.
func (e *NoSuchDayError) Is(target error) bool { return target == ErrNoSuchDay }

// ParseDate reads a date as Thai finance staff write it: 25/12/2568,
// 25-12-2025, 25.12.2568, 2025-12-25, 2568-12-25, "25 ธ.ค. 2568",
// "25 ธันวาคม พ.ศ. 2568", "25 Dec 2025", in Arabic or Thai digits. The day
// comes first unless the year does.
//
// The parts are split first, then a year from 2400 on becomes common era, and
// only then the calendar is asked: 29 February follows the common year. today
// serves to tell plausible years and to name candidates, nothing else.
func ParseDate(s string, today Day) (Day, error) {
	if err := hidden(s); err != nil {
		return Day{}, err
	}
	p, err := splitDate(s)
	if err != nil {
		return Day{}, err
	}
	year, err := p.commonYear(today)
	if err != nil {
		return Day{}, err
	}
	return p.in(year)
}

// Readings are the days that a date which ParseDate refuses for its year may
// mean, to ask which: one in each era for a year of two digits, and the near
// one for a year that is 543 off. None of them is ever taken unasked.
func Readings(s string, today Day) []Day {
	if hidden(s) != nil {
		return nil
	}
	p, err := splitDate(s)
	if err != nil {
		return nil
	}
	_, err = p.commonYear(today)
	var years []int
	if short, ok := errors.AsType[*TwoDigitYearError](err); ok {
		years = []int{short.Buddhist - buddhistOffset, short.Common}
	}
	if far, ok := errors.AsType[*ImplausibleYearError](err); ok && far.Candidate != 0 {
		years = []int{far.Candidate}
	}
	var days []Day
	for _, year := range years {
		if d, err := p.in(year); err == nil {
			days = append(days, d)
		}
	}
	return days
}

func splitDate(s string) (dateParts, error) {
	s = strings.TrimFunc(asciiDigits(s), isBlank)
	if s == "" {
		return dateParts{}, ErrDateEmpty
	}
	p, ok := splitNumeric(s)
	if !ok {
		p, ok = splitNamed(s)
	}
	if !ok {
		return dateParts{}, ErrDateForm
	}
	return p, nil
}

// in is the day in a year CE.
func (p dateParts) in(year int) (Day, error) {
	month := time.Month(p.month)
	d, err := NewDay(year, month, p.day)
	if err == nil {
		return d, nil
	}
	none := &NoSuchDayError{Year: year, Month: month}
	if month >= time.January && month <= time.December {
		none.Last = DayOf(time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)).Day
	}
	return Day{}, none
}

// dateParts are the numbers as typed, before any calendar is asked.
type dateParts struct {
	day, month, year int
	shortYear        bool
}

// splitNumeric reads three numbers with one and the same separator.
func splitNumeric(s string) (dateParts, bool) {
	for _, sep := range []string{"/", "-", "."} {
		fields := strings.Split(s, sep)
		if len(fields) != 3 {
			continue
		}
		if len(fields[0]) == 4 {
			fields[0], fields[2] = fields[2], fields[0]
			if len(fields[2]) != 4 || len(fields[0]) > 2 {
				return dateParts{}, false
			}
		}
		month, ok := shortNumber(fields[1])
		if !ok {
			return dateParts{}, false
		}
		return newDateParts(fields[0], month, fields[2])
	}
	return dateParts{}, false
}

// splitNamed reads a day, the name of a month, and a year, with or without
// blanks between them.
func splitNamed(s string) (dateParts, bool) {
	day, rest := leadingDigits(s)
	name := strings.TrimRight(rest, "0123456789")
	year := rest[len(name):]
	name = strings.TrimFunc(name, func(r rune) bool { return isBlank(r) || r == '-' })
	if before, found := strings.CutSuffix(name, "พ.ศ."); found {
		name = strings.TrimRightFunc(before, isBlank)
		if n, err := strconv.Atoi(year); err != nil || n < buddhistFrom {
			return dateParts{}, false
		}
	}
	month, ok := monthNames[strings.ToLower(strings.ReplaceAll(name, ".", ""))]
	if !ok {
		return dateParts{}, false
	}
	return newDateParts(day, int(month), year)
}

func newDateParts(day string, month int, year string) (dateParts, bool) {
	d, ok := shortNumber(day)
	if !ok || len(year) != 2 && len(year) != 4 {
		return dateParts{}, false
	}
	y, ok := number(year)
	return dateParts{day: d, month: month, year: y, shortYear: len(year) == 2}, ok
}

// commonYear returns the year CE, or the reason why there is more than one
// reading or none.
func (p dateParts) commonYear(today Day) (int, error) {
	if p.shortYear {
		return 0, &TwoDigitYearError{
			Typed:    p.year,
			Buddhist: closestYear(p.year, today.BuddhistYear()),
			Common:   closestYear(p.year, today.Year),
		}
	}
	year := p.year
	if year >= buddhistFrom {
		year -= buddhistOffset
	}
	plausible := func(y int) bool {
		return y >= today.Year-plausibleYears && y <= today.Year+plausibleYears
	}
	if plausible(year) {
		return year, nil
	}
	for _, candidate := range []int{year - buddhistOffset, year + buddhistOffset} {
		if plausible(candidate) {
			return 0, &ImplausibleYearError{Typed: p.year, Candidate: candidate}
		}
	}
	return 0, &ImplausibleYearError{Typed: p.year}
}

// closestYear returns the year with the given last two digits that lies
// closest to near; of two equally close, the later.
func closestYear(lastTwo, near int) int {
	year := near - near%100 + lastTwo
	switch {
	case year-near > 50:
		return year - 100
	case near-year >= 50:
		return year + 100
	}
	return year
}

func leadingDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

func shortNumber(s string) (int, bool) {
	if len(s) > 2 {
		return 0, false
	}
	return number(s)
}

func number(s string) (int, bool) {
	digits, rest := leadingDigits(s)
	if digits == "" || rest != "" {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// monthNames knows every month by its full and short name, without dots and
// in lower case.
var monthNames = map[string]time.Month{
	"มกราคม": 1, "มค": 1, "january": 1, "jan": 1,
	"กุมภาพันธ์": 2, "กพ": 2, "february": 2, "feb": 2,
	"มีนาคม": 3, "มีค": 3, "march": 3, "mar": 3,
	"เมษายน": 4, "เมย": 4, "april": 4, "apr": 4,
	"พฤษภาคม": 5, "พค": 5, "may": 5,
	"มิถุนายน": 6, "มิย": 6, "june": 6, "jun": 6,
	"กรกฎาคม": 7, "กค": 7, "july": 7, "jul": 7,
	"สิงหาคม": 8, "สค": 8, "august": 8, "aug": 8,
	"กันยายน": 9, "กย": 9, "september": 9, "sept": 9, "sep": 9,
	"ตุลาคม": 10, "ตค": 10, "october": 10, "oct": 10,
	"พฤศจิกายน": 11, "พย": 11, "november": 11, "nov": 11,
	"ธันวาคม": 12, "ธค": 12, "december": 12, "dec": 12,
}
