package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"
)

var (
	sqlInsertDebits = statement(`
		INSERT INTO debits (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, presentment_id, debit_on, note,
			repeat_reason, batch_id, retry_of, retry_no, created_by, editors)
		SELECT d.id, $1, d.payer, d.mandate, d.payer_name, d.payer_code, d.amount_satang, d.reference, d.invoice_number, d.presentment, d.debit_on, d.note,
			d.repeat_reason, d.batch, d.retry_of, d.retry_no, $3, ARRAY[$3::uuid]
		FROM jsonb_to_recordset($2::text::jsonb) AS d (id uuid, payer uuid, mandate uuid, payer_name text, payer_code text, amount_satang bigint, reference text,
			invoice_number text, presentment uuid, debit_on date, note text, repeat_reason text, batch uuid, retry_of uuid, retry_no smallint)`)
	sqlUpdateDebit = statement(`
		UPDATE debits SET payer_id = $4, mandate_id = $5, payer_name = $6, payer_code = $7, amount_satang = $8, reference = $9, invoice_number = $10,
			presentment_id = $11, debit_on = $12, note = $13, repeat_reason = $14, version = version + 1, edited_at = now(),
			editors = array_remove(editors, $15) || $15::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'draft'`)
	sqlDebitRepeats = statement(`
		UPDATE debits SET repeat_reason = $4, editors = array_remove(editors, $5) || $5::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'draft'`)
	sqlDebitSubmitted = statement(`
		UPDATE debits SET state = 'submitted', instruction_id = $3 WHERE merchant_id = $1 AND id = $2 AND version = $4 AND state = 'draft'`)
	// Approved, sending and unknown are called alike.
	sqlFollowDebits = statement(`
		UPDATE debits d SET state = f.state, bank_reference = CASE WHEN f.bank_reference <> '' THEN f.bank_reference ELSE d.bank_reference END, failure_code = f.failure
		FROM (SELECT i.id, i.bank_reference, CASE WHEN i.state = 'failed' THEN i.reason ELSE '' END AS failure,
			CASE WHEN i.state = 'pending' THEN 'submitted' WHEN i.state IN ('rejected', 'withdrawn', 'expired') THEN 'draft' WHEN i.state = 'done' THEN 'taken' ELSE i.state END AS state
			FROM instructions i) AS f
		WHERE ($1::uuid IS NULL OR d.merchant_id = $1) AND d.id = ANY ($2::uuid[]) AND f.id = d.instruction_id AND d.state <> f.state
		RETURNING d.id, d.merchant_id, f.state, f.bank_reference, f.failure AS failure_code`)
	sqlDiscardDebit = statement(`
		UPDATE debits SET state = 'discarded' WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'draft'`)
	sqlRestoreDebit = statement(`
		UPDATE debits SET state = 'draft' WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'discarded'`)
	sqlDebitsBooked = statement(`
		UPDATE debits d SET payment_id = b.payment FROM unnest($2::uuid[], $3::uuid[]) AS b (debit, payment)
		WHERE d.merchant_id = $1 AND d.id = b.debit AND d.state = 'taken' AND d.payment_id IS NULL`)
	sqlDebitAsked = statement(`
		UPDATE debits SET asks = asks + 1, ask_at = CASE WHEN $3 < 0 THEN NULL ELSE now() + $3 * interval '1 second' END
		WHERE merchant_id = $1 AND id = $2 AND state = 'unknown'`)
	sqlInsertDebitOfRun = statement(`
		INSERT INTO debits (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, debit_on, note, state, editors,
			bank_reference, fee_satang, failure_code, schedule_id, run_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, '', $10, '{}', $11, $12, $13, $14, $15)`)
)

// AddDebits stores new drafts made by the acting maker.
func (t *Tx) AddDebits(list ...Debit) error {
	if len(list) == 0 {
		return nil
	}
	details, leaves := make([]map[string]any, len(list)), make([]leafOf, len(list))
	for n, d := range list {
		details[n] = debitDetail(d)
		details[n]["id"], details[n]["repeat_reason"] = d.ID, d.RepeatReason
		leaves[n] = leafOf{"debit.drafted", About("debit", d.ID), details[n]}
	}
	raw, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("adding debits: %w", err)
	}
	if _, err := t.exec(sqlInsertDebits, t.actor.Merchant, string(raw), t.actor.Person); err != nil {
		return fmt.Errorf("adding debits: %w", err)
	}
	return t.auditAll(leaves)
}

// debitDetail is what the trail keeps of a debit's content.
func debitDetail(d Debit) map[string]any {
	return map[string]any{
		"payer": d.PayerID, "mandate": d.MandateID, "payer_name": d.PayerName, "payer_code": d.PayerCode, "amount_satang": d.AmountSatang,
		"reference": d.Reference, "invoice_number": d.InvoiceNumber, "presentment": d.PresentmentID, "debit_on": d.DebitOn.Format(time.DateOnly),
		"note": d.Note, "repeat_reason": d.RepeatReason, "batch": d.BatchID, "retry_of": d.RetryOf, "retry_no": d.RetryNo,
	}
}

// ChangeDebit replaces the content of a draft. ErrStale means that it is no
// longer the version in d, or no longer a draft.
func (t *Tx) ChangeDebit(d Debit) error {
	before, err := t.Debit(d.ID)
	if err != nil {
		return err
	}
	d.BatchID, d.RetryOf, d.RetryNo = before.BatchID, before.RetryOf, before.RetryNo
	err = t.one(sqlUpdateDebit, t.actor.Merchant, d.ID, d.Version, d.PayerID, d.MandateID, d.PayerName, d.PayerCode, d.AmountSatang, d.Reference,
		d.InvoiceNumber, d.PresentmentID, d.DebitOn, d.Note, d.RepeatReason, t.actor.Person)
	if err != nil {
		return fmt.Errorf("changing a debit: %w", err)
	}
	return t.Audit("debit.edited", About("debit", d.ID), map[string]any{"before": debitDetail(before), "after": debitDetail(d)})
}

// LetDebitRepeat says why a draft is right although there is one like it.
func (t *Tx) LetDebitRepeat(id ID, version int, why string) error {
	if err := t.one(sqlDebitRepeats, t.actor.Merchant, id, version, why, t.actor.Person); err != nil {
		return fmt.Errorf("letting a debit repeat: %w", err)
	}
	return t.Audit("debit.repeat_explained", About("debit", id), map[string]any{"repeat_reason": why})
}

// DebitSubmitted binds the debit, in the given version, to the instruction that
// asks the bank for it. Constraint errors: debit_has_a_live_mandate,
// debit_is_within_limits, debit_is_in_time, debit_is_not_repeated,
// debit_collects_once.
func (t *Tx) DebitSubmitted(id ID, version int, instruction ID) error {
	if err := t.one(sqlDebitSubmitted, t.actor.Merchant, id, instruction, version); err != nil {
		return fmt.Errorf("submitting a debit: %w", err)
	}
	return t.Audit("debit.submitted", About("debit", id), map[string]any{"instruction": instruction, "version": version})
}

// FollowDebits gives debits the states that follow from their instructions,
// with the bank's name for each or the code of its failure. They are the acting
// merchant's, or anybody's where none acts. Nothing to change is no error, and no
// leaf.
func (t *Tx) FollowDebits(ids ...ID) error {
	if len(ids) == 0 {
		return nil
	}
	moved, err := rows[debitFollowed](t.Query, sqlFollowDebits, nullable(t.actor.Merchant), pq.Array(idTexts(ids)))
	if err != nil {
		return fmt.Errorf("moving debits: %w", err)
	}
	for _, m := range moved {
		if err := t.For(m.MerchantID).Audit("debit.moved", About("debit", m.ID), m); err != nil {
			return err
		}
	}
	return nil
}

// debitFollowed is what the trail keeps of a move of a debit.
type debitFollowed struct {
	ID            ID     `db:"id" json:"-"`
	MerchantID    ID     `db:"merchant_id" json:"-"`
	State         string `db:"state" json:"state"`
	BankReference string `db:"bank_reference" json:"bank_reference"`
	FailureCode   string `db:"failure_code" json:"failure_code"`
}

// DiscardDebit puts a draft out of the way, in the version that was seen.
func (t *Tx) DiscardDebit(id ID, version int) error {
	if err := t.one(sqlDiscardDebit, t.actor.Merchant, id, version); err != nil {
		return fmt.Errorf("discarding a debit: %w", err)
	}
	return t.Audit("debit.discarded", About("debit", id), map[string]any{"version": version})
}

// RestoreDebit takes a discarded draft back.
func (t *Tx) RestoreDebit(id ID, version int) error {
	if err := t.one(sqlRestoreDebit, t.actor.Merchant, id, version); err != nil {
		return fmt.Errorf("restoring a debit: %w", err)
	}
	return t.Audit("debit.restored", About("debit", id), map[string]any{"version": version})
}

// BookDebits says which payment each of these taken debits became. ErrStale
// means that one of them is one already.
func (t *Tx) BookDebits(debits, payments []ID) error {
	n, err := t.exec(sqlDebitsBooked, t.actor.Merchant, pq.Array(idTexts(debits)), pq.Array(idTexts(payments)))
	if err == nil && int(n) != len(debits) {
		err = ErrStale
	}
	if err != nil {
		return fmt.Errorf("booking %d debits: %w", len(debits), err)
	}
	for n, id := range debits {
		if err := t.Audit("debit.booked", About("debit", id), map[string]any{"payment": payments[n]}); err != nil {
			return err
		}
	}
	return nil
}

// DebitAsked notes that the bank was asked by itself, and is to be asked again
// after a while; below zero, never.
func (t *Tx) DebitAsked(id ID, again time.Duration) error {
	seconds := int64(-1)
	if again >= 0 {
		seconds = int64(again.Seconds())
	}
	if err := t.one(sqlDebitAsked, t.actor.Merchant, id, seconds); err != nil {
		return fmt.Errorf("asking about a debit: %w", err)
	}
	return t.Audit("debit.asked_about", About("debit", id), map[string]any{"again_seconds": seconds})
}

// AddDebitOfRun records what the bank took, or did not, by a schedule of its
// own. Constraint error: debit_run_is_taken_once where the run is known.
func (t *Tx) AddDebitOfRun(d Debit) error {
	_, err := t.exec(sqlInsertDebitOfRun, d.ID, t.actor.Merchant, d.PayerID, d.MandateID, d.PayerName, d.PayerCode, d.AmountSatang, d.Reference, d.DebitOn, d.State,
		d.BankReference, d.FeeSatang, d.FailureCode, d.ScheduleID, d.RunOn)
	if err != nil {
		return fmt.Errorf("recording a run: %w", err)
	}
	detail := debitDetail(d)
	detail["schedule"], detail["state"], detail["bank_reference"], detail["failure_code"], detail["fee_satang"] = d.ScheduleID, d.State, d.BankReference, d.FailureCode, d.FeeSatang
	if d.RunOn != nil {
		detail["run_on"] = d.RunOn.Format(time.DateOnly)
	}
	return t.Audit("debit.recorded", About("debit", d.ID), detail)
}
