package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/shopspring/decimal"
)

// The states of a buyer. Who is archived is kept, but offered nowhere.
const (
	BuyerActive   = "active"
	BuyerArchived = "archived"
)

// BuyerStates lists the states in the order of the list's tabs.
var BuyerStates = []string{BuyerActive, BuyerArchived}

// Buyer is somebody a merchant sends bills to. A bill keeps its own copy of
// what it says of its buyer; it belongs to the one with its tax id and branch.
type Buyer struct {
	ID        ID                  `db:"id"`
	Name      string              `db:"name"`
	NameEN    string              `db:"name_en"`
	TaxID     string              `db:"tax_id"`
	Branch    string              `db:"branch"`
	Address   string              `db:"address"`
	Postcode  string              `db:"postcode"`
	Email     string              `db:"email"`
	Phone     string              `db:"phone"`
	Contact   string              `db:"contact"`
	TermsDays *int                `db:"terms_days"` // from the document to the day it is due; nil where nothing was agreed
	WHTRate   decimal.NullDecimal `db:"wht_rate"`   // percent that it usually withholds: a hint, no rule
	Note      string              `db:"note"`
	State     string              `db:"state"`
	Version   int                 `db:"version"`
	CreatedAt time.Time           `db:"created_at"`
	EditedAt  time.Time           `db:"edited_at"`
	// SortName is its place in the order of the list, made by the database.
	SortName string `db:"sort_name"`
	// The cells of Email and Phone, until they are opened.
	EmailSealed string `db:"email_sealed"`
	PhoneSealed string `db:"phone_sealed"`
}

func (b *Buyer) reveal(q *Query) error {
	if err := q.reveal(buyerEmail, b.ID, &b.EmailSealed, &b.Email); err != nil {
		return err
	}
	return q.reveal(buyerPhone, b.ID, &b.PhoneSealed, &b.Phone)
}

// BuyerCursor is a place in the list, which runs by name. The zero cursor is
// its beginning.
type BuyerCursor struct {
	SortName string
	ID       ID
	// Back asks for the rows before the place instead of those after it.
	Back bool
}

// BuyerFilter selects a page of the list.
type BuyerFilter struct {
	State string // BuyerActive unless given
	Text  string // as typed; every word of it must be found; always pages forward
	From  BuyerCursor
	Limit int
}

// BuyerPage is one page: More says whether the list goes on in the direction
// it was read.
type BuyerPage struct {
	Rows []Buyer
	More bool
}

const buyerColumns = `b.id, b.name, b.name_en, b.tax_id, b.branch, b.address, b.postcode, b.email, b.phone, b.contact, b.terms_days, b.wht_rate, b.note,
	b.state, b.version, b.created_at, b.edited_at, b.sort_name, coalesce(b.email_sealed, '') AS email_sealed, coalesce(b.phone_sealed, '') AS phone_sealed`

var (
	sqlBuyer      = statement(`SELECT ` + buyerColumns + ` FROM buyers b WHERE b.merchant_id = $1 AND b.id = $2`)
	sqlBuyerTaxID = statement(`
		SELECT ` + buyerColumns + ` FROM buyers b WHERE b.merchant_id = $1 AND b.tax_id = $2 AND b.branch = $3 AND b.state = 'active'`)
	sqlBuyersOfTaxID = statement(`
		SELECT ` + buyerColumns + ` FROM buyers b WHERE b.merchant_id = $1 AND b.tax_id = $2 ORDER BY b.branch, b.state, b.id LIMIT $3`)
	sqlBuyersAfter = statement(`
		SELECT ` + buyerColumns + ` FROM buyers b
		WHERE b.merchant_id = $1 AND b.state = $2 AND (b.sort_name, b.id) > ($3, $4)
		ORDER BY b.sort_name, b.id LIMIT $5`)
	sqlBuyersBefore = statement(`
		SELECT ` + buyerColumns + ` FROM buyers b
		WHERE b.merchant_id = $1 AND b.state = $2 AND (b.sort_name, b.id) < ($3, $4)
		ORDER BY b.sort_name DESC, b.id DESC LIMIT $5`)
	// An array, because a join with a function makes Postgres expect a thousand
	// rows of it and read the whole table.
	sqlBuyersMatching = statement(`
		SELECT ` + buyerColumns + ` FROM buyers b
		WHERE b.merchant_id = $1 AND b.id = ANY (ARRAY(SELECT m.buyer_id FROM buyers_matching($6, $2, $3, $4, $5, $7) m))
		ORDER BY b.sort_name, b.id`)
	sqlBuyersToPick = statement(`
		WITH found AS MATERIALIZED (SELECT buyer_id, place FROM buyers_to_pick($2, $3, $4))
		SELECT ` + buyerColumns + ` FROM buyers b
		WHERE b.merchant_id = $1 AND b.id = ANY (ARRAY(SELECT buyer_id FROM found))
		ORDER BY (SELECT place FROM found f WHERE f.buyer_id = b.id)`)
	sqlBuyersNamedLike = statement(`
		WITH found AS MATERIALIZED (SELECT buyer_id, alike FROM buyers_named_like($2, $3, $4))
		SELECT ` + buyerColumns + ` FROM buyers b
		WHERE b.merchant_id = $1 AND b.id = ANY (ARRAY(SELECT buyer_id FROM found))
		ORDER BY (SELECT alike FROM found f WHERE f.buyer_id = b.id) DESC, b.sort_name, b.id`)
	sqlCountBuyers = statement(`
		SELECT s.state, (SELECT count(*) FROM (
			SELECT FROM buyers b WHERE b.merchant_id = $1 AND b.state = s.state LIMIT 1001) counted) AS number
		FROM unnest($2::text[]) AS s(state)`)
)

// Buyer returns one buyer, archived or not.
func (q *Query) Buyer(id ID) (Buyer, error) {
	return row[Buyer](q, sqlBuyer, q.actor.Merchant, id)
}

// BuyerByTaxID returns the active buyer with a tax id and branch.
func (q *Query) BuyerByTaxID(taxID, branch string) (Buyer, error) {
	return row[Buyer](q, sqlBuyerTaxID, q.actor.Merchant, taxID, branch)
}

// BuyersOfTaxID returns at most limit buyers with a tax id: all branches,
// archived ones too.
func (q *Query) BuyersOfTaxID(taxID string, limit int) ([]Buyer, error) {
	return rows[Buyer](q, sqlBuyersOfTaxID, q.actor.Merchant, taxID, limit)
}

// Buyers returns a page of the list.
func (q *Query) Buyers(f BuyerFilter) (BuyerPage, error) {
	if f.State == "" {
		f.State = BuyerActive
	}
	// One row more than the page tells whether there is a next one.
	args := []any{q.actor.Merchant, f.State, f.From.SortName, f.From.ID, f.Limit + 1}
	var page BuyerPage
	var err error
	switch {
	case strings.TrimSpace(f.Text) != "":
		f.From.Back = false
		var marks pq.ByteaArray
		if marks, err = q.marksOf(f.Text, buyerEmail, buyerPhone); err == nil {
			page.Rows, err = rows[Buyer](q, sqlBuyersMatching, append(args, f.Text, marks)...)
		}
	case f.From.Back:
		page.Rows, err = rows[Buyer](q, sqlBuyersBefore, args...)
	default:
		page.Rows, err = rows[Buyer](q, sqlBuyersAfter, args...)
	}
	if err != nil {
		return page, err
	}
	if len(page.Rows) > f.Limit {
		page.Rows, page.More = page.Rows[:f.Limit], true
	}
	if f.From.Back {
		reverse(page.Rows)
	}
	return page, nil
}

// FindBuyers returns at most limit active buyers that match every word of what
// somebody typed, those whose names begin with it first.
func (q *Query) FindBuyers(text string, limit int) ([]Buyer, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	marks, err := q.marksOf(text, buyerEmail, buyerPhone)
	if err != nil {
		return nil, err
	}
	return rows[Buyer](q, sqlBuyersToPick, q.actor.Merchant, text, limit, marks)
}

// BuyersNamedLike returns at most limit buyers whose names share much with a
// Thai or an English one, the most alike first. They are candidates: whether
// two names look alike is for package buyer to say.
func (q *Query) BuyersNamedLike(name, nameEN string, limit int) ([]Buyer, error) {
	return rows[Buyer](q, sqlBuyersNamedLike, q.actor.Merchant, name, nameEN, limit)
}

// CountBuyers counts buyers by state, each up to CountLimit+1.
func (q *Query) CountBuyers() (map[string]int, error) {
	var found []struct {
		State  string `db:"state"`
		Number int    `db:"number"`
	}
	if err := q.all(&found, sqlCountBuyers, q.actor.Merchant, pq.Array(BuyerStates)); err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(found))
	for _, c := range found {
		counts[c.State] = c.Number
	}
	return counts, nil
}

// BillSum is what the bills in one state come to.
type BillSum struct {
	Number int   `json:"number"`
	Satang int64 `json:"satang"`
}

// BuyerBill is one bill of a buyer, with the name that it gives it.
type BuyerBill struct {
	ID             ID        `db:"id"`
	State          string    `db:"state"`
	DocumentNumber string    `db:"document_number"`
	DocumentOn     time.Time `db:"document_on"`
	DueOn          time.Time `db:"due_on"`
	BuyerName      string    `db:"buyer_name"`
	TotalSatang    int64     `db:"total_satang"`
}

// BuyerBills are the newest bills of one buyer, and what its newest CountLimit
// come to, by state. More says that there are others besides those.
type BuyerBills struct {
	Rows []BuyerBill
	Sums map[string]BillSum
	More bool
}

// buyerBillColumns are those of BuyerBill.
const buyerBillColumns = `p.id, p.state, p.document_number, p.document_on, p.due_on, p.buyer_name, p.total_satang`

var sqlBillsOfBuyer = statement(`
	WITH newest AS MATERIALIZED (
		SELECT ` + buyerBillColumns + ` FROM presentments p
		WHERE p.merchant_id = $1 AND p.buyer_tax_id = $2 AND p.buyer_branch = $3 AND p.state <> 'discarded'
		ORDER BY p.document_on DESC, p.id DESC LIMIT 1001
	), counted AS (
		SELECT state, count(*) AS number, sum(total_satang) AS satang FROM newest GROUP BY state
	)
	SELECT ` + buyerBillColumns + `, (SELECT jsonb_object_agg(c.state, jsonb_build_object('number', c.number, 'satang', c.satang)) FROM counted c) AS sums
	FROM newest p ORDER BY p.document_on DESC, p.id DESC LIMIT $4`)

// BillsOfBuyer returns the newest bills with a buyer's tax id and branch, and
// what they come to.
func (q *Query) BillsOfBuyer(taxID, branch string, limit int) (BuyerBills, error) {
	var found []struct {
		BuyerBill
		Sums []byte `db:"sums"`
	}
	var bills BuyerBills
	if err := q.all(&found, sqlBillsOfBuyer, q.actor.Merchant, taxID, branch, limit); err != nil || len(found) == 0 {
		return bills, err
	}
	if err := json.Unmarshal(found[0].Sums, &bills.Sums); err != nil {
		return bills, fmt.Errorf("adding up the bills of a buyer: %w", err)
	}
	total := 0
	for _, s := range bills.Sums {
		total += s.Number
	}
	bills.More = total > CountLimit
	for _, r := range found {
		bills.Rows = append(bills.Rows, r.BuyerBill)
	}
	return bills, nil
}
