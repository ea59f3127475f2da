package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

const (
	callbackPath = "/callbacks/krungsri/"
	// maxCallbacks is how many callbacks are taken in at a time, so that a storm
	// of them leaves connections to the database for people.
	maxCallbacks = 3
	// callbackTurn is how long one waits for its turn before the bank is asked
	// to come again.
	callbackTurn = 900 * time.Millisecond
	callbackTime = 5 * time.Second  // to read and to answer
	filesTime    = 30 * time.Second // the same, for one that brings files
)

var (
	errCallbackUnread = errors.New("reading a callback")
	errCallbackForged = errors.New("the callback is not the bank's")
)

// isCallback reports whether the request is for the bank's own route.
func (a *App) isCallback(r *http.Request) bool {
	_, pattern := a.mux.Handler(r)
	return strings.HasPrefix(pattern, "POST "+callbackPath)
}

// receiveCallback keeps what the bank says, before anybody reads it, and says
// thank you. Whatever follows is the worker's part: nothing in the body decides
// anything here.
func (a *App) receiveCallback(w http.ResponseWriter, r *http.Request, u user) error {
	product, ok := krungsri.CallbackProductNamed(strings.TrimPrefix(r.URL.Path, callbackPath))
	if !ok {
		return store.ErrNotFound
	}
	if r.ContentLength > krungsri.CallbackLimit && r.Header.Get(krungsri.HeaderSignature) == "" {
		return fmt.Errorf("%w: %d bytes without a signature", errCallbackForged, r.ContentLength) // not worth reading
	}
	leave, err := a.told.take(r.Context(), callbackTurn)
	if err != nil {
		return err
	}
	defer leave()
	patience := callbackTime
	if product.Limit > krungsri.CallbackLimit {
		patience = filesTime
	}
	deadline := time.Now().Add(patience) //nolint:forbidigo // a deadline of the socket, not of a rule
	c := http.NewResponseController(w)
	_ = errors.Join(c.SetReadDeadline(deadline), c.SetWriteDeadline(deadline)) // not every writer has deadlines; then the server's own hold
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", errCallbackUnread, err)
	}
	whose, forged, err := a.signedFor(r, body)
	if err != nil {
		return err
	}
	infoOf(r).callback = callbackRefusal(forged)
	kept := store.NewCallback{
		Product: product.Product, Address: u.address, Headers: callbackHeaders(r.Header), Body: body, Refusal: callbackRefusal(forged), SignedFor: whose,
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		_, err := tx.KeepCallback(kept)
		return err
	})
	switch {
	case err != nil:
		return err
	case forged != nil:
		return fmt.Errorf("%w: %w", errCallbackForged, forged)
	}
	return callbackAnswer(w, http.StatusOK, "{}")
}

// signedFor reports whether the bank signed a callback, and with which
// merchant's own secret; with none, by that of the installation.
func (a *App) signedFor(r *http.Request, body []byte) (whose store.ID, forged, err error) {
	now := a.Clock()
	forged = a.CallbackKeys.Verify(r.URL.Path, r.Header, body, now)
	if !errors.Is(forged, krungsri.ErrCallbackSignature) {
		return store.NoID, forged, nil
	}
	secrets, err := a.Store.BelievedSecrets(r.Context())
	if err != nil {
		return store.NoID, forged, err
	}
	for _, s := range secrets {
		verdict := krungsri.CallbackKeys{krungsri.Secret(s.Secret)}.Verify(r.URL.Path, r.Header, body, now)
		if !errors.Is(verdict, krungsri.ErrCallbackSignature) {
			return s.Merchant, verdict, nil
		}
	}
	return store.NoID, forged, nil
}

// callbackRefusal is the word the inbox keeps for why a callback is not the bank's.
func callbackRefusal(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, krungsri.ErrCallbackDigest):
		return "digest"
	case errors.Is(err, krungsri.ErrCallbackSignature):
		return "signature"
	case errors.Is(err, krungsri.ErrCallbackTime):
		return "time"
	}
	return "unsigned"
}

// callbackHeaders keeps the headers that the authenticity hangs on.
func callbackHeaders(h http.Header) string {
	var lines []string
	for _, name := range krungsri.CallbackHeaders {
		for _, v := range h.Values(name) {
			if len(lines) < 2*len(krungsri.CallbackHeaders) {
				lines = append(lines, name+": "+clip(v, 1000))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// serveBank answers a machine: no session, no page, only a status and a word
// about it. What went wrong inside is in the log.
func (a *App) serveBank(w http.ResponseWriter, r *http.Request, h handler) {
	info := infoOf(r)
	err := h(w, r, user{request: info.id, address: info.address})
	if err == nil {
		return
	}
	info.err, info.level = err, slog.LevelWarn
	status, word := http.StatusInternalServerError, "unexpected"
	_, isTooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case errors.Is(err, store.ErrNotFound):
		status, word = http.StatusNotFound, "no such product"
	case errors.Is(err, errCallbackForged):
		status, word = http.StatusUnauthorized, "signature"
		info.callback = cmp.Or(info.callback, "unsigned")
	case isTooLarge:
		status, word = http.StatusRequestEntityTooLarge, "too large"
		info.callback = "too_large"
	case store.Violated(err, "callbacks_do_not_flood"):
		status, word = http.StatusTooManyRequests, "too many"
		info.callback = "too_many"
		w.Header().Set("Retry-After", "600")
	case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrUnclear), r.Context().Err() != nil:
		// Kept or not, coming again does no harm.
		status, word = http.StatusServiceUnavailable, "busy"
		w.Header().Set("Retry-After", "5")
	case errors.Is(err, errCallbackUnread):
		status, word = http.StatusBadRequest, "the body could not be read"
	default:
		info.level = slog.LevelError
	}
	_ = callbackAnswer(w, status, fmt.Sprintf(`{"error":{"message":%q}}`, word)) // it never fails
}

func callbackAnswer(w http.ResponseWriter, status int, body string) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a caller that hung up is the only way this fails
	return nil
}
