package main

import (
	"context"
	"fmt"

	"portal/internal/store"
)

// demoRules are proposed and approved at the first merchant once its first
// bills are made: small bills need one checker, larger ones two, and the
// largest a checker and then one of level 2.
var demoRules = store.Rules{CutOff: "16:00", UntilDue: true, Lists: []store.BandList{{Bands: []store.Band{
	{UpToSatang: 50_000_00, Steps: []store.Step{{People: 1, Level: 1}}},
	{UpToSatang: 1_000_000_00, Steps: []store.Step{{People: 2, Level: 1}}},
	{Steps: []store.Step{{People: 1, Level: 1}, {People: 1, Level: 2}}},
}}}}

// regulate has the administrator propose demoRules and a checker approve them,
// unless somebody has changed the policy or proposed another before. In a
// database from before there were levels nobody could fulfil them, and it
// keeps the policy it has.
func (k bookkeeper) regulate(ctx context.Context) error {
	as := func(user string) store.Actor {
		return store.Actor{Merchant: k.merchants[0], Person: k.people[user], Request: "portal dev"}
	}
	var proposal store.ID
	err := k.store.Write(ctx, as("admin"), func(tx *store.Tx) error {
		p, err := tx.Policy()
		if err != nil || p.Version > 1 {
			return err
		}
		p.Rules = demoRules
		proposal, err = tx.ProposePolicy(p, "แบ่งวงเงินอนุมัติตามมติผู้บริหาร")
		return err
	})
	if store.Violated(err, "policy_leaves_somebody") || store.Violated(err, "one_open_policy_proposal") {
		return nil
	}
	if err != nil || proposal == store.NoID {
		return err
	}
	err = k.store.Write(ctx, as("checker1"), func(tx *store.Tx) error {
		p, err := tx.PolicyProposal(proposal)
		if err != nil {
			return err
		}
		return tx.DecideProposal(p, store.ProposalApproved, "")
	})
	if err != nil {
		return fmt.Errorf("approving the demo policy: %w", err)
	}
	return nil
}
