package store

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// In what the bank's list of mandates and ours can differ.
const (
	UnknownHere  = "unknown_here"  // the bank has one that we do not know
	OtherState   = "other_state"   // both know it, in different states
	MissingThere = "missing_there" // one that stands here is not in the bank's list
)

// The states of a difference.
const (
	DifferenceOpen      = "open"
	DifferenceAdopted   = "adopted"
	DifferenceDismissed = "dismissed"
	DifferenceGone      = "gone" // a later list no longer shows it
)

// MandateDifference is something in which the bank's list of mandates and ours
// do not agree.
type MandateDifference struct {
	ID            ID            `db:"id"`
	Kind          string        `db:"kind"`
	MandateID     uuid.NullUUID `db:"mandate_id"`
	PayerID       uuid.NullUUID `db:"payer_id"`
	BankToken     string        `db:"bank_token"`
	BankStatus    string        `db:"bank_status"` // empty where the list does not have it
	Ref1          string        `db:"ref1"`
	Ref2          string        `db:"ref2"`
	DrawerAccount string        `db:"drawer_account"`
	DrawerName    string        `db:"drawer_name"`
	BankChannel   string        `db:"bank_channel"`
	BankCreatedAt *time.Time    `db:"bank_created_at"`
	ExpiresOn     *time.Time    `db:"expires_on"`
	OurState      string        `db:"our_state"`
	InquiryID     ID            `db:"inquiry_id"`
	FoundAt       time.Time     `db:"found_at"`
	State         string        `db:"state"`
	DecidedBy     uuid.NullUUID `db:"decided_by"`
	DecidedAt     *time.Time    `db:"decided_at"`
	Reason        string        `db:"reason"`
	PayerName     string        `db:"payer_name"`
	DecidedByName string        `db:"decided_by_name"`
}

const differenceColumns = `d.id, d.kind, d.mandate_id, d.payer_id, d.bank_token, d.bank_status, d.ref1, d.ref2, d.drawer_account, d.drawer_name, d.bank_channel,
	d.bank_created_at, d.expires_on, d.our_state, d.inquiry_id, d.found_at, d.state, d.decided_by, d.decided_at, d.reason,
	coalesce(p.name, '') AS payer_name, coalesce(n.name, '') AS decided_by_name
	FROM mandate_differences d LEFT JOIN payers p ON p.id = d.payer_id LEFT JOIN people n ON n.id = d.decided_by `

var (
	sqlDifference  = statement(`SELECT ` + differenceColumns + `WHERE d.merchant_id = $1 AND d.id = $2`)
	sqlDifferences = statement(`
		SELECT ` + differenceColumns + `WHERE d.merchant_id = $1 AND d.state = $2 AND d.id < $3 ORDER BY d.id DESC LIMIT $4`)
	sqlDifferencesOpen  = statement(`SELECT ` + differenceColumns + `WHERE d.merchant_id = $1 AND d.state = 'open' ORDER BY d.id`)
	sqlDifferencesOf    = statement(`SELECT ` + differenceColumns + `WHERE d.merchant_id = $1 AND d.mandate_id = $2 AND d.state = 'open' ORDER BY d.id`)
	sqlCountDifferences = statement(`
		SELECT count(*) FROM (SELECT FROM mandate_differences d WHERE d.merchant_id = $1 AND d.state = 'open' LIMIT 1001) counted`)
	sqlDismissed = statement(`
		SELECT DISTINCT d.bank_token || '/' || d.bank_status || '/' || d.our_state FROM mandate_differences d WHERE d.merchant_id = $1 AND d.state = 'dismissed'`)
	sqlInsertDifference = statement(`
		INSERT INTO mandate_differences (id, merchant_id, kind, mandate_id, payer_id, bank_token, bank_status, ref1, ref2, drawer_account, drawer_name, bank_channel,
			bank_created_at, expires_on, our_state, inquiry_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`)
	sqlDifferenceGone   = statement(`UPDATE mandate_differences SET state = 'gone', decided_at = now() WHERE merchant_id = $1 AND id = $2 AND state = 'open'`)
	sqlDifferenceSeen   = statement(`UPDATE mandate_differences SET inquiry_id = $3 WHERE merchant_id = $1 AND id = $2 AND state = 'open'`)
	sqlDecideDifference = statement(`
		UPDATE mandate_differences SET state = $3, decided_by = $4, decided_at = now(), reason = $5, payer_id = coalesce($6, payer_id)
		WHERE merchant_id = $1 AND id = $2 AND state = 'open'`)
	sqlMandatesToCompare = statement(`
		SELECT ` + mandateColumns + mandateTables + `WHERE m.merchant_id = $1 AND (m.bank_token <> '' OR m.state IN ('waiting', 'abandoned', 'expired')) ORDER BY m.id`)
)

// MandateDifference returns one difference.
func (q *Query) MandateDifference(id ID) (MandateDifference, error) {
	return row[MandateDifference](q, sqlDifference, q.actor.Merchant, id)
}

// MandateDifferences lists the differences in a state before the given one, the
// newest first.
func (q *Query) MandateDifferences(state string, before ID, limit int) ([]MandateDifference, error) {
	if before == NoID {
		before = uuid.Max
	}
	return rows[MandateDifference](q, sqlDifferences, q.actor.Merchant, state, before, limit)
}

var sqlMandatesOfOthers = statement(`SELECT o.token FROM mandates_of_others($1, $2, $3) AS o (token)`)

// MandatesOfOthers says which of these rows of the bank's list are no business
// of the acting merchant's, by their tokens.
func (q *Query) MandatesOfOthers(list []MandateDifference) (map[string]bool, error) {
	tokens, ref1s, ref2s := make([]string, len(list)), make([]string, len(list)), make([]string, len(list))
	for n, d := range list {
		tokens[n], ref1s[n], ref2s[n] = d.BankToken, d.Ref1, d.Ref2
	}
	found, err := rows[string](q, sqlMandatesOfOthers, pq.Array(tokens), pq.Array(ref1s), pq.Array(ref2s))
	theirs := make(map[string]bool, len(found))
	for _, token := range found {
		theirs[token] = true
	}
	return theirs, err
}

// OpenDifferences lists all open differences, the oldest first.
func (q *Query) OpenDifferences() ([]MandateDifference, error) {
	return rows[MandateDifference](q, sqlDifferencesOpen, q.actor.Merchant)
}

// DifferencesOfMandate lists the open differences about one mandate.
func (q *Query) DifferencesOfMandate(id ID) ([]MandateDifference, error) {
	return rows[MandateDifference](q, sqlDifferencesOf, q.actor.Merchant, id)
}

// CountDifferences counts the open differences up to CountLimit+1.
func (q *Query) CountDifferences() (int, error) {
	return row[int](q, sqlCountDifferences, q.actor.Merchant)
}

// Dismissed is the mark of a difference that somebody dismissed: the same one
// is not shown again.
func (d MandateDifference) Dismissed() string {
	return d.BankToken + "/" + d.BankStatus + "/" + d.OurState
}

// DismissedDifferences are the marks of all that were dismissed.
func (q *Query) DismissedDifferences() (map[string]bool, error) {
	list, err := rows[string](q, sqlDismissed, q.actor.Merchant)
	marks := make(map[string]bool, len(list))
	for _, m := range list {
		marks[m] = true
	}
	return marks, err
}

// MandatesToCompare are the mandates that may stand in the bank's list.
func (q *Query) MandatesToCompare() ([]Mandate, error) {
	return rows[Mandate](q, sqlMandatesToCompare, q.actor.Merchant)
}

// AddDifference records a difference that the answer to a question shows.
func (t *Tx) AddDifference(d MandateDifference) error {
	_, err := t.exec(sqlInsertDifference, d.ID, t.actor.Merchant, d.Kind, d.MandateID, d.PayerID, d.BankToken, d.BankStatus, d.Ref1, d.Ref2, d.DrawerAccount,
		d.DrawerName, d.BankChannel, d.BankCreatedAt, d.ExpiresOn, d.OurState, d.InquiryID)
	if err != nil {
		return fmt.Errorf("recording a difference: %w", err)
	}
	return t.Audit("mandate_difference.found", About("mandate_difference", d.ID), map[string]any{
		"kind": d.Kind, "mandate": d.MandateID, "payer": d.PayerID, "bank_token": d.BankToken, "bank_status": d.BankStatus, "our_state": d.OurState,
		"ref1": d.Ref1, "ref2": d.Ref2, "drawer_account": d.DrawerAccount, "inquiry": d.InquiryID, "reason": "",
	})
}

// DifferenceSeen records that a newer list still shows an open difference.
func (t *Tx) DifferenceSeen(id, inquiry ID) error {
	if err := t.one(sqlDifferenceSeen, t.actor.Merchant, id, inquiry); err != nil {
		return fmt.Errorf("seeing a difference again: %w", err)
	}
	return t.Audit("mandate_difference.seen", About("mandate_difference", id), map[string]any{"inquiry": inquiry})
}

// DifferenceGone ends a difference that a newer list no longer shows.
func (t *Tx) DifferenceGone(id ID) error {
	if err := t.one(sqlDifferenceGone, t.actor.Merchant, id); err != nil {
		return fmt.Errorf("ending a difference: %w", err)
	}
	return t.Audit("mandate_difference.gone", About("mandate_difference", id), map[string]any{})
}

// AdoptDifference is the acting person's word that the bank is right. The payer
// is whom an unknown mandate belongs to.
func (t *Tx) AdoptDifference(id, payer ID) error {
	return t.decideDifference(id, DifferenceAdopted, "", payer)
}

// DismissDifference is the acting person's word, with a reason, that nothing is
// to follow from a difference.
func (t *Tx) DismissDifference(id ID, reason string) error {
	return t.decideDifference(id, DifferenceDismissed, reason, NoID)
}

func (t *Tx) decideDifference(id ID, state, reason string, payer ID) error {
	if err := t.one(sqlDecideDifference, t.actor.Merchant, id, state, t.actor.Person, reason, nullable(payer)); err != nil {
		return fmt.Errorf("deciding on a difference: %w", err)
	}
	detail := map[string]any{"reason": reason}
	if payer != NoID {
		detail["payer"] = payer
	}
	return t.Audit("mandate_difference."+state, About("mandate_difference", id), detail)
}
