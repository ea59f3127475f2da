package store

import (
	"time"

	"github.com/lib/pq"
)

// SaleIsTaxedOnce names the rule that two tax invoices over one sale are not
// both submitted.
const SaleIsTaxedOnce = "sale_is_taxed_once"

// NoMoreIsCredited names the rule that the credit notes on a sale do not come to
// more than it.
const NoMoreIsCredited = "no_more_is_credited_than_was_billed"

// NotedBillStays names the rule that a bill with a note on it is neither
// cancelled nor replaced.
const NotedBillStays = "noted_bill_stays"

// The papers that tax a sale.
const (
	TaxedByBill    = "bill"
	TaxedByReceipt = "receipt"
	TaxedByEtax    = "etax"
)

// TaxedBy is a paper that taxes a sale already.
type TaxedBy struct {
	Source string `db:"source"`
	ID     ID     `db:"id"`
	Number string `db:"number"`
}

var sqlTaxedAlready = statement(`SELECT source, id, number FROM taxed_already($1, $2, $3, $4, $5, $6) ORDER BY number, id LIMIT 1`)

// TaxedAlready returns the paper that taxes what a document is made from, where
// the document would tax it again. One that takes the place of another does not.
func (q *Query) TaxedAlready(e Etax) (by TaxedBy, taxed bool, err error) {
	if len(e.References) > 0 {
		return TaxedBy{}, false, nil
	}
	return found(row[TaxedBy](q, sqlTaxedAlready, e.ID, e.Kind, e.Number, e.TotalSatang, e.PresentmentID, e.ReceiptID))
}

// EtaxMade is a tax document that was made from a bill or a receipt.
type EtaxMade struct {
	ID          ID     `db:"id"`
	Kind        string `db:"kind"`
	Number      string `db:"number"`
	State       string `db:"state"`
	TotalSatang int64  `db:"total_satang"`
}

const etaxMade = `SELECT d.id, d.kind, d.number, d.state, d.total_satang FROM etax_documents d WHERE d.merchant_id = $1 AND d.state <> 'discarded' AND `

var (
	sqlEtaxOfReceipt = statement(etaxMade + `d.receipt_id = $2 ORDER BY d.issued_on, d.id LIMIT 50`)
	// What was made from a receipt is of its bills, too.
	sqlEtaxOfBill = statement(etaxMade + `d.id = ANY (ARRAY(
		SELECT b.id FROM etax_documents b WHERE b.presentment_id = $2
		UNION SELECT r.id FROM receipt_lines l JOIN etax_documents r ON r.receipt_id = l.receipt_id WHERE l.merchant_id = $1 AND l.presentment_id = $2))
		ORDER BY d.issued_on, d.id LIMIT 50`)
)

// EtaxOfReceipt lists the tax documents that were made from a receipt.
func (q *Query) EtaxOfReceipt(receipt ID) ([]EtaxMade, error) {
	return rows[EtaxMade](q, sqlEtaxOfReceipt, q.actor.Merchant, receipt)
}

// EtaxOfBill lists the tax documents that were made from a bill or its receipts.
func (q *Query) EtaxOfBill(bill ID) ([]EtaxMade, error) {
	return rows[EtaxMade](q, sqlEtaxOfBill, q.actor.Merchant, bill)
}

// The papers that a tax document may name as an earlier one.
const ReferredEtax = "etax"

// EtaxReferred is a paper of ours that a tax document names: another tax
// document, or a bill or a receipt that is a tax invoice by itself.
type EtaxReferred struct {
	Source      string    `db:"source"`
	ID          ID        `db:"id"`
	Kind        string    `db:"kind"`
	Number      string    `db:"number"`
	IssuedOn    time.Time `db:"issued_on"`
	BuyerTaxID  string    `db:"buyer_tax_id"`
	Out         bool      `db:"is_out"` // the bank has it, and nobody is taking it back
	TotalSatang int64     `db:"total_satang"`
	VATSatang   int64     `db:"vat_satang"`
}

var (
	sqlEtaxReferred = statement(`
		SELECT source, id, kind, number, issued_on, buyer_tax_id, is_out, total_satang, vat_satang
		FROM papers_named($1, $2::text[], $3::text[])`)
	sqlLeftToCredit = statement(`SELECT left_to_credit($1, $2::text[], $3::text[])`)
)

// EtaxReferred lists the papers of ours that bear these numbers, each of the
// kind at the same place.
func (q *Query) EtaxReferred(kinds, numbers []string) ([]EtaxReferred, error) {
	return rows[EtaxReferred](q, sqlEtaxReferred, q.actor.Merchant, pq.Array(kinds), pq.Array(numbers))
}

// LeftToCredit is how much a credit note on the papers that bear these numbers,
// each of the kind at the same place, may come to, in satang, besides the credit
// notes that are out or under way.
func (q *Query) LeftToCredit(note ID, kinds, numbers []string) (int64, error) {
	return row[int64](q, sqlLeftToCredit, note, pq.Array(kinds), pq.Array(numbers))
}
