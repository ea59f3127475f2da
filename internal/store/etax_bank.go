package store

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// EtaxSource is where the bank's word on a tax document comes from: a callback
// or the answer to an inquiry, one of the two.
type EtaxSource struct {
	Callback ID
	Inquiry  ID
}

// EtaxEvent is a step of a document.
type EtaxEvent struct {
	Status     string        `db:"status"` // the bank's
	Remark     string        `db:"remark"`
	SaidAt     time.Time     `db:"said_at"`
	CallbackID uuid.NullUUID `db:"callback_id"`
	InquiryID  uuid.NullUUID `db:"inquiry_id"`
	LearnedAt  time.Time     `db:"learned_at"`
}

// EtaxFile is a file that the bank made.
type EtaxFile struct {
	Format    string    `db:"format"`
	FileID    ID        `db:"file_id"`
	Name      string    `db:"name"`
	MediaType string    `db:"media_type"`
	Size      int       `db:"size"`
	SHA256    []byte    `db:"sha256"`
	GotAt     time.Time `db:"got_at"`
}

var (
	sqlInsertEtaxEvent = statement(`
		INSERT INTO etax_events (document_id, merchant_id, status, remark, said_at, callback_id, inquiry_id) VALUES ($1, $2, $3, $4, $5, $6, $7)`)
	sqlInsertEtaxFile = statement(`
		INSERT INTO etax_files (document_id, merchant_id, format, file_id, callback_id, inquiry_id) VALUES ($1, $2, $3, $4, $5, $6)`)
	sqlEtaxEvents = statement(`
		SELECT status, remark, said_at, callback_id, inquiry_id, learned_at FROM etax_events WHERE merchant_id = $1 AND document_id = $2
		ORDER BY learned_at, said_at, status`)
	sqlEtaxFiles = statement(`
		SELECT e.format, e.file_id, f.name, f.media_type, f.size, f.sha256, e.got_at FROM etax_files e JOIN files f ON f.id = e.file_id
		WHERE e.merchant_id = $1 AND e.document_id = $2 ORDER BY e.format`)
	sqlEtaxAtBank = statement(`
		SELECT d.id, d.merchant_id, m.tax_id FROM etax_documents d JOIN merchants m ON m.id = d.merchant_id
		WHERE d.bank_reference = $1 AND d.bank_reference <> '' ORDER BY d.id LIMIT 10`)
	sqlEtaxOnTheWire = statement(`SELECT EXISTS (SELECT FROM instructions WHERE state = 'sending' AND operation = 'etax.generate')`)
	sqlEtaxCallbacks = statement(`
		SELECT ` + callbackColumns + callbackOfBill + ` WHERE c.merchant_id = $1 AND c.etax_id = $2 ORDER BY c.received_at LIMIT 200`)
	sqlEtaxToldBefore = statement(`
		SELECT EXISTS (SELECT FROM callbacks c WHERE c.etax_id = $1 AND c.id <> $2 AND c.state IN ('processed', 'ignored')
			AND (c.event_key = $3 OR c.body_hash = $4))`)
)

// EtaxStep records a step of a document, which moves it.
func (t *Tx) EtaxStep(id ID, e EtaxEvent, from EtaxSource) error {
	_, err := t.exec(sqlInsertEtaxEvent, id, t.actor.Merchant, e.Status, e.Remark, e.SaidAt, nullable(from.Callback), nullable(from.Inquiry))
	if err != nil {
		return fmt.Errorf("recording a step of a tax document: %w", err)
	}
	return t.Audit("etax.progressed", About("etax", id), map[string]any{
		"status": e.Status, "remark": e.Remark, "said_at": e.SaidAt.UTC(), "callback": nullable(from.Callback), "inquiry": nullable(from.Inquiry),
	})
}

// KeepEtaxFile stores a file that the bank made. Its hash was checked by
// whoever read it.
func (t *Tx) KeepEtaxFile(id ID, format string, f File, content []byte, from EtaxSource) error {
	w := t.NewFile()
	if _, err := w.Write(content); err != nil {
		return err
	}
	f, err := w.Finish(f)
	if err != nil {
		return err
	}
	if _, err := t.exec(sqlInsertEtaxFile, id, t.actor.Merchant, format, f.ID, nullable(from.Callback), nullable(from.Inquiry)); err != nil {
		return fmt.Errorf("keeping a file of a tax document: %w", err)
	}
	return t.Audit("etax.file_received", About("etax", id), map[string]any{
		"format": format, "file": f.ID, "name": f.Name, "size": f.Size, "sha256": hex.EncodeToString(f.SHA256),
		"callback": nullable(from.Callback), "inquiry": nullable(from.Inquiry),
	})
}

// EtaxEvents are the steps of a document, in the order in which they were heard of.
func (q *Query) EtaxEvents(id ID) ([]EtaxEvent, error) {
	return rows[EtaxEvent](q, sqlEtaxEvents, q.actor.Merchant, id)
}

// EtaxFiles are the files of a document.
func (q *Query) EtaxFiles(id ID) ([]EtaxFile, error) {
	return rows[EtaxFile](q, sqlEtaxFiles, q.actor.Merchant, id)
}

// EtaxAtBank finds the documents, of any merchant, that the bank calls so.
func (q *Query) EtaxAtBank(reference string) ([]Found, error) {
	return rows[Found](q, sqlEtaxAtBank, reference)
}

// EtaxOnTheWire reports whether the answer to any document's request is still
// awaited.
func (q *Query) EtaxOnTheWire() (bool, error) { return row[bool](q, sqlEtaxOnTheWire) }

// EtaxCallbacks returns what the bank told of a document, the oldest first.
func (q *Query) EtaxCallbacks(id ID) ([]Callback, error) {
	return rows[Callback](q, sqlEtaxCallbacks, q.actor.Merchant, id)
}

// EtaxToldBefore reports whether the bank has already told of this event, or
// sent these bytes, about the document.
func (t *Tx) EtaxToldBefore(id ID, c Callback, eventKey string) (bool, error) {
	return row[bool](t.Query, sqlEtaxToldBefore, id, c.ID, eventKey, c.Hash)
}

// Reissue is a request to hand a document out again, with what the bank
// answered as far as a screen may show it.
type Reissue struct {
	Instruction
	Answer *string `db:"answer_masked"`
}

var sqlReissues = statement(`
	SELECT ` + instructionColumns + `, r.body_masked AS answer_masked
	FROM instructions i JOIN people m ON m.id = i.maker_id
		LEFT JOIN LATERAL (SELECT r.body_masked FROM exchanges x JOIN exchange_results r ON r.exchange_id = x.id
			WHERE x.instruction_id = i.id AND r.outcome = 'done' ORDER BY x.began_at DESC LIMIT 1) r ON true
	WHERE i.merchant_id = $1 AND i.subject = $2 AND i.operation = 'etax.reissue' ORDER BY i.submitted_at DESC LIMIT 50`)

// Reissues lists the requests to hand a document out again, the newest first.
func (q *Query) Reissues(id ID) ([]Reissue, error) {
	return rows[Reissue](q, sqlReissues, q.actor.Merchant, About("etax", id))
}
