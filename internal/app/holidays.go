package app

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// listHolidays shows the days of a year on which the bank is closed.
func (a *App) listHolidays(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	year, err := yearOf(f, a.today())
	if err != nil {
		return err
	}
	return a.holidaysPage(w, r, u, http.StatusOK, year, templates.HolidayListView{}, nil)
}

// yearOf reads a year CE; this one unless the query says another.
func yearOf(f *form, today thai.Day) (int, error) {
	year := today.Year
	if f.raw("year") != "" {
		if year = f.hidden("year"); year < 2020 || year > 2100 {
			f.broken = &requestError{"no such year"}
		}
	}
	return year, f.check()
}

func (a *App) holidaysPage(w http.ResponseWriter, r *http.Request, u user, status, year int, v templates.HolidayListView, f *form) error {
	ctx := r.Context()
	var list []store.Holiday
	var marks []store.HolidayMark
	var runs []store.HolidayWithRuns
	from, until := yearSpan(year)
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if list, err = q.Holidays(from, until); err != nil {
			return err
		}
		if runs, err = q.SchedulesOnHolidays(midnight(a.today().AddDays(1)), until); err != nil {
			return err
		}
		marks, err = q.HolidayMarks(from, until)
		return err
	})
	if err != nil {
		return err
	}
	v.Year, v.Typed, v.MayMark = yearName(ctx, year), strconv.Itoa(year), u.can(store.Maker) || u.can(store.Admin)
	moves := map[time.Time]int{}
	for _, h := range runs {
		moves[h.Day.UTC()] = h.Schedules
	}
	if f != nil {
		v.Errors, v.DayError, v.NameError, v.SourceError = f.summary(ctx), f.errorOf(ctx, "day"), f.errorOf(ctx, "name"), f.errorOf(ctx, "source")
		v.AnnouncedError = f.errorOf(ctx, "announcement")
	}
	v.Years = yearTabs(ctx, year, a.today().Year)
	for _, h := range list {
		row := holidayRow(ctx, h)
		row.Schedules = moves[h.Day.UTC()]
		v.Rows = append(v.Rows, row)
		if unannounced(h) {
			v.Unconfirmed++
		}
	}
	for _, m := range marks {
		v.History = append(v.History, markEvent(ctx, m))
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Status: status}, templates.HolidayList(v))
}

func yearSpan(year int) (from, until time.Time) {
	return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC)
}

// yearName is a year in both eras, the reader's own first.
func yearName(ctx context.Context, year int) string {
	if text.From(ctx).BuddhistEra {
		return text.T(ctx, "holiday.year_be", "be", strconv.Itoa(year+543), "ce", strconv.Itoa(year))
	}
	return text.T(ctx, "holiday.year_ce", "be", strconv.Itoa(year+543), "ce", strconv.Itoa(year))
}

func yearTabs(ctx context.Context, year, current int) []ui.Tab {
	var tabs []ui.Tab
	for y := min(year, current-1); y <= max(year, current+1); y++ {
		if y != year && (y < current-1 || y > current+1) {
			continue
		}
		tabs = append(tabs, ui.Tab{Label: yearName(ctx, y), Href: "/holidays?year=" + strconv.Itoa(y), Current: y == year})
	}
	return tabs
}

func holidayRow(ctx context.Context, h store.Holiday) templates.HolidayRow {
	row := templates.HolidayRow{Href: "/holidays/" + h.Day.Format(time.DateOnly), On: h.Day, Name: holidayName(ctx, h), Closed: h.Closed, Source: h.Source, By: h.SetBy}
	switch {
	case !h.Closed:
		row.Status = ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "holiday.state.open")}
	case h.Source != "":
		row.Status = ui.Status{Meaning: ui.Info, Label: text.T(ctx, "holiday.state.own")}
	case !h.Confirmed:
		row.Status = ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "holiday.state.unconfirmed")}
		row.Source = text.T(ctx, "holiday.source_expected")
	default:
		row.Status = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "holiday.state.listed")}
	}
	if row.Source == "" {
		row.Source = text.T(ctx, "holiday.source_bot")
	}
	return row
}

// unannounced is true of a day that is only expected to be a holiday.
func unannounced(h store.Holiday) bool { return h.Closed && !h.Confirmed && h.Source == "" }

func holidayName(ctx context.Context, h store.Holiday) string {
	if text.From(ctx).Lang == text.EN {
		return h.NameEN
	}
	return h.NameTH
}

func markEvent(ctx context.Context, m store.HolidayMark) ui.Event {
	key := text.K("holiday.marked_open")
	if m.Closed {
		key = text.K("holiday.marked_closed")
	}
	return ui.Event{Sentence: text.T(ctx, key, "day", text.Date(ctx, m.Day), "name", m.Name), Person: m.SetBy, At: m.SetAt, Note: m.Source}
}

// markHoliday records what the merchant says of a day, and leads to what
// follows from it.
func (a *App) markHoliday(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := templates.HolidayListView{TypedDay: f.raw("day"), Name: f.raw("name"), Source: f.raw("source")}
	day := f.day("day", a.today(), required)
	name, source := f.text("name", required, maxLen(120)), f.text("source", required, maxLen(200))
	closed := f.choice("closed", "yes", "no") == "yes"
	if err := f.check(); err != nil {
		return err
	}
	if f.errorOf(r.Context(), "day") == "" {
		switch w := midnight(day).Weekday(); {
		case w == time.Saturday || w == time.Sunday:
			f.fail("day", text.Msg("holiday.weekend"))
		case day.Year < 2020 || day.Year > 2100:
			f.fail("day", text.Msg("edge.field.day"))
		}
	}
	if !f.valid() {
		year := day.Year
		if year < 2020 || year > 2100 {
			year = a.today().Year
		}
		return a.holidaysPage(w, r, u, http.StatusUnprocessableEntity, year, v, f)
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		return tx.MarkHoliday(store.HolidayMark{ID: store.NewID(), Day: midnight(day), Closed: closed, Name: name, Source: source})
	})
	if err != nil {
		return err
	}
	said := text.Msg("holiday.now_open")
	if closed {
		said = text.Msg("holiday.now_closed")
	}
	return a.seeOther(w, r, u, "/holidays/"+day.String(), said)
}

// confirmHolidays takes all days of a year that were only expected for
// announced, by one source.
func (a *App) confirmHolidays(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := templates.HolidayListView{Announced: f.raw("announcement")}
	source := f.text("announcement", required, maxLen(200))
	year, err := yearOf(f, a.today())
	if err != nil {
		return err
	}
	if !f.valid() {
		return a.holidaysPage(w, r, u, http.StatusUnprocessableEntity, year, v, f)
	}
	from, until := yearSpan(year)
	n := 0
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		n = 0
		list, err := tx.Holidays(from, until)
		if err != nil {
			return err
		}
		for _, h := range list {
			if !unannounced(h) {
				continue
			}
			n++
			if err := tx.MarkHoliday(store.HolidayMark{ID: store.NewID(), Day: h.Day, Closed: true, Name: h.NameTH, Source: source}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/holidays?year="+strconv.Itoa(year), text.Msg("holiday.confirmed", "n", n))
}

// calendarOf reads the days of a time on which the bank is closed, and what
// they are called.
func calendarOf(ctx context.Context, q *store.Query, from, until thai.Day) (schedule.Calendar, map[thai.Day]string, error) {
	list, err := q.Holidays(midnight(from), midnight(until))
	if err != nil {
		return nil, nil, err
	}
	closed, names := schedule.Calendar{}, map[thai.Day]string{}
	for _, h := range list {
		if h.Closed {
			d := thai.DayOf(h.Day)
			closed[d], names[d] = true, holidayName(ctx, h)
		}
	}
	return closed, names, nil
}

// fewestHolidays is how many bank holidays any year has: a year with fewer is
// one whose list nobody has brought in yet, whatever single days were added.
const fewestHolidays = 10

// horizon is how far ahead the holidays are known: announced by the Bank of
// Thailand up to one day, and expected up to another.
type horizon struct{ announced, expected thai.Day }

// horizonOf tells from all holidays since the first of January of this year.
func horizonOf(list []store.Holiday, today thai.Day) (h horizon) {
	closed, open := map[int]int{}, map[int]int{}
	for _, day := range list {
		if day.Closed {
			closed[day.Day.Year()]++
		}
		if unannounced(day) {
			open[day.Day.Year()]++
		}
	}
	end := func(year int) thai.Day { return thai.Day{Year: year, Month: time.December, Day: 31} }
	h.announced, h.expected = end(today.Year-1), end(today.Year-1)
	for year := today.Year; closed[year] >= fewestHolidays; year++ {
		if h.expected = end(year); open[year] == 0 && h.announced == end(year-1) {
			h.announced = end(year)
		}
	}
	return h
}

// holidayHorizon reads how far ahead the holidays are known.
func (a *App) holidayHorizon(q *store.Query) (horizon, error) {
	today := a.today()
	list, err := q.Holidays(midnight(thai.Day{Year: today.Year, Month: time.January, Day: 1}), midnight(lastHoliday))
	return horizonOf(list, today), err
}

// doubts say how many of the days of a schedule lie behind what is known of
// holidays, and what that means for them.
func (h horizon) doubts(ctx context.Context, days []templates.ScheduleDate) (list []templates.HolidayDoubt) {
	expected, unknown := 0, 0
	for _, row := range days {
		if row.Off {
			continue
		}
		switch d := thai.DayOf(row.On); {
		case d.Compare(h.expected) > 0:
			unknown++
		case d.Compare(h.announced) > 0:
			expected++
		}
	}
	href := func(after thai.Day) string { return "/holidays?year=" + strconv.Itoa(after.Year+1) }
	if expected > 0 {
		list = append(list, templates.HolidayDoubt{Href: href(h.announced), Text: text.N(ctx, "holiday.doubt.expected", expected, "day", text.Date(ctx, midnight(h.announced)))})
	}
	if unknown > 0 {
		list = append(list, templates.HolidayDoubt{Href: href(h.expected), Text: text.N(ctx, "holiday.doubt.unknown", unknown, "day", text.Date(ctx, midnight(h.expected)))})
	}
	return list
}

// showHoliday shows what is said of a day, and lets people say something else.
func (a *App) showHoliday(w http.ResponseWriter, r *http.Request, u user) error {
	var day thai.Day
	if err := day.UnmarshalText([]byte(r.PathValue("day"))); err != nil || day.Year < 2020 || day.Year > 2100 {
		return store.ErrNotFound
	}
	ctx := r.Context()
	v := templates.HolidayView{Key: newKey(), DebitsKey: newKey(), On: midnight(day), Day: text.BothEras(ctx, midnight(day)), Typed: typedDay(ctx, day).Value, Year: strconv.Itoa(day.Year), MayMark: u.can(store.Maker) || u.can(store.Admin)}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.Holidays(v.On, v.On)
		if err != nil {
			return err
		}
		if len(list) == 1 {
			row := holidayRow(ctx, list[0])
			v.Name, v.Closed, v.Status, v.Listed = row.Name, row.Closed, row.Status, list[0].Listed
		}
		marks, err := q.HolidayMarks(v.On, v.On)
		for _, m := range marks {
			v.History = append(v.History, markEvent(ctx, m))
		}
		if err != nil {
			return err
		}
		return a.fillMoves(ctx, q, u, day, &v)
	})
	if err != nil {
		return err
	}
	v.MayMove = u.can(store.Maker)
	weekday := v.On.Weekday()
	v.Weekend = weekday == time.Saturday || weekday == time.Sunday
	if v.Status.Label == "" {
		v.Status = ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "holiday.state.open")}
		if v.Weekend {
			v.Status.Label = text.T(ctx, "holiday.state.weekend")
		}
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits}, templates.HolidayShow(v))
}
