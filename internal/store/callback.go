package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The states of a callback.
const (
	CallbackReceived    = "received"    // kept, not read yet
	CallbackProcessed   = "processed"   // read, and something followed from it
	CallbackDuplicate   = "duplicate"   // told before
	CallbackIgnored     = "ignored"     // genuine, but no news
	CallbackQuarantined = "quarantined" // nothing follows from it until a person looks
)

// CallbackStates lists the states as the inbox offers them.
var CallbackStates = []string{CallbackQuarantined, CallbackReceived, CallbackProcessed, CallbackIgnored, CallbackDuplicate}

// What a buyer, or time, has decided about a bill; empty while nobody has.
const (
	BuyerAccepted = "accepted"
	BuyerDisputed = "disputed"
	BuyerExpired  = "expired"
	BuyerPaid     = "paid"
)

// BuyerDecisions lists them in the order in which they are offered.
var BuyerDecisions = []string{BuyerAccepted, BuyerDisputed, BuyerPaid, BuyerExpired}

// CallbackChannel is notified whenever a callback waits to be read.
const CallbackChannel = "callback"

// NewCallback is what arrived, before anybody has read it.
type NewCallback struct {
	Product string
	Address string
	Headers string // those its authenticity hangs on
	Body    []byte
	Refusal string // empty when the bank signed it
	// SignedFor is whose own secret it was signed with; nobody's, if it was that
	// of the installation.
	SignedFor ID
}

var sqlInsertCallback = statement(`
	INSERT INTO callbacks (id, product, address, headers, body_sealed, body_hash, body_size, refusal, signed_for) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)

// KeepCallback stores a callback unread, sealed. It violates
// callbacks_do_not_flood when this hour has seen enough that is not the bank's.
func (t *Tx) KeepCallback(c NewCallback) (ID, error) {
	id, hash := NewID(), sha256.Sum256(c.Body)
	sealed, err := t.sealed(callbackPlace(id), c.Body)
	if err != nil {
		return NoID, err
	}
	if _, err := t.exec(sqlInsertCallback, id, c.Product, c.Address, c.Headers, sealed, hash[:], len(c.Body), c.Refusal, nullable(c.SignedFor)); err != nil {
		return NoID, fmt.Errorf("keeping a callback: %w", err)
	}
	return id, t.Audit("callback.received", About("callback", id), map[string]any{
		"product": c.Product, "address": c.Address, "headers_sha256": hashText(c.Headers), "body_sha256": hex.EncodeToString(hash[:]),
		"body_size": len(c.Body), "refusal": c.Refusal, "signed_for": nullable(c.SignedFor),
	})
}

// callbackPlace belongs to nobody: whose a callback is, reading it tells.
func callbackPlace(id ID) place { return place{"callbacks", "body", id.String(), NoID} }

// Callback is one thing the bank told us, or somebody who says he is the bank.
type Callback struct {
	ID            ID            `db:"id"`
	MerchantID    uuid.NullUUID `db:"merchant_id"`
	Product       string        `db:"product"`
	ReceivedAt    time.Time     `db:"received_at"`
	Address       string        `db:"address"`
	Headers       string        `db:"headers"`
	Hash          []byte        `db:"body_hash"`
	Size          int           `db:"body_size"`
	Refusal       string        `db:"refusal"`
	SignedFor     uuid.NullUUID `db:"signed_for"`
	State         string        `db:"state"`
	StateSince    time.Time     `db:"state_since"`
	Reason        string        `db:"reason"`
	Tries         int           `db:"tries"`
	PresentmentID uuid.NullUUID `db:"presentment_id"`
	EtaxID        uuid.NullUUID `db:"etax_id"`
	Subject       Subject       `db:"subject"` // of anything else that it is about
	BankReference string        `db:"bank_reference"`
	Status        string        `db:"status"`
	SaidAt        *time.Time    `db:"said_at"`
	EventKey      string        `db:"event_key"`
	Masked        string        `db:"body_masked"`
	// Of the bill or the tax document that it is about.
	DocumentNumber *string `db:"document_number"`
	BuyerName      *string `db:"buyer_name"`
}

// Genuine reports whether the bank signed it.
func (c Callback) Genuine() bool { return c.Refusal == "" }

const callbackColumns = `c.id, c.merchant_id, c.product, c.received_at, c.address, c.headers, c.body_hash, c.body_size, c.refusal, c.signed_for, c.state, c.state_since,
	c.reason, c.tries, c.presentment_id, c.etax_id, c.subject, c.bank_reference, c.status, c.said_at, c.event_key, c.body_masked`

var (
	sqlNextCallback = statement(`
		SELECT ` + callbackColumns + ` FROM callbacks c WHERE c.state = 'received' AND c.not_before <= now()
		ORDER BY c.not_before, c.id LIMIT 1 FOR UPDATE SKIP LOCKED`)
	sqlCallbackBody = statement(`SELECT body_sealed FROM callbacks WHERE id = $1`)
	sqlReadCallback = statement(`
		UPDATE callbacks SET merchant_id = coalesce(merchant_id, $2), state = $3, reason = $4, presentment_id = $5,
			bank_reference = $6, status = $7, said_at = $8, event_key = $9, body_masked = $10, etax_id = $11, subject = $12
		WHERE id = $1 AND state = 'received'`)
	sqlPutOffCallback = statement(`
		UPDATE callbacks SET tries = tries + 1, reason = $2, not_before = now() + least(300, 2 * 2 ^ least(tries, 8)) * interval '1 second'
		WHERE id = $1 AND state = 'received'`)
	sqlToldBefore = statement(`
		SELECT EXISTS (SELECT FROM callbacks c WHERE c.presentment_id = $1 AND c.id <> $2 AND c.state IN ('processed', 'ignored')
			AND (c.event_key = $3 OR c.body_hash = $4))`)
	sqlSubjectToldBefore = statement(`
		SELECT EXISTS (SELECT FROM callbacks c WHERE c.subject = $1 AND c.id <> $2 AND c.state IN ('processed', 'ignored')
			AND (c.event_key = $3 OR c.body_hash = $4))`)
)

// NextCallback locks the callback, of any merchant or of none, whose turn it
// is. Only the worker may. ErrNotFound means that none waits.
func (t *Tx) NextCallback() (Callback, error) { return row[Callback](t.Query, sqlNextCallback) }

// CallbackBody opens the very bytes of a callback.
func (q *Query) CallbackBody(id ID) ([]byte, error) {
	sealed, err := row[[]byte](q, sqlCallbackBody, id)
	if err != nil {
		return nil, err
	}
	return q.opened(callbackPlace(id), sealed)
}

// CallbackReading is what reading a callback came to.
type CallbackReading struct {
	Merchant      ID
	State         string
	Reason        string // a short word; the screen has a sentence for it
	Presentment   ID     // or Etax, or Subject, or none of them
	Etax          ID
	Subject       Subject
	BankReference string
	Status        string
	SaidAt        *time.Time
	EventKey      string
	Masked        string
}

// ReadCallback records what a callback turned out to be. What follows from it
// is stored by the same transaction, after this.
func (t *Tx) ReadCallback(c Callback, r CallbackReading) error {
	err := t.one(sqlReadCallback, c.ID, nullable(r.Merchant), r.State, r.Reason, nullable(r.Presentment), r.BankReference, r.Status, r.SaidAt,
		r.EventKey, r.Masked, nullable(r.Etax), r.Subject)
	if err != nil {
		return fmt.Errorf("reading a callback: %w", err)
	}
	detail := map[string]any{
		"product": c.Product, "reason": r.Reason, "presentment": nullable(r.Presentment), "etax": nullable(r.Etax), "subject": r.Subject, "bank_reference": r.BankReference, "status": r.Status,
		"said_at": r.SaidAt, "event_key": r.EventKey, "masked_sha256": hashText(r.Masked), "refusal": c.Refusal,
	}
	return t.For(r.Merchant).Audit("callback."+r.State, About("callback", c.ID), detail)
}

// PutOffCallback lets a callback wait, longer each time, with the reason why.
func (t *Tx) PutOffCallback(c Callback, why string) error {
	if err := t.one(sqlPutOffCallback, c.ID, why); err != nil {
		return fmt.Errorf("putting off a callback: %w", err)
	}
	return t.For(c.MerchantID.UUID).Audit("callback.put_off", About("callback", c.ID), map[string]any{"why": why, "tries": c.Tries + 1})
}

// ToldBefore reports whether the bank has already told of this event, or sent
// these bytes, about the presentment.
func (t *Tx) ToldBefore(presentment ID, c Callback, eventKey string) (bool, error) {
	return row[bool](t.Query, sqlToldBefore, presentment, c.ID, eventKey, c.Hash)
}

// SubjectToldBefore is ToldBefore for whatever has a subject of its own.
func (t *Tx) SubjectToldBefore(about Subject, c Callback, eventKey string) (bool, error) {
	return row[bool](t.Query, sqlSubjectToldBefore, about, c.ID, eventKey, c.Hash)
}

// Found is whose a thing at the bank is.
type Found struct {
	ID         ID     `db:"id"`
	MerchantID ID     `db:"merchant_id"`
	TaxID      string `db:"tax_id"` // the merchant's
}

var (
	sqlPresentmentsAtBank = statement(`
		SELECT p.id, p.merchant_id, m.tax_id FROM presentments p JOIN merchants m ON m.id = p.merchant_id
		WHERE p.bank_reference = $1 AND p.bank_reference <> '' ORDER BY p.id LIMIT 10`)
	sqlInstructionTried = statement(`
		SELECT i.id, i.merchant_id, m.tax_id FROM attempts a JOIN instructions i ON i.id = a.instruction_id JOIN merchants m ON m.id = i.merchant_id
		WHERE a.id = $1`)
	sqlMerchantTaxed    = statement(`SELECT id FROM merchants WHERE tax_id = $1 ORDER BY id LIMIT 2`)
	sqlSoleMerchant     = statement(`SELECT id FROM merchants ORDER BY id LIMIT 2`)
	sqlEntriesOnTheWire = statement(`SELECT EXISTS (SELECT FROM instructions WHERE state = 'sending' AND operation = 'presentment.create')`)
)

// PresentmentsAtBank finds the bills, of any merchant, that the bank is said to
// call so. People can mistype a name, so there may be several.
func (q *Query) PresentmentsAtBank(reference string) ([]Found, error) {
	return rows[Found](q, sqlPresentmentsAtBank, reference)
}

// InstructionTried finds the instruction of any merchant that an attempt was made at.
func (q *Query) InstructionTried(attempt ID) (Found, error) {
	return row[Found](q, sqlInstructionTried, attempt)
}

// MerchantMeant is the merchant with the tax id or, when none is given, the
// only one there is; NoID when that does not decide it.
func (q *Query) MerchantMeant(taxID string) (ID, error) {
	var found []ID
	var err error
	if taxID != "" {
		found, err = rows[ID](q, sqlMerchantTaxed, taxID)
	} else {
		found, err = rows[ID](q, sqlSoleMerchant)
	}
	if err != nil || len(found) != 1 {
		return NoID, err
	}
	return found[0], nil
}

// EntriesOnTheWire reports whether the answer to any bill's entry is still
// awaited, so that the bank may know a name that we do not know yet.
func (q *Query) EntriesOnTheWire() (bool, error) { return row[bool](q, sqlEntriesOnTheWire) }

// Decision is what the bank says a buyer decided.
type Decision struct {
	Decision  string
	Remark    string
	DecidedAt time.Time
	Callback  ID
}

var sqlInsertDecision = statement(`
	INSERT INTO presentment_decisions (presentment_id, merchant_id, decision, remark, decided_at, callback_id) VALUES ($1, $2, $3, $4, $5, $6)`)

// Decide records what the buyer decided, as a callback that was processed in
// this transaction tells it.
func (t *Tx) Decide(presentment ID, d Decision) error {
	if _, err := t.exec(sqlInsertDecision, presentment, t.actor.Merchant, d.Decision, d.Remark, d.DecidedAt, d.Callback); err != nil {
		return fmt.Errorf("recording a buyer's decision: %w", err)
	}
	return t.Audit("presentment.decided", About("presentment", presentment), map[string]any{
		"decision": d.Decision, "remark": d.Remark, "decided_at": d.DecidedAt.UTC(), "callback": d.Callback,
	})
}

// callbackNote is the note of a settlement by the bank's own word.
const callbackNote = "the bank's signed callback"

// SettleByCallback records that the bank itself told, in a callback that was
// processed in this transaction, that an unknown instruction was done.
func (t *Tx) SettleByCallback(i Instruction, callback ID, bankReference string) error {
	return t.SettleByBank(i, Done, bankReference, callback, NoID)
}
