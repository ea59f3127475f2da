package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/archive"
	"portal/internal/app/box"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// maxBoxLeaves is how many entries one box holds.
const maxBoxLeaves = 10_000

// boxPatience is how long whoever takes a box waits until the leaf that seals
// it is published, which takes a tenth of a second as a rule.
const boxPatience = 3 * time.Second

// boxOf is what a box is about: one thing, or one month.
type boxOf struct {
	about store.Subject
	month time.Time
}

// boxOfForm reads what the box is about. It is no form's fault if there is no
// such thing.
func (a *App) boxOfForm(f *form) (boxOf, error) {
	about, month := f.raw("about"), f.raw("month")
	if about == "" {
		if month == "" {
			return boxOf{month: a.thisMonth()}, nil
		}
		m, ok := parseMonth(month)
		if !ok {
			return boxOf{}, store.ErrNotFound
		}
		return boxOf{month: m}, nil
	}
	kind, id, _ := strings.Cut(about, "/")
	item, err := uuid.Parse(id)
	if err != nil || aboutKinds[kind] == "" {
		return boxOf{}, store.ErrNotFound
	}
	return boxOf{about: store.About(kind, item)}, nil
}

// newBox asks what for, before anything is packed.
func (a *App) newBox(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	of, err := a.boxOfForm(f)
	if err := errors.Join(f.check(), err); err != nil {
		return err
	}
	return a.boxPage(w, r, u, of, templates.BoxView{}, http.StatusOK)
}

func (a *App) boxPage(w http.ResponseWriter, r *http.Request, u user, of boxOf, v templates.BoxView, status int) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v.Name, err = of.name(ctx, q)
		return err
	})
	if err != nil {
		return err
	}
	v.About, v.English = string(of.about), text.From(ctx).Lang == text.EN
	if of.about == "" {
		v.Month = of.month.Format(monthForm)
		v.Months = monthOptions(ctx, store.Span{First: a.thisMonth().AddDate(-6, 0, 0), Last: a.thisMonth()}, v.Month)
	} else {
		v.Back = aboutHref(of.about)
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit, Status: status}, templates.Box(v))
}

// name is what people call it. A thing the trail tells nothing of is not found.
func (of boxOf) name(ctx context.Context, q *store.Query) (string, error) {
	if of.about == "" {
		return text.Month(ctx, of.month), nil
	}
	leaves, err := q.Leaves(store.LeafFilter{Subjects: []store.Subject{of.about}, Limit: 1})
	if err != nil {
		return "", err
	}
	if len(leaves) == 0 {
		return "", store.ErrNotFound
	}
	names, err := q.NamesOf(leaves)
	kind := text.T(ctx, text.Prefix("trail.subject.")+of.about.Kind())
	if name := names[of.about].Name; name != "" {
		return kind + " " + name, err
	}
	return kind, err
}

// createBox packs the box, seals it with a leaf, and hands it out with the
// proof of that leaf in it.
func (a *App) createBox(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	of, err := a.boxOfForm(f)
	v := templates.BoxView{Reason: f.raw("reason")}
	reason := f.paragraph("reason", required, maxLen(300))
	lang := f.choice("lang", "th", "en")
	if err := errors.Join(f.check(), err); err != nil {
		return err
	}
	if !f.valid() {
		v.ReasonError, v.Errors = f.errorOf(r.Context(), "reason"), f.summary(r.Context())
		return a.boxPage(w, r, u, of, v, http.StatusUnprocessableEntity)
	}
	extendDeadlines(w, 10*time.Minute)
	file, err := os.CreateTemp("", "box-*")
	if err != nil {
		return fmt.Errorf("making room for a box: %w", err)
	}
	defer func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }() // nobody needs it any more
	p := &packing{a: a, u: u, ctx: writtenIn(r.Context(), lang), of: of, reason: reason, at: a.Clock(), id: store.NewID()}
	switch err := p.pack(file); {
	case errors.Is(err, store.ErrTooMany):
		v.Problem = text.T(r.Context(), "trail.box.too_many")
		return a.boxPage(w, r, u, of, v, http.StatusConflict)
	case errors.Is(err, store.ErrNotPublished):
		v.Problem = text.T(r.Context(), "trail.box.not_published")
		return a.boxPage(w, r, u, of, v, http.StatusConflict)
	case err != nil:
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("reading a box back: %w", err)
	}
	saveAs(w, p.fileName(), "application/zip", size)
	_, err = io.Copy(w, file)
	return err
}

// packing is one box in the making.
type packing struct {
	a      *App
	u      user
	ctx    context.Context //nolint:containedctx // in the language of the box; it lives as long as the request
	of     boxOf
	reason string
	at     time.Time
	id     store.ID

	name   string
	box    *box.Writer
	leaves []store.LeafRow
	index  box.Index
}

func (p *packing) fileName() string {
	stem := p.of.month.Format(monthForm)
	if p.of.about != "" {
		stem = p.name
	}
	return archive.Clean("evidence " + stem + ".zip")
}

// pack writes the whole box: everything but the proofs from one snapshot, and
// these once the leaf with the manifest's hash is published.
func (p *packing) pack(to io.Writer) (err error) {
	if p.box, err = box.NewWriter(to, p.at); err != nil {
		return err
	}
	if err := p.a.Store.Read(p.ctx, p.u.actor(), p.gather); err != nil {
		return err
	}
	sum, err := p.box.Seal(box.Manifest{
		Box: p.id.String(), MadeAt: p.at.UTC().Format(time.RFC3339), About: p.name,
		Keys: linesOf(p.a.TrailKeys), Witnesses: linesOf(p.a.WitnessKeys),
	})
	if err != nil {
		return err
	}
	var seal store.ID
	err = p.a.Store.Write(p.ctx, p.u.actor(), func(tx *store.Tx) error {
		err := tx.Audit(box.TakenAction, store.About("box", p.id), map[string]any{
			"about": string(p.of.about), "month": p.month(), "entries": len(p.leaves), "reason": p.reason, "manifest": sum,
		})
		seal = tx.LastLeaf()
		return err
	})
	if err != nil {
		return err
	}
	if err := p.await(seal); err != nil {
		return err
	}
	return p.a.Store.Read(p.ctx, p.u.actor(), func(q *store.Query) error { return p.prove(q, seal) })
}

func (p *packing) month() string {
	if p.of.about != "" {
		return ""
	}
	return p.of.month.Format(monthForm)
}

func linesOf(keys string) []string {
	return strings.FieldsFunc(keys, func(r rune) bool { return r == '\n' })
}

// await returns once the leaf is published.
func (p *packing) await(seal store.ID) error {
	ctx, cancel := context.WithTimeout(p.ctx, boxPatience)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		var done bool
		err := p.a.Store.Read(p.ctx, p.u.actor(), func(q *store.Query) (err error) {
			done, err = q.Published(seal)
			return err
		})
		if done || err != nil {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("sealing a box: %w", store.ErrNotPublished)
		}
	}
}

// prove packs the proofs of all leaves. Those that had no number when they were
// gathered have one now: the seal is numbered after them.
func (p *packing) prove(q *store.Query, seal store.ID) error {
	ids := []store.ID{seal}
	numbered := p.leaves[:0]
	for _, l := range p.leaves {
		if l.Idx == nil {
			ids = append(ids, l.ID)
		} else {
			numbered = append(numbered, l)
		}
	}
	for _, id := range ids {
		l, err := q.Leaf(id)
		if err != nil {
			return err
		}
		numbered = append(numbered, l)
	}
	slices.SortFunc(numbered, func(a, b store.LeafRow) int { return cmp.Compare(place(a), place(b)) })
	set, err := q.ProveLeaves(numbered)
	if err != nil {
		return err
	}
	if len(set.Waiting) > 0 {
		return fmt.Errorf("proving a box: %w", store.ErrNotPublished)
	}
	return p.box.Prove(set)
}

// place is the number of a leaf, or -1 before it has one.
func place(l store.LeafRow) int64 {
	if l.Idx == nil {
		return -1
	}
	return *l.Idx
}

// gather reads the leaves, and packs the page to read, documents and exchanges.
func (p *packing) gather(q *store.Query) (err error) {
	if p.name, err = p.of.name(p.ctx, q); err != nil {
		return err
	}
	if p.leaves, err = p.of.leaves(q); err != nil {
		return err
	}
	uploads, err := p.uploads(q)
	if err != nil {
		return err
	}
	for _, l := range p.leaves {
		showsIn(p.ctx, l.Bytes)
	}
	if err := p.documents(q, uploads); err != nil {
		return err
	}
	if err := p.exchanges(q); err != nil {
		return err
	}
	return p.page(q)
}

// leaves are those of the box, the oldest first.
func (of boxOf) leaves(q *store.Query) (all []store.LeafRow, err error) {
	if of.about != "" {
		subjects, err := q.SubjectsAround(of.about)
		if err != nil {
			return nil, err
		}
		all, err := q.Story(subjects)
		if err == nil && len(all) >= store.StoryLimit {
			err = store.ErrTooMany
		}
		return all, err
	}
	first := time.Date(of.month.Year(), of.month.Month(), 1, 0, 0, 0, 0, thai.Bangkok)
	f := store.LeafFilter{Deeds: true, From: first, To: first.AddDate(0, 1, 0), Limit: exportChunk}
	for {
		page, err := q.Leaves(f)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(all) > maxBoxLeaves {
			return nil, store.ErrTooMany
		}
		if len(page) < f.Limit {
			break
		}
		last := page[len(page)-1]
		f.Before = store.LeafCursor{At: last.At, ID: last.ID}
	}
	slices.Reverse(all)
	return all, nil
}

// uploads are the leaves of how the documents came in, of which others may tell
// only that they were attached.
func (p *packing) uploads(q *store.Query) (uploads []store.LeafRow, err error) {
	there := make(map[store.ID]bool, len(p.leaves))
	named := make(map[store.Subject]bool)
	var subjects []store.Subject
	for _, l := range p.leaves {
		there[l.ID] = true
		s := l.Subject
		if s.Kind() != "file" {
			var d struct{ File store.ID }
			if json.Unmarshal(l.Detail, &d) != nil || d.File == store.NoID {
				continue
			}
			s = store.About("file", d.File)
		}
		if !named[s] {
			named[s] = true
			subjects = append(subjects, s)
		}
	}
	for len(subjects) > 0 {
		some := subjects[:min(len(subjects), 100)] // a story has its limit
		subjects = subjects[len(some):]
		leaves, err := q.Leaves(store.LeafFilter{Subjects: some, Action: "file.uploaded", Limit: len(some)})
		if err != nil {
			return nil, err
		}
		for _, l := range leaves {
			uploads = append(uploads, l)
			if !there[l.ID] {
				p.leaves = append(p.leaves, l)
			}
		}
	}
	return uploads, nil
}

func (p *packing) documents(q *store.Query, uploads []store.LeafRow) error {
	taken := archive.Names{}
	for _, l := range uploads {
		f, err := q.File(l.Subject.ID())
		if errors.Is(err, store.ErrNotFound) {
			continue // no longer kept; the leaf tells of it
		}
		if err != nil {
			return err
		}
		at := taken.Place("documents", f.Name)
		if err := p.box.Add(box.File{Name: at, Upload: f.ID.String()}, func(to io.Writer) error { return q.WriteFile(f.ID, to) }); err != nil {
			return err
		}
		p.index.Documents = append(p.index.Documents, box.Link{Name: f.Name, File: at})
	}
	return nil
}

// exchanges packs what went over the wire, masked as on the screens.
func (p *packing) exchanges(q *store.Query) error {
	var ids []store.ID
	seen := make(map[store.ID]bool)
	for _, l := range p.leaves {
		if id := l.Subject.ID(); l.Subject.Kind() == "exchange" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for n := 0; n < len(ids); n += exportChunk {
		list, err := q.ExchangesNamed(ids[n:min(n+exportChunk, len(ids))])
		if err != nil {
			return err
		}
		for no, x := range list {
			at := fmt.Sprintf("exchanges/%04d %s.json", n+no+1, archive.Clean(x.Operation))
			err := p.box.Add(box.File{Name: at}, func(to io.Writer) error {
				out := json.NewEncoder(to)
				out.SetEscapeHTML(false)
				out.SetIndent("", "  ")
				return out.Encode(exchangeView(x))
			})
			if err != nil {
				return err
			}
			p.index.Exchanges = append(p.index.Exchanges, box.Link{Name: text.DateTime(p.ctx, x.BeganAt) + " · " + x.Operation, File: at})
		}
	}
	return nil
}

// page packs the page to read.
func (p *packing) page(q *store.Query) error {
	names := make(map[store.Subject]store.SubjectName)
	for n := 0; n < len(p.leaves); n += exportChunk {
		some, err := q.NamesOf(p.leaves[n:min(n+exportChunk, len(p.leaves))])
		if err != nil {
			return err
		}
		maps.Copy(names, some)
	}
	ctx, ix := p.ctx, &p.index
	ix.Lang, ix.Title = string(text.From(ctx).Lang), text.T(ctx, "trail.box.index_title", "name", p.name)
	ix.About = []string{
		merchantName(ctx, p.u.membership), text.T(ctx, "trail.box.made", "person", p.u.person.Name, "at", text.DateTime(ctx, p.at)), text.T(ctx, "trail.box.for", "reason", p.reason),
	}
	ix.Verify = text.T(ctx, "trail.box.verify")
	ix.Heads = box.Heads{
		Number: text.T(ctx, "trail.number"), When: text.T(ctx, "trail.when"), Who: text.T(ctx, "trail.person"), What: text.T(ctx, "trail.what"),
		Documents: text.T(ctx, "trail.box.documents"), Exchanges: text.T(ctx, "trail.box.exchanges"), Before: text.T(ctx, "trail.box.before"), After: text.T(ctx, "trail.box.after"),
	}
	for _, l := range p.leaves {
		row := trailRow(ctx, l, names)
		e := box.Entry{Number: row.Number, At: text.DateTime(ctx, l.At), Who: row.Person, What: row.Sentence, Note: noteOf(l)}
		fields, _ := fieldsOf(ctx, l)
		for _, f := range hide(fields, "") {
			e.Fields = append(e.Fields, box.Field{Name: f.Name, Before: f.Before, After: f.After})
		}
		ix.Entries = append(ix.Entries, e)
	}
	return p.box.Add(box.File{Name: "index.html"}, func(to io.Writer) error { return box.WriteIndex(to, *ix) })
}
