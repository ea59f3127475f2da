package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lib/pq"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// lastMonth is the month before this one.
func lastMonth() time.Time { return store.MonthSpan(tellertest.Today()).First.AddDate(0, -1, 0) }

// dated is a tax invoice of 1,070.00 baht of a day.
func (w lived) dated(number string, on time.Time) store.ID {
	w.t.Helper()
	bill := w.Bill(number).ID
	w.edit(bill, w.Maker, func(p *store.Presentment) {
		p.DocumentType, p.DocumentOn, p.DueOn, p.CreditDays = "388", on, on.AddDate(0, 1, 0), nil
	})
	return bill
}

func (w lived) refusedBy(person store.ID, constraint string, do func(*store.Tx) error) {
	w.t.Helper()
	if err := w.Web.Write(w.t.Context(), w.As(person), do); !store.Violated(err, constraint) {
		w.t.Errorf("got %v, want a violation of %s", err, constraint)
	}
}

// openIn are the issues that keep a month from being closed by the person.
func (w lived) openIn(month time.Time, person store.ID) (issues []string) {
	w.t.Helper()
	w.must(w.Web.Read(w.t.Context(), w.As(person), func(q *store.Query) error {
		list, err := q.MonthIssues(month)
		for _, i := range list {
			if i.Blocks {
				issues = append(issues, i.Issue)
			}
		}
		return err
	}))
	return issues
}

func (w lived) figures(month time.Time) (f store.MonthFigures) {
	w.t.Helper()
	w.must(w.Web.Read(w.t.Context(), w.As(w.Checker), func(q *store.Query) (err error) { f, err = q.MonthFigures(month); return err }))
	return f
}

func TestAMonthIsClosedOnceNothingOfItIsOpenAndTakesNothingMore(t *testing.T) {
	t.Parallel()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	month := lastMonth()
	closing := func(tx *store.Tx) error { _, err := tx.CloseMonth(month); return err }
	bill, left := w.dated("TX-1", month.AddDate(0, 0, 9)), w.dated("TX-2", month.AddDate(0, 0, 11))
	lead := w.submit(bill, w.Maker)

	w.refusedBy(w.Maker, "month_is_closed_on_duty", closing)
	w.refusedBy(w.Checker, "month_has_nothing_open", closing)
	if got := w.openIn(month, w.Maker); len(got) != 3 || got[0] != "books" || got[1] != "moving_bills" || got[2] != "own" {
		t.Errorf("what is open for the maker is %v", got)
	}
	w.must(w.Approve(w.Checker, lead))
	w.Drain()
	w.Write(w.Web, w.As(w.Checker), func(tx *store.Tx) error { _, err := tx.CloseBooks(tellertest.Today()); return err })
	if got := w.openIn(month, w.Checker); len(got) > 0 {
		t.Errorf("still open: %v", got)
	}
	w.duties(w.Maker, store.Maker, store.Checker)
	w.refusedBy(w.Maker, "month_is_closed_by_another", closing)
	w.refusedBy(w.Checker, "month_has_nothing_open", func(tx *store.Tx) error { _, err := tx.CloseMonth(month.AddDate(0, 1, 0)); return err })
	before := w.figures(month)
	if before.Bills != 1 || before.BilledSatang != 107000 || before.TaxDocuments != 1 || before.StandardSatang != 100000 || before.VATSatang != 7000 {
		t.Errorf("the month comes to %+v", before)
	}

	w.Write(w.Web, w.As(w.Checker), closing)
	w.refusedBy(w.Checker, "month_is_closed_forward", closing)
	w.refusedBy(w.Maker, store.MonthIsOpen, func(tx *store.Tx) error {
		p := w.presentment(left)
		p.ID, p.DocumentNumber = store.NewID(), "TX-3"
		return tx.AddPresentment(p)
	})
	if _, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), left, w.presentment(left).Version, store.NewID().String()); !store.Violated(err, store.MonthIsOpen) {
		t.Errorf("a draft of a closed month was submitted: %v", err)
	}
	w.refusedBy(w.Maker, store.MonthIsOpen, func(tx *store.Tx) error {
		r := tellertest.NewReceipt()
		r.PaidOn, r.DocumentOn = month, month
		return tx.AddReceipt(r)
	})
	// Dated in the open month, it goes on.
	w.edit(left, w.Maker, func(p *store.Presentment) { p.DocumentOn, p.DueOn = tellertest.Today(), tellertest.Today() })
	w.submit(left, w.Maker)

	w.must(w.Web.Read(t.Context(), w.As(w.Checker), func(q *store.Query) error {
		c, ok, err := q.MonthClosing(month)
		if !ok || c.ClosedBy != w.Checker || c.MonthFigures != before {
			t.Errorf("the month was closed with %+v", c)
		}
		from, err2 := q.OpenFrom()
		if !from.Equal(month.AddDate(0, 1, 0)) {
			t.Errorf("documents may be dated from %v", from)
		}
		if err == nil {
			err = err2
		}
		return err
	}))
	if report := w.verify(); !report.Sound() {
		t.Errorf("an honest trail has problems:\n%s", list(report))
	}
	w.DB.Exec(`SET session_replication_role = replica; UPDATE month_closings SET vat_satang = 1; RESET session_replication_role`)
	if report := w.verify(); report.Sound() {
		t.Error("nobody noticed that the figures of a closed month were changed")
	}
}

func TestWhatIsReportedOnceIsNotReportedAgainByItsReceipt(t *testing.T) {
	t.Parallel()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	on := store.MonthSpan(tellertest.Today()).First
	invoice := w.dated("TX-1", on)
	plain := w.Bill("INV-1").ID
	w.edit(plain, w.Maker, func(p *store.Presentment) { p.DocumentOn, p.DueOn, p.CreditDays = on, on, nil })
	for _, id := range []store.ID{invoice, plain} {
		w.must(w.Approve(w.Checker, w.submit(id, w.Maker)))
	}
	w.Drain()
	w.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET buyer_decision = 'accepted'; RESET session_replication_role`)
	r := tellertest.AddReceipt(t, w.Web, w.As(w.Maker), tellertest.NewReceipt(w.presentment(invoice), w.presentment(plain)))
	lead, err := w.Teller.SubmitReceipt(t.Context(), w.As(w.Maker), r.ID, 2, store.NewID().String(), tellertest.NothingDrawn)
	w.must(err)
	w.must(w.Approve(w.Checker, lead))
	w.Drain()
	f := w.figures(on)
	if f.Receipts != 1 || f.ReceiptedSatang != 214000 || f.TaxDocuments != 2 || f.StandardSatang != 200000 || f.VATSatang != 14000 {
		t.Errorf("the month comes to %+v", f)
	}
	var rows []store.TaxRow
	w.must(w.Web.Read(t.Context(), w.As(w.Checker), func(q *store.Query) error {
		return q.ExportOutputTax(store.MonthSpan(on), func(r store.TaxRow) error { rows = append(rows, r); return nil })
	}))
	if len(rows) != 2 {
		t.Fatalf("the report has %d rows: %+v", len(rows), rows)
	}
	for _, r := range rows {
		if standard, zero, exempt, vat := r.Counted(); standard != 100000 || zero != 0 || exempt != 0 || vat != 7000 {
			t.Errorf("%s counts %d %d %d %d", r.Number, standard, zero, exempt, vat)
		}
	}
}

func TestTheLibraryFollowsItsDocumentsAndNothingOfItIsDeleted(t *testing.T) {
	t.Parallel()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	bill := w.dated("TX-77", tellertest.Today())
	find := func(f store.LibraryFilter) (list []store.LibraryEntry) {
		t.Helper()
		f.Limit = 10
		w.must(w.Web.Read(t.Context(), w.As(w.Checker), func(q *store.Query) (err error) { list, _, err = q.Library(f); return err }))
		return list
	}
	if got := find(store.LibraryFilter{Text: "tx-77"}); len(got) != 1 || got[0].Standing != store.LibraryDraft {
		t.Fatalf("the draft's file is %+v", got)
	}
	w.must(w.Approve(w.Checker, w.submit(bill, w.Maker)))
	w.Drain()
	file := w.presentment(bill).Documents[0]
	got := find(store.LibraryFilter{Text: "TX-77", Standing: store.LibraryIssued, UsedIn: store.UsedInBill, Kind: "388", Media: "pdf", OnFrom: tellertest.Today(), OnTo: tellertest.Today()})
	if len(got) != 1 || got[0].FileID != file.FileID || !got[0].KeptUntil.UTC().Equal(tellertest.Today().AddDate(5, 0, 0)) {
		t.Fatalf("found %+v", got)
	}
	for _, none := range []store.LibraryFilter{{Text: "nothing"}, {Kind: "380"}, {Held: true}, {KeptTo: tellertest.Today()}, {TaxID: "0000000000000"}, {Media: "xml"}} {
		if got := find(none); len(got) != 0 {
			t.Errorf("%+v finds %+v", none, got)
		}
	}
	for _, statement := range []string{`DELETE FROM files WHERE id = $1`, `DELETE FROM file_chunks WHERE file_id = $1`} {
		_, err := w.DB.Super.ExecContext(t.Context(), statement, file.FileID)
		if refusal, ok := errors.AsType[*pq.Error](err); !ok || refusal.Constraint != "file_is_kept" {
			t.Errorf("%s: %v", statement, err)
		}
	}
}
