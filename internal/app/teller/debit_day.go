package teller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// dayPage is how many debits the bank is asked for at once.
const dayPage = 100

// askDebitList asks for the debits of a day. It has no variable of its own,
// since what it learns asks once more for the next page.
const askDebitList = "debit.list"

// AskDebitDay puts the question to the bank which debits it made on a day.
func (t *Teller) AskDebitDay(ctx context.Context, a store.Actor, day time.Time) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		id, err := tx.DebitDayToAsk(day)
		if err != nil {
			return err
		}
		return askDay(tx, id, day, 1)
	})
}

// AskForYesterdays does so from an hour of the day in Bangkok on.
func (w *Worker) AskForYesterdays(ctx context.Context, hour int) error {
	return w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error { return askForYesterdays(tx, hour) })
}

// askForYesterdays asks for the list of yesterday of each merchant whom the bank
// debits for. What it says that we do not know, and the other way round, stands
// on the page of the day.
func askForYesterdays(tx *store.Tx, hour int) error {
	due, err := tx.MerchantsToAskDays(hour)
	if err != nil {
		return err
	}
	yesterday := dateOf(thai.Today(tx.Now()).AddDays(-1))
	for _, merchant := range due {
		of := tx.For(merchant)
		id, err := of.DebitDayToAsk(yesterday)
		if err != nil {
			return err
		}
		asking, err := of.Asking(store.About("debitday", id))
		if err != nil {
			return err
		}
		if asking {
			continue
		}
		if err := askDay(of, id, yesterday, 1); err != nil {
			return err
		}
	}
	return nil
}

func askDay(tx *store.Tx, id store.ID, day time.Time, page int) error {
	m, err := tx.Merchant()
	if err != nil {
		return err
	}
	from := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, krungsri.Bangkok)
	payload, err := encode(krungsri.ListDebitsRequest{
		CreditorAccount: m.AccountNumber, From: krungsri.Instant{Time: from}, To: krungsri.Instant{Time: from.AddDate(0, 0, 1)}, Page: page, PageSize: dayPage,
	})
	if err != nil {
		return err
	}
	_, err = tx.AskInquiry(askDebitList, store.About("debitday", id), payload)
	return err
}

// learnDebitDay keeps a page of the bank's list of a day, and asks for the next
// one. Runs of schedules that no callback told of are recorded by it; nothing
// else about money follows from it: it shows differences.
func learnDebitDay(tx *store.Tx, i store.Inquiry, said krungsri.Debits) error {
	i.State, i.Came = store.InquiryAnswered, "answered"
	if err := tx.AnswerInquiry(i); err != nil || i.Subject.Kind() != "debitday" {
		return err
	}
	d, err := tx.DebitDayByID(i.Subject.ID())
	if err != nil {
		return err
	}
	page := d.Page + 1
	list := make([]store.DebitDayRow, len(said.Transactions))
	for n, t := range said.Transactions {
		list[n] = store.DebitDayRow{
			TransactionID: t.TransactionID, Status: string(t.Status), AmountSatang: int64(t.Amount), Reference: t.Ref1, BankReference: t.BankReference, ScheduleID: t.ScheduleID,
		}
		if t.ProcessedAt != nil {
			list[n].ProcessedAt = &t.ProcessedAt.Time
		}
		if t.ScheduleID != "" {
			if list[n].DebitID, err = debitOfListedRun(tx, i.MerchantID, t); err != nil {
				return err
			}
			continue
		}
		attempt, err := uuid.Parse(t.TransactionID)
		if err != nil {
			continue
		}
		tried, err := tx.InstructionTried(attempt)
		if errors.Is(err, store.ErrNotFound) || err == nil && tried.MerchantID != i.MerchantID {
			continue
		}
		if err != nil {
			return err
		}
		asked, err := tx.Instruction(tried.ID)
		if err != nil {
			return err
		}
		list[n].DebitID = store.NullID(asked.SubjectID())
	}
	more := page*dayPage < said.Total && len(list) > 0
	if err := tx.KeepDebitDay(d.ID, page, list, !more); err != nil || !more {
		return err
	}
	if err := askDay(tx, d.ID, d.OnDay, page+1); err != nil {
		return fmt.Errorf("asking for the next page of a day: %w", err)
	}
	return nil
}

// debitOfListedRun is the debit of a run that the bank lists, recorded if it was
// not known. A schedule that is not ours has none; nor has what the bank took
// once more for a run that was taken: it is no debit of ours, so that the day
// shows it as money that only the bank knows of, and nothing is booked.
func debitOfListedRun(tx *store.Tx, merchant store.ID, said krungsri.DebitDetail) (uuid.NullUUID, error) {
	leg, err := tx.LegAtBank(said.ScheduleID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (leg.MerchantID != merchant || said.PaymentToken != leg.BankToken) {
		return uuid.NullUUID{}, nil
	}
	if err != nil {
		return uuid.NullUUID{}, err
	}
	news, err := keepRun(tx, leg, said.Debit)
	if news.twice {
		return uuid.NullUUID{}, err
	}
	return uuid.NullUUID{UUID: news.debit, Valid: news.debit != store.NoID}, err
}
