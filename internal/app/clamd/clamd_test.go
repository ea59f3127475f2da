package clamd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"portal/internal/app/clamd"
)

const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// daemon answers one connection after another as ClamAV does, or with what
// says says.
func daemon(t *testing.T, says func(content []byte) string) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, says(received(conn)))
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// received is the content of one INSTREAM command, or nil if it is none.
func received(r io.Reader) []byte {
	command := make([]byte, len("zINSTREAM\x00"))
	if _, err := io.ReadFull(r, command); err != nil || string(command) != "zINSTREAM\x00" {
		return nil
	}
	content := []byte{}
	for {
		var size uint32
		if err := binary.Read(r, binary.BigEndian, &size); err != nil {
			return nil
		}
		if size == 0 {
			return content
		}
		part := make([]byte, size)
		if _, err := io.ReadFull(r, part); err != nil {
			return nil
		}
		content = append(content, part...)
	}
}

func client(address string) clamd.Client {
	return clamd.Client{Address: address, Timeout: 5 * time.Second}
}

func TestVirusIsNamedAndCleanFilesPass(t *testing.T) {
	t.Parallel()
	large := bytes.Repeat([]byte("a"), 300_000)
	address := daemon(t, func(content []byte) string {
		switch {
		case bytes.Contains(content, []byte(eicar)):
			return "stream: Eicar-Test-Signature FOUND\x00"
		case bytes.Equal(content, large) || len(content) == 0 && content != nil:
			return "stream: OK\x00"
		}
		return "not what was sent\x00"
	})
	for name, c := range map[string]struct{ content, found string }{
		"a test virus": {"text " + eicar, "Eicar-Test-Signature"}, "several pieces": {string(large), ""}, "an empty file": {"", ""},
	} {
		found, err := client(address).Scan(t.Context(), strings.NewReader(c.content))
		if err != nil || found != c.found {
			t.Errorf("%s: %q, %v", name, found, err)
		}
	}
}

func TestWhatIsNoVerdictIsNeverClean(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"", "stream: OK", "INSTREAM size limit exceeded. ERROR\x00", "stream:  FOUND\x00", "OK\x00", strings.Repeat("x", 10_000)} {
		address := daemon(t, func([]byte) string { return answer })
		if found, err := client(address).Scan(t.Context(), strings.NewReader("a")); !errors.Is(err, clamd.ErrUnanswered) {
			t.Errorf("%.40q: %q, %v", answer, found, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client("127.0.0.1:1").Scan(ctx, strings.NewReader("a")); !errors.Is(err, clamd.ErrUnanswered) {
		t.Errorf("nobody there: %v", err)
	}
}
