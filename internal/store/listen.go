package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/lib/pq"
)

// ApprovedChannel is notified soon after an instruction was approved.
const ApprovedChannel = "approved"

var sqlNotify = statement(`SELECT pg_notify($1, '')`)

// wakePause gathers what is approved meanwhile into one notification.
const wakePause = 5 * time.Millisecond

// WakeApproved notifies ApprovedChannel, after the transaction that it is
// about: of transactions that notify, Postgres commits only one at a time. A
// notification that is lost is no harm, since the worker looks by itself.
func (s *Store) WakeApproved(ctx context.Context) {
	if s.waking.Swap(true) {
		return // the one that is about to be sent is for this one as well
	}
	ctx = context.WithoutCancel(ctx) // whoever approved need not wait for it
	time.AfterFunc(wakePause, func() {
		s.waking.Store(false)
		var nothing string
		_ = s.row(ctx, &nothing, sqlNotify, ApprovedChannel)
	})
}

// Listen signals on the returned channel whenever channel is notified, and
// after every reconnection, since a notification may then have been lost. It
// needs a direct connection: a pooler in transaction mode does not pass
// notifications on. The channel is never closed; listening ends with ctx.
func Listen(ctx context.Context, dsn, channel string, log *slog.Logger) (<-chan struct{}, error) {
	l := pq.NewListener(dsn, 100*time.Millisecond, 10*time.Second, func(_ pq.ListenerEventType, err error) {
		if err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "listening to Postgres", "channel", channel, "err", err)
		}
	})
	if err := l.Listen(channel); err != nil {
		return nil, fmt.Errorf("listening on %s: %w", channel, err)
	}
	wake := make(chan struct{}, 1)
	go func() {
		defer func() { _ = l.Close() }() // the process or the test is ending
		for {
			select {
			case <-ctx.Done():
				return
			case <-l.Notify:
				select {
				case wake <- struct{}{}:
				default: // a signal is already waiting
				}
			}
		}
	}()
	return wake, nil
}
