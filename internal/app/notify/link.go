package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// linkPaths are where links lead. What stands in a link is in the query, which
// no log keeps.
var linkPaths = map[string]string{store.LinkInvitation: "/invitation?t=", store.LinkReset: "/reset?t=", store.LinkRecovery: "/recovery?t="}

// mailLinks mails the links that work once. They are the only mails with any
// power of their own: whoever has one is let in by it, once and for a short
// time. What stands in them is made here and kept nowhere.
func (n *Notifier) mailLinks(ctx context.Context) (int, error) {
	if n.Mail == nil {
		return 0, nil
	}
	var claimed []store.LinkMail
	var now time.Time
	err := n.store.Write(ctx, worker(), func(tx *store.Tx) (err error) {
		now = tx.Now()
		claimed, err = tx.ClaimLinks(mailBatch)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("claiming links: %w", err)
	}
	var failed []error
	for _, l := range claimed {
		if ctx.Err() != nil {
			break // what is left is claimed again in two minutes
		}
		if err := n.sendLink(ctx, l, now); err != nil {
			failed = append(failed, err)
		}
	}
	return len(claimed), errors.Join(failed...)
}

func (n *Notifier) sendLink(asked context.Context, l store.LinkMail, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(asked), sendTime)
	defer cancel()
	message, err := n.linkMail(ctx, l, now)
	if err == nil {
		err = n.Mail.Send(ctx, message)
	}
	if err != nil {
		return fmt.Errorf("mailing a link of %s: %w", l.Purpose, err)
	}
	return n.store.Write(context.WithoutCancel(asked), worker(), func(tx *store.Tx) error { return tx.LinkMailed(l.ID) })
}

// linkMail writes it in the language of the person; somebody new gets both.
func (n *Notifier) linkMail(ctx context.Context, l store.LinkMail, now time.Time) (Message, error) {
	path, ok := linkPaths[l.Purpose]
	if !ok {
		return Message{}, fmt.Errorf("nobody writes mails with links of %q", l.Purpose)
	}
	lang, ok := text.ParseLang(l.Lang)
	if !ok {
		lang = text.TH
	}
	ctx = text.With(ctx, text.Locale{Lang: lang, BuddhistEra: lang == text.TH, Now: now})
	english := text.With(ctx, text.Locale{Lang: text.EN, Now: now})
	body := func(ctx context.Context, merchant string) []string {
		return []string{
			text.T(ctx, text.Prefix("people.mail.body.")+l.Purpose, "merchant", merchant, "person", l.AskedBy),
			text.T(ctx, "people.mail.until", "when", text.DateTime(ctx, l.ExpiresAt)),
		}
	}
	merchant := l.NameTH
	if lang == text.EN {
		merchant = l.NameEN
	}
	v := templates.LetterView{
		Title: text.T(ctx, text.Prefix("people.mail.subject.")+l.Purpose, "merchant", merchant), Hello: text.T(ctx, "people.mail.hello", "name", l.Name),
		Body: body(ctx, merchant), Link: n.Origin + path + l.Token, Foot: text.T(ctx, "people.mail.care"),
	}
	if l.Purpose == store.LinkInvitation {
		v.After = body(english, l.NameEN)
		v.Foot += " " + text.T(english, "people.mail.care")
	}
	var html bytes.Buffer
	if err := templates.Letter(v).Render(ctx, &html); err != nil { //nolint:contextcheck // it is handed the reader's own locale
		return Message{}, fmt.Errorf("writing a mail: %w", err)
	}
	lines := append(append([]string{oneLine(v.Hello), ""}, v.Body...), v.Link)
	lines = append(append(lines, v.After...), "", "-- ", v.Foot)
	return Message{
		ID: l.ID.String() + "." + strconv.Itoa(l.Tries) + "@" + hostOf(n.Origin), To: l.Email, ToName: oneLine(l.Name), Subject: oneLine(v.Title),
		Text: strings.Join(lines, "\r\n") + "\r\n", HTML: html.String(), Lang: string(lang),
	}, nil
}
