package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
)

// Duty is what a person may do for a merchant.
type Duty string

// The duties. Nobody holds Admin and Checker for one merchant.
const (
	Maker   Duty = "maker"
	Checker Duty = "checker"
	Auditor Duty = "auditor"
	Admin   Duty = "admin"
)

// Duties are what one person may do for one merchant.
type Duties []Duty

// Has reports whether d is among them.
func (ds Duties) Has(d Duty) bool { return slices.Contains(ds, d) }

// Person is a human being who can sign in.
type Person struct {
	ID          ID     `db:"person_id"`
	Name        string `db:"name"`
	Preferences        // how pages are shown to this person
}

// Preferences are how pages are shown to a person.
type Preferences struct {
	Lang        string `db:"lang"`
	BuddhistEra bool   `db:"buddhist_era"`
	Theme       string `db:"theme"` // "system", "light" or "dark"
	Roomy       bool   `db:"roomy"` // rows of comfortable height, not compact ones
}

// Membership is a person's place at one merchant.
type Membership struct {
	Merchant ID     `json:"merchant"`
	NameTH   string `json:"th"`
	NameEN   string `json:"en"`
	Duties   Duties `json:"duties"`
	// Products are what making and checking are for, now; none means all.
	Products []Product `json:"products"`
	// DecidesFrom is when a say that was given lately begins to count.
	DecidesFrom time.Time `json:"decides_from"`
	// AuditFrom and AuditUntil, such as 2026-01-31, are the days that an auditor
	// was let in to; empty for all, as for everybody else.
	AuditFrom  string `json:"audit_from"`
	AuditUntil string `json:"audit_until"`
}

// AuditDays are the first and the last of the days that an auditor was let in
// to; sealed says that there are such.
func (m Membership) AuditDays() (first, last time.Time, sealed bool) {
	first, err := time.Parse(time.DateOnly, m.AuditFrom)
	last, other := time.Parse(time.DateOnly, m.AuditUntil)
	return first, last, err == nil && other == nil
}

// WorksOn reports whether making and checking are for this product.
func (m Membership) WorksOn(p Product) bool {
	return len(m.Products) == 0 || slices.Contains(m.Products, p)
}

// memberships reads the JSON that the look-ups below build, so that a person
// and every membership arrive in one row.
type memberships []Membership

// Scan implements sql.Scanner.
func (m *memberships) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("memberships arrived as %T", src)
	}
	return json.Unmarshal(raw, m)
}

// membershipsOf is the SQL of all memberships of the person in column acting.
// Row-level security shows a person's own memberships to nobody else, so the
// statement must have set portal.person to that person on the way.
const membershipsOf = `(
	SELECT coalesce(json_agg(json_build_object('merchant', m.merchant_id, 'th', n.name_th, 'en', n.name_en, 'duties', m.duties, 'products', products_now(m), 'decides_from', m.decides_from,
	                                           'audit_from', m.audit_from, 'audit_until', m.audit_until)
	                         ORDER BY n.name_th, n.id), '[]')
	FROM memberships m JOIN merchants n ON n.id = m.merchant_id WHERE m.person_id = found.acting::uuid) AS memberships`

// enrolledOf is the SQL of whether the person in column acting has a second
// factor; like memberships, factors show themselves to their person only.
const enrolledOf = `EXISTS (SELECT FROM factors f WHERE f.person_id = found.acting::uuid AND f.confirmed_at IS NOT NULL) AS enrolled`

// Account is what signing in needs to know about an e-mail address.
type Account struct {
	Person
	Email        string
	PasswordHash string
	Disabled     bool
	Enrolled     bool // has a second factor
	Memberships  []Membership
}

var sqlAccount = statement(`
	WITH found AS MATERIALIZED (
		SELECT p.id AS person_id, p.name, p.lang, p.buddhist_era, p.theme, p.roomy, a.password_hash, p.disabled_at IS NOT NULL AS disabled,
		       set_config('portal.person', p.id::text, true) AS acting
		FROM accounts a JOIN people p ON p.id = a.person_id WHERE a.email = lower($1))
	SELECT person_id, name, lang, buddhist_era, theme, roomy, password_hash, disabled, ` + enrolledOf + `, ` + membershipsOf + ` FROM found`)

// Account returns the account with this e-mail address in one round trip.
func (s *Store) Account(ctx context.Context, email string) (Account, error) {
	var row struct {
		Person
		PasswordHash string      `db:"password_hash"`
		Disabled     bool        `db:"disabled"`
		Enrolled     bool        `db:"enrolled"`
		Memberships  memberships `db:"memberships"`
	}
	if err := s.row(ctx, &row, sqlAccount, email); err != nil {
		return Account{}, err
	}
	return Account{row.Person, strings.ToLower(email), row.PasswordHash, row.Disabled, row.Enrolled, row.Memberships}, nil
}

// NewPerson is somebody to be let in.
type NewPerson struct {
	Name         string
	Email        string
	PasswordHash string
	Preferences  Preferences // a zero Lang means Thai with the Buddhist Era
}

var (
	sqlInsertPerson = statement(`
		INSERT INTO people (id, name, lang, buddhist_era, theme) VALUES ($1, $2, $3, $4, $5)`)
	sqlInsertAccount = statement(`
		INSERT INTO accounts (id, person_id, email, password_hash) VALUES ($1, $2, lower($3), $4) RETURNING email`)
)

// AddPerson adds a person with one account. Only the owner role may. A taken
// e-mail address violates account_email_is_unique.
func (t *Tx) AddPerson(n NewPerson) (ID, error) {
	p := n.Preferences
	if p.Lang == "" {
		p.Lang, p.BuddhistEra = "th", true
	}
	if p.Theme == "" {
		p.Theme = "system"
	}
	id := NewID()
	if _, err := t.exec(sqlInsertPerson, id, n.Name, p.Lang, p.BuddhistEra, p.Theme); err != nil {
		return NoID, err
	}
	var email string // as it is stored
	if err := t.get(&email, sqlInsertAccount, NewID(), id, n.Email, n.PasswordHash); err != nil {
		return NoID, err
	}
	// Hashes only: they let verify see that an account is still this person's.
	return id, t.Audit("person.added", About("person", id), map[string]any{
		"name": n.Name, "email_sha256": hashText(email), "password_sha256": hashText(n.PasswordHash),
	})
}

var (
	sqlGrantDuties = statement(`
		INSERT INTO memberships (merchant_id, person_id, duties) VALUES ($1, $2, $3)
		ON CONFLICT (merchant_id, person_id) DO UPDATE SET duties = excluded.duties, granted_at = now()
		RETURNING decides_from, level_from, level_before`)
	sqlDeleteMembership = statement(`
		DELETE FROM memberships WHERE merchant_id = $1 AND person_id = $2`)
)

// counting is from when a person's say counts, and from when their level does;
// until then the one before.
type counting struct {
	DecidesFrom time.Time `db:"decides_from" json:"decides_from"`
	LevelFrom   time.Time `db:"level_from" json:"level_from"`
	LevelBefore int       `db:"level_before" json:"level_before"`
}

func (c counting) utc() counting {
	return counting{c.DecidesFrom.UTC(), c.LevelFrom.UTC(), c.LevelBefore}
}

// GrantDuties makes duties all that a person may do for a merchant; none ends
// the membership. It holds from the person's next request, but a checker or an
// administrator decides on nothing for a day, unless the merchant has never
// submitted anything. Only the owner role may. Administrator and checker
// together violate administrator_does_not_approve.
func (t *Tx) GrantDuties(merchant, person ID, duties ...Duty) error {
	granted := struct {
		Merchant ID     `json:"merchant"`
		Duties   []Duty `json:"duties"`
		*counting
	}{Merchant: merchant, Duties: duties}
	if len(duties) == 0 {
		if err := t.one(sqlDeleteMembership, merchant, person); err != nil {
			return err
		}
		return t.Audit("person.duties_granted", About("person", person), granted)
	}
	counts, err := row[counting](t.Query, sqlGrantDuties, merchant, person, pq.Array(duties))
	if err != nil {
		return err
	}
	counts = counts.utc()
	granted.counting = &counts
	return t.Audit("person.duties_granted", About("person", person), granted)
}

var sqlLetDecide = statement(`
	UPDATE memberships SET decides_from = least(decides_from, now()), level_from = least(level_from, now())
	WHERE merchant_id = $1 AND person_id = $2 RETURNING decides_from, level_from, level_before`)

// LetDecide has all that a person was granted count at once. Only the owner
// role may; the trail keeps the reason.
func (t *Tx) LetDecide(merchant, person ID, reason string) error {
	counts, err := row[counting](t.Query, sqlLetDecide, merchant, person)
	if err != nil {
		return err
	}
	return t.Audit("person.wait_waived", About("person", person), struct {
		Merchant ID     `json:"merchant"`
		Reason   string `json:"reason"`
		counting
	}{merchant, reason, counts.utc()})
}

var sqlDisablePerson = statement(`
	UPDATE people SET disabled_at = CASE WHEN $2 THEN coalesce(disabled_at, now()) END WHERE id = $1`)

// DisablePerson keeps a person out, from the next request on, or lets them in
// again. Only the owner role may.
func (t *Tx) DisablePerson(person ID, disabled bool) error {
	if err := t.one(sqlDisablePerson, person, disabled); err != nil {
		return err
	}
	action := "person.enabled"
	if disabled {
		action = "person.disabled"
	}
	return t.Audit(action, About("person", person), struct{}{})
}

var sqlSetPreferences = statement(`
	UPDATE people SET lang = $2, buddhist_era = $3, theme = $4, roomy = $5 WHERE id = $1`)

// SetPreferences changes how pages are shown to the acting person.
func (t *Tx) SetPreferences(p Preferences) error {
	if err := t.one(sqlSetPreferences, t.actor.Person, p.Lang, p.BuddhistEra, p.Theme, p.Roomy); err != nil {
		return err
	}
	return t.Audit("person.preferences_set", About("person", t.actor.Person), map[string]any{
		"lang": p.Lang, "buddhist_era": p.BuddhistEra, "theme": p.Theme, "roomy": p.Roomy,
	})
}

var (
	sqlPasswordHash = statement(`
		SELECT password_hash FROM accounts WHERE person_id = $1 ORDER BY created_at LIMIT 1`)
	sqlChangePassword = statement(`
		UPDATE accounts SET password_hash = $2 WHERE person_id = $1`)
)

var sqlEndSteps = statement(`DELETE FROM sign_in_steps WHERE person_id = $1`)

// PasswordHash returns the acting person's own.
func (q *Query) PasswordHash() (string, error) {
	var hash string
	err := q.get(&hash, sqlPasswordHash, q.actor.Person)
	return hash, err
}

// ChangePassword replaces a person's password and ends all their sessions but
// the one whose token has the hash keep, which may be nil.
func (t *Tx) ChangePassword(person ID, passwordHash string, keep []byte) error {
	if err := t.one(sqlChangePassword, person, passwordHash); err != nil {
		return err
	}
	if err := t.EndOtherSessions(person, keep); err != nil {
		return err
	}
	// Whoever is between the old password and the second factor begins again.
	if _, err := t.exec(sqlEndSteps, person); err != nil {
		return err
	}
	return t.Audit("person.password_changed", About("person", person), map[string]any{"password_sha256": hashText(passwordHash)})
}

var sqlEmail = statement(`
	SELECT email FROM accounts WHERE person_id = $1 ORDER BY created_at LIMIT 1`)

// Email is the acting person's own.
func (q *Query) Email() (string, error) { return row[string](q, sqlEmail, q.actor.Person) }
