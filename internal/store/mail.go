package store

import (
	"errors"
	"fmt"
	"time"
)

// Mail is a mail in the queue, with whom it goes to.
type Mail struct {
	ID         ID         `db:"id"`
	MerchantID ID         `db:"merchant_id"`
	NameTH     string     `db:"name_th"` // of the merchant
	NameEN     string     `db:"name_en"`
	DigestOn   *time.Time `db:"digest_on"` // nil for a mail that is sent at once
	Tries      int        `db:"tries"`
	Person
	Email string `db:"email"`
	// Welcome: the person still works for the merchant.
	Welcome bool `db:"welcome"`

	Notices []Notice `db:"-"`
}

var (
	sqlInsertMail = statement(`
		INSERT INTO mails (id, merchant_id, person_id, next_at) VALUES ($1, $2, $3, $4)`)
	// What comes within one transaction, or waits for the same end of the quiet
	// hours, shares a mail. The mails of the coming minute take nothing more: a
	// worker may be at them already.
	sqlMailToJoin = statement(`
		SELECT m.id FROM mails m WHERE m.next_at = $3 AND m.sent_at IS NULL AND m.dead_at IS NULL
			AND m.merchant_id = $1 AND m.person_id = $2 AND m.digest_on IS NULL AND m.tries = 0
			AND (m.created_at = now() OR m.next_at > now() + interval '1 minute')
		ORDER BY m.id DESC LIMIT 1`)
	sqlInsertDigest = statement(`
		INSERT INTO mails (id, merchant_id, person_id, next_at, digest_on) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (merchant_id, person_id, digest_on) DO NOTHING`)
	sqlDigest = statement(`SELECT id FROM mails WHERE merchant_id = $1 AND person_id = $2 AND digest_on = $3`)
)

// QueueMail returns the mail that goes to a person not before the given time.
// Many things that happen at once, such as a batch of submissions, are one mail.
func (t *Tx) QueueMail(person ID, at time.Time) (ID, error) {
	id, err := row[ID](t.Query, sqlMailToJoin, t.actor.Merchant, person, at)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return id, err
	}
	id = NewID()
	if _, err := t.exec(sqlInsertMail, id, t.actor.Merchant, person, at); err != nil {
		return NoID, fmt.Errorf("queueing a mail: %w", err)
	}
	return id, nil
}

// QueueDigest returns the person's mail that collects the notices until the
// given time, of which there is one for each day.
func (t *Tx) QueueDigest(person ID, at, day time.Time) (ID, error) {
	if _, err := t.exec(sqlInsertDigest, NewID(), t.actor.Merchant, person, at, day); err != nil {
		return NoID, fmt.Errorf("queueing a digest: %w", err)
	}
	id, err := row[ID](t.Query, sqlDigest, t.actor.Merchant, person, day)
	if err != nil {
		return NoID, fmt.Errorf("finding a digest: %w", err)
	}
	return id, nil
}

var (
	sqlClaimMails = statement(`
		WITH due AS (
			SELECT id FROM mails WHERE sent_at IS NULL AND dead_at IS NULL AND next_at <= now()
			ORDER BY next_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
		), claimed AS (
			UPDATE mails m SET tries = m.tries + 1, next_at = now() + interval '2 minutes' FROM due WHERE m.id = due.id
			RETURNING m.id, m.merchant_id, m.person_id, m.digest_on, m.tries
		)
		SELECT c.id, c.merchant_id, n.name_th, n.name_en, c.digest_on, c.tries, p.id AS person_id, p.name, p.lang, p.buddhist_era, p.theme, p.roomy,
			coalesce((SELECT a.email FROM accounts a WHERE a.person_id = p.id ORDER BY a.created_at LIMIT 1), '') AS email,
			p.disabled_at IS NULL AND EXISTS (SELECT FROM memberships b WHERE b.merchant_id = c.merchant_id AND b.person_id = p.id) AS welcome
		FROM claimed c JOIN merchants n ON n.id = c.merchant_id JOIN people p ON p.id = c.person_id
		ORDER BY c.id`)
	sqlNoticesOfMail = statement(`
		SELECT ` + noticeColumns + ` FROM notices n WHERE n.merchant_id = $1 AND n.mail_id = $2 ORDER BY n.at, n.id LIMIT 200`)
	sqlMailSent  = statement(`UPDATE mails SET sent_at = now(), error = '' WHERE id = $1 AND sent_at IS NULL AND dead_at IS NULL`)
	sqlMailLater = statement(`
		UPDATE mails SET next_at = now() + $2 * interval '1 second', error = $3 WHERE id = $1 AND sent_at IS NULL AND dead_at IS NULL`)
	sqlMailDead = statement(`UPDATE mails SET dead_at = now(), error = $2 WHERE id = $1 AND sent_at IS NULL AND dead_at IS NULL`)
)

// ClaimMails takes at most limit mails of any merchant whose time has come, for
// two minutes: a mail of which nobody reports anything by then is sent again.
func (t *Tx) ClaimMails(limit int) ([]Mail, error) {
	mails, err := rows[Mail](t.Query, sqlClaimMails, limit)
	if err != nil {
		return nil, fmt.Errorf("claiming mails: %w", err)
	}
	for i := range mails {
		mails[i].Notices, err = rows[Notice](t.Query, sqlNoticesOfMail, mails[i].MerchantID, mails[i].ID)
		if err != nil {
			return nil, fmt.Errorf("reading what a mail is about: %w", err)
		}
	}
	return mails, nil
}

// MailSent records that the mail server took a mail.
func (t *Tx) MailSent(id ID) error { return t.one(sqlMailSent, id) }

// MailLater has a mail tried again after a while.
func (t *Tx) MailLater(id ID, after time.Duration, why string) error {
	return t.one(sqlMailLater, id, int64(after.Seconds()), why)
}

// MailDead gives a mail up.
func (t *Tx) MailDead(id ID, why string) error { return t.one(sqlMailDead, id, why) }

// DeadMail is a mail that could not be delivered.
type DeadMail struct {
	ID         ID         `db:"id"`
	PersonName string     `db:"person_name"`
	DigestOn   *time.Time `db:"digest_on"`
	Tries      int        `db:"tries"`
	DeadAt     time.Time  `db:"dead_at"`
	Error      string     `db:"error"`
}

var (
	sqlDeadMails = statement(`
		SELECT m.id, p.name AS person_name, m.digest_on, m.tries, m.dead_at, m.error FROM mails m JOIN people p ON p.id = m.person_id
		WHERE m.merchant_id = $1 AND m.dead_at IS NOT NULL ORDER BY m.dead_at DESC, m.id DESC LIMIT $2`)
	sqlReviveMail = statement(`
		UPDATE mails SET dead_at = NULL, tries = 0, next_at = now() WHERE merchant_id = $1 AND id = $2 AND dead_at IS NOT NULL`)
	sqlCountDeadMails = statement(`SELECT count(*) FROM (SELECT FROM mails WHERE merchant_id = $1 AND dead_at IS NOT NULL LIMIT 1001) d`)
)

// DeadMails lists what could not be delivered, the latest first.
func (q *Query) DeadMails(limit int) ([]DeadMail, error) {
	return rows[DeadMail](q, sqlDeadMails, q.actor.Merchant, limit)
}

// CountDeadMails counts them up to CountLimit+1.
func (q *Query) CountDeadMails() (int, error) {
	return row[int](q, sqlCountDeadMails, q.actor.Merchant)
}

// ReviveMail has a dead mail tried again. One that is not dead, or not there,
// is ErrNotFound.
func (t *Tx) ReviveMail(id ID) error {
	n, err := t.exec(sqlReviveMail, t.actor.Merchant, id)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
