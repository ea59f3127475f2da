package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"portal/internal/store"
)

// telling is what is told of one leaf, and to whom.
type telling struct {
	kind    string
	subject store.Subject
	words   store.Words
	to      []store.ID
}

// detail is what the leaves that people are told of have in common.
type detail struct {
	Reason   string `json:"reason"`
	State    string `json:"state"`
	Note     string `json:"note"`
	Decision string `json:"decision"` // the buyer's
	Status   string `json:"status"`   // the bank's, of a tax document
	Remark   string `json:"remark"`
}

// tellingsOf decides who should know of a leaf. Most leaves concern nobody.
func tellingsOf(tx *store.Tx, n store.News) ([]telling, error) {
	var d detail
	if err := json.Unmarshal(n.Detail, &d); err != nil {
		return nil, nil //nolint:nilerr // a leaf of another shape is none that people are told of
	}
	var told []telling
	var err error
	switch kind, name, _ := strings.Cut(n.Action, "."); {
	case kind == "instruction":
		told, err = ofInstruction(tx, n, name)
	case n.Action == "presentment.moved", n.Action == "presentment.decided":
		told, err = ofBill(tx, n, d)
	case n.Action == "receipt.moved":
		told, err = ofReceipt(tx, n, d)
	case n.Action == "payment.recorded":
		told, err = ofPayment(tx, n)
	case n.Action == "mandate.told":
		told, err = ofMandate(tx, n, d)
	case n.Action == "debit.recorded":
		told, err = ofScheduledDebit(tx, n, d)
	case n.Action == "alert.arrived", n.Action == "alert.ending":
		told, err = ofAlert(tx, n, name)
	case n.Action == "block.review_due":
		told, err = ofBlockReview(tx, n)
	case n.Action == "block_difference.found":
		told, err = ofBlockDifference(tx, n)
	case kind == "request":
		told, err = ofRequest(tx, n, name)
	case n.Action == "etax.progressed":
		told, err = ofEtax(tx, n, d)
	case n.Action == "callback."+store.CallbackQuarantined:
		told, err = ofCallback(tx, n)
	case n.Action == "person.sessions_ended":
		told = ofSessions(n)
	case kind == "policy":
		told, err = ofPolicy(tx, n, name)
	case settingsTold[kind] != settingTold{}:
		told, err = ofSetting(tx, n, kind, name)
	case kind == "delegation":
		told, err = ofDelegation(n, name)
		if name != "offered" {
			d.Note = "" // it came with the offer
		}
	}
	// What has gone meanwhile is nobody's business any more.
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("deciding who should know of %s: %w", n.Action, err)
	}
	for i := range told {
		// Nobody is told of what they did themselves.
		told[i].to = slices.DeleteFunc(told[i].to, func(p store.ID) bool { return n.Person.Valid && n.Person.UUID == p })
		told[i].words["by"], told[i].words["note"] = orElse(told[i].words["maker"], n.PersonName), orElse(d.Note, orElse(d.Reason, d.Remark))
	}
	return told, nil
}

func ofInstruction(tx *store.Tx, n store.News, name string) ([]telling, error) {
	known := []string{"submitted", "approval_given", "approved", "rejected", "expired", "failed", "unknown", "settlement_proposed", "settlement_confirmed", "settlement_declined"}
	if !slices.Contains(known, name) {
		return nil, nil
	}
	i, err := tx.Instruction(n.Subject.ID())
	if err != nil {
		return nil, err
	}
	words := store.Words{"title": i.Title, "operation": i.Operation}
	bill, maker := i.Subject, []store.ID{i.MakerID}
	switch {
	// What was settled meanwhile, by the bank's own word perhaps, is nobody's work.
	case (name == "unknown" || name == "settlement_proposed") && i.State != store.Unknown:
		return nil, nil
	case name == "unknown":
		checkers, err := tx.OnDuty(store.Checker)
		return []telling{{Unknown, n.Subject, words, together(maker, checkers)}}, err
	case name == "settlement_proposed":
		checkers, err := tx.OnDuty(store.Checker)
		return []telling{{Proposed, n.Subject, words, checkers}}, err
	case name == "settlement_confirmed", name == "settlement_declined":
		proposers, err := tx.Settlements(i.LeadID)
		for _, s := range proposers {
			if s.InstructionID == i.ID && s.ProposedBy != store.NoID { // nobody proposes what the bank's own word settles
				maker = together(maker, []store.ID{s.ProposedBy})
			}
		}
		return []telling{{Settled, n.Subject, words, maker}}, err
	case name == "approved" && i.State != store.Done:
		if err := tx.AddReminder(store.Reminder{Leaf: n.ID, Kind: Unsent, Instruction: i.ID, DueAt: n.At.Add(store.StuckAfter)}); err != nil || i.Part > 0 {
			return nil, err
		}
		return []telling{{Approved, bill, words, maker}}, nil
	// What happens to the documents of a bill shows in the bill's own state.
	case i.Part > 0:
		return nil, nil
	case name == "submitted":
		return ofSubmission(tx, n, i, words)
	case name == "approval_given":
		return ofTurn(tx, n, i, words)
	case name == "failed" && i.Operation == "debit.create":
		return []telling{{DebitFailed, bill, words, maker}}, nil
	case name == "failed":
		return []telling{{Refused, bill, words, maker}}, nil
	case name == "approved", name == "rejected":
		return []telling{{name, bill, words, maker}}, nil
	default:
		return []telling{{Expired, bill, words, maker}}, nil
	}
}

// ofSubmission tells those whose turn it is, and has them reminded. By the time
// the trail is read it may have been decided.
func ofSubmission(tx *store.Tx, n store.News, i store.Instruction, words store.Words) ([]telling, error) {
	if i.State != store.Pending {
		return nil, nil
	}
	tenth := i.ExpiresAt.Sub(i.SubmittedAt) / 10
	for kind, after := range map[string]time.Duration{ExpiringHalf: 5 * tenth, ExpiringSoon: 9 * tenth} {
		if err := tx.AddReminder(store.Reminder{Leaf: n.ID, Kind: kind, Instruction: i.ID, DueAt: i.SubmittedAt.Add(after)}); err != nil {
			return nil, err
		}
	}
	return ofTurn(tx, n, i, words)
}

// ofTurn tells those whose turn it has become, each of them once.
func ofTurn(tx *store.Tx, n store.News, i store.Instruction, words store.Words) ([]telling, error) {
	if i.State != store.Pending {
		return nil, nil
	}
	words["until"] = i.ExpiresAt.UTC().Format(time.RFC3339)
	words["maker"] = i.MakerName
	deciders, err := tx.DecidersToTell(i.ID, Waiting)
	if err != nil {
		return nil, err
	}
	hopeless, err := ofHopeless(tx, i, words)
	return append(hopeless, telling{Waiting, n.Subject, words, deciders}), err
}

// ofHopeless tells those who can do something about it that an instruction
// waits in vain.
func ofHopeless(tx *store.Tx, i store.Instruction, words store.Words) ([]telling, error) {
	hopeless, err := tx.Hopeless(i.ID)
	if err != nil || !hopeless {
		return nil, err
	}
	lead := store.About("instruction", i.LeadID)
	admins, err := tx.OnDutyToTell(store.Admin, lead, Hopeless)
	return []telling{{Hopeless, lead, words, admins}}, err
}

// ofReminder tells what is still the case when its time has come.
func ofReminder(tx *store.Tx, r store.Reminder) ([]telling, error) {
	i, err := tx.Instruction(r.Instruction)
	if err != nil {
		return nil, err
	}
	words := store.Words{"title": i.Title, "operation": i.Operation, "by": i.MakerName}
	if r.Kind == Unsent {
		return ofUnsent(tx, i, words)
	}
	if i.State != store.Pending {
		return nil, nil
	}
	words["until"] = i.ExpiresAt.UTC().Format(time.RFC3339)
	to, err := tx.DecidersToTell(i.ID, r.Kind)
	if err != nil {
		return nil, err
	}
	if r.Kind == ExpiringSoon {
		to = together(to, []store.ID{i.MakerID})
	}
	hopeless, err := ofHopeless(tx, i, words)
	return append(hopeless, telling{r.Kind, store.About("instruction", i.ID), words, to}), err
}

// ofUnsent tells the administrators of what should have been sent by now.
func ofUnsent(tx *store.Tx, i store.Instruction, words store.Words) ([]telling, error) {
	waits, err := tx.IsUnsent(i.ID)
	if err != nil || !waits {
		return nil, err
	}
	lead := store.About("instruction", i.LeadID)
	admins, err := tx.OnDutyToTell(store.Admin, lead, Unsent)
	return []telling{{Unsent, lead, words, admins}}, err
}

// ofEtax tells the maker of a tax document that it will get no further. That
// it goes as it should shows on its page.
func ofEtax(tx *store.Tx, n store.News, d detail) ([]telling, error) {
	if d.Status != "FAILED" {
		return nil, nil
	}
	e, err := tx.Etax(n.Subject.ID())
	if err != nil {
		return nil, err
	}
	return []telling{{EtaxFailed, n.Subject, store.Words{"title": e.Number + " · " + e.BuyerName}, []store.ID{e.CreatedBy}}}, nil
}

// kindOfState are the states of a bill, and decisions of its buyer, that its
// maker is told of. Refusals and unknown outcomes are told of by the
// instruction.
var kindOfState = map[string]string{
	"presented": Presented, "incomplete": Incomplete, "cancelled": Cancelled, "accepted": Accepted, "disputed": Disputed, "expired": Unanswered, "paid": Paid,
}

func ofBill(tx *store.Tx, n store.News, d detail) ([]telling, error) {
	kind, ok := kindOfState[orElse(d.State, d.Decision)]
	if !ok {
		return nil, nil
	}
	maker, err := tx.MakerOfBill(n.Subject.ID())
	if err != nil {
		return nil, err
	}
	return []telling{{kind, n.Subject, store.Words{"title": maker.Name}, []store.ID{maker.ID}}}, nil
}

// ofCallback tells whoever may have it read again that a message of the bank
// was set aside. What the bank did not sign is nobody's work, and would let
// strangers ring the bell.
func ofCallback(tx *store.Tx, n store.News) ([]telling, error) {
	c, err := tx.Callback(n.Subject.ID())
	if err != nil || c.State != store.CallbackQuarantined || !c.Genuine() {
		return nil, err
	}
	checkers, err := tx.OnDuty(store.Checker)
	if err != nil {
		return nil, err
	}
	admins, err := tx.OnDuty(store.Admin)
	if err != nil {
		return nil, err
	}
	return []telling{{Quarantined, n.Subject, store.Words{"title": c.BankReference}, together(checkers, admins)}}, nil
}

// together are all of them, each once.
func together(a, b []store.ID) []store.ID {
	all := slices.Clone(a)
	for _, id := range b {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}
