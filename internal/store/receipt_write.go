package store

import (
	"encoding/hex"
	"errors"
	"fmt"
)

var (
	sqlInsertReceipt = statement(`
		INSERT INTO receipts (id, merchant_id, document_type, document_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, paid_on, method,
			payment_reference, remark, paper, received_satang, withheld_satang, fee_satang, total_satang, vat_rate, vat_satang, created_by, editors)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, ARRAY[$20::uuid])`)
	sqlUpdateReceipt = statement(`
		UPDATE receipts SET document_type = $3, document_on = $4, buyer_name = $5, buyer_tax_id = $6, buyer_branch = $7, buyer_address = $8, paid_on = $9,
			method = $10, payment_reference = $11, remark = $12, paper = $13, received_satang = $14, withheld_satang = $15, fee_satang = $16,
			total_satang = $17, vat_rate = $18, vat_satang = $19, version = version + 1, edited_at = now(), editors = array_remove(editors, $21) || $21::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $20 AND state IN ('draft', 'refused')`)
	sqlInsertReceiptLine = statement(`
		INSERT INTO receipt_lines (receipt_id, merchant_id, line_no, presentment_id, description, vat, received_satang, withheld_satang, fee_satang,
			amount_satang, vat_satang)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)
	sqlDeleteReceiptLines = statement(`DELETE FROM receipt_lines WHERE merchant_id = $1 AND receipt_id = $2`)
	sqlTouchReceipt       = statement(`
		UPDATE receipts SET version = version + 1, edited_at = now(), editors = array_remove(editors, $3) || $3::uuid
		WHERE merchant_id = $1 AND id = $2 AND state IN ('draft', 'refused')`)
	sqlLockReceipt   = statement(`SELECT state FROM receipts WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlNumberReceipt = statement(`
		UPDATE receipts SET document_number = $3, editors = array_remove(editors, $4) || $4::uuid WHERE merchant_id = $1 AND id = $2 AND state IN ('draft', 'refused')`)
	sqlJoinReceipt = statement(`
		UPDATE receipts SET editors = array_remove(editors, $3) || $3::uuid WHERE merchant_id = $1 AND id = $2 AND state IN ('draft', 'refused')`)
	sqlReceiptSubmitted = statement(`
		UPDATE receipts SET state = 'submitted', entry_id = $3 WHERE merchant_id = $1 AND id = $2 AND version = $4 AND state IN ('draft', 'refused')`)
	sqlPapersResent = statement(`UPDATE receipts SET resend_id = $3 WHERE merchant_id = $1 AND id = $2 AND state = 'incomplete'`)
	sqlReceiptMoved = statement(`
		UPDATE receipts SET state = $3, bank_reference = CASE WHEN $4 <> '' THEN $4 ELSE bank_reference END
		WHERE merchant_id = $1 AND id = $2 AND (state <> $3 OR ($4 <> '' AND bank_reference <> $4))`)
	sqlDiscardReceipt = statement(`
		UPDATE receipts SET state = 'discarded' WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state IN ('draft', 'refused')`)
	// What the bank refused is no draft: its number may have to be another.
	sqlRestoreReceipt = statement(`
		UPDATE receipts r SET state = 'draft' WHERE r.merchant_id = $1 AND r.id = $2 AND r.state = 'discarded'
			AND NOT EXISTS (SELECT FROM instructions e WHERE e.id = r.entry_id AND e.state = 'failed')
		RETURNING r.document_number`)
	sqlAttachToReceipt = statement(`
		INSERT INTO receipt_documents (receipt_id, merchant_id, file_id, position, drawn)
		SELECT $2, $1, $3, coalesce(max(position), 0) + 1, $4 FROM receipt_documents WHERE receipt_id = $2`)
	sqlDetachFromReceipt = statement(`DELETE FROM receipt_documents WHERE merchant_id = $1 AND receipt_id = $2 AND file_id = $3`)
)

// AddReceipt stores a new draft made by the acting person.
func (t *Tx) AddReceipt(r Receipt) error {
	_, err := t.exec(sqlInsertReceipt, r.ID, t.actor.Merchant, r.DocumentType, r.DocumentOn, r.BuyerName, r.BuyerTaxID, r.BuyerBranch, r.BuyerAddress,
		r.PaidOn, r.Method, r.PaymentReference, r.Remark, r.Paper, r.ReceivedSatang, r.WithheldSatang, r.FeeSatang, r.TotalSatang, r.VATRate, r.VATSatang,
		t.actor.Person)
	if err != nil {
		return fmt.Errorf("adding a receipt: %w", err)
	}
	if err := t.insertReceiptLines(r); err != nil {
		return err
	}
	return t.Audit("receipt.drafted", About("receipt", r.ID), receiptDetail(r))
}

// ChangeReceipt replaces the content of a draft or of a refused receipt.
// ErrStale means that it is no longer the version in r, or no longer editable.
func (t *Tx) ChangeReceipt(r Receipt) error {
	before, err := t.Receipt(r.ID)
	if err != nil {
		return err
	}
	err = t.one(sqlUpdateReceipt, t.actor.Merchant, r.ID, r.DocumentType, r.DocumentOn, r.BuyerName, r.BuyerTaxID, r.BuyerBranch, r.BuyerAddress,
		r.PaidOn, r.Method, r.PaymentReference, r.Remark, r.Paper, r.ReceivedSatang, r.WithheldSatang, r.FeeSatang, r.TotalSatang, r.VATRate, r.VATSatang,
		r.Version, t.actor.Person)
	if err != nil {
		return fmt.Errorf("changing a receipt: %w", err)
	}
	if _, err := t.exec(sqlDeleteReceiptLines, t.actor.Merchant, r.ID); err != nil {
		return fmt.Errorf("changing a receipt: %w", err)
	}
	if err := t.insertReceiptLines(r); err != nil {
		return err
	}
	return t.Audit("receipt.edited", About("receipt", r.ID), map[string]any{"before": receiptDetail(before), "after": receiptDetail(r)})
}

func (t *Tx) insertReceiptLines(r Receipt) error {
	for i, l := range r.Lines {
		_, err := t.exec(sqlInsertReceiptLine, r.ID, t.actor.Merchant, i+1, l.PresentmentID, l.Description, l.VAT, l.ReceivedSatang, l.WithheldSatang,
			l.FeeSatang, l.AmountSatang, l.VATSatang)
		if err != nil {
			return fmt.Errorf("storing line %d of a receipt: %w", i+1, err)
		}
	}
	return nil
}

// receiptDetail is what the trail keeps of a receipt's content.
func receiptDetail(r Receipt) map[string]any {
	return map[string]any{
		"document_type": r.DocumentType, "document_on": r.DocumentOn.Format("2006-01-02"), "paid_on": r.PaidOn.Format("2006-01-02"),
		"buyer_name": r.BuyerName, "buyer_tax_id": r.BuyerTaxID, "buyer_branch": r.BuyerBranch, "buyer_address": r.BuyerAddress,
		"method": r.Method, "payment_reference": r.PaymentReference, "remark": r.Remark, "paper": r.Paper, "lines": r.Lines,
		"received_satang": r.ReceivedSatang, "withheld_satang": r.WithheldSatang, "fee_satang": r.FeeSatang, "total_satang": r.TotalSatang,
		"vat_rate": r.VATRate, "vat_satang": r.VATSatang,
	}
}

// LockReceipt makes changes to one receipt take turns, and returns its state.
func (t *Tx) LockReceipt(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockReceipt, t.actor.Merchant, id)
}

// NumberReceipt gives an editable receipt the number of its series that the
// acting merchant's own branch gives, or leaves it the one it has. See
// AllotNumber.
func (t *Tx) NumberReceipt(r Receipt) (string, error) {
	m, err := t.Merchant()
	if err != nil {
		return "", err
	}
	number, err := t.AllotNumber(r.DocumentType, m.Branch, r.DocumentOn, About("receipt", r.ID))
	if err != nil || number == r.DocumentNumber {
		return number, err
	}
	return number, t.setReceiptNumber(r.ID, number)
}

// RenumberReceipt voids the number of an editable receipt, because somebody
// else has it, so that it gets the next one when it is submitted.
func (t *Tx) RenumberReceipt(id ID, note string) error {
	if err := t.VoidNumber(About("receipt", id), VoidTaken, note); err != nil {
		return err
	}
	return t.setReceiptNumber(id, "")
}

func (t *Tx) setReceiptNumber(id ID, number string) error {
	if err := t.one(sqlNumberReceipt, t.actor.Merchant, id, number, t.actor.Person); err != nil {
		return fmt.Errorf("numbering a receipt: %w", err)
	}
	return t.Audit("receipt.numbered", About("receipt", id), map[string]any{"number": number})
}

// ReceiptSubmitted binds the receipt, in the given version, to the instruction
// that issues it. Violated receipts_stay_within_the_bill means that more would
// be receipted of a bill than it demands.
func (t *Tx) ReceiptSubmitted(id ID, version int, entry ID) error {
	if err := t.one(sqlReceiptSubmitted, t.actor.Merchant, id, entry, version); err != nil {
		return fmt.Errorf("submitting a receipt: %w", err)
	}
	return t.Audit("receipt.submitted", About("receipt", id), map[string]any{"instruction": entry, "version": version})
}

// PapersResent binds the receipt to the instruction that sends its missing
// papers once more. Violated papers_are_sent_again_once means that some are on
// their way.
func (t *Tx) PapersResent(id, lead ID) error {
	if err := t.one(sqlPapersResent, t.actor.Merchant, id, lead); err != nil {
		return fmt.Errorf("sending papers again: %w", err)
	}
	return t.Audit("receipt.papers_resent", About("receipt", id), map[string]any{"resend": lead})
}

// MoveReceipt sets the state that follows from the instructions, and the
// bank's reference once known. Nothing to change is no error, and no leaf.
func (t *Tx) MoveReceipt(id ID, state, bankReference string) error {
	n, err := t.exec(sqlReceiptMoved, t.actor.Merchant, id, state, bankReference)
	if err != nil || n == 0 {
		return err
	}
	return t.Audit("receipt.moved", About("receipt", id), map[string]any{"state": state, "bank_reference": bankReference})
}

// DiscardReceipt puts a receipt that the bank never had out of the way, in the
// version that was seen. The number it was given, if any, is voided and kept.
func (t *Tx) DiscardReceipt(id ID, version int, note string) error {
	if err := t.one(sqlDiscardReceipt, t.actor.Merchant, id, version); err != nil {
		return fmt.Errorf("discarding a receipt: %w", err)
	}
	if err := t.VoidNumber(About("receipt", id), VoidDiscarded, note); err != nil && !errors.Is(err, ErrStale) {
		return err
	}
	return t.Audit("receipt.discarded", About("receipt", id), map[string]any{"version": version, "note": note})
}

// RestoreReceipt makes a discarded receipt a draft again, without the number
// that was voided. ErrStale: it is not discarded, or the bank had refused it.
func (t *Tx) RestoreReceipt(id ID) error {
	number, err := row[string](t.Query, sqlRestoreReceipt, t.actor.Merchant, id)
	if errors.Is(err, ErrNotFound) {
		return ErrStale
	}
	if err != nil {
		return fmt.Errorf("restoring a receipt: %w", err)
	}
	if err := t.Audit("receipt.restored", About("receipt", id), map[string]any{}); err != nil || number == "" {
		return err
	}
	return t.setReceiptNumber(id, "")
}

// AttachToReceipt adds a file that somebody uploaded to an editable receipt.
func (t *Tx) AttachToReceipt(receipt ID, f File) error {
	if err := t.one(sqlTouchReceipt, t.actor.Merchant, receipt, t.actor.Person); err != nil {
		return fmt.Errorf("attaching: %w", err)
	}
	return t.attachToReceipt(receipt, f, "")
}

// AttachPaper adds the paper that the portal drew of a receipt as it is
// submitted, in place of the one drawn before. The version stays: whoever
// submits saw what it is drawn from; they become an editor by it.
func (t *Tx) AttachPaper(r Receipt, f File, language string) error {
	if err := t.one(sqlJoinReceipt, t.actor.Merchant, r.ID, t.actor.Person); err != nil {
		return fmt.Errorf("attaching: %w", err)
	}
	for _, d := range r.Documents {
		if d.Drawn == "" {
			continue
		}
		if err := t.detachFromReceipt(r.ID, d.FileID); err != nil {
			return err
		}
	}
	return t.attachToReceipt(r.ID, f, language)
}

func (t *Tx) attachToReceipt(receipt ID, f File, drawn string) error {
	if _, err := t.exec(sqlAttachToReceipt, t.actor.Merchant, receipt, f.ID, drawn); err != nil {
		return fmt.Errorf("attaching: %w", err)
	}
	return t.Audit("receipt.document_attached", About("receipt", receipt), map[string]any{
		"file": f.ID, "name": f.Name, "size": f.Size, "sha256": hex.EncodeToString(f.SHA256), "drawn": drawn,
	})
}

// DetachFromReceipt takes a file off an editable receipt. The file stays.
func (t *Tx) DetachFromReceipt(receipt, file ID) error {
	if err := t.one(sqlTouchReceipt, t.actor.Merchant, receipt, t.actor.Person); err != nil {
		return fmt.Errorf("detaching: %w", err)
	}
	return t.detachFromReceipt(receipt, file)
}

func (t *Tx) detachFromReceipt(receipt, file ID) error {
	if err := t.one(sqlDetachFromReceipt, t.actor.Merchant, receipt, file); err != nil {
		return fmt.Errorf("detaching: %w", err)
	}
	return t.Audit("receipt.document_removed", About("receipt", receipt), map[string]any{"file": file})
}
