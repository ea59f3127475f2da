package browsertest

import (
	"context"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
)

// activity knows what a page is waiting for.
type activity struct {
	mu         sync.Mutex
	main       cdp.FrameID
	requests   map[network.RequestID]cdp.LoaderID
	loading    bool
	announced  time.Time // when the page said that it would load something, which has not begun yet
	changes    int       // counts everything that happened
	lastStatus int
}

func newActivity() *activity {
	return &activity{requests: map[network.RequestID]cdp.LoaderID{}}
}

func (a *activity) setMain(id target.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.main = cdp.FrameID(id)
}

func (a *activity) status() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lastStatus
}

// now returns whether something is under way, and the count of changes.
func (a *activity) now() (busy bool, changes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.loading || len(a.requests) > 0 || time.Since(a.announced) < longestStart, a.changes
}

// longestStart is how long the browser may take to begin what a page announced.
// A click on a form or a link is answered before anything is loaded; what never
// begins, such as a visit that a script calls off, is forgotten after this time.
const longestStart = time.Second

// observe is called with every event of the tab, in order.
func (a *activity) observe(event any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		a.requests[e.RequestID] = e.LoaderID
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument && e.FrameID == a.main {
			a.lastStatus = int(e.Response.Status)
		}
		// A stream of events stays open as long as the page; it is not work.
		if e.Response.MimeType == "text/event-stream" {
			delete(a.requests, e.RequestID)
		}
	case *network.EventLoadingFinished:
		delete(a.requests, e.RequestID)
	case *network.EventLoadingFailed:
		delete(a.requests, e.RequestID)
	case *page.EventFrameRequestedNavigation:
		if e.Disposition == page.ClientNavigationDispositionCurrentTab {
			a.announce(e.FrameID)
		}
	case *page.EventFrameStartedLoading:
		if e.FrameID == a.main {
			a.loading, a.announced = true, time.Time{}
		}
	case *page.EventFrameStoppedLoading:
		a.loading = a.loading && e.FrameID != a.main
	case *page.EventFrameNavigated:
		if e.Frame.ID == a.main {
			a.announced = time.Time{}
			a.forgetOthers(e.Frame.LoaderID)
		}
	default:
		return
	}
	a.changes++
}

func (a *activity) announce(frame cdp.FrameID) {
	if frame == a.main && !a.loading {
		a.announced = time.Now()
	}
}

// forgetOthers drops the requests of documents that are gone.
func (a *activity) forgetOthers(current cdp.LoaderID) {
	for id, loader := range a.requests {
		if loader != current {
			delete(a.requests, id)
		}
	}
}

// settle waits until the page has been quiet for a few looks in a row: nothing
// loading, no request under way, htmx done with swapping, fonts there.
func (p *Page) settle(ctx context.Context) error {
	const enough = 3
	quiet, seen := 0, -1
	return poll(ctx, func(ctx context.Context) (string, error) {
		// The answer comes after all events the page sent before it.
		var pageBusy bool
		err := p.ask(ctx, &pageBusy, "busy")
		busy, changes := p.activity.now()
		if err != nil || busy || pageBusy || changes != seen {
			quiet, seen = 0, changes
			return "the page does not come to rest", err
		}
		if quiet++; quiet < enough {
			return "the page does not come to rest", nil
		}
		return "", nil
	})
}
