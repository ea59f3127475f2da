package store

import (
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// The states of a block. From BlockInForce to BlockLiftUnknown the bank holds
// the sender's alerts back.
const (
	BlockDraft         = "draft"
	BlockSubmitted     = "submitted"
	BlockApproved      = "approved"
	BlockSending       = "sending"
	BlockUnknown       = "unknown"
	BlockFailed        = "failed" // the bank said no
	BlockInForce       = "active"
	BlockLiftSubmitted = "lift_submitted" // somebody asked that it end
	BlockLiftApproved  = "lift_approved"
	BlockLiftSending   = "lift_sending"
	BlockLiftUnknown   = "lift_unknown"
	BlockEnded         = "ended"
	BlockDiscarded     = "discarded"
)

// BlockStates are all of them.
var BlockStates = []string{
	BlockDraft, BlockSubmitted, BlockApproved, BlockSending, BlockUnknown, BlockFailed, BlockInForce, BlockLiftSubmitted, BlockLiftApproved, BlockLiftSending,
	BlockLiftUnknown, BlockEnded, BlockDiscarded,
}

// Why a sender is blocked, as the form offers it.
var BlockReasons = []string{"unknown_sender", "not_ours", "repeated", "look_alike", "closed_account", "other"}

// Where a block comes from.
const (
	BlockedHere   = "here"
	BlockedAtBank = "bank" // somebody made it at the bank, and we took it over
)

// Why a block ended.
const (
	BlockLifted    = "lifted"
	BlockGoneThere = "gone_there" // the bank's list had it no more
)

// Block is one sender whose alerts to one of our PromptPay ids are not
// delivered, from the wish to the end.
type Block struct {
	ID            ID            `db:"id"`
	MerchantID    ID            `db:"merchant_id"`
	ProxyID       ID            `db:"promptpay_id"` // ours
	SenderKind    string        `db:"sender_kind"`
	SenderValue   string        `db:"sender_value"`
	SenderName    string        `db:"sender_name"`
	Reason        string        `db:"reason"`
	Note          string        `db:"note"`
	OwnerID       ID            `db:"owner_id"`
	ReviewOn      time.Time     `db:"review_on"`
	Origin        string        `db:"origin"`
	AlertID       uuid.NullUUID `db:"alert_id"`
	FollowsID     uuid.NullUUID `db:"follows_id"`
	ImportID      uuid.NullUUID `db:"import_id"`
	State         string        `db:"state"`
	StateSince    time.Time     `db:"state_since"`
	Version       int           `db:"version"`
	CreatedBy     ID            `db:"created_by"`
	Editors       IDs           `db:"editors"`
	CreatedAt     time.Time     `db:"created_at"`
	InstructionID uuid.NullUUID `db:"instruction_id"`
	LiftID        uuid.NullUUID `db:"lift_id"`
	LiftReason    string        `db:"lift_reason"`
	FailureCode   string        `db:"failure_code"`
	EndedCause    string        `db:"ended_cause"`
	BankBlockedAt *time.Time    `db:"bank_blocked_at"`
	Asks          int           `db:"asks"`
	// Of our id, and of people.
	ProxyKind     string `db:"proxy_kind"`
	ProxyValue    string `db:"proxy_value"`
	ProxyLabel    string `db:"proxy_label"`
	OwnerName     string `db:"owner_name"`
	CreatedByName string `db:"created_by_name"`
	// Due: its review date has come.
	Due bool `db:"due"`
}

// Editable reports whether its content may still be changed.
func (b Block) Editable() bool { return b.State == BlockDraft || b.State == BlockFailed }

// HeldBack reports whether the bank holds the sender's alerts back, as far as is
// known.
func (b Block) HeldBack() bool {
	switch b.State {
	case BlockInForce, BlockLiftSubmitted, BlockLiftApproved, BlockLiftSending, BlockLiftUnknown:
		return true
	}
	return false
}

// Over reports whether nothing more comes of it.
func (b Block) Over() bool { return b.State == BlockEnded || b.State == BlockDiscarded }

const blockColumns = `b.id, b.merchant_id, b.promptpay_id, b.sender_kind, b.sender_value, b.sender_name, b.reason, b.note, b.owner_id, b.review_on, b.origin, b.alert_id,
	b.follows_id, b.import_id, b.state, b.state_since, b.version, b.created_by, b.editors, b.created_at, b.instruction_id, b.lift_id, b.lift_reason, b.failure_code,
	b.ended_cause, b.bank_blocked_at, b.asks, x.kind AS proxy_kind, x.value AS proxy_value, x.label AS proxy_label, o.name AS owner_name, c.name AS created_by_name,
	b.state = 'active' AND b.review_on <= (now() AT TIME ZONE 'Asia/Bangkok')::date AS due`

const blockTables = ` JOIN promptpay_ids x ON x.id = b.promptpay_id JOIN people o ON o.id = b.owner_id JOIN people c ON c.id = b.created_by `

var (
	sqlBlock       = statement(`SELECT ` + blockColumns + ` FROM blocks b` + blockTables + `WHERE b.merchant_id = $1 AND b.id = $2`)
	sqlLockBlock   = statement(`SELECT state FROM blocks WHERE merchant_id = $1 AND id = $2 FOR UPDATE`)
	sqlBlocksByIDs = statement(`SELECT ` + blockColumns + ` FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, n) JOIN blocks b ON b.id = w.id` + blockTables + `
		WHERE b.merchant_id = $1 ORDER BY w.n`)
	sqlBlocksListed = statement(`
		SELECT ` + blockColumns + ` FROM blocks_listed($2, $3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY AS l (id, n) JOIN blocks b ON b.id = l.id` + blockTables + `
		WHERE b.merchant_id = $1 ORDER BY l.n`)
	sqlBlocksCounted = statement(`SELECT shown, number FROM blocks_counted()`)
	sqlOpenBlock     = statement(`
		SELECT ` + blockColumns + ` FROM blocks b` + blockTables + `
		WHERE b.merchant_id = $1 AND b.promptpay_id = $2 AND b.sender_value = $4 AND b.state NOT IN ('ended', 'discarded')
			AND CASE b.sender_kind WHEN 'tax' THEN 'national' ELSE b.sender_kind END = CASE $3 WHEN 'tax' THEN 'national' ELSE $3 END`)
	sqlBlocksOfSender = statement(`
		SELECT ` + blockColumns + ` FROM blocks b` + blockTables + `
		WHERE b.merchant_id = $1 AND b.sender_kind = $2 AND b.sender_value = $3 ORDER BY b.id DESC LIMIT $4`)
	sqlOpenPairs = statement(`
		SELECT b.sender_value FROM blocks b WHERE b.merchant_id = $1 AND b.promptpay_id = $2 AND b.sender_value = ANY ($3) AND b.state NOT IN ('ended', 'discarded')`)
	sqlWorkBlocksDue = statement(workLine(`
		SELECT b.id, coalesce(nullif(b.sender_name, ''), '…' || right(b.sender_value, 4)) AS title, b.review_on::timestamp AT TIME ZONE 'Asia/Bangkok' AS at FROM blocks b
		WHERE b.merchant_id = $1 AND b.state = 'active' AND b.review_on <= (now() AT TIME ZONE 'Asia/Bangkok')::date ORDER BY b.review_on, b.id LIMIT 1001`))
	sqlBlockDraftsOfImport = statement(`
		SELECT b.id FROM blocks b WHERE b.merchant_id = $1 AND b.import_id = $2 AND b.state IN ('draft', 'failed') ORDER BY b.id LIMIT $3`)
	sqlLeadsOfImportedBlocks = statement(`
		SELECT b.instruction_id FROM blocks b WHERE b.merchant_id = $1 AND b.import_id = $2 AND b.state = 'submitted' ORDER BY b.id LIMIT $3`)
	sqlMissedAlerts = statement(`
		SELECT date_trunc('month', a.arrived_at AT TIME ZONE 'Asia/Bangkok')::date AS month, count(*) AS number, sum(a.amount_satang)::bigint AS satang,
			count(*) FILTER (WHERE a.state IN ('will_pay', 'paid')) AS wanted
		FROM alerts a
		WHERE a.merchant_id = $1 AND a.sender_kind = $2 AND a.sender_value = $3
			AND a.arrived_at >= date_trunc('month', now() AT TIME ZONE 'Asia/Bangkok' - interval '11 months') AT TIME ZONE 'Asia/Bangkok'
		GROUP BY 1 ORDER BY 1 DESC`)
	sqlSenderKnown = statement(`
		SELECT coalesce((SELECT s.name FROM suppliers s WHERE s.merchant_id = $1 AND s.proxy_kind = $2 AND s.proxy_value = $3 AND s.state = 'active'), '') AS supplier,
			coalesce((SELECT u.name FROM buyers u WHERE u.merchant_id = $1 AND u.tax_id = $3 AND u.state = 'active' ORDER BY u.id LIMIT 1), '') AS buyer,
			coalesce((SELECT a.sender_name FROM alerts a WHERE a.merchant_id = $1 AND a.sender_kind = $2 AND a.sender_value = $3 ORDER BY a.arrived_at DESC LIMIT 1), '') AS called`)
	sqlBlockFiles = statement(`
		SELECT e.file_id, f.name, f.media_type, f.size, f.sha256, p.name AS added_by_name, e.added_at FROM block_files e
			JOIN files f ON f.id = e.file_id JOIN people p ON p.id = e.added_by
		WHERE e.merchant_id = $1 AND e.block_id = $2 ORDER BY f.id`)
)

// Block returns one block.
func (q *Query) Block(id ID) (Block, error) { return row[Block](q, sqlBlock, q.actor.Merchant, id) }

// LockBlock makes changes to one block take turns, and returns its state.
func (t *Tx) LockBlock(id ID) (state string, err error) {
	return row[string](t.Query, sqlLockBlock, t.actor.Merchant, id)
}

// BlocksByID returns the blocks with these ids in this order. What is none of
// the acting merchant is left out.
func (q *Query) BlocksByID(ids []ID) ([]Block, error) {
	return rows[Block](q, sqlBlocksByIDs, q.actor.Merchant, pq.Array(idTexts(ids)))
}

// OpenBlock is the block of a sender for one of our ids that is not over, or
// ErrNotFound. A citizen's and a company's id are of one form.
func (q *Query) OpenBlock(proxy ID, senderKind, senderValue string) (Block, error) {
	return row[Block](q, sqlOpenBlock, q.actor.Merchant, proxy, senderKind, senderValue)
}

// BlocksOfSender lists what was ever done about a sender, the newest first.
func (q *Query) BlocksOfSender(kind, value string, limit int) ([]Block, error) {
	return rows[Block](q, sqlBlocksOfSender, q.actor.Merchant, kind, value, limit)
}

// SendersBlocked are those of the values that have a block which is not over.
func (q *Query) SendersBlocked(proxy ID, values []string) ([]string, error) {
	return rows[string](q, sqlOpenPairs, q.actor.Merchant, proxy, pq.Array(values))
}

// WorkBlocksDue is what is to be reviewed, the longest due first.
func (q *Query) WorkBlocksDue() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkBlocksDue, q.actor.Merchant)
}

// BlockDraftsOfImport are the blocks that a list became and that nobody has
// submitted, or the bank refused.
func (q *Query) BlockDraftsOfImport(id ID, limit int) ([]ID, error) {
	return rows[ID](q, sqlBlockDraftsOfImport, q.actor.Merchant, id, limit)
}

// LeadsOfImportedBlocks are what waits for approval of a list.
func (q *Query) LeadsOfImportedBlocks(id ID, limit int) ([]ID, error) {
	return rows[ID](q, sqlLeadsOfImportedBlocks, q.actor.Merchant, id, limit)
}

// MissedMonth is what a sender's alerts of one month come to.
type MissedMonth struct {
	Month  time.Time `db:"month"`
	Number int       `db:"number"`
	Satang int64     `db:"satang"`
	Wanted int       `db:"wanted"` // those that we said we would pay
}

// MissedAlerts are the alerts of a sender in the last twelve months, the newest
// month first: what a block would have held back.
func (q *Query) MissedAlerts(kind, value string) ([]MissedMonth, error) {
	return rows[MissedMonth](q, sqlMissedAlerts, q.actor.Merchant, kind, value)
}

// SenderKnown is what we know a sender as; empty where we do not.
type SenderKnown struct {
	Supplier string `db:"supplier"`
	Buyer    string `db:"buyer"`
	Called   string `db:"called"` // by its newest alert
}

// SenderKnown looks a sender up among suppliers, buyers and alerts.
func (q *Query) SenderKnown(kind, value string) (SenderKnown, error) {
	return row[SenderKnown](q, sqlSenderKnown, q.actor.Merchant, kind, value)
}

// BlockFile is a file that shows why.
type BlockFile struct {
	FileID      ID        `db:"file_id"`
	Name        string    `db:"name"`
	MediaType   string    `db:"media_type"`
	Size        int       `db:"size"`
	SHA256      []byte    `db:"sha256"`
	AddedByName string    `db:"added_by_name"`
	AddedAt     time.Time `db:"added_at"`
}

// BlockFiles lists the evidence of a block.
func (q *Query) BlockFiles(block ID) ([]BlockFile, error) {
	return rows[BlockFile](q, sqlBlockFiles, q.actor.Merchant, block)
}

// The lists of blocks. The zero one is of all.
const (
	BlocksInForce   = "in_force"
	BlocksWaiting   = "waiting"
	BlocksDue       = "due" // for review, the longest overdue first
	BlocksElsewhere = "elsewhere"
	BlocksDraft     = "draft"
	BlocksEnded     = "ended"
)

// BlockLists are the lists as the page offers them.
var BlockLists = []string{BlocksInForce, BlocksWaiting, BlocksDue, BlocksElsewhere, BlocksDraft, BlocksEnded}

// BlockFilter selects a page of a list, which runs from the newest, but for
// those that are due.
type BlockFilter struct {
	Shown  string
	Reason string
	Owner  ID
	Proxy  ID
	Text   string // of name, id or note
	From   BlockCursor
	Limit  int
}

// BlockCursor is a place in a list; the zero one is its beginning.
type BlockCursor struct {
	On time.Time // the review date, of what is due
	ID ID
}

// Blocks returns a page of a list, and whether it goes on.
func (q *Query) Blocks(f BlockFilter) (list []Block, more bool, err error) {
	list, err = rows[Block](q, sqlBlocksListed, q.actor.Merchant, f.Shown, f.Reason, nullable(f.Owner), nullable(f.Proxy), f.Text, f.From.On.Format(time.DateOnly),
		nullable(f.From.ID), f.Limit+1)
	if len(list) > f.Limit {
		return list[:f.Limit], true, err
	}
	return list, false, err
}

// CountBlocks counts each list, up to CountLimit+1.
func (q *Query) CountBlocks() (map[string]int, error) {
	var found []struct {
		Shown  string `db:"shown"`
		Number int    `db:"number"`
	}
	if err := q.all(&found, sqlBlocksCounted); err != nil {
		return nil, err
	}
	counts := make(map[string]int, len(found))
	for _, c := range found {
		counts[c.Shown] = c.Number
	}
	return counts, nil
}

// BlockOfKey is the id of the block that a person makes by a form, so that a
// second click makes none.
func BlockOfKey(person ID, key string) ID { return uuid.NewSHA1(person, []byte("block "+key)) }
