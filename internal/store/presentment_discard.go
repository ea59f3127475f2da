package store

import "fmt"

var (
	sqlDiscard = statement(`
		UPDATE presentments SET state = 'discarded' WHERE merchant_id = $1 AND id = $2 AND version = $3 AND state = 'draft'`)
	sqlRestore = statement(`UPDATE presentments SET state = 'draft' WHERE merchant_id = $1 AND id = $2 AND state = 'discarded'`)
)

// DiscardPresentment puts a draft out of the way, in the version that was
// seen; its number is free again. ErrStale means that it is no longer that, or
// no longer a draft. A draft that replaces another bill violates
// replacement_is_not_discarded.
func (t *Tx) DiscardPresentment(id ID, version int) error {
	if err := t.one(sqlDiscard, t.actor.Merchant, id, version); err != nil {
		return fmt.Errorf("discarding a draft: %w", err)
	}
	return t.Audit("presentment.discarded", About("presentment", id), map[string]any{"version": version})
}

// RestorePresentment makes a discarded draft a draft again. ErrStale means that
// it is none; presentment_number_is_unique, that another bill has its number
// now.
func (t *Tx) RestorePresentment(id ID) error {
	if err := t.one(sqlRestore, t.actor.Merchant, id); err != nil {
		return fmt.Errorf("restoring a draft: %w", err)
	}
	return t.Audit("presentment.restored", About("presentment", id), map[string]any{})
}
