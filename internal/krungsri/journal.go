package krungsri

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"
)

// Reference names one attempt of a writing operation. It travels to the bank where the operation has a member for it.
type Reference string

// Journal records every exchange with the bank, token calls included.
//
// Begin must have committed when it returns: the request leaves only after it gave an id and no error. End is called once for
// each successful Begin, also when the caller has gone away; if it fails, the caller is told that the result is unrecorded.
type Journal interface {
	Begin(ctx context.Context, x Exchange) (id string, err error)
	End(ctx context.Context, id string, r Result) error
}

// Exchange is one request, as it is about to be written. It holds no credential, but its body holds what the customer
// entrusted to us: seal it.
type Exchange struct {
	Operation           string    // an operation's id, or TokenOperation
	Reference           Reference // of the attempt; empty for reads and token calls
	Method              string
	Path                string
	ClientTransactionID string
	Header              http.Header // credentials masked
	Body                []byte      // the exact bytes, except that a token call's secret is masked
	BodySHA256          [sha256.Size]byte
	At                  time.Time
}

// Result is what became of an exchange.
type Result struct {
	HTTPStatus int // 0 when no answer came
	Header     http.Header
	Body       []byte // at most 1 MiB; tokens masked
	Outcome    Outcome
	Code       string // the bank's error code, if it gave one
	Error      string
	Sent       bool // false only if certainly no byte of the request was written
	At         time.Time
}
