package notify

import (
	"context"
	"strings"

	"portal/web/text"
)

// marked has every mail of a trial system say that it is one, whoever wrote it:
// somebody outside would take it for a bill.
type marked struct{ Sender }

// Send implements Sender.
func (s marked) Send(ctx context.Context, m Message) error {
	lang, ok := text.ParseLang(m.Lang)
	if !ok {
		lang = text.TH
	}
	in := text.With(ctx, text.Locale{Lang: lang})
	// In both languages: whoever is new has not chosen one.
	says := text.T(text.With(ctx, text.Locale{Lang: text.TH}), "notice.mail.trial") + " · " + text.T(text.With(ctx, text.Locale{Lang: text.EN}), "notice.mail.trial")
	m.Subject = text.T(in, "notice.mail.trial_subject", "subject", m.Subject)
	m.Text = says + "\r\n\r\n" + m.Text
	m.HTML = strings.Replace(m.HTML, "<body>", "<body><p><strong>"+says+"</strong></p>", 1)
	return s.Sender.Send(ctx, m)
}
