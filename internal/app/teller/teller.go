// Package teller is the only door to the bank. It takes what people ask for,
// collects approvals of the exact bytes, has the worker send what was approved,
// and settles what came back. It must never send anything that was not loaded
// by its id as approved, never send twice what may have happened, and never
// call the bank inside a transaction. It knows nothing of HTTP pages, sessions
// or HTML.
package teller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"portal/internal/store"
)

// Reasons why the teller refuses. Each names its cause; the edge has a
// sentence for each in both languages.
var (
	ErrSelfApproval    = errors.New("the maker does not decide on their own instruction")
	ErrAuthor          = errors.New("somebody who had a hand in the content does not decide on it")
	ErrNotOnDuty       = errors.New("this person does not have the duty for it")
	ErrAlreadyApproved = errors.New("this person has already approved")
	ErrNotAsked        = errors.New("the next approval is for somebody else to give")
	ErrNeededLater     = errors.New("this person is needed for a later step")
	ErrTooSoon         = errors.New("this person was given a say less than a day ago")
	ErrChanged         = errors.New("the content is not what was shown")
	ErrNotPending      = errors.New("it has already been decided")
	ErrExpired         = errors.New("it was not decided in time")
	ErrNotMaker        = errors.New("only the maker withdraws")
	ErrAlreadySent     = errors.New("it is already on its way to the bank")
	ErrKeyReused       = errors.New("this form was already used for something else")
	ErrDrawnOtherwise  = errors.New("the document drawn from the presentment says something else than it does now")
	ErrNoDocument      = errors.New("a presentment needs at least one document")
	ErrNotEditable     = errors.New("it has already been submitted")
	ErrNotCancellable  = errors.New("it is not at the bank, or a cancellation is already under way")
	ErrNoted           = errors.New("a credit or debit note stands on the bill")
	ErrNotUnknown      = errors.New("its outcome is not unknown")
	ErrOwnProposal     = errors.New("whoever proposed a settlement does not confirm it")
	ErrNeedsReference  = errors.New("the bank's reference is needed")
)

// Teller carries out operations for the merchants of one store.
type Teller struct {
	Installation
	store *store.Store
}

// New makes a teller. It needs no bank: people submit and approve here, and
// only a Worker sends. Whose the credentials of the installation are must be
// said to both alike.
func New(s *store.Store, of ...Installation) *Teller {
	t := &Teller{store: s}
	for _, i := range of {
		t.Installation = i
	}
	return t
}

// part is one instruction of a submission, with its payload as bytes.
type part struct {
	operation string
	payload   []byte
}

// submission is a lead and the parts that are approved and sent with it.
type submission struct {
	key      string // from the form: the same key is the same submission
	subject  store.Subject
	title    string
	amount   int64
	replaces store.ID // the lead this one stands in for
	parts    []part
}

// submit stores the submission as pending and returns its lead.
func submit(tx *store.Tx, s submission) (store.ID, error) {
	lead := store.NewID()
	list := make([]store.NewInstruction, len(s.parts))
	for n, p := range s.parts {
		list[n] = store.NewInstruction{
			ID: store.NewID(), LeadID: lead, Part: n, Operation: p.operation, Subject: s.subject, Payload: p.payload, Title: s.title,
			Key: s.key,
		}
	}
	list[0].ID, list[0].AmountSatang, list[0].ReplacesID = lead, s.amount, s.replaces
	err := tx.AddInstructions(list...)
	if store.Violated(err, store.NotedBillStays) {
		err = fmt.Errorf("%w: %w", ErrNoted, err)
	}
	return lead, err
}

// before returns the lead that the acting person already submitted with this
// key, so that a second click answers like the first. The same key for another
// subject is refused.
func before(q *store.Query, key string, operation string, subject store.Subject) (store.ID, error) {
	lead, err := q.SubmittedWithKey(key)
	if err != nil {
		return store.NoID, err
	}
	i, err := q.Instruction(lead)
	if err != nil {
		return store.NoID, err
	}
	if i.Operation != operation || i.Subject != subject {
		return store.NoID, ErrKeyReused
	}
	return lead, nil
}

// Approve records that the acting person agrees to exactly what the
// fingerprint stands for. When enough people have agreed, the lead and its
// parts are approved and wait for the worker; nothing is sent here.
func (t *Teller) Approve(ctx context.Context, a store.Actor, lead store.ID, seen store.Fingerprint) error {
	complete := false
	err := t.store.Write(ctx, a, func(tx *store.Tx) error {
		complete = false
		parts, err := decidable(tx, lead)
		switch {
		case err != nil:
			return err
		case parts[0].MakerID == a.Person:
			return ErrSelfApproval
		case store.FingerprintOf(parts) != seen:
			return ErrChanged
		}
		if err := t.reachable(tx.Query, a.Merchant); err != nil {
			return err
		}
		given, err := tx.AddApprovals(parts, seen)
		if err != nil {
			return approvalRefused(err)
		}
		if complete = given == parts[0].ApprovalsNeeded; !complete {
			return nil
		}
		return alertRefused(debitRefused(move(tx, parts, store.Pending, store.Approved, "")))
	})
	if err == nil && complete {
		t.store.WakeApproved(ctx)
	}
	point("approved")
	return err
}

// refusals are the teller's words for the rules that keep somebody from giving
// an approval.
var refusals = map[string]error{
	"approver_is_not_maker": ErrSelfApproval,
	store.IsAuthor:          ErrAuthor,
	store.IsNoChecker:       ErrNotOnDuty,
	store.HasApproved:       ErrAlreadyApproved,
	store.IsNotPending:      ErrNotPending,
	store.IsNotAsked:        ErrNotAsked,
	store.IsNeededLater:     ErrNeededLater,
	store.WaitsADay:         ErrTooSoon,
}

// approvalRefused says in the teller's words by which rule the schema refused an
// approval.
func approvalRefused(err error) error {
	for constraint, reason := range refusals {
		if store.Violated(err, constraint) {
			return fmt.Errorf("%w: %w", reason, err)
		}
	}
	return err
}

// Reject ends a pending instruction with the checker's reason. Its subject can
// be edited and submitted anew; nothing of it is deleted.
func (t *Teller) Reject(ctx context.Context, a store.Actor, lead store.ID, reason string) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		parts, err := decidable(tx, lead)
		if err != nil {
			return err
		}
		if err := mayDecide(tx, parts[0]); err != nil {
			return err
		}
		return move(tx, parts, store.Pending, store.Rejected, reason)
	})
}

// Withdraw lets the maker take back what is not yet on its way to the bank.
func (t *Teller) Withdraw(ctx context.Context, a store.Actor, lead store.ID, reason string) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error { return withdraw(tx, lead, reason) })
}

func withdraw(tx *store.Tx, lead store.ID, reason string) error {
	parts, err := tx.LockParts(lead)
	if err != nil {
		return err
	}
	switch first := parts[0]; {
	case first.MakerID != tx.Actor().Person:
		return ErrNotMaker
	case first.State == store.Pending, first.State == store.Approved:
		return move(tx, parts, first.State, store.Withdrawn, reason)
	case slices.Contains([]string{store.Sending, store.Done, store.Unknown, store.Failed}, first.State):
		return ErrAlreadySent
	}
	return ErrNotPending
}

// decidable locks a lead that can still be decided.
func decidable(tx *store.Tx, lead store.ID) ([]store.Instruction, error) {
	parts, err := tx.LockParts(lead)
	if err != nil {
		return nil, err
	}
	switch {
	case parts[0].State == store.Expired, parts[0].State == store.Pending && !parts[0].ExpiresAt.After(tx.Now()):
		return nil, ErrExpired
	case parts[0].State != store.Pending:
		return nil, ErrNotPending
	}
	return parts, nil
}

// mayDecide refuses whoever is no checker, the maker, and everybody who had a
// hand in the content. The schema says the same once more.
func mayDecide(tx *store.Tx, i store.Instruction) error {
	if i.MakerID == tx.Actor().Person {
		return ErrSelfApproval
	}
	if err := onDuty(tx, store.Checker); err != nil {
		return err
	}
	authors, err := tx.Authors(i.ID)
	if err != nil {
		return err
	}
	if slices.Contains(authors, tx.Actor().Person) {
		return ErrAuthor
	}
	return nil
}

// onDuty refuses whoever has none of these duties at this moment.
func onDuty(tx *store.Tx, wanted ...store.Duty) error {
	has, err := tx.Duties()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(wanted, has.Has) {
		return ErrNotOnDuty
	}
	return nil
}

// move takes every part that is still in from to the next state, and brings
// their subject up to date.
func move(tx *store.Tx, parts []store.Instruction, from, to, reason string) error {
	still := slices.DeleteFunc(slices.Clone(parts), func(p store.Instruction) bool { return p.State != from })
	if err := tx.MoveAll(still, from, to, reason); err != nil {
		return err
	}
	return project(tx, parts[0].Subject)
}

func encode(payload any) ([]byte, error) {
	b, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encoding a payload: %w", err)
	}
	return b, nil
}
