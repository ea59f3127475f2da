package app

import (
	"errors"
	"maps"
	"net/http"
	"strconv"

	"portal/internal/app/notify"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// editNotices shows what this person chose about being told.
func (a *App) editNotices(w http.ResponseWriter, r *http.Request, u user) error {
	settings := notify.Usual()
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		chosen, err := q.NoticeSettings(u.person.ID)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		maps.Copy(settings.Choices, chosen.Choices)
		settings.Mail, settings.QuietFrom, settings.QuietTo = chosen.Mail, chosen.QuietFrom, chosen.QuietTo
		return err
	})
	if err != nil {
		return err
	}
	v := templates.NoticeSettingsView{
		Mail: settings.Mail, Mails: a.Mails, QuietFrom: strconv.Itoa(settings.QuietFrom), QuietTo: strconv.Itoa(settings.QuietTo), Choices: notify.Choices,
	}
	for _, topic := range notify.Topics {
		v.Topics = append(v.Topics, templates.NoticeTopic{Name: topic, Choice: settings.Choices[topic]})
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context())}, templates.NoticeSettings(v))
}

// setNotices keeps what the person chose. A topic that was not sent stays as
// it usually is.
func (a *App) setNotices(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	s := store.NoticeSettings{Mail: f.flag("mail"), Choices: store.NoticeChoices{}}
	for _, topic := range notify.Topics {
		if choice := f.choice("topic_"+topic, notify.Choices...); choice != "" {
			s.Choices[topic] = choice
		}
	}
	hours := make([]string, 24)
	for h := range hours {
		hours[h] = strconv.Itoa(h)
	}
	// Both are among the hours, or nothing, which is midnight.
	s.QuietFrom, _ = strconv.Atoi(f.choice("quiet_from", hours...))
	s.QuietTo, _ = strconv.Atoi(f.choice("quiet_to", hours...))
	if err := f.check(); err != nil {
		return err
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.SetNoticeSettings(s) })
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/account/notices", text.Msg("notice.saved"))
}
