package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lib/pq"
)

// Publisher takes checkpoints to where the database's owner cannot take them
// back.
//
// Publish returns when the checkpoint stands there for good. The same one may
// come again and is no error. A publisher that knows an earlier checkpoint
// refuses, with ErrTrailBroken, one that does not extend it. Any other error
// means that the publisher is away; the others may do without it.
type Publisher interface {
	Publish(ctx context.Context, c Checkpoint) error
}

// published is a checkpoint as one line of JSON. The log line has the same
// members among others, so both are read by the same code.
type published struct {
	Size int64  `json:"size"`
	Note string `json:"note"`
	// Cosignature is what the history of a witness has besides.
	Cosignature string `json:"cosignature,omitempty"`
}

// FileSink appends checkpoints to a file, one line of JSON each. The file
// belongs on a disk, and under an account, other than the database's.
type FileSink struct {
	mu   sync.Mutex
	file *os.File
	size int64 // of the file, when last was read
	last *Checkpoint
}

// OpenFileSink opens or creates the file and reads its last checkpoint.
func OpenFileSink(path string) (*FileSink, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the file of checkpoints: %w", err)
	}
	f := &FileSink{file: file}
	if err := errors.Join(syncDir(filepath.Dir(path)), f.reread()); err != nil {
		return nil, fmt.Errorf("reading the file of checkpoints: %w", errors.Join(err, file.Close()))
	}
	return f, nil
}

// Close closes the file.
func (f *FileSink) Close() error { return f.file.Close() }

// Publish implements Publisher.
func (f *FileSink) Publish(ctx context.Context, c Checkpoint) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	// Another process may have been the sequencer meanwhile.
	if info, err := f.file.Stat(); err != nil || info.Size() != f.size {
		if err := errors.Join(err, f.reread()); err != nil {
			return fmt.Errorf("reading the file of checkpoints: %w", err)
		}
	}
	if known, err := f.known(ctx, c); known || err != nil {
		return err
	}
	line, err := lineOf(c)
	if err != nil {
		return err
	}
	if err := f.append(line); err != nil {
		f.size = -1 // how much of the line stands there is unknown
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	f.last, f.size = &c, f.size+int64(len(line))
	return nil
}

func lineOf(c Checkpoint) ([]byte, error) {
	line, err := json.Marshal(published{Size: c.Size, Note: c.Note})
	if err != nil {
		return nil, fmt.Errorf("writing a checkpoint: %w", err)
	}
	return append(line, '\n'), nil
}

// known reports that c stands in the file already, and refuses what does not
// extend the last one there.
func (f *FileSink) known(ctx context.Context, c Checkpoint) (bool, error) {
	switch {
	case f.last == nil:
		return false, nil
	case f.last.Origin != c.Origin:
		return false, fmt.Errorf("%w: %s holds the trail of %q, not of %q", ErrTrailBroken, f.file.Name(), f.last.Origin, c.Origin)
	case f.last.Size > c.Size:
		return false, fmt.Errorf("%w: %d leaves were published in %s, and now there are %d", ErrTrailBroken, f.last.Size, f.file.Name(), c.Size)
	case f.last.Size == c.Size && f.last.Root != c.Root:
		return false, fmt.Errorf("%w: the first %d leaves are not those that were published in %s", ErrTrailBroken, c.Size, f.file.Name())
	case f.last.Size == c.Size:
		return true, nil
	case c.Previous == f.last.Hash():
		return false, nil
	}
	if err := c.Extends(ctx, f.last.Size, f.last.Root); err != nil {
		return false, fmt.Errorf("against %s: %w", f.file.Name(), err)
	}
	return false, nil
}

func (f *FileSink) append(line []byte) error {
	if _, err := f.file.Write(line); err != nil {
		return err
	}
	return f.file.Sync()
}

// reread finds the last checkpoint of the file. What a crash left of a line is
// ended, not removed: the file may be one that only grows.
func (f *FileSink) reread() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.last, f.size = nil, info.Size()
	const longest = 64 << 10 // far more than two lines
	start := max(0, f.size-longest)
	tail, err := io.ReadAll(io.NewSectionReader(f.file, start, f.size-start))
	if err != nil {
		return err
	}
	if n := len(tail); n > 0 && tail[n-1] != '\n' {
		if err := f.append([]byte{'\n'}); err != nil {
			return err
		}
		f.size++
	}
	for line := range bytes.Lines(tail) {
		if c, _, ok := readPublished(line); ok {
			f.last = &c
		}
	}
	if f.last == nil && f.size > longest {
		return errors.New("its end holds no checkpoint")
	}
	return nil
}

// readPublished reads a line of a file of checkpoints or of a JSON log. Lines
// about something else, and torn ones, are not ok.
func readPublished(line []byte) (c Checkpoint, cosignature string, ok bool) {
	var p published
	if err := json.Unmarshal(line, &p); err != nil || p.Note == "" {
		return Checkpoint{}, "", false
	}
	c, err := parseCheckpoint(p.Note)
	return c, p.Cosignature, err == nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// LogSink writes checkpoints to a log whose lines leave the machine.
type LogSink struct {
	Handler slog.Handler
	Clock   func() time.Time // nil leaves the time to whatever collects the log
}

// Publish implements Publisher.
func (l LogSink) Publish(ctx context.Context, c Checkpoint) error {
	var at time.Time
	if l.Clock != nil {
		at = l.Clock()
	}
	r := slog.NewRecord(at, slog.LevelInfo, "audit checkpoint", 0)
	r.AddAttrs(slog.Int64("size", c.Size), slog.String("note", c.Note))
	// Straight to the handler, because a Logger swallows its errors.
	if err := l.Handler.Handle(ctx, r); err != nil {
		return fmt.Errorf("logging a checkpoint: %w", err)
	}
	return nil
}

// ErrNotPublished means that a leaf does not stand inside a checkpoint outside
// the database yet, so nothing may be done on the strength of it.
var ErrNotPublished = errors.New("the audit leaf is not published yet")

var sqlPublished = statement(`
	SELECT count(*) FROM audit_leaves
	WHERE id = ANY ($1::uuid[])
	  AND idx < (SELECT size FROM audit_checkpoints WHERE published_at IS NOT NULL ORDER BY size DESC LIMIT 1)`)

// Published reports whether all of these different leaves stand inside a
// published checkpoint, and where the store knows witnesses, inside one that a
// witness signed. A leaf the actor may not see is not published.
func (q *Query) Published(leaves ...ID) (bool, error) {
	var n int
	if err := q.get(&n, sqlPublished, pq.Array(leaves)); err != nil {
		return false, fmt.Errorf("asking whether leaves are published: %w", err)
	}
	if n != len(leaves) || len(q.store.witnesses) == 0 {
		return n == len(leaves), nil
	}
	size, err := q.witnessed()
	if err != nil {
		return false, err
	}
	if err := q.get(&n, sqlNumbered, pq.Array(leaves), size); err != nil {
		return false, fmt.Errorf("asking whether leaves are witnessed: %w", err)
	}
	return n == len(leaves), nil
}

const (
	publishPoll = 10 * time.Millisecond
	// publishWait is how long the sequencer may lag before nothing is sent any more.
	publishWait = 30 * time.Second
)

// AwaitPublished returns when all of these different leaves stand inside a
// published checkpoint, or ErrNotPublished when ctx or the wait, 30 s at most,
// is over. It asks the database again and again, so wait once for a batch. It
// is for roles that see every merchant's leaves; the web role must ask with
// Published as its actor.
func (s *Store) AwaitPublished(ctx context.Context, leaves []ID) error {
	ctx, cancel := context.WithTimeout(ctx, publishWait)
	defer cancel()
	poll := time.NewTicker(publishPoll)
	defer poll.Stop()
	for {
		var done bool
		err := s.Read(ctx, Actor{}, func(q *Query) (err error) {
			done, err = q.Published(leaves...)
			return err
		})
		if done {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ErrNotPublished, ctx.Err())
		}
		if err != nil {
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
		}
	}
}
