package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// The states of a supplier. Who is archived counts as unknown.
const (
	SupplierActive   = "active"
	SupplierArchived = "archived"
)

// Supplier is a known sender of alerts.
type Supplier struct {
	ID          ID            `db:"id"`
	Name        string        `db:"name"`
	ProxyKind   string        `db:"proxy_kind"`
	ProxyValue  string        `db:"proxy_value"`
	BuyerID     uuid.NullUUID `db:"buyer_id"`
	BuyerName   *string       `db:"buyer_name"`
	Note        string        `db:"note"`
	State       string        `db:"state"`
	Version     int           `db:"version"`
	AlertID     uuid.NullUUID `db:"alert_id"`   // that it was learned from
	CreatedBy   uuid.NullUUID `db:"created_by"` // nobody, where it was learned by itself
	CreatedName *string       `db:"created_name"`
	CreatedAt   time.Time     `db:"created_at"`
	EditedAt    time.Time     `db:"edited_at"`
	SortName    string        `db:"sort_name"`
}

// SupplierName is a name and the id that goes with it.
type SupplierName struct {
	Kind  string `db:"proxy_kind"`
	Value string `db:"proxy_value"`
	Name  string `db:"name"`
}

const supplierColumns = `s.id, s.name, s.proxy_kind, s.proxy_value, s.buyer_id, b.name AS buyer_name, s.note, s.state, s.version, s.alert_id, s.created_by,
	p.name AS created_name, s.created_at, s.edited_at, s.sort_name
	FROM suppliers s LEFT JOIN buyers b ON b.id = s.buyer_id LEFT JOIN people p ON p.id = s.created_by`

var (
	sqlSupplier      = statement(`SELECT ` + supplierColumns + ` WHERE s.merchant_id = $1 AND s.id = $2`)
	sqlSupplierNamed = statement(`SELECT ` + supplierColumns + ` WHERE s.merchant_id = $1 AND s.proxy_kind = $2 AND s.proxy_value = $3`)
	sqlSuppliers     = statement(`
		SELECT ` + supplierColumns + ` WHERE s.merchant_id = $1 AND s.state = $2 AND (s.sort_name, s.id) > ($3, $4) ORDER BY s.sort_name, s.id LIMIT $5`)
	sqlSuppliersMatching = statement(`
		SELECT ` + supplierColumns + ` WHERE s.merchant_id = $1 AND s.state = $2 AND (s.sort_name, s.id) > ($3, $4) AND s.words LIKE $6 ORDER BY s.sort_name, s.id LIMIT $5`)
	sqlSuppliersOf = statement(`
		SELECT s.proxy_kind, s.proxy_value, s.name FROM suppliers s
		WHERE s.merchant_id = $1 AND s.proxy_kind = ANY ('{mobile,national,tax,ewallet,biller}') AND s.proxy_value = ANY ($2) AND s.state = 'active'`)
	sqlInsertSupplier = statement(`
		INSERT INTO suppliers (id, merchant_id, name, proxy_kind, proxy_value, buyer_id, note, alert_id, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
	sqlLearnSupplier = statement(`
		INSERT INTO suppliers (id, merchant_id, name, proxy_kind, proxy_value, alert_id) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (merchant_id, proxy_kind, proxy_value) DO NOTHING`)
	sqlUpdateSupplier = statement(`
		UPDATE suppliers SET name = $4, proxy_kind = $5, proxy_value = $6, buyer_id = $7, note = $8, version = version + 1, edited_at = now()
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'active'`)
	sqlMoveSupplier = statement(`
		UPDATE suppliers SET state = $4, version = version + 1, edited_at = now() WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state <> $4`)
)

// Supplier returns one supplier, archived or not.
func (q *Query) Supplier(id ID) (Supplier, error) {
	return row[Supplier](q, sqlSupplier, q.actor.Merchant, id)
}

// SupplierOf is the supplier with this PromptPay id, archived or not.
func (q *Query) SupplierOf(kind, value string) (Supplier, error) {
	return row[Supplier](q, sqlSupplierNamed, q.actor.Merchant, kind, value)
}

// SuppliersOf are the suppliers in use that have one of these ids.
func (q *Query) SuppliersOf(values []string) ([]SupplierName, error) {
	return rows[SupplierName](q, sqlSuppliersOf, q.actor.Merchant, pq.Array(values))
}

// SupplierCursor is a place in the list, which runs by name; the zero one is its
// beginning.
type SupplierCursor struct {
	Name string
	ID   ID
}

// Suppliers returns a page of the list in a state, of those whose words contain
// text if that is given, and whether it goes on.
func (q *Query) Suppliers(state, text string, from SupplierCursor, limit int) (list []Supplier, more bool, err error) {
	if text == "" {
		list, err = rows[Supplier](q, sqlSuppliers, q.actor.Merchant, state, from.Name, from.ID, limit+1)
	} else {
		list, err = rows[Supplier](q, sqlSuppliersMatching, q.actor.Merchant, state, from.Name, from.ID, limit+1, containing(text))
	}
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// AddSupplier stores a supplier that the acting maker knows. Constraint error:
// supplier_is_known_once.
func (t *Tx) AddSupplier(s Supplier) error {
	_, err := t.exec(sqlInsertSupplier, s.ID, t.actor.Merchant, s.Name, s.ProxyKind, s.ProxyValue, s.BuyerID, s.Note, s.AlertID, t.actor.Person)
	if err != nil {
		return fmt.Errorf("adding a supplier: %w", err)
	}
	s.Version = 1
	return t.Audit("supplier.added", About("supplier", s.ID), supplierDetail(s))
}

// LearnSupplier puts the sender of an alert that will be paid among the
// suppliers, and reports whether it was not there.
func (t *Tx) LearnSupplier(a Alert) (bool, error) {
	s := Supplier{ID: NewID(), Name: a.SenderName, ProxyKind: a.SenderKind, ProxyValue: a.SenderValue, AlertID: nullable(a.ID), Version: 1}
	n, err := t.exec(sqlLearnSupplier, s.ID, t.actor.Merchant, s.Name, s.ProxyKind, s.ProxyValue, a.ID)
	if err != nil {
		return false, fmt.Errorf("learning a supplier: %w", err)
	}
	if n == 0 {
		return false, nil
	}
	return true, t.Audit("supplier.learned", About("supplier", s.ID), supplierDetail(s))
}

// ChangeSupplier replaces what is known of a supplier in use. ErrStale means
// that it is no longer the version in s, or archived.
func (t *Tx) ChangeSupplier(s Supplier) error {
	before, err := t.Supplier(s.ID)
	if err != nil {
		return err
	}
	err = t.one(sqlUpdateSupplier, t.actor.Merchant, s.ID, s.Version, s.Name, s.ProxyKind, s.ProxyValue, s.BuyerID, s.Note)
	if err != nil {
		return fmt.Errorf("changing a supplier: %w", err)
	}
	s.Version, s.AlertID = s.Version+1, before.AlertID
	return t.Audit("supplier.edited", About("supplier", s.ID), map[string]any{"before": supplierDetail(before), "after": supplierDetail(s)})
}

// MoveSupplier takes a supplier out of use, or back into it, in the given
// version.
func (t *Tx) MoveSupplier(id ID, version int, state string) error {
	s, err := t.Supplier(id)
	if err != nil {
		return err
	}
	if err := t.one(sqlMoveSupplier, t.actor.Merchant, id, version, state); err != nil {
		return fmt.Errorf("moving a supplier: %w", err)
	}
	action := "supplier.archived"
	if state == SupplierActive {
		action = "supplier.restored"
	}
	return t.Audit(action, About("supplier", id), map[string]any{"name": s.Name, "version": version + 1})
}

// supplierDetail is what the trail keeps of a supplier.
func supplierDetail(s Supplier) map[string]any {
	return map[string]any{
		"name": s.Name, "proxy_kind": s.ProxyKind, "proxy_sha256": hashText(s.ProxyValue), "buyer_id": s.BuyerID, "note": s.Note, "alert": s.AlertID, "version": s.Version,
	}
}
