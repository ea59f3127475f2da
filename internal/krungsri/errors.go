package krungsri

import (
	"errors"
	"fmt"
	"strings"
)

// Outcome says what an exchange means for the thing that was asked.
type Outcome string

const (
	// Done: a success answer that names our request.
	Done Outcome = "done"
	// Refused: the bank clearly said no, and nothing happened.
	Refused Outcome = "refused"
	// Unknown: it may have happened. Never send again; settle it.
	Unknown Outcome = "unknown"
	// NotSent: no byte left this machine.
	NotSent Outcome = "not_sent"
)

var (
	// ErrNoEntry means the journal did not take the exchange, so it was not sent.
	ErrNoEntry = errors.New("the exchange could not be journaled before sending")
	// ErrUnrecorded means the exchange took place and its result could not be journaled. Nothing may be concluded from the
	// answer: the attempt counts as unknown until it is settled.
	ErrUnrecorded = errors.New("the result of the exchange could not be journaled")
	// ErrMismatch means a success answer about another reference, amount or document than ours. Freeze the item and raise an alarm.
	ErrMismatch = errors.New("the answer does not match the request")
	// ErrMalformed means the answer is not what the bank's interface allows.
	ErrMalformed = errors.New("the answer cannot be read")
	// ErrBadRequest means the request could not be encoded or lacks what every request needs.
	ErrBadRequest = errors.New("the request cannot be sent")
)

// Error is every error of a client method. Outcome decides what may be done next; the other members are evidence.
type Error struct {
	Operation           string
	HTTPStatus          int
	Code                string // of the bank's error envelope
	Message             string
	MessageTH           string
	ServerDateTime      string
	ClientTransactionID string
	ServerTransactionID string
	Outcome             Outcome
	Err                 error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "krungsri: %s: %s", e.Operation, e.Outcome)
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.HTTPStatus)
	}
	if e.Code != "" {
		fmt.Fprintf(&b, ": bank code %s: %s", e.Code, e.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// OutcomeOf reads the outcome of a client method's error. A nil error is Done; a foreign error is Unknown.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return Done
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Outcome
	}
	return Unknown
}
