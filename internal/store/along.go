package store

import "context"

type alongKey struct{}

// along is something to be read together with whatever a page reads first.
type along struct {
	read func(*Query) error
	done bool
}

// Along returns a context with which the first successful Read of the same
// actor also runs f, at the end of its own snapshot. It saves every page the
// round trips of a transaction of its own for what its frame shows.
func Along(ctx context.Context, f func(*Query) error) context.Context {
	return context.WithValue(ctx, alongKey{}, &along{read: f})
}

// readAlong runs what Along asked for, once.
func (q *Query) readAlong() error {
	a, ok := q.ctx.Value(alongKey{}).(*along)
	if !ok || a.done || q.actor.Person == NoID {
		return nil
	}
	a.done = true
	return a.read(q)
}
