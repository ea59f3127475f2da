package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
)

var (
	sqlInsertInstruction = statement(`
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, replaces_id,
			idempotency_key, policy_version, approvals_needed, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, NULL, NULL)
		RETURNING policy_version, approvals_needed, expires_at, seats, new_buyer`)
	sqlSubmittedWithKey = statement(`
		SELECT id FROM instructions WHERE merchant_id = $1 AND maker_id = $2 AND idempotency_key = $3 AND part = 0`)
)

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
}

// demand is what the policy in force asks of an instruction, as its leaf keeps
// it.
type demand struct {
	PolicyVersion   int       `db:"policy_version" json:"policy_version"`
	ApprovalsNeeded int       `db:"approvals_needed" json:"approvals_needed"`
	ExpiresAt       time.Time `db:"expires_at" json:"expires_at"`
	Seats           Seats     `db:"seats" json:"seats"`
	NewBuyer        bool      `db:"new_buyer" json:"new_buyer"`
}

// AddInstruction stores an instruction of the acting person as pending. What
// it needs, and until when, the schema says by the policy in force.
func (t *Tx) AddInstruction(n NewInstruction) error {
	a := t.actor
	asked, err := row[demand](t.Query, sqlInsertInstruction, n.ID, a.Merchant, n.LeadID, n.Part, n.Operation, n.Subject, a.Person, n.Payload,
		n.AmountSatang, n.Title, nullable(n.ReplacesID), n.Key)
	if err != nil {
		return fmt.Errorf("adding an instruction: %w", err)
	}
	asked.ExpiresAt = asked.ExpiresAt.UTC()
	hash := sha256.Sum256(n.Payload)
	return t.Audit("instruction.submitted", About("instruction", n.ID), struct {
		MoveDetail
		demand
	}{MoveDetail{
		Operation: n.Operation, Subject: n.Subject, Title: n.Title, AmountSatang: n.AmountSatang, PayloadHash: hex.EncodeToString(hash[:]),
	}, asked})
}

// SubmittedWithKey returns the lead the acting person submitted under key.
func (q *Query) SubmittedWithKey(key string) (ID, error) {
	return row[ID](q, sqlSubmittedWithKey, q.actor.Merchant, q.actor.Person, key)
}

var (
	sqlInsertApproval = statement(`
		INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash) VALUES ($1, $2, $3, $4, $5)
		RETURNING on_behalf_of, delegation_id`)
	sqlMove = statement(`
		UPDATE instructions SET state = $4, reason = $5, bank_reference = CASE WHEN $6 <> '' THEN $6 ELSE bank_reference END
		WHERE merchant_id = $1 AND id = $2 AND state = $3`)
)

// AddApproval records that the acting person agrees to exactly these bytes,
// and leaves the leaf with the fingerprint that they saw. Whether they may, and
// for whom, the schema says: see Standing.
func (t *Tx) AddApproval(i Instruction, seen Fingerprint) error {
	given, err := row[struct {
		For        uuid.NullUUID `db:"on_behalf_of"`
		Delegation uuid.NullUUID `db:"delegation_id"`
	}](t.Query, sqlInsertApproval, i.ID, t.actor.Merchant, t.actor.Person, i.MakerID, i.PayloadHash)
	if err != nil {
		return err
	}
	detail := map[string]any{
		"fingerprint": seen.String(), "payload_hash": hex.EncodeToString(i.PayloadHash), "title": i.Title, "amount_satang": i.AmountSatang,
		"operation": i.Operation, "subject": i.Subject,
	}
	action := "instruction.approval_given"
	if given.Delegation.Valid {
		// A deed of its own, so that verify need not read into every approval.
		action, detail["on_behalf_of"], detail["delegation"] = "instruction.approval_given_for", given.For, given.Delegation
	}
	return t.Audit(action, About("instruction", i.ID), detail)
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
