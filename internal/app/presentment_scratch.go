package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// The hidden fields of the form that say under which name it keeps itself, and
// which draft it edits.
const (
	scratchField = "scratch"
	aboutField   = "about"
)

// keepScratch stores what somebody has typed so far, as it is: nothing in it
// need be right yet. The page asks for it by itself.
func (a *App) keepScratch(w http.ResponseWriter, r *http.Request, u user) error {
	f := readPresentmentForm(r)
	f.leave()
	s := store.Scratch{ID: f.scratch}
	if f.about != store.NoID {
		s.PresentmentID = uuid.NullUUID{UUID: f.about, Valid: true}
	}
	if s.ID == store.NoID && f.broken == nil {
		f.broken = &requestError{"no name for a scratch"}
	}
	if err := f.check(); err != nil {
		return err
	}
	for _, field := range []string{"do", scratchField, aboutField} {
		f.values.Del(field)
	}
	s.Typed = f.values.Encode()
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if s.PresentmentID.Valid {
			if _, err := tx.LockPresentment(s.PresentmentID.UUID); err != nil {
				return err
			}
		}
		return tx.KeepScratch(s)
	})
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, templates.ScratchKept(a.Clock()))
}

// dropScratch forgets what somebody typed and does not want any more.
func (a *App) dropScratch(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	back := "/presentments/new"
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		s, err := tx.Scratch(id)
		if err != nil {
			return err
		}
		if s.PresentmentID.Valid {
			back = billHref(s.PresentmentID.UUID) + "/edit"
		}
		return tx.DropScratch(id)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, back, text.Msg("form.scratch.dropped"))
}

// continued is the form as somebody left it, if the address names a scratch,
// and else none.
func (a *App) continued(r *http.Request, u user, about uuid.NullUUID) (*presentmentForm, error) {
	q := readQuery(r)
	id := q.id("continue")
	q.raw("buyer") // begins a new bill, see billFor
	if err := q.check(); err != nil {
		return nil, err
	}
	if id == store.NoID {
		return nil, nil
	}
	var s store.Scratch
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		s, err = q.Scratch(id)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case s.PresentmentID != about:
		return nil, store.ErrNotFound
	}
	values, err := url.ParseQuery(s.Typed)
	if err != nil {
		return nil, err
	}
	f := typedForm(values)
	f.scratch = s.ID
	return f, nil
}

// kept lists what the reader left in this form earlier, besides what is open.
func (a *App) kept(ctx context.Context, u user, about uuid.NullUUID, open store.ID) ([]templates.KeptScratch, error) {
	var scratches []store.Scratch
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		scratches, err = q.Scratches(about)
		return err
	})
	var list []templates.KeptScratch
	for _, s := range scratches {
		if s.ID == open {
			continue
		}
		values, broken := url.ParseQuery(s.Typed)
		if broken != nil {
			return nil, errors.Join(err, broken)
		}
		k := templates.KeptScratch{At: s.SavedAt, Continue: "/presentments/new?continue=" + s.ID.String(), Drop: "/presentments/scratches/" + s.ID.String() + "/removal"}
		if about.Valid {
			k.Continue = billHref(about.UUID) + "/edit?continue=" + s.ID.String()
		}
		for _, field := range []string{"number", "buyer_name"} {
			if typed := strings.TrimSpace(values.Get(field)); typed != "" {
				k.What = append(k.What, clip(typed, 60))
			}
		}
		list = append(list, k)
	}
	return list, err
}
