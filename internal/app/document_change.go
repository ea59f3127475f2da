package app

import (
	"errors"
	"net/http"
	"slices"

	"portal/internal/store"
	"portal/web/text"
)

// removeDocument takes a file off a draft.
func (a *App) removeDocument(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	return a.changeDocuments(w, r, u, func(tx *store.Tx, p store.Presentment, file store.ID) (text.Message, error) {
		done := text.Msg("presentment.document_removed")
		if placeOf(p, file) < 0 {
			return done, nil // a second click, or another tab, was faster
		}
		return done, tx.Detach(p.ID, file)
	})
}

// moveDocument moves a file of a draft one place up or down. Their order is
// part of what is approved, and the one in which they are sent.
func (a *App) moveDocument(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	step := map[string]int{"up": -1, "down": 1}[f.choice("to", "up", "down")]
	if err := f.check(); err != nil {
		return err
	}
	return a.changeDocuments(w, r, u, func(tx *store.Tx, p store.Presentment, file store.ID) (text.Message, error) {
		from := placeOf(p, file)
		to := from + step
		if from < 0 || step == 0 || to < 0 || to >= len(p.Documents) {
			return text.Message{}, nil // it is at the end already, or off
		}
		files := make([]store.ID, len(p.Documents))
		for n, d := range p.Documents {
			files[n] = d.FileID
		}
		files[from], files[to] = files[to], files[from]
		return text.Msg("document.moved"), tx.OrderDocuments(p.ID, files)
	})
}

func placeOf(p store.Presentment, file store.ID) int {
	return slices.IndexFunc(p.Documents, func(d store.PresentmentDocument) bool { return d.FileID == file })
}

// changeDocuments does something about a file of a draft while nobody else
// changes the draft, or submits it, and says what was done.
func (a *App) changeDocuments(w http.ResponseWriter, r *http.Request, u user, change func(*store.Tx, store.Presentment, store.ID) (text.Message, error)) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	file, err := pathID(r, "file")
	if err != nil {
		return err
	}
	var done text.Message
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockPresentment(id); err != nil {
			return err
		}
		p, err := tx.Presentment(id)
		if err != nil {
			return err
		}
		if !p.Editable() {
			return store.ErrStale
		}
		done, err = change(tx, p, file)
		return err
	})
	switch {
	case errors.Is(err, store.ErrStale):
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.not_editable"))
	case err != nil:
		return err
	}
	return a.seeOther(w, r, u, billHref(id)+"#documents", done)
}
