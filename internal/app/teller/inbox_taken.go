package teller

import (
	"errors"

	"github.com/google/uuid"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// taken is one callback about a debit of ours while it is being read. It
// decides nothing about money: what is known already is compared with it, and
// what is unknown the bank is asked about.
type taken struct {
	claim
	said krungsri.TransactionCallback
}

// readTaken reads what the bank tells of a debit, by the name of our attempt.
func readTaken(c claim, said krungsri.TransactionCallback) (claim, error) {
	t := taken{claim: c, said: said}
	err := t.take()
	return t.claim, err
}

func (t *taken) end(state, reason string) error {
	t.State, t.Reason = state, reason
	return t.tx.ReadCallback(t.c, t.CallbackReading)
}

func (t *taken) take() error {
	attempt, err := uuid.Parse(t.said.TransactionID)
	if err != nil {
		return t.quarantine(reasonUnknown)
	}
	// The attempt was committed before anything left, so that one which is not
	// known now never will be.
	tried, err := t.tx.InstructionTried(attempt)
	if errors.Is(err, store.ErrNotFound) {
		return t.quarantine(reasonUnknown)
	}
	if err != nil {
		return err
	}
	t.Merchant = tried.MerchantID
	if !t.c.Genuine() {
		return t.quarantine(t.c.Refusal)
	}
	t.tx = t.tx.For(tried.MerchantID)
	parts, err := t.tx.LockParts(tried.ID)
	if err != nil {
		return err
	}
	if parts[0].Operation != createDebit.id {
		return t.quarantine(reasonUnknown)
	}
	return t.about(parts[0])
}

// about compares the callback with what is known of the debit.
func (t *taken) about(i store.Instruction) error {
	d, err := t.tx.Debit(i.SubjectID())
	if err != nil {
		return err
	}
	m, err := t.tx.Merchant()
	if err != nil {
		return err
	}
	t.Subject = i.Subject
	told, err := t.tx.SubjectToldBefore(i.Subject, t.c, t.EventKey)
	switch {
	case err != nil:
		return err
	case told:
		return t.end(store.CallbackDuplicate, "")
	case int64(t.said.Amount) != d.AmountSatang || t.said.CreditorAccount != m.AccountNumber:
		return t.quarantine(reasonMismatch)
	}
	outcome, decides := debitOutcomes[t.said.Status]
	switch {
	case t.said.Status == krungsri.TransactionPending:
		return t.end(store.CallbackIgnored, reasonNoNews)
	case !decides:
		return t.quarantine(reasonContradicts)
	case i.State == store.Sending:
		return t.putOff() // our own answer is on its way
	case i.State == store.Unknown:
		return t.ask(d)
	case i.State == outcome && (outcome == store.Failed || t.said.BankReference == i.BankReference):
		return t.end(store.CallbackIgnored, reasonNoNews)
	}
	return t.quarantine(reasonContradicts)
}

// ask has the bank asked about what it told: its answer settles, a callback
// does not.
func (t *taken) ask(d store.Debit) error {
	if err := t.end(store.CallbackProcessed, reasonAsked); err != nil {
		return err
	}
	if asking, err := t.tx.Asking(t.Subject); err != nil || asking {
		return err
	}
	return askAbout(t.tx, d.ID)
}
