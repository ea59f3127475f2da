package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// The states of a request to pay. Until the bank has it, its state follows from
// what asks for it; from then on, from the bank's word.
const (
	RequestDraft        = "draft"
	RequestSubmitted    = "submitted"
	RequestApproved     = "approved"
	RequestSending      = "sending"
	RequestUnknown      = "unknown"
	RequestScheduled    = "scheduled" // the bank keeps it until its time
	RequestSent         = "sent"
	RequestAcknowledged = "acknowledged" // the receiver has taken note, or says that they will pay
	RequestPaid         = "paid"
	RequestDeclined     = "declined" // by the receiver
	RequestExpired      = "expired"
	RequestBlocked      = "blocked" // the receiver takes none from us
	RequestFailed       = "failed"  // the bank did not take it, or could not deliver it
	RequestDiscarded    = "discarded"
)

// RequestStates lists the states as the list offers them.
var RequestStates = []string{
	RequestDraft, RequestSubmitted, RequestApproved, RequestSending, RequestScheduled, RequestSent, RequestAcknowledged, RequestPaid,
	RequestDeclined, RequestExpired, RequestBlocked, RequestFailed, RequestUnknown, RequestDiscarded,
}

// PayRequest is a request to pay that goes out to somebody by PromptPay. Once
// the bank has it, nobody can take it back.
type PayRequest struct {
	ID            ID            `db:"id"`
	MerchantID    ID            `db:"merchant_id"`
	SenderID      ID            `db:"sender_id"`
	ReceiverKind  string        `db:"receiver_kind"`
	ReceiverValue string        `db:"receiver_value"`
	ReceiverName  string        `db:"receiver_name"`
	AmountSatang  int64         `db:"amount_satang"`
	Reference     string        `db:"reference"`
	Reference2    string        `db:"reference2"`
	Message       string        `db:"message"`
	InvoiceNumber string        `db:"invoice_number"`
	PresentmentID uuid.NullUUID `db:"presentment_id"`
	SendOn        *time.Time    `db:"send_on"` // nil: as soon as the bank has it
	SendAt        string        `db:"send_at"` // hour and minute of that day, or empty
	EndsOn        time.Time     `db:"ends_on"`
	RepeatReason  string        `db:"repeat_reason"`
	ResendOf      uuid.NullUUID `db:"resend_of"`
	ImportID      uuid.NullUUID `db:"import_id"`
	State         string        `db:"state"`
	StateSince    time.Time     `db:"state_since"`
	Version       int           `db:"version"`
	CreatedBy     ID            `db:"created_by"`
	CreatedByName string        `db:"created_by_name"`
	Editors       IDs           `db:"editors"`
	CreatedAt     time.Time     `db:"created_at"`
	InstructionID uuid.NullUUID `db:"instruction_id"`
	BankReference string        `db:"bank_reference"`
	BankStatus    string        `db:"bank_status"`
	BankSaidAt    *time.Time    `db:"bank_said_at"`
	FailureCode   string        `db:"failure_code"`
	FailureReason string        `db:"failure_reason"`
	PaymentRef    string        `db:"payment_reference"`
	PaidAt        *time.Time    `db:"paid_at"`
	Asks          int           `db:"asks"`
	AskAt         *time.Time    `db:"ask_at"`
	// Of the id that it goes out under.
	SenderKind   string `db:"sender_kind"`
	SenderValue  string `db:"sender_value"`
	SenderLabel  string `db:"sender_label"`
	SenderActive bool   `db:"sender_active"`
	// Of the bill that it names.
	BillNumber *string `db:"bill_number"`
	// When it was read.
	Today time.Time `db:"today"`
}

// Editable reports whether its content may still be changed.
func (r PayRequest) Editable() bool { return r.State == RequestDraft }

// Ended reports whether it came to nothing, so that it may be sent again.
func (r PayRequest) Ended() bool {
	switch r.State {
	case RequestDeclined, RequestExpired, RequestBlocked, RequestFailed:
		return true
	}
	return false
}

// AtBank reports whether the bank has it and its end is open.
func (r PayRequest) AtBank() bool {
	return r.State == RequestScheduled || r.State == RequestSent || r.State == RequestAcknowledged
}

const requestColumns = `d.id, d.merchant_id, d.sender_id, d.receiver_kind, d.receiver_value, d.receiver_name, d.amount_satang, d.reference, d.reference2, d.message,
	d.invoice_number, d.presentment_id, d.send_on, d.send_at, d.ends_on, d.repeat_reason, d.resend_of, d.import_id, d.state, d.state_since, d.version, d.created_by,
	d.editors, d.created_at, d.instruction_id, d.bank_reference, d.bank_status, d.bank_said_at, d.failure_code, d.failure_reason, d.payment_reference, d.paid_at,
	d.asks, d.ask_at`

const requestWhole = requestColumns + `, p.name AS created_by_name, o.kind AS sender_kind, o.value AS sender_value, o.label AS sender_label,
	promptpay_id_sends(o.id, d.merchant_id) AS sender_active, b.document_number AS bill_number,
	(now() AT TIME ZONE 'Asia/Bangkok')::date AS today
	FROM pay_requests d JOIN promptpay_ids o ON o.id = d.sender_id JOIN people p ON p.id = d.created_by LEFT JOIN presentments b ON b.id = d.presentment_id`

var (
	sqlRequest       = statement(`SELECT ` + requestWhole + ` WHERE d.merchant_id = $1 AND d.id = $2`)
	sqlLockRequest   = statement(`SELECT state FROM pay_requests WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlRequestsAlike = statement(`
		SELECT ` + requestColumns + ` FROM pay_requests d
		WHERE d.merchant_id = $1 AND d.receiver_value = $2 AND d.amount_satang = $3 AND d.reference = $4 AND d.id <> $5 AND request_counts(d.state)
		ORDER BY d.id LIMIT 5`)
	sqlRequestCollisions = statement(`
		SELECT c.kind, c.id, c.name, c.state, c.satang FROM pay_requests d, request_collisions(d) AS c WHERE d.merchant_id = $1 AND d.id = $2 ORDER BY c.kind, c.id LIMIT 10`)
	sqlRequestsOfBill = statement(`
		SELECT ` + requestColumns + ` FROM pay_requests d WHERE d.merchant_id = $1 AND d.presentment_id = $2 AND d.state <> 'discarded' ORDER BY d.id LIMIT 20`)
	sqlResendOf  = statement(`SELECT id FROM pay_requests WHERE merchant_id = $1 AND resend_of = $2 AND state <> 'discarded'`)
	sqlBillToAsk = statement(`
		SELECT b.id, b.document_number, b.buyer_name, b.buyer_tax_id, b.total_satang - coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) AS open_satang
		FROM presentments b LEFT JOIN presentment_payments s ON s.presentment_id = b.id WHERE b.merchant_id = $1 AND b.id = $2`)
	sqlBillNumbered = statement(`
		SELECT b.id, b.document_number, b.buyer_name, b.buyer_tax_id, b.total_satang - coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) AS open_satang
		FROM presentments b LEFT JOIN presentment_payments s ON s.presentment_id = b.id
		WHERE b.merchant_id = $1 AND b.document_number = $2 AND b.state NOT IN ('draft', 'discarded', 'cancelled', 'replaced', 'refused') LIMIT 1`)
	sqlBillsNumbered = statement(`
		SELECT b.id, b.document_number, b.buyer_name, b.buyer_tax_id, b.total_satang - coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) AS open_satang
		FROM presentments b LEFT JOIN presentment_payments s ON s.presentment_id = b.id
		WHERE b.merchant_id = $1 AND b.document_number = ANY ($2) AND b.state NOT IN ('draft', 'discarded', 'cancelled', 'replaced', 'refused')`)
	// By the very rule that looks when one is asked for.
	sqlRequestsTaken = statement(`
		SELECT DISTINCT ON (a.n) a.n AS no, t.alike, t.name
		FROM (SELECT e.n, jsonb_populate_record(NULL::pay_requests, e.said) AS asked FROM jsonb_array_elements($2::text::jsonb) WITH ORDINALITY AS e (said, n)) AS a,
			LATERAL (SELECT true AS alike, d.receiver_name AS name FROM pay_requests d
				WHERE d.merchant_id = $1 AND d.receiver_value = (a.asked).receiver_value AND d.amount_satang = (a.asked).amount_satang AND d.reference = (a.asked).reference
					AND d.state NOT IN ('draft', 'discarded', 'declined', 'expired', 'blocked', 'failed')
				UNION ALL SELECT false, c.name FROM request_collisions(a.asked) AS c) AS t
		ORDER BY a.n, t.alike DESC`)
	sqlBillRequested = statement(`
		SELECT d.presentment_id FROM pay_requests d
		WHERE d.merchant_id = $1 AND d.presentment_id IS NOT NULL AND d.bank_reference = ANY (SELECT upper(n) FROM unnest($2::text[]) AS n) LIMIT 1`)
)

// Request returns one request to pay.
func (q *Query) Request(id ID) (PayRequest, error) {
	return row[PayRequest](q, sqlRequest, q.actor.Merchant, id)
}

// LockRequest makes changes to one request take turns, and returns its state.
func (t *Tx) LockRequest(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockRequest, t.actor.Merchant, id)
}

// RequestsAlike lists those to the same receiver, of the same amount and
// reference, that may bring money, besides this one.
func (q *Query) RequestsAlike(r PayRequest) ([]PayRequest, error) {
	return rows[PayRequest](q, sqlRequestsAlike, q.actor.Merchant, r.ReceiverValue, r.AmountSatang, r.Reference, r.ID)
}

// CollidesRequest is the kind of a collision with a request to pay.
const CollidesRequest = "request"

// RequestCollisions lists what else collects what a request is for.
func (q *Query) RequestCollisions(id ID) ([]Collision, error) {
	return rows[Collision](q, sqlRequestCollisions, q.actor.Merchant, id)
}

// RequestsOfBill lists the requests that collect a bill.
func (q *Query) RequestsOfBill(bill ID) ([]PayRequest, error) {
	return rows[PayRequest](q, sqlRequestsOfBill, q.actor.Merchant, bill)
}

// ResendOf is the request that is sent instead of one that ended, or ErrNotFound.
func (q *Query) ResendOf(ended ID) (ID, error) {
	return row[ID](q, sqlResendOf, q.actor.Merchant, ended)
}

// BillToRequest is a bill that a request may collect.
type BillToRequest struct {
	ID             ID     `db:"id"`
	DocumentNumber string `db:"document_number"`
	BuyerName      string `db:"buyer_name"`
	BuyerTaxID     string `db:"buyer_tax_id"`
	OpenSatang     int64  `db:"open_satang"`
}

// BillToRequest returns a bill as a request would collect it.
func (q *Query) BillToRequest(bill ID) (BillToRequest, error) {
	return row[BillToRequest](q, sqlBillToAsk, q.actor.Merchant, bill)
}

// BillNumbered is the bill with this number, or ErrNotFound.
func (q *Query) BillNumbered(number string) (BillToRequest, error) {
	return row[BillToRequest](q, sqlBillNumbered, q.actor.Merchant, number)
}

// BillsNumbered are the bills with these numbers.
func (q *Query) BillsNumbered(numbers []string) ([]BillToRequest, error) {
	return rows[BillToRequest](q, sqlBillsNumbered, q.actor.Merchant, pq.Array(numbers))
}

// TakenRequest says that one of several requests, by its place from 1 on, has
// one like it, or collects what is collected another way.
type TakenRequest struct {
	No    int    `db:"no"`
	Alike bool   `db:"alike"`
	Name  string `db:"name"`
}

// RequestsTaken finds which of requests that are not kept yet would be refused,
// or warned of, for what there is already.
func (q *Query) RequestsTaken(list []PayRequest) ([]TakenRequest, error) {
	said := make([]map[string]any, len(list))
	for n, r := range list {
		said[n] = map[string]any{
			"id": r.ID, "merchant_id": q.actor.Merchant, "receiver_value": r.ReceiverValue, "amount_satang": r.AmountSatang, "reference": r.Reference,
			"invoice_number": r.InvoiceNumber, "presentment_id": r.PresentmentID,
		}
	}
	raw, err := json.Marshal(said)
	if err != nil {
		return nil, fmt.Errorf("looking for requests alike: %w", err)
	}
	return rows[TakenRequest](q, sqlRequestsTaken, q.actor.Merchant, string(raw))
}

// RequestOfKey is the id of the request that a person makes with a form's key,
// so that a second click makes none.
func RequestOfKey(person ID, key string) ID { return uuid.NewSHA1(person, []byte("request "+key)) }
