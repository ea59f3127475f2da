package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sync/errgroup"

	"portal/internal/app/bill"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

const (
	seasonBills = 96
	seasonDays  = 118
	// seasonHands is how many demo bills are on their way at a time.
	seasonHands = 8
)

var (
	coffee  = line("กาแฟคั่วกลาง 1 กก.", "85", "420", bill.VATStandard)
	honey   = line("น้ำผึ้งดอกลำไย 1 กก.", "60", "285", bill.VATExempt)
	boxes   = line("กล่องกระดาษลูกฟูก เบอร์ C", "2500", "7.85", bill.VATStandard)
	service = line("ค่าบำรุงรักษาเครื่องเย็น (ครั้ง)", "4", "3200", bill.VATStandard)
	freight = line("ค่าขนส่งเหมาเที่ยว", "6", "4800", bill.VATStandard)
	girders = line("เหล็กโครงสร้าง H-beam (กก.)", "36500", "31.40", bill.VATStandard)
)

// season is an ordinary quarter of the first merchant and what its buyers made
// of it: what is old is mostly paid, what is new mostly unanswered.
func season() []demoBill {
	baskets := [][]bill.Line{
		{rice, oil}, {towels}, {cement, delivery}, {shrimp}, {coffee}, {honey, boxes}, {service}, {freight}, {oil, boxes, delivery}, {coffee, honey},
	}
	terms := []int{30, 30, 45, 60, 15}
	bills := make([]demoBill, seasonBills)
	for n := range bills {
		b := demoBill{number: fmt.Sprintf("INV-%04d", 101+n), buyer: (n * 3) % len(demoBuyers), age: seasonDays - n*seasonDays/seasonBills, files: 1, ends: sent, invoice: n%3 == 1}
		b.lines = append(b.lines, baskets[(n*7)%len(baskets)]...)
		b.due = terms[n%len(terms)] - b.age
		switch {
		case n%9 == 4:
			b.lines[0].Discount = bill.Discount{Satang: 250_00}
		case n%11 == 3:
			b.lines = append(b.lines, withheld(service, bill.Service))
		}
		b.fate = fateOf(n, b.age)
		b.answered = answeredAfter(n, b)
		if b.fate == krungsri.StatusDisputed {
			b.reason = "ราคาไม่ตรงกับใบสั่งซื้อ PO-" + strconv.Itoa(7700+n)
		}
		bills[n] = b
	}
	return bills
}

// fateOf is what a buyer did with the n-th bill of the season.
func fateOf(n, age int) krungsri.PresentmentStatus {
	switch {
	case age > 60 && n%16 == 5:
		return krungsri.StatusExpired
	case age > 75, age > 40 && n%5 != 0, age > 20 && n%4 == 1:
		return krungsri.StatusPaid
	case age > 10 && n%13 == 2:
		return krungsri.StatusDisputed
	case age > 8 && n%3 == 0:
		return krungsri.StatusAccepted
	}
	return ""
}

// answeredAfter is how many days ago the buyer of the n-th bill of the season
// answered: about when it was due, if they paid, and else within a week or so.
func answeredAfter(n int, b demoBill) int {
	after := 2 + n*5%7
	switch b.fate {
	case "":
		return 0
	case krungsri.StatusPaid:
		after = b.age + b.due - 6 + n*7%13
	case krungsri.StatusExpired:
		after = b.age + b.due + 1
	}
	return max(b.age-after, 1+n%9)
}

// waitingBills wait under demoRules: one in each band, and one that its first
// checker has agreed to.
var waitingBills = []demoBill{
	{number: "INV-0301", buyer: 3, age: 1, due: 29, lines: []bill.Line{coffee}, files: 1, ends: submitted},
	{number: "INV-0302", buyer: 2, age: 1, due: 44, lines: []bill.Line{cement, steel}, files: 1, ends: halfway},
	{number: "INV-0303", buyer: 2, age: 0, due: 45, lines: []bill.Line{girders, delivery}, files: 2, ends: submitted},
}

// keepSeason makes the bills, several at a time.
func (k bookkeeper) keepSeason(ctx context.Context, bills []demoBill) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(seasonHands)
	for _, b := range bills {
		group.Go(func() error {
			err := k.keepOne(ctx, b)
			if store.Violated(err, "presentment_number_is_unique") {
				return nil // somebody used the number
			}
			if err != nil {
				return fmt.Errorf("demo bill %s: %w", b.number, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// habits are what people who have worked here for a while have set up: a view
// that everybody shares, and a checker's stand-in for the holidays.
func (k bookkeeper) habits(ctx context.Context) error {
	maker := k.as(demoMakers[0])
	err := k.store.Write(ctx, maker, func(tx *store.Tx) error {
		return tx.AddListView(store.ListView{ID: store.NewID(), Area: store.ListOfPresentments, Name: "ผู้ซื้อโต้แย้ง", Query: "decided=disputed", Shared: true})
	})
	if err != nil && !store.Violated(err, "view_name_is_unique") {
		return fmt.Errorf("the demo view: %w", err)
	}
	var offered []store.Delegation
	holder, delegate := k.as("checker3"), k.as("checker1")
	err = k.store.Read(ctx, holder, func(q *store.Query) (err error) {
		offered, err = q.Delegations(midnight(k.today), store.NoID, 1)
		if err == nil && len(offered) == 0 {
			offered, err = q.Delegations(midnight(k.today.AddDays(3650)), store.NoID, 1)
		}
		return err
	})
	if err != nil || len(offered) > 0 {
		return err
	}
	d := store.Delegation{
		DelegateID: delegate.Person, StartsOn: midnight(k.today), EndsOn: midnight(k.today.AddDays(10)), CapSatang: 500_000_00, Note: "ลาพักร้อน",
	}
	err = k.store.Write(ctx, holder, func(tx *store.Tx) error { d.ID, err = tx.OfferDelegation(d); return err })
	if store.Violated(err, "leave_leaves_somebody") {
		return nil // somebody changed who checks what
	}
	if err != nil {
		return fmt.Errorf("the demo delegation: %w", err)
	}
	return k.store.Write(ctx, delegate, func(tx *store.Tx) error {
		d, err := tx.Delegation(d.ID)
		if err != nil {
			return err
		}
		return tx.AnswerDelegation(d, store.DelegationAccepted)
	})
}

// as is a demo person at work for the first merchant.
func (k bookkeeper) as(user string) store.Actor {
	return store.Actor{Merchant: k.merchants[0], Person: k.people[user], Request: "portal dev"}
}

// agree has the checker agree without waiting for what follows.
func (k bookkeeper) agree(ctx context.Context, checker store.Actor, lead store.ID) error {
	parts, err := k.parts(ctx, checker, lead)
	if err != nil || parts[0].State != store.Pending {
		return err
	}
	err = ifPending(k.teller.Approve(ctx, checker, lead, store.FingerprintOf(parts)))
	if errors.Is(err, teller.ErrAlreadyApproved) {
		return nil // on an earlier start
	}
	return err
}

var errNoStandIn = errors.New("the demo buyers need the stand-in bank")
