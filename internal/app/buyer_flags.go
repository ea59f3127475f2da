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
// are named for each reason.
const (
	maxFamily    = 50
	maxNamedLike = 20
	maxNamed     = 5
)

// kinship is why one buyer is shown beside another.
type kinship int

// The reasons, the most urgent first: they are shown in this order.
const (
	alreadyKnown kinship = iota // the same number and branch, in use
	reusedTaxID                 // the same number under another name
	looksAlike                  // another number under nearly the same name
	wasArchived                 // the same number and branch, out of use
	sameFamily                  // another branch
)

var kinships = []struct {
	meaning ui.Meaning
	reason  string
}{
	alreadyKnown: {ui.Warning, text.K("buyer.flag.known")},
	reusedTaxID:  {ui.Warning, text.K("buyer.flag.reused")},
	looksAlike:   {ui.Warning, text.K("buyer.flag.alike")},
	wasArchived:  {ui.Info, text.K("buyer.flag.archived")},
	sameFamily:   {ui.Info, text.K("buyer.flag.family")},
}

// buyerFlags says what a buyer shares with others: its number under another
// name, its number at another branch, a name that could be taken for it. The
// buyer may not be stored yet, or be half typed.
func buyerFlags(ctx context.Context, q *store.Query, b store.Buyer) ([]templates.BuyerFlag, error) {
	kin := make([][]store.Buyer, len(kinships))
	if id, err := thai.ParseTaxID(b.TaxID); err == nil {
		family, err := q.BuyersOfTaxID(string(id), maxFamily)
		if err != nil {
			return nil, err
		}
		for _, other := range family {
			if other.ID != b.ID {
				k := kinshipOf(b, other)
				kin[k] = append(kin[k], other)
			}
		}
	}
	if strings.TrimSpace(b.Name+b.NameEN) != "" {
		near, err := q.BuyersNamedLike(b.Name, b.NameEN, maxNamedLike)
		if err != nil {
			return nil, err
		}
		for _, other := range near {
			if other.ID != b.ID && other.TaxID != b.TaxID && lookAlike(b, other) {
				kin[looksAlike] = append(kin[looksAlike], other)
			}
		}
	}
	var flags []templates.BuyerFlag
	for k, others := range kin {
		if len(others) > 0 {
			flags = append(flags, buyerFlag(ctx, kinship(k), others))
		}
	}
	return flags, nil
}

// kinshipOf is what another buyer with the same tax id is to b.
func kinshipOf(b, other store.Buyer) kinship {
	sameName := strings.TrimSpace(b.Name) == "" || buyer.SameName(b.Name, other.Name) || b.NameEN != "" && buyer.SameName(b.NameEN, other.NameEN)
	switch {
	case other.Branch == b.Branch && other.State == store.BuyerActive:
		return alreadyKnown
	case !sameName:
		return reusedTaxID
	case other.Branch == b.Branch:
		return wasArchived
	}
	return sameFamily
}

func buyerFlag(ctx context.Context, k kinship, others []store.Buyer) templates.BuyerFlag {
	f := templates.BuyerFlag{Meaning: kinships[k].meaning, Reason: text.T(ctx, kinships[k].reason), More: max(0, len(others)-maxNamed)}
	for _, other := range others[:len(others)-f.More] {
		o := templates.OtherBuyer{Href: buyerHref(other.ID), Name: other.Name, Number: thai.TaxID(other.TaxID).Grouped() + " · " + branchName(ctx, other.Branch)}
		if other.State == store.BuyerArchived {
			o.Number += " · " + text.T(ctx, "buyer.state.archived")
		}
		f.Others = append(f.Others, o)
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
