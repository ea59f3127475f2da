package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// approvalKinds are the decisions that may be made on many at once. What was
// seen of each is its fingerprint, so that the batch's own stands for the exact
// bytes of all.
func approvalKinds() []batchKind {
	return []batchKind{
		{
			name: "approve", permission: checker, area: areaApprovals, home: "/approvals", decides: true,
			look: leadsToApprove, before: approveBefore, extra: approveExtra, step: approveStep,
		},
		{
			name: "reject", permission: checker, area: areaApprovals, home: "/approvals", reason: true, dangerous: true,
			look: leadsToReject, before: rejectBefore, extra: approveExtra, step: rejectStep,
		},
	}
}

// leads makes items of waiting instructions, outliers first, then the largest.
func leads(a *App, q *store.Query, ids []store.ID, stops func(verdict string) bool) ([]batchItem, error) {
	found, err := q.BatchLeads(ids)
	slices.SortStableFunc(found, func(x, y store.BatchLead) int {
		return cmp.Or(cmp.Compare(strangeness(y), strangeness(x)), cmp.Compare(y.AmountSatang, x.AmountSatang))
	})
	items := make([]batchItem, len(found))
	for n, l := range found {
		items[n] = batchItem{
			ID: l.ID, Href: "/approvals/" + l.ID.String(), Title: l.Title, Amount: l.AmountSatang, Seen: hex.EncodeToString(l.Fingerprint),
		}
		switch {
		case l.State == store.Pending && !l.ExpiresAt.After(a.Clock()):
			items[n].Obstacle = text.Msg("batch.why.expired")
		case l.State != store.Pending:
			items[n].Obstacle = text.Msg("batch.why.decided")
		case l.MakerID == q.Actor().Person:
			items[n].Obstacle = text.Msg("batch.why.own")
		case l.Verdict == store.IsAuthor:
			items[n].Obstacle = text.Msg("batch.why.author")
		case l.Verdict != "" && stops(l.Verdict):
			items[n].Obstacle = text.Msg(verdictKeys[l.Verdict])
		}
	}
	return items, err
}

func strangeness(l store.BatchLead) int {
	if l.Outlier() {
		return 1
	}
	return 0
}

func leadsToApprove(_ context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	return leads(a, q, ids, func(string) bool { return true })
}

// leadsToReject: a checker may say no before it is their turn.
func leadsToReject(_ context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	return leads(a, q, ids, func(verdict string) bool { return verdict == store.IsNoChecker })
}

func approveBefore(ctx context.Context, _ *App, _ *store.Query, _ user, _ []batchItem) ([]string, error) {
	return []string{text.T(ctx, "batch.approve.each"), text.T(ctx, "batch.approve.rest")}, nil
}

func rejectBefore(ctx context.Context, _ *App, _ *store.Query, _ user, _ []batchItem) ([]string, error) {
	return []string{text.T(ctx, "batch.reject.back"), text.T(ctx, "batch.reject.seen")}, nil
}

// approveExtra shows the totals by buyer, and what is out of the ordinary. That
// a buyer is new is said once, beside their total: in a merchant's first months
// most are.
func approveExtra(_ context.Context, _ *App, q *store.Query, _ user, items []batchItem) (templates.BatchExtra, error) {
	ids := make([]store.ID, len(items))
	for n, i := range items {
		ids[n] = i.ID
	}
	found, err := q.BatchLeads(ids)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var v templates.ApprovalTotalsView
	at := map[string]int{}
	for _, l := range found {
		n, known := at[l.BuyerName]
		if !known {
			n = len(v.Buyers)
			at[l.BuyerName], v.Buyers = n, append(v.Buyers, templates.ApprovalTotal{Buyer: l.BuyerName})
		}
		v.Buyers[n].Number++
		v.Buyers[n].Satang += l.AmountSatang
		v.Buyers[n].New = v.Buyers[n].New || l.NewBuyer
		if l.Outlier() {
			v.Strange = append(v.Strange, templates.ApprovalStrange{
				Href: "/approvals/" + l.ID.String(), Title: l.Title, Satang: l.AmountSatang, UsualSatang: l.MeanSatang,
			})
		}
	}
	slices.SortStableFunc(v.Buyers, func(x, y templates.ApprovalTotal) int { return cmp.Compare(y.Satang, x.Satang) })
	if len(v.Buyers) > maxTotals {
		for _, b := range v.Buyers[maxTotals:] {
			v.Others++
			v.OthersNumber += b.Number
			v.OthersSatang += b.Satang
		}
		v.Buyers = v.Buyers[:maxTotals]
	}
	return templates.ApprovalTotals(v), nil
}

// maxTotals is how many totals are shown one by one; those behind are the small
// ones, and one line.
const maxTotals = 20

func approveStep(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, _ string) (store.ID, error) {
	seen, ok := store.ParseFingerprint(row.Seen)
	if !ok {
		return store.NoID, teller.ErrChanged
	}
	err := a.Teller.Approve(ctx, u.actor(), row.ItemID, seen)
	if !errors.Is(err, teller.ErrAlreadyApproved) && !errors.Is(err, teller.ErrNotPending) || b.StartedAt == nil {
		return row.ItemID, err
	}
	// A forgotten try of this very batch may have done it, and its approval may
	// have been the last that was needed.
	var given []store.Approval
	if err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		given, err = q.Approvals(row.ItemID)
		return err
	}); err != nil {
		return store.NoID, err
	}
	if slices.ContainsFunc(given, func(g store.Approval) bool { return g.PersonID == u.person.ID && !g.At.Before(*b.StartedAt) }) {
		return row.ItemID, nil
	}
	return store.NoID, err
}

func rejectStep(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, _ string) (store.ID, error) {
	err := a.Teller.Reject(ctx, u.actor(), row.ItemID, b.Note)
	if !errors.Is(err, teller.ErrNotPending) || b.StartedAt == nil {
		return row.ItemID, err
	}
	var i store.Instruction
	if err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		i, err = q.Instruction(row.ItemID)
		return err
	}); err != nil {
		return store.NoID, err
	}
	if i.State == store.Rejected && i.Reason == b.Note && !i.StateSince.Before(*b.StartedAt) {
		return row.ItemID, nil
	}
	return store.NoID, err
}
