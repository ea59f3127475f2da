package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// differenceRows is how many differences of a day are shown.
const differenceRows = 200

// showDebitMonth compares, day by day of a month, what we say was taken with the
// payments of it and with the bank's list.
func (a *App) showDebitMonth(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	typed := f.raw("month")
	if err := f.check(); err != nil {
		return err
	}
	today := a.today()
	first := time.Date(today.Year, today.Month, 1, 0, 0, 0, 0, time.UTC)
	if typed != "" {
		month, err := time.Parse("2006-01", typed)
		if err != nil || month.Year() < 2000 || month.Year() > 2200 {
			return store.ErrNotFound
		}
		first = month
	}
	ctx := r.Context()
	v := templates.DebitMonthView{
		Month: text.Month(ctx, first), Today: midnight(today).Format(time.DateOnly),
		Earlier: "/debit-days?month=" + first.AddDate(0, -1, 0).Format("2006-01"), Later: "/debit-days?month=" + first.AddDate(0, 1, 0).Format("2006-01"),
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		days, err := q.DebitDaySums(first, first.AddDate(0, 1, -1))
		for _, d := range days {
			v.Days = append(v.Days, debitDayRow(d))
			v.TakenSatang += d.TakenSatang
			v.PaymentsSatang += d.PaymentsSatang
			v.BankSatang += d.BankSatang
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: a.debitHeader(ctx, u, tabDays, v.Header(ctx)), Area: areaDebits}, templates.DebitMonth(v))
}

func debitDayRow(d store.DebitDaySum) templates.DebitDayRow {
	return templates.DebitDayRow{
		Href: "/debit-days/" + d.OnDay.Format(time.DateOnly), On: d.OnDay, Taken: d.Taken, TakenSatang: d.TakenSatang, Failed: d.Failed, Unknown: d.Unknown,
		PaymentsSatang: d.PaymentsSatang, Asked: d.AnsweredAt != nil, BankSatang: d.BankSatang, Agrees: d.Agrees(),
	}
}

// showDebitDay shows where the bank's list of a day and our own do not agree.
func (a *App) showDebitDay(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	day, err := dayOfPath(r, "day")
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.DebitDayView{Day: day, Path: "/debit-days/" + day.Format(time.DateOnly), MayAsk: u.can(store.Maker) || u.can(store.Checker)}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error { return fillDebitDay(ctx, q, day, &v) })
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits}, templates.DebitDay(v))
}

func fillDebitDay(ctx context.Context, q *store.Query, day time.Time, v *templates.DebitDayView) error {
	sums, err := q.DebitDaySums(day, day)
	if err != nil {
		return err
	}
	if len(sums) > 0 {
		v.Sum = debitDayRow(sums[0])
	}
	d, err := q.DebitDay(day)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	v.AskedAt = d.AskedAt
	if v.Asking, err = q.Asking(store.About("debitday", d.ID)); err != nil || d.AnsweredAt == nil {
		return err
	}
	v.Answered = true
	found, err := q.DebitDayDifferences(d, differenceRows)
	for _, x := range found {
		row := templates.DebitDifference{Payer: x.PayerName, Reference: x.Reference, Ours: x.OursSatang, Bank: x.BankSatang, BankSays: x.Status}
		if x.DebitID.Valid {
			row.Href = debitHref(x.DebitID.UUID)
		}
		if x.State != "" {
			row.WeSay = text.T(ctx, text.Prefix("debits.state.")+x.State)
		}
		if key := text.Prefix("debits.bank_state.") + x.Status; x.Status != "" && text.Has(key) {
			row.BankSays = text.T(ctx, key)
		}
		v.Rows = append(v.Rows, row)
	}
	return err
}

// askDebitDay asks the bank for its list of a day.
func (a *App) askDebitDay(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	day, err := dayOfPath(r, "day")
	if err != nil {
		return err
	}
	here := "/debit-days/" + day.Format(time.DateOnly)
	if thai.DayOf(day).Compare(a.today()) > 0 {
		return a.seeOther(w, r, u, here, text.Msg("debits.day_to_come"))
	}
	err = a.Teller.AskDebitDay(r.Context(), u.actor(), day)
	switch {
	case errors.Is(err, store.ErrAsking):
		return a.seeOther(w, r, u, here, text.Msg("debits.asking"))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, here, text.Msg("debits.asked"))
}
