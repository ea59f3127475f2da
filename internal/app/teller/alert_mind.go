package teller

import (
	"context"
	"errors"
	"fmt"

	"portal/internal/app/promptpay"
	"portal/internal/app/suspect"
	"portal/internal/store"
)

// judgeAlert is what is odd about an alert, by what is known now.
func judgeAlert(q *store.Query, a store.Alert) (store.Suspicions, error) {
	known, err := q.SenderFacts(a)
	if err != nil {
		return nil, fmt.Errorf("reading who a sender is: %w", err)
	}
	facts := suspect.Facts{Past: known.Past}
	for _, s := range known.Suppliers {
		facts.Suppliers = append(facts.Suppliers, suspect.Known{ID: proxyOf(s.Kind, s.Value), Name: s.Name})
	}
	for _, s := range known.Namesakes {
		facts.Namesakes = append(facts.Namesakes, proxyOf(s.Kind, s.Value))
	}
	var found store.Suspicions
	for _, r := range suspect.Judge(suspect.Alert{
		Sender: proxyOf(a.SenderKind, a.SenderValue), Name: a.SenderName, Satang: a.AmountSatang, Message: a.Message,
	}, facts) {
		found = append(found, store.Suspicion{Rule: string(r.Rule), Name: r.Name, ID: r.ID, Satang: r.Satang, Count: r.Count, Text: r.Text})
	}
	return found, nil
}

func proxyOf(kind, value string) promptpay.ID {
	return promptpay.ID{Kind: promptpay.Kind(kind), Value: value}
}

// rejudged is how many alerts that wait are looked at when a supplier changes.
const rejudged = 1000

// Rejudge looks anew at the alerts that wait for a decision and have to do with
// these suppliers, by id or by name: those that were written in this
// transaction, as they were and as they are.
func Rejudge(tx *store.Tx, about ...store.SupplierName) error {
	waiting, err := tx.AlertsToJudge(rejudged)
	if err != nil {
		return err
	}
	for _, a := range waiting {
		for _, s := range about {
			if (a.SenderKind != s.Kind || a.SenderValue != s.Value) && !suspect.Alike(a.SenderName, s.Name) {
				continue
			}
			found, err := judgeAlert(tx.Query, a)
			if err != nil {
				return err
			}
			if err := tx.JudgeAlert(a.ID, found); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// MindAlerts ends alerts whose time is over, and has people told of those that
// run out today.
func (w *Worker) MindAlerts(ctx context.Context) error {
	return w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		if _, err := tx.ExpireAlerts(); err != nil {
			return err
		}
		_, err := tx.WarnOfAlerts()
		return err
	})
}

// AskAboutAlerts asks about alerts of which it is unknown whether the bank was
// told our answer, those whose time has come.
func (w *Worker) AskAboutAlerts(ctx context.Context) error {
	var due []store.AlertDue
	err := w.store.Read(ctx, w.actor(store.NoID), func(q *store.Query) (err error) {
		due, err = q.AlertsToAskAbout(sweepBatch)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range due {
		again := askAgain[min(d.Asks, len(askAgain)-1)]
		if d.Asks >= asksByItself {
			again = -1
		}
		err := w.store.Write(ctx, w.actor(d.MerchantID), func(tx *store.Tx) error {
			if err := askAlert(tx, d.ID); err != nil {
				return err
			}
			return tx.AlertAsked(d.ID, again)
		})
		// Asked already, by somebody, or settled meanwhile.
		if err != nil && !errors.Is(err, store.ErrAsking) && !errors.Is(err, store.ErrStale) {
			errs = append(errs, fmt.Errorf("alert %s: %w", d.ID, err))
		}
	}
	return errors.Join(errs...)
}
