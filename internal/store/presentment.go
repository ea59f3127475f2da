package store

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"
)

// The states of a presentment. All but Draft and Discarded follow from its
// instructions.
const (
	PresentmentDraft      = "draft"
	PresentmentSubmitted  = "submitted"
	PresentmentApproved   = "approved"
	PresentmentSending    = "sending"
	PresentmentPresented  = "presented"
	PresentmentIncomplete = "incomplete" // at the bank, but without all its documents
	PresentmentRefused    = "refused"
	PresentmentUnknown    = "unknown"
	PresentmentCancelled  = "cancelled"
	PresentmentReplaced   = "replaced"  // another bill has taken its place
	PresentmentDiscarded  = "discarded" // a draft that nobody wants any more
)

// PresentmentStates lists the states in the order of a presentment's life.
var PresentmentStates = []string{
	PresentmentDraft, PresentmentSubmitted, PresentmentApproved, PresentmentSending, PresentmentPresented,
	PresentmentIncomplete, PresentmentRefused, PresentmentUnknown, PresentmentCancelled, PresentmentReplaced, PresentmentDiscarded,
}

// ListedStates are the states that a list shows unless others are asked for.
var ListedStates = PresentmentStates[:len(PresentmentStates)-1]

// Presentment is a bill to a buyer. Days are midnight UTC.
type Presentment struct {
	ID              ID              `db:"id"`
	UnderHold       bool            `db:"under_hold"` // it lies in the days of a legal hold
	DocumentType    string          `db:"document_type"`
	DocumentNumber  string          `db:"document_number"`
	DocumentOn      time.Time       `db:"document_on"`
	DueOn           time.Time       `db:"due_on"`
	BuyerName       string          `db:"buyer_name"`
	BuyerTaxID      string          `db:"buyer_tax_id"`
	BuyerBranch     string          `db:"buyer_branch"`
	BuyerAddress    string          `db:"buyer_address"`
	Remark          string          `db:"remark"`
	BeforeTaxSatang int64           `db:"before_tax_satang"`
	VATRate         decimal.Decimal `db:"vat_rate"` // percent, of standard-rated lines
	VATSatang       int64           `db:"vat_satang"`
	TotalSatang     int64           `db:"total_satang"`
	DiscountPercent decimal.Decimal `db:"discount_percent"` // of the whole document; zero where it is given in baht
	DiscountSatang  int64           `db:"discount_satang"`
	WHTSatang       int64           `db:"wht_satang"` // what the buyer will withhold; never taken off the total
	OrderReference  string          `db:"order_reference"`
	CreditDays      *int            `db:"credit_days"` // where the due date follows from the document's
	State           string          `db:"state"`
	StateSince      time.Time       `db:"state_since"`
	Version         int             `db:"version"`
	CreatedBy       ID              `db:"created_by"`
	CreatedByName   string          `db:"created_by_name"`
	Editors         IDs             `db:"editors"` // everybody who had a hand in the content
	CreatedAt       time.Time       `db:"created_at"`
	EditedAt        time.Time       `db:"edited_at"`
	EntryID         uuid.NullUUID   `db:"entry_id"`
	CancellationID  uuid.NullUUID   `db:"cancellation_id"`
	BankReference   string          `db:"bank_reference"`
	BuyerDecision   string          `db:"buyer_decision"` // BuyerAccepted and so on; empty while the buyer has not decided
	BuyerRemark     string          `db:"buyer_remark"`
	DecidedAt       *time.Time      `db:"decided_at"`

	CopiedFrom ID `db:"-"` // the bill a new draft was made after; the trail remembers it

	Lines     []PresentmentLine     `db:"-"`
	Documents []PresentmentDocument `db:"-"`
}

// Editable reports whether its content may still change.
func (p Presentment) Editable() bool {
	return p.State == PresentmentDraft || p.State == PresentmentRefused
}

// ExpectedSatang is what should arrive once the buyer has withheld.
func (p Presentment) ExpectedSatang() int64 { return p.TotalSatang - p.WHTSatang }

// IDs is a column of several ids.
type IDs []ID

// Scan implements sql.Scanner.
func (l *IDs) Scan(value any) error {
	var texts pq.StringArray
	if err := texts.Scan(value); err != nil {
		return err
	}
	*l = make(IDs, len(texts))
	for i, text := range texts {
		id, err := uuid.Parse(text)
		if err != nil {
			return err
		}
		(*l)[i] = id
	}
	return nil
}

// PresentmentLine is one line of a bill; VAT and WHTIncome are kinds of package
// bill. AmountSatang is after the line's own discount.
type PresentmentLine struct {
	LineNo       int             `db:"line_no" json:"line"`
	Description  string          `db:"description" json:"description"`
	Quantity     decimal.Decimal `db:"quantity" json:"quantity"`
	UnitPrice    decimal.Decimal `db:"unit_price" json:"unit_price"`
	VAT          string          `db:"vat" json:"vat"`
	AmountSatang int64           `db:"amount_satang" json:"amount_satang"`

	DiscountPercent decimal.Decimal `db:"discount_percent" json:"discount_percent"` // zero where it is given in baht
	DiscountSatang  int64           `db:"discount_satang" json:"discount_satang"`
	ShareSatang     int64           `db:"share_satang" json:"share_satang"` // of the document's discount
	WHTIncome       string          `db:"wht_income" json:"wht_income"`     // empty where nothing is withheld
	WHTPercent      decimal.Decimal `db:"wht_percent" json:"wht_percent"`
}

// NetSatang is what is left of the line after all discounts.
func (l PresentmentLine) NetSatang() int64 { return l.AmountSatang - l.ShareSatang }

// PresentmentDocument is a file attached to a presentment.
type PresentmentDocument struct {
	FileID         ID        `db:"file_id"`
	Name           string    `db:"name"`
	MediaType      string    `db:"media_type"`
	Size           int       `db:"size"`
	SHA256         []byte    `db:"sha256"`
	UploadedBy     ID        `db:"uploaded_by"`
	UploadedByName string    `db:"uploaded_by_name"`
	UploadedAt     time.Time `db:"uploaded_at"`
	Pages          int       `db:"pages"`
	Width          int       `db:"width"`
	Height         int       `db:"height"`
	Scan           string    `db:"scan"`
	DrawnFrom      []byte    `db:"drawn_from"`     // empty, or the digest of what the portal drew it from
	DrawnLanguage  string    `db:"drawn_language"` // "", "th", "en" or "both"
}

var (
	sqlPresentment = statement(`
		SELECT p.id, p.document_type, p.document_number, p.document_on, p.due_on, p.buyer_name, p.buyer_tax_id, p.buyer_branch,
			p.buyer_address, p.remark, p.before_tax_satang, p.vat_rate, p.vat_satang, p.total_satang,
			p.discount_percent, p.discount_satang, p.wht_satang, p.order_reference, p.credit_days, p.state, p.state_since, p.version,
			p.created_by, c.name AS created_by_name, p.editors, p.created_at, p.edited_at, p.entry_id, p.cancellation_id, p.bank_reference,
			p.buyer_decision, p.buyer_remark, p.decided_at, day_is_held(p.merchant_id, p.document_on) AS under_hold
		FROM presentments p JOIN people c ON c.id = p.created_by
		WHERE p.merchant_id = $1 AND p.id = $2`)
	sqlPresentmentLines = statement(`
		SELECT line_no, description, quantity, unit_price, vat, amount_satang, discount_percent, discount_satang, share_satang, wht_income, wht_percent
		FROM presentment_lines WHERE merchant_id = $1 AND presentment_id = $2 ORDER BY line_no`)
	sqlPresentmentDocuments = statement(`
		SELECT f.id AS file_id, f.name, f.media_type, f.size, f.sha256, f.uploaded_by, u.name AS uploaded_by_name, f.uploaded_at,
			f.pages, f.width, f.height, f.scan, d.drawn_from, d.drawn_language
		FROM presentment_documents d JOIN files f ON f.id = d.file_id JOIN people u ON u.id = f.uploaded_by
		WHERE d.merchant_id = $1 AND d.presentment_id = $2 ORDER BY d.position`)
)

// Presentment returns a presentment with its lines and documents.
func (q *Query) Presentment(id ID) (Presentment, error) {
	var p Presentment
	if err := q.get(&p, sqlPresentment, q.actor.Merchant, id); err != nil {
		return p, err
	}
	if err := q.all(&p.Lines, sqlPresentmentLines, q.actor.Merchant, id); err != nil {
		return p, err
	}
	err := q.all(&p.Documents, sqlPresentmentDocuments, q.actor.Merchant, id)
	return p, err
}

// PresentmentRow is a line of the list. All after the total is read by Wide
// filters only.
type PresentmentRow struct {
	ID              ID         `db:"id"`
	State           string     `db:"state"`
	StateSince      time.Time  `db:"state_since"`
	DocumentType    string     `db:"document_type"`
	DocumentNumber  string     `db:"document_number"`
	DocumentOn      time.Time  `db:"document_on"`
	DueOn           time.Time  `db:"due_on"`
	BuyerName       string     `db:"buyer_name"`
	BuyerTaxID      string     `db:"buyer_tax_id"`
	BuyerBranch     string     `db:"buyer_branch"`
	BeforeTaxSatang int64      `db:"before_tax_satang"`
	VATSatang       int64      `db:"vat_satang"`
	TotalSatang     int64      `db:"total_satang"`
	DiscountSatang  int64      `db:"discount_satang"`
	WHTSatang       int64      `db:"wht_satang"`
	OrderReference  string     `db:"order_reference"`
	BankReference   string     `db:"bank_reference"`
	Remark          string     `db:"remark"`
	CreatedAt       time.Time  `db:"created_at"`
	CreatedByName   string     `db:"created_by_name"`
	BuyerDecision   string     `db:"buyer_decision"`
	BuyerRemark     string     `db:"buyer_remark"`
	DecidedAt       *time.Time `db:"decided_at"`
	SettledSatang   int64      `db:"settled_satang"` // received, withheld, or kept back as fees
}

// PartLeftSatang is what is left of a bill that is paid in part, and 0 of any other.
func (r PresentmentRow) PartLeftSatang() int64 {
	if r.SettledSatang == 0 {
		return 0
	}
	return r.TotalSatang - r.SettledSatang
}

// ExpectedSatang is what the buyer is going to pay: the total without what is
// withheld.
func (r PresentmentRow) ExpectedSatang() int64 { return r.TotalSatang - r.WHTSatang }

// PresentmentPage is one page: More says whether the list goes on in the
// direction it was read.
type PresentmentPage struct {
	Rows []PresentmentRow
	More bool
}

func reverse[T any](rows []T) {
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
}

var likeSpecial = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// containing makes the LIKE pattern for a text typed by a person.
func containing(text string) string {
	return "%" + likeSpecial.Replace(strings.ToLower(text)) + "%"
}

// CountLimit is where counting stops: a list says "1,000+" rather than read
// all of a big table.
const CountLimit = 1000

// What was added up is added up again with what was not yet. While much was
// not, because the worker rests, the bills are counted themselves.
var sqlCountPresentments = statement(`
	WITH changes AS MATERIALIZED (
		SELECT c.state, c.number FROM bill_changes c WHERE c.merchant_id = $1 LIMIT 1001
	), added AS MATERIALIZED (
		SELECT a.state, sum(a.number) AS number FROM (
			SELECT t.state, t.number FROM bill_tallies t WHERE t.merchant_id = $1 AND t.measure = 'state' UNION ALL SELECT c.state, c.number FROM changes c) a
		GROUP BY a.state
	)
	SELECT s.state, CASE WHEN (SELECT count(*) FROM changes) <= 1000 THEN least(coalesce((SELECT a.number FROM added a WHERE a.state = s.state), 0), 1001)
		ELSE (SELECT count(*) FROM (SELECT FROM presentments p WHERE p.merchant_id = $1 AND p.state = s.state LIMIT 1001) counted) END AS number
	FROM unnest($2::text[]) AS s(state)`)

// CountPresentments counts presentments by state, each up to CountLimit+1.
func (q *Query) CountPresentments() (map[string]int, error) {
	var rows []struct {
		State  string `db:"state"`
		Number int    `db:"number"`
	}
	if err := q.all(&rows, sqlCountPresentments, q.actor.Merchant, pq.Array(PresentmentStates)); err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(rows))
	for _, r := range rows {
		counts[r.State] = r.Number
	}
	return counts, nil
}

var sqlPresentmentsByWord = statement(`
	SELECT presentment_id FROM presentments_matching($1, '', '9999-12-31', 'ffffffff-ffff-ffff-ffff-ffffffffffff', $2)`)

// PresentmentsNaming returns the ids of at most limit presentments whose words
// contain text, newest first.
func (q *Query) PresentmentsNaming(text string, limit int) ([]ID, error) {
	return rows[ID](q, sqlPresentmentsByWord, containing(text), limit)
}

var sqlPresentmentNumbered = statement(`
	SELECT id FROM presentments WHERE merchant_id = $1 AND document_number = $2 AND state NOT IN ('cancelled', 'discarded')`)

// PresentmentNumbered returns the id of the presentment that holds a document
// number.
func (q *Query) PresentmentNumbered(number string) (ID, error) {
	return row[ID](q, sqlPresentmentNumbered, q.actor.Merchant, number)
}
