package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SealKey is a key as the database knows it.
type SealKey struct {
	ID        string     `db:"id"`
	Writes    bool       `db:"writes"`
	TakenUpAt time.Time  `db:"taken_up_at"`
	RetiredAt *time.Time `db:"retired_at"`
	// Here: this process holds it.
	Here bool `db:"-"`
}

// Reasons why a key is not taken up or given up.
var (
	ErrKeyUnknown = errors.New("no such key")
	ErrKeyInUse   = errors.New("the key is in use")
	ErrKeyMissing = errors.New("a key that something is sealed with is missing")
	ErrMarkKey    = errors.New("the key of blind marks is another than the one they were made with")
)

var (
	sqlSealKeys      = statement(`SELECT id, writes, taken_up_at, retired_at FROM seal_keys WHERE kind = 'cells' ORDER BY taken_up_at DESC, id`)
	sqlLockSealKeys  = statement(`SELECT id, writes, taken_up_at, retired_at FROM seal_keys WHERE kind = 'cells' ORDER BY taken_up_at DESC, id FOR UPDATE`)
	sqlTakeUpFirst   = statement(`SELECT take_up_first_seal_key($1)`)
	sqlTakeUpMarks   = statement(`SELECT take_up_mark_key($1)`)
	sqlStopWriting   = statement(`UPDATE seal_keys SET writes = false WHERE kind = 'cells' AND writes`)
	sqlKnowSealKey   = statement(`INSERT INTO seal_keys (id, kind, writes) VALUES ($1, 'cells', false) ON CONFLICT DO NOTHING`)
	sqlTakeUpSealKey = statement(`
		INSERT INTO seal_keys (id, kind, writes) VALUES ($1, 'cells', true)
		ON CONFLICT (id) DO UPDATE SET writes = true, retired_at = NULL, taken_up_at = now()`)
	sqlRetireSealKey = statement(`UPDATE seal_keys SET retired_at = now() WHERE id = $1 AND kind = 'cells' AND NOT writes AND retired_at IS NULL`)
)

// SealKeys lists the keys the database knows, the newest first.
func (q *Query) SealKeys() ([]SealKey, error) {
	list, err := rows[SealKey](q, sqlSealKeys)
	for n := range list {
		list[n].Here = q.store.seal != nil && q.store.seal.named(list[n].ID) != nil
	}
	return list, err
}

// CheckKeys makes sure before anything is served that this process can open
// what is sealed, and that it makes the same blind marks as ever. An empty
// database takes up the first key, and the key of marks of whoever comes first.
func (s *Store) CheckKeys(ctx context.Context, markKey []byte) error {
	return s.Write(ctx, Actor{}, func(t *Tx) error {
		if _, err := row[bool](t.Query, sqlTakeUpFirst, s.seal.keys[0].id); err != nil {
			return fmt.Errorf("taking up the first key: %w", err)
		}
		list, err := t.SealKeys()
		if err != nil {
			return fmt.Errorf("listing the keys: %w", err)
		}
		var missing []string
		for _, k := range list {
			if k.RetiredAt == nil && !k.Here {
				missing = append(missing, k.ID)
			}
		}
		if len(missing) > 0 {
			return fmt.Errorf("%w: %s; add it to PORTAL_SEAL_KEY, or give it up with `portal keys drop` once nothing is sealed with it", ErrKeyMissing, strings.Join(missing, ", "))
		}
		if markKey == nil {
			return nil
		}
		marks, err := row[string](t.Query, sqlTakeUpMarks, KeyID(markKey))
		if err == nil && marks != KeyID(markKey) {
			err = fmt.Errorf("%w: PORTAL_MARK_KEY must stay what it was; where it was never set, it is what `portal keys new` prints with the oldest key", ErrMarkKey)
		}
		return err
	})
}

// keysSettle is how long after a change of keys none is given up: until then a
// process may still seal with the one it knew.
const keysSettle = 10 * keyStays

func sealKeySubject(id string) Subject { return Subject("seal_key/" + id) }

// UseKey has everything new sealed with a key from now on. Every process must
// hold it by then.
func (t *Tx) UseKey(id string) error {
	if t.store.seal == nil || t.store.seal.named(id) == nil {
		return fmt.Errorf("%w: %s is not in PORTAL_SEAL_KEY", ErrKeyUnknown, id)
	}
	list, err := rows[SealKey](t.Query, sqlLockSealKeys)
	if err != nil {
		return fmt.Errorf("listing the keys: %w", err)
	}
	if slices.ContainsFunc(list, func(k SealKey) bool { return k.ID == id && k.Writes }) {
		return nil
	}
	if _, err := t.exec(sqlStopWriting); err != nil {
		return fmt.Errorf("changing keys: %w", err)
	}
	// What was sealed before keys had names needs one of the others, so all are
	// known from the first rotation on.
	for _, k := range t.store.seal.keys {
		if _, err := t.exec(sqlKnowSealKey, k.id); err != nil {
			return fmt.Errorf("noting a key: %w", err)
		}
	}
	if _, err := t.exec(sqlTakeUpSealKey, id); err != nil {
		return fmt.Errorf("taking up a key: %w", err)
	}
	t.store.seal.writing.Store(nil)
	return t.Audit("seal_key.taken_up", sealKeySubject(id), map[string]any{"key": id})
}

// KeyUse is how many cells of a column a key has.
type KeyUse struct {
	Table, Column string
	Key           string `db:"key"` // an id, KeyNameless or KeyClear
	Cells         int64  `db:"cells"`
}

// What stands for a key where there is none: cells of earlier releases do not
// name theirs, and documents were not sealed at all.
const (
	KeyNameless = "nameless"
	KeyClear    = "clear"
)

// KeyUses counts the cells of every sealed column by key, reading all of them.
func (q *Query) KeyUses() ([]KeyUse, error) {
	var uses []KeyUse
	for _, c := range sealedColumns {
		found, err := rows[struct {
			Key   string `db:"key"`
			Cells int64  `db:"cells"`
		}](q, c.count)
		if err != nil {
			return nil, fmt.Errorf("counting what is sealed in %s: %w", c.Table, err)
		}
		for _, f := range found {
			uses = append(uses, KeyUse{c.Table, c.Column, f.Key, f.Cells})
		}
	}
	return uses, nil
}

// DropKey gives a key up. It is refused while anything is sealed with it, or
// with a key that is not named, and shortly after a change of keys.
func (t *Tx) DropKey(id string) error {
	list, err := rows[SealKey](t.Query, sqlLockSealKeys)
	if err != nil {
		return fmt.Errorf("listing the keys: %w", err)
	}
	for _, k := range list {
		switch {
		case k.Writes && k.ID == id:
			return fmt.Errorf("%w: everything new is sealed with %s; `portal keys rotate` takes up another", ErrKeyInUse, id)
		case k.Writes && t.Now().Sub(k.TakenUpAt) < keysSettle:
			return fmt.Errorf("%w: keys were changed a moment ago, and a process may still use %s; try again %s after the change", ErrKeyInUse, id, keysSettle)
		}
	}
	uses, err := t.KeyUses()
	if err != nil {
		return err
	}
	for _, u := range uses {
		if u.Key == id || u.Key == KeyNameless {
			return fmt.Errorf("%w: %d cells of %s.%s are sealed with it, or with a key that is not named; `portal keys reseal` seals them again", ErrKeyInUse, u.Cells, u.Table, u.Column)
		}
	}
	err = t.one(sqlRetireSealKey, id)
	if errors.Is(err, ErrStale) {
		return fmt.Errorf("%w: %s is none of those in use", ErrKeyUnknown, id)
	}
	if err != nil {
		return fmt.Errorf("giving up a key: %w", err)
	}
	return t.Audit("seal_key.given_up", sealKeySubject(id), map[string]any{"key": id})
}
