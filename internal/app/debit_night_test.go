package app_test

import (
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

func TestAtNightTheBankIsAskedForYesterdayOnce(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, _ := w.payer("P1", "7770011501")
	page := w.debit(payer, "500")
	w.take(page)
	w.replica(`UPDATE debits SET debit_on = debit_on - 1`)
	worker := w.DB.Store(store.Worker)
	due := func() (list []store.ID) {
		t.Helper()
		err := worker.Read(t.Context(), store.Actor{Request: "t", Address: "worker"}, func(q *store.Query) (err error) {
			list, err = q.MerchantsToAskDays(0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if list := due(); len(list) != 1 || list[0] != w.Merchant {
		t.Fatalf("due are %v", list)
	}
	if err := w.bank.Worker.AskForYesterdays(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if list := due(); len(list) != 0 {
		t.Errorf("asked once, due are %v", list)
	}
	if err := w.bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.text(`SELECT on_day::text || ' ' || (answered_at IS NOT NULL) FROM debit_days`); got != thai.Today(time.Now()).AddDays(-1).String()+" true" {
		t.Errorf("the day kept is %s: %s", got, w.text(`SELECT string_agg(state || ' ' || bank_code, ',') FROM inquiries`))
	}
}

func TestARunThatIsTakenTwiceShowsOnItsDayAndIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payerWithMandate(t, w.World, w.bank, "P021")
	id := running(t, w.World, w.bank, "P021")
	day := runDays(t, w.World, id)[0]
	onTheMorningOf(t, w.bank, day)
	list := func() {
		t.Helper()
		w.DB.Exec(`DELETE FROM debit_day_rows`)
		if err := teller.New(w.Web).AskDebitDay(t.Context(), w.Actor(apptest.Maker), day); err != nil {
			t.Fatal(err)
		}
		if err := w.bank.Worker.AskBank(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	list()
	if got := w.text(`SELECT string_agg(state, ',') FROM debits`); got != store.DebitTaken {
		t.Fatalf("the run is %q: %s", got, w.text(`SELECT string_agg(operation || ' ' || state || ' ' || came || ' ' || bank_code, ',') FROM inquiries`))
	}
	// The bank's other name for the same run, by which it was taken before.
	w.replica(`UPDATE debits SET bank_reference = 'ANOTHER'`)
	list()
	if got := w.text(`SELECT count(*) || ' ' || (SELECT count(*) FROM debit_day_rows WHERE debit_id IS NULL AND status = 'SUCC') FROM debits`); got != "1 1" {
		t.Errorf("debits, and rows that only the bank knows of: %s", got)
	}
}

func TestWhatTheBankHasOfAnotherMerchantIsNobodysDifference(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	w.payer("P1", "7770011501")
	register := func(ref1, ref2 string) string {
		t.Helper()
		token, err := w.bank.Register(ref1, ref2, sandbox.Account{Number: "7770011502", Name: "นายคนอื่น"})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	// One that the other merchant has, one that nobody answers for, and one of a
	// payer of ours, registered at a branch.
	payerHere(w.World, w.Other, register("THEIRS1", "X1"), "THEIRS1")
	register("NOBODYS", "X2")
	mine := register("p1", "X3")
	if err := w.bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := w.Client(apptest.Maker).Post("/mandates/comparison")
	if a.Status != 303 {
		t.Fatalf("asking for the list: %d %s", a.Status, clipped(a.Body))
	}
	if err := w.bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.text(`SELECT coalesce(string_agg(kind || ' ' || bank_token, ','), '') FROM mandate_differences WHERE merchant_id::text = $1`, w.Merchant.String()); got != "unknown_here "+mine {
		t.Errorf("the differences are %q, want that of %s", got, mine)
	}
}
