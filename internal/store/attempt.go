package store

import (
	"fmt"
	"time"

	"github.com/lib/pq"
)

// Claimed is an instruction in the hands of a worker, with the attempt that
// was recorded for it.
type Claimed struct {
	Instruction
	AttemptID ID `db:"attempt_id"`
	// LeafID is the audit leaf that records the intent to send.
	LeafID ID
	// LeadReference is what the bank called the lead, for parts that follow it.
	LeadReference string `db:"lead_reference"`
	// LivePeople is how many of its approvers, and of those they approved for,
	// may still approve.
	LivePeople int  `db:"live_people"`
	Overdue    bool `db:"overdue"`
	// IntactPayload: the stored bytes still are what was approved.
	IntactPayload bool `db:"intact_payload"`
	// Obstacle is why what it is about must not be asked of the bank any more.
	Obstacle string `db:"obstacle"`
	// Traces are those in which it was approved, with spaces between.
	Traces string `db:"traces"`
}

var (
	sqlClaimable = statement(`
		SELECT ` + instructionColumns + `, l.bank_reference AS lead_reference, instruction_obstacle(i) AS obstacle,
			(SELECT coalesce(string_agg(x.trace, ' '), '') FROM approvals x WHERE x.instruction_id = i.id AND x.trace <> '') AS traces,
			i.expires_at + CASE WHEN i.part > 0 THEN interval '1 day' ELSE interval '0' END <= now() AS overdue,
			sha256(i.payload) = i.payload_hash AND NOT EXISTS (
				SELECT FROM approvals x WHERE x.instruction_id = i.id AND x.payload_hash <> i.payload_hash) AS intact_payload,
			(SELECT count(*) FROM approvals a JOIN people p ON p.id = a.person_id
				JOIN memberships b ON b.merchant_id = i.merchant_id AND b.person_id = a.person_id
				JOIN people hp ON hp.id = coalesce(a.on_behalf_of, a.person_id)
				JOIN memberships h ON h.merchant_id = i.merchant_id AND h.person_id = hp.id
			 WHERE a.instruction_id = i.id AND a.person_id <> i.maker_id AND p.disabled_at IS NULL AND 'checker' = ANY (b.duties)
				AND hp.disabled_at IS NULL AND 'checker' = ANY (h.duties) AND seat_fits(next_seat(i.seats, a.seat), h.person_id, h.level)) AS live_people
		FROM instructions i JOIN people m ON m.id = i.maker_id JOIN instructions l ON l.id = i.lead_id
		WHERE i.state = 'approved' AND i.not_before <= now() AND i.operation = ANY ($2)
			AND (i.part = 0 OR EXISTS (SELECT FROM instructions b WHERE b.lead_id = i.lead_id AND b.part = i.part - 1 AND b.state = 'done'))
		ORDER BY i.not_before, i.id LIMIT $1
		FOR UPDATE OF i SKIP LOCKED`)
	sqlInsertAttempts = statement(`
		INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline)
		SELECT c.attempt, i.merchant_id, i.id, i.attempt_no + 1, i.payload_hash, $3, now() + $4 * interval '1 millisecond'
		FROM unnest($1::uuid[], $2::uuid[]) AS c(attempt, instruction) JOIN instructions i ON i.id = c.instruction`)
	// The state as an expression: statistics from before thousands were approved
	// say that none is, and the planner would read all that are.
	sqlSend = statement(`
		UPDATE instructions SET state = 'sending', attempt_no = attempt_no + 1, reason = ''
		WHERE id = ANY ($1::uuid[]) AND state || '' = 'approved'`)
)

// Claimable locks at most limit approved instructions of any merchant whose
// turn it is, of operations that the caller knows how to send. Those with a
// Refusal must not be sent.
func (t *Tx) Claimable(limit int, operations []string) ([]Claimed, error) {
	return rows[Claimed](t.Query, sqlClaimable, limit, pq.Array(operations))
}

// Attempt records an attempt at each instruction, for worker to make before the
// lease ends, with the leaf of its intent. The attempts must be committed, and
// their leaves published, before anything is sent.
func (t *Tx) Attempt(worker string, claimed []Claimed, lease time.Duration) error {
	if len(claimed) == 0 {
		return nil
	}
	attempts, instructions := make([]string, len(claimed)), make([]string, len(claimed))
	for n := range claimed {
		claimed[n].AttemptID = NewID()
		attempts[n], instructions[n] = claimed[n].AttemptID.String(), claimed[n].ID.String()
	}
	if _, err := t.exec(sqlInsertAttempts, pq.Array(attempts), pq.Array(instructions), worker, lease.Milliseconds()); err != nil {
		return fmt.Errorf("recording attempts: %w", err)
	}
	if n, err := t.exec(sqlSend, pq.Array(instructions)); err != nil || int(n) != len(claimed) {
		return fmt.Errorf("claiming %d instructions moved %d: %w", len(claimed), n, err)
	}
	for n := range claimed {
		c := &claimed[n]
		c.State, c.AttemptNo = Sending, c.AttemptNo+1
		d := attemptDetail(c.Instruction, c.AttemptID, AttemptResult{})
		d.Worker = worker
		if err := t.For(c.MerchantID).Audit("instruction.sending", About("instruction", c.ID), d); err != nil {
			return err
		}
		c.LeafID = t.LastLeaf()
	}
	return nil
}

var sqlPutOff = statement(`
	UPDATE instructions SET not_before = now() + interval '5 minutes' WHERE id = $1 AND state = 'approved'`)

// PutOff sends an approved instruction to the back of the queue, with the
// reason why it could not be claimed.
func (t *Tx) PutOff(i Instruction, why string) error {
	if err := t.one(sqlPutOff, i.ID); err != nil {
		return fmt.Errorf("putting off an instruction: %w", err)
	}
	return t.For(i.MerchantID).Audit("instruction.put_off", About("instruction", i.ID), map[string]any{
		"operation": i.Operation, "subject": i.Subject, "title": i.Title, "why": why,
	})
}

// The reasons why an approved instruction is not sent after all. The edge
// shows them in the reader's language.
const (
	ReasonOverdue       = "expired"
	ReasonApproversGone = "approvers_gone"
	ReasonNotIntact     = "not_intact"
	ReasonPartBefore    = "part_before_failed"
	ReasonMandateDead   = "mandate_dead"  // the payer's consent is no longer in force
	ReasonSenderEnded   = "sender_ended"  // the PromptPay id that it goes out under is ours no more
	ReasonScheduleLate  = "schedule_late" // a day that it was to begin with is over
)

// Refusal is the last gate before an instruction is sent: why it must not be,
// or nothing. A part that follows a sent lead is given a day more.
func (c Claimed) Refusal() string {
	switch {
	case !c.IntactPayload:
		return ReasonNotIntact
	case c.LivePeople < c.ApprovalsNeeded:
		return ReasonApproversGone
	case c.Overdue:
		return ReasonOverdue
	}
	return c.Obstacle
}

// AttemptDetail is what the trail keeps of an attempt.
type AttemptDetail struct {
	MoveDetail
	Attempt ID     `json:"attempt"`
	No      int    `json:"no"`
	Worker  string `json:"worker,omitempty"`
	Outcome string `json:"outcome,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

func attemptDetail(i Instruction, attempt ID, r AttemptResult) AttemptDetail {
	return AttemptDetail{
		MoveDetail: moveDetail(i, r.Code, r.BankReference), Attempt: attempt, No: i.AttemptNo, Outcome: r.Outcome, Code: r.Code, Message: r.Message,
	}
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

// Ended is an attempt that ended, and how.
type Ended struct {
	Instruction
	Attempt ID
	AttemptResult
}

var (
	sqlEndAttempts = statement(`
		UPDATE attempts SET outcome = r.outcome, finished_at = now(), bank_code = r.code, message = r.message, message_th = r.message_th
		FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) AS r (id, outcome, code, message, message_th)
		WHERE attempts.merchant_id = $1 AND attempts.id = r.id AND attempts.outcome IS NULL`)
	// The state as an expression, for the reason that sqlSend has.
	sqlMoveEnded = statement(`
		UPDATE instructions i SET state = r.outcome, reason = r.code, bank_reference = CASE WHEN r.reference <> '' THEN r.reference ELSE i.bank_reference END
		FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS r (id, outcome, code, reference)
		WHERE i.merchant_id = $1 AND i.id = r.id AND i.state || '' = 'sending'`)
	sqlWaitAgain = statement(`
		UPDATE instructions SET state = 'approved', reason = $3, not_before = now() + least(300, 5 * 2 ^ least(attempt_no, 6)) * interval '1 second'
		WHERE merchant_id = $1 AND id = $2 AND state = 'sending'`)
)

// EndAttempts records how attempts of the acting merchant ended and moves their
// instructions. It is ErrStale when one of them has already ended: a late answer
// changes nothing.
func (t *Tx) EndAttempts(list ...Ended) error {
	if len(list) == 0 {
		return nil
	}
	var attempts, outcomes, codes, messages, thai []string
	var moved struct{ ids, outcomes, codes, references []string }
	for _, e := range list {
		attempts, outcomes, codes = append(attempts, e.Attempt.String()), append(outcomes, e.Outcome), append(codes, e.Code)
		messages, thai = append(messages, e.Message), append(thai, e.MessageTH)
		if e.Outcome != NotSent {
			moved.ids, moved.outcomes = append(moved.ids, e.ID.String()), append(moved.outcomes, e.Outcome)
			moved.codes, moved.references = append(moved.codes, e.Code), append(moved.references, e.AttemptResult.BankReference)
		}
	}
	n, err := t.exec(sqlEndAttempts, t.actor.Merchant, pq.Array(attempts), pq.Array(outcomes), pq.Array(codes), pq.Array(messages), pq.Array(thai))
	if err == nil && int(n) != len(list) {
		err = ErrStale
	}
	if err != nil {
		return fmt.Errorf("ending %d attempts: %w", len(list), err)
	}
	n, err = t.exec(sqlMoveEnded, t.actor.Merchant, pq.Array(moved.ids), pq.Array(moved.outcomes), pq.Array(moved.codes), pq.Array(moved.references))
	if err == nil && int(n) != len(moved.ids) {
		err = ErrStale
	}
	if err != nil {
		return fmt.Errorf("moving %d instructions from %s: %w", len(moved.ids), Sending, err)
	}
	for _, e := range list {
		if err := t.auditEnded(e); err != nil {
			return err
		}
	}
	return nil
}

// auditEnded leaves the leaf of an attempt's end, and puts back what was not sent.
func (t *Tx) auditEnded(e Ended) error {
	d, action := attemptDetail(e.Instruction, e.Attempt, e.AttemptResult), "instruction."+e.Outcome
	if e.Outcome == NotSent {
		if err := t.one(sqlWaitAgain, e.MerchantID, e.ID, NotSent); err != nil {
			return fmt.Errorf("putting back what was not sent: %w", err)
		}
		d.Reason, action = NotSent, "instruction.not_sent"
	}
	return t.Audit(action, About("instruction", e.ID), d)
}

var (
	sqlOverdueAttempts = statement(`
		SELECT id FROM attempts WHERE outcome IS NULL AND deadline < now() ORDER BY deadline LIMIT $1`)
	sqlLockOverdue = statement(`
		SELECT ` + instructionColumns + `, a.id AS attempt_id
		FROM attempts a JOIN instructions i ON i.id = a.instruction_id JOIN people m ON m.id = i.maker_id
		WHERE a.id = $1 AND a.outcome IS NULL AND a.deadline < now()
		FOR UPDATE OF a SKIP LOCKED`)
	sqlExchangeOfAttempt = statement(`SELECT id FROM exchanges WHERE attempt_id = $1`)
	sqlExpiring          = statement(`
		SELECT i.merchant_id, i.id FROM instructions i
		WHERE i.state IN ('pending', 'approved') AND i.expires_at <= now() AND i.part = 0 ORDER BY i.expires_at LIMIT $1`)
)

// OverdueAttempts names attempts of any merchant whose worker did not report
// in time.
func (q *Query) OverdueAttempts(limit int) ([]ID, error) {
	return rows[ID](q, sqlOverdueAttempts, limit)
}

// LockOverdue locks one of them and returns it as an instruction with its
// attempt. It is ErrNotFound when somebody else has it, or it has ended.
func (t *Tx) LockOverdue(attempt ID) (Claimed, error) {
	return row[Claimed](t.Query, sqlLockOverdue, attempt)
}

// ExchangeOfAttempt is the request that was begun for an attempt, or
// ErrNotFound. Asked with the attempt locked, it sees every request that will
// ever have been begun.
func (q *Query) ExchangeOfAttempt(attempt ID) (ID, error) {
	return row[ID](q, sqlExchangeOfAttempt, attempt)
}

// Expiring is a lead that nobody decided, or that could not be sent, in time.
type Expiring struct {
	MerchantID ID `db:"merchant_id"`
	ID         ID `db:"id"`
}

// Expiring names such leads of any merchant.
func (q *Query) Expiring(limit int) ([]Expiring, error) {
	return rows[Expiring](q, sqlExpiring, limit)
}
