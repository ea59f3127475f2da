package app

import (
	"cmp"
	"net/http"
	"net/url"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// personActsHref is where all acts of a person stand.
func personActsHref(id store.ID) string { return "/audit/people/" + id.String() }

// listActors lists everybody who ever did something here.
func (a *App) listActors(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	v := templates.ActorsView{Tabs: a.trailTabs(ctx, u, "/audit/people")}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		people, err := q.Actors()
		for _, p := range people {
			v.People = append(v.People, templates.Actor{Name: p.Name, Href: personActsHref(p.ID)})
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit}, templates.Actors(v))
}

// showActs lists all acts of a person, the newest first, and with looks what
// they looked at.
func (a *App) showActs(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	f := readQuery(r)
	looks, before := f.flag("looks"), store.LeafCursor(cursorOf(f))
	if err := f.check(); err != nil {
		return err
	}
	path, chosen := personActsHref(id), url.Values{}
	v := templates.ActsView{Looks: looks, Path: path}
	export := url.Values{"person": {id.String()}}
	if looks {
		chosen.Set("looks", "1")
		export.Set("group", looksGroup)
	}
	for format, to := range map[string]*string{"csv": &v.CSV, "json": &v.JSON} {
		export.Set("format", format)
		*to = addressOf("/audit/export", export)
	}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		filter := store.LeafFilter{Person: id, Deeds: !looks, Before: before, Limit: pageRows + 1}
		if looks {
			filter.Action = looksBegin
		}
		leaves, err := q.Leaves(filter)
		if err != nil {
			return err
		}
		if v.Name, err = q.ActorName(id); err != nil {
			return err
		}
		if more := len(leaves) > pageRows; more {
			leaves = leaves[:pageRows]
			last := leaves[len(leaves)-1]
			v.Pager.Next = addressAfter(path, chosen, last.At, last.ID)
			chosen.Del("at")
			chosen.Del("id")
		}
		if !before.At.IsZero() {
			v.Pager.First = addressOf(path, chosen)
		}
		names, err := q.NamesOf(leaves)
		for _, l := range leaves {
			row := trailRow(ctx, l, names)
			if l.Action == "sighting.seen" {
				look := lookRow(ctx, l)
				row.About = cmp.Or(look.Kind, look.Page)
			}
			v.Rows = append(v.Rows, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	v.Deeds = text.T(ctx, "trail.acts.deeds")
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit}, templates.Acts(v))
}
