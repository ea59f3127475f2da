package app

import (
	"context"

	"portal/internal/store"
	"portal/web/text"
)

// personFor names somebody who acts, for themself or for another who is away.
func personFor(ctx context.Context, name, forName string) string {
	if forName == "" {
		return name
	}
	return text.T(ctx, "approval.person_for", "person", name, "holder", forName)
}

// deciderNames names everybody once: who may decide for themself needs nobody
// else's leave.
func deciderNames(ctx context.Context, deciders []store.Decider) []string {
	var names []string
	own := map[string]bool{}
	for _, d := range deciders {
		if d.ForName == "" {
			own[d.Name] = true
		}
		if d.ForName == "" || !own[d.Name] {
			names = append(names, personFor(ctx, d.Name, d.ForName))
		}
	}
	return names
}

// verdictKeys are the sentences for the rules that keep somebody from giving
// an approval.
var verdictKeys = map[string]string{
	store.IsAuthor:      text.K("approval.not.author"),
	store.IsNoChecker:   text.K("approval.not.checker"),
	store.HasApproved:   text.K("approval.not.again"),
	store.IsNotPending:  text.K("approval.not.expired"),
	store.IsNotAsked:    text.K("approval.not.not_asked"),
	store.IsNeededLater: text.K("approval.not.needed_later"),
	store.WaitsADay:     text.K("approval.not.too_soon"),
}
