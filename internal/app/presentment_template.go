package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// listTemplates shows the bills that come again, and which are due.
func (a *App) listTemplates(w http.ResponseWriter, r *http.Request, u user) error {
	ctx, today := r.Context(), midnight(a.today())
	if err := readQuery(r).check(); err != nil {
		return err
	}
	var list []store.Template
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		list, err = q.Templates()
		return err
	})
	if err != nil {
		return err
	}
	v := templates.TemplateListView{}
	for _, m := range list {
		values, err := url.ParseQuery(m.Typed)
		if err != nil {
			return err
		}
		row := templates.TemplateRow{
			ID: m.ID.String(), Name: m.Name, Buyer: values.Get("buyer_name"), Items: strings.Join(values["line_description"], ", "),
			Rule: templateRule(ctx, m), By: m.MadeByName,
		}
		if m.NextOn != nil {
			row.Next, row.Due = *m.NextOn, !m.NextOn.After(today)
			row.Soon = !row.Due && m.NextOn.Year() == today.Year() && m.NextOn.Month() == today.Month()
		}
		if row.Due {
			v.Due++
		}
		v.Rows = append(v.Rows, row)
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaPresentments}, templates.TemplateList(v))
}

func templateRule(ctx context.Context, m store.Template) string {
	switch {
	case m.Every == store.TemplateMonth && m.OnDay == 31:
		return text.T(ctx, "form.template.month_end")
	case m.Every == store.TemplateMonth:
		return text.T(ctx, "form.template.monthly", "day", m.OnDay)
	case m.Every == store.TemplateWeeks:
		return text.T(ctx, "form.template.weekly", "weeks", m.Weeks)
	}
	return text.T(ctx, "form.template.by_hand")
}

// nextDraft is the day on which a template is due after the given one.
func nextDraft(m store.Template, last, after thai.Day) *time.Time {
	var next time.Time
	switch m.Every {
	case store.TemplateMonth:
		next = midnight(bill.NextMonthly(after, m.OnDay))
	case store.TemplateWeeks:
		next = midnight(bill.NextWeekly(last, after, m.Weeks))
	default:
		return nil
	}
	return &next
}

// templateOf is what to type for a bill like this one, whenever that is.
func templateOf(ctx context.Context, p store.Presentment) url.Values {
	v := typedBill(ctx, p)
	on := thai.DayOf(p.DocumentOn)
	days := int(p.DueOn.Sub(p.DocumentOn).Hours() / 24)
	v.Set("credit_days", strconv.Itoa(days))
	for _, field := range []string{"version", "document_on", "due_on"} {
		v.Del(field)
	}
	names := strings.NewReplacer(
		on.MonthName(), "{เดือน}", strconv.Itoa(on.BuddhistYear()), "{ปี}", on.Month.String(), "{month}", strconv.Itoa(on.Year), "{year}",
	)
	for i, d := range v["line_description"] {
		v["line_description"][i] = names.Replace(d)
	}
	v.Set("remark", names.Replace(v.Get("remark")))
	return v
}

// typedFor is a template's form on a day, with the given number.
func typedFor(m store.Template, number string, on thai.Day) (*presentmentForm, error) {
	v, err := url.ParseQuery(m.Typed)
	if err != nil {
		return nil, err
	}
	names := strings.NewReplacer(
		"{เดือน}", on.MonthName(), "{ปี}", strconv.Itoa(on.BuddhistYear()), "{month}", on.Month.String(), "{year}", strconv.Itoa(on.Year),
	)
	for i, d := range v["line_description"] {
		v["line_description"][i] = names.Replace(d)
	}
	v.Set("remark", names.Replace(v.Get("remark")))
	v.Set("do", "save")
	v.Set("version", "0")
	v.Set("number", number)
	v.Set("document_on", on.String())
	v.Set("due_on", "")
	return typedForm(v), nil
}

// errTemplate means that a template's draft would not be a valid bill.
var errTemplate = errors.New("the template makes no valid bill any more")

// draftFrom makes the draft of a template and sets its next day.
func (a *App) draftFrom(tx *store.Tx, m store.Template) (store.Presentment, error) {
	typed, err := url.ParseQuery(m.Typed)
	if err != nil {
		return store.Presentment{}, err
	}
	number, err := nextNumber(tx.Query, typed.Get("number"))
	if err != nil {
		return store.Presentment{}, errors.Join(errTemplate, err)
	}
	merchant, err := tx.Merchant()
	if err != nil {
		return store.Presentment{}, err
	}
	today := a.today()
	f, err := typedFor(m, number, today)
	if err != nil {
		return store.Presentment{}, err
	}
	f.judge(today, merchant.TaxID)
	if !f.valid() || f.broken != nil {
		return store.Presentment{}, errTemplate
	}
	f.read.ID, f.read.Editors = store.NewID(), m.Authors
	if err := tx.AddPresentment(f.read); err != nil {
		return store.Presentment{}, err
	}
	typed.Set("number", number)
	last, made := today, midnight(today)
	if m.NextOn != nil {
		last = thai.DayOf(*m.NextOn)
	}
	m.Typed, m.LastMadeOn = typed.Encode(), &made
	if m.NextOn == nil || !m.NextOn.After(made) {
		m.NextOn = nextDraft(m, last, today)
	}
	return f.read, tx.TemplateMade(m)
}

// createDraft makes one draft of a template now and opens it.
func (a *App) createDraft(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	var p store.Presentment
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		m, err := tx.Template(id)
		if err != nil {
			return err
		}
		p, err = a.draftFrom(tx, m)
		return err
	})
	if errors.Is(err, errTemplate) {
		return a.seeOther(w, r, u, "/presentments/templates", text.Msg("form.template.invalid"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, billHref(p.ID)+"/edit", text.Msg("form.template.drafted", "number", p.DocumentNumber))
}

// createDueDrafts makes a draft of each template whose day has come, in the
// name of whoever asks: nobody else may stand as its maker. It submits none.
func (a *App) createDueDrafts(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	var made, invalid int
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		made, invalid = 0, 0
		due, err := tx.LockDueTemplates(midnight(a.today()))
		if err != nil {
			return err
		}
		for _, m := range due {
			switch _, err := a.draftFrom(tx, m); {
			case errors.Is(err, errTemplate):
				invalid++
			case err != nil:
				return err
			default:
				made++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if invalid > 0 {
		return a.seeOther(w, r, u, "/presentments/templates", text.Msg("form.template.some_made", "made", made, "invalid", invalid))
	}
	return a.seeOther(w, r, u, "/presentments?mine=1&state=draft", text.Msg("form.template.all_made", "made", made))
}

// dropTemplate removes a template; its drafts stay.
func (a *App) dropTemplate(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		m, err := tx.Template(id)
		if err != nil {
			return err
		}
		return tx.DropTemplate(m)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/presentments/templates", text.Msg("form.template.dropped"))
}

// explainRounding shows how amounts are rounded, and the rates in force.
func (a *App) explainRounding(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	today := a.today()
	rate, err := bill.RateOn(today)
	if err != nil {
		return err
	}
	v := templates.RoundingView{On: midnight(today), VAT: rate.Percent.String(), Tentative: !rate.Confirmed, Incomes: incomesOn(today)[1:]}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaPresentments}, templates.Rounding(v))
}
