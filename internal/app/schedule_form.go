package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// offeredPayers is how many payers the form offers by name; a code finds any.
const offeredPayers = 100

// scheduleForm is the form of a schedule as it was sent, and the wish it makes.
type scheduleForm struct {
	*form
	do    string
	code  string
	payer store.DebitPayer
	wish  teller.ScheduleWish
	seen  string
	known horizon
}

// readSchedule reads the fields that say when and how much.
func readSchedule(r *http.Request, today thai.Day) *scheduleForm {
	f := &scheduleForm{form: readForm(r)}
	f.do = f.choice("do", "show", "check", "edit", "submit")
	f.code = strings.ToUpper(f.text("payer", maxLen(20)))
	f.seen = f.text("seen", maxLen(64))
	f.readTerms(today)
	return f
}

// readTerms reads what a schedule is, for a new one and for one that is amended.
func (f *scheduleForm) readTerms(today thai.Day) {
	w := &f.wish
	w.AmountSatang = f.satang("amount", required)
	w.Reference = f.text("reference", required, maxLen(20), shaped(scheduleReference, text.Msg("schedule.reference_letters")))
	w.Frequency = schedule.Frequency(f.choice("frequency", words(schedule.Frequencies)...))
	w.Shift = schedule.Shift(f.choice("shift", words(schedule.Shifts)...))
	w.Start = f.day("start", today, required)
	anchor := f.number("day_of_month", 31)
	ends := f.choice("ends", "never", "on", "after")
	end, payments := f.day("end", today), f.number("payments", schedule.MaxPayments)
	if w.Frequency == schedule.Monthly {
		if w.DayOfMonth = anchor; anchor == 0 {
			w.DayOfMonth = w.Start.Day
		}
	}
	if w.Frequency == schedule.Once {
		return
	}
	switch ends {
	case "on":
		if w.End = end; end.IsZero() && !f.failed("end") {
			f.fail("end", text.Msg("edge.field.required"))
		}
	case "after":
		if w.Payments = payments; payments == 0 && !f.failed("payments") {
			f.fail("payments", text.Msg("edge.field.required"))
		}
	}
}

// number reads a whole number that may be left out.
func (f *form) number(field string, most int) int {
	typed := strings.TrimSpace(f.raw(field))
	if typed == "" {
		return 0
	}
	n, err := thai.ParseDecimal(typed)
	if err != nil || !n.IsInteger() || n.IntPart() < 1 || n.IntPart() > int64(most) {
		f.fail(field, text.Msg("schedule.number", "most", most))
		return 0
	}
	return int(n.IntPart())
}

func words[T ~string](list []T) []string {
	all := make([]string, len(list))
	for n, w := range list {
		all[n] = string(w)
	}
	return all
}

// faultsOfPlan puts what is wrong with a plan at its field.
func (f *scheduleForm) faultsOfPlan(today thai.Day) {
	if !f.valid() {
		return
	}
	err := f.wish.Check()
	for _, c := range []struct {
		err   error
		field string
		key   string
	}{
		{schedule.ErrNoStart, "start", text.K("edge.field.required")},
		{schedule.ErrEndBeforeStart, "end", text.K("schedule.end_early")},
		{schedule.ErrTooLong, "end", text.K("schedule.end_far")},
		{schedule.ErrFrequency, "frequency", text.K("schedule.choose")},
		{schedule.ErrShift, "shift", text.K("schedule.choose")},
		{schedule.ErrDayOfMonth, "day_of_month", text.K("schedule.choose")},
		{schedule.ErrPayments, "payments", text.K("schedule.choose")},
		{schedule.ErrTwoEnds, "end", text.K("schedule.choose")},
	} {
		if errors.Is(err, c.err) {
			f.fail(c.field, text.Msg(c.key))
		}
	}
	if err == nil && f.wish.Start.Compare(teller.Earliest(today)) < 0 {
		f.fail("start", text.Msg("schedule.start_early"))
	}
	if f.wish.Start.Year > today.Year+schedule.MaxYears {
		f.fail("start", text.Msg("schedule.end_far"))
	}
}

// newSchedule is the empty form, or the one for a payer.
func (a *App) newSchedule(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	q := readQuery(r)
	code := q.text("payer", maxLen(20))
	if err := q.check(); err != nil {
		return err
	}
	v := templates.ScheduleForm{
		Key: newKey(), Payer: code, Frequency: string(schedule.Monthly), Shift: string(schedule.Next), Ends: "never",
		Start: typedDay(ctx, teller.Earliest(a.today())).Value,
	}
	return a.scheduleFormPage(w, r, u, http.StatusOK, v)
}

func (a *App) scheduleFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.ScheduleForm) error {
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		list, err := q.DebitPayers("", offeredPayers)
		for _, p := range list {
			if p.Live {
				v.Payers = append(v.Payers, ui.Option{Value: p.Code, Label: p.Name})
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaDebits, Status: status, Part: templates.ScheduleDatesPart}, templates.ScheduleNew(v))
}

func (f *scheduleForm) view(ctx context.Context) templates.ScheduleForm {
	v := templates.ScheduleForm{
		Key: f.raw(keyField), Payer: f.raw("payer"), Amount: f.raw("amount"), Reference: f.raw("reference"), Frequency: f.raw("frequency"), Shift: f.raw("shift"),
		Start: f.raw("start"), DayOfMonth: f.raw("day_of_month"), Ends: f.raw("ends"), End: f.raw("end"), Payments: f.raw("payments"), Bad: map[string]string{},
	}
	for _, ft := range f.faults {
		if _, known := v.Bad[ft.field]; !known {
			v.Bad[ft.field] = ft.message.In(ctx)
		}
	}
	return v
}

// createSchedule shows the days of what is typed, then everything once more,
// and then asks for it.
func (a *App) createSchedule(w http.ResponseWriter, r *http.Request, u user) error {
	ctx, today := r.Context(), a.today()
	f := readSchedule(r, today)
	f.key()
	if err := f.check(); err != nil {
		return err
	}
	if f.do == "edit" {
		return a.scheduleFormPage(w, r, u, http.StatusOK, f.view(ctx))
	}
	f.faultsOfPlan(today)
	draft, names, err := a.draftOf(ctx, u, f)
	if err != nil {
		return err
	}
	v := f.view(ctx)
	v.Dates = scheduleDates(ctx, draft.Change, names)
	v.Dates.Doubts = f.known.doubts(ctx, v.Dates.Rows)
	if !f.valid() {
		status := http.StatusUnprocessableEntity
		if f.do == "show" {
			status = http.StatusOK // the dates come as soon as there is enough to tell them
		} else {
			v.Errors = f.summary(ctx)
		}
		return a.scheduleFormPage(w, r, u, status, v)
	}
	switch f.do {
	case "check":
		return a.scheduleCheckPage(w, r, u, http.StatusOK, f, v, draft, "")
	case "submit":
		return a.submitSchedule(w, r, u, f, v, draft)
	}
	return a.scheduleFormPage(w, r, u, http.StatusOK, v)
}

func (a *App) submitSchedule(w http.ResponseWriter, r *http.Request, u user, f *scheduleForm, v templates.ScheduleForm, draft teller.ScheduleDraft) error {
	ctx := r.Context()
	id, err := a.Teller.SubmitSchedule(ctx, u.actor(), f.wish, a.closedDays(ctx), a.today(), f.seen, v.Key)
	switch {
	case err == nil:
		return a.seeOther(w, r, u, "/schedules/"+id.String(), text.Msg("schedule.submitted"))
	case errors.Is(err, teller.ErrOtherDays):
		return a.scheduleCheckPage(w, r, u, http.StatusConflict, f, v, draft, text.T(ctx, "schedule.refused.other_days"))
	case errors.Is(err, teller.ErrDebitLimits):
		f.fail("amount", text.Msg("schedule.refused.limits"))
	case errors.Is(err, teller.ErrMandateDead):
		f.fail("payer", text.Msg("schedule.payer_dead"))
	case errors.Is(err, teller.ErrKeyReused):
		v.Key = newKey()
		return a.scheduleCheckPage(w, r, u, http.StatusConflict, f, v, draft, text.T(ctx, "schedule.refused.key"))
	default:
		return err
	}
	again := f.view(ctx)
	again.Dates, again.Errors, again.Key = v.Dates, f.summary(ctx), newKey()
	return a.scheduleFormPage(w, r, u, http.StatusUnprocessableEntity, again)
}

// draftOf works out what a form asks for, and marks what stands in the way.
func (a *App) draftOf(ctx context.Context, u user, f *scheduleForm) (draft teller.ScheduleDraft, names map[thai.Day]string, err error) {
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		if f.code == "" {
			if f.do != "show" {
				f.fail("payer", text.Msg("edge.field.required"))
			}
		} else if found, err := q.DebitPayersCoded([]string{f.code}); err != nil {
			return err
		} else if len(found) == 0 {
			f.fail("payer", text.Msg("schedule.payer_unknown"))
		} else if f.payer = found[0]; !f.payer.Live {
			f.fail("payer", text.Msg("schedule.payer_dead"))
		}
		f.wish.Payer = f.payer.ID
		if f.wish.Check() != nil || f.wish.Start.Year > a.today().Year+schedule.MaxYears {
			return nil //nolint:nilerr // the form says what is wrong with it
		}
		var closed schedule.Calendar
		var err error
		if closed, names, err = calendarOf(ctx, q, a.today().AddDays(-40), lastHoliday); err != nil {
			return err
		}
		if f.known, err = a.holidayHorizon(q); err != nil {
			return err
		}
		draft, err = teller.DraftSchedule(f.payer, f.wish, closed, a.today())
		switch {
		case errors.Is(err, teller.ErrNoRuns):
			f.fail("end", text.Msg("schedule.no_runs"))
		case errors.Is(err, teller.ErrManyLegs):
			f.fail("frequency", text.Msg("schedule.many_legs"))
		default:
			return err
		}
		return nil
	})
	return draft, names, err
}

// lastHoliday is behind every day that a list of holidays will know.
var lastHoliday = thai.Day{Year: 2100, Month: 12, Day: 31}

// closedDays reads the days on which the bank is closed, for the teller.
func (a *App) closedDays(ctx context.Context) func(*store.Query) (schedule.Calendar, error) {
	return func(q *store.Query) (schedule.Calendar, error) {
		closed, _, err := calendarOf(ctx, q, a.today().AddDays(-40), lastHoliday)
		return closed, err
	}
}

func (a *App) scheduleCheckPage(w http.ResponseWriter, r *http.Request, u user, status int, f *scheduleForm, form templates.ScheduleForm, draft teller.ScheduleDraft, refusal string) error {
	ctx := r.Context()
	begins, _ := draft.Legs()
	v := templates.ScheduleCheck{Form: form, Seen: draft.Fingerprint(), Change: scheduleChangeView(ctx, draft.Change, form.Dates), Legs: begins, Refusal: refusal}
	v.Change.Account = f.payerAccount()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		names, err := q.CheckersBesides(store.IDs{u.person.ID})
		v.Approvers = someNames(ctx, names)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Status: status}, templates.ScheduleCheckPage(v))
}

func (f *scheduleForm) payerAccount() string {
	if f.payer.DrawerAccount == nil {
		return ""
	}
	return *f.payer.DrawerAccount
}

// scheduleDates are the days of a change as the page shows them.
func scheduleDates(ctx context.Context, c teller.ScheduleChange, names map[thai.Day]string) templates.ScheduleDates {
	d := templates.ScheduleDates{AmountSatang: int64(c.Amount)}
	n := 0
	for _, run := range c.Runs {
		row := templates.ScheduleDate{Wished: midnight(run.Wished), Moved: run.Fate == schedule.Shifted, Off: !run.Debits()}
		if run.Debits() {
			n++
			row.No, row.On = strconv.Itoa(n), midnight(run.On)
			d.TotalSatang += int64(c.Amount)
		}
		row.Note = runNote(ctx, run, names[run.Wished])
		d.Moved = d.Moved || row.Moved || row.Off
		d.Rows = append(d.Rows, row)
	}
	d.Count = n
	if !c.CoveredUntil.IsZero() {
		d.Covered = text.BothEras(ctx, midnight(c.CoveredUntil))
	}
	return d
}

// runNote says why a run is not on the date wished for, or stays on one that is
// no bank day.
func runNote(ctx context.Context, r schedule.Run, holiday string) string {
	why := holiday
	switch r.Why {
	case schedule.Weekend:
		why = text.Weekday(ctx, midnight(r.Wished))
	case schedule.Holiday:
		if why == "" {
			why = text.T(ctx, "schedule.why.holiday")
		}
	}
	switch {
	case r.Fate == schedule.Stays && r.Why != schedule.Open:
		return text.T(ctx, "schedule.fate.stays_closed", "why", why)
	case r.Fate == schedule.Stays:
		return ""
	case r.LeavesMonth():
		return text.T(ctx, "schedule.fate.shifted_month", "why", why)
	}
	return text.T(ctx, text.Prefix("schedule.fate.")+string(r.Fate), "why", why)
}
