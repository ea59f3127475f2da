package app

import (
	"context"
	"errors"
	"strings"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// likenesses are the bills that this one may be a second time: the one that
// has its number, and those to the same buyer over the same amount within a
// week. The first is refused by the schema, the others are only shown.
func likenesses(ctx context.Context, q *store.Query, p store.Presentment) (taken *templates.BillLink, alike []templates.BillLink, err error) {
	if p.DocumentNumber != "" {
		id, err := q.PresentmentNumbered(p.DocumentNumber)
		switch {
		case errors.Is(err, store.ErrNotFound) || err == nil && id == p.ID:
		case err != nil:
			return nil, nil, err
		default:
			other, err := q.Presentment(id)
			if err != nil {
				return nil, nil, err
			}
			taken = &templates.BillLink{Href: "/presentments/" + id.String(), Name: other.DocumentNumber + " · " + other.BuyerName}
		}
	}
	if p.BuyerTaxID == "" || p.TotalSatang == 0 || p.DocumentOn.IsZero() {
		return taken, nil, nil
	}
	others, err := q.Alike(p.BuyerTaxID, p.TotalSatang, p.DocumentOn, p.ID)
	for _, o := range others {
		alike = append(alike, templates.BillLink{
			Href: "/presentments/" + o.ID.String(),
			Name: o.DocumentNumber + " · " + text.Date(ctx, o.DocumentOn) + " · " + text.T(ctx, text.Prefix("presentment.state.")+o.State),
		})
	}
	return taken, alike, err
}

// soFar is the bill as far as it can be read, to compare it with others.
func (f *presentmentForm) soFar(today thai.Day, total int64) store.Presentment {
	p := store.Presentment{ID: f.about, DocumentNumber: strings.TrimSpace(f.raw("number")), TotalSatang: total, DocumentOn: readableDay(f.raw("document_on"), today)}
	if number, err := thai.CleanText(p.DocumentNumber, maxText); err == nil {
		p.DocumentNumber = number
	}
	if id, err := thai.ParseTaxID(f.raw("buyer_tax_id")); err == nil {
		p.BuyerTaxID = string(id)
	}
	return p
}

// compare looks for likenesses of what was typed.
func (a *App) compare(ctx context.Context, u user, f *presentmentForm, total int64) (taken *templates.BillLink, alike []templates.BillLink, err error) {
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		taken, alike, err = likenesses(ctx, q, f.soFar(a.today(), total))
		return err
	})
	return taken, alike, err
}
