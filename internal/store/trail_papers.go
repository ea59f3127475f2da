package store

import "strings"

var sqlPaperSubjects = statement(`
	WITH receipts_so AS MATERIALIZED (
		SELECT id FROM receipts WHERE merchant_id = $1 AND document_number = $2 AND document_number <> ''
	), papers AS MATERIALIZED (
		SELECT 'receipt/' || id AS subject FROM receipts_so
		UNION SELECT 'etax/' || d.id FROM etax_documents d WHERE d.merchant_id = $1 AND d.receipt_id = ANY (ARRAY(SELECT id FROM receipts_so))
		UNION SELECT unnest(ARRAY['number/' || n.id, n.subject]) FROM document_numbers n WHERE n.merchant_id = $1 AND n.number = $2
		UNION SELECT 'payment/' || p.id FROM payments p WHERE p.merchant_id = $1 AND p.bank_reference = $2 AND p.bank_reference <> ''
		UNION SELECT i.subject FROM instructions i WHERE i.merchant_id = $1 AND i.bank_reference = $2 AND i.bank_reference <> ''
	), asked AS MATERIALIZED (
		SELECT i.id FROM instructions i WHERE i.merchant_id = $1 AND i.subject = ANY (ARRAY(SELECT subject FROM papers))
	)
	SELECT subject FROM papers
	UNION SELECT 'instruction/' || id FROM asked
	UNION SELECT 'exchange/' || x.id FROM exchanges x WHERE x.merchant_id = $1 AND x.instruction_id = ANY (ARRAY(SELECT id FROM asked))`)

// PaperSubjects returns everything the trail tells of the receipts, tax documents
// and numbers, voided ones too, that bear exactly this number, and of the
// payment and of whatever else has it as the bank's reference: a debit, say.
func (q *Query) PaperSubjects(number string) ([]Subject, error) {
	return rows[Subject](q, sqlPaperSubjects, q.actor.Merchant, strings.TrimSpace(number))
}
