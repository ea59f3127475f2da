package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// CallbackSecret is a secret by which the bank signs what it tells a merchant
// by itself, as far as it may be shown.
type CallbackSecret struct {
	ID            ID         `db:"id"`
	SecretEnds    string     `db:"secret_ends"`
	Note          string     `db:"note"`
	ProposedBy    ID         `db:"proposed_by"`
	ProposedName  string     `db:"proposed_name"`
	ProposedAt    time.Time  `db:"proposed_at"`
	Decision      *string    `db:"decision"`
	DecidedName   *string    `db:"decided_name"`
	DecidedAt     *time.Time `db:"decided_at"`
	BelievedUntil *time.Time `db:"believed_until"` // nil: it is the newest
	EndedName     *string    `db:"ended_name"`     // who shortened it
}

// Open reports whether it waits for somebody's decision.
func (s CallbackSecret) Open() bool { return s.Decision == nil }

// Believed reports whether what it signs is believed at this time.
func (s CallbackSecret) Believed(now time.Time) bool {
	return s.Decision != nil && *s.Decision == SettingConfirmed && (s.BelievedUntil == nil || s.BelievedUntil.After(now))
}

const callbackSecretColumns = `
	s.id, s.secret_ends, s.note, s.proposed_by, a.name AS proposed_name, s.proposed_at, s.decision, b.name AS decided_name, s.decided_at,
	s.believed_until, e.name AS ended_name
	FROM callback_secrets s JOIN people a ON a.id = s.proposed_by LEFT JOIN people b ON b.id = s.decided_by LEFT JOIN people e ON e.id = s.ended_by`

var (
	sqlInsertCallbackSecret = statement(`
		INSERT INTO callback_secrets (id, merchant_id, secret_sealed, secret_ends, note, proposed_by) VALUES ($1, $2, $3, $4, $5, $6)`)
	sqlCallbackSecrets      = statement(`SELECT ` + callbackSecretColumns + ` WHERE s.merchant_id = $1 ORDER BY s.proposed_at DESC, s.id DESC LIMIT $2`)
	sqlCallbackSecret       = statement(`SELECT ` + callbackSecretColumns + ` WHERE s.merchant_id = $1 AND s.id = $2`)
	sqlDecideCallbackSecret = statement(`UPDATE callback_secrets SET decision = $3, decided_by = $4 WHERE merchant_id = $1 AND id = $2 AND decision IS NULL`)
	// The schema says how long the old one is believed yet.
	sqlReplaceCallbackSecret = statement(`
		UPDATE callback_secrets SET believed_until = now() WHERE merchant_id = $1 AND decision = 'confirmed' AND believed_until IS NULL RETURNING id, believed_until`)
	sqlEndCallbackSecret = statement(`
		UPDATE callback_secrets SET ended_by = $3 WHERE merchant_id = $1 AND id = $2 AND believed_until > now() RETURNING id, believed_until`)
	sqlBelievedSecrets = statement(`SELECT id, merchant_id, secret_sealed FROM callback_secrets_believed()`)
)

func callbackSecretPlace(merchant, id ID) place {
	return place{"callback_secrets", "secret", id.String(), merchant}
}

var errShortSecret = errors.New("a callback secret has at least 32 letters")

// ProposeCallbackSecret has the acting administrator propose a secret of at
// least 32 letters. Another administrator has it believed.
func (t *Tx) ProposeCallbackSecret(secret, note string) (ID, error) {
	if len(secret) < 32 {
		return NoID, errShortSecret
	}
	id, ends := NewID(), secretEnds(secret)
	sealed, err := t.sealed(callbackSecretPlace(t.actor.Merchant, id), []byte(secret))
	if err != nil {
		return NoID, err
	}
	if _, err := t.exec(sqlInsertCallbackSecret, id, t.actor.Merchant, sealed, ends, note, t.actor.Person); err != nil {
		return NoID, fmt.Errorf("proposing a callback secret: %w", err)
	}
	return id, t.Audit("callback_secret.proposed", About("callback_secret", id), map[string]any{"secret_ends": ends, "note": note})
}

// CallbackSecrets lists what was ever proposed, the newest first.
func (q *Query) CallbackSecrets(limit int) ([]CallbackSecret, error) {
	return rows[CallbackSecret](q, sqlCallbackSecrets, q.actor.Merchant, limit)
}

// CallbackSecret returns one of them.
func (q *Query) CallbackSecret(id ID) (CallbackSecret, error) {
	return row[CallbackSecret](q, sqlCallbackSecret, q.actor.Merchant, id)
}

type endedSecret struct {
	ID    ID        `db:"id"`
	Until time.Time `db:"believed_until"`
}

func (e endedSecret) detail() map[string]any { return map[string]any{"believed_until": e.Until.UTC()} }

// DecideCallbackSecret records what the acting administrator says to a secret.
// Once one is confirmed, the one before is believed for some days more.
func (t *Tx) DecideCallbackSecret(s CallbackSecret, decision string) error {
	if decision == SettingConfirmed {
		replaced, err := rows[endedSecret](t.Query, sqlReplaceCallbackSecret, t.actor.Merchant)
		if err != nil {
			return fmt.Errorf("replacing a callback secret: %w", err)
		}
		for _, r := range replaced {
			if err := t.Audit("callback_secret.replaced", About("callback_secret", r.ID), r.detail()); err != nil {
				return err
			}
		}
	}
	if err := t.one(sqlDecideCallbackSecret, t.actor.Merchant, s.ID, decision, t.actor.Person); err != nil {
		return fmt.Errorf("deciding on a callback secret: %w", err)
	}
	return t.Audit("callback_secret."+decision, About("callback_secret", s.ID), map[string]any{"secret_ends": s.SecretEnds})
}

// EndCallbackSecret has one that was replaced believed no more, because the bank
// signs with the new one. It is ErrNotFound when it is not believed any longer.
func (t *Tx) EndCallbackSecret(id ID) error {
	ended, err := row[endedSecret](t.Query, sqlEndCallbackSecret, t.actor.Merchant, id, t.actor.Person)
	if err != nil {
		return fmt.Errorf("ending a callback secret: %w", err)
	}
	return t.Audit("callback_secret.ended", About("callback_secret", ended.ID), ended.detail())
}

// BelievedSecret is a secret that callbacks of a merchant may be signed with.
type BelievedSecret struct {
	ID       ID     `db:"id"`
	Merchant ID     `db:"merchant_id"`
	Sealed   []byte `db:"secret_sealed"`
	Secret   string `db:"-"`
}

// Format keeps secrets out of logs and messages, whatever the verb.
func (BelievedSecret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("***")) }

// BelievedSecrets are those of every merchant, opened: whoever receives a
// callback does not know yet whose it is.
func (s *Store) BelievedSecrets(ctx context.Context) (list []BelievedSecret, err error) {
	err = s.Read(ctx, Actor{}, func(q *Query) (err error) {
		if list, err = rows[BelievedSecret](q, sqlBelievedSecrets); err != nil {
			return err
		}
		for n, b := range list {
			plain, err := q.opened(callbackSecretPlace(b.Merchant, b.ID), b.Sealed)
			if err != nil {
				return err
			}
			list[n].Secret = string(plain)
		}
		return nil
	})
	return list, err
}
