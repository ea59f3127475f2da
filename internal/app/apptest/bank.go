package apptest

import (
	"log/slog"
	"testing"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// Bank is the stand-in bank behind a portal, and the worker that sends to it.
type Bank struct {
	*sandbox.Bank
	Worker *teller.Worker
	Inbox  *teller.Inbox
	// CheckpointKey is what the trail is verified with.
	CheckpointKey string
	t             testing.TB
}

// OpenBank puts a bank, a sequencer and a worker behind the portal.
func (w *World) OpenBank() *Bank {
	w.t.Helper()
	bank, config := tellertest.OpenBank(w.t, w.URL)
	_, key := tellertest.Sequence(w.t, w.DB)
	worker := teller.NewWorker(w.DB.Store(store.Worker), teller.WorkerConfig{
		Name: "test", Bank: config, Merchants: w.installation().Merchants, Log: slog.New(slog.DiscardHandler),
	})
	inbox := teller.NewInbox(w.DB.Store(store.Worker), "test", nil, slog.New(slog.DiscardHandler))
	return &Bank{Bank: bank, Worker: worker, Inbox: inbox, CheckpointKey: key, t: w.t}
}

// CallBack has the bank deliver what it has to tell, and the portal read it.
func (b *Bank) CallBack() {
	b.t.Helper()
	if err := b.Deliver(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if err := b.Inbox.Drain(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// Send has the worker send all that is approved.
func (b *Bank) Send() {
	b.t.Helper()
	if err := b.Worker.Drain(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// Submitted is a bill of 1,070.00 baht that a person has submitted, and its lead.
func (w *World) Submitted(by, number string) (bill store.Presentment, lead store.ID) {
	w.t.Helper()
	a := w.Actor(by)
	bill = tellertest.Draft(w.t, w.Web, a, number)
	lead, err := teller.New(w.Web).SubmitPresentment(w.t.Context(), a, bill.ID, bill.Version, store.NewID().String())
	if err != nil {
		w.t.Fatal(err)
	}
	return bill, lead
}
