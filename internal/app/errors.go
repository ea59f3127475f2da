package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/teller"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// Errors of the edge itself.
var (
	errSignedOut        = errors.New("nobody is signed in")
	errUnproven         = errors.New("the person must prove who they are again")
	errUnenrolled       = errors.New("the person must set up a second factor first")
	errNewDevice        = errors.New("the person has not used this browser for long")
	errCrossSite        = errors.New("an unsafe request that did not come from our own pages")
	errOtherHost        = errors.New("a request for another host")
	errMethodNotAllowed = errors.New("the path does not take this method")
	errOtherDays        = errors.New("the auditor was let in to the trail of some days only")
	errOtherProducts    = errors.New("the person's duties are for other products")
	errHashingBusy      = errors.New("too many sign-ins at once")
)

// forbiddenError refuses whoever has none of the duties a route asks for.
type forbiddenError struct{ need permission }

func (e *forbiddenError) Error() string { return "needs duty " + e.need.String() }

// requestError is a request that none of our pages makes.
type requestError struct{ reason string }

func (e *requestError) Error() string { return "malformed request: " + e.reason }

// statusCanceled is what the log says of a request whose caller hung up.
const statusCanceled = 499

// problem is how an error is answered.
type problem struct {
	status      int
	level       slog.Level
	title, help string // keys of the page's words
	retry       time.Duration
	needs       store.Duties
}

// problemOf is the one place that decides what an error means to the person
// who meets it. An error it does not know is our fault.
func problemOf(err error) problem {
	forbidden, isForbidden := errors.AsType[*forbiddenError](err)
	guesses, isGuesses := errors.AsType[*store.TooManyGuessesError](err)
	_, isRequest := errors.AsType[*requestError](err)
	_, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return problem{status: statusCanceled, level: slog.LevelInfo}
	case errors.Is(err, store.ErrNotFound):
		return problem{status: http.StatusNotFound, level: slog.LevelInfo,
			title: text.K("edge.not_found_title"), help: text.K("edge.not_found_help")}
	case errors.Is(err, store.ErrStale):
		return problem{status: http.StatusConflict, level: slog.LevelInfo,
			title: text.K("edge.stale_title"), help: text.K("edge.stale_help")}
	case errors.Is(err, store.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		return problem{status: http.StatusServiceUnavailable, level: slog.LevelError, retry: 5 * time.Second,
			title: text.K("edge.busy_title"), help: text.K("edge.busy_help")}
	case errors.Is(err, teller.ErrNotOnDuty):
		return problem{status: http.StatusForbidden, level: slog.LevelWarn,
			title: text.K("edge.forbidden_title"), help: text.K("edge.duty_lost_help")}
	case errors.Is(err, store.ErrUnclear):
		return problem{status: http.StatusServiceUnavailable, level: slog.LevelError,
			title: text.K("edge.unclear_title"), help: text.K("edge.unclear_help")}
	case isForbidden:
		return problem{status: http.StatusForbidden, level: slog.LevelWarn, needs: forbidden.need.duties(),
			title: text.K("edge.forbidden_title"), help: text.K("edge.forbidden_help")}
	case errors.Is(err, errOtherProducts), store.Violated(err, store.NotForProduct):
		return problem{status: http.StatusForbidden, level: slog.LevelWarn,
			title: text.K("edge.forbidden_title"), help: text.K("people.other_products_help")}
	case errors.Is(err, errOtherDays):
		return problem{status: http.StatusForbidden, level: slog.LevelWarn,
			title: text.K("edge.forbidden_title"), help: text.K("people.other_days_help")}
	case errors.Is(err, errSignedOut):
		return problem{status: http.StatusUnauthorized, level: slog.LevelInfo,
			title: text.K("edge.signed_out_title"), help: text.K("edge.signed_out_help")}
	case errors.Is(err, errUnproven):
		return problem{status: http.StatusUnauthorized, level: slog.LevelInfo,
			title: text.K("edge.unproven_title"), help: text.K("edge.unproven_help")}
	case errors.Is(err, errKeptOver):
		return problem{status: http.StatusConflict, level: slog.LevelInfo,
			title: text.K("proof.over_title"), help: text.K("proof.over_help")}
	case errors.Is(err, errUnenrolled):
		return problem{status: http.StatusForbidden, level: slog.LevelInfo,
			title: text.K("factor.unenrolled_title"), help: text.K("factor.unenrolled_help")}
	case errors.Is(err, errNewDevice):
		return problem{status: http.StatusForbidden, level: slog.LevelInfo,
			title: text.K("factor.new_device_title"), help: text.K("factor.new_device_help")}
	case errors.Is(err, errCrossSite):
		return problem{status: http.StatusForbidden, level: slog.LevelWarn,
			title: text.K("edge.cross_site_title"), help: text.K("edge.cross_site_help")}
	case errors.Is(err, errOtherHost):
		return problem{status: http.StatusMisdirectedRequest, level: slog.LevelInfo,
			title: text.K("edge.request_title"), help: text.K("edge.request_help")}
	case errors.Is(err, errMethodNotAllowed):
		return problem{status: http.StatusMethodNotAllowed, level: slog.LevelInfo,
			title: text.K("edge.request_title"), help: text.K("edge.request_help")}
	case isRequest:
		return problem{status: http.StatusBadRequest, level: slog.LevelWarn,
			title: text.K("edge.request_title"), help: text.K("edge.request_help")}
	case errors.Is(err, store.ErrUploadQuota):
		return problem{status: http.StatusTooManyRequests, level: slog.LevelWarn, retry: time.Hour,
			title: text.K("edge.quota_title"), help: text.K("document.quota")}
	case store.Violated(err, store.MonthIsOpen):
		return problem{status: http.StatusConflict, level: slog.LevelInfo,
			title: text.K("month.date_closed_title"), help: text.K("month.date_closed")}
	case store.Bounded(err):
		return problem{status: http.StatusTooManyRequests, level: slog.LevelWarn,
			title: text.K("edge.bounded_title"), help: text.K("edge.bounded_help")}
	case isTooLarge:
		return problem{status: http.StatusRequestEntityTooLarge, level: slog.LevelInfo,
			title: text.K("edge.too_large_title"), help: text.K("edge.too_large_help")}
	case isGuesses:
		return problem{status: http.StatusTooManyRequests, level: slog.LevelWarn, retry: guesses.Wait,
			title: text.K("edge.guesses_title"), help: text.K("edge.guesses_help")}
	case errors.Is(err, errHashingBusy):
		return problem{status: http.StatusTooManyRequests, level: slog.LevelWarn, retry: 5 * time.Second,
			title: text.K("edge.busy_title"), help: text.K("edge.busy_help")}
	default:
		return problem{status: http.StatusInternalServerError, level: slog.LevelError,
			title: text.K("edge.unexpected_title"), help: text.K("edge.unexpected_help")}
	}
}

// fail answers err. Nothing of its text reaches the page: it goes into the
// request's log line.
func (a *App) fail(w http.ResponseWriter, r *http.Request, u user, err error) {
	p := problemOf(err)
	if p.status == http.StatusInternalServerError && errors.Is(r.Context().Err(), context.Canceled) {
		// The database says in its own words that it was interrupted.
		p = problem{status: statusCanceled, level: slog.LevelInfo}
	}
	info := infoOf(r)
	info.err, info.level = err, p.level
	info.noteRefusal(err)
	if p.status == statusCanceled {
		info.status = statusCanceled
		return
	}
	if info.status != 0 {
		// Part of an answer is out; cutting the line tells that it is not whole.
		info.level = slog.LevelError
		panic(http.ErrAbortHandler)
	}
	if errors.Is(err, errUnproven) && a.askAround(w, r, u) {
		return
	}
	if errors.Is(err, errSignedOut) || errors.Is(err, errUnproven) || errors.Is(err, errUnenrolled) {
		if a.sendToProof(w, r, err) {
			return
		}
	}
	if p.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((p.retry+time.Second-1)/time.Second)))
	}
	if err := a.errorPage(w, r, u, p); err != nil {
		info.err, info.level = errors.Join(info.err, fmt.Errorf("showing the error: %w", err)), slog.LevelError
		a.serveFallback(w)
	}
}

// sendToProof sends a reader to the place where they can sign in, or prove who
// they are, and back. A form that was sent cannot be sent again by us: its sender
// gets a page instead, if it could not be wrapped into the question who they are.
func (a *App) sendToProof(w http.ResponseWriter, r *http.Request, err error) bool {
	at, next := "/sign-in", r.URL.RequestURI()
	switch {
	case errors.Is(err, errUnproven):
		at = proofPath
	case errors.Is(err, errUnenrolled):
		at, next = factorsPath, ""
	}
	if isPartial(r) && next != "" {
		next = "/"
		if u, err := url.Parse(r.Header.Get("HX-Current-URL")); err == nil {
			next = u.RequestURI()
		}
	} else if !isPartial(r) && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if r.URL.Path == consentPath {
		// The bank's code is of no use to another session, and is repeated nowhere.
		next = "/mandates"
	}
	if own, ok := a.ownPath(next); ok && own != "/" {
		at += "?next=" + url.QueryEscape(own)
	}
	if isPartial(r) {
		w.Header().Set("HX-Redirect", at)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	w.Header().Set("Location", at)
	w.WriteHeader(http.StatusSeeOther)
	return true
}

// proofPath is where somebody signed in shows once more who they are.
const proofPath = "/identity"

// proofPathFor leads back to the page whose form was sent.
func (a *App) proofPathFor(r *http.Request) string {
	if from := a.pageBefore(r); from != "" {
		return proofPath + "?next=" + url.QueryEscape(from)
	}
	return proofPath
}

// errorView fills the page's words. It holds nothing of the request's path, so
// that the page for another merchant's id is the page for no id at all.
func (a *App) errorView(ctx context.Context, u user, p problem) templates.ErrorView {
	v := templates.ErrorView{Title: text.T(ctx, p.title), Help: text.T(ctx, p.help), Forbidden: p.status == http.StatusForbidden}
	if p.retry > 0 {
		v.Help = text.T(ctx, p.help, "wait", text.Duration(ctx, p.retry))
	}
	if len(p.needs) > 0 {
		v.Help = text.T(ctx, p.help, "needs", dutyNames(ctx, p.needs, text.T(ctx, "edge.or")))
	}
	if p.status == http.StatusInternalServerError {
		v.Reference = u.request
	}
	switch {
	case p.status == http.StatusUnauthorized && u.signedIn():
		v.ActionLabel, v.ActionHref = text.T(ctx, "edge.prove"), proofPath
	case p.title == text.K("factor.unenrolled_title"):
		v.ActionLabel, v.ActionHref = text.T(ctx, "factor.set_up"), factorsPath
	case !u.signedIn():
		v.ActionLabel, v.ActionHref = text.T(ctx, "edge.sign_in"), "/sign-in"
	default:
		v.ActionLabel, v.ActionHref = text.T(ctx, "edge.to_start"), "/"
	}
	return v
}

func (a *App) errorPage(w http.ResponseWriter, r *http.Request, u user, p problem) error {
	if u.request == "" {
		// Refused or failed before the session was read.
		u.request = infoOf(r).id
		r = r.WithContext(text.With(r.Context(), text.Locale{Lang: language(r, u), BuddhistEra: true, Now: a.Clock()}))
	}
	ctx := r.Context()
	v := a.errorView(ctx, u, p)
	if v.ActionHref == proofPath {
		v.ActionHref = a.proofPathFor(r)
	}
	switch {
	case isPartial(r):
		// Whatever part was asked for, the error takes the place of the content.
		w.Header().Set("HX-Retarget", "#main")
		w.Header().Set("HX-Reswap", "innerHTML")
		return a.respond(w, r, p.status, templates.Error(v))
	case u.signedIn():
		frame, err := a.frame(w, r, u, shell{})
		if err != nil {
			// The frame reads the database, which may be what is wrong.
			return a.respond(w, r, p.status, templates.ErrorAlone(a.bare(ctx, v.Title, "/"), v))
		}
		return a.respond(w, r, p.status, templates.ErrorPage(frame, v))
	default:
		return a.respond(w, r, p.status, templates.ErrorAlone(a.bare(ctx, v.Title, "/"), v))
	}
}

// renderFallback makes the page for when making a page fails.
func renderFallback() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteString(`<!DOCTYPE html><html lang="th"><meta charset="utf-8">`)
	for _, lang := range []text.Lang{text.TH, text.EN} {
		ctx := text.With(context.Background(), text.Locale{Lang: lang}) //nolint:forbidigo // rendered once at the start, for nobody
		v := templates.ErrorView{Title: text.T(ctx, "edge.unexpected_title"), Help: text.T(ctx, "edge.unexpected_help")}
		if err := templates.Error(v).Render(ctx, &buf); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), nil
}

func (a *App) serveFallback(w http.ResponseWriter) {
	w.Header().Set("Content-Type", htmlType)
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(a.fallback) // a caller that hung up is the only way this fails
}

func dutyNames(ctx context.Context, ds store.Duties, last string) string {
	names := make([]string, len(ds))
	for i, d := range ds {
		names[i] = text.T(ctx, text.Prefix("edge.duty.")+string(d))
	}
	if n := len(names); n > 1 && last != "" {
		return strings.Join(names[:n-1], ", ") + " " + last + " " + names[n-1]
	}
	return strings.Join(names, ", ")
}
