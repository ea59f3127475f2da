package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/archive"
	"portal/internal/app/box"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// boxOf is what a box is about: one thing, or one month.
type boxOf struct {
	about store.Subject
	month time.Time
}

// boxOfForm reads what the box is about. It is no form's fault if there is no
// such thing.
func (a *App) boxOfForm(f *form) (boxOf, error) {
	about, month := f.raw("about"), f.raw("month")
	if about == "" {
		if month == "" {
			return boxOf{month: a.thisMonth()}, nil
		}
		m, ok := parseMonth(month)
		if !ok {
			return boxOf{}, store.ErrNotFound
		}
		return boxOf{month: m}, nil
	}
	kind, id, _ := strings.Cut(about, "/")
	item, err := uuid.Parse(id)
	if err != nil || aboutKinds[kind] == "" {
		return boxOf{}, store.ErrNotFound
	}
	return boxOf{about: store.About(kind, item)}, nil
}

// newBox asks what for, before anything is packed.
func (a *App) newBox(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	of, err := a.boxOfForm(f)
	if err := errors.Join(f.check(), err); err != nil {
		return err
	}
	return a.boxForm(w, r, u, of, templates.BoxView{}, http.StatusOK)
}

func (a *App) boxForm(w http.ResponseWriter, r *http.Request, u user, of boxOf, v templates.BoxView, status int) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		v.Name, err = of.name(ctx, q)
		return err
	})
	if err != nil {
		return err
	}
	v.About, v.English = string(of.about), text.From(ctx).Lang == text.EN
	if of.about == "" {
		v.Month = of.month.Format(monthForm)
		v.Months = monthOptions(ctx, a.boxMonths(u), v.Month)
	} else {
		v.Back = aboutHref(of.about)
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit, Status: status}, templates.Box(v))
}

// boxMonths are the months of which a box is offered: those of this year and the
// last, or of the days that an auditor was let in to.
func (a *App) boxMonths(u user) store.Span {
	if first, last, sealed := u.membership.AuditDays(); sealed {
		return store.Span{First: monthOf(first), Last: monthOf(last)}
	}
	return store.Span{First: a.thisMonth().AddDate(-1, 0, 0), Last: a.thisMonth()}
}

func monthOf(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// name is what people call it. A thing the trail tells nothing of is not found.
func (of boxOf) name(ctx context.Context, q *store.Query) (string, error) {
	if of.about == "" {
		return text.Month(ctx, of.month), nil
	}
	leaves, err := q.Leaves(store.LeafFilter{Subjects: []store.Subject{of.about}, Limit: 1})
	if err != nil {
		return "", err
	}
	if len(leaves) == 0 {
		return "", store.ErrNotFound
	}
	names, err := q.NamesOf(leaves)
	kind := text.T(ctx, text.Prefix("trail.subject.")+of.about.Kind())
	if name := names[of.about].Name; name != "" {
		return kind + " " + name, err
	}
	return kind, err
}

// createBox has a worker make a box. That it was asked for, by whom and why, is
// a leaf.
func (a *App) createBox(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	of, err := a.boxOfForm(f)
	v := templates.BoxView{Reason: f.raw("reason")}
	reason := f.paragraph("reason", required, maxLen(300))
	lang := f.choice("lang", "th", "en")
	if err := errors.Join(f.check(), err); err != nil {
		return err
	}
	if !f.valid() {
		v.ReasonError, v.Errors = f.errorOf(r.Context(), "reason"), f.summary(r.Context())
		return a.boxForm(w, r, u, of, v, http.StatusUnprocessableEntity)
	}
	b := store.Box{About: of.about, Lang: lang, Reason: reason}
	if of.about == "" {
		b.Month = &of.month
	}
	if first, last, sealed := u.membership.AuditDays(); sealed {
		b.From, b.Until = &first, &last
	}
	var id store.ID
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if b.Name, err = of.name(boxLanguage(r.Context(), lang, a.Clock()), tx.Query); err != nil {
			return err
		}
		id, err = tx.AskBox(b)
		return err
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/audit/boxes/"+id.String(), text.Msg("trail.box.asked"))
}

// listBoxes lists boxes, the newest first.
func (a *App) listBoxes(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	before := store.BoxCursor(cursorOf(f))
	if err := f.check(); err != nil {
		return err
	}
	v := templates.BoxesView{Tabs: a.trailTabs(ctx, u, "/audit/boxes")}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.Boxes(before, pageRows+1)
		if err != nil {
			return err
		}
		if len(list) > pageRows {
			list = list[:pageRows]
			last := list[len(list)-1]
			v.Pager.Next = addressAfter("/audit/boxes", nil, last.AskedAt, last.ID)
		}
		if !before.At.IsZero() {
			v.Pager.First = "/audit/boxes"
		}
		for _, b := range list {
			v.Rows = append(v.Rows, boxRow(ctx, b))
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.Poll = slices.ContainsFunc(v.Rows, func(b templates.BoxRow) bool { return b.Making })
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit}, templates.Boxes(v))
}

// showBox shows one box: how far it is, or where to take it.
func (a *App) showBox(w http.ResponseWriter, r *http.Request, u user) error {
	b, err := a.boxAt(r, u)
	if err != nil {
		return err
	}
	v := templates.BoxShowView{BoxRow: boxRow(r.Context(), b), Reason: b.Reason, Lang: b.Lang, About: string(b.About), Poll: r.URL.Path}
	if b.Month != nil {
		v.Month = b.Month.Format(monthForm)
	}
	if b.From != nil {
		v.Days = text.Date(r.Context(), *b.From) + " – " + text.Date(r.Context(), *b.Until)
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaAudit}, templates.BoxShow(v))
}

func (a *App) boxAt(r *http.Request, u user) (b store.Box, err error) {
	id, err := pathID(r, "id")
	if err != nil {
		return b, err
	}
	return b, a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		b, err = q.Box(id)
		return err
	})
}

func boxRow(ctx context.Context, b store.Box) templates.BoxRow {
	row := templates.BoxRow{
		Href: "/audit/boxes/" + b.ID.String(), Name: b.Name, By: b.AskedBy, At: b.AskedAt,
		Entries: text.Int(b.Entries), Size: text.Bytes(b.Size), Hash: b.Hash(), Done: b.Done, Whole: b.Whole,
	}
	if b.KeptUntil != nil {
		row.KeptUntil = *b.KeptUntil
	}
	switch b.State {
	case store.BoxReady:
		row.Ready, row.Status = true, ui.Status{Meaning: ui.Good, Label: text.T(ctx, "trail.box.state.ready")}
	case store.BoxFailed:
		row.Failed, row.Status = true, ui.Status{Meaning: ui.Bad, Label: text.T(ctx, "trail.box.state.failed")}
		row.Why = text.T(ctx, text.Prefix("trail.box.why.")+b.Failure)
	case store.BoxRemoved:
		row.Removed, row.Status = true, ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "trail.box.state.removed")}
	default:
		row.Making, row.Status = true, ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "trail.box.state.waiting")}
		if b.Held {
			row.Status = ui.Status{Meaning: ui.Info, Label: text.T(ctx, "trail.box.state.making")}
		}
	}
	return row
}

// downloadBox hands a box out, once the trail knows of it, a piece at a time: a
// slow line holds no connection to the database.
func (a *App) downloadBox(w http.ResponseWriter, r *http.Request, u user) error {
	b, err := a.boxAt(r, u)
	if err != nil {
		return err
	}
	if b.State != store.BoxReady {
		return a.seeOther(w, r, u, "/audit/boxes/"+b.ID.String(), text.Message{})
	}
	ctx := r.Context()
	if err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return tx.TakeBox(b) }); err != nil {
		return err
	}
	stem := b.Name
	if b.Month != nil {
		stem = b.Month.Format(monthForm)
	}
	saveAs(w, archive.Clean("evidence "+stem+".zip"), "application/zip", b.Size)
	// Whoever takes a box is shown every id in it.
	leaves := &box.Leaves{Tell: func(leaf []byte) { showsIn(ctx, leaf) }}
	for no := 0; ; no++ {
		extendDeadlines(w, time.Minute)
		var piece []byte
		err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
			piece, err = q.BoxPiece(b, no)
			return err
		})
		if errors.Is(err, store.ErrNotFound) && no > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := leaves.Write(piece); err != nil {
			return err
		}
		if _, err := w.Write(piece); err != nil {
			return err
		}
	}
}
