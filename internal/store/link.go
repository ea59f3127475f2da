package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// What a link that works once is for.
const (
	LinkInvitation = "invitation" // lets somebody new in
	LinkReset      = "reset"      // sets a new password
	LinkRecovery   = "recovery"   // sets up a second factor anew
)

// How long links work.
const (
	InvitationLife = 72 * time.Hour
	RecoveryLife   = 24 * time.Hour
	ResetLife      = 30 * time.Minute
)

// NewLinkToken makes what stands in a link, 256 bits of it.
func NewLinkToken() string { return rand.Text() + rand.Text() }

// HashLinkToken is what is kept of it.
func HashLinkToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// NewLink is a link about to be made. Nobody holds it until it has a token: a
// worker makes one and mails it, or SetLinkToken gives it to whoever asked.
type NewLink struct {
	Purpose string
	Person  ID // none for an invitation
	Change  ID // that two people agreed on; none for a reset
	Email   string
	Life    time.Duration
	Mail    bool // by a worker, as soon as it can
}

var (
	sqlInsertLink = statement(`
		INSERT INTO one_time_links (id, purpose, person_id, change_id, email, expires_at, mail_at)
		VALUES ($1, $2, $3, $4, $5, now() + $6::bigint * interval '1 second', CASE WHEN $7 THEN now() END)`)
	sqlSetLinkToken = statement(`UPDATE one_time_links SET token_hash = $2 WHERE id = $1 AND used_at IS NULL AND revoked_at IS NULL`)
	sqlUseLink      = statement(`UPDATE one_time_links SET used_at = now() WHERE id = $1 AND used_at IS NULL AND revoked_at IS NULL`)
	sqlRevokeLinks  = statement(`
		UPDATE one_time_links SET revoked_at = now()
		WHERE purpose = $1 AND (person_id = $2 OR change_id = $2) AND used_at IS NULL AND revoked_at IS NULL RETURNING id`)
)

// MakeLink makes a link. One of an invitation or a recovery violates
// link_was_agreed unless its change is confirmed.
func (t *Tx) MakeLink(n NewLink) (ID, error) {
	id := NewID()
	n.Email = strings.ToLower(n.Email)
	_, err := t.exec(sqlInsertLink, id, n.Purpose, nullable(n.Person), nullable(n.Change), n.Email, int64(n.Life/time.Second), n.Mail)
	if err != nil {
		return NoID, fmt.Errorf("making a link: %w", err)
	}
	detail := map[string]any{"purpose": n.Purpose, "email_sha256": hashText(n.Email), "life_seconds": int64(n.Life / time.Second)}
	if n.Person != NoID {
		detail["person"] = n.Person
	}
	if n.Change != NoID {
		detail["change"] = n.Change
	}
	return id, t.Audit("link.made", About("link", id), detail)
}

// SetLinkToken gives a link that nobody holds yet its token, for somebody to
// hand it over. A second time it violates link_works_once.
func (t *Tx) SetLinkToken(id ID, hash []byte) error {
	if err := t.one(sqlSetLinkToken, id, hash); err != nil {
		return err
	}
	return t.Audit("link.handed_out", About("link", id), map[string]any{"token": hex.EncodeToString(hash)})
}

// UseLink ends a link by using it: ErrStale if somebody else did so first, and
// link_is_used_in_time if it is too late. What it is for is done in the same
// transaction.
func (t *Tx) UseLink(id ID) error {
	if err := t.one(sqlUseLink, id); err != nil {
		return err
	}
	return t.Audit("link.used", About("link", id), struct{}{})
}

// RevokeLinks ends all links of a purpose that a person or a change has and
// nobody used.
func (t *Tx) RevokeLinks(purpose string, of ID) error {
	ended, err := rows[ID](t.Query, sqlRevokeLinks, purpose, of)
	if err != nil {
		return err
	}
	for _, id := range ended {
		if err := t.Audit("link.revoked", About("link", id), struct{}{}); err != nil {
			return err
		}
	}
	return nil
}

// Link is a link that still works, as whoever holds it sees it.
type Link struct {
	ID        ID             `db:"id"`
	Purpose   string         `db:"purpose"`
	Person    uuid.NullUUID  `db:"person_id"`
	Change    uuid.NullUUID  `db:"change_id"`
	Merchant  uuid.NullUUID  `db:"merchant_id"` // of the change
	NameTH    string         `db:"name_th"`     // of the merchant
	NameEN    string         `db:"name_en"`
	Name      string         `db:"name"` // whom it is for
	Email     string         `db:"email"`
	Duties    pq.StringArray `db:"duties"` // that an invitation offers
	Products  pq.StringArray `db:"products"`
	Account   uuid.NullUUID  `db:"account_of"` // who signs in with this address already
	ExpiresAt time.Time      `db:"expires_at"`
}

var sqlLinkOf = statement(`
	SELECT id, purpose, person_id, change_id, merchant_id, name_th, name_en, name, email, duties, products, account_of, expires_at FROM link_of($1)`)

// LinkOf returns the link whose token has this hash; ErrNotFound if there is
// none or it works no more. It uses nothing up.
func (s *Store) LinkOf(ctx context.Context, hash []byte) (Link, error) {
	var l Link
	if err := s.row(ctx, &l, sqlLinkOf, hash); err != nil {
		return Link{}, err
	}
	return l, nil
}

// linkTries is how often a link is mailed in vain.
const linkTries = 6

// LinkMail is a link that a worker is to mail.
type LinkMail struct {
	ID        ID            `db:"id"`
	Purpose   string        `db:"purpose"`
	Email     string        `db:"email"`
	Name      string        `db:"name"`
	Lang      string        `db:"lang"`
	Merchant  uuid.NullUUID `db:"merchant_id"`
	NameTH    string        `db:"name_th"` // of the merchant
	NameEN    string        `db:"name_en"`
	AskedBy   string        `db:"asked_by"` // who proposed what it carries out
	ExpiresAt time.Time     `db:"expires_at"`
	Tries     int           `db:"tries"`
	Token     string        `db:"-"`
}

var (
	sqlClaimLinks = statement(`
		WITH due AS (
			SELECT id FROM one_time_links WHERE mail_at <= now() AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
			ORDER BY mail_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
		)
		SELECT l.id, l.purpose, l.email, coalesce(p.name, c.name, '') AS name, coalesce(p.lang, 'th') AS lang, c.merchant_id,
			coalesce(n.name_th, '') AS name_th, coalesce(n.name_en, '') AS name_en, coalesce(a.name, '') AS asked_by, l.expires_at, l.tries
		FROM due JOIN one_time_links l ON l.id = due.id LEFT JOIN people p ON p.id = l.person_id LEFT JOIN person_changes c ON c.id = l.change_id
			LEFT JOIN merchants n ON n.id = c.merchant_id LEFT JOIN people a ON a.id = c.proposed_by
		ORDER BY l.id`)
	sqlLinkIsMailed = statement(`UPDATE one_time_links SET token_hash = $2, tries = tries + 1, mail_at = CASE WHEN $3 THEN now() + interval '2 minutes' END WHERE id = $1`)
	sqlLinkArrived  = statement(`UPDATE one_time_links SET mail_at = NULL WHERE id = $1 AND mail_at IS NOT NULL AND used_at IS NULL AND revoked_at IS NULL`)
)

// ClaimLinks takes at most limit links that are to be mailed and gives each a
// token. Each try makes a new one, so that what stands in a mail is kept
// nowhere; a link of which nobody says within two minutes that it was mailed
// is tried again.
func (t *Tx) ClaimLinks(limit int) ([]LinkMail, error) {
	list, err := rows[LinkMail](t.Query, sqlClaimLinks, limit)
	if err != nil {
		return nil, fmt.Errorf("claiming links: %w", err)
	}
	for i := range list {
		l := &list[i]
		l.Token = NewLinkToken()
		hash := HashLinkToken(l.Token)
		if err := t.one(sqlLinkIsMailed, l.ID, hash, l.Tries+1 < linkTries); err != nil {
			return nil, fmt.Errorf("giving a link its token: %w", err)
		}
		if err := t.Audit("link.mailing", About("link", l.ID), map[string]any{"token": hex.EncodeToString(hash)}); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// LinkMailed records that the mail server took a link. It may be used by now.
func (t *Tx) LinkMailed(id ID) error {
	n, err := t.exec(sqlLinkArrived, id)
	if err != nil || n == 0 {
		return err
	}
	return t.Audit("link.mailed", About("link", id), struct{}{})
}
