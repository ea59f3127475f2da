package store

import (
	"encoding/hex"
	"fmt"
	"time"
)

// Logo stands at the head of the papers that the portal draws for a merchant.
type Logo struct {
	Image   []byte    `db:"image"` // PNG
	Hash    []byte    `db:"image_hash"`
	Width   int       `db:"width"`
	Height  int       `db:"height"`
	SetName string    `db:"set_name"`
	SetAt   time.Time `db:"set_at"`
}

var (
	sqlLogo = statement(`
		SELECT l.image, l.image_hash, l.width, l.height, p.name AS set_name, l.set_at FROM merchant_logos l JOIN people p ON p.id = l.set_by WHERE l.merchant_id = $1`)
	sqlSetLogo = statement(`
		INSERT INTO merchant_logos (merchant_id, image, width, height, set_by) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (merchant_id) DO UPDATE SET image = excluded.image, width = excluded.width, height = excluded.height, set_by = excluded.set_by
		RETURNING image_hash`)
	sqlRemoveLogo = statement(`DELETE FROM merchant_logos WHERE merchant_id = $1`)
)

// Logo returns the acting merchant's; ErrNotFound means that it has none.
func (q *Query) Logo() (Logo, error) { return row[Logo](q, sqlLogo, q.actor.Merchant) }

// SetLogo has the acting administrator set it. The image must have been made
// anew from what was sent. Papers that are drawn already stay as they are.
func (t *Tx) SetLogo(image []byte, width, height int) error {
	hash, err := row[[]byte](t.Query, sqlSetLogo, t.actor.Merchant, image, width, height, t.actor.Person)
	if err != nil {
		return fmt.Errorf("setting the logo: %w", err)
	}
	return t.Audit("merchant.logo_set", About("merchant", t.actor.Merchant), map[string]any{
		"image_sha256": hex.EncodeToString(hash), "width": width, "height": height,
	})
}

// RemoveLogo has the acting administrator take it away.
func (t *Tx) RemoveLogo() error {
	if err := t.one(sqlRemoveLogo, t.actor.Merchant); err != nil {
		return fmt.Errorf("removing the logo: %w", err)
	}
	return t.Audit("merchant.logo_removed", About("merchant", t.actor.Merchant), struct{}{})
}
