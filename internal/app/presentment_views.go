package app

import (
	"context"
	"errors"
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
		l.preferences, err = q.ListPreferences()
		return err
	})
	if err != nil {
		return err
	}
	a.openView(&l, u.person.ID)
	v := viewPanel(r.Context(), u, l)
	v.Roomy = u.roomy
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaPresentments, Part: templates.ListViewsPart}, templates.Views(v))
}

// viewPanel is where a person chooses columns and keeps views.
func viewPanel(ctx context.Context, u user, l billList) templates.PresentmentViews {
	place := l.place
	place.View = ""
	v := templates.PresentmentViews{Href: addressOf("/presentments/views", l.place.values()), Query: place.values().Encode(), Return: l.place.href(store.PresentmentCursor{})}
	own := 0
	for _, view := range l.preferences.Views {
		if view.PersonID == u.person.ID {
			own++
		}
	}
	v.Full = own >= store.MaxViews
	for _, c := range billColumns {
		if !c.fixed {
			v.Columns = append(v.Columns, ui.Choice{Value: c.name, Label: text.T(ctx, text.Prefix(c.label)), Checked: slices.Contains(l.columns, c.name)})
		}
	}
	if l.view.ID != store.NoID {
		v.Open = &templates.PresentmentSavedView{ID: l.view.ID.String(), Name: l.view.Name, Shared: l.view.Shared, Changed: l.changed, Alone: own < 2}
		if l.view.PersonID != u.person.ID {
			v.Open.Owner = l.view.PersonName
		}
		v.IsDefault = l.preferences.DefaultView == l.view.ID
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

// createView keeps what is chosen on the list under a name.
func (a *App) createView(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	name, shared := f.text("name", required, maxLen(60)), f.flag("shared")
	query, ok := a.viewQuery(f.raw("query"), u)
	if err := f.check(); err != nil {
		return err
	}
	back := addressOf("/presentments", query)
	if !ok {
		return &requestError{"no such view"}
	}
	if !f.valid() {
		return a.seeOther(w, r, u, back, text.Msg("list.view_no_name"))
	}
	v := store.ListView{ID: store.NewID(), Name: name, Query: query.Encode(), Shared: shared}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		p, err := tx.ListPreferences()
		if err != nil {
			return err
		}
		v.Columns = p.Columns
		return tx.AddListView(v)
	})
	switch {
	case store.Violated(err, "view_name_is_unique"):
		return a.seeOther(w, r, u, back, text.Msg("list.view_name_taken", "name", name))
	case errors.Is(err, store.ErrStale):
		return a.seeOther(w, r, u, back, text.Msg("list.views_full"))
	case err != nil:
		return err
	}
	query.Set("view", v.ID.String())
	return a.seeOther(w, r, u, addressOf("/presentments", query), text.Msg("list.view_saved", "name", name))
}

// viewQuery reads the query of a view about to be kept: only what the list
// itself would say of it.
func (a *App) viewQuery(typed string, u user) (url.Values, bool) {
	p, err := a.listNamed(typed, u.person.ID)
	p.View = ""
	clean := p.values()
	return clean, err == nil && len(clean.Encode()) <= 2000
}

// changeView renames one's own view, and shares it or not.
func (a *App) changeView(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := store.ListView{ID: id, Name: f.text("name", required, maxLen(60)), Shared: f.flag("shared")}
	if err := f.check(); err != nil {
		return err
	}
	var href string
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		p, err := tx.ListPreferences()
		if err != nil {
			return err
		}
		var ok bool
		if href, ok = a.viewHref(p.Views, id); !ok {
			return store.ErrNotFound
		}
		if !f.valid() {
			return nil
		}
		return tx.ChangeListView(v)
	})
	switch {
	case store.Violated(err, "view_name_is_unique"):
		return a.seeOther(w, r, u, href, text.Msg("list.view_name_taken", "name", v.Name))
	case err != nil:
		return err
	case !f.valid():
		return a.seeOther(w, r, u, href, text.Msg("list.view_no_name"))
	}
	return a.seeOther(w, r, u, href, text.Msg("list.view_saved", "name", v.Name))
}

// refilterView makes one's own view stand for what is chosen on the list now.
func (a *App) refilterView(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	query, ok := a.viewQuery(f.raw("query"), u)
	if err := f.check(); err != nil {
		return err
	}
	if !ok {
		return &requestError{"no such view"}
	}
	if err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.RefilterListView(id, query.Encode()) }); err != nil {
		return err
	}
	query.Set("view", id.String())
	return a.seeOther(w, r, u, addressOf("/presentments", query), text.Msg("list.view_refiltered"))
}

// moveView moves one's own view past its neighbour among the tabs.
func (a *App) moveView(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	way, back := f.choice("way", "back", "on"), a.ownPathOr(f.raw("return"), "/presentments")
	if err := f.check(); err != nil {
		return err
	}
	if err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.MoveListView(id, way == "on") }); err != nil {
		return err
	}
	return a.seeOther(w, r, u, back, text.Message{})
}

// removeView deletes one's own view.
func (a *App) removeView(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	if err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.DropListView(id) }); err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/presentments", text.Msg("list.view_deleted"))
}

// setDefaultView keeps with which view the person's list opens.
func (a *App) setDefaultView(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	back, id := a.ownPathOr(f.raw("return"), "/presentments"), f.id("view")
	if err := f.check(); err != nil {
		return err
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		p, err := tx.ListPreferences()
		if err != nil {
			return err
		}
		if _, ok := a.viewHref(p.Views, id); !ok && id != store.NoID {
			return store.ErrNotFound
		}
		return tx.SetDefaultView(id)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, back, text.Message{})
}
