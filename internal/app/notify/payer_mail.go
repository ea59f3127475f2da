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

// letterTo writes a mail to a payer, in Thai: nobody has asked for another
// language. A RefusedError says that there is nothing to write any more.
type letterTo func(ctx context.Context, q *store.Query, m store.PayerMail) (templates.LetterView, error)

// letters are the mails to payers, by their kind.
var letters = map[string]letterTo{"mandate_link": linkLetter, store.MailDebitFailed: debitLetter}

// linkLetter brings a payer the link to register with. The link leads to the
// bank, and gives no power here.
func linkLetter(ctx context.Context, q *store.Query, m store.PayerMail) (templates.LetterView, error) {
	g, err := q.Mandate(m.Subject.ID())
	if err != nil {
		return templates.LetterView{}, err
	}
	if g.State != store.MandateWaiting || g.Link == "" {
		return templates.LetterView{}, &RefusedError{errors.New("the registration waits no more")}
	}
	o, err := q.Merchant()
	if err != nil {
		return templates.LetterView{}, err
	}
	v := templates.LetterView{
		Title: text.T(ctx, "mandate.letter.subject", "merchant", o.NameTH), Hello: text.T(ctx, "mandate.letter.hello", "name", g.PayerName),
		Body: []string{text.T(ctx, "mandate.letter.body", "merchant", o.NameTH)}, Link: g.Link, Foot: text.T(ctx, "mandate.letter.care", "merchant", o.NameTH),
	}
	if g.LinkExpiresAt != nil {
		v.After = append(v.After, text.T(ctx, "mandate.letter.until", "when", text.DateTime(ctx, *g.LinkExpiresAt)))
	}
	return v, nil
}

// mailPayers sends the mails to payers whose time has come, in the way that
// mail does.
func (n *Notifier) mailPayers(ctx context.Context) (int, error) {
	if n.Mail == nil {
		return 0, nil
	}
	var claimed []store.PayerMail
	var now time.Time
	err := n.store.Write(ctx, worker(), func(tx *store.Tx) (err error) {
		now = tx.Now()
		claimed, err = tx.ClaimPayerMails(mailBatch)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("claiming mails to payers: %w", err)
	}
	for i, m := range claimed {
		if ctx.Err() != nil {
			break // what is left is claimed again in two minutes
		}
		if err := n.sendLetter(ctx, m, now); err != nil {
			return i, err
		}
	}
	return len(claimed), nil //nolint:nilerr // to be stopped is no failure
}

func (n *Notifier) sendLetter(asked context.Context, m store.PayerMail, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(asked), sendTime)
	defer cancel()
	message, err := n.letter(ctx, m, now)
	if err == nil {
		err = n.Mail.Send(ctx, message)
	}
	return n.store.Write(context.WithoutCancel(asked), worker(), func(tx *store.Tx) error {
		if err == nil {
			return tx.PayerMailSent(m.ID)
		}
		why := shortened(oneLine(err.Error()))
		if _, refused := errors.AsType[*RefusedError](err); refused || m.Tries >= lastTry {
			return tx.PayerMailDead(m.ID, why)
		}
		return tx.PayerMailLater(m.ID, pauseAfter(m.Tries), why)
	})
}

func (n *Notifier) letter(ctx context.Context, m store.PayerMail, now time.Time) (Message, error) {
	write, ok := letters[m.Kind]
	if !ok {
		return Message{}, &RefusedError{fmt.Errorf("nobody writes mails of the kind %q", m.Kind)}
	}
	if m.SendTo == "" {
		return Message{}, &RefusedError{errors.New("its address does not open")}
	}
	ctx = text.With(ctx, text.Locale{Lang: text.TH, BuddhistEra: true, Now: now})
	var v templates.LetterView
	err := n.store.Read(ctx, store.Actor{Merchant: m.MerchantID}, func(q *store.Query) (err error) {
		v, err = write(ctx, q, m)
		return err
	})
	if err != nil {
		return Message{}, err
	}
	var html bytes.Buffer
	if err := templates.Letter(v).Render(ctx, &html); err != nil { //nolint:contextcheck // it is handed the payer's own locale
		return Message{}, fmt.Errorf("writing a mail: %w", err)
	}
	lines := append(append([]string{oneLine(v.Hello), ""}, v.Body...), v.Link)
	lines = append(append(lines, v.After...), "", "-- ", v.Foot)
	return Message{
		ID: m.ID.String() + "@" + hostOf(n.Origin), To: m.SendTo, Subject: oneLine(v.Title), Text: strings.Join(lines, "\r\n") + "\r\n", HTML: html.String(),
		Lang: string(text.TH),
	}, nil
}
