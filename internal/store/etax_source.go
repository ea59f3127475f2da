package store

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
