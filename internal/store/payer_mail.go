package store

import (
	"errors"
	"fmt"
	"time"
)

// PayerMail is a mail to a payer in the queue. What it says is written when it
// is sent, by its kind and its subject.
type PayerMail struct {
	ID         ID         `db:"id"`
	MerchantID ID         `db:"merchant_id"`
	PayerID    ID         `db:"payer_id"`
	Kind       string     `db:"kind"`
	Subject    Subject    `db:"subject"`
	SendTo     string     `db:"send_to"`
	Tries      int        `db:"tries"`
	CreatedAt  time.Time  `db:"created_at"`
	SentAt     *time.Time `db:"sent_at"`
	DeadAt     *time.Time `db:"dead_at"`
	Error      string     `db:"error"`
	AskedBy    string     `db:"asked_by"` // by name; empty where the worker writes
	// The cell of SendTo, until it is opened.
	SendToSealed string `db:"send_to_sealed"`
}

// reveal leaves an address empty that does not open, so that one mail which
// somebody has meddled with does not keep all others from being sent.
func (m *PayerMail) reveal(q *Query) error {
	of := *q
	of.actor.Merchant = m.MerchantID
	if err := of.reveal(payerMailSendTo, m.ID, &m.SendToSealed, &m.SendTo); !errors.Is(err, ErrSealed) {
		return err
	}
	return nil
}

const payerMailColumns = `m.id, m.merchant_id, m.payer_id, m.kind, m.subject, m.send_to, m.tries, m.created_at, m.sent_at, m.dead_at, m.error, coalesce(m.send_to_sealed, '') AS send_to_sealed,
	coalesce((SELECT a.name FROM people a WHERE a.id = m.asked_by), '') AS asked_by`

var (
	sqlInsertPayerMail = statement(`
		INSERT INTO payer_mails (id, merchant_id, payer_id, kind, subject, send_to, asked_by, send_to_sealed, send_to_mark) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (kind, subject) WHERE sent_at IS NULL AND dead_at IS NULL DO NOTHING`)
	sqlClaimPayerMails = statement(`
		WITH due AS (
			SELECT id FROM payer_mails WHERE sent_at IS NULL AND dead_at IS NULL AND next_at <= now() ORDER BY next_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
		)
		UPDATE payer_mails m SET tries = m.tries + 1, next_at = now() + interval '2 minutes' FROM due WHERE m.id = due.id
		RETURNING ` + payerMailColumns)
	sqlPayerMailSent  = statement(`UPDATE payer_mails SET sent_at = now(), error = '' WHERE id = $1 AND sent_at IS NULL AND dead_at IS NULL`)
	sqlPayerMailLater = statement(`
		UPDATE payer_mails SET next_at = now() + $2 * interval '1 second', error = $3 WHERE id = $1 AND sent_at IS NULL AND dead_at IS NULL`)
	sqlPayerMailDead = statement(`UPDATE payer_mails SET dead_at = now(), error = $2 WHERE id = $1 AND sent_at IS NULL AND dead_at IS NULL`)
	sqlPayerMailsOf  = statement(`
		SELECT ` + payerMailColumns + ` FROM payer_mails m WHERE m.merchant_id = $1 AND m.subject = $2 ORDER BY m.id DESC LIMIT 20`)
)

// QueuePayerMail has a mail written to a payer. One of the same kind about the
// same subject that waits already is enough. The trail keeps that it was asked
// for, and not where it goes.
func (t *Tx) QueuePayerMail(payer ID, kind string, about Subject, to string) error {
	id := NewID()
	address, err := t.keep(payerMailSendTo, id, to)
	if err != nil {
		return err
	}
	n, err := t.exec(sqlInsertPayerMail, id, t.actor.Merchant, payer, kind, about, address.Clear, nullable(t.actor.Person), address.Cell, address.Mark)
	if err != nil {
		return fmt.Errorf("queueing a mail to a payer: %w", err)
	}
	if n == 0 {
		return nil
	}
	return t.Audit("payer.mailed", About("payer", payer), map[string]any{"kind": kind, "subject": about})
}

// PayerMailsAbout lists the mails about something, the newest first.
func (q *Query) PayerMailsAbout(about Subject) ([]PayerMail, error) {
	return rows[PayerMail](q, sqlPayerMailsOf, q.actor.Merchant, about)
}

// ClaimPayerMails takes at most limit mails of any merchant whose time has
// come, for two minutes: one of which nobody reports anything by then is sent
// again.
func (t *Tx) ClaimPayerMails(limit int) ([]PayerMail, error) {
	return rows[PayerMail](t.Query, sqlClaimPayerMails, limit)
}

// PayerMailSent records that the mail server took a mail.
func (t *Tx) PayerMailSent(id ID) error { return t.one(sqlPayerMailSent, id) }

// PayerMailLater has a mail tried again after a while.
func (t *Tx) PayerMailLater(id ID, after time.Duration, why string) error {
	return t.one(sqlPayerMailLater, id, int64(after.Seconds()), why)
}

// PayerMailDead gives a mail up.
func (t *Tx) PayerMailDead(id ID, why string) error { return t.one(sqlPayerMailDead, id, why) }
