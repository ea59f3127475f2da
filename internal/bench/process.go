package bench

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// child is a server in a process of its own: the anchors and the product are
// started the same way, from the same program.
type child struct {
	cmd  *exec.Cmd
	addr string
	done chan struct{}
}

// startChild runs this program with other arguments and waits until it answers
// at path.
func (b *bench) startChild(ctx context.Context, path, cookies string, environment []string, port int, args ...string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	// It ends when it is stopped, or with this process.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, args...) //nolint:gosec // this very program
	cmd.Env = environment
	cmd.SysProcAttr = diesWithUs()
	log, err := os.OpenFile(b.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the servers' log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd.Stderr = log                   // and standard output goes nowhere: what is logged is made and not kept
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a server: %w", err)
	}
	c := &child{cmd: cmd, addr: fmt.Sprintf("127.0.0.1:%d", port), done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended shows in its log
		close(c.done)
	}()
	if err := c.await(ctx, path, cookies); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// await polls until the server answers with 200.
func (c *child) await(ctx context.Context, path, cookies string) error {
	limited, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		r, err := http.NewRequestWithContext(limited, http.MethodGet, "http://"+c.addr+path, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Cookie", cookies)
		if res, err := plainClient.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-c.done:
			return fmt.Errorf("a server ended before it answered (%s)", c.cmd.ProcessState)
		case <-limited.Done():
			return errors.New("a server did not answer in time")
		case <-tick.C:
		}
	}
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop ends the server without the pause that a balancer would need.
func (c *child) stop() error {
	err := c.cmd.Process.Signal(syscall.SIGKILL)
	<-c.done
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// freePort is one that nobody listens on; it may be taken the next moment, but
// hardly is.
func freePort(ctx context.Context) (int, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("not a TCP listener")
	}
	return a.Port, l.Close()
}

// startProduct starts `portal serve` on a database, as it runs anywhere but for
// the settings that demand https, and waits until a page answers whoever holds
// the cookies.
func (b *bench) startProduct(ctx context.Context, dsn, page, cookies string) (*child, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	return b.startChild(ctx, page, cookies, []string{
		"PORTAL_ENV=development", "PORT=" + strconv.Itoa(port), fmt.Sprintf("PORTAL_ORIGIN=http://127.0.0.1:%d", port), "DATABASE_URL=" + dsn,
		"PORTAL_SEAL_KEY=" + b.sealKey, "KRUNGSRI_BASE_URL=http://127.0.0.1:9", "KRUNGSRI_CLIENT_ID=bench", "KRUNGSRI_CLIENT_SECRET=bench",
		"LOG_LEVEL=info",
	}, port, "serve")
}

func (b *bench) startAnchors(ctx context.Context, dsn string, merchant fmt.Stringer) (*child, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	return b.startChild(ctx, "/hello", "", nil, port, "bench", "anchors", dsn, merchant.String(), strconv.Itoa(port))
}

func randomHex(n int) string {
	key := make([]byte, n)
	_, _ = rand.Read(key) // never fails, says crypto/rand
	return hex.EncodeToString(key)
}

// plainClient keeps connections, follows nothing and unpacks nothing.
var plainClient = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       time.Minute,
}

// signIn signs a person in and returns the cookies of the session.
func (c *child) signIn(ctx context.Context, email string) (cookies string, err error) {
	form := url.Values{"email": {email}, "password": {secret}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.addr+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://"+c.addr)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := plainClient.Do(r)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	if res.StatusCode != http.StatusSeeOther {
		return "", fmt.Errorf("sign in: %w: %d", errUnexpectedStatus, res.StatusCode)
	}
	var pairs []string
	for _, cookie := range res.Cookies() {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(pairs, "; "), nil
}

// get is the bytes of a GET request as a browser of the person would send it.
func get(addr, path string, header map[string]string) []byte {
	return request("GET", addr, path, header, nil)
}

// post is the bytes of a form that is sent from one of the product's own pages.
func post(addr, path, cookies, kind string, body []byte) []byte {
	return request("POST", addr, path, map[string]string{
		"Cookie": cookies, "Origin": "http://" + addr, "Sec-Fetch-Site": "same-origin", "Content-Type": kind, "Content-Length": strconv.Itoa(len(body)),
	}, body)
}

func request(method, addr, path string, header map[string]string, body []byte) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAccept-Language: th\r\n", method, path, addr)
	for name, value := range header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	b.WriteString("\r\n")
	return append([]byte(b.String()), body...)
}
