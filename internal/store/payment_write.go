package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"
)

// insertPayments records payments. Only the worker says of which debit they are:
// the web role may not write that column at all.
func insertPayments(column, value string) string {
	return `
		INSERT INTO payments (id, merchant_id, source, paid_on, booked_on, amount_satang, payer_name, payer_tax_id, reference1, reference2, description,
			channel, bank_reference, callback_id, import_id, import_row, ` + column + `recorded_by)
		SELECT p.id, $1, p.source, p.paid_on, p.booked_on, p.amount_satang, p.payer_name, p.payer_tax_id, p.reference1, p.reference2, p.description,
			p.channel, p.bank_reference, p.callback, p.import, p.import_row, ` + value + `$3
		FROM jsonb_to_recordset($2::text::jsonb) AS p (id uuid, source text, paid_on date, booked_on date, amount_satang bigint, payer_name text, payer_tax_id text,
			reference1 text, reference2 text, description text, channel text, bank_reference text, callback uuid, import uuid, import_row integer, debit uuid)`
}

var (
	sqlInsertPayments = statement(insertPayments("", ""))
	sqlInsertDebited  = statement(insertPayments("debit_id, ", "p.debit, "))
	sqlLockPayment    = statement(`SELECT state FROM payments WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlInsertMatch    = statement(`
		INSERT INTO payment_matches (id, merchant_id, payment_id, presentment_id, applied_satang, withheld_satang, withheld_rate, fee_satang, reason, evidence,
			booked_on, matched_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`)
	sqlUndoMatch = statement(`
		UPDATE payment_matches SET undone_by = $3, undone_at = now(), undone_on = $4, undone_why = $5
		WHERE merchant_id = $1 AND id = $2 AND undone_at IS NULL`)
	sqlMatch    = statement(`SELECT ` + matchColumns + ` WHERE m.merchant_id = $1 AND m.id = $2`)
	sqlSetAside = statement(`
		UPDATE payments SET aside_reason = $4, aside_note = $5, aside_by = $6, state = 'aside'
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state IN ('waiting', 'part', 'aside')`)
	sqlTakeBack = statement(`
		UPDATE payments SET aside_reason = '', aside_note = '', aside_by = NULL, state = CASE WHEN applied_satang > 0 THEN 'part' ELSE 'waiting' END
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'aside'`)
	sqlCloseBooks = statement(`
		INSERT INTO payment_closings (merchant_id, through, closed_by, payments, amount_satang, applied_satang, withheld_satang, fee_satang, aside_satang)
		VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0)
		RETURNING merchant_id, through, closed_by, closed_at, payments, amount_satang, applied_satang, withheld_satang, fee_satang, aside_satang`)
)

// AddPayments stores payments, each unused. Constraint errors: payment_is_known_once
// when the bank's name for one is known, books_are_open when it is booked on a
// closed day.
func (t *Tx) AddPayments(list []Payment) error {
	if len(list) == 0 {
		return nil
	}
	details := make([]map[string]any, len(list))
	leaves := make([]leafOf, len(list))
	for i, p := range list {
		details[i] = paymentDetail(p)
		leaves[i] = leafOf{"payment.recorded", About("payment", p.ID), details[i]}
	}
	raw, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("adding payments: %w", err)
	}
	insert := sqlInsertPayments
	if slices.ContainsFunc(list, func(p Payment) bool { return p.DebitID.Valid }) {
		insert = sqlInsertDebited
	}
	if _, err := t.exec(insert, t.actor.Merchant, string(raw), nullable(t.actor.Person)); err != nil {
		return fmt.Errorf("adding payments: %w", err)
	}
	return t.auditAll(leaves)
}

// paymentDetail is what the trail keeps of a payment, and its row.
func paymentDetail(p Payment) map[string]any {
	return map[string]any{
		"id": p.ID, "source": p.Source, "paid_on": p.PaidOn.Format(time.DateOnly), "booked_on": p.BookedOn.Format(time.DateOnly), "amount_satang": p.AmountSatang,
		"payer_name": p.PayerName, "payer_tax_id": p.PayerTaxID, "reference1": p.Reference1, "reference2": p.Reference2, "description": p.Description,
		"channel": p.Channel, "bank_reference": p.BankReference, "callback": p.CallbackID, "import": p.ImportID, "import_row": p.ImportRow, "debit": p.DebitID,
	}
}

// LockPayment makes changes to one payment take turns, and returns its state.
func (t *Tx) LockPayment(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockPayment, t.actor.Merchant, id)
}

// AddMatch uses a payment for a bill, by the acting person or, where the rules
// were certain, by nobody. Constraint errors: bill_is_not_paid_twice,
// payment_is_not_used_twice, payment_is_used_once_for_a_bill,
// match_is_for_a_presented_bill, books_are_open.
func (t *Tx) AddMatch(m Match) error {
	if _, err := t.exec(sqlInsertMatch, m.ID, t.actor.Merchant, m.PaymentID, m.PresentmentID, m.AppliedSatang, m.WithheldSatang, m.WithheldRate, m.FeeSatang,
		m.Reason, m.Evidence, m.BookedOn, m.MatchedBy); err != nil {
		return fmt.Errorf("matching a payment: %w", err)
	}
	detail := matchDetail(m)
	return t.auditAll([]leafOf{
		{"payment.matched", About("payment", m.PaymentID), detail},
		{"presentment.payment_matched", About("presentment", m.PresentmentID), detail},
	})
}

func matchDetail(m Match) map[string]any {
	return map[string]any{
		"match": m.ID, "payment": m.PaymentID, "presentment": m.PresentmentID, "applied_satang": m.AppliedSatang, "withheld_satang": m.WithheldSatang,
		"withheld_rate": m.WithheldRate, "fee_satang": m.FeeSatang, "reason": m.Reason, "evidence": m.Evidence,
		"booked_on": m.BookedOn.Format(time.DateOnly), "matched_by": m.MatchedBy,
	}
}

// UndoMatch takes a payment from a bill again, in the books of the given day.
// ErrStale: it was undone before.
func (t *Tx) UndoMatch(id ID, on time.Time, why string) error {
	m, err := row[Match](t.Query, sqlMatch, t.actor.Merchant, id)
	if err != nil {
		return err
	}
	if err := t.one(sqlUndoMatch, t.actor.Merchant, id, t.actor.Person, on, why); err != nil {
		return fmt.Errorf("undoing a match: %w", err)
	}
	detail := matchDetail(m)
	detail["undone_on"], detail["why"] = on.Format(time.DateOnly), why
	return t.auditAll([]leafOf{
		{"payment.unmatched", About("payment", m.PaymentID), detail},
		{"presentment.payment_unmatched", About("presentment", m.PresentmentID), detail},
	})
}

// SetAside says that what is left of a payment is for no bill. ErrStale: it is
// no longer the version in p, or nothing is left of it.
func (t *Tx) SetAside(id ID, version int, reason, note string) error {
	if err := t.one(sqlSetAside, t.actor.Merchant, id, version, reason, note, t.actor.Person); err != nil {
		return fmt.Errorf("setting a payment aside: %w", err)
	}
	return t.Audit("payment.set_aside", About("payment", id), map[string]any{"reason": reason, "note": note})
}

// TakeBack lets a payment that was set aside wait again.
func (t *Tx) TakeBack(id ID, version int) error {
	if err := t.one(sqlTakeBack, t.actor.Merchant, id, version); err != nil {
		return fmt.Errorf("taking a payment back: %w", err)
	}
	return t.Audit("payment.taken_back", About("payment", id), map[string]any{})
}

// Closing is the end of the books through a day, with what was booked since
// the closing before.
type Closing struct {
	Merchant       ID        `db:"merchant_id"`
	Through        time.Time `db:"through"`
	ClosedBy       ID        `db:"closed_by"`
	ClosedAt       time.Time `db:"closed_at"`
	Payments       int       `db:"payments"`
	AmountSatang   int64     `db:"amount_satang"`
	AppliedSatang  int64     `db:"applied_satang"`
	WithheldSatang int64     `db:"withheld_satang"`
	FeeSatang      int64     `db:"fee_satang"`
	AsideSatang    int64     `db:"aside_satang"`
}

// CloseBooks closes the books through a day. Constraint errors:
// nothing_waits_in_closed_books, books_are_closed_by_another,
// books_are_closed_forward, books_are_closed_on_duty.
func (t *Tx) CloseBooks(through time.Time) (Closing, error) {
	c, err := row[Closing](t.Query, sqlCloseBooks, t.actor.Merchant, through, t.actor.Person)
	if err != nil {
		return c, fmt.Errorf("closing the books: %w", err)
	}
	return c, t.Audit("merchant.books_closed", About("merchant", t.actor.Merchant), map[string]any{
		"through": c.Through.Format(time.DateOnly), "payments": c.Payments, "amount_satang": c.AmountSatang, "applied_satang": c.AppliedSatang,
		"withheld_satang": c.WithheldSatang, "fee_satang": c.FeeSatang, "aside_satang": c.AsideSatang,
	})
}

var (
	sqlReceiveCertificate = statement(`
		UPDATE withholding_certificates SET state = 'received', certificate_no = $3, certificate_on = $4, file_id = $5, note = $6, changed_by = $7
		WHERE merchant_id = $1 AND match_id = $2 AND state = 'awaited' RETURNING presentment_id`)
	sqlScanCertificate = statement(`
		UPDATE withholding_certificates SET file_id = $3, changed_by = $4
		WHERE merchant_id = $1 AND match_id = $2 AND state = 'received' RETURNING presentment_id, certificate_no, certificate_on, note`)
	sqlWaiveCertificate = statement(`
		UPDATE withholding_certificates SET state = 'waived', certificate_no = '', certificate_on = NULL, file_id = NULL, note = $3, changed_by = $4
		WHERE merchant_id = $1 AND match_id = $2 AND state <> 'void' RETURNING presentment_id`)
	sqlAwaitCertificate = statement(`
		UPDATE withholding_certificates SET state = 'awaited', certificate_no = '', certificate_on = NULL, file_id = NULL, note = $3, changed_by = $4
		WHERE merchant_id = $1 AND match_id = $2 AND state <> 'void' RETURNING presentment_id`)
	sqlAskForCertificates = statement(`
		UPDATE withholding_certificates SET asked_times = asked_times + 1, asked_at = now(), changed_by = $3
		WHERE merchant_id = $1 AND match_id = ANY ($2) AND state = 'awaited' RETURNING match_id, presentment_id`)
)

// CertificateIsOfItsTime names the rule that a certificate is not dated long
// before the payment of which it says what was withheld.
const CertificateIsOfItsTime = "certificate_is_of_its_time"

// ReceiveCertificate records the certificate of what a match withheld, and its
// scan unless there is none yet. ErrStale: it is not awaited.
func (t *Tx) ReceiveCertificate(match ID, number string, on time.Time, file ID, note string) error {
	about, err := row[ID](t.Query, sqlReceiveCertificate, t.actor.Merchant, match, number, on, nullable(file), note, t.actor.Person)
	if errors.Is(err, ErrNotFound) {
		return ErrStale
	}
	if err != nil {
		return fmt.Errorf("receiving a certificate: %w", err)
	}
	return t.Audit("presentment.certificate_received", About("presentment", about), map[string]any{
		"match": match, "number": number, "on": on.Format(time.DateOnly), "file": nullable(file), "note": note,
	})
}

// ScanCertificate puts a scan beside a certificate that was received, in the
// place of any other. ErrStale: it was not, or is not any more.
func (t *Tx) ScanCertificate(match, file ID) error {
	c, err := row[struct {
		Presentment ID        `db:"presentment_id"`
		Number      string    `db:"certificate_no"`
		On          time.Time `db:"certificate_on"`
		Note        string    `db:"note"`
	}](t.Query, sqlScanCertificate, t.actor.Merchant, match, file, t.actor.Person)
	if errors.Is(err, ErrNotFound) {
		return ErrStale
	}
	if err != nil {
		return fmt.Errorf("scanning a certificate: %w", err)
	}
	return t.Audit("presentment.certificate_scanned", About("presentment", c.Presentment), map[string]any{
		"match": match, "number": c.Number, "on": c.On.Format(time.DateOnly), "file": file, "note": c.Note,
	})
}

// WaiveCertificate gives up on a certificate, for a reason.
func (t *Tx) WaiveCertificate(match ID, why string) error {
	about, err := row[ID](t.Query, sqlWaiveCertificate, t.actor.Merchant, match, why, t.actor.Person)
	if err != nil {
		return fmt.Errorf("waiving a certificate: %w", err)
	}
	return t.Audit("presentment.certificate_waived", About("presentment", about), map[string]any{"match": match, "why": why})
}

// AwaitCertificate takes a receipt or a waiver of a certificate back.
func (t *Tx) AwaitCertificate(match ID, why string) error {
	about, err := row[ID](t.Query, sqlAwaitCertificate, t.actor.Merchant, match, why, t.actor.Person)
	if err != nil {
		return fmt.Errorf("awaiting a certificate again: %w", err)
	}
	return t.Audit("presentment.certificate_awaited", About("presentment", about), map[string]any{"match": match, "why": why})
}

// AskForCertificates records that buyers were asked for certificates by a letter.
func (t *Tx) AskForCertificates(matches []ID) error {
	asked, err := rows[struct {
		Match       ID `db:"match_id"`
		Presentment ID `db:"presentment_id"`
	}](t.Query, sqlAskForCertificates, t.actor.Merchant, pq.Array(matches), t.actor.Person)
	if err != nil {
		return fmt.Errorf("asking for certificates: %w", err)
	}
	leaves := make([]leafOf, len(asked))
	for n, a := range asked {
		leaves[n] = leafOf{"presentment.certificate_asked", About("presentment", a.Presentment), map[string]any{"match": a.Match}}
	}
	if len(leaves) == 0 {
		return nil
	}
	return t.auditAll(leaves)
}
