package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"portal/internal/app/bill"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// paidBills are paid by transfers of which the bank tells in its statement
// only. The last two are of the statement that the stand-in bank offers.
var paidBills = []demoBill{
	{number: "INV-0501", buyer: 1, age: 118, due: -88, lines: []bill.Line{service}, files: 1, ends: sent},
	{number: "INV-0502", buyer: 5, age: 96, due: -66, lines: []bill.Line{freight}, files: 1, ends: sent},
	{number: "INV-0503", buyer: 4, age: 71, due: -41, lines: []bill.Line{service, delivery}, files: 1, ends: sent},
	{number: "INV-0504", buyer: 0, age: 52, due: -22, lines: []bill.Line{advice}, files: 1, ends: sent},
	{number: "INV-0505", buyer: 2, age: 44, due: -14, lines: []bill.Line{service}, files: 1, ends: sent},
	{number: "INV-0506", buyer: 3, age: 33, due: -3, lines: []bill.Line{coffee}, files: 1, ends: sent},
	{number: "INV-0507", buyer: 6, age: 31, due: -1, lines: []bill.Line{honey}, files: 1, ends: sent},
	{number: "INV-0508", buyer: 1, age: 29, due: 1, lines: []bill.Line{advice}, files: 1, ends: sent},
	{number: "INV-0509", buyer: 4, age: 26, due: 4, lines: []bill.Line{service}, files: 1, ends: sent},
	{number: "INV-0510", buyer: 0, age: 23, due: 7, lines: []bill.Line{coffee, boxes}, files: 1, ends: sent},
}

// demoPayment is money that came in.
type demoPayment struct {
	bill        string // which it names and, unless satang is given, pays
	withheld    int64  // per cent of its value before tax, less of which comes in
	over        int64  // more than the bill
	satang      int64
	age         int // days ago
	payer       string
	description string
	aside       string // why it is for no bill
	part        bool   // matched to its bill by a person, and the rest waits
	certificate string // of the withheld tax, where it has arrived
	nameless    bool   // the statement does not say which bill it is for
}

// closedAge is how many days ago the demo books end: what came in before is
// done with, what came in since is not.
const closedAge = 14

// demoPayments come in the order in which they came in.
var demoPayments = []demoPayment{
	{bill: "INV-0501", withheld: 3, age: 97, description: "รับโอนเงิน"},
	{bill: "INV-0502", withheld: 1, age: 74, description: "รับโอนเงิน", certificate: "50ทวิ-1187"},
	{bill: "INV-0503", withheld: 3, age: 47, description: "รับโอนเงิน"},
	{bill: "INV-0504", withheld: 3, age: 33, description: "รับโอนเงิน", certificate: "WHT-2568/0412"},
	{satang: 218_47, age: 20, description: "ดอกเบี้ยเงินฝาก", aside: "interest"},
	{bill: "INV-0505", withheld: 3, age: 9, description: "รับโอนเงิน"},
	{bill: "INV-0506", age: 7, description: "รับโอนเงิน"},
	{satang: 250_000_00, age: 6, payer: demoMerchants[0].NameTH, description: "โอนระหว่างบัญชี", aside: "own_transfer"},
	{bill: "INV-0507", over: 2_500_00, age: 5, description: "รับโอนเงิน", part: true},
	{bill: "INV-0506", age: 4, description: "รับโอนเงิน"}, // once more
	{bill: "INV-0508", age: 3, description: "รับโอนเงิน", nameless: true},
	{satang: 15_000_00, age: 1, payer: "นาย ธนา ทดสอบ", description: "รับโอนเงิน มัดจำสินค้า"},
}

// paid records demoPayments and closes the books of what is done with. Each is
// told apart by the bank's reference, so that a later start adds nothing.
func (k bookkeeper) paid(ctx context.Context) error {
	if err := k.keepSeason(ctx, paidBills); err != nil {
		return err
	}
	fresh := true
	for n, d := range demoPayments {
		made, err := k.receive(ctx, d, paidBill(d.bill), fmt.Sprintf("FT-DEMO-%04d", 1+n))
		if err != nil {
			return fmt.Errorf("demo payment %d: %w", 1+n, err)
		}
		fresh = fresh && made
		if d.age > closedAge && (n+1 == len(demoPayments) || demoPayments[n+1].age <= closedAge) {
			if err := k.closeBooks(ctx); err != nil {
				return fmt.Errorf("the demo books: %w", err)
			}
			if err := k.closeMonths(ctx); err != nil {
				return err
			}
		}
	}
	if !fresh {
		return nil
	}
	return k.toBringIn()
}

// paidBill is the bill of that number; none where there is no number.
func paidBill(number string) demoBill {
	if number == "" {
		return demoBill{}
	}
	return paidBills[slices.IndexFunc(paidBills, func(b demoBill) bool { return b.number == number })]
}

// receive records one payment, of a bill unless it names none, and says whether
// it was not there before.
func (k bookkeeper) receive(ctx context.Context, d demoPayment, of demoBill, reference string) (made bool, err error) {
	maker := k.as(demoMakers[0])
	p, err := k.payment(d, of, reference)
	if err != nil {
		return false, err
	}
	err = k.store.Write(ctx, maker, func(tx *store.Tx) error {
		known, err := tx.PaymentsKnown([]string{reference})
		if err != nil || known[reference] {
			return err
		}
		made = true
		books, err := teller.HoldBooks(tx)
		if err != nil {
			return err
		}
		p.BookedOn = books.On(p.PaidOn)
		if err := tx.AddPayments([]store.Payment{p}); err != nil {
			return err
		}
		if d.aside != "" {
			return tx.SetAside(p.ID, 1, d.aside, "")
		}
		if _, err := teller.MatchCertain(tx, []store.Payment{p}); err != nil || d.certificate == "" {
			return err
		}
		matches, err := tx.MatchesOfPayment(p.ID)
		for _, m := range matches {
			err = errors.Join(err, tx.ReceiveCertificate(m.ID, d.certificate, p.PaidOn, store.NoID, ""))
		}
		return err
	})
	if err != nil || !made || !d.part {
		return made, err
	}
	return made, k.teller.MatchPayment(ctx, maker, p.ID, []teller.Use{{Bill: k.idOf(of), AppliedSatang: p.AmountSatang - d.over}})
}

// payment is what the statement says.
func (k bookkeeper) payment(d demoPayment, of demoBill, reference string) (store.Payment, error) {
	on := midnight(k.today.AddDays(-d.age))
	p := store.Payment{
		ID: uuid.NewSHA1(k.merchants[0], []byte("payment "+reference)), Source: store.PaymentByHand, PaidOn: on, AmountSatang: d.satang, PayerName: d.payer,
		Description: d.description, Channel: "K-Biz", BankReference: reference,
	}
	if d.bill == "" {
		return p, nil
	}
	billed, err := k.presentment(of, k.idOf(of))
	if err != nil {
		return p, err
	}
	p.AmountSatang, p.PayerName = billed.TotalSatang-billed.BeforeTaxSatang*d.withheld/100+d.over, billed.BuyerName
	if !d.nameless {
		p.Reference1 = d.bill
	}
	return p, nil
}

// closeBooks has a checker close the books, unless they are closed already or
// people have made something wait in them.
func (k bookkeeper) closeBooks(ctx context.Context) error {
	err := k.store.Write(ctx, k.as("checker2"), func(tx *store.Tx) error {
		if _, closed, err := tx.BooksClosedThrough(); err != nil || closed {
			return err
		}
		_, err := tx.CloseBooks(midnight(k.today.AddDays(-closedAge)))
		return err
	})
	if store.Violated(err, "nothing_waits_in_closed_books") || store.Violated(err, "books_are_closed_by_another") {
		return nil
	}
	return err
}

// toBringIn has transfers come in at the stand-in bank of which the portal does
// not know before somebody brings the statement in.
func (k bookkeeper) toBringIn() error {
	for _, b := range paidBills[len(paidBills)-2:] {
		billed, err := k.presentment(b, k.idOf(b))
		if err != nil {
			return err
		}
		amount := billed.TotalSatang
		if b.lines[0].Description == service.Description {
			amount -= billed.BeforeTaxSatang * 3 / 100
		}
		err = k.bank.Receive(sandbox.Transfer{
			Seller: demoMerchants[0].TaxID, Amount: krungsri.Baht(amount), Payer: billed.BuyerName, Reference1: b.number,
		})
		if err != nil {
			return err
		}
	}
	return k.bank.Receive(sandbox.Transfer{Seller: demoMerchants[0].TaxID, Amount: 3_200_00, Payer: "ร้าน ป้าแจ๋วของชำ"})
}
