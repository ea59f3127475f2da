package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// News is a published leaf that people may have to be told of.
type News struct {
	LeafRow
	MerchantID uuid.NullUUID `db:"merchant_id"`
}

var (
	// Whoever holds the cursor tells; the others need not wait for it.
	sqlNewsCursor = statement(`SELECT next_idx FROM notice_cursor FOR UPDATE SKIP LOCKED`)
	sqlNews       = statement(`
		SELECT` + leafColumns + `, l.merchant_id FROM audit_leaves l
		WHERE l.idx >= $1 AND l.idx < (SELECT size FROM audit_checkpoints WHERE published_at IS NOT NULL ORDER BY size DESC LIMIT 1)
		ORDER BY l.idx LIMIT $2`)
	sqlNewsTold = statement(`UPDATE notice_cursor SET next_idx = $1`)
)

// News returns at most limit published leaves that nobody has been told of
// yet, in their order, and moves the cursor past them. The notices about them
// belong in the same transaction: it tells of each leaf once or not at all.
// There are none while another process is at it.
func (t *Tx) News(limit int) ([]News, error) {
	next, err := row[int64](t.Query, sqlNewsCursor)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("taking the cursor of notices: %w", err)
	}
	news, err := rows[News](t.Query, sqlNews, next, limit)
	if err != nil || len(news) == 0 {
		return nil, err
	}
	for i := range news {
		var leaf struct{ Detail json.RawMessage }
		if err := json.Unmarshal(news[i].Bytes, &leaf); err != nil {
			return nil, fmt.Errorf("reading leaf %s: %w", news[i].ID, err)
		}
		news[i].Detail = leaf.Detail
	}
	return news, t.one(sqlNewsTold, *news[len(news)-1].Idx+1)
}

// NewNotice is a notice to be given.
type NewNotice struct {
	Person  ID
	Leaf    ID
	Kind    string
	Subject Subject
	Words   Words
	Mail    ID // the mail it goes into, or NoID
}

var sqlInsertNotice = statement(`
	INSERT INTO notices (id, merchant_id, person_id, leaf_id, kind, subject, words, mail_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT (leaf_id, person_id, kind) DO NOTHING`)

// AddNotice gives a notice. One that was given before is not given again.
func (t *Tx) AddNotice(n NewNotice) error {
	words, err := json.Marshal(n.Words)
	if err != nil {
		return fmt.Errorf("giving a notice: %w", err)
	}
	_, err = t.exec(sqlInsertNotice, NewID(), t.actor.Merchant, n.Person, n.Leaf, n.Kind, n.Subject, string(words), nullable(n.Mail))
	if err != nil {
		return fmt.Errorf("giving a notice: %w", err)
	}
	return nil
}

// Reminder is what somebody is to be told of when its time has come.
type Reminder struct {
	Leaf        ID        `db:"leaf_id"`
	Kind        string    `db:"kind"`
	MerchantID  ID        `db:"merchant_id"`
	Instruction ID        `db:"instruction_id"`
	DueAt       time.Time `db:"due_at"`
}

var (
	sqlInsertReminder = statement(`
		INSERT INTO notice_reminders (leaf_id, kind, merchant_id, instruction_id, due_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (leaf_id, kind) DO NOTHING`)
	sqlReminders = statement(`
		SELECT leaf_id, kind, merchant_id, instruction_id, due_at FROM notice_reminders
		WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED`)
	sqlDeleteReminder = statement(`DELETE FROM notice_reminders WHERE leaf_id = $1 AND kind = $2`)
)

// AddReminder has somebody reminded later.
func (t *Tx) AddReminder(r Reminder) error {
	_, err := t.exec(sqlInsertReminder, r.Leaf, r.Kind, t.actor.Merchant, r.Instruction, r.DueAt)
	return err
}

// Reminders locks at most limit reminders of any merchant whose time has come.
func (t *Tx) Reminders(limit int) ([]Reminder, error) {
	return rows[Reminder](t.Query, sqlReminders, limit)
}

// Reminded ends a reminder.
func (t *Tx) Reminded(r Reminder) error { return t.one(sqlDeleteReminder, r.Leaf, r.Kind) }

var (
	// The worker acts for no merchant, and hats are shown to the acting one only.
	sqlDeciderIDs = statement(`
		SELECT DISTINCT h.taker FROM instructions i, hats_of(set_config('portal.merchant', $1::uuid::text, true)::uuid) AS h JOIN people p ON p.id = h.taker
		WHERE i.merchant_id = $1 AND i.id = $2 AND p.disabled_at IS NULL AND ` + fitsHat + `
			AND NOT EXISTS (SELECT FROM notices n WHERE n.subject = $3 AND n.kind = $4 AND n.person_id = h.taker)`)
	sqlOnDuty = statement(`
		SELECT b.person_id FROM memberships b JOIN people p ON p.id = b.person_id
		WHERE b.merchant_id = $1 AND $2 = ANY (b.duties) AND p.disabled_at IS NULL`)
	sqlOnDutyToTell = statement(`
		SELECT b.person_id FROM memberships b JOIN people p ON p.id = b.person_id
		WHERE b.merchant_id = $1 AND $2 = ANY (b.duties) AND p.disabled_at IS NULL
			AND NOT EXISTS (SELECT FROM notices n WHERE n.subject = $3 AND n.kind = $4 AND n.person_id = b.person_id)`)
	// The worker acts for no merchant, and seats are judged for the acting one only.
	sqlHopeless = statement(`
		SELECT i.state = 'pending' AND NOT seats_can_be_taken(set_config('portal.merchant', $1::uuid::text, true)::uuid, ` + missingSeats + `, ` + barred + `)
		FROM instructions i WHERE i.merchant_id = $1 AND i.id = $2`)
	sqlIsUnsent    = statement(`SELECT ` + unsent + ` FROM instructions i WHERE i.merchant_id = $1 AND i.id = $2`)
	sqlMakerOfBill = statement(`
		SELECT coalesce(i.maker_id, p.created_by) AS id, p.document_number || ' · ' || p.buyer_name AS name
		FROM presentments p LEFT JOIN instructions i ON i.id = coalesce(p.cancellation_id, p.entry_id)
		WHERE p.merchant_id = $1 AND p.id = $2`)
	sqlMakerOfReceipt = statement(`
		SELECT coalesce(i.maker_id, r.created_by) AS id, r.document_number || ' · ' || r.buyer_name AS name
		FROM receipts r LEFT JOIN instructions i ON i.id = r.entry_id
		WHERE r.merchant_id = $1 AND r.id = $2`)
	sqlImportFileName = statement(`SELECT f.name FROM imports i JOIN files f ON f.id = i.file_id WHERE i.merchant_id = $1 AND i.id = $2`)
	// One statement, since it is asked of every payment that came in.
	sqlMakersToTellOfPayment = statement(`
		SELECT b.person_id FROM payments p JOIN memberships b ON b.merchant_id = p.merchant_id AND 'maker' = ANY (b.duties) JOIN people o ON o.id = b.person_id
		WHERE p.merchant_id = $1 AND p.id = $2 AND p.state IN ('waiting', 'part') AND o.disabled_at IS NULL
			AND NOT EXISTS (SELECT FROM notices n WHERE n.subject = $3 AND n.kind = $4 AND n.person_id = b.person_id)`)
)

// DecidersToTell are the Deciders by their ids, without those who were given a
// notice of this kind about it before.
func (q *Query) DecidersToTell(instruction ID, kind string) ([]ID, error) {
	return rows[ID](q, sqlDeciderIDs, q.actor.Merchant, instruction, About("instruction", instruction), kind)
}

// OnDuty are the people who have a duty for the acting merchant.
func (q *Query) OnDuty(d Duty) ([]ID, error) {
	return rows[ID](q, sqlOnDuty, q.actor.Merchant, d)
}

// OnDutyToTell are those of them who were not given a notice of this kind
// about it before.
func (q *Query) OnDutyToTell(d Duty, about Subject, kind string) ([]ID, error) {
	return rows[ID](q, sqlOnDutyToTell, q.actor.Merchant, d, about, kind)
}

// Hopeless reports whether an instruction waits in vain: too few different
// people are left who may give the approvals that are missing.
func (q *Query) Hopeless(instruction ID) (bool, error) {
	return row[bool](q, sqlHopeless, q.actor.Merchant, instruction)
}

// IsUnsent reports whether an instruction was approved and is not with the bank.
func (q *Query) IsUnsent(instruction ID) (bool, error) {
	return row[bool](q, sqlIsUnsent, q.actor.Merchant, instruction)
}

// MakerOfBill is who last asked the bank for something about a bill, or else
// made it, with the bill's title as its name.
func (q *Query) MakerOfBill(bill ID) (Named, error) {
	return row[Named](q, sqlMakerOfBill, q.actor.Merchant, bill)
}

// MakerOfReceipt is the same of a receipt.
func (q *Query) MakerOfReceipt(receipt ID) (Named, error) {
	return row[Named](q, sqlMakerOfReceipt, q.actor.Merchant, receipt)
}

// MakersToTellOfPayment are the makers of the acting merchant where a payment
// waits to be matched, without those who were given a notice of this kind about
// the subject before.
func (q *Query) MakersToTellOfPayment(payment ID, about Subject, kind string) ([]ID, error) {
	return rows[ID](q, sqlMakersToTellOfPayment, q.actor.Merchant, payment, about, kind)
}

// ImportFileName is the name of the file that an import brought.
func (q *Query) ImportFileName(id ID) (string, error) {
	return row[string](q, sqlImportFileName, q.actor.Merchant, id)
}
