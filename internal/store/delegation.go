package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// Delegation is a checker's approving in another checker's hands for some
// days. Who approves acts as themself; the approval names the holder.
type Delegation struct {
	ID            ID             `db:"id"`
	HolderID      ID             `db:"holder_id"`
	HolderName    string         `db:"holder_name"`
	DelegateID    ID             `db:"delegate_id"`
	DelegateName  string         `db:"delegate_name"`
	StartsOn      time.Time      `db:"starts_on"`
	EndsOn        time.Time      `db:"ends_on"` // the last day
	CapSatang     int64          `db:"cap_satang"`
	Operations    pq.StringArray `db:"operations"` // none means all
	Note          string         `db:"note"`
	OfferedAt     time.Time      `db:"offered_at"`
	Answer        *string        `db:"answer"`
	AnsweredAt    *time.Time     `db:"answered_at"`
	RevokedByName *string        `db:"revoked_by_name"`
	RevokedAt     *time.Time     `db:"revoked_at"`
}

// How a delegate answers.
const (
	DelegationAccepted = "accepted"
	DelegationDeclined = "declined"
)

// The stages of a delegation's life.
const (
	DelegationOffered = "offered"
	DelegationComing  = "coming" // accepted, its days are to come
	DelegationInForce = "in_force"
	DelegationOver    = "over"
	DelegationRefused = "declined"
	DelegationRevoked = "revoked"
)

// Stage is where the delegation stands on a day, at midnight UTC like its own.
func (d Delegation) Stage(today time.Time) string {
	switch {
	case d.RevokedAt != nil:
		return DelegationRevoked
	case d.Answer != nil && *d.Answer == DelegationDeclined:
		return DelegationRefused
	case d.EndsOn.Before(today):
		return DelegationOver
	case d.Answer == nil:
		return DelegationOffered
	case d.StartsOn.After(today):
		return DelegationComing
	}
	return DelegationInForce
}

const delegationColumns = `
	d.id, d.holder_id, h.name AS holder_name, d.delegate_id, t.name AS delegate_name, d.starts_on, d.ends_on, d.cap_satang, d.operations, d.note,
	d.offered_at, d.answer, d.answered_at, r.name AS revoked_by_name, d.revoked_at
	FROM delegations d JOIN people h ON h.id = d.holder_id JOIN people t ON t.id = d.delegate_id LEFT JOIN people r ON r.id = d.revoked_by`

var (
	sqlDelegation  = statement(`SELECT ` + delegationColumns + ` WHERE d.merchant_id = $1 AND d.id = $2`)
	sqlDelegations = statement(`
		SELECT ` + delegationColumns + `
		WHERE d.merchant_id = $1 AND (d.ends_on, d.id) < ($2, $3) ORDER BY d.ends_on DESC, d.id DESC LIMIT $4`)
	sqlInsertDelegation = statement(`
		INSERT INTO delegations (id, merchant_id, holder_id, delegate_id, starts_on, ends_on, cap_satang, operations, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	sqlAnswerDelegation = statement(`
		UPDATE delegations SET answer = $3 WHERE merchant_id = $1 AND id = $2 AND answer IS NULL AND revoked_at IS NULL`)
	sqlRevokeDelegation = statement(`
		UPDATE delegations SET revoked_by = $3 WHERE merchant_id = $1 AND id = $2 AND revoked_at IS NULL`)
)

// Delegation returns one delegation.
func (q *Query) Delegation(id ID) (Delegation, error) {
	return row[Delegation](q, sqlDelegation, q.actor.Merchant, id)
}

// Delegations lists delegations before a place, those that end last first. The
// zero place is the beginning.
func (q *Query) Delegations(before time.Time, id ID, limit int) ([]Delegation, error) {
	if before.IsZero() {
		before, id = lastDay, lastID
	}
	return rows[Delegation](q, sqlDelegations, q.actor.Merchant, before, id, limit)
}

// DelegationDetail is what the trail keeps of a delegation.
type DelegationDetail struct {
	Holder     ID       `json:"holder"`
	Delegate   ID       `json:"delegate"`
	StartsOn   string   `json:"starts_on"`
	EndsOn     string   `json:"ends_on"`
	CapSatang  int64    `json:"cap_satang"`
	Operations []string `json:"operations"`
	Note       string   `json:"note"`
}

func (d Delegation) detail() DelegationDetail {
	return DelegationDetail{
		Holder: d.HolderID, Delegate: d.DelegateID, StartsOn: d.StartsOn.Format(time.DateOnly), EndsOn: d.EndsOn.Format(time.DateOnly),
		CapSatang: d.CapSatang, Operations: append([]string{}, d.Operations...), Note: d.Note,
	}
}

// OfferDelegation has the acting checker hand their approving to another, who
// must accept it. The id and the holder are filled in.
func (t *Tx) OfferDelegation(d Delegation) (ID, error) {
	d.ID, d.HolderID = NewID(), t.actor.Person
	_, err := t.exec(sqlInsertDelegation, d.ID, t.actor.Merchant, d.HolderID, d.DelegateID, d.StartsOn, d.EndsOn, d.CapSatang,
		pq.Array(append([]string{}, d.Operations...)), d.Note)
	if err != nil {
		return NoID, fmt.Errorf("offering a delegation: %w", err)
	}
	return d.ID, t.Audit("delegation.offered", About("delegation", d.ID), d.detail())
}

// AnswerDelegation has the acting delegate accept or decline. It is ErrStale
// when it was answered or revoked before.
func (t *Tx) AnswerDelegation(d Delegation, answer string) error {
	if err := t.one(sqlAnswerDelegation, t.actor.Merchant, d.ID, answer); err != nil {
		return fmt.Errorf("answering a delegation: %w", err)
	}
	return t.Audit("delegation."+answer, About("delegation", d.ID), d.detail())
}

// RevokeDelegation has the acting holder or delegate end it at once. What was
// approved under it stays approved.
func (t *Tx) RevokeDelegation(d Delegation) error {
	if err := t.one(sqlRevokeDelegation, t.actor.Merchant, d.ID, t.actor.Person); err != nil {
		return fmt.Errorf("revoking a delegation: %w", err)
	}
	return t.Audit("delegation.revoked", About("delegation", d.ID), d.detail())
}

// LeaveLeavesNobody refuses leave after which there are amounts that nobody
// could approve meanwhile.
const LeaveLeavesNobody = "leave_leaves_somebody"

var sqlGapsWhileAway = statement(`
	SELECT DISTINCT g.operation, g.band, p.name AS maker_name
	FROM gaps_while_away(jsonb_populate_record(NULL::delegations, $1::jsonb)) AS g JOIN people p ON p.id = g.maker_id
	ORDER BY g.operation, g.band, p.name`)

// GapsWhileAway finds which bands nobody could complete while the holder is
// away and the delegate acts for them up to the cap, whoever else is away then
// counted. The schema refuses a delegation that leaves any.
func (q *Query) GapsWhileAway(d Delegation) ([]Gap, error) {
	leave, err := json.Marshal(map[string]any{
		"merchant_id": q.actor.Merchant, "holder_id": d.HolderID, "delegate_id": d.DelegateID, "starts_on": d.StartsOn.Format(time.DateOnly),
		"ends_on": d.EndsOn.Format(time.DateOnly), "cap_satang": d.CapSatang, "operations": append([]string{}, d.Operations...),
	})
	if err != nil {
		return nil, fmt.Errorf("describing a leave: %w", err)
	}
	return rows[Gap](q, sqlGapsWhileAway, string(leave))
}

var sqlDelegationsOf = statement(`
	SELECT ` + delegationColumns + `
	WHERE d.merchant_id = $1 AND (d.holder_id = $2 OR d.delegate_id = $2) AND d.ends_on >= (now() AT TIME ZONE 'Asia/Bangkok')::date
	ORDER BY d.ends_on, d.id LIMIT 50`)

// DelegationsOf lists what a person gave or took that has not ended yet.
func (q *Query) DelegationsOf(person ID) ([]Delegation, error) {
	return rows[Delegation](q, sqlDelegationsOf, q.actor.Merchant, person)
}
