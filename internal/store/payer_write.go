package store

import (
	"encoding/json"
	"fmt"
	"maps"
)

var (
	sqlInsertPayers = statement(`
		INSERT INTO payers (id, merchant_id, code, name, name_en, tax_id, mobile, email, email_sealed, email_mark, contact, buyer_id, payday, note)
		SELECT p.id, $1, p.code, p.name, p.name_en, p.tax_id, p.mobile, p.email, p.email_sealed, p.email_mark, p.contact, p.buyer_id, p.payday, p.note
		FROM jsonb_to_recordset($2::text::jsonb) AS p (id uuid, code text, name text, name_en text, tax_id text, mobile text, email text, email_sealed bytea,
			email_mark bytea, contact text, buyer_id uuid, payday smallint, note text)`)
	sqlUpdatePayer = statement(`
		UPDATE payers SET code = $4, name = $5, name_en = $6, tax_id = $7, mobile = $8, email = $9, contact = $10, buyer_id = $11, payday = $12, note = $13,
			email_sealed = $14, email_mark = $15, version = version + 1, edited_at = now()
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'active'`)
	sqlMovePayer = statement(`
		UPDATE payers SET state = $4, version = version + 1, edited_at = now()
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state <> $4`)
)

// AddPayers stores new payers. A constraint error named payer_code_is_unique
// means that one has such a code already, archived or not.
func (t *Tx) AddPayers(list ...Payer) error {
	rows := make([]map[string]any, len(list))
	for i, p := range list {
		p.Version = 1
		email, err := t.keep(payerEmail, p.ID, p.Email)
		if err != nil {
			return err
		}
		detail := payerDetail(p, email.Told)
		if err := t.Audit("payer.added", About("payer", p.ID), detail); err != nil {
			return err
		}
		rows[i] = map[string]any{"id": p.ID}
		maps.Copy(rows[i], detail)
		email.into(rows[i], "email")
	}
	raw, err := json.Marshal(rows)
	if err == nil {
		err = t.planOnce()
	}
	if err == nil {
		_, err = t.exec(sqlInsertPayers, t.actor.Merchant, string(raw))
	}
	if err != nil {
		return fmt.Errorf("adding payers: %w", err)
	}
	return nil
}

// ChangePayer replaces what is known of an active payer. ErrStale means that it
// is no longer the version in p, or archived; a constraint error named
// payer_code_stays, that the bank knows it by the code it had.
func (t *Tx) ChangePayer(p Payer) error {
	before, err := t.Payer(p.ID)
	if err != nil {
		return err
	}
	email, err := t.keep(payerEmail, p.ID, p.Email)
	if err != nil {
		return err
	}
	err = t.one(sqlUpdatePayer, t.actor.Merchant, p.ID, p.Version, p.Code, p.Name, p.NameEN, p.TaxID, p.Mobile, email.Clear, p.Contact, p.BuyerID, p.Payday, p.Note,
		email.Cell, email.Mark)
	if err != nil {
		return fmt.Errorf("changing a payer: %w", err)
	}
	p.Version++
	was, err := t.told(payerEmail, before.Email)
	if err != nil {
		return err
	}
	return t.Audit("payer.edited", About("payer", p.ID), map[string]any{"before": payerDetail(before, was), "after": payerDetail(p, email.Told)})
}

// ArchivePayer takes a payer out of use, in the given version. Its mandates
// stay as they are.
func (t *Tx) ArchivePayer(id ID, version int) error {
	return t.movePayer(id, version, PayerArchived, "payer.archived")
}

// RestorePayer takes an archived payer into use again.
func (t *Tx) RestorePayer(id ID, version int) error {
	return t.movePayer(id, version, PayerActive, "payer.restored")
}

func (t *Tx) movePayer(id ID, version int, state, action string) error {
	p, err := t.Payer(id)
	if err != nil {
		return err
	}
	if err := t.one(sqlMovePayer, t.actor.Merchant, id, version, state); err != nil {
		return fmt.Errorf("moving a payer: %w", err)
	}
	return t.Audit(action, About("payer", id), map[string]any{"name": p.Name, "version": version + 1})
}

// payerDetail is what the trail keeps of a payer: of the address, what is told.
func payerDetail(p Payer, email string) map[string]any {
	return map[string]any{
		"code": p.Code, "name": p.Name, "name_en": p.NameEN, "tax_id": p.TaxID, "mobile": p.Mobile, "email": email, "contact": p.Contact,
		"buyer_id": p.BuyerID, "payday": p.Payday, "note": p.Note, "version": p.Version,
	}
}

var sqlLockPayer = statement(`SELECT ` + payerColumns + ` FROM payers p WHERE p.merchant_id = $1 AND p.id = $2 FOR UPDATE`)

// LockPayer makes registrations of one payer take turns, and returns it.
func (t *Tx) LockPayer(id ID) (Payer, error) {
	return row[Payer](t.Query, sqlLockPayer, t.actor.Merchant, id)
}
