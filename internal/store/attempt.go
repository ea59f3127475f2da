package store

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Claimed is an instruction in the hands of a worker, with the attempt that
// was recorded for it.
type Claimed struct {
	Instruction
	AttemptID ID
	// LeafID is the audit leaf that records the intent to send.
	LeafID ID
	// LeadReference is what the bank called the lead, for parts that follow it.
	LeadReference string `db:"lead_reference"`
	// LivePeople is how many of its approvers may still approve.
	LivePeople int  `db:"live_people"`
	Overdue    bool `db:"overdue"`
	// IntactPayload: the stored bytes still are what was approved.
	IntactPayload bool `db:"intact_payload"`
}

var (
	sqlClaimable = statement(`
		SELECT ` + instructionColumns + `, l.bank_reference AS lead_reference, i.expires_at <= now() AS overdue,
			sha256(i.payload) = i.payload_hash AND NOT EXISTS (
				SELECT FROM approvals x WHERE x.instruction_id = i.id AND x.payload_hash <> i.payload_hash) AS intact_payload,
			(SELECT count(*) FROM approvals a JOIN people p ON p.id = a.person_id
				JOIN memberships b ON b.merchant_id = i.merchant_id AND b.person_id = a.person_id
			 WHERE a.instruction_id = i.id AND a.person_id <> i.maker_id AND p.disabled_at IS NULL AND 'checker' = ANY (b.duties)) AS live_people
		FROM instructions i JOIN people m ON m.id = i.maker_id JOIN instructions l ON l.id = i.lead_id
		WHERE i.state = 'approved' AND i.not_before <= now()
			AND (i.part = 0 OR EXISTS (SELECT FROM instructions b WHERE b.lead_id = i.lead_id AND b.part = i.part - 1 AND b.state = 'done'))
		ORDER BY i.not_before, i.id LIMIT $1
		FOR UPDATE OF i SKIP LOCKED`)
	sqlInsertAttempts = statement(`
		INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline)
		SELECT c.attempt, i.merchant_id, i.id, i.attempt_no + 1, i.payload_hash, $3, now() + $4 * interval '1 millisecond'
		FROM unnest($1::uuid[], $2::uuid[]) AS c(attempt, instruction) JOIN instructions i ON i.id = c.instruction`)
	sqlSend = statement(`
		UPDATE instructions SET state = 'sending', attempt_no = attempt_no + 1, reason = ''
		WHERE id = ANY ($1::uuid[]) AND state = 'approved'`)
)

// Claim takes at most limit approved instructions of any merchant, each with a
// fresh attempt, for worker to send before the lease ends. It is the last gate:
// what is overdue, what has lost its approvers, or whose bytes are not those
// approved is taken out of the queue instead. The claim must be committed, and
// published, before anything is sent.
func (t *Tx) Claim(worker string, limit int, lease time.Duration) ([]Claimed, error) {
	var found []Claimed
	if err := t.all(&found, sqlClaimable, limit); err != nil {
		return nil, fmt.Errorf("claiming: %w", err)
	}
	claimed := found[:0]
	var attempts, instructions []string
	for _, c := range found {
		if refusal := c.refusal(); refusal != "" {
			if err := t.For(c.MerchantID).Move(c.Instruction, Approved, Expired, refusal, ""); err != nil {
				return nil, err
			}
			continue
		}
		c.AttemptID = NewID()
		attempts = append(attempts, c.AttemptID.String())
		instructions = append(instructions, c.ID.String())
		claimed = append(claimed, c)
	}
	if len(claimed) == 0 {
		return nil, nil
	}
	if _, err := t.exec(sqlInsertAttempts, pq.Array(attempts), pq.Array(instructions), worker, lease.Milliseconds()); err != nil {
		return nil, fmt.Errorf("recording attempts: %w", err)
	}
	if n, err := t.exec(sqlSend, pq.Array(instructions)); err != nil || int(n) != len(claimed) {
		return nil, fmt.Errorf("claiming %d instructions moved %d: %w", len(claimed), n, err)
	}
	for n := range claimed {
		c := &claimed[n]
		err := t.For(c.MerchantID).Audit("instruction.sending", About("instruction", c.ID), AttemptDetail{
			MoveDetail: MoveDetail{
				Operation: c.Operation, Subject: c.Subject, Title: c.Title, AmountSatang: c.AmountSatang, PayloadHash: hex.EncodeToString(c.PayloadHash),
			},
			Attempt: c.AttemptID, No: c.AttemptNo + 1, Worker: worker,
		})
		if err != nil {
			return nil, err
		}
		c.LeafID = t.LastLeaf()
		c.State, c.AttemptNo = Sending, c.AttemptNo+1
	}
	return claimed, nil
}

// The reasons why an approved instruction is not sent after all. The edge
// shows them in the reader's language.
const (
	ReasonOverdue       = "expired"
	ReasonApproversGone = "approvers_gone"
	ReasonNotIntact     = "not_intact"
	ReasonPartBefore    = "part_before_failed"
)

func (c Claimed) refusal() string {
	switch {
	case !c.IntactPayload:
		return ReasonNotIntact
	case c.LivePeople < c.ApprovalsNeeded:
		return ReasonApproversGone
	case c.Overdue && c.Part == 0: // what follows a lead that was sent in time is still wanted
		return ReasonOverdue
	}
	return ""
}

// AttemptDetail is what the trail keeps of an attempt.
type AttemptDetail struct {
	MoveDetail
	Attempt ID     `json:"attempt"`
	No      int    `json:"no"`
	Worker  string `json:"worker,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// For is the same transaction acting for another merchant. Only the worker,
// who serves them all, may use it.
func (t *Tx) For(merchant ID) *Tx {
	q := *t.Query
	q.actor.Merchant = merchant
	other := *t
	other.Query = &q
	return &other
}

// AttemptResult is how an attempt ended.
type AttemptResult struct {
	Outcome       string // Done, Failed, Unknown or NotSent
	BankReference string
	Code          string
	Message       string
	MessageTH     string
}

var (
	sqlEndAttempt = statement(`
		UPDATE attempts SET outcome = $3, finished_at = now(), bank_code = $4, message = $5, message_th = $6
		WHERE merchant_id = $1 AND id = $2 AND outcome IS NULL`)
	sqlWaitAgain = statement(`
		UPDATE instructions SET state = 'approved', reason = $3, not_before = now() + least(300, 5 * 2 ^ least(attempt_no, 6)) * interval '1 second'
		WHERE merchant_id = $1 AND id = $2 AND state = 'sending'`)
)

// EndAttempt records how an attempt ended and moves its instruction. It is
// ErrStale when the attempt has already ended: a late answer changes nothing.
func (t *Tx) EndAttempt(i Instruction, attempt ID, r AttemptResult) error {
	if err := t.one(sqlEndAttempt, i.MerchantID, attempt, r.Outcome, r.Code, r.Message, r.MessageTH); err != nil {
		return fmt.Errorf("ending an attempt: %w", err)
	}
	if r.Outcome != NotSent {
		return t.Move(i, Sending, r.Outcome, r.Code, r.BankReference)
	}
	if err := t.one(sqlWaitAgain, i.MerchantID, i.ID, NotSent); err != nil {
		return fmt.Errorf("putting back what was not sent: %w", err)
	}
	return t.Audit("instruction.not_sent", About("instruction", i.ID), AttemptDetail{
		MoveDetail: MoveDetail{Operation: i.Operation, Subject: i.Subject, Title: i.Title, AmountSatang: i.AmountSatang, PayloadHash: hex.EncodeToString(i.PayloadHash)},
		Attempt:    attempt, No: i.AttemptNo, Code: r.Code, Message: r.Message,
	})
}

// Overdue is an attempt whose worker did not report in time.
type Overdue struct {
	Instruction
	AttemptID  ID            `db:"attempt_id"`
	ExchangeID uuid.NullUUID `db:"exchange_id"` // null: no request was begun
}

var sqlOverdueAttempts = statement(`
	SELECT ` + instructionColumns + `, a.id AS attempt_id, x.id AS exchange_id
	FROM attempts a JOIN instructions i ON i.id = a.instruction_id JOIN people m ON m.id = i.maker_id
		LEFT JOIN exchanges x ON x.attempt_id = a.id
	WHERE a.outcome IS NULL AND a.deadline < now()
	ORDER BY a.deadline LIMIT $1
	FOR UPDATE OF a SKIP LOCKED`)

// OverdueAttempts locks attempts of any merchant whose lease has ended.
func (t *Tx) OverdueAttempts(limit int) ([]Overdue, error) {
	return rows[Overdue](t.Query, sqlOverdueAttempts, limit)
}

var sqlExpiring = statement(`
	SELECT ` + instructionColumns + ` FROM instructions i JOIN people m ON m.id = i.maker_id
	WHERE i.state IN ('pending', 'approved') AND i.expires_at <= now() AND i.part = 0
	ORDER BY i.expires_at LIMIT $1 FOR UPDATE OF i SKIP LOCKED`)

// Expiring locks leads of any merchant that nobody decided, or that could not
// be sent, in time.
func (t *Tx) Expiring(limit int) ([]Instruction, error) {
	return rows[Instruction](t.Query, sqlExpiring, limit)
}
