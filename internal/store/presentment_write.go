package store

import (
	"fmt"

	"github.com/lib/pq"
)

var (
	sqlInsertPresentment = statement(`
		INSERT INTO presentments (id, merchant_id, document_type, document_number, document_on, due_on, buyer_name, buyer_tax_id,
			buyer_branch, buyer_address, remark, before_tax_satang, vat_rate, vat_satang, total_satang,
			discount_percent, discount_satang, wht_satang, order_reference, credit_days, created_by, editors)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, array_remove($22::uuid[], $21::uuid) || $21::uuid)`)
	sqlUpdatePresentment = statement(`
		UPDATE presentments SET document_type = $3, document_number = $4, document_on = $5, due_on = $6, buyer_name = $7, buyer_tax_id = $8,
			buyer_branch = $9, buyer_address = $10, remark = $11, before_tax_satang = $12, vat_rate = $13, vat_satang = $14, total_satang = $15,
			discount_percent = $16, discount_satang = $17, wht_satang = $18, order_reference = $19, credit_days = $20,
			version = version + 1, edited_at = now(), editors = array_remove(editors, $22) || $22::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $21 AND state IN ('draft', 'refused')`)
	sqlDeleteLines = statement(`DELETE FROM presentment_lines WHERE merchant_id = $1 AND presentment_id = $2`)
	sqlInsertLine  = statement(`
		INSERT INTO presentment_lines (presentment_id, merchant_id, line_no, description, quantity, unit_price, vat, amount_satang,
			discount_percent, discount_satang, share_satang, wht_income, wht_percent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`)
	sqlTouchPresentment = statement(`
		UPDATE presentments SET version = version + 1, edited_at = now(), editors = array_remove(editors, $3) || $3::uuid
		WHERE merchant_id = $1 AND id = $2 AND state IN ('draft', 'refused')`)
)

// AddPresentment stores a new draft made by the acting person. Editors are
// those who had a hand in it before.
func (t *Tx) AddPresentment(p Presentment) error {
	_, err := t.exec(sqlInsertPresentment, p.ID, t.actor.Merchant, p.DocumentType, p.DocumentNumber, p.DocumentOn, p.DueOn, p.BuyerName,
		p.BuyerTaxID, p.BuyerBranch, p.BuyerAddress, p.Remark, p.BeforeTaxSatang, p.VATRate, p.VATSatang, p.TotalSatang,
		p.DiscountPercent, p.DiscountSatang, p.WHTSatang, p.OrderReference, p.CreditDays, t.actor.Person, pq.Array(append(IDs{}, p.Editors...)))
	if err != nil {
		return fmt.Errorf("adding a presentment: %w", err)
	}
	if err := t.insertLines(p); err != nil {
		return err
	}
	detail := presentmentDetail(p)
	if len(p.Editors) > 0 {
		detail["editors"] = p.Editors
	}
	if p.CopiedFrom != NoID {
		detail["copied_from"] = p.CopiedFrom
	}
	return t.Audit("presentment.drafted", About("presentment", p.ID), detail)
}

// ChangePresentment replaces the content of a draft or of a refused
// presentment. ErrStale means that it is no longer the version in p, or no
// longer editable.
func (t *Tx) ChangePresentment(p Presentment) error {
	before, err := t.Presentment(p.ID)
	if err != nil {
		return err
	}
	err = t.one(sqlUpdatePresentment, t.actor.Merchant, p.ID, p.DocumentType, p.DocumentNumber, p.DocumentOn, p.DueOn, p.BuyerName,
		p.BuyerTaxID, p.BuyerBranch, p.BuyerAddress, p.Remark, p.BeforeTaxSatang, p.VATRate, p.VATSatang, p.TotalSatang,
		p.DiscountPercent, p.DiscountSatang, p.WHTSatang, p.OrderReference, p.CreditDays, p.Version, t.actor.Person)
	if err != nil {
		return fmt.Errorf("changing a presentment: %w", err)
	}
	if _, err := t.exec(sqlDeleteLines, t.actor.Merchant, p.ID); err != nil {
		return fmt.Errorf("changing a presentment: %w", err)
	}
	if err := t.insertLines(p); err != nil {
		return err
	}
	return t.Audit("presentment.edited", About("presentment", p.ID), map[string]any{
		"before": presentmentDetail(before), "after": presentmentDetail(p),
	})
}

func (t *Tx) insertLines(p Presentment) error {
	for i, l := range p.Lines {
		_, err := t.exec(sqlInsertLine, p.ID, t.actor.Merchant, i+1, l.Description, l.Quantity, l.UnitPrice, l.VAT, l.AmountSatang,
			l.DiscountPercent, l.DiscountSatang, l.ShareSatang, l.WHTIncome, l.WHTPercent)
		if err != nil {
			return fmt.Errorf("storing line %d: %w", i+1, err)
		}
	}
	return nil
}

// presentmentDetail is what the trail keeps of a presentment's content.
func presentmentDetail(p Presentment) map[string]any {
	return map[string]any{
		"document_type": p.DocumentType, "document_number": p.DocumentNumber,
		"document_on": p.DocumentOn.Format("2006-01-02"), "due_on": p.DueOn.Format("2006-01-02"),
		"buyer_name": p.BuyerName, "buyer_tax_id": p.BuyerTaxID, "buyer_branch": p.BuyerBranch, "buyer_address": p.BuyerAddress,
		"remark": p.Remark, "lines": p.Lines,
		"before_tax_satang": p.BeforeTaxSatang, "vat_rate": p.VATRate, "vat_satang": p.VATSatang, "total_satang": p.TotalSatang,
		"discount_percent": p.DiscountPercent, "discount_satang": p.DiscountSatang, "wht_satang": p.WHTSatang,
		"order_reference": p.OrderReference, "credit_days": p.CreditDays,
	}
}

var (
	sqlLockPresentment = statement(`SELECT state FROM presentments WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlSubmitted       = statement(`
		UPDATE presentments SET state = 'submitted', entry_id = $3, cancellation_id = NULL WHERE merchant_id = $1 AND id = $2 AND version = $4 AND state IN ('draft', 'refused')`)
	sqlCancelling = statement(`
		UPDATE presentments SET cancellation_id = $3 WHERE merchant_id = $1 AND id = $2 AND state IN ('presented', 'incomplete')`)
	sqlPresentmentMoved = statement(`
		UPDATE presentments SET state = $3, bank_reference = CASE WHEN $4 <> '' THEN $4 ELSE bank_reference END
		WHERE merchant_id = $1 AND id = $2 AND (state <> $3 OR ($4 <> '' AND bank_reference <> $4))`)
)

// Course is what a presentment's state follows from: the states of the
// instruction that presents it and of its parts, in order, of the one that
// cancels it, if any, and its neighbours in its chain.
type Course struct {
	Parts        []CoursePart
	Cancellation string
	Links
}

// CoursePart is one of the instructions that present a bill.
type CoursePart struct {
	State         string
	BankReference string
}

var sqlCourse = statement(`
	SELECT coalesce(c.state, '') AS cancellation, i.state, coalesce(i.bank_reference, '') AS bank_reference,
		b.replaced_id AS replaces_id, a.replacement_id AS replaced_by_id, coalesce(e.state = 'done', false) AS replaced
	FROM presentments p
		LEFT JOIN instructions i ON i.lead_id = p.entry_id
		LEFT JOIN instructions c ON c.id = p.cancellation_id
		LEFT JOIN presentment_replacements b ON b.merchant_id = $1 AND b.replacement_id = p.id
		LEFT JOIN presentment_replacements a ON a.merchant_id = $1 AND a.replaced_id = p.id
		LEFT JOIN presentments n ON n.id = a.replacement_id LEFT JOIN instructions e ON e.id = n.entry_id
	WHERE p.merchant_id = $1 AND p.id = $2 ORDER BY i.part`)

// Course returns it.
func (q *Query) Course(presentment ID) (c Course, err error) {
	list, err := rows[struct {
		Cancellation  string  `db:"cancellation"`
		State         *string `db:"state"`
		BankReference string  `db:"bank_reference"`
		Links
	}](q, sqlCourse, q.actor.Merchant, presentment)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return c, err
	}
	c.Cancellation, c.Links = list[0].Cancellation, list[0].Links
	for _, i := range list {
		if i.State != nil {
			c.Parts = append(c.Parts, CoursePart{*i.State, i.BankReference})
		}
	}
	return c, nil
}

// LockPresentment makes changes to one presentment take turns, and returns its state.
func (t *Tx) LockPresentment(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockPresentment, t.actor.Merchant, id)
}

// PresentmentSubmitted binds the presentment, in the given version, to the
// instruction that presents it.
func (t *Tx) PresentmentSubmitted(id ID, version int, entry ID) error {
	return t.one(sqlSubmitted, t.actor.Merchant, id, entry, version)
}

// PresentmentCancelling binds the presentment to the instruction that cancels it.
func (t *Tx) PresentmentCancelling(id, cancellation ID) error {
	return t.one(sqlCancelling, t.actor.Merchant, id, cancellation)
}

// MovePresentment sets the state that follows from the instructions, and the
// bank's reference once known. Nothing to change is no error, and no leaf.
func (t *Tx) MovePresentment(id ID, state, bankReference string) error {
	n, err := t.exec(sqlPresentmentMoved, t.actor.Merchant, id, state, bankReference)
	if err != nil || n == 0 {
		return err
	}
	return t.Audit("presentment.moved", About("presentment", id), map[string]any{"state": state, "bank_reference": bankReference})
}
