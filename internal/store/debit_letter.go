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
	sqlPayersToTell = statement(`
		SELECT d.id AS debit, p.id, p.email, coalesce(p.email_sealed, '') AS email_sealed FROM debits d JOIN payers p ON p.id = d.payer_id
		WHERE d.merchant_id = $1 AND d.id = ANY ($2::uuid[]) AND d.state = 'failed' AND (p.email <> '' OR p.email_sealed IS NOT NULL)
			AND NOT EXISTS (SELECT FROM payer_mails m WHERE m.merchant_id = $1 AND m.subject = 'debit/' || d.id AND m.kind = '` + MailDebitFailed + `' AND m.dead_at IS NULL)`)
	sqlQueueFailureMails = statement(`
		INSERT INTO payer_mails (id, merchant_id, payer_id, kind, subject, send_to, send_to_sealed, send_to_mark, asked_by)
		SELECT w.id, $1, w.payer, '` + MailDebitFailed + `', 'debit/' || w.debit, w.send_to, w.send_to_sealed, w.send_to_mark, $3
		FROM jsonb_to_recordset($2::text::jsonb) AS w (id uuid, debit uuid, payer uuid, send_to text, send_to_sealed bytea, send_to_mark bytea)`)
	sqlDebitsDunned = statement(`UPDATE debits SET dunned_at = now() WHERE merchant_id = $1 AND id = ANY ($2::uuid[]) AND state = 'failed'`)
)

// MailFailedDebits has a letter written to the payer of each failed debit who
// has an address and was not told of it yet, and says how many. Constraint
// error: payer_is_told_once where somebody else tells one at the same moment.
func (t *Tx) MailFailedDebits(ids ...ID) (int, error) {
	told, err := rows[payerToTell](t.Query, sqlPayersToTell, t.actor.Merchant, pq.Array(idTexts(ids)))
	if err != nil || len(told) == 0 {
		return 0, err
	}
	debits, leaves, letters := make([]string, len(told)), make([]leafOf, 0, 2*len(told)), make([]map[string]any, len(told))
	for n, p := range told {
		mail, about := NewID(), About("debit", p.Debit)
		address, err := t.keep(payerMailSendTo, mail, p.Email)
		if err != nil {
			return 0, err
		}
		letters[n] = map[string]any{"id": mail, "debit": p.Debit, "payer": p.ID}
		address.into(letters[n], "send_to")
		debits[n] = p.Debit.String()
		leaves = append(leaves, leafOf{"debit.payer_told", about, map[string]any{"payer": p.ID}},
			leafOf{"payer.mailed", About("payer", p.ID), map[string]any{"kind": MailDebitFailed, "subject": about}})
	}
	raw, err := json.Marshal(letters)
	if err == nil {
		_, err = t.exec(sqlQueueFailureMails, t.actor.Merchant, string(raw), t.actor.Person)
	}
	if err == nil {
		_, err = t.exec(sqlDebitsDunned, t.actor.Merchant, pq.Array(debits))
	}
	if err != nil {
		return 0, fmt.Errorf("telling payers: %w", err)
	}
	return len(told), t.auditAll(leaves)
}

// payerToTell is the payer of a failed debit.
type payerToTell struct {
	Debit       ID     `db:"debit"`
	ID          ID     `db:"id"`
	Email       string `db:"email"`
	EmailSealed string `db:"email_sealed"`
}

func (p *payerToTell) reveal(q *Query) error {
	return q.reveal(payerEmail, p.ID, &p.EmailSealed, &p.Email)
}
