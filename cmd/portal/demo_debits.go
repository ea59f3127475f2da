package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"portal/internal/app/teller"
	"portal/internal/store"
)

// demoDebit is money that is taken from a demo payer. Days count from today.
type demoDebit struct {
	payer     int // of demoPayers
	reference string
	satang    int64
	due       int
	ends      ending // drafted, submitted, halfway for approved and not yet sent, sent
}

var demoDebits = []demoDebit{
	{0, "COFFEE1001", 1_290_00, 0, sent},
	{1, "COFFEE1002", 890_00, 0, sent},
	{2, "COFFEE1003", 6_450_00, 0, sent},
	{3, "COFFEE1004", 890_00, 0, sent}, // fails
	{4, "COFFEE1005", 1_290_00, 0, sent},
	{5, "COFFEE1006", 1_780_50, 0, sent},
	{6, "COFFEE1007", 12_900_00, 1, submitted},
	{7, "COFFEE1008", 890_00, 7, halfway},
	{0, "GRINDER1001", 4_500_00, 7, drafted},
}

// directDebit makes the payers, the rules and the debits of the first merchant.
func (k bookkeeper) directDebit(ctx context.Context) error {
	if err := k.registered(ctx); err != nil {
		return err
	}
	if err := k.debitHours(ctx); err != nil {
		return fmt.Errorf("the demo's rules of debits: %w", err)
	}
	for _, d := range demoDebits {
		if err := k.debit(ctx, d); err != nil {
			return fmt.Errorf("demo debit %s: %w", d.reference, err)
		}
	}
	if err := k.scheduled(ctx); err != nil {
		return fmt.Errorf("the demo schedule: %w", err)
	}
	return k.endedAtBank(ctx)
}

// debitHours has debits be sent at any hour, so that the demo is whole whenever
// it is started. Rules that people have changed stay.
func (k bookkeeper) debitHours(ctx context.Context) error {
	var proposal store.ID
	err := k.store.Write(ctx, k.as("admin"), func(tx *store.Tx) error {
		r, err := tx.DebitRules()
		if err != nil || r.Version > 0 {
			return err
		}
		r.SendAt, r.CutOff = "00:00", "23:59"
		proposal, err = tx.ProposeDebitRules(r, "ให้ลองหักบัญชีได้ทุกเวลา")
		return err
	})
	if store.Violated(err, "one_open_debit_rules_proposal") {
		return nil
	}
	if err != nil || proposal == store.NoID {
		return err
	}
	return k.store.Write(ctx, k.as("checker1"), func(tx *store.Tx) error { return tx.DecideDebitRules(proposal, "approved") })
}

// debit makes one debit and takes it to its ending, unless it was made before.
func (k bookkeeper) debit(ctx context.Context, d demoDebit) error {
	maker, checker := k.as(demoMakers[0]), k.as(demoCheckers[0])
	id := uuid.NewSHA1(k.merchants[0], []byte("debit "+d.reference))
	err := k.store.Write(ctx, maker, func(tx *store.Tx) error {
		switch _, err := tx.Debit(id); {
		case err == nil:
			return store.ErrStale // it was made on an earlier start
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		p, err := tx.DebitPayer(k.idOfPayer(demoPayers[d.payer].code))
		if err != nil {
			return err
		}
		if !p.Live {
			return store.ErrStale // people ended the mandate
		}
		return tx.AddDebits(store.Debit{
			ID: id, PayerID: p.ID, MandateID: p.MandateID.UUID, PayerName: p.Name, PayerCode: p.Code, AmountSatang: d.satang, Reference: d.reference,
			DebitOn: midnight(k.today.AddDays(d.due)),
		})
	})
	if errors.Is(err, store.ErrStale) {
		return nil
	}
	if err != nil || d.ends == drafted {
		return err
	}
	lead, err := k.teller.SubmitDebit(ctx, maker, id, 1, "demo debit "+d.reference)
	if errors.Is(err, teller.ErrDebitLate) || errors.Is(err, teller.ErrMandateDead) {
		return nil
	}
	switch {
	case err != nil || d.ends == submitted:
		return err
	case d.ends == halfway:
		return k.agree(ctx, checker, lead)
	}
	return k.approve(ctx, checker, lead)
}
