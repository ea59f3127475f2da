package teller

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// AskBlock puts the question to the bank whether it has a block, while what was
// asked of it has an unclear outcome.
func (t *Teller) AskBlock(ctx context.Context, a store.Actor, id store.ID) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		return askForBlock(tx, id)
	})
}

func askForBlock(tx *store.Tx, id store.ID) error {
	state, err := tx.LockBlock(id)
	if err != nil {
		return err
	}
	if state != store.BlockUnknown && state != store.BlockLiftUnknown {
		return ErrNotUnknown
	}
	b, err := tx.Block(id)
	if err != nil {
		return err
	}
	payload, err := encode(listRequest(b.ProxyKind, b.ProxyValue))
	if err != nil {
		return err
	}
	_, err = tx.AskInquiry(blockedSenders.id, store.About("block", id), payload)
	return err
}

// listRequest asks for the bank's list of one of our ids.
func listRequest(kind, value string) krungsri.BlockedSendersRequest {
	ours, v := promptpay.ID{Kind: promptpay.Kind(kind), Value: value}.Bank()
	return krungsri.BlockedSendersRequest{ReceiverType: krungsri.ProxyType(ours), ReceiverValue: v}
}

// CompareBlocks asks for the bank's list of each of our ids in use, to hold it
// against ours. ErrAsking comes when all of them are being asked for already.
func (t *Teller) CompareBlocks(ctx context.Context, a store.Actor) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		list, err := tx.ProxiesCompared()
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.Asking {
				continue
			}
			if err := askForBlocked(p.ProxyID, p.Kind, p.Value, tx.AskInquiry); err != nil {
				return err
			}
		}
		return nil
	})
}

func askForBlocked(id store.ID, kind, value string, ask func(string, store.Subject, []byte) (store.ID, error)) error {
	payload, err := encode(listRequest(kind, value))
	if err != nil {
		return err
	}
	_, err = ask(blockedSenders.id, store.About("promptpayid", id), payload)
	return err
}

// compareByNight asks for the list of each id of every merchant, once a night.
func (w *Worker) compareByNight(ctx context.Context) error {
	return w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		due, err := tx.ProxiesToCompare(compareAfter)
		if err != nil {
			return err
		}
		for _, p := range due {
			own := tx.For(p.MerchantID)
			if err := askForBlocked(p.ProxyID, p.Kind, p.Value, own.AskPatiently); err != nil && !errors.Is(err, store.ErrAsking) {
				return err
			}
		}
		return nil
	})
}

// LookAfterBlocks asks about blocks whose outcome is unknown, once their time has
// come, and has owners told of those that are to be reviewed.
func (w *Worker) LookAfterBlocks(ctx context.Context) error {
	var due []store.BlockDue
	err := w.store.Read(ctx, w.actor(store.NoID), func(q *store.Query) (err error) {
		due, err = q.BlocksToAskAbout(sweepBatch)
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, b := range due {
		again := askAgain[min(b.Asks, len(askAgain)-1)]
		if b.Asks >= asksByItself {
			again = -1
		}
		err := w.store.Write(ctx, w.actor(b.MerchantID), func(tx *store.Tx) error {
			if err := askForBlock(tx, b.ID); err != nil {
				return err
			}
			return tx.BlockAsked(b.ID, again)
		})
		// Asked already, by somebody, or settled meanwhile.
		if err != nil && !errors.Is(err, store.ErrAsking) && !errors.Is(err, store.ErrStale) && !errors.Is(err, ErrNotUnknown) {
			errs = append(errs, fmt.Errorf("block %s: %w", b.ID, err))
		}
	}
	err = w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		_, err := tx.RemindOfBlocks(sweepBatch)
		return err
	})
	return errors.Join(append(errs, err)...)
}

// everyBlocked reads the bank's list to its end.
func everyBlocked(_ context.Context, _ *store.Store, _ store.Inquiry, r krungsri.BlockedSendersRequest,
	call func(krungsri.BlockedSendersRequest) (krungsri.BlockedSenders, error),
) (krungsri.BlockedSenders, error) {
	var all krungsri.BlockedSenders
	for r.Page = 1; ; r.Page++ {
		page, err := call(r)
		if err != nil {
			return all, err
		}
		all.Senders, all.Total = append(all.Senders, page.Senders...), page.Total
		if len(page.Senders) == 0 || len(all.Senders) >= all.Total {
			return all, nil
		}
	}
}

// learnBlocked reads the bank's list: to settle what was asked for one block, or
// all of it, to compare it with ours.
func learnBlocked(tx *store.Tx, i store.Inquiry, said krungsri.BlockedSenders) error {
	if i.Subject.Kind() == "block" {
		return learnBlock(tx, i, said)
	}
	c := blockComparison{tx: tx, asked: i.AskedAt, made: store.BlockComparison{ID: store.NewID(), ProxyID: i.Subject.ID(), InquiryID: i.ID}}
	return c.compare(i, said)
}

// learnBlock holds the bank's list against what was wanted of one block. Blocking
// what is blocked changes nothing, and neither does its end: so what the list
// does not show was not done, and may be asked for again.
func learnBlock(tx *store.Tx, i store.Inquiry, said krungsri.BlockedSenders) error {
	if _, err := tx.LockBlock(i.Subject.ID()); err != nil {
		return err
	}
	b, err := tx.Block(i.Subject.ID())
	if err != nil {
		return err
	}
	pair := pairOf(b.ProxyKind, b.ProxyValue, b.SenderKind, b.SenderValue)
	there := krungsri.SenderUnblocked
	for _, s := range said.Senders {
		if s.Type == pair.SenderType && s.Value == pair.SenderValue {
			there = krungsri.SenderBlocked
			i.SaidAt = &s.BlockedAt.Time
		}
	}
	i.State, i.Status, i.Came = store.InquiryAnswered, string(there), reasonNoNews
	id, outcome := b.InstructionID, store.Failed
	if b.State == store.BlockLiftUnknown {
		id = b.LiftID
	}
	if (there == krungsri.SenderBlocked) == (b.State == store.BlockUnknown) {
		outcome = store.Done
	}
	if b.State != store.BlockUnknown && b.State != store.BlockLiftUnknown {
		return tx.AnswerInquiry(i)
	}
	i.Came = reasonSettled
	if err := tx.AnswerInquiry(i); err != nil {
		return err
	}
	parts, err := tx.LockParts(id.UUID)
	if err != nil {
		return err
	}
	if err := tx.SettleByBank(parts[0], outcome, "", store.NoID, i.ID); err != nil {
		return err
	}
	reason := "settled"
	if outcome == store.Failed {
		reason = "not_in_list"
	}
	if err := tx.Move(parts[0], store.Unknown, outcome, reason, ""); err != nil {
		return err
	}
	return afterOutcome(tx, parts[0], outcome)
}

// blockComparison holds the bank's list for one of our ids against ours.
type blockComparison struct {
	tx    *store.Tx
	asked time.Time
	made  store.BlockComparison
	ours  map[sender]store.BlockToCompare
	open  map[sender]store.BlockDifference
	found []store.BlockDifference
}

// sender is one as lists are compared: a citizen's and a company's id are of one
// form.
type sender struct{ kind, value string }

func senderOf(kind, value string) sender {
	if kind == string(promptpay.Tax) {
		kind = string(promptpay.National)
	}
	return sender{kind, value}
}

// senderAtBank reads a row of the list. What cannot be read is kept as the bank
// has it: it is there, and has to be shown.
func senderAtBank(s krungsri.BlockedSender) (kind, value string) {
	id, err := promptpay.FromBank(string(s.Type), s.Value)
	if err != nil {
		return string(s.Type), s.Value
	}
	return string(id.Kind), id.Value
}

func (c *blockComparison) compare(i store.Inquiry, said krungsri.BlockedSenders) error {
	if err := c.read(); err != nil {
		return err
	}
	listed := make(map[sender]bool, len(said.Senders))
	var times []store.BlockToCompare
	for _, s := range said.Senders {
		kind, value := senderAtBank(s)
		key := senderOf(kind, value)
		if listed[key] {
			continue
		}
		listed[key] = true
		at := s.BlockedAt.UTC().Truncate(time.Microsecond)
		b, known := c.ours[key]
		switch {
		case !known:
			c.keep(key, store.BlockDifference{Kind: store.BlockUnknownHere, SenderKind: kind, SenderValue: value, BankBlockedAt: &at})
			c.made.UnknownHere++
		case b.State == store.BlockInForce && (b.BankBlockedAt == nil || !b.BankBlockedAt.Equal(at)):
			b.BankBlockedAt = &at
			times = append(times, b)
		}
	}
	c.made.Listed = len(listed)
	for key, b := range c.ours {
		if b.State != store.BlockInForce {
			continue
		}
		c.made.InForce++
		// Of one that came into force since, the answer says nothing.
		if listed[key] || b.StateSince.After(c.asked) {
			continue
		}
		c.keep(key, store.BlockDifference{Kind: store.BlockMissingThere, BlockID: store.NullID(b.ID), SenderKind: b.SenderKind, SenderValue: b.SenderValue})
		c.made.MissingThere++
	}
	return c.record(i, times)
}

func (c *blockComparison) read() error {
	ours, err := c.tx.BlocksToCompare(c.made.ProxyID, c.asked)
	if err != nil {
		return err
	}
	c.ours, c.open = make(map[sender]store.BlockToCompare, len(ours)), map[sender]store.BlockDifference{}
	for _, b := range ours {
		key := senderOf(b.SenderKind, b.SenderValue)
		// One that ended meanwhile does not hide one that is in force.
		if was, twice := c.ours[key]; !twice || was.State != store.BlockInForce {
			c.ours[key] = b
		}
	}
	open, err := c.tx.OpenBlockDifferences(c.made.ProxyID)
	for _, d := range open {
		c.open[senderOf(d.SenderKind, d.SenderValue)] = d
	}
	return err
}

// keep notes a difference that is not open already. What stays open afterwards
// is gone.
func (c *blockComparison) keep(key sender, d store.BlockDifference) {
	if was, there := c.open[key]; there && was.Kind == d.Kind {
		delete(c.open, key)
		return
	}
	d.ID = store.NewID()
	c.found = append(c.found, d)
}

func (c *blockComparison) record(i store.Inquiry, times []store.BlockToCompare) error {
	i.State, i.Came, i.Status = store.InquiryAnswered, "compared", strconv.Itoa(c.made.Listed)
	if err := c.tx.AnswerInquiry(i); err != nil {
		return err
	}
	if err := c.tx.AddBlockComparison(c.made); err != nil {
		return err
	}
	gone := make([]store.ID, 0, len(c.open))
	for _, d := range c.open {
		gone = append(gone, d.ID)
	}
	if err := c.tx.BlockDifferencesGone(gone...); err != nil {
		return err
	}
	if err := c.tx.AddBlockDifferences(c.made, c.found...); err != nil {
		return err
	}
	for _, b := range times {
		if err := c.tx.BlockTimed(b.ID, *b.BankBlockedAt); err != nil {
			return err
		}
	}
	return nil
}
