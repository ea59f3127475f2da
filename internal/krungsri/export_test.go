package krungsri

import "context"

// Ask sends a bare question, for operations that have no method yet.
func (c *Client) Ask(ctx context.Context, operation string, body any) (map[string]any, error) {
	return read(ctx, c, mustOperation(operation), body, func(map[string]any) error { return nil })
}

// Tell sends a bare instruction.
func (c *Client) Tell(ctx context.Context, operation string, ref Reference, body any) (map[string]any, error) {
	return write(ctx, c, mustOperation(operation), ref, body, func(map[string]any) error { return nil })
}

var Decode = decode
