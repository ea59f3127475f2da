package app

import (
	"net/http"

	"portal/internal/store"
	"portal/web/text"
)

// home leads to where a person's work waits.
func (a *App) home(w http.ResponseWriter, r *http.Request, u user) error {
	switch {
	case len(u.membership.Duties) == 0:
		return &forbiddenError{anyDuty}
	case u.can(store.Checker):
		return a.seeOther(w, r, u, "/approvals", text.Message{})
	default:
		return a.seeOther(w, r, u, "/presentments", text.Message{})
	}
}
