package store

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// The states of a payer. Who is archived is kept, but offered nowhere.
const (
	PayerActive   = "active"
	PayerArchived = "archived"
)

// Where a payer's mandates stand altogether: the best of them counts.
const (
	NoMandate        = "none"
	MandateInWaiting = "waiting"
	MandateInForce   = "active"
	MandateOnHold    = "suspended"
	MandateEnded     = "ended"
)

// PayerStandings lists them as the list of payers offers them.
var PayerStandings = []string{MandateInForce, MandateInWaiting, NoMandate, MandateOnHold, MandateEnded}

// Payer is somebody whose account a merchant collects from, as far as a
// mandate allows it.
type Payer struct {
	ID        ID            `db:"id"`
	Code      string        `db:"code"` // what the bank knows the payer by
	Name      string        `db:"name"`
	NameEN    string        `db:"name_en"`
	TaxID     string        `db:"tax_id"`
	Mobile    string        `db:"mobile"`
	Email     string        `db:"email"`
	Contact   string        `db:"contact"`
	BuyerID   uuid.NullUUID `db:"buyer_id"`
	Payday    *int          `db:"payday"` // day of the month; nil where it is not known
	Note      string        `db:"note"`
	State     string        `db:"state"`
	Version   int           `db:"version"`
	CreatedAt time.Time     `db:"created_at"`
	EditedAt  time.Time     `db:"edited_at"`
	// SortName is its place in the order of names, made by the database.
	SortName string `db:"sort_name"`
	// The cell of Email, until it is opened.
	EmailSealed string `db:"email_sealed"`
}

func (p *Payer) reveal(q *Query) error { return q.reveal(payerEmail, p.ID, &p.EmailSealed, &p.Email) }

const payerColumns = `p.id, p.code, p.name, p.name_en, p.tax_id, p.mobile, p.email, p.contact, p.buyer_id, p.payday, p.note, p.state, p.version,
	p.created_at, p.edited_at, p.sort_name, coalesce(p.email_sealed, '') AS email_sealed`

// PayerSort is an order of the list of payers.
type PayerSort string

// The orders of the list.
const (
	PayersByName PayerSort = "name"
	PayersByCode PayerSort = "code"
	PayersNewest PayerSort = "new"
)

// PayerFilter selects a page of the list.
type PayerFilter struct {
	State    string // PayerActive unless given
	Standing string // of the mandates; any unless given
	Text     string // as typed; every word of it must be found
	Sort     PayerSort
	From     PayerCursor
	Limit    int
}

// PayerCursor is a place in the list: what a payer has of the order, and its
// id. The zero cursor is the beginning.
type PayerCursor struct {
	Place string
	ID    ID
}

// PayerRow is one line of the list: a payer and the newest of its mandates that
// counts most.
type PayerRow struct {
	Payer
	MandateID     uuid.NullUUID `db:"mandate_id"`
	MandateState  string        `db:"mandate_state"` // empty without one
	MandateSince  *time.Time    `db:"mandate_since"`
	DrawerAccount string        `db:"drawer_account"`
	BankStatus    string        `db:"bank_status"`
	BankAskedAt   *time.Time    `db:"bank_asked_at"`
}

// PlaceOfPayer is where a row stands in an order.
func PlaceOfPayer(sort PayerSort, r PayerRow) PayerCursor {
	switch sort {
	case PayersByCode:
		return PayerCursor{strings.ToUpper(r.Code), r.ID}
	case PayersNewest:
		return PayerCursor{"", r.ID}
	}
	return PayerCursor{r.SortName, r.ID}
}

// foremost is SQL for the one mandate of a payer p that counts most.
const foremost = `LEFT JOIN LATERAL (SELECT m.id, m.state, m.state_since, m.drawer_account, m.bank_status, m.bank_asked_at FROM mandates m
	WHERE m.payer_id = p.id AND m.merchant_id = p.merchant_id
	ORDER BY coalesce(array_position(ARRAY['active', 'suspended', 'waiting'], m.state), 4), m.id DESC LIMIT 1) f ON true`

const payerRowColumns = payerColumns + `, f.id AS mandate_id, coalesce(f.state, '') AS mandate_state, f.state_since AS mandate_since,
	coalesce(f.drawer_account, '') AS drawer_account, coalesce(f.bank_status, '') AS bank_status, f.bank_asked_at`

var (
	sqlPayer       = statement(`SELECT ` + payerColumns + ` FROM payers p WHERE p.merchant_id = $1 AND p.id = $2`)
	sqlPayerByCode = statement(`SELECT ` + payerColumns + ` FROM payers p WHERE p.merchant_id = $1 AND upper(p.code) = upper($2)`)
	sqlPayersOf    = statement(`SELECT ` + payerColumns + ` FROM payers p WHERE p.merchant_id = $1 AND p.buyer_id = $2 ORDER BY p.state, p.sort_name, p.id LIMIT 100`)
	// An array, because a join with a function makes Postgres expect a thousand
	// rows of it and read the whole table.
	sqlPayersListed = statement(`
		WITH found AS MATERIALIZED (SELECT payer_id, place FROM payers_matching($2, $3, $4, $5, $6, $7, $8, $9))
		SELECT ` + payerRowColumns + ` FROM payers p ` + foremost + `
		WHERE p.merchant_id = $1 AND p.id = ANY (ARRAY(SELECT payer_id FROM found))
		ORDER BY (SELECT place FROM found WHERE found.payer_id = p.id)`)
	sqlPayersOfIDs = statement(`
		SELECT ` + payerRowColumns + ` FROM payers p ` + foremost + ` WHERE p.merchant_id = $1 AND p.id = ANY ($2::uuid[]) ORDER BY p.sort_name, p.id`)
	sqlPayersCounted = statement(`SELECT mandate, number FROM payers_counted()`)
	sqlPayerCodes    = statement(`SELECT upper(p.code) FROM payers p WHERE p.merchant_id = $1 AND upper(p.code) = ANY ($2::text[])`)
)

// Payer returns one payer, archived or not.
func (q *Query) Payer(id ID) (Payer, error) { return row[Payer](q, sqlPayer, q.actor.Merchant, id) }

// PayerByCode returns the payer whom the bank knows by a code, in whatever case.
func (q *Query) PayerByCode(code string) (Payer, error) {
	return row[Payer](q, sqlPayerByCode, q.actor.Merchant, code)
}

// PayersOfBuyer lists the payers that are a buyer of the directory.
func (q *Query) PayersOfBuyer(buyer ID) ([]Payer, error) {
	return rows[Payer](q, sqlPayersOf, q.actor.Merchant, buyer)
}

// PayerCodesTaken are those of the codes, in capitals, that payers have already.
func (q *Query) PayerCodesTaken(codes []string) ([]string, error) {
	upper := make([]string, len(codes))
	for i, c := range codes {
		upper[i] = strings.ToUpper(c)
	}
	return rows[string](q, sqlPayerCodes, q.actor.Merchant, pq.Array(upper))
}

// Payers returns a page of the list, and whether it goes on.
func (q *Query) Payers(f PayerFilter) (list []PayerRow, more bool, err error) {
	if f.State == "" {
		f.State = PayerActive
	}
	if f.Sort == "" {
		f.Sort = PayersByName
	}
	// One row more than the page tells whether there is a next one.
	marks, err := q.marksOf(f.Text, payerEmail)
	if err != nil {
		return nil, false, err
	}
	list, err = rows[PayerRow](q, sqlPayersListed, q.actor.Merchant, f.Text, f.State, f.Standing, string(f.Sort), f.From.Place, f.From.ID, f.Limit+1, marks)
	if len(list) > f.Limit {
		return list[:f.Limit], true, err
	}
	return list, false, err
}

// PayersOfIDs lists the given payers, by name; those of others are not among them.
func (q *Query) PayersOfIDs(ids []ID) ([]PayerRow, error) {
	return rows[PayerRow](q, sqlPayersOfIDs, q.actor.Merchant, pq.Array(idTexts(ids)))
}

// CountPayers counts the active payers by where their mandates stand, each up
// to CountLimit+1.
func (q *Query) CountPayers() (map[string]int, error) {
	var found []struct {
		Mandate string `db:"mandate"`
		Number  int    `db:"number"`
	}
	if err := q.all(&found, sqlPayersCounted); err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(found))
	for _, c := range found {
		counts[c.Mandate] = c.Number
	}
	return counts, nil
}
