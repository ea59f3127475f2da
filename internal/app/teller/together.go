package teller

import (
	"context"
	"errors"
	"sync"
	"time"

	"portal/internal/store"
)

// Several calls have something to record at about the same time. A commit
// costs the same for one of them as for all, so those that come while others
// are being committed wait for each other.
const (
	committers    = 2                // transactions at once, for each actor
	mostTogether  = 64               // in one of them
	togetherLimit = 20 * time.Second // for one of them
)

// together writes what several ask for at about the same time in one
// transaction. Nobody is told that something is written before it is committed,
// and what one of them cannot write holds up none of the others.
type together struct {
	store *store.Store

	mu    sync.Mutex
	lines map[store.Actor]*line
}

// line is what waits to be written in the name of one actor.
type line struct {
	waiting []*deed
	busy    int // committers at work
}

// deed is one thing to write: what a request is about to send, what came back,
// or how an attempt ended. Those of a kind are written by one statement.
type deed struct {
	begin *store.Exchange
	end   *store.Exchange
	ended *store.Ended
	done  chan error
}

func newTogether(s *store.Store) *together {
	return &together{store: s, lines: map[store.Actor]*line{}}
}

// write returns when the deed is committed.
func (g *together) write(ctx context.Context, a store.Actor, d deed) error {
	d.done = make(chan error, 1)
	g.mu.Lock()
	l, ok := g.lines[a]
	if !ok {
		l = &line{}
		g.lines[a] = l
	}
	l.waiting = append(l.waiting, &d)
	if l.busy < committers {
		l.busy++
		// Not the caller itself, who would write for others when its own is done.
		go g.serve(context.WithoutCancel(ctx), a, l)
	}
	g.mu.Unlock()
	return <-d.done
}

// serve commits until nothing waits.
func (g *together) serve(ctx context.Context, a store.Actor, l *line) {
	for {
		g.mu.Lock()
		n := min(len(l.waiting), mostTogether)
		some := l.waiting[:n:n]
		l.waiting = l.waiting[n:]
		if n == 0 {
			l.busy--
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
		g.commit(ctx, a, some)
	}
}

func (g *together) commit(ctx context.Context, a store.Actor, some []*deed) {
	err := g.try(ctx, a, some)
	// Where the database is away, or keeps to itself what became of it, nobody
	// fares better alone.
	if err == nil || len(some) == 1 || errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrUnclear) {
		for _, d := range some {
			d.done <- err
		}
		return
	}
	for _, d := range some {
		d.done <- g.try(ctx, a, []*deed{d})
	}
}

func (g *together) try(ctx context.Context, a store.Actor, some []*deed) error {
	ctx, cancel := context.WithTimeout(ctx, togetherLimit)
	defer cancel()
	var begins, ends []store.Exchange
	var ended []store.Ended
	for _, d := range some {
		switch {
		case d.begin != nil:
			begins = append(begins, *d.begin)
		case d.end != nil:
			ends = append(ends, *d.end)
		case d.ended != nil:
			ended = append(ended, *d.ended)
		}
	}
	return g.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := tx.BeginExchanges(begins...); err != nil {
			return err
		}
		if err := tx.EndExchanges(ends...); err != nil {
			return err
		}
		return endAttempts(tx, ended...)
	})
}
