package store

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"
)

// Policy says who must approve and how long an instruction may wait.
type Policy struct {
	Version         int   `db:"version"`
	ApprovalsNeeded int   `db:"approvals_needed"` // where Rules are empty
	ValidSeconds    int64 `db:"valid_seconds"`
	Rules           Rules `db:"rules"`
}

// Rules ask for people by amount. Empty rules ask for a number of checkers and
// no more.
type Rules struct {
	Lists []BandList `json:"lists"`
	// NewBuyer asks for one more person where the buyer was never billed before.
	NewBuyer bool `json:"new_buyer"`
	// UntilDue ends an instruction's time on the due date at the cut-off
	// ("16:00", in Bangkok), so that nothing is sent late because somebody
	// approved late.
	UntilDue bool   `json:"until_due"`
	CutOff   string `json:"cut_off"`
}

// BandList is the bands of one operation, or of all that have no list of their
// own.
type BandList struct {
	Operation string `json:"operation"`
	Bands     []Band `json:"bands"`
	// Newcomer asks for one more person where the buyer or the payer is new.
	Newcomer bool `json:"newcomer,omitempty"`
	// Daily ask for more people by what was submitted in a day, one of each kind
	// at most.
	Daily []Daily `json:"daily,omitempty"`
}

// Daily asks for more people where the day's total of an operation, the item in
// question included, is above an amount. What was rejected, withdrawn or not
// decided in time does not count.
type Daily struct {
	Whose       string `json:"whose"`
	AboveSatang int64  `json:"above_satang"`
	People      int    `json:"people"`
	Level       int    `json:"level"`
}

// Whose total of a day counts.
const (
	DayOfMaker    = "maker"
	DayOfMerchant = "merchant"
)

// Band is what amounts up to a limit need; the last band of a list has none.
type Band struct {
	UpToSatang int64  `json:"up_to_satang,omitempty"`
	Steps      []Step `json:"steps"`
}

// Step asks for so many people, of a level or above, or out of a list of
// names. One step begins when the one before is complete.
type Step struct {
	People int `json:"people"`
	Level  int `json:"level,omitempty"`
	Named  IDs `json:"named,omitempty"`
}

// MaxLevel is the highest level that a checker can have.
const MaxLevel = 3

// Empty reports whether these rules only count people.
func (r Rules) Empty() bool { return len(r.Lists) == 0 }

// Value implements driver.Valuer.
func (r Rules) Value() (driver.Value, error) {
	if r.Empty() {
		return "{}", nil
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing rules: %w", err)
	}
	return string(b), nil
}

// Scan implements sql.Scanner.
func (r *Rules) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("rules arrived as %T", src)
	}
	return json.Unmarshal(raw, r)
}

// Seat is one approval that an instruction needs. Step 0 comes before the
// policy's own steps: it is the one more person for a new buyer.
type Seat struct {
	Step  int `json:"step"`
	Level int `json:"level,omitempty"`
	Named IDs `json:"named,omitempty"`
	// Why is SeatOfMakersDay or SeatOfMerchantsDay where the total of the day asks for it.
	Why string `json:"why,omitempty"`
}

// Why a seat is asked for besides those of its band.
const (
	SeatOfMakersDay    = "day_of_maker"
	SeatOfMerchantsDay = "day_of_merchant"
)

// Fits reports whether a checker of this level takes the seat.
func (s Seat) Fits(person ID, level int) bool {
	if len(s.Named) > 0 {
		return slices.Contains(s.Named, person)
	}
	return level >= s.Level
}

// Seats are the approvals that an instruction needs, in their order. None
// stands for as many of anybody as are needed, as before there were bands.
type Seats []Seat

// Scan implements sql.Scanner.
func (s *Seats) Scan(src any) error {
	switch raw := src.(type) {
	case nil:
		*s = nil
		return nil
	case []byte:
		return json.Unmarshal(raw, s)
	}
	return fmt.Errorf("seats arrived as %T", src)
}

var (
	sqlPolicy = statement(`
		SELECT version, approvals_needed, extract(epoch FROM valid_for)::bigint AS valid_seconds, rules
		FROM policies WHERE merchant_id = $1 ORDER BY version DESC LIMIT 1`)
	sqlInsertPolicy = statement(`
		INSERT INTO policies (merchant_id, version, approvals_needed, valid_for, rules)
		SELECT $1, coalesce(max(version), 0) + 1, $2, $3::bigint * interval '1 second', $4::jsonb FROM policies WHERE merchant_id = $1
		RETURNING version, approvals_needed, extract(epoch FROM valid_for)::bigint AS valid_seconds, rules`)
	sqlPolicies = statement(`
		SELECT p.version, p.approvals_needed, extract(epoch FROM p.valid_for)::bigint AS valid_seconds, p.rules, p.set_at,
			a.name AS proposed_by, b.name AS approved_by, coalesce(o.note, '') AS note
		FROM policies p LEFT JOIN policy_proposals o ON o.id = p.proposal_id
			LEFT JOIN people a ON a.id = o.proposed_by LEFT JOIN people b ON b.id = o.decided_by
		WHERE p.merchant_id = $1 AND p.version < $2 ORDER BY p.version DESC LIMIT $3`)
)

// Policy returns the merchant's policy in force.
func (q *Query) Policy() (Policy, error) {
	return row[Policy](q, sqlPolicy, q.actor.Merchant)
}

// PolicyVersion is a policy with how it came about. Whoever runs the portal set
// the first one, so nobody proposed it.
type PolicyVersion struct {
	Policy
	SetAt      time.Time `db:"set_at"`
	ProposedBy *string   `db:"proposed_by"`
	ApprovedBy *string   `db:"approved_by"`
	Note       string    `db:"note"`
}

// Policies lists the versions before the given one, the newest first.
func (q *Query) Policies(before, limit int) ([]PolicyVersion, error) {
	return rows[PolicyVersion](q, sqlPolicies, q.actor.Merchant, before, limit)
}

// SetPolicy puts a new version of a merchant's policy in force; p.Version is
// ignored. What was submitted before keeps the version it was submitted under.
// Only the owner role may; the merchant's own people propose and approve.
func (t *Tx) SetPolicy(merchant ID, p Policy) (Policy, error) {
	set, err := row[Policy](t.Query, sqlInsertPolicy, merchant, p.ApprovalsNeeded, p.ValidSeconds, p.Rules)
	if err != nil {
		return Policy{}, err
	}
	return set, t.auditPolicy(merchant, set)
}

func (t *Tx) auditPolicy(merchant ID, p Policy) error {
	detail := map[string]any{"version": p.Version, "approvals_needed": p.ApprovalsNeeded, "valid_for_seconds": p.ValidSeconds}
	if !p.Rules.Empty() {
		detail["rules"] = p.Rules
	}
	return t.Audit("merchant.policy_set", About("merchant", merchant), detail)
}

// Member is a checker or another person of the merchant, as policies name them.
type Member struct {
	PersonID ID             `db:"person_id"`
	Name     string         `db:"name"`
	Duties   pq.StringArray `db:"duties"`
	Level    int            `db:"level"`
}

// Checks reports whether the member approves.
func (m Member) Checks() bool { return slices.Contains(m.Duties, string(Checker)) }

var (
	sqlMembers = statement(`
		SELECT p.id AS person_id, p.name, m.duties, m.level FROM memberships m JOIN people p ON p.id = m.person_id
		WHERE m.merchant_id = $1 AND p.disabled_at IS NULL ORDER BY p.name, p.id`)
	sqlSetLevel = statement(`
		UPDATE memberships SET level = $3 WHERE merchant_id = $1 AND person_id = $2 RETURNING decides_from, level_from, level_before`)
)

// Members lists who works for the merchant and is not shut out.
func (q *Query) Members() ([]Member, error) {
	return rows[Member](q, sqlMembers, q.actor.Merchant)
}

// SetLevel says how much a checker may decide: more a day from now, unless the
// merchant has never submitted anything. Only the owner role may.
func (t *Tx) SetLevel(merchant, person ID, level int) error {
	counts, err := row[counting](t.Query, sqlSetLevel, merchant, person, level)
	if errors.Is(err, ErrNotFound) {
		return ErrStale
	}
	if err != nil {
		return err
	}
	return t.Audit("person.level_set", About("person", person), struct {
		Merchant ID  `json:"merchant"`
		Level    int `json:"level"`
		counting
	}{merchant, level, counts.utc()})
}
