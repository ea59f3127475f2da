package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"portal/internal/app"
	"portal/internal/app/bill"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// pastSale is a sale that was billed, paid and receipted on days of one month.
type pastSale struct {
	billed, paid, receipted int
	buyer                   int
	lines                   []bill.Line
	withheld                int64  // per cent
	certificate             string // of the withheld tax, where it has arrived
	invoice                 bool   // the bill is the tax invoice itself
}

// pastSales happened in each of the two months before this one, in the order of
// their receipts, so that these are numbered by their days.
var pastSales = []pastSale{
	{billed: 2, paid: 9, receipted: 9, buyer: 4, lines: []bill.Line{coffee, boxes}},
	{billed: 4, paid: 12, receipted: 13, buyer: 1, lines: []bill.Line{service, delivery}, withheld: 3, certificate: "50ทวิ-2201"},
	{billed: 6, paid: 20, receipted: 20, buyer: 0, lines: []bill.Line{oil, delivery}, invoice: true},
	{billed: 10, paid: 24, receipted: 25, buyer: 5, lines: []bill.Line{freight}, withheld: 1},
}

// pastMonths is how many months before this one have them.
const pastMonths = 2

// soldBefore is a pastSale in its month.
type soldBefore struct {
	pastSale
	bill      demoBill
	issued    thai.Day // of the receipt
	payment   demoPayment
	reference string // the bank's, of the payment
}

// soldBefore are the sales of past months, the oldest first. Each is told apart
// by its numbers, so that a later start adds none.
func (k bookkeeper) soldBefore() (all []soldBefore) {
	for ago := pastMonths; ago > 0; ago-- {
		month := k.monthAgo(ago)
		for n, s := range pastSales {
			number := fmt.Sprintf("INV-06%d%d", ago, n+1)
			b := demoBill{
				number: number, buyer: s.buyer, age: k.age(month.AddDays(s.billed - 1)), lines: s.lines, files: 1, ends: sent, fate: krungsri.StatusAccepted,
				invoice: s.invoice,
			}
			b.due = 30 - b.age
			all = append(all, soldBefore{
				pastSale: s, bill: b, issued: month.AddDays(s.receipted - 1), reference: "FT-DEMO-" + number,
				payment: demoPayment{bill: number, withheld: s.withheld, age: k.age(month.AddDays(s.paid - 1)), description: "รับโอนเงิน", certificate: s.certificate},
			})
		}
	}
	return all
}

// monthAgo is the first day of the month so many months before this one.
func (k bookkeeper) monthAgo(months int) thai.Day {
	return thai.DayOf(time.Date(k.today.Year, k.today.Month-time.Month(months), 1, 0, 0, 0, 0, time.UTC))
}

// age is how many days ago a day was.
func (k bookkeeper) age(d thai.Day) int {
	return int(midnight(k.today).Sub(midnight(d)) / (24 * time.Hour))
}

// sell takes the sales of past months from their bills to their receipts.
func (k bookkeeper) sell(ctx context.Context) error {
	sales := k.soldBefore()
	bills := make([]demoBill, len(sales))
	for n, s := range sales {
		bills[n] = s.bill
	}
	if err := errors.Join(k.keepSeason(ctx, bills), k.decide(ctx, bills)); err != nil {
		return err
	}
	receipts, err := k.seasonReceipts(ctx)
	if err != nil {
		return err
	}
	for _, s := range sales {
		if err := k.heard(ctx, s.bill); err != nil {
			return err
		}
		if _, err := k.receive(ctx, s.payment, s.bill, s.reference); err != nil {
			return fmt.Errorf("the demo payment of %s: %w", s.bill.number, err)
		}
		receipts = append(receipts, pastReceipt{[]demoBill{s.bill}, s.issued, s.reference})
	}
	slices.SortStableFunc(receipts, func(a, b pastReceipt) int { return a.issued.Compare(b.issued) })
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(seasonHands)
	for _, r := range receipts {
		lead, err := k.receiptBefore(ctx, r)
		if err != nil {
			return fmt.Errorf("the demo receipt of %s: %w", r.bills[0].number, err)
		}
		if lead != store.NoID {
			group.Go(func() error { return k.approve(sending, k.as(demoCheckers[0]), lead) })
		}
	}
	return group.Wait()
}

// pastReceipt is one that was issued on a day of the past, numbered by its day.
type pastReceipt struct {
	bills     []demoBill // of one buyer
	issued    thai.Day
	reference string // the bank's, of the payment
}

// receiptedAge is how many days ago a bill of the season was paid whose receipt
// is issued: those that were paid later wait for theirs.
const receiptedAge = 21

// seasonReceipts are those of the season's paid bills: one for what a buyer paid
// in a month, dated as the last of it was paid.
func (k bookkeeper) seasonReceipts(ctx context.Context) ([]pastReceipt, error) {
	type account struct {
		buyer int
		month time.Month
	}
	var order []account
	of := map[account]pastReceipt{}
	for _, b := range season() {
		if b.fate != krungsri.StatusPaid || b.answered <= receiptedAge {
			continue
		}
		paid, err := k.isPaid(ctx, b)
		if err != nil {
			return nil, err
		}
		if !paid {
			continue
		}
		on := k.today.AddDays(-b.answered)
		a := account{b.buyer, on.Month}
		r, begun := of[a]
		if !begun {
			order = append(order, a)
		}
		if r.issued.Compare(on) < 0 {
			r.issued = on
		}
		r.bills, r.reference = append(r.bills, b), "FT-DEMO-"+b.number
		of[a] = r
	}
	all := make([]pastReceipt, len(order))
	for n, a := range order {
		all[n] = of[a]
	}
	return all, nil
}

// isPaid waits until the bill is paid, or for as long as that may take where its
// buyer decided otherwise.
func (k bookkeeper) isPaid(ctx context.Context, b demoBill) (bool, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		p, err := k.bill(ctx, b)
		if err != nil || p.BuyerDecision != "" && p.BuyerDecision != store.BuyerAccepted || p.State != store.PresentmentPresented {
			return p.BuyerDecision == store.BuyerPaid, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return false, nil
}

// receiptBefore writes and submits a receipt of the past. There is no lead where
// people went on with it in their own way, or closed its month.
func (k bookkeeper) receiptBefore(ctx context.Context, of pastReceipt) (lead store.ID, err error) {
	maker := k.as(demoMakers[0])
	number := of.bills[0].number
	id := uuid.NewSHA1(k.merchants[0], []byte("receipt "+number))
	var about []store.ID
	for _, b := range of.bills {
		about = append(about, k.idOf(b))
	}
	err = k.store.Write(ctx, maker, func(tx *store.Tx) error {
		if _, err := tx.Receipt(id); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		bills, err := tx.BillsToReceipt(about, store.NoID)
		if err != nil {
			return err
		}
		bills = slices.DeleteFunc(bills, func(b store.BillToReceipt) bool { return b.SettledSatang > 0 })
		if len(bills) == 0 {
			return store.ErrStale
		}
		r := app.ReceiptOf(bills, of.issued)
		r.ID, r.Paper, r.PaymentReference = id, "both", of.reference
		return tx.AddReceipt(r)
	})
	if err == nil {
		lead, err = k.teller.SubmitReceipt(ctx, maker, id, 1, "demo receipt "+number, k.drawReceipt(ctx))
	}
	for _, theirs := range []bool{
		errors.Is(err, store.ErrStale), errors.Is(err, teller.ErrNotEditable), errors.Is(err, teller.ErrOverBill), store.Violated(err, store.MonthIsOpen),
	} {
		if theirs {
			return store.NoID, nil
		}
	}
	return lead, err
}

// closeMonths has a checker close the months before those of pastSales, so that
// the oldest of these is the next to be closed, unless something waits in them
// or people have closed a later one.
func (k bookkeeper) closeMonths(ctx context.Context) error {
	oldest := midnight(k.monthAgo(pastMonths))
	err := k.store.Write(ctx, k.as("checker2"), func(tx *store.Tx) error {
		from, err := tx.FirstMonth()
		if err != nil {
			return err
		}
		open, err := tx.OpenFrom()
		if err != nil {
			return err
		}
		if !open.IsZero() {
			return nil
		}
		for m := from; m.Before(oldest); m = m.AddDate(0, 1, 0) {
			if _, err := tx.CloseMonth(m); err != nil {
				return err
			}
		}
		return nil
	})
	for _, rule := range []string{"month_has_nothing_open", "month_is_closed_by_another"} {
		if store.Violated(err, rule) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("the demo months: %w", err)
	}
	return nil
}
