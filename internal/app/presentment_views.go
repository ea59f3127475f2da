package app

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// billFilters are the fields of the filter as they were filled in.
func billFilters(ctx context.Context, f *form, p billPlace) templates.PresentmentFilters {
	input := func(field, value string) templates.Input {
		return templates.Input{Value: value, Error: f.errorOf(ctx, field)}
	}
	v := templates.PresentmentFilters{
		Open: !f.valid(), Href: addressOf("/presentments/filter", p.values()), Hidden: hiddenFields(p), Kept: keptFields(p), TaxID: input("tax_id", f.raw("tax_id")), Mine: p.Mine, Fault: p.Fault, Owed: p.Owed,
		AmountFrom: input("amount_from", p.Amounts[0]), AmountTo: input("amount_to", p.Amounts[1]),
		On:  periodFields(ctx, f, templates.PresentmentFilterForm, "on", text.T(ctx, "presentment.on"), p.On, thisMonth, lastMonth),
		Due: periodFields(ctx, f, templates.PresentmentFilterForm, "due", text.T(ctx, "presentment.due"), p.Due, overdue, thisMonth, lastMonth, nextWeek),
	}
	for _, d := range store.BuyerDecisions {
		v.Decisions = append(v.Decisions, ui.Choice{Value: d, Label: buyerStatus(ctx, d).Label, Checked: slices.Contains(p.Decided, d)})
	}
	for _, state := range store.PresentmentStates {
		v.States = append(v.States, ui.Choice{Value: state, Label: presentmentStatus(ctx, state).Label, Checked: slices.Contains(p.Asked, state)})
	}
	return v
}

// periodFields are the fields of a period, in the form with the search.
func periodFields(ctx context.Context, f *form, of, name, label string, p period, presets ...string) templates.PresentmentPeriod {
	today := thai.Today(text.From(ctx).Now)
	v := templates.PresentmentPeriod{Form: of, Name: name, Label: label, Preset: p.Preset}
	for _, preset := range presets {
		v.Presets = append(v.Presets, ui.Option{Value: preset, Label: text.T(ctx, text.Prefix("list.period.")+preset)})
	}
	day := func(field string, on thai.Day, typed string) templates.DayInput {
		return templates.DayInput{Input: templates.Input{Value: shownDay(ctx, on, typed), Error: f.errorOf(ctx, field)}, Readings: readings(typed, today)}
	}
	v.From, v.To = day(name+"_from", p.From, p.Typed[0]), day(name+"_to", p.To, p.Typed[1])
	return v
}

// readPlace reads the address of a list for something beside it.
func (a *App) readPlace(r *http.Request, u user) (*form, billPlace, error) {
	f := readQuery(r)
	p := billPlace{View: f.raw("view"), billQuery: a.readBillQuery(f, u.person.ID)}
	return f, p, f.check()
}

// showFilter is the panel with the filter: in place when it is opened, and a
// page of its own without scripts.
func (a *App) showFilter(w http.ResponseWriter, r *http.Request, u user) error {
	f, p, err := a.readPlace(r, u)
	if err != nil {
		return err
	}
	v := templates.FilterView{Filters: billFilters(r.Context(), f, p), Query: p.Query}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaPresentments, Part: templates.ListFilterPart}, templates.Filter(v))
}

// hiddenFields are all that is chosen on the list besides the search.
func hiddenFields(p billPlace) url.Values {
	all := p.values()
	all.Del("q")
	return all
}

// keptFields are the fields of the list that its filter panel does not have.
func keptFields(p billPlace) url.Values {
	all, kept := p.values(), url.Values{}
	for _, name := range []string{"sort", "dir", "view", "import"} {
		if all.Has(name) {
			kept[name] = all[name]
		}
	}
	return kept
}

// showViews is the panel with views and columns, as showFilter is that with
// the filter.
func (a *App) showViews(w http.ResponseWriter, r *http.Request, u user) error {
	_, p, err := a.readPlace(r, u)
	if err != nil {
		return err
	}
	l := billList{place: p}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		return a.openView(q, u, &l)
	})
	if err != nil {
		return err
	}
	v := viewPanel(r.Context(), u, l)
	v.Roomy = u.roomy
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaPresentments, Part: templates.ListViewsPart}, templates.Views(v))
}

// viewPanel is where a person chooses columns and keeps views.
func viewPanel(ctx context.Context, u user, l billList) templates.ListViews {
	v := l.panel(u)
	v.Href = addressOf("/presentments/views", l.place.values())
	for _, c := range billColumns {
		if !c.fixed {
			v.Columns = append(v.Columns, ui.Choice{Value: c.name, Label: text.T(ctx, text.Prefix(c.label)), Checked: slices.Contains(l.columns, c.name)})
		}
	}
	return v
}

// setColumns keeps which columns the person wants on every list, or in a view
// of their own.
func (a *App) setColumns(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	back := a.ownPathOr(f.raw("return"), "/presentments")
	columns, view := f.list("column"), f.id("view")
	for _, name := range columns {
		if !slices.ContainsFunc(billColumns, func(c billColumn) bool { return c.name == name }) {
			f.broken = &requestError{"no such column"}
		}
	}
	if err := f.check(); err != nil {
		return err
	}
	// The usual columns are none in particular, so that later ones join them.
	kept := knownColumns(columns)
	if slices.Equal(kept, knownColumns(nil)) {
		kept = nil
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if view != store.NoID {
			return tx.SetViewColumns(view, kept)
		}
		return tx.SetListColumns(kept)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, back, text.Message{})
}
