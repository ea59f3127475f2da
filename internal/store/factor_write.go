package store

import (
	"encoding/json"
	"errors"

	"github.com/lib/pq"
)

// ErrUsedCode means that a code was right once and has been used since.
var ErrUsedCode = errors.New("the code has been used")

var (
	sqlDropDraftApp = statement(`DELETE FROM factors WHERE person_id = $1 AND kind = 'totp' AND confirmed_at IS NULL`)
	sqlInsertFactor = statement(`
		INSERT INTO factors (id, person_id, kind, name, key, credential_id, credential, confirmed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, CASE WHEN $8 THEN now() END)
		RETURNING encode(sha256(key), 'hex')`)
)

type factorLeaf struct {
	Factor ID     `json:"factor"`
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
	Key    string `json:"key_sha256,omitempty"`
}

// BeginApp keeps the secret of an authenticator app that the acting person is
// setting up, in place of any that they began before.
func (t *Tx) BeginApp(name string, secret []byte) error {
	if _, err := t.exec(sqlDropDraftApp, t.actor.Person); err != nil {
		return err
	}
	id := NewID()
	key, err := t.sealed(factorPlace(id, t.actor.Person), secret)
	if err != nil {
		return err
	}
	return t.addFactor("person.factor_begun", id, TOTP, name, key, nil, nil)
}

// AddPasskey keeps a passkey of the acting person. One that anybody has already
// violates passkey_is_known_once.
func (t *Tx) AddPasskey(name string, publicKey, credentialID []byte, credential json.RawMessage) error {
	return t.addFactor("person.factor_added", NewID(), Passkey, name, publicKey, credentialID, credential)
}

func (t *Tx) addFactor(action string, id ID, kind, name string, key, credentialID []byte, credential json.RawMessage) error {
	var kept any
	if credential != nil {
		kept = string(credential)
	}
	hash, err := row[string](t.Query, sqlInsertFactor, id, t.actor.Person, kind, name, key, credentialID, kept, kind == Passkey)
	if err != nil {
		return err
	}
	return t.Audit(action, About("person", t.actor.Person), factorLeaf{id, kind, name, hash})
}

var (
	sqlDropOldApp = statement(`DELETE FROM factors WHERE person_id = $1 AND kind = 'totp' AND confirmed_at IS NOT NULL RETURNING id`)
	sqlConfirmApp = statement(`
		UPDATE factors SET confirmed_at = now(), last_step = $3, used_at = now()
		WHERE id = $1 AND person_id = $2 AND confirmed_at IS NULL RETURNING name, encode(sha256(key), 'hex') AS hash`)
)

// ConfirmApp makes the app that the acting person is setting up their second
// factor, in place of the one before. step is that of the code they typed.
func (t *Tx) ConfirmApp(id ID, step int64) error {
	gone, err := rows[ID](t.Query, sqlDropOldApp, t.actor.Person)
	if err != nil {
		return err
	}
	for _, old := range gone {
		if err := t.auditRemoval(old, TOTP); err != nil {
			return err
		}
	}
	made, err := row[struct {
		Name string `db:"name"`
		Hash string `db:"hash"`
	}](t.Query, sqlConfirmApp, id, t.actor.Person, step)
	if err != nil {
		return err
	}
	return t.Audit("person.factor_added", About("person", t.actor.Person), factorLeaf{id, TOTP, made.Name, made.Hash})
}

var sqlUseApp = statement(`
	UPDATE factors SET last_step = $3, used_at = now() WHERE id = $1 AND person_id = $2 AND confirmed_at IS NOT NULL AND last_step < $3`)

// UseApp takes the code of a step, which no other and no earlier one may follow
// then: ErrUsedCode. The caller leaves the leaf of what it was used for.
func (t *Tx) UseApp(id ID, step int64) error {
	err := t.one(sqlUseApp, id, t.actor.Person, step)
	if errors.Is(err, ErrStale) {
		return ErrUsedCode
	}
	return err
}

var sqlUsePasskey = statement(`
	UPDATE factors SET credential = $3::jsonb, used_at = now() WHERE id = $1 AND person_id = $2 AND kind = 'passkey'`)

// UsePasskey keeps what a use changed about a passkey. The caller leaves the
// leaf of what it was used for.
func (t *Tx) UsePasskey(id ID, credential json.RawMessage) error {
	return t.one(sqlUsePasskey, id, t.actor.Person, string(credential))
}

var (
	sqlRemoveFactor = statement(`DELETE FROM factors WHERE id = $1 AND person_id = $2 RETURNING kind`)
	sqlCountFactors = statement(`SELECT count(*) FROM factors WHERE person_id = $1 AND confirmed_at IS NOT NULL`)
	sqlLockPerson   = statement(`SELECT pg_advisory_xact_lock(hashtextextended('factors ' || $1::text, 7221043))`)
)

// ErrLastFactor refuses to take away the last factor of somebody who needs one.
var ErrLastFactor = errors.New("the last second factor")

// RemoveFactor takes a factor away from the acting person; with the last one go
// their recovery codes, unless the last one must stay.
func (t *Tx) RemoveFactor(id ID, keepLast bool) error {
	if _, err := t.exec(sqlLockPerson, t.actor.Person); err != nil {
		return err
	}
	kind, err := row[string](t.Query, sqlRemoveFactor, id, t.actor.Person)
	if err != nil {
		return err
	}
	left, err := row[int](t.Query, sqlCountFactors, t.actor.Person)
	if err != nil {
		return err
	}
	if left == 0 && keepLast {
		return ErrLastFactor
	}
	if err := t.auditRemoval(id, kind); err != nil || left > 0 {
		return err
	}
	return t.replaceCodes(nil)
}

func (t *Tx) auditRemoval(id ID, kind string) error {
	return t.Audit("person.factor_removed", About("person", t.actor.Person), factorLeaf{Factor: id, Kind: kind})
}

var (
	sqlDropCodes   = statement(`DELETE FROM recovery_codes WHERE person_id = $1`)
	sqlInsertCodes = statement(`INSERT INTO recovery_codes (person_id, hash) SELECT $1, h FROM unnest($2::bytea[]) AS h`)
	sqlUseCode     = statement(`
		UPDATE recovery_codes SET used_at = now() WHERE person_id = $1 AND hash = $2 AND used_at IS NULL`)
	sqlCodesHash = statement(`
		SELECT ` + codesHash + ` FROM recovery_codes WHERE person_id = $1 AND used_at IS NULL`)
)

// codesHash is SQL for what tells one set of unused codes from another.
const codesHash = `coalesce(encode(sha256(string_agg(hash, ''::bytea ORDER BY hash)), 'hex'), '')`

type codesLeaf struct {
	Left int    `json:"left"`
	Hash string `json:"left_sha256,omitempty"`
}

// ReplaceRecoveryCodes keeps the hashes of new codes for the acting person; the
// codes before are worthless from then on.
func (t *Tx) ReplaceRecoveryCodes(hashes [][]byte) error { return t.replaceCodes(hashes) }

func (t *Tx) replaceCodes(hashes [][]byte) error {
	n, err := t.exec(sqlDropCodes, t.actor.Person)
	if err != nil || n == 0 && len(hashes) == 0 {
		return err
	}
	if _, err := t.exec(sqlInsertCodes, t.actor.Person, pq.Array(hashes)); err != nil {
		return err
	}
	return t.auditCodes("person.recovery_codes_made")
}

func (t *Tx) auditCodes(action string) error {
	left, err := t.RecoveryCodesLeft()
	if err != nil {
		return err
	}
	hash, err := row[string](t.Query, sqlCodesHash, t.actor.Person)
	if err != nil {
		return err
	}
	return t.Audit(action, About("person", t.actor.Person), codesLeaf{left, hash})
}

// UseRecoveryCode takes the acting person's unused code with this hash;
// ErrNotFound means that there is none.
func (t *Tx) UseRecoveryCode(hash []byte) error {
	err := t.one(sqlUseCode, t.actor.Person, hash)
	if errors.Is(err, ErrStale) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	return t.auditCodes("person.recovery_code_used")
}

// CodeRefused leaves a trace of a second factor that was not right. purpose is
// what it was shown for.
func (t *Tx) CodeRefused(purpose string) error {
	return t.Audit("person.code_refused", About("person", t.actor.Person), map[string]any{"purpose": purpose})
}

var sqlDropFactors = statement(`DELETE FROM factors WHERE person_id = $1 RETURNING id`)

// DropFactors takes all second factors and recovery codes of the acting person,
// forgets their browsers and ends their sessions: the way back for whoever has
// lost everything, which two administrators agreed on.
func (t *Tx) DropFactors() error {
	taken, err := rows[ID](t.Query, sqlDropFactors, t.actor.Person)
	if err != nil {
		return err
	}
	if _, err := t.exec(sqlDropCodes, t.actor.Person); err != nil {
		return err
	}
	if err := t.EndOtherSessions(t.actor.Person, nil); err != nil {
		return err
	}
	if _, err := t.exec(sqlForgetDevices, t.actor.Person); err != nil {
		return err
	}
	return t.Audit("person.factors_reset", About("person", t.actor.Person), map[string]any{"factors": append([]ID{}, taken...)})
}

var sqlForgetDevices = statement(`DELETE FROM devices WHERE person_id = $1`)
