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
	subjects, err := q.BillSubjects(id)
	if err != nil {
		return err
	}
	leaves, err := q.Story(subjects)
	if err != nil {
		return err
	}
	v.Clipped = len(leaves) == store.StoryLimit
	names, err := q.NamesOf(leaves)
	if err != nil {
		return err
	}
	list, err := q.ExchangesAbout(store.About("presentment", id))
	if err != nil {
		return err
	}
	exchanges := make(map[store.ID]store.Exchange, len(list))
	for _, x := range list {
		exchanges[x.ID] = x
	}
	for _, l := range leaves {
		e := templates.TrailEntry{Row: trailRow(ctx, l, names), Note: noteOf(l), Meaning: meaningOf(l)}
		e.Fields, e.Changes = fieldsOf(ctx, l)
		// Request and answer are shown once, where the answer is told.
		if x, ok := exchanges[l.Subject.ID()]; ok && (l.Action == "exchange.ended" || x.EndedAt == nil) {
			shown := exchangeView(x)
			e.Exchange = &shown
		}
		if l.Published {
			v.Published++
		}
		v.Entries = append(v.Entries, e)
	}
	v.Summary = text.N(ctx, "trail.bill_entries", len(v.Entries), "published", v.Published)
	return nil
}
