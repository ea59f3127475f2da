package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTP sends through a mail server.
type SMTP struct {
	host    string
	from    *mail.Address
	options []gomail.Option
}

// NewSMTP reads the address of a mail server, as
// smtp://user:password@host:587 (which must offer STARTTLS) or
// smtps://user:password@host:465. Only a server on this machine may do
// without TLS. From is who the mails come from, as "Portal <p@example.com>".
// No error repeats the password.
func NewSMTP(address, from string) (*SMTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("must be like smtp://user:password@mail.example.co.th:587 or smtps://…:465")
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errors.New("the sender must be an e-mail address, as Portal <portal@example.co.th>")
	}
	s := &SMTP{host: u.Hostname(), from: sender}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme]
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return nil, errors.New("its port is no number")
	}
	s.options = []gomail.Option{gomail.WithPort(number), gomail.WithTimeout(15 * time.Second), gomail.WithoutNoop()}
	switch {
	case u.Scheme == "smtps":
		s.options = append(s.options, gomail.WithSSL())
	case loopback(s.host):
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	default:
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(s.host, s.options...); err != nil {
		return nil, fmt.Errorf("cannot be used: %w", err)
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send implements Sender.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := wire(m, s.from, time.Now()) //nolint:forbidigo // the date of the mail itself
	if err != nil {
		return &RefusedError{err}
	}
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return fmt.Errorf("preparing to send: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() {
		return nil // however the conversation ended after that
	}
	if e, ok := errors.AsType[*gomail.SendError](err); ok && !e.IsTemp() && e.ErrorCode() >= 500 {
		return &RefusedError{err}
	}
	if err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	return nil
}

// wire is the mail as it goes over the line.
func wire(m Message, from *mail.Address, at time.Time) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	msg.FromMailAddress(from)
	to, err := mail.ParseAddress(m.To)
	if err != nil {
		return nil, fmt.Errorf("the address is none: %w", err)
	}
	to.Name = m.ToName
	msg.ToMailAddress(to)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(at)
	msg.Subject(m.Subject)
	msg.SetGenHeader("Content-Language", m.Lang)
	if m.Unsubscribe != "" {
		msg.SetListUnsubscribe("<" + m.Unsubscribe + ">")
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetUserAgent("portal")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}
