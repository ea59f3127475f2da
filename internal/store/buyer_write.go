package store

import (
	"encoding/json"
	"fmt"
	"maps"
)

var (
	sqlInsertBuyers = statement(`
		INSERT INTO buyers (id, merchant_id, name, name_en, tax_id, branch, address, postcode, email, email_sealed, email_mark, phone, phone_sealed, phone_mark,
			contact, terms_days, wht_rate, note)
		SELECT b.id, $1, b.name, b.name_en, b.tax_id, b.branch, b.address, b.postcode, b.email, b.email_sealed, b.email_mark, b.phone, b.phone_sealed, b.phone_mark,
			b.contact, b.terms_days, b.wht_rate, b.note
		FROM jsonb_to_recordset($2::text::jsonb) AS b (id uuid, name text, name_en text, tax_id text, branch text, address text, postcode text,
			email text, email_sealed bytea, email_mark bytea, phone text, phone_sealed bytea, phone_mark bytea,
			contact text, terms_days smallint, wht_rate numeric, note text)`)
	sqlUpdateBuyer = statement(`
		UPDATE buyers SET name = $4, name_en = $5, tax_id = $6, branch = $7, address = $8, postcode = $9, email = $10, email_sealed = $11, email_mark = $12,
			phone = $13, phone_sealed = $14, phone_mark = $15, contact = $16,
			terms_days = $17, wht_rate = $18, note = $19, version = version + 1, edited_at = now()
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'active'`)
	sqlMoveBuyer = statement(`
		UPDATE buyers SET state = $4, version = version + 1, edited_at = now()
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state <> $4`)
)

// AddBuyer stores a new buyer. A constraint error named known_buyer_is_unique
// means that an active one has its tax id and branch.
func (t *Tx) AddBuyer(b Buyer) error { return t.AddBuyers([]Buyer{b}) }

// AddBuyers stores many new buyers, each as AddBuyer does, in a few statements.
func (t *Tx) AddBuyers(list []Buyer) error {
	rows := make([]map[string]any, len(list))
	for i, b := range list {
		b.Version = 1
		email, err := t.keep(buyerEmail, b.ID, b.Email)
		if err != nil {
			return err
		}
		phone, err := t.keep(buyerPhone, b.ID, b.Phone)
		if err != nil {
			return err
		}
		detail := buyerDetail(b, email.Told, phone.Told)
		if err := t.Audit("buyer.added", About("buyer", b.ID), detail); err != nil {
			return err
		}
		rows[i] = map[string]any{"id": b.ID}
		maps.Copy(rows[i], detail)
		email.into(rows[i], "email")
		phone.into(rows[i], "phone")
	}
	raw, err := json.Marshal(rows)
	if err == nil {
		err = t.planOnce()
	}
	if err == nil {
		_, err = t.exec(sqlInsertBuyers, t.actor.Merchant, string(raw))
	}
	if err != nil {
		return fmt.Errorf("adding buyers: %w", err)
	}
	return nil
}

// ChangeBuyer replaces what is known of an active buyer. ErrStale means that
// it is no longer the version in b, or archived.
func (t *Tx) ChangeBuyer(b Buyer) error {
	before, err := t.Buyer(b.ID)
	if err != nil {
		return err
	}
	email, err := t.keep(buyerEmail, b.ID, b.Email)
	if err != nil {
		return err
	}
	phone, err := t.keep(buyerPhone, b.ID, b.Phone)
	if err != nil {
		return err
	}
	err = t.one(sqlUpdateBuyer, t.actor.Merchant, b.ID, b.Version, b.Name, b.NameEN, b.TaxID, b.Branch, b.Address, b.Postcode, email.Clear, email.Cell, email.Mark,
		phone.Clear, phone.Cell, phone.Mark, b.Contact, b.TermsDays, b.WHTRate, b.Note)
	if err != nil {
		return fmt.Errorf("changing a buyer: %w", err)
	}
	b.Version++
	was, err := t.told(buyerEmail, before.Email)
	if err != nil {
		return err
	}
	called, err := t.told(buyerPhone, before.Phone)
	if err != nil {
		return err
	}
	return t.Audit("buyer.edited", About("buyer", b.ID), map[string]any{
		"before": buyerDetail(before, was, called), "after": buyerDetail(b, email.Told, phone.Told),
	})
}

// ArchiveBuyer takes a buyer out of use, in the given version. Its bills stay
// as they are.
func (t *Tx) ArchiveBuyer(id ID, version int) error {
	return t.moveBuyer(id, version, BuyerArchived)
}

// RestoreBuyer takes an archived buyer into use again. A constraint error
// named known_buyer_is_unique means that another has taken its place.
func (t *Tx) RestoreBuyer(id ID, version int) error {
	return t.moveBuyer(id, version, BuyerActive)
}

func (t *Tx) moveBuyer(id ID, version int, state string) error {
	b, err := t.Buyer(id)
	if err != nil {
		return err
	}
	if err := t.one(sqlMoveBuyer, t.actor.Merchant, id, version, state); err != nil {
		return fmt.Errorf("moving a buyer: %w", err)
	}
	action := "buyer.archived"
	if state == BuyerActive {
		action = "buyer.restored"
	}
	return t.Audit(action, About("buyer", id), map[string]any{"name": b.Name, "version": version + 1})
}

// buyerDetail is what the trail keeps of a buyer: of its contacts, what is told.
func buyerDetail(b Buyer, email, phone string) map[string]any {
	return map[string]any{
		"name": b.Name, "name_en": b.NameEN, "tax_id": b.TaxID, "branch": b.Branch, "address": b.Address, "postcode": b.Postcode,
		"email": email, "phone": phone, "contact": b.Contact, "terms_days": b.TermsDays, "wht_rate": b.WHTRate, "note": b.Note, "version": b.Version,
	}
}
