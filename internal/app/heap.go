package app

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// heap is many things that are asked for and watched together: the debits of a
// batch, the requests of a list.
type heap struct {
	states []string // of its things, as pages list them
	hidden string   // the one of those that do not count
	// exists is store.ErrNotFound where there is no such heap.
	exists func(*store.Query, store.ID) error
	sums   func(*store.Query, store.ID) (map[string]store.DebitSum, error)
}

// moved names how far a heap has come.
func (h heap) moved(sums map[string]store.DebitSum) string {
	var name strings.Builder
	for _, state := range h.states {
		fmt.Fprintf(&name, "%d.", sums[state].Number)
	}
	return name.String()
}

// total is what a heap comes to, and the rows of its page, one for each state
// that has any.
func (h heap) total(ctx context.Context, sums map[string]store.DebitSum, status func(context.Context, string) ui.Status, href string) (all store.DebitSum, rows []templates.DebitBatchState) {
	for _, state := range h.states {
		s := sums[state]
		if s.Number == 0 || state == h.hidden {
			continue
		}
		all.Number += s.Number
		all.SumSatang += s.SumSatang
		rows = append(rows, templates.DebitBatchState{Status: status(ctx, state), Number: s.Number, Satang: s.SumSatang, Href: href + "&state=" + state})
	}
	return all, rows
}

// progress answers with the page once a number has changed, and with nothing
// before that.
func (h heap) progress(a *App, w http.ResponseWriter, r *http.Request, u user, page func(http.ResponseWriter, *http.Request, user) error) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	seen := f.raw("seen")
	if err := f.check(); err != nil {
		return err
	}
	var sums map[string]store.DebitSum
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		if err := h.exists(q, id); err != nil {
			return err
		}
		sums, err = h.sums(q, id)
		return err
	})
	if err != nil {
		return err
	}
	if h.moved(sums) == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return page(w, r, u)
}

// decideAll puts together what a page offers to decide on at once, and goes to
// where it is looked at with its total; or back, saying that there is none.
func (a *App) decideAll(w http.ResponseWriter, r *http.Request, u user, name string, back func(store.ID) string, none string, find func(*store.Query, store.ID) ([]store.ID, error)) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	key := f.key()
	if err := f.check(); err != nil {
		return err
	}
	var ids []store.ID
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		ids, err = find(q, id)
		return err
	})
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return a.seeOther(w, r, u, back(id), text.Msg(none))
	}
	kind, _ := a.batchKind(name)
	batch, err := a.prepareBatch(r.Context(), u, kind, key, ids)
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/batches/"+batch.String(), text.Message{})
}
