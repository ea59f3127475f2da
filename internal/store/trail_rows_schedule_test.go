package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/app/thai"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// scheduled is a world with a schedule that the bank has and that was paused
// and resumed since, with a run that the bank took, and with a holiday.
func scheduled(t *testing.T) lived {
	t.Helper()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	token, err := w.Bank.Register("P001", "", sandbox.SampleAccounts()[0])
	w.must(err)
	payer, mandate := store.NewID(), store.NewID()
	// Past the rules of how they come about: what follows is not about them.
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO payers (id, merchant_id, code, name) VALUES ('` + payer.String() + `', '` + w.Merchant.ID.String() + `', 'P001', 'ผู้จ่าย หนึ่ง');
		INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_at, terms_version, bank_token, drawer_account, bank_status, registered_at)
			VALUES ('` + mandate.String() + `', '` + w.Merchant.ID.String() + `', '` + payer.String() + `', 'MP001', 'bank', '` + w.Merchant.AccountNumber + `', 'active', now(), '1', '` + token + `', 'x1555', 'ACTV', now());
		COMMIT`)
	var of store.DebitPayer
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) (err error) {
		of, err = tx.DebitPayer(payer)
		return err
	})
	today := thai.Today(time.Now())
	open := func(*store.Query) (schedule.Calendar, error) { return nil, nil }
	wish := teller.ScheduleWish{Payer: payer, AmountSatang: 1500_00, Reference: "RENT1", Plan: schedule.Plan{
		Frequency: schedule.Monthly, Start: today.AddDays(9), DayOfMonth: 31, Payments: 3, Shift: schedule.Same,
	}}
	draft, err := teller.DraftSchedule(of, wish, nil, today)
	w.must(err)
	id, err := w.Teller.SubmitSchedule(t.Context(), w.As(w.Maker), wish, open, today, draft.Fingerprint(), store.NewID().String())
	w.must(err)
	agree := func() {
		t.Helper()
		var lead store.ID
		w.must(w.DB.Super.QueryRowContext(t.Context(), `SELECT instruction_id FROM schedule_changes WHERE schedule_id = $1 ORDER BY no DESC LIMIT 1`, id).Scan(&lead))
		w.must(w.Approve(w.Checker, lead))
		w.Drain()
	}
	agree()
	for _, kind := range []string{store.SchedulePause, store.ScheduleResume} {
		var seen string
		w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
			s, err := teller.ReadSchedule(tx.Query, id, today)
			if err != nil {
				return err
			}
			d, err := s.Draft(kind, s.Wish(), nil, today)
			seen = d.Fingerprint()
			return err
		})
		_, err := w.Teller.ChangeSchedule(t.Context(), w.As(w.Maker), id, kind, teller.ScheduleStands.Wish, open, today, seen, store.NewID().String())
		w.must(err)
		agree()
	}
	w.tookARun(id)
	stray := w.Work.Write(t.Context(), store.Actor{Merchant: w.Merchant.ID}, func(tx *store.Tx) error {
		on := dateOnly(today.AddDays(8))
		return tx.AddDebitOfRun(store.Debit{ID: store.NewID(), PayerID: payer, MandateID: mandate, PayerName: of.Name, PayerCode: of.Code, AmountSatang: 1500_00,
			Reference: "RENT1", DebitOn: on, State: store.DebitTaken, BankReference: "x", ScheduleID: store.NullID(id), RunOn: &on})
	})
	if !store.Violated(stray, "debit_is_a_run") {
		t.Errorf("a run that the bank does not have is recorded: %v", stray)
	}
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		return tx.MarkHoliday(store.HolidayMark{ID: store.NewID(), Day: time.Date(2027, 11, 30, 0, 0, 0, 0, time.UTC), Closed: true, Name: "วันหยุดพิเศษ", Source: "ประกาศ 7/2570"})
	})
	return w
}

func dateOnly(d thai.Day) time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// tookARun has the bank do the first run of a schedule, and its list of the day
// tell of it.
func (w lived) tookARun(id store.ID) {
	w.t.Helper()
	var day time.Time
	w.must(w.DB.Super.QueryRowContext(w.t.Context(), `SELECT min(r.run_on) FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id WHERE r.schedule_id = $1 AND l.state = 'active'`, id).Scan(&day))
	w.must(w.Bank.Set(day.Add(9 * time.Hour)))
	w.must(w.Teller.AskDebitDay(w.t.Context(), w.As(w.Maker), day))
	w.must(w.Worker.AskBank(context.WithoutCancel(w.t.Context())))
}

// aboutSchedules are the problems of a report that are about schedules, their
// debits and holidays.
func aboutSchedules(report store.Report) (of store.Report) {
	for _, p := range report.Problems {
		if s := p.Message; strings.Contains(s, "schedule/") || strings.Contains(s, "holiday/") || strings.Contains(s, "debit/") {
			of.Problems = append(of.Problems, p)
		}
	}
	return of
}

func TestVerifyFindsEverySchedulesRowThatIsNotWhatItWas(t *testing.T) {
	t.Parallel()
	w := scheduled(t)
	w.keep()
	if report := aboutSchedules(w.verify()); len(report.Problems) > 0 {
		t.Fatalf("honest schedules have problems:\n%s", list(report))
	}
	for _, c := range []struct {
		sql   string
		class store.Class
		what  string
	}{
		{`UPDATE schedules SET state = 'paused'`, store.Contradicts, "state"},
		{`UPDATE schedules SET amount_satang = 1`, store.Contradicts, "terms"},
		{`UPDATE schedules SET last_on = last_on + 1`, store.Contradicts, "terms"},
		{`UPDATE schedules SET shift = 'skip'`, store.Contradicts, "terms"},
		{`UPDATE schedules SET payer_name = 'x'`, store.Contradicts, "origin"},
		{`UPDATE schedules SET created_by = ` + aChecker, store.Contradicts, "origin"},
		{`UPDATE schedules SET id = gen_random_uuid()`, store.Unaudited, "terms"},
		{`DELETE FROM schedules`, store.Vanished, "terms"},
		{`UPDATE schedule_changes SET kind = 'amend' WHERE no = 2`, store.Contradicts, "change"},
		{`UPDATE schedule_changes SET reason = 'x' WHERE no = 2`, store.Contradicts, "change"},
		{`UPDATE schedule_changes SET made_by = ` + aChecker + ` WHERE no = 2`, store.Contradicts, "change"},
		{`UPDATE schedule_changes SET terms = jsonb_set(terms, '{amount_satang}', '1') WHERE no = 3`, store.Contradicts, "change"},
		{`DELETE FROM schedule_changes WHERE no = 2`, store.Vanished, "change"},
		{`UPDATE schedule_legs SET state = 'active' WHERE state = 'cancelled'`, store.Contradicts, "leg"},
		{`UPDATE schedule_legs SET bank_reference = 'x' WHERE state = 'active'`, store.Contradicts, "leg"},
		{`UPDATE schedule_legs SET bank_status = 'CANC' WHERE state = 'active'`, store.Contradicts, "leg"},
		{`UPDATE schedule_legs SET amount_satang = 1 WHERE state = 'active'`, store.Contradicts, "leg"},
		{`UPDATE schedule_legs SET end_on = end_on + 31 WHERE frequency <> 'once'`, store.Contradicts, "leg"},
		{`DELETE FROM schedule_legs WHERE state = 'cancelled'`, store.Vanished, "leg"},
		{`UPDATE schedule_runs SET run_on = run_on + 400`, store.Contradicts, "runs of"},
		{`UPDATE schedule_runs SET why = 'holiday'`, store.Contradicts, "runs of"},
		{`DELETE FROM schedule_runs`, store.Vanished, "runs of"},
		{`UPDATE debits SET state = 'failed'`, store.Contradicts, "state"},
		{`UPDATE debits SET run_on = run_on + 31`, store.Contradicts, "origin"},
		{`UPDATE debits SET amount_satang = 1`, store.Contradicts, "content"},
		{`UPDATE debits SET bank_reference = 'x'`, store.Contradicts, "bank reference"},
		{`DELETE FROM debits`, store.Vanished, "content"},
		{`UPDATE holiday_marks SET closed = false`, store.Contradicts, "another word"},
		{`UPDATE holiday_marks SET day = day + 1`, store.Contradicts, "another day"},
		{`UPDATE holiday_marks SET source = 'x'`, store.Contradicts, "another word"},
		{`UPDATE holiday_marks SET set_by = ` + aChecker, store.Contradicts, "another person"},
		{`UPDATE holiday_marks SET id = gen_random_uuid()`, store.Unaudited, "without a leaf"},
		{`DELETE FROM holiday_marks`, store.Vanished, "the row is gone"},
	} {
		undo := w.tamper(c.sql)
		if report := aboutSchedules(w.verify()); !says(report, c.class, c.what) {
			t.Errorf("after %s\nit was not reported as %s that something %q:\n%s", c.sql, c.class, c.what, list(report))
		}
		undo()
	}
	if report := aboutSchedules(w.verify()); len(report.Problems) > 0 {
		t.Errorf("with everything put back there are problems:\n%s", list(report))
	}
}
