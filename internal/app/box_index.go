package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"portal/internal/app/box"
	"portal/internal/store"
	"portal/web/text"
)

// gathered is a page of leaves with all that goes into a box with them. The
// leaves of how documents came in may be older than the others, and come last.
type gathered struct {
	leaves    []store.LeafRow
	fresh     int
	names     map[store.Subject]store.SubjectName
	proof     store.PartProof
	files     []store.File
	exchanges []store.Exchange
}

func (p *packing) gather(q *store.Query, leaves []store.LeafRow) (g gathered, err error) {
	if g.leaves = leaves; len(leaves) == 0 {
		return g, nil
	}
	if err := p.gatherFiles(q, &g); err != nil {
		return g, err
	}
	var ids []store.ID
	for _, l := range g.leaves {
		if id := l.Subject.ID(); l.Subject.Kind() == "exchange" && !p.packed[id] {
			p.packed[id] = true
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		if g.exchanges, err = q.ExchangesNamed(ids); err != nil {
			return g, err
		}
	}
	if g.names, err = q.NamesOf(g.leaves); err != nil {
		return g, err
	}
	g.proof, err = q.ProvePart(p.source.Size, g.leaves)
	return g, err
}

// gatherFiles finds the documents that the leaves tell of, and the leaves of how
// they came in, which say what their bytes were that day.
func (p *packing) gatherFiles(q *store.Query, g *gathered) error {
	var named []store.Subject
	for _, l := range g.leaves {
		id := l.Subject.ID()
		if l.Subject.Kind() != "file" {
			var d struct{ File store.ID }
			if json.Unmarshal(l.Detail, &d) != nil || d.File == store.NoID {
				continue
			}
			id = d.File
		}
		if !p.packed[id] {
			p.packed[id] = true
			named = append(named, store.About("file", id))
		}
	}
	if len(named) == 0 {
		return nil
	}
	within := store.BoxSource{Size: p.source.Size, To: forEver}
	if p.b.From != nil { // nothing of other days, whatever it was used for
		within.From, within.To = p.source.From, p.source.To
	}
	uploads, err := q.UploadsForBox(within, named)
	if err != nil {
		return err
	}
	for _, l := range uploads {
		if !p.comesByItself(l) {
			g.leaves = append(g.leaves, l)
		}
	}
	ids := make([]store.ID, len(uploads))
	for n, l := range uploads {
		ids[n] = l.Subject.ID()
	}
	g.files, err = q.Files(ids)
	return err
}

// comesByItself reports that a leaf is one of those that the box is made of.
func (p *packing) comesByItself(l store.LeafRow) bool {
	return !l.At.Before(p.source.From) && l.At.Before(p.source.To) && (len(p.source.Subjects) == 0 || slices.Contains(p.source.Subjects, l.Subject))
}

// entries are the leaves as people read them.
func (g gathered) entries(ctx context.Context) []box.Entry {
	list := make([]box.Entry, len(g.leaves))
	for n, l := range g.leaves {
		row := trailRow(ctx, l, g.names)
		list[n] = box.Entry{Number: row.Number, At: text.DateTime(ctx, l.At), Who: row.Person, What: row.Sentence, Note: noteOf(l)}
		fields, _ := fieldsOf(ctx, l)
		for _, f := range hide(fields, "") {
			list[n].Fields = append(list[n].Fields, box.Field{Name: f.Name, Before: f.Before, After: f.After})
		}
	}
	return list
}

// startIndex says what the box is, who asked for it, and what for.
func (p *packing) startIndex(ctx context.Context, m store.Merchant) {
	name := m.NameTH
	if text.From(ctx).Lang == text.EN {
		name = m.NameEN
	}
	p.index = box.Index{
		Lang: string(text.From(ctx).Lang), Title: text.T(ctx, "trail.box.index_title", "name", p.b.Name), Verify: text.T(ctx, "trail.box.verify"),
		About: []string{name, text.T(ctx, "trail.box.made", "person", p.b.AskedBy, "at", text.DateTime(ctx, p.b.AskedAt)), text.T(ctx, "trail.box.for", "reason", p.b.Reason)},
		Heads: box.Heads{
			Number: text.T(ctx, "trail.number"), When: text.T(ctx, "trail.when"), Who: text.T(ctx, "trail.person"), What: text.T(ctx, "trail.what"),
			Documents: text.T(ctx, "trail.box.documents"), Exchanges: text.T(ctx, "trail.box.exchanges"), Before: text.T(ctx, "trail.box.before"), After: text.T(ctx, "trail.box.after"),
		},
	}
}

// flushPage writes the page of entries that waits, if there is one.
func (p *packing) flushPage(ctx context.Context) error {
	if len(p.entries) == 0 {
		return nil
	}
	last := p.first + int64(len(p.entries)) - 1
	at := fmt.Sprintf("entries/%04d.html", len(p.index.Pages)+1)
	name := text.T(ctx, "trail.box.page", "first", text.Int(p.first), "last", text.Int(last), "from", text.DateTime(ctx, p.span[0]), "to", text.DateTime(ctx, p.span[1]))
	ix := box.Index{
		Lang: p.index.Lang, Title: p.index.Title + " · " + name, Up: box.Link{Name: text.T(ctx, "trail.box.first_page"), File: "../index.html"},
		Heads: p.index.Heads, Entries: p.entries,
	}
	p.index.Pages, p.entries = append(p.index.Pages, box.Link{Name: name, File: at}), nil
	return p.box.Add(box.File{Name: at}, func(to io.Writer) error { return box.WriteIndex(to, ix) })
}

// finishPages writes the first page, which has the entries themselves where they
// are not many.
func (p *packing) finishPages(ctx context.Context) error {
	if len(p.index.Pages) == 0 {
		p.index.Entries = p.entries
	} else if err := p.flushPage(ctx); err != nil {
		return err
	}
	return p.box.Add(box.File{Name: "index.html"}, func(to io.Writer) error { return box.WriteIndex(to, p.index) })
}

func linesOf(keys string) []string {
	return strings.FieldsFunc(keys, func(r rune) bool { return r == '\n' })
}

func writeIndented(to io.Writer, v any) error {
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(v); err != nil {
		return fmt.Errorf("writing exchanges: %w", err)
	}
	return nil
}
