package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/app/thai"
	"portal/internal/app/upload/samplepdf"
	"portal/internal/store"
	"portal/web/text"
)

// whileClosing has somebody close, and does something that has to wait for that.
func whileClosing(t *testing.T, w *apptest.World, closing func(*store.Tx) error, do func() apptest.Answer) (answer apptest.Answer) {
	t.Helper()
	done := make(chan struct{})
	err := w.Web.Write(t.Context(), w.Actor(apptest.Checker), func(tx *store.Tx) error {
		if err := closing(tx); err != nil {
			return err
		}
		go func() {
			defer close(done)
			answer = do()
		}()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for waiting := 0; waiting == 0; {
			select {
			case <-done: // it waited for nothing
				return nil
			case <-tick.C:
			}
			err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
				WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted`).Scan(&waiting)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-done
	return answer
}

func TestWhatMeetsAClosingIsBookedAfterItOrTold(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker, today := w.Client(apptest.Maker), tellertest.Today()

	paid := whileClosing(t, w, func(tx *store.Tx) error { _, err := tx.CloseBooks(today); return err }, func() apptest.Answer {
		return maker.Post("/payments", "key", strings.Repeat("P", 26), "paid_on", today.Format(time.DateOnly), "amount", "100", "payer", "นาย ก")
	})
	if paid.Status != http.StatusSeeOther {
		t.Errorf("a payment while the books are closed: %d", paid.Status)
	}
	var booked time.Time
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT booked_on FROM payments`).Scan(&booked); err != nil || !booked.Equal(today.AddDate(0, 0, 1)) {
		t.Errorf("it is booked on %v, %v", booked, err)
	}

	month := lastMonth()
	draft := stored(t, w, send(maker, "/presentments", billForm("TX-1", "document_on", month.Format(time.DateOnly), "due_on", today.Format(time.DateOnly))))
	if a := attach(t, maker, draft.ID, pdf("TX-1")); a.Status != http.StatusSeeOther {
		t.Fatalf("attaching: %d", a.Status)
	}
	form := typedIn(maker.Get("/presentments/" + draft.ID.String() + "/submission/new").Body)
	late := whileClosing(t, w, func(tx *store.Tx) error { _, err := tx.CloseMonth(month); return err }, func() apptest.Answer {
		return send(maker, "/presentments/"+draft.ID.String()+"/submission", form)
	})
	if late.Status != http.StatusUnprocessableEntity || !strings.Contains(late.Body, text.T(thaiContext(t), "month.date_closed")) {
		t.Errorf("a bill while its month is closed: %d", late.Status)
	}
}

func TestACertificateOfLongAgoIsNotTakenForThePaymentsOwn(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	at, c := owedCertificate(t, w), w.Client(apptest.Maker)
	today := time.Now().In(thai.Bangkok)
	for _, days := range []int{-3650, -32, 1} {
		a := withScan(t, c, at+"/receipt", attachment{"a.pdf", samplepdf.SamplePDF("x")}, "number", "12/0345", "on", today.AddDate(0, 0, days).Format("02/01/2006"), "note", "")
		if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "on-error") || !strings.Contains(a.Body, "12/0345") {
			t.Errorf("%d days from now: %d", days, a.Status)
		}
	}
	if a := withScan(t, c, at+"/receipt", attachment{"a.pdf", samplepdf.SamplePDF("x")}, "number", "12/0345", "on", today.AddDate(0, 0, -31).Format("02/01/2006"), "note", ""); a.Status != http.StatusSeeOther {
		t.Errorf("of a month before: %d", a.Status)
	}
}
