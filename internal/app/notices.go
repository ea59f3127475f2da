package app

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"portal/internal/app/notify"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// listNotices shows what this person was told, the unread first of all.
func (a *App) listNotices(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	all := f.choice("show", "all") != ""
	from := store.NoticeCursor(cursorOf(f))
	if err := f.check(); err != nil {
		return err
	}
	var list []store.Notice
	var more bool
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		list, more, err = q.Notices(!all, from, pageRows)
		return err
	})
	if err != nil {
		return err
	}
	v := noticeList(r.Context(), list, all)
	v.Until = a.Clock().UTC().Format(time.RFC3339Nano)
	if !from.At.IsZero() {
		v.Pager.First = addressOf("/notices", noticesShown(all))
	}
	if more {
		last := list[len(list)-1]
		v.Pager.Next = addressAfter("/notices", noticesShown(all), last.At, last.ID)
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Part: templates.NoticeListPart}, templates.NoticeList(v))
}

func noticesShown(all bool) url.Values {
	if all {
		return url.Values{"show": {"all"}}
	}
	return nil
}

func noticeList(ctx context.Context, list []store.Notice, all bool) templates.NoticeListView {
	v := templates.NoticeListView{All: all, Tabs: []ui.Tab{
		{Label: text.T(ctx, "notice.tab_unread"), Href: "/notices", Current: !all},
		{Label: text.T(ctx, "notice.tab_all"), Href: addressOf("/notices", noticesShown(true)), Current: all},
	}}
	for _, n := range list {
		v.Rows = append(v.Rows, templates.NoticeRow{
			ID: n.ID.String(), Href: "/notices/" + n.ID.String(), Sentence: notify.Sentence(ctx, n), Note: n.Words["note"], At: n.At, Read: n.ReadAt != nil,
		})
	}
	if len(list) > 0 {
		v.Pager.Showing = text.T(ctx, "notice.showing", "n", len(list))
	}
	return v
}

// openNotice leads to what a notice is about. Having seen it counts as having
// read it, and changes nothing else, so that a link may do it.
func (a *App) openNotice(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	var n store.Notice
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		n, err = tx.ReadNotice(id)
		return err
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, notify.Path(n), text.Message{})
}

// markNotice marks one notice as read or as unread.
func (a *App) markNotice(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	read := f.choice("read", "yes", "no")
	back := a.ownPathOr(f.raw("return"), "/notices")
	if err := f.check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if read == "no" {
			return tx.UnreadNotice(id)
		}
		_, err := tx.ReadNotice(id)
		return err
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, back, text.Message{})
}

// markNotices marks all as read that the person has seen listed.
func (a *App) markNotices(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	until, err := time.Parse(time.RFC3339Nano, f.raw("until"))
	until = until.UTC() // the database reads no offset beyond 15 hours
	if err != nil || until.After(a.Clock()) || until.Year() < 2000 {
		until = a.Clock()
	}
	if err := f.check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.ReadAllNotices(until) })
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/notices", text.Msg("notice.all_read"))
}
