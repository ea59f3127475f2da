package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// trailGroups are the kinds of actions people look for, in the order of the
// filter, and how their actions begin.
var trailGroups = []struct{ name, begins string }{
	{"bills", "presentment."},
	{"receipts", "receipt."},
	{"numbers", "number."},
	{"documents", "file."},
	{"buyers", "buyer."},
	{"payments", "payment."},
	{"templates", "template."},
	{"requests", "instruction."},
	{"settlements", "instruction.settlement_"},
	{"exchanges", "exchange."},
	{"people", "person."},
	{"merchant", "merchant."},
	{"trail", "trail."},
	{looksGroup, looksBegin},
}

// What was looked at is a group of its own, and shown only when it is asked
// for: looks are many, and deeds are what is nearly always looked for.
const (
	looksGroup = "looks"
	looksBegin = "sighting."
)

// billsSearched is how many bills a search by words looks into at once.
const billsSearched = 50

// trailQuery is what a reader asks of the trail.
type trailQuery struct {
	words    string
	says     string
	person   store.ID
	group    string
	from, to thai.Day
	typed    templates.TrailFilter // as typed, for showing it again
	before   store.LeafCursor
}

// readTrailQuery reads the filters and the place in the list.
func (a *App) readTrailQuery(f *form) trailQuery {
	groups := make([]string, len(trailGroups))
	for i, g := range trailGroups {
		groups[i] = g.name
	}
	today := a.today()
	t := trailQuery{
		typed:  templates.TrailFilter{Words: f.raw("q"), Says: f.raw("says"), From: f.raw("from"), To: f.raw("to"), Person: f.raw("person"), Group: f.raw("group")},
		words:  f.text("q", maxLen(100)),
		says:   f.text("says", maxLen(100)),
		person: f.id("person"),
		group:  f.choice("group", groups...),
		from:   f.day("from", today),
		to:     f.day("to", today),
	}
	t.typed.FromMeant, t.typed.ToMeant = readings(f.raw("from"), today), readings(f.raw("to"), today)
	t.before = store.LeafCursor(cursorOf(f))
	if f.valid() && !t.from.IsZero() && !t.to.IsZero() && t.to.Compare(t.from) < 0 {
		f.fail("to", text.Msg("trail.to_before_from"))
	}
	return t
}

// filter is t for the store. The days are days in Bangkok, both included.
func (t trailQuery) filter() store.LeafFilter {
	s := store.LeafFilter{Person: t.person, Before: t.before, Limit: pageRows + 1, Deeds: t.group == "", Text: inLeaf(t.says)}
	for _, g := range trailGroups {
		if g.name == t.group {
			s.Action = g.begins
		}
	}
	if !t.from.IsZero() {
		s.From = startOf(t.from)
	}
	if !t.to.IsZero() {
		s.To = startOf(t.to.AddDays(1))
	}
	return s
}

// inLeaf is a text as leaves write it, in lower case.
func inLeaf(typed string) string {
	if typed == "" {
		return ""
	}
	quoted, _ := json.Marshal(typed) // a string always encodes
	return strings.ToLower(string(quoted[1 : len(quoted)-1]))
}

func startOf(d thai.Day) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, text.Bangkok)
}

// values is t as the query of a link, without the fields named.
func (t trailQuery) values(without ...string) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{
		"q": t.typed.Words, "says": t.typed.Says, "person": t.typed.Person, "group": t.group, "from": t.typed.From, "to": t.typed.To,
	} {
		if value != "" && !slices.Contains(without, name) {
			v.Set(name, value)
		}
	}
	return v
}

// listTrail searches the audit trail, the newest first.
func (a *App) listTrail(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	t := a.readTrailQuery(f)
	if err := f.check(); err != nil {
		return err
	}
	v := templates.TrailListView{
		Filter: t.typed, Filtered: len(t.values()) > 0, Tabs: a.trailTabs(ctx, u, "/audit"),
		CSV: exportHref(t, "csv"), JSON: exportHref(t, "json"),
	}
	if u.can(store.Auditor) {
		v.Box = "/audit/boxes/new"
	}
	s := shell{Header: v.Header(ctx), Area: areaAudit, Part: templates.TrailListPart}
	if !f.valid() {
		s.Status = http.StatusUnprocessableEntity
		v.Filter.FromError, v.Filter.ToError, v.Filter.WordsError = f.errorOf(ctx, "from"), f.errorOf(ctx, "to"), f.errorOf(ctx, "q")
		v.Filter.SaysError = f.errorOf(ctx, "says")
		v.Errors = f.summary(ctx)
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		people, err := q.Actors()
		if err != nil {
			return err
		}
		fillTrailFilter(ctx, t, people, &v)
		if v.Head, err = a.trustOf(ctx, q); err != nil {
			return err
		}
		if v.Doubt, err = doubt(ctx, q); err != nil || !f.valid() {
			return err
		}
		return fillTrail(ctx, q, t, &v)
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, s, templates.TrailList(v))
}

// fillTrailFilter offers what can be chosen and names what was.
func fillTrailFilter(ctx context.Context, t trailQuery, people []store.Named, v *templates.TrailListView) {
	chip := func(field, name, value string) {
		if value != "" {
			v.Chips = append(v.Chips, ui.Chip{Name: name, Value: value, Href: addressOf("/audit", t.values(field))})
		}
	}
	chip("q", text.T(ctx, "trail.words"), t.words)
	chip("says", text.T(ctx, "trail.says"), t.says)
	for _, p := range people {
		v.People = append(v.People, ui.Option{Value: p.ID.String(), Label: p.Name})
		if p.ID == t.person {
			chip("person", text.T(ctx, "trail.person"), p.Name)
		}
	}
	for _, g := range trailGroups {
		label := text.T(ctx, text.Prefix("trail.group.")+g.name)
		v.Groups = append(v.Groups, ui.Option{Value: g.name, Label: label})
		if g.name == t.group {
			chip("group", text.T(ctx, "trail.group"), label)
		}
	}
	for _, day := range []struct {
		field, name string
		on          thai.Day
	}{{"from", text.T(ctx, "trail.from"), t.from}, {"to", text.T(ctx, "trail.to"), t.to}} {
		if !day.on.IsZero() {
			chip(day.field, day.name, text.BothEras(ctx, day.on.Time()))
		}
	}
}

// fillTrail reads one page of leaves.
func fillTrail(ctx context.Context, q *store.Query, t trailQuery, v *templates.TrailListView) error {
	s, found, clipped, err := t.selection(q)
	if v.Clipped = clipped; err != nil || !found {
		return err
	}
	leaves, end, err := leavesOf(q, s)
	if err != nil {
		return err
	}
	more := len(leaves) > pageRows
	if more {
		leaves = leaves[:pageRows]
	}
	names, err := q.NamesOf(leaves)
	if err != nil {
		return err
	}
	for _, l := range leaves {
		v.Rows = append(v.Rows, trailRow(ctx, l, names))
	}
	if !t.before.At.IsZero() {
		v.Pager.First = addressOf("/audit", t.values())
	}
	if more {
		last := leaves[len(leaves)-1]
		v.Pager.Next = addressAfter("/audit", t.values(), last.At, last.ID)
	}
	if end != nil {
		v.Walked, v.WalkOn = end.At, addressAfter("/audit", t.values(), end.At, end.ID)
	}
	return nil
}

// selection is what to read for t. Nothing is found where no paper bears the
// words; clipped says that more bills do than were looked into.
func (t trailQuery) selection(q *store.Query) (s store.LeafFilter, found, clipped bool, err error) {
	s = t.filter()
	if t.words == "" {
		return s, true, false, nil
	}
	bills, err := q.PresentmentsNaming(t.words, billsSearched)
	if err != nil {
		return s, false, false, err
	}
	s.Subjects, err = subjectsNamed(q, t.words, bills)
	return s, len(s.Subjects) > 0, len(bills) == billsSearched, err
}

// leavesOf reads what s selects. A search by a text alone ends where it has
// read enough, which end says.
func leavesOf(q *store.Query, s store.LeafFilter) (leaves []store.LeafRow, end *store.LeafCursor, err error) {
	if s.Text != "" && len(s.Subjects) == 0 {
		return q.LeavesSaying(s)
	}
	leaves, err = q.Leaves(s)
	return leaves, nil, err
}

func exportHref(t trailQuery, format string) string {
	chosen := t.values()
	chosen.Set("format", format)
	return addressOf("/audit/export", chosen)
}

// subjectsNamed is what the trail tells of bills, and of other papers that bear
// what was typed as their number.
func subjectsNamed(q *store.Query, number string, bills []store.ID) (subjects []store.Subject, err error) {
	if len(bills) > 0 {
		if subjects, err = q.BillSubjects(bills...); err != nil {
			return nil, err
		}
	}
	papers, err := q.PaperSubjects(number)
	return append(subjects, papers...), err
}

func trailRow(ctx context.Context, l store.LeafRow, names map[store.Subject]store.SubjectName) templates.TrailRow {
	row := templates.TrailRow{
		Href: "/audit/leaves/" + l.ID.String(), Sentence: sentenceOf(ctx, l), About: subjectName(ctx, l, names), Person: actorOf(ctx, l), At: l.At,
		Published: l.Published,
	}
	if l.Person.Valid {
		row.PersonHref = personActsHref(l.Person.UUID)
	}
	if l.Idx != nil {
		row.Number = text.Int(*l.Idx)
	}
	return row
}

// late is how long a leaf may wait for its checkpoint before the page warns.
const late = time.Minute

// trustOf says how far the trail is proven, and what is not yet.
func (a *App) trustOf(ctx context.Context, q *store.Query) (templates.TrailHead, error) {
	h, err := q.TrailHead()
	if err != nil {
		return templates.TrailHead{}, err
	}
	v := templates.TrailHead{Size: h.Size, Signer: h.Signer, Root: h.Root, PublishedAt: h.PublishedAt, Waiting: h.Waiting}
	if h.Since != nil && a.Clock().Sub(*h.Since) > late {
		v.LateBy = text.Duration(ctx, a.Clock().Sub(*h.Since))
	}
	return v, nil
}
