package store

import (
	"encoding/json"
	"fmt"
	"maps"
)

var (
	sqlInsertBuyers = statement(`
		INSERT INTO buyers (id, merchant_id, name, name_en, tax_id, branch, address, postcode, email, phone, contact, terms_days, wht_rate, note)
		SELECT b.id, $1, b.name, b.name_en, b.tax_id, b.branch, b.address, b.postcode, b.email, b.phone, b.contact, b.terms_days, b.wht_rate, b.note
		FROM jsonb_to_recordset($2::text::jsonb) AS b (id uuid, name text, name_en text, tax_id text, branch text, address text, postcode text, email text,
			phone text, contact text, terms_days smallint, wht_rate numeric, note text)`)
	sqlInsertBuyer = statement(`
		INSERT INTO buyers (id, merchant_id, name, name_en, tax_id, branch, address, postcode, email, phone, contact, terms_days, wht_rate, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`)
	sqlUpdateBuyer = statement(`
		UPDATE buyers SET name = $4, name_en = $5, tax_id = $6, branch = $7, address = $8, postcode = $9, email = $10, phone = $11, contact = $12,
			terms_days = $13, wht_rate = $14, note = $15, version = version + 1, edited_at = now()
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'active'`)
	sqlMoveBuyer = statement(`
		UPDATE buyers SET state = $4, version = version + 1, edited_at = now()
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state <> $4`)
)

// AddBuyer stores a new buyer. A constraint error named known_buyer_is_unique
// means that an active one has its tax id and branch.
func (t *Tx) AddBuyer(b Buyer) error {
	_, err := t.exec(sqlInsertBuyer, b.ID, t.actor.Merchant, b.Name, b.NameEN, b.TaxID, b.Branch, b.Address, b.Postcode, b.Email, b.Phone, b.Contact,
		b.TermsDays, b.WHTRate, b.Note)
	if err != nil {
		return fmt.Errorf("adding a buyer: %w", err)
	}
	b.Version = 1
	return t.Audit("buyer.added", About("buyer", b.ID), buyerDetail(b))
}

// AddBuyers stores many new buyers, each as AddBuyer does, in a few statements.
func (t *Tx) AddBuyers(list []Buyer) error {
	rows := make([]map[string]any, len(list))
	for i, b := range list {
		b.Version = 1
		detail := buyerDetail(b)
		if err := t.Audit("buyer.added", About("buyer", b.ID), detail); err != nil {
			return err
		}
		rows[i] = map[string]any{"id": b.ID}
		maps.Copy(rows[i], detail)
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
	err = t.one(sqlUpdateBuyer, t.actor.Merchant, b.ID, b.Version, b.Name, b.NameEN, b.TaxID, b.Branch, b.Address, b.Postcode, b.Email, b.Phone, b.Contact,
		b.TermsDays, b.WHTRate, b.Note)
	if err != nil {
		return fmt.Errorf("changing a buyer: %w", err)
	}
	b.Version++
	return t.Audit("buyer.edited", About("buyer", b.ID), map[string]any{"before": buyerDetail(before), "after": buyerDetail(b)})
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

// buyerDetail is what the trail keeps of a buyer.
func buyerDetail(b Buyer) map[string]any {
	return map[string]any{
		"name": b.Name, "name_en": b.NameEN, "tax_id": b.TaxID, "branch": b.Branch, "address": b.Address, "postcode": b.Postcode,
		"email": b.Email, "phone": b.Phone, "contact": b.Contact, "terms_days": b.TermsDays, "wht_rate": b.WHTRate, "note": b.Note, "version": b.Version,
	}
}
