package store

import (
	"fmt"
	"time"
)

// The rules by which a template's next draft falls due.
const (
	TemplateNever = "never"
	TemplateMonth = "month"
	TemplateWeeks = "weeks"
)

// Template is a bill that comes again: what to fill into its form, and when.
type Template struct {
	ID         ID         `db:"id"`
	Name       string     `db:"name"`
	Typed      string     `db:"typed"` // as a browser sends a form
	Every      string     `db:"every"`
	OnDay      int        `db:"on_day"` // of the month; 31 is its last
	Weeks      int        `db:"weeks"`
	NextOn     *time.Time `db:"next_on"` // none for TemplateNever
	Version    int        `db:"version"`
	MadeByName string     `db:"made_by_name"`
	MadeAt     time.Time  `db:"made_at"`
	LastMadeOn *time.Time `db:"last_made_on"`
	Authors    IDs        `db:"authors"` // whoever wrote what it says
}

const templateColumns = `t.id, t.name, t.typed, t.every, t.on_day, t.weeks, t.next_on, t.version, p.name AS made_by_name, t.made_at, t.last_made_on, t.authors
		FROM presentment_templates t JOIN people p ON p.id = t.made_by`

var (
	sqlTemplate  = statement(`SELECT ` + templateColumns + ` WHERE t.merchant_id = $1 AND t.id = $2`)
	sqlTemplates = statement(`SELECT ` + templateColumns + ` WHERE t.merchant_id = $1 ORDER BY t.next_on NULLS LAST, t.name LIMIT 500`)
	sqlDue       = statement(`
		SELECT count(*) AS number, coalesce((array_agg(name ORDER BY next_on, name))[1], '') AS title
		FROM presentment_templates WHERE merchant_id = $1 AND next_on <= $2`)
	sqlLockDue = statement(`SELECT ` + templateColumns + ` WHERE t.merchant_id = $1 AND t.next_on <= $2 ORDER BY t.next_on, t.name FOR UPDATE OF t`)

	sqlAddTemplate = statement(`
		INSERT INTO presentment_templates (id, merchant_id, name, typed, every, on_day, weeks, next_on, made_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	sqlTemplateMade = statement(`
		UPDATE presentment_templates SET typed = $3, next_on = $4, last_made_on = $5, version = version + 1 WHERE merchant_id = $1 AND id = $2 AND version = $6`)
	sqlChangeTemplate = statement(`
		UPDATE presentment_templates SET name = $3, every = $4, on_day = $5, weeks = $6, next_on = $7, version = version + 1
		WHERE merchant_id = $1 AND id = $2 AND version = $8`)
	sqlDropTemplate = statement(`DELETE FROM presentment_templates WHERE merchant_id = $1 AND id = $2`)
)

// Template returns one template.
func (q *Query) Template(id ID) (Template, error) {
	return row[Template](q, sqlTemplate, q.actor.Merchant, id)
}

// Templates returns the merchant's templates, the next due first.
func (q *Query) Templates() ([]Template, error) {
	return rows[Template](q, sqlTemplates, q.actor.Merchant)
}

// WorkOfTemplates counts the templates whose day has come, and names the one
// that came first.
func (q *Query) WorkOfTemplates(today time.Time) (WorkLine, error) {
	return row[WorkLine](q, sqlDue, q.actor.Merchant, today)
}

// LockDueTemplates returns the templates whose day has come, so that two
// people do not make their drafts twice.
func (t *Tx) LockDueTemplates(today time.Time) ([]Template, error) {
	return rows[Template](t.Query, sqlLockDue, t.actor.Merchant, today)
}

// AddTemplate stores a template of the acting person.
func (t *Tx) AddTemplate(m Template) error {
	_, err := t.exec(sqlAddTemplate, m.ID, t.actor.Merchant, m.Name, m.Typed, m.Every, m.OnDay, m.Weeks, m.NextOn, t.actor.Person)
	if err != nil {
		return fmt.Errorf("adding a template: %w", err)
	}
	m.Version = 1
	return t.Audit("template.added", About("template", m.ID), templateDetail(m))
}

// ChangeTemplate stores the name and the rule of m, in its version. ErrStale
// means that it is no longer that.
func (t *Tx) ChangeTemplate(m Template) error {
	if err := t.one(sqlChangeTemplate, t.actor.Merchant, m.ID, m.Name, m.Every, m.OnDay, m.Weeks, m.NextOn, m.Version); err != nil {
		return fmt.Errorf("changing a template: %w", err)
	}
	m.Version++
	return t.Audit("template.edited", About("template", m.ID), templateDetail(m))
}

// TemplateMade records that a draft was made from the template in the version
// of m, with what is typed next time and when that is.
func (t *Tx) TemplateMade(m Template) error {
	if err := t.one(sqlTemplateMade, t.actor.Merchant, m.ID, m.Typed, m.NextOn, m.LastMadeOn, m.Version); err != nil {
		return fmt.Errorf("noting a template's draft: %w", err)
	}
	m.Version++
	return t.Audit("template.used", About("template", m.ID), templateDetail(m))
}

// DropTemplate removes a template. Drafts made from it stay.
func (t *Tx) DropTemplate(m Template) error {
	if err := t.one(sqlDropTemplate, t.actor.Merchant, m.ID); err != nil {
		return fmt.Errorf("removing a template: %w", err)
	}
	return t.Audit("template.dropped", About("template", m.ID), map[string]any{"name": m.Name})
}

// templateDetail is what the trail keeps of a template.
func templateDetail(m Template) map[string]any {
	return map[string]any{
		"name": m.Name, "typed": m.Typed, "every": m.Every, "on_day": m.OnDay, "weeks": m.Weeks,
		"next_on": dayOrNone(m.NextOn), "last_made_on": dayOrNone(m.LastMadeOn), "version": m.Version,
	}
}

func dayOrNone(day *time.Time) any {
	if day == nil {
		return nil
	}
	return day.Format(time.DateOnly)
}
