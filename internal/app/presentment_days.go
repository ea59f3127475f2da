package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/thai"
	"portal/web/templates"
	"portal/web/text"
)

// days reads the date of the bill and when it is due: on a day, or so many
// days of credit later. Where both are given they must agree.
func (f *presentmentForm) days(today thai.Day) {
	f.on = f.day("document_on", today, required)
	credit := f.credit()
	due := f.due(today, credit)
	f.read.DocumentOn, f.read.DueOn, f.read.CreditDays = midnight(f.on), midnight(due), credit
	if f.on.IsZero() {
		return
	}
	switch fault := documentDayFault(f.on, today); {
	case fault != "":
		f.fail("document_on", text.Msg(fault))
	case due.IsZero():
	case due.Compare(f.on) < 0:
		f.fail("due_on", text.Msg("presentment.error.due_before"))
	case due.Compare(f.on.AddDays(maxDaysToPay)) > 0:
		f.fail("due_on", text.Msg("presentment.error.due_far"))
	case credit != nil && due != f.on.AddDays(*credit):
		f.fail("due_on", text.Msg("form.error.credit_differs", "days", *credit, "due", bothEras(f.on.AddDays(*credit))))
	}
}

func (f *presentmentForm) due(today thai.Day, credit *int) thai.Day {
	if credit != nil && !f.on.IsZero() && strings.TrimSpace(f.raw("due_on")) == "" {
		return f.on.AddDays(*credit)
	}
	return f.day("due_on", today, required)
}

// credit reads the days of credit; nil where there are none.
func (f *presentmentForm) credit() *int {
	days, err := readCredit(f.raw("credit_days"))
	if err {
		f.fail("credit_days", text.Msg("form.error.credit", "max", maxDaysToPay))
	}
	return days
}

func readCredit(typed string) (days *int, unreadable bool) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return nil, false
	}
	d, err := thai.ParseDecimal(typed)
	if err != nil || !d.IsInteger() || d.IntPart() > maxDaysToPay {
		return nil, true
	}
	n := int(d.IntPart())
	return &n, false
}

// today is the day in Bangkok.
func (a *App) today() thai.Day { return thai.Today(a.Clock()) }

// midnight is how the store keeps a day.
func midnight(d thai.Day) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// bothEras writes a day for a message whose reader is not known yet.
func bothEras(d thai.Day) string {
	return fmt.Sprintf("%02d/%02d/%d (%02d/%02d/%d)", d.Day, d.Month, d.BuddhistYear(), d.Day, d.Month, d.Year)
}

// typedDay is a day as this reader would type it.
func typedDay(ctx context.Context, d thai.Day) templates.DayInput {
	return templates.DayInput{Input: templates.Input{Value: text.Date(ctx, midnight(d))}, Day: midnight(d)}
}

// typedCredit is the days of credit as somebody would have typed them.
func typedCredit(days *int) string {
	if days == nil {
		return ""
	}
	return strconv.Itoa(*days)
}

// readableDay is the day that was typed, or none while it cannot be read.
func readableDay(typed string, today thai.Day) time.Time {
	d, err := thai.ParseDate(typed, today)
	if err != nil {
		return time.Time{}
	}
	return midnight(d)
}

// readings are the days that may have been meant, to ask which.
func readings(typed string, today thai.Day) []time.Time {
	var days []time.Time
	for _, d := range thai.Readings(typed, today) {
		days = append(days, midnight(d))
	}
	return days
}
