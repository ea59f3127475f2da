package browsertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// deadline bounds every step; a healthy one takes milliseconds.
const deadline = 30 * time.Second

// Options says whose browser a page is opened in. The zero value is a light
// desktop window of 1200 by 800 with scripts, in English.
type Options struct {
	Width, Height int
	Dark          bool   // prefers-color-scheme: dark
	NoScript      bool   // the page's scripts do not run
	Lang          string // Accept-Language, such as "th"
}

// Page is one tab with cookies and storage of its own. Its steps fail the test
// when they cannot be done within 30 seconds; none of them needs a sleep.
type Page struct {
	t        testing.TB
	ctx      context.Context
	opts     Options
	activity *activity
	problems *problems
}

// Page opens an empty tab for t and closes it at t's end. The test then fails
// for every problem the page had on the way, unless AllowConsole named it.
func (b *Browser) Page(t testing.TB, o Options) *Page {
	t.Helper()
	o.Width, o.Height = cmp.Or(o.Width, 1200), cmp.Or(o.Height, 800)
	o.Lang = cmp.Or(o.Lang, "en")
	p := &Page{t: t, opts: o, activity: newActivity(), problems: &problems{}}
	var closeTab context.CancelFunc
	p.ctx, closeTab = chromedp.NewContext(b.ctx,
		chromedp.WithNewBrowserContext(),
		chromedp.WithListener(p.activity.observe),
		chromedp.WithListener(p.problems.observe),
	)
	t.Cleanup(func() {
		defer closeTab()
		p.report()
	})
	if err := p.prepare(); err != nil {
		t.Fatalf("open a page: %v", err)
	}
	return p
}

func (p *Page) prepare() error {
	if err := chromedp.Do(p.ctx); err != nil { // makes the tab, whose life the context of this call bounds
		return err
	}
	ctx, cancel := context.WithTimeout(p.ctx, deadline)
	defer cancel()
	p.activity.setMain(chromedp.FromContext(ctx).Target.TargetID)
	go p.dismissDialogs(chromedp.Events(p.ctx, page.JavascriptDialogOpening))
	version, err := chromedp.CallBrowser(ctx, browser.GetVersion, emptyParams)
	if err != nil {
		return err
	}
	scheme := "light"
	if p.opts.Dark {
		scheme = "dark"
	}
	_, e1 := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(p.opts.Width), Height: int64(p.opts.Height), DeviceScaleFactor: 1,
	})
	_, e2 := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	_, e3 := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: version.UserAgent, AcceptLanguage: p.opts.Lang,
	})
	_, e4 := chromedp.Call(ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Asia/Bangkok"})
	return errors.Join(e1, e2, e3, e4, p.setScripts(ctx, !p.opts.NoScript))
}

// dismissDialogs keeps an alert from blocking the test, which fails for it in
// the end.
func (p *Page) dismissDialogs(dialogs iter.Seq2[page.EventJavascriptDialogOpening, error]) {
	for _, err := range dialogs {
		if err != nil {
			return
		}
		if _, err := chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}); err != nil {
			return
		}
	}
}

func (p *Page) setScripts(ctx context.Context, on bool) error {
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	return err
}

// Go opens url and waits until the page is loaded and quiet.
func (p *Page) Go(url string) {
	p.t.Helper()
	p.step("go to "+url, func(ctx context.Context) error {
		result, err := chromedp.Call(ctx, page.Navigate, page.NavigateParams{URL: url})
		if err != nil {
			return err
		}
		if result.ErrorText != "" {
			return errors.New(result.ErrorText)
		}
		return p.settle(ctx)
	})
}

// Back goes one step back in the tab's history.
func (p *Page) Back() {
	p.t.Helper()
	p.step("go back", func(ctx context.Context) error {
		history, err := chromedp.Run(ctx, chromedp.NavigationEntries())
		if err != nil {
			return err
		}
		want := history.CurrentIndex - 1
		if want < 0 {
			return errors.New("this is the first page")
		}
		id := history.Entries[want].ID
		if _, err := chromedp.Call(ctx, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: id}); err != nil {
			return err
		}
		err = poll(ctx, func(ctx context.Context) (string, error) {
			now, err := chromedp.Run(ctx, chromedp.NavigationEntries())
			if err == nil && now.CurrentIndex == want {
				return "", nil
			}
			return "the earlier page does not come", err
		})
		if err != nil {
			return err
		}
		return p.settle(ctx)
	})
}

// URL returns the page's address.
func (p *Page) URL() string {
	p.t.Helper()
	return answer[string](p, "read the address", "url")
}

// HTML returns the page as it is now, after scripts changed it.
func (p *Page) HTML() string {
	p.t.Helper()
	return answer[string](p, "read the page", "html")
}

// Status returns the HTTP status of the page, 0 before the first one.
func (p *Page) Status() int { return p.activity.status() }

// Exists tells whether anything matches css now.
func (p *Page) Exists(css string) bool {
	p.t.Helper()
	return p.Count(css) > 0
}

// Count returns how many elements match css now.
func (p *Page) Count(css string) int {
	p.t.Helper()
	return answer[int](p, "count "+css, "count", css)
}

// Texts returns the visible text of every element that matches css now.
func (p *Page) Texts(css string) []string {
	p.t.Helper()
	return answer[[]string](p, "read all "+css, "texts", css)
}

// Text waits for the first element that matches css and returns its visible
// text, or the value of a field.
func (p *Page) Text(css string) string {
	p.t.Helper()
	var text *string
	p.wait("read "+css, func(ctx context.Context) (string, error) {
		err := p.ask(ctx, &text, "text", css)
		if text == nil {
			return "nothing matches", err
		}
		return "", err
	})
	if text == nil {
		return ""
	}
	return *text
}

// WaitFor waits until an element that matches css is visible.
func (p *Page) WaitFor(css string) {
	p.t.Helper()
	p.wait("wait for "+css, func(ctx context.Context) (string, error) {
		var visible bool
		err := p.ask(ctx, &visible, "visible", css)
		if !visible {
			return "nothing visible matches", err
		}
		return "", err
	})
}

// WaitText waits until an element that matches css shows substr.
func (p *Page) WaitText(css, substr string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("wait for %q in %s", substr, css), func(ctx context.Context) (string, error) {
		var texts []string
		err := p.ask(ctx, &texts, "texts", css)
		if !anyContains(texts, substr) {
			return fmt.Sprintf("the text is %q", texts), err
		}
		return "", err
	})
}

// Eval evaluates a JavaScript expression in the page's own world and stores
// its value, awaited and decoded from JSON, in into, which may be nil. It is for what
// the other methods cannot see; it does not work with NoScript.
func (p *Page) Eval(expression string, into any) {
	p.t.Helper()
	p.step("evaluate "+expression, func(ctx context.Context) error {
		return p.evaluate(ctx, 0, expression, into)
	})
}

// AllowConsole expects console lines and exceptions that contain substr, such
// as "status of 422": they do not fail the test.
func (p *Page) AllowConsole(substr string) { p.problems.allow(substr) }

// report fails the test for the problems of the page. The question before
// makes sure that every event sent so far has arrived.
func (p *Page) report() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, deadline)
	defer cancel()
	var n int
	if err := p.ask(ctx, &n, "count", "html"); err != nil {
		p.t.Errorf("the page did not survive the test: %v", err)
	}
	for _, problem := range p.problems.list() {
		p.t.Errorf("page problem: %s", problem)
	}
}

// step does one thing within the deadline and fails the test if it cannot.
func (p *Page) step(what string, do func(context.Context) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, deadline)
	defer cancel()
	if err := do(ctx); err != nil {
		p.t.Fatalf("%s: %v (page problems so far: %q)", what, err, p.problems.list())
	}
}

func (p *Page) wait(what string, try func(context.Context) (string, error)) {
	p.t.Helper()
	p.step(what, func(ctx context.Context) error { return poll(ctx, try) })
}

func answer[T any](p *Page, what, question string, args ...any) T {
	p.t.Helper()
	var value T
	p.wait(what, func(ctx context.Context) (string, error) {
		return "", p.ask(ctx, &value, question, args...)
	})
	return value
}
