package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/thai"
	"portal/internal/store"
)

// sightings keeps what people are shown until it is written down, so that no
// page waits for that. What is shown is read from the bytes that go out, and
// not from what a handler says of them: a new page cannot forget it.
type sightings struct {
	key   []byte
	store *store.Store
	log   *slog.Logger

	mu      sync.Mutex
	waiting []store.Sighting
	writing bool
	stopped bool
	rested  chan struct{} // closed when nothing is left to write; nil while resting
	recent  map[string]time.Time
}

const (
	// manySightings may wait. After that no page is shown until some were
	// written: a database that takes no rows is no way to look unseen.
	manySightings = 1000
	// oneLook is how long the same page with the same people in it counts as
	// the same look: pages refresh themselves.
	oneLook = time.Minute
	// betweenTries is the pause before writing again what could not be written.
	betweenTries = time.Second
)

// mark is the blind form of an id, different for each merchant.
func (s *sightings) mark(merchant store.ID, of string) (m store.Mark) {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(merchant[:])
	mac.Write([]byte(of))
	copy(m[:], mac.Sum(nil))
	return m
}

// markOfPerson is the mark of a citizen or tax id.
func (s *sightings) markOfPerson(merchant store.ID, id thai.TaxID) store.Mark {
	return s.mark(merchant, "id "+string(id))
}

// markOfItem is the mark of the page of a record.
func (s *sightings) markOfItem(merchant, id store.ID) store.Mark {
	return s.mark(merchant, "item "+id.String())
}

// full reports that too much waits to be written.
func (s *sightings) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting) >= manySightings
}

// add keeps a sighting to be written at once, but not before the answer.
func (s *sightings) add(one store.Sighting, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.again(one, now) {
		return
	}
	s.waiting = append(s.waiting, one)
	if s.writing {
		return
	}
	s.writing, s.rested = true, make(chan struct{})
	// It ends when nothing waits, and rest waits for that.
	go s.write(context.Background()) //nolint:forbidigo // it writes what others were shown as well, and is no part of this request
}

// again reports that it is the same look as a moment ago.
func (s *sightings) again(one store.Sighting, now time.Time) bool {
	var b strings.Builder
	for _, part := range []string{one.Actor.Session, one.Actor.Merchant.String(), one.Route, one.Path, one.Query} {
		b.WriteString(part)
		b.WriteByte('\n')
	}
	for _, m := range one.Marks {
		b.Write(m[:])
	}
	sum := sha256.Sum256([]byte(b.String()))
	look := string(sum[:])
	if at, seen := s.recent[look]; seen && now.Sub(at) < oneLook && !now.Before(at) {
		return true
	}
	if len(s.recent) >= manySightings {
		clear(s.recent) // some looks are written twice then, none is lost
	}
	s.recent[look] = now
	return false
}

func (s *sightings) write(ctx context.Context) {
	for {
		list := s.next()
		if len(list) == 0 {
			return
		}
		done, err := s.store.RecordSeen(ctx, list)
		away := errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrUnclear)
		if err != nil {
			one := list[done]
			s.log.ErrorContext(ctx, "what somebody saw could not be written", "again", away, "person", one.Actor.Person, "route", one.Route, "request", one.Actor.Request, "error", err)
			if !away {
				done++ // it never can be; the line above is all that is left of it
			}
		}
		s.mu.Lock()
		s.waiting = s.waiting[done:]
		s.mu.Unlock()
		if away {
			time.Sleep(betweenTries)
		}
	}
}

// next is what waits, or nothing at the end.
func (s *sightings) next() []store.Sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 || s.stopped {
		s.writing = false
		close(s.rested)
		return nil
	}
	return slices.Clone(s.waiting)
}

// rest returns when everything is written. When ctx ends first it gives up
// what is left, for the process is about to end.
func (s *sightings) rest(ctx context.Context) error {
	s.mu.Lock()
	rested := s.rested
	s.mu.Unlock()
	if rested == nil {
		return nil
	}
	select {
	case <-rested:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	return fmt.Errorf("%d sightings are lost: %w", len(s.waiting), ctx.Err())
}

// Settle returns when all that people were shown until now is in the trail. It
// is for the end of a process, after its last answer.
func (a *App) Settle(ctx context.Context) error { return a.seen.rest(ctx) }

// watch is an answer on its way to somebody: it reads along which ids go out.
type watch struct {
	http.ResponseWriter
	status int
	reads  bool // the answer is of a kind that can be read
	ids    idReader
}

// WriteHeader implements http.ResponseWriter.
func (w *watch) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
		kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		w.reads = strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *watch) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.reads {
		w.ids.read(b)
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *watch) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type watchKey struct{}

// shows tells the trail of ids in an answer that cannot be read on its way,
// such as a PDF or a spreadsheet.
func shows(ctx context.Context, ids ...string) {
	w, ok := ctx.Value(watchKey{}).(*watch)
	if !ok {
		return
	}
	for _, id := range ids {
		if t, err := thai.ParseTaxID(id); err == nil {
			w.ids.found(t)
		}
	}
}

// showsIn tells the trail of every id in bytes that go out inside of something
// that cannot be read on its way.
func showsIn(ctx context.Context, b []byte) {
	if w, ok := ctx.Value(watchKey{}).(*watch); ok {
		w.ids.read(b)
		w.ids.end()
	}
}

// watched is the answer and the request of somebody signed in, read along; done
// is called when the answer is out. What needs no session shows nobody's data,
// and what a page asks by itself shows what it showed before.
func (a *App) watched(w http.ResponseWriter, r *http.Request, rt route, u user) (http.ResponseWriter, *http.Request, func(), error) {
	if !u.signedIn() || u.membership.Merchant == store.NoID || rt.permission&public != 0 {
		return w, r, func() {}, nil
	}
	if a.seen.full() {
		return w, r, nil, fmt.Errorf("%w: too many sightings wait to be written", store.ErrBusy)
	}
	seen := &watch{ResponseWriter: w}
	r = r.WithContext(context.WithValue(r.Context(), watchKey{}, seen))
	return seen, r, func() { a.tell(r, rt, u, seen) }, nil
}

// tell keeps a sighting, if the answer was one: a page of the trail, the page
// of a record, or whatever held a person's id.
func (a *App) tell(r *http.Request, rt route, u user, w *watch) {
	if w.status < http.StatusOK || w.status >= http.StatusMultipleChoices {
		return
	}
	merchant := u.membership.Merchant
	one := store.Sighting{
		Actor: u.actor(), Route: rt.method + " " + rt.pattern, Path: r.URL.Path,
		Trail: rt.method == http.MethodGet && (rt.pattern == "/audit" || strings.HasPrefix(rt.pattern, "/audit/")),
	}
	for _, id := range slices.Sorted(maps.Keys(w.ids.seen)) {
		one.Marks = append(one.Marks, a.seen.markOfPerson(merchant, id))
	}
	if item, err := uuid.Parse(r.PathValue("id")); err == nil && rt.method == http.MethodGet && !rt.quiet {
		one.Marks = append(one.Marks, a.seen.markOfItem(merchant, item))
	}
	if len(one.Marks) == 0 && !one.Trail {
		return
	}
	if one.Trail {
		one.Query = withoutIDs(r.URL.RawQuery)
	}
	a.seen.add(one, a.Clock())
}

// withoutIDs is a query for the trail, which must hold nobody's id in clear.
func withoutIDs(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	for name, list := range values {
		for n, value := range list {
			if id, err := thai.ParseTaxID(value); err == nil {
				list[n] = id.Masked()
			} else {
				list[n] = clip(value, 200)
			}
		}
		if strings.Join(list, "") == "" {
			delete(values, name)
		}
	}
	return values.Encode()
}
