package store

import (
	"encoding/json"
	"fmt"
	"maps"
)

var (
	sqlInsertPresentments = statement(`
		INSERT INTO presentments (id, merchant_id, document_type, document_number, document_on, due_on, buyer_name, buyer_tax_id,
			buyer_branch, buyer_address, remark, before_tax_satang, vat_rate, vat_satang, total_satang,
			discount_percent, discount_satang, wht_satang, order_reference, credit_days, created_by, editors)
		SELECT p.id, $1, p.document_type, p.document_number, p.document_on, p.due_on, p.buyer_name, p.buyer_tax_id,
			p.buyer_branch, p.buyer_address, p.remark, p.before_tax_satang, p.vat_rate, p.vat_satang, p.total_satang,
			p.discount_percent, p.discount_satang, p.wht_satang, p.order_reference, p.credit_days, $2::uuid, array_remove(p.editors, $2::uuid) || $2::uuid
		FROM jsonb_to_recordset($3::text::jsonb) AS p (id uuid, document_type text, document_number text, document_on date, due_on date, buyer_name text,
			buyer_tax_id text, buyer_branch text, buyer_address text, remark text, before_tax_satang bigint, vat_rate numeric, vat_satang bigint, total_satang bigint,
			discount_percent numeric, discount_satang bigint, wht_satang bigint, order_reference text, credit_days smallint, editors uuid[])`)
	sqlInsertLines = statement(`
		INSERT INTO presentment_lines (presentment_id, merchant_id, line_no, description, quantity, unit_price, vat, amount_satang,
			discount_percent, discount_satang, share_satang, wht_income, wht_percent)
		SELECT p.id, $1, l.no, l.line ->> 'description', (l.line ->> 'quantity')::numeric, (l.line ->> 'unit_price')::numeric,
			l.line ->> 'vat', (l.line ->> 'amount_satang')::bigint,
			(l.line ->> 'discount_percent')::numeric, (l.line ->> 'discount_satang')::bigint, (l.line ->> 'share_satang')::bigint,
			l.line ->> 'wht_income', (l.line ->> 'wht_percent')::numeric
		FROM jsonb_to_recordset($2::text::jsonb) AS p (id uuid, lines jsonb), jsonb_array_elements(p.lines) WITH ORDINALITY AS l (line, no)`)
)

// AddPresentments stores many new drafts made by the acting person, each as
// AddPresentment does, in a few statements. Editors are those who had a hand in
// them before.
func (t *Tx) AddPresentments(list []Presentment) error {
	rows := make([]map[string]any, len(list))
	for i, p := range list {
		detail := presentmentDetail(p)
		if len(p.Editors) > 0 {
			detail["editors"] = p.Editors
		}
		if err := t.Audit("presentment.drafted", About("presentment", p.ID), detail); err != nil {
			return err
		}
		rows[i] = map[string]any{"id": p.ID}
		maps.Copy(rows[i], detail)
	}
	raw, err := json.Marshal(rows)
	if err == nil {
		err = t.planOnce()
	}
	if err != nil {
		return fmt.Errorf("adding presentments: %w", err)
	}
	if _, err := t.exec(sqlInsertPresentments, t.actor.Merchant, t.actor.Person, string(raw)); err != nil {
		return fmt.Errorf("adding presentments: %w", err)
	}
	if _, err := t.exec(sqlInsertLines, t.actor.Merchant, string(raw)); err != nil {
		return fmt.Errorf("storing lines: %w", err)
	}
	return nil
}
