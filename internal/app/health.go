package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/store"
)

// alive answers as long as the process can answer at all; it must not depend
// on anything else, or a database that is away would have every process killed.
func (a *App) alive(w http.ResponseWriter, _ *http.Request, _ user) error {
	return plainAnswer(w, http.StatusOK, "ok\n")
}

// ready answers whether requests should come here: not while draining, and not
// without a database. That the schema fits was proven when the store was
// opened, which prepared every statement.
func (a *App) ready(w http.ResponseWriter, r *http.Request, _ user) error {
	err := a.Ready(r.Context())
	switch {
	case errors.Is(err, ErrDraining):
		return plainAnswer(w, http.StatusServiceUnavailable, "draining\n")
	case err != nil:
		infoOf(r).err = err
		return plainAnswer(w, http.StatusServiceUnavailable, "database away\n")
	}
	return plainAnswer(w, http.StatusOK, "ready\n")
}

// ErrDraining is why a process that is about to stop is not ready.
var ErrDraining = errors.New("about to stop")

// Ready is nil if requests may come here.
func (a *App) Ready(ctx context.Context) error {
	if a.draining.Load() {
		return ErrDraining
	}
	return a.Store.Read(ctx, store.Actor{}, func(*store.Query) error { return nil })
}

func plainAnswer(w http.ResponseWriter, status int, words string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(words)) // a caller that hung up is the only way this fails
	return nil
}
