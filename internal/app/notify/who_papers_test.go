package notify_test

import (
	"testing"

	"github.com/google/uuid"

	"portal/internal/app/notify"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// statement brings payments in by a file, and returns its import.
func (w *world) statement(by store.ID, payments ...store.Payment) store.ID {
	w.T.Helper()
	i := store.Import{ID: store.NewID(), Kind: store.ImportOfPayments, Format: "CSV", Heading: []string{"Money in"}, RowCount: len(payments), State: store.ImportRead}
	w.Write(w.Web, w.As(by), func(tx *store.Tx) error {
		out := tx.NewFile()
		if _, err := out.Write([]byte("Money in")); err != nil {
			return err
		}
		file, err := out.Finish(store.File{Name: "statement.csv", MediaType: "text/csv", SHA256: make([]byte, 32)})
		if err != nil {
			return err
		}
		if err := tx.AddImport(i, file); err != nil {
			return err
		}
		for n := range payments {
			p := &payments[n]
			p.ID, p.Source, p.PaidOn, p.BookedOn, p.ImportRow = store.NewID(), store.PaymentByFile, tellertest.Today(), tellertest.Today(), new(n)
			p.ImportID = uuid.NullUUID{UUID: i.ID, Valid: true}
		}
		return tx.AddPayments(payments)
	})
	return i.ID
}

func TestMoneyThatWaitsIsToldOnceOfAStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.statement(w.Maker, store.Payment{AmountSatang: 100}, store.Payment{AmountSatang: 200})
	w.step()
	w.wants(w.Maker2, "another maker", notify.Unmatched)
	w.nothing(w.Maker, w.Auditor) // who brought it sees it
	var n store.Notice
	err := w.Web.Read(t.Context(), w.As(w.Maker2), func(q *store.Query) error {
		list, _, err := q.Notices(false, store.NoticeCursor{}, 10)
		if len(list) == 1 {
			n = list[0]
		}
		return err
	})
	if err != nil || notify.Path(n) != "/payments?import="+id.String()+"&state=waiting" || n.Words["title"] != "statement.csv" {
		t.Errorf("it is told as %+v (%v)", n, err)
	}
	// Who chose not to hear of it does not.
	w.clean()
	w.Write(w.Web, w.As(w.Maker2), func(tx *store.Tx) error {
		s := notify.Usual()
		s.Choices["unmatched"] = notify.Off
		return tx.SetNoticeSettings(s)
	})
	w.statement(w.Maker, store.Payment{AmountSatang: 300})
	w.step()
	w.nothing(w.Maker2)
}

func TestTheMakerOfAReceiptIsToldThatItIsIssued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.everything(w.Maker)
	w.clean()
	r := tellertest.AddReceipt(t, w.Web, w.As(w.Maker), tellertest.NewReceipt())
	lead, err := w.Teller.SubmitReceipt(t.Context(), w.As(w.Maker), r.ID, r.Version, store.NewID().String(), tellertest.NothingDrawn)
	w.must(err)
	w.must(w.Approve(w.Checker, lead))
	w.Drain()
	w.step()
	w.wants(w.Maker, "who asked for it", notify.Approved, notify.Issued)
	err = w.Web.Read(t.Context(), w.As(w.Maker), func(q *store.Query) error {
		list, _, err := q.Notices(false, store.NoticeCursor{}, 10)
		for _, n := range list {
			if notify.Path(n) != "/receipts/"+r.ID.String() {
				t.Errorf("%s leads to %s", n.Kind, notify.Path(n))
			}
		}
		return err
	})
	w.must(err)
}
