package store

import (
	"encoding/json"
	"fmt"
	"strings"
)

var (
	sqlInsertEtax = statement(`
		INSERT INTO etax_documents (id, merchant_id, kind, number, issued_on, buyer_name, buyer_tax_id, basis_satang, vat_satang, total_satang, content,
			password_sealed, presentment_id, receipt_id, created_by, editors)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, ARRAY[$15::uuid])`)
	sqlUpdateEtax = statement(`
		UPDATE etax_documents SET kind = $3, number = $4, issued_on = $5, buyer_name = $6, buyer_tax_id = $7, basis_satang = $8, vat_satang = $9,
			total_satang = $10, content = $11, version = version + 1, edited_at = now(), editors = array_remove(editors, $13) || $13::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $12 AND state IN ('draft', 'refused')`)
	sqlLockEtaxWith = statement(`
		UPDATE etax_documents SET password_sealed = $3, password_lock = NULL, editors = array_remove(editors, $4) || $4::uuid
		WHERE merchant_id = $1 AND id = $2 AND state IN ('draft', 'refused')`)
	sqlDropEtaxReferences = statement(`DELETE FROM etax_references WHERE merchant_id = $1 AND document_id = $2`)
	sqlAddEtaxReference   = statement(`INSERT INTO etax_references (document_id, merchant_id, referenced_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`)
	sqlLockEtax           = statement(`SELECT state FROM etax_documents WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlEtaxSubmitted      = statement(`
		UPDATE etax_documents SET state = 'submitted', generation_id = $3, bank_reference = '' WHERE merchant_id = $1 AND id = $2 AND state IN ('draft', 'refused')`)
	sqlEtaxMoved = statement(`
		UPDATE etax_documents SET state = $3, bank_reference = CASE WHEN $4 <> '' THEN $4 ELSE bank_reference END
		WHERE merchant_id = $1 AND id = $2 AND (state <> $3 OR ($4 <> '' AND bank_reference <> $4))`)
	sqlHoldEtax = statement(`UPDATE etax_documents SET held = true WHERE merchant_id = $1 AND id = $2 AND NOT held`)
)

// AddEtax stores a new draft of the acting person.
func (t *Tx) AddEtax(e Etax) error {
	_, err := t.exec(sqlInsertEtax, e.ID, t.actor.Merchant, e.Kind, e.Number, e.IssuedOn, e.BuyerName, e.BuyerTaxID, e.BasisSatang, e.VATSatang,
		e.TotalSatang, string(e.Content), nil, e.PresentmentID, e.ReceiptID, t.actor.Person)
	if err != nil {
		return fmt.Errorf("adding a tax document: %w", err)
	}
	if err := t.refer(e); err != nil {
		return err
	}
	return t.auditEtax("etax.drafted", e)
}

// ChangeEtax replaces the content of a draft or of a refused document. ErrStale
// means that it is no longer the version in e, or no longer editable.
func (t *Tx) ChangeEtax(e Etax) error {
	err := t.one(sqlUpdateEtax, t.actor.Merchant, e.ID, e.Kind, e.Number, e.IssuedOn, e.BuyerName, e.BuyerTaxID, e.BasisSatang, e.VATSatang,
		e.TotalSatang, string(e.Content), e.Version, t.actor.Person)
	if err != nil {
		return fmt.Errorf("changing a tax document: %w", err)
	}
	if _, err := t.exec(sqlDropEtaxReferences, t.actor.Merchant, e.ID); err != nil {
		return fmt.Errorf("changing a tax document: %w", err)
	}
	if err := t.refer(e); err != nil {
		return err
	}
	return t.auditEtax("etax.edited", e)
}

func (t *Tx) refer(e Etax) error {
	for _, other := range e.References {
		if _, err := t.exec(sqlAddEtaxReference, e.ID, t.actor.Merchant, other); err != nil {
			return fmt.Errorf("referring to a tax document: %w", err)
		}
	}
	return nil
}

// auditEtax leaves the content of a document, but for the addresses that it goes
// to: the trail has many readers, and one hash tells whether they were changed.
func (t *Tx) auditEtax(action string, e Etax) error {
	var content map[string]json.RawMessage
	if err := json.Unmarshal(e.Content, &content); err != nil {
		return fmt.Errorf("reading a tax document: %w", err)
	}
	var recipients []struct {
		Channel string `json:"channel"`
		Address string `json:"address,omitempty"`
		OTP     bool   `json:"otp"`
	}
	if raw, has := content["recipients"]; has {
		if err := json.Unmarshal(raw, &recipients); err != nil {
			return fmt.Errorf("reading the recipients of a tax document: %w", err)
		}
	}
	whole := []string{e.ID.String()}
	for n, r := range recipients {
		whole = append(whole, fmt.Sprintf("%s %s %t", r.Channel, r.Address, r.OTP))
		recipients[n].Address = ""
	}
	told, err := json.Marshal(recipients)
	if err != nil {
		return fmt.Errorf("writing the recipients of a tax document: %w", err)
	}
	content["recipients"] = told
	detail := etaxDetail(e)
	detail["content"], detail["recipients_sha256"] = content, hashText(strings.Join(whole, "\n"))
	return t.Audit(action, About("etax", e.ID), detail)
}

// etaxDetail is what the trail keeps of a document besides its content.
func etaxDetail(e Etax) map[string]any {
	references := e.References
	if references == nil {
		references = []ID{}
	}
	return map[string]any{
		"kind": e.Kind, "number": e.Number, "issued_on": e.IssuedOn.Format("2006-01-02"), "buyer_name": e.BuyerName, "buyer_tax_id": e.BuyerTaxID,
		"basis_satang": e.BasisSatang, "vat_satang": e.VATSatang, "total_satang": e.TotalSatang, "references": references,
		"presentment": e.PresentmentID, "receipt": e.ReceiptID,
	}
}

// LockEtaxWith seals the password that the files are to be locked with; an
// empty one leaves them open. The trail keeps that it was set, and not what to.
func (t *Tx) LockEtaxWith(id ID, password string) error {
	var sealed []byte
	if password != "" {
		var err error
		if sealed, err = t.sealed(etaxPlace(id, t.actor.Merchant), []byte(password)); err != nil {
			return err
		}
	}
	if err := t.one(sqlLockEtaxWith, t.actor.Merchant, id, sealed, t.actor.Person); err != nil {
		return fmt.Errorf("locking a tax document: %w", err)
	}
	return t.Audit("etax.password_set", About("etax", id), map[string]any{"locked": password != ""})
}

// LockEtax makes changes to one document take turns, and returns its state.
func (t *Tx) LockEtax(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockEtax, t.actor.Merchant, id)
}

// EtaxSubmitted binds the document to the instruction that asks for it.
func (t *Tx) EtaxSubmitted(id, generation ID) error {
	if err := t.one(sqlEtaxSubmitted, t.actor.Merchant, id, generation); err != nil {
		return err
	}
	return t.Audit("etax.submitted", About("etax", id), map[string]any{"instruction": generation})
}

// MoveEtax sets the state that follows from the instruction, and the bank's
// reference once known. Nothing to change is no error, and no leaf.
func (t *Tx) MoveEtax(id ID, state, bankReference string) error {
	n, err := t.exec(sqlEtaxMoved, t.actor.Merchant, id, state, bankReference)
	if err != nil || n == 0 {
		return err
	}
	return t.Audit("etax.moved", About("etax", id), map[string]any{"state": state, "bank_reference": bankReference})
}

var sqlDiscardEtax = statement(`UPDATE etax_documents SET state = $4 WHERE merchant_id = $1 AND id = $2 AND state = $3`)

// DiscardEtax puts a draft away; its number, if it was given one, is voided.
func (t *Tx) DiscardEtax(id ID) error {
	if err := t.one(sqlDiscardEtax, t.actor.Merchant, id, EtaxDraft, EtaxDiscarded); err != nil {
		return fmt.Errorf("discarding a tax document: %w", err)
	}
	return t.Audit("etax.discarded", About("etax", id), map[string]any{"state": EtaxDiscarded})
}

// HoldEtax has the document kept for seven years instead of five. There is no
// way back.
func (t *Tx) HoldEtax(id ID, why string) error {
	if err := t.one(sqlHoldEtax, t.actor.Merchant, id); err != nil {
		return fmt.Errorf("holding a tax document: %w", err)
	}
	return t.Audit("etax.held", About("etax", id), map[string]any{"why": why})
}
