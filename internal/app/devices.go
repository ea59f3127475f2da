package app

import (
	"net/http"

	"portal/internal/store"
	"portal/web/text"
)

// nameDevice has one of the person's browsers called what they call it.
func (a *App) nameDevice(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	name := f.text("name", maxLen(60))
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.seeOther(w, r, u, factorsPath, text.Msg("factor.device_name_long"))
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.NameDevice(id, name) })
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, factorsPath, text.Msg("factor.device_named"))
}

// forgetDevice signs one of the person's browsers out, which is new from then on.
func (a *App) forgetDevice(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.ForgetDevice(id) })
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, factorsPath, text.Msg("factor.device_forgotten"))
}

// endSessionsOf signs a colleague out everywhere.
func (a *App) endSessionsOf(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.EndSessionsOf(id) })
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/admin/people/"+id.String(), text.Msg("factor.sessions_ended_of"))
}
