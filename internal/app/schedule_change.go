package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

func isAsking(err error) bool { return errors.Is(err, store.ErrAsking) }

var scheduleKinds = []string{store.ScheduleCancel, store.SchedulePause, store.ScheduleResume, store.ScheduleAmend, store.ScheduleExtend, store.ScheduleMove}

// newScheduleChange shows what a change would have the bank do: other terms,
// unless the address says what else.
func (a *App) newScheduleChange(w http.ResponseWriter, r *http.Request, u user) error {
	q := readQuery(r)
	kind := q.choice("kind", scheduleKinds...)
	if err := q.check(); err != nil {
		return err
	}
	if kind == "" {
		kind = store.ScheduleAmend
	}
	f := &scheduleForm{form: formOf(nil)}
	return a.scheduleChangePage(w, r, u, http.StatusOK, kind, f, templates.ScheduleChangeForm{Key: newKey()})
}

// createScheduleChange shows a change again with other terms, or asks for it.
func (a *App) createScheduleChange(w http.ResponseWriter, r *http.Request, u user) error {
	ctx, today := r.Context(), a.today()
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := &scheduleForm{form: readForm(r)}
	kind := f.choice("kind", scheduleKinds...)
	f.do, f.seen = f.choice("do", "show", "submit"), f.text("seen", maxLen(64))
	v := templates.ScheduleChangeForm{Key: f.key(), Reason: f.raw("reason"), Until: f.raw("until")}
	f.wish.Reason = f.text("reason", maxLen(200))
	f.wish.PausedUntil = f.day("until", today)
	if kind == store.ScheduleAmend {
		f.readTerms(today)
		v.Terms = f.view(ctx)
	}
	if err := f.check(); err != nil {
		return err
	}
	if kind == "" {
		return store.ErrNotFound
	}
	if p := f.wish.PausedUntil; !p.IsZero() && p.Compare(today) <= 0 {
		f.fail("until", text.Msg("schedule.until_past"))
	}
	if f.do != "submit" || !f.valid() {
		status := http.StatusOK
		if !f.valid() {
			status = http.StatusUnprocessableEntity
		}
		return a.scheduleChangePage(w, r, u, status, kind, f, v)
	}
	_, err = a.Teller.ChangeSchedule(ctx, u.actor(), id, kind, wishFor(kind, f), a.closedDays(ctx), today, f.seen, v.Key)
	if key := refusalOfChange(err); key != "" {
		v.Refusal = text.T(ctx, text.Prefix("schedule.refused.")+key)
		v.Key = newKey()
		return a.scheduleChangePage(w, r, u, http.StatusConflict, kind, f, v)
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/schedules/"+id.String(), text.Msg("schedule.change_submitted"))
}

// wishFor is what a schedule shall be after a change of a kind.
func wishFor(kind string, f *scheduleForm) func(teller.ScheduleStands) teller.ScheduleWish {
	return func(s teller.ScheduleStands) teller.ScheduleWish {
		w := s.Wish()
		if kind == store.ScheduleAmend {
			// When it began stays: the days are anchored to it.
			start := w.Start
			w = f.wish
			w.Payer, w.Start = s.PayerID, start
			if w.Frequency != schedule.Frequency(s.Frequency) {
				w.Start = f.wish.Start
			}
			if w.Frequency == schedule.Monthly && w.DayOfMonth == 0 {
				w.DayOfMonth = w.Start.Day
			}
		}
		w.Reason, w.PausedUntil = f.wish.Reason, f.wish.PausedUntil
		return w
	}
}

// refusalOfChange is the word for why a change is not asked for, or nothing.
func refusalOfChange(err error) string {
	for _, c := range []struct {
		err error
		key string
	}{
		{teller.ErrChanging, "changing"}, {teller.ErrNothingChanges, "nothing"}, {teller.ErrOtherDays, "other_days"}, {teller.ErrMandateDead, "mandate"},
		{teller.ErrDebitLimits, "limits"}, {teller.ErrNoRuns, "no_runs"}, {teller.ErrManyLegs, "many_legs"}, {teller.ErrKeyReused, "key"}, {teller.ErrScheduleLate, "late"},
	} {
		if errors.Is(err, c.err) {
			return c.key
		}
	}
	return ""
}

func (a *App) scheduleChangePage(w http.ResponseWriter, r *http.Request, u user, status int, kind string, f *scheduleForm, v templates.ScheduleChangeForm) error {
	ctx, today := r.Context(), a.today()
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		s, err := teller.ReadSchedule(q, id, today)
		if err != nil {
			return err
		}
		v.ID, v.Kind, v.Payer = id.String(), kind, s.PayerName
		if kind == store.ScheduleAmend && v.Terms.Frequency == "" {
			v.Terms = termsTyped(ctx, s)
			f.wish = s.Wish()
		}
		closed, names, err := calendarOf(ctx, q, thai.DayOf(s.StartOn), lastHoliday)
		if err != nil {
			return err
		}
		if f.valid() {
			wish := wishFor(kind, f)(s)
			if err := wish.Check(); err != nil {
				f.fail("end", text.Msg("schedule.choose"))
			} else {
				draft, err := s.Draft(kind, wish, closed, today)
				if key := refusalOfChange(err); key != "" {
					v.Refusal = orElse(v.Refusal, text.T(ctx, text.Prefix("schedule.refused.")+key))
				} else if err != nil {
					return err
				} else {
					v.Ready = true
					v.Seen, v.Change = draft.Fingerprint(), scheduleChangeView(ctx, draft.Change, scheduleDates(ctx, draft.Change, names))
					v.Begins, v.Ends = draft.Legs()
					known, err := a.holidayHorizon(q)
					if err != nil {
						return err
					}
					v.Change.Dates.Doubts = known.doubts(ctx, v.Change.Dates.Rows)
				}
			}
		}
		names2, err := q.CheckersBesides(store.IDs{u.person.ID})
		v.Approvers = someNames(ctx, names2)
		return err
	})
	if err != nil {
		return err
	}
	v.Errors, v.UntilError = f.summary(ctx), f.errorOf(ctx, "until")
	if kind == store.ScheduleAmend {
		bad := f.view(ctx).Bad
		v.Terms.Bad = bad
	}
	if len(v.Errors) > 0 && status == http.StatusOK {
		status = http.StatusUnprocessableEntity
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Status: status}, templates.ScheduleChangePage(v))
}

func orElse(s, or string) string {
	if s != "" {
		return s
	}
	return or
}

// termsTyped are the terms of a schedule as somebody would have typed them.
func termsTyped(ctx context.Context, s teller.ScheduleStands) templates.ScheduleForm {
	w := s.Wish()
	v := templates.ScheduleForm{
		Amount: text.Amount(w.AmountSatang), Reference: w.Reference, Frequency: string(w.Frequency), Shift: string(w.Shift), Start: typedDay(ctx, w.Start).Value, Ends: "never",
	}
	if w.DayOfMonth > 0 {
		v.DayOfMonth = strconv.Itoa(w.DayOfMonth)
	}
	if !w.End.IsZero() {
		v.Ends, v.End = "on", typedDay(ctx, w.End).Value
	}
	if w.Payments > 0 {
		v.Ends, v.Payments = "after", strconv.Itoa(w.Payments)
	}
	return v
}
