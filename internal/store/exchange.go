package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// sealedBodyLimit is up to which size the exact bytes of a body are kept. A
// larger one is a document upload, whose bytes stand in the files table; its
// masked form and its hash are kept here.
const sealedBodyLimit = 256 << 10

// Exchange is one request to the bank and what came of it.
type Exchange struct {
	ID            ID            `db:"id"`
	Operation     string        `db:"operation"`
	AttemptID     uuid.NullUUID `db:"attempt_id"`
	InstructionID uuid.NullUUID `db:"instruction_id"`
	InquiryID     uuid.NullUUID `db:"-"` // on the way in
	Method        string        `db:"method"`
	Path          string        `db:"path"`
	TransactionID string        `db:"transaction_id"`
	Headers       string        `db:"headers"`
	Masked        string        `db:"body_masked"`
	Hash          []byte        `db:"body_hash"`
	Size          int           `db:"body_size"`
	BeganAt       time.Time     `db:"began_at"`

	Outcome      *string    `db:"outcome"` // nil: no result was recorded
	Code         *string    `db:"code"`    // the bank's own, if it gave one
	HTTPStatus   *int       `db:"http_status"`
	AnswerHeader *string    `db:"answer_headers"`
	AnswerMasked *string    `db:"answer_masked"`
	AnswerHash   []byte     `db:"answer_hash"`
	Error        *string    `db:"error"`
	EndedAt      *time.Time `db:"ended_at"`

	// Plain bodies, to be sealed on the way in. Never filled by lists.
	Body   []byte `db:"-"`
	Answer []byte `db:"-"`
}

var (
	sqlInsertExchange = statement(`
		INSERT INTO exchanges (id, merchant_id, operation, attempt_id, instruction_id, method, path, transaction_id, headers,
			body_sealed, body_masked, body_hash, body_size, inquiry_id)
		VALUES ($1, $2, $3, $4, (SELECT instruction_id FROM attempts WHERE id = $4), $5, $6, $7, $8, $9, $10, $11, $12, $13)
		RETURNING instruction_id`)
	sqlInsertExchangeResult = statement(`
		INSERT INTO exchange_results (exchange_id, merchant_id, outcome, code, http_status, headers, body_sealed, body_masked, body_hash, error)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
)

// BeginExchange records a request that is about to be sent. A request of an
// attempt that has ended meanwhile is refused (attempt_is_open).
func (t *Tx) BeginExchange(x Exchange) error {
	sealed := t.store.sealBody(x.Body, "exchanges.body/"+x.ID.String())
	err := t.get(&x.InstructionID, sqlInsertExchange, x.ID, t.actor.Merchant, x.Operation, x.AttemptID, x.Method, x.Path, x.TransactionID,
		x.Headers, sealed, x.Masked, x.Hash, x.Size, x.InquiryID)
	if err != nil {
		return fmt.Errorf("recording a request: %w", err)
	}
	return t.Audit("exchange.began", About("exchange", x.ID), map[string]any{
		"operation": x.Operation, "attempt": x.AttemptID, "instruction": x.InstructionID, "method": x.Method, "path": x.Path,
		"transaction_id": x.TransactionID, "body_sha256": hex.EncodeToString(x.Hash), "body_size": x.Size,
		"headers_sha256": hashText(x.Headers), "masked_sha256": hashText(x.Masked),
	})
}

// EndExchange records what came back, at any time, however late. Recording it
// twice violates exchange_results_pkey.
func (t *Tx) EndExchange(x Exchange) error {
	began, err := t.Exchange(x.ID)
	if err != nil {
		return fmt.Errorf("recording an answer: %w", err)
	}
	sealed := t.store.sealBody(x.Answer, "exchange_results.body/"+x.ID.String())
	_, err = t.exec(sqlInsertExchangeResult, x.ID, t.actor.Merchant, x.Outcome, x.Code, x.HTTPStatus, x.AnswerHeader, sealed, x.AnswerMasked, x.AnswerHash, x.Error)
	if err != nil {
		return fmt.Errorf("recording an answer: %w", err)
	}
	return t.Audit("exchange.ended", About("exchange", x.ID), map[string]any{
		"operation": began.Operation, "attempt": began.AttemptID, "instruction": began.InstructionID,
		"outcome": x.Outcome, "http_status": x.HTTPStatus, "code": x.Code, "error": x.Error, "body_sha256": hex.EncodeToString(x.AnswerHash),
		"headers_sha256": hashText(*x.AnswerHeader), "masked_sha256": hashText(*x.AnswerMasked),
	})
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func (s *Store) sealBody(body []byte, place string) []byte {
	if s.seal == nil || len(body) == 0 || len(body) > sealedBodyLimit {
		return nil
	}
	return s.seal.close(body, place)
}

const exchangeColumns = `x.id, x.operation, x.attempt_id, x.instruction_id, x.method, x.path, x.transaction_id, x.headers, x.body_masked, x.body_hash,
	x.body_size, x.began_at, r.outcome, r.code, r.http_status, r.headers AS answer_headers, r.body_masked AS answer_masked, r.body_hash AS answer_hash,
	r.error, r.ended_at`

var (
	sqlExchangesOfLead = statement(`
		SELECT ` + exchangeColumns + ` FROM exchanges x JOIN instructions i ON i.id = x.instruction_id LEFT JOIN exchange_results r ON r.exchange_id = x.id
		WHERE x.merchant_id = $1 AND i.lead_id = $2 ORDER BY x.began_at`)
	sqlExchange = statement(`
		SELECT ` + exchangeColumns + ` FROM exchanges x LEFT JOIN exchange_results r ON r.exchange_id = x.id
		WHERE x.merchant_id = $1 AND x.id = $2`)
	sqlAnswer      = statement(`SELECT body_sealed FROM exchange_results WHERE merchant_id = $1 AND exchange_id = $2`)
	sqlRequestSent = statement(`SELECT body_sealed FROM exchanges WHERE merchant_id = $1 AND id = $2`)
)

// ExchangesOf returns the exchanges of a lead and its parts, oldest first.
func (q *Query) ExchangesOf(lead ID) ([]Exchange, error) {
	return rows[Exchange](q, sqlExchangesOfLead, q.actor.Merchant, lead)
}

// Exchange returns one exchange.
func (q *Query) Exchange(id ID) (Exchange, error) {
	return row[Exchange](q, sqlExchange, q.actor.Merchant, id)
}

// Answer opens the sealed answer of an exchange; nil when none was kept.
func (q *Query) Answer(exchange ID) ([]byte, error) {
	return q.unsealed(sqlAnswer, exchange, "exchange_results.body/")
}

// Sent opens the sealed request of an exchange; nil when none was kept.
func (q *Query) Sent(exchange ID) ([]byte, error) {
	return q.unsealed(sqlRequestSent, exchange, "exchanges.body/")
}

func (q *Query) unsealed(sql string, exchange ID, place string) ([]byte, error) {
	var sealed []byte
	if err := q.get(&sealed, sql, q.actor.Merchant, exchange); err != nil || sealed == nil {
		return nil, err
	}
	if q.store.seal == nil {
		return nil, errSealed
	}
	return q.store.seal.open(sealed, place+exchange.String())
}
