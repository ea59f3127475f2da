package app

import (
	"errors"
	"strings"
	"time"

	"portal/internal/app/intake"
	"portal/internal/store"
	"portal/web/text"
)

// payersOf are the payers that rows name, by code.
func payersOf(q *store.Query, list []judgedItem) (map[string]store.DebitPayer, error) {
	var codes []string
	for _, j := range list {
		if j.debit.Code != "" {
			codes = append(codes, j.debit.Code)
		}
	}
	found, err := q.DebitPayersCoded(codes)
	payers := make(map[string]store.DebitPayer, len(found))
	for _, p := range found {
		payers[strings.ToUpper(p.Code)] = p
	}
	return payers, err
}

// compareDebits holds rows against the payers, their mandates and the limits.
func compareDebits(q *store.Query, _ store.Import, list []judgedItem) error {
	payers, err := payersOf(q, list)
	if err != nil {
		return err
	}
	rules, err := q.DebitRules()
	if err != nil {
		return err
	}
	for n := range list {
		j := &list[n]
		if len(j.rows) == 0 || j.debit.Code == "" {
			continue
		}
		row := j.rows[0].No
		p, known := payers[j.debit.Code]
		switch {
		case !known:
			j.faults = append(j.faults, intake.Fault{Row: row, Field: intake.PayerCode, Rule: intake.PayerUnknown, Value: j.debit.Code})
			continue
		case !p.Live:
			j.faults = append(j.faults, intake.Fault{Row: row, Field: intake.PayerCode, Rule: intake.MandateDead, Value: j.debit.Code})
		}
		j.BuyerName = p.Name
		if a := j.debit.AmountSatang; a > 0 && (a < rules.MinSatang || a > rules.MaxSatang) {
			j.faults = append(j.faults, intake.Fault{
				Row: row, Field: intake.DebitAmount, Rule: intake.DebitLimits, Value: text.Amount(a),
				Words: map[string]string{"min": text.Amount(rules.MinSatang), "max": text.Amount(rules.MaxSatang)},
			})
		}
	}
	return nil
}

// keepDebits makes a draft of each row, in one batch for each value date.
func keepDebits(tx *store.Tx, i store.Import, good []judgedItem) (made []store.ID, err error) {
	payers, err := payersOf(tx.Query, good)
	if err != nil {
		return nil, err
	}
	batches := map[time.Time]store.ID{}
	drafts := make([]store.Debit, len(good))
	for n, j := range good {
		on := midnight(j.debit.On)
		batch, known := batches[on]
		if !known {
			if batch, err = debitBatchOf(tx, i, on); err != nil {
				return nil, err
			}
			batches[on] = batch
		}
		p := payers[j.debit.Code]
		d := store.Debit{
			ID: store.NewID(), PayerID: p.ID, MandateID: p.MandateID.UUID, PayerName: p.Name, PayerCode: p.Code, AmountSatang: j.debit.AmountSatang,
			Reference: j.debit.Reference, InvoiceNumber: j.debit.Invoice, DebitOn: on, Note: j.debit.Note, BatchID: store.NullID(batch),
		}
		if d.Reference == "" {
			d.Reference = referenceFrom(d.InvoiceNumber, p.Code)
		}
		drafts[n], made = d, append(made, d.ID)
	}
	return made, tx.AddDebits(drafts...)
}

// debitBatchOf is the batch of what a list wants taken on a day.
func debitBatchOf(tx *store.Tx, i store.Import, on time.Time) (store.ID, error) {
	b, err := tx.DebitBatchOfImport(i.ID, on)
	if !errors.Is(err, store.ErrNotFound) {
		return b.ID, err
	}
	b = store.DebitBatch{ID: store.NewID(), Name: shortened(i.FileName, 150), DebitOn: on, ImportID: store.NullID(i.ID)}
	return b.ID, tx.AddDebitBatch(b)
}
