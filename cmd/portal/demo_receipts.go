package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"portal/internal/app"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// demoReceipts are the ends to which the first paid bills' receipts come, the
// bill that waits longest first. Every other paid bill waits for its receipt.
var demoReceipts = []struct {
	bills int // that it is for
	ends  string
}{
	{1, store.ReceiptIssued}, {1, store.ReceiptDiscarded}, {1, store.ReceiptIssued}, {1, store.ReceiptRefused}, {1, store.ReceiptIssued},
	{1, store.ReceiptUnknown}, {1, store.ReceiptSubmitted}, {1, store.ReceiptDraft},
}

// receipts has the maker write receipts for paid bills, and takes each to its
// end; once any is there, people go on with them.
func (k bookkeeper) receipts(ctx context.Context) error {
	maker := k.as(demoMakers[0])
	var dues []store.ReceiptDue
	begun := false
	err := k.store.Read(ctx, maker, func(q *store.Query) (err error) {
		_, err = q.Receipt(k.firstReceipt())
		if begun = err == nil; err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		dues, _, err = q.ReceiptDues(store.ReceiptDueCursor{}, len(demoReceipts))
		return err
	})
	if err != nil || begun {
		return err
	}
	for n, d := range demoReceipts {
		if len(dues) < d.bills {
			return nil
		}
		id := store.NewID()
		if n == 0 {
			id = k.firstReceipt()
		}
		if err := k.receipt(ctx, maker, id, dues[:d.bills], d.ends); err != nil {
			return fmt.Errorf("demo receipt for %s: %w", dues[0].DocumentNumber, err)
		}
		dues = dues[d.bills:]
	}
	return nil
}

// firstReceipt is the one by which a later start knows that they were written.
func (k bookkeeper) firstReceipt() store.ID {
	return uuid.NewSHA1(k.merchants[0], []byte("first receipt"))
}

func (k bookkeeper) receipt(ctx context.Context, maker store.Actor, id store.ID, dues []store.ReceiptDue, ends string) error {
	var ids []store.ID
	for _, d := range dues {
		ids = append(ids, d.ID)
	}
	var r store.Receipt
	err := k.store.Write(ctx, maker, func(tx *store.Tx) error {
		bills, err := tx.BillsToReceipt(ids, store.NoID)
		if err != nil {
			return err
		}
		r = app.ReceiptOf(bills, k.today)
		r.ID, r.Paper, r.PaymentReference = id, "both", "FT"+id.String()[:8]
		return tx.AddReceipt(r)
	})
	if err != nil || ends == store.ReceiptDraft {
		return err
	}
	lead, err := k.teller.SubmitReceipt(ctx, maker, r.ID, 1, "demo receipt "+r.ID.String(), k.drawReceipt(ctx))
	if err != nil || ends == store.ReceiptSubmitted {
		return err
	}
	if ends == store.ReceiptDiscarded {
		const why = "ลูกค้าขอรวมเป็นใบเดียว"
		err = k.teller.Withdraw(ctx, maker, lead, why)
		return errors.Join(err, k.store.Write(ctx, maker, func(tx *store.Tx) error { return tx.DiscardReceipt(r.ID, 1, why) }))
	}
	if fault := map[string]sandbox.FaultKind{store.ReceiptRefused: sandbox.Refused, store.ReceiptUnknown: sandbox.CutAfter}[ends]; fault != "" {
		if err := k.bank.SetFault("receipt.create", sandbox.Fault{Kind: fault, Times: 1}); err != nil {
			return err
		}
	}
	return k.approve(ctx, k.as("checker2"), lead)
}
