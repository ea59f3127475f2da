package store

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Product is a group of what the portal does, for which duties may be given
// apart.
type Product string

// The products.
const (
	Papers   Product = "papers"   // bills, receipts, tax documents
	Debits   Product = "debits"   // direct debit, its mandates and schedules
	Requests Product = "requests" // requests to pay
	Alerts   Product = "alerts"   // requests that come in, and blocked senders
)

// AllProducts are the products in their order.
var AllProducts = []Product{Papers, Debits, Requests, Alerts}

// NotForProduct refuses whoever's duties are for other products.
const NotForProduct = "acts_on_own_products"

// The kinds of changes of people.
const (
	ChangeInvite   = "invite"
	ChangeDuties   = "duties"
	ChangeSuspend  = "suspend"
	ChangeResume   = "resume"
	ChangeRemove   = "remove"
	ChangeRecovery = "recovery" // a link to set up a second factor anew
	ChangePeriod   = "period"   // the days that an auditor is let in to
)

// What becomes of a proposed change.
const (
	ChangeConfirmed = "confirmed"
	ChangeDeclined  = "declined"
	ChangeWithdrawn = "withdrawn"
)

// PersonChange is what one administrator wants to change about a person, and
// another decides.
type PersonChange struct {
	ID           ID             `db:"id"`
	Kind         string         `db:"kind"`
	PersonID     uuid.NullUUID  `db:"person_id"` // of an invitation, who accepted it
	Name         string         `db:"name"`      // of the person
	Email        string         `db:"email"`     // of an invitation
	StaffNumber  string         `db:"staff_number"`
	Duties       pq.StringArray `db:"duties"`
	Products     pq.StringArray `db:"products"` // none means all
	Level        int            `db:"level"`
	AuditFrom    *time.Time     `db:"audit_from"` // the days that an auditor is let in to; none means all
	AuditUntil   *time.Time     `db:"audit_until"`
	Note         string         `db:"note"`
	ProposedBy   ID             `db:"proposed_by"`
	ProposedName string         `db:"proposed_name"`
	ProposedAt   time.Time      `db:"proposed_at"`
	Decision     *string        `db:"decision"`
	DecidedName  *string        `db:"decided_name"`
	DecidedAt    *time.Time     `db:"decided_at"`
	DecisionNote string         `db:"decision_note"`
}

// Open reports whether it waits for somebody's decision.
func (c PersonChange) Open() bool { return c.Decision == nil }

// NewChange is a change about to be proposed.
type NewChange struct {
	Kind        string
	Person      ID     // none for an invitation
	Name        string // and these two only for one
	Email       string
	StaffNumber string // these four for an invitation, and for other duties
	Duties      Duties
	Products    []Product
	Level       int
	// The days that an auditor is let in to, both or neither. A change of duties
	// sets them where there are none; only one of its own kind widens them.
	AuditFrom, AuditUntil *time.Time
	Note                  string
}

const changeColumns = `
	c.id, c.kind, c.person_id, coalesce(p.name, c.name) AS name, c.email, c.staff_number, c.duties, c.products, c.level, c.audit_from, c.audit_until, c.note, c.proposed_by,
	a.name AS proposed_name, c.proposed_at, c.decision, b.name AS decided_name, c.decided_at, c.decision_note
	FROM person_changes c JOIN people a ON a.id = c.proposed_by LEFT JOIN people b ON b.id = c.decided_by LEFT JOIN people p ON p.id = c.person_id`

var (
	sqlPersonChange  = statement(`SELECT ` + changeColumns + ` WHERE c.merchant_id = $1 AND c.id = $2`)
	sqlPersonChanges = statement(`
		SELECT ` + changeColumns + ` WHERE c.merchant_id = $1 ORDER BY c.proposed_at DESC, c.id DESC LIMIT $2`)
	sqlChangesOfPerson = statement(`
		SELECT ` + changeColumns + ` WHERE c.merchant_id = $1 AND c.person_id = $2 ORDER BY c.proposed_at DESC, c.id DESC LIMIT $3`)
	sqlOpenChanges = statement(`
		SELECT ` + changeColumns + ` WHERE c.merchant_id = $1 AND c.decision IS NULL ORDER BY c.proposed_at, c.id`)
	sqlInsertChange = statement(`
		INSERT INTO person_changes (id, merchant_id, kind, person_id, name, email, staff_number, duties, products, level, note, proposed_by, audit_from, audit_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`)
	sqlDecideChange = statement(`
		UPDATE person_changes SET decision = $3, decided_by = $4, decision_note = $5 WHERE merchant_id = $1 AND id = $2 AND decision IS NULL`)
)

// PersonChange returns one change.
func (q *Query) PersonChange(id ID) (PersonChange, error) {
	return row[PersonChange](q, sqlPersonChange, q.actor.Merchant, id)
}

// PersonChanges lists the latest changes, the newest first.
func (q *Query) PersonChanges(limit int) ([]PersonChange, error) {
	return rows[PersonChange](q, sqlPersonChanges, q.actor.Merchant, limit)
}

// ChangesOfPerson lists the latest changes about a person, the newest first.
func (q *Query) ChangesOfPerson(person ID, limit int) ([]PersonChange, error) {
	return rows[PersonChange](q, sqlChangesOfPerson, q.actor.Merchant, person, limit)
}

// OpenPersonChanges lists what waits for a decision, the longest first.
func (q *Query) OpenPersonChanges() ([]PersonChange, error) {
	return rows[PersonChange](q, sqlOpenChanges, q.actor.Merchant)
}

// The rules that refuse a change about people, by the names under which the
// schema does.
const (
	ChangeAboutSelf     = "nobody_changes_themself"
	ChangeOwnDecision   = "person_change_is_decided_by_another"
	ChangeAboutDecider  = "nobody_confirms_about_themself"
	ChangeNotCurrent    = "person_change_is_current"
	ChangeOfNothing     = "person_change_changes_something"
	ChangeNotOnDuty     = "person_change_is_decided_on_duty"
	ChangeNotAdmin      = "person_change_is_proposed_first"
	ChangeDecided       = "person_change_is_decided_once"
	ChangeWaits         = "one_open_change_of_a_person"
	InvitationWaits     = "one_open_invitation_of_an_address"
	WorksHereAlready    = "works_here_already"
	MemberAlready       = "memberships_pkey"
	StaffNumberTaken    = "staff_number_is_one_persons"
	TwoAdministrators   = "two_administrators_stay"
	LeavesNobody        = "somebody_can_still_approve"
	AdminApproves       = "nobody_administers_and_approves"
	AuditorActs         = "auditor_does_nothing_else"
	LinkTooLate         = "link_is_used_in_time"
	LinkHandedOut       = "link_works_once"
	InvitationOfAnother = "invitation_is_personal"
)

// ProposeChange has the acting administrator propose a change about a person,
// for another to confirm. The constraints above say what it may violate.
func (t *Tx) ProposeChange(n NewChange) (ID, error) {
	id := NewID()
	n.Email = strings.ToLower(n.Email)
	if n.Level == 0 {
		n.Level = 1
	}
	duties, products := asStrings(n.Duties), asStrings(n.Products)
	_, err := t.exec(sqlInsertChange, id, t.actor.Merchant, n.Kind, nullable(n.Person), n.Name, n.Email, n.StaffNumber,
		pq.Array(duties), pq.Array(products), n.Level, n.Note, t.actor.Person, n.AuditFrom, n.AuditUntil)
	if err != nil {
		return NoID, fmt.Errorf("proposing a change: %w", err)
	}
	detail := map[string]any{
		"kind": n.Kind, "name": n.Name, "email_sha256": hashText(n.Email), "staff_number": n.StaffNumber,
		"duties": duties, "products": products, "level": n.Level, "note": n.Note,
	}
	if n.AuditFrom != nil || n.Kind == ChangePeriod {
		detail["audit_from"], detail["audit_until"] = dayText(n.AuditFrom), dayText(n.AuditUntil)
	}
	if n.Person != NoID {
		detail["person"] = n.Person
	}
	return id, t.Audit("person_change.proposed", About("person_change", id), detail)
}

// asStrings is never nil, so that it is an empty list to JSON.
func asStrings[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// DecideChange records what the acting administrator says to a change; one that
// is confirmed is done in the same breath, but for the link that an invitation
// or a recovery still needs.
func (t *Tx) DecideChange(c PersonChange, decision, note string) error {
	var before membership
	var err error
	if c.Kind == ChangeRemove {
		if before, err = t.membership(c.PersonID.UUID); err != nil {
			return err
		}
	}
	if err := t.one(sqlDecideChange, t.actor.Merchant, c.ID, decision, t.actor.Person, note); err != nil {
		return fmt.Errorf("deciding on a change: %w", err)
	}
	if err := t.Audit("person_change."+decision, About("person_change", c.ID), map[string]any{"kind": c.Kind, "note": note}); err != nil {
		return err
	}
	if decision != ChangeConfirmed {
		return nil
	}
	switch c.Kind {
	case ChangeDuties, ChangePeriod:
		return t.auditMembership("person.changed", c.PersonID.UUID, c.ID)
	case ChangeSuspend:
		return t.auditMembership("person.suspended", c.PersonID.UUID, c.ID)
	case ChangeResume:
		return t.auditMembership("person.resumed", c.PersonID.UUID, c.ID)
	case ChangeRemove:
		return t.Audit("person.removed", About("person", c.PersonID.UUID), map[string]any{
			"merchant": t.actor.Merchant, "change": c.ID, "duties": []string{}, "had": asStrings(before.Duties),
		})
	}
	return nil
}

// membership is all that a person may do for the acting merchant.
type membership struct {
	Duties         pq.StringArray `db:"duties"`
	Products       pq.StringArray `db:"products"`
	Kept           pq.StringArray `db:"kept_duties"`
	Level          int            `db:"level"`
	StaffNumber    string         `db:"staff_number"`
	ProductsFrom   time.Time      `db:"products_from"`
	ProductsBefore pq.StringArray `db:"products_before"`
	AuditFrom      *time.Time     `db:"audit_from"`
	AuditUntil     *time.Time     `db:"audit_until"`
	counting
}

var sqlMembership = statement(`
	SELECT duties, products, kept_duties, level, staff_number, products_from, products_before, audit_from, audit_until, decides_from, level_from, level_before
	FROM memberships WHERE merchant_id = $1 AND person_id = $2`)

func (q *Query) membership(person ID) (membership, error) {
	return row[membership](q, sqlMembership, q.actor.Merchant, person)
}

func (t *Tx) auditMembership(action string, person, change ID) error {
	m, err := t.membership(person)
	if err != nil {
		return err
	}
	return t.Audit(action, About("person", person), struct {
		Merchant       ID        `json:"merchant"`
		Change         ID        `json:"change"`
		Duties         []string  `json:"duties"`
		Products       []string  `json:"products"`
		ProductsFrom   time.Time `json:"products_from"`
		ProductsBefore []string  `json:"products_before"`
		KeptDuties     []string  `json:"kept_duties"`
		Level          int       `json:"level"`
		StaffNumber    string    `json:"staff_number"`
		AuditFrom      string    `json:"audit_from,omitempty"`
		AuditUntil     string    `json:"audit_until,omitempty"`
		counting
	}{
		t.actor.Merchant, change, asStrings(m.Duties), asStrings(m.Products), m.ProductsFrom.UTC(), asStrings(m.ProductsBefore),
		asStrings(m.Kept), m.Level, m.StaffNumber, dayText(m.AuditFrom), dayText(m.AuditUntil), m.utc(),
	})
}

var sqlAcceptInvitation = statement(`SELECT accept_invitation($1, $2, $3, $4, $5)`)

// AcceptInvitation uses up the link of an invitation and makes its holder, who
// is the acting person, a member of the acting merchant. Whoever has no account
// with its address yet gets one, with this password.
func (t *Tx) AcceptInvitation(l Link, tokenHash []byte, passwordHash, lang string) error {
	person := t.actor.Person
	change, err := row[ID](t.Query, sqlAcceptInvitation, l.ID, tokenHash, person, passwordHash, lang)
	if err != nil {
		return fmt.Errorf("accepting an invitation: %w", err)
	}
	if !l.Account.Valid {
		err := t.Audit("person.added", About("person", person), map[string]any{
			"name": l.Name, "email_sha256": hashText(l.Email), "password_sha256": hashText(passwordHash),
		})
		if err != nil {
			return err
		}
	}
	if err := t.auditMembership("person.joined", person, change); err != nil {
		return err
	}
	if err := t.Audit("link.used", About("link", l.ID), struct{}{}); err != nil {
		return err
	}
	return t.Audit("person_change.accepted", About("person_change", change), map[string]any{"person": person})
}
