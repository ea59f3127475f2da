package store

import (
	"encoding/json"
	"fmt"

	"github.com/lib/pq"
)

// MailDebitFailed is the kind of the mail that tells a payer of a failed debit.
const MailDebitFailed = "debit_failed"

var (
	// Who was told already, has no address, or whose debit did not fail is left out.
	sqlQueueFailureMails = statement(`
		INSERT INTO payer_mails (id, merchant_id, payer_id, kind, subject, send_to, asked_by)
		SELECT w.mail, $1, d.payer_id, '` + MailDebitFailed + `', 'debit/' || d.id, p.email, $3
		FROM jsonb_to_recordset($2::text::jsonb) AS w (mail uuid, debit uuid) JOIN debits d ON d.id = w.debit JOIN payers p ON p.id = d.payer_id
		WHERE d.merchant_id = $1 AND d.state = 'failed' AND p.email <> ''
			AND NOT EXISTS (SELECT FROM payer_mails m WHERE m.merchant_id = $1 AND m.subject = 'debit/' || d.id AND m.kind = '` + MailDebitFailed + `' AND m.dead_at IS NULL)
		RETURNING payer_id, split_part(subject, '/', 2)::uuid AS debit`)
	sqlDebitsDunned = statement(`UPDATE debits SET dunned_at = now() WHERE merchant_id = $1 AND id = ANY ($2::uuid[]) AND state = 'failed'`)
)

// MailFailedDebits has a letter written to the payer of each failed debit who
// has an address and was not told of it yet, and says how many. Constraint
// error: payer_is_told_once where somebody else tells one at the same moment.
func (t *Tx) MailFailedDebits(ids ...ID) (int, error) {
	wanted := make([]map[string]any, len(ids))
	for n, id := range ids {
		wanted[n] = map[string]any{"mail": NewID(), "debit": id}
	}
	raw, err := json.Marshal(wanted)
	if err != nil {
		return 0, fmt.Errorf("telling payers: %w", err)
	}
	type letter struct {
		Payer ID `db:"payer_id"`
		Debit ID `db:"debit"`
	}
	told, err := rows[letter](t.Query, sqlQueueFailureMails, t.actor.Merchant, string(raw), t.actor.Person)
	if err != nil || len(told) == 0 {
		return 0, err
	}
	debits, leaves := make([]string, len(told)), make([]leafOf, 0, 2*len(told))
	for n, l := range told {
		about := About("debit", l.Debit)
		debits[n] = l.Debit.String()
		leaves = append(leaves, leafOf{"debit.payer_told", about, map[string]any{"payer": l.Payer}},
			leafOf{"payer.mailed", About("payer", l.Payer), map[string]any{"kind": MailDebitFailed, "subject": about}})
	}
	if _, err := t.exec(sqlDebitsDunned, t.actor.Merchant, pq.Array(debits)); err != nil {
		return 0, fmt.Errorf("telling payers: %w", err)
	}
	return len(told), t.auditAll(leaves)
}
