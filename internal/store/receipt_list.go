package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// ReceiptSorts are the orders of the list of receipts.
var ReceiptSorts = []PresentmentSort{SortByDate, SortByNumber, SortByBuyer, SortByAmount}

// ReceiptFilter selects a page of the list of receipts. The zero value means
// all but the discarded, the newest first.
type ReceiptFilter struct {
	States     []string
	Text       string // part of number, buyer, tax id, a reference, or a bill's number
	TaxID      string
	OnFrom     time.Time
	OnTo       time.Time
	AmountFrom *int64
	AmountTo   *int64
	Sort       PresentmentSort
	Ascending  bool
	From       Cursor
	Limit      int
}

// MarshalJSON writes the conditions as receipts_listed reads them.
func (f ReceiptFilter) MarshalJSON() ([]byte, error) {
	return json.Marshal(PresentmentSelection{
		Text: f.Text, TaxID: f.TaxID, OnFrom: f.OnFrom, OnTo: f.OnTo, AmountFrom: f.AmountFrom, AmountTo: f.AmountTo,
	})
}

// ReceiptRow is a line of the list of receipts.
type ReceiptRow struct {
	ID             ID        `db:"id"`
	State          string    `db:"state"`
	DocumentType   string    `db:"document_type"`
	DocumentNumber string    `db:"document_number"`
	DocumentOn     time.Time `db:"document_on"`
	PaidOn         time.Time `db:"paid_on"`
	BuyerName      string    `db:"buyer_name"`
	BuyerTaxID     string    `db:"buyer_tax_id"`
	ReceivedSatang int64     `db:"received_satang"`
	WithheldSatang int64     `db:"withheld_satang"`
	FeeSatang      int64     `db:"fee_satang"`
	TotalSatang    int64     `db:"total_satang"`
	VATSatang      int64     `db:"vat_satang"`
	Method         string    `db:"method"`
	Reference      string    `db:"payment_reference"`
	BankReference  string    `db:"bank_reference"`
	Bills          string    `db:"bills"` // their numbers
}

// PlaceOfReceipt is where a row stands in an order.
func (s PresentmentSort) PlaceOfReceipt(r ReceiptRow) Cursor {
	return s.Place(PresentmentRow{
		ID: r.ID, DocumentNumber: r.DocumentNumber, DocumentOn: r.DocumentOn, BuyerName: r.BuyerName, TotalSatang: r.TotalSatang,
	})
}

const receiptRowColumns = `r.id, r.state, r.document_type, r.document_number, r.document_on, r.paid_on, r.buyer_name, r.buyer_tax_id, r.received_satang,
	r.withheld_satang, r.fee_satang, r.total_satang, r.vat_satang, r.method, r.payment_reference, r.bank_reference,
	coalesce((SELECT string_agg(p.document_number, ', ' ORDER BY l.line_no) FROM receipt_lines l JOIN presentments p ON p.merchant_id = $1 AND p.id = l.presentment_id
		WHERE l.merchant_id = $1 AND l.receipt_id = r.id), '') AS bills`

var (
	sqlReceiptsListed = statement(`
		SELECT ` + receiptRowColumns + ` FROM receipts_listed($2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY AS m (id, n) JOIN receipts r ON r.id = m.id
		WHERE r.merchant_id = $1 ORDER BY m.n`)
	sqlReceiptDues = statement(`
		SELECT p.id, p.document_number, p.document_on, p.buyer_name, p.buyer_tax_id, p.total_satang, d.left_satang, d.paid_at,
			(SELECT r.id FROM receipt_lines l JOIN receipts r ON r.merchant_id = $1 AND r.id = l.receipt_id
				WHERE l.merchant_id = $1 AND l.presentment_id = p.id AND r.state IN ('draft', 'refused') LIMIT 1) AS draft
		FROM receipt_dues d JOIN presentments p ON p.merchant_id = $1 AND p.id = d.presentment_id
		WHERE d.merchant_id = $1 AND (d.paid_at, d.presentment_id) > ($2, $3) ORDER BY d.paid_at, d.presentment_id LIMIT $4`)
	sqlWorkReceipts = statement(workLine(`
		SELECT d.presentment_id AS id, d.paid_at AS at, (
			SELECT p.document_number || ' · ' || p.buyer_name FROM presentments p WHERE p.merchant_id = $1 AND p.id = d.presentment_id) AS title
		FROM receipt_dues d WHERE d.merchant_id = $1 ORDER BY d.paid_at, d.presentment_id LIMIT 1001`))
)

// Receipts returns a page of the list of receipts, and whether it goes on in
// the direction it was read.
func (q *Query) Receipts(f ReceiptFilter) (list []ReceiptRow, more bool, err error) {
	conditions, err := json.Marshal(f)
	if err != nil {
		return nil, false, fmt.Errorf("encoding a filter: %w", err)
	}
	states, sort := f.States, f.Sort
	if len(states) == 0 {
		states = ReceiptStates[:len(ReceiptStates)-1]
	}
	if sort == "" {
		sort = SortByDate
	}
	list, err = rows[ReceiptRow](q, sqlReceiptsListed, q.actor.Merchant, string(conditions), pq.Array(states), string(sort), f.Ascending == f.From.Back,
		f.From.Place, nullable(f.From.ID), f.Limit+1)
	if len(list) > f.Limit {
		list, more = list[:f.Limit], true
	}
	if f.From.Back {
		reverse(list)
	}
	return list, more, err
}

// ReceiptDue is a paid bill that is not receipted in full.
type ReceiptDue struct {
	ID             ID        `db:"id"`
	DocumentNumber string    `db:"document_number"`
	DocumentOn     time.Time `db:"document_on"`
	BuyerName      string    `db:"buyer_name"`
	BuyerTaxID     string    `db:"buyer_tax_id"`
	TotalSatang    int64     `db:"total_satang"`
	LeftSatang     int64     `db:"left_satang"`
	PaidAt         time.Time `db:"paid_at"`
	Draft          *string   `db:"draft"` // the id of a receipt that is being written for it
}

// ReceiptDueCursor is a place in the list of dues; zero is its beginning.
type ReceiptDueCursor struct {
	At time.Time
	ID ID
}

// ReceiptDues lists paid bills that are not receipted in full, those first that
// have waited longest, and whether the list goes on.
func (q *Query) ReceiptDues(from ReceiptDueCursor, limit int) (list []ReceiptDue, more bool, err error) {
	if list, err = rows[ReceiptDue](q, sqlReceiptDues, q.actor.Merchant, from.At, from.ID, limit+1); len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// WorkReceipts is what ReceiptDues lists.
func (q *Query) WorkReceipts() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkReceipts, q.actor.Merchant)
}

// ReceiptsNaming are the newest receipts whose words contain text.
func (q *Query) ReceiptsNaming(text string, limit int) ([]ReceiptRow, error) {
	list, _, err := q.Receipts(ReceiptFilter{Text: text, Limit: limit})
	return list, err
}
