package teller

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/matching"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons why a payment is not used as somebody asks.
var (
	ErrNotPayable   = errors.New("the payment cannot be for that bill")
	ErrNothingLeft  = errors.New("nothing is left of the payment")
	ErrMoreThanOpen = errors.New("more than is open would be settled")
)

// Proposals lists what a payment may be for, the best first.
func Proposals(q *store.Query, p store.Payment) ([]matching.Proposal, error) {
	told := matching.Payment{
		AmountSatang: p.LeftSatang(), References: references(p), PayerTaxID: p.PayerTaxID, PayerName: p.PayerName,
	}
	names := named(told.References)
	found, err := q.Payables(names, p.PayerTaxID, p.LeftSatang())
	if err != nil {
		return nil, err
	}
	if told.Requested, found, err = requested(q, names, found); err != nil {
		return nil, err
	}
	bills := make([]matching.Bill, len(found))
	for n, b := range found {
		bills[n] = billOf(b)
	}
	return matching.Propose(told, bills), nil
}

// requested finds the bill that was asked for by a request to pay which the
// bank's line names.
func requested(q *store.Query, names []string, found []store.Payable) (uuid.UUID, []store.Payable, error) {
	bill, err := q.BillRequestedBy(names)
	if errors.Is(err, store.ErrNotFound) {
		return uuid.Nil, found, nil
	}
	if err != nil || slices.ContainsFunc(found, func(b store.Payable) bool { return b.ID == bill }) {
		return bill, found, err
	}
	b, err := q.Payable(bill)
	if errors.Is(err, store.ErrNotFound) {
		return uuid.Nil, found, nil // it cannot be paid any more
	}
	return bill, append(found, b), err
}

func references(p store.Payment) []string {
	return slices.DeleteFunc([]string{p.Reference1, p.Reference2, p.Description}, func(s string) bool { return s == "" })
}

// mostWords is how many words in a row may together be one number, which people
// write with spaces in it.
const mostWords = 4

// named lists what in the references may be a number of a bill, in the plain
// form in which the store looks for them.
func named(references []string) []string {
	var all []string
	for _, r := range references {
		words := strings.FieldsFunc(r, func(c rune) bool { return strings.ContainsRune(" \t\n,;:+/|()[]*&", c) })
		for from := range words {
			for to := from + 1; to <= min(len(words), from+mostWords); to++ {
				if plain := matching.Plain(strings.Join(words[from:to], "")); len(plain) >= 4 && len(plain) <= 64 && !slices.Contains(all, plain) {
					all = append(all, plain)
				}
			}
		}
		if plain := matching.Plain(r); len(plain) >= 4 && len(plain) <= 64 && !slices.Contains(all, plain) {
			all = append(all, plain)
		}
	}
	return all
}

func billOf(b store.Payable) matching.Bill {
	return matching.Bill{
		ID: b.ID, Number: b.DocumentNumber, BankReference: b.BankReference, BuyerName: b.BuyerName, BuyerTaxID: b.BuyerTaxID,
		TotalSatang: b.TotalSatang, BeforeTaxSatang: b.BeforeTaxSatang, ExpectedSatang: b.WHTSatang, SettledSatang: b.SettledSatang,
	}
}

// receive records the payment that the bank tells of, and uses it for the bill
// that the bank names. What is more than the bill waits for a person.
func (r *reading) receive(b store.Presentment) error {
	paid := int64(*r.said.PaidAmount)
	p := store.Payment{
		ID: store.NewID(), Source: store.PaymentByCallback, PaidOn: midnight(*r.SaidAt), AmountSatang: paid, PayerName: b.BuyerName, PayerTaxID: b.BuyerTaxID,
		Reference1: b.DocumentNumber, BankReference: r.said.PaymentReference, CallbackID: uuid.NullUUID{UUID: r.c.ID, Valid: true},
	}
	known, err := r.tx.PaymentsKnown([]string{p.BankReference})
	if err != nil || known[p.BankReference] {
		return err // a statement told of it before
	}
	books, err := HoldBooks(r.tx)
	if err != nil {
		return err
	}
	p.BookedOn = books.On(p.PaidOn)
	if err := r.tx.AddPayments([]store.Payment{p}); err != nil {
		return err
	}
	open, err := r.tx.Payable(b.ID)
	if err != nil {
		return err
	}
	proposals := matching.Propose(matching.Payment{AmountSatang: paid, Bill: b.ID}, []matching.Bill{billOf(open)})
	if len(proposals) == 0 || proposals[0].Shares[0].AppliedSatang == 0 {
		return nil // somebody has matched another payment to it before
	}
	return use(r.tx, p, proposals[0].Shares, false)
}

// midnight is the day of an instant in Bangkok, as the store keeps days.
func midnight(t time.Time) time.Time {
	y, m, d := t.In(krungsri.Bangkok).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// MatchCertain uses payments that were just recorded where one explanation
// fits and only it, and returns how many it used. The others wait for a person.
func MatchCertain(tx *store.Tx, list []store.Payment) (matched int, err error) {
	for _, p := range list {
		proposals, err := Proposals(tx.Query, p)
		if err != nil {
			return matched, err
		}
		if len(proposals) == 0 || !proposals[0].Certain {
			continue
		}
		if err := use(tx, p, proposals[0].Shares, false); err != nil {
			return matched, err
		}
		matched++
	}
	return matched, nil
}

// use matches a payment to bills, in the books of its own day or of the first
// open one.
func use(tx *store.Tx, p store.Payment, shares []matching.Share, byPerson bool) error {
	books, err := HoldBooks(tx)
	if err != nil {
		return err
	}
	for _, s := range shares {
		m := store.Match{
			ID: store.NewID(), PaymentID: p.ID, PresentmentID: s.Bill.ID, AppliedSatang: s.AppliedSatang, WithheldSatang: s.WithheldSatang, WithheldRate: s.Rate,
			FeeSatang: s.FeeSatang, Reason: string(s.Reason), Evidence: string(s.Evidence), BookedOn: books.On(p.BookedOn),
		}
		if byPerson {
			m.MatchedBy = uuid.NullUUID{UUID: tx.Actor().Person, Valid: true}
		}
		if err := tx.AddMatch(m); err != nil {
			return err
		}
	}
	return nil
}

// Books are those of a transaction: nobody closes more of them before it ends.
type Books struct {
	through time.Time
	closed  bool
}

// HoldBooks keeps the books of the acting merchant as they are.
func HoldBooks(tx *store.Tx) (b Books, err error) {
	b.through, b.closed, err = tx.HoldBooks()
	return b, err
}

// On is the day on which something that happened on the given day is booked now:
// that day, or the first after closed books.
func (b Books) On(day time.Time) time.Time {
	if b.closed && !day.After(b.through) {
		return b.through.AddDate(0, 0, 1)
	}
	return day
}

// Use is what a person says a payment is for.
type Use struct {
	Bill           store.ID
	AppliedSatang  int64
	WithheldSatang int64
	WithheldRate   decimal.Decimal
	FeeSatang      int64
}

// MatchPayment uses a payment as the acting maker says, all of it or a part.
func (t *Teller) MatchPayment(ctx context.Context, a store.Actor, id store.ID, uses []Use) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker); err != nil {
			return err
		}
		if _, err := tx.LockPayment(id); err != nil {
			return err
		}
		p, err := tx.Payment(id)
		if err != nil {
			return err
		}
		proposals, err := Proposals(tx.Query, p)
		if err != nil {
			return err
		}
		var shares []matching.Share
		left := p.LeftSatang()
		for _, u := range uses {
			b, err := tx.Payable(u.Bill)
			if err != nil {
				return err
			}
			s := matching.Share{
				Bill: billOf(b), AppliedSatang: u.AppliedSatang, WithheldSatang: u.WithheldSatang, Rate: u.WithheldRate, FeeSatang: u.FeeSatang,
				Reason: manual, Evidence: byPerson,
			}
			if left -= u.AppliedSatang; left < 0 {
				return ErrNothingLeft
			}
			if s.SettledSatang() > s.Bill.OpenSatang() {
				return ErrMoreThanOpen
			}
			shares = append(shares, asProposed(s, proposals))
		}
		return use(tx, p, shares, true)
	})
}

// What a person says without any rule saying so.
const (
	manual   = matching.Reason("manual")
	byPerson = matching.Evidence("person")
)

// asProposed keeps the reason where a person took what the rules proposed.
func asProposed(s matching.Share, proposals []matching.Proposal) matching.Share {
	for _, p := range proposals {
		for _, o := range p.Shares {
			if o.Bill.ID == s.Bill.ID && o.AppliedSatang == s.AppliedSatang && o.WithheldSatang == s.WithheldSatang && o.FeeSatang == s.FeeSatang {
				return o
			}
		}
	}
	return s
}

// UndoMatch takes a payment from a bill again, booked today or on the first
// open day after.
func (t *Teller) UndoMatch(ctx context.Context, a store.Actor, payment, match store.ID, today time.Time, why string) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker); err != nil {
			return err
		}
		if _, err := tx.LockPayment(payment); err != nil {
			return err
		}
		books, err := HoldBooks(tx)
		if err != nil {
			return err
		}
		return tx.UndoMatch(match, books.On(today), why)
	})
}
