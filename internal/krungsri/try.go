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
// interface, and so for a sandbox only; and it only asks, since what changes something at the bank is approved first.
func Try(ctx context.Context, c *Client, operation string, body json.RawMessage) error {
	op, ok := OperationByID(operation)
	switch {
	case !c.config.Sandbox:
		return &Error{Operation: operation, Outcome: NotSent, Err: ErrNotSandbox}
	case !ok || op.Kind != Read:
		return &Error{Operation: operation, Outcome: NotSent, Err: fmt.Errorf("%w: %q is no question", ErrBadRequest, operation)}
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

// ObjectFault says why a body is not one JSON object that everybody reads alike, or nil.
func ObjectFault(body []byte) error { return wellFormed(body) }
