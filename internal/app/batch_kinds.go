package app

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"portal/internal/app/invoice"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// batchKind is one thing that may be done to many. A new kind is one more line
// in App.batchKinds and its words, batch.<name>.*, in both languages.
type batchKind struct {
	name       string
	permission permission
	area       area
	home       string // the list that its things come from
	reason     bool   // asked once for all rows
	dangerous  bool
	decides    bool // asks for what approving one by one asks for
	// draws offers to draw the paper of what look leaves out for noDocument.
	draws bool
	undo  string // the kind that takes back what this one did; empty where nothing does

	// look finds the things as they are now, in the order of their ids. Seen
	// must change whenever what the person decides on does.
	look func(ctx context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error)
	// before says what follows from it, beneath the question; extra may show
	// more above it, such as totals, and may be nil.
	before func(ctx context.Context, a *App, q *store.Query, u user, items []batchItem) ([]string, error)
	extra  func(ctx context.Context, a *App, q *store.Query, u user, items []batchItem) (templates.BatchExtra, error)
	// step does one row in a transaction of its own. The key is the row's: when
	// a crash made a row's outcome forgotten, step comes again with the same key
	// and must answer as it did. What it returns as an error is told apart by
	// refusalOf.
	step func(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, key string) (instruction store.ID, err error)
}

// batchItem is a thing of a batch as it is now.
type batchItem struct {
	ID     store.ID
	Href   string
	Title  string
	Amount int64
	Seen   string
	// Obstacle is why it cannot be done as it is now; zero if it can.
	Obstacle text.Message
}

// batchKinds are all kinds there are.
func (a *App) batchKinds() []batchKind {
	return append(slices.Concat(approvalKinds(), debitKinds(), debitMoves(), requestKinds(), scheduleBatches(), alertKinds(), blockKinds()), []batchKind{
		{
			name: "submit", permission: maker, area: areaPresentments, home: "/presentments",
			look: billsToSubmit, before: submitBefore, step: submitStep, draws: true,
		},
		{
			name: "withdraw", permission: maker, area: areaPresentments, home: "/presentments",
			look: billsToWithdraw, before: withdrawBefore, step: withdrawStep,
		},
		{
			name: "cancel", permission: maker, area: areaPresentments, home: "/presentments", reason: true, dangerous: true,
			look: billsToCancel, before: cancelBefore, step: cancelStep,
		},
		{
			name: "discard", permission: maker, area: areaPresentments, home: "/presentments", dangerous: true, undo: "restore",
			look: billsToDiscard, before: discardBefore, step: discardStep,
		},
		{
			name: "restore", permission: maker, area: areaPresentments, home: "/presentments", undo: "discard",
			look: billsToRestore, before: restoreBefore, step: restoreStep,
		},
	}...)
}

func (a *App) batchKind(name string) (batchKind, bool) {
	for _, k := range a.batchKinds() {
		if k.name == name {
			return k, true
		}
	}
	return batchKind{}, false
}

// rowRefusedError is a row that its step left out on purpose, and why.
type rowRefusedError struct {
	state   string
	message text.Message
}

func (e *rowRefusedError) Error() string { return "row " + e.state + ": " + e.message.Key }

// refusalOf tells why a row was left out. An error that says nothing about the
// row, such as a database that is away, is false: the row waits.
func refusalOf(err error) (rowRefusedError, bool) {
	if r, ok := errors.AsType[*rowRefusedError](err); ok {
		return *r, true
	}
	if l, ok := errors.AsType[*invoice.LetterError](err); ok {
		return rowRefusedError{store.RowRefused, text.Msg("document.no_letter", "letter", string(l.Letter))}, true
	}
	for _, c := range []struct {
		reason error
		state  string
		key    string
	}{
		{store.ErrStale, store.RowChanged, text.K("batch.why.edited")},
		{teller.ErrChanged, store.RowChanged, text.K("batch.why.edited")},
		{teller.ErrNotEditable, store.RowChanged, text.K("batch.why.submitted")},
		{teller.ErrNotPending, store.RowChanged, text.K("batch.why.decided")},
		{teller.ErrAlreadySent, store.RowChanged, text.K("batch.why.sent")},
		{teller.ErrExpired, store.RowChanged, text.K("batch.why.expired")},
		{teller.ErrNotCancellable, store.RowChanged, text.K("batch.why.not_cancellable")},
		{teller.ErrNoted, store.RowRefused, text.K("presentment.refused.noted")},
		{store.ErrNotFound, store.RowChanged, text.K("batch.why.gone")},
		{teller.ErrNoDocument, store.RowRefused, noDocument},
		{invoice.ErrTooLong, store.RowRefused, text.K("document.no_room")},
		{store.ErrUploadQuota, store.RowRefused, text.K("document.quota")},
		{errManyDocuments, store.RowRefused, text.K("document.no_room")},
		{errSameDocument, store.RowRefused, text.K("document.no_room")},
		{teller.ErrDrawnOtherwise, store.RowRefused, text.K("document.stale")},
		{teller.ErrSelfApproval, store.RowRefused, text.K("batch.why.own")},
		{teller.ErrAuthor, store.RowRefused, text.K("batch.why.author")},
		{teller.ErrAlreadyApproved, store.RowRefused, text.K("batch.why.approved_before")},
		{teller.ErrNotAsked, store.RowRefused, text.K("approval.not.not_asked")},
		{teller.ErrNeededLater, store.RowRefused, text.K("approval.not.needed_later")},
		{teller.ErrTooSoon, store.RowRefused, text.K("approval.not.too_soon")},
		{teller.ErrNoCredentials, store.RowRefused, text.K("approval.not.no_bank")},
		{teller.ErrMandateDead, store.RowRefused, text.K("debits.refused.mandate")},
		{teller.ErrDebitLimits, store.RowRefused, text.K("debits.refused.limits")},
		{teller.ErrDebitLate, store.RowRefused, text.K("debits.refused.late")},
		{teller.ErrDebitRepeats, store.RowRefused, text.K("debits.refused.repeats")},
		{teller.ErrCollides, store.RowRefused, text.K("debits.refused.collides")},
		{teller.ErrNotRetryable, store.RowRefused, text.K("debits.refused.retried")},
		{teller.ErrSenderEnded, store.RowRefused, text.K("request.refused.sender")},
		{teller.ErrOwnReceiver, store.RowRefused, text.K("request.error.own")},
		{teller.ErrRequestDays, store.RowRefused, text.K("request.refused.days")},
		{teller.ErrStillRunning, store.RowRefused, text.K("request.refused.running")},
		{teller.ErrNotInForce, store.RowChanged, text.K("block.refused.not_in_force")},
		{teller.ErrIDNotInUse, store.RowRefused, text.K("block.refused.id")},
		{teller.ErrNotMaker, store.RowRefused, text.K("batch.why.not_maker")},
		{teller.ErrNotOnDuty, store.RowRefused, text.K("batch.why.duty")},
		{teller.ErrKeyReused, store.RowRefused, text.K("batch.why.key")},
	} {
		if errors.Is(err, c.reason) {
			return rowRefusedError{c.state, text.Msg(c.key)}, true
		}
	}
	return rowRefusedError{}, false
}

// bills makes items of bills; judge says how each was seen and what stands in
// the way.
func bills(q *store.Query, ids []store.ID, judge func(store.BatchBill) (seen string, obstacle text.Message)) ([]batchItem, error) {
	found, err := q.BatchBills(ids)
	items := make([]batchItem, len(found))
	for n, b := range found {
		items[n] = batchItem{ID: b.ID, Href: billHref(b.ID), Title: b.DocumentNumber + " · " + b.BuyerName, Amount: b.TotalSatang}
		items[n].Seen, items[n].Obstacle = judge(b)
	}
	return items, err
}

func billsToSubmit(_ context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	today := a.today()
	return bills(q, ids, func(b store.BatchBill) (string, text.Message) {
		on := thai.DayOf(b.DocumentOn)
		seen := strconv.Itoa(b.Version)
		switch {
		case b.State != store.PresentmentDraft && b.State != store.PresentmentRefused:
			return seen, text.Msg("batch.why.submitted")
		case on.Compare(today) > 0:
			return seen, text.Msg("batch.why.future")
		case on.Compare(today.AddDays(-maxDaysOld)) < 0:
			return seen, text.Msg("batch.why.old")
		case b.Documents == 0:
			return seen, text.Msg(noDocument) // last, for drawing one takes it away
		}
		return seen, text.Message{}
	})
}

func submitBefore(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
	names, err := q.CheckersBesides(store.IDs{u.person.ID})
	return []string{askedOf(ctx, names), text.T(ctx, "batch.submit.freezes"), text.T(ctx, "batch.submit.each")}, err
}

// askedOf says who will be asked to approve.
func askedOf(ctx context.Context, names []string) string {
	if len(names) == 0 {
		return text.T(ctx, "presentment.submit_to_nobody")
	}
	return text.T(ctx, "presentment.submit_to", "names", someNames(ctx, names))
}

func submitStep(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, key string) (store.ID, error) {
	version, err := strconv.Atoi(row.Seen)
	if err != nil {
		return store.NoID, err
	}
	// The bank's rules about days are the form's, not the teller's.
	if err := a.stillOpen(ctx, u, row, billsToSubmit); err != nil {
		return store.NoID, err
	}
	if b.Drawing != "" {
		if version, err = a.drawMissing(ctx, u, row.ItemID, version, invoice.Language(b.Drawing)); err != nil {
			return store.NoID, err
		}
	}
	return a.Teller.SubmitPresentment(ctx, u.actor(), row.ItemID, version, key)
}

// stillOpen refuses a row for an obstacle that the teller does not know. What
// the teller knows is left to it, for it also knows what a forgotten try did.
func (a *App) stillOpen(ctx context.Context, u user, row store.BatchRow, look func(context.Context, *App, *store.Query, []store.ID) ([]batchItem, error)) error {
	var items []batchItem
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		items, err = look(ctx, a, q, []store.ID{row.ItemID})
		return err
	})
	if err != nil || len(items) == 0 {
		return err
	}
	switch why := items[0].Obstacle; why.Key {
	case "batch.why.future", "batch.why.old":
		return &rowRefusedError{store.RowRefused, why}
	}
	return nil
}

// withdrawable is the instruction of a bill that waits or has not left yet.
func withdrawable(b store.BatchBill) (lead, maker uuid.NullUUID, name string) {
	for _, i := range []struct {
		id, maker   uuid.NullUUID
		name, state string
	}{{b.CancelID, b.CancelMakerID, b.CancelMaker, b.CancelState}, {b.EntryID, b.EntryMakerID, b.EntryMaker, b.EntryState}} {
		if i.state == store.Pending || i.state == store.Approved {
			return i.id, i.maker, i.name
		}
	}
	return uuid.NullUUID{}, uuid.NullUUID{}, ""
}

func billsToWithdraw(_ context.Context, _ *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	me := q.Actor().Person
	return bills(q, ids, func(b store.BatchBill) (string, text.Message) {
		lead, maker, name := withdrawable(b)
		switch {
		case !lead.Valid:
			return "-", text.Msg("batch.why.nothing_waits")
		case maker.UUID != me:
			return lead.UUID.String(), text.Msg("batch.why.made_by", "person", name)
		}
		return lead.UUID.String(), text.Message{}
	})
}

func withdrawBefore(ctx context.Context, _ *App, _ *store.Query, _ user, _ []batchItem) ([]string, error) {
	return []string{text.T(ctx, "batch.withdraw.back"), text.T(ctx, "batch.withdraw.late")}, nil
}

func withdrawStep(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, _ string) (store.ID, error) {
	lead, err := uuid.Parse(row.Seen)
	if err != nil {
		return store.NoID, &rowRefusedError{store.RowRefused, text.Msg("batch.why.nothing_waits")}
	}
	err = a.Teller.Withdraw(ctx, u.actor(), lead, "")
	if !errors.Is(err, teller.ErrNotPending) {
		return lead, err
	}
	// A forgotten try of this very batch may have done it.
	var i store.Instruction
	if err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		i, err = q.Instruction(lead)
		return err
	}); err != nil {
		return store.NoID, err
	}
	if i.State == store.Withdrawn && b.StartedAt != nil && !i.StateSince.Before(*b.StartedAt) {
		return lead, nil
	}
	return store.NoID, err
}

func billsToCancel(_ context.Context, _ *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
	return bills(q, ids, func(b store.BatchBill) (string, text.Message) {
		seen := strconv.Itoa(b.Version)
		if b.State != store.PresentmentPresented && b.State != store.PresentmentIncomplete {
			return seen, text.Msg("batch.why.not_at_bank")
		}
		switch b.CancelState {
		case "", store.Failed, store.Rejected, store.Withdrawn, store.Expired:
			return seen, text.Message{}
		}
		return seen, text.Msg("batch.why.cancelling")
	})
}

func cancelBefore(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
	names, err := q.CheckersBesides(store.IDs{u.person.ID})
	return []string{askedOf(ctx, names), text.T(ctx, "presentment.cancel_whole"), text.T(ctx, "batch.cancel.each")}, err
}

func cancelStep(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, key string) (store.ID, error) {
	return a.Teller.RequestCancellation(ctx, u.actor(), row.ItemID, b.Note, key)
}
