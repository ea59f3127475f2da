package app

import (
	"context"
	"fmt"
	"time"

	"portal/internal/store"
)

// turns bounds how many do something at a time.
type turns chan struct{}

// take waits for a turn, and returns how to give it back.
func (t turns) take(ctx context.Context, patience time.Duration) (leave func(), err error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-timer.C:
		return nil, fmt.Errorf("%w: too many at once", store.ErrBusy)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
