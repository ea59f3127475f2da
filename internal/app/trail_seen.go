package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// seenQuestion is who saw an id between two times, as the leaf of whoever asked
// keeps it: by the mark, and with the end of the id for people to know it by.
type seenQuestion struct {
	Mark   string    `json:"mark"`
	Masked string    `json:"masked"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// newSeen asks whose id, and between which times.
func (a *App) newSeen(w http.ResponseWriter, r *http.Request, u user) error {
	today := a.today()
	v := templates.SeenFormView{From: typedDay(r.Context(), today.AddDays(-30)).Value, To: typedDay(r.Context(), today).Value}
	return a.seenForm(w, r, u, v, http.StatusOK)
}

func (a *App) seenForm(w http.ResponseWriter, r *http.Request, u user, v templates.SeenFormView, status int) error {
	v.Tabs = a.trailTabs(r.Context(), u, "/audit/seen")
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaAudit, Status: status}, templates.SeenForm(v))
}

// createSeen keeps the question. It leads to a page whose address names the
// leaf of the question, so that nobody's id stands in an address.
func (a *App) createSeen(w http.ResponseWriter, r *http.Request, u user) error {
	ctx, today := r.Context(), a.today()
	f := readForm(r)
	v := templates.SeenFormView{ID: f.raw("id"), From: f.raw("from"), FromTime: f.raw("from_time"), To: f.raw("to"), ToTime: f.raw("to_time")}
	typed := f.text("id", required, maxLen(30))
	from, to := f.day("from", today, required), f.day("to", today, required)
	v.FromMeant, v.ToMeant = readings(f.raw("from"), today), readings(f.raw("to"), today)
	begin, end := clockOf(f, "from_time"), clockOf(f, "to_time")
	if err := f.check(); err != nil {
		return err
	}
	id, err := thai.ParseTaxID(typed)
	if err != nil && !f.failed("id") {
		f.fail("id", text.Msg("trail.seen.id_wrong"))
	}
	q := seenQuestion{Masked: id.Masked(), Mark: a.seen.markOfPerson(u.membership.Merchant, id).String()}
	if f.valid() {
		q.From, q.To = startOf(from).Add(begin), startOf(to).Add(end)
		if f.raw("to_time") == "" {
			q.To = startOf(to.AddDays(1))
		}
		if !q.From.Before(q.To) {
			f.fail("to", text.Msg("trail.to_before_from"))
		}
	}
	if !f.valid() {
		v.IDError, v.FromError, v.ToError = f.errorOf(ctx, "id"), f.errorOf(ctx, "from"), f.errorOf(ctx, "to")
		v.FromTimeError, v.ToTimeError, v.Errors = f.errorOf(ctx, "from_time"), f.errorOf(ctx, "to_time"), f.summary(ctx)
		return a.seenForm(w, r, u, v, http.StatusUnprocessableEntity)
	}
	var asked store.ID
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		err := tx.Audit("trail.who_saw_asked", store.About("merchant", u.membership.Merchant), q)
		asked = tx.LastLeaf()
		return err
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/audit/seen/"+asked.String(), text.Message{})
}

// clockOf reads a time of day, "14:30"; nothing is midnight.
func clockOf(f *form, field string) time.Duration {
	typed := f.text(field, maxLen(5))
	if typed == "" {
		return 0
	}
	at, err := time.Parse("15:04", typed)
	if err != nil {
		if !f.failed(field) {
			f.fail(field, text.Msg("trail.seen.time_wrong"))
		}
		return 0
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
}

// seenAsked reads the question that an address names.
func seenAsked(q *store.Query, id store.ID) (s seenQuestion, mark store.Mark, err error) {
	l, err := q.Leaf(id)
	if err != nil {
		return s, mark, err
	}
	if l.Action != "trail.who_saw_asked" {
		return s, mark, store.ErrNotFound
	}
	if err := json.Unmarshal(l.Detail, &s); err != nil {
		return s, mark, err
	}
	mark, err = store.ParseMark(s.Mark)
	return s, mark, err
}

// showSeen says who saw the id: the people first, then each of their looks.
func (a *App) showSeen(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	f := readQuery(r)
	before := store.SightingCursor(cursorOf(f))
	if err := f.check(); err != nil {
		return err
	}
	path := "/audit/seen/" + id.String()
	v := templates.SeenView{Tabs: a.trailTabs(ctx, u, "/audit/seen"), CSV: path + "/export?format=csv", JSON: path + "/export?format=json"}
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		asked, mark, err := seenAsked(q, id)
		if err != nil {
			return err
		}
		v.Masked, v.From, v.To = asked.Masked, asked.From, asked.To
		people, whole, err := q.Watchers(mark, asked.From, asked.To)
		if err != nil {
			return err
		}
		v.People, v.Clipped = watcherRows(people), !whole
		looks, err := q.Sightings(store.SightingFilter{Mark: mark, From: asked.From, To: asked.To, Before: before, Limit: pageRows + 1})
		if err != nil {
			return err
		}
		more := len(looks) > pageRows
		if more {
			looks = looks[:pageRows]
			last := looks[len(looks)-1]
			v.Pager.Next = addressAfter(path, nil, last.At, last.Sighting)
		}
		if !before.At.IsZero() {
			v.Pager.First = path
		}
		for _, l := range looks {
			v.Looks = append(v.Looks, lookRow(ctx, l.LeafRow))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit}, templates.Seen(v))
}

func watcherRows(people []store.Watcher) []templates.Watcher {
	rows := make([]templates.Watcher, len(people))
	for n, p := range people {
		rows[n] = templates.Watcher{Name: p.Name, Times: text.Int(int64(p.Times)), First: p.FirstAt, Last: p.LastAt}
		if p.Person.Valid {
			rows[n].Href = personActsHref(p.Person.UUID)
		}
	}
	return rows
}

func lookRow(ctx context.Context, l store.LeafRow) templates.Look {
	var d struct{ Route, Path string }
	_ = json.Unmarshal(l.Detail, &d) // the leaf's own page shows what is there
	look := templates.Look{Href: leafPath(l.ID), At: l.At, Person: actorOf(ctx, l), Page: d.Path, Taken: strings.HasPrefix(d.Route, "POST "), Address: l.Address}
	area, rest, _ := strings.Cut(strings.TrimPrefix(d.Path, "/"), "/")
	id, _, _ := strings.Cut(rest, "/")
	if item, err := uuid.Parse(id); err == nil {
		for kind, of := range aboutKinds {
			if of == area {
				look.Kind, look.Item = text.T(ctx, text.Prefix("trail.subject.")+kind), aboutHref(store.About(kind, item))
			}
		}
	}
	return look
}

// exportSeen hands the looks out as a file.
func (a *App) exportSeen(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.exportTrail(w, r, u, trailExport{name: "who-saw", query: url.Values{"asked": {id.String()}}, leaves: func(q *store.Query) (all []store.LeafRow, err error) {
		asked, mark, err := seenAsked(q, id)
		if err != nil {
			return nil, err
		}
		f := store.SightingFilter{Mark: mark, From: asked.From, To: asked.To, Limit: exportChunk}
		for {
			looks, err := q.Sightings(f)
			if err != nil {
				return nil, err
			}
			for _, l := range looks {
				all = append(all, l.LeafRow)
			}
			if len(looks) < exportChunk || len(all) > maxTrailExport {
				return all, nil
			}
			last := looks[len(looks)-1]
			f.Before = store.SightingCursor{At: last.At, ID: last.Sighting}
		}
	}})
}

// trailTabs are the questions that the trail answers.
func (a *App) trailTabs(ctx context.Context, u user, current string) []ui.Tab {
	tabs := []ui.Tab{
		{Label: text.T(ctx, "trail.tab.all"), Href: "/audit"},
		{Label: text.T(ctx, "trail.tab.seen"), Href: "/audit/seen"},
		{Label: text.T(ctx, "trail.tab.about"), Href: "/audit/about"},
		{Label: text.T(ctx, "trail.tab.people"), Href: "/audit/people"},
		{Label: text.T(ctx, "trail.tab.checks"), Href: "/audit/checks"},
	}
	if u.can(store.Auditor) {
		tabs = append(tabs, ui.Tab{Label: text.T(ctx, "trail.tab.boxes"), Href: "/audit/boxes"})
	}
	for n := range tabs {
		tabs[n].Current = tabs[n].Href == current
	}
	return tabs
}
