package browsertest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// problems collects what a page complained about.
type problems struct {
	mu      sync.Mutex
	found   []string
	allowed []string
}

func (p *problems) allow(substr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, substr)
}

func (p *problems) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.found), func(text string) bool {
		return slices.ContainsFunc(p.allowed, func(substr string) bool { return strings.Contains(text, substr) })
	})
}

// observe is called with every event of the tab. Violations of the content
// security policy and failed requests arrive as log entries.
func (p *problems) observe(event any) {
	var text string
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeAssert {
			return
		}
		text = "console." + string(e.Type) + ": " + argumentText(e.Args)
	case *runtime.EventExceptionThrown:
		text = "uncaught: " + exceptionText(e.ExceptionDetails)
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError {
			return
		}
		text = fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
	case *page.EventJavascriptDialogOpening:
		text = fmt.Sprintf("a script opened a dialog: %s", e.Message)
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = append(p.found, strings.TrimSpace(text))
}

func argumentText(args []*runtime.RemoteObject) string {
	var parts []string
	for _, arg := range args {
		parts = append(parts, cmp.Or(string(arg.Value), arg.Description))
	}
	return strings.Join(parts, " ")
}

func exceptionText(e *runtime.ExceptionDetails) string {
	text := e.Text
	if e.Exception != nil {
		text += " " + e.Exception.Description
	}
	return strings.TrimSpace(text)
}
