package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"time"

	"portal/internal/store"
	"portal/web/text"
)

// maxBoxLeaves is how many entries one box holds: some months of a busy
// merchant.
const maxBoxLeaves = 1_000_000

// BoxMaker makes boxes of evidence that auditors asked for, one at a time, in
// memory that does not grow with them. Several may run: a box is made by one of
// them, and by another if that one goes away.
type BoxMaker struct {
	Store *store.Store // as the worker
	Clock func() time.Time
	Log   *slog.Logger
	Name  string // of this process
	// TrailKeys and WitnessKeys are the public keys that a box brings along, one
	// a line.
	TrailKeys, WitnessKeys string
	// Patience is how long a box waits for its leaves to be published, which
	// takes a tenth of a second as a rule; 0 means 10 s.
	Patience time.Duration
}

// Run makes boxes until ctx ends.
func (m *BoxMaker) Run(ctx context.Context) error {
	poll := time.NewTicker(time.Second)
	defer poll.Stop()
	for {
		if err := m.Drain(ctx); err != nil && ctx.Err() == nil {
			m.Log.WarnContext(ctx, "boxes could not be made", "error", err)
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Drain makes every box that waits, and puts away those whose time is over.
func (m *BoxMaker) Drain(ctx context.Context) error {
	for {
		b, err := m.Store.TakeUpBox(ctx, m.Name)
		if errors.Is(err, store.ErrNotFound) {
			_, err = m.Store.RemoveBoxes(ctx)
			return err
		}
		if err != nil {
			return err
		}
		if b.State != store.BoxAsked {
			continue
		}
		if err := m.make(ctx, b); err != nil {
			return err
		}
	}
}

// make makes one box, or writes down why it could not. An error means that not
// even that could be written.
func (m *BoxMaker) make(ctx context.Context, b store.Box) error {
	began := m.Clock()
	p := &packing{maker: m, b: b, actor: store.Actor{Merchant: b.Merchant}, at: began}
	err := p.pack(boxLanguage(ctx, b.Lang, began))
	of := func(f func(*store.Tx) error) error {
		// Whoever is told to stop still says that another may go on.
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return m.Store.Write(after, p.actor, f)
	}
	switch {
	case err == nil:
		m.Log.InfoContext(ctx, "a box is made", "box", b.ID, "entries", p.b.Entries, "size", p.out.size, "took", m.Clock().Sub(began))
		return nil
	case errors.Is(err, store.ErrStale):
		m.Log.WarnContext(ctx, "another worker took up this box", "box", b.ID, "attempt", b.Attempt)
		return nil
	case ctx.Err() != nil:
		return of(func(tx *store.Tx) error { return tx.LayDownBox(p.b, 0) })
	}
	m.Log.WarnContext(ctx, "a box could not be made", "box", b.ID, "attempt", b.Attempt, "error", err)
	why := store.BoxBroken
	switch {
	case errors.Is(err, store.ErrTooMany):
		return of(func(tx *store.Tx) error { return tx.FailBox(p.b, store.BoxTooMany) })
	case errors.Is(err, store.ErrNotPublished):
		why = store.BoxNotPublished
	}
	if b.LastAttempt() {
		return of(func(tx *store.Tx) error { return tx.FailBox(p.b, why) })
	}
	return of(func(tx *store.Tx) error { return tx.LayDownBox(p.b, time.Duration(b.Attempt)*10*time.Second) })
}

// boxLanguage is a context in the language of a box.
func boxLanguage(ctx context.Context, lang string, now time.Time) context.Context {
	l, ok := text.ParseLang(lang)
	if !ok {
		l = text.TH
	}
	return text.With(ctx, text.Locale{Lang: l, BuddhistEra: l == text.TH, Now: now})
}

// boxBytes keeps what is written in pieces, each in a transaction of its own, by
// which the others learn that somebody is at it.
type boxBytes struct {
	p      *packing
	ctx    context.Context //nolint:containedctx // an io.Writer has none; it lives as long as the packing
	buffer []byte
	no     int
	size   int64
	sum    hash.Hash
}

func newBoxBytes(ctx context.Context, p *packing) *boxBytes {
	return &boxBytes{p: p, ctx: ctx, buffer: make([]byte, 0, store.BoxPieceSize), sum: sha256.New()}
}

// Write implements io.Writer.
func (w *boxBytes) Write(b []byte) (int, error) {
	written := len(b)
	for len(b) > 0 {
		n := min(len(b), store.BoxPieceSize-len(w.buffer))
		w.buffer = append(w.buffer, b[:n]...)
		b = b[n:]
		if len(w.buffer) == store.BoxPieceSize {
			if err := w.flush(); err != nil {
				return 0, err
			}
		}
	}
	return written, nil
}

func (w *boxBytes) flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	_, _ = w.sum.Write(w.buffer) // a hash never fails
	err := w.p.maker.Store.Write(w.ctx, w.p.actor, func(tx *store.Tx) error { return tx.AddBoxPiece(w.p.b, w.no, w.buffer) })
	if err != nil {
		return fmt.Errorf("keeping a box: %w", err)
	}
	w.no++
	w.size += int64(len(w.buffer))
	w.buffer = w.buffer[:0]
	return nil
}
