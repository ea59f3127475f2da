package teller_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// pays has the bank tell that a bill was paid with so much.
func (d desk) pays(p store.Presentment, satang int64, reference string) store.ID {
	d.t.Helper()
	c := says(p, krungsri.StatusPaid, time.Now())
	c.PaidAmount, c.PaymentReference = new(krungsri.Baht(satang)), reference
	return d.arrives(c, "")
}

// told is a payment of a statement, recorded by the maker.
func (d desk) told(p store.Payment) store.Payment {
	d.t.Helper()
	p.ID, p.Source = store.NewID(), store.PaymentByHand
	if p.PaidOn.IsZero() {
		p.PaidOn = today()
	}
	p.BookedOn = p.PaidOn
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error {
		if err := tx.AddPayments([]store.Payment{p}); err != nil {
			return err
		}
		_, err := teller.MatchCertain(tx, []store.Payment{p})
		return err
	})
	return d.payment(p.ID)
}

func today() time.Time {
	y, m, day := time.Now().In(krungsri.Bangkok).Date()
	return time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
}

func (d desk) payment(id store.ID) (p store.Payment) {
	d.t.Helper()
	d.Read(func(q *store.Query) (err error) { p, err = q.Payment(id); return err })
	return p
}

// matched is what was paid for a bill, in short.
func (d desk) matched(bill store.ID) (s string) {
	d.t.Helper()
	d.Read(func(q *store.Query) error {
		all, err := q.MatchesOfBill(bill)
		for _, m := range all {
			s += fmt.Sprintf("%d+%d+%d %s %s;", m.AppliedSatang, m.WithheldSatang, m.FeeSatang, m.Reason, m.Evidence)
		}
		return err
	})
	return s
}

func (d desk) settled(bill store.ID) (s store.Settled) {
	d.t.Helper()
	d.Read(func(q *store.Query) (err error) { s, err = q.Settled(bill); return err })
	return s
}

// refusedBy is the constraint that stops a statement of the web role, acting as the person.
func (d desk) refusedBy(person store.ID, do func(*store.Tx) error, constraint string) {
	d.t.Helper()
	err := d.Web.Write(d.t.Context(), d.As(person), do)
	if !store.Violated(err, constraint) {
		d.t.Errorf("got %v, want a violation of %s", err, constraint)
	}
}

func TestAPaymentThatTheBankTellsExplainsWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.presented()
	withheld := p.BeforeTaxSatang * 3 / 100
	told := d.pays(p, p.TotalSatang-withheld, "TRF1")
	d.read()
	d.want("the callback", d.is(told), "processed ")
	d.want("the match", d.matched(p.ID), fmt.Sprintf("%d+%d+0 withholding bank;", p.TotalSatang-withheld, withheld))
	if s := d.settled(p.ID); s.SettledOn == nil || s.WithheldSatang != withheld || s.SettledSatang() != p.TotalSatang {
		t.Errorf("settled: %+v of %d", s, p.TotalSatang)
	}
	d.want("the certificate", d.one(`SELECT state || ' ' || withheld_satang FROM withholding_certificates`), fmt.Sprintf("awaited %d", withheld))

	// The statement tells of the same transfer again: nothing is paid twice.
	d.refusedBy(d.Maker, func(tx *store.Tx) error {
		return tx.AddPayments([]store.Payment{{ID: store.NewID(), Source: store.PaymentByHand, PaidOn: today(), BookedOn: today(), AmountSatang: 1, BankReference: "TRF1"}})
	}, "payment_is_known_once")
	d.honest()
}

func (d desk) one(sql string) (s string) {
	d.t.Helper()
	if err := d.DB.Super.QueryRowContext(d.t.Context(), sql).Scan(&s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

func TestAStatementMatchesWhatIsCertainAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.presented()
	whole := d.told(store.Payment{AmountSatang: p.TotalSatang, Reference1: "ชำระ " + p.DocumentNumber, BankReference: "A1"})
	d.want("what names the bill", whole.State, store.PaymentMatched)
	again := d.told(store.Payment{AmountSatang: p.TotalSatang, Reference1: p.DocumentNumber, BankReference: "A2"})
	d.want("a second payment for it", again.State, store.PaymentWaiting)

	// A person insists: neither code nor database let a bill be paid twice.
	bill := teller.Use{Bill: p.ID, AppliedSatang: p.TotalSatang}
	if err := d.Teller.MatchPayment(t.Context(), d.As(d.Maker), again.ID, []teller.Use{bill}); err == nil {
		t.Error("a bill was paid twice")
	}
	match := func(satang int64, payment store.ID) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.AddMatch(store.Match{
				ID: store.NewID(), PaymentID: payment, PresentmentID: p.ID, AppliedSatang: satang, Reason: "manual", Evidence: "person", BookedOn: today(),
				MatchedBy: uuid.NullUUID{UUID: d.Maker, Valid: true},
			})
		}
	}
	d.refusedBy(d.Maker, match(1, again.ID), "bill_is_not_paid_twice")
	d.refusedBy(d.Checker, match(1, again.ID), "match_is_by_the_acting_person")

	// Undone, it is free for the other.
	id := d.one(`SELECT id::text FROM payment_matches`)
	if err := d.Teller.UndoMatch(t.Context(), d.As(d.Maker), whole.ID, uuid.MustParse(id), today(), "ผิดรายการ"); err != nil {
		t.Fatal(err)
	}
	d.want("after undoing", d.payment(whole.ID).State, store.PaymentWaiting)
	if err := d.Teller.MatchPayment(t.Context(), d.As(d.Maker), again.ID, []teller.Use{bill}); err != nil {
		t.Fatal(err)
	}
	d.want("the other", d.payment(again.ID).State, store.PaymentMatched)
	d.honest()
}

func TestClosedBooksTakeNothingMore(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.presented()
	part := d.told(store.Payment{AmountSatang: 100, Reference1: "?"})
	closing := func(tx *store.Tx) error { _, err := tx.CloseBooks(today()); return err }
	d.refusedBy(d.Maker, closing, "books_are_closed_on_duty")
	d.refusedBy(d.Checker, closing, "nothing_waits_in_closed_books")
	if err := d.Teller.MatchPayment(t.Context(), d.As(d.Maker), part.ID, []teller.Use{{Bill: p.ID, AppliedSatang: 100}}); err != nil {
		t.Fatal(err)
	}
	// Whoever recorded or matched something of these days does not close them.
	own := store.Payment{ID: store.NewID(), Source: store.PaymentByHand, PaidOn: today(), BookedOn: today(), AmountSatang: 50, Reference1: "?"}
	d.Write(d.Web, d.As(d.Maker2), func(tx *store.Tx) error { return tx.AddPayments([]store.Payment{own}) })
	if err := d.Teller.MatchPayment(t.Context(), d.As(d.Maker), own.ID, []teller.Use{{Bill: p.ID, AppliedSatang: 50}}); err != nil {
		t.Fatal(err)
	}
	d.refusedBy(d.Maker2, closing, "books_are_closed_by_another")
	if _, err := d.DB.Super.ExecContext(t.Context(), `UPDATE payments SET amount_satang = 51 WHERE id = $1`, own.ID); err == nil || !strings.Contains(err.Error(), "what was paid never changes") {
		t.Errorf("changing a payment: %v", err)
	}
	d.Write(d.Web, d.As(d.Checker2), closing)
	d.refusedBy(d.Checker2, closing, "books_are_closed_forward")
	d.refusedBy(d.Maker, func(tx *store.Tx) error {
		return tx.AddPayments([]store.Payment{{ID: store.NewID(), Source: store.PaymentByHand, PaidOn: today(), BookedOn: today(), AmountSatang: 1}})
	}, "books_are_open")

	// What comes late is booked on the first open day, and what is undone too.
	late := d.pays(p, p.TotalSatang, "TRF9")
	d.read()
	d.want("a late callback", d.is(late), "processed ")
	d.want("its booking", d.one(`SELECT (booked_on - paid_on)::text FROM payments WHERE bank_reference = 'TRF9'`), "1")
	id := d.one(`SELECT id::text FROM payment_matches WHERE applied_satang = 100`)
	if err := d.Teller.UndoMatch(t.Context(), d.As(d.Maker), part.ID, uuid.MustParse(id), today(), ""); err != nil {
		t.Fatal(err)
	}
	d.want("what was undone", d.payment(part.ID).State+" "+d.payment(part.ID).AsideReason, "aside unidentified")
	d.honest()
}
