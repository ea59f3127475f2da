package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

const (
	// failureDays is how far back the page of failures looks.
	failureDays = 60
	// failureRows is how many debits it offers to try again at once.
	failureRows = 200
)

// showDebitFailures shows why debits failed, what the rules propose to try
// again, and when. An unknown is none: it is never tried again.
func (a *App) showDebitFailures(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx, today := r.Context(), a.today()
	v := templates.DebitFailuresView{MayMake: u.can(store.Maker), Key: newKey(), Since: midnight(today.AddDays(-failureDays))}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		sums, err := q.FailureSums(v.Since, midnight(today))
		if err != nil {
			return err
		}
		for _, s := range sums {
			v.Reasons = append(v.Reasons, templates.DebitReason{
				Name: failureName(ctx, s.Code), Advice: failureAdvice(ctx, s.Code), Number: s.Number, Satang: s.SumSatang, Retried: s.Retried, Recovered: s.Recovered,
				Href: "/debits?state=failed&failure=" + s.Code,
			})
		}
		rules, err := q.DebitRules()
		if err != nil {
			return err
		}
		failed, err := q.FailedDebits(v.Since, failureRows)
		for _, d := range failed {
			v.Rows = append(v.Rows, failedRow(ctx, d, rules, today))
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: a.debitHeader(ctx, u, tabFailures, v.Header(ctx)), Area: areaDebits}, templates.DebitFailures(v))
}

func failedRow(ctx context.Context, d store.FailedDebit, rules store.DebitRules, today thai.Day) templates.FailedDebit {
	row := templates.FailedDebit{
		ID: d.ID.String(), Href: debitHref(d.ID), Payer: d.PayerName, Reference: d.Reference, Why: failureName(ctx, d.FailureCode), On: d.DebitOn, Amount: d.AmountSatang,
		MayTell: d.Email != "", Told: d.DunnedAt != nil,
	}
	on, why := retryDay(d, rules, today)
	if why != "" {
		row.WhyNot = text.T(ctx, text.Prefix("debits.no_retry.")+why)
		return row
	}
	row.Retry = midnight(on)
	return row
}

// retryDay is when the rules would try a failed debit again, or the word for why
// they do not.
func retryDay(d store.FailedDebit, rules store.DebitRules, today thai.Day) (on thai.Day, why string) {
	rule, known := rules.Retries[d.FailureCode]
	switch {
	case !known || rule.Times == 0:
		return on, "no_rule"
	case !d.Live:
		return on, "mandate"
	case d.RetryNo >= rule.Times:
		return on, "times"
	case d.Retries >= rules.RetryCap:
		return on, "cap"
	}
	on = addBankDays(thai.DayOf(d.DebitOn), max(rule.Days, 1))
	if rule.Payday && d.Payday != nil {
		on = bankDay(paydayFrom(on, *d.Payday))
	}
	if on.Compare(today) < 0 {
		on = bankDay(today)
	}
	return on, ""
}

// paydayFrom is the first payday on or after a day; in a short month the last
// day stands for a later one.
func paydayFrom(from thai.Day, payday int) thai.Day {
	at := func(year int, month time.Month) thai.Day {
		last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
		return thai.DayOf(time.Date(last.Year(), last.Month(), min(payday, last.Day()), 0, 0, 0, 0, time.UTC))
	}
	if on := at(from.Year, from.Month); on.Compare(from) >= 0 {
		return on
	}
	return at(from.Year, from.Month+1)
}

// bankDay is the day itself, or the Monday after a weekend.
func bankDay(d thai.Day) thai.Day {
	for weekend(d) {
		d = d.AddDays(1)
	}
	return d
}

// addBankDays is so many days on which banks are open later.
func addBankDays(d thai.Day, days int) thai.Day {
	for range days {
		d = bankDay(d.AddDays(1))
	}
	return d
}

func weekend(d thai.Day) bool {
	w := d.Time().Weekday()
	return w == time.Saturday || w == time.Sunday
}

// createDebitRetries drafts what was chosen of the proposed retries, in one
// batch a day, to be looked at and asked for as any other debits.
func (a *App) createDebitRetries(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	f.key()
	chosen := f.list("id")
	if err := f.check(); err != nil {
		return err
	}
	ids, err := parsedIDs(chosen)
	if err != nil {
		return err
	}
	ctx, today := r.Context(), a.today()
	batches := map[thai.Day]store.ID{}
	var first store.ID
	made := 0
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		clear(batches)
		made, first = 0, store.NoID
		rules, err := tx.DebitRules()
		if err != nil {
			return err
		}
		failed, err := tx.FailedDebits(midnight(today.AddDays(-failureDays)), failureRows)
		if err != nil {
			return err
		}
		var drafts []store.Debit
		for _, d := range failed {
			on, why := retryDay(d, rules, today)
			if why != "" || !slices.Contains(ids, d.ID) {
				continue
			}
			batch, known := batches[on]
			if !known {
				batch = store.NewID()
				batches[on] = batch
				if first == store.NoID {
					first = batch
				}
				b := store.DebitBatch{ID: batch, Name: text.T(ctx, "debits.retry_batch", "on", text.Date(ctx, midnight(on))), DebitOn: midnight(on)}
				if err := tx.AddDebitBatch(b); err != nil {
					return err
				}
			}
			drafts = append(drafts, retryOf(d.Debit, midnight(on), batch))
		}
		made = len(drafts)
		return tx.AddDebits(drafts...)
	})
	switch {
	case store.Violated(err, "debit_is_retried_once"):
		return a.seeOther(w, r, u, "/debits/failures", text.Msg("debits.refused.retried"))
	case err != nil:
		return err
	case made == 0:
		return a.seeOther(w, r, u, "/debits/failures", text.Msg("debits.none_retried"))
	}
	return a.seeOther(w, r, u, debitBatchHref(first), text.Msg("debits.retries_made", "n", made))
}

// retryOf is a failed debit to be tried again on a day.
func retryOf(d store.Debit, on time.Time, batch store.ID) store.Debit {
	return store.Debit{
		ID: store.NewID(), PayerID: d.PayerID, MandateID: d.MandateID, PayerName: d.PayerName, PayerCode: d.PayerCode, AmountSatang: d.AmountSatang, Reference: d.Reference,
		InvoiceNumber: d.InvoiceNumber, PresentmentID: d.PresentmentID, DebitOn: on, Note: d.Note, BatchID: store.NullID(batch), RetryOf: store.NullID(d.ID), RetryNo: d.RetryNo + 1,
	}
}

// payerMailFailed is the kind of the mail that tells a payer of a failed debit.
const payerMailFailed = "debit_failed"

// tellDebitPayer has a mail written to the payer of a failed debit.
func (a *App) tellDebitPayer(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	none := false
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		if _, err := tx.LockDebit(id); err != nil {
			return err
		}
		d, err := tx.Debit(id)
		if err != nil {
			return err
		}
		p, err := tx.DebitPayer(d.PayerID)
		if err != nil {
			return err
		}
		if none = p.Email == "" || d.State != store.DebitFailed; none {
			return nil
		}
		if err := tx.QueuePayerMail(d.PayerID, payerMailFailed, store.About("debit", id), p.Email); err != nil {
			return err
		}
		return tx.DebitDunned(id)
	})
	if errors.Is(err, store.ErrStale) || err == nil && none {
		return a.seeOther(w, r, u, debitHref(id), text.Msg("debits.not_told"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, debitHref(id), text.Msg("debits.told"))
}
