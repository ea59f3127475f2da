package app

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// monthsShown is how many months a page of the list has.
const monthsShown = 12

// monthsAdded is for how many open months the list adds the output tax up
// whatever they hold: who closes every month has no more. Older ones are added
// up too while all together have no more bills than billsAdded, and beyond that
// on their own pages.
const (
	monthsAdded = 3
	billsAdded  = 100_000
)

// presentedStates are the states of bills that their buyers have.
var presentedStates = []string{store.PresentmentPresented, store.PresentmentIncomplete, store.PresentmentUnknown}

// pathMonth reads the month that a page is about.
func pathMonth(r *http.Request) (time.Time, error) {
	month, ok := parseMonth(r.PathValue("month"))
	if !ok {
		return month, store.ErrNotFound
	}
	return month, nil
}

// thisMonth is the first day of the month in Thailand.
func (a *App) thisMonth() time.Time {
	today := a.today()
	return time.Date(today.Year, today.Month, 1, 0, 0, 0, 0, time.UTC)
}

// listMonths shows the tax months, the newest first.
func (a *App) listMonths(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	newest := a.thisMonth()
	if s := f.raw("before"); s != "" {
		before, ok := parseMonth(s)
		if !ok {
			f.broken = &requestError{"no such month"}
		}
		newest = before.AddDate(0, -1, 0)
	}
	if err := f.check(); err != nil {
		return err
	}
	oldest := newest.AddDate(0, 1-monthsShown, 0)
	var first time.Time
	var billed map[time.Time]store.Figure
	closed := map[time.Time]store.MonthClosing{}
	vat := map[time.Time]int64{}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if first, err = q.FirstMonth(); err != nil {
			return err
		}
		if billed, _, err = q.FiguresByDay(presentedStates, oldest, nil); err != nil {
			return err
		}
		list, err := q.MonthClosings(oldest, newest)
		for _, c := range list {
			closed[c.Month.UTC()], vat[c.Month.UTC()] = c, c.VATSatang
		}
		if err != nil {
			return err
		}
		added, err := q.MonthsVAT(monthsToAdd(newest, oldest, first, closed, billed))
		for _, m := range added {
			vat[m.Month.UTC()] = m.VATSatang
		}
		return err
	})
	if err != nil {
		return err
	}
	var v templates.MonthListView
	for m := newest; !m.Before(oldest) && !first.IsZero() && !m.Before(first); m = m.AddDate(0, -1, 0) {
		row := monthRow(ctx, m, a.thisMonth(), billed[m], closed)
		if tax, known := vat[m]; known {
			row.VAT = text.Amount(tax)
		}
		v.Rows = append(v.Rows, row)
	}
	if r.URL.Query().Has("before") {
		v.Pager.First = "/months"
	}
	if !first.IsZero() && first.Before(oldest) {
		v.Pager.Next = "/months?" + url.Values{"before": {oldest.Format(monthForm)}}.Encode()
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaMonths, Part: templates.MonthListPart}, templates.MonthList(v))
}

// monthsToAdd are the open months of a page whose output tax is added up.
func monthsToAdd(newest, oldest, first time.Time, closed map[time.Time]store.MonthClosing, billed map[time.Time]store.Figure) (months []time.Time) {
	bills := int64(0)
	for m := newest; !m.Before(oldest) && !first.IsZero() && !m.Before(first); m = m.AddDate(0, -1, 0) {
		if _, ok := closed[m]; ok {
			continue
		}
		if bills += billed[m].Number; len(months) >= monthsAdded && bills > billsAdded {
			break
		}
		months = append(months, m)
	}
	return months
}

func monthRow(ctx context.Context, m, current time.Time, billed store.Figure, closed map[time.Time]store.MonthClosing) templates.MonthRow {
	row := templates.MonthRow{
		Href: "/months/" + m.Format(monthForm), Name: text.Month(ctx, m), Bills: text.Int(billed.Number), Billed: text.Amount(billed.Satang),
		Status: ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "month.open")},
	}
	if m.Equal(current) {
		row.Status = ui.Status{Meaning: ui.Info, Label: text.T(ctx, "month.running")}
	}
	if c, ok := closed[m]; ok {
		row.Status = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "month.closed")}
		row.ClosedBy, row.ClosedAt = c.ClosedByName, c.ClosedAt
	}
	return row
}

// showMonth shows what was issued and received in a tax month, what is open
// about it, and the report of output tax.
func (a *App) showMonth(w http.ResponseWriter, r *http.Request, u user) error {
	month, err := pathMonth(r)
	if err != nil {
		return err
	}
	return a.monthPage(w, r, u, month, http.StatusOK, "")
}

func (a *App) monthPage(w http.ResponseWriter, r *http.Request, u user, month time.Time, status int, refusal string) error {
	ctx := r.Context()
	f := readQuery(r)
	from := taxCursorOf(f)
	if err := f.check(); err != nil {
		return err
	}
	v := templates.MonthView{
		Month: month.Format(monthForm), Name: text.Month(ctx, month), At: a.Clock(), Refusal: refusal, MayClose: u.can(store.Checker),
		English: text.From(ctx).Lang == text.EN, Continued: !from.On.IsZero(), Documents: "/documents?month=" + month.Format(monthForm),
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		now, err := q.MonthFigures(month)
		if err != nil {
			return err
		}
		closing, closed, err := q.MonthClosing(month)
		if err != nil {
			return err
		}
		openFrom, err := q.OpenFrom()
		if err != nil {
			return err
		}
		issues, err := q.MonthIssues(month)
		if err != nil {
			return err
		}
		list, more, err := q.OutputTax(store.MonthSpan(month), from, pageRows)
		v.Figures = monthFigures(ctx, now)
		v.Closed, v.Covered = closed, !closed && month.Before(openFrom)
		if closed {
			v.ClosedBy, v.ClosedAt, v.Figures = closing.ClosedByName, closing.ClosedAt, monthFigures(ctx, closing.MonthFigures)
			v.Differences = monthDifferences(ctx, closing.MonthFigures, now)
		}
		a.tellIssues(ctx, &v, u, issues, month)
		v.Rows = taxRows(ctx, list)
		if more {
			last := list[len(list)-1]
			v.Pager.Next = "/months/" + v.Month + "?" + url.Values{"on": {last.OnDay.Format(time.DateOnly)}, "number": {last.Number}, "id": {last.ID.String()}}.Encode()
		}
		if v.Continued {
			v.Pager.First = "/months/" + v.Month
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaMonths, Status: status}, templates.Month(v))
}

// taxCursorOf reads a place in the report.
func taxCursorOf(f *form) store.TaxCursor {
	on, number, id := f.raw("on"), f.raw("number"), f.id("id")
	if on == "" {
		return store.TaxCursor{}
	}
	day, err := time.Parse(time.DateOnly, on)
	if err != nil {
		f.broken = &requestError{"unreadable place in a list"}
	}
	return store.TaxCursor{On: day, Number: number, ID: id}
}

// issueHrefs are where the issues of a month are dealt with, if that page is
// built. The month's days follow.
var issueHrefs = map[string]string{
	"books": "/payments/books", "waiting_payments": "/payments?state=waiting", "unreceipted": "/receipts/missing", "certificates": "/payments/certificates", "moving_bills": "/presentments",
	"incomplete": "/presentments?state=incomplete", "moving_receipts": "/receipts", "moving_etax": "/etax", "unacknowledged": "/etax", "failed_etax": "/etax", "voided": "/numbers",
	"gaps": "/numbers", "earlier": "/months",
}

func (a *App) tellIssues(ctx context.Context, v *templates.MonthView, u user, issues []store.MonthIssue, month time.Time) {
	for _, i := range issues {
		if v.Closed && i.Issue != "gaps" && !after[i.Issue] {
			continue
		}
		if i.Issue == "own" && !v.MayClose {
			continue
		}
		line := templates.MonthIssue{Text: text.N(ctx, text.Prefix("month.issue.")+i.Issue, int(i.Number)), Blocks: i.Blocks}
		if href := issueHrefs[i.Issue]; href != "" {
			if target, err := url.Parse(href); err == nil && a.opens(u, target.Path) {
				line.Href = href
			}
		}
		v.Issues = append(v.Issues, line)
		v.Blocked = v.Blocked || i.Blocks
	}
	v.Blocked = v.Blocked || v.Covered || !month.Before(a.thisMonth())
}

// after are the issues that may still be dealt with once the month is closed.
var after = map[string]bool{"voided": true, "unreceipted": true, "certificates": true, "unacknowledged": true, "failed_etax": true, "incomplete": true, "drafts": true}

// createClosing closes a month for good.
func (a *App) createClosing(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	month, err := pathMonth(r)
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { _, err := tx.CloseMonth(month); return err })
	for constraint, key := range map[string]string{
		"month_has_nothing_open": text.K("month.refused.open"), "month_is_closed_by_another": text.K("month.refused.own"),
		"month_is_closed_forward": text.K("month.refused.forward"), "month_is_closed_on_duty": text.K("month.refused.duty"),
	} {
		if store.Violated(err, constraint) {
			return a.monthPage(w, r, u, month, http.StatusConflict, text.T(ctx, key))
		}
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/months/"+month.Format(monthForm), text.Msg("month.closed_now", "month", text.Month(ctx, month)))
}

// inClosedMonth reports whether nothing may be dated on this day any more.
func inClosedMonth(q *store.Query, on time.Time) (bool, error) {
	from, err := q.OpenFrom()
	return on.Before(from), err
}

// monthClosed reports whether a document was refused for its date, and what to
// say at the field.
func monthClosed(err error) (text.Message, bool) {
	if !store.Violated(err, store.MonthIsOpen) {
		return text.Message{}, false
	}
	return text.Msg("month.date_closed"), true
}
