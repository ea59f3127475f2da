package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// result is what a measurement gave. Rate is in whatever is counted per second.
type result struct {
	Rate     float64
	P50, P99 time.Duration
	Bytes    int64 // of one answer, body only, as sent
	Peak     int64 // memory in bytes, where it was watched
}

// load is HTTP requests over connections that are kept, each sending the next
// request when the answer to the last one is there. It writes ready bytes and
// reads just enough of the answers, so that it takes little of the cores that
// the server needs.
type load struct {
	addr   string
	conns  int
	status int // of every answer
	// next returns the request that follows, or nil when there are no more. It
	// is called by all connections at once.
	next func() []byte
}

var errUnexpectedStatus = errors.New("the answer has another status than expected")

// run sends requests for so long, after a short time that does not count.
func (l load) run(ctx context.Context, now func() time.Time, long time.Duration) (result, error) {
	group, ctx := errgroup.WithContext(ctx)
	began := now()
	warm := began.Add(min(long/4, 500*time.Millisecond))
	end := warm.Add(long)
	workers := make([]worker, l.conns)
	for i := range workers {
		group.Go(func() error { return workers[i].work(ctx, l, now, warm, end) })
	}
	if err := group.Wait(); err != nil {
		return result{}, err
	}
	var all histogram
	var bytes int64
	last := warm
	for i := range workers {
		all.merge(&workers[i].latency)
		bytes += workers[i].bytes
		if workers[i].ended.After(last) {
			last = workers[i].ended
		}
	}
	if all.n == 0 {
		return result{}, errors.New("no request was answered in the time given")
	}
	return result{
		Rate: float64(all.n) / last.Sub(warm).Seconds(), P50: all.quantile(0.5), P99: all.quantile(0.99), Bytes: bytes / all.n,
	}, nil
}

// worker is one connection and what it saw.
type worker struct {
	latency histogram
	bytes   int64
	ended   time.Time
}

func (w *worker) work(ctx context.Context, l load, now func() time.Time, warm, end time.Time) (err error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", l.addr)
	if err != nil {
		return fmt.Errorf("connect to measure: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	in := bufio.NewReaderSize(conn, 32<<10)
	for at := now(); at.Before(end) && ctx.Err() == nil; {
		request := l.next()
		if request == nil {
			break
		}
		if err := conn.SetDeadline(at.Add(time.Minute)); err != nil {
			return err
		}
		if _, err := conn.Write(request); err != nil {
			return fmt.Errorf("send a request: %w", err)
		}
		status, size, err := readAnswer(in)
		if err != nil {
			return fmt.Errorf("read an answer: %w", err)
		}
		if status != l.status {
			return fmt.Errorf("%w: %d, not %d", errUnexpectedStatus, status, l.status)
		}
		done := now()
		if at.After(warm) {
			w.latency.add(done.Sub(at))
			w.bytes += size
			w.ended = done
		}
		at = done
	}
	return nil
}

// always sends the same request.
func always(request []byte) func() []byte { return func() []byte { return request } }

// readAnswer reads one answer whole, and returns its status and how many bytes
// its body took on the wire without the marks between chunks.
func readAnswer(in *bufio.Reader) (status int, size int64, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, 0, fmt.Errorf("not an answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, fmt.Errorf("not an answer: %q", line)
	}
	chunked := false
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return status, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		// The spelling is net/http's, which is what all servers here use.
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if size, err = strconv.ParseInt(string(v), 10, 64); err != nil {
				return status, 0, err
			}
		}
		chunked = chunked || bytes.Equal(line, []byte("Transfer-Encoding: chunked"))
	}
	if chunked {
		size, err = readChunks(in)
		return status, size, err
	}
	return status, size, skip(in, size)
}

func readChunks(in *bufio.Reader) (size int64, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return size, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 64)
		if err != nil {
			return size, err
		}
		if err := skip(in, n+2); err != nil { // and the line's end
			return size, err
		}
		if n == 0 {
			return size, nil
		}
		size += n
	}
}

func skip(in *bufio.Reader, n int64) error {
	_, err := io.CopyN(io.Discard, in, n)
	return err
}
