package store

import "time"

// Device is a browser in which a person has signed in.
type Device struct {
	ID        ID        `db:"id"`
	Name      string    `db:"name"` // as its owner calls it, or ""
	UserAgent string    `db:"user_agent"`
	FirstSeen time.Time `db:"first_seen_at"`
	LastSeen  time.Time `db:"last_seen_at"`
}

var (
	sqlKnowDevice = statement(`
		INSERT INTO devices (id, person_id, mark_hash, user_agent) VALUES ($1, $2, $3, $4)
		ON CONFLICT (person_id, mark_hash) DO UPDATE SET last_seen_at = now(), user_agent = excluded.user_agent
		RETURNING id`)
	sqlDevices = statement(`
		SELECT id, name, user_agent, first_seen_at, last_seen_at FROM devices WHERE person_id = $1 ORDER BY last_seen_at DESC, id LIMIT 50`)
	sqlNameDevice     = statement(`UPDATE devices SET name = $3 WHERE id = $1 AND person_id = $2`)
	sqlForgetSessions = statement(`DELETE FROM sessions WHERE device_id = $1 AND person_id = $2`)
	sqlForgetDevice   = statement(`DELETE FROM devices WHERE id = $1 AND person_id = $2`)
)

// KnowDevice returns the acting person's browser with this mark, and leaves a
// leaf when it is a new one.
func (t *Tx) KnowDevice(markHash []byte, userAgent string) (ID, error) {
	fresh := NewID()
	id, err := row[ID](t.Query, sqlKnowDevice, fresh, t.actor.Person, markHash, userAgent)
	if err != nil || id != fresh {
		return id, err
	}
	return id, t.Audit("person.device_new", About("person", t.actor.Person), map[string]any{"device": id, "user_agent": userAgent})
}

// Devices are the acting person's browsers, the latest first.
func (q *Query) Devices() ([]Device, error) { return rows[Device](q, sqlDevices, q.actor.Person) }

// NameDevice has one of the acting person's browsers called so.
func (t *Tx) NameDevice(id ID, name string) error {
	n, err := t.exec(sqlNameDevice, id, t.actor.Person, name)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	return t.Audit("person.device_named", About("person", t.actor.Person), map[string]any{"device": id, "name": name})
}

// ForgetDevice ends the sessions of one of the acting person's browsers, which
// is as new as any other from then on.
func (t *Tx) ForgetDevice(id ID) error {
	if _, err := t.exec(sqlForgetSessions, id, t.actor.Person); err != nil {
		return err
	}
	n, err := t.exec(sqlForgetDevice, id, t.actor.Person)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	return t.Audit("person.device_forgotten", About("person", t.actor.Person), map[string]any{"device": id})
}
