package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// The states of an alert. The middle four are those of the instruction that
// answers it.
const (
	AlertOpen      = "open"
	AlertSubmitted = "submitted"
	AlertApproved  = "approved"
	AlertSending   = "sending"
	AlertUnknown   = "unknown"
	AlertReceived  = "received" // its sender knows that it came; what becomes of it is to be said yet
	AlertWillPay   = "will_pay"
	AlertRefused   = "refused"
	AlertPaid      = "paid"
	AlertExpired   = "expired"
)

// The headings under which the inbox has alerts.
const (
	AlertsToDecide = "decide"
	AlertsMoving   = "moving" // an answer is on its way
	AlertsToPay    = "pay"
	AlertsAnswered = "answered"
	AlertsExpired  = "expired"
)

// AlertBoxes lists them in the order in which they are offered.
var AlertBoxes = []string{AlertsToDecide, AlertsMoving, AlertsToPay, AlertsAnswered, AlertsExpired}

// Suspicion is one thing that is odd about an alert, and what it was found by.
type Suspicion struct {
	Rule   string `json:"rule"`
	Name   string `json:"name,omitempty"`
	ID     string `json:"id,omitempty"` // masked
	Satang int64  `json:"satang,omitempty"`
	Count  int    `json:"count,omitempty"`
	Text   string `json:"text,omitempty"`
}

// Suspicions are all that is odd about an alert.
type Suspicions []Suspicion

// Value implements driver.Valuer.
func (s Suspicions) Value() (driver.Value, error) {
	b, err := s.MarshalJSON()
	return string(b), err
}

// MarshalJSON writes none as an empty list.
func (s Suspicions) MarshalJSON() ([]byte, error) {
	if len(s) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal([]Suspicion(s))
}

// Scan implements sql.Scanner.
func (s *Suspicions) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("suspicions arrived as %T", src)
	}
	return json.Unmarshal(raw, s)
}

// Alert is a request to pay that somebody sent to a PromptPay id of ours.
type Alert struct {
	ID                ID            `db:"id"`
	MerchantID        ID            `db:"merchant_id"`
	Reference         string        `db:"rtp_reference"` // the bank's name for it
	PromptPayID       ID            `db:"promptpay_id"`  // ours
	SenderKind        string        `db:"sender_kind"`
	SenderValue       string        `db:"sender_value"`
	SenderName        string        `db:"sender_name"`
	AmountSatang      int64         `db:"amount_satang"`
	Reference1        string        `db:"reference1"`
	Reference2        string        `db:"reference2"`
	Message           string        `db:"message"` // the sender's words
	ExpiresAt         time.Time     `db:"expires_at"`
	ArrivedAt         time.Time     `db:"arrived_at"`
	CallbackID        ID            `db:"callback_id"`
	State             string        `db:"state"`
	StateSince        time.Time     `db:"state_since"`
	Answer            string        `db:"answer"` // that the bank was told last: AlertReceived, AlertWillPay, AlertRefused or none
	AnsweredAt        *time.Time    `db:"answered_at"`
	AcknowledgementID uuid.NullUUID `db:"acknowledgement_id"`
	BankStatus        string        `db:"bank_status"`
	PaidAt            *time.Time    `db:"paid_at"`
	PaymentReference  string        `db:"payment_reference"`
	Asks              int           `db:"asks"`
	AskAt             *time.Time    `db:"ask_at"`
	Suspicions        Suspicions    `db:"suspicions"`
	WarnedAt          *time.Time    `db:"warned_at"`
	Box               string        `db:"box"`
	// Of the supplier in use whose id the sender's is, and whether the bank
	// delivers what else this sender sends.
	SupplierID   uuid.NullUUID `db:"supplier_id"`
	SupplierName *string       `db:"supplier_name"`
	Blocked      bool          `db:"blocked"`
	// Of our own id.
	OurKind  string `db:"our_kind"`
	OurValue string `db:"our_value"`
	OurLabel string `db:"our_label"`
}

// Answerable reports whether something may be said to its sender now.
func (a Alert) Answerable(now time.Time) bool {
	return (a.State == AlertOpen || a.State == AlertReceived) && a.ExpiresAt.After(now)
}

// Known reports whether its sender is among the suppliers.
func (a Alert) Known() bool { return a.SupplierID.Valid }

const alertColumns = `a.id, a.merchant_id, a.rtp_reference, a.promptpay_id, a.sender_kind, a.sender_value, a.sender_name, a.amount_satang, a.reference1, a.reference2,
	a.message, a.expires_at, a.arrived_at, a.callback_id, a.state, a.state_since, a.answer, a.answered_at, a.acknowledgement_id, a.bank_status, a.paid_at,
	a.payment_reference, a.asks, a.ask_at, a.suspicions, a.warned_at, a.box`

const alertRowColumns = alertColumns + `, s.id AS supplier_id, s.name AS supplier_name`

// alertSupplier joins the supplier in use whose id the sender's is.
const alertSupplier = `LEFT JOIN suppliers s ON s.merchant_id = a.merchant_id AND s.proxy_kind = a.sender_kind AND s.proxy_value = a.sender_value AND s.state = 'active'`

var (
	sqlAlert = statement(`
		SELECT ` + alertRowColumns + `, p.kind AS our_kind, p.value AS our_value, p.label AS our_label,
			EXISTS (SELECT FROM alert_senders_blocked($1) AS b WHERE (b.promptpay_id, b.sender_kind, b.sender_value) = (a.promptpay_id, a.sender_kind, a.sender_value)) AS blocked
		FROM alerts a ` + alertSupplier + ` JOIN promptpay_ids p ON p.id = a.promptpay_id WHERE a.merchant_id = $1 AND a.id = $2`)
	// The worker reads no list of blocked senders.
	sqlAlertItself = statement(`SELECT ` + alertRowColumns + ` FROM alerts a ` + alertSupplier + ` WHERE a.merchant_id = $1 AND a.id = $2`)
	sqlLockAlert   = statement(`SELECT state FROM alerts WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlAlertsOfIDs = statement(`SELECT ` + alertRowColumns + ` FROM alerts a ` + alertSupplier + ` WHERE a.merchant_id = $1 AND a.id = ANY ($2::uuid[]) ORDER BY a.id`)
	// Whatever else came from the sender of an alert.
	sqlAlertsOfSender = statement(`
		SELECT ` + alertColumns + ` FROM alerts a WHERE a.merchant_id = $1 AND a.sender_kind = $2 AND a.sender_value = $3 AND a.id <> $4
		ORDER BY a.arrived_at DESC, a.id DESC LIMIT $5`)
	sqlAlertsAtBank   = statement(`SELECT a.id, a.merchant_id, m.tax_id FROM alerts a JOIN merchants m ON m.id = a.merchant_id WHERE a.rtp_reference = $1 ORDER BY a.id LIMIT 10`)
	sqlAlertReceivers = statement(`
		SELECT p.id, p.merchant_id, m.tax_id FROM promptpay_ids p JOIN merchants m ON m.id = p.merchant_id
		WHERE p.kind = $1 AND p.value = $2 AND p.receives AND p.active_from IS NOT NULL AND p.ended_at IS NULL ORDER BY p.id LIMIT 10`)
)

// Alert returns one alert with who sent it, as far as that is known, and to
// which id of ours.
func (q *Query) Alert(id ID) (Alert, error) { return row[Alert](q, sqlAlert, q.actor.Merchant, id) }

// AlertItself is Alert without what only people are shown.
func (q *Query) AlertItself(id ID) (Alert, error) {
	return row[Alert](q, sqlAlertItself, q.actor.Merchant, id)
}

// LockAlert makes changes to one alert take turns, and returns its state.
func (t *Tx) LockAlert(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockAlert, t.actor.Merchant, id)
}

// AlertsOfIDs lists the given alerts by their ids; those of others are not
// among them.
func (q *Query) AlertsOfIDs(ids []ID) ([]Alert, error) {
	return rows[Alert](q, sqlAlertsOfIDs, q.actor.Merchant, pq.Array(idTexts(ids)))
}

// AlertsOfSender lists what else came from the sender of an alert, the latest
// first.
func (q *Query) AlertsOfSender(a Alert, limit int) ([]Alert, error) {
	return rows[Alert](q, sqlAlertsOfSender, q.actor.Merchant, a.SenderKind, a.SenderValue, a.ID, limit)
}

// AlertsAtBank finds the alerts, of any merchant, that the bank calls so.
func (q *Query) AlertsAtBank(reference string) ([]Found, error) {
	return rows[Found](q, sqlAlertsAtBank, reference)
}

// AlertReceivers finds whose PromptPay id, of any merchant, takes alerts now.
func (q *Query) AlertReceivers(kind, value string) ([]Found, error) {
	return rows[Found](q, sqlAlertReceivers, kind, value)
}

// SenderFacts are what is known of who sends an alert, to judge it by.
type SenderFacts struct {
	Suppliers []SupplierName
	// Past is what the sender asked for before, the latest first.
	Past []int64
	// Namesakes are other ids from which alerts in the same name came.
	Namesakes []SupplierName
}

// suppliersHeld is how many suppliers an alert is held against.
const suppliersHeld = 20_000

var (
	sqlSupplierNames = statement(`SELECT s.proxy_kind, s.proxy_value, s.name FROM suppliers s WHERE s.merchant_id = $1 AND s.state = 'active' ORDER BY s.sort_name, s.id LIMIT $2`)
	sqlPastOfSender  = statement(`
		SELECT a.amount_satang FROM alerts a WHERE a.merchant_id = $1 AND a.sender_kind = $2 AND a.sender_value = $3 AND (a.arrived_at, a.id) < ($4, $5)
		ORDER BY a.arrived_at DESC, a.id DESC LIMIT 10`)
	sqlNamesakes = statement(`
		SELECT a.sender_kind AS proxy_kind, a.sender_value AS proxy_value, a.sender_name AS name FROM alerts a
		WHERE a.merchant_id = $1 AND lower(a.sender_name) = lower($2) AND a.sender_name <> '' AND (a.sender_kind, a.sender_value) <> ($3, $4) AND (a.arrived_at, a.id) < ($5, $6)
		ORDER BY a.arrived_at DESC LIMIT 1`)
)

// SenderFacts reads what an alert is judged by: what was known before it came,
// and who are suppliers now.
func (q *Query) SenderFacts(a Alert) (f SenderFacts, err error) {
	if f.Suppliers, err = rows[SupplierName](q, sqlSupplierNames, q.actor.Merchant, suppliersHeld); err != nil {
		return f, err
	}
	if f.Past, err = rows[int64](q, sqlPastOfSender, q.actor.Merchant, a.SenderKind, a.SenderValue, a.ArrivedAt, a.ID); err != nil {
		return f, err
	}
	f.Namesakes, err = rows[SupplierName](q, sqlNamesakes, q.actor.Merchant, a.SenderName, a.SenderKind, a.SenderValue, a.ArrivedAt, a.ID)
	return f, err
}
