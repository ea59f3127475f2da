package store

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

var (
	sqlInsertBlocks = statement(`
		INSERT INTO blocks (id, merchant_id, promptpay_id, sender_kind, sender_value, sender_name, reason, note, owner_id, review_on, origin, alert_id, follows_id,
			import_id, state, bank_blocked_at, created_by, editors)
		SELECT d.id, $1, d.proxy, d.sender_kind, d.sender_value, d.sender_name, d.reason, d.note, d.owner, d.review_on, d.origin, d.alert, d.follows,
			d.import, d.state, d.bank_blocked_at, $3, ARRAY[$3::uuid]
		FROM jsonb_to_recordset($2::text::jsonb) AS d (id uuid, proxy uuid, sender_kind text, sender_value text, sender_name text, reason text, note text, owner uuid,
			review_on date, origin text, alert uuid, follows uuid, import uuid, state text, bank_blocked_at timestamptz)`)
	sqlUpdateBlock = statement(`
		UPDATE blocks SET promptpay_id = $4, sender_kind = $5, sender_value = $6, sender_name = $7, reason = $8, note = $9, owner_id = $10, review_on = $11,
			version = version + 1, edited_at = now(), editors = array_remove(editors, $12) || $12::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state IN ('draft', 'failed')`)
	sqlKeepBlock = statement(`
		UPDATE blocks SET note = $4, owner_id = $5, review_on = $6, version = version + 1, edited_at = now(), editors = array_remove(editors, $7) || $7::uuid
		WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'active'`)
	sqlBlockSubmitted = statement(`
		UPDATE blocks SET state = 'submitted', instruction_id = $3, failure_code = '' WHERE merchant_id = $1 AND id = $2 AND version = $4 AND state IN ('draft', 'failed')`)
	sqlBlockLifting = statement(`
		UPDATE blocks SET state = 'lift_submitted', lift_id = $3, lift_reason = $4 WHERE merchant_id = $1 AND id = $2 AND state = 'active'`)
	sqlFollowBlock = statement(`
		UPDATE blocks b SET state = f.state, failure_code = f.failure, ended_cause = CASE f.state WHEN 'ended' THEN 'lifted' ELSE '' END
		FROM (SELECT o.id,
			CASE WHEN l.state = 'pending' THEN 'lift_submitted' WHEN l.state IN ('approved', 'sending', 'unknown') THEN 'lift_' || l.state WHEN l.state = 'done' THEN 'ended'
				WHEN l.id IS NOT NULL THEN 'active' WHEN i.state = 'pending' THEN 'submitted' WHEN i.state IN ('rejected', 'withdrawn', 'expired') THEN 'draft'
				WHEN i.state = 'done' THEN 'active' ELSE i.state END AS state,
			CASE WHEN coalesce(l.state, i.state) = 'failed' THEN coalesce(l.reason, i.reason) ELSE '' END AS failure
			FROM blocks o LEFT JOIN instructions i ON i.id = o.instruction_id LEFT JOIN instructions l ON l.id = o.lift_id WHERE o.merchant_id = $1 AND o.id = $2) AS f
		WHERE b.merchant_id = $1 AND b.id = f.id AND b.state NOT IN ('ended', 'discarded') AND (b.state, b.failure_code) <> (f.state, f.failure)
		RETURNING b.state, b.failure_code, b.ended_cause`)
	sqlDiscardBlock = statement(`UPDATE blocks SET state = 'discarded' WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state IN ('draft', 'failed')`)
	sqlEndBlock     = statement(`UPDATE blocks SET state = 'ended', ended_cause = 'gone_there' WHERE merchant_id = $1 AND id = $2 AND state = 'active'`)
	sqlBlockTimed   = statement(`UPDATE blocks SET bank_blocked_at = $3 WHERE merchant_id = $1 AND id = $2 AND bank_blocked_at IS DISTINCT FROM $3`)
	sqlBlockAsked   = statement(`
		UPDATE blocks SET asks = asks + 1, ask_at = CASE WHEN $3 < 0 THEN NULL ELSE now() + $3 * interval '1 second' END
		WHERE merchant_id = $1 AND id = $2 AND state IN ('unknown', 'lift_unknown')`)
	sqlInsertBlockFile  = statement(`INSERT INTO block_files (block_id, file_id, merchant_id, added_by) VALUES ($1, $2, $3, $4)`)
	sqlBlocksToAskAbout = statement(`
		SELECT b.id, b.merchant_id, b.asks FROM blocks b WHERE b.state IN ('unknown', 'lift_unknown') AND b.ask_at <= now() ORDER BY b.ask_at LIMIT $1`)
	sqlBlocksToRemindOf = statement(`
		SELECT b.id, b.merchant_id, b.review_on, b.owner_id FROM blocks b
		WHERE b.state = 'active' AND b.review_on <= (now() AT TIME ZONE 'Asia/Bangkok')::date AND b.reminded_on IS DISTINCT FROM b.review_on
		ORDER BY b.review_on LIMIT $1 FOR UPDATE SKIP LOCKED`)
	sqlBlockReminded = statement(`UPDATE blocks SET reminded_on = review_on WHERE merchant_id = $1 AND id = $2`)
)

// AddBlocks stores new drafts of the acting maker, or what the bank's list has
// and the acting maker takes over.
func (t *Tx) AddBlocks(list ...Block) error {
	if len(list) == 0 {
		return nil
	}
	details, leaves := make([]map[string]any, len(list)), make([]leafOf, len(list))
	for n, b := range list {
		b.BankBlockedAt = micro(b.BankBlockedAt)
		action := "block.drafted"
		if b.Origin == BlockedAtBank {
			action = "block.adopted"
		}
		details[n] = blockDetail(b)
		maps.Copy(details[n], map[string]any{
			"id": b.ID, "origin": b.Origin, "alert": b.AlertID, "follows": b.FollowsID, "import": b.ImportID, "state": b.State, "bank_blocked_at": utc(b.BankBlockedAt),
		})
		leaves[n] = leafOf{action, About("block", b.ID), details[n]}
	}
	raw, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("adding blocks: %w", err)
	}
	if _, err := t.exec(sqlInsertBlocks, t.actor.Merchant, string(raw), t.actor.Person); err != nil {
		return fmt.Errorf("adding blocks: %w", err)
	}
	return t.auditAll(leaves)
}

// blockDetail is what the trail keeps of a block's content.
func blockDetail(b Block) map[string]any {
	return map[string]any{
		"proxy": b.ProxyID, "sender_kind": b.SenderKind, "sender_value": b.SenderValue, "sender_name": b.SenderName, "reason": b.Reason, "note": b.Note,
		"owner": b.OwnerID, "review_on": b.ReviewOn.Format(time.DateOnly),
	}
}

// ChangeBlock replaces the content of a draft. ErrStale means that it is no
// longer the version in b, or no longer a draft.
func (t *Tx) ChangeBlock(b Block) error {
	before, err := t.Block(b.ID)
	if err != nil {
		return err
	}
	err = t.one(sqlUpdateBlock, t.actor.Merchant, b.ID, b.Version, b.ProxyID, b.SenderKind, b.SenderValue, b.SenderName, b.Reason, b.Note, b.OwnerID, b.ReviewOn,
		t.actor.Person)
	if err != nil {
		return fmt.Errorf("changing a block: %w", err)
	}
	return t.Audit("block.edited", About("block", b.ID), map[string]any{"before": blockDetail(before), "after": blockDetail(b)})
}

// KeepBlock changes of a block in force what is ours alone: who answers for it,
// when it is looked at again, and what is noted.
func (t *Tx) KeepBlock(b Block) error {
	before, err := t.Block(b.ID)
	if err != nil {
		return err
	}
	if err := t.one(sqlKeepBlock, t.actor.Merchant, b.ID, b.Version, b.Note, b.OwnerID, b.ReviewOn, t.actor.Person); err != nil {
		return fmt.Errorf("keeping a block: %w", err)
	}
	after := before
	after.Note, after.OwnerID, after.ReviewOn = b.Note, b.OwnerID, b.ReviewOn
	return t.Audit("block.kept", About("block", b.ID), map[string]any{"before": blockDetail(before), "after": blockDetail(after)})
}

// BlockSubmitted binds the block, in the given version, to the instruction that
// asks the bank for it.
func (t *Tx) BlockSubmitted(id ID, version int, instruction ID) error {
	if err := t.one(sqlBlockSubmitted, t.actor.Merchant, id, instruction, version); err != nil {
		return fmt.Errorf("submitting a block: %w", err)
	}
	return t.Audit("block.submitted", About("block", id), map[string]any{"instruction": instruction, "version": version})
}

// LiftBlock writes down why a block is to end, and which instruction asks for
// it.
func (t *Tx) LiftBlock(id, instruction ID, reason string) error {
	if err := t.one(sqlBlockLifting, t.actor.Merchant, id, instruction, reason); err != nil {
		return fmt.Errorf("lifting a block: %w", err)
	}
	return t.Audit("block.lift_submitted", About("block", id), map[string]any{"lift": instruction, "reason": reason})
}

// FollowBlock gives a block the state that follows from its instructions.
// Nothing to change is no error, and no leaf.
func (t *Tx) FollowBlock(id ID) error {
	moved, err := rows[blockFollowed](t.Query, sqlFollowBlock, t.actor.Merchant, id)
	if err != nil {
		return fmt.Errorf("moving a block: %w", err)
	}
	for _, m := range moved {
		if err := t.Audit("block.moved", About("block", id), m); err != nil {
			return err
		}
	}
	return nil
}

// blockFollowed is what the trail keeps of a move of a block.
type blockFollowed struct {
	State       string `db:"state" json:"state"`
	FailureCode string `db:"failure_code" json:"failure_code"`
	EndedCause  string `db:"ended_cause" json:"ended_cause"`
}

// DiscardBlock puts a draft out of the way, in the version that was seen.
func (t *Tx) DiscardBlock(id ID, version int) error {
	if err := t.one(sqlDiscardBlock, t.actor.Merchant, id, version); err != nil {
		return fmt.Errorf("discarding a block: %w", err)
	}
	return t.Audit("block.discarded", About("block", id), map[string]any{"version": version, "state": BlockDiscarded})
}

// EndBlock ends a block here that the bank's list no longer has. The difference
// that shows it must have been decided before, in the same transaction.
func (t *Tx) EndBlock(id ID) error {
	if err := t.one(sqlEndBlock, t.actor.Merchant, id); err != nil {
		return fmt.Errorf("ending a block: %w", err)
	}
	return t.Audit("block.ended", About("block", id), map[string]any{"state": BlockEnded, "ended_cause": BlockGoneThere})
}

// BlockTimed notes since when the bank has a block, by its own clock.
func (t *Tx) BlockTimed(id ID, at time.Time) error {
	at = at.UTC().Truncate(time.Microsecond)
	n, err := t.exec(sqlBlockTimed, t.actor.Merchant, id, at)
	if err != nil || n == 0 {
		return err
	}
	return t.Audit("block.timed", About("block", id), map[string]any{"bank_blocked_at": at})
}

// BlockAsked notes that the bank was asked by itself, and is to be asked again
// after a while; below zero, never.
func (t *Tx) BlockAsked(id ID, again time.Duration) error {
	seconds := int64(-1)
	if again >= 0 {
		seconds = int64(again.Seconds())
	}
	if err := t.one(sqlBlockAsked, t.actor.Merchant, id, seconds); err != nil {
		return fmt.Errorf("asking about a block: %w", err)
	}
	return t.Audit("block.asked_about", About("block", id), map[string]any{"again_seconds": seconds})
}

// AddBlockFile puts a stored file beside a block. Constraint error:
// evidence_is_bounded.
func (t *Tx) AddBlockFile(block ID, f File) error {
	if _, err := t.exec(sqlInsertBlockFile, block, f.ID, t.actor.Merchant, t.actor.Person); err != nil {
		return fmt.Errorf("adding evidence: %w", err)
	}
	return t.Audit("block.evidence_added", About("block", block), map[string]any{"file": f.ID, "name": f.Name, "sha256": hex.EncodeToString(f.SHA256)})
}

// BlockDue is a block, of any merchant, that the worker has something to do
// about.
type BlockDue struct {
	ID         ID        `db:"id"`
	MerchantID ID        `db:"merchant_id"`
	Asks       int       `db:"asks"`
	ReviewOn   time.Time `db:"review_on"`
	OwnerID    ID        `db:"owner_id"`
}

// BlocksToAskAbout names blocks whose outcome is unknown and whose turn it is to
// be asked about.
func (q *Query) BlocksToAskAbout(limit int) ([]BlockDue, error) {
	return rows[BlockDue](q, sqlBlocksToAskAbout, limit)
}

// RemindOfBlocks notes, of at most limit blocks of any merchant, that their
// review date has come, and returns how many. Their owners are told of the leaf.
func (t *Tx) RemindOfBlocks(limit int) (int, error) {
	due, err := rows[BlockDue](t.Query, sqlBlocksToRemindOf, limit)
	if err != nil {
		return 0, fmt.Errorf("finding blocks to review: %w", err)
	}
	for _, b := range due {
		own := t.For(b.MerchantID)
		if err := own.one(sqlBlockReminded, b.MerchantID, b.ID); err != nil {
			return 0, fmt.Errorf("reminding of a block: %w", err)
		}
		if err := own.Audit("block.review_due", About("block", b.ID), map[string]any{"review_on": b.ReviewOn.Format(time.DateOnly), "owner": b.OwnerID}); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}
