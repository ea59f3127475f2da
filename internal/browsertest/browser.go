// Package browsertest drives a headless Chromium through the pages of the
// program in tests, with scripts or without, and fails a test for whatever a
// person would not see: console errors, uncaught exceptions, violations of the
// content security policy, and obstacles to accessibility. It must never load
// anything but our own pages: the browser runs without a sandbox, and all
// addresses but loopback are cut off.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// Browser is the one browser of this test program.
type Browser struct {
	ctx   context.Context // holds chromedp's browser
	close func() error
}

var shared struct {
	sync.Mutex
	browser *Browser
	users   int
}

// Main runs the tests of a package and keeps one browser for all of them:
//
//	func TestMain(m *testing.M) { os.Exit(browsertest.Main(m)) }
//
// Without it a browser lives as long as a test uses it, which costs each later
// test a start of about 0.2 s.
func Main(m *testing.M) int {
	shared.Lock()
	shared.users++
	shared.Unlock()
	code := m.Run()
	if err := release(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// Open returns the browser and starts it if need be. Without a Chromium and
// without a way to fetch one the test is skipped, but fails where CI is set:
// there a skipped test would go unnoticed.
func Open(t testing.TB) *Browser {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.browser == nil {
		b, err := launch(t.Context(), defaultPlaces(t.Logf))
		if err != nil {
			unavailable(t, os.Getenv("CI") != "", err)
		}
		shared.browser = b
	}
	shared.users++
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	return shared.browser
}

func unavailable(t testing.TB, ci bool, err error) {
	t.Helper()
	if ci {
		t.Fatalf("browser tests may not be skipped where CI is set: %v", err)
	}
	t.Skipf("no browser: %v", err)
}

func release() error {
	shared.Lock()
	defer shared.Unlock()
	shared.users--
	if shared.users > 0 || shared.browser == nil {
		return nil
	}
	b := shared.browser
	shared.browser = nil
	return b.close()
}

func launch(ctx context.Context, p places) (*Browser, error) {
	c, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "portal-browser-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the browser: %w", err)
	}
	env, err := c.environment(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(c.path),
		chromedp.Env(env...),
		chromedp.UserDataDir(filepath.Join(dir, "profile")),
		// Root cannot have a sandbox, nor can others without a setuid helper.
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost"),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("lang", "en"),
	)
	// The browser outlives the test that happened to start it.
	allocator, stopAllocator := chromedp.NewExecAllocator(context.WithoutCancel(ctx), options...)
	browser, stopBrowser := chromedp.NewContext(allocator)
	b := &Browser{ctx: browser, close: func() error {
		stopBrowser()
		stopAllocator()
		return os.RemoveAll(dir)
	}}
	if err := chromedp.Do(browser); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", c.path, err), b.close())
	}
	return b, nil
}
