package app

import (
	"context"
	"errors"
	"strings"

	"portal/internal/app/buyer"
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
			taken = &templates.BillLink{Href: billHref(id), Name: other.DocumentNumber + " · " + other.BuyerName}
		}
	}
	if p.BuyerTaxID == "" || p.TotalSatang == 0 || p.DocumentOn.IsZero() {
		return taken, nil, nil
	}
	others, err := q.Alike(p.BuyerTaxID, p.TotalSatang, p.DocumentOn, p.ID)
	for _, o := range others {
		alike = append(alike, templates.BillLink{
			Href: billHref(o.ID),
			Name: o.DocumentNumber + " · " + text.Date(ctx, o.DocumentOn) + " · " + text.T(ctx, text.Prefix("presentment.state.")+o.State),
		})
	}
	return taken, alike, err
}

// soFar is the bill as far as it can be read, to compare it with others.
func (f *presentmentForm) soFar(today thai.Day, total int64) store.Presentment {
	p := store.Presentment{ID: f.about, DocumentNumber: strings.TrimSpace(f.raw("number")), TotalSatang: total, DocumentOn: readableDay(f.raw("document_on"), today)}
	if name, err := thai.CleanText(f.raw("buyer_name"), maxText); err == nil {
		p.BuyerName = name
	}
	if number, err := thai.CleanText(p.DocumentNumber, maxText); err == nil {
		p.DocumentNumber = number
	}
	if id, err := thai.ParseTaxID(f.raw("buyer_tax_id")); err == nil {
		p.BuyerTaxID = string(id)
	}
	return p
}

// compared is what is known already that looks like what was typed.
type compared struct {
	taken *templates.BillLink
	alike []templates.BillLink
	known []templates.FoundBuyer // who have the tax id under another name
}

// compare looks for likenesses of what was typed.
func (a *App) compare(ctx context.Context, u user, f *presentmentForm, total int64) (c compared, err error) {
	p, on := f.soFar(a.today(), total), f.dayOr(a.today())
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if c.taken, c.alike, err = likenesses(ctx, q, p); err != nil || p.BuyerTaxID == "" {
			return err
		}
		family, err := q.BuyersOfTaxID(p.BuyerTaxID, maxFamily)
		for _, b := range namedOtherwise(family, p) {
			c.known = append(c.known, foundBuyer(ctx, b, on))
		}
		return err
	})
	return c, err
}

// namedOtherwise are those of the tax id of a bill's buyer that have another
// name than the bill gives it; none, if one of them has that name.
func namedOtherwise(family []store.Buyer, p store.Presentment) []store.Buyer {
	var others []store.Buyer
	for _, b := range family {
		switch {
		case b.State != store.BuyerActive || len(others) == maxNamed:
		case p.BuyerName != "" && (buyer.SameName(p.BuyerName, b.Name) || b.NameEN != "" && buyer.SameName(p.BuyerName, b.NameEN)):
			return nil
		default:
			others = append(others, b)
		}
	}
	return others
}
