package teller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

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
	if c.Product == "etax" {
		return n.readEtax(ctx, tx, c, body)
	}
	if c.Product == "directdebit" {
		return n.readDebit(ctx, tx, c, body)
	}
	r := reading{tx: tx, c: c, CallbackReading: store.CallbackReading{Masked: string(krungsri.Mask(krungsri.CallbackOperation, body))}}
	said, err := krungsri.ParsePresentmentCallback(body)
	if err != nil {
		r.BankReference = krungsri.ClaimedReference(body)
		return r.quarantine(reasonMalformed)
	}
	r.said, r.BankReference, r.Status, r.SaidAt, r.EventKey = said, said.PresentmentReference, string(said.Status), &said.At.Time, eventKey(said)
	if err := r.take(); err != nil {
		return err
	}
	if r.State == store.CallbackQuarantined {
		n.log.WarnContext(ctx, "inbox: a callback needs a person", "callback", c.ID, "reason", r.Reason, "refusal", c.Refusal, "reference", r.BankReference)
	}
	return nil
}

// eventKey is what makes two callbacks the same event: the bank's own name for
// it, or all that was said.
func eventKey(c krungsri.PresentmentCallback) string {
	if c.EventID != "" {
		return "event " + c.EventID
	}
	return fmt.Sprintf("%s %s %s", c.PresentmentReference, c.Status, c.At.UTC().Format(time.RFC3339Nano))
}

// reading is one callback while it is being read.
type reading struct {
	store.CallbackReading
	tx   *store.Tx
	c    store.Callback
	said krungsri.PresentmentCallback
	// tried is the instruction that the bank answers, by the attempt it names.
	tried store.ID
}

// quarantine ends the reading: nothing follows, and a person looks. Whose it
// claims to be decides only who sees it.
func (r *reading) quarantine(reason string) error {
	if r.Merchant == store.NoID && r.c.MerchantID.Valid {
		r.Merchant = r.c.MerchantID.UUID
	}
	if r.Merchant == store.NoID {
		var err error
		if r.Merchant, err = r.claimant(); err != nil {
			return err
		}
	}
	r.State, r.Reason = store.CallbackQuarantined, reason
	if !r.c.Genuine() {
		r.Reason = r.c.Refusal
	}
	return r.tx.ReadCallback(r.c, r.CallbackReading)
}

func (r *reading) claimant() (store.ID, error) {
	found, err := r.tx.PresentmentsAtBank(r.BankReference)
	if err != nil {
		return store.NoID, err
	}
	if len(found) == 1 && (r.said.SellerTaxID == "" || r.said.SellerTaxID == found[0].TaxID) {
		return found[0].MerchantID, nil
	}
	return r.tx.MerchantMeant(r.said.SellerTaxID)
}

// take finds the bill and does what follows for it.
func (r *reading) take() error {
	if !r.c.Genuine() {
		return r.quarantine(r.c.Refusal)
	}
	found, err := r.tx.PresentmentsAtBank(r.BankReference)
	if err != nil {
		return err
	}
	known := len(found) > 0
	if r.said.SellerTaxID != "" {
		found = ofMerchant(found, r.said.SellerTaxID)
	}
	switch {
	case len(found) == 1:
		return r.about(found[0].MerchantID, found[0].ID)
	case known:
		return r.quarantine(reasonOtherMerchant)
	}
	return r.unnamed()
}

func ofMerchant(found []store.Found, taxID string) (own []store.Found) {
	for _, f := range found {
		if f.TaxID == taxID {
			own = append(own, f)
		}
	}
	return own
}

// unnamed takes a callback with a name that we do not know: the bank's answer
// that would have told it may be on its way, or may have been lost.
func (r *reading) unnamed() error {
	attempt, err := uuid.Parse(string(r.said.PartnerReference))
	if err != nil {
		return r.strange()
	}
	tried, err := r.tx.InstructionTried(attempt)
	if errors.Is(err, store.ErrNotFound) {
		return r.strange()
	}
	if err != nil {
		return err
	}
	if r.said.SellerTaxID != "" && r.said.SellerTaxID != tried.TaxID {
		return r.quarantine(reasonOtherMerchant)
	}
	i, err := r.tx.For(tried.MerchantID).Instruction(tried.ID)
	if err != nil {
		return err
	}
	if i.Operation != createPresentment.id || i.State != store.Sending && i.State != store.Unknown {
		return r.quarantine(reasonUnknown)
	}
	r.tried = i.ID
	return r.about(tried.MerchantID, i.SubjectID())
}

// strange is a name that nothing of ours has. While entries are on the wire it
// may yet turn out to be one of theirs.
func (r *reading) strange() error {
	waiting, err := r.tx.EntriesOnTheWire()
	if err != nil {
		return err
	}
	if waiting && r.c.Tries < maxTries {
		return r.tx.PutOffCallback(r.c, reasonUnknown)
	}
	return r.quarantine(reasonUnknown)
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
	switch {
	case n.wait && r.c.Tries < maxTries:
		return r.tx.PutOffCallback(r.c, reasonUnknown)
	case n.wait:
		return r.quarantine(reasonUnknown)
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

// settle ends an unknown instruction as done, by the bank's own word.
func (r *reading) settle(i store.Instruction) error {
	if err := r.tx.SettleByCallback(i, r.c.ID, r.BankReference); err != nil {
		return err
	}
	if err := r.tx.Move(i, store.Unknown, store.Done, "settled", r.BankReference); err != nil {
		return err
	}
	return afterOutcome(r.tx, i, store.Done)
}
