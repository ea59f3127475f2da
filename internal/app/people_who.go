package app

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// productOperations are the writing operations of each product, as the schema
// has them; a test holds the two together.
var productOperations = map[store.Product][]string{
	store.Papers: {
		"presentment.create", "presentment.document.upload", "presentment.cancel", "receipt.create", "receipt.document.upload", "etax.generate", "etax.reissue",
	},
	store.Debits:   {"mandate.cancel", "debit.create", "schedule.create", "schedule.cancel"},
	store.Requests: {"promptpay.create"},
	store.Alerts:   {"promptpay.acknowledge", "promptpay.block", "promptpay.unblock"},
}

// showWho shows who can do what: everything, or one operation.
func (a *App) showWho(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	operation := f.raw("operation")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.PeopleWhoView{Operation: operation}
	known := operation == ""
	for _, p := range store.AllProducts {
		for _, o := range productOperations[p] {
			known = known || o == operation
			v.Operations = append(v.Operations, ui.Option{Value: o, Label: operationName(ctx, o)})
		}
	}
	if !known {
		return store.ErrNotFound
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		staff, err := q.Staff()
		if err != nil {
			return err
		}
		policy, err := q.Policy()
		if err != nil {
			return err
		}
		gaps, err := q.CoverageIf(store.NoID, nil, nil, 1)
		if err != nil {
			return err
		}
		v.Gaps = coverageSentences(ctx, policy, gaps)
		for _, p := range store.AllProducts {
			if operation == "" || slices.Contains(productOperations[p], operation) {
				v.Products = append(v.Products, a.whoOf(ctx, p, operation, policy, staff, gaps))
			}
		}
		if operation == "" {
			v.Others = whoElse(ctx, staff)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin}, templates.PeopleWho(v))
}

// whoOf is who makes and who approves of a product, or of one of its operations.
func (a *App) whoOf(ctx context.Context, p store.Product, operation string, policy store.Policy, staff []store.StaffMember, gaps []store.CoverageGap) templates.WhoProduct {
	v := templates.WhoProduct{Name: text.T(ctx, text.Prefix("people.product.")+string(p)), What: text.T(ctx, text.Prefix("people.product_what.")+string(p))}
	for _, m := range staff {
		if m.Has(store.Maker) && m.WorksOn(p) {
			v.Makes = append(v.Makes, m.Name)
		}
	}
	own := func(l store.BandList) bool { return l.Operation == operation }
	for _, l := range bandsOf(policy) {
		switch {
		case operation != "" && l.Operation != operation && (l.Operation != "" || slices.ContainsFunc(bandsOf(policy), own)):
			continue
		case l.Operation != "" && !slices.Contains(productOperations[p], l.Operation):
			continue
		}
		for n, b := range l.Bands {
			band := templates.WhoBand{Operation: listName(ctx, l.Operation), Range: bandName(ctx, l.Bands, n), Covered: len(v.Makes) > 0}
			for _, g := range gaps {
				band.Covered = band.Covered && (g.Product != p || g.Operation != l.Operation || g.Band != n+1)
			}
			for _, s := range b.Steps {
				band.Steps = append(band.Steps, a.whoTakes(ctx, p, s, staff))
			}
			v.Bands = append(v.Bands, band)
		}
	}
	return v
}

func (a *App) whoTakes(ctx context.Context, p store.Product, s store.Step, staff []store.StaffMember) templates.WhoStep {
	v := templates.WhoStep{Needs: text.N(ctx, "people.needs", s.People)}
	for _, m := range staff {
		if !m.Has(store.Checker) || !m.WorksOn(p) || !seatOf(s).Fits(m.PersonID, m.Level) {
			continue
		}
		name := m.Name
		if m.DecidesFrom.After(a.Clock()) {
			name = text.T(ctx, "people.name_waits", "name", m.Name)
		}
		v.Who = append(v.Who, name)
	}
	return v
}

func whoElse(ctx context.Context, staff []store.StaffMember) []templates.WhoOther {
	var list []templates.WhoOther
	for _, a := range abilities {
		other := templates.WhoOther{What: text.T(ctx, text.Prefix("people.ability.")+a.name)}
		for _, m := range staff {
			if !m.Disabled && a.duties.admits(asDuties(m.Duties)) {
				other.Who = append(other.Who, m.Name)
			}
		}
		list = append(list, other)
	}
	return list
}

// coverageSentences say which amounts nobody could approve, product by product.
func coverageSentences(ctx context.Context, p store.Policy, gaps []store.CoverageGap) []string {
	lists := bandsOf(p)
	type band struct {
		operation string
		band      int
		product   store.Product
	}
	var order []band
	makers := map[band][]string{}
	for _, g := range gaps {
		b := band{g.Operation, g.Band, g.Product}
		if makers[b] == nil {
			order = append(order, b)
		}
		makers[b] = append(makers[b], g.MakerName)
	}
	var said []string
	for _, b := range order {
		for _, l := range lists {
			if l.Operation == b.operation && b.band <= len(l.Bands) {
				said = append(said, text.T(ctx, "people.gap", "product", text.T(ctx, text.Prefix("people.product.")+string(b.product)),
					"operation", listName(ctx, l.Operation), "range", bandName(ctx, l.Bands, b.band-1), "maker", strings.Join(makers[b], ", ")))
			}
		}
	}
	return said
}
