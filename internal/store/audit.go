package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// Leaf is one entry of the audit trail as it is hashed: the JSON of this
// struct, with its fields in this order, is the leaf's bytes. Never reorder or
// rename a field; add new ones at the end with omitempty.
type Leaf struct {
	Version  int             `json:"v"`
	ID       ID              `json:"id"`
	At       time.Time       `json:"at"`
	Merchant uuid.NullUUID   `json:"merchant"`
	Person   uuid.NullUUID   `json:"person"`
	Session  string          `json:"session"`
	Request  string          `json:"request"`
	Address  string          `json:"address"`
	Action   string          `json:"action"`
	Subject  string          `json:"subject"`
	Detail   json.RawMessage `json:"detail"`
}

// Subject names what a leaf is about.
type Subject string

// About makes a subject of a kind ("presentment", "instruction", "exchange",
// "file", "person", "merchant") and an id.
func About(kind string, id ID) Subject { return Subject(kind + "/" + id.String()) }

var sqlInsertLeaf = statement(`
	INSERT INTO audit_leaves (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)

// leafOf is what a leaf is to say.
type leafOf struct {
	action  string
	subject Subject
	detail  any
}

// Audit writes a leaf: action ("instruction.approved") was done to subject.
// The detail is what a reader needs to understand it later, as plain data; it
// must hold no secret. A transaction that changes an audited row and writes no
// leaf about it fails at COMMIT.
func (t *Tx) Audit(action string, subject Subject, detail any) error {
	l, bytes, err := t.leaf(leafOf{action, subject, detail})
	if err != nil {
		return err
	}
	if _, err := t.exec(sqlInsertLeaf, l.ID, l.Merchant, l.Person, l.Session, l.Request, l.Address, l.Action, l.Subject, bytes); err != nil {
		return fmt.Errorf("audit of %s: %w", action, err)
	}
	*t.lastLeaf = l.ID
	return nil
}

// leaf makes a leaf and its bytes.
func (t *Tx) leaf(of leafOf) (Leaf, []byte, error) {
	raw, err := json.Marshal(of.detail)
	if err != nil {
		return Leaf{}, nil, fmt.Errorf("audit of %s: %w", of.action, err)
	}
	l := Leaf{
		Version:  1,
		ID:       NewID(),
		At:       t.began.At.UTC(),
		Merchant: nullable(t.actor.Merchant),
		Person:   nullable(t.actor.Person),
		Session:  t.actor.Session,
		Request:  t.actor.Request,
		Address:  t.actor.Address,
		Action:   of.action,
		Subject:  string(of.subject),
		Detail:   raw,
	}
	bytes, err := json.Marshal(l)
	if err != nil {
		return Leaf{}, nil, fmt.Errorf("audit of %s: %w", of.action, err)
	}
	return l, bytes, nil
}

var sqlInsertLeaves = statement(`
	INSERT INTO audit_leaves (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
	SELECT l.id, $1, $2, $3, $4, $5, l.action, l.subject, l.bytes FROM unnest($6::uuid[], $7::text[], $8::text[], $9::bytea[]) AS l (id, action, subject, bytes)`)

// auditAll is Audit for many leaves at once.
func (t *Tx) auditAll(list []leafOf) error {
	var ids, actions, subjects []string
	var all [][]byte
	for _, of := range list {
		l, bytes, err := t.leaf(of)
		if err != nil {
			return err
		}
		ids, actions, subjects, all = append(ids, l.ID.String()), append(actions, l.Action), append(subjects, l.Subject), append(all, bytes)
		*t.lastLeaf = l.ID
	}
	a := t.actor
	_, err := t.exec(sqlInsertLeaves, nullable(a.Merchant), nullable(a.Person), a.Session, a.Request, a.Address,
		pq.Array(ids), pq.Array(actions), pq.Array(subjects), pq.ByteaArray(all))
	if err != nil {
		return fmt.Errorf("audit of %d changes: %w", len(list), err)
	}
	return nil
}

// LastLeaf is the id of the leaf that this transaction wrote last.
func (t *Tx) LastLeaf() ID { return *t.lastLeaf }

func nullable(id ID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != NoID} }
