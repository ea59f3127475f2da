package app

import (
	"errors"
	"net/http"
	"slices"

	"portal/internal/store"
	"portal/web/text"
)

// moveDocument moves a file of a draft one place up or down. Their order is
// part of what is approved, and the one in which they are sent.
func (a *App) moveDocument(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	file, err := pathID(r, "file")
	if err != nil {
		return err
	}
	f := readForm(r)
	step := map[string]int{"up": -1, "down": 1}[f.choice("to", "up", "down")]
	if err := f.check(); err != nil {
		return err
	}
	p, err := a.presentment(r, u)
	if err != nil {
		return err
	}
	if !p.Editable() {
		return a.presentmentPage(w, r, u, id, http.StatusConflict, presentmentSays{refusal: text.T(r.Context(), "presentment.refused.not_editable")})
	}
	files := make([]store.ID, len(p.Documents))
	for n, d := range p.Documents {
		files[n] = d.FileID
	}
	said := text.Message{}
	from := slices.Index(files, file)
	if to := from + step; from >= 0 && step != 0 && to >= 0 && to < len(files) {
		files[from], files[to] = files[to], files[from]
		err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.OrderDocuments(id, files) })
		if err != nil && !errors.Is(err, store.ErrStale) {
			return err
		}
		said = text.Msg("document.moved")
	}
	// Stale: somebody took one off meanwhile. The page shows what is left.
	return a.seeOther(w, r, u, "/presentments/"+id.String()+"#documents", said)
}
