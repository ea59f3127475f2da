package app

import (
	"context"
	"net/http"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// showBillTrail shows everything the trail tells of one bill, in order.
func (a *App) showBillTrail(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.BillTrailView
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		p, err := q.Presentment(id)
		if err != nil {
			return err
		}
		v = templates.BillTrailView{
			Number: p.DocumentNumber, Buyer: p.BuyerName, Amount: p.TotalSatang, Bill: billHref(id),
			State: presentmentStatus(ctx, p.State), Since: p.StateSince,
		}
		if v.Head, err = a.trustOf(ctx, q); err != nil {
			return err
		}
		return fillBillTrail(ctx, q, id, &v)
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit}, templates.BillTrail(v))
}

func fillBillTrail(ctx context.Context, q *store.Query, id store.ID, v *templates.BillTrailView) error {
	t, err := tellOf(ctx, q, store.About("presentment", id))
	if err != nil {
		return err
	}
	v.Clipped, v.Entries, v.Published, v.Summary = t.clipped, t.entries, t.published, t.summary(ctx)
	return nil
}

// told is everything the trail tells of a thing, the oldest first.
type told struct {
	leaves    []store.LeafRow
	names     map[store.Subject]store.SubjectName
	entries   []templates.TrailEntry
	published int
	clipped   bool
}

func (t told) summary(ctx context.Context) string {
	return text.N(ctx, "trail.bill_entries", len(t.entries), "published", t.published)
}

func tellOf(ctx context.Context, q *store.Query, about store.Subject) (t told, err error) {
	subjects, err := q.SubjectsAround(about)
	if err != nil {
		return t, err
	}
	if t.leaves, err = q.Story(subjects); err != nil {
		return t, err
	}
	t.clipped = len(t.leaves) == store.StoryLimit
	if t.names, err = q.NamesOf(t.leaves); err != nil {
		return t, err
	}
	list, err := q.ExchangesAbout(about)
	if err != nil {
		return t, err
	}
	exchanges := make(map[store.ID]store.Exchange, len(list))
	for _, x := range list {
		exchanges[x.ID] = x
	}
	for _, l := range t.leaves {
		e := templates.TrailEntry{Row: trailRow(ctx, l, t.names), Note: noteOf(l), Meaning: meaningOf(l)}
		e.Fields, e.Changes = fieldsOf(ctx, l)
		e.Fields = hide(e.Fields, "")
		// Request and answer are shown once, where the answer is told.
		if x, ok := exchanges[l.Subject.ID()]; ok && (l.Action == "exchange.ended" || x.EndedAt == nil) {
			shown := exchangeView(x)
			e.Exchange = &shown
		}
		if l.Published {
			t.published++
		}
		t.entries = append(t.entries, e)
	}
	return t, nil
}
