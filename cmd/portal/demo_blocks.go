package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// demoBlock is a sender whose alerts the demo does not want.
type demoBlock struct {
	from     int // of demoSenders
	ours     string
	reason   string
	note     string
	reviewIn int // days
	ends     ending
}

// demoBlocks leave the spammer alone: whoever looks at the demo may block it
// from its alert.
var demoBlocks = []demoBlock{
	{agent, demoMobile, "not_ours", "ไม่มีสัญญากับผู้ส่งรายนี้ และตอบปฏิเสธไปแล้ว", 1, sent},
	{lookAlike, demoMerchants[0].TaxID, "look_alike", "ชื่อคล้ายผู้ขายกล่องกระดาษ แต่คนละเลขผู้เสียภาษี", 180, submitted},
	{agent, demoMerchants[0].TaxID, "not_ours", "", 180, drafted},
}

// demoElsewhere is blocked at the bank itself, by nobody of the portal.
var demoElsewhere = sandbox.Proxy{Type: krungsri.ProxyMobile, Value: "0890000077"}

// blocked keeps the list of senders whose alerts are not delivered, has one
// blocked at the bank's side, and the two lists compared, once.
func (k bookkeeper) blocked(ctx context.Context) error {
	var ours []store.PromptPayID
	known := false
	err := k.store.Read(ctx, k.as(demoMakers[0]), func(q *store.Query) error {
		list, _, err := q.Blocks(store.BlockFilter{Limit: 1})
		if known = len(list) > 0; err != nil {
			return err
		}
		ours, err = q.ActivePromptPayIDs()
		return err
	})
	if err != nil || known {
		return err
	}
	for _, d := range demoBlocks {
		for _, own := range ours {
			if own.Value != d.ours {
				continue
			}
			if err := k.block(ctx, d, own.ID); err != nil {
				return fmt.Errorf("demo block of %s: %w", demoSenders[d.from].Name, err)
			}
		}
	}
	if err := k.bank.BlockAtBank(sandbox.Proxy{Type: krungsri.ProxyMobile, Value: demoMobile}, demoElsewhere); err != nil {
		return err
	}
	if err := k.teller.CompareBlocks(ctx, k.as(demoMakers[0])); err != nil && !errors.Is(err, store.ErrAsking) {
		return err
	}
	return k.until(ctx, func(q *store.Query) (bool, error) {
		open, err := q.CountBlockDifferences()
		return open > 0, err
	})
}

// block takes one as far as it goes.
func (k bookkeeper) block(ctx context.Context, d demoBlock, ours store.ID) error {
	from := demoSenders[d.from]
	sender, err := promptpay.FromBank(string(from.ID.Type), from.ID.Value)
	if err != nil {
		return err
	}
	maker := k.as(demoMakers[0])
	y, m, day := time.Now().In(thai.Bangkok).Date()
	b := store.Block{
		ID: store.NewID(), ProxyID: ours, SenderKind: string(sender.Kind), SenderValue: sender.Value, SenderName: from.Name, Reason: d.reason, Note: d.note,
		OwnerID: maker.Person, ReviewOn: time.Date(y, m, day+d.reviewIn, 0, 0, 0, 0, time.UTC), Origin: store.BlockedHere, State: store.BlockDraft,
	}
	err = k.store.Write(ctx, maker, func(tx *store.Tx) error { return tx.AddBlocks(b) })
	if err != nil || d.ends == drafted {
		return err
	}
	lead, err := k.teller.SubmitBlock(ctx, maker, b.ID, 1, "demo block "+b.ID.String())
	if err != nil || d.ends == submitted {
		return err
	}
	return k.approve(ctx, k.as(demoCheckers[0]), lead)
}
