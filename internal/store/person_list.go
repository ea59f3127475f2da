package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// StaffMember is somebody who works for the acting merchant, with all that they
// may do for it.
type StaffMember struct {
	PersonID    ID             `db:"person_id"`
	Name        string         `db:"name"`
	Email       string         `db:"email"`
	StaffNumber string         `db:"staff_number"`
	Duties      pq.StringArray `db:"duties"`
	Kept        pq.StringArray `db:"kept_duties"` // that come back after a suspension
	Products    pq.StringArray `db:"products"`    // none means all
	// More products count from then on; until then these.
	ProductsFrom   time.Time      `db:"products_from"`
	ProductsBefore pq.StringArray `db:"products_before"`
	Level          int            `db:"level"`
	LevelFrom      time.Time      `db:"level_from"`
	LevelBefore    int            `db:"level_before"`
	DecidesFrom    time.Time      `db:"decides_from"`
	SuspendedAt    *time.Time     `db:"suspended_at"`
	Disabled       bool           `db:"disabled"` // by whoever runs the portal, everywhere
	SeenAt         *time.Time     `db:"seen_at"`
	// The days that an auditor is let in to; none means all.
	AuditFrom  *time.Time `db:"audit_from"`
	AuditUntil *time.Time `db:"audit_until"`
}

// Has reports whether the member has a duty now.
func (m StaffMember) Has(d Duty) bool { return !m.Disabled && dutiesOf(m.Duties).Has(d) }

// WorksOn reports whether making and checking are for this product, some day
// at least.
func (m StaffMember) WorksOn(p Product) bool {
	return Membership{Products: productsOf(m.Products)}.WorksOn(p)
}

func dutiesOf(list []string) Duties {
	ds := make(Duties, len(list))
	for i, d := range list {
		ds[i] = Duty(d)
	}
	return ds
}

func productsOf(list []string) []Product {
	ps := make([]Product, len(list))
	for i, p := range list {
		ps[i] = Product(p)
	}
	return ps
}

const staffColumns = `
	p.id AS person_id, p.name, coalesce((SELECT a.email FROM accounts a WHERE a.person_id = p.id ORDER BY a.created_at LIMIT 1), '') AS email,
	m.staff_number, m.duties, m.kept_duties, m.products, m.products_from, m.products_before, m.level, m.level_from, m.level_before, m.decides_from,
	m.audit_from, m.audit_until, m.suspended_at, p.disabled_at IS NOT NULL AS disabled, (SELECT max(s.seen_at) FROM sessions s WHERE s.person_id = p.id AND s.merchant_id = m.merchant_id) AS seen_at
	FROM memberships m JOIN people p ON p.id = m.person_id`

// mostStaff is more than work for any merchant in the portal.
const mostStaff = 1000

var (
	sqlStaff       = statement(`SELECT ` + staffColumns + ` WHERE m.merchant_id = $1 ORDER BY p.name, p.id LIMIT $2`)
	sqlStaffMember = statement(`SELECT ` + staffColumns + ` WHERE m.merchant_id = $1 AND m.person_id = $2`)
)

// Staff lists who works for the acting merchant, and who is suspended.
func (q *Query) Staff() ([]StaffMember, error) {
	return rows[StaffMember](q, sqlStaff, q.actor.Merchant, mostStaff)
}

// StaffMember returns one of them.
func (q *Query) StaffMember(person ID) (StaffMember, error) {
	return row[StaffMember](q, sqlStaffMember, q.actor.Merchant, person)
}

// LinkUnderWay is a link that two people agreed on and nobody has used yet.
type LinkUnderWay struct {
	ChangeID  ID            `db:"change_id"`
	Kind      string        `db:"kind"`
	PersonID  uuid.NullUUID `db:"person_id"`
	Name      string        `db:"name"`
	Email     string        `db:"email"`
	LinkID    ID            `db:"link_id"`
	ExpiresAt time.Time     `db:"expires_at"`
	Expired   bool          `db:"expired"`
	Held      bool          `db:"held"`    // somebody was given it
	Mailing   bool          `db:"mailing"` // a worker is about to mail it
	Tries     int           `db:"tries"`   // of mailing
}

const linkColumns = `
	SELECT c.id AS change_id, c.kind, c.person_id, coalesce(p.name, c.name) AS name, l.email, l.id AS link_id, l.expires_at, l.expires_at <= now() AS expired,
		l.token_hash IS NOT NULL AS held, l.mail_at IS NOT NULL AS mailing, l.tries
	FROM person_changes c LEFT JOIN people p ON p.id = c.person_id
		JOIN LATERAL (SELECT o.id, o.email, o.expires_at, o.token_hash, o.mail_at, o.tries, o.used_at, o.revoked_at FROM one_time_links o WHERE o.change_id = c.id ORDER BY o.made_at DESC, o.id DESC LIMIT 1) l ON true
	WHERE c.merchant_id = $1 AND c.decision = 'confirmed' AND l.used_at IS NULL AND l.revoked_at IS NULL
		AND (c.kind = 'invite' AND c.person_id IS NULL OR c.kind = 'recovery' AND l.expires_at > now())`

var (
	sqlLinksUnderWay = statement(linkColumns + ` ORDER BY c.decided_at DESC, c.id DESC LIMIT 50`)
	sqlLinkUnderWay  = statement(linkColumns + ` AND c.id = $2`)
)

// LinksUnderWay lists the links of invitations and recoveries that nobody has
// used yet, the newest first.
func (q *Query) LinksUnderWay() ([]LinkUnderWay, error) {
	return rows[LinkUnderWay](q, sqlLinksUnderWay, q.actor.Merchant)
}

// LinkUnderWay returns that of one change.
func (q *Query) LinkUnderWay(change ID) (LinkUnderWay, error) {
	return row[LinkUnderWay](q, sqlLinkUnderWay, q.actor.Merchant, change)
}

// CoverageGap is a band that nobody could complete when this maker makes
// something of this product. Bands count from 1.
type CoverageGap struct {
	Operation string  `db:"operation"`
	Band      int     `db:"band"`
	Product   Product `db:"product"`
	MakerName string  `db:"maker_name"`
}

var sqlCoverageGaps = statement(`
	SELECT g.operation, g.band, g.product, p.name AS maker_name FROM coverage_gaps($1, $2, $3, $4, $5) AS g JOIN people p ON p.id = g.maker_id
	ORDER BY g.product, g.operation, g.band, p.name LIMIT 20`)

// CoverageIf finds where too few different people would be left if somebody
// had these duties and no others; NoID asks about people as they are.
func (q *Query) CoverageIf(person ID, duties Duties, products []Product, level int) ([]CoverageGap, error) {
	return rows[CoverageGap](q, sqlCoverageGaps, q.actor.Merchant, nullable(person), pq.Array(asStrings(duties)), pq.Array(asStrings(products)), level)
}

var sqlWorksOn = statement(`SELECT works_on($1, $2, $3)`)

// WorksOn reports whether the acting person's duties are for this operation.
func (q *Query) WorksOn(operation string) (bool, error) {
	return row[bool](q, sqlWorksOn, q.actor.Merchant, q.actor.Person, operation)
}
