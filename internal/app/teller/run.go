package teller

import (
	"errors"
	"time"

	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// runStates are what the bank's statuses say of a run of one of its schedules.
// One that is given back later is for people to look at.
var runStates = map[krungsri.TransactionStatus]string{
	krungsri.TransactionSucceeded: store.DebitTaken, krungsri.TransactionFailed: store.DebitFailed,
}

// runNews is what came of something that the bank said of a run.
type runNews struct {
	debit  store.ID // the run's, if it is known now
	fresh  bool     // it was not known before
	reason string   // why nothing is recorded, or what it contradicts
	twice  bool     // the bank took the run before, under another name
}

// keepRun records a run that the bank did by a schedule of its own, once. The
// leg is the acting merchant's. Nobody asked for a run by itself, so nothing is
// unknown that this could settle: it adds what is not known, and what does not
// agree with what is known goes to a person.
func keepRun(tx *store.Tx, leg store.LegAtBank, said krungsri.Debit) (runNews, error) {
	state, decided := runStates[said.Status]
	switch {
	case int64(said.Amount) != leg.AmountSatang:
		return runNews{reason: reasonMismatch}, nil
	case said.Status == krungsri.TransactionPending:
		return runNews{reason: reasonNoNews}, nil
	case !decided || said.ProcessedAt == nil:
		return runNews{reason: reasonContradicts}, nil
	}
	if _, err := tx.LockSchedule(leg.ScheduleID); err != nil { // both ways of hearing of a run take turns
		return runNews{}, err
	}
	day := dateOf(thai.DayOf(said.ProcessedAt.In(krungsri.Bangkok)))
	on, err := tx.RunOfDay(leg.ID, day)
	if errors.Is(err, store.ErrNotFound) {
		return runNews{reason: reasonContradicts}, nil
	}
	if err != nil {
		return runNews{}, err
	}
	known, err := tx.DebitOfRun(leg.ScheduleID, on)
	switch {
	case err == nil && known.State == state && known.BankReference == said.BankReference:
		return runNews{debit: known.ID, reason: reasonNoNews}, nil
	case err == nil:
		return runNews{debit: known.ID, reason: reasonContradicts, twice: known.State == store.DebitTaken && state == store.DebitTaken}, nil
	case !errors.Is(err, store.ErrNotFound):
		return runNews{}, err
	}
	d := debitOfRun(leg, said, state, on, day)
	return runNews{debit: d.ID, fresh: true}, tx.AddDebitOfRun(d)
}

func debitOfRun(leg store.LegAtBank, said krungsri.Debit, state string, on, day time.Time) store.Debit {
	return store.Debit{
		ID: store.NewID(), PayerID: leg.PayerID, MandateID: leg.MandateID, PayerName: leg.PayerName, PayerCode: leg.PayerCode, AmountSatang: leg.AmountSatang,
		Reference: leg.Reference, DebitOn: day, State: state, BankReference: said.BankReference, FeeSatang: int64(said.Fee), FailureCode: said.FailureCode,
		ScheduleID: store.NullID(leg.ScheduleID), RunOn: &on,
	}
}

// readRun reads what the bank tells of a run of one of its schedules, by its
// own name for that schedule.
func readRun(c claim, said krungsri.TransactionCallback) (claim, error) {
	t := taken{claim: c, said: said}
	err := t.run()
	return t.claim, err
}

func (t *taken) run() error {
	leg, err := t.tx.LegAtBank(t.said.ScheduleID)
	if errors.Is(err, store.ErrNotFound) {
		return t.quarantine(reasonUnknown)
	}
	if err != nil {
		return err
	}
	t.Merchant = leg.MerchantID
	if !t.c.Genuine() {
		return t.quarantine(t.c.Refusal)
	}
	t.tx = t.tx.For(leg.MerchantID)
	if t.said.CreditorAccount != leg.CreditorAccount || t.said.PaymentToken != "" && t.said.PaymentToken != leg.BankToken {
		return t.quarantine(reasonMismatch)
	}
	news, err := keepRun(t.tx, leg, t.said.Debit)
	if err != nil {
		return err
	}
	if news.debit != store.NoID {
		t.Subject = store.About("debit", news.debit)
	}
	switch {
	case news.fresh:
		return t.end(store.CallbackProcessed, "")
	case news.reason == reasonNoNews && news.debit == store.NoID:
		return t.end(store.CallbackIgnored, reasonNoNews)
	case news.reason == reasonNoNews:
		return t.again()
	}
	return t.quarantine(news.reason)
}

// again ends the reading of what is known already: it was told twice, or the
// bank's list of the day told it first.
func (t *taken) again() error {
	told, err := t.tx.SubjectToldBefore(t.Subject, t.c, t.EventKey)
	if err != nil {
		return err
	}
	if told {
		return t.end(store.CallbackDuplicate, "")
	}
	return t.end(store.CallbackIgnored, reasonNoNews)
}
