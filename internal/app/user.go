package app

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/sessions"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// user is who a request acts for. The zero user is a visitor.
type user struct {
	person      store.Person
	membership  store.Membership // at the chosen merchant; zero without one
	memberships []store.Membership
	session     *sessions.Session
	sessionID   store.ID
	enrolled    bool      // has a second factor
	deviceSince time.Time // when they first signed in in this browser
	roomy       bool
	theme       string
	request     string
	address     string
	trace       string
}

func (u user) signedIn() bool { return u.person.ID != store.NoID }

// can reports whether the person has the duty at the chosen merchant, now.
func (u user) can(d store.Duty) bool { return u.membership.Duties.Has(d) }

// actor is on whose behalf the store and the teller work.
func (u user) actor() store.Actor {
	a := store.Actor{Merchant: u.membership.Merchant, Person: u.person.ID, Request: u.request, Address: u.address, Trace: u.trace}
	if u.sessionID != store.NoID {
		a.Session = u.sessionID.String()
	}
	if first, last, sealed := u.membership.AuditDays(); sealed {
		a.From, a.Until = startOf(thai.DayOf(first)), startOf(thai.DayOf(last).AddDays(1))
	}
	return a
}

// merchantName is the name of m in the reader's language.
func merchantName(ctx context.Context, m store.Membership) string {
	if text.From(ctx).Lang == text.EN {
		return m.NameEN
	}
	return m.NameTH
}

// serve makes an http.Handler of a route: it bounds the body, finds out who
// asks, refuses whoever may not, and answers errors.
func (a *App) serve(rt route) http.HandlerFunc {
	limit := rt.bodyLimit()
	return func(w http.ResponseWriter, r *http.Request) {
		limit := limit
		if comesBack(r) {
			limit = keptLimit(limit)
		}
		infoOf(r).route = strings.TrimSpace(rt.method + " " + rt.pattern)
		if limit > formLimit {
			// A file over a slow line takes longer than a form.
			extendDeadlines(w, 5*time.Minute)
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		if rt.permission&theBank != 0 {
			a.serveBank(w, r, rt.handler)
			return
		}
		u, r, err := a.whoAsks(r)
		if err == nil && u.signedIn() && comesBack(r) {
			var answered bool
			if answered, err = a.unpack(w, r, u); answered && err == nil {
				return
			}
		}
		if err == nil {
			err = a.admit(u, rt)
		}
		if err == nil && u.signedIn() && !rt.quiet {
			err = a.keepAlive(r, u)
		}
		if err == nil {
			err = a.answer(w, r, rt, u)
		}
		if err != nil {
			a.fail(w, r, u, err)
		}
	}
}

// answer runs the handler and reads along what it shows to whom.
func (a *App) answer(w http.ResponseWriter, r *http.Request, rt route, u user) error {
	w, r, done, err := a.watched(w, r, rt, u)
	if err != nil {
		return err
	}
	defer done()
	return rt.handler(w, countsAlong(r, u), u)
}

func extendDeadlines(w http.ResponseWriter, by time.Duration) {
	c := http.NewResponseController(w)
	now := time.Now() //nolint:forbidigo // a deadline of the socket, not of a rule
	// Not every ResponseWriter has deadlines; then the server's own hold.
	_ = errors.Join(c.SetReadDeadline(now.Add(by)), c.SetWriteDeadline(now.Add(by)))
}

// whoAsks reads the session, if there is one, and puts the reader's language
// into the request's context.
func (a *App) whoAsks(r *http.Request) (user, *http.Request, error) {
	info := infoOf(r)
	u := user{request: info.id, address: info.address}
	if a.Observer != nil {
		u.trace = a.Observer.Trace(r.Context())
	}
	session, err := a.sessions.Get(r, a.cookies.session)
	if err == nil {
		if found, ok := foundIn(session); ok {
			u.person, u.memberships, u.sessionID = found.Person, found.Memberships, found.Session
			u.membership, _ = found.Membership()
			u.enrolled, u.deviceSince = found.Enrolled, found.DeviceSince
			info.person, info.merchant = found.ID, u.membership.Merchant
			u.roomy = found.Roomy
			if found.Theme != "system" {
				u.theme = found.Theme
			}
		}
	}
	u.session = session
	locale := text.Locale{Lang: language(r, u), BuddhistEra: true, Now: a.Clock()}
	if u.signedIn() {
		locale.BuddhistEra = u.person.BuddhistEra
	} else {
		locale.BuddhistEra = locale.Lang == text.TH
	}
	return u, r.WithContext(text.With(r.Context(), locale)), err
}

// language is what this browser was set to, else what the person prefers, else
// what the browser asks for.
func language(r *http.Request, u user) text.Lang {
	if l, ok := text.ParseLang(cookieValue(r, languageCookie)); ok {
		return l
	}
	if l, ok := text.ParseLang(u.person.Lang); ok {
		return l
	}
	return text.MatchLang(r.Header.Get("Accept-Language"))
}

func (a *App) admit(u user, rt route) error {
	switch {
	case rt.permission&public != 0:
		return nil
	case !u.signedIn():
		return errSignedOut
	case a.RequireFactor && !u.enrolled && !rt.unenrolled:
		return errUnenrolled
	case !rt.permission.admits(u.membership.Duties):
		return &forbiddenError{rt.permission}
	case outsideDays(rt, u.membership):
		return errOtherDays
	case !rt.admits(u.membership):
		return errOtherProducts
	case rt.settled && a.newDevice(u):
		return errNewDevice
	case rt.stepUp > 0:
		return a.demand(u, rt.stepUp)
	default:
		return nil
	}
}

// demand asks that the person proved who they are in the last so much time.
func (a *App) demand(u user, within time.Duration) error {
	if !memoryOf(u.session).provenSince(a.Clock().Add(-within)) {
		return errUnproven
	}
	return nil
}

// mayDecide asks for what a route that approves asks for.
func (a *App) mayDecide(u user) error {
	if a.newDevice(u) {
		return errNewDevice
	}
	return a.demand(u, freshProof)
}

// newDevice reports whether the person has not used this browser for long
// enough to approve in it.
func (a *App) newDevice(u user) bool {
	return a.DeviceWait > 0 && a.Clock().Before(u.deviceSince.Add(a.DeviceWait))
}

func (a *App) keepAlive(r *http.Request, u user) error {
	if found, ok := foundIn(u.session); !ok || !found.Idle {
		return nil
	}
	return a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		return tx.TouchSession(hashToken(u.session.ID))
	})
}
