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

// leaves are what a transaction adds to the trail. They are written in one
// statement when it ends, since each of its own would be one more wait.
type leaves struct {
	waiting []writtenLeaf
	last    ID
}

type writtenLeaf struct {
	Leaf
	bytes []byte
}

// manyLeaves is how many wait at most before they are written.
const manyLeaves = 500

// Audit adds a leaf: action ("instruction.approved") was done to subject. The
// detail is what a reader needs to understand it later, as plain data; it must
// hold no secret. A transaction that changes an audited row and adds no leaf
// about it fails at COMMIT.
func (t *Tx) Audit(action string, subject Subject, detail any) error {
	raw, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("audit of %s: %w", action, err)
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
		Action:   action,
		Subject:  string(subject),
		Detail:   raw,
	}
	bytes, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("audit of %s: %w", action, err)
	}
	t.leaves.waiting, t.leaves.last = append(t.leaves.waiting, writtenLeaf{l, bytes}), l.ID
	if len(t.leaves.waiting) < manyLeaves {
		return nil
	}
	return t.writeLeaves()
}

var sqlInsertLeaves = statement(`
	INSERT INTO audit_leaves (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
	SELECT l.id, l.merchant, l.person, l.session, l.request, l.address, l.action, l.subject, l.bytes
	FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[])
		AS l (id, merchant, person, session, request, address, action, subject, bytes)`)

// writeLeaves writes the leaves that wait.
func (t *Tx) writeLeaves() error {
	many := t.leaves.waiting
	if len(many) == 0 {
		return nil
	}
	t.leaves.waiting = nil
	var ids, sessions, requests, addresses, actions, subjects []string
	var merchants, people []uuid.NullUUID
	var all [][]byte
	for _, l := range many {
		ids, merchants, people = append(ids, l.ID.String()), append(merchants, l.Merchant), append(people, l.Person)
		sessions, requests, addresses = append(sessions, l.Session), append(requests, l.Request), append(addresses, l.Address)
		actions, subjects, all = append(actions, l.Action), append(subjects, l.Subject), append(all, l.bytes)
	}
	_, err := t.exec(sqlInsertLeaves, pq.Array(ids), pq.Array(merchants), pq.Array(people), pq.Array(sessions), pq.Array(requests),
		pq.Array(addresses), pq.Array(actions), pq.Array(subjects), pq.ByteaArray(all))
	if err != nil {
		return fmt.Errorf("audit of %d changes: %w", len(many), err)
	}
	return nil
}

// leafOf is what a leaf is to say.
type leafOf struct {
	action  string
	subject Subject
	detail  any
}

// auditAll is Audit for many.
func (t *Tx) auditAll(list []leafOf) error {
	for _, l := range list {
		if err := t.Audit(l.action, l.subject, l.detail); err != nil {
			return err
		}
	}
	return nil
}

// LastLeaf is the id of the leaf that this transaction added last.
func (t *Tx) LastLeaf() ID { return t.leaves.last }

func nullable(id ID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != NoID} }
