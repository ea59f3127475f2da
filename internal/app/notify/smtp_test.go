package notify_test

import (
	"bufio"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"strings"
	"testing"

	"portal/internal/app/notify"
)

// serveMail is a mail server for one mail; it answers every command with yes,
// but for the recipient, whom it answers as told. What it was sent comes back.
func serveMail(t *testing.T, recipient string) (address string, got <-chan string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	sent := make(chan string, 1)
	go func() {
		defer close(sent)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprint(conn, "220 test\r\n")
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "RCPT"):
				_, _ = fmt.Fprint(conn, recipient+"\r\n")
			case line == "DATA":
				_, _ = fmt.Fprint(conn, "354 go on\r\n")
				var b strings.Builder
				for lines.Scan() && lines.Text() != "." {
					b.WriteString(lines.Text() + "\r\n")
				}
				sent <- b.String()
				_, _ = fmt.Fprint(conn, "250 taken\r\n")
			default:
				_, _ = fmt.Fprint(conn, "250 test\r\n")
			}
		}
	}()
	return "smtp://" + l.Addr().String(), sent
}

func TestAMailOnTheWireIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	address, got := serveMail(t, "250 yes")
	s, err := notify.NewSMTP(address, "Portal <portal@example.co.th>")
	if err != nil {
		t.Fatal(err)
	}
	m := notify.Message{
		ID: "abc@portal.example.co.th", To: "somchai@example.com", ToName: "สมชาย\r\nBcc: evil@example.com", Subject: "มีรายการรอคุณอนุมัติ\r\nX-Evil: yes",
		Text: "เรียน สมชาย\r\n", HTML: "<p>เรียน สมชาย</p>", Lang: "th", Unsubscribe: "https://portal.example.co.th/account/notices",
	}
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	wire := <-got
	parsed, err := mail.ReadMessage(strings.NewReader(wire))
	if err != nil {
		t.Fatalf("%v\n%s", err, wire)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil || !strings.HasPrefix(subject, "มีรายการรอคุณอนุมัติ") {
		t.Errorf("the subject is %q: %v", subject, err)
	}
	if parsed.Header.Get("X-Evil") != "" || parsed.Header.Get("Bcc") != "" {
		t.Errorf("a header was smuggled in:\n%s", wire)
	}
	for name, want := range map[string]string{
		"Message-Id": "<abc@portal.example.co.th>", "List-Unsubscribe": "<https://portal.example.co.th/account/notices>", "Auto-Submitted": "auto-generated",
	} {
		if parsed.Header.Get(name) != want {
			t.Errorf("%s is %q", name, parsed.Header.Get(name))
		}
	}
	for line := range strings.SplitSeq(wire, "\r\n") {
		for _, r := range line {
			if r > 127 {
				t.Fatalf("a line is not plain ASCII: %q", line)
			}
		}
	}
}

func TestARefusedRecipientIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	address, _ := serveMail(t, "550 nobody of that name")
	s, err := notify.NewSMTP(address, "portal@example.co.th")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(t.Context(), notify.Message{ID: "a@b", To: "nobody@example.com", Subject: "x", Text: "x", HTML: "x", Unsubscribe: "https://x/"})
	if _, refused := errors.AsType[*notify.RefusedError](err); !refused {
		t.Errorf("the server's no is taken for %v", err)
	}
}

func TestAMailServerElsewhereNeedsTLS(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "http://mail.example.com", "smtp://", "smtp://mail.example.com/x", "smtp://mail.example.com?tls=off"} {
		if _, err := notify.NewSMTP(bad, "portal@example.co.th"); err == nil {
			t.Errorf("%q is taken for a mail server", bad)
		}
	}
}
