package app

import (
	"context"
	"strings"

	"portal/internal/app/buyer"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// How many buyers are looked at for what one shares with others, and how many
// of those that look alike are shown.
const (
	maxFamily    = 50
	maxNamedLike = 20
	maxAlike     = 5
)

// buyerFlags says what a buyer shares with others: its number under another
// name, its number at another branch, a name that could be taken for it. The
// buyer may not be stored yet, or be half typed.
func buyerFlags(ctx context.Context, q *store.Query, b store.Buyer) ([]templates.BuyerFlag, error) {
	var flags []templates.BuyerFlag
	if id, err := thai.ParseTaxID(b.TaxID); err == nil {
		family, err := q.BuyersOfTaxID(string(id), maxFamily)
		if err != nil {
			return nil, err
		}
		for _, other := range family {
			if other.ID != b.ID {
				flags = append(flags, familyFlag(ctx, b, other))
			}
		}
	}
	if strings.TrimSpace(b.Name+b.NameEN) == "" {
		return flags, nil
	}
	near, err := q.BuyersNamedLike(b.Name, b.NameEN, maxNamedLike)
	if err != nil {
		return nil, err
	}
	shown := 0
	for _, other := range near {
		if other.ID == b.ID || other.TaxID == b.TaxID || shown == maxAlike || !lookAlike(b, other) {
			continue
		}
		flags = append(flags, flag(ctx, ui.Warning, text.T(ctx, "buyer.flag.alike"), other))
		shown++
	}
	return flags, nil
}

// familyFlag is about another buyer with the same tax id.
func familyFlag(ctx context.Context, b, other store.Buyer) templates.BuyerFlag {
	sameName := strings.TrimSpace(b.Name) == "" || buyer.SameName(b.Name, other.Name) || b.NameEN != "" && buyer.SameName(b.NameEN, other.NameEN)
	switch {
	case !sameName:
		return flag(ctx, ui.Warning, text.T(ctx, "buyer.flag.reused"), other)
	case other.Branch != b.Branch:
		return flag(ctx, ui.Info, text.T(ctx, "buyer.flag.family"), other)
	case other.State == store.BuyerArchived:
		return flag(ctx, ui.Info, text.T(ctx, "buyer.flag.archived"), other)
	}
	return flag(ctx, ui.Warning, text.T(ctx, "buyer.flag.known"), other)
}

func flag(ctx context.Context, m ui.Meaning, reason string, other store.Buyer) templates.BuyerFlag {
	f := templates.BuyerFlag{
		Meaning: m, Reason: reason, Href: buyerHref(other.ID), Name: other.Name,
		Number: thai.TaxID(other.TaxID).Grouped() + " · " + branchName(ctx, other.Branch),
	}
	if other.State == store.BuyerArchived {
		f.Number += " · " + text.T(ctx, "buyer.state.archived")
	}
	return f
}

// lookAlike compares the Thai and the English names of two buyers.
func lookAlike(a, b store.Buyer) bool {
	for _, mine := range nonEmpty(a.Name, a.NameEN) {
		for _, theirs := range nonEmpty(b.Name, b.NameEN) {
			if buyer.LookAlike(mine, theirs) {
				return true
			}
		}
	}
	return false
}
