package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// What a debit that collides with another way of collecting meets.
const (
	CollisionWarn  = "warn"
	CollisionBlock = "block"
)

// What the bank takes at once, at least and at most. Rules allow no more.
const (
	LeastDebitSatang int64 = 20_00
	MostDebitSatang  int64 = 700_000_00
)

// RetryRule says how often a debit that failed for a reason is tried again, and
// when: so many bank days later, or on the payer's payday where that is known.
type RetryRule struct {
	Times  int  `json:"times"`
	Days   int  `json:"days"`
	Payday bool `json:"payday"`
}

// RetryRules are the rules by the bank's code of the failure.
type RetryRules map[string]RetryRule

// Scan implements sql.Scanner.
func (r *RetryRules) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("rules of retries arrived as %T", src)
	}
	return json.Unmarshal(raw, r)
}

// DebitRules are the rules that a merchant takes debits by.
type DebitRules struct {
	Version   int        `db:"version"`
	MinSatang int64      `db:"min_satang"`
	MaxSatang int64      `db:"max_satang"`
	SendAt    string     `db:"send_at"` // hour and minute in Bangkok
	CutOff    string     `db:"cut_off"`
	Collision string     `db:"collision"`
	RetryCap  int        `db:"retry_cap"`
	Retries   RetryRules `db:"retries"`
	// Whom letters tell payers to call; where empty, whoever had it written.
	PayerContact string `db:"payer_contact"`
}

// DebitRulesProposal is a version of the rules that somebody wants and somebody
// else decides on.
type DebitRulesProposal struct {
	DebitRules
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

const debitRulesColumns = `r.min_satang, r.max_satang, r.send_at, r.cut_off, r.collision, r.retry_cap, r.retries, coalesce(r.payer_contact, '') AS payer_contact`

var (
	sqlDebitRules          = statement(`SELECT coalesce(r.version, 0) AS version, ` + debitRulesColumns + ` FROM debit_rules_in_force($1) AS r`)
	sqlDebitRulesProposals = statement(`
		SELECT r.id, 0 AS version, r.base_version, r.version AS became, ` + debitRulesColumns + `, r.note, r.proposed_by, a.name AS proposed_by_name, r.proposed_at,
			r.decision, r.decided_by, b.name AS decided_by_name, r.decided_at
		FROM debit_rules r JOIN people a ON a.id = r.proposed_by LEFT JOIN people b ON b.id = r.decided_by
		WHERE r.merchant_id = $1 ORDER BY r.proposed_at DESC, r.id DESC LIMIT $2`)
	sqlInsertDebitRules = statement(`
		INSERT INTO debit_rules (id, merchant_id, base_version, min_satang, max_satang, send_at, cut_off, collision, retry_cap, retries, note, proposed_by, payer_contact)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::jsonb, $11, $12, $13)`)
	sqlDebitRulesKnown  = statement(`SELECT EXISTS (SELECT FROM debit_rules WHERE merchant_id = $1 AND id = $2)`)
	sqlDecideDebitRules = statement(`
		UPDATE debit_rules SET decision = $3, decided_by = $4 WHERE merchant_id = $1 AND id = $2 AND decision IS NULL`)
)

// DebitRules are the rules in force.
func (q *Query) DebitRules() (DebitRules, error) {
	return row[DebitRules](q, sqlDebitRules, q.actor.Merchant)
}

// DebitRulesProposals lists the latest versions and proposals, the newest first.
func (q *Query) DebitRulesProposals(limit int) ([]DebitRulesProposal, error) {
	return rows[DebitRulesProposal](q, sqlDebitRulesProposals, q.actor.Merchant, limit)
}

// ProposeDebitRules has the acting person propose what follows on the version
// they saw, which r names. Constraint errors: debit_rules_are_current,
// one_open_debit_rules_proposal, debit_limits_are_the_banks.
func (t *Tx) ProposeDebitRules(r DebitRules, note string) (ID, error) {
	retries, err := json.Marshal(r.Retries)
	if err != nil {
		return NoID, fmt.Errorf("proposing rules of debits: %w", err)
	}
	id := NewID()
	if _, err := t.exec(sqlInsertDebitRules, id, t.actor.Merchant, r.Version, r.MinSatang, r.MaxSatang, r.SendAt, r.CutOff, r.Collision, r.RetryCap,
		string(retries), note, t.actor.Person, r.PayerContact); err != nil {
		return NoID, fmt.Errorf("proposing rules of debits: %w", err)
	}
	return id, t.Audit("debitrules.proposed", About("debitrules", id), map[string]any{
		"base_version": r.Version, "min_satang": r.MinSatang, "max_satang": r.MaxSatang, "send_at": r.SendAt, "cut_off": r.CutOff, "collision": r.Collision,
		"retry_cap": r.RetryCap, "retries": r.Retries, "note": note, "payer_contact": r.PayerContact,
	})
}

// DebitRulesKnown reports whether there is such a proposal.
func (q *Query) DebitRulesKnown(id ID) (bool, error) {
	return row[bool](q, sqlDebitRulesKnown, q.actor.Merchant, id)
}

// DecideDebitRules records what the acting person says to a proposal. One that
// is approved is in force from then on.
func (t *Tx) DecideDebitRules(id ID, decision string) error {
	if err := t.one(sqlDecideDebitRules, t.actor.Merchant, id, decision, t.actor.Person); err != nil {
		return fmt.Errorf("deciding on rules of debits: %w", err)
	}
	return t.Audit("debitrules."+decision, About("debitrules", id), map[string]any{})
}
