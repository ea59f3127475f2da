package app

import (
	"context"
	"net/http"
	"slices"
	"time"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
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
		days, failed, err := a.failed(ctx, q)
		v.NoContact, v.Full = days.rules.PayerContact == "", len(failed) == failureRows
		for _, d := range failed {
			v.Rows = append(v.Rows, failedRow(ctx, d, days))
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: a.debitHeader(ctx, u, tabFailures, v.Header(ctx)), Area: areaDebits}, templates.DebitFailures(v))
}

// retryDays is what decides on when a debit is tried again: the rules, the days
// on which the bank works, and the first day that can still be asked for.
type retryDays struct {
	rules    store.DebitRules
	calendar schedule.Calendar
	earliest thai.Day
}

// failed reads what failed and was not tried again, and what decides on when it
// is.
func (a *App) failed(ctx context.Context, q *store.Query) (days retryDays, list []store.FailedDebit, err error) {
	today := a.today()
	if days.rules, err = q.DebitRules(); err != nil {
		return days, nil, err
	}
	if days.calendar, _, err = calendarOf(ctx, q, today.AddDays(-failureDays), lastHoliday); err != nil {
		return days, nil, err
	}
	days.earliest = today
	if a.Clock().In(krungsri.Bangkok).Format("15:04") >= days.rules.CutOff {
		days.earliest = today.AddDays(1)
	}
	list, err = q.FailedDebits(midnight(today.AddDays(-failureDays)), failureRows)
	return days, list, err
}

func failedRow(ctx context.Context, d store.FailedDebit, days retryDays) templates.FailedDebit {
	row := templates.FailedDebit{
		ID: d.ID.String(), Href: debitHref(d.ID), Payer: d.PayerName, Reference: d.Reference, Why: failureName(ctx, d.FailureCode), On: d.DebitOn, Amount: d.AmountSatang,
		MayTell: d.Mailed && !d.Told, Told: d.Told, Undelivered: d.DunnedAt != nil && !d.Told, NoAddress: !d.Mailed,
	}
	on, why := days.of(d)
	if why != "" {
		row.WhyNot = text.T(ctx, text.Prefix("debits.no_retry.")+why)
		return row
	}
	row.Retry = midnight(on)
	return row
}

// of is when the rules would try a failed debit again, or the word for why they
// do not.
func (r retryDays) of(d store.FailedDebit) (on thai.Day, why string) {
	rule, known := r.rules.Retries[d.FailureCode]
	switch {
	case d.ScheduleID.Valid:
		return on, "run"
	case !known || rule.Times == 0:
		return on, "no_rule"
	case !d.Live:
		return on, "mandate"
	case d.RetryNo >= rule.Times:
		return on, "times"
	case d.Retries >= r.rules.RetryCap:
		return on, "cap"
	}
	on = r.calendar.AddBankDays(thai.DayOf(d.DebitOn), max(rule.Days, 1))
	if on.Compare(r.earliest) < 0 {
		on = r.calendar.BankDay(r.earliest)
	}
	if rule.Payday && d.Payday != nil {
		on = r.calendar.Payday(on, *d.Payday)
	}
	return on, ""
}

// createDebitRetries drafts what was chosen of the proposed retries, in one
// batch a day, to be looked at and asked for as any other debits.
func (a *App) createDebitRetries(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	f.key()
	chosen, tell := f.list("id"), f.flag("tell")
	if err := f.check(); err != nil {
		return err
	}
	ids, err := parsedIDs(chosen)
	if err != nil {
		return err
	}
	ctx := r.Context()
	batches := map[thai.Day]store.ID{}
	var first store.ID
	made, told := 0, 0
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		clear(batches)
		made, first = 0, store.NoID
		days, failed, err := a.failed(ctx, tx.Query)
		if err != nil {
			return err
		}
		var drafts []store.Debit
		var again []store.ID
		for _, d := range failed {
			on, why := days.of(d)
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
			drafts, again = append(drafts, retryOf(d, midnight(on), batch)), append(again, d.ID)
		}
		made = len(drafts)
		if err := tx.AddDebits(drafts...); err != nil || !tell {
			return err
		}
		told, err = tx.MailFailedDebits(again...)
		return err
	})
	switch {
	case store.Violated(err, "debit_is_retried_once"), store.Violated(err, "payer_is_told_once"):
		return a.seeOther(w, r, u, "/debits/failures", text.Msg("debits.refused.retried"))
	case err != nil:
		return err
	case made == 0:
		return a.seeOther(w, r, u, "/debits/failures", text.Msg("debits.none_retried"))
	}
	if told > 0 {
		return a.seeOther(w, r, u, debitBatchHref(first), text.Msg("debits.retries_made_told", "n", made, "told", told))
	}
	return a.seeOther(w, r, u, debitBatchHref(first), text.Msg("debits.retries_made", "n", made))
}

// retryOf is a failed debit to be tried again on a day. Somebody may have renamed
// the payer since.
func retryOf(d store.FailedDebit, on time.Time, batch store.ID) store.Debit {
	return store.Debit{
		ID: store.NewID(), PayerID: d.PayerID, MandateID: d.MandateID, PayerName: d.Called, PayerCode: d.PayerCode, AmountSatang: d.AmountSatang, Reference: d.Reference,
		InvoiceNumber: d.InvoiceNumber, PresentmentID: d.PresentmentID, DebitOn: on, Note: d.Note, BatchID: store.NullID(batch), RetryOf: store.NullID(d.ID), RetryNo: d.RetryNo + 1,
	}
}
