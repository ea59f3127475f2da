package store

import (
	"encoding/json"
	"time"
)

// The kinds of second factors. Recovery is what a recovery code is called in
// the trail, and Password what people prove themselves by who have no factor.
const (
	TOTP     = "totp"
	Passkey  = "passkey"
	Recovery = "recovery"
	Password = "password"
	SSO      = "sso"
)

// Factor is an authenticator app or a passkey of a person.
type Factor struct {
	ID          ID         `db:"id"`
	Kind        string     `db:"kind"`
	Name        string     `db:"name"`
	CreatedAt   time.Time  `db:"created_at"`
	ConfirmedAt *time.Time `db:"confirmed_at"`
	UsedAt      *time.Time `db:"used_at"`
}

var (
	sqlFactors = statement(`
		SELECT id, kind, name, created_at, confirmed_at, used_at FROM factors
		WHERE person_id = $1 AND confirmed_at IS NOT NULL ORDER BY confirmed_at, id LIMIT 50`)
	sqlCodesLeft = statement(`
		SELECT count(*) FROM recovery_codes WHERE person_id = $1 AND used_at IS NULL`)
)

// Factors are those of the acting person that count.
func (q *Query) Factors() ([]Factor, error) { return rows[Factor](q, sqlFactors, q.actor.Person) }

// RecoveryCodesLeft counts the acting person's recovery codes that are unused.
func (q *Query) RecoveryCodesLeft() (int, error) { return row[int](q, sqlCodesLeft, q.actor.Person) }

// App is an authenticator app with what its codes are made of.
type App struct {
	ID       ID
	Secret   []byte
	LastStep int64
}

var sqlApp = statement(`
	SELECT id, key, last_step FROM factors
	WHERE person_id = $1 AND kind = 'totp' AND (confirmed_at IS NOT NULL) = $2`)

// App returns the acting person's authenticator app: the one that counts, or
// the one that is being set up. ErrNotFound means that there is none.
func (q *Query) App(confirmed bool) (App, error) {
	found, err := row[struct {
		ID       ID     `db:"id"`
		Key      []byte `db:"key"`
		LastStep int64  `db:"last_step"`
	}](q, sqlApp, q.actor.Person, confirmed)
	if err != nil {
		return App{}, err
	}
	secret, err := q.opened(factorPlace(found.ID, q.actor.Person), found.Key)
	return App{found.ID, secret, found.LastStep}, err
}

func factorPlace(id, person ID) place { return place{"factors", "key", id.String(), person} }

// Passkeys are what the library keeps of each passkey of the acting person.
func (q *Query) Passkeys() ([]PasskeyCredential, error) {
	return rows[PasskeyCredential](q, sqlPasskeys, q.actor.Person)
}

// PasskeyCredential is a passkey as its library sees it.
type PasskeyCredential struct {
	ID         ID              `db:"id"`
	Credential json.RawMessage `db:"credential"`
}

var sqlPasskeys = statement(`
	SELECT id, credential FROM factors WHERE person_id = $1 AND kind = 'passkey' AND confirmed_at IS NOT NULL ORDER BY created_at, id LIMIT 50`)

// ColleagueFactor is what an administrator may know of a colleague's factor.
type ColleagueFactor struct {
	Kind        string     `db:"kind"`
	ConfirmedAt time.Time  `db:"confirmed_at"`
	UsedAt      *time.Time `db:"used_at"`
}

var sqlColleagueFactors = statement(`SELECT kind, confirmed_at, used_at FROM factors_of($1)`)

// FactorsOf are those of somebody at the acting merchant; only an administrator
// sees any.
func (q *Query) FactorsOf(person ID) ([]ColleagueFactor, error) {
	return rows[ColleagueFactor](q, sqlColleagueFactors, person)
}
