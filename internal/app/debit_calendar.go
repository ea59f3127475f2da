package app

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// showDebitCalendar shows a month of debits, day by day.
func (a *App) showDebitCalendar(w http.ResponseWriter, r *http.Request, u user) error {
	ctx, today := r.Context(), a.today()
	f := readQuery(r)
	month := a.thisMonth()
	if s := f.raw("month"); s != "" {
		var ok bool
		if month, ok = parseMonth(s); !ok {
			f.broken = &requestError{"no such month"}
		}
	}
	if err := f.check(); err != nil {
		return err
	}
	last := month.AddDate(0, 1, -1)
	var days []store.CalendarDay
	var closed schedule.Calendar
	var names map[thai.Day]string
	var window store.Window
	var asked []store.RequestDay
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if days, err = q.DebitCalendar(month, last, midnight(today)); err != nil {
			return err
		}
		if asked, err = q.RequestCalendar(month, last); err != nil {
			return err
		}
		if closed, names, err = calendarOf(ctx, q, thai.DayOf(month), thai.DayOf(last)); err != nil {
			return err
		}
		window, err = q.DebitWindow(midnight(today))
		return err
	})
	if err != nil {
		return err
	}
	v := templates.DebitCalendarView{
		Month: text.Month(ctx, month), Previous: "/debits/calendar?month=" + month.AddDate(0, -1, 0).Format(monthForm), Next: "/debits/calendar?month=" + month.AddDate(0, 1, 0).Format(monthForm),
		Blank: (int(month.Weekday()) + 6) % 7, CutOff: text.Time(ctx, window.Closes),
	}
	if month != a.thisMonth() {
		v.Current = "/debits/calendar"
	}
	for n := range 7 {
		v.Weekdays = append(v.Weekdays, text.Weekday(ctx, time.Date(2024, 1, 1+n, 0, 0, 0, 0, time.UTC))) // a Monday
	}
	by := make(map[thai.Day]store.CalendarDay, len(days))
	for _, d := range days {
		by[thai.DayOf(d.Day)] = d
	}
	requests := make(map[thai.Day]store.RequestDay, len(asked))
	for _, d := range asked {
		requests[thai.DayOf(d.Day)] = d
		v.Requests += d.Number
		v.RequestsSatang += d.Satang
	}
	for on := month; !on.After(last); on = on.AddDate(0, 0, 1) {
		d := thai.DayOf(on)
		day := templates.CalendarDay{On: on, Today: d == today, Past: d.Compare(today) < 0, Number: by[d].Number(), Satang: by[d].Satang(), Failed: by[d].Failed, FailedSatang: by[d].FailedSatang}
		day.Href = "/debits?" + url.Values{"on_from": {text.Date(ctx, on)}, "on_to": {text.Date(ctx, on)}}.Encode()
		day.Requests = requests[d].Number
		day.RequestsHref = "/requests?" + url.Values{"sends": {on.Format(time.DateOnly)}}.Encode()
		switch closed.Closure(d) {
		case schedule.Weekend:
			day.Closed = text.T(ctx, "schedule.weekend")
		case schedule.Holiday:
			day.Closed = names[d]
		}
		v.Number += day.Number
		v.Satang += day.Satang
		v.Days = append(v.Days, day)
	}
	return a.page(w, r, u, shell{Header: a.debitHeader(ctx, u, tabCalendar, v.Header(ctx)), Area: areaDebits}, templates.DebitCalendar(v))
}

// forecastDays is how far the forecast looks.
const forecastDays = 90

// showForecast shows what the coming days are expected to bring, and what is
// likely; ?pause=… leaves schedules out.
func (a *App) showForecast(w http.ResponseWriter, r *http.Request, u user) error {
	ctx, today := r.Context(), a.today()
	f := readQuery(r)
	paused, err := idsOf(f.list("pause"))
	if err != nil {
		return err
	}
	format := f.choice("format", "csv")
	if err := f.check(); err != nil {
		return err
	}
	var list []store.Forecast
	var named []store.NamedSchedule
	var closed schedule.Calendar
	var names map[thai.Day]string
	until := today.AddDays(forecastDays)
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if list, err = q.DebitForecast(midnight(today), midnight(until), paused); err != nil {
			return err
		}
		if closed, names, err = calendarOf(ctx, q, today, until); err != nil || len(paused) == 0 {
			return err
		}
		named, err = q.SchedulesNamed(paused)
		return err
	})
	if err != nil {
		return err
	}
	if format == "csv" {
		return sendForecast(ctx, w, today, list)
	}
	v := templates.ForecastView{From: midnight(today.AddDays(1)), Until: midnight(until)}
	query := url.Values{"format": {"csv"}}
	for _, s := range named {
		v.Paused = append(v.Paused, s.PayerName+" · "+s.Reference)
		query.Add("pause", s.ID.String())
	}
	v.Export = "/debits/forecast?" + query.Encode()
	for _, d := range list {
		row := templates.ForecastRow{On: d.Day, Number: d.Number, Satang: d.Satang, LikelySatang: d.LikelySatang, PausedSatang: d.PausedSatang}
		switch on := thai.DayOf(d.Day); closed.Closure(on) {
		case schedule.Weekend:
			row.Closed = text.T(ctx, "schedule.weekend")
		case schedule.Holiday:
			row.Closed = names[on]
		}
		v.Number, v.Satang, v.LikelySatang, v.PausedSatang = v.Number+d.Number, v.Satang+d.Satang, v.LikelySatang+d.LikelySatang, v.PausedSatang+d.PausedSatang
		v.Rows = append(v.Rows, row)
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits}, templates.Forecast(v))
}

// askForecast leads from the schedules that were ticked to the forecast without
// them.
func (a *App) askForecast(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	f.raw("key") // of the batches that the same list makes: looking ahead makes none
	ids, err := idsOf(f.list("id"))
	if err := errors.Join(f.check(), err); err != nil {
		return err
	}
	query := url.Values{}
	for _, id := range ids {
		query.Add("pause", id.String())
	}
	return a.seeOther(w, r, u, addressOf("/debits/forecast", query), text.Message{})
}

// maxPaused is how many schedules one question may leave out.
const maxPaused = 500

// idsOf reads ids that a page put into its own address.
func idsOf(list []string) (ids []store.ID, err error) {
	if len(list) > maxPaused {
		return nil, &requestError{"too many ids"}
	}
	for _, s := range list {
		id, err := uuid.Parse(s)
		if err != nil {
			return nil, &requestError{"no id"}
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// sendForecast writes the forecast as a file that a spreadsheet opens.
func sendForecast(ctx context.Context, w http.ResponseWriter, today thai.Day, list []store.Forecast) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="forecast-`+today.String()+`.csv"`)
	_, err := w.Write([]byte("\xef\xbb\xbf"))
	out := csv.NewWriter(w)
	rows := [][]string{{text.T(ctx, "schedule.on"), text.T(ctx, "schedule.number_of"), text.T(ctx, "schedule.expected"), text.T(ctx, "schedule.likely")}}
	for _, d := range list {
		rows = append(rows, []string{d.Day.Format(time.DateOnly), strconv.Itoa(d.Number), plainBaht(d.Satang), plainBaht(d.LikelySatang)})
	}
	return errors.Join(err, out.WriteAll(rows))
}

// plainBaht is an amount without groups, for a spreadsheet.
func plainBaht(satang int64) string {
	s := strconv.FormatInt(satang/100, 10) + "."
	if c := satang % 100; c < 10 {
		return s + "0" + strconv.FormatInt(c, 10)
	}
	return s + strconv.FormatInt(satang%100, 10)
}
