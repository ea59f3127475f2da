package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed probe.js
var probe string

var emptyParams = cdp.Empty{}

// ask puts a question of probe.js to the page, in a world of its own.
func (p *Page) ask(ctx context.Context, into any, question string, args ...any) error {
	world, err := p.world(ctx)
	if err != nil {
		return err
	}
	return p.evaluate(ctx, world, expression(question, args), into)
}

// handle returns a reference to the first element that matches css, once there
// is one.
func (p *Page) handle(ctx context.Context, css string) (id runtime.RemoteObjectID, err error) {
	err = poll(ctx, func(ctx context.Context) (string, error) {
		world, err := p.world(ctx)
		if err != nil {
			return "", err
		}
		result, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{
			Expression: expression("one", []any{css}), ContextID: world,
		})
		if err != nil {
			return "", err
		}
		if result.Result == nil || result.Result.ObjectID == "" {
			return "nothing matches", nil
		}
		id = result.Result.ObjectID
		return "", nil
	})
	return id, err
}

func expression(question string, args []any) string {
	var list []string
	for _, arg := range args {
		text, err := json.Marshal(arg)
		if err != nil {
			panic(err) // the arguments are strings and booleans of this package
		}
		list = append(list, string(text))
	}
	return strings.TrimSuffix(strings.TrimSpace(probe), ";") + "." + question + "(" + strings.Join(list, ",") + ")"
}

// world returns the context of ours in the current document.
func (p *Page) world(ctx context.Context) (runtime.ExecutionContextID, error) {
	frame := cdp.FrameID(chromedp.FromContext(ctx).Target.TargetID)
	world, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{
		FrameID: frame, WorldName: "browsertest",
	})
	return world.ExecutionContextID, err
}

// evaluate runs expression in a world, 0 being the page's own.
func (p *Page) evaluate(ctx context.Context, world runtime.ExecutionContextID, expression string, into any) error {
	result, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{
		Expression: expression, ContextID: world, ReturnByValue: new(true), AwaitPromise: new(true),
	})
	if err != nil {
		return err
	}
	if e := result.ExceptionDetails; e != nil {
		return errors.New(exceptionText(e))
	}
	if into == nil || result.Result == nil || len(result.Result.Value) == 0 {
		return nil
	}
	if err := json.Unmarshal(result.Result.Value, into); err != nil {
		return fmt.Errorf("decode %s: %w", result.Result.Value, err)
	}
	return nil
}

// poll tries until there is neither a problem nor an error. Errors are retried
// too: a document may be replaced in the middle of a question.
func poll(ctx context.Context, try func(context.Context) (problem string, err error)) error {
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for {
		problem, err := try(ctx)
		if problem == "" && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s (%w)", problem, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

func anyContains(texts []string, substr string) bool {
	for _, text := range texts {
		if strings.Contains(text, substr) {
			return true
		}
	}
	return false
}
