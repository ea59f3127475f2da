package app

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// everything is the view that restricts nothing, for whoever opens a list with
// another.
const everything = "all"

// listArea is a list of which people keep views: where it stands, and what it
// takes from a query. A place in the list is no part of a view.
type listArea struct {
	path string
	read func(a *App, f *form, me store.ID) url.Values
}

var listAreas = map[store.ListArea]listArea{
	store.ListOfPresentments: {"/presentments", func(a *App, f *form, me store.ID) url.Values { return a.readBillQuery(f, me).values() }},
	store.ListOfReceipts:     {"/receipts", func(a *App, f *form, _ store.ID) url.Values { return readReceiptQuery(f, a.today()).values() }},
	store.ListOfPayments:     {"/payments", func(a *App, f *form, _ store.ID) url.Values { return a.readPaymentQuery(f).values() }},
	store.ListOfEtax:         {"/etax", func(a *App, f *form, _ store.ID) url.Values { return a.readEtaxQuery(f).values() }},
}

// readArea reads which list a form is about: that of bills, unless it says another.
func readArea(f *form) store.ListArea {
	return cmp.Or(store.ListArea(f.choice("area", string(store.ListOfPresentments), string(store.ListOfReceipts), string(store.ListOfPayments),
		string(store.ListOfEtax))), store.ListOfPresentments)
}

// listViews are the views of a list as one of its pages has them.
type listViews struct {
	area        store.ListArea
	preferences store.ListPreferences
	view        store.ListView // the one that the address names
	changed     bool           // what is chosen is not what it stands for
	chosen      url.Values     // by the address, less the view
}

// viewsOf reads the views of a list whose address chooses so much and names
// one of them, or none.
func (a *App) viewsOf(q *store.Query, u user, area store.ListArea, chosen url.Values, named string) (l listViews, err error) {
	l = listViews{area: area, chosen: chosen}
	if l.preferences, err = q.ListPreferences(area); err != nil {
		return l, err
	}
	for _, v := range l.preferences.Views {
		if v.ID.String() == named {
			stands, _ := a.viewQuery(area, v.Query, u.person.ID)
			l.view, l.changed = v, stands.Encode() != chosen.Encode()
		}
	}
	return l, nil
}

// opening is where the list opens instead of bare, for whoever wants that.
func (a *App) opening(l listViews, r *http.Request) (href string, ok bool) {
	if r.URL.RawQuery != "" || isPartial(r) {
		return "", false
	}
	for _, v := range l.preferences.Views {
		if v.ID == l.preferences.DefaultView {
			return a.viewHref(v), true
		}
	}
	return "", false
}

// bare is the list without any filter, also for whoever opens it with one.
func (l listViews) bare() string {
	path := listAreas[l.area].path
	if l.preferences.DefaultView != store.NoID {
		path += "?view=" + everything
	}
	return path
}

// tabs are those of the list with its views behind them. While a view is open,
// the others lead to the list without it.
func (a *App) viewTabs(l listViews, tabs []ui.Tab) []ui.Tab {
	for n := range tabs {
		if tabs[n].Href == listAreas[l.area].path {
			tabs[n].Href = l.bare()
		}
		tabs[n].Current = tabs[n].Current && l.view.ID == store.NoID
	}
	for _, v := range l.preferences.Views {
		tabs = append(tabs, ui.Tab{Label: v.Name, Href: a.viewHref(v), Current: v.ID == l.view.ID})
	}
	return tabs
}

// panel is where a person keeps what is chosen as a view, and changes the one
// that is open.
func (l listViews) panel(u user) templates.ListViews {
	chosen := maps.Clone(l.chosen)
	v := templates.ListViews{Area: string(l.area), Query: chosen.Encode(), IsDefault: l.preferences.DefaultView == l.view.ID, Roomy: u.roomy}
	if l.view.ID != store.NoID {
		chosen.Set("view", l.view.ID.String())
	}
	v.Return = addressOf(listAreas[l.area].path, chosen)
	own := 0
	for _, view := range l.preferences.Views {
		if view.PersonID == u.person.ID {
			own++
		}
	}
	v.Full = own >= store.MaxViews
	if l.view.ID != store.NoID {
		v.Open = &templates.SavedView{ID: l.view.ID.String(), Name: l.view.Name, Shared: l.view.Shared, Changed: l.changed, Alone: own < 2}
		if l.view.PersonID != u.person.ID {
			v.Open.Owner = l.view.PersonName
		}
	}
	return v
}

// viewQuery reads the query of a view: only what its list would say of it.
// What no longer fits is left out, and not ok.
func (a *App) viewQuery(area store.ListArea, typed string, me store.ID) (clean url.Values, ok bool) {
	values, err := url.ParseQuery(typed)
	if err != nil {
		return url.Values{}, false
	}
	f := formOf(values)
	f.raw("view")
	clean = listAreas[area].read(a, f, me)
	return clean, f.check() == nil && f.valid() && len(clean.Encode()) <= 2000
}

// viewHref is the address of a view, which says all that it stands for.
func (a *App) viewHref(v store.ListView) string {
	query, _ := a.viewQuery(v.Area, v.Query, store.NoID) // a view of yesterday's shows what there is of it
	query.Set("view", v.ID.String())
	return addressOf(listAreas[v.Area].path, query)
}

// createView keeps what is chosen on the list under a name.
func (a *App) createView(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	area := readArea(f)
	name, shared := f.text("name", required, maxLen(60)), f.flag("shared")
	query, ok := a.viewQuery(area, f.raw("query"), u.person.ID)
	if err := f.check(); err != nil {
		return err
	}
	back := addressOf(listAreas[area].path, query)
	if !ok {
		return &requestError{"no such view"}
	}
	if !f.valid() {
		return a.seeOther(w, r, u, back, text.Msg("list.view_no_name"))
	}
	v := store.ListView{ID: store.NewID(), Area: area, Name: name, Query: query.Encode(), Shared: shared}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		p, err := tx.ListPreferences(area)
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
	return a.seeOther(w, r, u, addressOf(listAreas[area].path, query), text.Msg("list.view_saved", "name", name))
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
		old, err := tx.ListView(id)
		if err != nil {
			return err
		}
		href = a.viewHref(old)
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
	typed := f.raw("query")
	if err := f.check(); err != nil {
		return err
	}
	var back string
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		v, err := tx.ListView(id)
		if err != nil {
			return err
		}
		query, ok := a.viewQuery(v.Area, typed, u.person.ID)
		if !ok {
			return &requestError{"no such view"}
		}
		v.Query = query.Encode()
		back = a.viewHref(v)
		return tx.RefilterListView(id, v.Query)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, back, text.Msg("list.view_refiltered"))
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
	var area store.ListArea
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		v, err := tx.ListView(id)
		if err != nil {
			return err
		}
		area = v.Area
		return tx.DropListView(id)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, listAreas[area].path, text.Msg("list.view_deleted"))
}

// setDefaultView keeps with which view the person's list opens.
func (a *App) setDefaultView(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	area := readArea(f)
	back, id := a.ownPathOr(f.raw("return"), listAreas[area].path), f.id("view")
	if err := f.check(); err != nil {
		return err
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if id != store.NoID {
			if v, err := tx.ListView(id); err != nil || v.Area != area {
				return cmp.Or(err, store.ErrNotFound)
			}
		}
		return tx.SetDefaultView(area, id)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, back, text.Message{})
}
