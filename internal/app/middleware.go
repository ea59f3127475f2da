package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/klauspost/compress/gzhttp"

	"portal/internal/store"
)

// layer wraps a handler.
type layer func(http.Handler) http.Handler

// chain puts layers around h, the first one outermost.
func chain(h http.Handler, layers ...layer) http.Handler {
	for _, l := range slices.Backward(layers) {
		h = l(h)
	}
	return h
}

// requestInfo collects what the one log line of a request says.
type requestInfo struct {
	id       string
	address  string
	route    string
	person   store.ID
	merchant store.ID
	status   int
	bytes    int64
	level    slog.Level
	err      error
	stack    string
	signIn   string // why somebody was not let in, for the observer
	callback string // why the bank was not believed
}

type infoKey struct{}

// infoOf returns the request's info; outside of the chain, an empty one.
func infoOf(r *http.Request) *requestInfo {
	if info, ok := r.Context().Value(infoKey{}).(*requestInfo); ok {
		return info
	}
	return &requestInfo{}
}

// identify gives the request an id of our own, never the caller's, and finds
// out where it comes from.
func (a *App) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := &requestInfo{id: uuid.Must(uuid.NewV7()).String(), address: clientAddress(r, a.TrustedHops)}
		w.Header().Set("Request-Id", info.id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), infoKey{}, info)))
	})
}

// clientAddress is the peer's address, or what the outermost of our own
// proxies saw: so many entries from the end of X-Forwarded-For. Everything
// before that is what the caller says about itself.
func clientAddress(r *http.Request, hops int) string {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		peer = r.RemoteAddr
	}
	if hops > 0 {
		entries := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if len(entries) >= hops {
			if ip, err := netip.ParseAddr(strings.TrimSpace(entries[len(entries)-hops])); err == nil {
				return ip.Unmap().WithZone("").String()
			}
		}
	}
	if ip, err := netip.ParseAddr(peer); err == nil {
		return ip.Unmap().WithZone("").String()
	}
	return "unknown"
}

// logAccess writes one line for each request when it is over. The path of a
// route holds ids only; the query, which may hold names, is left out.
func (a *App) logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := a.Clock()
		// Deferred, because a cut line passes here as a panic.
		defer a.logRequest(r, began)
		next.ServeHTTP(w, r)
	})
}

func (a *App) logRequest(r *http.Request, began time.Time) {
	info := infoOf(r)
	attrs := []slog.Attr{
		slog.String("request", info.id), slog.String("method", clip(r.Method, 16)), slog.String("route", info.route),
		slog.Int("status", info.status), slog.Int64("bytes", info.bytes),
		slog.Float64("ms", float64(a.Clock().Sub(began).Microseconds())/1000),
		slog.String("address", info.address), slog.String("agent", clip(r.UserAgent(), 200)),
	}
	if info.route != "" {
		attrs = append(attrs, slog.String("path", clip(r.URL.Path, 200)))
	}
	if info.person != store.NoID {
		attrs = append(attrs, slog.String("person", info.person.String()), slog.String("merchant", info.merchant.String()))
	}
	if info.err != nil {
		attrs = append(attrs, slog.String("error", clip(info.err.Error(), 1000)))
	}
	if info.stack != "" {
		attrs = append(attrs, slog.String("stack", clip(info.stack, 8000)))
	}
	a.Log.LogAttrs(context.WithoutCancel(r.Context()), info.level, "request", attrs...)
}

// clip shortens s to at most so many bytes of whole characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.ToValidUTF8(s[:most], "\uFFFD")
}

// compress squeezes text: a tenth smaller than at level 1, for a fiftieth of a
// millisecond more of a page that costs two. Pages hold no secret that a guess beside it could
// reveal by the length: there are no tokens in them.
func compress(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.CompressionLevel(5), gzhttp.MinSize(1024),
		gzhttp.ContentTypes([]string{"text/html", "text/csv", "application/json", "text/plain"}))
	if err != nil {
		panic(fmt.Sprintf("app: the options of compression are constants: %v", err))
	}
	return wrap(next)
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	info *requestInfo
}

func (w *recorder) WriteHeader(status int) {
	if w.info.status == 0 || w.info.status < 200 {
		w.info.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.info.status == 0 {
		w.info.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.info.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the real writer.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recover turns a panic into the page for unexpected errors.
func (a *App) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info := infoOf(r)
		rec := &recorder{w, info}
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // the very value, says net/http
				panic(p)
			}
			info.stack = string(debug.Stack())
			if info.status != 0 {
				// Half an answer is out; cutting the line is the only honest end.
				info.level, info.err = slog.LevelError, fmt.Errorf("panic: %v", p)
				panic(http.ErrAbortHandler)
			}
			a.fail(rec, r, user{}, fmt.Errorf("panic: %v", p))
		}()
		next.ServeHTTP(rec, r)
	})
}

// requireHost refuses requests for any other name than our own, so that no
// link, redirect or cookie can be made for one. Probes come by address.
func (a *App) requireHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		probe := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		if !probe && !strings.EqualFold(r.Host, a.origin.Host) {
			a.fail(w, r, user{}, errOtherHost)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// requireSameOrigin refuses unsafe requests that another site may have caused.
// The standard library lets a request pass that says nothing about its origin;
// browsers always say, and nobody else has business here but the bank, whose
// requests carry no cookie and count by their signature alone.
func (a *App) requireSameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
			next.ServeHTTP(w, r)
			return
		}
		if a.isCallback(r) {
			next.ServeHTTP(w, r)
			return
		}
		site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
		ours := site == "same-origin" || site == "" && strings.EqualFold(origin, a.origin.Scheme+"://"+a.origin.Host)
		if err := protection.Check(r); err != nil || !ours {
			a.fail(w, r, user{}, errCrossSite)
			return
		}
		next.ServeHTTP(w, r)
	})
}
