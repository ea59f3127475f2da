package teller

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// lease is how long an attempt may be in a worker's hands: the wait for its
// intent to be published, the reading of its document, the call (20 s), the
// recording of the answer, and some room, because giving up too early turns a
// good answer into an unknown.
const lease = 60 * time.Second

// publishWait is how long a worker waits for the audit trail before it puts
// its instructions back, unsent.
const publishWait = 15 * time.Second

// Worker sends what was approved. Several may run; the schema and the claims
// keep them off each other's instructions.
type Worker struct {
	store *store.Store
	name  string
	bank  krungsri.Config
	// installation says whose the credentials in bank are.
	installation Installation
	wake         <-chan struct{}
	log          *slog.Logger
	// atOnce is how many calls may be in flight.
	atOnce   int
	patience time.Duration // the lease
	observe  func(context.Context, string, store.ID, []string) (context.Context, func(bool))

	sealer chan<- struct{}
	ledger *together

	mu    sync.Mutex
	banks map[store.ID]client // by merchant
}

// WorkerConfig says how a worker works.
type WorkerConfig struct {
	Name string          // stands in the audit trail
	Bank krungsri.Config // whom to call, and with the credentials of the installation, if it has any
	// Merchants are whose those credentials are, as Installation has it.
	Merchants []store.ID
	// Wake is signalled when something was approved; nil means polling only.
	Wake <-chan struct{}
	// Sealer, which may be nil, is told when intents wait to be published: the
	// Wake of a sequencer in the same process.
	Sealer chan<- struct{}
	Log    *slog.Logger
	AtOnce int // calls in flight; 0 means 8
	// Observe, if given, is called when an attempt is about to be made, with the
	// traces in which it was approved, and may add to the context of all that is
	// done for it; what it returns is called when its outcome is recorded, or
	// could not be.
	Observe func(ctx context.Context, operation string, attempt store.ID, traces []string) (context.Context, func(failed bool))
	Lease   time.Duration // 0 means the default; shorter only in tests
}

// NewWorker makes a worker. The store must act as store.Worker.
func NewWorker(s *store.Store, c WorkerConfig) *Worker {
	if c.AtOnce == 0 {
		c.AtOnce = 8
	}
	if c.Lease == 0 {
		c.Lease = lease
	}
	if c.Observe == nil {
		c.Observe = func(ctx context.Context, _ string, _ store.ID, _ []string) (context.Context, func(bool)) {
			return ctx, func(bool) {}
		}
	}
	return &Worker{
		observe: c.Observe,
		store:   s, name: c.Name, bank: c.Bank, installation: Installation{None: c.Bank.ClientID == "", Merchants: c.Merchants}, wake: c.Wake, log: c.Log, atOnce: c.AtOnce, patience: c.Lease,
		sealer: c.Sealer, ledger: newTogether(s), banks: map[store.ID]client{},
	}
}

// poll is the net under the wake-ups: how long something approved may lie
// unseen when a notification was lost.
const poll = 2 * time.Second

// Run works until ctx is done, then finishes the calls in flight, and claims
// nothing more. Sending goes on beside all else, so that a long run holds up
// neither what is asked of the bank nor what a dead worker left.
func (w *Worker) Run(ctx context.Context) error {
	send, sent := make(chan struct{}, 1), make(chan struct{}, 1)
	var sender sync.WaitGroup
	sender.Go(func() {
		for range send {
			n, err := w.drain(ctx)
			if err != nil && ctx.Err() == nil {
				w.log.ErrorContext(ctx, "worker: sending", "err", err)
			}
			if n > 0 {
				nudge(sent)
			}
		}
	})
	defer sender.Wait()
	defer close(send)
	tick, minute := time.NewTicker(poll), time.NewTicker(time.Minute)
	defer tick.Stop()
	defer minute.Stop()
	due := true // whether it is looked for what comes by itself
	for {
		nudge(send)
		w.lookAfter(ctx, due)
		due = false
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-minute.C:
			due = true
		case <-w.wake:
		case <-sent: // what was taken is booked, what is unknown asked about
		}
	}
}

// nudge has whoever listens on c look once more.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// lookAfter does all but sending; where it is due, what comes by itself, too.
func (w *Worker) lookAfter(ctx context.Context, due bool) {
	for _, chore := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"looking for new credentials", w.FollowCredentials},
		{"trying credentials", w.TryCredentials},
		{"looking after overdue work", w.Settle},
		{"asking by night", func(ctx context.Context) error {
			if !due {
				return nil
			}
			return errors.Join(w.nightly(ctx), w.compareByNight(ctx))
		}},
		{"looking after alerts", func(ctx context.Context) error {
			if !due {
				return nil
			}
			return w.MindAlerts(ctx)
		}},
		{"asking about alerts", w.AskAboutAlerts},
		{"asking about debits", w.AskAboutDebits},
		{"booking debits", w.BookDebits},
		{"asking about requests to pay", w.AskAboutRequests},
		{"looking after blocks", w.LookAfterBlocks},
		{"asking the bank", w.AskBank},
		{"trying the bank out", w.TryOut},
	} {
		if err := chore.do(ctx); err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "worker: a chore failed", "chore", chore.name, "err", err)
		}
	}
}

// claim takes what may be sent, with an attempt for each, and ends what may
// not. It commits before it returns.
func (w *Worker) claim(ctx context.Context, limit int) (sending []store.Claimed, found int, err error) {
	err = w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		sending = nil
		list, err := tx.Claimable(limit, Operations())
		if err != nil {
			return err
		}
		found = len(list)
		for _, c := range list {
			reason := c.Refusal()
			if reason == "" {
				sending = append(sending, c)
				continue
			}
			own := tx.For(c.MerchantID)
			if err := own.Move(c.Instruction, store.Approved, store.Expired, reason, ""); err != nil {
				return err
			}
			if err := afterOutcome(own, c.Instruction, store.Expired); err != nil {
				return err
			}
		}
		if err := tx.Attempt(w.name, sending, w.patience); err != nil {
			return err
		}
		var debits []store.ID // of all merchants at once
		for _, c := range sending {
			if c.Subject.Kind() == "debit" {
				debits = append(debits, c.SubjectID())
			} else if err := project(tx.For(c.MerchantID), c.Subject); err != nil {
				return err
			}
		}
		return tx.FollowDebits(debits...)
	})
	return sending, found, err
}

// putOff sends the first in the queue to its back, because it cannot be claimed.
func (w *Worker) putOff(ctx context.Context, cause error) error {
	return w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		list, err := tx.Claimable(1, Operations())
		if err != nil || len(list) == 0 {
			return err
		}
		w.log.ErrorContext(ctx, "worker: put off what cannot be claimed", "instruction", list[0].ID, "err", cause)
		return tx.PutOff(list[0].Instruction, cause.Error())
	})
}

func (w *Worker) awaitPublished(ctx context.Context, claimed []store.Claimed) error {
	ctx, cancel := context.WithTimeout(ctx, min(publishWait, w.patience/4))
	defer cancel()
	nudge(w.sealer)
	leaves := make([]store.ID, len(claimed))
	for n, c := range claimed {
		leaves[n] = c.LeafID
	}
	return w.store.AwaitPublished(ctx, leaves)
}

// putBack ends attempts of which nothing was sent.
func (w *Worker) putBack(ctx context.Context, claimed []store.Claimed, cause error) error {
	errs := []error{fmt.Errorf("the audit trail or the bank is behind, nothing was sent: %w", cause)}
	for _, c := range claimed {
		errs = append(errs, w.finish(ctx, c.Instruction, c.AttemptID, store.AttemptResult{Outcome: store.NotSent, Code: "trail_behind"}))
	}
	return errors.Join(errs...)
}

// send makes the one call of an attempt and records what came of it.
func (w *Worker) send(ctx context.Context, c store.Claimed) (err error) {
	ctx, ended := w.observe(ctx, c.Operation, c.AttemptID, strings.Fields(c.Traces))
	defer func() { ended(err != nil) }()
	bank, err := w.bankOf(ctx, c.MerchantID)
	if err != nil {
		return w.finish(ctx, c.Instruction, c.AttemptID, store.AttemptResult{Outcome: store.NotSent, Code: "no_bank", Message: err.Error()})
	}
	reference, err := operations[c.Operation].send(ctx, bank, w.store, c)
	if e, ok := errors.AsType[*krungsri.Error](err); ok && errors.Is(err, krungsri.ErrUnrecorded) {
		// The only trace of what the bank said; whoever settles it will want it.
		w.log.ErrorContext(ctx, "worker: the bank's answer could not be recorded", "attempt", c.AttemptID,
			"transaction_id", e.ClientTransactionID, "http_status", e.HTTPStatus, "code", e.Code, "err", err)
	}
	return w.finish(ctx, c.Instruction, c.AttemptID, resultOf(reference, err))
}

// resultOf says what the end of a call means for the instruction.
func resultOf(reference string, err error) store.AttemptResult {
	if err == nil {
		return store.AttemptResult{Outcome: store.Done, BankReference: reference}
	}
	switch {
	case errors.Is(err, errUnsendable):
		// Proven not sent, and no repetition would make it sendable.
		return store.AttemptResult{Outcome: store.Failed, Code: store.ReasonNotIntact, Message: err.Error()}
	case errors.Is(err, krungsri.ErrBadRequest):
		return store.AttemptResult{Outcome: store.Failed, Code: "bad_request", Message: err.Error()}
	case errors.Is(err, errNotBuilt):
		return store.AttemptResult{Outcome: store.NotSent, Code: "not_built", Message: err.Error()}
	}
	e, ok := errors.AsType[*krungsri.Error](err)
	if !ok {
		return store.AttemptResult{Outcome: store.Unknown, Message: err.Error()}
	}
	message := e.Message
	if message == "" {
		message = e.Error()
	}
	return judged(e.Outcome, e.Code, message, e.MessageTH)
}

// judged is what an exchange means for its instruction, whether the worker has
// just heard it or somebody finds it in the journal later.
func judged(outcome krungsri.Outcome, code, message, messageTH string) store.AttemptResult {
	r := store.AttemptResult{Outcome: store.Unknown, Code: code, Message: message, MessageTH: messageTH}
	switch outcome {
	case krungsri.Done:
		return store.AttemptResult{Outcome: store.Done}
	case krungsri.NotSent:
		r.Outcome = store.NotSent
	case krungsri.Refused:
		r.Outcome = store.Failed
	}
	return r
}

// finish records the outcome with all that follows from it, in one
// transaction. An attempt that has ended meanwhile is left as it is: the
// answer stands in the journal as evidence.
func (w *Worker) finish(ctx context.Context, i store.Instruction, attempt store.ID, r store.AttemptResult) error {
	err := w.ledger.write(ctx, w.actor(i.MerchantID), deed{ended: &store.Ended{Instruction: i, Attempt: attempt, AttemptResult: r}})
	point("recorded")
	if errors.Is(err, store.ErrStale) {
		w.log.WarnContext(ctx, "worker: late answer kept as evidence only", "attempt", attempt, "outcome", r.Outcome)
		return nil
	}
	return err
}

// endAttempts records how attempts of the acting merchant ended, with all that
// follows from it.
func endAttempts(tx *store.Tx, list ...store.Ended) error {
	if err := tx.EndAttempts(list...); err != nil {
		return err
	}
	subjects := make([]store.Subject, len(list))
	for n, e := range list {
		if err := endParts(tx, e.Instruction, e.Outcome); err != nil {
			return err
		}
		subjects[n] = e.Subject
	}
	return projectAll(tx, subjects)
}

func (w *Worker) actor(merchant store.ID) store.Actor {
	return store.Actor{Merchant: merchant, Request: "worker " + w.name}
}

func hashOf(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}
