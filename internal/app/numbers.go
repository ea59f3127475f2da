package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// listSeries shows how documents are numbered, with the next number of each
// kind.
func (a *App) listSeries(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx, today := r.Context(), midnight(a.today())
	v := templates.SeriesListView{MayChange: u.can(store.Admin)}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.AllSeries(today)
		for _, s := range list {
			row := templates.SeriesRow{Href: "/numbers/" + s.ID.String(), Kind: s.Kind, Branch: s.Branch, Next: s.Next, Restarts: s.Restarts, LastOn: s.LastOn}
			if s.Last != nil {
				row.Last = *s.Last
			}
			v.Rows = append(v.Rows, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaReceipts}, templates.SeriesList(v))
}

// showSeries shows every number of a series, whether any is missing, and how
// its numbers look and looked.
func (a *App) showSeries(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	from, voided := cursorOf(f), f.flag("void")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.SeriesView{ID: id.String(), Voided: voided, MayChange: u.can(store.Admin)}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error { return fillSeries(ctx, q, &v, id, from, midnight(a.today())) })
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaReceipts}, templates.Series(v))
}

func fillSeries(ctx context.Context, q *store.Query, v *templates.SeriesView, id store.ID, from store.InstructionCursor, today time.Time) error {
	s, err := q.OneSeries(id, today)
	if err != nil {
		return err
	}
	v.Kind, v.Branch, v.Next = s.Kind, s.Branch, s.Next
	periods, err := q.Periods(id)
	if err != nil {
		return err
	}
	for _, p := range periods {
		v.Periods = append(v.Periods, templates.SeriesPeriod{
			Name: periodName(ctx, p.Period), First: p.First, Last: p.Last, Given: p.Given, Voided: p.Voided, Missing: p.Missing,
		})
	}
	patterns, err := q.Patterns(id)
	if err != nil {
		return err
	}
	for _, p := range patterns {
		look, err := q.LookOfNumber(p, latest(p.FromOn, today), 1)
		if err != nil {
			return err
		}
		v.Patterns = append(v.Patterns, templates.SeriesPattern{Look: look, FromOn: p.FromOn, Restarts: p.Restarts, By: value(p.SetByName), At: p.SetAt})
	}
	list, more, err := q.Numbers(id, v.Voided, store.NumberCursor(from), presentmentPageSize)
	if err != nil {
		return err
	}
	for _, n := range list {
		row := templates.NumberRow{Number: n.Number, On: n.OnDay, At: n.GivenAt, By: n.GivenByName, VoidedAt: n.VoidedAt, VoidedBy: value(n.VoidedByName), Cause: value(n.VoidCause), Note: n.VoidNote}
		if n.Subject.Kind() == "receipt" {
			row.Href = receiptHref(n.Subject.ID())
		}
		v.Rows = append(v.Rows, row)
	}
	here := "/numbers/" + v.ID
	query := url.Values{}
	if v.Voided {
		query.Set("void", "1")
	}
	if !from.At.IsZero() {
		v.Pager.First = addressOf(here, query)
	}
	if more {
		last := list[len(list)-1]
		v.Pager.Next = addressAfter(here, query, last.GivenAt, last.ID)
	}
	return nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// periodName is a period as people call it: all, a year, or a month.
func periodName(ctx context.Context, period string) string {
	if on, err := time.Parse("2006-01", period); err == nil {
		return text.Month(ctx, on)
	}
	if year, err := strconv.Atoi(period); err == nil {
		return text.T(ctx, "number.year", "be", strconv.Itoa(year+543), "ce", period)
	}
	return text.T(ctx, "number.never")
}

// The choices of a pattern.
var (
	patternYears      = []string{"", "BBBB", "BB", "CCCC", "CC"}
	patternSeparators = []string{"", "-", "/", "."}
	patternRestarts   = []string{"never", "year", "month"}
)

// newSeries is the form for a series of a branch and a kind that there is none
// of yet.
func (a *App) newSeries(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	var m store.Merchant
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) { m, err = q.Merchant(); return err })
	if err != nil {
		return err
	}
	f := readPattern(formOf(url.Values{
		"do": {"preview"}, "version": {"0"}, "kind": {store.NumberedKinds[0]}, "branch": {m.Branch}, "prefix": {"RC"}, "year": {"BB"}, "month": {"1"}, "separator": {"-"},
		"digits": {"4"}, "restarts": {"month"}, "first_no": {"1"}, "from_on": {text.Date(r.Context(), midnight(a.today()))},
	}), a.today())
	return a.patternPage(w, r, u, http.StatusOK, f, nil)
}

// editPattern is the form for how the numbers of a series shall look.
func (a *App) editPattern(w http.ResponseWriter, r *http.Request, u user) error {
	s, newest, err := a.seriesNamed(r, u)
	if err != nil {
		return err
	}
	p := newest
	f := readPattern(formOf(url.Values{
		"do": {"preview"}, "version": {strconv.Itoa(p.Version)}, "prefix": {p.Prefix}, "year": {p.Year}, "month": {map[bool]string{true: "1"}[p.Month]}, "separator": {p.Separator},
		"digits": {strconv.Itoa(p.Digits)}, "restarts": {p.Restarts}, "first_no": {"1"}, "from_on": {text.Date(r.Context(), latest(midnight(a.today()), p.FromOn))},
	}), a.today())
	return a.patternPage(w, r, u, http.StatusOK, f, &s)
}

func (a *App) seriesNamed(r *http.Request, u user) (s store.SeriesStanding, newest store.Pattern, err error) {
	id, err := pathID(r, "id")
	if err != nil {
		return s, newest, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		if s, err = q.OneSeries(id, midnight(a.today())); err != nil {
			return err
		}
		all, err := q.Patterns(id)
		if len(all) > 0 {
			newest = all[0]
		}
		return err
	})
	return s, newest, err
}

// patternForm is a pattern as it was typed, and what it means.
type patternForm struct {
	*form
	do, kind, branch string
	read             store.Pattern
}

func readPattern(f *form, today thai.Day) *patternForm {
	p := &patternForm{form: f, do: f.raw("do")}
	if f.raw("kind") != "" || f.raw("branch") != "" { // of a new series only
		p.kind = f.choice("kind", store.NumberedKinds...)
		branch, err := thai.ParseBranch(f.raw("branch"))
		if err != nil {
			f.fail("branch", text.Msg("presentment.error.branch"))
		}
		p.branch = string(branch)
	}
	p.read = store.Pattern{
		Version: f.hidden("version"), Prefix: f.text("prefix", required, maxLen(12), shaped(documentNumber, text.Msg("number.error.prefix"))),
		Year: f.choice("year", patternYears...), Month: f.flag("month"), Separator: f.choice("separator", patternSeparators...),
		Restarts: f.choice("restarts", patternRestarts...),
	}
	number := func(field string, least, most int) int {
		n, err := strconv.Atoi(strings.TrimSpace(f.raw(field)))
		if err != nil || n < least || n > most {
			f.fail(field, text.Msg("number.error.between", "least", least, "most", most))
			return least
		}
		return n
	}
	p.read.Digits, p.read.FirstNo = number("digits", 3, 10), number("first_no", 1, 999_999_999)
	p.read.FromOn = midnight(today)
	if on := f.day("from_on", today, required); !on.IsZero() {
		p.read.FromOn = midnight(on)
	}
	switch p.read.Restarts {
	case "":
		p.read.Restarts = "never"
	case "year", "month":
		if p.read.Year == "" || p.read.Restarts == "month" && !p.read.Month {
			f.fail("restarts", text.Msg("number.error.nameless"))
		}
	}
	return p
}

func (a *App) patternPage(w http.ResponseWriter, r *http.Request, u user, status int, f *patternForm, about *store.SeriesStanding) error {
	ctx := r.Context()
	v := templates.PatternFormView{
		Action: "/numbers", Version: f.read.Version, Branch: templates.Input{Value: f.raw("branch"), Error: f.errorOf(ctx, "branch")}, Kind: f.kind,
		Prefix: templates.Input{Value: f.raw("prefix"), Error: f.errorOf(ctx, "prefix")}, Year: f.read.Year, Month: f.read.Month, Separator: f.read.Separator,
		Digits: templates.Input{Value: f.raw("digits"), Error: f.errorOf(ctx, "digits")}, Restarts: templates.Input{Value: f.read.Restarts, Error: f.errorOf(ctx, "restarts")},
		First: templates.Input{Value: f.raw("first_no"), Error: f.errorOf(ctx, "first_no")}, Kinds: store.NumberedKinds, Errors: f.summary(ctx),
		From: templates.DayInput{Input: templates.Input{Value: f.raw("from_on"), Error: f.errorOf(ctx, "from_on")}, Day: readableDay(f.raw("from_on"), a.today())},
	}
	if about != nil {
		v.Kind, v.Series, v.Action = about.Kind, about.Branch, "/numbers/"+about.ID.String()+"/pattern"
		v.Back = "/numbers/" + about.ID.String()
	}
	series := store.NewID() // of none yet
	if about != nil {
		series = about.ID
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v.Preview, err = q.NextUnder(series, f.read, f.read.FromOn)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaReceipts, Status: status}, templates.PatternForm(v))
}

// createSeries begins a series as an administrator wants it.
func (a *App) createSeries(w http.ResponseWriter, r *http.Request, u user) error {
	f := readPattern(readForm(r), a.today())
	if err := f.check(); err != nil {
		return err
	}
	if f.kind == "" || f.branch == "" && f.valid() {
		return &requestError{"no kind of document"}
	}
	if f.do == "preview" || !f.valid() {
		return a.patternAgain(w, r, u, f, nil)
	}
	var id store.ID
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		id, err = tx.AddSeries(f.kind, f.branch, f.read)
		return err
	})
	if err != nil {
		return a.patternRefused(w, r, u, f, nil, err)
	}
	return a.seeOther(w, r, u, "/numbers/"+id.String(), text.Msg("number.saved"))
}

// setPattern has documents from a day on numbered in another way.
func (a *App) setPattern(w http.ResponseWriter, r *http.Request, u user) error {
	s, _, err := a.seriesNamed(r, u)
	if err != nil {
		return err
	}
	f := readPattern(readForm(r), a.today())
	if err := f.check(); err != nil {
		return err
	}
	if f.do == "preview" || !f.valid() {
		return a.patternAgain(w, r, u, f, &s)
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.SetPattern(s.Series, f.read) })
	if err != nil {
		return a.patternRefused(w, r, u, f, &s, err)
	}
	return a.seeOther(w, r, u, "/numbers/"+s.ID.String(), text.Msg("number.saved"))
}

func (a *App) patternAgain(w http.ResponseWriter, r *http.Request, u user, f *patternForm, about *store.SeriesStanding) error {
	status := http.StatusOK
	if !f.valid() {
		status = http.StatusUnprocessableEntity
	}
	return a.patternPage(w, r, u, status, f, about)
}

// patternRefused says at its field what the schema would not take.
func (a *App) patternRefused(w http.ResponseWriter, r *http.Request, u user, f *patternForm, about *store.SeriesStanding, err error) error {
	switch {
	case errors.Is(err, store.ErrStale):
		f.fail("", text.Msg("number.error.stale"))
	case store.Violated(err, "series_is_unique"):
		f.fail("branch", text.Msg("number.error.exists"))
	case store.Violated(err, "pattern_never_applies_backwards"):
		f.fail("from_on", text.Msg("number.error.backwards"))
	case store.Violated(err, "pattern_gives_new_numbers"):
		f.fail("first_no", text.Msg("number.error.given"))
	case store.Violated(err, "prefix_is_as_the_bank_allows"):
		f.fail("prefix", text.Msg("number.error.prefix"))
	default:
		return err
	}
	return a.patternPage(w, r, u, http.StatusUnprocessableEntity, f, about)
}
