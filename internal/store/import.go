package store

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// What the rows of an import are.
const (
	ImportOfBills    = "bills"
	ImportOfBuyers   = "buyers"
	ImportOfPayments = "payments"
	ImportOfPayers   = "payers"
	ImportOfDebits   = "debits"
	ImportOfRequests = "requests"
	ImportOfBlocks   = "blocks"
)

// The states of an import.
const (
	ImportRead      = "read" // nobody has said yet what its columns mean
	ImportMapped    = "mapped"
	ImportMaking    = "making" // what is good of it is being made
	ImportMade      = "made"
	ImportDiscarded = "discarded"
)

// How an item of an import stands.
const (
	ImportUnchecked = "unchecked"
	ImportFaulty    = "faulty"
	ImportGood      = "good"
	ImportDropped   = "dropped"
	ImportedItem    = "made"
)

// Texts is a column with a JSON list of texts.
type Texts []string

// Scan implements sql.Scanner.
func (l *Texts) Scan(value any) error {
	raw, _ := value.([]byte) // NULL is an empty list
	if len(raw) == 0 {
		*l = nil
		return nil
	}
	return json.Unmarshal(raw, l)
}

// Import is a list of bills or of buyers from a spreadsheet.
type Import struct {
	ID            ID        `db:"id"`
	Kind          string    `db:"kind"`
	FileID        ID        `db:"file_id"`
	FileName      string    `db:"file_name"`
	FileSHA256    []byte    `db:"file_sha256"`
	Format        string    `db:"format"`
	Heading       Texts     `db:"heading"`
	RowCount      int       `db:"row_count"`
	Mapping       Texts     `db:"mapping"` // what each column means; "" for nothing
	Grouped       bool      `db:"grouped"` // rows with the same number are one bill
	State         string    `db:"state"`
	CreatedBy     ID        `db:"created_by"`
	Editors       IDs       `db:"editors"` // everybody who had a hand in it
	CreatedByName string    `db:"created_by_name"`
	CreatedAt     time.Time `db:"created_at"`
}

// ImportRow is a row of the file, as it is now. No is its number in the file.
type ImportRow struct {
	No      int   `db:"row_no"`
	ItemNo  int   `db:"item_no"`
	Dropped bool  `db:"dropped"`
	Cells   Texts `db:"cells"`
}

// ImportItem is a bill or a buyer of the list. What its faults mean is the
// edge's affair.
type ImportItem struct {
	No            int             `db:"no"`
	Standing      string          `db:"standing"`
	Number        string          `db:"number"` // of the document, or tax id and branch
	BuyerName     string          `db:"buyer_name"`
	TotalSatang   int64           `db:"total_satang"`
	FirstRow      int             `db:"first_row"`
	Faults        json.RawMessage `db:"faults"`
	GoesOver      *int            `db:"goes_over"` // the version of the known buyer that it may replace
	PresentmentID uuid.NullUUID   `db:"presentment_id"`
	BuyerID       uuid.NullUUID   `db:"buyer_id"`
	PaymentID     uuid.NullUUID   `db:"payment_id"`
	PayerID       uuid.NullUUID   `db:"payer_id"`
	DebitID       uuid.NullUUID   `db:"debit_id"`
	RequestID     uuid.NullUUID   `db:"request_id"`
	BlockID       uuid.NullUUID   `db:"block_id"`
}

// ImportSum is what the items of one standing come to.
type ImportSum struct {
	Standing    string `db:"standing"`
	Items       int    `db:"items"`
	TotalSatang int64  `db:"total_satang"`
}

const importColumns = `i.id, i.kind, i.file_id, f.name AS file_name, f.sha256 AS file_sha256, i.format, i.heading, i.row_count, i.mapping, i.grouped,
	i.state, i.created_by, i.editors, c.name AS created_by_name, i.created_at
	FROM imports i JOIN files f ON f.id = i.file_id JOIN people c ON c.id = i.created_by`

const importItemColumns = `no, standing, number, buyer_name, total_satang, first_row, faults, goes_over, presentment_id, buyer_id, payment_id, payer_id, debit_id, request_id, block_id`

var (
	sqlImport     = statement(`SELECT ` + importColumns + ` WHERE i.merchant_id = $1 AND i.id = $2`)
	sqlImports    = statement(`SELECT ` + importColumns + ` WHERE i.merchant_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3`)
	sqlImportSums = statement(`
		SELECT standing, count(*) AS items, coalesce(sum(total_satang), 0) AS total_satang FROM import_items
		WHERE merchant_id = $1 AND import_id = $2 GROUP BY standing`)
	sqlImportItems = statement(`
		SELECT ` + importItemColumns + ` FROM import_items
		WHERE merchant_id = $1 AND import_id = $2 AND standing = $3 AND no > $4 ORDER BY no LIMIT $5`)
	sqlImportItemsByNo = statement(`
		SELECT ` + importItemColumns + ` FROM import_items
		WHERE merchant_id = $1 AND import_id = $2 AND no = ANY ($3) ORDER BY no`)
	sqlImportItemsOfNumbers = statement(`
		SELECT no FROM import_items WHERE merchant_id = $1 AND import_id = $2 AND number = ANY ($3) AND standing NOT IN ('dropped', 'made') ORDER BY no`)
	sqlImportRowsOfItems = statement(`
		SELECT row_no, coalesce(item_no, 0) AS item_no, dropped, cells FROM import_rows
		WHERE merchant_id = $1 AND import_id = $2 AND item_no = ANY ($3) ORDER BY item_no, row_no`)
	sqlImportRows = statement(`
		SELECT row_no, coalesce(item_no, 0) AS item_no, dropped, cells FROM import_rows
		WHERE merchant_id = $1 AND import_id = $2 AND row_no > $3 ORDER BY row_no LIMIT $4`)
	sqlImportFaultsLike = statement(`
		SELECT ` + importItemColumns + ` FROM import_items
		WHERE merchant_id = $1 AND import_id = $2 AND standing = 'faulty' AND faults @> $3::text::jsonb AND no > $4 ORDER BY no LIMIT $5`)
	// The first item of the list with each number, and the row it stands in.
	sqlImportFirsts = statement(`
		SELECT DISTINCT ON (number) number, no, first_row AS row FROM import_items
		WHERE merchant_id = $1 AND import_id = $2 AND number = ANY ($3) AND standing <> 'dropped'
		ORDER BY number, no`)
	sqlTakenNumbers = statement(`
		SELECT document_number FROM presentments WHERE merchant_id = $1 AND document_number = ANY ($2) AND state NOT IN ('cancelled', 'discarded')`)
	sqlImportMapping   = statement(`SELECT mapping, grouped FROM import_mappings WHERE merchant_id = $1 AND signature = $2`)
	sqlUntouchedDrafts = statement(`
		SELECT p.id FROM import_items i JOIN presentments p ON p.id = i.presentment_id
		WHERE i.merchant_id = $1 AND i.import_id = $2 AND i.standing = 'made' AND p.merchant_id = $1 AND p.state = 'draft' AND p.version = 1
		ORDER BY i.no LIMIT $3`)
	sqlImportOfFile = statement(`
		SELECT ` + importColumns + ` WHERE i.merchant_id = $1 AND f.sha256 = $2 AND i.id <> $3 AND i.state <> 'discarded' ORDER BY i.id LIMIT 1`)
)

// Import returns one import.
func (q *Query) Import(id ID) (Import, error) { return row[Import](q, sqlImport, q.actor.Merchant, id) }

// Imports returns imports from the newest on, or those older than a given one.
func (q *Query) Imports(before ID, limit int) ([]Import, error) {
	if before == NoID {
		before = uuid.Max
	}
	return rows[Import](q, sqlImports, q.actor.Merchant, before, limit)
}

// ImportSums returns what the items of an import come to, by how they stand.
func (q *Query) ImportSums(id ID) (map[string]ImportSum, error) {
	list, err := rows[ImportSum](q, sqlImportSums, q.actor.Merchant, id)
	sums := make(map[string]ImportSum, len(list))
	for _, s := range list {
		sums[s.Standing] = s
	}
	return sums, err
}

// ImportItems returns the next items of one standing.
func (q *Query) ImportItems(id ID, standing string, after, limit int) ([]ImportItem, error) {
	return rows[ImportItem](q, sqlImportItems, q.actor.Merchant, id, standing, after, limit)
}

// ImportItemsByNo returns the items with the given places in the list.
func (q *Query) ImportItemsByNo(id ID, nos []int) ([]ImportItem, error) {
	return rows[ImportItem](q, sqlImportItemsByNo, q.actor.Merchant, id, pq.Array(nos))
}

// ImportItemsOfNumbers returns which items of the list have one of the given
// numbers and can still change.
func (q *Query) ImportItemsOfNumbers(id ID, numbers []string) ([]int, error) {
	return rows[int](q, sqlImportItemsOfNumbers, q.actor.Merchant, id, pq.Array(numbers))
}

// ImportItemsWithFault returns the next items that have a fault like the
// given one, which is part of its JSON.
func (q *Query) ImportItemsWithFault(id ID, fault string, after, limit int) ([]ImportItem, error) {
	return rows[ImportItem](q, sqlImportFaultsLike, q.actor.Merchant, id, fault, after, limit)
}

// ImportRowsOfItems returns the rows that the given items consist of.
func (q *Query) ImportRowsOfItems(id ID, nos []int) ([]ImportRow, error) {
	return rows[ImportRow](q, sqlImportRowsOfItems, q.actor.Merchant, id, pq.Array(nos))
}

// ImportRows returns the next rows of the file.
func (q *Query) ImportRows(id ID, after, limit int) ([]ImportRow, error) {
	return rows[ImportRow](q, sqlImportRows, q.actor.Merchant, id, after, limit)
}

// ImportPlace is where a number stands first in the list.
type ImportPlace struct {
	Number string `db:"number"`
	No     int    `db:"no"`
	Row    int    `db:"row"`
}

// ImportFirsts returns where each of the numbers stands first.
func (q *Query) ImportFirsts(id ID, numbers []string) ([]ImportPlace, error) {
	return rows[ImportPlace](q, sqlImportFirsts, q.actor.Merchant, id, pq.Array(numbers))
}

// TakenNumbers returns which of the numbers a bill of the merchant has already.
func (q *Query) TakenNumbers(numbers []string) ([]string, error) {
	return rows[string](q, sqlTakenNumbers, q.actor.Merchant, pq.Array(numbers))
}

// UntouchedDrafts returns drafts of an import that nobody has changed since,
// in the order of the list.
func (q *Query) UntouchedDrafts(id ID, limit int) ([]ID, error) {
	return rows[ID](q, sqlUntouchedDrafts, q.actor.Merchant, id, limit)
}

// ImportMapping is what the columns of a heading were said to mean last time.
type ImportMapping struct {
	Mapping Texts `db:"mapping"`
	Grouped bool  `db:"grouped"`
}

// ImportMapping returns the mapping for a heading with this signature;
// ErrNotFound when it is new.
func (q *Query) ImportMapping(signature []byte) (ImportMapping, error) {
	return row[ImportMapping](q, sqlImportMapping, q.actor.Merchant, signature)
}

// ImportOfSameFile returns another import of the very same bytes.
func (q *Query) ImportOfSameFile(i Import) (Import, error) {
	return row[Import](q, sqlImportOfFile, q.actor.Merchant, i.FileSHA256, i.ID)
}

// ImportMend is a mend that suits several cells of a list.
type ImportMend struct {
	Rule  string `db:"rule"`
	Field string `db:"field"`
	Kind  string `db:"kind"`
	Cells int    `db:"cells"`
}

var (
	sqlImportMends = statement(`
		SELECT f ->> 'rule' AS rule, f ->> 'field' AS field, x ->> 'kind' AS kind, count(*) AS cells
		FROM import_items b, jsonb_array_elements(b.faults) f, jsonb_array_elements(f -> 'fixes') x
		WHERE b.merchant_id = $1 AND b.import_id = $2 AND b.standing = 'faulty'
		GROUP BY 1, 2, 3 ORDER BY cells DESC, 1, 2, 3`)
	sqlBuyersOfTaxIDs = statement(`
		SELECT ` + buyerColumns + ` FROM buyers b WHERE b.merchant_id = $1 AND b.tax_id = ANY ($2) AND b.state = 'active' ORDER BY b.tax_id, b.branch`)
	sqlKnownTaxIDs = statement(`SELECT DISTINCT tax_id FROM buyers WHERE merchant_id = $1 AND tax_id = ANY ($2) AND state = 'active'`)
)

// ImportMends returns which mends the faulty items offer, and how often.
func (q *Query) ImportMends(id ID) ([]ImportMend, error) {
	return rows[ImportMend](q, sqlImportMends, q.actor.Merchant, id)
}

// KnownTaxIDs returns which of the tax ids some buyer in the directory has.
func (q *Query) KnownTaxIDs(taxIDs []string) ([]string, error) {
	return rows[string](q, sqlKnownTaxIDs, q.actor.Merchant, pq.Array(taxIDs))
}

// BuyersOfTaxIDs returns the active buyers with any of the tax ids.
func (q *Query) BuyersOfTaxIDs(taxIDs []string) ([]Buyer, error) {
	return rows[Buyer](q, sqlBuyersOfTaxIDs, q.actor.Merchant, pq.Array(taxIDs))
}
