package app

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// What of a leaf can be revealed: one field, the whole of it, or one body of
// the exchange it tells of.
const (
	revealField  = "field:"
	revealRaw    = "raw"
	revealAsked  = "request"
	revealAnswer = "answer"
)

// revealedFor is how long what was revealed may be shown again to whoever had
// it revealed, in the same session. After that the reason is asked anew.
const revealedFor = 5 * time.Minute

// revealable reads what is to be revealed of leaf l.
func revealable(f *form, l store.LeafRow) string {
	what := cmp.Or(f.raw("what"), revealRaw)
	field, isField := strings.CutPrefix(what, revealField)
	_, known := detailOf(l)[field]
	body := (what == revealAsked || what == revealAnswer) && l.Subject.Kind() == "exchange"
	if what != revealRaw && !body && (!isField || !known && !changedFields(l)[field]) {
		f.broken = &requestError{"nothing of this leaf is called so"}
	}
	return what
}

// newRevelation asks why somebody must see what is masked.
func (a *App) newRevelation(w http.ResponseWriter, r *http.Request, u user) error {
	return a.revelationPage(w, r, u, readQuery(r), templates.RevelationView{}, http.StatusOK)
}

func (a *App) revelationPage(w http.ResponseWriter, r *http.Request, u user, f *form, v templates.RevelationView, status int) error {
	ctx := r.Context()
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	var l store.LeafRow
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		l, err = q.Leaf(id)
		return err
	})
	if err != nil {
		return err
	}
	v.What = revealable(f, l)
	if err := f.check(); err != nil {
		return err
	}
	v.Leaf, v.Sentence, v.Name = leafPath(id), sentenceOf(ctx, l), revealedName(r, l, v.What)
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit, Status: status}, templates.Revelation(v))
}

// revealedName is what people call what is to be revealed.
func revealedName(r *http.Request, l store.LeafRow, what string) string {
	if field, ok := strings.CutPrefix(what, revealField); ok {
		return fieldName(r.Context(), l.Subject.Kind(), field)
	}
	return text.T(r.Context(), text.Prefix("trail.reveal.what.")+what)
}

// createRevelation leaves the leaf of who must see what and why. Only then does
// the page of the leaf show it.
func (a *App) createRevelation(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.RevelationView{Reason: f.raw("reason")}
	reason := f.paragraph("reason", required, maxLen(300))
	_ = f.raw("what") // read below, when the leaf is known
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		v.ReasonError, v.Errors = f.errorOf(r.Context(), "reason"), f.summary(r.Context())
		return a.revelationPage(w, r, u, f, v, http.StatusUnprocessableEntity)
	}
	var grant store.ID
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		l, err := tx.Leaf(id)
		if err != nil {
			return err
		}
		what := revealable(f, l)
		if err := f.check(); err != nil {
			return err
		}
		err = tx.Audit("trail.revealed", store.About("leaf", id), map[string]any{"leaf": id, "what": what, "reason": reason})
		grant = tx.LastLeaf()
		return err
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, leafPath(id)+"?revealed="+grant.String(), text.Msg("trail.revealed"))
}

func leafPath(id store.ID) string { return "/audit/leaves/" + id.String() }

// revealedOf is what of a leaf may be shown to u: what the leaf that the address
// names says, if u left it for this leaf, in this session, a moment ago.
func (a *App) revealedOf(q *store.Query, u user, r *http.Request, id store.ID) (string, error) {
	f := readQuery(r)
	grant := f.id("revealed")
	if err := f.check(); err != nil || grant == store.NoID {
		return "", err
	}
	l, err := q.Leaf(grant)
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	age := a.Clock().Sub(l.At)
	if l.Action != "trail.revealed" || l.Subject != store.About("leaf", id) || l.Person.UUID != u.person.ID || l.Session != u.actor().Session ||
		age > revealedFor || !u.can(store.Auditor) && !u.can(store.Admin) {
		return "", nil
	}
	return wordsOf(l).What, nil
}

// unmask puts the exact body in the place of the masked one, if that was
// revealed and was kept.
func unmask(q *store.Query, v *templates.ExchangeView, x store.Exchange, revealed string) (err error) {
	var body []byte
	var place *string
	switch revealed {
	case revealAsked:
		body, err = q.Sent(x.ID)
		place = &v.Request
	case revealAnswer:
		body, err = q.Answer(x.ID)
		place = &v.Answer
	default:
		return nil
	}
	if err == nil && body != nil && utf8.Valid(body) {
		*place = indented(string(body))
	}
	return err
}
