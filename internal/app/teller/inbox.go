package teller

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// Inbox reads what the bank told us by itself: which bill it is about, whether
// it is news, and what follows. It must never let anything follow from a
// callback that the bank did not sign, or that does not agree with our own
// records. Several may run.
type Inbox struct {
	store *store.Store
	name  string
	wake  <-chan struct{}
	log   *slog.Logger
}

// NewInbox makes a reader of callbacks. The store must act as store.Worker;
// wake is signalled when one has come in, nil means polling only.
func NewInbox(s *store.Store, name string, wake <-chan struct{}, log *slog.Logger) *Inbox {
	return &Inbox{store: s, name: name, wake: wake, log: log}
}

// Run reads until ctx is done.
func (n *Inbox) Run(ctx context.Context) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		if err := n.Drain(ctx); err != nil && ctx.Err() == nil {
			n.log.ErrorContext(ctx, "inbox: reading callbacks", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-n.wake:
		}
	}
}

// Drain reads until nothing is left to read now.
func (n *Inbox) Drain(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := n.readNext(ctx); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		}
	}
	return nil
}

// maxTries is after how many failures a callback goes to a person.
const maxTries = 20

// readNext reads one callback in one transaction. One that cannot be read must
// not hold up the others, so its failure puts it off.
func (n *Inbox) readNext(ctx context.Context) error {
	var c store.Callback
	err := n.store.Write(ctx, n.actor(), func(tx *store.Tx) (err error) {
		if c, err = tx.NextCallback(); err != nil {
			return err
		}
		return n.read(ctx, tx, c)
	})
	if err == nil || c.ID == store.NoID || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrBusy) || ctx.Err() != nil {
		return err
	}
	if store.Violated(err, "callback_is_of_whose_secret_signed_it") {
		return n.store.Write(ctx, n.actor(), func(tx *store.Tx) error {
			return tx.ReadCallback(c, store.CallbackReading{Merchant: c.SignedFor.UUID, State: store.CallbackQuarantined, Reason: reasonOtherMerchant})
		})
	}
	n.log.ErrorContext(ctx, "inbox: a callback could not be read", "callback", c.ID, "tries", c.Tries, "err", err)
	return n.store.Write(ctx, n.actor(), func(tx *store.Tx) error {
		if c.Tries >= maxTries {
			return tx.ReadCallback(c, store.CallbackReading{Merchant: c.MerchantID.UUID, State: store.CallbackQuarantined, Reason: reasonFailed})
		}
		return tx.PutOffCallback(c, reasonFailed)
	})
}

func (n *Inbox) actor() store.Actor { return store.Actor{Request: "inbox " + n.name} }

// read decides about one callback and does what follows.
func (n *Inbox) read(ctx context.Context, tx *store.Tx, c store.Callback) error {
	body, err := tx.CallbackBody(c.ID)
	if err != nil {
		return err
	}
	var r claim
	switch c.Product {
	case "etax":
		r, err = readEtax(tx, c, body)
	case "promptpay":
		r, err = readPromptPay(tx, c, body)
	case "directdebit":
		r, err = readDebit(tx, c, body)
	default:
		r, err = readBill(tx, c, body)
	}
	if err == nil && r.State == store.CallbackQuarantined {
		n.log.WarnContext(ctx, "inbox: a callback needs a person", "callback", c.ID, "reason", r.Reason, "refusal", c.Refusal, "reference", r.BankReference)
	}
	return err
}

// reading is one callback about a bill while it is being read.
type reading struct {
	claim
	said krungsri.PresentmentCallback
}

func readBill(tx *store.Tx, c store.Callback, body []byte) (claim, error) {
	r := reading{claim: newClaim(tx, c, namedBills, body)}
	said, err := krungsri.ParsePresentmentCallback(body)
	if err != nil {
		r.BankReference = krungsri.ClaimedReference(body)
		err = r.quarantine(reasonMalformed)
		return r.claim, err
	}
	r.said, r.seller, r.partner = said, said.SellerTaxID, said.PartnerReference
	r.BankReference, r.Status, r.SaidAt = said.PresentmentReference, string(said.Status), &said.At.Time
	r.EventKey = eventKey(said.EventID, said.PresentmentReference, string(said.Status), said.At.Time)
	err = r.take(r.about)
	return r.claim, err
}

// about takes a callback about a bill of ours.
func (r *reading) about(merchant, bill store.ID) error {
	r.Merchant = merchant
	r.tx = r.tx.For(merchant)
	p, parts, err := r.lock(bill)
	if err != nil {
		return err
	}
	r.Presentment = p.ID
	told, err := r.tx.ToldBefore(p.ID, r.c, r.EventKey)
	if err != nil {
		return err
	}
	if told {
		r.State = store.CallbackDuplicate
		return r.tx.ReadCallback(r.c, r.CallbackReading)
	}
	if !agrees(p, r.said) {
		return r.quarantine(reasonMismatch)
	}
	cleared, trouble := r.clears(p, parts)
	if trouble != "" {
		return r.quarantine(trouble)
	}
	n := judge(asCleared(p, cleared), r.said.Status, r.said.At.Time)
	if n.wait {
		return r.putOff()
	}
	r.State, r.Reason = n.state, n.reason
	if len(cleared) > 0 && n.state != store.CallbackQuarantined {
		r.State, r.Reason = store.CallbackProcessed, reasonSettled
	}
	if err := r.tx.ReadCallback(r.c, r.CallbackReading); err != nil || r.State != store.CallbackProcessed {
		return err
	}
	for _, i := range cleared {
		if err := r.settle(i); err != nil {
			return err
		}
	}
	if n.decision == "" {
		return nil
	}
	if err := r.tx.Decide(p.ID, store.Decision{Decision: n.decision, Remark: r.said.Remark, DecidedAt: *r.SaidAt, Callback: r.c.ID}); err != nil {
		return err
	}
	if n.decision != store.BuyerPaid || r.said.PaidAmount == nil {
		return nil
	}
	return r.receive(p)
}

// lock makes everything that moves the bill take turns: its instructions first,
// as whoever records an answer does.
func (r *reading) lock(bill store.ID) (store.Presentment, []store.Instruction, error) {
	p, err := r.tx.Presentment(bill)
	if err != nil {
		return p, nil, err
	}
	var parts []store.Instruction
	if p.EntryID.Valid {
		if parts, err = r.tx.LockParts(p.EntryID.UUID); err != nil {
			return p, nil, err
		}
	}
	if p.CancellationID.Valid {
		cancel, err := r.tx.LockParts(p.CancellationID.UUID)
		if err != nil {
			return p, nil, err
		}
		parts = append(parts, cancel...)
	}
	if _, err := r.tx.LockPresentment(bill); err != nil {
		return p, nil, err
	}
	p, err = r.tx.Presentment(bill)
	return p, parts, err
}

// clears lists the unknown instructions of the bill that the callback proves to
// have been done, or says why it must not.
func (r *reading) clears(p store.Presentment, parts []store.Instruction) (cleared []store.Instruction, trouble string) {
	for n, i := range parts {
		if i.State != store.Unknown {
			continue
		}
		last := n == len(parts)-1 || parts[n+1].LeadID != i.LeadID
		switch {
		case i.Operation == createPresentment.id:
			if !proves(r.said) || i.ID != r.tried || p.BankReference != "" {
				return nil, reasonUnproven
			}
			cleared = append(cleared, i)
		case i.Operation == uploadPresentmentDocument.id && last && shown(r.said.Status),
			i.Operation == cancelPresentment.id && r.said.Status == krungsri.StatusCancelled:
			cleared = append(cleared, i)
		}
	}
	return cleared, ""
}

// asCleared is the bill as it will be when what the callback proves is settled.
func asCleared(p store.Presentment, cleared []store.Instruction) store.Presentment {
	for _, i := range cleared {
		p.State = store.PresentmentPresented
		if i.Operation == cancelPresentment.id {
			p.State = store.PresentmentCancelled
		}
	}
	return p
}
