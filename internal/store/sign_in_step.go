package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// SignInStep is what a browser is in the middle of before it is signed in: a
// password was right and the second factor is awaited, or the company's own
// sign-in was asked. Person is NoID while that is not known.
type SignInStep struct {
	Person ID
	Data   []byte
}

var (
	sqlSignInStep = statement(`
		SELECT s.person_id, s.data FROM sign_in_steps s LEFT JOIN people p ON p.id = s.person_id
		WHERE s.token_hash = $1 AND s.expires_at > now() AND p.disabled_at IS NULL`)
	sqlInsertStep = statement(`
		INSERT INTO sign_in_steps (token_hash, person_id, data, expires_at) VALUES ($1, $2, $3, now() + $4::bigint * interval '1 second')`)
	sqlSetStepData = statement(`
		UPDATE sign_in_steps SET data = $2 WHERE token_hash = $1 AND expires_at > now()`)
	sqlDeleteStep = statement(`
		DELETE FROM sign_in_steps WHERE token_hash = $1 AND expires_at > now()`)
	sqlDeleteOldSteps = statement(`
		DELETE FROM sign_in_steps WHERE expires_at < now()`)
)

// SignInStep returns what the holder of the token with this hash is in the
// middle of. ErrNotFound means nothing, or nothing any more.
func (s *Store) SignInStep(ctx context.Context, tokenHash []byte) (SignInStep, error) {
	var found struct {
		Person uuid.NullUUID `db:"person_id"`
		Data   []byte        `db:"data"`
	}
	if err := s.row(ctx, &found, sqlSignInStep, tokenHash); err != nil {
		return SignInStep{}, err
	}
	return SignInStep{found.Person.UUID, found.Data}, nil
}

// BeginStep keeps what a browser is in the middle of, and clears away what was
// left unfinished.
func (t *Tx) BeginStep(tokenHash []byte, s SignInStep, lasts time.Duration) error {
	if _, err := t.exec(sqlDeleteOldSteps); err != nil {
		return err
	}
	_, err := t.exec(sqlInsertStep, tokenHash, nullable(s.Person), s.Data, int64(lasts/time.Second))
	return err
}

// SetStepData replaces what a step remembers; ErrStale means that it is over.
func (t *Tx) SetStepData(tokenHash, data []byte) error { return t.one(sqlSetStepData, tokenHash, data) }

// FinishStep ends a step, once: ErrStale means that it has been.
func (t *Tx) FinishStep(tokenHash []byte) error { return t.one(sqlDeleteStep, tokenHash) }
