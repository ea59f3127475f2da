package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// Message is a mail as it is handed to a mail server.
type Message struct {
	ID          string // what stands in Message-ID, without the brackets
	To          string
	ToName      string
	Subject     string
	Text        string
	HTML        string
	Lang        string
	Unsubscribe string // the page where this person chooses about mails
}

// Sender hands mails to a mail server. A RefusedError says that trying again
// will not help.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// RefusedError is a mail that the server will never take.
type RefusedError struct{ Err error }

// Error implements error.
func (e *RefusedError) Error() string { return "the mail server refuses it: " + e.Err.Error() }

// Unwrap returns the server's error.
func (e *RefusedError) Unwrap() error { return e.Err }

// Compose writes a mail from its notices, in the language and era of the
// person it goes to. The origin is where its links lead.
func Compose(ctx context.Context, m store.Mail, origin string, now time.Time) (Message, error) {
	lang, ok := text.ParseLang(m.Lang)
	if !ok {
		lang = text.TH
	}
	ctx = text.With(ctx, text.Locale{Lang: lang, BuddhistEra: m.BuddhistEra, Now: now})
	merchant := m.NameTH
	if lang == text.EN {
		merchant = m.NameEN
	}
	v := templates.MailView{
		Merchant: merchant, Hello: text.T(ctx, "notice.mail.hello", "name", m.Name), Settings: origin + "/account/notices",
		Foot: text.T(ctx, "notice.mail.foot", "merchant", merchant),
	}
	for _, n := range m.Notices {
		v.Items = append(v.Items, templates.MailItem{
			Sentence: oneLine(Sentence(ctx, n)), Note: oneLine(n.Words["note"]), When: text.DateTime(ctx, n.At), Href: origin + "/notices/" + n.ID.String(),
		})
	}
	// Whoever sees the subject over a shoulder learns neither what nor how much.
	var subject string
	switch {
	case m.DigestOn != nil:
		subject = text.N(ctx, "notice.mail.digest", len(m.Notices), "merchant", merchant)
	case len(m.Notices) == 1:
		subject = text.T(ctx, "notice.mail.subject", "headline", Headline(ctx, m.Notices[0]), "merchant", merchant)
	default:
		subject = text.N(ctx, "notice.mail.several", len(m.Notices), "merchant", merchant)
	}
	v.Title = subject
	var html bytes.Buffer
	if err := templates.Mail(v).Render(ctx, &html); err != nil { //nolint:contextcheck // it is handed the reader's own locale
		return Message{}, fmt.Errorf("writing a mail: %w", err)
	}
	return Message{
		ID: m.ID.String() + "@" + hostOf(origin), To: m.Email, ToName: oneLine(m.Name), Subject: oneLine(subject), Text: plain(ctx, v), HTML: html.String(),
		Lang: string(lang), Unsubscribe: v.Settings,
	}, nil
}

// plain is the same mail without any markup.
func plain(ctx context.Context, v templates.MailView) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\r\n") }
	line(v.Hello)
	line("")
	for _, i := range v.Items {
		line(i.Sentence)
		if i.Note != "" {
			line(text.T(ctx, "notice.mail.note", "note", i.Note))
		}
		line(i.When)
		line(i.Href)
		line("")
	}
	line("-- ")
	line(v.Foot)
	line(text.T(ctx, "notice.mail.settings") + ": " + v.Settings)
	return b.String()
}

// oneLine keeps whatever somebody typed from becoming a line, or a header, of
// its own.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }), " ")
}

func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	host, _, _ = strings.Cut(host, ":")
	return host
}

// Mails are sent a few at a time, each as often as lastTry says, with longer
// and longer pauses: a day and a half in all.
const (
	mailBatch = 10
	lastTry   = 9
	sendTime  = 30 * time.Second
)

func pauseAfter(tries int) time.Duration {
	return min(time.Minute<<min(2*tries-2, 20), 8*time.Hour)
}

// mail sends the mails whose time has come. The claim is committed first, so
// that two workers do not send the same one; whoever dies before it reports
// has its mail sent again, under the same Message-ID.
func (n *Notifier) mail(ctx context.Context) (int, error) {
	if n.Mail == nil {
		return 0, nil
	}
	var claimed []store.Mail
	var now time.Time
	err := n.store.Write(ctx, worker(), func(tx *store.Tx) (err error) {
		now = tx.Now()
		claimed, err = tx.ClaimMails(mailBatch)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("claiming mails: %w", err)
	}
	point("mails claimed")
	for i, m := range claimed {
		if ctx.Err() != nil {
			break // what is left is claimed again in two minutes
		}
		if err := n.sendOne(ctx, m, now); err != nil {
			return i, err
		}
	}
	return len(claimed), nil //nolint:nilerr // to be stopped is no failure
}

func (n *Notifier) sendOne(asked context.Context, m store.Mail, now time.Time) error {
	// Once begun it is brought to its end, so that it need not be sent twice.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(asked), sendTime)
	defer cancel()
	var err error
	switch {
	case len(m.Notices) == 0: // given before, so mailed before
	case !m.Welcome || m.Email == "":
		err = &RefusedError{errors.New("this person works for the merchant no more")}
	default:
		var message Message
		if message, err = Compose(ctx, m, n.Origin, now); err == nil {
			err = n.Mail.Send(ctx, message)
		}
	}
	point("mail sent")
	return n.store.Write(context.WithoutCancel(asked), worker(), func(tx *store.Tx) error {
		if err == nil {
			return tx.MailSent(m.ID)
		}
		why := shortened(oneLine(err.Error()))
		if _, refused := errors.AsType[*RefusedError](err); refused || m.Tries >= lastTry {
			return tx.MailDead(m.ID, why)
		}
		return tx.MailLater(m.ID, pauseAfter(m.Tries), why)
	})
}

// shortened keeps a server's answer readable.
func shortened(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "?")); len(r) > 300 {
		return string(r[:300]) + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
