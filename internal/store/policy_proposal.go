package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// What becomes of a proposed policy.
const (
	ProposalApproved  = "approved"
	ProposalRejected  = "rejected"
	ProposalWithdrawn = "withdrawn"
)

// PolicyProposal is a policy that somebody wants and somebody else decides on.
type PolicyProposal struct {
	ID             ID            `db:"id"`
	BaseVersion    int           `db:"base_version"`
	Rules          Rules         `db:"rules"`
	ValidSeconds   int64         `db:"valid_seconds"`
	Note           string        `db:"note"`
	ProposedBy     ID            `db:"proposed_by"`
	ProposedByName string        `db:"proposed_by_name"`
	ProposedAt     time.Time     `db:"proposed_at"`
	Decision       *string       `db:"decision"`
	DecidedBy      uuid.NullUUID `db:"decided_by"`
	DecidedByName  *string       `db:"decided_by_name"`
	DecidedAt      *time.Time    `db:"decided_at"`
	DecisionNote   string        `db:"decision_note"`
	Version        *int          `db:"version"`
}

// Open reports whether it waits for somebody's decision.
func (p PolicyProposal) Open() bool { return p.Decision == nil }

const proposalColumns = `
	o.id, o.base_version, o.rules, extract(epoch FROM o.valid_for)::bigint AS valid_seconds, o.note, o.proposed_by, a.name AS proposed_by_name,
	o.proposed_at, o.decision, o.decided_by, b.name AS decided_by_name, o.decided_at, o.decision_note, o.version
	FROM policy_proposals o JOIN people a ON a.id = o.proposed_by LEFT JOIN people b ON b.id = o.decided_by`

var (
	sqlProposal       = statement(`SELECT ` + proposalColumns + ` WHERE o.merchant_id = $1 AND o.id = $2`)
	sqlProposals      = statement(`SELECT ` + proposalColumns + ` WHERE o.merchant_id = $1 ORDER BY o.proposed_at DESC, o.id DESC LIMIT $2`)
	sqlInsertProposal = statement(`
		INSERT INTO policy_proposals (id, merchant_id, base_version, rules, valid_for, note, proposed_by)
		VALUES ($1, $2, $3, $4::jsonb, $5::bigint * interval '1 second', $6, $7)`)
	sqlDecideProposal = statement(`
		UPDATE policy_proposals SET decision = $3, decided_by = $4, decision_note = $5
		WHERE merchant_id = $1 AND id = $2 AND decision IS NULL`)
)

// PolicyProposal returns one proposal.
func (q *Query) PolicyProposal(id ID) (PolicyProposal, error) {
	return row[PolicyProposal](q, sqlProposal, q.actor.Merchant, id)
}

// PolicyProposals lists the latest proposals, the newest first.
func (q *Query) PolicyProposals(limit int) ([]PolicyProposal, error) {
	return rows[PolicyProposal](q, sqlProposals, q.actor.Merchant, limit)
}

// ProposePolicy has the acting administrator propose what follows on the
// version they saw. It violates policy_leaves_somebody where there are Gaps,
// policy_proposal_is_current where that version is in force no more, and
// one_open_policy_proposal while another waits.
func (t *Tx) ProposePolicy(base Policy, note string) (ID, error) {
	id := NewID()
	_, err := t.exec(sqlInsertProposal, id, t.actor.Merchant, base.Version, base.Rules, base.ValidSeconds, note, t.actor.Person)
	if err != nil {
		return NoID, fmt.Errorf("proposing a policy: %w", err)
	}
	return id, t.Audit("policy.proposed", About("policy", id), map[string]any{
		"base_version": base.Version, "rules": base.Rules, "valid_for_seconds": base.ValidSeconds, "note": note,
	})
}

// DecideProposal records what the acting person says to a proposal. One that
// is approved is in force from then on.
func (t *Tx) DecideProposal(p PolicyProposal, decision, note string) error {
	if err := t.one(sqlDecideProposal, t.actor.Merchant, p.ID, decision, t.actor.Person, note); err != nil {
		return fmt.Errorf("deciding on a policy: %w", err)
	}
	if decision == ProposalApproved {
		set, err := t.Policy()
		if err != nil {
			return err
		}
		if err := t.auditPolicy(t.actor.Merchant, set); err != nil {
			return err
		}
	}
	return t.Audit("policy."+decision, About("policy", p.ID), map[string]any{"base_version": p.BaseVersion, "note": note})
}

// Gap is a band that nobody could complete when this maker makes the bill.
// Bands count from 1.
type Gap struct {
	Operation string `db:"operation"`
	Band      int    `db:"band"`
	MakerName string `db:"maker_name"`
}

var sqlGaps = statement(`
	SELECT g.operation, g.band, p.name AS maker_name FROM policy_gaps($1, $2::jsonb) AS g JOIN people p ON p.id = g.maker_id
	ORDER BY g.operation, g.band, p.name`)

// Gaps finds where these rules leave too few different people.
func (q *Query) Gaps(r Rules) ([]Gap, error) {
	return rows[Gap](q, sqlGaps, q.actor.Merchant, r)
}
