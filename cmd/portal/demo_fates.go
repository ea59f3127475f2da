package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/bill"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// disputedBills are bills that their buyers disputed: the first has been
// replaced, the replacement of the second is a draft.
var disputedBills = []struct{ old, new demoBill }{
	{
		old: demoBill{number: "INV-0201", buyer: 1, age: 24, due: 6, lines: []bill.Line{towels, delivery}, files: 1, ends: sent, fate: krungsri.StatusDisputed, reason: "ค่าขนส่งตกลงกันว่าไม่คิด กรุณาแก้ไขใบแจ้งหนี้"},
		new: demoBill{number: "INV-0202", buyer: 1, age: 20, due: 10, lines: []bill.Line{towels}, files: 1, ends: sent, fate: krungsri.StatusAccepted},
	},
	{
		old: demoBill{number: "INV-0203", buyer: 2, age: 12, due: 33, lines: []bill.Line{cement, steel}, files: 1, ends: sent, fate: krungsri.StatusDisputed, reason: "จำนวนปูนที่ได้รับจริง 580 ถุง"},
		new: demoBill{number: "INV-0204", buyer: 2, age: 8, due: 37, lines: []bill.Line{cement, steel}, ends: drafted},
	},
}

// decide plays the buyers of what is at the bank, which then calls back. What
// somebody has decided already stays so.
func (k bookkeeper) decide(ctx context.Context, bills []demoBill) error {
	if k.bank == nil {
		return errNoStandIn
	}
	for _, b := range bills {
		if b.fate == "" {
			continue
		}
		p, err := k.bill(ctx, b)
		if err != nil {
			return err
		}
		if p.State != store.PresentmentPresented || p.BuyerDecision != "" {
			continue
		}
		at := k.officeHour(b.answered)
		if b.fate == krungsri.StatusPaid { // nobody pays what they have not accepted
			_ = k.bank.DecideThen(p.BankReference, krungsri.StatusAccepted, "", at.Add(-time.Hour)) // refused if it was decided on an earlier start
		}
		_ = k.bank.DecideThen(p.BankReference, b.fate, b.reason, at)
	}
	return nil
}

// officeHour is a time of the day so many days ago; the zero time where that is
// today.
func (k bookkeeper) officeHour(age int) time.Time {
	if age == 0 {
		return time.Time{}
	}
	d := k.today.AddDays(-age)
	return time.Date(d.Year, d.Month, d.Day, 10+age%6, 7*age%60, 0, 0, thai.Bangkok)
}

func (k bookkeeper) bill(ctx context.Context, b demoBill) (p store.Presentment, err error) {
	err = k.store.Read(ctx, k.maker(b), func(q *store.Query) error {
		p, err = q.Presentment(k.idOf(b))
		return err
	})
	return p, err
}

func (k bookkeeper) idOf(b demoBill) store.ID {
	return uuid.NewSHA1(k.merchants[b.merchant], []byte(b.number))
}

// correct has the maker replace what was disputed.
func (k bookkeeper) correct(ctx context.Context) error {
	for _, d := range disputedBills {
		if err := k.heard(ctx, d.old); err != nil {
			return err
		}
		like := func(*store.Query) (store.Presentment, error) { return k.presentment(d.new, k.idOf(d.new)) }
		id, err := k.teller.MakeReplacement(ctx, k.maker(d.new), k.idOf(d.old), teller.Correction{Reason: "items", Note: "ตามที่ผู้ซื้อแจ้ง"}, like)
		if errors.Is(err, teller.ErrNotDisputed) || store.Violated(err, "presentment_number_is_unique") {
			continue // people went on with it in their own way
		}
		if err != nil || id != k.idOf(d.new) || d.new.ends == drafted {
			if err != nil {
				return fmt.Errorf("demo bill %s: %w", d.new.number, err)
			}
			continue
		}
		if err := k.attachAll(ctx, d.new); err != nil {
			return err
		}
		if err := k.keepOne(ctx, d.new); err != nil {
			return fmt.Errorf("demo bill %s: %w", d.new.number, err)
		}
		if err := k.decide(ctx, []demoBill{d.new}); err != nil {
			return err
		}
	}
	return nil
}

// attachAll gives a bill that has no files its own.
func (k bookkeeper) attachAll(ctx context.Context, b demoBill) error {
	p, err := k.bill(ctx, b)
	if err != nil || len(p.Documents) > 0 || p.State != store.PresentmentDraft {
		return err
	}
	return k.store.Write(ctx, k.maker(b), func(tx *store.Tx) error { return attachDemo(ctx, tx, p.ID, b) })
}

// heard waits until the portal knows what the buyer decided.
func (k bookkeeper) heard(ctx context.Context, b demoBill) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		p, err := k.bill(ctx, b)
		if err != nil || p.BuyerDecision != "" || p.State != store.PresentmentPresented {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("demo bill %s: nothing was heard of its buyer: %w", b.number, ctx.Err())
		}
	}
}
