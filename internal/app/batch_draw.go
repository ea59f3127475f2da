package app

import (
	"context"

	"portal/internal/app/invoice"
	"portal/internal/store"
	"portal/web/text"
)

// noDocument is why a bill without a document is left out of a batch, unless
// the batch draws one.
var noDocument = text.K("batch.why.no_document")

// drawMissing draws the invoice of a bill that has no document, as it was in
// the version that was seen, and returns the version to submit. Called again
// after a crash it finds what it drew.
func (a *App) drawMissing(ctx context.Context, u user, id store.ID, seen int, language invoice.Language) (version int, err error) {
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		version = seen
		if _, err := tx.LockPresentment(id); err != nil {
			return err
		}
		p, err := tx.Presentment(id)
		switch {
		case err != nil:
			return err
		case !p.Editable():
			return nil // the teller knows by the key whether this batch did it
		case p.Version == seen && len(p.Documents) > 0:
			return nil
		case p.Version == seen:
			version = seen + 1
			return a.attachDrawn(ctx, tx, id, language)
		}
		// Between drawing and submitting the process may have died: then the one
		// change since is the paper that would be drawn now.
		m, err := tx.Merchant()
		if err != nil {
			return err
		}
		stale, err := p.DrawnOtherwise(m)
		if err != nil {
			return err
		}
		d, drawn := p.Drawn()
		if p.Version != seen+1 || len(p.Documents) != 1 || !drawn || stale || d.DrawnLanguage != string(language) {
			return store.ErrStale
		}
		version = p.Version
		return nil
	})
	return version, err
}
