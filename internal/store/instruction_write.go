package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

var (
	sqlPolicy = statement(`
		SELECT version, approvals_needed, extract(epoch FROM valid_for)::bigint AS valid_seconds
		FROM policies WHERE merchant_id = $1 ORDER BY version DESC LIMIT 1`)
	sqlInsertInstruction = statement(`
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, replaces_id,
			idempotency_key, policy_version, approvals_needed, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`)
	sqlSubmittedWithKey = statement(`
		SELECT id FROM instructions WHERE merchant_id = $1 AND maker_id = $2 AND idempotency_key = $3 AND part = 0`)
)

// Policy says how many must approve and how long an instruction may wait.
type Policy struct {
	Version         int   `db:"version"`
	ApprovalsNeeded int   `db:"approvals_needed"`
	ValidSeconds    int64 `db:"valid_seconds"`
}

// Policy returns the merchant's policy in force.
func (q *Query) Policy() (Policy, error) {
	return row[Policy](q, sqlPolicy, q.actor.Merchant)
}

// NewInstruction is a lead or a part to be submitted.
type NewInstruction struct {
	ID           ID
	LeadID       ID
	Part         int
	Operation    string
	Subject      Subject
	Payload      []byte
	AmountSatang int64
	Title        string
	ReplacesID   ID
	Key          string // one submission per merchant, maker and key
	Policy       Policy
}

// AddInstruction stores an instruction of the acting person as pending.
func (t *Tx) AddInstruction(n NewInstruction) error {
	a := t.actor
	expires := t.Now().Add(time.Duration(n.Policy.ValidSeconds) * time.Second)
	_, err := t.exec(sqlInsertInstruction, n.ID, a.Merchant, n.LeadID, n.Part, n.Operation, n.Subject, a.Person, n.Payload, n.AmountSatang,
		n.Title, nullable(n.ReplacesID), n.Key, n.Policy.Version, n.Policy.ApprovalsNeeded, expires)
	if err != nil {
		return fmt.Errorf("adding an instruction: %w", err)
	}
	hash := sha256.Sum256(n.Payload)
	return t.Audit("instruction.submitted", About("instruction", n.ID), MoveDetail{
		Operation: n.Operation, Subject: n.Subject, Title: n.Title, AmountSatang: n.AmountSatang, PayloadHash: hex.EncodeToString(hash[:]),
	})
}

// SubmittedWithKey returns the lead the acting person submitted under key.
func (q *Query) SubmittedWithKey(key string) (ID, error) {
	return row[ID](q, sqlSubmittedWithKey, q.actor.Merchant, q.actor.Person, key)
}

var (
	sqlInsertApproval = statement(`
		INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash) VALUES ($1, $2, $3, $4, $5)`)
	sqlMove = statement(`
		UPDATE instructions SET state = $4, reason = $5, bank_reference = CASE WHEN $6 <> '' THEN $6 ELSE bank_reference END
		WHERE merchant_id = $1 AND id = $2 AND state = $3`)
)

// AddApproval records that the acting person agrees to exactly these bytes.
func (t *Tx) AddApproval(i Instruction) error {
	_, err := t.exec(sqlInsertApproval, i.ID, t.actor.Merchant, t.actor.Person, i.MakerID, i.PayloadHash)
	return err
}

// Move takes an instruction from one state to another, and leaves the leaf. It
// is ErrStale when the instruction is no longer in from.
func (t *Tx) Move(i Instruction, from, to, reason, bankReference string) error {
	if err := t.one(sqlMove, i.MerchantID, i.ID, from, to, reason, bankReference); err != nil {
		return fmt.Errorf("moving from %s to %s: %w", from, to, err)
	}
	return t.Audit("instruction."+to, About("instruction", i.ID), moveDetail(i, reason, bankReference))
}

func moveDetail(i Instruction, reason, bankReference string) MoveDetail {
	return MoveDetail{
		Operation: i.Operation, Subject: i.Subject, Title: i.Title, AmountSatang: i.AmountSatang,
		PayloadHash: hex.EncodeToString(i.PayloadHash), Reason: reason, BankReference: bankReference,
	}
}

// MoveDetail is what the trail keeps of a move of an instruction.
type MoveDetail struct {
	Operation     string  `json:"operation"`
	Subject       Subject `json:"subject"`
	Title         string  `json:"title"`
	AmountSatang  int64   `json:"amount_satang"`
	PayloadHash   string  `json:"payload_hash"`
	Reason        string  `json:"reason,omitempty"`
	BankReference string  `json:"bank_reference,omitempty"`
}

var (
	sqlInsertSettlement = statement(`
		INSERT INTO settlements (id, merchant_id, instruction_id, outcome, bank_reference, note, proposed_by) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
	sqlDecideSettlement = statement(`
		UPDATE settlements SET decision = $4, decided_by = $5, decided_at = now(), decision_note = $6
		WHERE merchant_id = $1 AND instruction_id = $2 AND id = $3 AND decision IS NULL`)
)

// ProposeSettlement records what the acting person learned of an unknown outcome.
func (t *Tx) ProposeSettlement(i Instruction, outcome, bankReference, note string) error {
	id := NewID()
	_, err := t.exec(sqlInsertSettlement, id, t.actor.Merchant, i.ID, outcome, bankReference, note, t.actor.Person)
	if err != nil {
		return fmt.Errorf("proposing a settlement: %w", err)
	}
	return t.Audit("instruction.settlement_proposed", About("instruction", i.ID), map[string]any{
		"settlement": id, "outcome": outcome, "bank_reference": bankReference, "note": note, "title": i.Title, "operation": i.Operation,
	})
}

// DecideSettlement records whether the acting person agrees with a proposal.
func (t *Tx) DecideSettlement(i Instruction, s Settlement, decision, note string) error {
	if err := t.one(sqlDecideSettlement, t.actor.Merchant, i.ID, s.ID, decision, t.actor.Person, note); err != nil {
		return fmt.Errorf("deciding a settlement: %w", err)
	}
	return t.Audit("instruction.settlement_"+decision, About("instruction", i.ID), map[string]any{
		"settlement": s.ID, "outcome": s.Outcome, "bank_reference": s.BankReference, "note": note, "title": i.Title, "operation": i.Operation,
	})
}
