package krungsri

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNotSandbox means that a client of the real bank was asked to try something out.
var ErrNotSandbox = errors.New("the bank that is called is no sandbox")

// Try sends a body as it was written, once, and has its answer journaled like any other. It is for whoever builds on the bank's
// interface, and so for a sandbox only: there, what changes something changes it for nobody.
func Try(ctx context.Context, c *Client, operation string, body json.RawMessage) error {
	op, ok := OperationByID(operation)
	switch {
	case !c.config.Sandbox:
		return &Error{Operation: operation, Outcome: NotSent, Err: ErrNotSandbox}
	case !ok:
		return &Error{Operation: operation, Outcome: NotSent, Err: fmt.Errorf("%w: %q is no operation", ErrBadRequest, operation)}
	}
	if err := wellFormed(body); err != nil {
		return unsendable(op, fmt.Errorf("%w: %w", ErrBadRequest, err))
	}
	call, err := c.newCall(op, "", body)
	if err != nil {
		return unsendable(op, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	_, err = send(ctx, c, call, func(json.RawMessage) error { return nil })
	return err
}

// Wire is a request as it leaves: where it goes, and its headers in their order, of which some are made when it does.
type Wire struct {
	Method, Path string
	Headers      []WireHeader
}

// WireHeader is a header of a request; an empty value is made as the request leaves.
type WireHeader struct{ Name, Value string }

// WireOf is how a body will leave as a request of an operation, with no secret in it.
func WireOf(op Operation, body json.RawMessage) Wire {
	if compact, err := json.Marshal(body); err == nil {
		body = compact // what the client makes of it, byte by byte
	}
	w := Wire{Method: op.Method, Path: op.Path, Headers: []WireHeader{
		{"Authorization", "Bearer " + hidden}, {"Content-Type", "application/json"}, {"Accept", "application/json"}, {"Date", ""},
		{HeaderTransactionID, ""}, {HeaderTransactionDateTime, ""},
	}}
	if op.Signed {
		w.Headers = append(w.Headers, WireHeader{HeaderDigest, Digest(body)}, WireHeader{HeaderSignature, ""})
	}
	return w
}

// ObjectFault says why a body is not one JSON object that everybody reads alike, or nil.
func ObjectFault(body []byte) error { return wellFormed(body) }
