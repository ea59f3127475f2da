package app

import (
	"context"
	"net/http"

	"portal/internal/store"
)

// frameKey holds what the frame of the page will show, once it is read.
type frameKey struct{}

type readCounts struct {
	counts store.FrameCounts
	read   bool
}

// countsAlong has the first thing that a page reads also read what its frame
// shows, in the same snapshot. What is sent without a frame does without.
func countsAlong(r *http.Request, u user) *http.Request {
	if r.Method != http.MethodGet || u.membership.Merchant == store.NoID || isPartial(r) {
		return r
	}
	kept := &readCounts{}
	ctx := store.Along(r.Context(), func(q *store.Query) (err error) {
		kept.counts, err = q.FrameCounts()
		kept.read = err == nil
		return err
	})
	return r.WithContext(context.WithValue(ctx, frameKey{}, kept))
}

// frameCounts are what the frame shows, read along with the page or, where the
// page read nothing, now.
func (a *App) frameCounts(ctx context.Context, u user) (store.FrameCounts, error) {
	if kept, ok := ctx.Value(frameKey{}).(*readCounts); ok && kept.read {
		return kept.counts, nil
	}
	var counts store.FrameCounts
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		counts, err = q.FrameCounts()
		return err
	})
	return counts, err
}
