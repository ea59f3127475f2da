package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// In what the bank's list of blocked senders and ours can differ.
const (
	BlockUnknownHere  = "unknown_here"  // made elsewhere
	BlockMissingThere = "missing_there" // in force here, and not in the bank's list
)

// The states of a difference.
const (
	BlockDifferenceOpen    = "open"
	BlockDifferenceAdopted = "adopted" // the bank's block is ours now
	BlockDifferenceUndone  = "undone"  // it was taken over to be ended
	BlockDifferenceAgain   = "again"   // the sender is to be blocked once more
	BlockDifferenceEnded   = "ended"   // ours ended, too
	BlockDifferenceGone    = "gone"    // a later list no longer shows it
)

// BlockDifferenceStates lists the states as the page offers them.
var BlockDifferenceStates = []string{
	BlockDifferenceOpen, BlockDifferenceAdopted, BlockDifferenceUndone, BlockDifferenceAgain, BlockDifferenceEnded, BlockDifferenceGone,
}

// BlockDifference is something in which the bank's list for one of our ids and
// ours do not agree.
type BlockDifference struct {
	ID            ID            `db:"id"`
	ProxyID       ID            `db:"promptpay_id"`
	Kind          string        `db:"kind"`
	BlockID       uuid.NullUUID `db:"block_id"`
	SenderKind    string        `db:"sender_kind"`
	SenderValue   string        `db:"sender_value"`
	BankBlockedAt *time.Time    `db:"bank_blocked_at"`
	ComparisonID  ID            `db:"comparison_id"`
	FoundAt       time.Time     `db:"found_at"`
	State         string        `db:"state"`
	DecidedBy     uuid.NullUUID `db:"decided_by"`
	DecidedAt     *time.Time    `db:"decided_at"`
	Reason        string        `db:"reason"`
	DecidedByName string        `db:"decided_by_name"`
	ProxyKind     string        `db:"proxy_kind"`
	ProxyValue    string        `db:"proxy_value"`
	ProxyLabel    string        `db:"proxy_label"`
	SenderName    string        `db:"sender_name"` // as we know it: by the block, or by its newest alert
}

const blockDifferenceColumns = `d.id, d.promptpay_id, d.kind, d.block_id, d.sender_kind, d.sender_value, d.bank_blocked_at, d.comparison_id, d.found_at, d.state, d.decided_by,
	d.decided_at, d.reason, coalesce(n.name, '') AS decided_by_name, x.kind AS proxy_kind, x.value AS proxy_value, x.label AS proxy_label,
	coalesce(b.sender_name, (SELECT a.sender_name FROM alerts a WHERE a.merchant_id = d.merchant_id AND a.sender_kind = d.sender_kind
		AND a.sender_value = d.sender_value ORDER BY a.arrived_at DESC LIMIT 1), '') AS sender_name
	FROM block_differences d JOIN promptpay_ids x ON x.id = d.promptpay_id LEFT JOIN people n ON n.id = d.decided_by LEFT JOIN blocks b ON b.id = d.block_id `

var (
	sqlBlockDifference  = statement(`SELECT ` + blockDifferenceColumns + `WHERE d.merchant_id = $1 AND d.id = $2`)
	sqlBlockDifferences = statement(`
		SELECT ` + blockDifferenceColumns + `WHERE d.merchant_id = $1 AND d.state = $2 AND d.id < $3 ORDER BY d.id DESC LIMIT $4`)
	sqlBlockDifferencesOpen = statement(`
		SELECT d.id, d.kind, d.sender_kind, d.sender_value FROM block_differences d WHERE d.merchant_id = $1 AND d.promptpay_id = $2 AND d.state = 'open'`)
	sqlBlockDifferenceOf = statement(`
		SELECT ` + blockDifferenceColumns + `WHERE d.merchant_id = $1 AND d.block_id = $2 AND d.state = 'open' ORDER BY d.id LIMIT 1`)
	sqlCountBlockDifferences = statement(`
		SELECT count(*) FROM (SELECT FROM block_differences d WHERE d.merchant_id = $1 AND d.state = 'open' LIMIT 1001) counted`)
	sqlInsertBlockDifferences = statement(`
		INSERT INTO block_differences (id, merchant_id, promptpay_id, kind, block_id, sender_kind, sender_value, bank_blocked_at, comparison_id)
		SELECT d.id, $1, $2, d.kind, d.block, d.sender_kind, d.sender_value, d.bank_blocked_at, $3
		FROM jsonb_to_recordset($4::text::jsonb) AS d (id uuid, kind text, block uuid, sender_kind text, sender_value text, bank_blocked_at timestamptz)`)
	sqlWorkBlockDifferences = statement(workLine(`
		SELECT d.id, coalesce((SELECT nullif(b.sender_name, '') FROM blocks b WHERE b.id = d.block_id), '…' || right(d.sender_value, 4)) AS title, d.found_at AS at FROM block_differences d
		WHERE d.merchant_id = $1 AND d.state = 'open' ORDER BY d.id LIMIT 1001`))
	sqlBlockDifferencesGone = statement(`
		UPDATE block_differences SET state = 'gone', decided_at = now() WHERE merchant_id = $1 AND id = ANY ($2::uuid[]) AND state = 'open'`)
	sqlDecideBlockDifference = statement(`
		UPDATE block_differences SET state = $3, decided_by = $4, decided_at = now(), reason = $5 WHERE merchant_id = $1 AND id = $2 AND state = 'open'`)
	sqlInsertBlockComparison = statement(`
		INSERT INTO block_comparisons (id, merchant_id, promptpay_id, inquiry_id, listed, in_force, unknown_here, missing_there) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	// Of what ended or began while the bank was being asked, its answer says nothing.
	sqlBlocksToCompare = statement(`
		SELECT b.id, b.sender_kind, b.sender_value, b.state, b.state_since, b.bank_blocked_at FROM blocks b
		WHERE b.merchant_id = $1 AND b.promptpay_id = $2 AND (b.state NOT IN ('draft', 'failed', 'ended', 'discarded') OR b.state = 'ended' AND b.state_since >= $3)`)
	sqlProxiesCompared = statement(`
		SELECT p.id AS promptpay_id, p.kind, p.value, p.label, c.listed, c.in_force, c.unknown_here, c.missing_there, c.compared_at,
			EXISTS (SELECT FROM inquiries q WHERE q.merchant_id = $1 AND q.subject = 'promptpayid/' || p.id AND q.operation = 'promptpay.blocked' AND q.state IN ('waiting', 'asking')) AS asking,
			coalesce((SELECT CASE WHEN q.state = 'failed' THEN coalesce(nullif(q.bank_code, ''), q.came) ELSE '' END FROM inquiries q
				WHERE q.merchant_id = $1 AND q.subject = 'promptpayid/' || p.id AND q.operation = 'promptpay.blocked' ORDER BY q.asked_at DESC LIMIT 1), '') AS failed
		FROM promptpay_ids p LEFT JOIN LATERAL (SELECT k.listed, k.in_force, k.unknown_here, k.missing_there, k.compared_at FROM block_comparisons k WHERE k.promptpay_id = p.id ORDER BY k.id DESC LIMIT 1) c ON true
		WHERE p.merchant_id = $1 AND p.active_from IS NOT NULL AND p.ended_at IS NULL ORDER BY p.id`)
	sqlProxiesToCompare = statement(`
		SELECT p.id AS promptpay_id, p.merchant_id, p.kind, p.value FROM promptpay_ids p
		WHERE p.active_from IS NOT NULL AND p.ended_at IS NULL AND p.receives
			AND now() >= (date_trunc('day', now() AT TIME ZONE 'Asia/Bangkok') + $1 * interval '1 hour') AT TIME ZONE 'Asia/Bangkok'
			AND NOT EXISTS (SELECT FROM inquiries q WHERE q.merchant_id = p.merchant_id AND q.subject = 'promptpayid/' || p.id AND q.operation = 'promptpay.blocked'
				AND q.asked_at >= (date_trunc('day', now() AT TIME ZONE 'Asia/Bangkok') + $1 * interval '1 hour') AT TIME ZONE 'Asia/Bangkok')
		ORDER BY p.id LIMIT 100`)
)

// BlockDifference returns one difference.
func (q *Query) BlockDifference(id ID) (BlockDifference, error) {
	return row[BlockDifference](q, sqlBlockDifference, q.actor.Merchant, id)
}

// BlockDifferences lists the differences in a state before the given one, the
// newest first.
func (q *Query) BlockDifferences(state string, before ID, limit int) ([]BlockDifference, error) {
	if before == NoID {
		before = uuid.Max
	}
	return rows[BlockDifference](q, sqlBlockDifferences, q.actor.Merchant, state, before, limit)
}

// OpenBlockDifferences lists what is open about one of our ids, by its sender.
func (q *Query) OpenBlockDifferences(proxy ID) ([]BlockDifference, error) {
	return rows[BlockDifference](q, sqlBlockDifferencesOpen, q.actor.Merchant, proxy)
}

// DifferenceOfBlock is the open difference about a block, or ErrNotFound.
func (q *Query) DifferenceOfBlock(block ID) (BlockDifference, error) {
	return row[BlockDifference](q, sqlBlockDifferenceOf, q.actor.Merchant, block)
}

// WorkBlockDifferences is what is to be decided of the bank's list, the oldest
// first.
func (q *Query) WorkBlockDifferences() (WorkLine, error) {
	return row[WorkLine](q, sqlWorkBlockDifferences, q.actor.Merchant)
}

// CountBlockDifferences counts the open differences up to CountLimit+1.
func (q *Query) CountBlockDifferences() (int, error) {
	return row[int](q, sqlCountBlockDifferences, q.actor.Merchant)
}

// BlockToCompare is a block that may stand in the bank's list, or has just left
// it.
type BlockToCompare struct {
	ID            ID         `db:"id"`
	SenderKind    string     `db:"sender_kind"`
	SenderValue   string     `db:"sender_value"`
	State         string     `db:"state"`
	StateSince    time.Time  `db:"state_since"`
	BankBlockedAt *time.Time `db:"bank_blocked_at"`
}

// BlocksToCompare are those of one of our ids that are not over, or ended since
// the bank was asked.
func (q *Query) BlocksToCompare(proxy ID, asked time.Time) ([]BlockToCompare, error) {
	return rows[BlockToCompare](q, sqlBlocksToCompare, q.actor.Merchant, proxy, asked)
}

// BlockComparison is what one look at the bank's list came to.
type BlockComparison struct {
	ID           ID
	ProxyID      ID
	InquiryID    ID
	Listed       int
	InForce      int
	UnknownHere  int
	MissingThere int
}

// AddBlockComparison records a comparison.
func (t *Tx) AddBlockComparison(c BlockComparison) error {
	_, err := t.exec(sqlInsertBlockComparison, c.ID, t.actor.Merchant, c.ProxyID, c.InquiryID, c.Listed, c.InForce, c.UnknownHere, c.MissingThere)
	if err != nil {
		return fmt.Errorf("recording a comparison: %w", err)
	}
	return t.Audit("block_comparison.made", About("block_comparison", c.ID), map[string]any{
		"proxy": c.ProxyID, "inquiry": c.InquiryID, "listed": c.Listed, "in_force": c.InForce, "unknown_here": c.UnknownHere, "missing_there": c.MissingThere,
	})
}

// AddBlockDifferences records what a comparison found for the first time.
func (t *Tx) AddBlockDifferences(c BlockComparison, list ...BlockDifference) error {
	if len(list) == 0 {
		return nil
	}
	details, leaves := make([]map[string]any, len(list)), make([]leafOf, len(list))
	for n, d := range list {
		details[n] = map[string]any{
			"id": d.ID, "proxy": c.ProxyID, "kind": d.Kind, "block": d.BlockID, "sender_kind": d.SenderKind, "sender_value": d.SenderValue,
			"bank_blocked_at": utc(micro(d.BankBlockedAt)), "comparison": c.ID,
		}
		leaves[n] = leafOf{"block_difference.found", About("block_difference", d.ID), details[n]}
	}
	raw, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("recording differences: %w", err)
	}
	if _, err := t.exec(sqlInsertBlockDifferences, t.actor.Merchant, c.ProxyID, c.ID, string(raw)); err != nil {
		return fmt.Errorf("recording differences: %w", err)
	}
	return t.auditAll(leaves)
}

// BlockDifferencesGone ends differences that a newer list no longer shows.
func (t *Tx) BlockDifferencesGone(ids ...ID) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := t.exec(sqlBlockDifferencesGone, t.actor.Merchant, pq.Array(idTexts(ids))); err != nil {
		return fmt.Errorf("ending differences: %w", err)
	}
	leaves := make([]leafOf, len(ids))
	for n, id := range ids {
		leaves[n] = leafOf{"block_difference.gone", About("block_difference", id), map[string]any{}}
	}
	return t.auditAll(leaves)
}

// DecideBlockDifference is the acting maker's decision on an open difference.
// What follows from it belongs in the same transaction: the schema looks for it.
func (t *Tx) DecideBlockDifference(id ID, state, reason string) error {
	if err := t.one(sqlDecideBlockDifference, t.actor.Merchant, id, state, t.actor.Person, reason); err != nil {
		return fmt.Errorf("deciding on a difference: %w", err)
	}
	return t.Audit("block_difference."+state, About("block_difference", id), map[string]any{"reason": reason})
}

// ProxyCompared is one of our ids with the newest look at the bank's list for
// it; nil where there was none yet.
type ProxyCompared struct {
	ProxyID      ID         `db:"promptpay_id"`
	Kind         string     `db:"kind"`
	Value        string     `db:"value"`
	Label        string     `db:"label"`
	Listed       *int       `db:"listed"`
	InForce      *int       `db:"in_force"`
	UnknownHere  *int       `db:"unknown_here"`
	MissingThere *int       `db:"missing_there"`
	ComparedAt   *time.Time `db:"compared_at"`
	Asking       bool       `db:"asking"`
	Failed       string     `db:"failed"` // why the newest question got no answer
}

// ProxiesCompared lists our ids in use with their newest comparison.
func (q *Query) ProxiesCompared() ([]ProxyCompared, error) {
	return rows[ProxyCompared](q, sqlProxiesCompared, q.actor.Merchant)
}

// ProxyToCompare is an id of some merchant whose list is to be asked for.
type ProxyToCompare struct {
	ProxyID    ID     `db:"promptpay_id"`
	MerchantID ID     `db:"merchant_id"`
	Kind       string `db:"kind"`
	Value      string `db:"value"`
}

// ProxiesToCompare are the ids, of any merchant, whose list was not asked for
// since the given hour of today in Bangkok, once it has come.
func (q *Query) ProxiesToCompare(hour int) ([]ProxyToCompare, error) {
	return rows[ProxyToCompare](q, sqlProxiesToCompare, hour)
}
