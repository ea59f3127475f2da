package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// The states of a tax document. Up to Refused and Unknown they follow from its
// instruction, from Generated on from what the bank says of it.
const (
	EtaxDraft        = "draft"
	EtaxSubmitted    = "submitted"
	EtaxApproved     = "approved"
	EtaxSending      = "sending"
	EtaxAccepted     = "accepted" // the bank has taken it on
	EtaxGenerated    = "generated"
	EtaxSigned       = "signed"
	EtaxDelivered    = "delivered"
	EtaxFiled        = "filed" // handed to the Revenue Department
	EtaxAcknowledged = "acknowledged"
	EtaxFailed       = "failed"  // taken on, and then it went no further
	EtaxRefused      = "refused" // never taken on
	EtaxUnknown      = "unknown"
	EtaxDiscarded    = "discarded"
)

// EtaxStates lists the states in the order of a document's life.
var EtaxStates = []string{
	EtaxDraft, EtaxSubmitted, EtaxApproved, EtaxSending, EtaxAccepted, EtaxGenerated, EtaxSigned, EtaxDelivered, EtaxFiled,
	EtaxAcknowledged, EtaxFailed, EtaxRefused, EtaxUnknown, EtaxDiscarded,
}

// Etax is a tax document. Content is the whole of it as package etax keeps it;
// the members beside repeat what lists and rules of the schema need.
type Etax struct {
	ID             ID              `db:"id"`
	Kind           string          `db:"kind"`
	Number         string          `db:"number"` // empty until it is given one
	IssuedOn       time.Time       `db:"issued_on"`
	BuyerName      string          `db:"buyer_name"`
	BuyerTaxID     string          `db:"buyer_tax_id"`
	BasisSatang    int64           `db:"basis_satang"`
	VATSatang      int64           `db:"vat_satang"`
	TotalSatang    int64           `db:"total_satang"`
	Content        json.RawMessage `db:"content"`
	Locked         bool            `db:"locked"` // with a password
	PresentmentID  uuid.NullUUID   `db:"presentment_id"`
	ReceiptID      uuid.NullUUID   `db:"receipt_id"`
	State          string          `db:"state"`
	StateSince     time.Time       `db:"state_since"`
	Version        int             `db:"version"`
	CreatedBy      ID              `db:"created_by"`
	CreatedByName  string          `db:"created_by_name"`
	Editors        IDs             `db:"editors"`
	CreatedAt      time.Time       `db:"created_at"`
	GenerationID   uuid.NullUUID   `db:"generation_id"`
	BankReference  string          `db:"bank_reference"`
	BankRemark     string          `db:"bank_remark"`
	FiledOn        *time.Time      `db:"filed_on"`
	Held           bool            `db:"held"`
	RetentionUntil time.Time       `db:"retention_until"`

	References []ID `db:"-"` // of our own documents, on the way in
}

// Editable reports whether its content may still change.
func (e Etax) Editable() bool { return e.State == EtaxDraft || e.State == EtaxRefused }

// AtBank reports whether the bank has taken it on.
func (e Etax) AtBank() bool { return e.BankReference != "" }

const etaxColumns = `d.id, d.kind, d.number, d.issued_on, d.buyer_name, d.buyer_tax_id, d.basis_satang, d.vat_satang, d.total_satang, d.content,
	d.password_sealed IS NOT NULL AS locked, d.presentment_id, d.receipt_id, d.state, d.state_since, d.version, d.created_by,
	c.name AS created_by_name, d.editors, d.created_at, d.generation_id, d.bank_reference, d.bank_remark, d.filed_on, d.held, d.retention_until`

var (
	sqlEtax = statement(`
		SELECT ` + etaxColumns + ` FROM etax_documents d JOIN people c ON c.id = d.created_by WHERE d.merchant_id = $1 AND d.id = $2`)
	sqlLastEtaxSeller = statement(`
		SELECT content -> 'seller' FROM etax_documents WHERE merchant_id = $1 AND state <> 'discarded' ORDER BY issued_on DESC, id DESC LIMIT 1`)
	sqlEtaxPassword = statement(`SELECT password_sealed, password_lock FROM etax_documents WHERE merchant_id = $1 AND id = $2 AND password_sealed IS NOT NULL`)
)

// Etax returns a tax document.
func (q *Query) Etax(id ID) (Etax, error) { return row[Etax](q, sqlEtax, q.actor.Merchant, id) }

// LastEtaxSeller is the seller of the newest document as it was written there,
// or ErrNotFound: the next one is from the same house.
func (q *Query) LastEtaxSeller() (json.RawMessage, error) {
	return row[json.RawMessage](q, sqlLastEtaxSeller, q.actor.Merchant)
}

// etaxPassword is a document's password as it is kept. Sealed again with
// another key it keeps the name of its first seal, which binds it.
type etaxPassword struct {
	Sealed []byte `db:"password_sealed"`
	Kept   []byte `db:"password_lock"` // nil: this is the first seal
}

func (p etaxPassword) lock() string {
	if p.Kept != nil {
		return hex.EncodeToString(p.Kept)
	}
	hash := sha256.Sum256(p.Sealed)
	return hex.EncodeToString(hash[:])
}

func (p etaxPassword) place(id, merchant ID) place {
	if p.Kept == nil {
		return etaxPlace(id, merchant)
	}
	return place{"etax_documents", "password", id.String() + "/" + p.lock(), merchant}
}

// EtaxLock is the seal of a document's password, by its hash: what is approved
// names it, and so nobody who approves has to see the password. It is empty
// for a document without one.
func (q *Query) EtaxLock(id ID) (string, error) {
	kept, ok, err := found(row[etaxPassword](q, sqlEtaxPassword, q.actor.Merchant, id))
	if err != nil || !ok {
		return "", err
	}
	return kept.lock(), nil
}

// EtaxPassword opens the password whose seal has this hash. Only the worker
// does, for the request that it is about to send.
func (q *Query) EtaxPassword(id ID, lock string) (string, error) {
	kept, err := row[etaxPassword](q, sqlEtaxPassword, q.actor.Merchant, id)
	if err != nil {
		return "", err
	}
	if kept.lock() != lock {
		return "", fmt.Errorf("%w: the password is another", ErrStale)
	}
	plain, err := q.opened(kept.place(id, q.actor.Merchant), kept.Sealed)
	return string(plain), err
}

func etaxPlace(id, merchant ID) place {
	return place{"etax_documents", "password", id.String(), merchant}
}

// EtaxRow is a line of the list.
type EtaxRow struct {
	ID            ID        `db:"id"`
	Kind          string    `db:"kind"`
	Number        string    `db:"number"`
	IssuedOn      time.Time `db:"issued_on"`
	BuyerName     string    `db:"buyer_name"`
	BuyerTaxID    string    `db:"buyer_tax_id"`
	BasisSatang   int64     `db:"basis_satang"`
	VATSatang     int64     `db:"vat_satang"`
	TotalSatang   int64     `db:"total_satang"`
	State         string    `db:"state"`
	StateSince    time.Time `db:"state_since"`
	BankReference string    `db:"bank_reference"`
}

// EtaxFilter says which documents a list shows. Zero members do not narrow it.
type EtaxFilter struct {
	State  string
	Kind   string
	From   time.Time
	Until  time.Time
	Text   string // in number, buyer or the bank's reference
	After  EtaxCursor
	Before EtaxCursor
}

// EtaxCursor is a place in the list.
type EtaxCursor struct {
	On time.Time
	ID ID
}

// textMatches is how many documents a text may find before the list says that
// it is too short: those beyond the newest so many are not looked at.
const textMatches = 5000

const (
	etaxRowColumns = `d.id, d.kind, d.number, d.issued_on, d.buyer_name, d.buyer_tax_id, d.basis_satang, d.vat_satang, d.total_satang, d.state,
		d.state_since, d.bank_reference`
	etaxBetween = ` AND ($3 = '' OR d.kind = $3) AND d.issued_on BETWEEN $4 AND $5`
	etaxOlder   = ` AND (d.issued_on, d.id) < ($6, $7) ORDER BY d.issued_on DESC, d.id DESC LIMIT $8`
	etaxNewer   = ` AND (d.issued_on, d.id) > ($6, $7) ORDER BY d.issued_on, d.id LIMIT $8`
	etaxOfAll   = ` FROM etax_documents d WHERE d.merchant_id = $1 AND d.state <> 'discarded' AND $2 = ''` + etaxBetween
	etaxInState = ` FROM etax_documents d WHERE d.merchant_id = $1 AND d.state = $2` + etaxBetween
	// What a text finds is read first, each by its key, and the rest of the filter then.
	etaxNamed = ` FROM etax_matching($9, $10) m CROSS JOIN LATERAL (SELECT e.id, e.kind, e.number, e.issued_on, e.buyer_name, e.buyer_tax_id, e.basis_satang, e.vat_satang, e.total_satang,
			e.state, e.state_since, e.bank_reference
		FROM etax_documents e WHERE e.id = m.document_id AND e.merchant_id = $1 OFFSET 0) d
		WHERE (CASE $2 WHEN '' THEN d.state <> 'discarded' ELSE d.state = $2 END)` + etaxBetween
)

var (
	sqlEtaxAfter         = statement(`SELECT ` + etaxRowColumns + etaxOfAll + etaxOlder)
	sqlEtaxBefore        = statement(`SELECT ` + etaxRowColumns + etaxOfAll + etaxNewer)
	sqlEtaxInStateAfter  = statement(`SELECT ` + etaxRowColumns + etaxInState + etaxOlder)
	sqlEtaxInStateBefore = statement(`SELECT ` + etaxRowColumns + etaxInState + etaxNewer)
	sqlEtaxNamedAfter    = statement(`SELECT ` + etaxRowColumns + etaxNamed + etaxOlder)
	sqlEtaxNamedBefore   = statement(`SELECT ` + etaxRowColumns + etaxNamed + etaxNewer)
	sqlCountEtaxMatching = statement(`SELECT count(*)::integer FROM etax_matching($1, $2)`)
	sqlCountEtax         = statement(`
		SELECT s.state, (SELECT count(*) FROM (SELECT FROM etax_documents d WHERE d.merchant_id = $1 AND d.state = s.state LIMIT 1001) counted) AS number
		FROM unnest($2::text[]) AS s(state)`)
)

// EtaxDocuments lists documents, the newest first, and reports whether the list
// goes on in the direction in which it was read.
func (q *Query) EtaxDocuments(f EtaxFilter, limit int) (list []EtaxRow, more bool, err error) {
	from, until := f.From, f.Until
	if from.IsZero() {
		from = firstDay
	}
	if until.IsZero() {
		until = lastDay
	}
	back, place := !f.Before.On.IsZero(), f.After
	switch {
	case back:
		place = f.Before
	case place.On.IsZero():
		place = EtaxCursor{lastDay, lastID}
	}
	asked := [2]string{sqlEtaxAfter, sqlEtaxBefore}
	args := []any{q.actor.Merchant, f.State, f.Kind, from, until, place.On, place.ID, limit + 1}
	switch {
	case f.Text != "":
		asked, args = [2]string{sqlEtaxNamedAfter, sqlEtaxNamedBefore}, append(args, containing(f.Text), textMatches)
	case f.State != "":
		asked = [2]string{sqlEtaxInStateAfter, sqlEtaxInStateBefore}
	}
	statement := asked[0]
	if back {
		statement = asked[1]
	}
	list, err = rows[EtaxRow](q, statement, args...)
	if more = len(list) > limit; more {
		list = list[:limit]
	}
	if !f.Before.On.IsZero() {
		reverse(list)
	}
	return list, more, err
}

// EtaxTextFindsAll reports whether the list shows all that a text finds: of one
// in too many documents it shows the newest.
func (q *Query) EtaxTextFindsAll(s string) (bool, error) {
	if s == "" {
		return true, nil
	}
	n, err := row[int](q, sqlCountEtaxMatching, containing(s), textMatches)
	return n < textMatches, err
}

var firstDay = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

// CountEtax counts documents by state, each up to CountLimit+1.
func (q *Query) CountEtax() (map[string]int, error) {
	var found []struct {
		State  string `db:"state"`
		Number int    `db:"number"`
	}
	if err := q.all(&found, sqlCountEtax, q.actor.Merchant, pq.Array(EtaxStates)); err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(found))
	for _, f := range found {
		counts[f.State] = f.Number
	}
	return counts, nil
}

var (
	// Documents before and after, however far: a note on a note on an invoice.
	sqlEtaxChain = statement(`
		WITH RECURSIVE before (id) AS (
			SELECT $2::uuid UNION SELECT r.referenced_id FROM before b JOIN etax_references r ON r.document_id = b.id WHERE r.merchant_id = $1
		), whole (id) AS (
			SELECT id FROM before UNION SELECT r.document_id FROM whole w JOIN etax_references r ON r.referenced_id = w.id WHERE r.merchant_id = $1
		)
		SELECT ` + etaxRowColumns + ` FROM whole w JOIN etax_documents d ON d.id = w.id WHERE d.merchant_id = $1 AND d.state <> 'discarded'
		ORDER BY d.issued_on, d.id LIMIT 50`)
	sqlEtaxOfPresentment = statement(`
		SELECT ` + etaxRowColumns + ` FROM etax_documents d WHERE d.merchant_id = $1 AND d.presentment_id = $2 AND d.state <> 'discarded'
		ORDER BY d.issued_on DESC, d.id DESC LIMIT 20`)
	sqlEtaxNaming = statement(`SELECT document_id FROM etax_matching($1, $2)`)
	sqlEtaxRows   = statement(`
		SELECT ` + etaxRowColumns + ` FROM etax_documents d WHERE d.merchant_id = $1 AND d.id = ANY ($2::uuid[]) ORDER BY d.issued_on DESC, d.id DESC`)
)

// EtaxChain lists the documents that refer to one another, the oldest first.
func (q *Query) EtaxChain(id ID) ([]EtaxRow, error) {
	return rows[EtaxRow](q, sqlEtaxChain, q.actor.Merchant, id)
}

// EtaxOfPresentment lists the documents that were made from a bill.
func (q *Query) EtaxOfPresentment(presentment ID) ([]EtaxRow, error) {
	return rows[EtaxRow](q, sqlEtaxOfPresentment, q.actor.Merchant, presentment)
}

// EtaxNaming lists at most limit documents whose words contain text.
func (q *Query) EtaxNaming(text string, limit int) ([]EtaxRow, error) {
	ids, err := rows[string](q, sqlEtaxNaming, containing(text), limit)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return rows[EtaxRow](q, sqlEtaxRows, q.actor.Merchant, pq.Array(ids))
}
