package app

import (
	"net/http"
	"strconv"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// deadMailsShown is how many undelivered mails the page lists.
const deadMailsShown = 100

// listDeadMails shows an administrator what no mail server took.
func (a *App) listDeadMails(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	var v templates.DeadMailsView
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		dead, err := q.DeadMails(deadMailsShown)
		for _, m := range dead {
			v.Rows = append(v.Rows, templates.DeadMail{ID: m.ID.String(), Person: m.PersonName, At: m.DeadAt, Tries: m.Tries, Why: m.Error})
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context())}, templates.DeadMails(v))
}

// reviveMail has a mail tried again.
func (a *App) reviveMail(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.ReviveMail(id) })
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/mails/undelivered", text.Msg("notice.dead_revived"))
}

// listOutbox shows the mails that a trial would have sent.
func (a *App) listOutbox(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	var v templates.OutboxView
	for _, k := range a.Outbox.Kept() {
		v.Rows = append(v.Rows, templates.OutboxMail{Href: "/mail/" + strconv.Itoa(k.No), To: k.To, Subject: k.Subject, At: k.At})
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context())}, templates.Outbox(v))
}

// showOutboxMail shows one of them as its recipient sees it; with ?html only
// what a reader of HTML shows.
func (a *App) showOutboxMail(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	alone := f.flag("html")
	if err := f.check(); err != nil {
		return err
	}
	for _, k := range a.Outbox.Kept() {
		if strconv.Itoa(k.No) != r.PathValue("no") {
			continue
		}
		if alone {
			return a.respondHTML(w, k.HTML)
		}
		v := templates.OutboxMailView{To: k.To, Subject: k.Subject, At: k.At, Text: k.Text, HTML: r.URL.Path + "?html=on"}
		return a.page(w, r, u, shell{Header: v.Header(r.Context())}, templates.OutboxMailPage(v))
	}
	return store.ErrNotFound
}
