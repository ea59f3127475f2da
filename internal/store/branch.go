package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// BranchSearch is a place that the bank was asked about: the service points
// within so many kilometres of it.
type BranchSearch struct {
	ID         ID         `db:"id"`
	Lat        float64    `db:"lat"` // rounded to 0.001 degrees
	Lon        float64    `db:"lon"`
	Kilometres float64    `db:"kilometres"`
	AskedAt    time.Time  `db:"asked_at"`
	AnsweredAt *time.Time `db:"answered_at"` // last
	Whole      bool       `db:"whole"`       // the answer was not cut at the bank's limit
}

// PointHours are a time of opening, as the bank tells it.
type PointHours struct {
	Days   []string `json:"days"`
	Opens  string   `json:"opens"`
	Closes string   `json:"closes"`
}

// WeekHours are all the hours of a service point.
type WeekHours []PointHours

// Scan implements sql.Scanner.
func (h *WeekHours) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("opening hours arrived as %T", src)
	}
	return json.Unmarshal(raw, h)
}

// ServicePoint is a place where the bank serves people, as it told of it last.
type ServicePoint struct {
	ID        string         `db:"id"` // the bank's
	Kind      string         `db:"kind"`
	NameTH    string         `db:"name_th"`
	NameEN    string         `db:"name_en"`
	AddressTH string         `db:"address_th"`
	AddressEN string         `db:"address_en"`
	Lat       float64        `db:"lat"`
	Lon       float64        `db:"lon"`
	Phone     string         `db:"phone"`
	Hours     WeekHours      `db:"hours"`
	Services  pq.StringArray `db:"services"`
	ToldAt    time.Time      `db:"told_at"`
}

// PointPlace is where a service point is, and no more than a search asks of it:
// a thousand of them are read for a drawing.
type PointPlace struct {
	ID    string  `db:"id"`
	Lat   float64 `db:"lat"`
	Lon   float64 `db:"lon"`
	Hours string  `db:"hours"` // as they are kept; ParseHours reads them
}

// ParseHours reads the hours of a place.
func ParseHours(kept string) (h WeekHours, err error) {
	if err := json.Unmarshal([]byte(kept), &h); err != nil {
		return nil, fmt.Errorf("opening hours: %w", err)
	}
	return h, nil
}

// PointFilter is of what kinds, and with which service, points are looked for;
// nothing means any.
type PointFilter struct {
	Kinds   []string
	Service string
	// Hours are wanted, too.
	Hours bool
}

// HomeBranch is the service point that a person, or the merchant, calls theirs.
type HomeBranch struct {
	ServicePoint
	PersonID uuid.NullUUID `db:"person_id"` // nobody: it is the merchant's
	ChosenBy string        `db:"chosen_by"`
	ChosenAt time.Time     `db:"chosen_at"`
	Listed   bool          `db:"listed"` // the bank's newest list still has it
}

const (
	pointColumns  = `id, kind, name_th, name_en, address_th, address_en, lat, lon, phone, hours, services, told_at`
	searchColumns = `id, lat, lon, kilometres, asked_at, answered_at, whole FROM branch_searches`
)

var (
	sqlBranchSearch = statement(`SELECT ` + searchColumns + ` WHERE merchant_id = $1 AND lat = $2 AND lon = $3 AND kilometres = $4`)
	sqlSearchByID   = statement(`SELECT ` + searchColumns + ` WHERE merchant_id = $1 AND id = $2`)
	// Answers that may hold all of a circle: somebody asked near enough, and
	// widely enough. Which of them do is for the caller to compute.
	sqlSearchesAround = statement(`
		SELECT ` + searchColumns + ` WHERE merchant_id = $1 AND answered_at IS NOT NULL AND whole AND kilometres >= $4
			AND lat BETWEEN $2 - 0.5 AND $2 + 0.5 AND lon BETWEEN $3 - 0.5 AND $3 + 0.5
		ORDER BY answered_at DESC LIMIT 50`)
	sqlInsertSearch = statement(`INSERT INTO branch_searches (id, merchant_id, lat, lon, kilometres) VALUES ($1, $2, $3, $4, $5)`)
	sqlTouchSearch  = statement(`UPDATE branch_searches SET asked_at = now() WHERE merchant_id = $1 AND id = $2`)
	sqlSearchTold   = statement(`UPDATE branch_searches SET answered_at = now(), whole = $3 WHERE merchant_id = $1 AND id = $2`)
	// A box of degrees around at most 50 km holds few thousand points.
	sqlPointPlaces = statement(`
		SELECT id, lat, lon, CASE WHEN $8 THEN hours::text ELSE '' END AS hours FROM service_points
		WHERE merchant_id = $1 AND lat BETWEEN $2 AND $4 AND lon BETWEEN $3 AND $5 AND (cardinality($6::text[]) = 0 OR kind = ANY ($6)) AND ($7 = '' OR $7 = ANY (services)) LIMIT 5000`)
	sqlServicePoints = statement(`SELECT ` + pointColumns + ` FROM service_points WHERE merchant_id = $1 AND id = ANY ($2)`)
	sqlServicePoint  = statement(`SELECT ` + pointColumns + ` FROM service_points WHERE merchant_id = $1 AND id = $2`)
	sqlForgetPoints  = statement(`DELETE FROM service_points WHERE merchant_id = $1 AND id = ANY ($2)`)
	sqlKeepPoints    = statement(`
		INSERT INTO service_points (merchant_id, id, kind, name_th, name_en, address_th, address_en, lat, lon, phone, hours, services)
		SELECT $1, p.id, p.kind, p.name_th, p.name_en, p.address_th, p.address_en, p.lat, p.lon, p.phone, p.hours, p.services
		FROM jsonb_to_recordset($2::text::jsonb) AS p (id text, kind text, name_th text, name_en text, address_th text, address_en text,
			lat double precision, lon double precision, phone text, hours jsonb, services text[])
		ON CONFLICT (merchant_id, id) DO UPDATE SET kind = EXCLUDED.kind, name_th = EXCLUDED.name_th, name_en = EXCLUDED.name_en, address_th = EXCLUDED.address_th,
			address_en = EXCLUDED.address_en, lat = EXCLUDED.lat, lon = EXCLUDED.lon, phone = EXCLUDED.phone, hours = EXCLUDED.hours, services = EXCLUDED.services, told_at = now()`)
	sqlHomeBranches = statement(`
		SELECT h.point_id AS id, h.kind, h.name_th, h.name_en, h.address_th, h.address_en, h.lat, h.lon, h.phone, h.hours, h.services, h.told_at, h.person_id,
			p.name AS chosen_by, h.chosen_at, s.id IS NOT NULL AS listed
		FROM home_branches h JOIN people p ON p.id = h.chosen_by LEFT JOIN service_points s ON s.merchant_id = h.merchant_id AND s.id = h.point_id
		WHERE h.merchant_id = $1 AND (h.person_id IS NULL OR h.person_id = $2) ORDER BY h.person_id IS NULL`)
	sqlForgetHomeBranch = statement(`DELETE FROM home_branches WHERE merchant_id = $1 AND person_id IS NOT DISTINCT FROM $2 RETURNING id`)
	sqlChooseHomeBranch = statement(`
		INSERT INTO home_branches (id, merchant_id, person_id, point_id, kind, name_th, name_en, address_th, address_en, lat, lon, phone, hours, services, told_at, chosen_by)
		SELECT $1, merchant_id, $3, id, kind, name_th, name_en, address_th, address_en, lat, lon, phone, hours, services, told_at, $4
		FROM service_points WHERE merchant_id = $2 AND id = $5`)
)

// BranchSearch returns the search of exactly this place and distance, or ErrNotFound.
func (q *Query) BranchSearch(lat, lon, kilometres float64) (BranchSearch, error) {
	return row[BranchSearch](q, sqlBranchSearch, q.actor.Merchant, lat, lon, kilometres)
}

// BranchSearchByID returns one search.
func (q *Query) BranchSearchByID(id ID) (BranchSearch, error) {
	return row[BranchSearch](q, sqlSearchByID, q.actor.Merchant, id)
}

// SearchesAround are whole answers about places around a point that reach at
// least as far, the newest first.
func (q *Query) SearchesAround(lat, lon, kilometres float64) ([]BranchSearch, error) {
	return rows[BranchSearch](q, sqlSearchesAround, q.actor.Merchant, lat, lon, kilometres)
}

// PointPlaces are the points in a rectangle of degrees, in no order.
func (q *Query) PointPlaces(south, west, north, east float64, f PointFilter) ([]PointPlace, error) {
	return rows[PointPlace](q, sqlPointPlaces, q.actor.Merchant, south, west, north, east, pq.Array(append([]string{}, f.Kinds...)), f.Service, f.Hours)
}

// ServicePoints are those with the bank's ids, in no order.
func (q *Query) ServicePoints(ids []string) ([]ServicePoint, error) {
	return rows[ServicePoint](q, sqlServicePoints, q.actor.Merchant, pq.Array(ids))
}

// ServicePoint returns one by the bank's id.
func (q *Query) ServicePoint(id string) (ServicePoint, error) {
	return row[ServicePoint](q, sqlServicePoint, q.actor.Merchant, id)
}

// HomeBranches are the acting person's own branch, if they chose one, and the
// merchant's, if it has one, in this order.
func (q *Query) HomeBranches() ([]HomeBranch, error) {
	return rows[HomeBranch](q, sqlHomeBranches, q.actor.Merchant, q.actor.Person)
}

// SearchToAsk is the search about to be asked for.
func (t *Tx) SearchToAsk(lat, lon, kilometres float64) (ID, error) {
	s, err := t.BranchSearch(lat, lon, kilometres)
	if errors.Is(err, ErrNotFound) {
		s.ID = NewID()
		if _, err := t.exec(sqlInsertSearch, s.ID, t.actor.Merchant, lat, lon, kilometres); err != nil {
			return NoID, fmt.Errorf("asking about a place: %w", err)
		}
		return s.ID, nil
	}
	if err != nil {
		return NoID, err
	}
	return s.ID, t.one(sqlTouchSearch, t.actor.Merchant, s.ID)
}

// KeepServicePoints keeps what the bank told, drops what it no longer tells of,
// and ends the search.
func (t *Tx) KeepServicePoints(search ID, told []ServicePoint, gone []string, whole bool) error {
	type kept struct {
		ID        string    `json:"id"`
		Kind      string    `json:"kind"`
		NameTH    string    `json:"name_th"`
		NameEN    string    `json:"name_en"`
		AddressTH string    `json:"address_th"`
		AddressEN string    `json:"address_en"`
		Lat       float64   `json:"lat"`
		Lon       float64   `json:"lon"`
		Phone     string    `json:"phone"`
		Hours     WeekHours `json:"hours"`
		Services  []string  `json:"services"`
	}
	list := make([]kept, len(told))
	for n, p := range told {
		list[n] = kept{p.ID, p.Kind, p.NameTH, p.NameEN, p.AddressTH, p.AddressEN, p.Lat, p.Lon, p.Phone, p.Hours, p.Services}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return fmt.Errorf("keeping service points: %w", err)
	}
	if _, err := t.exec(sqlForgetPoints, t.actor.Merchant, pq.Array(gone)); err != nil {
		return fmt.Errorf("forgetting service points: %w", err)
	}
	if _, err := t.exec(sqlKeepPoints, t.actor.Merchant, string(raw)); err != nil {
		return fmt.Errorf("keeping service points: %w", err)
	}
	return t.one(sqlSearchTold, t.actor.Merchant, search, whole)
}

// ChooseHomeBranch makes a service point the acting person's own, or the
// merchant's, in place of the one before.
func (t *Tx) ChooseHomeBranch(point string, merchants bool) error {
	if err := t.LeaveHomeBranch(merchants); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	id := NewID()
	if err := t.one(sqlChooseHomeBranch, id, t.actor.Merchant, t.homeOf(merchants), t.actor.Person, point); err != nil {
		return fmt.Errorf("choosing a branch: %w", err)
	}
	return t.Audit("homebranch.chosen", About("homebranch", id), map[string]any{"point": point, "merchants": merchants})
}

// LeaveHomeBranch makes the acting person, or the merchant, have none. It is
// ErrNotFound if there was none.
func (t *Tx) LeaveHomeBranch(merchants bool) error {
	left, err := row[struct {
		ID ID `db:"id"`
	}](t.Query, sqlForgetHomeBranch, t.actor.Merchant, t.homeOf(merchants))
	if err != nil {
		return err
	}
	return t.Audit("homebranch.left", About("homebranch", left.ID), map[string]any{"merchants": merchants})
}

func (t *Tx) homeOf(merchants bool) uuid.NullUUID {
	return uuid.NullUUID{UUID: t.actor.Person, Valid: !merchants}
}
