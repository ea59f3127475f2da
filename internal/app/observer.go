package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"portal/internal/store"
)

// Observer is told of every request: it counts and traces. What it is told is
// of a small set of words, and never a person, an id or an amount, but for the
// request's own id.
type Observer interface {
	// Begin is called before anything is done for a request, and may add to the
	// context of all that is.
	Begin(r *http.Request) context.Context
	// Trace is the trace of such a context, which what is done later is linked
	// with; empty if it is not traced.
	Trace(ctx context.Context) string
	// End is called once, when the answer is out or its line was cut.
	End(ctx context.Context, a Answered)
}

// Answered is what became of a request.
type Answered struct {
	Request string // its id, as in the log
	Route   string // method and pattern; empty where there is no such route
	Status  int
	Took    time.Duration
	// SignIn is why somebody was not let in, and Callback why what said to be
	// the bank's was not believed: one word, or empty.
	SignIn, Callback string
}

// The words for why somebody was not let in.
const (
	notPassword = "password"
	notCode     = "code"
	notCompany  = "company"
	notSoOften  = "too_many"
	notNow      = "busy"
)

// observed has the observer see the request, if there is one.
func (a *App) observed(next http.Handler) http.Handler {
	if a.Observer == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := a.Clock()
		ctx := a.Observer.Begin(r)
		// Deferred, because a cut line passes here as a panic.
		defer func() {
			info := infoOf(r)
			a.Observer.End(ctx, Answered{
				Request: info.id, Route: info.route, Status: info.status, Took: a.Clock().Sub(began),
				SignIn: info.signIn, Callback: info.callback,
			})
		}()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// noteRefusal keeps why somebody was not let in, where an error says it.
func (info *requestInfo) noteRefusal(err error) {
	_, guesses := errors.AsType[*store.TooManyGuessesError](err)
	switch {
	case guesses:
		info.signIn = notSoOften
	case errors.Is(err, errHashingBusy):
		info.signIn = notNow
	case errors.Is(err, errWrongPassword):
		info.signIn = notPassword
	case !refusedCode(err).IsZero():
		info.signIn = notCode
	}
}

// SightingsWaiting is how many times somebody was shown something that is not
// written down yet.
func (a *App) SightingsWaiting() int {
	a.seen.mu.Lock()
	defer a.seen.mu.Unlock()
	return len(a.seen.waiting)
}
