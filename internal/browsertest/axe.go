package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

//go:embed testdata/axe-core/axe.min.js
var axeSource string

// violation is one rule of axe that the page breaks.
type violation struct {
	ID      string `json:"id"`
	Impact  string `json:"impact"`
	Help    string `json:"help"`
	HelpURL string `json:"helpUrl"`
	Nodes   []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	} `json:"nodes"`
}

func (v violation) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "accessibility, %s: %s (%s, %s)", v.Impact, v.Help, v.ID, v.HelpURL)
	for _, node := range v.Nodes {
		fmt.Fprintf(&text, "\n    %s\n      %s", node.HTML, strings.ReplaceAll(node.FailureSummary, "\n", "\n      "))
	}
	return text.String()
}

// Axe checks the page as it is now for obstacles to accessibility, and fails
// the test with one readable entry per broken rule. Rules named in without are
// left out; say why where you call it. Axe takes longer than all else that a
// test does with a page, so with -short it checks nothing.
func (p *Page) Axe(without ...string) {
	p.t.Helper()
	if testing.Short() {
		return
	}
	var found []violation
	p.step("check accessibility", func(ctx context.Context) (err error) {
		if err := p.settle(ctx); err != nil {
			return err
		}
		found, err = p.axe(ctx, without)
		return err
	})
	for _, v := range found {
		p.t.Errorf("%s", v)
	}
}

func (p *Page) axe(ctx context.Context, without []string) (found []violation, err error) {
	rules := map[string]any{}
	for _, id := range without {
		rules[id] = map[string]bool{"enabled": false}
	}
	options, err := json.Marshal(map[string]any{"rules": rules, "resultTypes": []string{"violations"}})
	if err != nil {
		return nil, err
	}
	// axe waits for timers, which stand still while scripts are off. The
	// page's own scripts do not run by this: they were dropped when it loaded.
	if p.opts.NoScript {
		if err := p.setScripts(ctx, true); err != nil {
			return nil, err
		}
		defer func() {
			if offErr := p.setScripts(ctx, false); err == nil {
				err = offErr
			}
		}()
	}
	world, err := p.world(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.evaluate(ctx, world, axeSource+";0", nil); err != nil {
		return nil, fmt.Errorf("load axe: %w", err)
	}
	run := fmt.Sprintf("axe.run(document, %s).then(r => r.violations)", options)
	if err := p.evaluate(ctx, world, run, &found); err != nil {
		return nil, fmt.Errorf("run axe: %w", err)
	}
	return found, nil
}
