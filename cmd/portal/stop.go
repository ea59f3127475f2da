package main

import (
	"context"
	"errors"
	"time"
)

var errNotInTime = errors.New("not everything ended in time and was cut off: the next start looks after it")

// within runs f, and once ctx has ended waits for it no longer than limit:
// whatever hangs, the process ends. What was under way is then found by the
// next start, as after a power cut.
func within(ctx context.Context, limit time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return errNotInTime
	}
}
