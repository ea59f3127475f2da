package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

var (
	sqlInsertInstructions = statement(`
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, replaces_id,
			idempotency_key, policy_version, approvals_needed, expires_at)
		SELECT n.id, $1, n.lead, n.part, n.operation, n.subject, $2, n.payload, n.amount, n.title, n.replaces, n.key, NULL, NULL, NULL
		FROM unnest($3::uuid[], $4::uuid[], $5::smallint[], $6::text[], $7::text[], $8::bytea[], $9::bigint[], $10::text[], $11::uuid[], $12::text[])
			WITH ORDINALITY AS n (id, lead, part, operation, subject, payload, amount, title, replaces, key, no)
		ORDER BY n.no
		RETURNING id, policy_version, approvals_needed, expires_at, seats, new_buyer`)
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

// AddInstructions stores instructions of the acting person as pending, each
// lead before its parts. What they need, and until when, the schema says by the
// policy in force.
func (t *Tx) AddInstructions(list ...NewInstruction) error {
	var ids, leads, operations, subjects, titles, keys []string
	var parts, amounts []int64
	var payloads [][]byte
	var replaced []uuid.NullUUID
	for _, n := range list {
		ids, leads, operations = append(ids, n.ID.String()), append(leads, n.LeadID.String()), append(operations, n.Operation)
		subjects, titles, keys = append(subjects, string(n.Subject)), append(titles, n.Title), append(keys, n.Key)
		parts, amounts = append(parts, int64(n.Part)), append(amounts, n.AmountSatang)
		payloads, replaced = append(payloads, n.Payload), append(replaced, nullable(n.ReplacesID))
	}
	asked, err := rows[struct {
		ID ID `db:"id"`
		demand
	}](t.Query, sqlInsertInstructions, t.actor.Merchant, t.actor.Person, pq.Array(ids), pq.Array(leads), pq.Array(parts), pq.Array(operations),
		pq.Array(subjects), pq.ByteaArray(payloads), pq.Array(amounts), pq.Array(titles), pq.Array(replaced), pq.Array(keys))
	if err != nil {
		return fmt.Errorf("adding instructions: %w", err)
	}
	if len(asked) != len(list) {
		return fmt.Errorf("adding %d instructions added %d", len(list), len(asked))
	}
	demands := make(map[ID]demand, len(asked))
	for _, d := range asked {
		d.ExpiresAt = d.ExpiresAt.UTC()
		demands[d.ID] = d.demand
	}
	for _, n := range list {
		hash := sha256.Sum256(n.Payload)
		err := t.Audit("instruction.submitted", About("instruction", n.ID), struct {
			MoveDetail
			demand
		}{MoveDetail{
			Operation: n.Operation, Subject: n.Subject, Title: n.Title, AmountSatang: n.AmountSatang, PayloadHash: hex.EncodeToString(hash[:]),
		}, demands[n.ID]})
		if err != nil {
			return err
		}
	}
	return nil
}

// SubmittedWithKey returns the lead the acting person submitted under key.
func (q *Query) SubmittedWithKey(key string) (ID, error) {
	return row[ID](q, sqlSubmittedWithKey, q.actor.Merchant, q.actor.Person, key)
}

var (
	sqlInsertApprovals = statement(`
		INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash, trace)
		SELECT p.id, $1, $2, p.maker, p.hash, $6 FROM unnest($3::uuid[], $4::uuid[], $5::bytea[]) WITH ORDINALITY AS p (id, maker, hash, no) ORDER BY p.no
		RETURNING instruction_id, seat, on_behalf_of, delegation_id`)
	sqlMoveAll = statement(`
		UPDATE instructions SET state = $4, reason = $5 WHERE merchant_id = $1 AND id = ANY ($2::uuid[]) AND state = $3`)
	sqlMove = statement(`
		UPDATE instructions SET state = $4, reason = $5, bank_reference = CASE WHEN $6 <> '' THEN $6 ELSE bank_reference END
		WHERE merchant_id = $1 AND id = $2 AND state = $3`)
)

// AddApprovals records that the acting person agrees to exactly these bytes of
// a lead and its parts, and leaves leaves with the fingerprint that they saw.
// Whether they may, and for whom, the schema says: see Standing. It returns how
// many approvals there are now.
func (t *Tx) AddApprovals(parts []Instruction, seen Fingerprint) (given int, err error) {
	var ids, makers []string
	var hashes [][]byte
	for _, p := range parts {
		ids, makers, hashes = append(ids, p.ID.String()), append(makers, p.MakerID.String()), append(hashes, p.PayloadHash)
	}
	taken, err := rows[struct {
		Instruction ID            `db:"instruction_id"`
		Seat        int           `db:"seat"`
		For         uuid.NullUUID `db:"on_behalf_of"`
		Delegation  uuid.NullUUID `db:"delegation_id"`
	}](t.Query, sqlInsertApprovals, t.actor.Merchant, t.actor.Person, pq.Array(ids), pq.Array(makers), pq.ByteaArray(hashes), t.actor.Trace)
	if err != nil {
		return 0, err
	}
	if len(taken) != len(parts) {
		return 0, fmt.Errorf("approving %d instructions approved %d", len(parts), len(taken))
	}
	for n, p := range parts {
		if taken[n].Instruction != p.ID {
			return 0, fmt.Errorf("instruction %s was approved in the place of %s", taken[n].Instruction, p.ID)
		}
		detail := map[string]any{
			"fingerprint": seen.String(), "payload_hash": hex.EncodeToString(p.PayloadHash), "title": p.Title, "amount_satang": p.AmountSatang,
			"operation": p.Operation, "subject": p.Subject,
		}
		action := "instruction.approval_given"
		if taken[n].Delegation.Valid {
			// A deed of its own, so that verify need not read into every approval.
			action, detail["on_behalf_of"], detail["delegation"] = "instruction.approval_given_for", taken[n].For, taken[n].Delegation
		}
		if err := t.Audit(action, About("instruction", p.ID), detail); err != nil {
			return 0, err
		}
		given = taken[n].Seat + 1
	}
	return given, nil
}

// Move takes an instruction from one state to another, and leaves the leaf. It
// is ErrStale when the instruction is no longer in from.
func (t *Tx) Move(i Instruction, from, to, reason, bankReference string) error {
	if err := t.one(sqlMove, i.MerchantID, i.ID, from, to, reason, bankReference); err != nil {
		return fmt.Errorf("moving from %s to %s: %w", from, to, err)
	}
	return t.Audit("instruction."+to, About("instruction", i.ID), moveDetail(i, reason, bankReference))
}

// MoveAll is Move for several, all from the same state.
func (t *Tx) MoveAll(list []Instruction, from, to, reason string) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]string, len(list))
	for n, i := range list {
		ids[n] = i.ID.String()
	}
	n, err := t.exec(sqlMoveAll, t.actor.Merchant, pq.Array(ids), from, to, reason)
	if err == nil && int(n) != len(list) {
		err = ErrStale
	}
	if err != nil {
		return fmt.Errorf("moving from %s to %s: %w", from, to, err)
	}
	for _, i := range list {
		if err := t.Audit("instruction."+to, About("instruction", i.ID), moveDetail(i, reason, "")); err != nil {
			return err
		}
	}
	return nil
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
