package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Words fill the sentence of a notice. They are as the leaf says them and in
// no language.
type Words map[string]string

// Scan implements sql.Scanner.
func (w *Words) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("the words of a notice arrived as %T", src)
	}
	return json.Unmarshal(raw, w)
}

// Notice tells one person of one leaf of the trail.
type Notice struct {
	ID      ID         `db:"id"`
	Kind    string     `db:"kind"`
	Subject Subject    `db:"subject"`
	Words   Words      `db:"words"`
	At      time.Time  `db:"at"`
	ReadAt  *time.Time `db:"read_at"`
}

const noticeColumns = `n.id, n.kind, n.subject, n.words, n.at, n.read_at`

var (
	sqlNotices = statement(`
		SELECT ` + noticeColumns + ` FROM notices n
		WHERE n.merchant_id = $1 AND n.person_id = $2 AND (n.at, n.id) < ($3, $4)
		ORDER BY n.at DESC, n.id DESC LIMIT $5`)
	sqlUnreadNotices = statement(`
		SELECT ` + noticeColumns + ` FROM notices n
		WHERE n.merchant_id = $1 AND n.person_id = $2 AND n.read_at IS NULL AND (n.at, n.id) < ($3, $4)
		ORDER BY n.at DESC, n.id DESC LIMIT $5`)
	sqlReadNotice = statement(`
		UPDATE notices n SET read_at = coalesce(n.read_at, now()) WHERE n.merchant_id = $1 AND n.person_id = $2 AND n.id = $3
		RETURNING ` + noticeColumns)
	sqlUnreadNotice   = statement(`UPDATE notices SET read_at = NULL WHERE merchant_id = $1 AND person_id = $2 AND id = $3`)
	sqlReadAllNotices = statement(`
		UPDATE notices SET read_at = now() WHERE merchant_id = $1 AND person_id = $2 AND read_at IS NULL AND at <= $3`)
)

// NoticeCursor is a place in a person's notices, which run from the newest to
// the oldest; zero is their beginning.
type NoticeCursor struct {
	At time.Time
	ID ID
}

// Notices lists the acting person's notices at the acting merchant, and
// whether there are more.
func (q *Query) Notices(unread bool, from NoticeCursor, limit int) ([]Notice, bool, error) {
	if from.At.IsZero() {
		from.At, from.ID = lastDay, lastID
	}
	sql := sqlNotices
	if unread {
		sql = sqlUnreadNotices
	}
	list, err := rows[Notice](q, sql, q.actor.Merchant, q.actor.Person, from.At, from.ID, limit+1)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// ReadNotice marks one of the acting person's notices as read and returns it.
func (t *Tx) ReadNotice(id ID) (Notice, error) {
	return row[Notice](t.Query, sqlReadNotice, t.actor.Merchant, t.actor.Person, id)
}

// UnreadNotice marks one as not read.
func (t *Tx) UnreadNotice(id ID) error {
	err := t.one(sqlUnreadNotice, t.actor.Merchant, t.actor.Person, id)
	if errors.Is(err, ErrStale) {
		return ErrNotFound
	}
	return err
}

// ReadAllNotices marks all as read that were there at the given time, so that
// what came meanwhile is not lost.
func (t *Tx) ReadAllNotices(until time.Time) error {
	_, err := t.exec(sqlReadAllNotices, t.actor.Merchant, t.actor.Person, until)
	return err
}

// NoticeChoices say of each topic when a mail is sent about it.
type NoticeChoices map[string]string

// Scan implements sql.Scanner.
func (c *NoticeChoices) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("the choices of notices arrived as %T", src)
	}
	return json.Unmarshal(raw, c)
}

// NoticeSettings are what a person chose about being told.
type NoticeSettings struct {
	Mail      bool          `db:"mail"`
	Choices   NoticeChoices `db:"choices"`
	QuietFrom int           `db:"quiet_from"` // hours of the day in Bangkok; no quiet when both are the same
	QuietTo   int           `db:"quiet_to"`
}

var (
	sqlNoticeSettings    = statement(`SELECT mail, choices, quiet_from, quiet_to FROM notice_settings WHERE person_id = $1`)
	sqlSetNoticeSettings = statement(`
		INSERT INTO notice_settings (person_id, mail, choices, quiet_from, quiet_to) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (person_id) DO UPDATE
		SET mail = excluded.mail, choices = excluded.choices, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to`)
)

// NoticeSettings returns what a person chose, or ErrNotFound for whoever never
// did. The web role sees those of the acting person only.
func (q *Query) NoticeSettings(person ID) (NoticeSettings, error) {
	return row[NoticeSettings](q, sqlNoticeSettings, person)
}

// SetNoticeSettings keeps what the acting person chose.
func (t *Tx) SetNoticeSettings(s NoticeSettings) error {
	choices, err := json.Marshal(s.Choices)
	if err != nil {
		return fmt.Errorf("keeping choices: %w", err)
	}
	if _, err := t.exec(sqlSetNoticeSettings, t.actor.Person, s.Mail, string(choices), s.QuietFrom, s.QuietTo); err != nil {
		return fmt.Errorf("keeping choices: %w", err)
	}
	return t.Audit("person.notices_set", About("person", t.actor.Person), map[string]any{
		"mail": s.Mail, "choices": s.Choices, "quiet_from": s.QuietFrom, "quiet_to": s.QuietTo,
	})
}
