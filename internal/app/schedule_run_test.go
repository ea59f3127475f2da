package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// runDays are the days to come of a schedule, and what the debits of it came to.
func runDays(t *testing.T, w *apptest.World, id store.ID) (days []time.Time) {
	t.Helper()
	rows, err := w.DB.Super.QueryContext(t.Context(), `SELECT run_on FROM schedule_runs WHERE schedule_id = $1 ORDER BY run_on`, id)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var day time.Time
		if err := rows.Scan(&day); err != nil {
			t.Fatal(err)
		}
		days = append(days, day)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return days
}

func runsRecorded(t *testing.T, w *apptest.World, id store.ID) (list string) {
	t.Helper()
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT coalesce(string_agg(concat_ws(' ', run_on, state, amount_satang, reference, bank_reference <> ''), '; ' ORDER BY run_on), '')
		FROM debits WHERE schedule_id = $1`, id).Scan(&list)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// onTheMorningOf has the bank live until its schedules of a day have run.
func onTheMorningOf(t *testing.T, bank *apptest.Bank, day time.Time) {
	t.Helper()
	if err := bank.Set(time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, thai.Bangkok)); err != nil {
		t.Fatal(err)
	}
}

func TestARunThatTheBankTookIsADebitOfItsSchedule(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payerWithMandate(t, w, bank, "P003")
	id := running(t, w, bank, "P003")
	days := runDays(t, w, id)
	bank.CallBack() // of the mandate
	maker := w.Client(apptest.Maker)

	// Told twice, recorded once.
	if err := bank.SetCallbackFault(sandbox.CallbackTwice); err != nil {
		t.Fatal(err)
	}
	onTheMorningOf(t, bank, days[0])
	bank.CallBack()
	bank.CallBack()
	first := days[0].Format(time.DateOnly) + " taken 150000 RENT1 t"
	if got := runsRecorded(t, w, id); got != first {
		t.Fatalf("after the first run there is %q, not %q\n%s", got, first, w.Log)
	}
	var told string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT string_agg(state, ' ' ORDER BY received_at, id) FROM callbacks WHERE subject LIKE 'debit/%'`).Scan(&told); err != nil {
		t.Fatal(err)
	}
	if told != "processed duplicate" {
		t.Errorf("the callbacks are %q", told)
	}

	// Told by nobody, found in the bank's list of the day, and told late.
	onTheMorningOf(t, bank, days[1])
	if err := teller.New(w.Web).AskDebitDay(t.Context(), w.Actor(apptest.Maker), days[1]); err != nil {
		t.Fatal(err)
	}
	if err := bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	both := first + "; " + days[1].Format(time.DateOnly) + " taken 150000 RENT1 t"
	if got := runsRecorded(t, w, id); got != both {
		t.Fatalf("after the second run there is %q, not %q\n%s", got, both, w.Log)
	}
	bank.CallBack()
	if got := runsRecorded(t, w, id); got != both {
		t.Errorf("a late callback made of %q %q", both, got)
	}
	if page := maker.Get("/debit-days/" + days[1].Format(time.DateOnly)); page.Status != http.StatusOK || strings.Contains(page.Body, "TransactionID") {
		t.Errorf("the day is answered with %d", page.Status)
	}

	// People see it on the schedule, by itself and in the calendar.
	page := maker.Get("/schedules/" + id.String()).Body
	var debit store.ID
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM debits WHERE schedule_id = $1 ORDER BY run_on LIMIT 1`, id).Scan(&debit); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page, "/debits/"+debit.String()) {
		t.Error("the schedule does not lead to the debit of its first run")
	}
	for _, path := range []string{"/debits/" + debit.String(), "/debits", "/debits/calendar?month=" + days[0].Format("2006-01")} {
		if a := maker.Get(path); a.Status != http.StatusOK || !strings.Contains(a.Body, "1,500.00") {
			t.Errorf("%s answered %d\n%s", path, a.Status, w.Log)
		}
	}
	if a := w.Client(apptest.Stranger).Get("/debits/" + debit.String()); a.Status != http.StatusNotFound {
		t.Errorf("a stranger was answered with %d", a.Status)
	}

	// What was taken becomes money that came in.
	if err := bank.Worker.BookDebits(t.Context()); err != nil {
		t.Fatal(err)
	}
	var booked int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM debits WHERE schedule_id = $1 AND payment_id IS NOT NULL`, id).Scan(&booked); err != nil || booked != 2 {
		t.Errorf("%d of 2 runs became payments, %v", booked, err)
	}
}

func TestAnUnclearBeginningOfAScheduleIsSettledByTheBanksList(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault sandbox.FaultKind
		state string
		runs  int // of the bank's schedules
	}{
		"it was begun":     {sandbox.CutAfter, "active", 1},
		"it was not begun": {sandbox.CutBefore, "refused", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			bank := w.OpenBank()
			payerWithMandate(t, w, bank, "P004")
			if err := bank.SetFault("schedule.create", sandbox.Fault{Kind: c.fault, Times: 1}); err != nil {
				t.Fatal(err)
			}
			id := running(t, w, bank, "P004")
			state := func() (s string) {
				t.Helper()
				if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT state FROM schedules WHERE id = $1`, id).Scan(&s); err != nil {
					t.Fatal(err)
				}
				return s
			}
			if got := state(); got != "unknown" {
				t.Fatalf("it is %s", got)
			}
			if a := w.Client(apptest.Maker).Post("/schedules/" + id.String() + "/inquiry"); a.Status != http.StatusSeeOther {
				t.Fatalf("asking answered %d", a.Status)
			}
			if err := bank.Worker.AskBank(t.Context()); err != nil {
				t.Fatal(err)
			}
			bank.Send() // what waited behind it
			got := state()
			if n := bankStates(bank)["ACTV"]; got != c.state || (n > 0) != (c.runs > 0) {
				t.Errorf("it is %s with %d schedules at the bank, want %s\n%s", got, n, c.state, w.Log)
			}
		})
	}
}
