package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"time"

	"portal/internal/store"
)

// handout is a file that the portal makes for somebody to take away.
type handout struct {
	name, mediaType string
	fill            func(q *store.Query, to io.Writer) error
	leaf            func(tx *store.Tx, size int64, sha256 string) error
}

// handOut makes the file as a whole, leaves its leaf, and sends it: a fault is a
// page, a slow line holds no connection to the database, and no byte leaves
// before the trail knows of it.
func (a *App) handOut(w http.ResponseWriter, r *http.Request, u user, h handout) error {
	extendDeadlines(w, 10*time.Minute)
	file, err := os.CreateTemp("", "handout-*")
	if err != nil {
		return fmt.Errorf("making room for a file: %w", err)
	}
	defer func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }() // nobody needs it any more
	hash := sha256.New()
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error { return h.fill(q, io.MultiWriter(file, hash)) })
	if err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("reading a file back: %w", err)
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	if err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return h.leaf(tx, size, sum) }); err != nil {
		return err
	}
	saveAs(w, h.name, h.mediaType, size)
	_, err = io.Copy(w, file)
	return err
}

// saveAs has the browser keep what follows as a file.
func saveAs(w http.ResponseWriter, name, mediaType string, size int64) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}
