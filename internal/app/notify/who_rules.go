package notify

import (
	"encoding/json"
	"fmt"
	"slices"

	"portal/internal/store"
)

// ofPolicy asks those who may decide on a proposal, and tells the proposer what
// came of it. New rules concern everybody who approves or administers.
func ofPolicy(tx *store.Tx, n store.News, name string) ([]telling, error) {
	if !slices.Contains([]string{"proposed", store.ProposalApproved, store.ProposalRejected}, name) {
		return nil, nil
	}
	p, err := tx.PolicyProposal(n.Subject.ID())
	if err != nil {
		return nil, err
	}
	proposer := []store.ID{p.ProposedBy}
	if name == store.ProposalRejected {
		return []telling{{PolicyRejected, n.Subject, store.Words{}, proposer}}, nil
	}
	checkers, err := tx.OnDuty(store.Checker)
	if err != nil {
		return nil, err
	}
	admins, err := tx.OnDuty(store.Admin)
	if err != nil {
		return nil, err
	}
	others := slices.DeleteFunc(together(checkers, admins), func(id store.ID) bool { return id == p.ProposedBy })
	switch {
	case name == store.ProposalApproved:
		return []telling{{PolicyApproved, n.Subject, store.Words{}, proposer}, {Rules, n.Subject, store.Words{}, others}}, nil
	case p.Decision != nil:
		return nil, nil // it was decided before anybody looked
	}
	return []telling{{PolicyProposed, n.Subject, store.Words{}, others}}, nil
}

// ofDelegation tells the delegate of the offer, the holder of the answer, and
// of its end whichever of the two did not end it.
func ofDelegation(n store.News, name string) ([]telling, error) {
	var d store.DelegationDetail
	if err := json.Unmarshal(n.Detail, &d); err != nil {
		return nil, fmt.Errorf("reading a delegation: %w", err)
	}
	words := store.Words{"first": d.StartsOn, "last": d.EndsOn}
	switch name {
	case "offered":
		return []telling{{Delegated, n.Subject, words, []store.ID{d.Delegate}}}, nil
	case store.DelegationAccepted:
		return []telling{{DelegationAccepted, n.Subject, words, []store.ID{d.Holder}}}, nil
	case store.DelegationDeclined:
		return []telling{{DelegationDeclined, n.Subject, words, []store.ID{d.Holder}}}, nil
	case "revoked":
		return []telling{{DelegationRevoked, n.Subject, words, []store.ID{d.Holder, d.Delegate}}}, nil
	}
	return nil, nil
}

// ofSessions tells somebody whom an administrator signed out everywhere.
func ofSessions(n store.News) []telling {
	whose := n.Subject.ID()
	if n.Person.UUID == whose {
		return nil
	}
	return []telling{{SessionsEnded, n.Subject, store.Words{}, []store.ID{whose}}}
}
