package app

import (
	"mime"
	"net/http"
	"strconv"

	"portal/internal/store"
)

// showFile gives out a file of the merchant, and leaves a leaf of who opened
// it before the first byte goes out. With ?download the browser saves it.
func (a *App) showFile(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	disposition := "inline"
	if f.flag("download") {
		disposition = "attachment"
	}
	if err := f.check(); err != nil {
		return err
	}
	var file store.File
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		file, err = q.File(id)
		return err
	})
	if err != nil {
		return err
	}
	if err := a.Store.FileOpened(r.Context(), u.actor(), file); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", file.MediaType)
	h.Set("Content-Length", strconv.Itoa(file.Size))
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": file.Name}))
	h.Set("Content-Security-Policy", policyFile)
	// Once the first byte is out there is no way to answer an error but to
	// break off, which the length tells the browser.
	return a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error { return q.WriteFile(id, w) })
}
