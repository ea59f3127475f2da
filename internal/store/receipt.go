package store

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/shopspring/decimal"
)

// The states of a receipt. All but Draft and Discarded follow from its
// instructions.
const (
	ReceiptDraft      = "draft"
	ReceiptSubmitted  = "submitted"
	ReceiptApproved   = "approved"
	ReceiptSending    = "sending"
	ReceiptIssued     = "issued"
	ReceiptIncomplete = "incomplete" // at the bank, but without its paper
	ReceiptRefused    = "refused"
	ReceiptUnknown    = "unknown"
	ReceiptDiscarded  = "discarded"
)

// ReceiptStates lists the states in the order of a receipt's life.
var ReceiptStates = []string{
	ReceiptDraft, ReceiptSubmitted, ReceiptApproved, ReceiptSending, ReceiptIssued, ReceiptIncomplete, ReceiptRefused, ReceiptUnknown, ReceiptDiscarded,
}

// ReceiptMethods are how money arrives.
var ReceiptMethods = []string{"transfer", "promptpay", "cheque", "card", "cash"}

// Receipt tells a buyer that payment has arrived. Days are midnight UTC.
type Receipt struct {
	ID               ID              `db:"id"`
	UnderHold        bool            `db:"under_hold"`      // it lies in the days of a legal hold
	DocumentType     string          `db:"document_type"`   // "T01", or "T03": the tax invoice, too
	DocumentNumber   string          `db:"document_number"` // empty until it is submitted
	DocumentOn       time.Time       `db:"document_on"`
	BuyerName        string          `db:"buyer_name"`
	BuyerTaxID       string          `db:"buyer_tax_id"`
	BuyerBranch      string          `db:"buyer_branch"`
	BuyerAddress     string          `db:"buyer_address"`
	PaidOn           time.Time       `db:"paid_on"`
	Method           string          `db:"method"`
	PaymentReference string          `db:"payment_reference"`
	Remark           string          `db:"remark"`
	Paper            string          `db:"paper"` // the language to draw it in; empty: it is uploaded
	ReceivedSatang   int64           `db:"received_satang"`
	WithheldSatang   int64           `db:"withheld_satang"`
	FeeSatang        int64           `db:"fee_satang"`   // what a bank took on the way
	TotalSatang      int64           `db:"total_satang"` // what is settled: all three together
	VATRate          decimal.Decimal `db:"vat_rate"`
	VATSatang        int64           `db:"vat_satang"` // within the total; none on a T01
	State            string          `db:"state"`
	StateSince       time.Time       `db:"state_since"`
	Version          int             `db:"version"`
	CreatedBy        ID              `db:"created_by"`
	CreatedByName    string          `db:"created_by_name"`
	Editors          IDs             `db:"editors"`
	CreatedAt        time.Time       `db:"created_at"`
	EditedAt         time.Time       `db:"edited_at"`
	EntryID          uuid.NullUUID   `db:"entry_id"`
	BankReference    string          `db:"bank_reference"`
	ResendID         uuid.NullUUID   `db:"resend_id"` // the lead that asks for its missing papers once more

	Lines     []ReceiptLine     `db:"-"`
	Documents []ReceiptDocument `db:"-"`
}

// Editable reports whether its content may still change.
func (r Receipt) Editable() bool { return r.State == ReceiptDraft || r.State == ReceiptRefused }

// ReceiptLine is what a receipt is for: a bill, or something in words. Amount
// is what of it is settled.
type ReceiptLine struct {
	LineNo         int           `db:"line_no" json:"line"`
	PresentmentID  uuid.NullUUID `db:"presentment_id" json:"presentment"`
	Description    string        `db:"description" json:"description"`
	VAT            string        `db:"vat" json:"vat"` // "standard": within the amount; or "none"
	ReceivedSatang int64         `db:"received_satang" json:"received_satang"`
	WithheldSatang int64         `db:"withheld_satang" json:"withheld_satang"`
	FeeSatang      int64         `db:"fee_satang" json:"fee_satang"`
	AmountSatang   int64         `db:"amount_satang" json:"amount_satang"`
	VATSatang      int64         `db:"vat_satang" json:"vat_satang"`

	BillNumber    string `db:"bill_number" json:"-"`
	BillReference string `db:"bill_reference" json:"-"` // the bank's
	BillTotal     int64  `db:"bill_total" json:"-"`
}

// ReceiptDocument is a file that goes with a receipt.
type ReceiptDocument struct {
	PresentmentDocument
	Drawn string `db:"drawn"` // the language that the portal drew it in, or empty
}

// Bills are the ids of the bills that the receipt is for.
func (r Receipt) Bills() (ids []ID) {
	for _, l := range r.Lines {
		if l.PresentmentID.Valid {
			ids = append(ids, l.PresentmentID.UUID)
		}
	}
	return ids
}

// Uploaded reports whether somebody added a paper of their own.
func (r Receipt) Uploaded() bool {
	return slices.ContainsFunc(r.Documents, func(d ReceiptDocument) bool { return d.Drawn == "" })
}

var (
	sqlReceipt = statement(`
		SELECT r.id, r.document_type, r.document_number, r.document_on, r.buyer_name, r.buyer_tax_id, r.buyer_branch, r.buyer_address, r.paid_on, r.method,
			r.payment_reference, r.remark, r.paper, r.received_satang, r.withheld_satang, r.fee_satang, r.total_satang, r.vat_rate, r.vat_satang,
			r.state, r.state_since, r.version, r.created_by, c.name AS created_by_name, r.editors, r.created_at, r.edited_at, r.entry_id, r.bank_reference, r.resend_id,
			day_is_held(r.merchant_id, r.document_on) AS under_hold
		FROM receipts r JOIN people c ON c.id = r.created_by WHERE r.merchant_id = $1 AND r.id = $2`)
	sqlReceiptLines = statement(`
		SELECT l.line_no, l.presentment_id, l.description, l.vat, l.received_satang, l.withheld_satang, l.fee_satang, l.amount_satang, l.vat_satang,
			coalesce(p.document_number, '') AS bill_number, coalesce(p.bank_reference, '') AS bill_reference, coalesce(p.total_satang, 0) AS bill_total
		FROM receipt_lines l LEFT JOIN presentments p ON p.merchant_id = $1 AND p.id = l.presentment_id
		WHERE l.merchant_id = $1 AND l.receipt_id = $2 ORDER BY l.line_no`)
	sqlReceiptDocuments = statement(`
		SELECT f.id AS file_id, f.name, f.media_type, f.size, f.sha256, f.uploaded_by, u.name AS uploaded_by_name, f.uploaded_at,
			f.pages, f.width, f.height, f.scan, d.drawn
		FROM receipt_documents d JOIN files f ON f.id = d.file_id JOIN people u ON u.id = f.uploaded_by
		WHERE d.merchant_id = $1 AND d.receipt_id = $2 ORDER BY d.position`)
)

// Receipt returns a receipt with its lines and documents.
func (q *Query) Receipt(id ID) (Receipt, error) {
	r, err := row[Receipt](q, sqlReceipt, q.actor.Merchant, id)
	if err != nil {
		return r, err
	}
	if r.Lines, err = rows[ReceiptLine](q, sqlReceiptLines, q.actor.Merchant, id); err != nil {
		return r, err
	}
	r.Documents, err = rows[ReceiptDocument](q, sqlReceiptDocuments, q.actor.Merchant, id)
	return r, err
}

var sqlPapersAtBank = statement(`
	SELECT f.id FROM receipt_documents d JOIN files f ON f.id = d.file_id
	WHERE d.merchant_id = $1 AND d.receipt_id = $2 AND EXISTS (SELECT FROM instructions i
		WHERE i.merchant_id = $1 AND i.subject = 'receipt/' || d.receipt_id AND i.operation = 'receipt.document.upload' AND i.state = 'done'
			AND convert_from(i.payload, 'UTF8')::jsonb ->> 'file' = f.id::text)`)

// PapersAtBank returns which files of a receipt the bank has taken.
func (q *Query) PapersAtBank(receipt ID) ([]ID, error) {
	return rows[ID](q, sqlPapersAtBank, q.actor.Merchant, receipt)
}

// BillToReceipt is a bill with what receipts that count have settled of it.
type BillToReceipt struct {
	ID             ID         `db:"id"`
	DocumentType   string     `db:"document_type"`
	DocumentNumber string     `db:"document_number"`
	DocumentOn     time.Time  `db:"document_on"`
	BuyerName      string     `db:"buyer_name"`
	BuyerTaxID     string     `db:"buyer_tax_id"`
	BuyerBranch    string     `db:"buyer_branch"`
	BuyerAddress   string     `db:"buyer_address"`
	TotalSatang    int64      `db:"total_satang"`
	VATSatang      int64      `db:"vat_satang"`
	WHTSatang      int64      `db:"wht_satang"`
	State          string     `db:"state"`
	BuyerDecision  string     `db:"buyer_decision"`
	BankReference  string     `db:"bank_reference"`
	DecidedAt      *time.Time `db:"decided_at"`
	SettledSatang  int64      `db:"settled_satang"`
	SettledWHT     int64      `db:"settled_wht"`
	SettledVAT     int64      `db:"settled_vat"`
	TaxInvoice     string     `db:"tax_invoice"` // the number of the e-Tax document that taxes it, if one does
	// What matched payments say.
	PaidReceived int64      `db:"paid_received"`
	PaidWithheld int64      `db:"paid_withheld"`
	PaidFee      int64      `db:"paid_fee"`
	PaidOn       *time.Time `db:"paid_on"` // when nothing was left open
}

// LeftSatang is what no receipt has settled yet.
func (b BillToReceipt) LeftSatang() int64 { return b.TotalSatang - b.SettledSatang }

// Receiptable reports whether the bank takes a receipt for it.
func (b BillToReceipt) Receiptable() bool {
	return b.BankReference != "" && (b.BuyerDecision == BuyerAccepted || b.BuyerDecision == BuyerPaid)
}

var sqlBillsToReceipt = statement(`
	SELECT p.id, p.document_type, p.document_number, p.document_on, p.buyer_name, p.buyer_tax_id, p.buyer_branch, p.buyer_address, p.total_satang,
		p.vat_satang, p.wht_satang, p.state, p.buyer_decision, p.bank_reference, p.decided_at, s.settled_satang, s.settled_wht, s.settled_vat,
		coalesce(b.received_satang, 0) AS paid_received, coalesce(b.withheld_satang, 0) AS paid_withheld, coalesce(b.fee_satang, 0) AS paid_fee, b.settled_on AS paid_on,
		coalesce((SELECT min(d.number) FROM etax_documents d WHERE d.presentment_id = p.id AND etax_is_live(d.state) AND etax_taxes(d)), '') AS tax_invoice
	FROM unnest($2::uuid[]) WITH ORDINALITY AS x (id, n) JOIN presentments p ON p.merchant_id = $1 AND p.id = x.id
	LEFT JOIN presentment_payments b ON b.merchant_id = $1 AND b.presentment_id = p.id CROSS JOIN LATERAL (
		SELECT coalesce(sum(l.amount_satang), 0)::bigint AS settled_satang, coalesce(sum(l.withheld_satang), 0)::bigint AS settled_wht,
			coalesce(sum(l.vat_satang), 0)::bigint AS settled_vat
		FROM receipt_lines l JOIN receipts r ON r.merchant_id = $1 AND r.id = l.receipt_id
		WHERE l.merchant_id = $1 AND l.presentment_id = p.id AND r.state NOT IN ('draft', 'refused', 'discarded') AND r.id <> $3) s
	ORDER BY x.n`)

// BillsToReceipt returns bills in the given order with what receipts other than
// the given one settle of them. Ids of no bill of the merchant are left out.
func (q *Query) BillsToReceipt(ids []ID, besides ID) ([]BillToReceipt, error) {
	return rows[BillToReceipt](q, sqlBillsToReceipt, q.actor.Merchant, pq.Array(ids), besides)
}

// ReceiptOfBill is a receipt that names a bill.
type ReceiptOfBill struct {
	ID             ID        `db:"id"`
	DocumentNumber string    `db:"document_number"`
	DocumentOn     time.Time `db:"document_on"`
	State          string    `db:"state"`
	AmountSatang   int64     `db:"amount_satang"`
}

var sqlReceiptsOfBill = statement(`
	SELECT r.id, r.document_number, r.document_on, r.state, l.amount_satang FROM receipt_lines l JOIN receipts r ON r.merchant_id = $1 AND r.id = l.receipt_id
	WHERE l.merchant_id = $1 AND l.presentment_id = $2 AND r.state <> 'discarded' ORDER BY r.created_at, r.id LIMIT 50`)

// ReceiptsOfBill returns the receipts that name a bill, the oldest first.
func (q *Query) ReceiptsOfBill(bill ID) ([]ReceiptOfBill, error) {
	return rows[ReceiptOfBill](q, sqlReceiptsOfBill, q.actor.Merchant, bill)
}
