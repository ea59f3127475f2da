package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The states of an instruction.
const (
	Pending   = "pending"
	Approved  = "approved"
	Sending   = "sending"
	Done      = "done"
	Failed    = "failed"  // the bank said no
	Unknown   = "unknown" // we do not know, and nobody sends it again
	Rejected  = "rejected"
	Withdrawn = "withdrawn"
	Expired   = "expired"
)

// NotSent is the outcome of an attempt of which no byte left; its instruction
// waits again.
const NotSent = "not_sent"

// Instruction is what somebody asks the bank to do.
type Instruction struct {
	ID              ID            `db:"id"`
	MerchantID      ID            `db:"merchant_id"`
	LeadID          ID            `db:"lead_id"`
	Part            int           `db:"part"`
	Operation       string        `db:"operation"`
	Subject         Subject       `db:"subject"`
	MakerID         ID            `db:"maker_id"`
	MakerName       string        `db:"maker_name"`
	Payload         []byte        `db:"payload"`
	PayloadHash     []byte        `db:"payload_hash"`
	AmountSatang    int64         `db:"amount_satang"`
	Title           string        `db:"title"`
	ReplacesID      uuid.NullUUID `db:"replaces_id"`
	PolicyVersion   int           `db:"policy_version"`
	ApprovalsNeeded int           `db:"approvals_needed"`
	SubmittedAt     time.Time     `db:"submitted_at"`
	ExpiresAt       time.Time     `db:"expires_at"`
	State           string        `db:"state"`
	StateSince      time.Time     `db:"state_since"`
	Reason          string        `db:"reason"`
	AttemptNo       int           `db:"attempt_no"`
	BankReference   string        `db:"bank_reference"`
	Seats           Seats         `db:"seats"`
	NewBuyer        bool          `db:"new_buyer"`
}

// SubjectID returns the id within the subject, or NoID.
func (i Instruction) SubjectID() ID {
	_, id, _ := strings.Cut(string(i.Subject), "/")
	parsed, err := uuid.Parse(id)
	if err != nil {
		return NoID
	}
	return parsed
}

const instructionColumns = `i.id, i.merchant_id, i.lead_id, i.part, i.operation, i.subject, i.maker_id, m.name AS maker_name, i.payload, i.payload_hash,
	i.amount_satang, i.title, i.replaces_id, i.policy_version, i.approvals_needed, i.submitted_at, i.expires_at, i.state, i.state_since,
	i.reason, i.attempt_no, i.bank_reference, i.seats, i.new_buyer`

var (
	sqlInstruction = statement(`
		SELECT ` + instructionColumns + ` FROM instructions i JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND i.id = $2`)
	sqlParts = statement(`
		SELECT ` + instructionColumns + ` FROM instructions i JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND i.lead_id = $2 ORDER BY i.part`)
	sqlLockParts = statement(`
		SELECT ` + instructionColumns + ` FROM instructions i JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND i.lead_id = $2 ORDER BY i.part FOR UPDATE OF i`)
)

// Instruction returns one instruction.
func (q *Query) Instruction(id ID) (Instruction, error) {
	return row[Instruction](q, sqlInstruction, q.actor.Merchant, id)
}

// Parts returns a lead and what is approved and sent together with it, in
// order. No such lead is ErrNotFound.
func (q *Query) Parts(lead ID) ([]Instruction, error) { return q.partsBy(sqlParts, lead) }

// LockParts is Parts, and makes all changes to them take turns.
func (t *Tx) LockParts(lead ID) ([]Instruction, error) { return t.partsBy(sqlLockParts, lead) }

func (q *Query) partsBy(query string, lead ID) ([]Instruction, error) {
	parts, err := rows[Instruction](q, query, q.actor.Merchant, lead)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 || parts[0].ID != lead {
		return nil, ErrNotFound
	}
	return parts, nil
}

// Fingerprint stands for the exact bytes of all parts, in their order. It is
// what an approver sees and sends back.
type Fingerprint [sha256.Size]byte

// FingerprintOf computes the fingerprint of a lead and its parts.
func FingerprintOf(parts []Instruction) Fingerprint {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p.ID[:])
		h.Write(p.PayloadHash)
	}
	return Fingerprint(h.Sum(nil))
}

// String is the whole fingerprint in hexadecimal.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// Approval is one person's agreement to the exact bytes, for themself or for
// somebody who is away.
type Approval struct {
	PersonID   ID        `db:"person_id"`
	PersonName string    `db:"person_name"`
	ForName    string    `db:"for_name"` // or empty
	At         time.Time `db:"at"`
}

// Move is one step in an instruction's life.
type Move struct {
	InstructionID ID            `db:"instruction_id"`
	Part          int           `db:"part"`
	Seq           int           `db:"seq"`
	From          *string       `db:"from_state"`
	To            string        `db:"to_state"`
	PersonID      uuid.NullUUID `db:"person_id"`
	PersonName    *string       `db:"person_name"`
	Reason        string        `db:"reason"`
	At            time.Time     `db:"at"`
}

// Attempt is at most one request on the wire. Its id is the reference the bank sees.
type Attempt struct {
	ID            ID         `db:"id"`
	InstructionID ID         `db:"instruction_id"`
	No            int        `db:"no"`
	ClaimedAt     time.Time  `db:"claimed_at"`
	Outcome       *string    `db:"outcome"`
	FinishedAt    *time.Time `db:"finished_at"`
	BankCode      string     `db:"bank_code"`
	Message       string     `db:"message"`
	MessageTH     string     `db:"message_th"`
}

// Settlement is what one person says became of an unknown outcome, and whether
// another agreed.
type Settlement struct {
	ID             ID            `db:"id"`
	InstructionID  ID            `db:"instruction_id"`
	Outcome        string        `db:"outcome"`
	BankReference  string        `db:"bank_reference"`
	Note           string        `db:"note"`
	ProposedBy     ID            `db:"proposed_by"` // NoID: the bank's own word, in CallbackID or InquiryID
	ProposedByName string        `db:"proposed_by_name"`
	ProposedAt     time.Time     `db:"proposed_at"`
	Decision       *string       `db:"decision"`
	DecidedBy      uuid.NullUUID `db:"decided_by"`
	DecidedByName  *string       `db:"decided_by_name"`
	DecidedAt      *time.Time    `db:"decided_at"`
	DecisionNote   string        `db:"decision_note"`
	CallbackID     uuid.NullUUID `db:"callback_id"`
	InquiryID      uuid.NullUUID `db:"inquiry_id"`
}

// Open reports whether it waits for the second person.
func (s Settlement) Open() bool { return s.Decision == nil }

var (
	sqlApprovals = statement(`
		SELECT a.person_id, p.name AS person_name, coalesce(h.name, '') AS for_name, a.at
		FROM approvals a JOIN people p ON p.id = a.person_id LEFT JOIN people h ON h.id = a.on_behalf_of
		WHERE a.merchant_id = $1 AND a.instruction_id = $2 ORDER BY a.seat, a.at`)
	sqlAuthors = statement(`SELECT person_id FROM instruction_authors WHERE merchant_id = $1 AND instruction_id = $2`)
	sqlMoves   = statement(`
		SELECT v.instruction_id, i.part, v.seq, v.from_state, v.to_state, v.person_id, p.name AS person_name, v.reason, v.at
		FROM instruction_moves v JOIN instructions i ON i.id = v.instruction_id LEFT JOIN people p ON p.id = v.person_id
		WHERE v.merchant_id = $1 AND i.lead_id = $2 ORDER BY v.at, i.part, v.seq`)
	sqlAttempts = statement(`
		SELECT a.id, a.instruction_id, a.no, a.claimed_at, a.outcome, a.finished_at, a.bank_code, a.message, a.message_th
		FROM attempts a JOIN instructions i ON i.id = a.instruction_id
		WHERE a.merchant_id = $1 AND i.lead_id = $2 ORDER BY i.part, a.no`)
	sqlSettlements = statement(`
		SELECT s.id, s.instruction_id, s.outcome, s.bank_reference, s.note, coalesce(s.proposed_by, '00000000-0000-0000-0000-000000000000') AS proposed_by,
			coalesce(p.name, '') AS proposed_by_name, s.proposed_at, s.decision, s.decided_by, d.name AS decided_by_name, s.decided_at, s.decision_note,
			s.callback_id, s.inquiry_id
		FROM settlements s JOIN instructions i ON i.id = s.instruction_id LEFT JOIN people p ON p.id = s.proposed_by LEFT JOIN people d ON d.id = s.decided_by
		WHERE s.merchant_id = $1 AND i.lead_id = $2 ORDER BY s.proposed_at`)
)

// Approvals returns who has agreed to an instruction so far.
func (q *Query) Approvals(instruction ID) ([]Approval, error) {
	return rows[Approval](q, sqlApprovals, q.actor.Merchant, instruction)
}

// Authors returns who had a hand in an instruction's content.
func (q *Query) Authors(instruction ID) ([]ID, error) {
	return rows[ID](q, sqlAuthors, q.actor.Merchant, instruction)
}

// Moves returns the life of a lead and its parts, oldest first.
func (q *Query) Moves(lead ID) ([]Move, error) {
	return rows[Move](q, sqlMoves, q.actor.Merchant, lead)
}

// Attempts returns the attempts at a lead and its parts.
func (q *Query) Attempts(lead ID) ([]Attempt, error) {
	return rows[Attempt](q, sqlAttempts, q.actor.Merchant, lead)
}

// Settlements returns the settlements of a lead and its parts, oldest first.
func (q *Query) Settlements(lead ID) ([]Settlement, error) {
	return rows[Settlement](q, sqlSettlements, q.actor.Merchant, lead)
}

// InstructionRow is a line of the inbox, of the finished list or of the desk.
type InstructionRow struct {
	ID              ID        `db:"id"`
	LeadID          ID        `db:"lead_id"`
	Operation       string    `db:"operation"`
	Subject         Subject   `db:"subject"`
	Title           string    `db:"title"`
	AmountSatang    int64     `db:"amount_satang"`
	MakerID         ID        `db:"maker_id"`
	MakerName       string    `db:"maker_name"`
	State           string    `db:"state"`
	StateSince      time.Time `db:"state_since"`
	SubmittedAt     time.Time `db:"submitted_at"`
	ExpiresAt       time.Time `db:"expires_at"`
	ApprovalsNeeded int       `db:"approvals_needed"`
	ApprovalsGiven  int       `db:"approvals_given"`
	// Of what waits for approval only: what is asked, who may give the next
	// approval and since when, and whether it waits in vain.
	Seats     Seats       `db:"seats"`
	WaitsFor  deciderList `db:"waits_for"`
	TurnSince *time.Time  `db:"turn_since"`
	Stuck     bool        `db:"stuck"`
	// Mine: the reader may decide it now (inbox), or has a settlement to
	// confirm (desk).
	Mine bool `db:"mine"`
	// Proposed: somebody has proposed how to settle it.
	Proposed bool `db:"proposed"`
}

// InstructionCursor is a place in a list of instructions; zero is its beginning.
type InstructionCursor struct {
	At time.Time
	ID ID
}

const instructionRowColumns = `i.id, i.lead_id, i.operation, i.subject, i.title, i.amount_satang, i.maker_id, m.name AS maker_name, i.state, i.state_since,
	i.submitted_at, i.expires_at, i.approvals_needed,
	(SELECT count(*) FROM approvals a WHERE a.instruction_id = i.id) AS approvals_given`

var (
	// "IS TRUE" names the index that is walked: see instructions_inbox.
	sqlWaiting = statement(withEverybody + `
		SELECT ` + instructionRowColumns + `, ` + waitingColumns + `, $6::boolean AS mine, false AS proposed
		FROM instructions i JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND i.part = 0 AND (i.state = 'pending') IS TRUE AND (i.submitted_at, i.id) > ($3, $4)
			AND ` + mayDecide + ` = $6
		ORDER BY i.submitted_at, i.id LIMIT $5`)
	sqlFinished = statement(`
		SELECT ` + instructionRowColumns + `, false AS mine, false AS proposed
		FROM instructions i JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND i.part = 0 AND i.state <> 'pending' AND (i.state_since, i.id) < ($2, $3)
		ORDER BY i.state_since DESC, i.id DESC LIMIT $4`)
	sqlDesk = statement(`
		SELECT ` + instructionRowColumns + `,
			coalesce(s.proposed_by <> $2, false) AS mine, s.id IS NOT NULL AS proposed
		FROM instructions i JOIN people m ON m.id = i.maker_id
			LEFT JOIN settlements s ON s.instruction_id = i.id AND s.decision IS NULL
		WHERE i.merchant_id = $1 AND i.state = 'unknown' AND (i.state_since, i.id) > ($3, $4)
		ORDER BY i.state_since, i.id LIMIT $5`)
)

// InstructionPage is one page of a list of instructions.
type InstructionPage struct {
	Rows []InstructionRow
	More bool
}

func cut(rows []InstructionRow, limit int) InstructionPage {
	if len(rows) > limit {
		return InstructionPage{rows[:limit], true}
	}
	return InstructionPage{rows, false}
}

// Waiting lists what waits for approval, oldest first: what the acting person
// may decide (mine), or what waits for others.
func (q *Query) Waiting(mine bool, from InstructionCursor, limit int) (InstructionPage, error) {
	var rows []InstructionRow
	err := q.all(&rows, sqlWaiting, q.actor.Merchant, q.actor.Person, from.At, from.ID, limit+1, mine)
	return cut(rows, limit), err
}

// Finished lists what has been decided, the latest first.
func (q *Query) Finished(from InstructionCursor, limit int) (InstructionPage, error) {
	if from.At.IsZero() {
		from.At, from.ID = lastDay, lastID
	}
	var rows []InstructionRow
	err := q.all(&rows, sqlFinished, q.actor.Merchant, from.At, from.ID, limit+1)
	return cut(rows, limit), err
}

// Desk lists the unknown outcomes, the oldest first.
func (q *Query) Desk(from InstructionCursor, limit int) (InstructionPage, error) {
	var rows []InstructionRow
	err := q.all(&rows, sqlDesk, q.actor.Merchant, q.actor.Person, from.At, from.ID, limit+1)
	return cut(rows, limit), err
}

// WorkCounts is what waits for the acting person, each up to CountLimit+1. Of
// what waits for approval, only those are told apart that have waited longest,
// CountLimit+1 in all.
type WorkCounts struct {
	ForMe    int `db:"for_me"`
	ForOther int `db:"for_other"`
	Unknown  int `db:"unknown"`
}

// workCounts is SQL for WorkCounts, up to a limit.
func workCounts(limit int) string {
	return fmt.Sprintf(`
	SELECT count(*) FILTER (WHERE w.mine) AS for_me, count(*) FILTER (WHERE NOT w.mine) AS for_other,
		(SELECT count(*) FROM (SELECT FROM instructions i WHERE i.merchant_id = $1 AND i.state = 'unknown' LIMIT %[1]d) c) AS unknown
	FROM what_waits($1, $2, %[1]d) AS w`, limit)
}

var sqlWorkCounts = statement(workCounts(CountLimit + 1))

// WorkCounts counts by the same rules as Waiting and Desk list.
func (q *Query) WorkCounts() (WorkCounts, error) {
	var c WorkCounts
	return c, q.get(&c, sqlWorkCounts, q.actor.Merchant, q.actor.Person)
}

// ParseFingerprint reads the hexadecimal form back.
func ParseFingerprint(s string) (f Fingerprint, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(f) {
		return f, false
	}
	return Fingerprint(b), true
}
