package store

import (
	"time"

	"github.com/google/uuid"
)

// foundBills is SQL for the newest bills of a condition.
const foundBills = `SELECT ` + presentmentRowColumns + ` FROM presentments p WHERE p.merchant_id = $1 AND `

var (
	sqlBillsOfTotal = statement(foundBills + `p.total_satang = $2 ORDER BY p.document_on DESC, p.id DESC LIMIT $3`)
	// Two walks along two indexes: one condition with OR would walk neither.
	sqlBillsOfDay = statement(`
		SELECT ` + presentmentRowColumns + ` FROM (
			(` + foundBills + `p.document_on = $2 ORDER BY p.id DESC LIMIT $3)
			UNION
			(` + foundBills + `p.due_on = $2 ORDER BY p.id DESC LIMIT $3)
		) p ORDER BY p.document_on DESC, p.id DESC LIMIT $3`)
	sqlInstructionsReferred = statement(`
		SELECT ` + instructionRowColumns + `, false AS mine, false AS proposed
		FROM instructions i JOIN people m ON m.id = i.maker_id
		WHERE i.merchant_id = $1 AND i.id = ANY (ARRAY(
			SELECT r.id FROM instructions r WHERE r.merchant_id = $1 AND r.bank_reference <> '' AND r.bank_reference = $2
			UNION SELECT x.instruction_id FROM exchanges x WHERE x.merchant_id = $1 AND x.transaction_id = $2
			UNION SELECT r.id FROM instructions r WHERE r.merchant_id = $1 AND r.id = $3
			UNION SELECT a.instruction_id FROM attempts a WHERE a.merchant_id = $1 AND a.id = $3
			UNION SELECT x.instruction_id FROM exchanges x WHERE x.merchant_id = $1 AND x.id = $3))
		ORDER BY i.submitted_at DESC, i.id DESC LIMIT $4`)
	// Colleagues are few.
	sqlColleagues = statement(`
		SELECT p.id, p.name FROM memberships b JOIN people p ON p.id = b.person_id
		WHERE b.merchant_id = $1 AND lower(p.name) LIKE $2 ORDER BY p.name, p.id LIMIT $3`)
	sqlFilesNamed = statement(`
		SELECT f.id, f.name, f.uploaded_at, d.presentment_id FROM files f
			LEFT JOIN LATERAL (SELECT d.presentment_id FROM presentment_documents d WHERE d.merchant_id = $1 AND d.file_id = f.id LIMIT 1) d ON true
		WHERE f.merchant_id = $1 AND f.id = ANY (ARRAY(SELECT m.file_id FROM files_matching($2, $3) m))
			AND NOT EXISTS (SELECT FROM imports i WHERE i.file_id = f.id)
		ORDER BY f.uploaded_at DESC, f.id DESC`)
	// Few files are spreadsheets, so that more of them are looked at than shown.
	sqlImportsNamed = statement(`
		SELECT ` + importColumns + `
		WHERE i.merchant_id = $1 AND i.id = ANY (ARRAY(
			SELECT x.id FROM imports x WHERE x.merchant_id = $1 AND x.file_id = ANY (ARRAY(SELECT m.file_id FROM files_matching($2, 200) m))))
		ORDER BY i.id DESC LIMIT $3`)
)

// BillsOfTotal are the newest bills of exactly this total.
func (q *Query) BillsOfTotal(satang int64, limit int) ([]PresentmentRow, error) {
	return rows[PresentmentRow](q, sqlBillsOfTotal, q.actor.Merchant, satang, limit)
}

// BillsOfDay are bills that bear this date or are due on it.
func (q *Query) BillsOfDay(day time.Time, limit int) ([]PresentmentRow, error) {
	return rows[PresentmentRow](q, sqlBillsOfDay, q.actor.Merchant, day, limit)
}

// InstructionsReferred are the instructions that somebody calls by this whole
// reference: the bank's, that of a request to it, or our own.
func (q *Query) InstructionsReferred(reference string, limit int) ([]InstructionRow, error) {
	id, err := uuid.Parse(reference)
	return rows[InstructionRow](q, sqlInstructionsReferred, q.actor.Merchant, reference, uuid.NullUUID{UUID: id, Valid: err == nil}, limit)
}

// Colleagues are people of the acting merchant whose names contain text.
func (q *Query) Colleagues(text string, limit int) ([]Named, error) {
	return rows[Named](q, sqlColleagues, q.actor.Merchant, containing(text), limit)
}

// FoundFile is a file and, if it hangs on one, its bill.
type FoundFile struct {
	ID         ID            `db:"id"`
	Name       string        `db:"name"`
	UploadedAt time.Time     `db:"uploaded_at"`
	Bill       uuid.NullUUID `db:"presentment_id"`
}

// ImportsNamed are the newest imports of files whose names contain text.
func (q *Query) ImportsNamed(text string, limit int) ([]Import, error) {
	return rows[Import](q, sqlImportsNamed, q.actor.Merchant, containing(text), limit)
}

// FilesNamed are the newest files whose names contain text.
func (q *Query) FilesNamed(text string, limit int) ([]FoundFile, error) {
	return rows[FoundFile](q, sqlFilesNamed, q.actor.Merchant, containing(text), limit)
}

// By an array: joined to the function, of which Postgres guesses 1,000 rows, all
// bills would be read.
var sqlBillsNaming = statement(foundBills + `p.id = ANY (ARRAY(
	SELECT presentment_id FROM presentments_matching($2, '', '9999-12-31', 'ffffffff-ffff-ffff-ffff-ffffffffffff', $3)))
	ORDER BY p.document_on DESC, p.id DESC`)

// BillsNaming are the newest bills whose number, buyer, tax id or bank
// reference contains text.
func (q *Query) BillsNaming(text string, limit int) ([]PresentmentRow, error) {
	return rows[PresentmentRow](q, sqlBillsNaming, q.actor.Merchant, containing(text), limit)
}
