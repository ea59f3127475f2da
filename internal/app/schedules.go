package app

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// listSchedules shows schedules, the newest first.
func (a *App) listSchedules(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	v := templates.ScheduleListView{Q: f.raw("q"), State: f.choice("state", store.ScheduleStates...), MayMake: u.can(store.Maker), Key: newKey()}
	filter := store.ScheduleFilter{State: v.State, Text: f.text("q", maxLen(100)), Payer: f.id("payer"), Before: f.id("after"), Limit: pageRows}
	if err := f.check(); err != nil {
		return err
	}
	v.Filtered = v.Q != "" || v.State != "" || filter.Payer != store.NoID
	var list []store.Schedule
	var more bool
	var counts map[string]int
	var mind []store.ScheduleToMind
	var holidays []store.HolidayWithRuns
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if list, more, err = q.Schedules(filter); err != nil {
			return err
		}
		if counts, err = q.CountSchedules(); err != nil {
			return err
		}
		if mind, err = q.SchedulesToMind(midnight(a.today())); err != nil {
			return err
		}
		holidays, err = q.SchedulesOnHolidays(midnight(a.today().AddDays(1)), midnight(lastHoliday))
		return err
	})
	if err != nil {
		return err
	}
	v.Tabs = scheduleTabs(ctx, v.State, counts)
	for _, h := range holidays {
		name := inLanguage(ctx, h.NameTH, h.NameEN)
		v.Mind = append(v.Mind, templates.ScheduleMind{
			Href: "/holidays/" + h.Day.Format(time.DateOnly), Text: text.N(ctx, "schedule.mind.holiday", h.Schedules, "day", text.Date(ctx, h.Day), "name", name),
		})
	}
	for _, m := range mind {
		v.Mind = append(v.Mind, templates.ScheduleMind{Href: "/schedules/" + m.ID.String(), Text: mindSentence(ctx, m)})
	}
	for _, s := range list {
		row := templates.ScheduleRow{
			ID: s.ID.String(), Href: "/schedules/" + s.ID.String(), Payer: s.PayerName, Code: s.PayerCode, Reference: s.Reference, Plan: planSentence(ctx, teller.ScheduleStands{Schedule: s}.Wish().Plan),
			AmountSatang: s.AmountSatang, Status: scheduleStatus(ctx, standingOf(s, a.today())),
		}
		if s.NextOn != nil {
			row.Next = *s.NextOn
		}
		v.Rows = append(v.Rows, row)
	}
	query := r.URL.Query()
	if query.Has("after") {
		query.Del("after")
		v.Pager.First = "/schedules?" + query.Encode()
	}
	if more {
		query.Set("after", list[len(list)-1].ID.String())
		v.Pager.Next = "/schedules?" + query.Encode()
	}
	return a.page(w, r, u, shell{Header: a.debitHeader(ctx, u, tabSchedules, v.Header(ctx)), Area: areaDebits, Part: templates.ScheduleListPart}, templates.ScheduleList(v))
}

func scheduleTabs(ctx context.Context, current string, counts map[string]int) []ui.Tab {
	tabs := []ui.Tab{{Label: text.T(ctx, "schedule.all"), Href: "/schedules", Current: current == ""}}
	for _, state := range store.ScheduleStates {
		if counts[state] == 0 && state != current && state != store.ScheduleActive && state != store.SchedulePaused {
			continue
		}
		tabs = append(tabs, ui.Tab{Label: scheduleStatus(ctx, state).Label, Href: "/schedules?" + url.Values{"state": {state}}.Encode(), Count: countText(counts[state]), Current: state == current})
	}
	return tabs
}

// mindSentence says why somebody should look at a schedule.
func mindSentence(ctx context.Context, m store.ScheduleToMind) string {
	name := m.PayerName + " · " + m.Reference
	switch {
	case m.State == store.ScheduleActive:
		return text.T(ctx, "schedule.mind.extend", "name", name, "day", text.Date(ctx, *m.CoveredUntil))
	case m.State == store.SchedulePaused && m.PausedUntil != nil:
		return text.T(ctx, "schedule.mind.resume", "name", name, "day", text.Date(ctx, *m.PausedUntil))
	case m.State == store.SchedulePaused:
		return text.T(ctx, "schedule.mind.paused", "name", name, "day", text.Date(ctx, m.StateSince))
	}
	return text.T(ctx, text.Prefix("schedule.mind.")+m.State, "name", name)
}

// showSchedule shows a schedule: its days, what the bank keeps of it, and what
// was asked about it.
func (a *App) showSchedule(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.schedulePage(w, r, u, id, http.StatusOK, "")
}

func (a *App) schedulePage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, refusal string) error {
	ctx, today := r.Context(), a.today()
	var s store.Schedule
	var changes []store.ScheduleChange
	var legs []store.ScheduleLeg
	var runs []store.ScheduleRun
	var asked []store.Inquiry
	var names map[thai.Day]string
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if s, err = q.Schedule(id); err != nil {
			return err
		}
		if changes, err = q.ScheduleChanges(id); err != nil {
			return err
		}
		if legs, err = q.ScheduleLegs(id); err != nil {
			return err
		}
		if runs, err = q.ScheduleRuns(id); err != nil {
			return err
		}
		if _, names, err = calendarOf(ctx, q, thai.DayOf(s.StartOn), lastHoliday); err != nil {
			return err
		}
		asked, err = q.Inquiries(store.About("schedule", id))
		return err
	})
	if err != nil {
		return err
	}
	state := standingOf(s, today)
	v := templates.ScheduleView{
		ID: id.String(), Payer: s.PayerName, Code: s.PayerCode, PayerHref: "/payers/" + s.PayerID.String(), Account: s.DrawerAccount, Reference: s.Reference,
		AmountSatang: s.AmountSatang, Plan: planSentence(ctx, teller.ScheduleStands{Schedule: s}.Wish().Plan), Shift: text.T(ctx, text.Prefix("schedule.shift.")+s.Shift),
		Status: scheduleStatus(ctx, state), Since: s.StateSince, Sentence: text.T(ctx, text.Prefix("schedule.turn.")+state), Dead: !s.MandateLive, Refusal: refusal,
	}
	if s.PausedUntil != nil {
		v.Until = text.BothEras(ctx, *s.PausedUntil)
	}
	if s.CoveredUntil != nil {
		v.Covered = text.BothEras(ctx, *s.CoveredUntil)
	}
	open := len(changes) > 0 && changes[0].Open()
	for _, c := range changes {
		v.Changes = append(v.Changes, changeEvent(ctx, c))
	}
	if open {
		v.Approval = "/approvals/" + changes[0].InstructionID.String()
		if changes[0].Standing == store.ScheduleUnknown {
			v.Unknown = true
		}
	}
	fillRuns(ctx, &v, runs, today, names)
	for _, l := range legs {
		v.Legs = append(v.Legs, legRow(ctx, l))
	}
	if s.BankAskedAt != nil {
		v.AskedAt = *s.BankAskedAt
	}
	v.Asking = len(asked) > 0 && (asked[0].State == store.InquiryWaiting || asked[0].State == store.InquiryAsking)
	if open && changes[0].Standing != store.ScheduleSubmitted || v.Asking {
		v.Poll = "/schedules/" + v.ID
	}
	v.MayAsk = (u.can(store.Maker) || u.can(store.Checker)) && !v.Asking
	if u.can(store.Maker) && !open {
		v.Kinds = kindsFor(state, s)
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Status: status}, templates.ScheduleShow(v))
}

// kindsFor are the changes that make sense now.
func kindsFor(state string, s store.Schedule) []string {
	var kinds []string
	switch state {
	case store.ScheduleActive:
		kinds = []string{store.ScheduleAmend, store.SchedulePause, store.ScheduleCancel}
		if s.CoveredUntil != nil {
			kinds = append([]string{store.ScheduleExtend}, kinds...)
		}
	case store.SchedulePaused:
		kinds = []string{store.ScheduleResume}
	case store.ScheduleIncomplete:
		kinds = []string{store.ScheduleAmend, store.ScheduleCancel}
	}
	return kinds
}

func changeEvent(ctx context.Context, c store.ScheduleChange) ui.Event {
	e := ui.Event{
		Sentence: text.T(ctx, text.Prefix("schedule.kind.")+c.Kind) + " · " + scheduleStatus(ctx, c.Standing).Label, Person: c.MadeByName, At: c.MadeAt,
		Meaning: scheduleMeanings[c.Standing], Note: c.Reason, Pending: c.Open(),
	}
	return e
}

func fillRuns(ctx context.Context, v *templates.ScheduleView, runs []store.ScheduleRun, today thai.Day, names map[thai.Day]string) {
	for _, r := range runs {
		on, wished := thai.DayOf(r.RunOn), thai.DayOf(r.WishedOn)
		row := templates.ScheduleRunRow{On: r.RunOn, Wished: r.WishedOn, Moved: on != wished, AmountSatang: r.Satang}
		fate := schedule.Run{Wished: wished, On: on, Fate: schedule.Stays, Why: schedule.Closure(r.Why)}
		if row.Moved {
			fate.Fate = schedule.Shifted
		}
		row.Note = runNote(ctx, fate, names[wished])
		switch {
		case r.DebitState != nil:
			row.Status = ui.Status{Meaning: runMeanings[*r.DebitState], Label: text.T(ctx, text.Prefix("schedule.run.")+*r.DebitState)}
			row.Href = "/debits/" + r.DebitID.String()
		case r.LegState == "asked":
			row.Status = ui.Status{Meaning: ui.Info, Label: text.T(ctx, "schedule.run.asked")}
		case on.Compare(today) < 0:
			row.Status = ui.Status{Meaning: ui.Unknown, Label: text.T(ctx, "schedule.run.untold")}
		default:
			row.Status = ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "schedule.run.coming")}
		}
		if on.Compare(today) < 0 || r.DebitState != nil {
			v.Behind = append(v.Behind, row)
		} else {
			v.Coming = append(v.Coming, row)
		}
	}
}

var runMeanings = map[string]ui.Meaning{"taken": ui.Good, "failed": ui.Bad, "unknown": ui.Unknown}

func legRow(ctx context.Context, l store.ScheduleLeg) templates.ScheduleLegRow {
	row := templates.ScheduleLegRow{
		Plan: text.T(ctx, text.Prefix("schedule.frequency.")+l.Frequency), Start: l.StartOn, End: l.EndOn, AmountSatang: l.AmountSatang, Reference: l.BankReference,
		Status: ui.Status{Meaning: legMeanings[l.State], Label: text.T(ctx, text.Prefix("schedule.leg.")+l.State)}, Bank: l.BankStatus,
	}
	if l.DayOfMonth != nil {
		row.Plan = text.T(ctx, "schedule.plan.monthly", "day", *l.DayOfMonth)
	}
	agrees := map[string][]string{"active": {"", "ACTV", "COMP"}, "cancelled": {"", "CANC"}, "asked": {"", "NONE"}, "refused": {"", "NONE"}, "dropped": {"", "NONE"}, "unknown": {""}}
	row.Differs = true
	for _, s := range agrees[l.State] {
		row.Differs = row.Differs && s != l.BankStatus
	}
	return row
}

var legMeanings = map[string]ui.Meaning{"active": ui.Good, "asked": ui.Info, "refused": ui.Bad, "unknown": ui.Unknown}

// askSchedule puts the question what the bank keeps of a schedule.
func (a *App) askSchedule(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Teller.AskSchedule(r.Context(), u.actor(), id)
	if isAsking(err) {
		return a.schedulePage(w, r, u, id, http.StatusConflict, text.T(r.Context(), "schedule.refused.asking"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/schedules/"+id.String()+"#bank", text.Msg("schedule.asked"))
}
