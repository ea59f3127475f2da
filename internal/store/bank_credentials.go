package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Where credentials stand with the bank.
const (
	TrialWaiting  = "waiting"
	TrialTrying   = "trying"
	TrialAccepted = "accepted"
	TrialRefused  = "refused"
	TrialUnclear  = "unclear" // no answer, or none that says yes or no
)

// What becomes of a setting that one administrator proposed.
const (
	SettingConfirmed = "confirmed"
	SettingDeclined  = "declined"
	SettingWithdrawn = "withdrawn"
)

// The rules that refuse a setting, by the names under which the schema does.
const (
	SettingNotAdmin         = "setting_is_proposed_first"
	SettingDecided          = "setting_is_decided_once"
	CredentialsOwnDecision  = "credentials_are_decided_by_another"
	CredentialsUnproven     = "credentials_are_proven"
	CredentialsWait         = "one_open_change_of_credentials"
	CredentialsNotTriable   = "credentials_are_tried_by_the_worker"
	CallbackSecretOwn       = "callback_secret_is_decided_by_another"
	CallbackSecretWaits     = "one_open_callback_secret"
	CallbackSecretNotEnding = "callback_secret_stays_as_proposed"
)

// BankCredentials are who a merchant is at the bank, as far as they may be
// shown: of every secret the last letters, and of most not even those.
type BankCredentials struct {
	ID             ID            `db:"id"`
	MerchantID     ID            `db:"merchant_id"`
	ClientID       string        `db:"client_id"`
	TokenAuth      string        `db:"token_auth"`
	Scope          string        `db:"scope"`
	SecretEnds     string        `db:"secret_ends"`
	SignatureEnds  string        `db:"signature_ends"` // empty: the client secret signs
	APIKeyEnds     string        `db:"api_key_ends"`   // empty: none
	Certificate    string        `db:"certificate"`    // to whom it was issued; empty: none
	CertificateEnd *time.Time    `db:"certificate_ends_at"`
	Note           string        `db:"note"`
	ProposedBy     ID            `db:"proposed_by"`
	ProposedName   string        `db:"proposed_name"`
	ProposedAt     time.Time     `db:"proposed_at"`
	Trial          string        `db:"trial"`
	TriedAt        *time.Time    `db:"tried_at"`
	TrialCode      string        `db:"trial_code"`
	TrialMessage   string        `db:"trial_message"`
	Decision       *string       `db:"decision"`
	DecidedBy      uuid.NullUUID `db:"decided_by"`
	DecidedName    *string       `db:"decided_name"`
	DecidedAt      *time.Time    `db:"decided_at"`
}

// Open reports whether they wait for somebody's decision.
func (c BankCredentials) Open() bool { return c.Decision == nil }

// BankSecrets are what opens the bank. Only a worker reads them.
type BankSecrets struct {
	ClientSecret string `json:"client_secret"`
	SignatureKey string `json:"signature_key,omitempty"`
	APIKey       string `json:"api_key,omitempty"`
	Certificate  string `json:"certificate,omitempty"` // PEM, with its key
	ClientKey    string `json:"client_key,omitempty"`
}

// Format keeps secrets out of logs and messages, whatever the verb.
func (BankSecrets) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("***")) }

// secretEnds is what may be shown of a secret: the last four letters of one
// that is long enough not to be guessed from them.
func secretEnds(secret string) string {
	if len(secret) < 16 {
		return ""
	}
	return secret[len(secret)-4:]
}

const credentialsColumns = `c.id, c.merchant_id, c.client_id, c.token_auth, c.scope, c.secret_ends, c.signature_ends, c.api_key_ends, c.certificate,
	c.certificate_ends_at, c.note, c.proposed_by, a.name AS proposed_name, c.proposed_at, c.trial, c.tried_at, c.trial_code, c.trial_message,
	c.decision, c.decided_by, b.name AS decided_name, c.decided_at
	FROM bank_credentials c JOIN people a ON a.id = c.proposed_by LEFT JOIN people b ON b.id = c.decided_by`

var (
	sqlInsertCredentials = statement(`
		INSERT INTO bank_credentials (id, merchant_id, client_id, token_auth, scope, secrets_sealed, secret_ends, signature_ends, api_key_ends, certificate, certificate_ends_at, note, proposed_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`)
	sqlCredentials        = statement(`SELECT ` + credentialsColumns + ` WHERE c.merchant_id = $1 ORDER BY c.proposed_at DESC, c.id DESC LIMIT $2`)
	sqlOneOfCredentials   = statement(`SELECT ` + credentialsColumns + ` WHERE c.merchant_id = $1 AND c.id = $2`)
	sqlCredentialsInForce = statement(`SELECT ` + credentialsColumns + ` WHERE c.merchant_id = $1 AND c.decision = 'confirmed' ORDER BY c.decided_at DESC LIMIT 1`)
	sqlDecideCredentials  = statement(`UPDATE bank_credentials SET decision = $3, decided_by = $4 WHERE merchant_id = $1 AND id = $2 AND decision IS NULL`)
	sqlRetryCredentials   = statement(`UPDATE bank_credentials SET trial = 'waiting' WHERE merchant_id = $1 AND id = $2 AND decision IS NULL AND trial IN ('refused', 'unclear')`)
)

// NewCredentials are credentials about to be proposed.
type NewCredentials struct {
	ClientID       string
	TokenAuth      string
	Scope          string
	Certificate    string // to whom the one in Secrets was issued
	CertificateEnd *time.Time
	Note           string
	Secrets        BankSecrets
}

func credentialsPlace(merchant, id ID) place {
	return place{"bank_credentials", "secrets", id.String(), merchant}
}

// ProposeCredentials has the acting administrator propose who the merchant is
// at the bank. A worker tries them; another administrator puts them in force.
func (t *Tx) ProposeCredentials(n NewCredentials) (ID, error) {
	plain, err := json.Marshal(n.Secrets) //nolint:gosec // G117: it is sealed in the next step
	if err != nil {
		return NoID, fmt.Errorf("writing secrets: %w", err)
	}
	id, of := NewID(), n.Secrets
	sealed, err := t.sealed(credentialsPlace(t.actor.Merchant, id), plain)
	if err != nil {
		return NoID, err
	}
	_, err = t.exec(sqlInsertCredentials, id, t.actor.Merchant, n.ClientID, n.TokenAuth, n.Scope, sealed, secretEnds(of.ClientSecret),
		secretEnds(of.SignatureKey), secretEnds(of.APIKey), n.Certificate, n.CertificateEnd, n.Note, t.actor.Person)
	if err != nil {
		return NoID, fmt.Errorf("proposing credentials: %w", err)
	}
	return id, t.Audit("bank_credentials.proposed", About("bank_credentials", id), map[string]any{
		"client_id": n.ClientID, "token_auth": n.TokenAuth, "scope": n.Scope, "secret_ends": secretEnds(of.ClientSecret),
		"signature_ends": secretEnds(of.SignatureKey), "api_key_ends": secretEnds(of.APIKey), "certificate": n.Certificate, "note": n.Note,
	})
}

// BankCredentials lists what was ever proposed, the newest first.
func (q *Query) BankCredentials(limit int) ([]BankCredentials, error) {
	return rows[BankCredentials](q, sqlCredentials, q.actor.Merchant, limit)
}

// BankCredentialsNamed returns one proposal.
func (q *Query) BankCredentialsNamed(id ID) (BankCredentials, error) {
	return row[BankCredentials](q, sqlOneOfCredentials, q.actor.Merchant, id)
}

// BankStanding is what is known here of a merchant's credentials at the bank.
type BankStanding struct {
	OwnCredentials bool `db:"own_credentials"` // it has confirmed ones
	FirstMerchant  bool `db:"first_merchant"`  // it was the first of the installation
}

// bankStanding are the columns of it, of merchant $1, which acts.
const bankStanding = `EXISTS (SELECT FROM bank_credentials b WHERE b.merchant_id = $1 AND b.decision = 'confirmed') AS own_credentials,
	acts_for_first_merchant() AS first_merchant`

var sqlBankStanding = statement(`SELECT ` + bankStanding)

// BankStanding returns that of the acting merchant.
func (q *Query) BankStanding() (BankStanding, error) {
	return row[BankStanding](q, sqlBankStanding, q.actor.Merchant)
}

// CredentialsInForce are what the worker calls the bank with; ErrNotFound means
// that the merchant has set none.
func (q *Query) CredentialsInForce() (BankCredentials, error) {
	return row[BankCredentials](q, sqlCredentialsInForce, q.actor.Merchant)
}

// DecideCredentials records what the acting administrator says to a proposal.
// Those that are confirmed are in force within seconds.
func (t *Tx) DecideCredentials(c BankCredentials, decision string) error {
	if err := t.one(sqlDecideCredentials, t.actor.Merchant, c.ID, decision, t.actor.Person); err != nil {
		return fmt.Errorf("deciding on credentials: %w", err)
	}
	return t.Audit("bank_credentials."+decision, About("bank_credentials", c.ID), map[string]any{"client_id": c.ClientID})
}

// RetryCredentials has those that were refused, or got no clear answer, tried
// once more.
func (t *Tx) RetryCredentials(c BankCredentials) error {
	if err := t.one(sqlRetryCredentials, t.actor.Merchant, c.ID); err != nil {
		return fmt.Errorf("trying credentials again: %w", err)
	}
	return t.Audit("bank_credentials.retried", About("bank_credentials", c.ID), map[string]any{"client_id": c.ClientID, "trial": TrialWaiting})
}

// BankAccess are credentials with what opens the bank.
type BankAccess struct {
	ID         ID     `db:"id"`
	MerchantID ID     `db:"merchant_id"`
	ClientID   string `db:"client_id"`
	TokenAuth  string `db:"token_auth"`
	Scope      string `db:"scope"`
	Sealed     []byte `db:"secrets_sealed"`
	Secrets    BankSecrets
}

const accessColumns = `id, merchant_id, client_id, token_auth, scope, secrets_sealed FROM bank_credentials`

var (
	sqlNextTrial = statement(`
		SELECT ` + accessColumns + ` WHERE decision IS NULL AND (trial = 'waiting' OR trial = 'trying' AND trial_deadline < now())
		ORDER BY proposed_at LIMIT 1 FOR UPDATE SKIP LOCKED`)
	sqlBeginTrial = statement(`UPDATE bank_credentials SET trial = 'trying', trial_deadline = now() + $2 * interval '1 second' WHERE id = $1`)
	sqlEndTrial   = statement(`
		UPDATE bank_credentials SET trial = $2, tried_at = now(), trial_deadline = NULL, trial_code = $3, trial_message = $4
		WHERE id = $1 AND trial = 'trying' AND decision IS NULL`)
	sqlBankAccess   = statement(`SELECT ` + accessColumns + ` WHERE merchant_id = $1 AND decision = 'confirmed' ORDER BY decided_at DESC LIMIT 1`)
	sqlAccessHolder = statement(`SELECT DISTINCT ON (merchant_id) merchant_id, id FROM bank_credentials WHERE decision = 'confirmed' ORDER BY merchant_id, decided_at DESC`)
)

func (q *Query) withSecrets(a BankAccess) (BankAccess, error) {
	plain, err := q.opened(credentialsPlace(a.MerchantID, a.ID), a.Sealed)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(plain, &a.Secrets); err != nil {
		return a, errors.New("the secrets of the bank could not be read") // the cause would print them
	}
	return a, nil
}

// NextTrial takes the credentials, of any merchant, that are to be tried.
// ErrNotFound means that none are. Only a worker may.
func (t *Tx) NextTrial(lease time.Duration) (BankAccess, error) {
	a, err := row[BankAccess](t.Query, sqlNextTrial)
	if err != nil {
		return a, err
	}
	if err := t.one(sqlBeginTrial, a.ID, lease.Seconds()); err != nil {
		return a, fmt.Errorf("beginning a trial: %w", err)
	}
	if err := t.For(a.MerchantID).Audit("bank_credentials.trying", About("bank_credentials", a.ID), map[string]any{"client_id": a.ClientID, "trial": TrialTrying}); err != nil {
		return a, err
	}
	return t.withSecrets(a)
}

// EndTrial records what the bank made of the acting merchant's credentials. It
// is ErrStale when they were withdrawn meanwhile.
func (t *Tx) EndTrial(a BankAccess, verdict, code, message string) error {
	if err := t.one(sqlEndTrial, a.ID, verdict, code, message); err != nil {
		return fmt.Errorf("ending a trial: %w", err)
	}
	return t.Audit("bank_credentials.tried", About("bank_credentials", a.ID), map[string]any{
		"client_id": a.ClientID, "trial": verdict, "code": code, "message": message,
	})
}

// BankAccess is what a worker calls the bank with for the acting merchant.
// ErrNotFound means that it has set none of its own.
func (q *Query) BankAccess() (BankAccess, error) {
	a, err := row[BankAccess](q, sqlBankAccess, q.actor.Merchant)
	if err != nil {
		return a, err
	}
	return q.withSecrets(a)
}

// AccessInForce names the credentials in force of every merchant that has any.
func (q *Query) AccessInForce() (map[ID]ID, error) {
	list, err := rows[struct {
		Merchant ID `db:"merchant_id"`
		ID       ID `db:"id"`
	}](q, sqlAccessHolder)
	held := make(map[ID]ID, len(list))
	for _, a := range list {
		held[a.Merchant] = a.ID
	}
	return held, err
}
