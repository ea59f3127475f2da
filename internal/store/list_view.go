package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// MaxViews is how many views one person may keep of a list.
const MaxViews = 20

// ListArea is a list of which people keep views.
type ListArea string

// The lists.
const (
	ListOfPresentments ListArea = "presentments"
	ListOfReceipts     ListArea = "receipts"
	ListOfPayments     ListArea = "payments"
	ListOfEtax         ListArea = "etax"
)

// ListView is a filter, a sort and columns under a name. Query is that of the
// list's address.
type ListView struct {
	ID         ID       `db:"id" json:"id"`
	Area       ListArea `db:"area" json:"area"`
	PersonID   ID       `db:"person_id" json:"person_id"`
	PersonName string   `db:"person_name" json:"person_name"`
	Name       string   `db:"name" json:"name"`
	Query      string   `db:"query" json:"query"`
	Columns    []string `db:"-" json:"columns"`
	Shared     bool     `db:"shared" json:"shared"`
}

// ListPreferences is how the acting person wants a list: its columns, none
// meaning the usual ones, the view it opens with, if any, and all their views.
type ListPreferences struct {
	Columns     []string
	DefaultView ID
	Views       []ListView
}

var (
	// One query, since every page of the list asks it. Only bills have columns to choose.
	sqlListPreferences = statement(`
		SELECT coalesce(to_json(s.columns), '[]') AS columns, d.view_id, coalesce((
			SELECT json_agg(json_build_object('id', v.id, 'area', v.area, 'person_id', v.person_id, 'person_name', v.person_name, 'name', v.name, 'query', v.query,
				'columns', v.columns, 'shared', v.shared) ORDER BY v.own DESC, v.position, v.created_at, v.id)
			FROM (SELECT w.id, w.area, w.person_id, w.name, w.query, w.columns, w.shared, w.created_at, w.position, w.person_id = $2 AS own, p.name AS person_name FROM list_views w JOIN people p ON p.id = w.person_id
				WHERE w.merchant_id = $1 AND w.area = $3 AND (w.person_id = $2 OR w.shared)
				ORDER BY w.person_id = $2 DESC, w.position, w.created_at, w.id LIMIT 60) v), '[]') AS views
		FROM (VALUES (1)) AS one LEFT JOIN list_settings s ON s.merchant_id = $1 AND s.person_id = $2
			LEFT JOIN list_defaults d ON d.merchant_id = $1 AND d.person_id = $2 AND d.area = $3`)
	sqlListView = statement(`
		SELECT id, area, person_id, name, query, shared FROM list_views WHERE merchant_id = $1 AND id = $3 AND (person_id = $2 OR shared)`)
	sqlAddListView = statement(`
		INSERT INTO list_views (id, merchant_id, person_id, area, name, query, columns, shared, position)
		SELECT $1, $2, $3, $9, $4, $5, $6, $7, coalesce((SELECT max(position) + 1 FROM list_views WHERE merchant_id = $2 AND person_id = $3 AND area = $9), 0)
		WHERE (SELECT count(*) FROM list_views WHERE merchant_id = $2 AND person_id = $3 AND area = $9) < $8`)
	sqlChangeListView = statement(`UPDATE list_views SET name = $4, shared = $5 WHERE merchant_id = $1 AND person_id = $2 AND id = $3`)
	sqlRefilterView   = statement(`UPDATE list_views SET query = $4 WHERE merchant_id = $1 AND person_id = $2 AND id = $3`)
	sqlSetViewColumns = statement(`UPDATE list_views SET columns = $4 WHERE merchant_id = $1 AND person_id = $2 AND id = $3`)
	// Places are counted by twos, so that three of them lead past one neighbour.
	sqlMoveListView = statement(`
		UPDATE list_views v SET position = o.place FROM (
			SELECT id, row_number() OVER (ORDER BY place) AS place FROM (
				SELECT id, 2 * row_number() OVER (ORDER BY position, created_at, id) + CASE WHEN id = $3 THEN $4::integer ELSE 0 END AS place
				FROM list_views WHERE merchant_id = $1 AND person_id = $2
					AND area = (SELECT w.area FROM list_views w WHERE w.merchant_id = $1 AND w.person_id = $2 AND w.id = $3)) n) o
		WHERE v.merchant_id = $1 AND v.person_id = $2 AND v.id = o.id
			AND EXISTS (SELECT FROM list_views w WHERE w.merchant_id = $1 AND w.person_id = $2 AND w.id = $3)`)
	sqlDropListView = statement(`DELETE FROM list_views WHERE merchant_id = $1 AND person_id = $2 AND id = $3`)
	sqlSetColumns   = statement(`
		INSERT INTO list_settings (merchant_id, person_id, columns) VALUES ($1, $2, $3)
		ON CONFLICT (merchant_id, person_id) DO UPDATE SET columns = excluded.columns`)
	sqlSetDefaultView = statement(`
		INSERT INTO list_defaults (merchant_id, person_id, area, view_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (merchant_id, person_id, area) DO UPDATE SET view_id = excluded.view_id`)
	sqlDropDefaultView = statement(`DELETE FROM list_defaults WHERE merchant_id = $1 AND person_id = $2 AND area = $3`)
)

// ListPreferences returns what the acting person has set, and their views with
// those shared with them, their own first and in their order.
func (q *Query) ListPreferences(of ListArea) (ListPreferences, error) {
	found, err := row[struct {
		Columns []byte        `db:"columns"`
		ViewID  uuid.NullUUID `db:"view_id"`
		Views   []byte        `db:"views"`
	}](q, sqlListPreferences, q.actor.Merchant, q.actor.Person, of)
	p := ListPreferences{DefaultView: found.ViewID.UUID}
	if err != nil {
		return p, err
	}
	return p, errors.Join(json.Unmarshal(found.Columns, &p.Columns), json.Unmarshal(found.Views, &p.Views))
}

// ListView returns a view that the acting person may open.
func (q *Query) ListView(id ID) (ListView, error) {
	return row[ListView](q, sqlListView, q.actor.Merchant, q.actor.Person, id)
}

// AddListView keeps a view of the acting person's; ErrStale means they have
// MaxViews already.
func (t *Tx) AddListView(v ListView) error {
	err := t.one(sqlAddListView, v.ID, t.actor.Merchant, t.actor.Person, v.Name, v.Query, pq.Array(append([]string{}, v.Columns...)), v.Shared, MaxViews, v.Area)
	if err != nil {
		return fmt.Errorf("adding a view: %w", err)
	}
	return nil
}

// ChangeListView renames the acting person's own view, and shares it or not.
// Another's is ErrNotFound.
func (t *Tx) ChangeListView(v ListView) error {
	n, err := t.exec(sqlChangeListView, t.actor.Merchant, t.actor.Person, v.ID, v.Name, v.Shared)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// RefilterListView makes the acting person's own view stand for another query.
// Another's is ErrNotFound.
func (t *Tx) RefilterListView(id ID, query string) error {
	return t.ownView(sqlRefilterView, id, query)
}

// SetViewColumns keeps which columns the acting person's own view has.
// Another's is ErrNotFound.
func (t *Tx) SetViewColumns(id ID, columns []string) error {
	return t.ownView(sqlSetViewColumns, id, pq.Array(append([]string{}, columns...)))
}

// MoveListView moves the acting person's own view past its neighbour: the one
// before it, or the one after it. Another's is ErrNotFound.
func (t *Tx) MoveListView(id ID, on bool) error {
	by := -3
	if on {
		by = 3
	}
	return t.ownView(sqlMoveListView, id, by)
}

func (t *Tx) ownView(query string, id ID, value any) error {
	n, err := t.exec(query, t.actor.Merchant, t.actor.Person, id, value)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// DropListView deletes the acting person's own view.
func (t *Tx) DropListView(id ID) error {
	n, err := t.exec(sqlDropListView, t.actor.Merchant, t.actor.Person, id)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// SetListColumns keeps which columns the acting person wants.
func (t *Tx) SetListColumns(columns []string) error {
	_, err := t.exec(sqlSetColumns, t.actor.Merchant, t.actor.Person, pq.Array(append([]string{}, columns...)))
	return err
}

// SetDefaultView keeps with which view a list opens; NoID means with none.
func (t *Tx) SetDefaultView(of ListArea, id ID) error {
	if id == NoID {
		_, err := t.exec(sqlDropDefaultView, t.actor.Merchant, t.actor.Person, of)
		return err
	}
	_, err := t.exec(sqlSetDefaultView, t.actor.Merchant, t.actor.Person, of, id)
	return err
}
