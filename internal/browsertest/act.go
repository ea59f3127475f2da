package browsertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// point is an answer of the page: a place to press, or what is in the way.
type point struct {
	X, Y    float64
	Problem string
}

// Click presses the mouse on the first visible element that matches css, once
// a person could, and waits for whatever that sets off.
func (p *Page) Click(css string) {
	p.t.Helper()
	p.step("click "+css, func(ctx context.Context) error { return p.press(ctx, css, false) })
}

// Submit presses the button that sends the form which css matches or lies in.
func (p *Page) Submit(css string) {
	p.t.Helper()
	p.step("submit "+css, func(ctx context.Context) error { return p.press(ctx, css, true) })
}

func (p *Page) press(ctx context.Context, css string, send bool) error {
	var at point
	err := poll(ctx, func(ctx context.Context) (string, error) {
		at = point{}
		err := p.ask(ctx, &at, "point", css, send)
		return at.Problem, err
	})
	if err != nil {
		return err
	}
	if err := chromedp.Do(ctx, chromedp.MouseClickXY(at.X, at.Y)); err != nil {
		return err
	}
	return p.settle(ctx)
}

// Fill replaces what a field holds by text, typed as a person would. The
// field keeps the focus, so its change event comes with the next step.
func (p *Page) Fill(css, text string) {
	p.t.Helper()
	p.step("fill "+css, func(ctx context.Context) error {
		var field struct {
			Problem string
			Typed   bool
		}
		err := poll(ctx, func(ctx context.Context) (string, error) {
			field.Problem = ""
			err := p.ask(ctx, &field, "focus", css, text)
			return field.Problem, err
		})
		if err != nil || field.Typed {
			return err
		}
		_, err = chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// Select chooses the option with the given value.
func (p *Page) Select(css, value string) {
	p.t.Helper()
	p.step("select in "+css, func(ctx context.Context) error {
		err := poll(ctx, func(ctx context.Context) (string, error) {
			var at point
			err := p.ask(ctx, &at, "select", css, value)
			return at.Problem, err
		})
		if err != nil {
			return err
		}
		return p.settle(ctx)
	})
}

// Upload puts files into a file field.
func (p *Page) Upload(css string, files ...string) {
	p.t.Helper()
	p.step("upload to "+css, func(ctx context.Context) error {
		var paths []string
		for _, file := range files {
			path, err := filepath.Abs(file)
			if err != nil {
				return err
			}
			if _, err := os.Stat(path); err != nil {
				return err
			}
			paths = append(paths, path)
		}
		node, err := p.handle(ctx, css)
		if err != nil {
			return err
		}
		if _, err := chromedp.Call(ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, ObjectID: node}); err != nil {
			return err
		}
		return p.settle(ctx)
	})
}

// keys are the names that Press knows besides single characters.
var keys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Escape": kb.Escape, "Space": " ", "Backspace": kb.Backspace, "Delete": kb.Delete,
	"ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
	"Home": kb.Home, "End": kb.End, "PageDown": kb.PageDown, "PageUp": kb.PageUp,
}

// Press presses a key on the keyboard, such as "Tab", "Enter" or "x", and
// waits for whatever that sets off.
func (p *Page) Press(key string) {
	p.t.Helper()
	p.step("press "+key, func(ctx context.Context) error {
		code, ok := keys[key]
		if !ok && len([]rune(key)) != 1 {
			return fmt.Errorf("there is no key %q", key)
		}
		if !ok {
			code = key
		}
		if err := chromedp.Do(ctx, chromedp.KeyEvent(code)); err != nil {
			return err
		}
		return p.settle(ctx)
	})
}

// ContentWidth is how wide all of the page is, what has to be scrolled to
// included. It needs no scripts.
func (p *Page) ContentWidth() (px int) {
	p.t.Helper()
	p.step("measure the page", func(ctx context.Context) error {
		if err := p.settle(ctx); err != nil {
			return err
		}
		size, err := contentSize(ctx)
		if err == nil {
			px = int(math.Ceil(size.Width))
		}
		return err
	})
	return px
}

func contentSize(ctx context.Context) (*dom.Rect, error) {
	size, err := chromedp.Call(ctx, page.GetLayoutMetrics, emptyParams)
	switch {
	case err != nil:
		return nil, err
	case size.CSSContentSize == nil:
		return nil, errors.New("the page has no size")
	}
	return size.CSSContentSize, nil
}

// Screenshot writes the whole page, also what lies below the window, to path
// as PNG.
func (p *Page) Screenshot(path string) {
	p.t.Helper()
	p.step("take a screenshot", func(ctx context.Context) error {
		if err := p.settle(ctx); err != nil {
			return err
		}
		size, err := contentSize(ctx)
		if err != nil {
			return err
		}
		shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: new(true),
			Clip:                  &page.Viewport{Width: size.Width, Height: size.Height, Scale: 1},
		})
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, shot.Data, 0o644)
	})
}
