package thai_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/thai"
)

var (
	today     = thai.Day{Year: 2025, Month: 11, Day: 22}
	christmas = thai.Day{Year: 2025, Month: 12, Day: 25}
)

func TestDatesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"25/12/2568", "25-12-2568", "25.12.2568", "25/12/2025", "25-12-2025", "25.12.2025",
		"2025-12-25", "2568-12-25", "2568/12/25", "๒๕/๑๒/๒๕๖๘", "๒๕68-12-2๕",
		"25 ธ.ค. 2568", "25 ธ.ค.2568", "25ธค2568", "25 ธันวาคม 2568", "25 ธันวาคม พ.ศ. 2568", "๒๕ ธันวาคม ๒๕๖๘",
		"25 Dec 2025", "25 DECEMBER 2025", "25-Dec-2025", "25 Dec. 2568", "  25/12/2568\n",
	} {
		if got, err := thai.ParseDate(in, today); err != nil || got != christmas {
			t.Errorf("ParseDate(%q) = %v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"1/2/2568": "2025-02-01", "29/02/2567": "2024-02-29", "29 ก.พ. 2567": "2024-02-29",
		"31/12/2569": "2026-12-31",
	} {
		if got, _ := thai.ParseDate(in, today); got.String() != want {
			t.Errorf("ParseDate(%q) = %v, want %s", in, got, want)
		}
	}
}

func TestDatesAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"":                     thai.ErrDateEmpty,
		" \n":                  thai.ErrDateEmpty,
		"29/02/2568":           thai.ErrNoSuchDay,
		"29 ก.พ. 2568":         thai.ErrNoSuchDay,
		"29/02/2025":           thai.ErrNoSuchDay,
		"31/04/2568":           thai.ErrNoSuchDay,
		"32/01/2568":           thai.ErrNoSuchDay,
		"0/1/2568":             thai.ErrNoSuchDay,
		"1/13/2568":            thai.ErrNoSuchDay,
		"12/25/2025":           thai.ErrNoSuchDay,
		"25/12-2568":           thai.ErrDateForm,
		"25/12":                thai.ErrDateForm,
		"25/12/2568/1":         thai.ErrDateForm,
		"25/12/256":            thai.ErrDateForm,
		"25/12/25680":          thai.ErrDateForm,
		"2568-012-25":          thai.ErrDateForm,
		"68-12-2568":           thai.ErrNoSuchDay,
		"25122568":             thai.ErrDateForm,
		"tomorrow":             thai.ErrDateForm,
		"25 ธันวา 2568":        thai.ErrDateForm,
		"December 25 2025":     thai.ErrDateForm,
		"25 ธันวาคม พ.ศ. 2025": thai.ErrDateForm,
		"2025-12-25T00:00:00Z": thai.ErrDateForm,
		"-5/12/2568":           thai.ErrDateForm,
		"25/12/+568":           thai.ErrDateForm,
		"46016":                thai.ErrDateForm, // a spreadsheet's day number
	} {
		if got, err := thai.ParseDate(in, today); !errors.Is(err, want) {
			t.Errorf("ParseDate(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
}

func TestTwoDigitYearsNameBothCandidates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]thai.TwoDigitYearError{
		"25/12/68":   {Typed: 68, Buddhist: 2568, Common: 2068},
		"25/12/25":   {Typed: 25, Buddhist: 2525, Common: 2025},
		"25 ธ.ค. 69": {Typed: 69, Buddhist: 2569, Common: 2069},
		"25.12.๐๐":   {Typed: 0, Buddhist: 2600, Common: 2000},
		"29/02/68":   {Typed: 68, Buddhist: 2568, Common: 2068},
	} {
		_, err := thai.ParseDate(in, today)
		got, ok := errors.AsType[*thai.TwoDigitYearError](err)
		if !ok || *got != want {
			t.Errorf("ParseDate(%q): got %v, want %v", in, err, &want)
			continue
		}
		for _, year := range []int{want.Buddhist, want.Common} {
			if !strings.Contains(err.Error(), strconv.Itoa(year)) {
				t.Errorf("%q does not name %d", err, year)
			}
		}
	}
}

func TestYearsOfTheWrongEraAreRefusedWithACandidate(t *testing.T) {
	t.Parallel()
	for in, candidate := range map[string]int{
		"25/12/3111": 2025, // 543 added twice
		"25/12/1482": 2025, // 543 taken away from a common year
		"1482-12-25": 2025,
		"25/12/2300": 0,
		"25/12/1700": 0,
		"25/12/0001": 0,
		"25/12/9999": 0,
		"29/02/3110": 2024,
	} {
		_, err := thai.ParseDate(in, today)
		got, ok := errors.AsType[*thai.ImplausibleYearError](err)
		if !ok || got.Candidate != candidate {
			t.Errorf("ParseDate(%q): got %v, want candidate %d", in, err, candidate)
		}
	}
}

// Every day of two decades in all notations, against the standard library's
// calendar.
func TestEveryDayIsReadInEveryNotation(t *testing.T) {
	t.Parallel()
	months := []string{"ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."}
	long := []string{"มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม"}
	thaiDigits := strings.NewReplacer("0", "๐", "1", "๑", "2", "๒", "3", "๓", "4", "๔", "5", "๕", "6", "๖", "7", "๗", "8", "๘", "9", "๙")
	for at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() <= 2040; at = at.AddDate(0, 0, 1) {
		be, short, name := at.Year()+543, months[at.Month()-1], long[at.Month()-1]
		for _, in := range []string{
			fmt.Sprintf("%02d/%02d/%d", at.Day(), at.Month(), be),
			fmt.Sprintf("%d.%d.%d", at.Day(), at.Month(), be),
			thaiDigits.Replace(fmt.Sprintf("%02d-%02d-%d", at.Day(), at.Month(), be)),
			fmt.Sprintf("%d-%02d-%02d", be, at.Month(), at.Day()),
			fmt.Sprintf("%d %s %d", at.Day(), short, be),
			fmt.Sprintf("%d %s %d", at.Day(), name, be),
			at.Format("02/01/2006"), at.Format(time.DateOnly), at.Format("2 Jan 2006"), at.Format("2 January 2006"),
		} {
			got, err := thai.ParseDate(in, today)
			if err != nil || got != thai.DayOf(at) || got.String() != at.Format(time.DateOnly) {
				t.Fatalf("ParseDate(%q) = %v, %v", in, got, err)
			}
		}
	}
}

func TestDayIsACivilDay(t *testing.T) {
	t.Parallel()
	night := time.Date(2025, 12, 24, 17, 0, 0, 0, time.UTC)
	if got := thai.Today(night); got != christmas {
		t.Errorf("midnight in Bangkok: %v", got)
	}
	if got := thai.Today(night.Add(-time.Second)); got != christmas.AddDays(-1) {
		t.Errorf("a second before: %v", got)
	}
	if !christmas.Time().Equal(night) {
		t.Errorf("begins at %v", christmas.Time())
	}
	if got := christmas.AddDays(7).String(); got != "2026-01-01" {
		t.Errorf("a week later: %s", got)
	}
	if christmas.BuddhistYear() != 2568 || christmas.IsZero() || !(thai.Day{}).IsZero() || (thai.Day{}).String() != "" {
		t.Error("year or zero day")
	}
	if christmas.Compare(today) != 1 || today.Compare(christmas) != -1 || today.Compare(today) != 0 {
		t.Error("order")
	}
	for _, d := range [][3]int{{2025, 2, 29}, {2025, 13, 1}, {0, 1, 1}, {10000, 1, 1}, {2025, 1, 0}} {
		if _, err := thai.NewDay(d[0], time.Month(d[1]), d[2]); !errors.Is(err, thai.ErrNoSuchDay) {
			t.Errorf("NewDay(%v): %v", d, err)
		}
	}
}

func TestDayIsOneStringInJSON(t *testing.T) {
	t.Parallel()
	type due struct{ Due, None thai.Day }
	text, err := json.Marshal(due{Due: christmas})
	if err != nil || string(text) != `{"Due":"2025-12-25","None":""}` {
		t.Fatalf("%s, %v", text, err)
	}
	var back due
	if err := json.Unmarshal(text, &back); err != nil || back.Due != christmas || !back.None.IsZero() {
		t.Errorf("%v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"Due":"2568-02-30"}`), &back); err == nil {
		t.Error("an impossible day was read")
	}
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"25/12/2568", "2568-12-25", "25 ธ.ค. 2568", "25 Dec 2025", "๒๕/๑๒/๖๘", "29/02/3111"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := thai.ParseDate(s, today)
		if err != nil {
			return
		}
		again, err := thai.ParseDate(d.String(), today)
		if err != nil || again != d || thai.DayOf(d.Time()) != d {
			t.Errorf("%q reads %v, which reads %v, %v", s, d, again, err)
		}
	})
}

func on(year int, month time.Month, day int) thai.Day {
	return thai.Day{Year: year, Month: month, Day: day}
}

func TestYearsThatMayMeanTwoDaysAreAskedAbout(t *testing.T) {
	t.Parallel()
	today := on(2026, 11, 22)
	for _, c := range []struct {
		typed string
		want  []thai.Day
	}{
		{"25/12/68", []thai.Day{on(2025, 12, 25), on(2068, 12, 25)}},
		{"25/12/25", []thai.Day{on(1982, 12, 25), on(2025, 12, 25)}},
		{"๒๕/๑๒/๖๙", []thai.Day{on(2026, 12, 25), on(2069, 12, 25)}},
		{"25/12/3111", []thai.Day{on(2025, 12, 25)}}, // 543 added twice
		{"25/12/1482", []thai.Day{on(2025, 12, 25)}}, // 543 taken away twice
		{"29/02/67", []thai.Day{on(2024, 2, 29)}},    // 2067 is no leap year
		{"29/02/3111", nil}, // neither is 2025
		{"29/02/2568", nil},
		{"25/12/1700", nil},
		{"25/12/2568", nil}, // plain
		{"31/13/68", nil},
		{"", nil},
		{"tomorrow", nil},
		{"25/12/\u200b68", nil},
	} {
		if got := thai.Readings(c.typed, today); !slices.Equal(got, c.want) {
			t.Errorf("%q may mean %v, want %v", c.typed, got, c.want)
		}
	}
}

func TestLeapDaysFollowTheCommonYear(t *testing.T) {
	t.Parallel()
	today := on(2026, 11, 22)
	for typed, last := range map[string]int{"29/02/2568": 28, "29/02/2025": 28, "31/04/2569": 30, "0/1/2569": 31, "1/13/2569": 0} {
		_, err := thai.ParseDate(typed, today)
		none, ok := errors.AsType[*thai.NoSuchDayError](err)
		if !ok || none.Last != last || !errors.Is(err, thai.ErrNoSuchDay) {
			t.Errorf("%s: %v", typed, err)
		}
	}
	if d, err := thai.ParseDate("29/02/2567", today); err != nil || d != on(2024, 2, 29) {
		t.Errorf("29/02/2567: %v, %v", d, err)
	}
}
