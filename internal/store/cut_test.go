package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// cutter stands between the store and Postgres. Once armed with a word, it
// lets the next client message that contains the word through, waits until
// Postgres has acted on it, and closes both ends: the answer is lost.
type cutter struct {
	listener net.Listener
	server   string
	word     atomic.Pointer[[]byte]
	cuts     atomic.Int64
}

// newCutter listens on a socket of its own and returns the DSN that leads
// through it.
func newCutter(t *testing.T, dsn string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	socket := ".s.PGSQL." + query.Get("port")
	dir, err := os.MkdirTemp("", "cut") //nolint:usetesting // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &cutter{server: filepath.Join(query.Get("host"), socket)}
	if c.listener, err = net.Listen("unix", filepath.Join(dir, socket)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.listener.Close() })
	go c.serve()
	query.Set("host", dir)
	u.RawQuery = query.Encode()
	return c, u.String()
}

func (c *cutter) arm(word string) {
	b := []byte(word)
	c.word.Store(&b)
}

func (c *cutter) serve() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", c.server)
		if err != nil {
			_ = client.Close()
			return
		}
		var cut atomic.Bool
		go c.forward(server, client, &cut)
		go func() {
			defer func() { _, _ = client.Close(), server.Close() }()
			buffer := make([]byte, 64<<10)
			for {
				n, err := server.Read(buffer)
				if err != nil || cut.Load() {
					return // Postgres has answered, so it has acted; nobody will hear of it
				}
				if _, err := client.Write(buffer[:n]); err != nil {
					return
				}
			}
		}()
	}
}

func (c *cutter) forward(server io.Writer, client io.Reader, cut *atomic.Bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if word := c.word.Load(); word != nil && bytes.Contains(buffer[:n], *word) && c.word.CompareAndSwap(word, nil) {
			cut.Store(true)
			c.cuts.Add(1)
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// TestFaultLostAnswerIsNeverMisreported loses the answer to BEGIN, to a
// statement inside, and to COMMIT. Write must do its work once, or not at all,
// and say which.
func TestFaultLostAnswerIsNeverMisreported(t *testing.T) {
	t.Parallel()
	rounds := 20
	if os.Getenv("PORTAL_FAULTS") == "long" {
		rounds = 1000
	}
	db := storetest.New(t)
	through, dsn := newCutter(t, db.DSN)
	s, err := store.Open(t.Context(), dsn, store.Owner, store.Options{MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, word := range []string{"BEGIN READ WRITE", "portal-marker", "COMMIT"} {
		for range rounds {
			id := store.NewID()
			before := through.cuts.Load()
			through.arm(word)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			err := s.Write(ctx, store.Actor{Merchant: id}, func(tx *store.Tx) error {
				_, err := tx.AddMerchant(store.Merchant{
					ID: id, NameTH: "portal-marker", NameEN: "x", TaxID: "0000000000000", Branch: "00000", Address: "x", AccountNumber: "0000000000",
				})
				return err
			})
			cancel()
			if through.cuts.Load() == before {
				t.Fatalf("%s: the connection was not cut", word)
			}
			var rows, leaves int
			scan(t, db, &rows, `SELECT count(*) FROM merchants WHERE id = $1`, id)
			scan(t, db, &leaves, `SELECT count(*) FROM audit_leaves WHERE merchant_id = $1`, id)
			if rows != leaves || (err == nil) != (rows == 1) || rows > 1 {
				t.Fatalf("%s: Write said %v, there are %d rows and %d leaves", word, err, rows, leaves)
			}
			if word == "COMMIT" && err != nil {
				t.Fatalf("the answer to COMMIT was lost and Write did not find out: %v", err)
			}
			if err != nil && !errors.Is(err, store.ErrBusy) {
				t.Fatalf("%s: %v is not told apart as a database that is away", word, err)
			}
		}
	}
}

func scan(t *testing.T, db *storetest.DB, into *int, query string, args ...any) {
	t.Helper()
	if err := db.Super.QueryRowContext(t.Context(), query, args...).Scan(into); err != nil {
		t.Fatal(err)
	}
}
