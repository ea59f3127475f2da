package teller

import (
	"context"
	"fmt"

	"portal/internal/store"
)

// bookBatch is how many debits become payments in one transaction.
const bookBatch = 200

// debitChannel is how a payment that was a debit came.
const debitChannel = "direct debit"

// BookDebits makes payments of debits that were taken, and matches what is
// certain. Whoever learned that one was taken, the worker or two people, it is
// booked here, so that closed books or a statement that told of it before hold
// up nothing else.
func (w *Worker) BookDebits(ctx context.Context) error {
	for ctx.Err() == nil {
		var due []store.DebitDue
		err := w.store.Read(ctx, w.actor(store.NoID), func(q *store.Query) (err error) {
			due, err = q.DebitsToBook(1)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		n, err := w.bookSome(ctx, due[0].MerchantID)
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

func (w *Worker) bookSome(ctx context.Context, merchant store.ID) (booked int, err error) {
	var made []store.Payment
	err = w.store.Write(ctx, w.actor(merchant), func(tx *store.Tx) error {
		made, booked = nil, 0
		list, err := tx.LockDebitsToBook(bookBatch)
		if err != nil {
			return err
		}
		told, err := tx.PaymentsNamed(list)
		if err != nil {
			return err
		}
		books, err := HoldBooks(tx)
		if err != nil {
			return err
		}
		debits, payments := make([]store.ID, len(list)), make([]store.ID, len(list))
		for n, d := range list {
			debits[n] = d.ID
			if known, ok := told[d.BankReference]; ok {
				payments[n] = known // a statement told of it before
				continue
			}
			p := paymentOfDebit(d)
			p.BookedOn = books.On(p.PaidOn)
			payments[n], made = p.ID, append(made, p)
		}
		if err := tx.AddPayments(made); err != nil {
			return err
		}
		booked = len(list)
		return tx.BookDebits(debits, payments)
	})
	if err != nil {
		return 0, fmt.Errorf("booking debits: %w", err)
	}
	w.matchBooked(ctx, merchant, made)
	return booked, nil
}

// matchBooked matches what is certain, together, and if that fails each by
// itself: what cannot be matched waits for a person as any other payment.
func (w *Worker) matchBooked(ctx context.Context, merchant store.ID, made []store.Payment) {
	match := func(list ...store.Payment) error {
		return w.store.Write(ctx, w.actor(merchant), func(tx *store.Tx) error {
			_, err := MatchCertain(tx, list)
			return err
		})
	}
	if len(made) == 0 || match(made...) == nil {
		return
	}
	for _, p := range made {
		if err := match(p); err != nil {
			w.log.WarnContext(ctx, "worker: a debit could not be matched", "payment", p.ID, "err", err)
		}
	}
}

func paymentOfDebit(d store.DebitToBook) store.Payment {
	p := store.Payment{
		ID: store.NewID(), Source: store.PaymentByDebit, PaidOn: d.DebitOn, AmountSatang: d.AmountSatang, PayerName: d.PayerName, PayerTaxID: d.PayerTaxID,
		Reference1: d.InvoiceNumber, Reference2: d.Reference, Channel: debitChannel, BankReference: d.BankReference, DebitID: store.NullID(d.ID),
	}
	if d.BillNumber != nil {
		p.Reference1 = *d.BillNumber
	}
	return p
}
