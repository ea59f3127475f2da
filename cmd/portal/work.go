package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"portal/internal/app"
	"portal/internal/app/notify"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// work sends what was approved, and numbers and publishes the audit trail.
func (p *program) work(ctx context.Context, args []string) error {
	if err := parse(p.flags("work"), args, 0); err != nil {
		return err
	}
	c, err := load("work", p.lookup)
	if err != nil {
		return err
	}
	log := p.logger(c)
	if err := store.CheckSchema(ctx, c.databaseFor(c.databaseWork)); err != nil {
		return err
	}
	sinks := []store.Publisher{store.LogSink{Handler: log.Handler(), Clock: time.Now}}
	if c.checkpointFile != "" {
		file, err := store.OpenFileSink(c.checkpointFile)
		if err != nil {
			return err
		}
		defer closing(log, file.Close)
		sinks = append(sinks, file)
	}
	seen, err := c.newObserver("worker", log)
	if err != nil {
		return err
	}
	defer seen.close(ctx, log)
	log.InfoContext(ctx, "working", "version", version())
	return within(ctx, drainTime, func() error { return c.runWorker(ctx, log, sinks, seen) })
}

// runWorker runs a worker, and beside it the sequencer of the audit trail,
// until ctx ends. The sequencer ends last, because the worker waits for its
// intents to be published.
func (c config) runWorker(ctx context.Context, log *slog.Logger, sinks []store.Publisher, seen *observer) error {
	if err := c.tryBank(); err != nil {
		return err
	}
	signer, err := store.ParseTrailSigner(c.checkpointKey)
	if err != nil {
		return err
	}
	if c.checkpointVerifier == "" {
		if c.checkpointVerifier, err = store.PublicTrailKey(c.checkpointKey); err != nil {
			return err
		}
	}
	keys, err := store.ParseTrailKeys(c.checkpointVerifier)
	if err != nil {
		return err
	}
	cosigner, err := c.cosigner()
	if err != nil {
		return err
	}
	seal, err := store.NewSeal(c.sealKeys...)
	if err != nil {
		return err
	}
	work, err := store.Open(ctx, c.databaseFor(c.databaseWork), store.Worker, store.Options{MaxConns: c.workConns, Seal: seal, MarkKey: c.markKey, Witnesses: c.witnessKeys, Observe: seen.transactions()})
	if err != nil {
		return err
	}
	defer closing(log, work.Close)
	if err := work.CheckKeys(ctx, nil); err != nil {
		return err
	}
	c.bank.Observe = seen.calls()
	seen.pool("worker", work)
	seen.backlog(work)
	if err := tellDrift(ctx, log, work); err != nil {
		return err
	}
	sequence, err := store.Open(ctx, c.databaseFor(c.databaseSequencer), store.Sequencer, store.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer closing(log, sequence.Close)
	seen.pool("sequencer", sequence)
	wake, err := store.Listen(ctx, c.databaseFor(c.databaseWork), store.ApprovedChannel, log)
	if err != nil {
		return err
	}
	notifier, err := c.newNotifier(work, log)
	if err != nil {
		return err
	}
	told, err := store.Listen(ctx, c.databaseFor(c.databaseWork), store.CallbackChannel, log)
	if err != nil {
		return err
	}
	inbox := teller.NewInbox(work, workerName(), told, log)
	sealer := make(chan struct{}, 1)
	worker := teller.NewWorker(work, teller.WorkerConfig{
		Name: workerName(), Bank: c.bank, Merchants: c.bankMerchants, Wake: wake, Sealer: sealer, Log: log, AtOnce: c.workCalls, Observe: seen.attempts(),
	})

	last, stopLast := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLast()
	group, working := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer stopLast()
		return worker.Run(working)
	})
	group.Go(func() error { return notifier.Run(working) })
	group.Go(func() error { return inbox.Run(working) })
	boxes := &app.BoxMaker{Store: work, Clock: time.Now, Log: log, Name: workerName(), TrailKeys: c.checkpointVerifier, WitnessKeys: c.witnessVerifier}
	group.Go(func() error { return boxes.Run(working) })
	group.Go(func() error { return work.KeepChecked(working, store.Checking{Keys: keys, Log: log}) })
	group.Go(func() error {
		return sequence.Sequence(last, store.Sequencing{Signers: []note.Signer{signer}, Sinks: seen.sinks(sinks), Witness: seen.witness(cosigner), Wake: sealer, Log: log})
	})
	ready := func(asked context.Context) error {
		if ctx.Err() != nil {
			return app.ErrDraining
		}
		return work.Read(asked, store.Actor{}, func(*store.Query) error { return nil })
	}
	return c.watched(ctx, seen, ready, log, group.Wait)
}

// tryBank makes a client, so that a certificate that does not parse stops the
// start, and not a payment. Where merchants enter their own credentials, what
// is common to all of them is tried with none that anybody has.
func (c config) tryBank() error {
	bank := c.bank
	if bank.ClientID == "" {
		bank.ClientID, bank.ClientSecret = "nobody", "nothing"
	}
	_, err := krungsri.New(bank, refusingJournal{})
	return err
}

// newNotifier tells people what happens, by mail too where a server is set.
func (c config) newNotifier(s *store.Store, log *slog.Logger) (*notify.Notifier, error) {
	n := notify.Config{Origin: c.origin, Trial: !c.production, Log: log}
	switch {
	case c.smtp != "":
		if c.origin == "" {
			return nil, errors.New("PORTAL_ORIGIN is needed with SMTP_URL: the mails lead there")
		}
		server, err := notify.NewSMTP(c.smtp, c.mailFrom)
		if err != nil {
			return nil, fmt.Errorf("SMTP_URL: %w", err)
		}
		n.Mail = server
	case c.outbox != nil:
		n.Mail = c.outbox
	}
	return notify.New(s, n), nil
}

// workerName tells one process from another in the audit trail.
func workerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s/%d", host, os.Getpid())
}

// refusingJournal keeps a client that only tries its settings from calling
// anybody.
type refusingJournal struct{}

var errNoCalls = errors.New("this client makes no calls")

func (refusingJournal) Begin(context.Context, krungsri.Exchange) (string, error) {
	return "", errNoCalls
}

func (refusingJournal) End(context.Context, string, krungsri.Result) error { return errNoCalls }

// closing closes something at the end of a process, when all that is left to
// do about a failure is to say so.
func closing(log *slog.Logger, f func() error) {
	if err := f(); err != nil {
		log.Warn("closing", "err", err)
	}
}

// tellDrift logs every trigger, grant and policy of the database that is not
// as the migrations made it. It stops nothing: another version of Postgres
// words some of them differently.
func tellDrift(ctx context.Context, log *slog.Logger, s *store.Store) error {
	return s.Read(ctx, store.Actor{}, func(q *store.Query) error {
		drift, err := q.GuardDrift()
		for _, d := range drift {
			log.ErrorContext(ctx, "a guard of the database is not as it was made", "difference", d)
		}
		return err
	})
}
