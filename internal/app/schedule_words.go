package app

import (
	"context"
	"regexp"

	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// scheduleReference is what the bank takes for one.
var scheduleReference = regexp.MustCompile(`^[A-Za-z0-9]+$`)

var scheduleMeanings = map[string]ui.Meaning{
	store.ScheduleSubmitted: ui.Info, store.ScheduleApproved: ui.Info, store.ScheduleSending: ui.Info, store.ScheduleActive: ui.Good,
	store.SchedulePaused: ui.Warning, store.ScheduleCancelled: ui.Neutral, store.ScheduleIncomplete: ui.Bad, store.ScheduleRefused: ui.Bad,
	store.ScheduleUnknown: ui.Unknown, store.ScheduleDropped: ui.Neutral, scheduleEnded: ui.Neutral, "done": ui.Good,
}

// scheduleEnded is what an active schedule is called whose days are over.
const scheduleEnded = "ended"

func scheduleStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: scheduleMeanings[state], Label: text.T(ctx, text.Prefix("schedule.state.")+state)}
}

// standingOf is the state that people are shown.
func standingOf(s store.Schedule, today thai.Day) string {
	if s.State == store.ScheduleActive && thai.DayOf(s.LastOn).Compare(today) < 0 {
		return scheduleEnded
	}
	return s.State
}

// planSentence says in words when a plan runs: "on the 31st of each month, from … to …".
func planSentence(ctx context.Context, p schedule.Plan) string {
	start := text.Date(ctx, midnight(p.Start))
	var when string
	switch p.Frequency {
	case schedule.Once:
		return text.T(ctx, "schedule.plan.once", "day", start)
	case schedule.Daily:
		when = text.T(ctx, "schedule.plan.daily")
	case schedule.Weekly:
		when = text.T(ctx, "schedule.plan.weekly", "weekday", text.Weekday(ctx, midnight(p.Start)))
	case schedule.Monthly:
		when = text.T(ctx, "schedule.plan.monthly", "day", p.DayOfMonth)
		if p.DayOfMonth > 28 {
			when = text.T(ctx, "schedule.plan.month_end", "day", p.DayOfMonth)
		}
	}
	switch {
	case !p.End.IsZero():
		return text.T(ctx, "schedule.plan.until", "when", when, "start", start, "end", text.Date(ctx, midnight(p.End)))
	case p.Payments > 0:
		return text.N(ctx, "schedule.plan.count", p.Payments, "when", when, "start", start)
	}
	return text.T(ctx, "schedule.plan.open", "when", when, "start", start)
}

// scheduleChangeView is what people approve of a change, as they read it.
func scheduleChangeView(ctx context.Context, c teller.ScheduleChange, dates templates.ScheduleDates) templates.ScheduleChangeView {
	v := templates.ScheduleChangeView{
		Kind: c.Kind, Payer: c.PayerName, Code: c.PayerCode, Account: c.DrawerAccount, Plan: planSentence(ctx, c.Plan), Reference: c.Reference, Reason: c.Reason,
		Shift: text.T(ctx, text.Prefix("schedule.shift.")+string(c.Plan.Shift)), AmountSatang: int64(c.Amount), Dates: dates,
	}
	if !c.PausedUntil.IsZero() {
		v.Until = text.BothEras(ctx, midnight(c.PausedUntil))
	}
	for _, d := range c.Taken {
		v.Taken = append(v.Taken, text.BothEras(ctx, midnight(d)))
	}
	for _, d := range c.Off {
		v.Off = append(v.Off, text.BothEras(ctx, midnight(d)))
	}
	return v
}

// describeSchedule fills the approval page of what is asked about a schedule.
// Only the first part says it all; the others are counted.
func describeSchedule(ctx context.Context, payload any, lead store.Instruction, v *templates.ApprovalView) bool {
	var c *teller.ScheduleChange
	switch p := payload.(type) {
	case teller.ScheduleLeg:
		c = p.Change
		v.ScheduleBegins++
	case teller.ScheduleEnd:
		c = p.Change
		v.ScheduleEnds++
	default:
		return false
	}
	if c == nil {
		return true
	}
	change := scheduleChangeView(ctx, *c, scheduleDates(ctx, *c, nil))
	v.Schedule = &change
	v.Sentence = text.T(ctx, text.Prefix("schedule.asks.")+c.Kind, "payer", c.PayerName, "amount", text.Amount(int64(c.Amount)), "n", change.Dates.Count,
		"total", text.Amount(lead.AmountSatang))
	v.Lasting = text.T(ctx, "schedule.lasting")
	v.Subject = "/schedules/" + lead.SubjectID().String()
	return true
}
