package store_test

import (
	"encoding/json"
	"log/slog"
	"time"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// taxed is a tax document that two people had a hand in and that the Revenue
// Department has acknowledged.
func (w lived) taxed() {
	e := tellertest.DraftEtax(w.t, w.Web, w.As(w.Maker))
	w.Write(w.Web, w.As(w.Maker2), func(tx *store.Tx) error { return tx.LockEtaxWith(e.ID, "k9#mPq2x") })
	lead, err := w.Teller.SubmitEtax(w.t.Context(), w.As(w.Maker), e.ID, 1, store.NewID().String(), thai.Today(time.Now()))
	w.must(err)
	w.must(w.Approve(w.Checker, lead))
	w.Drain()
	w.Read(func(q *store.Query) (err error) { e, err = q.Etax(e.ID); return err })
	at := time.Now().Add(-50 * time.Hour).Truncate(time.Millisecond)
	for n, status := range []krungsri.TaxStatus{krungsri.TaxGenerated, krungsri.TaxFiled, krungsri.TaxAcknowledged} {
		body, err := json.Marshal(krungsri.TaxDocument{
			DocumentReference: e.BankReference, Status: status, Revenue: krungsri.RevenuePending, At: krungsri.Instant{Time: at.Add(time.Duration(n) * 24 * time.Hour)},
			Number: e.Number, TypeCode: e.Kind, GrandTotal: new(krungsri.Baht(e.TotalSatang)),
		})
		w.must(err)
		w.Write(w.Web, store.Actor{Request: "test"}, func(tx *store.Tx) error {
			_, err := tx.KeepCallback(store.NewCallback{Product: "etax", Address: "192.0.2.9", Body: body})
			return err
		})
		w.must(teller.NewInbox(w.Work, "test", nil, slog.New(slog.DiscardHandler)).Drain(w.t.Context()))
	}
	w.Read(func(q *store.Query) (err error) { e, err = q.Etax(e.ID); return err })
	if e.State != store.EtaxAcknowledged || e.FiledOn == nil {
		w.t.Fatalf("the tax document is %s", e.State)
	}
}

// paid: a bill 3 % short, whose certificate never comes; money that is for no
// bill; the books closed through today, and the month before.
func (w lived) paid() {
	id, _ := w.Approved("INV-short")
	w.Drain()
	bill, today := w.presentment(id), tellertest.Today()
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		short := store.Payment{
			ID: store.NewID(), Source: store.PaymentByHand, PaidOn: today, BookedOn: today, AmountSatang: bill.TotalSatang - bill.BeforeTaxSatang*3/100,
			Reference1: bill.DocumentNumber, BankReference: "FT-1",
		}
		interest := store.Payment{ID: store.NewID(), Source: store.PaymentByHand, PaidOn: today, BookedOn: today, AmountSatang: 21847, BankReference: "FT-2"}
		if err := tx.AddPayments([]store.Payment{short, interest}); err != nil {
			return err
		}
		if _, err := teller.MatchCertain(tx, []store.Payment{short}); err != nil {
			return err
		}
		matches, err := tx.MatchesOfPayment(short.ID)
		if err != nil {
			return err
		}
		if len(matches) != 1 {
			w.t.Fatalf("the payment has %d matches", len(matches))
		}
		if err := tx.WaiveCertificate(matches[0].ID, "ผู้ซื้อเลิกกิจการแล้ว"); err != nil {
			return err
		}
		return tx.SetAside(interest.ID, 1, "interest", "")
	})
	w.Write(w.Web, w.As(w.Checker), func(tx *store.Tx) error { _, err := tx.CloseBooks(today); return err })
	w.Write(w.Web, w.As(w.Checker), func(tx *store.Tx) error { _, err := tx.CloseMonth(lastMonth()); return err })
}
