package app

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// aboutKinds are the kinds of things the trail tells of as a whole, and where
// their own pages are.
var aboutKinds = map[string]string{
	"presentment": "presentments", "receipt": "receipts", "payment": "payments", "debit": "debits", "mandate": "mandates", "payer": "payers",
	"buyer": "buyers", "alert": "alerts", "block": "blocks", "request": "requests", "etax": "etax", "schedule": "schedules",
	"instruction": "approvals", "file": "files", "import": "imports", "callback": "callbacks",
}

func aboutHref(s store.Subject) string { return "/audit/about/" + string(s) }

// newAbout finds the thing of which everything is to be told, the way the
// search of the top bar does.
func (a *App) newAbout(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	typed := strings.TrimSpace(f.raw("q"))
	if err := f.check(); err != nil {
		return err
	}
	v := templates.AboutFormView{Query: typed, Tabs: a.trailTabs(ctx, u, "/audit/about")}
	if s := a.seekerOf(ctx, u, typed); typed != "" && !s.blind() {
		err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
			v.Groups, err = s.find(q)
			return err
		})
		if err != nil {
			return err
		}
		v.Groups = toldOnly(v.Groups)
	}
	v.Short = typed != "" && len([]rune(typed)) < shortestSearch
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit}, templates.AboutForm(v))
}

// toldOnly leads what was found to its story in the trail, and leaves out what
// has none.
func toldOnly(groups []templates.SearchGroup) (kept []templates.SearchGroup) {
	kinds := make(map[string]string, len(aboutKinds))
	for kind, area := range aboutKinds {
		kinds[area] = kind
	}
	for _, g := range groups {
		var hits []templates.SearchHit
		for _, h := range g.Hits {
			area, id, _ := strings.Cut(strings.TrimPrefix(h.Href, "/"), "/")
			if item, err := uuid.Parse(id); err == nil && kinds[area] != "" {
				h.Href = aboutHref(store.About(kinds[area], item))
				hits = append(hits, h)
			}
		}
		if g.Hits = hits; len(hits) > 0 {
			kept = append(kept, g)
		}
	}
	return kept
}

// aboutOf is the thing that an address names.
func aboutOf(r *http.Request) (store.Subject, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return "", err
	}
	if aboutKinds[r.PathValue("kind")] == "" {
		return "", store.ErrNotFound
	}
	return store.About(r.PathValue("kind"), id), nil
}

// showAbout tells everything about one thing, the oldest first, and who looked
// at it last.
func (a *App) showAbout(w http.ResponseWriter, r *http.Request, u user) error {
	about, err := aboutOf(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.AboutView{
		Kind: subjectKind(r, about), Item: "/" + aboutKinds[about.Kind()] + "/" + about.ID().String(),
		CSV: aboutHref(about) + "/export?format=csv", JSON: aboutHref(about) + "/export?format=json",
	}
	if u.can(store.Auditor) {
		v.Box = "/audit/boxes/new?about=" + url.QueryEscape(string(about))
	}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		t, err := tellOf(ctx, q, about)
		if err != nil {
			return err
		}
		if len(t.leaves) == 0 {
			return store.ErrNotFound
		}
		v.Name, v.Clipped, v.Entries, v.Summary = t.names[about].Name, t.clipped, t.entries, text.N(ctx, "trail.about.entries", len(t.entries), "published", t.published)
		if v.Head, err = a.trustOf(ctx, q); err != nil {
			return err
		}
		people, whole, err := q.Watchers(a.seen.markOfItem(u.membership.Merchant, about.ID()), startOf(a.today().AddDays(-365)), a.Clock())
		v.Watchers, v.WatchersClipped = watcherRows(people), !whole
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit}, templates.About(v))
}

func subjectKind(r *http.Request, s store.Subject) string {
	return text.T(r.Context(), text.Prefix("trail.subject.")+s.Kind())
}

// exportAbout hands the story out as a file.
func (a *App) exportAbout(w http.ResponseWriter, r *http.Request, u user) error {
	about, err := aboutOf(r)
	if err != nil {
		return err
	}
	return a.exportTrail(w, r, u, trailExport{name: "about", query: url.Values{"subject": {string(about)}}, leaves: func(q *store.Query) ([]store.LeafRow, error) {
		subjects, err := q.SubjectsAround(about)
		if err != nil {
			return nil, err
		}
		leaves, err := q.Story(subjects)
		if err == nil && len(leaves) == 0 {
			err = store.ErrNotFound
		}
		return leaves, err
	}})
}
