package teller

import (
	"context"
	"errors"
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
		payments := make([]store.ID, len(list))
		for n, d := range list {
			if payments[n], err = tx.PaymentNamed(d.BankReference); err == nil {
				continue // a statement told of it before
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
			p, err := paymentOfDebit(tx.Query, d)
			if err != nil {
				return err
			}
			payments[n], made = p.ID, append(made, p)
		}
		if err := tx.AddPayments(made); err != nil {
			return err
		}
		for n, d := range list {
			if err := tx.BookDebit(d.ID, payments[n]); err != nil {
				return err
			}
		}
		booked = len(list)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("booking debits: %w", err)
	}
	for _, p := range made {
		// Each by itself: what cannot be matched waits for a person as any other payment.
		err := w.store.Write(ctx, w.actor(merchant), func(tx *store.Tx) error {
			_, err := MatchCertain(tx, []store.Payment{p})
			return err
		})
		if err != nil {
			w.log.WarnContext(ctx, "worker: a debit could not be matched", "payment", p.ID, "err", err)
		}
	}
	return booked, nil
}

func paymentOfDebit(q *store.Query, d store.DebitToBook) (store.Payment, error) {
	p := store.Payment{
		ID: store.NewID(), Source: store.PaymentByDebit, PaidOn: d.DebitOn, AmountSatang: d.AmountSatang, PayerName: d.PayerName, PayerTaxID: d.PayerTaxID,
		Reference1: d.InvoiceNumber, Reference2: d.Reference, Channel: debitChannel, BankReference: d.BankReference, DebitID: store.NullID(d.ID),
	}
	if d.BillNumber != nil {
		p.Reference1 = *d.BillNumber
	}
	var err error
	p.BookedOn, err = openDay(q, p.PaidOn)
	return p, err
}
