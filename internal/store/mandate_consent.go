package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

var (
	sqlInsertReturn = statement(`
		INSERT INTO consent_returns (nonce_hash, merchant_id, mandate_id, session_id, person_id, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`)
	sqlReturn = statement(`
		SELECT mandate_id, session_id, person_id, expires_at, used_at IS NOT NULL AS used FROM consent_returns WHERE merchant_id = $1 AND nonce_hash = $2 FOR UPDATE`)
	sqlUseReturn   = statement(`UPDATE consent_returns SET used_at = now(), code_sealed = $3 WHERE merchant_id = $1 AND nonce_hash = $2 AND used_at IS NULL`)
	sqlConsentCode = statement(`
		SELECT nonce_hash, merchant_id, code_sealed FROM consent_returns WHERE mandate_id = $1 AND code_sealed IS NOT NULL ORDER BY used_at DESC LIMIT 1`)
	sqlForgetCodes = statement(`UPDATE consent_returns SET code_sealed = NULL WHERE mandate_id = $1 AND code_sealed IS NOT NULL`)
)

// Why somebody who comes back from the bank's consent page is not let on.
var (
	ErrReturnUnknown = errors.New("nobody was sent to the bank's page with this state")
	ErrReturnUsed    = errors.New("this way back from the bank's page was used before")
	ErrReturnLate    = errors.New("this way back from the bank's page has run out")
	ErrReturnForeign = errors.New("somebody else was sent to the bank's page with this state")
)

// ConsentReturn is the way back from the bank's consent page.
type ConsentReturn struct {
	Mandate ID        `db:"mandate_id"`
	Session ID        `db:"session_id"`
	Person  ID        `db:"person_id"`
	Expires time.Time `db:"expires_at"`
	Used    bool      `db:"used"`
}

// GoToConsent keeps the way back of somebody who goes to the bank's page: the
// nonce serves once, in this very session, until the given time. Only its hash
// is kept.
func (t *Tx) GoToConsent(mandate, session ID, nonce string, until time.Time) error {
	hash := sha256.Sum256([]byte(nonce))
	if _, err := t.exec(sqlInsertReturn, hash[:], t.actor.Merchant, mandate, session, t.actor.Person, until); err != nil {
		return fmt.Errorf("going to the bank's consent page: %w", err)
	}
	return t.Audit("mandate.sent_to_bank", About("mandate", mandate), map[string]any{"until": until.UTC()})
}

// ComeBack uses a way back, and keeps sealed what the bank handed over, which
// is empty where the payer said no. It says which registration it was.
func (t *Tx) ComeBack(nonce, code string, session ID) (mandate ID, err error) {
	hash := sha256.Sum256([]byte(nonce))
	back, err := row[ConsentReturn](t.Query, sqlReturn, t.actor.Merchant, hash[:])
	switch {
	case errors.Is(err, ErrNotFound):
		return NoID, ErrReturnUnknown
	case err != nil:
		return NoID, err
	case back.Session != session || back.Person != t.actor.Person:
		return NoID, ErrReturnForeign
	case back.Used:
		return back.Mandate, ErrReturnUsed
	case t.began.At.After(back.Expires):
		return back.Mandate, ErrReturnLate
	}
	var sealed []byte
	if code != "" {
		if sealed, err = t.sealed(consentPlace(hash[:], t.actor.Merchant), []byte(code)); err != nil {
			return NoID, err
		}
	}
	if err := t.one(sqlUseReturn, t.actor.Merchant, hash[:], sealed); err != nil {
		return back.Mandate, fmt.Errorf("coming back from the bank's consent page: %w", err)
	}
	return back.Mandate, t.Audit("mandate.came_back", About("mandate", back.Mandate), map[string]any{"with_code": code != ""})
}

func consentPlace(hash []byte, merchant ID) place {
	return place{"consent_returns", "code", hex.EncodeToString(hash), merchant}
}

// ConsentCode opens what the bank handed over for a registration.
func (q *Query) ConsentCode(mandate ID) (string, error) {
	var kept struct {
		Hash     []byte `db:"nonce_hash"`
		Merchant ID     `db:"merchant_id"`
		Sealed   []byte `db:"code_sealed"`
	}
	if err := q.get(&kept, sqlConsentCode, mandate); err != nil {
		return "", err
	}
	code, err := q.opened(consentPlace(kept.Hash, kept.Merchant), kept.Sealed)
	return string(code), err
}

// ForgetConsentCode drops what the bank handed over, once it was exchanged.
func (t *Tx) ForgetConsentCode(mandate ID) error {
	_, err := t.exec(sqlForgetCodes, mandate)
	return err
}

var sqlMayGo = statement(`
	SELECT EXISTS (SELECT FROM consent_returns r WHERE r.merchant_id = $1 AND r.mandate_id = $2 AND r.session_id = $3 AND r.nonce_hash = $4
		AND r.used_at IS NULL AND r.expires_at > now())`)

// MayGoToConsent reports whether this session may go to the bank's page for a
// registration: it began it, and has not come back yet.
func (q *Query) MayGoToConsent(mandate, session ID, nonce string) (bool, error) {
	hash := sha256.Sum256([]byte(nonce))
	return row[bool](q, sqlMayGo, q.actor.Merchant, mandate, session, hash[:])
}

// ConsentEvidence is the bank's word that a payer's consent stands on.
type ConsentEvidence struct {
	Operation string `db:"operation"` // that was asked with; empty for a callback
	Hash      []byte `db:"hash"`      // of the very bytes
}

var sqlConsentEvidence = statement(`
	SELECT q.operation, r.body_hash AS hash FROM inquiries q JOIN exchanges x ON x.inquiry_id = q.id JOIN exchange_results r ON r.exchange_id = x.id
	WHERE q.merchant_id = $1 AND q.id = $2
	UNION ALL
	SELECT '' AS operation, c.body_hash AS hash FROM callbacks c WHERE c.merchant_id = $1 AND c.id = $3
	LIMIT 1`)

// ConsentEvidence returns the word that a mandate's consent stands on; a
// mandate without a consent has none, which is no error.
func (q *Query) ConsentEvidence(m Mandate) (ConsentEvidence, error) {
	e, err := row[ConsentEvidence](q, sqlConsentEvidence, q.actor.Merchant, m.ConsentInquiry, m.ConsentCallback)
	if errors.Is(err, ErrNotFound) {
		return ConsentEvidence{}, nil
	}
	return e, err
}
