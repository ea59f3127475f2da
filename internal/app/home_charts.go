package app

import (
	"context"
	"math"
	"net/url"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// billedStates are those of bills that a buyer has been asked to pay.
var billedStates = []string{store.PresentmentPresented, store.PresentmentIncomplete}

const (
	chartMonths  = 12
	approvalDays = 30
)

// stateChart shows how many bills are in which state.
func stateChart(ctx context.Context, figures map[string]store.Figure) templates.HomeChart {
	c := templates.HomeChart{ID: "by-state", Title: text.T(ctx, "home.by_state"), Counts: true}
	for _, state := range store.ListedStates {
		f := figures[state]
		if f.Number == 0 {
			continue
		}
		s := presentmentStatus(ctx, state)
		c.Rows = append(c.Rows, templates.HomeFigure{
			Label: s.Label, Number: f.Number, Satang: f.Satang, Meaning: s.Meaning, Href: billsHref([]string{state}, "", store.Span{}),
		})
	}
	return c
}

// firstMonth is the first of the months that the chart shows.
func firstMonth(today thai.Day) time.Time {
	return time.Date(today.Year, today.Month-chartMonths+1, 1, 0, 0, 0, 0, time.UTC)
}

// monthChart shows what was billed in each of the last months.
func monthChart(ctx context.Context, today thai.Day, figures map[time.Time]store.Figure) templates.HomeChart {
	c := templates.HomeChart{ID: "by-month", Title: text.T(ctx, "home.by_month"), Help: text.T(ctx, "home.by_month_help")}
	for n := range chartMonths {
		first := firstMonth(today).AddDate(0, n, 0)
		f := figures[first]
		c.Rows = append(c.Rows, templates.HomeFigure{
			Label: text.Month(ctx, first), Number: f.Number, Satang: f.Satang,
			Href: billsHref(billedStates, "on", store.Span{First: first, Last: first.AddDate(0, 1, -1)}),
		})
	}
	return c
}

// dueAges are the spans of the chart of due days, counted from today; the
// first has no beginning.
var dueAges = []struct {
	key         string
	first, last int
	meaning     ui.Meaning
}{
	{text.K("home.due.over_90"), -36500, -91, ui.Bad}, {text.K("home.due.over_60"), -90, -61, ui.Bad}, {text.K("home.due.over_30"), -60, -31, ui.Warning},
	{text.K("home.due.over"), -30, -1, ui.Warning}, {text.K("home.due.today"), 0, 0, ui.Info}, {text.K("home.due.week"), 1, 7, ui.Neutral},
	{text.K("home.due.fortnight"), 8, 14, ui.Neutral}, {text.K("home.due.month"), 15, 30, ui.Neutral},
}

func dueSpans(today thai.Day) []store.Span {
	spans := make([]store.Span, len(dueAges))
	for i, age := range dueAges {
		spans[i] = store.Span{First: midnight(today).AddDate(0, 0, age.first), Last: midnight(today).AddDate(0, 0, age.last)}
	}
	return spans
}

// dueChart shows what is overdue and for how long, and what is due soon.
func dueChart(ctx context.Context, today thai.Day, figures []store.Figure) templates.HomeChart {
	c := templates.HomeChart{ID: "by-due", Title: text.T(ctx, "home.by_due"), Help: text.T(ctx, "home.by_due_help")}
	for i, span := range dueSpans(today) {
		if i == 0 {
			span.First = time.Time{} // the list needs no beginning
		}
		c.Rows = append(c.Rows, templates.HomeFigure{
			Label: text.T(ctx, dueAges[i].key), Number: figures[i].Number, Satang: figures[i].Satang, Meaning: dueAges[i].meaning,
			Href: billsHref(billedStates, "due", span) + "&unpaid=1",
		})
	}
	return c
}

// paces are the spans of the chart of days from the draft to the bank.
var paces = []struct {
	most    int // days; the last span has no end
	key     string
	meaning ui.Meaning
}{
	{0, text.K("home.pace.same_day"), ui.Good}, {1, text.K("home.pace.next_day"), ui.Good}, {3, text.K("home.pace.three"), ui.Info},
	{7, text.K("home.pace.week"), ui.Warning}, {math.MaxInt, text.K("home.pace.longer"), ui.Bad},
}

// paceChart shows how long the latest bills took from the draft to the bank.
func paceChart(ctx context.Context, counted []store.Pace) templates.HomeChart {
	c := templates.HomeChart{ID: "pace", Title: text.T(ctx, "home.by_pace"), Counts: true, NoSums: true}
	all := 0
	for _, p := range counted {
		all += p.Number
	}
	for _, span := range paces {
		c.Rows = append(c.Rows, templates.HomeFigure{Label: text.T(ctx, span.key), Meaning: span.meaning})
	}
	soFar, half := 0, -1
	for _, p := range counted {
		for n, span := range paces {
			if p.Days <= span.most {
				c.Rows[n].Number += int64(p.Number)
				break
			}
		}
		if soFar += p.Number; half < 0 && soFar*2 >= all {
			half = max(0, p.Days)
		}
	}
	switch {
	case half == 0:
		c.Help = text.T(ctx, "home.pace_half_same_day", "bills", all)
	case half > 0:
		c.Help = text.T(ctx, "home.pace_half", "bills", all, "days", half)
	}
	return c
}

// approvalChart shows who approved how much lately. Whoever may read the trail
// finds every one of them there.
func (a *App) approvalChart(ctx context.Context, u user, today thai.Day, approvers []store.Approver) templates.HomeChart {
	c := templates.HomeChart{ID: "approvals", Title: text.T(ctx, "home.approvals", "days", approvalDays), Counts: true, NoSums: true}
	for _, p := range approvers {
		f := templates.HomeFigure{Label: p.Name, Number: p.Number}
		if a.opens(u, "/audit") {
			f.Href = "/audit?" + url.Values{
				"person": {p.ID.String()}, "group": {"requests"}, "from": {midnight(today).AddDate(0, 0, -approvalDays).Format(time.DateOnly)},
			}.Encode()
		}
		c.Rows = append(c.Rows, f)
	}
	return c
}
