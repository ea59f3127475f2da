package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// RequestRules are the rules that a merchant requests payment by.
type RequestRules struct {
	Version   int    `db:"version"`
	MinSatang int64  `db:"min_satang"`
	MaxSatang int64  `db:"max_satang"`
	OpenDays  int    `db:"open_days"` // where nobody says otherwise
	Collision string `db:"collision"`
}

// RequestRulesProposal is a version of the rules that somebody wants and
// somebody else decides on.
type RequestRulesProposal struct {
	RequestRules
	ID             ID            `db:"id"`
	BaseVersion    int           `db:"base_version"`
	Became         *int          `db:"became"`
	Note           string        `db:"note"`
	ProposedBy     ID            `db:"proposed_by"`
	ProposedByName string        `db:"proposed_by_name"`
	ProposedAt     time.Time     `db:"proposed_at"`
	Decision       *string       `db:"decision"`
	DecidedBy      uuid.NullUUID `db:"decided_by"`
	DecidedByName  *string       `db:"decided_by_name"`
	DecidedAt      *time.Time    `db:"decided_at"`
}

const requestRulesColumns = `r.min_satang, r.max_satang, r.open_days, r.collision`

var (
	sqlRequestRules          = statement(`SELECT coalesce(r.version, 0) AS version, ` + requestRulesColumns + ` FROM request_rules_in_force($1) AS r`)
	sqlRequestRulesProposals = statement(`
		SELECT r.id, 0 AS version, r.base_version, r.version AS became, ` + requestRulesColumns + `, r.note, r.proposed_by, a.name AS proposed_by_name, r.proposed_at,
			r.decision, r.decided_by, b.name AS decided_by_name, r.decided_at
		FROM request_rules r JOIN people a ON a.id = r.proposed_by LEFT JOIN people b ON b.id = r.decided_by
		WHERE r.merchant_id = $1 ORDER BY r.proposed_at DESC, r.id DESC LIMIT $2`)
	sqlInsertRequestRules = statement(`
		INSERT INTO request_rules (id, merchant_id, base_version, min_satang, max_satang, open_days, collision, note, proposed_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	sqlRequestRulesKnown  = statement(`SELECT EXISTS (SELECT FROM request_rules WHERE merchant_id = $1 AND id = $2)`)
	sqlDecideRequestRules = statement(`
		UPDATE request_rules SET decision = $3, decided_by = $4 WHERE merchant_id = $1 AND id = $2 AND decision IS NULL`)
)

// RequestRules are the rules in force.
func (q *Query) RequestRules() (RequestRules, error) {
	return row[RequestRules](q, sqlRequestRules, q.actor.Merchant)
}

// RequestRulesProposals lists the latest versions and proposals, the newest first.
func (q *Query) RequestRulesProposals(limit int) ([]RequestRulesProposal, error) {
	return rows[RequestRulesProposal](q, sqlRequestRulesProposals, q.actor.Merchant, limit)
}

// ProposeRequestRules has the acting person propose what follows on the version
// they saw, which r names. Constraint errors: request_rules_are_current,
// one_open_request_rules_proposal.
func (t *Tx) ProposeRequestRules(r RequestRules, note string) (ID, error) {
	id := NewID()
	if _, err := t.exec(sqlInsertRequestRules, id, t.actor.Merchant, r.Version, r.MinSatang, r.MaxSatang, r.OpenDays, r.Collision, note, t.actor.Person); err != nil {
		return NoID, fmt.Errorf("proposing rules of requests: %w", err)
	}
	return id, t.Audit("requestrules.proposed", About("requestrules", id), map[string]any{
		"base_version": r.Version, "min_satang": r.MinSatang, "max_satang": r.MaxSatang, "open_days": r.OpenDays, "collision": r.Collision, "note": note,
	})
}

// RequestRulesKnown reports whether there is such a proposal.
func (q *Query) RequestRulesKnown(id ID) (bool, error) {
	return row[bool](q, sqlRequestRulesKnown, q.actor.Merchant, id)
}

// DecideRequestRules records what the acting person says to a proposal. One that
// is approved is in force from then on.
func (t *Tx) DecideRequestRules(id ID, decision string) error {
	if err := t.one(sqlDecideRequestRules, t.actor.Merchant, id, decision, t.actor.Person); err != nil {
		return fmt.Errorf("deciding on rules of requests: %w", err)
	}
	return t.Audit("requestrules."+decision, About("requestrules", id), map[string]any{})
}
