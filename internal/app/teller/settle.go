package teller

import (
	"context"
	"slices"

	"portal/internal/store"
)

// Settlement is what a person learned of an unknown outcome, outside the portal.
type Settlement struct {
	Outcome       string // store.Done or store.Failed
	BankReference string // the bank's name for the thing, when it was done
	Note          string // how they know
}

// ProposeSettlement records the first person's word on an unknown outcome. It
// moves nothing: another person confirms.
func (t *Teller) ProposeSettlement(ctx context.Context, a store.Actor, instruction store.ID, s Settlement) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		i, err := lockUnknown(tx, instruction)
		if err != nil {
			return err
		}
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		if s.Outcome == store.Done && s.BankReference == "" && operations[i.Operation].naming {
			return ErrNeedsReference
		}
		return tx.ProposeSettlement(i, s.Outcome, s.BankReference, s.Note)
	})
}

// ConfirmSettlement is the second person's word: the instruction gets the
// proposed outcome, and what follows from it happens.
func (t *Teller) ConfirmSettlement(ctx context.Context, a store.Actor, instruction, settlement store.ID, note string) error {
	return t.decideSettlement(ctx, a, instruction, settlement, "confirmed", note)
}

// DeclineSettlement says that the proposal is not convincing; the outcome
// stays unknown and may be proposed anew.
func (t *Teller) DeclineSettlement(ctx context.Context, a store.Actor, instruction, settlement store.ID, note string) error {
	return t.decideSettlement(ctx, a, instruction, settlement, "declined", note)
}

func (t *Teller) decideSettlement(ctx context.Context, a store.Actor, instruction, settlement store.ID, decision, note string) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		i, err := lockUnknown(tx, instruction)
		if err != nil {
			return err
		}
		if err := onDuty(tx, store.Checker); err != nil {
			return err
		}
		all, err := tx.Settlements(i.LeadID)
		if err != nil {
			return err
		}
		n := slices.IndexFunc(all, func(s store.Settlement) bool { return s.ID == settlement && s.InstructionID == i.ID && s.Open() })
		if n < 0 {
			return store.ErrStale
		}
		s := all[n]
		if s.ProposedBy == a.Person {
			return ErrOwnProposal
		}
		if err := tx.DecideSettlement(i, s, decision, note); err != nil {
			return err
		}
		if decision != "confirmed" {
			return nil
		}
		if err := tx.Move(i, store.Unknown, s.Outcome, "settled", s.BankReference); err != nil {
			return err
		}
		return afterOutcome(tx, i, s.Outcome)
	})
}

func lockUnknown(tx *store.Tx, instruction store.ID) (store.Instruction, error) {
	i, err := tx.Instruction(instruction)
	if err != nil {
		return i, err
	}
	parts, err := tx.LockParts(i.LeadID)
	if err != nil {
		return i, err
	}
	i = parts[i.Part]
	if i.State != store.Unknown {
		return i, ErrNotUnknown
	}
	return i, nil
}

// afterOutcome does what follows from how an instruction ended: parts behind one
// that will never be done are not sent any more, and the subject moves along.
func afterOutcome(tx *store.Tx, i store.Instruction, outcome string) error {
	if err := endParts(tx, i, outcome); err != nil {
		return err
	}
	return project(tx, i.Subject)
}

// endParts ends the parts behind one that will never be done.
func endParts(tx *store.Tx, i store.Instruction, outcome string) error {
	if outcome != store.Failed && outcome != store.Expired {
		return nil
	}
	parts, err := tx.LockParts(i.LeadID)
	if err != nil {
		return err
	}
	for _, p := range parts[i.Part+1:] {
		if p.State != store.Approved {
			continue
		}
		if err := tx.Move(p, store.Approved, store.Expired, store.ReasonPartBefore, ""); err != nil {
			return err
		}
	}
	return nil
}
