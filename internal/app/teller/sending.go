package teller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"portal/internal/store"
)

// How many instructions a worker claims at once: few to begin with, and more
// while it runs out of them before the next are claimed and published. What
// waits in its hands no other worker can send.
const (
	fewClaims  = 8
	mostClaims = 256
)

// sending is one run of a worker through all that is approved.
type sending struct {
	w       *Worker
	asked   context.Context //nolint:containedctx // it lives as long as the run
	claims  int             // to ask for next
	senders int             // at work
	queue   chan ready      // claimed and published, and not yet begun
	group   sync.WaitGroup
	open    atomic.Int64  // claimed, and not yet ended
	ended   atomic.Int64  // since the start
	moved   chan struct{} // told when one was begun or has ended

	mu   sync.Mutex
	errs []error
}

// ready is an instruction that may be sent as long as its claim is fresh: what
// the last gate saw when it was claimed grows old.
type ready struct {
	store.Claimed
	*hold
}

// hold is what the instructions of one claim have in common.
type hold struct {
	fresh context.Context //nolint:containedctx // how long it may be acted upon
	end   context.CancelFunc
	left  atomic.Int64
}

// Drain sends until nothing approved is left to claim. While some of it is on
// its way, the next is claimed and its intent published. What is begun is not
// tied to ctx: whoever waits may go away, the outcome is still recorded. What is
// not begun when ctx ends is put back.
func (w *Worker) Drain(ctx context.Context) error {
	_, err := w.drain(ctx)
	return err
}

// drain is Drain, and tells how many it looked at.
func (w *Worker) drain(ctx context.Context) (looked int, err error) {
	s := &sending{
		w: w, asked: ctx, claims: max(fewClaims, min(w.atOnce, mostClaims)), queue: make(chan ready, mostClaims), moved: make(chan struct{}, 1),
	}
	for ctx.Err() == nil && s.well() {
		ended := s.ended.Load()
		found, err := s.next(ctx)
		looked += found
		if err != nil {
			s.failed(err)
			break
		}
		if found > 0 {
			s.await(func() bool { return len(s.queue) <= s.claims/2 })
			continue
		}
		if s.open.Load() == 0 && s.ended.Load() == ended {
			break
		}
		// What ends may have parts that follow it.
		s.await(func() bool { return s.ended.Load() != ended })
	}
	close(s.queue)
	s.group.Wait()
	return looked, errors.Join(s.errs...)
}

// next claims some, waits until their intents stand in a published checkpoint,
// and queues them. It returns how many it looked at.
func (s *sending) next(asked context.Context) (int, error) {
	list, found, err := s.w.claimSome(asked, s.claims)
	if err != nil || len(list) == 0 {
		return found, err
	}
	point("claimed")
	c := &hold{}
	c.left.Store(int64(len(list)))
	c.fresh, c.end = context.WithTimeout(asked, min(publishWait, s.w.patience/4))
	if err := s.w.awaitPublished(c.fresh, list); err != nil { //nolint:contextcheck // it is the context of the run, cut short
		c.end()
		return found, s.w.putBack(context.WithoutCancel(asked), list, err)
	}
	point("published")
	if idle := s.senders > 0 && s.open.Load() < int64(s.senders); idle && found == s.claims {
		s.claims = min(2*s.claims, mostClaims)
	}
	s.open.Add(int64(len(list)))
	for range min(len(list), s.w.atOnce-s.senders) {
		s.senders++
		s.group.Go(s.send)
	}
	for _, i := range list {
		s.queue <- ready{i, c}
	}
	return found, nil
}

// await returns when it is so, or the run is to end, or after a while.
func (s *sending) await(so func() bool) {
	enough := time.NewTimer(poll)
	defer enough.Stop()
	for s.asked.Err() == nil && !so() {
		select {
		case <-s.moved:
		case <-enough.C:
			return
		case <-s.asked.Done():
		}
	}
}

// send sends what is queued, one after another.
func (s *sending) send() {
	ctx := context.WithoutCancel(s.asked)
	for r := range s.queue {
		s.tell()
		var err error
		if r.fresh.Err() == nil {
			err = s.w.send(ctx, r.Claimed)
		} else {
			err = s.w.putBack(ctx, []store.Claimed{r.Claimed}, fmt.Errorf("it waited too long for its turn: %w", r.fresh.Err()))
		}
		if r.left.Add(-1) == 0 {
			r.end()
		}
		if err != nil {
			s.failed(err)
		}
		s.ended.Add(1)
		s.open.Add(-1)
		s.tell()
	}
}

func (s *sending) tell() {
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

func (s *sending) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs = append(s.errs, err)
}

func (s *sending) well() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.errs) == 0
}

// claimSome claims at most so many, and when that fails one of them, because
// one that cannot be claimed must not hold up the others.
func (w *Worker) claimSome(ctx context.Context, limit int) (list []store.Claimed, found int, err error) {
	list, found, err = w.claim(ctx, limit)
	if err == nil || errors.Is(err, store.ErrBusy) {
		return list, found, err
	}
	list, found, alone := w.claim(ctx, 1)
	if alone != nil {
		return nil, 0, errors.Join(err, w.putOff(ctx, err))
	}
	return list, max(1, found), nil
}
