package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
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
	sqlInsertExchanges = statement(`
		INSERT INTO exchanges (id, merchant_id, operation, attempt_id, instruction_id, method, path, transaction_id, headers,
			body_sealed, body_masked, body_hash, body_size, inquiry_id)
		SELECT x.id, $1, x.operation, x.attempt, (SELECT a.instruction_id FROM attempts a WHERE a.id = x.attempt), x.method, x.path, x.transaction_id, x.headers,
			x.sealed, x.masked, x.hash, x.size, x.inquiry
		FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::text[], $11::bytea[], $12::integer[], $13::uuid[])
			AS x (id, operation, attempt, method, path, transaction_id, headers, sealed, masked, hash, size, inquiry)
		RETURNING id, instruction_id`)
	sqlInsertExchangeResults = statement(`
		INSERT INTO exchange_results (exchange_id, merchant_id, outcome, code, http_status, headers, body_sealed, body_masked, body_hash, error)
		SELECT r.id, $1, r.outcome, r.code, r.http_status, r.headers, r.sealed, r.masked, r.hash, r.error
		FROM unnest($2::uuid[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::bytea[], $8::text[], $9::bytea[], $10::text[])
			AS r (id, outcome, code, http_status, headers, sealed, masked, hash, error)`)
	sqlExchangesBegun = statement(`SELECT id, operation, attempt_id, instruction_id FROM exchanges WHERE merchant_id = $1 AND id = ANY ($2::uuid[])`)
)

// BeginExchanges records requests that are about to be sent. One of an attempt
// that has ended meanwhile is refused (attempt_is_open), and all with it.
func (t *Tx) BeginExchanges(list ...Exchange) error {
	if len(list) == 0 {
		return nil
	}
	var ids, operations, methods, paths, named, headers, masked []string
	var attempts, inquiries []uuid.NullUUID
	var sealed, hashes [][]byte
	var sizes []int64
	for _, x := range list {
		ids, operations, attempts = append(ids, x.ID.String()), append(operations, x.Operation), append(attempts, x.AttemptID)
		methods, paths, named = append(methods, x.Method), append(paths, x.Path), append(named, x.TransactionID)
		headers, masked, hashes = append(headers, x.Headers), append(masked, x.Masked), append(hashes, x.Hash)
		body, err := t.sealedBody("exchanges", x.ID, x.Body)
		if err != nil {
			return err
		}
		sealed = append(sealed, body)
		sizes, inquiries = append(sizes, int64(x.Size)), append(inquiries, x.InquiryID)
	}
	begun, err := rows[Exchange](t.Query, sqlInsertExchanges, t.actor.Merchant, pq.Array(ids), pq.Array(operations), pq.Array(attempts), pq.Array(methods),
		pq.Array(paths), pq.Array(named), pq.Array(headers), pq.ByteaArray(sealed), pq.Array(masked), pq.ByteaArray(hashes), pq.Array(sizes), pq.Array(inquiries))
	if err != nil {
		return fmt.Errorf("recording %d requests: %w", len(list), err)
	}
	instructions := map[ID]uuid.NullUUID{}
	for _, b := range begun {
		instructions[b.ID] = b.InstructionID
	}
	for _, x := range list {
		err := t.Audit("exchange.began", About("exchange", x.ID), map[string]any{
			"operation": x.Operation, "attempt": x.AttemptID, "instruction": instructions[x.ID], "method": x.Method, "path": x.Path,
			"transaction_id": x.TransactionID, "body_sha256": hex.EncodeToString(x.Hash), "body_size": x.Size,
			"headers_sha256": hashText(x.Headers), "masked_sha256": hashText(x.Masked),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// EndExchanges records what came back, at any time, however late. Recording an
// answer twice violates exchange_results_pkey.
func (t *Tx) EndExchanges(list ...Exchange) error {
	if len(list) == 0 {
		return nil
	}
	var ids []string
	var outcomes, codes, headers, masked, faults []*string
	var statuses []*int
	var sealed, hashes [][]byte
	for _, x := range list {
		ids, outcomes, codes = append(ids, x.ID.String()), append(outcomes, x.Outcome), append(codes, x.Code)
		statuses, headers, masked = append(statuses, x.HTTPStatus), append(headers, x.AnswerHeader), append(masked, x.AnswerMasked)
		hashes, faults = append(hashes, x.AnswerHash), append(faults, x.Error)
		answer, err := t.sealedBody("exchange_results", x.ID, x.Answer)
		if err != nil {
			return err
		}
		sealed = append(sealed, answer)
	}
	found, err := rows[Exchange](t.Query, sqlExchangesBegun, t.actor.Merchant, pq.Array(ids))
	if err == nil && len(found) != len(list) {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("recording %d answers: %w", len(list), err)
	}
	_, err = t.exec(sqlInsertExchangeResults, t.actor.Merchant, pq.Array(ids), pq.Array(outcomes), pq.Array(codes), pq.Array(statuses), pq.Array(headers),
		pq.ByteaArray(sealed), pq.Array(masked), pq.ByteaArray(hashes), pq.Array(faults))
	if err != nil {
		return fmt.Errorf("recording %d answers: %w", len(list), err)
	}
	begun := map[ID]Exchange{}
	for _, b := range found {
		begun[b.ID] = b
	}
	for _, x := range list {
		b := begun[x.ID]
		err := t.Audit("exchange.ended", About("exchange", x.ID), map[string]any{
			"operation": b.Operation, "attempt": b.AttemptID, "instruction": b.InstructionID,
			"outcome": x.Outcome, "http_status": x.HTTPStatus, "code": x.Code, "error": x.Error, "body_sha256": hex.EncodeToString(x.AnswerHash),
			"headers_sha256": hashText(*x.AnswerHeader), "masked_sha256": hashText(*x.AnswerMasked),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func hashText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// sealedBody seals what was said, unless there is no key or it is no size to
// be kept.
func (t *Tx) sealedBody(table string, exchange ID, body []byte) ([]byte, error) {
	if t.store.seal == nil || len(body) == 0 || len(body) > sealedBodyLimit {
		return nil, nil
	}
	return t.sealed(bodyPlace(table, exchange, t.actor.Merchant), body)
}

func bodyPlace(table string, exchange, merchant ID) place {
	return place{table, "body", exchange.String(), merchant}
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
	sqlExchangesNamed = statement(`
		SELECT ` + exchangeColumns + ` FROM exchanges x LEFT JOIN exchange_results r ON r.exchange_id = x.id
		WHERE x.merchant_id = $1 AND x.id = ANY ($2::uuid[]) ORDER BY x.began_at, x.id`)
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

// ExchangesNamed returns those of these exchanges that there are, oldest first.
func (q *Query) ExchangesNamed(ids []ID) ([]Exchange, error) {
	return rows[Exchange](q, sqlExchangesNamed, q.actor.Merchant, pq.Array(ids))
}

// Answer opens the sealed answer of an exchange; nil when none was kept.
func (q *Query) Answer(exchange ID) ([]byte, error) {
	return q.unsealed(sqlAnswer, exchange, "exchange_results")
}

// Sent opens the sealed request of an exchange; nil when none was kept.
func (q *Query) Sent(exchange ID) ([]byte, error) {
	return q.unsealed(sqlRequestSent, exchange, "exchanges")
}

func (q *Query) unsealed(sql string, exchange ID, table string) ([]byte, error) {
	var sealed []byte
	if err := q.get(&sealed, sql, q.actor.Merchant, exchange); err != nil || sealed == nil {
		return nil, err
	}
	return q.opened(bodyPlace(table, exchange, q.actor.Merchant), sealed)
}
