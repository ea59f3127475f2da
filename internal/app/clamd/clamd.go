// Package clamd asks a running ClamAV daemon whether a file carries a virus it
// knows. It must never be the only reason why a file is taken.
package clamd

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// ErrUnanswered means that nobody said whether the file is clean.
var ErrUnanswered = errors.New("the virus scanner gave no verdict")

// Client asks the daemon at an address, as "localhost:3310".
type Client struct {
	Address string
	// Timeout bounds one file from the connection to the verdict.
	Timeout time.Duration
}

const (
	piece     = 64 << 10
	maxAnswer = 4 << 10
)

// Scan streams r to the daemon and returns the name of what it found, or ""
// for a clean file. Whatever is not a verdict is ErrUnanswered.
func (c Client) Scan(ctx context.Context, r io.Reader) (found string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", c.Address)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnanswered, err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	// A daemon that has seen enough answers before the end and closes, so what
	// matters is what it says and not whether it took every byte.
	sent := stream(conn, r)
	answer, err := bufio.NewReader(io.LimitReader(conn, maxAnswer)).ReadString(0)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnanswered, errors.Join(sent, err))
	}
	return verdict(strings.TrimRight(answer, "\x00"))
}

// stream sends the file in pieces that each say how long they are; an empty one
// ends it.
func stream(w io.Writer, r io.Reader) error {
	if _, err := io.WriteString(w, "zINSTREAM\x00"); err != nil {
		return fmt.Errorf("asking the virus scanner: %w", err)
	}
	buffer := make([]byte, 4+piece)
	for {
		n, err := io.ReadFull(r, buffer[4:])
		binary.BigEndian.PutUint32(buffer, uint32(n))
		if n > 0 {
			if _, err := w.Write(buffer[:4+n]); err != nil {
				return fmt.Errorf("sending to the virus scanner: %w", err)
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading what is to be scanned: %w", err)
		}
	}
	if _, err := w.Write(make([]byte, 4)); err != nil {
		return fmt.Errorf("sending to the virus scanner: %w", err)
	}
	return nil
}

func verdict(answer string) (found string, err error) {
	if answer == "stream: OK" {
		return "", nil
	}
	name, bad := strings.CutSuffix(answer, " FOUND")
	if name, ours := strings.CutPrefix(name, "stream: "); bad && ours && name != "" {
		return name, nil
	}
	return "", fmt.Errorf("%w: it says %.80q", ErrUnanswered, answer)
}
