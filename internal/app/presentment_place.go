package app

import (
	"context"
	"net/url"
	"strings"

	"portal/internal/store"
	"portal/web/templates/ui"
	"portal/web/text"
)

// billPlace is a list of bills: the query, and the view it was opened as, if any.
type billPlace struct {
	billQuery
	View string
}

func (p billPlace) values() url.Values {
	values := p.billQuery.values()
	if p.View != "" {
		values.Set("view", p.View)
	}
	return values
}

// nameImport finds the name of the file whose bills are asked for.
func (p *billPlace) nameImport(q *store.Query) error {
	if p.Import == store.NoID {
		return nil
	}
	i, err := q.Import(p.Import)
	p.FileName = i.FileName
	return err
}

// href is the address of the list from a place on.
func (p billPlace) href(from store.Cursor) string {
	return addressFrom("/presentments", p.values(), from)
}

// without is the same list less a filter. A view stays open, so that it can be
// made to stand for what is left.
func (p billPlace) without(fields ...string) string {
	return addressWithout("/presentments", p.values(), fields...)
}

// sorted is the same list in another order: the other way round if it is
// sorted so already.
func (p billPlace) sorted(by store.PresentmentSort) string {
	o := p
	o.Ascending = by != store.SortByDate && by != store.SortByAmount && by != store.SortBySince
	if p.Sort == by {
		o.Ascending = !p.Ascending
	}
	o.Sort = by
	return o.href(store.Cursor{})
}

// chips are the filters in use, each with the list without it.
func (p billPlace) chips(ctx context.Context) []ui.Chip {
	var chips []ui.Chip
	add := func(name, value string, fields ...string) {
		chips = append(chips, ui.Chip{Name: name, Value: value, Href: p.without(fields...)})
	}
	if len(p.Asked) > 1 {
		add(text.T(ctx, "presentment.state"), stateNames(ctx, p.Asked), "state")
	}
	if len(p.Decided) > 0 {
		add(text.T(ctx, "list.decided"), decisionNames(ctx, p.Decided), "decided")
	}
	if p.TaxID != "" {
		add(text.T(ctx, "presentment.tax_id"), p.TaxID, "tax_id")
	}
	if span := p.On.words(ctx); span != "" {
		add(text.T(ctx, "presentment.on"), span, "on", "on_from", "on_to")
	}
	if span := p.Due.words(ctx); span != "" {
		add(text.T(ctx, "presentment.due"), span, "due", "due_from", "due_to")
	}
	if p.AmountFrom != nil || p.AmountTo != nil {
		add(text.T(ctx, "presentment.amount"), between(ctx, satangText(p.AmountFrom), satangText(p.AmountTo)), "amount_from", "amount_to")
	}
	if p.Mine {
		add(text.T(ctx, "list.chip.made_by"), text.T(ctx, "list.chip.me"), "mine")
	}
	if p.Import != store.NoID {
		add(text.T(ctx, "list.chip.import"), p.FileName, "import")
	}
	if p.Owed {
		add(text.T(ctx, "list.chip.only"), text.T(ctx, "list.chip.unpaid"), "unpaid")
	}
	if p.Fault {
		add(text.T(ctx, "list.chip.only"), text.T(ctx, "list.chip.fault"), "fault")
	}
	return chips
}

func stateNames(ctx context.Context, states []string) string {
	names := make([]string, len(states))
	for n, state := range states {
		names[n] = presentmentStatus(ctx, state).Label
	}
	return strings.Join(names, ", ")
}

func decisionNames(ctx context.Context, decisions []string) string {
	names := make([]string, len(decisions))
	for n, d := range decisions {
		names[n] = buyerStatus(ctx, d).Label
	}
	return strings.Join(names, ", ")
}

func satangText(n *int64) string {
	if n == nil {
		return ""
	}
	return text.Amount(*n)
}

func (p period) words(ctx context.Context) string {
	if p.Preset != "" {
		return text.T(ctx, text.Prefix("list.period.")+p.Preset)
	}
	var from, to string
	if !p.From.IsZero() {
		from = text.Date(ctx, p.From.Time())
	}
	if !p.To.IsZero() {
		to = text.Date(ctx, p.To.Time())
	}
	return between(ctx, from, to)
}

// between says a span of which one end may be open.
func between(ctx context.Context, from, to string) string {
	switch {
	case from == "" && to == "":
		return ""
	case from == "":
		return text.T(ctx, "list.up_to", "to", to)
	case to == "":
		return text.T(ctx, "list.from_on", "from", from)
	}
	return from + " – " + to
}
