package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// PromptPayID is a PromptPay id of the merchant's own.
type PromptPayID struct {
	ID             ID            `db:"id"`
	MerchantID     ID            `db:"merchant_id"`
	Kind           string        `db:"kind"`
	Value          string        `db:"value"`
	Label          string        `db:"label"`
	Sends          bool          `db:"sends"`
	Receives       bool          `db:"receives"`
	ProposedBy     ID            `db:"proposed_by"`
	ProposedByName string        `db:"proposed_by_name"`
	ProposedAt     time.Time     `db:"proposed_at"`
	Decision       *string       `db:"decision"`
	DecidedByName  *string       `db:"decided_by_name"`
	DecidedAt      *time.Time    `db:"decided_at"`
	ActiveFrom     *time.Time    `db:"active_from"`
	EndAskedBy     uuid.NullUUID `db:"end_asked_by"`
	EndAskedByName *string       `db:"end_asked_by_name"`
	EndAskedAt     *time.Time    `db:"end_asked_at"`
	EndedByName    *string       `db:"ended_by_name"`
	EndedAt        *time.Time    `db:"ended_at"`
}

// Active reports whether the merchant may use it.
func (i PromptPayID) Active() bool { return i.ActiveFrom != nil && i.EndedAt == nil }

const promptPayIDs = `SELECT i.id, i.merchant_id, i.kind, i.value, i.label, i.sends, i.receives, i.proposed_by, a.name AS proposed_by_name, i.proposed_at, i.decision,
		b.name AS decided_by_name, i.decided_at, i.active_from, i.end_asked_by, c.name AS end_asked_by_name, i.end_asked_at, e.name AS ended_by_name, i.ended_at
	FROM promptpay_ids i JOIN people a ON a.id = i.proposed_by LEFT JOIN people b ON b.id = i.decided_by LEFT JOIN people c ON c.id = i.end_asked_by
		LEFT JOIN people e ON e.id = i.ended_by`

var (
	sqlPromptPayIDs     = statement(promptPayIDs + ` WHERE i.merchant_id = $1 ORDER BY i.proposed_at DESC, i.id DESC LIMIT 200`)
	sqlPromptPayID      = statement(promptPayIDs + ` WHERE i.merchant_id = $1 AND i.id = $2`)
	sqlActivePromptPay  = statement(promptPayIDs + ` WHERE i.merchant_id = $1 AND i.active_from IS NOT NULL AND i.ended_at IS NULL ORDER BY i.active_from, i.id LIMIT 200`)
	sqlProposePromptPay = statement(`
		INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	sqlDecidePromptPay = statement(`UPDATE promptpay_ids SET decision = $3, decided_by = $4 WHERE merchant_id = $1 AND id = $2 AND decision IS NULL`)
	sqlAskPromptPayEnd = statement(`
		UPDATE promptpay_ids SET end_asked_by = $3 WHERE merchant_id = $1 AND id = $2 AND active_from IS NOT NULL AND ended_at IS NULL AND (end_asked_by IS NULL) = ($3::uuid IS NOT NULL)`)
	sqlEndPromptPay    = statement(`UPDATE promptpay_ids SET ended_by = $3 WHERE merchant_id = $1 AND id = $2 AND end_asked_by IS NOT NULL AND ended_at IS NULL`)
	sqlPromptPayAtBank = statement(`SELECT i.id, i.merchant_id FROM promptpay_ids i WHERE i.value = $1 AND i.active_from IS NOT NULL AND i.ended_at IS NULL`)
)

// PromptPayIDs lists all of them, and the proposals, the newest first.
func (q *Query) PromptPayIDs() ([]PromptPayID, error) {
	return rows[PromptPayID](q, sqlPromptPayIDs, q.actor.Merchant)
}

// ActivePromptPayIDs lists those that the merchant may use, the oldest first.
func (q *Query) ActivePromptPayIDs() ([]PromptPayID, error) {
	return rows[PromptPayID](q, sqlActivePromptPay, q.actor.Merchant)
}

// PromptPayID returns one of them.
func (q *Query) PromptPayID(id ID) (PromptPayID, error) {
	return row[PromptPayID](q, sqlPromptPayID, q.actor.Merchant, id)
}

// OwnPromptPay is an active PromptPay id of a merchant.
type OwnPromptPay struct {
	ID         ID `db:"id"`
	MerchantID ID `db:"merchant_id"`
}

// OwnerOfPromptPay finds whose the id with these digits is, whichever merchant
// acts, or ErrNotFound. It is for the worker: the web role sees its own only.
func (q *Query) OwnerOfPromptPay(value string) (OwnPromptPay, error) {
	return row[OwnPromptPay](q, sqlPromptPayAtBank, value)
}

// ProposePromptPayID has the acting administrator name an id of the merchant's
// own. Constraint errors: promptpay_id_is_kept_once (when it is confirmed),
// one_open_promptpay_id_proposal.
func (t *Tx) ProposePromptPayID(i PromptPayID) (ID, error) {
	id := NewID()
	if _, err := t.exec(sqlProposePromptPay, id, t.actor.Merchant, i.Kind, i.Value, i.Label, i.Sends, i.Receives, t.actor.Person); err != nil {
		return NoID, fmt.Errorf("proposing a PromptPay id: %w", err)
	}
	return id, t.Audit("promptpayid.proposed", About("promptpayid", id), map[string]any{
		"kind": i.Kind, "value": i.Value, "label": i.Label, "sends": i.Sends, "receives": i.Receives,
	})
}

// DecidePromptPayID records what the acting person says to a proposal: approved,
// rejected, or, their own, withdrawn.
func (t *Tx) DecidePromptPayID(id ID, decision string) error {
	if err := t.one(sqlDecidePromptPay, t.actor.Merchant, id, decision, t.actor.Person); err != nil {
		return fmt.Errorf("deciding on a PromptPay id: %w", err)
	}
	return t.Audit("promptpayid."+decision, About("promptpayid", id), map[string]any{})
}

// AskPromptPayEnd has the acting administrator ask that an id end; or, with
// false, whoever asked or a checker take that back.
func (t *Tx) AskPromptPayEnd(id ID, end bool) error {
	asker, action := uuid.NullUUID{}, "promptpayid.end_declined"
	if end {
		asker, action = nullable(t.actor.Person), "promptpayid.end_asked"
	}
	if err := t.one(sqlAskPromptPayEnd, t.actor.Merchant, id, asker); err != nil {
		return fmt.Errorf("asking to end a PromptPay id: %w", err)
	}
	return t.Audit(action, About("promptpayid", id), map[string]any{})
}

// EndPromptPayID is the checker's word that it ends.
func (t *Tx) EndPromptPayID(id ID) error {
	if err := t.one(sqlEndPromptPay, t.actor.Merchant, id, t.actor.Person); err != nil {
		return fmt.Errorf("ending a PromptPay id: %w", err)
	}
	return t.Audit("promptpayid.ended", About("promptpayid", id), map[string]any{})
}
