package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"
)

var (
	sqlInsertRequests = statement(`
		INSERT INTO pay_requests (id, merchant_id, sender_id, receiver_kind, receiver_value, receiver_name, amount_satang, reference, reference2, message, invoice_number,
			presentment_id, send_on, send_at, ends_on, repeat_reason, resend_of, import_id, created_by, editors)
		SELECT d.id, $1, d.sender, d.receiver_kind, d.receiver, d.receiver_name, d.amount_satang, d.reference, d.reference2, d.message, d.invoice_number,
			d.presentment, d.send_on, d.send_at, d.ends_on, d.repeat_reason, d.resend_of, d.import, $3, ARRAY[$3::uuid]
		FROM jsonb_to_recordset($2::text::jsonb) AS d (id uuid, sender uuid, receiver_kind text, receiver text, receiver_name text, amount_satang bigint, reference text,
			reference2 text, message text, invoice_number text, presentment uuid, send_on date, send_at text, ends_on date, repeat_reason text, resend_of uuid, import uuid)`)
	sqlUpdateRequest = statement(`
		UPDATE pay_requests SET sender_id = $4, receiver_kind = $5, receiver_value = $6, receiver_name = $7, amount_satang = $8, reference = $9, reference2 = $10, message = $11,
			invoice_number = $12, presentment_id = $13, send_on = $14, send_at = $15, ends_on = $16, repeat_reason = $17, version = version + 1, edited_at = now(),
			editors = array_remove(editors, $18) || $18::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'draft'`)
	sqlRequestRepeats = statement(`
		UPDATE pay_requests SET repeat_reason = $4, editors = array_remove(editors, $5) || $5::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'draft'`)
	sqlRequestSubmitted = statement(`
		UPDATE pay_requests SET state = 'submitted', instruction_id = $3 WHERE merchant_id = $1 AND id = $2 AND version = $4 AND state = 'draft'`)
	// What the bank has taken is with its receiver, or waits there for its time;
	// what became of it since, only the bank tells.
	sqlFollowRequests = statement(`
		UPDATE pay_requests d SET state = f.state, bank_reference = CASE WHEN f.bank_reference <> '' THEN f.bank_reference ELSE d.bank_reference END, failure_code = f.failure
		FROM (SELECT i.id, i.bank_reference, CASE WHEN i.state = 'failed' THEN i.reason ELSE '' END AS failure,
			CASE WHEN i.state = 'pending' THEN 'submitted' WHEN i.state IN ('rejected', 'withdrawn', 'expired') THEN 'draft'
				WHEN i.state = 'done' THEN CASE WHEN (SELECT t.sends > now() FROM pay_requests r, request_times(r) AS t WHERE r.instruction_id = i.id) THEN 'scheduled' ELSE 'sent' END
				ELSE i.state END AS state
			FROM instructions i) AS f
		WHERE ($1::uuid IS NULL OR d.merchant_id = $1) AND d.id = ANY ($2::uuid[]) AND f.id = d.instruction_id AND d.state <> f.state
			AND d.state IN ('draft', 'submitted', 'approved', 'sending', 'unknown')
		RETURNING d.id, d.merchant_id, f.state, f.bank_reference, f.failure AS failure_code`)
	sqlDiscardRequest = statement(`
		UPDATE pay_requests SET state = 'discarded' WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'draft'`)
	sqlRestoreRequest = statement(`
		UPDATE pay_requests SET state = 'draft' WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'discarded'`)
	sqlRequestTold = statement(`
		UPDATE pay_requests SET state = $4, bank_status = $5, bank_said_at = $6, failure_code = $7, failure_reason = $8, payment_reference = $9, paid_at = $10
		WHERE merchant_id = $1 AND id = $2 AND state = $3`)
	sqlRequestAsked = statement(`
		UPDATE pay_requests SET asks = asks + 1, ask_at = CASE WHEN $3 < 0 THEN NULL ELSE now() + $3 * interval '1 second' END
		WHERE merchant_id = $1 AND id = $2 AND state IN ('unknown', 'scheduled', 'sent', 'acknowledged')`)
)

// AddRequests stores new drafts made by the acting maker.
func (t *Tx) AddRequests(list ...PayRequest) error {
	if len(list) == 0 {
		return nil
	}
	details, leaves := make([]map[string]any, len(list)), make([]leafOf, len(list))
	for n, r := range list {
		details[n] = requestDetail(r)
		details[n]["id"] = r.ID
		leaves[n] = leafOf{"request.drafted", About("request", r.ID), details[n]}
	}
	raw, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("adding requests: %w", err)
	}
	if _, err := t.exec(sqlInsertRequests, t.actor.Merchant, string(raw), t.actor.Person); err != nil {
		return fmt.Errorf("adding requests: %w", err)
	}
	return t.auditAll(leaves)
}

// requestDetail is what the trail keeps of a request's content.
func requestDetail(r PayRequest) map[string]any {
	detail := map[string]any{
		"sender": r.SenderID, "receiver_kind": r.ReceiverKind, "receiver": r.ReceiverValue, "receiver_name": r.ReceiverName, "amount_satang": r.AmountSatang,
		"reference": r.Reference, "reference2": r.Reference2, "message": r.Message, "invoice_number": r.InvoiceNumber, "presentment": r.PresentmentID,
		"send_on": nil, "send_at": r.SendAt, "ends_on": r.EndsOn.Format(time.DateOnly), "repeat_reason": r.RepeatReason, "resend_of": r.ResendOf, "import": r.ImportID,
	}
	if r.SendOn != nil {
		detail["send_on"] = r.SendOn.Format(time.DateOnly)
	}
	return detail
}

// ChangeRequest replaces the content of a draft. ErrStale means that it is no
// longer the version in r, or no longer a draft.
func (t *Tx) ChangeRequest(r PayRequest) error {
	before, err := t.Request(r.ID)
	if err != nil {
		return err
	}
	r.ResendOf, r.ImportID = before.ResendOf, before.ImportID
	err = t.one(sqlUpdateRequest, t.actor.Merchant, r.ID, r.Version, r.SenderID, r.ReceiverKind, r.ReceiverValue, r.ReceiverName, r.AmountSatang, r.Reference, r.Reference2,
		r.Message, r.InvoiceNumber, r.PresentmentID, r.SendOn, r.SendAt, r.EndsOn, r.RepeatReason, t.actor.Person)
	if err != nil {
		return fmt.Errorf("changing a request: %w", err)
	}
	return t.Audit("request.edited", About("request", r.ID), map[string]any{"before": requestDetail(before), "after": requestDetail(r)})
}

// LetRequestRepeat says why a draft is right although there is one like it.
func (t *Tx) LetRequestRepeat(id ID, version int, why string) error {
	if err := t.one(sqlRequestRepeats, t.actor.Merchant, id, version, why, t.actor.Person); err != nil {
		return fmt.Errorf("letting a request repeat: %w", err)
	}
	return t.Audit("request.repeat_explained", About("request", id), map[string]any{"repeat_reason": why})
}

// RequestSubmitted binds the request, in the given version, to the instruction
// that asks the bank for it. Constraint errors: request_has_a_sender,
// request_asks_somebody_else, request_is_within_limits, request_is_in_time,
// request_resends_what_ended, request_is_not_repeated, request_collects_once.
func (t *Tx) RequestSubmitted(id ID, version int, instruction ID) error {
	if err := t.one(sqlRequestSubmitted, t.actor.Merchant, id, instruction, version); err != nil {
		return fmt.Errorf("submitting a request: %w", err)
	}
	return t.Audit("request.submitted", About("request", id), map[string]any{"instruction": instruction, "version": version})
}

// FollowRequests gives requests that the bank does not have yet the states that
// follow from their instructions, with the bank's name for each or the code of
// its failure. They are the acting merchant's, or anybody's where none acts.
// Nothing to change is no error, and no leaf.
func (t *Tx) FollowRequests(ids ...ID) error {
	if len(ids) == 0 {
		return nil
	}
	moved, err := rows[debitFollowed](t.Query, sqlFollowRequests, nullable(t.actor.Merchant), pq.Array(idTexts(ids)))
	if err != nil {
		return fmt.Errorf("moving requests: %w", err)
	}
	for _, m := range moved {
		if err := t.For(m.MerchantID).Audit("request.moved", About("request", m.ID), m); err != nil {
			return err
		}
	}
	return nil
}

// RequestWord is what the bank says of a request.
type RequestWord struct {
	State         string // that follows
	Status        string // the bank's own word
	SaidAt        time.Time
	FailureCode   string
	FailureReason string
	PaymentRef    string
	PaidAt        *time.Time
}

// TellRequest records the bank's word on a request in a state. It follows a
// callback that was processed, or an inquiry that was answered, in this very
// transaction: the schema looks for it.
func (t *Tx) TellRequest(id ID, was string, w RequestWord) error {
	if err := t.one(sqlRequestTold, t.actor.Merchant, id, was, w.State, w.Status, w.SaidAt, w.FailureCode, w.FailureReason, w.PaymentRef, w.PaidAt); err != nil {
		return fmt.Errorf("recording the bank's word on a request: %w", err)
	}
	return t.Audit("request."+w.State, About("request", id), map[string]any{
		"state": w.State, "status": w.Status, "said_at": w.SaidAt, "failure_code": w.FailureCode, "failure_reason": w.FailureReason,
		"payment_reference": w.PaymentRef, "paid_at": w.PaidAt,
	})
}

// RequestAsked notes that the bank was asked by itself, and is to be asked again
// after a while; below zero, never.
func (t *Tx) RequestAsked(id ID, again time.Duration) error {
	seconds := int64(-1)
	if again >= 0 {
		seconds = int64(again.Seconds())
	}
	if err := t.one(sqlRequestAsked, t.actor.Merchant, id, seconds); err != nil {
		return fmt.Errorf("asking about a request: %w", err)
	}
	return t.Audit("request.asked_about", About("request", id), map[string]any{"again_seconds": seconds})
}

// DiscardRequest puts a draft out of the way, in the version that was seen.
func (t *Tx) DiscardRequest(id ID, version int) error {
	if err := t.one(sqlDiscardRequest, t.actor.Merchant, id, version); err != nil {
		return fmt.Errorf("discarding a request: %w", err)
	}
	return t.Audit("request.discarded", About("request", id), map[string]any{"version": version})
}

// RestoreRequest takes a discarded draft back.
func (t *Tx) RestoreRequest(id ID, version int) error {
	if err := t.one(sqlRestoreRequest, t.actor.Merchant, id, version); err != nil {
		return fmt.Errorf("restoring a request: %w", err)
	}
	return t.Audit("request.restored", About("request", id), map[string]any{"version": version})
}
